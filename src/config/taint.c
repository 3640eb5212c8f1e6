/* config: finds out which values came from secrets, so that they are hidden whatever a macro made of them. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/state.h"

#include "base/mask.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/*
 * A macro that has read a secret runs a second time with other secrets.  What is the same in both results does not
 * depend on them; what is different does, and where it is not a secret word for word it is registered to be masked.
 * To take all texts of the result for secret would be wrong: a host's name beside a password is none.
 */

/* The index of the first one that does not come before this value. */
static size_t
position(const struct taints *taints, const json_t *value)
{
	size_t low = 0, high = taints->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if ((uintptr_t)taints->items[middle].value < (uintptr_t)value)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct taint *
find(const struct config *config, const json_t *value)
{
	const struct taints	*taints = &config->taints;
	size_t			 at = position(taints, value);

	return at < taints->count && taints->items[at].value == value ? &taints->items[at] : NULL;
}

static void
add(struct config *config, json_t *value, json_t *decoy, bool hidden)
{
	struct taints	*taints = &config->taints;
	size_t		 at = position(taints, value);

	if (find(config, value) != NULL)
		return;
	if (taints->count == taints->cap) {
		taints->cap = taints->cap == 0 ? 16 : taints->cap * 2;
		taints->items = xrealloc(taints->items, taints->cap, sizeof(*taints->items));
	}
	memmove(taints->items + at + 1, taints->items + at, (taints->count - at) * sizeof(*taints->items));
	taints->items[at] = (struct taint){ json_incref(value), json_incref(decoy), hidden };
	taints->count++;
}

void
taints_fini(struct taints *taints)
{
	for (size_t i = 0; i < taints->count; i++) {
		json_decref(taints->items[i].value);
		json_decref(taints->items[i].decoy);
	}
	free(taints->items);
	*taints = (struct taints){ 0 };
}

json_t *
taint_shown(const struct config *config, json_t *value)
{
	const struct taint	*taint = find(config, value);
	const char		*key;
	json_t			*copy, *child;
	size_t			 i;

	if (taint != NULL && taint->hidden)
		return json_string(MASK_TEXT);
	if (!json_is_object(value) && !json_is_array(value))
		return json_incref(value);
	copy = json_copy(value);
	json_object_foreach(value, key, child) {
		json_object_set_new(copy, key, taint_shown(config, child));
	}
	for (i = 0; i < json_array_size(value); i++)
		json_array_set_new(copy, i, taint_shown(config, json_array_get(value, i)));
	return copy;
}

json_t *
node_shown(const struct node *node, json_t *value)
{
	return node->config->taints.count == 0 ? json_incref(value) : taint_shown(node->config, value);
}

json_t *
taint_read(struct config *config, json_t *value)
{
	const struct taint *taint = find(config, value);

	if (taint == NULL)
		return value;
	config->touched = true;
	return config->disguised ? taint->decoy : value;
}

/* The next one of `letters`; one that is not among them becomes another of its kind. */
static char
disguised(char c, const char *letters)
{
	const char *at = c == '\0' ? NULL : strchr(letters, c);

	if (at != NULL)
		return at[1] != '\0' ? at[1] : *letters;
	if (isdigit((unsigned char)c))
		return (char)('0' + (c - '0' + 1) % 10);
	if (isupper((unsigned char)c))
		return (char)('A' + (c - 'A' + 1) % 26);
	if (islower((unsigned char)c))
		return (char)('a' + (c - 'a' + 1) % 26);
	return !isgraph((unsigned char)c) ? c : c == '~' ? '!' : (char)(c + 1);
}

void
taint_disguise(char *text, size_t len, const char *letters)
{
	for (size_t i = 0; i < len; i++)
		text[i] = disguised(text[i], letters);
	mask_register(text, len);
}

/* A value that stands for this leaf where the second run gave none; a new reference. */
static json_t *
made_decoy(const json_t *value)
{
	struct buf	 text = { .secret = true };
	json_t		*decoy;

	if (json_is_integer(value))
		return json_integer(json_integer_value(value) ^ 1);
	if (json_is_real(value))
		return json_real(json_real_value(value) / 2 + 1);
	buf_add(&text, json_string_value(value), json_string_length(value));
	taint_disguise(text.data, text.len, "");
	decoy = json_stringn(buf_text(&text), text.len);
	buf_fini(&text);
	return decoy;
}

/* Whether two texts are the same but for the secrets that masking finds in them. */
static bool
same_masked(const char *a, size_t a_len, const char *b, size_t b_len)
{
	struct buf	 first = { .secret = true }, second = { .secret = true };
	bool		 same;

	buf_add(&first, a, a_len);
	buf_add(&second, b, b_len);
	mask_apply(&first);
	mask_apply(&second);
	same = first.len == second.len && memcmp(buf_text(&first), buf_text(&second), first.len) == 0;
	buf_fini(&first);
	buf_fini(&second);
	return same;
}

/* Register the lines of `text` that are other ones in `decoy`; all that are behind the end of the decoy. */
static void
register_lines(const char *text, const char *decoy)
{
	while (*text != '\0') {
		size_t n = strcspn(text, "\n"), m = strcspn(decoy, "\n");

		if (!same_masked(text, n, decoy, m))
			mask_register(text, n);
		text += n + (text[n] != '\0');
		decoy += m + (decoy[m] != '\0');
	}
}

static void
compare_leaf(struct config *config, json_t *value, json_t *decoy)
{
	bool	 text = json_is_string(value), known = json_is_string(decoy) == text, hidden = true;
	json_t	*made = NULL;

	if (decoy == NULL || !known || (!text && !json_is_number(decoy)))
		decoy = made = made_decoy(value);
	else if (json_equal(value, decoy))
		return;
	if (text) {
		const char *real = json_string_value(value), *other = json_string_value(decoy);

		hidden = !same_masked(real, json_string_length(value), other, json_string_length(decoy));
		register_lines(real, other);
		register_lines(other, real);
	}
	add(config, value, decoy, hidden);
	json_decref(made);
}

void
taint_compare(struct config *config, json_t *value, json_t *decoy)
{
	const char	*key;
	json_t		*child;
	size_t		 i;

	if (json_is_object(value)) {
		json_object_foreach(value, key, child) {
			if (json_object_get(decoy, key) == NULL)
				mask_register(key, strlen(key));
			taint_compare(config, child, json_object_get(decoy, key));
		}
	} else if (json_is_array(value)) {
		json_array_foreach(value, i, child) {
			taint_compare(config, child, json_array_get(decoy, i));
		}
	} else if (json_is_string(value) || json_is_number(value))
		compare_leaf(config, value, decoy);
}
