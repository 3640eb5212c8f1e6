/* unit: regular expressions. */
/* May know schema, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "schema/regex.h"

#include "base/err.h"
#include "test.h"

#include <string.h>

static bool
matches(const char *pattern, const char *text)
{
	struct regex	*regex = NULL;
	bool		 result = false;

	CHECK_OK(regex_new(&regex, pattern, strlen(pattern)));
	CHECK_OK(regex_match(regex, text, strlen(text), &result));
	regex_free(regex);
	return result;
}

TEST(a_pattern_matches_anywhere_as_in_ecma_262)
{
	static const struct {
		const char	*pattern, *text;
		bool		 want;
	} rows[] = {
		{ "b+", "abbc", true },
		{ "^b", "abbc", false },
		{ "^a$", "a\n", false },
		{ "^\\d$", "\xdb\xa9", false },		/* a digit of another script */
		{ "^.$", "\xc3\xa9", true },
		{ "\\p{Lu}", "\xc3\x89", true },
		{ "^\\u0061$", "a", true },
		{ "", "", true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		CHECK_INT(matches(rows[i].pattern, rows[i].text), rows[i].want);
}

TEST(a_broken_pattern_says_where)
{
	struct regex *regex = NULL;

	CHECK_ERR(regex_new(&regex, "a(b", 3), "\"a(b\" is no regular expression: "
	    "missing closing parenthesis at its character 4\n");
	CHECK(regex == NULL);
}

TEST(a_pattern_that_explodes_is_stopped)
{
	struct regex	*regex = NULL;
	bool		 result;

	CHECK_OK(regex_new(&regex, "^(a+)+$", 7));
	CHECK_ERR(regex_match(regex, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", 41, &result),
	    "matching a regular expression: match limit exceeded\n");
	regex_free(regex);
}

int
main(void)
{
	RUN(a_pattern_matches_anywhere_as_in_ecma_262);
	RUN(a_broken_pattern_says_where);
	RUN(a_pattern_that_explodes_is_stopped);
	return test_done();
}
