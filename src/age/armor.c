/* age: files as text (RFC 7468, its strict form). */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "age/format.h"

#include "base/base64.h"
#include "base/err.h"

#include <string.h>

#define BEGIN		"-----BEGIN AGE ENCRYPTED FILE-----"
#define END		"-----END AGE ENCRYPTED FILE-----"
#define COLUMNS		64
#define SPACE		" \t\r\n"

static size_t
skip_space(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && text[n] != '\0' && strchr(SPACE, text[n]) != NULL)
		n++;
	return n;
}

bool
age_is_armored(const void *data, size_t len)
{
	size_t n = skip_space(data, len);

	return len - n >= strlen(BEGIN) && memcmp((const char *)data + n, BEGIN, strlen(BEGIN)) == 0;
}

void
age_armor(struct buf *out, const void *data, size_t len)
{
	struct buf text = { 0 };

	base64_encode(data, len, true, &text);
	buf_adds(out, BEGIN "\n");
	for (size_t at = 0; at < text.len; at += COLUMNS) {
		buf_add(out, text.data + at, text.len - at < COLUMNS ? text.len - at : COLUMNS);
		buf_addc(out, '\n');
	}
	buf_adds(out, END "\n");
	buf_fini(&text);
}

/* The next line without its end, which may be CR LF; NULL when there is none. */
static const char *
next_line(const char *text, size_t len, size_t *at, size_t *n)
{
	const char	*line = text + *at;
	const char	*end;

	if (*at >= len)
		return NULL;
	end = memchr(line, '\n', len - *at);
	*n = end == NULL ? len - *at : (size_t)(end - line);
	*at += *n + (end != NULL);
	if (end != NULL && *n > 0 && line[*n - 1] == '\r')
		--*n;
	return line;
}

static bool
line_is(const char *line, size_t len, const char *want)
{
	return line != NULL && len == strlen(want) && memcmp(line, want, len) == 0;
}

struct err *
age_unarmor(struct buf *out, const char *text, size_t len)
{
	size_t		 at = skip_space(text, len), n = 0, before = COLUMNS;
	struct buf	 body = { 0 };
	const char	*line = next_line(text, len, &at, &n);
	bool		 good = line_is(line, n, BEGIN);

	while (good && (line = next_line(text, len, &at, &n)) != NULL && !line_is(line, n, END)) {
		good = n > 0 && n <= COLUMNS && before == COLUMNS;	/* only the last may be shorter */
		before = n;
		buf_add(&body, line, n);
	}
	good = good && line != NULL && skip_space(text + at, len - at) == len - at &&
	    (body.len == 0 || base64_decode(body.data, body.len, true, out));
	buf_fini(&body);
	return good ? NULL : err_new(ERR_TRUST, "this is no whole age file: its armor is malformed");
}
