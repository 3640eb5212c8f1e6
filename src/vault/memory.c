/* vault: what this machine remembers of an instance's vault, where nobody who can push to git can change it. */
/* May know repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vault/memory.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/sha256.h"
#include "repo/pin.h"
#include "repo/repo.h"
#include "vault/batch.h"
#include "vault/keyring.h"
#include "vault/signed.h"
#include "vault/sums.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEMORY		"memory.json"
#define OWN		"own"
#define MEMORY_MAX	(64u << 20)
#define NAME_DIGITS	24
#define REMOVED		"-"
#define BETWEEN		"  "

/* "DIR/FILE", the caller's; NULL: no home.  FILE NULL: the directory. */
static char *
memory_path(const struct repo *repo, const char *file)
{
	char	*state = user_state_dir(), *path = NULL, name[SHA256_HEX_SIZE];

	sha256_hex(repo->root, strlen(repo->root), name);
	if (state != NULL)
		path = xasprintf("%s/vault/%.*s%s%s", state, NAME_DIGITS, name, file == NULL ? "" : "/",
		    file == NULL ? "" : file);
	free(state);
	return path;
}

NODISCARD
static struct err *
read_accepted(struct memory *out, const char *path)
{
	struct buf	 text = { 0 };
	json_t		*root = NULL, *signers, *files;
	struct err	*e = NULL;

	if (!file_exists(path) || (e = file_read(path, MEMORY_MAX, &text)) != NULL)
		goto out;
	root = json_loadb(buf_text(&text), text.len, JSON_REJECT_DUPLICATES, NULL);
	signers = json_object_get(root, "signers");
	files = json_object_get(root, "files");
	if (!json_is_object(signers) || !json_is_object(files)) {
		e = err_at(ERR_FAILED, &(struct place){ .path = path }, "not as leap wrote it");
		goto out;
	}
	out->serial = json_int(root, "serial", 0);
	out->signers = json_incref(signers);
	out->files = json_incref(files);
out:
	buf_fini(&text);
	json_decref(root);
	return err_hint(e, "it says whose signatures of the vault are trusted here; remove it to begin anew");
}

/* The later line for a path counts; one that was cut is none. */
NODISCARD
static struct err *
read_own(struct memory *out, const char *path)
{
	struct buf	 text = { 0 };
	struct err	*e = file_exists(path) ? file_read(path, MEMORY_MAX, &text) : NULL;
	const char	*newline, *between;

	for (const char *line = buf_text(&text); e == NULL && (newline = strchr(line, '\n')) != NULL; line = newline + 1) {
		char	*whole = xstrndup(line, (size_t)(newline - line)), *hash;

		if ((between = strstr(whole, BETWEEN)) != NULL) {
			hash = xstrndup(whole, (size_t)(between - whole));
			json_object_set_new(out->own, between + strlen(BETWEEN), strcmp(hash, REMOVED) == 0 ? json_null() :
			    json_string(hash));
			free(hash);
		}
		free(whole);
	}
	out->own_len = text.len;
	buf_fini(&text);
	return e;
}

struct err *
memory_read(struct memory *out, const struct repo *repo)
{
	char		*accepted = memory_path(repo, MEMORY), *own = memory_path(repo, OWN);
	struct err	*e = NULL;

	*out = (struct memory){ .own = json_object() };
	if (accepted != NULL && (e = read_accepted(out, accepted)) == NULL)
		e = read_own(out, own);
	free(accepted);
	free(own);
	return e;
}

void
memory_fini(struct memory *memory)
{
	json_decref(memory->signers);
	json_decref(memory->files);
	json_decref(memory->own);
	*memory = (struct memory){ 0 };
}

/* Make the directory of this file, which mostly is there. */
NODISCARD
static struct err *
make_home(const char *path)
{
	char		*dir = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	struct err	*e = file_exists(dir) ? NULL : dir_make(dir, 0700);

	free(dir);
	return e;
}

struct err *
memory_accept(const struct repo *repo, const struct memory *before, json_int_t serial, const json_t *signers,
    const json_t *files)
{
	char		*path = memory_path(repo, MEMORY);
	struct buf	 text = { 0 };
	json_t		*root;
	struct err	*e = NULL;

	if (path == NULL || (before->serial == serial && json_equal(before->signers, signers) &&
	    json_equal(before->files, files)))
		goto out;
	root = json_pack("{s:s, s:I, s:O, s:O}", "instance", repo->root, "serial", serial, "signers", signers, "files",
	    files);
	json_pretty(root, &text);
	json_decref(root);
	if ((e = make_home(path)) == NULL)
		e = file_write(path, text.data, text.len, 0600);
out:
	buf_fini(&text);
	free(path);
	return e;
}

