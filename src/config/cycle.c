/* config: says where a macro is, and how macros need each other in a circle. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/state.h"

#include <stdlib.h>
#include <string.h>

#define CHAIN_SHOWN	20	/* links of a longer chain are counted only */

static bool
path_to(const json_t *value, const json_t *wanted, struct buf *path)
{
	size_t		 mark = path->len, i;
	const char	*key;
	json_t		*child;

	if (value == wanted)
		return true;
	json_object_foreach((json_t *)(uintptr_t)value, key, child) {
		buf_addf(path, "%s%s", mark > 0 ? "." : "", key);
		if (path_to(child, wanted, path))
			return true;
		path->len = mark;
	}
	if (!json_is_array(value))
		return false;
	json_array_foreach(value, i, child) {
		buf_addf(path, "%s%zu", mark > 0 ? "." : "", i + 1);
		if (path_to(child, wanted, path))
			return true;
		path->len = mark;
	}
	return false;
}

char *
item_path(struct scope *scope, const struct item *item)
{
	struct buf path = { 0 };

	path_to(scope->root, item->marker, &path);
	return buf_take(&path);
}

void
item_place(struct scope *scope, const struct item *item, const char *path, struct place *place)
{
	if (!scope_place(scope, path, json_string_value(item->text), place))
		*place = (struct place){ .path = scope->own != NULL ? scope->own->path : scope->title };
}

/* One macro in a chain, as it is said to a person. */
struct link {
	char		*path;
	struct scope	*scope;
	struct item	*item;
};

static int
link_compare(const struct link *a, const struct link *b)
{
	int order = strcmp(a->scope->title, b->scope->title);

	return order != 0 ? order : strcmp(a->path, b->path);
}

NODISCARD
static struct err *
say_cycle(const struct link *links, size_t count, size_t first)
{
	struct place	 place;
	struct err	*e;

	item_place(links[first].scope, links[first].item, links[first].path, &place);
	e = err_at(ERR_CONFIG, &place, "a cycle: to know \"%s\" of %s one must know it", links[first].path,
	    links[first].scope->title);
	for (size_t i = 0; i < count; i++) {
		const struct link *link = &links[(first + i) % count], *next = &links[(first + i + 1) % count];

		if (i == CHAIN_SHOWN && count > CHAIN_SHOWN + 1) {
			e = err_note(e, NULL, "and so on, %zu more", count - i - 1);
			i = count - 1;
			link = &links[(first + i) % count];
			next = &links[first];
		}
		item_place(link->scope, link->item, link->path, &place);
		e = err_note(e, &place, "\"%s\" of %s needs \"%s\" of %s", link->path, link->scope->title, next->path,
		    next->scope->title);
	}
	return e;
}

/* Wherever it was noticed, it is told in the same order. */
struct err *
cycle_error(const struct frame *frames, size_t count)
{
	struct link	*links = xcalloc(count, sizeof(*links));
	struct err	*e;
	size_t		 first = 0;

	for (size_t i = 0; i < count; i++) {
		links[i].scope = frames[i].scope;
		links[i].item = &frames[i].scope->items[frames[i].index];
		links[i].path = item_path(links[i].scope, links[i].item);
		if (link_compare(&links[i], &links[first]) < 0)
			first = i;
	}
	e = say_cycle(links, count, first);
	for (size_t i = 0; i < count; i++)
		free(links[i].path);
	free(links);
	return err_rule(e, "macro-cycle");
}
