/* test/unit: the instance as it is in another state of git. */
/* May know repo, base; the stock git program makes the states. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include "base/file.h"
#include "base/proc.h"
#include "base/strs.h"
#include "repo/repo.h"
#include "repo/textdiff.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* libgit2 1.5 loses what PCRE2 gave it for a pattern of its configuration (a submodule's) that does not match. */
const char	*__lsan_default_suppressions(void);
const char *
__lsan_default_suppressions(void)
{
	return "leak:libpcre2";
}

static char		 top[256];	/* the git work tree; the instance is in top/infra */
static struct repo	*here;

static void
put(const char *path, const char *text)
{
	char *full = path_join(top, path);

	CHECK_OK(dir_make_parent(full, 0755));
	CHECK_OK(file_write(full, text, strlen(text), 0644));
	free(full);
}

static void
link_to(const char *target, const char *path)
{
	char *full = path_join(top, path);

	CHECK_OK(dir_make_parent(full, 0755));
	CHECK_INT(symlink(target, full), 0);
	free(full);
}

static void
drop(const char *path)
{
	char *full = path_join(top, path);

	CHECK_OK(dir_remove(full));
	free(full);
}

/* A shell line, in the work tree. */
static void
sh(const char *line)
{
	char *command = xasprintf("cd '%s' && %s", top, line);

	CHECK_OK(proc_do("/bin/sh", "-euc", command, NULL));
	free(command);
}

static struct repo *
at(enum repo_moment moment, const char *what)
{
	struct repo *repo = NULL;

	CHECK_OK(repo_open_at(&repo, here, moment, what));
	if (repo == NULL)
		abort();
	return repo;
}

/* The file's text, "" when it cannot be read; valid until the next call. */
static const char *
text_of(const struct repo *repo, const char *path, bool platform)
{
	static char	 kept[256];
	struct buf	 text = { 0 };
	struct err	*e = platform ? repo_platform_read(repo, path, &text) : repo_read(repo, path, &text);

	snprintf(kept, sizeof(kept), "%s", e == NULL ? buf_text(&text) : "");
	err_free(e);
	buf_fini(&text);
	return kept;
}

static void
check_list(const struct repo *repo, const char *dir, const char *suffix, const char *want)
{
	struct strs	 names = { 0 };
	struct buf	 text = { 0 };

	CHECK_OK(repo_list(repo, dir, suffix, &names));
	strs_join(&names, " ", &text);
	CHECK_STR(buf_text(&text), want);
	strs_fini(&names);
	buf_fini(&text);
}

TEST(every_state_has_its_own_files)
{
	struct repo	*first = at(REPO_REVISION, "v1"), *head = at(REPO_REVISION, "HEAD"), *staged = at(REPO_INDEX, NULL);

	CHECK_STR(text_of(first, "nodes/web1.json", false), "first\n");
	CHECK_STR(text_of(head, "nodes/web1.json", false), "second\n");
	CHECK_STR(text_of(staged, "nodes/web1.json", false), "staged\n");
	CHECK_STR(text_of(here, "nodes/web1.json", false), "edited\n");
	CHECK(!repo_has(first, "nodes/web2.json"));
	CHECK(repo_has(head, "nodes/web2.json"));
	check_list(first, "nodes", ".json", "a file web1");
	check_list(head, "nodes", ".json", "a file web1 web2");
	check_list(staged, "nodes", ".json", "a file new web1");
	check_list(head, "nowhere", "", "");
	check_list(first, ".", "", "Leapfile files here nodes out secrets");
	CHECK(head->read_only);
	CHECK_STR(head->state, "HEAD");
	repo_close(first);
	repo_close(head);
	repo_close(staged);
}

