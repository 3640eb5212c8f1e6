/* recipe: reads the options that a recipe gives to a function. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/strs.h"
#include "recipe/run.h"

#include <string.h>

#define LIST_DEPTH	4	/* ids of ids of ids: nobody nests deeper on purpose */

static const char *const kind_names[] = {
	[OPTION_TEXT] = "a string",
	[OPTION_NUMBER] = "a whole number",
	[OPTION_BOOL] = "true or false",
	[OPTION_TEXTS] = "a string or a list of strings",
};

/* A string of Lua's may be any bytes; JSON wants UTF-8. */
static json_t *
string_value(lua_State *L, int index)
{
	size_t		 len;
	const char	*text = lua_tolstring(L, index, &len);

	return json_stringn(text, len);
}

/* Append the strings of the value on top.  False when there is anything else in it. */
static bool
add_texts(lua_State *L, json_t *list, unsigned depth)
{
	bool good = true;

	if (lua_type(L, -1) == LUA_TSTRING)
		return json_array_append_new(list, string_value(L, -1)) == 0;
	if (!lua_istable(L, -1) || depth == LIST_DEPTH)
		return false;
	for (lua_Integer i = 1, n = (lua_Integer)lua_rawlen(L, -1); good && i <= n; i++) {
		lua_rawgeti(L, -1, i);
		good = add_texts(L, list, depth + 1);
		lua_pop(L, 1);
	}
	return good;
}

/* Set `object`'s member to the value on top of the stack.  False when it is of another kind. */
static bool
set_value(lua_State *L, json_t *object, const struct option *option)
{
	json_t	*list;
	bool	 good;

	switch (option->kind) {
	case OPTION_TEXT:
		return lua_type(L, -1) == LUA_TSTRING &&
		    json_object_set_new(object, option->name, string_value(L, -1)) == 0;
	case OPTION_NUMBER:
		return lua_isinteger(L, -1) &&
		    json_object_set_new(object, option->name, json_integer(lua_tointeger(L, -1))) == 0;
	case OPTION_BOOL:
		return lua_isboolean(L, -1) &&
		    json_object_set_new(object, option->name, json_boolean(lua_toboolean(L, -1))) == 0;
	case OPTION_TEXTS:
		list = json_array();
		good = add_texts(L, list, 0);
		json_object_set_new(object, option->name, list);
		return good;
	case OPTION_APART:
		break;
	}
	return true;
}

static const struct option *
find_option(const struct option *options, const char *name)
{
	for (; options->name != NULL; options++) {
		if (strcmp(options->name, name) == 0)
			return options;
	}
	return NULL;
}

NODISCARD
static struct err *
unknown_option(struct run *run, const struct option *options, const char *what, const char *name)
{
	struct strs	 names = { 0 };
	struct err	*e = run_error(run, "%s has no option \"%s\"", what, name);
	struct buf	 list = { 0 };
	const char	*near;

	for (; options->name != NULL; options++)
		strs_add(&names, options->name);
	if ((near = strs_nearest(&names, name)) != NULL)
		e = err_hint(e, "did you mean \"%s\"?", near);
	else if (names.count > 0) {
		strs_join(&names, ", ", &list);
		e = err_hint(e, "its options are %s", buf_text(&list));
	}
	buf_fini(&list);
	strs_fini(&names);
	return e;
}

NODISCARD
static struct err *
check_names(struct run *run, int index, const struct option *options, const char *what)
{
	lua_State	*L = run->lua;
	struct err	*e = NULL;

	lua_pushnil(L);
	while (e == NULL && lua_next(L, index) != 0) {
		lua_pop(L, 1);
		if (lua_type(L, -1) != LUA_TSTRING)
			e = run_error(run, "%s takes its options by name, { name = value }", what);
		else if (find_option(options, lua_tostring(L, -1)) == NULL)
			e = unknown_option(run, options, what, lua_tostring(L, -1));
	}
	if (e != NULL)
		lua_pop(L, 1);
	return e;
}

struct err *
option_read(struct run *run, int index, const struct option *options, const char *what, json_t *object)
{
	lua_State	*L = run->lua;
	struct err	*e;

	if (lua_isnoneornil(L, index))
		return NULL;
	if (!lua_istable(L, index))
		return run_error(run, "%s: options are a table, { name = value }, not %s", what,
		    lua_typename(L, lua_type(L, index)));
	if ((e = check_names(run, index, options, what)) != NULL)
		return e;
	for (; e == NULL && options->name != NULL; options++) {
		lua_pushstring(L, options->name);
		lua_rawget(L, index);
		if (!lua_isnil(L, -1) && !set_value(L, object, options))
			e = run_error(run, "%s: %s must be %s", what, options->name, kind_names[options->kind]);
		lua_pop(L, 1);
	}
	return e;
}

struct err *
option_text(struct run *run, int index, const char *what, const char **out, size_t *len)
{
	lua_State *L = run->lua;

	if (!lua_isstring(L, index))
		return run_error(run, "%s must be a string, not %s", what, lua_typename(L, lua_type(L, index)));
	*out = lua_tolstring(L, index, len);
	return NULL;
}
