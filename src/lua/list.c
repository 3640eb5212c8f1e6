/* lua: lists and their methods. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lua/list.h"

#include "base/err.h"
#include "base/strs.h"
#include "lua/sandbox.h"

#include <lauxlib.h>
#include <string.h>

#define LIST		"leap.list"
#define STEPS_EACH	4	/* what a method spends of the budget for each element */

static const char methods_key;	/* its address is the key of the table of methods in the registry */

void
list_new(lua_State *L, int count)
{
	luaL_checkstack(L, 2, "list");
	lua_createtable(L, count, 0);
	luaL_setmetatable(L, LIST);
}

bool
list_is(lua_State *L, int index)
{
	if (!lua_istable(L, index) || luaL_getmetafield(L, index, "__list") == LUA_TNIL)
		return false;
	lua_pop(L, 1);
	return true;
}

/* How many elements the list at 1 has; every method begins here. */
static lua_Integer
check_list(lua_State *L)
{
	lua_Integer count;

	luaL_argcheck(L, list_is(L, 1), 1, "not a list; call methods with a colon, list:method()");
	count = (lua_Integer)lua_rawlen(L, 1);
	sandbox_spend(L, (size_t)count * STEPS_EACH);
	luaL_checkstack(L, LUA_MINSTACK, "list");
	return count;
}

/* Append the value on top to the list below it, unless it is nil. */
static void
append(lua_State *L)
{
	if (lua_isnil(L, -1))
		lua_pop(L, 1);
	else
		lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
}

/* Push the property `path` of the table at `index`, going down at its dots, or nil. */
static void
push_down(lua_State *L, int index, const char *path)
{
	const char *dot;

	lua_pushvalue(L, index);
	for (;;) {
		lua_getfield(L, -1, path);
		if (!lua_isnil(L, -1) || (dot = strchr(path, '.')) == NULL)
			break;
		lua_pop(L, 1);
		lua_pushlstring(L, path, (size_t)(dot - path));
		lua_rawget(L, -2);
		lua_remove(L, -2);
		if (!lua_istable(L, -1) || list_is(L, -1)) {
			lua_pop(L, 1);
			lua_pushnil(L);
			return;
		}
		path = dot + 1;
	}
	lua_remove(L, -2);
}

/* Push the property `path` of the element at `index`.  Nil where it is null, and, with `forgive`, where it is missing. */
static void
push_property(lua_State *L, int index, const char *path, bool forgive)
{
	index = lua_absindex(L, index);
	if (lua_istable(L, index) && !list_is(L, index))
		push_down(L, index, path);
	else if (lua_type(L, index) != LUA_TUSERDATA)
		lua_pushnil(L);
	else if (!forgive)
		lua_getfield(L, index, path);
	else {
		lua_getfield(L, index, "get");
		lua_pushvalue(L, index);
		lua_pushstring(L, path);
		lua_call(L, 2, 1);
	}
}

/* Whether the value at `index` is the scalar at `want`, or is said by its text. */
static bool
equals(lua_State *L, int index, int want, const char *text)
{
	bool equal;

	if (text == NULL)
		return lua_compare(L, index, want, LUA_OPEQ);
	if (lua_isboolean(L, index))
		return strcmp(text, lua_toboolean(L, index) ? "true" : "false") == 0;
	if (lua_isnil(L, index) || !lua_isstring(L, index))
		return false;
	lua_pushvalue(L, index);	/* lua_tostring() would change the number itself */
	equal = strcmp(text, lua_tostring(L, -1)) == 0;
	lua_pop(L, 1);
	return equal;
}

/* equals(), or a list that has such an element. */
static bool
has(lua_State *L, int index, int want, const char *text)
{
	bool found = false;

	if (!list_is(L, index))
		return equals(L, index, want, text);
	for (lua_Integer i = 1; !found && lua_rawgeti(L, index, i) != LUA_TNIL; i++) {
		found = equals(L, lua_gettop(L), want, text);
		lua_pop(L, 1);
	}
	if (!found)
		lua_pop(L, 1);
	return found;
}

