/* ssh: reads the public SSH keys of users. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ssh/user_key.h"

#include "base/buf.h"
#include "base/strs.h"
#include "ssh/public_key.h"

#include <ctype.h>
#include <string.h>

/* What a person wrote behind the key; only what prints. */
static void
add_comment(struct buf *out, const char *comment)
{
	for (; *comment != '\0'; comment++) {
		if (!iscntrl((unsigned char)*comment))
			buf_addc(out, *comment);
	}
}

/* Give an error of public_key_parse() its place and code. */
NODISCARD
static struct err *
key_error(const struct place *place, enum err_code code, struct err *take_why)
{
	struct err *e = err_at(code, place, "not a public SSH key: %s", err_message(take_why));

	if (err_hint_text(take_why) != NULL)
		e = err_hint(e, "%s", err_hint_text(take_why));
	err_free(take_why);
	return e;
}

NODISCARD
static struct err *
read_line(struct buf *out, const char *line, const struct place *place, enum err_code code)
{
	struct buf	 key = { 0 };
	struct err	*e = NULL, *why;

	if (strstr(line, "PRIVATE KEY") != NULL)
		return err_hint(err_at(code, place, "a private key, which leap must never see"),
		    "give the public one, most often %s.pub", place->path);
	if ((why = public_key_parse(&key, line, true)) != NULL) {
		e = key_error(place, code, why);
	} else if (!str_starts(line, buf_text(&key))) {
		e = err_hint(err_at(code, place, "options before a key are not supported"),
		    "begin the line with the key: %.*s ...", (int)strcspn(buf_text(&key), " "), buf_text(&key));
	} else {
		buf_adds(out, buf_text(&key));
		add_comment(out, line + key.len);
		buf_addc(out, '\n');
	}
	buf_fini(&key);
	return e;
}

struct err *
user_keys_read(struct buf *out, const char *text, const char *from, enum err_code code)
{
	struct strs	 lines = { 0 };
	struct err	*e = NULL;
	size_t		 start = out->len;

	strs_split(&lines, text, '\n');
	for (size_t i = 0; e == NULL && i < lines.count; i++) {
		const char *line = lines.items[i] + strspn(lines.items[i], " \t\r");

		if (*line != '\0' && *line != '#')
			e = read_line(out, line, &(struct place){ from, (unsigned)i + 1, 0, NULL }, code);
	}
	if (e == NULL && out->len == start)
		e = err_at(code, &(struct place){ .path = from }, "no key in it");
	strs_fini(&lines);
	return e;
}
