/* test/unit: leap-node going back: failed steps, rollbacks, checks before files go live, drift, marks. */
/* May know node, wire, base.  Needs root for a mount namespace and chroot(2); skips without. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node_session.h"

#include "node/generation.h"
#include "node/kept.h"
#include "node/status.h"

#define PAIRS	200

static void
add_exec(struct manifest *manifest, const char *name, const char *command)
{
	add_resource(manifest, json_pack("{s:s, s:s, s:s, s:s}", "type", "exec", "name", name, "command", command,
	    "unless", "false"));
}

/* A check on the resource that was added last. */
static void
add_check(struct manifest *manifest, const char *command)
{
	json_t	*all = json_object_get(manifest->root, "resources");

	json_object_set_new(json_array_get(all, json_array_size(all) - 1), "check", json_string(command));
}

static const json_t *
data_of(const struct talk *talk)
{
	return json_object_get(talk->result, "data");
}

/* The record of generation `number`, borrowed from talk. */
static const json_t *
record_of(struct talk *talk, unsigned number)
{
	const json_t	*one;
	size_t		 i;

	talk->op = "history";
	run_session(talk);
	talk->op = NULL;
	json_array_foreach(json_object_get(data_of(talk), "generations"), i, one)
		if (json_int(one, "number", 0) == (json_int_t)number)
			return one;
	return NULL;
}

static int
current_of(struct talk *talk)
{
	record_of(talk, 0);
	return (int)json_int(data_of(talk), "current", -1);
}

TEST(failing_step_takes_the_node_back)
{
	struct manifest	 good, bad;
	struct talk	 talk = { .manifest = &good };
	char		*before, *after;

	fresh_node();
	manifest_init(&good, "web1");
	add_text(&good, "/srv/a", "one\n");
	add_file(&good, "/srv/mode", "0600", "app", "same", 4);
	add_link(&good, "/srv/link", "a");
	add_text(&good, "/srv/goes", "goes\n");
	manifest_init(&bad, "web1");
	add_text(&bad, "/srv/a", "two\n");
	add_file(&bad, "/srv/mode", "0644", "root", "same", 4);
	add_link(&bad, "/srv/link", "new");
	add_text(&bad, "/srv/new", "new\n");
	add_exec(&bad, "break", "echo it breaks >&2; exit 3");
	add_text(&bad, "/srv/never", "never\n");
	run_session(&talk);
	CHECK_STR(result_of(&talk), "ok");
	before = tree();

	talk.manifest = &bad;
	run_session(&talk);
	CHECK_STR(result_of(&talk), "failed");
	CHECK(json_is_true(json_object_get(talk.result, "reverted")));
	CHECK_STR(json_str(talk.result, "resource"), "exec:break");
	CHECK_STR(error_of(&talk), "the command failed with status 3:\nit breaks\n  the node is back at generation 1");
	CHECK(strstr(buf_text(&talk.events), "generation:1 revert\nfile:/srv/new remove\nfile:/srv/a update\n") != NULL);
	CHECK(strstr(buf_text(&talk.events), "/srv/never") == NULL);
	after = tree();
	CHECK_STR(after, before);
	CHECK_INT(current_of(&talk), 1);
	CHECK_STR(json_str(record_of(&talk, 2), "result"), "failed");
	CHECK_INT(json_int(record_of(&talk, 2), "back_to", -1), 1);

	talk.manifest = &good;
	run_session(&talk);
	CHECK_STR(result_of(&talk), "ok");
	CHECK_INT(changed_by(&talk), 0);
	free(before);
	free(after);
	manifest_fini(&good);
	manifest_fini(&bad);
	talk_fini(&talk);
}

