/* lua: JSON values to Lua values and back. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lua/sandbox.h"

#include "base/err.h"
#include "lua/list.h"

#include <lauxlib.h>
#include <math.h>
#include <string.h>

#define DEPTH_MAX	64		/* of nested tables; one that contains itself is deeper than any */
#define RESULT_MAX	((size_t)16 << 20)	/* bytes of all texts, and for each value */
#define VALUE_SIZE	32		/* so many more; what is there twice counts twice */
#define TOO_DEEP	"the result contains itself, or is nested more than %d deep"
#define WHOLE_MAX	9007199254740992.0	/* 2^53: up to here a double that is whole is exact */

static void
push_array(lua_State *L, const json_t *array)
{
	size_t		 i;
	lua_Integer	 next = 1;
	json_t		*element;

	list_new(L, (int)json_array_size(array));
	json_array_foreach(array, i, element) {
		if (element == NULL || json_is_null(element))
			continue;
		lua_push_json(L, element);
		lua_rawseti(L, -2, next++);
	}
}

static void
push_object(lua_State *L, const json_t *object)
{
	const char	*key;
	json_t		*value;

	lua_createtable(L, 0, (int)json_object_size(object));
	json_object_foreach((json_t *)(uintptr_t)object, key, value) {
		lua_push_json(L, value);
		lua_setfield(L, -2, key);
	}
}

void
lua_push_json(lua_State *L, const json_t *value)
{
	luaL_checkstack(L, 4, "json");
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		push_object(L, value);
		break;
	case JSON_ARRAY:
		push_array(L, value);
		break;
	case JSON_STRING:
		lua_pushlstring(L, json_string_value(value), json_string_length(value));
		break;
	case JSON_INTEGER:
		lua_pushinteger(L, json_integer_value(value));
		break;
	case JSON_REAL:
		lua_pushnumber(L, json_real_value(value));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		lua_pushboolean(L, json_is_true(value));
		break;
	case JSON_NULL:
		lua_pushnil(L);
		break;
	}
}

/* A result on its way to JSON. */
struct result {
	lua_State	*L;
	size_t		 room;		/* for what is to come */
};

NODISCARD
static struct err *
take_room(struct result *result, size_t size)
{
	if (size > result->room)
		return err_new(ERR_CONFIG, "the result is larger than %zu MiB", RESULT_MAX >> 20);
	result->room -= size;
	return NULL;
}

static struct err	*convert(struct result *result, int index, json_t **out, unsigned depth);

NODISCARD
static struct err *
convert_number(lua_State *L, int index, json_t **out)
{
	double number;

	if (lua_isinteger(L, index)) {
		*out = json_integer(lua_tointeger(L, index));
		return NULL;
	}
	number = lua_tonumber(L, index);
	if (!isfinite(number))
		return err_new(ERR_CONFIG, "the result is %s, which is no number in JSON",
		    isnan(number) ? "not a number" : "infinite");
	if (number >= -WHOLE_MAX && number <= WHOLE_MAX && (double)(json_int_t)number == number)
		*out = json_integer((json_int_t)number);
	else
		*out = json_real(number);
	return NULL;
}

NODISCARD
static struct err *
convert_string(struct result *result, int index, json_t **out)
{
	size_t		 len;
	const char	*text = lua_tolstring(result->L, index, &len);
	struct err	*e;

	if ((e = take_room(result, len)) != NULL)
		return e;
	if (memchr(text, '\0', len) != NULL)
		return err_new(ERR_CONFIG, "the result has a text with a NUL byte");
	if ((*out = json_stringn(text, len)) == NULL)
		return err_new(ERR_CONFIG, "the result has a text that is not UTF-8");
	return NULL;
}

NODISCARD
static struct err *
convert_array(struct result *result, int index, json_t **out, unsigned depth)
{
	lua_State	*L = result->L;
	lua_Integer	 count = (lua_Integer)lua_rawlen(L, index);
	json_t		*array = json_array(), *element = NULL;
	struct err	*e = NULL;

	for (lua_Integer i = 1; e == NULL && i <= count; i++) {
		lua_rawgeti(L, index, i);
		if ((e = convert(result, lua_gettop(L), &element, depth + 1)) == NULL)
			json_array_append_new(array, element);
		lua_pop(L, 1);
	}
	if (e == NULL)
		*out = array;
	else
		json_decref(array);
	return e;
}

/* The keys are on top, in order, so that equal tables give equal objects. */
NODISCARD
static struct err *
convert_object(struct result *result, int index, json_t **out, unsigned depth)
{
	lua_State	*L = result->L;
	int		 keys = lua_gettop(L);
	lua_Integer	 count = (lua_Integer)lua_rawlen(L, keys);
	json_t		*object = json_object(), *value = NULL, *key = NULL;
	struct err	*e = NULL;

	for (lua_Integer i = 1; e == NULL && i <= count; i++) {
		lua_rawgeti(L, keys, i);
		if ((e = convert_string(result, lua_gettop(L), &key)) != NULL)
			break;
		lua_rawget(L, index);
		if ((e = convert(result, lua_gettop(L), &value, depth + 1)) == NULL)
			json_object_set_new(object, json_string_value(key), value);
		json_decref(key);
		lua_pop(L, 1);
	}
	if (e == NULL)
		*out = object;
	else
		json_decref(object);
	return e;
}

