/* config: finds properties, and says which are missing. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/state.h"

#include "base/strs.h"
#include "config/builtin.h"
#include "config/trace.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

NODISCARD
static struct err *
find_element(struct scope *scope, const json_t *array, const char *path, json_t **out)
{
	char		*rest;
	size_t		 number;
	json_t		*element;
	struct err	*e;

	if (!isdigit((unsigned char)*path))
		return NULL;
	number = strtoul(path, &rest, 10);
	if ((*rest != '\0' && *rest != '.') || number == 0 || (element = json_array_get(array, number - 1)) == NULL)
		return NULL;
	if ((e = scope_value(scope, element, &element)) != NULL)
		return e;
	return scope_find(scope, element, *rest == '.' ? rest + 1 : rest, out);
}

struct err *
scope_find(struct scope *scope, json_t *from, const char *path, json_t **out)
{
	struct err	*e;
	json_t		*child;
	char		*key;
	size_t		 n = 0;

	*out = NULL;
	if (from == scope->root)
		trace_property(scope, path);
	if (*path == '\0') {
		*out = from;
		return NULL;
	}
	if (json_is_array(from))
		return find_element(scope, from, path, out);
	/* Keys may have dots of their own. */
	for (;;) {
		n += strcspn(path + n, ".");
		key = xstrndup(path, n);
		child = json_object_get(from, key);
		free(key);
		if (child != NULL) {
			if ((e = scope_value(scope, child, &child)) != NULL ||
			    (e = scope_find(scope, child, path[n] == '.' ? path + n + 1 : path + n, out)) != NULL ||
			    *out != NULL)
				return e;
		}
		if (path[n] == '\0')
			return NULL;
		n++;
	}
}

/* The whole path that `path` may have been meant to be, the caller's, free(); NULL: none. */
static char *
near_path(json_t *from, const char *prefix, const char *path)
{
	struct strs	 names = { 0 };
	const char	*rest = path, *behind, *key, *near;
	char		*step, *meant = NULL;
	json_t		*child;

	/* Go down as far as there is something. */
	for (;;) {
		step = xstrndup(rest, strcspn(rest, "."));
		behind = rest + strlen(step);
		child = json_object_get(from, step);
		if (!json_is_object(child) || *behind == '\0')
			break;
		free(step);
		from = child;
		rest = behind + 1;
	}
	json_object_foreach(from, key, child) {
		strs_add(&names, key);
	}
	near = strs_nearest(&names, step);
	if (near != NULL && strcmp(near, step) != 0 &&
	    (*behind == '\0' || builtin_raw(json_object_get(from, near), behind + 1) != NULL))
		meant = xasprintf("%s%s%.*s%s%s", prefix, *prefix != '\0' ? "." : "", (int)(rest - path), path, near, behind);
	free(step);
	strs_fini(&names);
	return meant;
}

struct err *
scope_missing(struct scope *scope, json_t *from, const char *prefix, const char *path)
{
	struct err	*e;
	char		*meant = near_path(from, prefix, path);

	e = err_new(ERR_CONFIG, "%s has no property \"%s%s%s\"", scope->title, prefix, *prefix != '\0' ? "." : "", path);
	if (meant != NULL)
		e = err_hint(e, "did you mean \"%s\"?", meant);
	free(meant);
	return err_rule(e, scope_broken(scope) ? RULE_CONSEQUENCE : "unknown-property");
}

bool
has_required(const json_t *value)
{
	const char	*key;
	json_t		*child;
	size_t		 i;

	if (is_required(value))
		return true;
	json_object_foreach((json_t *)(uintptr_t)value, key, child) {
		if (has_required(child))
			return true;
	}
	if (!json_is_array(value))
		return false;
	json_array_foreach(value, i, child) {
		if (has_required(child))
			return true;
	}
	return false;
}

static void
find_required(const json_t *value, struct buf *path, struct strs *found)
{
	size_t		 mark = path->len, i;
	const char	*key;
	json_t		*child;

	if (is_required(value))
		strs_add(found, buf_text(path));
	json_object_foreach((json_t *)(uintptr_t)value, key, child) {
		buf_addf(path, "%s%s", mark > 0 ? "." : "", key);
		find_required(child, path, found);
		path->len = mark;
	}
	if (!json_is_array(value))
		return;
	json_array_foreach(value, i, child) {
		buf_addf(path, "%s%zu", mark > 0 ? "." : "", i + 1);
		find_required(child, path, found);
		path->len = mark;
	}
}

/* The file to set a property in; the caller's, free(). */
static char *
own_path(const struct scope *scope)
{
	if (scope->own != NULL)
		return xstrdup(scope->own->path);
	if (str_starts(scope->title, "service "))
		return xasprintf("services/%s.json", scope->title + strlen("service "));
	return xstrdup("provider.json");
}

struct err *
scope_required(struct scope *scope)
{
	struct strs	 found = { 0 };
	struct buf	 path = { 0 }, list = { 0 };
	struct place	 place;
	struct err	*e = NULL;
	char		*own;
	bool		 elsewhere = false;	/* where nobody can change it */

	if (!has_required(scope_root(scope)))
		return NULL;
	own = own_path(scope);
	find_required(scope_root(scope), &path, &found);
	strs_join(&found, ", ", &list);
	if (found.count == 0 || !scope_place(scope, found.items[0], NULL, &place) || str_starts(place.path, "platform/")) {
		place = (struct place){ .path = own };
		elsewhere = true;
	}
	e = err_at(ERR_CONFIG, &place, "%s must have a value for %s", scope->title, buf_text(&list));
	for (size_t i = 0; i < found.count && (found.count > 1 || elsewhere); i++) {
		if (scope_place(scope, found.items[i], NULL, &place))
			e = err_note(e, &place, "\"%s\" is REQUIRED here", found.items[i]);
	}
	e = err_hint(e, "set %s in %s", found.count > 1 ? "them" : "it", own);
	free(own);
	strs_fini(&found);
	buf_fini(&path);
	buf_fini(&list);
	return err_rule(e, scope_broken(scope) ? RULE_CONSEQUENCE : "required");
}