static bool
matches(lua_State *L, int index, int want)
{
	const char	*text;
	bool		 found = false;

	if (lua_istable(L, want)) {
		for (lua_Integer i = 1, n = (lua_Integer)lua_rawlen(L, want); !found && i <= n; i++) {
			if (lua_rawgeti(L, want, i) == LUA_TTABLE)
				luaL_error(L, "a filter wants a value, or a list of values");
			found = matches(L, index, lua_gettop(L));
			lua_pop(L, 1);
		}
		return found;
	}
	if (lua_type(L, want) == LUA_TSTRING && *(text = lua_tostring(L, want)) == '!')
		return !has(L, index, want, text + 1);
	return has(L, index, want, NULL);
}

/* Whether the element on top has every pair of the filter at `filter`, whose names are in the list behind it. */
static bool
element_matches(lua_State *L, int filter)
{
	int	 element = lua_gettop(L);
	bool	 good = true;

	for (lua_Integer i = 1; good && lua_rawgeti(L, filter + 1, i) != LUA_TNIL; i++) {
		push_property(L, element, lua_tostring(L, -1), true);
		lua_pushvalue(L, -2);
		lua_rawget(L, filter);
		good = matches(L, element + 2, element + 3);
		lua_settop(L, element);
	}
	lua_settop(L, element);
	return good;
}

/* Put the filter at `index` and the list of the names in it, in their order, below the list on top. */
static int
insert_filter(lua_State *L, int index)
{
	int filter = lua_gettop(L);

	lua_pushvalue(L, index);
	lua_insert(L, filter);
	list_keys(L, filter);
	for (lua_Integer i = (lua_Integer)lua_rawlen(L, -1); i > 0; i--) {
		if (lua_rawgeti(L, -1, i) != LUA_TSTRING)
			luaL_error(L, "a filter names properties, { name = value }");
		lua_pop(L, 1);
	}
	lua_insert(L, filter + 1);
	return filter;
}

void
list_filter(lua_State *L, int index)
{
	int filter, list;

	luaL_checkstack(L, LUA_MINSTACK, "list");
	filter = insert_filter(L, lua_absindex(L, index));
	list = lua_gettop(L);
	list_new(L, 0);
	for (lua_Integer i = 1; lua_rawgeti(L, list, i) != LUA_TNIL; i++) {
		if (element_matches(L, filter))
			append(L);
		else
			lua_pop(L, 1);
	}
	lua_pop(L, 1);
	lua_replace(L, filter);
	lua_settop(L, filter);
}

/* Add the element at `element` to the list for the value on top in the table at `groups`; pops the value. */
static void
add_to_group(lua_State *L, int groups, int element)
{
	lua_Integer count;

	if (lua_type(L, -1) != LUA_TSTRING && !lua_isboolean(L, -1) &&
	    (lua_type(L, -1) != LUA_TNUMBER || lua_tonumber(L, -1) != lua_tonumber(L, -1))) {
		lua_pop(L, 1);
		return;
	}
	lua_pushvalue(L, -1);
	if (lua_rawget(L, groups) == LUA_TNIL) {
		lua_pop(L, 1);
		list_new(L, 0);
		lua_pushvalue(L, -2);
		lua_pushvalue(L, -2);
		lua_rawset(L, groups);
	}
	count = (lua_Integer)lua_rawlen(L, -1);
	lua_rawgeti(L, -1, count);
	if (!lua_rawequal(L, -1, element)) {	/* else the property is a list that has the value twice */
		lua_pushvalue(L, element);
		lua_rawseti(L, -3, count + 1);
	}
	lua_pop(L, 3);
}

void
list_group(lua_State *L, const char *path)
{
	int list = lua_gettop(L), groups = list + 1, element = list + 2;

	luaL_checkstack(L, LUA_MINSTACK, "list");
	sandbox_spend(L, lua_rawlen(L, list) * STEPS_EACH);
	lua_newtable(L);
	for (lua_Integer i = 1; lua_rawgeti(L, list, i) != LUA_TNIL; i++) {
		push_property(L, element, path, true);
		if (list_is(L, -1)) {
			for (lua_Integer j = 1; lua_rawgeti(L, element + 1, j) != LUA_TNIL; j++)
				add_to_group(L, groups, element);
			lua_pop(L, 1);
		} else
			add_to_group(L, groups, element);
		lua_settop(L, groups);
	}
	lua_settop(L, groups);
}

