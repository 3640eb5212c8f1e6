/* schema: regular expressions on text from files and arguments. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SCHEMA_REGEX_H
#define SCHEMA_REGEX_H

#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>

struct regex;

/*
 * Compile a pattern of ECMA-262 as far as PCRE2 has it: UTF-8, \d \w \s are ASCII, $ is the very end.
 * Fails with ERR_CONFIG and the offset of what is wrong.  *out is the caller's, regex_free().
 */
NODISCARD
struct err	*regex_new(struct regex **out, const char *pattern, size_t len);
void		 regex_free(struct regex *regex);

/*
 * Whether it matches somewhere in the text, which is UTF-8.  Fails with ERR_CONFIG where that
 * takes too many steps, however the pattern was made.
 */
NODISCARD
struct err	*regex_match(const struct regex *regex, const char *text, size_t len, bool *matches);

#endif