TEST(failing_step_takes_back_what_became_of_another_kind)
{
	struct manifest	 good, bad;
	struct talk	 talk = { .manifest = &good };
	char		*before, *after;

	fresh_node();
	manifest_init(&good, "web1");
	add_text(&good, "/srv/file", "one\n");
	add_link(&good, "/srv/link", "/etc");
	add_directory(&good, "/srv/dir");
	add_text(&good, "/srv/dir/in", "in\n");
	manifest_init(&bad, "web1");
	add_directory(&bad, "/srv/file");
	add_text(&bad, "/srv/file/motd", "two\n");
	add_directory(&bad, "/srv/link");
	add_text(&bad, "/srv/link/motd", "two\n");
	add_link(&bad, "/srv/dir", "link");
	add_exec(&bad, "break", "cat /srv/dir/motd >&2; exit 3");
	run_session(&talk);
	before = tree();

	talk.manifest = &bad;
	run_session(&talk);
	CHECK_STR(error_of(&talk), "the command failed with status 3:\ntwo\n  the node is back at generation 1");
	after = tree();
	CHECK_STR(after, before);
	free(before);
	free(after);
	manifest_fini(&good);
	manifest_fini(&bad);
	talk_fini(&talk);
}

TEST(failure_is_left_as_it_is_when_it_is_to_be_kept_or_the_first)
{
	struct manifest	 good, bad;
	struct talk	 talk = { .manifest = &good, .keep = true };

	fresh_node();
	manifest_init(&good, "web1");
	add_text(&good, "/srv/a", "one\n");
	manifest_init(&bad, "web1");
	add_text(&bad, "/srv/a", "two\n");
	add_exec(&bad, "break", "false");
	run_session(&talk);
	talk.manifest = &bad;
	run_session(&talk);
	CHECK_STR(result_of(&talk), "failed");
	CHECK(json_object_get(talk.result, "reverted") == NULL);
	CHECK_STR(error_of(&talk), "the command failed with status 1\n"
	    "  the node is left as it is, because of --keep: what was done stays, and the next deploy goes on from there");
	CHECK_TEXT("/srv/a", "two\n");
	CHECK_INT(current_of(&talk), 1);
	CHECK_INT(json_int(data_of(&talk), "unfinished", 0), 2);
	talk.op = "status";
	run_session(&talk);
	CHECK(json_is_true(json_object_get(data_of(&talk), "unfinished")));
	/* A rollback without number now means what was there before the mess. */
	talk.op = "rollback";
	run_session(&talk);
	CHECK_STR(result_of(&talk), "ok");
	CHECK_TEXT("/srv/a", "one\n");
	CHECK_INT(current_of(&talk), 3);
	CHECK_INT(json_int(data_of(&talk), "unfinished", -1), 0);
	/* One that could not even begin leaves the node where it was. */
	add_text(&bad, "/srv/b", "b\n");
	add_check(&bad, "false");
	talk.op = NULL;
	talk.keep = false;
	run_session(&talk);
	CHECK_STR(result_of(&talk), "failed");
	CHECK_INT(current_of(&talk), 3);
	CHECK_INT(json_int(data_of(&talk), "unfinished", -1), 0);
	json_array_remove(json_object_get(bad.root, "resources"), 2);

	fresh_node();
	talk_fini(&talk);
	talk = (struct talk){ .manifest = &bad };
	run_session(&talk);
	CHECK_STR(result_of(&talk), "failed");
	CHECK_STR(error_of(&talk), "the command failed with status 1\n"
	    "  there is no generation to go back to: what was done stays, and the next deploy goes on from there");
	CHECK_TEXT("/srv/a", "two\n");
	manifest_fini(&good);
	manifest_fini(&bad);
	talk_fini(&talk);
}

/* Generation, result, commit and what it changed, of one record. */
static char *
record_text(struct talk *talk, unsigned number)
{
	const json_t	*record = record_of(talk, number);
	char		*changed = json_dumps(json_object_get(record, "resources"), JSON_COMPACT | JSON_ENCODE_ANY);
	char		*text = xasprintf("%s %s%s back to %d %s", json_str(record, "result"), json_str(record, "commit"),
	    json_bool(record, "dirty") ? "+" : "", (int)json_int(record, "back_to", -1), changed != NULL ? changed : "[]");

	free(changed);
	return text;
}

