/* lua: lists, the tables that JSON arrays and selections of nodes become. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef LUA_LIST_H
#define LUA_LIST_H

#include <lua.h>
#include <stdbool.h>

struct strs;

/*
 * A list is a table 1..n with a metatable.  Its methods return new lists and leave it alone:
 *
 *   list{key = value, ...}	the elements that have all of it (see list_matches())
 *   :field("a.b")		that property of each element; null is left out, missing is an error
 *   :fields("a", "b.c")	for each element a table { a = ..., b_c = ... }
 *   :pick("a", "b.c")		the same by name: { web1 = { a = ..., b_c = ... }, ... }
 *   :exclude(x)		without the element x, without those of the list x, without the one named x
 *   :names()			the "name" of each element
 *   :values("a.b")		what that property is in some element, or has among its elements: each once, in order
 *   :first()			the first element, or nil
 *   :count()			how many
 *   :map(function)		what the function returns for each element; nil is left out
 *
 * Elements are tables, or values whose __index raises on what is missing and that have a method
 * get(path), which does not.
 */
void	 list_setup(lua_State *L);

/*
 * A metafield that elements may have, a function (element, x): it raises where x cannot be what list:exclude() is to
 * leave out.
 */
#define LIST_EXCLUDED	"__excluded"

/* Push an empty list with room for `count` elements. */
void	 list_new(lua_State *L, int count);
bool	 list_is(lua_State *L, int index);

/* Make the table on top the metatable of lists of another kind, which have this __index. */
void	 list_metatable(lua_State *L, lua_CFunction index);

/* Push the method of lists with the name at `index`, or nil. */
void	 list_method(lua_State *L, int index);
void	 list_method_names(struct strs *names);		/* adds them */

/*
 * Replace the list on top of the stack by those of its elements that match the table at `index`: for each
 * pair, the property of that (dotted) name is the value, or is a list with it among its elements.  "!x" is all
 * but x; a list of values is one of them.
 */
void	 list_filter(lua_State *L, int index);

/*
 * Push a table of lists: for each string, number or boolean that the property `path` of elements of the list on top is,
 * or has among its elements, those elements, as list_filter() finds them with { path = value }.
 */
void	 list_group(lua_State *L, const char *path);

/* keys.c: push a list of the keys of the table at `index` in order: numbers, strings, booleans.  Raises on other keys. */
void	 list_keys(lua_State *L, int index);

/* The same without raising: false, and nothing is pushed.  Wants 6 free slots. */
bool	 list_keys_try(lua_State *L, int index);

#endif