TEST(revisions_are_what_git_calls_so)
{
	static const char *const words[] = { "HEAD~1", "v1", "main~1", "HEAD^", "@~1", "HEAD@{1}" };
	struct repo	*repo;
	bool		 is;

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		repo = at(REPO_REVISION, words[i]);
		CHECK_STR(text_of(repo, "nodes/web1.json", false), "first\n");
		repo_close(repo);
		CHECK_OK(repo_is_revision(here, words[i], &is));
		CHECK(is);
	}
	CHECK_OK(repo_is_revision(here, "web1", &is));
	CHECK(!is);
	CHECK_ERR(repo_open_at(&repo, here, REPO_REVISION, "mian"),
	    "no revision \"mian\"\nhint: did you mean \"main\"?\n");
	CHECK_ERR(repo_open_at(&repo, here, REPO_REVISION, "0000000000"),
	    "no revision \"0000000000\"\nhint: \"git log --oneline\" lists the commits, \"git tag\" the tags\n");
	CHECK_ERR(repo_open_at(&repo, here, REPO_REVISION, "HEAD:infra/Leapfile"),
	    "\"HEAD:infra/Leapfile\" is no commit\nhint: a revision is a commit, branch or tag\n");
}

TEST(one_edit_is_taken_alone)
{
	struct repo	*repo = at(REPO_EDIT, "infra/nodes/web1.json");

	CHECK_STR(text_of(repo, "nodes/web1.json", false), "edited\n");
	CHECK(repo_has(repo, "nodes/web2.json"));	/* that it is gone is another edit */
	CHECK(!repo_has(repo, "nodes/new.json"));
	CHECK_STR(repo->state, NULL);
	repo_close(repo);
	repo = at(REPO_EDIT, "infra/nodes/web2.json");
	CHECK_STR(text_of(repo, "nodes/web1.json", false), "second\n");
	CHECK(!repo_has(repo, "nodes/web2.json"));
	repo_close(repo);
	repo = at(REPO_EDIT, "infra/nodes/brand new.json");
	CHECK_STR(text_of(repo, "nodes/brand new.json", false), "new\n");
	CHECK(!repo_has(repo, "nodes/new.json"));
	repo_close(repo);
	repo = at(REPO_EDIT, "infra/nodes");
	check_list(repo, "nodes", ".json", "a file brand new new web1");
	CHECK_STR(text_of(repo, "files/tool", false), "tool\n");
	repo_close(repo);
}

TEST(nothing_is_written_into_the_repository)
{
	struct repo *repo;

	sh("find .git -type f -exec sha256sum {} + | sort >\"$PWD.before\"");
	repo = at(REPO_EDIT, "infra/nodes");
	repo_close(repo);
	repo = at(REPO_INDEX, NULL);
	CHECK_ERR(repo_write(repo, "nodes/x.json", "x", 1, 0644, NULL), "nodes/x.json: index is only looked at\n");
	repo_close(repo);
	sh("find .git -type f -exec sha256sum {} + | sort | diff - \"$PWD.before\" >&2");
	sh("rm \"$PWD.before\"");
}

TEST(what_git_ignores_is_read_from_disk)
{
	struct repo	*repo = at(REPO_REVISION, "v1");

	CHECK_STR(text_of(repo, "files/nodes/web1/web1.key", false), "private\n");
	CHECK_STR(text_of(repo, "secrets/default/site", false), "secret\n");
	check_list(repo, "secrets/default", "", "site");
	check_list(repo, "files/nodes/web1", "", "web1.crt web1.key");
	CHECK(!repo_has(repo, "nodes/brand new.json"));		/* neither tracked nor ignored */
	CHECK(!repo_has(repo, "files/forced.key"));		/* ignored, but tracked: later than this state */
	repo_close(repo);
	repo = at(REPO_REVISION, "HEAD");
	CHECK_STR(text_of(repo, "files/forced.key", false), "forced\n");
	repo_close(repo);
}