#define CHECK_RECORD(number, want) do { \
	char	*have_ = record_text(&talk, number); \
	CHECK_STR(have_, want); \
	free(have_); \
} while (0)

TEST(records_say_where_a_manifest_came_from_and_what_it_changed)
{
	struct manifest	 one, two, bad;
	struct talk	 talk = { .manifest = &one, .commit = "c0ffee", .dirty = true };

	fresh_node();
	manifest_init(&one, "web1");
	add_text(&one, "/srv/a", "one\n");
	add_text(&one, "/srv/b", "b\n");
	manifest_init(&two, "web1");
	add_text(&two, "/srv/a", "two\n");
	add_text(&two, "/srv/b", "b\n");
	manifest_init(&bad, "web1");
	add_text(&bad, "/srv/a", "three\n");
	add_exec(&bad, "break", "exit 1");
	run_session(&talk);
	CHECK_RECORD(1, "ok c0ffee+ back to -1 [\"file:/srv/a\",\"file:/srv/b\"]");
	talk.manifest = &two;
	talk.commit = "decade";
	talk.dirty = false;
	run_session(&talk);
	CHECK_RECORD(2, "ok decade back to -1 [\"file:/srv/a\"]");
	/* Not the commit that the sysadmin happens to be at. */
	talk.op = "rollback";
	talk.commit = "facade";
	run_session(&talk);
	CHECK_RECORD(3, "ok c0ffee+ back to 1 [\"file:/srv/a\"]");
	/* One that failed is about the commit that failed, and what it changed before it went back. */
	talk.manifest = &bad;
	run_session(&talk);
	CHECK_RECORD(4, "failed facade back to 3 [\"file:/srv/b\",\"file:/srv/a\"]");
	manifest_fini(&one);
	manifest_fini(&two);
	manifest_fini(&bad);
	talk_fini(&talk);
}

static void
add_random_directory(struct manifest *manifest, const char *path, unsigned *seed)
{
	char	*file = xasprintf("%s/file", path), *link = xasprintf("%s/link", path);

	add_directory(manifest, path);
	if (rand_r(seed) % 2 != 0)
		add_text(manifest, file, "in it\n");
	if (rand_r(seed) % 2 != 0)
		add_link(manifest, link, "file");
	free(file);
	free(link);
}

/* Files, links and directories of a random kind at a few places, with random contents, modes and owners. */
static void
random_manifest(struct manifest *manifest, unsigned *seed)
{
	static const char *const	 modes[] = { "0644", "0600", "0755", "04711" };
	static const char *const	 owners[] = { "root", "app" };

	manifest_init(manifest, "web1");
	add_directory(manifest, "/srv/d");
	for (int i = 0; i < 12; i++) {
		char	*path = xasprintf("/srv/%s%d", i % 2 != 0 ? "d/" : "", i);
		char	*content = xasprintf("%d\n", rand_r(seed) % 3);
		int	 kind = rand_r(seed) % 7;

		if (kind < 3)
			add_file(manifest, path, modes[rand_r(seed) % 4], owners[rand_r(seed) % 2], content, strlen(content));
		else if (kind == 3)
			add_link(manifest, path, content[0] == '0' ? "here" : "..");
		else if (kind < 6)
			add_random_directory(manifest, path, seed);
		free(path);
		free(content);
	}
	if (rand_r(seed) % 2 != 0)
		add_text(manifest, "/etc/motd", "from leap\n");
}

