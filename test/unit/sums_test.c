/* unit: the list of the vault's files that is signed. */
/* May know vault, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vault/sums.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"
#include "repo/repo.h"
#include "test.h"
#include "vault/serial.h"
#include "vault/signed.h"

#include <stdlib.h>
#include <unistd.h>

#define A	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define UPPER	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define B	"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

TEST(covers_what_others_could_replace)
{
	static const struct { const char *path; bool covered; } rows[] = {
		{ "secrets/live/db.age", true }, { "secrets/live/db", false }, { "files/a.age", true },
		{ "files/nodes/web1/web1.key.age", true }, { "files/nodes/web1/web1.crt", false }, { "users/ann/ann_ssh.pub", true },
		{ "users/ann/ann.age", true }, { "users/ann", false }, { "users/ann/more/key", false }, { "vault/live.age", true },
		{ "vault/live.json", true }, { "vault/SHA256SUMS", false }, { "vault/SHA256SUMS.serial", true },
		 { "vault/.new/0.age", false }, { "nodes/a.age", false },
		{ "secretsx/a.age", false }, { "", false }, { "users/", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (sums_cover(rows[i].path) != rows[i].covered)
			CHECK_STR(rows[i].path, rows[i].covered ? "covered" : "not covered");
	}
}

TEST(a_list_is_written_and_read_in_one_way)
{
	static const char	 text[] = A "  secrets/live/db.age\n" B "  users/ann/ann_ssh.pub\n";
	struct buf		 out = { 0 };
	json_t			*sums = NULL;

	CHECK_OK(sums_parse(&sums, "list", text, strlen(text)));
	CHECK_INT(json_object_size(sums), 2);
	CHECK_STR(sums_of(sums, "users/ann/ann_ssh.pub"), B);
	CHECK_STR(sums_of(sums, "users/bob/bob_ssh.pub"), NULL);
	sums_write(sums, &out);
	CHECK_STR(buf_text(&out), text);
	json_decref(sums);
	CHECK_OK(sums_parse(&sums, "list", "", 0));
	CHECK_INT(json_object_size(sums), 0);
	json_decref(sums);
	buf_fini(&out);
}

TEST(a_line_that_is_otherwise_is_named)
{
	static const struct { const char *text; unsigned line; } rows[] = {
		{ A "  secrets/live/db.age", 1 },			/* no newline */
		{ "\n", 1 }, { "x\n", 1 }, { A "\n", 1 }, { A "  \n", 1 },
		{ A " secrets/live/db.age\n", 1 }, { A " *secrets/live/db.age\n", 1 }, { "A" A "  secrets/live/db.age\n", 1 },
		{ A "  secrets/live/db.age\r\n", 1 }, { A "  secrets/live/d\\nb.age\n", 1 },
		{ A "  secrets/live/d\x7f" "b.age\n", 1 }, { UPPER "  secrets/live/db.age\n", 1 },
		{ A "  secrets/live/d\tb.age\n", 1 }, { A "  nodes/web1.json\n", 1 }, { A "  /etc/shadow.age\n", 1 },
		{ A "  secrets/\xff.age\n", 1 },			/* not UTF-8 */
		{ A "  secrets/b.age\n" A "  secrets/a.age\n", 2 }, { A "  secrets/b.age\n" B "  secrets/b.age\n", 2 },
		{ A "  secrets/b.age\n\n", 2 }, { A "  secrets/b.age\n# more\n", 2 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		json_t	*sums = NULL;
		char	*want = xasprintf("list:%u: no line of a list of the vault's files and their hashes\n", rows[i].line);

		CHECK_ERR(sums_parse(&sums, "list", rows[i].text, strlen(rows[i].text)), want);
		CHECK(sums == NULL);
		free(want);
	}
}

/* What stands behind it would be signed, and not be looked at. */
TEST(a_line_has_no_nul)
{
	static const char	 text[] = A "  secrets/a.age\0b.age\n";
	json_t			*sums = NULL;

	CHECK_ERR(sums_parse(&sums, "list", text, sizeof(text) - 1),
	    "list:1: no line of a list of the vault's files and their hashes\n");
	CHECK(sums == NULL);
}

