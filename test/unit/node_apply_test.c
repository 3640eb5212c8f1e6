/* test/unit: leap-node's sessions on a root of their own: files, directories and links, cut at any point. */
/* May know node, wire, base.  Needs root for a mount namespace and chroot(2); skips without. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node_session.h"

#include "base/clock.h"
#include "node/kept.h"
#include "node/place.h"

#include <sys/file.h>
#include <time.h>

#define CUTS		300
#define LEFT_ALONE	"  there is no generation to go back to: what was done stays, and the next deploy goes on from there"

/* Two states of a node that share some resources, contradict each other in others, and have some alone. */
static void
manifest_one(struct manifest *manifest)
{
	manifest_init(manifest, "web1");
	add_directory(manifest, "/srv/a");
	add_directory(manifest, "/srv/a/b");
	add_text(manifest, "/srv/a/b/one", "one\n");
	add_file(manifest, "/srv/a/secret", "0600", "app", "key\n", 4);
	add_text(manifest, "/etc/motd", "from leap\n");
	add_link(manifest, "/etc/link", "/srv/a");
	add_text(manifest, "/srv/kind", "a file\n");
	for (int i = 0; i < 10; i++) {
		char	*path = xasprintf("/srv/a/f%d", i);

		add_text(manifest, path, path);
		free(path);
	}
}

static void
manifest_two(struct manifest *manifest)
{
	manifest_init(manifest, "web1");
	add_directory(manifest, "/srv/a");
	add_text(manifest, "/srv/a/two", "two\n");
	add_file(manifest, "/srv/a/secret", "0640", "root", "new key\n", 8);
	add_text(manifest, "/etc/motd", "from leap again\n");
	add_link(manifest, "/srv/kind", "a/two");
	for (int i = 5; i < 15; i++) {
		char	*path = xasprintf("/srv/a/f%d", i);

		add_text(manifest, path, "changed");
		free(path);
	}
}

TEST(apply_brings_a_node_to_its_state_once)
{
	struct manifest	 manifest;
	struct talk	 talk = { .manifest = &manifest };
	struct stat	 st;

	fresh_node();
	manifest_one(&manifest);
	run_session(&talk);
	CHECK_STR(error_of(&talk), "");
	CHECK_STR(result_of(&talk), "ok");
	CHECK_INT(changed_by(&talk), 17);
	CHECK_INT(json_int(talk.result, "generation", -1), 1);
	CHECK_INT(talk.needed, 14);
	CHECK_TEXT("/srv/a/b/one", "one\n");
	CHECK_TEXT("/etc/motd", "from leap\n");
	CHECK(lstat("/srv/a/secret", &st) == 0 && st.st_mode == (S_IFREG | 0600) && st.st_uid == 1000);
	CHECK(lstat("/etc/motd", &st) == 0 && st.st_mode == (S_IFREG | 0644) && st.st_uid == 0);
	CHECK(stat(NODE_STATE, &st) == 0 && st.st_mode == (S_IFDIR | 0700));

	run_session(&talk);
	CHECK_STR(result_of(&talk), "ok");
	CHECK_STR(buf_text(&talk.events), "");
	CHECK_INT(changed_by(&talk), 0);
	CHECK_INT(json_int(talk.result, "generation", -1), 1);
	CHECK_INT(talk.needed, 0);

	/* Drift of content and mode is noticed, and only that is mended. */
	put("/srv/a/b/one", "drift\n");
	CHECK_INT(chmod("/srv/a/f3", 0600), 0);
	run_session(&talk);
	CHECK_STR(buf_text(&talk.events), "file:/srv/a/b/one keep\nfile:/srv/a/b/one update\nfile:/srv/a/f3 update\n");
	CHECK_INT(talk.needed, 0);
	CHECK_TEXT("/srv/a/b/one", "one\n");
	talk_fini(&talk);
	manifest_fini(&manifest);
}

TEST(plan_tells_what_apply_does_and_does_nothing)
{
	struct manifest	 manifest;
	struct talk	 talk = { .manifest = &manifest };
	char		*before, *after, *planned;

	fresh_node();
	before = tree();
	manifest_one(&manifest);
	talk.op = "plan";
	run_session(&talk);
	CHECK_STR(result_of(&talk), "ok");
	CHECK_INT(changed_by(&talk), 17);
	CHECK(!file_exists(NODE_STATE));
	after = tree();
	CHECK_STR(after, before);
	planned = xstrdup(buf_text(&talk.events));
	talk.op = "apply";
	run_session(&talk);
	CHECK_STR(buf_text(&talk.events), planned);
	free(before);
	free(after);
	free(planned);
	talk_fini(&talk);
	manifest_fini(&manifest);
}

