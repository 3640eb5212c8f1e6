/* recipe: translates templates to Lua, line by line. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/template.h"

#include "base/buf.h"
#include "base/err.h"

#include <stdlib.h>
#include <string.h>

/* Append a statement that puts `text`.  A newline in it stays one, behind a backslash, so that lines keep their numbers. */
static void
put_text(struct buf *lua, const char *text, size_t len)
{
	if (len == 0)
		return;
	buf_adds(lua, TEMPLATE_PUT "\"");
	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)text[i];

		if (byte == '"' || byte == '\\' || byte == '\n')
			buf_addc(lua, '\\');
		if (byte == '\0' || byte == '\r')	/* "\r\n" would count as one newline */
			buf_addf(lua, "\\%03u", byte);
		else
			buf_addc(lua, (char)byte);
	}
	buf_adds(lua, "\";");
}

/* Append what stands between "<%" and "%>". */
static void
put_code(struct buf *lua, const char *code, size_t len)
{
	if (len > 0 && *code == '=') {
		buf_adds(lua, TEMPLATE_PUT "((");
		buf_add(lua, code + 1, len - 1);
		buf_adds(lua, "));");
	} else {
		buf_adds(lua, " ");
		buf_add(lua, code, len);
		buf_adds(lua, " ");
	}
}

NODISCARD
static struct err *
unclosed(const char *path, const char *text, const char *end, const char *at)
{
	const char	*line = at, *newline;
	unsigned	 number = 1;
	char		*quoted;
	struct err	*e;

	while (line > text && line[-1] != '\n')
		line--;
	for (const char *p = text; p < line; p++)
		number += *p == '\n';
	newline = memchr(line, '\n', (size_t)(end - line));
	quoted = xstrndup(line, (size_t)((newline != NULL ? newline : end) - line));
	e = err_at(ERR_CONFIG, &(struct place){ path, number, (unsigned)(at - line) + 1, quoted },
	    "\"<%%\" without \"%%>\"");
	free(quoted);
	return err_hint(e, "write \"<%%%%\" for a \"<%%\" that is meant literally");
}

struct err *
template_translate(struct buf *lua, const char *path, const char *text, size_t len)
{
	const char	*here = text, *end = text + len, *open, *close;
	size_t		 dash;

	while ((open = memmem(here, (size_t)(end - here), "<%", 2)) != NULL) {
		put_text(lua, here, (size_t)(open - here));
		here = open + 2;
		if (here < end && *here == '%') {
			put_text(lua, "<%", 2);
			here++;
			continue;
		}
		close = memmem(here, (size_t)(end - here), "%>", 2);
		if (close == NULL)
			return unclosed(path, text, end, open);
		dash = close > here && close[-1] == '-';
		put_code(lua, here, (size_t)(close - here) - dash);
		here = close + 2;
		if (dash && here < end && *here == '\n') {
			buf_addc(lua, '\n');
			here++;
		}
	}
	put_text(lua, here, (size_t)(end - here));
	return NULL;
}
