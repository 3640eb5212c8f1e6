/* recipe: the environment of recipes and templates, their texts, and the places of errors. */
/* May know config, lua, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/run.h"

#include "base/file.h"
#include "base/strs.h"
#include "config/config.h"
#include "config/lua_env.h"
#include "lua/sandbox.h"
#include "recipe/template.h"
#include "repo/repo.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

/* The interpreter's C stack holds a few more; it would not say where it ends. */
#define TEMPLATE_DEPTH	16u

void
run_init(struct run *run, struct node *node, struct manifest *manifest)
{
	*run = (struct run){
		.node = node,
		.repo = config_repo(node->config),
		.manifest = manifest,
		.lua = sandbox_state(config_sandbox(node->config)),
		.env = LUA_NOREF,
		.seen = json_object(),
		.content.secret = true,
	};
	run->kit = kit_of(run->lua, run->repo);
	kit_use(run->kit, run);
}

void
run_fini(struct run *run)
{
	luaL_unref(run->lua, LUA_REGISTRYINDEX, run->env);
	kit_use(run->kit, NULL);
	free(run->declared);
	json_decref(run->seen);
	json_decref(run->resource);
	buf_fini(&run->content);
	buf_fini(&run->line);
}

void
run_open(struct run *run)
{
	config_push_env(run->node, run->lua);
	run->env = luaL_ref(run->lua, LUA_REGISTRYINDEX);
}

void
run_cut(struct run *run, size_t len)
{
	struct buf *content = &run->content;

	if (content->len <= len)
		return;
	mem_cleanse(content->data + len, content->len - len);
	content->data[len] = '\0';
	content->len = len;
}

static void
add_keys(lua_State *L, int table, struct strs *names)
{
	lua_pushnil(L);
	while (lua_next(L, table) != 0) {
		lua_pop(L, 1);
		if (lua_type(L, -1) == LUA_TSTRING && strcmp(lua_tostring(L, -1), TEMPLATE_PUT) != 0)
			strs_add(names, lua_tostring(L, -1));
	}
}

/* The error for a name that nothing has; the environment is at index 1. */
NODISCARD
static struct err *
unknown_name(struct run *run, const char *name)
{
	struct strs	 names = { 0 };
	struct err	*e = err_rule(run_error(run, "nothing is called \"%s\"", name),
	    config_lost(run->node->config, name) ? RULE_CONSEQUENCE : "unknown-name");
	const char	*key;
	json_t		*properties = NULL, *value;

	add_keys(run->lua, 1, &names);
	kit_push_shared(run->lua, run->kit, run->depth > 0 ? KIT_TOOLS : KIT_RESOURCES);
	add_keys(run->lua, lua_gettop(run->lua), &names);
	err_free(config_inspect(run->node->config, run->node->name, &properties));
	json_object_foreach(properties, key, value)
		strs_add(&names, key);
	strs_sort(&names);
	if ((key = strs_nearest(&names, name)) != NULL)
		e = err_hint(e, "did you mean \"%s\"?", key);
	strs_fini(&names);
	return e;
}

/* What nobody set is the node's, or nothing at all: a misspelt name must not pass for nil. */
int
run_name(struct run *run)
{
	lua_State	*L = run->lua;
	const char	*name;
	json_t		*value;
	struct err	*e;

	lua_rawgeti(L, LUA_REGISTRYINDEX, run->env);
	lua_pushvalue(L, 2);
	lua_gettable(L, -2);
	if (!lua_isnil(L, -1) || lua_type(L, 2) != LUA_TSTRING)
		return 1;
	name = lua_tostring(L, 2);
	if ((e = node_get(run->node, name, &value)) != NULL) {
		err_free(e);
		sandbox_raise(L, unknown_name(run, name));
	}
	return 1;		/* a property that is null */
}

/* Fill `place` for a line of a source. */
static void
place_line(struct run *run, struct place *place, const struct source *source, unsigned line)
{
	const char *text = buf_text(&source->text);

	*place = (struct place){ .path = source->path, .line = line };
	for (unsigned i = 1; i < line && text != NULL; i++)
		text = (text = strchr(text, '\n')) != NULL ? text + 1 : NULL;
	if (text == NULL)
		return;
	buf_clear(&run->line);
	buf_add(&run->line, text, strcspn(text, "\n"));
	place->text = buf_text(&run->line);
}

const struct source *
run_line(struct run *run, unsigned *line)
{
	const struct source	*source;
	lua_Debug		 call;

	for (int level = 1; lua_getstack(run->lua, level, &call); level++) {
		lua_getinfo(run->lua, "Sl", &call);
		if (call.currentline > 0 && (source = kit_find_chunk(run->kit, &call)) != NULL) {
			*line = (unsigned)call.currentline;
			return source;
		}
	}
	return NULL;
}