TEST(removal_takes_what_leap_put_and_gives_back_what_was_there)
{
	struct manifest	 one, none;
	struct talk	 talk = { .manifest = &one };
	char		*before, *after;

	fresh_node();
	before = tree();
	manifest_one(&one);
	run_session(&talk);
	manifest_init(&none, "web1");
	talk.manifest = &none;
	run_session(&talk);
	CHECK_STR(result_of(&talk), "ok");
	CHECK_INT(changed_by(&talk), 17);
	CHECK(str_starts(buf_text(&talk.events), "file:/srv/a/f9 remove\nfile:/srv/a/f8 remove\n"));
	after = tree();
	CHECK_STR(after, before);
	free(before);
	free(after);
	talk_fini(&talk);
	manifest_fini(&one);
	manifest_fini(&none);
}

TEST(removal_spares_what_others_did)
{
	struct manifest	 one, none;
	struct talk	 talk = { .manifest = &one };
	struct strs	 names = { 0 };
	char		*kept;

	fresh_node();
	manifest_one(&one);
	run_session(&talk);
	put("/srv/a/b/theirs", "x");
	put("/srv/a/b/one", "edited");
	CHECK_INT(unlink("/srv/a/f0"), 0);
	manifest_init(&none, "web1");
	talk.manifest = &none;
	run_session(&talk);
	CHECK_STR(result_of(&talk), "ok");
	CHECK(strstr(buf_text(&talk.events), "file:/srv/a/b/one keep\nfile:/srv/a/b/one remove\n"
	    "directory:/srv/a/b warn\ndirectory:/srv/a warn\n") != NULL);
	CHECK_TEXT("/srv/a/b/theirs", "x");
	CHECK_TEXT("/srv/a/b/one", "(none)");
	CHECK_OK(dir_list("/srv/a/b", &names));
	CHECK_INT(names.count, 1);
	kept = kept_path("/srv/a/b/one");
	CHECK_TEXT(kept, "edited");
	free(kept);
	strs_fini(&names);
	talk_fini(&talk);
	manifest_fini(&one);
	manifest_fini(&none);
}

TEST(what_others_changed_is_kept_away_from_its_place_with_mode_and_owner)
{
	static const char	*const paths[] = { "/srv/f", "/srv/l", SMALL_DISK "/f", SMALL_DISK "/l" };
	struct manifest		 manifest;
	struct talk		 talk = { .manifest = &manifest };
	struct strs		 names = { 0 };
	struct stat		 st;
	char			*kept, target[8];

	fresh_node();
	manifest_init(&manifest, "web1");
	for (size_t i = 0; i < ARRAY_LEN(paths); i += 2) {
		add_text(&manifest, paths[i], "leap's\n");
		add_link(&manifest, paths[i + 1], "/leap");
	}
	run_session(&talk);
	for (size_t i = 0; i < ARRAY_LEN(paths); i += 2) {
		put(paths[i], "theirs\n");
		CHECK_INT(chown(paths[i], 1000, 1001), 0);
		CHECK_INT(chmod(paths[i], 04750), 0);
		CHECK_INT(unlink(paths[i + 1]), 0);
		CHECK_INT(symlink("/theirs", paths[i + 1]), 0);
		CHECK_INT(lchown(paths[i + 1], 1000, 1001), 0);
	}
	run_session(&talk);
	CHECK_STR(error_of(&talk), "");
	CHECK(stat(STATE_KEPT, &st) == 0 && st.st_mode == (S_IFDIR | 0700) && st.st_uid == 0);
	for (size_t i = 0; i < ARRAY_LEN(paths); i += 2) {
		kept = kept_path(paths[i]);
		CHECK_TEXT(paths[i], "leap's\n");
		CHECK_TEXT(kept, "theirs\n");
		CHECK(lstat(kept, &st) == 0 && st.st_mode == (S_IFREG | 04750) && st.st_uid == 1000 && st.st_gid == 1001);
		CHECK(strstr(buf_text(&talk.kept), kept) != NULL);
		free(kept);
		kept = kept_path(paths[i + 1]);
		CHECK_INT(readlink(kept, target, sizeof(target)), 7);
		CHECK(strncmp(target, "/theirs", 7) == 0 && lstat(kept, &st) == 0 && st.st_uid == 1000 && st.st_gid == 1001);
		CHECK(strstr(buf_text(&talk.kept), kept) != NULL);
		free(kept);
	}
	/* All of one run is in one directory, and there is nothing else. */
	CHECK_OK(dir_list(STATE_KEPT, &names));
	CHECK_INT(names.count, 1);
	strs_fini(&names);
	CHECK_OK(dir_list(SMALL_DISK, &names));
	CHECK_INT(names.count, 2);
	strs_fini(&names);
	for (size_t i = 2; i < ARRAY_LEN(paths); i++)
		CHECK_INT(unlink(paths[i]), 0);
	talk_fini(&talk);
	manifest_fini(&manifest);
}

