/* base: errors as values. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/err.h"

#include "base/buf.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Joined by thousands, errors help nobody: a hint at how many more there are does. */
#define FORMAT_MAX	100

/* A line longer than this is quoted around its column only. */
#define QUOTE_WIDTH	100u

struct remark {
	bool		 placed;
	struct place	 place;
	char		*text;
	struct remark	*next;
};

struct err {
	enum err_code	 code;
	struct remark	 message;
	struct remark	*notes;
	char		*hint;
	const char	*rule;
	bool		 warning;
	struct err	*next;
};

static void
remark_fill(struct remark *remark, const struct place *place, char *take_text)
{
	remark->text = take_text;
	remark->placed = place != NULL && place->path != NULL;
	if (!remark->placed)
		return;
	remark->place = *place;
	remark->place.path = xstrdup(place->path);
	if (place->text != NULL)
		remark->place.text = xstrdup(place->text);
}

static void
remark_fini(struct remark *remark)
{
	free((char *)remark->place.path);
	free((char *)remark->place.text);
	free(remark->text);
}

static struct err *
make(enum err_code code, const struct place *place, char *take_text)
{
	struct err	*e = xcalloc(1, sizeof(*e));

	e->code = code;
	remark_fill(&e->message, place, take_text);
	return e;
}

struct err *
err_atv(enum err_code code, const struct place *place, const char *format, va_list args)
{
	return make(code, place, xvasprintf(format, args));
}

struct err *
err_new(enum err_code code, const char *format, ...)
{
	va_list		 args;
	struct err	*e;

	va_start(args, format);
	e = err_atv(code, NULL, format, args);
	va_end(args);
	return e;
}

struct err *
err_at(enum err_code code, const struct place *place, const char *format, ...)
{
	va_list		 args;
	struct err	*e;

	va_start(args, format);
	e = err_atv(code, place, format, args);
	va_end(args);
	return e;
}

struct err *
err_errno(enum err_code code, const char *format, ...)
{
	int	 number = errno;
	va_list	 args;
	char	*text, *whole;

	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	whole = xasprintf("%s: %s", text, strerror(number));
	free(text);
	return make(code, NULL, whole);
}

struct err *
err_hint(struct err *take_e, const char *format, ...)
{
	va_list	 args;

	if (take_e == NULL)
		return NULL;
	free(take_e->hint);
	va_start(args, format);
	take_e->hint = xvasprintf(format, args);
	va_end(args);
	return take_e;
}

struct err *
err_context(struct err *take_e, const char *format, ...)
{
	va_list	 args;
	char	*text, *whole;

	if (take_e == NULL)
		return NULL;
	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	whole = xasprintf("%s: %s", text, take_e->message.text);
	free(text);
	free(take_e->message.text);
	take_e->message.text = whole;
	return take_e;
}

struct err *
err_note(struct err *take_e, const struct place *place, const char *format, ...)
{
	struct remark	**end;
	va_list		  args;

	if (take_e == NULL)
		return NULL;
	for (end = &take_e->notes; *end != NULL; end = &(*end)->next)
		;
	*end = xcalloc(1, sizeof(**end));
	va_start(args, format);
	remark_fill(*end, place, xvasprintf(format, args));
	va_end(args);
	return take_e;
}

struct err *
err_rule(struct err *take_e, const char *rule)
{
	for (struct err *e = take_e; e != NULL; e = e->next) {
		if (e->rule == NULL)
			e->rule = rule;
	}
	return take_e;
}

struct err *
err_warning(struct err *take_e)
{
	for (struct err *e = take_e; e != NULL; e = e->next)
		e->warning = true;
	return take_e;
}

struct err *
err_moved(struct err *take_e, const struct place *place, const char *format, ...)
{
	struct remark	 old;
	va_list		 args;

	if (take_e == NULL)
		return NULL;
	old = take_e->message;
	take_e->message = (struct remark){ 0 };
	va_start(args, format);
	remark_fill(&take_e->message, place, xvasprintf(format, args));
	va_end(args);
	remark_fini(&old);
	return take_e;
}

static void
put_before(char **text, const char *state, const char *between)
{
	char	*whole = xasprintf("%s%s%s", state, between, *text);

	free(*text);
	*text = whole;
}

static void
remark_of(struct remark *remark, const char *state)
{
	if (remark->placed)
		put_before((char **)(uintptr_t)&remark->place.path, state, ":");
}

struct err *
err_of(struct err *take_e, const char *state)
{
	for (struct err *e = take_e; e != NULL; e = e->next) {
		if (!e->message.placed)
			put_before(&e->message.text, state, ": ");
		remark_of(&e->message, state);
		for (struct remark *note = e->notes; note != NULL; note = note->next)
			remark_of(note, state);
	}
	return take_e;
}

