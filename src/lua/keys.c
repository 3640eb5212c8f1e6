/* lua: the keys of tables, in an order that does not depend on where things are in memory. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lua/list.h"

#include "lua/sandbox.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_EACH	8	/* what putting a table's keys in order spends of the budget for each */

struct key {
	int		 type;
	bool		 truth, whole;
	lua_Integer	 integer;
	lua_Number	 number;
	const char	*text;
	size_t		 len;
};

static int
key_rank(const struct key *key)
{
	return key->type == LUA_TNUMBER ? 0 : key->type == LUA_TSTRING ? 1 : 2;
}

static int
key_compare(const void *left, const void *right)
{
	const struct key	*a = left, *b = right;
	int			 order;

	if (a->type != b->type)
		return key_rank(a) - key_rank(b);
	switch (a->type) {
	case LUA_TNUMBER:
		if (a->whole && b->whole)
			return (a->integer > b->integer) - (a->integer < b->integer);
		if (a->number != b->number)
			return a->number > b->number ? 1 : -1;
		return b->whole - a->whole;		/* 2^63 - 1, and 2^63 that it is rounded to */
	case LUA_TSTRING:
		order = memcmp(a->text, b->text, a->len < b->len ? a->len : b->len);
		return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
	default:
		return a->truth - b->truth;
	}
}

/* What the key on top is; strings stay with the table.  False when it has no order. */
static bool
key_read(lua_State *L, struct key *key)
{
	*key = (struct key){ .type = lua_type(L, -1) };
	switch (key->type) {
	case LUA_TNUMBER:
		key->whole = lua_isinteger(L, -1);
		key->integer = key->whole ? lua_tointeger(L, -1) : 0;
		key->number = lua_tonumber(L, -1);
		return true;
	case LUA_TSTRING:
		key->text = lua_tolstring(L, -1, &key->len);
		return true;
	case LUA_TBOOLEAN:
		key->truth = lua_toboolean(L, -1);
		return true;
	default:
		return false;
	}
}

static void
key_push(lua_State *L, const struct key *key)
{
	if (key->type == LUA_TSTRING)
		lua_pushlstring(L, key->text, key->len);
	else if (key->type == LUA_TBOOLEAN)
		lua_pushboolean(L, key->truth);
	else if (key->whole)
		lua_pushinteger(L, key->integer);
	else
		lua_pushnumber(L, key->number);
}

bool
list_keys_try(lua_State *L, int index)
{
	struct key	*keys;
	size_t		 count = 0, i = 0;

	index = lua_absindex(L, index);
	for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1))
		count++;
	keys = lua_newuserdatauv(L, count * sizeof(*keys) + 1, 0);
	lua_pushnil(L);
	while (lua_next(L, index) != 0) {
		lua_pop(L, 1);
		if (!key_read(L, &keys[i++])) {
			lua_pop(L, 2);
			return false;
		}
	}
	qsort(keys, count, sizeof(*keys), key_compare);
	list_new(L, (int)count);
	for (i = 0; i < count; i++) {
		key_push(L, &keys[i]);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
	lua_remove(L, -2);
	return true;
}

void
list_keys(lua_State *L, int index)
{
	luaL_checkstack(L, 6, "keys");
	if (!list_keys_try(L, index))
		luaL_error(L, "a table with keys that are no numbers, strings or booleans has no order");
	sandbox_spend(L, lua_rawlen(L, -1) * STEPS_EACH);
}