static char *
keep(char **directory, const char *path)
{
	struct spot	 spot;
	char		*kept = NULL;

	CHECK_OK(spot_open(&spot, path, false));
	CHECK_OK(kept_add(directory, &spot, &kept));
	spot_close(&spot);
	return kept;
}

/* A link that is kept lies where the directory above a kept file would have to be: it must lead nowhere. */
TEST(what_is_kept_is_never_written_through_a_link_that_was_kept)
{
	char	*directory = NULL, *link, *file;

	fresh_node();
	CHECK_OK(dir_make("/srv/other", 0755));
	CHECK_INT(symlink("/srv/other", "/srv/a"), 0);
	link = keep(&directory, "/srv/a");
	CHECK_INT(unlink("/srv/a"), 0);
	CHECK_OK(dir_make("/srv/a", 0755));
	put("/srv/a/f", "theirs\n");
	file = keep(&directory, "/srv/a/f");
	CHECK_TEXT(file, "theirs\n");
	CHECK(file_exists(link));
	CHECK(!file_exists("/srv/other/f"));
	free(directory);
	free(link);
	free(file);
}

/* Reading it would take minutes; the session is killed long before. */
TEST(file_that_grew_huge_is_put_aside_unread)
{
	struct manifest	 one, none;
	struct talk	 talk = { .manifest = &one, .kill_after = 10000000 };
	const off_t	 huge = INT64_C(1) << 40;
	struct stat	 st;
	char		*kept;

	fresh_node();
	manifest_init(&none, "web1");
	manifest_init(&one, "web1");
	add_text(&one, "/srv/log", "one\n");
	add_text(&one, "/etc/motd", "from leap\n");
	run_session(&talk);
	CHECK_INT(truncate("/srv/log", huge), 0);
	CHECK_INT(truncate("/etc/motd", huge), 0);
	run_session(&talk);
	CHECK_STR(buf_text(&talk.events), "file:/srv/log keep\nfile:/srv/log update\n"
	    "file:/etc/motd keep\nfile:/etc/motd update\n");
	CHECK_TEXT("/srv/log", "one\n");
	kept = kept_path("/srv/log");
	CHECK(lstat(kept, &st) == 0 && st.st_size == huge);
	free(kept);
	CHECK_INT(truncate("/etc/motd", huge), 0);
	talk.manifest = &none;
	run_session(&talk);
	CHECK_STR(buf_text(&talk.events), "file:/etc/motd keep\nfile:/etc/motd update\nfile:/srv/log remove\n");
	CHECK_TEXT("/etc/motd", "original\n");
	talk_fini(&talk);
	manifest_fini(&one);
	manifest_fini(&none);
}

TEST(content_that_others_put_and_leap_wants_is_kept_for_the_generation)
{
	struct manifest	 one, two;
	struct talk	 talk = { .manifest = &one };

	fresh_node();
	manifest_init(&one, "web1");
	add_text(&one, "/srv/f", "one\n");
	run_session(&talk);
	put("/srv/f", "two\n");
	manifest_init(&two, "web1");
	add_text(&two, "/srv/f", "two\n");
	talk.manifest = &two;
	run_session(&talk);
	CHECK_INT(changed_by(&talk), 0);
	CHECK_INT(talk.needed, 0);
	CHECK_INT(json_int(talk.result, "generation", -1), 2);
	/* Gone from its place, it comes back from the store. */
	CHECK_INT(unlink("/srv/f"), 0);
	run_session(&talk);
	CHECK_INT(talk.needed, 0);
	CHECK_TEXT("/srv/f", "two\n");
	talk_fini(&talk);
	manifest_fini(&one);
	manifest_fini(&two);
}

