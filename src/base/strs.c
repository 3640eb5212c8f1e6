/* base: lists of strings. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/strs.h"

#include "base/buf.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Longer words than this are compared by their beginnings. */
#define WORD_MAX	64

static void
add_taken(struct strs *list, char *take_text)
{
	if (list->count == list->cap) {
		list->cap = list->cap == 0 ? 8 : list->cap * 2;
		list->items = xrealloc(list->items, list->cap, sizeof(*list->items));
	}
	list->items[list->count++] = take_text;
}

void
strs_fini(struct strs *list)
{
	size_t	 i;

	for (i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct strs){ 0 };
}

void
strs_add(struct strs *list, const char *text)
{
	add_taken(list, xstrdup(text));
}

void
strs_addf(struct strs *list, const char *format, ...)
{
	va_list	 args;

	va_start(args, format);
	add_taken(list, xvasprintf(format, args));
	va_end(args);
}

void
strs_split(struct strs *list, const char *text, char separator)
{
	const char	*end;

	if (*text == '\0')
		return;
	while ((end = strchr(text, separator)) != NULL) {
		add_taken(list, xstrndup(text, (size_t)(end - text)));
		text = end + 1;
	}
	strs_add(list, text);
}

void
strs_remove(struct strs *list, size_t index)
{
	free(list->items[index]);
	list->count--;
	memmove(list->items + index, list->items + index + 1, (list->count - index) * sizeof(*list->items));
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void
strs_sort(struct strs *list)
{
	if (list->count > 1)
		qsort(list->items, list->count, sizeof(*list->items), compare);
}

bool
strs_has(const struct strs *list, const char *text)
{
	size_t	 i;

	for (i = 0; i < list->count; i++) {
		if (strcmp(list->items[i], text) == 0)
			return true;
	}
	return false;
}

const char *
strs_missing(const struct strs *list, const struct strs *from)
{
	for (size_t i = 0; i < list->count; i++) {
		if (!strs_has(from, list->items[i]))
			return list->items[i];
	}
	return NULL;
}

void
strs_join(const struct strs *list, const char *between, struct buf *out)
{
	size_t	 i;

	for (i = 0; i < list->count; i++) {
		if (i != 0)
			buf_adds(out, between);
		buf_adds(out, list->items[i]);
	}
}

static unsigned
min3(unsigned a, unsigned b, unsigned c)
{
	unsigned	 least = a < b ? a : b;

	return least < c ? least : c;
}

/* Optimal string alignment distance: Levenshtein's, with a swap of neighbours as one step. */
static unsigned
distance(const char *a, const char *b)
{
	unsigned	 rows[3][WORD_MAX + 1];
	unsigned	*before = rows[0], *last = rows[1], *now = rows[2], *spare;
	size_t		 la = strnlen(a, WORD_MAX), lb = strnlen(b, WORD_MAX), i, j;

	for (j = 0; j <= lb; j++)
		before[j] = last[j] = (unsigned)j;
	for (i = 1; i <= la; i++) {
		now[0] = (unsigned)i;
		for (j = 1; j <= lb; j++) {
			now[j] = min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
		spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return last[lb];
}

const char *
strs_nearest(const struct strs *candidates, const char *word)
{
	const char	*best = NULL;
	unsigned	 least = 0, steps;
	size_t		 i;

	for (i = 0; i < candidates->count; i++) {
		steps = distance(word, candidates->items[i]);
		if (best == NULL || steps < least) {
			best = candidates->items[i];
			least = steps;
		}
	}
	/* A third of the letters may differ; in short words one, if another is left. */
	if (best == NULL || least > (strlen(word) + 2) / 3 || least >= strlen(word))
		return NULL;
	return best;
}

bool
str_one_off(const char *a, const char *b)
{
	return distance(a, b) == 1;
}

bool
str_starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool
str_ends(const char *text, const char *suffix)
{
	size_t	 lt = strlen(text), ls = strlen(suffix);

	return lt >= ls && strcmp(text + lt - ls, suffix) == 0;
}

/* Compare the numbers that both begin with, however long they are, and step behind them. */
static int
compare_numbers(const char **a, const char **b)
{
	size_t	 la, lb;
	int	 order;

	*a += strspn(*a, "0");
	*b += strspn(*b, "0");
	la = strspn(*a, "0123456789");
	lb = strspn(*b, "0123456789");
	order = la != lb ? (la < lb ? -1 : 1) : strncmp(*a, *b, la);
	*a += la;
	*b += lb;
	return order;
}

int
str_natural(const char *a, const char *b)
{
	const char	*x = a, *y = b;
	int		 order = 0;

	while (order == 0 && *x != '\0' && *y != '\0') {
		if (isdigit((unsigned char)*x) && isdigit((unsigned char)*y))
			order = compare_numbers(&x, &y);
		else
			order = (unsigned char)*x++ - (unsigned char)*y++;
	}
	if (order == 0)
		order = (unsigned char)*x - (unsigned char)*y;
	return order != 0 ? order : strcmp(a, b);
}