TEST(plan_is_apply_and_rollback_restores_for_random_pairs)
{
	unsigned	 seed = 7;
	struct talk	 talk = { 0 };

	for (int i = 0; i < PAIRS; i++) {
		struct manifest	 first, second;
		char		*before, *after, *planned;

		fresh_node();
		random_manifest(&first, &seed);
		random_manifest(&second, &seed);
		talk.manifest = &first;
		run_session(&talk);
		CHECK_STR(error_of(&talk), "");
		before = tree();
		talk.manifest = &second;
		talk.op = "plan";
		run_session(&talk);
		planned = xstrdup(buf_text(&talk.events));
		talk.op = NULL;
		run_session(&talk);
		CHECK_STR(buf_text(&talk.events), planned);
		talk.op = "plan";
		run_session(&talk);
		CHECK_STR(buf_text(&talk.events), "");
		if (*planned != '\0') {
			talk.op = "rollback";
			run_session(&talk);
			CHECK_STR(error_of(&talk), "");
		}
		talk.op = NULL;
		after = tree();
		if (!CHECK_STR(after, before))
			i = PAIRS;
		free(before);
		free(after);
		free(planned);
		manifest_fini(&first);
		manifest_fini(&second);
	}
	talk_fini(&talk);
}

TEST(rollback_goes_further_back_each_time)
{
	struct manifest	 nothing;
	struct talk	 talk = { 0 };

	fresh_node();
	for (int i = 1; i <= 4; i++) {
		struct manifest	 manifest;
		char		*text = xasprintf("%d\n", i);

		manifest_init(&manifest, "web1");
		add_text(&manifest, "/srv/a", text);
		talk.manifest = &manifest;
		run_session(&talk);
		manifest_fini(&manifest);
		free(text);
	}
	manifest_init(&nothing, "web1");
	talk.manifest = &nothing;
	talk.op = "rollback";
	run_session(&talk);
	CHECK_INT(json_int(talk.result, "generation", 0), 5);
	CHECK_TEXT("/srv/a", "3\n");
	run_session(&talk);
	CHECK_TEXT("/srv/a", "2\n");
	talk.generation = 4;
	run_session(&talk);
	CHECK_TEXT("/srv/a", "4\n");
	talk.generation = 0;
	run_session(&talk);
	CHECK_TEXT("/srv/a", "3\n");
	talk.generation = 2;
	run_session(&talk);
	talk.generation = 0;
	run_session(&talk);
	CHECK_TEXT("/srv/a", "1\n");
	run_session(&talk);
	CHECK_STR(result_of(&talk), "failed");
	CHECK_STR(error_of(&talk), "there is no generation to go back to\nhint: leap history shows those that there are");
	talk.generation = 99;
	run_session(&talk);
	CHECK_STR(error_of(&talk), "there is no generation 99 that was applied to its end\n"
	    "hint: leap history shows those that there are");
	CHECK_TEXT("/srv/a", "1\n");
	manifest_fini(&nothing);
	talk_fini(&talk);
}

TEST(old_generations_go_with_their_contents)
{
	struct talk	 talk = { 0 };
	struct strs	 names = { 0 };

	fresh_node();
	for (int i = 1; i <= GENERATIONS_KEPT + 5; i++) {
		struct manifest	 manifest;
		char		*text = xasprintf("%d\n", i);

		manifest_init(&manifest, "web1");
		add_text(&manifest, "/srv/a", text);
		talk.manifest = &manifest;
		run_session(&talk);
		manifest_fini(&manifest);
		free(text);
	}
	CHECK_OK(dir_list(STATE_GENERATIONS, &names));
	CHECK_INT(names.count, GENERATIONS_KEPT);
	strs_fini(&names);
	CHECK_OK(dir_list(STATE_STORE, &names));
	CHECK_INT(names.count, GENERATIONS_KEPT);
	strs_fini(&names);
	talk_fini(&talk);
}

