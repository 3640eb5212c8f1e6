/* test/unit: the environments that a user pinned. */
/* May know repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include "base/file.h"
#include "base/json.h"
#include "repo/pin.h"
#include "repo/repo.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char home[256];

static char *
pins_path(void)
{
	return path_join(home, ".local/state/leap/pins.json");
}

static void
put_pins(const char *text, mode_t mode)
{
	char *path = pins_path();

	CHECK_OK(dir_make_parent(path, 0700));
	CHECK_OK(file_write(path, text, strlen(text), mode));
	free(path);
}

/* An instance there, with what is pinned for it; pin_fini(). */
static struct err *
pin_of(struct repo *repo, const char *root)
{
	*repo = (struct repo){ .root = (char *)(uintptr_t)root };
	return pin_read(repo);
}

static void
check_pin(const char *root, const char *want)
{
	struct repo repo;

	if (CHECK_OK(pin_of(&repo, root)))
		CHECK_STR(repo.pin, want);
	free(repo.pin);
}

static mode_t
mode_of(const char *path)
{
	char		*full = path_join(home, path);
	struct stat	 st;

	CHECK_INT(stat(full, &st), 0);
	free(full);
	return st.st_mode & 07777;
}

TEST(each_instance_has_its_own)
{
	struct repo one, two;

	check_pin("/srv/one", NULL);
	if (!CHECK_OK(pin_of(&one, "/srv/one")) || !CHECK_OK(pin_of(&two, "/srv/two")))
		return;
	CHECK_OK(pin_write(&one, "staging"));
	CHECK_STR(one.pin, "staging");
	CHECK_OK(pin_write(&two, "production"));
	check_pin("/srv/one", "staging");
	check_pin("/srv/two", "production");
	CHECK_OK(pin_write(&one, "production"));
	check_pin("/srv/one", "production");
	CHECK_OK(pin_write(&one, NULL));
	CHECK_STR(one.pin, NULL);
	check_pin("/srv/one", NULL);
	check_pin("/srv/two", "production");
	CHECK_OK(pin_write(&two, NULL));
	free(one.pin);
	free(two.pin);
}

TEST(nobody_else_may_read_it)
{
	struct repo	 repo;
	mode_t		 mask = umask(0);

	if (CHECK_OK(pin_of(&repo, "/srv/one")) && CHECK_OK(pin_write(&repo, "staging"))) {
		CHECK_INT(mode_of(".local/state/leap/pins.json"), 0600);
		CHECK_INT(mode_of(".local/state/leap"), 0700);
	}
	umask(mask);
	free(repo.pin);
}

TEST(it_is_where_the_users_state_is)
{
	char		*state = path_join(home, "state"), *path = path_join(home, "state/leap/pins.json");
	struct repo	 repo;

	setenv("XDG_STATE_HOME", state, 1);
	if (CHECK_OK(pin_of(&repo, "/srv/one")) && CHECK_OK(pin_write(&repo, "staging")))
		CHECK(file_exists(path));
	free(repo.pin);
	check_pin("/srv/one", "staging");
	setenv("XDG_STATE_HOME", "relative", 1);	/* does not count */
	CHECK_OK(pin_of(&repo, "/srv/three"));
	CHECK_OK(pin_write(&repo, "local"));
	free(repo.pin);
	unsetenv("XDG_STATE_HOME");
	check_pin("/srv/three", "local");
	free(state);
	free(path);
}

TEST(what_is_broken_is_said)
{
	static const struct { const char *text, *want; } rows[] = {
		{ "{ \"/srv/one\": ", ":1:14: not JSON: unexpected token near end of file\n" },
		{ "[]", ": not an object of environments by the paths of instances\n" },
		{ "{ \"/srv/one\": 1 }", ": \"/srv/one\" must be an environment's name\n" },
		{ "{ \"/srv/one\": \"\" }", ": \"/srv/one\" must be an environment's name\n" },
	};
	struct repo	 repo;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		put_pins(rows[i].text, 0600);
		CHECK_ERR_HAS(pin_of(&repo, "/srv/one"), rows[i].want);
	}
	CHECK_OK(pin_write(&repo, NULL));
	check_pin("/srv/one", NULL);
	put_pins("nonsense", 0600);
	CHECK_ERR_HAS(pin_write(&repo, "staging"), "hint: it says which environments you pinned; remove it to begin anew\n");
	CHECK_STR(repo.pin, NULL);
}

/* To go on without it would be to work on more nodes than is meant. */
TEST(what_cannot_be_read_is_an_error)
{
	char		*path = pins_path();
	struct repo	 repo;

	unlink(path);
	CHECK_OK(dir_make(path, 0700));
	CHECK_ERR_HAS(pin_of(&repo, "/srv/one"), "pins.json: not a regular file\n");
	CHECK_OK(dir_remove(path));
	CHECK_INT(symlink("/nowhere/at/all", path), 0);
	CHECK_ERR_HAS(pin_of(&repo, "/srv/one"), "pins.json: No such file or directory\n");
	unlink(path);
	check_pin("/srv/one", NULL);
	free(path);
}

int
main(void)
{
	char template[] = "/tmp/leap-test-XXXXXX";

	json_setup();
	if (mkdtemp(template) == NULL)
		abort();
	snprintf(home, sizeof(home), "%s", template);
	setenv("HOME", home, 1);
	unsetenv("XDG_STATE_HOME");
	RUN(each_instance_has_its_own);
	RUN(nobody_else_may_read_it);
	RUN(it_is_where_the_users_state_is);
	RUN(what_is_broken_is_said);
	RUN(what_cannot_be_read_is_an_error);
	CHECK_OK(dir_remove(home));
	return test_done();
}
