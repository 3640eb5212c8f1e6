/* test/unit: which nodes are deployed to together. */
/* May know cmd, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include "cmd/batches.h"

#define NODES_MAX	8

/*
 * Each word is a node: its groups, as letters; a digit before them is its rank, "-" makes it idle, "." is one without
 * groups.  What comes out are the numbers of their batches, of a canary with a "c".
 */
static void
check(const char *const *words, const size_t *down, size_t size, size_t canary, const char *want)
{
	struct batch_node	 nodes[NODES_MAX] = { 0 };
	size_t			 groups[NODES_MAX][4], count = 0, batches, last = 0;
	struct batch_limits	 limits = { .down = down, .groups = 3, .size = size, .canary = canary };
	struct buf		 got = { 0 };

	for (; words[count] != NULL; count++) {
		nodes[count].groups = groups[count];
		for (const char *c = words[count]; *c != '\0'; c++) {
			if (*c == '-')
				nodes[count].idle = true;
			else if (*c >= '0' && *c <= '9')
				nodes[count].rank = (unsigned)(*c - '0');
			else if (*c != '.')
				groups[count][nodes[count].group_count++] = (size_t)(*c - 'a');
		}
	}
	batches = batches_make(nodes, count, &limits);
	for (size_t i = 0; i < count; i++) {
		buf_addf(&got, "%zu%s", nodes[i].batch, nodes[i].canary ? "c" : "");
		last = nodes[i].batch > last ? nodes[i].batch : last;
	}
	CHECK_STR(buf_text(&got), want);
	CHECK_INT(batches, count == 0 ? 0 : last + 1);
	buf_fini(&got);
}

#define WORDS(...)	(const char *const[]){ __VA_ARGS__, NULL }
#define DOWN(...)	(const size_t[]){ __VA_ARGS__ }

TEST(nodes_without_limits_go_all_at_once)
{
	check(WORDS(".", ".", "."), DOWN(1, 1, 1), 0, 0, "000");
	check(WORDS("a", "b", "c"), DOWN(1, 1, 1), 0, 0, "000");
	check((const char *const[]){ NULL }, DOWN(1, 1, 1), 0, 0, "");
}

TEST(never_more_of_a_group_than_may_be_down)
{
	check(WORDS("a", "a", "a", "a"), DOWN(2, 1, 1), 0, 0, "0011");
	check(WORDS("a", "a", "b", "b"), DOWN(1, 1, 1), 0, 0, "0101");
	check(WORDS("ab", "a", "b"), DOWN(1, 1, 1), 0, 0, "011");
	check(WORDS("a", "a", "."), DOWN(1, 1, 1), 0, 0, "010");
}

TEST(a_batch_has_no_more_nodes_than_asked_for)
{
	check(WORDS(".", ".", ".", ".", "."), DOWN(1, 1, 1), 2, 0, "00112");
	check(WORDS("a", "a", ".", "."), DOWN(1, 1, 1), 2, 0, "0101");
}

TEST(canaries_come_first_and_alone)
{
	check(WORDS(".", ".", ".", "."), DOWN(1, 1, 1), 0, 1, "0c111");
	check(WORDS(".", ".", ".", "."), DOWN(1, 1, 1), 2, 1, "0c112");
	check(WORDS("a", "a", ".", "."), DOWN(1, 1, 1), 0, 2, "0c10c1");
	check(WORDS("-a", "a", "-a", "."), DOWN(1, 1, 1), 0, 1, "00c01");
	check(WORDS(".", "."), DOWN(1, 1, 1), 0, 9, "0c0c");
}

TEST(canaries_are_as_many_as_asked_for_whatever_the_limits)
{
	check(WORDS("a", "a", "a", "a"), DOWN(1, 1, 1), 0, 3, "0c1c2c3");
	check(WORDS(".", ".", ".", ".", "."), DOWN(1, 1, 1), 2, 3, "0c0c1c22");
	check(WORDS("1.", "0.", "1.", "0."), DOWN(1, 1, 1), 0, 3, "1c0c20c");
}

TEST(what_others_need_is_done_before_they_begin)
{
	check(WORDS("1.", "0.", "1.", "0."), DOWN(1, 1, 1), 0, 0, "1010");
	check(WORDS("2.", "0a", "0a", "1."), DOWN(1, 1, 1), 0, 0, "3012");
}

TEST(nodes_on_which_nothing_changes_wait_for_nobody)
{
	check(WORDS("-a", "a", "-a", "a"), DOWN(1, 1, 1), 1, 0, "0001");
	check(WORDS("-3.", "-."), DOWN(1, 1, 1), 1, 1, "00");	/* no canaries */
}

int
main(void)
{
	RUN(nodes_without_limits_go_all_at_once);
	RUN(never_more_of_a_group_than_may_be_down);
	RUN(a_batch_has_no_more_nodes_than_asked_for);
	RUN(canaries_come_first_and_alone);
	RUN(canaries_are_as_many_as_asked_for_whatever_the_limits);
	RUN(what_others_need_is_done_before_they_begin);
	RUN(nodes_on_which_nothing_changes_wait_for_nobody);
	return test_done();
}