TEST(links_are_followed_inside)
{
	struct repo	*repo = at(REPO_REVISION, "v1");
	struct buf	 text = { 0 };
	char		*want;

	CHECK_STR(text_of(repo, "files/tool", false), "tool\n");
	CHECK_STR(text_of(repo, "files/linked/deep file", false), "deep\n");
	CHECK_STR(text_of(repo, "files/linked/../dir/deep file", false), "deep\n");
	CHECK_STR(text_of(repo, "files/./real//dir/deep file", false), "deep\n");
	check_list(repo, "files/linked", "", "deep file");
	CHECK_INT(repo_type(repo, "files/tool"), REPO_FILE);
	CHECK_INT(repo_type(repo, "files/linked"), REPO_OTHER);
	CHECK_INT(repo_type(repo, "files/real"), REPO_DIRECTORY);
	CHECK_INT(repo_type(repo, "files/none"), REPO_NOTHING);
	CHECK_INT(repo_type(repo, "files/dangling"), REPO_OTHER);
	CHECK_INT(repo_type(repo, "secrets/default/site"), REPO_FILE);
	want = xasprintf("out: leads outside %s\n", here->root);
	CHECK_ERR(repo_read(repo, "out", &text), want);
	free(want);
	want = xasprintf("files/absolute: leads outside %s\n", here->root);
	CHECK_ERR(repo_read(repo, "files/absolute", &text), want);
	CHECK(repo_has(repo, "files/absolute"));	/* as on disk: reading it says what is wrong */
	free(want);
	want = xasprintf("../outside: leads outside %s\n", here->root);
	CHECK_ERR(repo_read(repo, "../outside", &text), want);
	free(want);
	want = xasprintf("/etc/passwd: leads outside %s\n", here->root);
	CHECK_ERR(repo_read(repo, "/etc/passwd", &text), want);
	free(want);
	CHECK_ERR(repo_read(repo, "files/loop", &text), "files/loop: Too many levels of symbolic links\n");
	CHECK_ERR(repo_read(repo, "files/none", &text), "files/none: No such file or directory\n");
	CHECK_ERR(repo_read(repo, "files/real", &text), "files/real: not a regular file\n");
	CHECK_ERR(repo_read(repo, "files/tool/x", &text), "files/tool/x: Not a directory\n");
	CHECK(!repo_has(repo, "../outside"));
	buf_fini(&text);
	repo_close(repo);
}

TEST(the_platform_is_of_the_same_state)
{
	struct repo	*repo = at(REPO_REVISION, "v1");

	CHECK_STR(text_of(repo, "common.json", true), "{}\n");
	CHECK(!repo_platform_has(repo, "later.json"));
	CHECK_STR(text_of(repo, "built/tool", true), "built\n");	/* ignored */
	CHECK_INT(repo_platform_type(repo, "built"), REPO_DIRECTORY);
	repo_close(repo);
	CHECK(repo_platform_has(here, "later.json"));
}

TEST(a_platform_elsewhere_is_read_as_it_is)
{
	struct repo	*repo;
	char		*other = xasprintf("%s.platform", top), *leapfile = xasprintf("platform: %s\n", other);

	CHECK_OK(dir_make(other, 0755));
	sh("cp platform/common.json \"$PWD.platform\"");
	put("infra/Leapfile", leapfile);
	repo = at(REPO_EDIT, "infra/Leapfile");
	CHECK_STR(repo->platform, other);
	CHECK_STR(text_of(repo, "common.json", true), "{}\n");
	repo_close(repo);
	CHECK_OK(dir_remove(other));
	put("infra/Leapfile", "platform: ../platform\n");
	free(other);
	free(leapfile);
}

/* A platform that is a submodule is read at the commit that the state names. */
TEST(submodules_are_read_at_their_commit)
{
	struct repo	*repo;

	sh("git init -q .git/origin && cd .git/origin && "
	    "echo 1 >common.json && git add -A && git -c user.name=a -c user.email=a@b commit -qm 1");
	sh("git -c protocol.file.allow=always submodule --quiet add \"$PWD/.git/origin\" infra/sub");
	put("infra/Leapfile", "platform: sub\n");
	sh("git add -A . && git commit -qm sub");
	sh("cd infra/sub && echo 2 >common.json && git -c user.name=a -c user.email=a@b commit -qam 2");
	repo = at(REPO_REVISION, "HEAD");
	CHECK_STR(text_of(repo, "common.json", true), "1\n");
	CHECK_STR(text_of(repo, "sub/common.json", false), "1\n");
	repo_close(repo);
	repo = at(REPO_EDIT, "infra/sub");
	CHECK_STR(text_of(repo, "common.json", true), "2\n");
	repo_close(repo);
	sh("git reset -q --hard HEAD~1 && rm -rf infra/sub");
}