struct err *
err_join(struct err *take_first, struct err *take_second)
{
	struct err	*last;

	if (take_first == NULL)
		return take_second;
	for (last = take_first; last->next != NULL; last = last->next)
		;
	last->next = take_second;
	return take_first;
}

struct err *
err_copy(const struct err *e)
{
	struct err *copy = make(e->code, err_place(e), xstrdup(e->message.text));

	copy->hint = e->hint == NULL ? NULL : xstrdup(e->hint);
	copy->rule = e->rule;
	copy->warning = e->warning;
	return copy;
}

void
err_free(struct err *e)
{
	struct err	*next;
	struct remark	*note, *following;

	for (; e != NULL; e = next) {
		next = e->next;
		for (note = e->notes; note != NULL; note = following) {
			following = note->next;
			remark_fini(note);
			free(note);
		}
		remark_fini(&e->message);
		free(e->hint);
		free(e);
	}
}

enum err_code
err_code(const struct err *e)
{
	return e->code;
}

size_t
err_count(const struct err *e)
{
	size_t	 count = 0;

	for (; e != NULL; e = e->next)
		count++;
	return count;
}

const char *
err_message(const struct err *e)
{
	return e->message.text;
}

const struct place *
err_place(const struct err *e)
{
	return e->message.placed ? &e->message.place : NULL;
}

const char *
err_hint_text(const struct err *e)
{
	return e->hint;
}

const char *
err_rule_name(const struct err *e)
{
	return e->rule;
}

bool
err_is_warning(const struct err *e)
{
	return e->warning;
}

const struct err *
err_next(const struct err *e)
{
	return e->next;
}

const char *
err_note_text(const struct err *e, size_t number, const struct place **place)
{
	const struct remark *note = e->notes;

	while (note != NULL && number-- > 0)
		note = note->next;
	*place = note != NULL && note->placed ? &note->place : NULL;
	return note != NULL ? note->text : NULL;
}

static void
format_place(const struct remark *remark, struct buf *out)
{
	if (!remark->placed)
		return;
	buf_adds(out, remark->place.path);
	if (remark->place.line != 0)
		buf_addf(out, ":%u", remark->place.line);
	if (remark->place.line != 0 && remark->place.column != 0)
		buf_addf(out, ":%u", remark->place.column);
	buf_adds(out, ": ");
}

/* The quoted line and, below, a caret in its column; tabs stay tabs so that both line up. */
static void
format_quote(const struct place *place, struct buf *out)
{
	const char	*text = place->text;
	size_t		 len = strlen(text);
	size_t		 column = place->column != 0 ? place->column - 1 : 0;
	size_t		 start = 0, i;

	if (column > len)
		column = len;
	if (len > QUOTE_WIDTH && column > QUOTE_WIDTH / 2)
		start = column - QUOTE_WIDTH / 2;
	while (start > 0 && ((unsigned char)text[start] & 0xc0) == 0x80)
		start--;
	if (len - start > QUOTE_WIDTH)
		len = start + QUOTE_WIDTH;
	buf_adds(out, "    ");
	buf_add(out, text + start, len - start);
	buf_addc(out, '\n');
	if (place->column == 0)
		return;
	buf_adds(out, "    ");
	for (i = start; i < column; i++) {
		if (text[i] == '\t')
			buf_addc(out, '\t');
		else if (((unsigned char)text[i] & 0xc0) != 0x80)
			buf_addc(out, ' ');
	}
	buf_adds(out, "^\n");
}

/* All that stands below the message. */
static void
format_rest(const struct err *e, struct buf *out)
{
	const struct remark	*note;

	if (e->message.placed && e->message.place.text != NULL)
		format_quote(&e->message.place, out);
	for (note = e->notes; note != NULL; note = note->next) {
		buf_adds(out, "  ");
		format_place(note, out);
		buf_adds(out, note->text);
		buf_addc(out, '\n');
	}
	if (e->hint != NULL)
		buf_addf(out, "hint: %s\n", e->hint);
}

void
err_format_finding(const struct err *e, struct buf *out)
{
	format_place(&e->message, out);
	buf_addf(out, "%s: %s", e->warning ? "warning" : "error", e->message.text);
	if (e->rule != NULL)
		buf_addf(out, " [%s]", e->rule);
	buf_addc(out, '\n');
	format_rest(e, out);
}

void
err_format(const struct err *e, struct buf *out)
{
	size_t	 count;

	for (count = 0; e != NULL && count < FORMAT_MAX; e = e->next, count++) {
		format_place(&e->message, out);
		buf_addf(out, "%s\n", e->message.text);
		format_rest(e, out);
	}
	if (e != NULL)
		buf_addf(out, "and %zu more\n", err_count(e));
}
