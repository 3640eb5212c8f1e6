/* cmd: properties of nodes in rows and columns, as a table, CSV or JSON. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/sheet.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mask.h"
#include "base/term.h"
#include "config/config.h"
#include "config/filter.h"

#include <stdlib.h>
#include <string.h>

/* One column: a new reference for each node, or NULL. */
NODISCARD
static struct err *
fill_column(json_t **cells, const struct node_list *nodes, const char *property)
{
	struct err	*e, *missing = NULL;
	struct place	 place;
	json_t		*value;
	size_t		 found = 0;

	for (size_t i = 0; i < nodes->count; i++) {
		struct node *node = nodes->items[i];

		if ((e = node_get(node, property, &value)) == NULL) {
			cells[i] = value == NULL ? json_null() : node_shown(node, value);
			found++;
		} else if (node_place(node, property, &place)) {
			err_free(missing);
			return e;
		} else if (missing == NULL)
			missing = e;
		else
			err_free(e);
	}
	if (found == 0)
		return missing;
	err_free(missing);
	return NULL;
}

struct err *
sheet_fill(struct sheet *sheet, const struct node_list *nodes, const struct strs *properties)
{
	struct err *e = NULL;

	sheet->nodes = nodes;
	for (size_t i = 0; i < properties->count; i++)
		strs_add(&sheet->properties, properties->items[i]);
	sheet->cells = xcalloc(properties->count * nodes->count, sizeof(json_t *));
	for (size_t i = 0; e == NULL && i < properties->count; i++)
		e = fill_column(sheet->cells + i * nodes->count, nodes, properties->items[i]);
	return e;
}

void
sheet_fini(struct sheet *sheet)
{
	for (size_t i = 0; sheet->cells != NULL && i < sheet->properties.count * sheet->nodes->count; i++)
		json_decref(sheet->cells[i]);
	free(sheet->cells);
	strs_fini(&sheet->properties);
	*sheet = (struct sheet){ 0 };
}

static json_t *
cell_at(const struct sheet *sheet, size_t column, size_t row)
{
	return sheet->cells[column * sheet->nodes->count + row];
}

/* What is sorted: a node and what counts. */
struct key {
	struct node	*node;
	json_t		*value;		/* NULL: it has none */
};

static int
rank(const json_t *value)
{
	return json_is_number(value) ? 0 : json_is_string(value) ? 1 : value != NULL && !json_is_null(value) ? 2 :
	    value != NULL ? 3 : 4;
}

static int
compare_values(const json_t *a, const json_t *b)
{
	struct buf	 x = { 0 }, y = { 0 };
	int		 order;

	if (rank(a) != rank(b))
		return rank(a) - rank(b);
	if (json_is_integer(a) && json_is_integer(b))
		return (json_integer_value(a) > json_integer_value(b)) - (json_integer_value(a) < json_integer_value(b));
	if (json_is_number(a))
		return (json_number_value(a) > json_number_value(b)) - (json_number_value(a) < json_number_value(b));
	if (json_is_string(a))
		return str_natural(json_string_value(a), json_string_value(b));
	if (a == NULL || json_is_null(a))
		return 0;
	json_canonical(a, &x);
	json_canonical(b, &y);
	order = str_natural(buf_text(&x), buf_text(&y));
	buf_fini(&x);
	buf_fini(&y);
	return order;
}

static int
compare_keys(const void *a, const void *b)
{
	const struct key	*x = a, *y = b;
	int			 order = compare_values(x->value, y->value);

	return order != 0 ? order : str_natural(x->node->name, y->node->name);
}

struct err *
sheet_sort(struct node_list *nodes, const char *property)
{
	struct key	*keys = xcalloc(nodes->count + 1, sizeof(*keys));
	json_t		**values = xcalloc(nodes->count + 1, sizeof(json_t *));
	struct err	*e = NULL;

	if (property != NULL)
		e = fill_column(values, nodes, property);
	for (size_t i = 0; i < nodes->count; i++)
		keys[i] = (struct key){ nodes->items[i], values[i] };
	if (e == NULL)
		qsort(keys, nodes->count, sizeof(*keys), compare_keys);
	for (size_t i = 0; i < nodes->count; i++) {
		nodes->items[i] = keys[i].node;
		json_decref(values[i]);
	}
	free(keys);
	free(values);
	return e;
}