TEST(a_state_without_leapfile_or_platform_is_an_error)
{
	struct repo *repo = NULL;

	sh("git tag was && git mv infra/Leapfile infra/Leapfile.old && git commit -qm x && git tag bare && "
	    "git rm -qr platform && git mv infra/Leapfile.old infra/Leapfile && git commit -qm x && git tag poor && "
	    "git reset -q --hard was");
	CHECK_ERR(repo_open_at(&repo, here, REPO_REVISION, "bare"), "bare:Leapfile: there was none\n");
	CHECK_ERR(repo_open_at(&repo, here, REPO_REVISION, "poor"),
	    "poor:Leapfile:1: no platform \"../platform\": there is no directory platform\n"
	    "hint: correct \"platform\" in the Leapfile; without it the platform that came with leap is used\n");
	sh("printf 'plattform: x\\n' >infra/Leapfile && git commit -qam typo && git tag typo && git reset -q --hard was");
	CHECK_ERR_HAS(repo_open_at(&repo, here, REPO_REVISION, "typo"), "typo:Leapfile:1:1: unknown");
}

TEST(files_that_a_user_names_are_found)
{
	char	*path = NULL, *below = path_join(top, "infra/nodes");

	CHECK_INT(chdir(below), 0);
	CHECK_OK(repo_tracked(here, "web1.json", &path));
	CHECK_STR(path, "infra/nodes/web1.json");
	free(path);
	CHECK_OK(repo_tracked(here, "./../nodes/a file.json", &path));
	CHECK_STR(path, "infra/nodes/a file.json");
	free(path);
	drop("infra/nodes/a file.json");
	CHECK_OK(repo_tracked(here, "a file.json", &path));
	CHECK_STR(path, "infra/nodes/a file.json");
	free(path);
	CHECK_OK(repo_tracked(here, "HEAD", &path));
	CHECK_STR(path, NULL);
	CHECK_ERR(repo_tracked(here, "../files/nodes/web1/web1.key", &path), "git ignores ../files/nodes/web1/web1.key\n"
	    "hint: what .gitignore excludes is the same in every state\n");
	CHECK_ERR(repo_tracked(here, "/etc/passwd", &path), "/etc/passwd is not in the git repository of this instance\n"
	    "hint: only what git tracks has another state to compare with\n");
	CHECK_INT(chdir("/"), 0);
	free(below);
}

TEST(what_a_deploy_would_make_has_a_stand_in)
{
	struct repo	*repo = at(REPO_REVISION, "HEAD");

	CHECK(!repo_has(repo, "files/nodes/web9/web9.crt"));
	repo->stand_ins = true;
	CHECK(repo_has(repo, "files/nodes/web9/web9.crt"));
	CHECK(repo_is_stand_in(repo, "files/nodes/web9/web9.crt"));
	CHECK_STR(text_of(repo, "files/nodes/web9/web9.crt", false),
	    "files/nodes/web9/web9.crt, which the next deploy makes\n");
	CHECK_STR(text_of(repo, "files/nodes/web1/web1.key", false), "private\n");
	CHECK(!repo_is_stand_in(repo, "files/nodes/web1/web1.key"));
	CHECK(!repo_has(repo, "files/nodes/web9/web9.txt"));
	CHECK(!repo_has(repo, "files/web9.crt"));
	repo_close(repo);
}

static void
check_diff(const char *old, const char *new, const char *want, size_t added, size_t removed)
{
	struct textdiff	 counts = { 0 };
	struct buf	 hunks = { 0 };

	CHECK_OK(textdiff(&counts, &hunks, old, old == NULL ? 0 : strlen(old), new, new == NULL ? 0 : strlen(new)));
	CHECK_STR(buf_text(&hunks), want);
	CHECK_INT(counts.added, added);
	CHECK_INT(counts.removed, removed);
	CHECK(!counts.opaque);
	buf_fini(&hunks);
}

