/* config: puts one layer over another. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/schemas.h"

#include "base/strs.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Shorter words are near to too much to be taken for misspelt. */
#define SUSPECT_MIN	5
#define NAME_MIN	3	/* the same for those that the platform has for all nodes */

const char *
key_name(const char *key)
{
	return (*key == '+' || *key == '-' || *key == '!') && key[1] != '\0' ? key + 1 : key;
}

bool
is_macro(const json_t *value)
{
	const char *text = json_string_value(value);

	return text != NULL && (str_starts(text, "= ") || str_starts(text, "=> "));
}

bool
is_required(const json_t *value)
{
	return json_is_string(value) && strcmp(json_string_value(value), "REQUIRED") == 0;
}

const char *
type_name(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "a list";
	case JSON_STRING:
		return "a text";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "true or false";
	case JSON_NULL:
		break;
	}
	return "null";
}

/* type_name() gives one and the same literal for what may replace each other. */
static bool
same_type(const json_t *a, const json_t *b)
{
	return type_name(a) == type_name(b);
}

/* Nothing is there yet that what comes must fit to. */
static bool
is_open(const json_t *old)
{
	return old == NULL || json_is_null(old) || is_required(old) || is_macro(old);
}

static void
cut_path(struct merge *merge, size_t len)
{
	merge->path.len = len;
	merge->path.data[len] = '\0';
}

/* Where the value of `key` (as the file writes it) in the current object is, or its element of this number (0: all). */
static void
place_of(const struct merge *merge, const char *key, size_t number, struct place *place)
{
	const struct source	*source = merge->source;
	struct buf		 path = { 0 };
	char			*text;

	/* merge->path ends in the name; the file has the key instead. */
	buf_add(&path, buf_text(&merge->path), merge->path.len - strlen(key_name(key)));
	buf_adds(&path, key);
	if (number > 0)
		buf_addf(&path, ".%zu", number);
	text = buf_take(&path);
	if (!json_locate(source->path, buf_text(&source->text), source->text.len, text, place))
		source_place_or_file(source, buf_text(&merge->path), NULL, place);
	free(text);
}

/* An error at the value of `key` (as the file writes it) in the current object. */
PRINTF(4, 5)
static void
clash(struct merge *merge, const char *key, const char *hint, const char *format, ...)
{
	struct place	 place, below;
	struct err	*e;
	va_list		 args;
	char		*message;

	va_start(args, format);
	message = xvasprintf(format, args);
	va_end(args);
	place_of(merge, key, 0, &place);
	e = err_hint(err_at(ERR_CONFIG, &place, "%s", message), "%s", hint);
	if (layers_place(merge->below, buf_text(&merge->path), NULL, &below))
		e = err_note(e, &below, "it is set here before");
	problems_add(merge->errors, err_rule(e, "type-clash"));
	free(message);
}

/* What a key says for nothing. */
PRINTF(5, 6)
static void
no_effect(struct merge *merge, const char *key, size_t number, const char *near, const char *format, ...)
{
	struct place	 place;
	struct err	*e;
	va_list		 args;

	place_of(merge, key, number, &place);
	va_start(args, format);
	e = err_atv(ERR_CONFIG, &place, format, args);
	va_end(args);
	if (near != NULL)
		e = err_hint(e, "did you mean \"%s\"?", near);
	problems_add(merge->warnings, err_rule(err_warning(e), "no-effect"));
}

static bool
has_value(const json_t *array, const json_t *value)
{
	size_t	 i;
	json_t	*element;

	json_array_foreach(array, i, element) {
		if (json_equal(element, value))
			return true;
	}
	return false;
}

/* Append what `from`, an array or one value, has and `to` has not. */
static void
add_values(json_t *to, json_t *from)
{
	size_t	 i;
	json_t	*element;

	if (!json_is_array(from)) {
		if (!has_value(to, from) && !is_required(from))
			json_array_append(to, from);
		return;
	}
	json_array_foreach(from, i, element) {
		if (!has_value(to, element) && !is_required(element))
			json_array_append(to, element);
	}
}

/* A value without anything below it: prefixes inside are used up all the same. */
static json_t *
merge_fresh(struct merge *merge, json_t *value)
{
	size_t	 mark = merge->path.len, i;
	json_t	*copy, *element;

	if (json_is_object(value))
		return merge_objects(merge, NULL, value);
	if (!json_is_array(value) || !merge->source->prefixed)
		return json_incref(value);
	copy = json_array();
	json_array_foreach(value, i, element) {
		buf_addf(&merge->path, ".%zu", i + 1);
		json_array_append_new(copy, merge_fresh(merge, element));
		cut_path(merge, mark);
	}
	return copy;
}