TEST(command_makes_files_that_all_may_read)
{
	struct manifest	 manifest;
	struct talk	 talk = { .manifest = &manifest };
	struct stat	 st;
	mode_t		 old = umask(077);	/* whatever the login has */

	fresh_node();
	manifest_init(&manifest, "web1");
	add_resource(&manifest, json_pack("{s:s, s:s, s:s, s:s}", "type", "exec", "name", "make", "command",
	    "echo made >/srv/made", "creates", "/srv/made"));
	run_session(&talk);
	umask(old);
	CHECK_STR(error_of(&talk), "");
	CHECK(lstat("/srv/made", &st) == 0 && st.st_mode == (S_IFREG | 0644));
	talk_fini(&talk);
	manifest_fini(&manifest);
}

TEST(state_that_is_a_link_or_not_roots_is_refused_untouched)
{
	static const struct {
		const char	*target;	/* make `path` a link to it, or else give it to a user */
		const char	*path;
		const char	*want;
	} cases[] = {
		{ "/srv/theirs", NODE_STATE, NODE_STATE " is a symbolic link\n"
		    "hint: leap follows none to its records: put there what it leads to, or mount another disk at " NODE_STATE },
		{ "/srv/theirs", NODE_STATE "/bin", NODE_STATE "/bin is a symbolic link\n"
		    "hint: leap follows none to its records: put there what it leads to, or mount another disk at " NODE_STATE },
		{ NULL, NODE_STATE, NODE_STATE " belongs to the user 1000, not to root\n"
		    "hint: see who put it there, then give it to root or remove it" },
		{ NULL, NODE_STATE "/store", NODE_STATE "/store belongs to the user 1000, not to root\n"
		    "hint: see who put it there, then give it to root or remove it" },
	};
	static const char	*const ops[] = { "plan", "apply" };
	struct manifest		 manifest;
	struct talk		 talk = { .manifest = &manifest };
	char			*before, *after;

	manifest_one(&manifest);
	for (size_t i = 0; i < 2 * ARRAY_LEN(cases); i++) {
		fresh_node();
		CHECK_OK(dir_make("/srv/theirs", 0751));
		CHECK_OK(dir_make_parent(cases[i / 2].path, 0755));
		if (cases[i / 2].target != NULL) {
			CHECK_INT(symlink(cases[i / 2].target, cases[i / 2].path), 0);
		} else {
			CHECK_OK(dir_make(cases[i / 2].path, 0755));
			CHECK_INT(chown(cases[i / 2].path, 1000, 1000), 0);
		}
		before = tree();
		talk.op = ops[i % 2];
		run_session(&talk);
		CHECK_STR(error_of(&talk), cases[i / 2].want);
		after = tree();
		CHECK_STR(after, before);
		CHECK(!file_exists(STATE_LOCK));
		free(before);
		free(after);
	}
	err_free(dir_remove(NODE_STATE));
	talk_fini(&talk);
	manifest_fini(&manifest);
}

TEST(file_that_is_as_wanted_before_leap_stays_when_leap_goes)
{
	struct manifest	 manifest, none;
	struct talk	 talk = { .manifest = &manifest };

	fresh_node();
	manifest_init(&manifest, "web1");
	add_file(&manifest, "/etc/motd", "0664", "app", "original\n", 9);
	json_object_set_new(json_array_get(json_object_get(manifest.root, "resources"), 0), "group", json_string("app"));
	run_session(&talk);
	CHECK_INT(changed_by(&talk), 0);
	CHECK_INT(talk.needed, 0);
	manifest_init(&none, "web1");
	talk.manifest = &none;
	run_session(&talk);
	CHECK_INT(changed_by(&talk), 0);
	CHECK_TEXT("/etc/motd", "original\n");
	talk_fini(&talk);
	manifest_fini(&manifest);
	manifest_fini(&none);
}

/* No half-written thing anywhere, and nothing of leap's own taken for somebody else's. */
static void
check_clean(const char *state)
{
	CHECK(strstr(state, TEMP_PREFIX) == NULL);
	CHECK(!file_exists(STATE_KEPT));
}