TEST(texts_differ_as_git_shows_it)
{
	struct textdiff	 counts = { 0 };
	char		*large = xcalloc(1, TEXTDIFF_MAX + 2);

	check_diff("a\nb\nc\n", "a\nB\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n", 1, 1);
	check_diff(NULL, "a\nb\n", "@@ -0,0 +1,2 @@\n+a\n+b\n", 2, 0);
	check_diff("a\n", NULL, "@@ -1 +0,0 @@\n-a\n", 0, 1);
	check_diff("a\n", "a", "@@ -1 +1 @@\n-a\n+a\n\\ No newline at end of file\n", 1, 1);
	check_diff("same\n", "same\n", "", 0, 0);
	CHECK_OK(textdiff(&counts, NULL, "a\0b", 3, "a\n", 2));
	CHECK(counts.opaque);
	memset(large, 'x', TEXTDIFF_MAX + 1);
	CHECK_OK(textdiff(&counts, NULL, large, TEXTDIFF_MAX + 1, "a\n", 2));
	CHECK(counts.opaque);
	CHECK_OK(textdiff(&counts, NULL, large, TEXTDIFF_MAX, "a\n", 2));
	CHECK(!counts.opaque);
	free(large);
}

static void
set_up(void)
{
	sh("git init -q -b main && git config user.name a && git config user.email a@b");
	put(".gitignore", "*.key\n/infra/secrets/\n/platform/built/\n");
	put("outside", "outside\n");
	put("platform/common.json", "{}\n");
	put("platform/built/tool", "built\n");
	put("infra/Leapfile", "platform: ../platform\n");
	put("infra/nodes/web1.json", "first\n");
	put("infra/nodes/a file.json", "spaces\n");
	put("infra/files/real/tool", "tool\n");
	put("infra/files/real/dir/deep file", "deep\n");
	put("infra/files/nodes/web1/web1.crt", "certificate\n");
	put("infra/files/nodes/web1/web1.key", "private\n");
	put("infra/secrets/default/site", "secret\n");
	link_to("real/tool", "infra/files/tool");
	link_to("./real/../real/dir", "infra/files/linked");
	link_to("nowhere", "infra/files/dangling");
	link_to("loop", "infra/files/loop");
	link_to("/etc/passwd", "infra/files/absolute");
	link_to("files", "infra/here");
	link_to("../outside", "infra/out");
	sh("git add -A && git commit -qm start && git tag v1");
	put("infra/nodes/web1.json", "second\n");
	put("infra/nodes/web2.json", "second\n");
	put("infra/files/forced.key", "forced\n");
	put("platform/later.json", "{}\n");
	sh("git add -A && git add -f infra/files/forced.key && git commit -qm second");
	put("infra/nodes/web1.json", "staged\n");
	put("infra/nodes/new.json", "staged\n");
	drop("infra/nodes/web2.json");
	sh("git add -A");
	put("infra/nodes/web1.json", "edited\n");
	put("infra/nodes/brand new.json", "new\n");
}

int
main(void)
{
	int	 status;
	char	*infra;

	snprintf(top, sizeof(top), "%s/view_test.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (mkdtemp(top) == NULL) {
		perror(top);
		return 1;
	}
	setenv("HOME", top, 1);		/* nobody's configuration */
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	set_up();
	infra = path_join(top, "infra");
	CHECK_OK(repo_open(&here, infra));
	if (here == NULL)
		return 1;
	RUN(nothing_is_written_into_the_repository);	/* first: what is there already would not be */
	RUN(every_state_has_its_own_files);
	RUN(revisions_are_what_git_calls_so);
	RUN(one_edit_is_taken_alone);
	RUN(what_git_ignores_is_read_from_disk);
	RUN(links_are_followed_inside);
	RUN(the_platform_is_of_the_same_state);
	RUN(a_platform_elsewhere_is_read_as_it_is);
	RUN(what_a_deploy_would_make_has_a_stand_in);
	RUN(files_that_a_user_names_are_found);
	RUN(texts_differ_as_git_shows_it);
	RUN(submodules_are_read_at_their_commit);
	RUN(a_state_without_leapfile_or_platform_is_an_error);
	status = test_done();
	repo_close(here);
	err_free(dir_remove(top));
	free(infra);
	return status;
}