static json_t *
merge_add(struct merge *merge, const char *key, json_t *old, json_t *value)
{
	json_t *sum;

	if (json_is_object(value) || json_is_null(value)) {
		clash(merge, key, "give it a list of what is to be added", "\"%s\" cannot add %s", key,
		    type_name(value));
		return NULL;
	}
	if (is_macro(value)) {
		clash(merge, key, "put the macro into a list, [\"= ...\"], to add what it gives", "\"%s\" cannot add a macro",
		    key);
		return NULL;
	}
	if (old != NULL && (is_macro(old) || (!is_open(old) && !json_is_array(old)))) {
		clash(merge, key, "\"!key\" replaces whatever was there", "\"%s\" adds to a list, but \"%s\" is %s", key,
		    key + 1, is_macro(old) ? "a macro" : type_name(old));
		return NULL;
	}
	sum = json_array();
	if (json_is_array(old))
		add_values(sum, old);
	value = merge_fresh(merge, value);
	add_values(sum, value);
	json_decref(value);
	return sum;
}

/* The element of this number (0: what is no list) of "-key" is not in the list `old`, or there is no list (NULL). */
static void
removes_nothing(struct merge *merge, const char *key, size_t number, const json_t *old, const json_t *value)
{
	struct strs	 texts = { 0 };
	json_t		*element;
	size_t		 i;

	json_array_foreach(old, i, element) {
		if (json_is_string(element))
			strs_add(&texts, json_string_value(element));
	}
	no_effect(merge, key, number, json_is_string(value) ? strs_nearest(&texts, json_string_value(value)) : NULL,
	    "\"%s\" takes nothing away: \"%s\" has no such element", key, buf_text(&merge->path));
	strs_fini(&texts);
}

/* Say what a node's own file wants to take away that is not there; other layers are for nodes of all kinds. */
static void
check_removal(struct merge *merge, const char *key, const json_t *old, const json_t *value)
{
	const json_t	*element;
	size_t		 i;

	if (!merge->own)
		return;
	if (!json_is_array(value) && !has_value(old, value))
		removes_nothing(merge, key, 0, old, value);
	json_array_foreach(value, i, element) {
		if (!has_value(old, element))
			removes_nothing(merge, key, i + 1, old, element);
	}
}

static json_t *
merge_remove(struct merge *merge, const char *key, json_t *old, json_t *value)
{
	json_t	*rest, *element;
	size_t	 i;

	if (old != NULL && !json_is_null(old) && !is_required(old) && !json_is_array(old)) {
		clash(merge, key, "\"!key\" replaces whatever was there", "\"%s\" takes from a list, but \"%s\" is %s",
		    key, key + 1, is_macro(old) ? "a macro" : type_name(old));
		return NULL;
	}
	check_removal(merge, key, old, value);
	if (!json_is_array(old))
		return NULL;
	rest = json_array();
	json_array_foreach(old, i, element) {
		if (!(json_is_array(value) ? has_value(value, element) : json_equal(value, element)))
			json_array_append(rest, element);
	}
	return rest;
}


static json_t *
merge_plain(struct merge *merge, const char *key, json_t *old, json_t *value)
{
	if (json_is_null(value))
		return old == NULL ? json_null() : NULL;
	if (is_open(old) || is_macro(value))
		return merge_fresh(merge, value);
	if (!same_type(old, value)) {
		clash(merge, key, "\"!key\" replaces whatever was there", "\"%s\" is %s here, but %s in the layers below",
		    buf_text(&merge->path), type_name(value), type_name(old));
		return NULL;
	}
	return json_is_object(value) ? merge_objects(merge, old, value) : merge_fresh(merge, value);
}

/* Whether the platform's layers below have the property at their top. */
static bool
is_platforms(const struct layers *below, const char *name)
{
	for (size_t i = 0; i < below->count; i++) {
		if (!below->items[i]->instance && json_object_get(below->items[i]->root, name) != NULL)
			return true;
	}
	return false;
}

/* Fingers slip in the middle of a word: one that begins with another letter, as "ports" beside "hosts", is another. */
static bool
begins_alike(const char *name, const char *known)
{
	return name[0] == known[0] || name[0] == known[1] || name[1] == known[0];
}