/* Open the list of what waits to be signed, for one run at a time, as it is now; -1 with errno. */
static int
open_own(const char *path, int flags, off_t *len)
{
	int		 fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
	struct stat	 st;

	if (fd >= 0 && (flock(fd, LOCK_EX) != 0 || fstat(fd, &st) != 0)) {
		close(fd);
		return -1;
	}
	*len = fd >= 0 ? st.st_size : 0;
	return fd;
}

/* Add lines to it; half of one must not be there, where the next would go on with it. */
NODISCARD
static struct err *
append(const struct repo *repo, const struct buf *lines)
{
	char		*path = memory_path(repo, OWN);
	struct err	*e = NULL;
	off_t		 before;
	int		 fd = -1;

	if (path == NULL || lines->len == 0)
		goto out;
	keyring_set_due(repo, true);
	if ((e = make_home(path)) != NULL)
		goto out;
	fd = open_own(path, O_CREAT | O_APPEND, &before);
	if (fd < 0 || write_all(fd, lines->data, lines->len) != 0) {
		e = err_errno(ERR_FAILED, "%s", path);
		if (fd >= 0)
			(void)!ftruncate(fd, before);
	}
out:
	if (fd >= 0)
		close(fd);
	free(path);
	return e;
}

static void
add_line(struct buf *lines, const char *path, const void *data, size_t len)
{
	char hash[SHA256_HEX_SIZE];

	/* The number comes with the list that is signed, or not at all. */
	if (!sums_cover(path) || strchr(path, '\n') != NULL || strcmp(path, SUMS_SERIAL) == 0)
		return;
	if (data != NULL)
		sha256_hex(data, len, hash);
	buf_addf(lines, "%s" BETWEEN "%s\n", data == NULL ? REMOVED : hash, path);
}

struct err *
memory_own(const struct repo *repo, const char *path, const void *data, size_t len)
{
	struct buf	 lines = { 0 };
	struct err	*e;

	add_line(&lines, path, data, len);
	e = append(repo, &lines);
	buf_fini(&lines);
	return e;
}

struct err *
memory_own_batch(const struct batch *batch)
{
	struct buf	 lines = { 0 };
	struct err	*e;

	for (size_t i = 0; i < batch->count; i++) {
		const struct batch_file *item = &batch->items[i];

		add_line(&lines, item->path, item->remove ? NULL : buf_text(&item->data), item->data.len);
	}
	e = append(batch->repo, &lines);
	buf_fini(&lines);
	return e;
}

/* The rest comes to the beginning, before the file gets shorter: a run that is cut there leaves too many lines. */
static int
drop_beginning(int fd, off_t len, off_t drop)
{
	off_t		 rest = len > drop ? len - drop : 0;
	struct buf	 text = { 0 };
	bool		 good = true;

	if (rest > 0) {
		buf_reserve(&text, (size_t)rest);
		good = pread(fd, text.data, (size_t)rest, drop) == rest && pwrite(fd, text.data, (size_t)rest, 0) == rest;
	}
	buf_fini(&text);
	return good ? ftruncate(fd, rest) : -1;
}

struct err *
memory_own_clear(const struct repo *repo, const struct memory *memory)
{
	char		*path = memory_path(repo, OWN);
	struct err	*e = NULL;
	off_t		 len;
	int		 fd = -1;

	if (path == NULL || memory->own_len == 0)
		goto out;
	fd = open_own(path, 0, &len);
	if ((fd < 0 && errno != ENOENT) || (fd >= 0 && drop_beginning(fd, len, (off_t)memory->own_len) != 0))
		e = err_errno(ERR_FAILED, "%s", path);
out:
	if (fd >= 0)
		close(fd);
	free(path);
	return e;
}

bool
memory_is_own(const struct memory *memory, const char *path, const char *hash)
{
	const json_t *own = json_object_get(memory->own, path);

	if (own == NULL)
		return false;
	return hash == NULL ? json_is_null(own) : json_is_string(own) && strcmp(json_string_value(own), hash) == 0;
}

void
vault_forget(const struct repo *repo)
{
	char *dir = memory_path(repo, NULL);

	if (dir != NULL)
		err_free(dir_remove(dir));
	free(dir);
}
