/* test/unit: the instance in git. */
/* May know repo, base; the stock git program judges what was made. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include "base/file.h"
#include "base/proc.h"
#include "repo/git.h"

#include <stdlib.h>
#include <unistd.h>

static char top[256];

static void
put(const char *path, const char *text)
{
	char *full = path_join(top, path);

	CHECK_OK(dir_make_parent(full, 0755));
	CHECK_OK(file_write(full, text, strlen(text), 0644));
	free(full);
}

static void
check_git(const char *first, const char *second, const char *want)
{
	struct buf	 output = { 0 };
	const char	*argv[] = { "git", "-C", top, first, second, NULL };
	struct proc	 proc = { .argv = argv, .output = &output };
	int		 status = -1;

	if (CHECK_OK(proc_run(&proc, &status)) && CHECK_INT(status, 0))
		CHECK_STR(buf_text(&output), want);
	buf_fini(&output);
}

TEST(outside_of_git_is_an_error_with_a_hint)
{
	struct git_state	 state;
	char			*want;

	want = xasprintf("%s: not inside a git repository\n"
	    "hint: run \"git init && git add -A && git commit -m start\" there\n", top);
	CHECK_ERR(git_state(&state, top), want);
	free(want);
}

TEST(the_first_commit_has_all_that_is_not_ignored)
{
	put("Leapfile", "\n");
	put(".gitignore", "*.key\n/secrets/\n");
	put("nodes/web1.json", "{}\n");
	put("files/ca/ca.key", "private\n");
	put("secrets/default/a", "private\n");
	if (!CHECK_OK(git_create(top, "start\n")))
		return;
	check_git("ls-files", "--cached", ".gitignore\nLeapfile\nnodes/web1.json\n");
	check_git("log", "--format=%s", "start\n");
	check_git("status", "--porcelain", "");
	check_git("fsck", "--strict", "");
}

TEST(changes_are_seen)
{
	struct git_state	 state;
	char			*below = path_join(top, "nodes");

	CHECK_OK(git_state(&state, top));
	CHECK_INT(strlen(state.commit), 40);
	CHECK(!state.dirty);
	put("files/ca/client_ca.key", "ignored\n");
	CHECK_OK(git_state(&state, top));
	CHECK(!state.dirty);
	put("Leapfile", "ssh:\n");
	CHECK_OK(git_state(&state, top));
	CHECK(state.dirty);
	CHECK_OK(git_state(&state, below));
	CHECK(!state.dirty);		/* the change is beside what was asked for */
	put("nodes/web2.json", "{}\n");
	CHECK_OK(git_state(&state, below));
	CHECK(state.dirty);
	free(below);
}

TEST(a_repository_without_commit_has_no_head)
{
	struct git_state	 state;
	char			*empty = path_join(top, "empty");

	CHECK_OK(dir_make(empty, 0755));
	CHECK_OK(proc_do("git", "init", "-q", empty, NULL));
	CHECK_OK(git_state(&state, empty));
	CHECK_STR(state.commit, "");
	CHECK(!state.dirty);
	free(empty);
}

TEST(another_users_repository_gets_a_hint)
{
	struct git_state	 state;
	char			*theirs = path_join(top, "theirs"), *want;

	if (geteuid() != 0) {
		test_skip("needs root to give files away");
		free(theirs);
		return;
	}
	CHECK_OK(dir_make(theirs, 0755));
	CHECK_OK(proc_do("git", "init", "-q", theirs, NULL));
	CHECK_OK(proc_do("chown", "-R", "nobody", theirs, NULL));
	want = xasprintf("%s: its git repository belongs to another user\n"
	    "hint: if you trust it, run \"git config --global --add safe.directory %s\"\n", theirs, theirs);
	CHECK_ERR(git_state(&state, theirs), want);
	free(want);
	free(theirs);
}

int
main(void)
{
	int status;

	snprintf(top, sizeof(top), "%s/git_test.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (mkdtemp(top) == NULL) {
		perror(top);
		return 1;
	}
	setenv("HOME", top, 1);		/* nobody's user.name */
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	RUN(outside_of_git_is_an_error_with_a_hint);
	RUN(the_first_commit_has_all_that_is_not_ignored);
	RUN(changes_are_seen);
	RUN(a_repository_without_commit_has_no_head);
	RUN(another_users_repository_gets_a_hint);
	status = test_done();
	err_free(dir_remove(top));
	return status;
}
