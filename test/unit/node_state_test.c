/* test/unit: what leap-node keeps: journal, managed, index, lock. */
/* May know node, wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include "base/file.h"
#include "base/json.h"
#include "base/strs.h"
#include "node/index.h"
#include "node/journal.h"
#include "node/lock.h"
#include "node/managed.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char	scratch[64];

static const char *
in_scratch(const char *name)
{
	static char	 path[128];

	snprintf(path, sizeof(path), "%s/%s", scratch, name);
	return path;
}

static json_t *
link_entry(const char *path)
{
	char	*id = xasprintf("link:%s", path);
	json_t	*want = json_pack("{s:s, s:s, s:s}", "type", "link", "path", path, "target", "x");
	json_t	*entry = entry_new(id, want, NULL);

	json_decref(want);
	free(id);
	return entry;
}

static void
write_text(const char *path, const char *text)
{
	CHECK_OK(file_write(path, text, strlen(text), 0600));
}

TEST(journal_remembers_what_was_committed_and_not_what_was_cut)
{
	struct managed	 managed = { .entries = json_object() };
	struct journal	 journal;
	json_t		*entry = link_entry("/a");
	const char	*path = in_scratch("journal");
	int		 fd;

	CHECK_OK(journal_load(&journal, path, &managed));
	CHECK(!journal.cut);
	CHECK_OK(journal_begin(&journal, "me"));
	journal_entry(&journal, entry);
	journal_owe(&journal, "unit:a", "reload");
	journal_owe(&journal, "unit:b", "restart");
	journal_owe(&journal, "unit:b", "reload");
	journal_owe(&journal, "unit:c", "restart");
	CHECK_OK(journal_commit(&journal, true));
	journal_owe(&journal, "unit:a", "restart");
	journal_paid(&journal, "unit:c");
	CHECK_OK(journal_commit(&journal, true));
	journal_owe(&journal, "unit:never", "restart");
	journal_fini(&journal);

	/* The power went while a line was written. */
	fd = open(path, O_WRONLY | O_APPEND);
	CHECK_INT(write(fd, "{\"owe\":\"unit:to", 15), 15);
	close(fd);
	CHECK_OK(journal_load(&journal, path, &managed));
	CHECK(journal.cut);
	CHECK_STR(journal_owed(&journal, "unit:a"), "restart");
	CHECK_STR(journal_owed(&journal, "unit:b"), "restart");
	CHECK_STR(journal_owed(&journal, "unit:c"), NULL);
	CHECK_STR(journal_owed(&journal, "unit:never"), NULL);
	CHECK(managed_get(&managed, "link:/a") != NULL);

	/* What is written behind the cut line is a line of its own. */
	CHECK_OK(journal_begin(&journal, "me"));
	journal_gone(&journal, "link:/a");
	journal_paid(&journal, "unit:a");
	CHECK_OK(journal_commit(&journal, false));
	journal_fini(&journal);
	CHECK_OK(journal_load(&journal, path, &managed));
	CHECK(managed_get(&managed, "link:/a") == NULL);
	CHECK_STR(journal_owed(&journal, "unit:a"), NULL);

	CHECK_OK(journal_finish(&journal));
	journal_fini(&journal);
	CHECK_OK(journal_load(&journal, path, &managed));
	CHECK(!journal.cut);
	CHECK_STR(journal_owed(&journal, "unit:b"), "restart");
	journal_fini(&journal);
	json_decref(entry);
	managed_fini(&managed);
}

TEST(journal_says_an_entry_again_only_when_it_changed)
{
	struct managed	 managed = { .entries = json_object() };
	struct journal	 journal;
	json_t		*entry = link_entry("/a");
	const char	*path = in_scratch("said");
	size_t		 length;

	CHECK_OK(journal_load(&journal, path, &managed));
	CHECK_OK(journal_begin(&journal, "me"));
	journal_entry(&journal, entry);
	CHECK_OK(journal_commit(&journal, true));
	length = journal.length;
	journal_entry(&journal, entry);
	CHECK_OK(journal_commit(&journal, true));
	CHECK_INT(journal.length, length);
	json_object_set_new(entry, "note", json_true());
	journal_entry(&journal, entry);
	CHECK_OK(journal_commit(&journal, true));
	CHECK(journal.length > length);
	journal_gone(&journal, "link:/a");
	journal_entry(&journal, entry);
	CHECK_OK(journal_commit(&journal, true));
	journal_fini(&journal);
	CHECK_OK(journal_load(&journal, path, &managed));
	CHECK(json_bool(managed_get(&managed, "link:/a"), "note"));
	journal_fini(&journal);
	managed_fini(&managed);
	json_decref(entry);
}