/* Many deploys that failed do not push out what can be gone back to. */
TEST(failures_do_not_push_out_what_works)
{
	struct manifest	 good, bad;
	struct talk	 talk = { .manifest = &good };

	fresh_node();
	manifest_init(&good, "web1");
	add_text(&good, "/srv/a", "good\n");
	run_session(&talk);
	for (int i = 0; i < FAILURES_KEPT + 10; i++) {
		char	*text = xasprintf("%d\n", i);

		manifest_init(&bad, "web1");
		add_text(&bad, "/srv/a", text);
		add_exec(&bad, "break", "false");
		talk.manifest = &bad;
		run_session(&talk);
		CHECK_TEXT("/srv/a", "good\n");
		manifest_fini(&bad);
		free(text);
	}
	talk.manifest = &good;
	CHECK_INT(current_of(&talk), 1);
	CHECK_INT(json_array_size(json_object_get(data_of(&talk), "generations")), FAILURES_KEPT + 1);
	manifest_fini(&good);
	talk_fini(&talk);
}

TEST(check_sees_all_that_is_to_come_and_nobody_else_does)
{
	struct manifest	 manifest;
	struct talk	 talk = { .manifest = &manifest };
	char		*state;

	fresh_node();
	manifest_init(&manifest, "web1");
	add_text(&manifest, "/srv/a", "one\n");
	add_check(&manifest, "true");
	run_session(&talk);
	manifest_fini(&manifest);

	/* The check counts itself outside of what is previewed: it must run once, though three resources name it. */
	manifest_init(&manifest, "web1");
	add_text(&manifest, "/srv/a", "two\n");
	add_check(&manifest, "echo >>/tmp/ran; test \"$(cat /srv/a /srv/link /srv/new/b)\" = \"$(printf 'two\\nbee\\nbee')\"");
	add_directory(&manifest, "/srv/new");
	add_file(&manifest, "/srv/new/b", "0600", "app", "bee\n", 4);
	add_check(&manifest, "echo >>/tmp/ran; test \"$(cat /srv/a /srv/link /srv/new/b)\" = \"$(printf 'two\\nbee\\nbee')\"");
	add_link(&manifest, "/srv/link", "new/b");
	add_check(&manifest, "echo >>/tmp/ran; test \"$(cat /srv/a /srv/link /srv/new/b)\" = \"$(printf 'two\\nbee\\nbee')\"");
	run_session(&talk);
	CHECK_STR(error_of(&talk), "");
	CHECK_TEXT("/tmp/ran", "\n");
	CHECK_TEXT("/srv/a", "two\n");
	manifest_fini(&manifest);

	state = tree();
	manifest_init(&manifest, "web1");
	add_text(&manifest, "/srv/a", "bad\n");
	add_check(&manifest, "cat /srv/a; exit 4");
	run_session(&talk);
	CHECK_STR(result_of(&talk), "failed");
	CHECK_STR(json_str(talk.result, "resource"), "file:/srv/a");
	CHECK_STR(error_of(&talk), "the check before it goes live failed: the command failed with status 4:\nbad\n"
	    "hint: what was checked: cat /srv/a; exit 4");
	free(state);
	manifest_fini(&manifest);
	CHECK_STR(buf_text(&talk.events), "");
	CHECK_TEXT("/srv/a", "two\n");
	CHECK(!file_exists(STATE_TRIAL "/upper0"));
	talk_fini(&talk);
}

/* "ID STATE DETAIL\n" for all that is not in sync. */
static char *
status_text(struct talk *talk)
{
	struct buf	 text = { 0 };
	const json_t	*one;
	size_t		 i;

	talk->op = "status";
	run_session(talk);
	talk->op = NULL;
	json_array_foreach(json_object_get(data_of(talk), "resources"), i, one)
		buf_addf(&text, "%s %s %s\n", json_str(one, "resource"), json_str(one, "state"), json_str(one, "detail"));
	buf_adds(&text, "");
	return text.data != NULL ? buf_take(&text) : xstrdup("");
}

static void
add_user(struct manifest *manifest, const char *shell, const char *comment, const char *group)
{
	json_t	*user = json_pack("{s:s, s:s}", "type", "user", "name", "app");

	if (shell != NULL)
		json_object_set_new(user, "shell", json_string(shell));
	if (comment != NULL)
		json_object_set_new(user, "comment", json_string(comment));
	if (group != NULL)
		json_object_set_new(user, "groups", json_pack("[s]", group));
	add_resource(manifest, user);
}