static int
list_call(lua_State *L)
{
	check_list(L);
	luaL_checktype(L, 2, LUA_TTABLE);
	lua_settop(L, 2);
	lua_pushvalue(L, 1);
	list_filter(L, 2);
	return 1;
}

static int
list_field(lua_State *L)
{
	lua_Integer	 count = check_list(L), next = 1;
	const char	*path = luaL_checkstring(L, 2);
	int		 list = lua_gettop(L) + 1;

	list_new(L, (int)count);
	for (lua_Integer i = 1; i <= count; i++) {
		lua_rawgeti(L, 1, i);
		push_property(L, -1, path, false);
		if (!lua_isnil(L, -1))
			lua_rawseti(L, list, next++);
		lua_settop(L, list);
	}
	return 1;
}

/* Push { a = ..., b_c = ... } for the element at `element` and the paths from 2 to `last`. */
static void
push_fields(lua_State *L, int element, int last)
{
	lua_createtable(L, 0, last - 1);
	for (int i = 2; i <= last; i++) {
		luaL_gsub(L, luaL_checkstring(L, i), ".", "_");
		push_property(L, element, lua_tostring(L, i), false);
		lua_rawset(L, -3);
	}
}

static int
list_fields(lua_State *L)
{
	lua_Integer	 count = check_list(L);
	int		 last = lua_gettop(L);

	list_new(L, (int)count);
	for (lua_Integer i = 1; i <= count; i++) {
		lua_rawgeti(L, 1, i);
		push_fields(L, lua_gettop(L), last);
		lua_remove(L, -2);
		append(L);
	}
	return 1;
}

static int
list_pick(lua_State *L)
{
	lua_Integer	 count = check_list(L);
	int		 last = lua_gettop(L);

	lua_createtable(L, 0, (int)count);
	for (lua_Integer i = 1; i <= count; i++) {
		lua_rawgeti(L, 1, i);
		push_property(L, -1, "name", false);
		if (lua_isnil(L, -1))
			return luaL_error(L, "pick() is for elements that have a name");
		push_fields(L, lua_gettop(L) - 1, last);
		lua_rawset(L, -4);
		lua_pop(L, 1);
	}
	return 1;
}

/* Whether the element on top is the value at `other`, or is named so. */
static bool
same(lua_State *L, int other)
{
	bool is;

	if (lua_type(L, other) != LUA_TSTRING || lua_type(L, -1) == LUA_TSTRING)
		return lua_compare(L, -1, other, LUA_OPEQ);
	push_property(L, -1, "name", true);
	is = lua_rawequal(L, -1, other);
	lua_pop(L, 1);
	return is;
}

/* Whether the value at 2 is not the one thing to be left out, but a list of such. */
static bool
is_several(lua_State *L)
{
	return list_is(L, 2) || (lua_istable(L, 2) && lua_rawlen(L, 2) > 0);
}

/* Have the first element say whether what is to be left out makes sense. */
static void
check_excluded(lua_State *L)
{
	lua_Integer n = is_several(L) ? (lua_Integer)lua_rawlen(L, 2) : 1;

	if (lua_rawgeti(L, 1, 1) == LUA_TUSERDATA && luaL_getmetafield(L, -1, LIST_EXCLUDED) != LUA_TNIL) {
		for (lua_Integer i = 1; i <= n; i++) {
			lua_pushvalue(L, -1);
			lua_pushvalue(L, -3);
			if (is_several(L))
				lua_rawgeti(L, 2, i);
			else
				lua_pushvalue(L, 2);
			lua_call(L, 2, 0);
		}
	}
	lua_settop(L, 2);
}