TEST(journal_that_is_damaged_is_not_guessed_at)
{
	struct managed	 managed = { .entries = json_object() };
	struct journal	 journal;
	const char	*path = in_scratch("damaged");
	char		*want = xasprintf("%s:2 is damaged\n"
	    "hint: the disk may be failing; move the file away, then restart the services by hand\n", path);

	write_text(path, "{\"begin\":\"me\"}\nrubbish\n{\"paid\":\"x\"}\n");
	CHECK_ERR(journal_load(&journal, path, &managed), want);
	journal_fini(&journal);
	write_text(path, "{\"begin\":\"me\"}\n{\"entry\":{\"id\":\"file:/x\",\"want\":{\"path\":\"/x\"}}}\n");
	CHECK_ERR(journal_load(&journal, path, &managed), want);
	journal_fini(&journal);
	free(want);
	managed_fini(&managed);
}

TEST(managed_comes_back_in_order_and_the_gone_in_reverse)
{
	static const char *const	 paths[] = { "/z", "/b", "/a", "/y" };
	struct managed			 managed = { .entries = json_object() }, again = { 0 };
	struct strs			 ids = { 0 }, gone = { 0 };
	struct buf			 text = { 0 };
	const char			*path = in_scratch("managed.json"), *id;
	json_t				*entry, *wanted = json_pack("{s:b}", "link:/a", 1);

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		entry = link_entry(paths[i]);
		json_object_set_new(managed.entries, json_str(entry, "id"), entry);
	}
	/* /y and /z are in no manifest any more but could not be removed. */
	strs_add(&ids, "link:/a");
	strs_add(&ids, "link:/b");
	managed_order(&managed, &ids);
	CHECK_OK(managed_save(&managed, path));
	CHECK_OK(managed_load(&again, path));
	json_object_foreach(again.entries, id, entry)
		buf_addf(&text, "%s ", id);
	CHECK_STR(buf_text(&text), "link:/z link:/y link:/a link:/b ");
	managed_gone(&again, wanted, &gone);
	buf_clear(&text);
	strs_join(&gone, " ", &text);
	CHECK_STR(buf_text(&text), "link:/b link:/y link:/z");
	json_decref(wanted);
	strs_fini(&ids);
	strs_fini(&gone);
	buf_fini(&text);
	managed_fini(&managed);
	managed_fini(&again);
}

TEST(managed_entry_knows_all_that_leap_may_have_put_until_it_is_settled)
{
	json_t	*entry = link_entry("/a"), *want = json_pack("{s:s}", "type", "link");

	CHECK(json_bool(entry, "intent"));
	entry_add_ours(entry, "one");
	entry_add_ours(entry, "two");
	entry_add_ours(entry, "two");
	CHECK(entry_ours(entry, "one") && entry_ours(entry, "two") && !entry_ours(entry, "three"));
	CHECK_INT(json_array_size(json_object_get(entry, "ours")), 2);
	entry_settle(entry, want, "two");
	CHECK(!json_bool(entry, "intent"));
	CHECK(!entry_ours(entry, "one") && entry_ours(entry, "two"));
	json_decref(entry);
	json_decref(want);
}

TEST(managed_that_is_damaged_is_an_error_and_not_empty)
{
	static const char *const	 texts[] = { "", "{", "{\"version\":1,\"entries\":[{}]}",
	    "{\"version\":1,\"entries\":[{\"id\":\"link:/a\",\"want\":{\"type\":\"link\",\"path\":\"/b\"}}]}" };
	struct managed			 managed;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		write_text(in_scratch("bad.json"), texts[i]);
		CHECK_ERR_HAS(managed_load(&managed, in_scratch("bad.json")), "bad.json is damaged: ");
		managed_fini(&managed);
	}
	write_text(in_scratch("bad.json"), "{\"version\":9,\"entries\":[]}");
	CHECK_ERR_HAS(managed_load(&managed, in_scratch("bad.json")), "was written by another version of leap");
	managed_fini(&managed);
}

