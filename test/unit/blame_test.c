/* test/unit: who wrote which line. */
/* May know repo, base; the stock git program makes the history. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include "base/file.h"
#include "base/proc.h"
#include "repo/blame.h"

#include <stdlib.h>
#include <unistd.h>

static char top[64];

static void
put(const char *path, const char *text)
{
	char *full = path_join(top, path);

	CHECK_OK(dir_make_parent(full, 0755));
	CHECK_OK(file_write(full, text, strlen(text), 0644));
	free(full);
}

/* Run git in the top directory; `command` is a line of shell. */
static void
git(const char *command)
{
	char		*line = xasprintf("cd %s && export GIT_CONFIG_GLOBAL=/dev/null && %s", top, command);
	const char	*argv[] = { "sh", "-c", line, NULL };
	struct buf	 output = { 0 };
	struct proc	 proc = { .argv = argv, .output = &output };
	int		 status = -1;

	if (!CHECK_OK(proc_run(&proc, &status)) || !CHECK_INT(status, 0))
		printf("%s\n%s\n", command, buf_text(&output));
	buf_fini(&output);
	free(line);
}

static void
commit(const char *author, const char *date, const char *message)
{
	char *command = xasprintf("git add -A && git -c user.name='%s' -c user.email=x@example.org commit -q "
	    "--date='%s' -m '%s'", author, date, message);

	git(command);
	free(command);
}

/* What is known of lines, one letter or name each: "-" not in git, "+" not committed, else "author/summary". */
static void
check_lines(const char *root, const char *path, const char *text, const unsigned *lines, size_t count, const char *want)
{
	char			*full = path_join(top, root);
	struct blame		*blame = blame_open(full);
	struct buf		 now = { 0 }, got = { 0 };
	struct blame_line	 out[8] = { 0 };

	buf_adds(&now, text);
	for (size_t i = 0; i < count; i++)
		out[i] = (struct blame_line){ .path = path, .text = &now, .number = lines[i] };
	blame_lines(blame, out, count);
	for (size_t i = 0; i < count; i++) {
		buf_adds(&got, i > 0 ? " " : "");
		if (out[i].state == BLAME_COMMITTED)
			buf_addf(&got, "%s/%s", out[i].author, out[i].summary);
		else
			buf_adds(&got, out[i].state == BLAME_NONE ? "-" : "+");
		blame_line_fini(&out[i]);
	}
	CHECK_STR(buf_text(&got), want);
	blame_close(blame);
	buf_fini(&now);
	buf_fini(&got);
	free(full);
}

TEST(outside_of_git_nothing_is_known)
{
	put("i/nodes/a.json", "1\n");
	check_lines("i", "nodes/a.json", "1\n", (unsigned[]){ 1 }, 1, "-");
	check_lines("none", "nodes/a.json", "1\n", (unsigned[]){ 1 }, 1, "-");
}

TEST(before_the_first_commit_nothing_is_committed)
{
	git("git init -q -b main i");
	check_lines("i", "nodes/a.json", "1\n", (unsigned[]){ 1 }, 1, "+");
}

TEST(each_line_has_its_last_commit)
{
	git("rm -rf i/.git && git init -q -b main .");
	put("i/nodes/a.json", "one\ntwo\nthree\nfour\n");
	commit("Alice", "2026-01-02T03:04:05+0100", "start");
	put("i/nodes/a.json", "one\n2\nthree\nfour\n");
	commit("Bob", "2026-01-03T03:04:05+0000", "two is a number");
	check_lines("i", "nodes/a.json", "one\n2\nthree\nfour\n", (unsigned[]){ 1, 2, 3, 4 }, 4,
	    "Alice/start Bob/two is a number Alice/start Alice/start");
	check_lines("i", "nodes/a.json", "one\n2\nthree\nfour\n", (unsigned[]){ 2 }, 1, "Bob/two is a number");
	check_lines("i", "nodes/a.json", "one\n2\nthree\nfour\n", (unsigned[]){ 4, 2 }, 2,
	    "Alice/start Bob/two is a number");
	/* A root below the top, and the top itself. */
	check_lines(".", "i/nodes/a.json", "one\n2\nthree\nfour\n", (unsigned[]){ 1, 2 }, 2,
	    "Alice/start Bob/two is a number");
}