/*
 * Whether the name of a property that everybody knows was meant, where the word is too short, or the right one is there
 * too: then it is no slip to add an "s" or a digit, nor to change or add a letter of a short word.
 */
static bool
is_slip(const char *name, const char *known, bool beside)
{
	size_t	 one = strlen(name), two = strlen(known), less = one < two ? one : two;
	bool	 plural = one != two && strncmp(name, known, less) == 0 && strcmp(one > two ? name + less : known + less, "s") == 0;

	if (one < NAME_MIN || !begins_alike(name, known) || !str_one_off(name, known) || isdigit((unsigned char)name[one - 1]))
		return false;
	if (plural)
		return !beside;
	return one >= SUSPECT_MIN || (one == two && strspn(name, known) == one && strspn(known, name) == two);
}

/* What may have been meant by a key that no lower layer has, or NULL. */
static const char *
meant_by(const struct merge *merge, json_t *parent, const json_t *child, const char *name)
{
	struct strs	 names = { 0 };
	bool		 top = merge->path.len == strlen(name);
	const char	*known, *found = NULL;
	json_t		*value;

	json_object_foreach(parent, known, value) {
		bool beside = json_object_get(child, known) != NULL;

		if (strcasecmp(known, name) == 0 ||
		    (found == NULL && top && is_slip(name, known, beside) && is_platforms(merge->below, known)))
			found = known;
		if (!beside && begins_alike(name, known))
			strs_add(&names, known);
	}
	if (found == NULL && strlen(name) >= SUSPECT_MIN && (known = strs_nearest(&names, name)) != NULL)
		found = json_object_iter_key(json_object_iter_at(parent, known));
	strs_fini(&names);
	return found;
}

/* A key that no lower layer has, but that looks like one that they have, may be a slip. */
static void
suspect(struct merge *merge, json_t *parent, const json_t *child, const char *name)
{
	struct place	 place;
	const char	*near;

	if (!merge->source->instance || merge->config == NULL || (near = meant_by(merge, parent, child, name)) == NULL ||
	    schemas_allow(merge->config, buf_text(&merge->path)) ||
	    !source_place(merge->source, buf_text(&merge->path), NULL, &place))
		return;
	problems_add(merge->warnings, err_rule(err_warning(err_hint(err_at(ERR_CONFIG, &place,
	    "nothing else knows \"%s\"", buf_text(&merge->path)), "did you mean \"%s\"?", near)), "misspelt-key"));
}

/* A key that replaces what is there undoes what one with another sign says before it in the same object. */
static void
check_lost(struct merge *merge, json_t *child, const char *key, const json_t *value)
{
	const char	*other, *name = key_name(key);
	json_t		*ignored;

	if (!merge->source->prefixed || (*key != '!' && (name != key || json_is_object(value) || json_is_null(value))))
		return;
	json_object_foreach(child, other, ignored) {
		if (other == key)
			return;
		if (strcmp(key_name(other), name) == 0)
			no_effect(merge, other, 0, NULL, "\"%s\" is lost: \"%s\" comes behind it and replaces it", other, key);
	}
}

/* The new value of `key`, or NULL when what is there stays. */
static json_t *
merge_member(struct merge *merge, const char *key, json_t *old, json_t *value)
{
	switch (key_name(key) == key ? '\0' : *key) {
	case '+':
		return merge_add(merge, key, old, value);
	case '-':
		return merge_remove(merge, key, old, value);
	case '!':
		return merge_fresh(merge, value);
	}
	return merge_plain(merge, key, old, value);
}

json_t *
merge_objects(struct merge *merge, json_t *parent, json_t *child)
{
	json_t		*result, *old, *new, *value;
	const char	*key, *name;
	size_t		 mark = merge->path.len;
	bool		 changed = false;

	if (parent == NULL && !merge->source->prefixed)
		return json_incref(child);
	result = parent == NULL ? json_object() : json_copy(parent);
	json_object_foreach(child, key, value) {
		name = key_name(key);
		if (mark > 0)
			buf_addc(&merge->path, '.');
		buf_adds(&merge->path, name);
		old = json_object_get(result, name);
		check_lost(merge, child, key, value);
		if (old == NULL && parent != NULL)
			suspect(merge, parent, child, name);
		if ((new = merge_member(merge, key, old, value)) != NULL) {
			changed = changed || new != old;
			json_object_set_new(result, name, new);
		}
		cut_path(merge, mark);
	}
	if (parent == NULL || changed)
		return result;
	json_decref(result);
	return json_incref(parent);
}
