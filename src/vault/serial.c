/* vault: how often it was signed: an old vault is not as good as a new one. */
/* May know repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vault/serial.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/strs.h"
#include "repo/repo.h"
#include "vault/signed.h"

#include <stdlib.h>
#include <string.h>

#define DIGITS_MAX	15u
#define BUILT_ON_MAX	1000000000	/* a number that somebody wrote to use them all up is not */

static json_int_t
number_of(const char *line)
{
	size_t digits = strspn(line, "0123456789");

	return digits <= DIGITS_MAX && line[digits] == '\0' ? atoll(line) : 0;
}

struct err *
serial_read(const struct repo *repo, json_int_t *out)
{
	struct buf	 text = { 0 };
	struct strs	 lines = { 0 };
	struct err	*e = repo_has(repo, SUMS_SERIAL) ? repo_read(repo, SUMS_SERIAL, &text) : NULL;

	*out = 0;
	if (e == NULL)
		strs_split(&lines, buf_text(&text), '\n');
	for (size_t i = 0; i < lines.count; i++) {
		if (number_of(lines.items[i]) > *out)
			*out = number_of(lines.items[i]);
	}
	strs_fini(&lines);
	buf_fini(&text);
	return e;
}

struct err *
serial_next(const struct repo *repo, json_int_t least, struct buf *out)
{
	json_int_t	 number;
	struct err	*e = serial_read(repo, &number);

	if (number > BUILT_ON_MAX || number < least)
		number = least;
	buf_addf(out, "%" JSON_INTEGER_FORMAT "\n", number + 1);
	return e;
}
