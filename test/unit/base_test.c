/* test/unit: base, every room's floor. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include "base/file.h"
#include "base/json.h"
#include "base/mask.h"
#include "base/parallel.h"
#include "base/proc.h"
#include "base/sha256.h"
#include "base/strs.h"
#include "base/term.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char	scratch[64];

TEST(err_has_a_rule_and_a_level)
{
	struct place		 place = { "nodes/web1.json", 3, 5, "\tport: 0" };
	const struct place	*where;
	struct buf		 text = { 0 };
	struct err		*e, *copy;

	CHECK(err_rule(NULL, "x") == NULL);
	CHECK(err_warning(NULL) == NULL);
	CHECK(err_moved(NULL, NULL, "x") == NULL);
	e = err_hint(err_at(ERR_CONFIG, &place, "no port"), "from 1 to 65535");
	CHECK_STR(err_rule_name(e), NULL);
	CHECK(!err_is_warning(e));
	e = err_rule(err_rule(e, "bad-port"), "port");
	CHECK_STR(err_rule_name(e), "bad-port");
	e = err_note(err_note(e, &place, "here"), NULL, "and nowhere");
	CHECK_STR(err_note_text(e, 0, &where), "here");
	CHECK_INT(where->line, 3);
	CHECK_STR(err_note_text(e, 1, &where), "and nowhere");
	CHECK(where == NULL);
	CHECK_STR(err_note_text(e, 2, &where), NULL);
	err_format_finding(e, &text);
	CHECK_STR(buf_text(&text), "nodes/web1.json:3:5: error: no port [bad-port]\n    \tport: 0\n    \t   ^\n"
	    "  nodes/web1.json:3:5: here\n  and nowhere\nhint: from 1 to 65535\n");

	/* What is joined without a rule gets the next one; all become warnings. */
	e = err_warning(err_rule(err_join(e, err_new(ERR_FAILED, "other")), "rest"));
	CHECK_STR(err_rule_name(e), "bad-port");
	CHECK_STR(err_rule_name(err_next(e)), "rest");
	CHECK(err_is_warning(e) && err_is_warning(err_next(e)));
	buf_clear(&text);
	err_format_finding(err_next(e), &text);
	CHECK_STR(buf_text(&text), "warning: other [rest]\n");

	copy = err_copy(e);
	err_free(e);
	CHECK_INT(err_count(copy), 1);
	CHECK_STR(err_rule_name(copy), "bad-port");
	copy = err_moved(copy, NULL, "ssh: %s", err_message(copy));
	buf_clear(&text);
	err_format_finding(copy, &text);
	CHECK_STR(buf_text(&text), "warning: ssh: no port [bad-port]\nhint: from 1 to 65535\n");
	CHECK_INT(err_code(copy), ERR_CONFIG);
	err_free(copy);
	buf_fini(&text);
}

TEST(err_quotes_the_line_with_a_caret_in_its_column)
{
	struct place	 place = { "nodes/web1.json", 4, 17, "\t\"services\": [\"webap\"]" };

	CHECK_ERR(err_hint(err_at(ERR_CONFIG, &place, "unknown service \"%s\"", "webap"), "did you mean \"webapp\"?"),
	    "nodes/web1.json:4:17: unknown service \"webap\"\n"
	    "    \t\"services\": [\"webap\"]\n"
	    "    \t               ^\n"
	    "hint: did you mean \"webapp\"?\n");
}

TEST(err_joins_notes_and_contexts)
{
	struct place	 place = { "a.json", 1, 0, NULL };
	struct err	*e;

	e = err_note(err_new(ERR_TRUST, "one"), &place, "because of this");
	e = err_join(err_context(e, "web%d", 1), err_new(ERR_FAILED, "two"));
	CHECK_INT(err_count(e), 2);
	CHECK_INT(err_code(e), ERR_TRUST);
	CHECK_STR(err_message(err_next(e)), "two");
	CHECK_ERR(e, "web1: one\n  a.json:1: because of this\ntwo\n");
	CHECK(err_join(NULL, NULL) == NULL);
	CHECK(err_hint(NULL, "nothing") == NULL);
}