TEST(account_that_was_there_before_is_given_back_what_leap_changed_of_it)
{
	static const char	 passwd[] = "root:x:0:0::/root:/bin/sh\napp:x:1000:1000:The app:/srv:/bin/sh\n";
	static const char	 group[] = "root:x:0:\napp:x:1000:\nold:x:1001:app\nnew:x:1002:\n";
	struct manifest		 all, less, broken, nothing;
	struct talk		 talk = { .manifest = &all };

	fresh_node();
	put("/etc/passwd", passwd);
	put("/etc/group", group);
	manifest_init(&all, "web1");
	add_user(&all, "/usr/sbin/nologin", "leap's", "new");
	run_session(&talk);
	CHECK_STR(error_of(&talk), "");
	CHECK_TEXT("/etc/passwd", "root:x:0:0::/root:/bin/sh\napp:x:1000:1000:leap's:/srv:/usr/sbin/nologin\n");
	CHECK_TEXT("/etc/group", "root:x:0:\napp:x:1000:\nold:x:1001:app\nnew:x:1002:app\n");
	/* What the manifest no more names, and nothing else: it is in "old" by somebody else's doing. */
	manifest_init(&less, "web1");
	add_user(&less, NULL, "leap's", NULL);
	talk.manifest = &less;
	run_session(&talk);
	CHECK_STR(error_of(&talk), "");
	CHECK_TEXT("/etc/passwd", "root:x:0:0::/root:/bin/sh\napp:x:1000:1000:leap's:/srv:/bin/sh\n");
	CHECK_TEXT("/etc/group", group);
	/* It is nobody's matter but theirs from now on. */
	put("/etc/passwd", "root:x:0:0::/root:/bin/sh\napp:x:1000:1000:leap's:/srv:/bin/bash\n");
	run_session(&talk);
	CHECK_INT(changed_by(&talk), 0);
	/* An apply that fails gives back, too. */
	manifest_init(&broken, "web1");
	add_user(&broken, "/usr/sbin/nologin", "leap's", "new");
	add_exec(&broken, "break", "exit 1");
	talk.manifest = &broken;
	run_session(&talk);
	CHECK_STR(result_of(&talk), "failed");
	CHECK(json_is_true(json_object_get(talk.result, "reverted")));
	CHECK_TEXT("/etc/passwd", "root:x:0:0::/root:/bin/sh\napp:x:1000:1000:leap's:/srv:/bin/bash\n");
	CHECK_TEXT("/etc/group", group);
	manifest_init(&nothing, "web1");
	talk.manifest = &nothing;
	run_session(&talk);
	CHECK_STR(error_of(&talk), "");
	CHECK_TEXT("/etc/passwd", "root:x:0:0::/root:/bin/sh\napp:x:1000:1000:The app:/srv:/bin/bash\n");
	CHECK_TEXT("/etc/group", group);
	manifest_fini(&all);
	manifest_fini(&less);
	manifest_fini(&broken);
	manifest_fini(&nothing);
	talk_fini(&talk);
}

