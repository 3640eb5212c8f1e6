/* recipe: the functions that declare checks. */
/* May know lua, wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/json.h"
#include "lua/sandbox.h"
#include "recipe/run.h"
#include "wire/manifest.h"

#include <lauxlib.h>
#include <string.h>

#define TIMEOUT	{ "timeout", OPTION_NUMBER }
#define END	{ NULL, OPTION_APART }

static const struct check {
	const char		*type;
	const char		*function;
	const char		*required[3];
	const struct option	*options;
} checks[] = {
	{ "listen", "check.listen", { "port" },
	    (const struct option[]){ { "port", OPTION_NUMBER }, { "protocol", OPTION_TEXT }, { "address", OPTION_TEXT },
	    TIMEOUT, END } },
	{ "http", "check.http", { "url", "status" },
	    (const struct option[]){ { "url", OPTION_TEXT }, { "status", OPTION_NUMBER }, { "host", OPTION_TEXT },
	    { "contains", OPTION_TEXT }, TIMEOUT, END } },
	{ "unit", "check.unit", { "name" },
	    (const struct option[]){ { "name", OPTION_TEXT }, TIMEOUT, END } },
	{ "command", "check.command", { "name", "command" },
	    (const struct option[]){ { "name", OPTION_TEXT }, { "command", OPTION_TEXT }, TIMEOUT, END } },
};

static void
set_defaults(json_t *object, const char *type)
{
	if (strcmp(type, "listen") == 0 && json_object_get(object, "protocol") == NULL)
		json_object_set_new(object, "protocol", json_string("tcp"));
	if (strcmp(type, "http") == 0 && json_object_get(object, "status") == NULL)
		json_object_set_new(object, "status", json_integer(200));
}

/* The wire's own rules, said where the recipe breaks them. */
NODISCARD
static struct err *
check_alone(struct run *run)
{
	json_t		*root;
	struct err	*wrong, *e;

	root = json_pack("{s:i, s:s, s:[], s:[O]}", "version", MANIFEST_VERSION, "node", "check", "resources",
	    "checks", run->resource);
	wrong = manifest_check(root);
	json_decref(root);
	if (wrong == NULL)
		return NULL;
	e = run_error(run, "%s", err_message(wrong));
	err_free(wrong);
	return e;
}

NODISCARD
static struct err *
declare_check(struct run *run, const struct check *check)
{
	json_t		*all = json_object_get(run->manifest->root, "checks"), *other;
	struct err	*e;
	size_t		 i;

	json_decref(run->resource);
	run->resource = json_object();
	if (lua_type(run->lua, 1) == LUA_TSTRING && strcmp(check->required[0], "name") == 0) {
		json_object_set_new(run->resource, "name", json_string(lua_tostring(run->lua, 1)));
		e = option_read(run, 2, check->options, check->function, run->resource);
	} else
		e = option_read(run, 1, check->options, check->function, run->resource);
	if (e != NULL)
		return e;
	json_object_set_new(run->resource, "type", json_string(check->type));
	set_defaults(run->resource, check->type);
	for (i = 0; check->required[i] != NULL; i++) {
		if (json_object_get(run->resource, check->required[i]) == NULL)
			return run_error(run, "%s needs %s", check->function, check->required[i]);
	}
	if ((e = check_alone(run)) != NULL)
		return e;
	json_array_foreach(all, i, other) {
		if (json_equal(other, run->resource))
			return NULL;
	}
	json_array_append(all, run->resource);
	return NULL;
}

static int
call_check(lua_State *L)
{
	struct err *e;

	if ((e = declare_check(run_of(L), lua_touserdata(L, lua_upvalueindex(2)))) != NULL)
		sandbox_raise(L, e);
	return 0;
}

static int
refuse_change(lua_State *L)
{
	return luaL_error(L, "\"check\" cannot be changed");
}

/* The table is the same for all nodes: recipes see it through one that takes nothing. */
void
check_functions(lua_State *L, struct kit *kit)
{
	lua_newtable(L);
	lua_newtable(L);
	lua_newtable(L);
	for (size_t i = 0; i < ARRAY_LEN(checks); i++)
		kit_function(L, kit, checks[i].type, call_check, &checks[i]);
	lua_setfield(L, -2, "__index");
	lua_pushcfunction(L, refuse_change);
	lua_setfield(L, -2, "__newindex");
	lua_setmetatable(L, -2);
	lua_setfield(L, -2, "check");
}