void
run_place(struct run *run, struct place *place)
{
	unsigned		 line;
	const struct source	*source = run_line(run, &line);

	if (source != NULL)
		place_line(run, place, source, line);
	else
		*place = (struct place){ 0 };
}

struct err *
run_error(struct run *run, const char *format, ...)
{
	struct place	 place;
	struct err	*e;
	va_list		 args;

	run_place(run, &place);
	va_start(args, format);
	e = err_atv(ERR_CONFIG, &place, format, args);
	va_end(args);
	return e;
}

struct err *
run_error_declared(struct run *run, size_t index, const char *format, ...)
{
	const struct declared	*declared = &run->declared[index];
	struct place		 place;
	struct err		*e;
	va_list			 args;

	place_line(run, &place, declared->source, declared->line);
	va_start(args, format);
	e = err_atv(ERR_CONFIG, &place, format, args);
	va_end(args);
	return e;
}

struct err *
run_locate(struct run *run, const struct source *source, struct err *take_e)
{
	const struct source	*found = NULL;
	const char		*message, *rest;
	struct place		 place = { .path = source->path };
	size_t			 len;
	unsigned		 line;

	if (take_e == NULL || err_place(take_e) != NULL)
		return take_e;
	message = err_message(take_e);
	if ((rest = sandbox_line(message, &len, &line)) != NULL && (found = kit_find(run->kit, message, len)) != NULL)
		place_line(run, &place, found, line);
	return err_moved(take_e, &place, "%s", found != NULL ? rest : message);
}

/* A template gives its output piece by piece. */
int
run_put(lua_State *L)
{
	struct run	*run = run_of(L);
	const char	*text;
	size_t		 len;

	if (!lua_isstring(L, 1))
		sandbox_raise(L, run_error(run, "a template can put a string or a number, this is %s",
		    lua_isnil(L, 1) ? "nil" : lua_isboolean(L, 1) ? "a boolean" : luaL_typename(L, 1)));
	text = lua_tolstring(L, 1, &len);
	buf_add(&run->content, text, len);
	return 0;
}

/* Push a template's environment: the tools, `with`'s variables, and, whatever those are, where its output goes. */
static void
push_template_env(struct run *run, int with)
{
	lua_State *L = run->lua;

	kit_push_env(L, run->kit, KIT_TOOLS);
	if (with == 0)
		return;
	lua_pushnil(L);
	while (lua_next(L, with) != 0) {
		lua_pushvalue(L, -2);
		lua_insert(L, -2);
		lua_rawset(L, -4);
	}
	kit_push_shared(L, run->kit, KIT_TOOLS);
	lua_getfield(L, -1, TEMPLATE_PUT);
	lua_remove(L, -2);
	lua_setfield(L, -2, TEMPLATE_PUT);
}

NODISCARD
static struct err *
no_template(struct run *run, const char *name)
{
	struct strs	 names = { 0 };
	const char	*near;
	char		*dir = xasprintf("%s/templates", run->dir);
	struct err	*e;

	e = run_error(run, "no template \"%s\" in %s, neither of the instance nor of the platform", name, dir);
	err_free(repo_list(run->repo, dir, "", &names));
	err_free(repo_platform_list(run->repo, dir, "", &names));
	if ((near = strs_nearest(&names, name)) != NULL)
		e = err_hint(e, "did you mean \"%s\"?", near);
	strs_fini(&names);
	free(dir);
	return err_rule(e, "missing-file");
}

NODISCARD
static struct err *
compile_template(struct run *run, struct source *template)
{
	struct buf	 lua = { 0 };
	struct err	*e;

	e = template_translate(&lua, template->path, buf_text(&template->text), template->text.len);
	if (e == NULL)
		e = err_rule(kit_compile(run->lua, template, buf_text(&lua), lua.len), "lua-syntax");
	buf_fini(&lua);
	return e;
}

struct err *
run_template(struct run *run, const char *name, int with)
{
	struct source	*template;
	size_t		 start = run->content.len;
	char		*path = xasprintf("%s/templates/%s", run->dir, name);
	struct err	*e = kit_source(run->kit, path, &template);

	free(path);
	if (e != NULL)
		return e;
	if (template == NULL)
		return no_template(run, name);
	if (run->depth == TEMPLATE_DEPTH)
		return err_hint(run_error(run, "templates that render each other, more than %u deep", TEMPLATE_DEPTH),
		    "does \"%s\" render itself?", name);
	if (!kit_push_function(run->lua, template))
		e = compile_template(run, template);
	if (e == NULL) {
		push_template_env(run, with);
		run->depth++;
		e = sandbox_call(sandbox_of(run->lua), 1, 0);
		run->depth--;
	}
	if (e != NULL)
		run_cut(run, start);
	return err_rule(run_locate(run, template, e), "template");
}