static useconds_t
duration(struct talk *talk)
{
	int64_t	 begin = clock_ns(CLOCK_MONOTONIC);

	run_session(talk);
	return (useconds_t)((clock_ns(CLOCK_MONOTONIC) - begin) / 1000);
}

TEST(apply_that_is_killed_anywhere_ends_the_same_when_done_again)
{
	struct manifest	 states[3];
	char		*want[3], *have;
	struct talk	 talk = { 0 };
	useconds_t	 longest = 0, took;
	unsigned	 seed = (unsigned)time(NULL), cut = 0;
	int		 next = 0;

	fresh_node();
	manifest_init(&states[0], "web1");
	manifest_one(&states[1]);
	manifest_two(&states[2]);
	want[0] = tree();
	for (int i = 1; i < 3; i++) {
		fresh_node();
		talk.manifest = &states[i];
		took = duration(&talk);
		longest = took > longest ? took : longest;
		want[i] = tree();
	}
	fresh_node();
	for (int i = 0; i < CUTS; i++) {
		/* Cut on the way to one state, sometimes twice, then go to that one or another. */
		talk.manifest = &states[rand_r(&seed) % 3];
		talk.kill_after = 1 + (useconds_t)rand_r(&seed) % longest;
		run_session(&talk);
		cut += talk.result == NULL;
		next = rand_r(&seed) % 3;
		talk.manifest = &states[next];
		talk.kill_after = 0;
		run_session(&talk);
		CHECK_STR(error_of(&talk), "");
		have = tree();
		check_clean(have);
		if (!CHECK_STR(have, want[next]))
			i = CUTS;
		free(have);
	}
	/* On a busy machine the measured duration may be far above the usual one, and many come too late. */
	CHECK(cut > CUTS / 20);
	for (int i = 0; i < 3; i++) {
		free(want[i]);
		manifest_fini(&states[i]);
	}
	talk_fini(&talk);
}

/* The state of a removal that was cut after the deed and before the journal knew. */
TEST(removal_that_gave_back_the_original_is_no_foreign_change)
{
	struct manifest	 one, none;
	struct talk	 talk = { .manifest = &one };
	char		*managed, *have;

	fresh_node();
	manifest_one(&one);
	manifest_init(&none, "web1");
	run_session(&talk);
	managed = get(STATE_MANAGED);
	talk.manifest = &none;
	run_session(&talk);
	put(STATE_MANAGED, managed);
	talk.manifest = &one;
	run_session(&talk);
	CHECK_STR(result_of(&talk), "ok");
	have = tree();
	check_clean(have);
	CHECK_TEXT("/etc/motd", "from leap\n");
	free(have);
	free(managed);
	talk_fini(&talk);
	manifest_fini(&one);
	manifest_fini(&none);
}

TEST(apply_on_a_full_disk_says_so_and_leaves_the_old_file)
{
	struct manifest	 manifest;
	struct talk	 talk = { .manifest = &manifest };
	struct strs	 names = { 0 };
	size_t		 len = 2u << 20;
	char		*big = xmalloc(len);

	fresh_node();
	put(SMALL_DISK "/big", "small\n");
	memset(big, 'x', len);
	manifest_init(&manifest, "web1");
	add_text(&manifest, "/srv/first", "first\n");
	add_file(&manifest, SMALL_DISK "/big", "0644", "root", big, len);
	run_session(&talk);
	CHECK_STR(result_of(&talk), "failed");
	CHECK_STR(error_of(&talk), SMALL_DISK "/big: No space left on device\n" LEFT_ALONE);
	CHECK_STR(json_str(talk.result, "resource"), "file:" SMALL_DISK "/big");
	CHECK_TEXT("/srv/first", "first\n");
	CHECK_TEXT(SMALL_DISK "/big", "small\n");
	CHECK_OK(dir_list(SMALL_DISK, &names));
	CHECK_INT(names.count, 1);
	strs_fini(&names);
	free(big);
	talk_fini(&talk);
	manifest_fini(&manifest);
}

