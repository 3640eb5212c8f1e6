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
}

void
run_fini(struct run *run)
{
	luaL_unref(run->lua, LUA_REGISTRYINDEX, run->env);
	for (size_t i = 0; i < run->source_count; i++) {
		free(run->sources[i]->path);
		buf_fini(&run->sources[i]->text);
		free(run->sources[i]);
	}
	free(run->sources);
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

struct run *
run_of(lua_State *L)
{
	return lua_touserdata(L, lua_upvalueindex(1));
}

/* The error for a name that nothing has; the environment is at index 1. */
NODISCARD
static struct err *
unknown_name(struct run *run, const char *name)
{
	struct strs	 names = { 0 };
	struct err	*e = run_error(run, "nothing is called \"%s\"", name);
	const char	*key;
	json_t		*properties = NULL, *value;

	lua_pushnil(run->lua);
	while (lua_next(run->lua, 1) != 0) {
		lua_pop(run->lua, 1);
		if (lua_type(run->lua, -1) == LUA_TSTRING)
			strs_add(&names, lua_tostring(run->lua, -1));
	}
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
static int
env_index(lua_State *L)
{
	struct run	*run = run_of(L);
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

void
run_push_env(struct run *run, enum run_env env)
{
	lua_State *L = run->lua;

	luaL_checkstack(L, 8, "recipe");
	lua_newtable(L);
	tool_functions(run);
	property_functions(run);
	if (env == RUN_RESOURCES) {
		resource_functions(run);
		check_functions(run);
	}
	lua_newtable(L);
	run_functions(run, &(struct run_function){ "__index", env_index }, 1);
	lua_setmetatable(L, -2);
}

void
run_functions(struct run *run, const struct run_function *functions, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		lua_pushlightuserdata(run->lua, run);
		lua_pushcclosure(run->lua, functions[i].function, 1);
		lua_setfield(run->lua, -2, functions[i].name);
	}
}

static const struct source *
find_source(const struct run *run, const char *path, size_t len)
{
	for (size_t i = 0; i < run->source_count; i++) {
		if (strlen(run->sources[i]->path) == len && memcmp(run->sources[i]->path, path, len) == 0)
			return run->sources[i];
	}
	return NULL;
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

void
run_place(struct run *run, struct place *place)
{
	const struct source	*source;
	lua_Debug		 call;

	*place = (struct place){ 0 };
	for (int level = 1; lua_getstack(run->lua, level, &call); level++) {
		lua_getinfo(run->lua, "Sl", &call);
		if (call.currentline <= 0 || *call.source != '@')
			continue;
		source = find_source(run, call.source + 1, strlen(call.source + 1));
		if (source != NULL) {
			place_line(run, place, source, (unsigned)call.currentline);
			return;
		}
	}
}

struct err *
run_error(struct run *run, const char *format, ...)
{
	struct place	 place;
	struct err	*e;
	va_list		 args;
	char		*text;

	run_place(run, &place);
	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	e = err_at(ERR_CONFIG, &place, "%s", text);
	free(text);
	return e;
}

struct err *
run_error_declared(struct run *run, size_t index, const char *format, ...)
{
	const struct declared	*declared = &run->declared[index];
	struct place		 place;
	struct err		*e;
	va_list			 args;
	char			*text;

	place_line(run, &place, find_source(run, declared->path, strlen(declared->path)), declared->line);
	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	e = err_at(ERR_CONFIG, &place, "%s", text);
	free(text);
	return e;
}

struct err *
run_locate(struct run *run, struct err *take_e)
{
	const struct source	*source;
	const char		*message, *colon, *rest;
	struct place		 place;
	struct err		*e;
	char			*end;
	unsigned long		 line;

	if (take_e == NULL || err_place(take_e) != NULL)
		return take_e;
	message = err_message(take_e);
	colon = strchr(message, ':');
	if (colon == NULL || (source = find_source(run, message, (size_t)(colon - message))) == NULL)
		return take_e;
	line = strtoul(colon + 1, &end, 10);
	if (end == colon + 1 || !str_starts(end, ": "))
		return take_e;
	rest = end + 2;
	place_line(run, &place, source, (unsigned)line);
	e = err_at(err_code(take_e), &place, "%s", rest);
	if (err_hint_text(take_e) != NULL)
		e = err_hint(e, "%s", err_hint_text(take_e));
	err_free(take_e);
	return e;
}

struct err *
run_source(struct run *run, const struct source **out, const char *dir, const char *name)
{
	char		*below = path_join(dir, name), *path = NULL;
	struct source	*source;
	struct buf	 text = { 0 };
	struct err	*e = NULL;

	*out = NULL;
	if (repo_has(run->repo, below))
		path = xstrdup(below);
	else if (repo_platform_has(run->repo, below))
		path = xasprintf("platform/%s", below);
	else
		goto out;
	if ((*out = find_source(run, path, strlen(path))) != NULL)
		goto out;
	if (strcmp(path, below) == 0)
		e = repo_read(run->repo, below, &text);
	else
		e = repo_platform_read(run->repo, below, &text);
	if (e != NULL)
		goto out;
	source = xcalloc(1, sizeof(*source));
	source->path = path;
	source->text = text;
	path = NULL;
	text = (struct buf){ 0 };
	run->sources = xrealloc(run->sources, run->source_count + 1, sizeof(struct source *));
	run->sources[run->source_count++] = source;
	*out = source;
out:
	free(below);
	free(path);
	buf_fini(&text);
	return e;
}

/* A template gives its output piece by piece. */
static int
put(lua_State *L)
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

/* Push a template's environment: the tools, `with`'s variables, and where its output goes. */
static void
push_template_env(struct run *run, int with)
{
	lua_State *L = run->lua;

	run_push_env(run, RUN_TOOLS);
	if (with != 0) {
		lua_pushnil(L);
		while (lua_next(L, with) != 0) {
			lua_pushvalue(L, -2);
			lua_insert(L, -2);
			lua_rawset(L, -4);
		}
	}
	run_functions(run, &(struct run_function){ TEMPLATE_PUT, put }, 1);
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
	return e;
}

struct err *
run_template(struct run *run, const char *name, int with)
{
	struct sandbox		*sandbox = sandbox_of(run->lua);
	const struct source	*source;
	struct buf		 lua = { 0 };
	size_t			 start = run->content.len;
	struct err		*e;
	char			*path, *chunk = NULL;

	path = xasprintf("templates/%s", name);
	e = run_source(run, &source, run->dir, path);
	free(path);
	if (e != NULL)
		return e;
	if (source == NULL)
		return no_template(run, name);
	if (run->depth == TEMPLATE_DEPTH)
		return err_hint(run_error(run, "templates that render each other, more than %u deep", TEMPLATE_DEPTH),
		    "does \"%s\" render itself?", name);
	e = template_translate(&lua, source->path, buf_text(&source->text), source->text.len);
	if (e == NULL) {
		chunk = xasprintf("@%s", source->path);
		e = sandbox_compile(sandbox, buf_text(&lua), lua.len, chunk);
		free(chunk);
	}
	buf_fini(&lua);
	if (e == NULL) {
		push_template_env(run, with);
		run->depth++;
		e = sandbox_call(sandbox, 1, 0);
		run->depth--;
	}
	if (e != NULL)
		run_cut(run, start);
	return run_locate(run, e);
}
