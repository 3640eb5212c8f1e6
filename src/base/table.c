/* base: tables for people. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/buf.h"
#include "base/mask.h"
#include "base/term.h"

#include <stdlib.h>
#include <string.h>

struct cell {
	char		*text;
	enum term_color	 color;
};

struct table {
	size_t		 columns;
	struct cell	*cells;
	size_t		 count;
};

struct table *
table_new(size_t columns)
{
	struct table	*table = xcalloc(1, sizeof(*table));

	table->columns = columns;
	return table;
}

void
table_free(struct table *table)
{
	size_t	 i;

	if (table == NULL)
		return;
	for (i = 0; i < table->count; i++)
		free(table->cells[i].text);
	free(table->cells);
	free(table);
}

void
table_add(struct table *table, const char *format, ...)
{
	struct buf	 text = { .secret = true }, visible = { 0 };
	va_list		 args;

	table->cells = xrealloc(table->cells, table->count + 1, sizeof(*table->cells));
	va_start(args, format);
	buf_addv(&text, format, args);
	va_end(args);
	mask_apply(&text);	/* before anybody measures it: a column's width tells of a secret's */
	term_visible(&visible, buf_text(&text));
	buf_fini(&text);
	table->cells[table->count++] = (struct cell){ .text = buf_take(&visible) };
}

void
table_color(struct table *table, enum term_color color)
{
	table->cells[table->count - 1].color = color;
}

/* Columns of the terminal that a UTF-8 text takes, a character being one. */
static size_t
width_of(const char *text)
{
	size_t	 width = 0;

	for (; *text != '\0'; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

/* Cut `text` to `width` characters. */
static void
cut(char *text, size_t width)
{
	size_t	 seen = 0;

	for (; *text != '\0'; text++) {
		if (((unsigned char)*text & 0xc0) != 0x80 && seen++ == width) {
			*text = '\0';
			return;
		}
	}
}

static void
print_row(const struct table *table, size_t first, const size_t *widths, size_t limit, FILE *stream)
{
	struct buf	 line = { 0 };
	size_t		 used = 0, column, width, last = table->columns;
	char		*text;

	while (last > 1 && (first + last > table->count || table->cells[first + last - 1].text[0] == '\0'))
		last--;
	for (column = 0; column < last; column++) {
		const struct cell	*cell = &table->cells[first + column];

		text = xstrdup(cell->text);
		if (limit != 0 && column + 1 == last)
			cut(text, used < limit ? limit - used : 1);
		width = width_of(text);
		term_color(&line, stream, cell->color, text);
		free(text);
		if (column + 1 == last)
			break;
		for (; width < widths[column] + 2; width++)
			buf_addc(&line, ' ');
		used += width;
	}
	buf_addc(&line, '\n');
	term_write(stream, &line);
	buf_fini(&line);
}

void
table_print(const struct table *table, FILE *stream)
{
	size_t	*widths = xcalloc(table->columns, sizeof(*widths));
	size_t	 limit = term_is_tty(stream) ? term_width() : 0;
	size_t	 i, width;

	for (i = 0; i < table->count; i++) {
		width = width_of(table->cells[i].text);
		if (width > widths[i % table->columns])
			widths[i % table->columns] = width;
	}
	for (i = 0; i < table->count; i += table->columns)
		print_row(table, i, widths, limit, stream);
	free(widths);
}