TEST(apply_refuses_to_replace_what_is_no_file)
{
	static const struct {
		const char	*path;
		const char	*want;
	} cases[] = {
		{ "/srv/dir", "/srv/dir is a directory, not a file\nhint: leap only replaces files by files; move it away" },
		{ "/etc/link", "/etc/link is a symbolic link, not a file\n"
		    "hint: leap only replaces files by files; move it away" },
		{ "/srv/no/such/file", "/srv/no/such/file: the directory /srv/no does not exist\n" LEFT_ALONE "\n"
		    "hint: write a directory resource before it" },
		{ "/srv/trap/passwd", "/srv/trap/passwd: trap on the way is a symbolic link that does not belong to root\n"
		    "hint: only root's links are followed; remove it or make it a directory" },
		{ "/etc/motd/x", "/etc/motd/x: motd on the way is not a directory" },
	};
	struct manifest	 manifest;
	struct talk	 talk = { .manifest = &manifest };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		fresh_node();
		CHECK_OK(dir_make("/srv/dir", 0755));
		CHECK_INT(symlink("/etc", "/srv/trap"), 0);
		CHECK_INT(lchown("/srv/trap", 1000, 1000), 0);
		manifest_init(&manifest, "web1");
		add_text(&manifest, cases[i].path, "x");
		run_session(&talk);
		CHECK_STR(result_of(&talk), "failed");
		CHECK_STR(error_of(&talk), cases[i].want);
		manifest_fini(&manifest);
	}
	talk_fini(&talk);
}

TEST(plan_knows_what_will_be_in_the_way)
{
	struct manifest	 one, two;
	struct talk	 talk = { .manifest = &one };

	fresh_node();
	put("/srv/theirs", "before leap\n");
	manifest_init(&one, "web1");
	add_text(&one, "/srv/theirs", "leap's\n");
	add_directory(&one, "/srv/dir");
	add_text(&one, "/srv/dir/in", "leap's\n");
	run_session(&talk);
	CHECK_STR(result_of(&talk), "ok");

	/* What was there before leap comes back. */
	manifest_init(&two, "web1");
	add_directory(&two, "/srv/theirs");
	talk.manifest = &two;
	talk.op = "plan";
	run_session(&talk);
	CHECK_STR(error_of(&talk), "/srv/theirs is a file, not a directory\n"
	    "hint: move it away, or name the directory that it leads to");
	manifest_fini(&two);

	/* What others put into a directory keeps it there. */
	put("/srv/dir/theirs", "x");
	manifest_init(&two, "web1");
	add_text(&two, "/srv/dir", "a file\n");
	run_session(&talk);
	CHECK_STR(error_of(&talk), "/srv/dir is a directory, not a file\n"
	    "hint: leap only replaces files by files; move it away");
	manifest_fini(&two);
	manifest_init(&two, "web1");
	run_session(&talk);
	CHECK_STR(buf_text(&talk.events), "file:/srv/dir/in remove\ndirectory:/srv/dir warn\nfile:/srv/theirs update\n");
	CHECK_INT(changed_by(&talk), 2);
	talk.op = NULL;
	run_session(&talk);
	CHECK_STR(buf_text(&talk.events), "file:/srv/dir/in remove\ndirectory:/srv/dir warn\nfile:/srv/theirs update\n");
	CHECK_INT(changed_by(&talk), 2);
	talk_fini(&talk);
	manifest_fini(&one);
	manifest_fini(&two);
}

TEST(apply_follows_links_of_root)
{
	struct manifest	 manifest;
	struct talk	 talk = { .manifest = &manifest };

	fresh_node();
	CHECK_OK(dir_make("/srv/real/deep", 0755));
	CHECK_INT(symlink("../srv/real", "/etc/there"), 0);
	manifest_init(&manifest, "web1");
	add_text(&manifest, "/etc/there/deep/file", "x");
	run_session(&talk);
	CHECK_STR(error_of(&talk), "");
	CHECK_TEXT("/srv/real/deep/file", "x");
	talk_fini(&talk);
	manifest_fini(&manifest);
}

TEST(apply_is_cancelled_or_left_alone_without_harm)
{
	struct manifest	 manifest;
	struct talk	 talk = { .manifest = &manifest, .cancel = true };
	char		*before, *after;

	fresh_node();
	before = tree();
	manifest_one(&manifest);
	run_session(&talk);
	CHECK_STR(result_of(&talk), "cancelled");
	after = tree();
	CHECK_STR(after, before);
	free(after);
	talk.cancel = false;
	talk.hang_up = true;
	run_session(&talk);
	after = tree();
	CHECK_STR(after, before);
	CHECK_STR(result_of(&talk), "failed");
	CHECK_STR(error_of(&talk), "leap closed the connection");
	free(before);
	free(after);
	talk_fini(&talk);
	manifest_fini(&manifest);
}

