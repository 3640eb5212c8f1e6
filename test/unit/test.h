/* test/unit: what a unit test is written with. */
/* May know base/err.h and base/buf.h; needs nothing else, so that every room's tests can use it. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEST_UNIT_TEST_H
#define TEST_UNIT_TEST_H

#include "base/buf.h"
#include "base/err.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/*
 * TEST(later_layer_wins)
 * {
 *	CHECK_INT(merge(1, 2), 2);
 * }
 *
 * int
 * main(void)
 * {
 *	RUN(later_layer_wins);
 *	return test_done();
 * }
 *
 * A check that fails is printed, counted, and the test goes on; every check is
 * true or false so that a test can `if (!CHECK(p != NULL)) return;`.  Each test
 * prints one line: "ok NAME", "not ok NAME" or "skip NAME: why".
 */
struct test_state {
	const char	*name;
	unsigned	 passed, failed, skipped;	/* tests */
	unsigned	 wrong;				/* checks of the current test */
	bool		 skip;
};

static struct test_state test_state;

#define TEST(name)		static void test_##name(void)
#define RUN(name)		test_run(#name, test_##name)

#define CHECK(cond)		test_check(__FILE__, __LINE__, #cond, (cond))
#define CHECK_INT(got, want)	test_check_int(__FILE__, __LINE__, #got, (intmax_t)(got), (intmax_t)(want))
/* Either may be NULL. */
#define CHECK_STR(got, want)	test_check_str(__FILE__, __LINE__, #got, (got), (want))
/* The error is consumed.  `want` is all that err_format() makes of it. */
#define CHECK_ERR(err, want)	test_check_err(__FILE__, __LINE__, #err, (err), (want))
/* As CHECK_ERR(), where it is enough that the text contains `part`. */
#define CHECK_ERR_HAS(err, part) test_check_err_has(__FILE__, __LINE__, #err, (err), (part))
/* The error is consumed. */
#define CHECK_OK(err)		test_check_ok(__FILE__, __LINE__, #err, (err))

PRINTF(3, 4)
static inline bool
test_wrong(const char *file, int line, const char *format, ...)
{
	va_list args;

	printf("not ok %s %s:%d ", test_state.name ? test_state.name : "main", file, line);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	test_state.wrong++;
	return false;
}

static inline bool
test_check(const char *file, int line, const char *what, bool holds)
{
	return holds || test_wrong(file, line, "%s does not hold", what);
}

static inline bool
test_check_int(const char *file, int line, const char *what, intmax_t got, intmax_t want)
{
	return got == want || test_wrong(file, line, "%s\n  got:  %" PRIdMAX "\n  want: %" PRIdMAX, what, got, want);
}

static inline bool
test_check_str(const char *file, int line, const char *what, const char *got, const char *want)
{
	if (got == want || (got != NULL && want != NULL && strcmp(got, want) == 0))
		return true;
	return test_wrong(file, line, "%s\n  got:  %s%s%s\n  want: %s%s%s", what, got ? "\"" : "", got ? got : "NULL",
	    got ? "\"" : "", want ? "\"" : "", want ? want : "NULL", want ? "\"" : "");
}

static inline bool
test_check_err_text(const char *file, int line, const char *what, struct err *take_e, const char *want, bool exact)
{
	struct buf text = { 0 };
	bool good;

	if (take_e == NULL)
		return test_wrong(file, line, "%s\n  got:  no error\n  want: %s", what, want);
	err_format(take_e, &text);
	err_free(take_e);
	good = exact ? strcmp(buf_text(&text), want) == 0 : strstr(buf_text(&text), want) != NULL;
	if (!good)
		test_wrong(file, line, "%s\n  got:  %s\n  want: %s", what, buf_text(&text), want);
	buf_fini(&text);
	return good;
}

static inline bool
test_check_err(const char *file, int line, const char *what, struct err *take_e, const char *want)
{
	return test_check_err_text(file, line, what, take_e, want, true);
}

static inline bool
test_check_err_has(const char *file, int line, const char *what, struct err *take_e, const char *part)
{
	return test_check_err_text(file, line, what, take_e, part, false);
}

static inline bool
test_check_ok(const char *file, int line, const char *what, struct err *take_e)
{
	struct buf text = { 0 };

	if (take_e == NULL)
		return true;
	err_format(take_e, &text);
	err_free(take_e);
	test_wrong(file, line, "%s\n  got:  %s\n  want: no error", what, buf_text(&text));
	buf_fini(&text);
	return false;
}

/* Call and return: the current test cannot run here, and why. */
static inline void
test_skip(const char *why)
{
	printf("skip %s: %s\n", test_state.name, why);
	test_state.skip = true;
}

static inline void
test_run(const char *name, void (*test)(void))
{
	test_state.name = name;
	test_state.wrong = 0;
	test_state.skip = false;
	test();
	test_state.name = NULL;
	if (test_state.wrong > 0)
		test_state.failed++;
	else if (test_state.skip)
		test_state.skipped++;
	else {
		test_state.passed++;
		printf("ok %s\n", name);
	}
	fflush(stdout);
}

/* The exit status of the program.  A program that ran no test has failed. */
NODISCARD
static inline int
test_done(void)
{
	if (test_state.passed + test_state.failed + test_state.skipped == 0) {
		printf("not ok no test ran\n");
		return 1;
	}
	return test_state.failed == 0 ? 0 : 1;
}

#endif
