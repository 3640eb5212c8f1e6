/* recipe: runs a node's recipes, the base recipe first, then one for each service. */
/* May know config, lua, repo, wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/recipe.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/strs.h"
#include "config/config.h"
#include "lua/sandbox.h"
#include "recipe/run.h"
#include "wire/manifest.h"

#include <stdlib.h>
#include <string.h>

#define BASE_DIR	"base"
#define RECIPE_FILE	"recipe.lua"

/* Run the recipe in `dir`, if there is one: a service may be made of properties alone. */
NODISCARD
static struct err *
run_recipe(struct run *run, const char *dir)
{
	struct source	*recipe;
	char		*path = xasprintf("%s/" RECIPE_FILE, dir);
	struct err	*e = kit_source(run->kit, path, &recipe);

	free(path);
	run->dir = dir;
	if (e != NULL || recipe == NULL)
		return e;
	if (!kit_push_function(run->lua, recipe))
		e = err_rule(kit_compile(run->lua, recipe, buf_text(&recipe->text), recipe->text.len), "lua-syntax");
	if (e == NULL) {
		kit_push_env(run->lua, run->kit, KIT_RESOURCES);
		e = sandbox_call(sandbox_of(run->lua), 1, 0);
	}
	return run_locate(run, recipe, e);
}

NODISCARD
static struct err *
run_recipes(struct run *run)
{
	const struct strs	*services = &run->node->services;
	struct err		*e;
	char			*dir;

	e = run_recipe(run, BASE_DIR);
	for (size_t i = 0; e == NULL && i < services->count; i++) {
		dir = xasprintf("services/%s", services->items[i]);
		e = run_recipe(run, dir);
		free(dir);
	}
	return e;
}

/* What happens inside of the interpreter, where running out of its memory is an error like any other. */
static int
recipes_body(lua_State *L)
{
	struct run	*run = lua_touserdata(L, 1);
	struct err	*e;

	run_open(run);
	if ((e = run_recipes(run)) != NULL)
		sandbox_raise(L, e);
	return 0;
}

static int
render_body(lua_State *L)
{
	struct run	*run = lua_touserdata(L, 1);
	const char	*name = lua_touserdata(L, 2);
	struct err	*e;

	run_open(run);
	if ((e = run_template(run, name, 0)) != NULL)
		sandbox_raise(L, e);
	return 0;
}

NODISCARD
static struct err *
enter(struct run *run, lua_CFunction body, const char *argument)
{
	lua_State *L = run->lua;

	if (!lua_checkstack(L, LUA_MINSTACK))
		return err_new(ERR_CONFIG, "the interpreter is out of memory");
	lua_pushcfunction(L, body);
	lua_pushlightuserdata(L, run);
	lua_pushlightuserdata(L, (void *)(uintptr_t)argument);
	return sandbox_call(sandbox_of(L), 2, 0);
}

/* wire/ knows resources by their ids; say where the first one that it refuses was written. */
NODISCARD
static struct err *
check_manifest(struct run *run)
{
	struct err	*e = manifest_check(run->manifest->root), *last = NULL;
	json_t		*all, *root, *some;
	size_t		 i;

	if (e == NULL)
		return NULL;
	all = json_object_get(run->manifest->root, "resources");
	some = json_array();
	root = json_pack("{s:i, s:s, s:o, s:[]}", "version", MANIFEST_VERSION, "node", run->node->name,
	    "resources", some, "checks");
	for (i = 0; last == NULL && i < json_array_size(all); i++) {
		json_array_append(some, json_array_get(all, i));
		last = manifest_check(root);
	}
	json_decref(root);
	if (last == NULL)
		return e;
	err_free(e);
	e = run_error_declared(run, i - 1, "%s", err_message(last));
	if (err_hint_text(last) != NULL)
		e = err_hint(e, "%s", err_hint_text(last));
	err_free(last);
	return e;
}

NODISCARD
static struct err *
run_node(struct manifest *out, struct node *node, bool look)
{
	struct run	 run;
	struct err	*e;

	manifest_init(out, node->name);
	run_init(&run, node, out);
	run.look = look;
	if ((e = enter(&run, recipes_body, NULL)) == NULL)
		e = check_manifest(&run);
	run_fini(&run);
	if (e != NULL)
		manifest_fini(out);
	return e;
}

struct err *
recipe_run(struct manifest *out, struct node *node)
{
	return run_node(out, node, false);
}

struct err *
recipe_check(struct node *node)
{
	struct manifest	 manifest;
	struct err	*e = run_node(&manifest, node, true);

	if (e == NULL)
		manifest_fini(&manifest);
	return e;
}

struct err *
recipe_render(struct buf *out, struct node *node, const char *dir, const char *name)
{
	struct run	 run;
	struct err	*e;

	run_init(&run, node, NULL);
	run.dir = dir;
	if ((e = enter(&run, render_body, name)) == NULL)
		buf_add(out, buf_text(&run.content), run.content.len);
	run_fini(&run);
	return e;
}