/* Ask the index for the hash of a file in scratch. */
static void
ask(struct index *index, const char *name, char out[SHA256_HEX_SIZE])
{
	int		 dir = open(scratch, O_PATH | O_DIRECTORY);
	struct stat	 st;

	CHECK_INT(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	CHECK_OK(index_sha256(index, in_scratch(name), dir, name, &st, out));
	close(dir);
}

/* Let the entry of `name` lie about its content, to see whether it is believed. */
static void
falsify(struct index *index, const char *name)
{
	for (size_t i = 0; i < index->count; i++)
		if (strcmp(index->entries[i].path, in_scratch(name)) == 0)
			memset(index->entries[i].sha256, 'f', SHA256_HEX_SIZE - 1);
}

static bool
believed(const char hash[SHA256_HEX_SIZE])
{
	return hash[0] == 'f' && hash[1] == 'f' && hash[63] == 'f';
}

TEST(index_reads_a_file_only_when_it_may_have_changed)
{
	const struct timespec	 moment = { .tv_nsec = 80000000 };
	struct index		 index = { 0 };
	char			 hash[SHA256_HEX_SIZE], want[SHA256_HEX_SIZE];

	write_text(in_scratch("file"), "one");
	sha256_hex("one", 3, want);
	ask(&index, "file", hash);
	CHECK_STR(hash, want);

	/* It was read so shortly after it was written that it is not trusted yet. */
	falsify(&index, "file");
	ask(&index, "file", hash);
	CHECK_STR(hash, want);

	nanosleep(&moment, NULL);
	ask(&index, "file", hash);
	falsify(&index, "file");
	ask(&index, "file", hash);
	CHECK(believed(hash));
	index.thorough = true;
	ask(&index, "file", hash);
	CHECK_STR(hash, want);
	index.thorough = false;

	falsify(&index, "file");
	CHECK_INT(chmod(in_scratch("file"), 0640), 0);
	ask(&index, "file", hash);
	CHECK_STR(hash, want);
	write_text(in_scratch("file"), "two");
	sha256_hex("two", 3, want);
	ask(&index, "file", hash);
	CHECK_STR(hash, want);
	index_fini(&index);
}

TEST(index_comes_back_without_what_was_not_asked_for)
{
	const struct timespec	 moment = { .tv_nsec = 80000000 };
	struct index		 index = { 0 };
	char			 hash[SHA256_HEX_SIZE];

	write_text(in_scratch("a file"), "one");
	write_text(in_scratch("other"), "two");
	nanosleep(&moment, NULL);
	ask(&index, "a file", hash);
	ask(&index, "other", hash);
	CHECK_OK(index_save(&index, in_scratch("index")));
	index_fini(&index);

	index_load(&index, in_scratch("index"));
	CHECK_INT(index.count, 2);
	falsify(&index, "a file");
	ask(&index, "a file", hash);
	CHECK(believed(hash));
	CHECK_OK(index_save(&index, in_scratch("index")));
	index_fini(&index);
	index_load(&index, in_scratch("index"));
	CHECK_INT(index.count, 1);
	index_fini(&index);

	write_text(in_scratch("index"), "leap index 1\nrubbish\n");
	index_load(&index, in_scratch("index"));
	CHECK_INT(index.count, 0);
	index_fini(&index);
}

static bool
go_on(void *context)
{
	(void)context;
	return false;
}

TEST(lock_says_who_has_it_and_is_free_when_the_holder_dies)
{
	const char	*path = in_scratch("lock");
	char		*holder = NULL, want[256];
	struct lock	 lock;
	int		 ready[2], status;
	char		 byte;
	pid_t		 child;

	CHECK_INT(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		err_free(lock_take(&lock, &holder, path, "ann@desk", "a deploy", 0, go_on, NULL));
		(void)!write(ready[1], "x", 1);
		pause();
		_exit(0);
	}
	CHECK_INT(read(ready[0], &byte, 1), 1);
	CHECK_OK(lock_take(&lock, &holder, path, "bob@desk", "a deploy", 0, go_on, NULL));
	CHECK_INT(lock.fd, -1);
	CHECK(!lock.stale);
	CHECK(holder != NULL && str_starts(holder, "ann@desk since ") && str_ends(holder, "): a deploy"));
	free(holder);
	/* Stopped, it touches the lock no more; and whoever waits need not do so to the end. */
	kill(child, SIGSTOP);
	CHECK_INT(utimensat(AT_FDCWD, path, (struct timespec[]){ { .tv_nsec = UTIME_NOW },
	    { .tv_sec = time(NULL) - 630 } }, 0), 0);
	CHECK_OK(lock_take(&lock, &holder, path, "bob@desk", "a deploy", 3600, go_on, NULL));
	CHECK(lock.stale);
	CHECK(holder != NULL && str_ends(holder, "): a deploy; no sign of life for 10 min"));
	free(holder);
	/* This test is no leap-node, so nobody ends it. */
	snprintf(want, sizeof(want), "the lock is held, but by no leap-node that it names\n"
	    "hint: fuser -v %s on the node says who has it\n", path);
	CHECK_ERR(lock_break(path), want);
	CHECK_INT(waitpid(child, &status, WNOHANG), 0);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	CHECK_OK(lock_take(&lock, &holder, path, "bob@desk", "a deploy", 0, go_on, NULL));
	CHECK(lock.fd >= 0);
	CHECK_STR(holder, NULL);
	lock_release(&lock);
	CHECK_INT(lock.fd, -1);
	close(ready[0]);
	close(ready[1]);
}

int
main(void)
{
	snprintf(scratch, sizeof(scratch), "/tmp/leap-unit-XXXXXX");
	if (mkdtemp(scratch) == NULL)
		return 1;
	RUN(journal_remembers_what_was_committed_and_not_what_was_cut);
	RUN(journal_says_an_entry_again_only_when_it_changed);
	RUN(journal_that_is_damaged_is_not_guessed_at);
	RUN(managed_comes_back_in_order_and_the_gone_in_reverse);
	RUN(managed_entry_knows_all_that_leap_may_have_put_until_it_is_settled);
	RUN(managed_that_is_damaged_is_an_error_and_not_empty);
	RUN(index_reads_a_file_only_when_it_may_have_changed);
	RUN(index_comes_back_without_what_was_not_asked_for);
	RUN(lock_says_who_has_it_and_is_free_when_the_holder_dies);
	err_free(dir_remove(scratch));
	return test_done();
}