TEST(what_is_not_committed_is_told_apart_and_moves_the_rest)
{
	static const struct { const char *text; unsigned lines[4]; const char *want; } rows[] = {
		{ "new\none\n2\nthree\nfour\n", { 1, 2, 3, 4 }, "+ Alice/start Bob/two is a number Alice/start" },
		{ "one\n2\nfour\n", { 1, 2, 3, 3 }, "Alice/start Bob/two is a number Alice/start Alice/start" },
		{ "2\nx\ny\nthree\n4\n", { 1, 2, 4, 5 }, "Bob/two is a number + Alice/start +" },
		{ "one\nzwei\nthree\nfour", { 1, 2, 3, 4 }, "Alice/start + Alice/start +" },
		{ "a\nb\nc\nd\n", { 1, 2, 3, 4 }, "+ + + +" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_lines("i", "nodes/a.json", rows[i].text, rows[i].lines, 4, rows[i].want);
	check_lines("i", "nodes/new.json", "1\n", (unsigned[]){ 1 }, 1, "+");
}

TEST(merges_and_renames_keep_the_author)
{
	git("git checkout -q -b side HEAD~1");
	put("i/nodes/a.json", "one\ntwo\nthree\n4\n");
	commit("Carol", "2026-01-04T03:04:05+0000", "four is a number");
	git("git checkout -q main && git -c user.name=Dan -c user.email=x@example.org merge -q -m merged side && "
	    "git mv i/nodes/a.json i/nodes/b.json");
	commit("Eve", "2026-01-05T03:04:05+0000", "a is b");
	check_lines("i", "nodes/b.json", "one\n2\nthree\n4\n", (unsigned[]){ 1, 2, 3, 4 }, 4,
	    "Alice/start Bob/two is a number Alice/start Carol/four is a number");
}

TEST(a_commit_is_told_in_full)
{
	struct blame		*blame = blame_open(top);
	struct buf		 text = { 0 };
	struct blame_line	 line = { .path = "i/nodes/b.json", .text = &text, .number = 1 };

	buf_adds(&text, "one\n2\nthree\n4\n");
	blame_lines(blame, &line, 1);
	CHECK_INT(line.state, BLAME_COMMITTED);
	CHECK_INT(strlen(line.commit), 40);
	CHECK_INT(line.time, 1767319445);
	CHECK_INT(line.offset, 60);
	blame_line_fini(&line);
	blame_close(blame);
	buf_fini(&text);
}

/* Changes at random in two files, now and then on a branch that is merged later; no line is like another. */
static const char random_history[] =
    "mkdir -p r && cd r && git init -q -b main . && git config user.name x && git config user.email x@example.org && "
    "seq 1 40 | sed 's/^/a/' > a && seq 1 40 | sed 's/^/b/' > b && git add -A && git commit -q -m 0 && "
    "edit() { awk -v n=$1 'BEGIN { srand(n) } rand() < .08 { next } { print } rand() < .1 { print FILENAME n \".\" NR }' $2 "
    "> .new && mv .new $2; } && "
    "for n in $(seq 1 40); do "
    "case $((n % 10)) in 3) git checkout -q -b side$n HEAD~1;; "
    "7) git checkout -q main; git merge -q -X ours -m m$n side$((n - 4));; esac; "
    "edit $n a; [ ! -e b ] || edit $((n * 3)) b; [ $n != 22 ] || git mv b c; [ ! -e c ] || edit $((n * 7)) c; "
    "git add -A; git commit -q --allow-empty -m $n; done; cat .git/HEAD; ls; "
    "edit 99 a";

/* The commits of all lines of a file as git-blame has them, one a line, in `want`. */
static void
stock_blame(const char *path, struct buf *want)
{
	char		*line = xasprintf("cd %s/r && git blame -l -s --root %s | cut -c 1-40", top, path);
	const char	*argv[] = { "sh", "-c", line, NULL };
	struct proc	 proc = { .argv = argv, .output = want };
	int		 status = -1;

	CHECK_OK(proc_run(&proc, &status));
	CHECK_INT(status, 0);
	free(line);
}

static void
compare_with_stock(const char *path)
{
	char			*root = path_join(top, "r"), *full = path_join(root, path);
	struct blame		*blame = blame_open(root);
	struct buf		 text = { 0 }, want = { 0 }, got = { 0 };
	struct blame_line	*lines;
	size_t			 count = 0;

	CHECK_OK(file_read(full, 1 << 20, &text));
	for (size_t i = 0; i < text.len; i++)
		count += text.data[i] == '\n';
	CHECK(count > 10);
	lines = xcalloc(count, sizeof(*lines));
	for (size_t i = 0; i < count; i++)
		lines[i] = (struct blame_line){ .path = path, .text = &text, .number = (unsigned)i + 1 };
	blame_lines(blame, lines, count);
	for (size_t i = 0; i < count; i++) {
		buf_addf(&got, "%s\n", lines[i].state == BLAME_COMMITTED ? lines[i].commit :
		    "0000000000000000000000000000000000000000");
		blame_line_fini(&lines[i]);
	}
	stock_blame(path, &want);
	if (!CHECK_STR(buf_text(&got), buf_text(&want)))
		printf("  in %s\n", path);
	free(lines);
	buf_fini(&text);
	buf_fini(&want);
	buf_fini(&got);
	blame_close(blame);
	free(full);
	free(root);
}

TEST(a_random_history_reads_as_git_blame_has_it)
{
	git(random_history);
	compare_with_stock("a");
	compare_with_stock("c");
}

int
main(void)
{
	snprintf(top, sizeof(top), "/tmp/leap-test-XXXXXX");
	if (mkdtemp(top) == NULL)
		abort();
	RUN(outside_of_git_nothing_is_known);
	RUN(before_the_first_commit_nothing_is_committed);
	RUN(each_line_has_its_last_commit);
	RUN(what_is_not_committed_is_told_apart_and_moves_the_rest);
	RUN(merges_and_renames_keep_the_author);
	RUN(a_commit_is_told_in_full);
	RUN(a_random_history_reads_as_git_blame_has_it);
	CHECK_OK(dir_remove(top));
	return test_done();
}
