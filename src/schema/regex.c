/* schema: regular expressions, by PCRE2. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "schema/regex.h"

#include "base/err.h"

#define PCRE2_CODE_UNIT_WIDTH	8
#include <pcre2.h>

#include <stdlib.h>

/* About a tenth of a second, and 16 MiB. */
#define MATCH_STEPS	1000000u
#define MATCH_KIB	(16u << 10)

struct regex {
	pcre2_code		*code;
	pcre2_match_context	*limits;
	pcre2_match_data	*data;
};

struct err *
regex_new(struct regex **out, const char *pattern, size_t len)
{
	struct regex	*regex = xcalloc(1, sizeof(*regex));
	PCRE2_UCHAR	 message[256];
	PCRE2_SIZE	 offset;
	int		 code;

	regex->code = pcre2_compile((PCRE2_SPTR)pattern, len, PCRE2_UTF | PCRE2_ALT_BSUX | PCRE2_DOLLAR_ENDONLY |
	    PCRE2_MATCH_UNSET_BACKREF | PCRE2_NEVER_BACKSLASH_C, &code, &offset, NULL);
	if (regex->code == NULL) {
		regex_free(regex);
		pcre2_get_error_message(code, message, sizeof(message));
		return err_new(ERR_CONFIG, "\"%.*s\" is no regular expression: %s at its character %zu", (int)len,
		    pattern, (const char *)message, offset + 1);
	}
	regex->data = pcre2_match_data_create(1, NULL);
	regex->limits = pcre2_match_context_create(NULL);
	if (regex->data == NULL || regex->limits == NULL)
		abort();	/* out of memory */
	pcre2_set_match_limit(regex->limits, MATCH_STEPS);
	pcre2_set_heap_limit(regex->limits, MATCH_KIB);
	*out = regex;
	return NULL;
}

void
regex_free(struct regex *regex)
{
	if (regex == NULL)
		return;
	pcre2_match_data_free(regex->data);
	pcre2_match_context_free(regex->limits);
	pcre2_code_free(regex->code);
	free(regex);
}

struct err *
regex_match(const struct regex *regex, const char *text, size_t len, bool *matches)
{
	PCRE2_UCHAR	 message[256];
	int		 code;

	code = pcre2_match(regex->code, (PCRE2_SPTR)text, len, 0, 0, regex->data, regex->limits);
	*matches = code >= 0;
	if (code >= 0 || code == PCRE2_ERROR_NOMATCH)
		return NULL;
	pcre2_get_error_message(code, message, sizeof(message));
	return err_new(ERR_CONFIG, "matching a regular expression: %s", (const char *)message);
}