TEST(files_are_found_also_behind_a_link_but_not_behind_two)
{
	char		 dir[] = "/tmp/leap-sums-XXXXXX";
	struct repo	 repo = { .root = dir };
	json_t		*sums = NULL;
	struct buf	 out = { 0 };
	char		*path;

	CHECK(mkdtemp(dir) != NULL);
	static const char *const files[] = { "files/a/b/c.age", "files/a/b/c.crt", "elsewhere/d.age", "vault/live.age",
	    "vault/under/live.age", "users/ann/ann_ssh.pub", "users/README" };
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		path = path_join(dir, files[i]);
		CHECK_OK(dir_make_parent(path, 0755));
		CHECK_OK(file_write(path, "", 0, 0644));
		free(path);
	}
	path = path_join(dir, "files/link");
	CHECK_INT(symlink("../elsewhere", path), 0);
	free(path);
	CHECK_OK(sums_scan(&sums, &repo));
	sums_write(sums, &out);
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	CHECK_STR(buf_text(&out), EMPTY "  files/a/b/c.age\n" EMPTY "  files/link/d.age\n" EMPTY "  users/ann/ann_ssh.pub\n"
	    EMPTY "  vault/live.age\n");
	json_decref(sums);
	path = path_join(dir, "elsewhere/loop");
	CHECK_INT(symlink(".", path), 0);
	free(path);
	CHECK_ERR(sums_scan(&sums, &repo), "files/link/loop: a link behind a link: the vault cannot be looked through\n"
	    "hint: put the directory in its place\n");
	CHECK(sums == NULL);
	path = path_join(dir, "files/a/b/c\n.age");
	CHECK_OK(file_write(path, "", 0, 0644));
	CHECK_ERR(sums_scan(&sums, &repo), "files/a/b/c?.age: a name that no list can have\nhint: rename it\n");
	free(path);
	CHECK_OK(dir_remove(dir));
	buf_fini(&out);
}

/* Where git has merged two lists there are both numbers; what is no number is none, and one from far away is not gone on with. */
TEST(each_list_has_a_higher_number)
{
	static const struct { const char *text; json_int_t number, least; const char *next; } rows[] = {
		{ NULL, 0, 0, "1\n" }, { NULL, 0, 7, "8\n" }, { "", 0, 0, "1\n" }, { "7\n", 7, 0, "8\n" }, { "7\n", 7, 7, "8\n" },
		{ "7\n", 7, 9, "10\n" }, { "7\n12\n9\n", 12, 0, "13\n" }, { "7", 7, 0, "8\n" },
		{ "x\n", 0, 0, "1\n" }, { "-5\n", 0, 0, "1\n" }, { "7x\n", 0, 0, "1\n" }, { " 7\n", 0, 0, "1\n" },
		{ "7\n8x\n\n", 7, 0, "8\n" }, { "1000000000\n", 1000000000, 0, "1000000001\n" },
		{ "1000000001\n", 1000000001, 5, "6\n" }, { "999999999999999\n", 999999999999999, 5, "6\n" },
		{ "1000000000000000\n", 0, 5, "6\n" },
	};
	char		 dir[] = "/tmp/leap-sums-XXXXXX";
	struct repo	 repo = { .root = dir };
	struct buf	 next = { 0 };
	char		*path;

	if (!CHECK(mkdtemp(dir) != NULL))
		return;
	path = path_join(dir, SUMS_SERIAL);
	CHECK_OK(dir_make_parent(path, 0755));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		json_int_t number = -1;

		if (rows[i].text != NULL)
			CHECK_OK(file_write(path, rows[i].text, strlen(rows[i].text), 0644));
		buf_clear(&next);
		if (!CHECK_OK(serial_read(&repo, &number)) || !CHECK_INT(number, rows[i].number) ||
		    !CHECK_OK(serial_next(&repo, rows[i].least, &next)) || !CHECK_STR(buf_text(&next), rows[i].next))
			printf("  by row %zu\n", i);
	}
	CHECK_OK(dir_remove(dir));
	buf_fini(&next);
	free(path);
}

int
main(void)
{
	json_setup();
	RUN(covers_what_others_could_replace);
	RUN(a_list_is_written_and_read_in_one_way);
	RUN(a_line_that_is_otherwise_is_named);
	RUN(a_line_has_no_nul);
	RUN(files_are_found_also_behind_a_link_but_not_behind_two);
	RUN(each_list_has_a_higher_number);
	return test_done();
}
