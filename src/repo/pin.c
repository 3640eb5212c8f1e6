/* repo: the environments that the user works in, kept in a file of the user's. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "repo/pin.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "repo/repo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PINS_MAX	(1u << 20)

const char *
repo_environment(const struct repo *repo)
{
	return repo->pin != NULL ? repo->pin : repo->leapfile.environment;
}

/* A relative one does not count (XDG). */
char *
user_state_dir(void)
{
	const char	*state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (state != NULL && *state == '/')
		return path_join(state, "leap");
	return home != NULL && *home == '/' ? path_join(home, ".local/state/leap") : NULL;
}

/* The object in the file, a new reference; an empty one when there is no file. */
NODISCARD
static struct err *
pins_load(json_t **out, const char *path)
{
	struct buf	 text = { 0 };
	json_error_t	 why;
	struct stat	 st;
	struct place	 place = { .path = path };
	struct err	*e;

	*out = NULL;
	if (lstat(path, &st) != 0 && errno == ENOENT) {		/* one that cannot be seen is no reason to go on without */
		*out = json_object();
		return NULL;
	}
	if ((e = file_read(path, PINS_MAX, &text)) != NULL)
		return err_hint(e, "it says which environments you pinned; remove it to begin anew");
	*out = json_loadb(buf_text(&text), text.len, JSON_REJECT_DUPLICATES, &why);
	if (*out == NULL) {
		place.line = (unsigned)why.line;
		place.column = (unsigned)why.column;
		e = err_at(ERR_FAILED, &place, "not JSON: %s", why.text);
	} else if (!json_is_object(*out))
		e = err_at(ERR_FAILED, &place, "not an object of environments by the paths of instances");
	buf_fini(&text);
	if (e == NULL)
		return NULL;
	json_decref(*out);
	*out = NULL;
	return err_hint(e, "it says which environments you pinned; remove it to begin anew");
}

/* What it has for this instance. */
NODISCARD
static struct err *
pins_take(const json_t *pins, const char *path, struct repo *repo)
{
	const json_t	*pin = json_object_get(pins, repo->root);

	free(repo->pin);
	repo->pin = NULL;
	if (json_is_string(pin) && *json_string_value(pin) != '\0')
		repo->pin = xstrdup(json_string_value(pin));
	else if (pin != NULL)
		return err_hint(err_at(ERR_FAILED, &(struct place){ .path = path }, "\"%s\" must be an environment's name",
		    repo->root), "\"leap env unpin\" removes it");
	return NULL;
}

struct err *
pin_read(struct repo *repo)
{
	char		*dir = user_state_dir(), *path;
	json_t		*pins;
	struct err	*e;

	if (dir == NULL)
		return NULL;
	path = path_join(dir, "pins.json");
	if ((e = pins_load(&pins, path)) == NULL)
		e = pins_take(pins, path, repo);
	json_decref(pins);
	free(path);
	free(dir);
	return e;
}

/* Read the file, change it, write it; nobody else does in the meantime, who holds the directory's lock. */
NODISCARD
static struct err *
update(const char *dir, const struct repo *repo, const char *environment)
{
	char		*path = path_join(dir, "pins.json");
	struct buf	 text = { 0 };
	json_t		*pins = NULL;
	struct err	*e = NULL;
	int		 fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_EX) != 0)
		e = err_errno(ERR_FAILED, "%s", dir);
	if (e == NULL)
		e = pins_load(&pins, path);
	if (e != NULL)
		goto out;
	if (environment != NULL)
		json_object_set_new(pins, repo->root, json_string(environment));
	else
		json_object_del(pins, repo->root);
	json_pretty(pins, &text);
	e = file_update(path, buf_text(&text), text.len, 0600, NULL);
out:
	if (fd >= 0)
		close(fd);
	json_decref(pins);
	buf_fini(&text);
	free(path);
	return e;
}

struct err *
pin_write(struct repo *repo, const char *environment)
{
	char		*dir = user_state_dir();
	struct err	*e;

	if (dir == NULL)
		return err_hint(err_new(ERR_FAILED, "you have no home directory to keep a pin in"), "set HOME");
	if ((e = dir_make(dir, 0700)) == NULL)
		e = update(dir, repo, environment);
	free(dir);
	if (e != NULL)
		return e;
	free(repo->pin);
	repo->pin = environment != NULL ? xstrdup(environment) : NULL;
	return NULL;
}