TEST(err_errno_says_why)
{
	errno = ENOENT;
	CHECK_ERR(err_errno(ERR_FAILED, "%s", "x"), "x: No such file or directory\n");
}

TEST(err_quotes_only_the_surroundings_in_a_long_line)
{
	char		 line[501];
	struct place	 place = { "a", 1, 250, line };
	struct buf	 text = { 0 };
	struct err	*e;

	memset(line, 'x', 500);
	line[500] = '\0';
	e = err_at(ERR_CONFIG, &place, "m");
	err_format(e, &text);
	CHECK(text.len < 300);
	buf_fini(&text);
	err_free(e);
}

TEST(buf_grows_drops_and_gives_away)
{
	struct buf	 buf = { .secret = true };
	char		*text;
	int		 i;

	CHECK_STR(buf_text(&buf), "");
	for (i = 0; i < 100; i++)
		buf_addf(&buf, "%02d", i);
	CHECK_INT(buf.len, 200);
	buf_drop(&buf, 196);
	CHECK_STR(buf_text(&buf), "9899");
	buf_drop(&buf, 10);
	CHECK_INT(buf.len, 0);
	buf_adds(&buf, "end");
	text = buf_take(&buf);
	CHECK_STR(text, "end");
	CHECK(buf.data == NULL);
	free(text);
	buf_fini(&buf);
}