TEST(status_tells_drift_from_what_is_not_deployed)
{
	struct manifest	 deployed, next;
	struct talk	 talk = { .manifest = &deployed };
	char		*text, *before, *after;

	fresh_node();
	manifest_init(&deployed, "web1");
	for (const char *c = "abcdefg"; *c != '\0'; c++) {
		char	*path = xasprintf("/srv/%c", *c);

		add_text(&deployed, path, "one\n");
		free(path);
	}
	run_session(&talk);
	text = status_text(&talk);
	CHECK_STR(text, "");
	CHECK_INT(json_int(data_of(&talk), "in_sync", 0), 7);
	free(text);
	manifest_init(&next, "web1");
	add_text(&next, "/srv/a", "one\n");	/* as it is */
	add_text(&next, "/srv/b", "one\n");	/* drifted */
	add_text(&next, "/srv/c", "one\n");	/* its mode only */
	add_text(&next, "/srv/d", "two\n");	/* undeployed */
	add_text(&next, "/srv/e", "two\n");	/* both */
	add_text(&next, "/srv/f", "two\n");	/* somebody did already what the deploy would */
	add_text(&next, "/srv/new", "new\n");
	put("/srv/b", "mine\n");
	CHECK_INT(chmod("/srv/c", 0600), 0);
	put("/srv/e", "mine\n");
	put("/srv/f", "two\n");
	before = tree();
	talk.manifest = &next;
	text = status_text(&talk);
	CHECK_STR(text, "file:/srv/g undeployed remove\n"
	    "file:/srv/b drifted update content\n"
	    "file:/srv/c drifted update mode 0600 -> 0644\n"
	    "file:/srv/d undeployed update content\n"
	    "file:/srv/e both update content\n"
	    "file:/srv/new undeployed create\n");
	CHECK_INT(json_int(data_of(&talk), "in_sync", 0), 2);
	free(text);
	after = tree();
	CHECK_STR(after, before);
	free(before);
	free(after);
	/* What a cut apply owes is in no file. */
	put(STATE_JOURNAL, "{\"owe\":\"unit:app\",\"action\":\"restart\"}\n{\"owe\":\"daemon-reload\",\"action\":\"daemon-reload\"}\n");
	talk.manifest = &deployed;
	put("/srv/b", "one\n");
	put("/srv/e", "one\n");
	put("/srv/f", "one\n");
	CHECK_INT(chmod("/srv/c", 0644), 0);
	text = status_text(&talk);
	CHECK_STR(text, "unit:app owed restart\nsystemd owed daemon-reload\n");
	CHECK_INT(json_int(data_of(&talk), "in_sync", 0), 7);
	CHECK(!json_bool(data_of(&talk), "unfinished"));
	free(text);
	put(STATE_JOURNAL, "{\"begin\":\"me@here\"}\n");
	text = status_text(&talk);
	CHECK_STR(text, "");
	CHECK(json_bool(data_of(&talk), "unfinished"));
	free(text);
	manifest_fini(&deployed);
	manifest_fini(&next);
	talk_fini(&talk);
}

TEST(fetch_gives_managed_files_and_no_others)
{
	static const struct {
		const char	*path;
		const char	*want;
	} refused[] = {
		{ "/etc/passwd", "leap does not manage a file /etc/passwd here\nhint: only what leap put there can be brought back" },
		{ "/srv/key", "/srv/key has secrets\nhint: change the secret where it is made" },
		{ "/srv/link", "leap does not manage a file /srv/link here\nhint: only what leap put there can be brought back" },
		{ "/srv/gone", "/srv/gone is not there" },
		{ "/srv/huge", "/srv/huge is larger than 2 MiB" },
	};
	struct manifest	 manifest;
	struct talk	 talk = { .manifest = &manifest };

	fresh_node();
	manifest_init(&manifest, "web1");
	add_text(&manifest, "/srv/a", "one\n");
	add_text(&manifest, "/srv/gone", "gone\n");
	add_text(&manifest, "/srv/huge", "huge\n");
	add_link(&manifest, "/srv/link", "/etc/shadow");
	add_file(&manifest, "/srv/key", "0600", "root", "key\n", 4);
	json_object_set_new(json_array_get(json_object_get(manifest.root, "resources"), 4), "secret", json_true());
	run_session(&talk);
	CHECK_STR(error_of(&talk), "");
	CHECK_INT(unlink("/srv/gone"), 0);
	CHECK_INT(truncate("/srv/huge", (off_t)FETCH_MAX + 1), 0);
	put("/srv/a", "edited\n");
	talk.op = "fetch";
	talk.path = "/srv/a";
	run_session(&talk);
	CHECK_STR(json_str(data_of(&talk), "content"), "ZWRpdGVkCg==");
	CHECK_STR(json_str(data_of(&talk), "mode"), "0644");
	CHECK_STR(json_str(data_of(&talk), "owner"), "root");
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		talk.path = refused[i].path;
		run_session(&talk);
		CHECK_STR(error_of(&talk), refused[i].want);
		CHECK(data_of(&talk) == NULL);
	}
	manifest_fini(&manifest);
	talk_fini(&talk);
}