/* How many of the keys in the list on top are the integers 1, 2, 3…, and how many are strings. */
static void
count_keys(lua_State *L, size_t *sequence, size_t *strings)
{
	*sequence = *strings = 0;
	for (lua_Integer i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; i++) {
		if (lua_isinteger(L, -1) && lua_tointeger(L, -1) == i)
			++*sequence;
		else if (lua_type(L, -1) == LUA_TSTRING)
			++*strings;
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
}

/* Whether the keys are 1, 2, 3…, as almost always where there is a 1. */
static bool
is_sequence(lua_State *L, int index)
{
	lua_Integer	count = (lua_Integer)lua_rawlen(L, index), seen = 0;
	bool		good = count > 0;
	int		top = lua_gettop(L);

	lua_pushnil(L);
	while (good && lua_next(L, index) != 0) {
		good = lua_isinteger(L, -2) && lua_tointeger(L, -2) >= 1 && lua_tointeger(L, -2) <= count;
		seen++;
		lua_pop(L, 1);
	}
	lua_settop(L, top);
	return good && seen == count;
}

NODISCARD
static struct err *
convert_table(struct result *result, int index, json_t **out, unsigned depth)
{
	lua_State	*L = result->L;
	size_t		 count, sequence, strings;
	struct err	*e;

	if (depth > DEPTH_MAX)
		return err_new(ERR_CONFIG, TOO_DEEP, DEPTH_MAX);
	if (is_sequence(L, index))
		return convert_array(result, index, out, depth);
	if (!list_keys_try(L, index))
		return err_new(ERR_CONFIG, "the result has a table whose keys are no text");
	count = lua_rawlen(L, -1);
	count_keys(L, &sequence, &strings);
	if (sequence == count)
		e = convert_array(result, index, out, depth);
	else if (strings == count && !list_is(L, index))
		e = convert_object(result, index, out, depth);
	else
		e = err_new(ERR_CONFIG, "the result is neither a list (1, 2, 3…) nor all names: it mixes both or has gaps");
	return e;
}

/* Take the room that this value needs, which macro after macro may have made larger and deeper. */
NODISCARD
static struct err *
measure(struct result *result, const json_t *value, unsigned depth)
{
	struct err	*e;
	const char	*key;
	json_t		*child;
	size_t		 i;

	if (depth > DEPTH_MAX)
		return err_new(ERR_CONFIG, TOO_DEEP, DEPTH_MAX);
	if ((e = take_room(result, VALUE_SIZE + json_string_length(value))) != NULL)
		return e;
	json_object_foreach((json_t *)(uintptr_t)value, key, child) {
		if ((e = take_room(result, strlen(key))) != NULL || (e = measure(result, child, depth + 1)) != NULL)
			return e;
	}
	if (!json_is_array(value))
		return NULL;
	json_array_foreach(value, i, child) {
		if ((e = measure(result, child, depth + 1)) != NULL)
			return e;
	}
	return NULL;
}

/* What C made says itself what it is in JSON. */
NODISCARD
static struct err *
convert_object_of_c(struct result *result, int index, json_t **out, unsigned depth)
{
	lua_State		*L = result->L;
	const struct lua_json	*class = NULL;
	struct err		*e;

	if (luaL_getmetafield(L, index, LUA_JSON) != LUA_TNIL)
		class = lua_touserdata(L, -1);
	if (class == NULL)
		return err_new(ERR_CONFIG, "the result is or has a %s, which is no value", luaL_typename(L, index));
	if ((e = class->convert(lua_touserdata(L, index), out)) == NULL && (e = measure(result, *out, depth)) != NULL) {
		json_decref(*out);
		*out = NULL;
	}
	return e;
}

NODISCARD
static struct err *
convert(struct result *result, int index, json_t **out, unsigned depth)
{
	lua_State	*L = result->L;
	int		 top = lua_gettop(L);
	struct err	*e;

	if (!lua_checkstack(L, LUA_MINSTACK))
		return err_new(ERR_CONFIG, "the result is nested too deeply");
	if ((e = take_room(result, VALUE_SIZE)) != NULL)
		return e;
	switch (lua_type(L, index)) {
	case LUA_TNIL:
		*out = json_null();
		break;
	case LUA_TBOOLEAN:
		*out = json_boolean(lua_toboolean(L, index));
		break;
	case LUA_TNUMBER:
		e = convert_number(L, index, out);
		break;
	case LUA_TSTRING:
		e = convert_string(result, index, out);
		break;
	case LUA_TTABLE:
		e = convert_table(result, index, out, depth);
		break;
	default:
		e = convert_object_of_c(result, index, out, depth);
	}
	lua_settop(L, top);
	return e;
}

struct err *
lua_to_json(lua_State *L, int index, json_t **out)
{
	bool		 lenient = sandbox_lenient(sandbox_of(L), true);
	struct result	 result = { L, RESULT_MAX };
	struct err	*e = convert(&result, lua_absindex(L, index), out, 0);

	sandbox_lenient(sandbox_of(L), lenient);
	return e;
}