static bool
all_texts(const json_t *value)
{
	json_t	*element;
	size_t	 i;

	if (!json_is_array(value))
		return false;
	json_array_foreach(value, i, element) {
		if (!json_is_string(element))
			return false;
	}
	return true;
}

/* What a person reads: texts plain, lists of them with commas, all else as JSON in one line. */
static void
add_shown(struct buf *out, const json_t *value)
{
	json_t	*element;
	size_t	 i;

	if (json_is_string(value)) {
		buf_adds(out, json_string_value(value));
	} else if (all_texts(value)) {
		json_array_foreach(value, i, element)
			buf_addf(out, "%s%s", i > 0 ? ", " : "", json_string_value(element));
	} else {
		json_canonical(value, out);
	}
	mask_apply(out);	/* now: a column as wide as a secret would tell how long that is */
}

static void
add_title(struct table *table, const char *title)
{
	table_add(table, "%s", title);
	table_color(table, TERM_BOLD);
}

void
sheet_table(const struct sheet *sheet, const char *const *titles)
{
	size_t		 columns = sheet->properties.count;
	struct table	*table = table_new(1 + columns);
	struct buf	 text = { 0 };

	add_title(table, "NODE");
	for (size_t column = 0; column < columns; column++)
		add_title(table, titles != NULL ? titles[column] : sheet->properties.items[column]);
	for (size_t row = 0; row < sheet->nodes->count; row++) {
		const struct node *node = sheet->nodes->items[row];

		table_add(table, "%s%s", node->name, node->enabled ? "" : " (disabled)");
		table_color(table, node->enabled ? TERM_PLAIN : TERM_DIM);
		for (size_t column = 0; column < columns; column++) {
			const json_t *value = cell_at(sheet, column, row);

			buf_clear(&text);
			if (value == NULL || (titles != NULL && json_is_null(value)))
				buf_adds(&text, "-");
			else
				add_shown(&text, value);
			table_add(table, "%s", buf_text(&text));
		}
	}
	table_print(table, stdout);
	table_free(table);
	buf_fini(&text);
}

/* RFC 4180, 2.5 to 2.7. */
static void
add_field(struct buf *line, const char *text)
{
	if (text[strcspn(text, ",\"\r\n")] == '\0') {
		buf_adds(line, text);
		return;
	}
	buf_addc(line, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"')
			buf_addc(line, '"');
		buf_addc(line, *text);
	}
	buf_addc(line, '"');
}

void
sheet_csv(const struct sheet *sheet)
{
	struct buf line = { 0 }, text = { 0 };

	buf_adds(&line, "node");
	for (size_t column = 0; column < sheet->properties.count; column++) {
		buf_addc(&line, ',');
		add_field(&line, sheet->properties.items[column]);
	}
	out("%s\n", buf_text(&line));
	for (size_t row = 0; row < sheet->nodes->count; row++) {
		buf_clear(&line);
		buf_adds(&line, sheet->nodes->items[row]->name);
		for (size_t column = 0; column < sheet->properties.count; column++) {
			const json_t *value = cell_at(sheet, column, row);

			buf_clear(&text);
			if (value != NULL && !json_is_null(value))
				add_shown(&text, value);
			buf_addc(&line, ',');
			add_field(&line, buf_text(&text));
		}
		out("%s\n", buf_text(&line));
	}
	buf_fini(&line);
	buf_fini(&text);
}

void
sheet_json(const struct sheet *sheet)
{
	json_t		*root = json_object(), *object, *value;
	struct buf	 text = { 0 };

	for (size_t row = 0; row < sheet->nodes->count; row++) {
		json_object_set_new(root, sheet->nodes->items[row]->name, object = json_object());
		for (size_t column = 0; column < sheet->properties.count; column++) {
			if ((value = cell_at(sheet, column, row)) != NULL)
				json_object_set(object, sheet->properties.items[column], value);
		}
	}
	json_pretty(root, &text);
	out("%s", buf_text(&text));
	buf_fini(&text);
	json_decref(root);
}