TEST(mark_keeps_everybody_from_deploying)
{
	struct manifest	 manifest;
	struct talk	 talk = { .manifest = &manifest, .op = "lock", .message = "new disk", .who = "alice@home" };
	const char	*lock;

	fresh_node();
	manifest_init(&manifest, "web1");
	add_text(&manifest, "/srv/a", "one\n");
	run_session(&talk);
	CHECK_STR(result_of(&talk), "ok");
	talk_fini(&talk);
	talk = (struct talk){ .manifest = &manifest };
	run_session(&talk);
	CHECK_STR(result_of(&talk), "locked");
	lock = json_str(talk.result, "lock");
	CHECK(lock != NULL && str_starts(lock, "alice@home since ") &&
	    str_ends(lock, " UTC: new disk"));
	CHECK(json_is_true(json_object_get(talk.result, "marked")));
	CHECK(!file_exists("/srv/a"));
	/* The second one learns whose the first one is. */
	talk.op = "lock";
	talk.message = "mine";
	run_session(&talk);
	CHECK_STR(result_of(&talk), "locked");
	talk.op = "plan";
	run_session(&talk);
	CHECK_STR(result_of(&talk), "ok");
	talk.op = "unlock";
	run_session(&talk);
	talk.op = NULL;
	run_session(&talk);
	CHECK_STR(result_of(&talk), "ok");
	CHECK_TEXT("/srv/a", "one\n");
	put(STATE_NO_DEPLOY, "");
	run_session(&talk);
	CHECK_STR(json_str(talk.result, "lock"), "a file, " STATE_NO_DEPLOY);
	manifest_fini(&manifest);
	talk_fini(&talk);
}

TEST(what_was_kept_goes_when_it_is_old_and_much)
{
	struct strs	 names = { 0 };

	fresh_node();
	CHECK_OK(dir_make(STATE_KEPT, 0700));
	for (int i = 0; i < KEPT_COUNT + 20; i++) {
		char	*path = xasprintf("%s/%s%02dZ/etc", STATE_KEPT, i < 15 ? "20200101T0000" : "20990101T0000", i % 100);

		CHECK_OK(dir_make(path, 0700));
		free(path);
	}
	kept_prune();
	CHECK_OK(dir_list(STATE_KEPT, &names));
	CHECK_INT(names.count, KEPT_COUNT + 5);	/* those of the future are not old, however many they are */
	strs_fini(&names);
}

int
main(void)
{
	const char	*why = enter_root();

	umask(022);
	signal(SIGPIPE, SIG_IGN);
	if (why != NULL) {
		printf("skip node_back: %s\n", why);
		return 0;
	}
	(void)!mkdir("/tmp", 01777);
	RUN(failing_step_takes_the_node_back);
	RUN(failing_step_takes_back_what_became_of_another_kind);
	RUN(failure_is_left_as_it_is_when_it_is_to_be_kept_or_the_first);
	RUN(records_say_where_a_manifest_came_from_and_what_it_changed);
	RUN(plan_is_apply_and_rollback_restores_for_random_pairs);
	RUN(rollback_goes_further_back_each_time);
	RUN(old_generations_go_with_their_contents);
	RUN(failures_do_not_push_out_what_works);
	RUN(check_sees_all_that_is_to_come_and_nobody_else_does);
	RUN(account_that_was_there_before_is_given_back_what_leap_changed_of_it);
	RUN(status_tells_drift_from_what_is_not_deployed);
	RUN(fetch_gives_managed_files_and_no_others);
	RUN(mark_keeps_everybody_from_deploying);
	RUN(what_was_kept_goes_when_it_is_old_and_much);
	return test_done();
}