TEST(strs_nearest_finds_what_was_meant)
{
	static const struct { const char *word, *want; } rows[] = {
		{ "webap", "webapp" }, { "dsn", "dns" }, { "statics", "static" }, { "couchdb", NULL }, { "z", NULL },
		{ "opnevpn", "openvpn" }, { "m", NULL }, { "ms", "mx" },
	};
	struct strs	 list = { 0 };
	size_t		 i;

	strs_split(&list, "webapp,dns,static,openvpn,x,mx", ',');
	for (i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_STR(strs_nearest(&list, rows[i].word), rows[i].want);
	strs_fini(&list);
	CHECK(strs_nearest(&list, "x") == NULL);
}

TEST(strs_sort_split_join_remove)
{
	struct strs	 list = { 0 };
	struct buf	 text = { 0 };

	strs_split(&list, "c,,a", ',');
	strs_split(&list, "", ',');
	strs_sort(&list);
	strs_join(&list, "|", &text);
	CHECK_STR(buf_text(&text), "|a|c");
	strs_remove(&list, 0);
	CHECK_INT(list.count, 2);
	CHECK(strs_has(&list, "a") && !strs_has(&list, ""));
	strs_fini(&list);
	buf_fini(&text);
}

TEST(str_natural_counts_numbers)
{
	static const struct { const char *less, *more; } rows[] = {
		{ "web9", "web10" }, { "web", "web1" }, { "web1", "web1a" }, { "10.0.0.9", "10.0.0.10" }, { "a", "b" },
		{ "", "0" }, { "007", "8" }, { "01", "1" }, { "a01b2", "a1b3" }, { "a2b", "a10a" }, { "9", "a" },
		{ "99999999999999999999", "100000000000000000000" }, { "a", "\xc3\xa4" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!CHECK(str_natural(rows[i].less, rows[i].more) < 0) || !CHECK(str_natural(rows[i].more, rows[i].less) > 0))
			printf("  of \"%s\" and \"%s\"\n", rows[i].less, rows[i].more);
		CHECK_INT(str_natural(rows[i].less, rows[i].less), 0);
	}
}

TEST(sha256_is_fips_180)
{
	char	 hex[SHA256_HEX_SIZE];

	sha256_hex("abc", 3, hex);
	CHECK_STR(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	CHECK(sha256_valid(hex));
	CHECK(!sha256_valid("BA"));
}

TEST(mask_hides_secrets_and_lines_of_keys)
{
	struct buf	 text = { 0 };

	mask_register("hunter22", 8);
	mask_register("hunter2255", 10);
	mask_register("short", 5);
	mask_register("-----BEGIN\nQUJDREVG\n-----END\n", 29);
	buf_adds(&text, "a hunter22 b hunter2255 short QUJDREVG -----BEGIN");
	mask_apply(&text);
	CHECK_STR(buf_text(&text), "a [secret] b [secret] short [secret] -----BEGIN");
	mask_register("22 and more", 11);
	buf_clear(&text);
	buf_adds(&text, "hunter22 and more, hunter22hunter22, hunter2");
	mask_apply(&text);
	CHECK_STR(buf_text(&text), "[secret], [secret][secret], hunter2");
	CHECK(mask_has("a hunter22", 10));
	CHECK(!mask_has("a hunter22", 9));
	buf_fini(&text);
	mask_fini();
	CHECK(!mask_has("a hunter22", 10));
}

TEST(a_column_is_not_as_wide_as_a_secret)
{
	struct table	*table = table_new(2);
	char		*shown = NULL;
	size_t		 len;
	FILE		*stream = open_memstream(&shown, &len);

	mask_register("0123456789abcdef", 16);
	table_add(table, "0123456789abcdef");
	table_add(table, "x");
	table_add(table, "a");
	table_add(table, "y");
	table_print(table, stream);
	fclose(stream);
	CHECK_STR(shown, "[secret]  x\na         y\n");
	free(shown);
	table_free(table);
	mask_fini();
}

/* What is left of a text when the one secret is registered. */
static void
check_masked(const char *secret, const char *text, const char *expected)
{
	struct buf shown = { 0 };

	mask_register(secret, strlen(secret));
	buf_adds(&shown, text);
	mask_apply(&shown);
	CHECK_STR(buf_text(&shown), expected);
	buf_fini(&shown);
	mask_fini();
}

TEST(mask_hides_what_a_secret_was_quoted_as)
{
	check_masked("a\"b\\c\td$e", "\"a\\\"b\\\\c\\td$e\"", "\"[secret]\"");
	check_masked("ab\001\"cde", "ab\\u0001\\\"cde", "[secret]");
	check_masked("a\"b`c$d\\", "x=\"a\\\"b\\`c\\$d\\\\\"", "x=\"[secret]\"");
	check_masked("it's so", "x='it'\\''s so'", "x='[secret]'");
	check_masked("it's so", "x: 'it''s so'", "x: '[secret]'");
	check_masked("a<b>&\"c'", "<i>a&lt;b&gt;&amp;&quot;c&#39;</i>", "<i>[secret]</i>");
	check_masked("a b/c%d~\303\244", "?p=a%20b%2Fc%25d~%C3%A4&q", "?p=[secret]&q");
	check_masked("hunter22", "68756e7465723232 HUNTER22", "[secret] HUNTER22");
	check_masked("kilo-jay", "6b696C6F2d6a6179 6B696C6F2D6A6179", "6b696C6F2d6a6179 [secret]");
}

/* "hunter22" alone, behind one byte and two, and with more behind it; base64(1) made the texts. */
TEST(mask_hides_secrets_in_base64)
{
	check_masked("hunter22", "aHVudGVyMjI=", "[secret]=");
	check_masked("hunter22", "Omh1bnRlcjIy", "Om[secret]");
	check_masked("hunter22", "dXM6aHVudGVyMjI=", "dXM6[secret]=");
	check_masked("hunter22", "dTpodW50ZXIyMg==", "dTp[secret]==");
	check_masked("hunter22", "aHVudGVyMjIgaXM=", "[secret]gaXM=");
	check_masked("hunter22", "dTpodW50ZXIyMiBpcw==", "dTp[secret]iBpcw==");
	check_masked("\303\277\303\276\303\277\303\276", "w7/DvsO/w74=", "[secret]=");
	check_masked("\303\277\303\276\303\277\303\276", "w7_DvsO_w74", "[secret]");
}

TEST(mask_hides_texts_of_short_lines)
{
	check_masked("ab\ncd\nef\n", "ab\ncd\nef\ngh\nab\n", "[secret]\ngh\nab\n");
	check_masked("ab\ncd\nef\n", "\"ab\\ncd\\nef\\n\"", "\"[secret]\\n\"");
	check_masked("ab\n-----BED-", "- -----BED- -----BEGIN", "- [secret] -----BEGIN");
	check_masked("ab\ncd", "ab\ncd", "ab\ncd");
}

/* The lines of keys: 50 bytes that are the same, then what only one has. */
static void
key_line(char out[80], unsigned number)
{
	snprintf(out, 80, "%.48s%016x", "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg", number * 2654435761u);
}

TEST(mask_watches_a_text_for_values_that_come_later)
{
	static const char	 text[] = "abcdefX bcdefg, hunter22 and more";
	struct mask_watch	*watch = mask_watch_new(text, strlen(text)), *empty = mask_watch_new("", 0);

	CHECK(!mask_watch_has(watch));
	mask_register("hunter23", 8);
	mask_register("abcdefg", 7);		/* all of its parts are there, it is not */
	mask_register("and more!", 9);
	CHECK(!mask_watch_has(watch));
	mask_register("d more", 6);
	CHECK(mask_watch_has(watch));
	CHECK(mask_watch_has(watch));
	CHECK(!mask_watch_has(empty));
	mask_watch_free(watch);
	mask_watch_free(empty);
	watch = mask_watch_new(text, strlen(text));
	CHECK(mask_watch_has(watch));		/* and those that came before */
	mask_watch_free(watch);
	mask_watch_free(NULL);
	mask_fini();
}

TEST(mask_tells_thousands_of_keys_apart)
{
	struct buf	 text = { 0 };
	char		 line[80];

	for (unsigned i = 0; i < 10000; i++) {
		key_line(line, i);
		mask_register(line, 64);
		mask_register(line + 40, i % 2 == 0 ? 20 : 24);
	}
	for (unsigned i = 0; i < 10000; i++) {
		key_line(line, i);
		CHECK(mask_has(line, 64));
		buf_clear(&text);
		buf_addf(&text, "%s.%.48s", line, line);
		mask_apply(&text);
		line[48] = '\0';
		CHECK_STR(strchr(buf_text(&text), '.') + 1, line);
		CHECK(!mask_has(line, 48));
	}
	buf_clear(&text);
	key_line(line, 1);
	buf_addf(&text, "%s", line);
	mask_apply(&text);
	CHECK_STR(buf_text(&text), "[secret]");
	buf_fini(&text);
	mask_fini();
}

static void
count_call(void *context, size_t i)
{
	atomic_uint *calls = context;

	atomic_fetch_add(&calls[i], 1);
}

TEST(work_on_many_things_is_done_once_for_each)
{
	static const size_t	 counts[] = { 0, 1, 63, 64, 65, 1000, 4099 };
	static atomic_uint	 calls[4100];

	for (size_t i = 0; i < 2 * ARRAY_LEN(counts); i++) {
		memset(calls, 0, sizeof(calls));
		parallel_each(counts[i / 2], i % 2 == 0 ? PARALLEL_LIGHT : 1, count_call, calls);
		for (size_t j = 0; j < ARRAY_LEN(calls); j++)
			CHECK_INT(calls[j], j < counts[i / 2]);
	}
}

TEST(a_file_is_the_same_with_content_and_mode)
{
	char		 dir[] = "/tmp/leap-test-XXXXXX", *path, *link;

	CHECK(mkdtemp(dir) != NULL);
	path = path_join(dir, "a");
	link = path_join(dir, "b");
	CHECK(!file_same(path, "x", 1, 0644));
	CHECK_OK(file_write_unsynced(path, "x", 1, 0644));
	CHECK_OK(file_sync_all(path));
	CHECK(file_same(path, "x", 1, 0644));
	CHECK(!file_same(path, "x", 1, 0600));
	CHECK(!file_same(path, "y", 1, 0644));
	CHECK(!file_same(path, "", 0, 0644));
	CHECK(!file_same(path, "xx", 2, 0644));
	CHECK_INT(symlink(path, link), 0);
	CHECK(!file_same(link, "x", 1, 0644));
	CHECK_OK(dir_remove(dir));
	free(path);
	free(link);
}

TEST(file_write_replaces_with_final_mode_and_leaves_nothing_beside)
{
	char		*path = path_join(scratch, "file");
	struct buf	 text = { 0 };
	struct strs	 names = { 0 };
	struct stat	 st;
	bool		 changed = false;

	CHECK_OK(file_write(path, "one", 3, 0640));
	CHECK_OK(file_update(path, "two", 3, 0600, &changed));
	CHECK(changed);
	CHECK_OK(file_update(path, "two", 3, 0600, &changed));
	CHECK(!changed);
	CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600);
	CHECK_OK(file_read(path, 3, &text));
	CHECK_STR(buf_text(&text), "two");
	CHECK_ERR_HAS(file_read(path, 2, &text), "larger than 2 bytes");
	CHECK_OK(dir_list(scratch, &names));
	CHECK_INT(names.count, 1);
	CHECK_ERR_HAS(file_write("/nonexistent/file", "", 0, 0600), "No such file");
	CHECK_ERR_HAS(file_read(scratch, 10, &text), "not a regular file");
	strs_fini(&names);
	buf_fini(&text);
	free(path);
}

TEST(file_read_beneath_refuses_to_leave)
{
	char		*inside = path_join(scratch, "in"), *link = path_join(scratch, "in/link");
	struct buf	 text = { 0 };

	CHECK_OK(dir_make(inside, 0755));
	CHECK(symlink("../file", link) == 0);
	CHECK_OK(file_read_beneath(scratch, "in/link", 100, &text));
	CHECK_ERR_HAS(file_read_beneath(inside, "link", 100, &text), "leads outside");
	CHECK_ERR_HAS(file_read_beneath(inside, "../file", 100, &text), "leads outside");
	CHECK_ERR_HAS(file_read_beneath(inside, "/etc/passwd", 100, &text), "leads outside");
	CHECK_ERR_HAS(file_read_beneath(inside, "none", 100, &text), "No such file");
	buf_fini(&text);
	free(inside);
	free(link);
}

TEST(dir_remove_takes_the_tree_but_not_what_a_link_names)
{
	char		*dir = path_join(scratch, "tree/a/b"), *tree = path_join(scratch, "tree");
	char		*link = path_join(scratch, "tree/a/out"), *file = path_join(scratch, "file");

	CHECK_OK(dir_make(dir, 0755));
	CHECK(symlink("../../in", link) == 0);
	CHECK_OK(dir_remove(tree));
	CHECK(!file_exists(tree));
	CHECK(file_exists(file));
	CHECK_OK(dir_remove(tree));
	free(dir);
	free(tree);
	free(link);
	free(file);
}

TEST(proc_feeds_collects_and_reports)
{
	struct buf	 out = { 0 }, errors = { 0 };
	struct proc	 proc = {
		.argv = (const char *const []){ "sh", "-c", "cat; echo no >&2; exit 3", NULL },
		.input = "yes", .input_len = 3, .output = &out, .errors = &errors,
	};
	int		 status = 0;

	CHECK_OK(proc_run(&proc, &status));
	CHECK_INT(status, 3);
	CHECK_STR(buf_text(&out), "yes");
	CHECK_STR(buf_text(&errors), "no\n");
	CHECK_OK(proc_do("true", NULL));
	CHECK_ERR(proc_do("sh", "-c", "echo why; exit 4", NULL), "sh: exit status 4: why\n");
	CHECK_ERR(proc_do("/nonexistent", NULL), "cannot run /nonexistent: No such file or directory\n");
	buf_fini(&out);
	buf_fini(&errors);
}

TEST(proc_ends_what_takes_too_long_with_its_children)
{
	struct buf	 out = { 0 };
	struct proc	 proc = {
		.argv = (const char *const []){ "sh", "-c", "sleep 60 & sleep 60", NULL },
		.output = &out, .timeout = 1,
	};
	int		 status = 0;

	CHECK_ERR(proc_run(&proc, &status), "sh: not done after 1 seconds\n");
	buf_fini(&out);
}

TEST(proc_does_not_wait_for_a_grandchild_that_keeps_the_output_open)
{
	struct buf	 out = { 0 };
	struct proc	 proc = {
		.argv = (const char *const []){ "sh", "-c", "echo first; sleep 3 &", NULL },
		.output = &out, .timeout = 2,
	};
	int		 status = 0;

	CHECK_OK(proc_run(&proc, &status));
	CHECK_STR(buf_text(&out), "first\n");
	buf_fini(&out);
}

TEST(json_canonical_is_the_same_for_equal_values)
{
	json_t		*value = json_loads("{\"b\": [1, 2.5, null], \"a\": \"\\u00e9\\n\"}", 0, NULL);
	struct buf	 text = { 0 };

	json_canonical(value, &text);
	CHECK_STR(buf_text(&text), "{\"a\":\"\303\251\\n\",\"b\":[1,2.5,null]}");
	CHECK_STR(json_str(value, "a"), "\303\251\n");
	CHECK_INT(json_int(value, "none", 7), 7);
	buf_fini(&text);
	json_decref(value);
}

TEST(output_makes_control_characters_visible)
{
	struct buf	 text = { 0 };
	char		 got[128] = { 0 };
	FILE		*stream = tmpfile();

	if (!CHECK(stream != NULL))
		return;
	buf_adds(&text, "a\033[2Jb\rc\302\233\377d\342\200\256\303\251\033[31mred\033[0m\n");
	term_write(stream, &text);
	rewind(stream);
	CHECK(fread(got, 1, sizeof(got) - 1, stream) > 0);
	CHECK_STR(got, "a\\x1b[2Jb\\x0dc\\xc2\\x9b\\xffd\\xe2\\x80\\xae\303\251\\x1b[31mred\\x1b[0m\n");
	fclose(stream);
	buf_fini(&text);
}

TEST(an_escape_at_the_very_end_is_not_read_past)
{
	struct buf	 text = { 0 };
	FILE		*stream = tmpfile();

	if (!CHECK(stream != NULL))
		return;
	while (text.len < 62)
		buf_addc(&text, 'x');
	buf_addc(&text, '\033');
	CHECK_INT(text.cap, text.len + 1);	/* else nothing is tried */
	term_write(stream, &text);
	CHECK_INT(ftell(stream), 62 + 4);
	fclose(stream);
	buf_fini(&text);
}

int
main(void)
{
	json_setup();
	snprintf(scratch, sizeof(scratch), "/tmp/leap-base-XXXXXX");
	if (mkdtemp(scratch) == NULL)
		return 1;
	RUN(err_quotes_the_line_with_a_caret_in_its_column);
	RUN(err_joins_notes_and_contexts);
	RUN(err_errno_says_why);
	RUN(err_has_a_rule_and_a_level);
	RUN(err_quotes_only_the_surroundings_in_a_long_line);
	RUN(buf_grows_drops_and_gives_away);
	RUN(strs_nearest_finds_what_was_meant);
	RUN(strs_sort_split_join_remove);
	RUN(str_natural_counts_numbers);
	RUN(sha256_is_fips_180);
	RUN(mask_hides_secrets_and_lines_of_keys);
	RUN(a_column_is_not_as_wide_as_a_secret);
	RUN(mask_hides_what_a_secret_was_quoted_as);
	RUN(mask_hides_secrets_in_base64);
	RUN(mask_hides_texts_of_short_lines);
	RUN(mask_watches_a_text_for_values_that_come_later);
	RUN(mask_tells_thousands_of_keys_apart);
	RUN(work_on_many_things_is_done_once_for_each);
	RUN(a_file_is_the_same_with_content_and_mode);
	RUN(file_write_replaces_with_final_mode_and_leaves_nothing_beside);
	RUN(file_read_beneath_refuses_to_leave);
	RUN(dir_remove_takes_the_tree_but_not_what_a_link_names);
	RUN(proc_feeds_collects_and_reports);
	RUN(proc_ends_what_takes_too_long_with_its_children);
	RUN(proc_does_not_wait_for_a_grandchild_that_keeps_the_output_open);
	RUN(json_canonical_is_the_same_for_equal_values);
	RUN(output_makes_control_characters_visible);
	RUN(an_escape_at_the_very_end_is_not_read_past);
	err_free(dir_remove(scratch));
	return test_done();
}