TEST(apply_waits_for_nobody_who_holds_the_lock)
{
	struct manifest	 manifest;
	struct talk	 talk = { .manifest = &manifest };
	static const char	 content[] = "{\"who\":\"ann@desk\",\"pid\":7,\"since\":\"2020-01-01 00:00:00 UTC\"}";
	int		 fd;

	fresh_node();
	CHECK_OK(dir_make(NODE_STATE, 0700));
	put(STATE_LOCK, content);
	fd = open(STATE_LOCK, O_RDWR | O_CLOEXEC);
	CHECK_INT(flock(fd, LOCK_EX), 0);
	manifest_one(&manifest);
	run_session(&talk);
	CHECK_STR(result_of(&talk), "locked");
	CHECK_STR(json_str(talk.result, "lock"), "ann@desk since 2020-01-01 00:00:00 UTC (pid 7)");
	CHECK(!file_exists("/srv/a"));
	close(fd);
	talk_fini(&talk);
	manifest_fini(&manifest);
}

/* Send bytes that are no session; the answer's error. */
static char *
answer_to(const void *bytes, size_t len)
{
	struct manifest	 none = { 0 };
	struct talk	 talk = { .manifest = &none };
	char		*error;
	int		 to, from;

	start(&to, &from);
	(void)!write_all(to, bytes, len);
	close(to);
	to = -1;
	listen_to(&talk, &to, from);
	close(from);
	while (wait(NULL) > 0)
		;
	error = xstrdup(error_of(&talk));
	talk_fini(&talk);
	return error;
}

TEST(session_refuses_what_is_none)
{
	static const struct {
		const char	*bytes;
		size_t		 len;
		const char	*want;
	} cases[] = {
		{ "", 0, "leap closed the connection" },
		{ "GET / HTTP/1.0\r\n", 16, "the other side does not speak leap's protocol (frame type 0x47)" },
		{ "Q\xff\xff\xff\xff", 5, "a frame of type 'Q' with 4294967295 bytes is larger than the 65536 allowed" },
		{ "C\0\0\0\0", 5, "leap sent a frame of type 'C' instead of 'Q'" },
		{ "Q\0\0\0\2{}", 7, "the request has version -1, this program speaks version 1" },
		{ "Q\0\0\0\2{", 6, "leap closed the connection" },
	};

	fresh_node();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char	*error = answer_to(cases[i].bytes, cases[i].len);

		CHECK_STR(error, cases[i].want);
		free(error);
	}
	CHECK(!file_exists(NODE_STATE));
}

int
main(void)
{
	const char	*why = enter_root();

	umask(022);
	signal(SIGPIPE, SIG_IGN);	/* who is killed does not read on */
	if (why != NULL) {
		printf("skip node_apply: %s\n", why);
		return 0;
	}
	RUN(apply_brings_a_node_to_its_state_once);
	RUN(plan_tells_what_apply_does_and_does_nothing);
	RUN(removal_takes_what_leap_put_and_gives_back_what_was_there);
	RUN(removal_spares_what_others_did);
	RUN(what_others_changed_is_kept_away_from_its_place_with_mode_and_owner);
	RUN(what_is_kept_is_never_written_through_a_link_that_was_kept);
	RUN(file_that_grew_huge_is_put_aside_unread);
	RUN(content_that_others_put_and_leap_wants_is_kept_for_the_generation);
	RUN(command_makes_files_that_all_may_read);
	RUN(state_that_is_a_link_or_not_roots_is_refused_untouched);
	RUN(file_that_is_as_wanted_before_leap_stays_when_leap_goes);
	RUN(apply_that_is_killed_anywhere_ends_the_same_when_done_again);
	RUN(removal_that_gave_back_the_original_is_no_foreign_change);
	RUN(apply_on_a_full_disk_says_so_and_leaves_the_old_file);
	RUN(apply_refuses_to_replace_what_is_no_file);
	RUN(plan_knows_what_will_be_in_the_way);
	RUN(apply_follows_links_of_root);
	RUN(apply_is_cancelled_or_left_alone_without_harm);
	RUN(apply_waits_for_nobody_who_holds_the_lock);
	RUN(session_refuses_what_is_none);
	return test_done();
}