static bool
excluded(lua_State *L)
{
	bool found = false;

	if (!is_several(L))
		return same(L, 2);
	for (lua_Integer i = 1, n = (lua_Integer)lua_rawlen(L, 2); !found && i <= n; i++) {
		lua_rawgeti(L, 2, i);
		lua_insert(L, -2);
		found = same(L, lua_gettop(L) - 1);
		lua_remove(L, -2);
	}
	return found;
}

static int
list_exclude(lua_State *L)
{
	lua_Integer count = check_list(L);

	luaL_checkany(L, 2);
	lua_settop(L, 2);
	check_excluded(L);
	if (is_several(L))
		sandbox_spend(L, (size_t)count * lua_rawlen(L, 2));
	list_new(L, (int)count);
	for (lua_Integer i = 1; i <= count; i++) {
		lua_rawgeti(L, 1, i);
		if (excluded(L))
			lua_pop(L, 1);
		else
			append(L);
	}
	return 1;
}

static int
list_names(lua_State *L)
{
	lua_settop(L, 1);
	lua_pushliteral(L, "name");
	return list_field(L);
}

static int
list_values(lua_State *L)
{
	const char *path = luaL_checkstring(L, 2);

	check_list(L);
	lua_pushvalue(L, 1);
	list_group(L, path);
	list_keys(L, -1);
	return 1;
}

static int
list_first(lua_State *L)
{
	check_list(L);
	lua_rawgeti(L, 1, 1);
	return 1;
}

static int
list_count(lua_State *L)
{
	lua_pushinteger(L, check_list(L));
	return 1;
}

static int
list_map(lua_State *L)
{
	lua_Integer count = check_list(L);

	luaL_checktype(L, 2, LUA_TFUNCTION);
	list_new(L, (int)count);
	for (lua_Integer i = 1; i <= count; i++) {
		lua_pushvalue(L, 2);
		lua_rawgeti(L, 1, i);
		lua_pushinteger(L, i);
		lua_call(L, 2, 1);
		sandbox_spend(L, 1);		/* it may be one of C that takes its time */
		append(L);
	}
	return 1;
}

static const luaL_Reg methods[] = {
	{ "count", list_count },
	{ "exclude", list_exclude },
	{ "field", list_field },
	{ "fields", list_fields },
	{ "first", list_first },
	{ "map", list_map },
	{ "names", list_names },
	{ "pick", list_pick },
	{ "values", list_values },
	{ NULL, NULL },
};

void
list_method(lua_State *L, int index)
{
	index = lua_absindex(L, index);
	luaL_checkstack(L, 2, "list");
	lua_rawgetp(L, LUA_REGISTRYINDEX, &methods_key);
	lua_pushvalue(L, index);
	lua_rawget(L, -2);
	lua_remove(L, -2);
}

void
list_method_names(struct strs *names)
{
	for (const luaL_Reg *method = methods; method->name != NULL; method++)
		strs_add(names, method->name);
}

static struct err *
no_method(const char *name)
{
	struct strs	 names = { 0 };
	struct err	*e = err_rule(err_new(ERR_CONFIG, "a list has no method \"%s\"", name), "unknown-name");
	const char	*near;

	list_method_names(&names);
	if ((near = strs_nearest(&names, name)) != NULL)
		e = err_hint(e, "did you mean \"%s\"?", near);
	strs_fini(&names);
	return e;
}

static int
list_index(lua_State *L)
{
	if (lua_type(L, 2) != LUA_TSTRING) {
		lua_pushnil(L);
		return 1;
	}
	list_method(L, 2);
	if (lua_isnil(L, -1))
		sandbox_raise(L, no_method(lua_tostring(L, 2)));
	return 1;
}

void
list_metatable(lua_State *L, lua_CFunction index)
{
	luaL_checkstack(L, 2, "list");
	lua_pushboolean(L, true);
	lua_setfield(L, -2, "__list");
	lua_pushcfunction(L, index);
	lua_setfield(L, -2, "__index");
	lua_pushcfunction(L, list_call);
	lua_setfield(L, -2, "__call");
}

void
list_setup(lua_State *L)
{
	luaL_newmetatable(L, LIST);
	list_metatable(L, list_index);
	lua_pop(L, 1);
	luaL_newlib(L, methods);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &methods_key);
}
