/* recipe: texts and functions that the runs of all nodes share. */
/* May know config, lua, repo, wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/kit.h"

#include "base/json.h"
#include "base/mask.h"
#include "lua/sandbox.h"
#include "recipe/run.h"
#include "recipe/template.h"
#include "repo/repo.h"
#include "wire/manifest.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#define KIT		"leap.kit"		/* a metatable */
#define SMALL		((size_t)64 << 10)	/* files up to this size are kept */
#define LONG_MIN_SIZE	((size_t)4 << 10)	/* contents of these sizes are remembered, */
#define LONG_MAX_SIZE	((size_t)16 << 20)
#define LONG_COUNT	8			/* so many of them */

/* A content in which nothing was masked until now. */
struct clean {
	struct content		*content;
	struct mask_watch	*watch;
};

struct kit {
	const struct repo	*repo;
	struct run		*run;
	struct source		**sources;
	size_t			 source_count;
	struct clean		 clean[LONG_COUNT];
	size_t			 next_clean;	/* the one to forget for another */
	json_t			*numbers;	/* path → number of the source; null: there is no such file */
	int			 shared[2];	/* references of tables of functions, by enum kit_env, */
	int			 meta[2];	/* and of the metatables that lead to them */
};

static const char kit_key;	/* its address is a key in the registry */

static void
source_free(struct source *source)
{
	free(source->path);
	buf_fini(&source->text);
	free(source);
}

static void
set_clean(struct clean *clean, struct content *content)
{
	mask_watch_free(clean->watch);
	content_drop(clean->content);
	*clean = (struct clean){ 0 };
	if (content == NULL)
		return;
	content->users++;
	*clean = (struct clean){ content, mask_watch_new(content->data, content->len) };
}

static int
kit_gc(lua_State *L)
{
	struct kit *kit = luaL_checkudata(L, 1, KIT);

	for (size_t i = 0; i < kit->source_count; i++)
		source_free(kit->sources[i]);
	for (size_t i = 0; i < ARRAY_LEN(kit->clean); i++)
		set_clean(&kit->clean[i], NULL);
	free(kit->sources);
	json_decref(kit->numbers);
	*kit = (struct kit){ 0 };
	return 0;
}

/* Upvalues: the kit, and the table of shared functions. */
static int
env_index(lua_State *L)
{
	lua_pushvalue(L, 2);
	if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL)
		return 1;
	lua_settop(L, 2);
	return run_name(run_of(L));
}

static void
make_env(lua_State *L, struct kit *kit, enum kit_env env)
{
	lua_newtable(L);
	tool_functions(L, kit);
	property_functions(L, kit);
	if (env == KIT_TOOLS) {
		kit_function(L, kit, TEMPLATE_PUT, run_put, NULL);
	} else {
		resource_functions(L, kit);
		check_functions(L, kit);
	}
	lua_newtable(L);
	lua_pushlightuserdata(L, kit);
	lua_pushvalue(L, -3);
	lua_pushcclosure(L, env_index, 2);
	lua_setfield(L, -2, "__index");
	kit->meta[env] = luaL_ref(L, LUA_REGISTRYINDEX);
	kit->shared[env] = luaL_ref(L, LUA_REGISTRYINDEX);
}

struct kit *
kit_of(lua_State *L, const struct repo *repo)
{
	struct kit	*kit;
	bool		 lenient = sandbox_lenient(sandbox_of(L), true);

	lua_checkstack(L, LUA_MINSTACK);
	if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kit_key) == LUA_TNIL) {
		kit = lua_newuserdatauv(L, sizeof(*kit), 0);
		*kit = (struct kit){ .repo = repo, .numbers = json_object() };
		if (luaL_newmetatable(L, KIT)) {
			lua_pushcfunction(L, kit_gc);
			lua_setfield(L, -2, "__gc");
		}
		lua_setmetatable(L, -2);
		make_env(L, kit, KIT_TOOLS);
		make_env(L, kit, KIT_RESOURCES);
		lua_rawsetp(L, LUA_REGISTRYINDEX, &kit_key);
	} else {
		kit = lua_touserdata(L, -1);
	}
	lua_pop(L, 1);
	sandbox_lenient(sandbox_of(L), lenient);
	return kit;
}

void
kit_use(struct kit *kit, struct run *run)
{
	kit->run = run;
}

struct run *
run_of(lua_State *L)
{
	const struct kit *kit = lua_touserdata(L, lua_upvalueindex(1));

	return kit->run;
}

void
kit_function(lua_State *L, struct kit *kit, const char *name, lua_CFunction function, const void *upvalue)
{
	lua_pushlightuserdata(L, kit);
	lua_pushlightuserdata(L, (void *)(uintptr_t)upvalue);
	lua_pushcclosure(L, function, 2);
	lua_setfield(L, -2, name);
}

void
kit_functions(lua_State *L, struct kit *kit, const struct run_function *functions, size_t count)
{
	for (size_t i = 0; i < count; i++)
		kit_function(L, kit, functions[i].name, functions[i].function, NULL);
}

void
kit_push_env(lua_State *L, struct kit *kit, enum kit_env env)
{
	luaL_checkstack(L, 4, "recipe");
	lua_newtable(L);
	lua_rawgeti(L, LUA_REGISTRYINDEX, kit->meta[env]);
	lua_setmetatable(L, -2);
}

void
kit_push_shared(lua_State *L, struct kit *kit, enum kit_env env)
{
	lua_rawgeti(L, LUA_REGISTRYINDEX, kit->shared[env]);
}

static struct source *
add_source(struct kit *kit, const char *key, char *take_path, struct buf *take_text)
{
	struct source *source = xcalloc(1, sizeof(*source));

	*source = (struct source){ .path = take_path, .text = *take_text, .function = LUA_NOREF };
	*take_text = (struct buf){ 0 };
	json_object_set_new(kit->numbers, key, json_integer((json_int_t)kit->source_count));
	kit->sources = xrealloc(kit->sources, kit->source_count + 1, sizeof(struct source *));
	kit->sources[kit->source_count++] = source;
	return source;
}

/* What was read before under this path; whether it was looked for. */
static bool
recall(const struct kit *kit, const char *path, struct source **out)
{
	const json_t *number = json_object_get(kit->numbers, path);

	*out = json_is_integer(number) ? kit->sources[json_integer_value(number)] : NULL;
	return number != NULL;
}

/* Read it; the path that people know it by is the caller's, free(), and NULL when there is no such file. */
NODISCARD
static struct err *
read_text(const struct kit *kit, const char *path, char **known, struct buf *text)
{
	*known = NULL;
	if (repo_has(kit->repo, path)) {
		*known = xstrdup(path);
		return repo_read(kit->repo, path, text);
	}
	if (!repo_platform_has(kit->repo, path))
		return NULL;
	*known = xasprintf("platform/%s", path);
	return repo_platform_read(kit->repo, path, text);
}

struct err *
kit_source(struct kit *kit, const char *path, struct source **out)
{
	struct buf	 text = { 0 };
	struct err	*e;
	char		*known;

	if (recall(kit, path, out))
		return NULL;
	e = read_text(kit, path, &known, &text);
	if (e == NULL && known == NULL) {
		json_object_set_new(kit->numbers, path, json_null());
	} else if (e == NULL) {
		*out = add_source(kit, path, known, &text);
		known = NULL;
	}
	free(known);
	buf_fini(&text);
	return e;
}

struct err *
kit_read(struct kit *kit, const char *path, struct buf *text, bool *found)
{
	struct source	*source;
	struct buf	 own = { 0 };
	struct err	*e;
	char		*known;

	if (recall(kit, path, &source) && source != NULL) {
		buf_add(text, buf_text(&source->text), source->text.len);
		*found = true;
		return NULL;
	}
	e = read_text(kit, path, &known, &own);
	*found = known != NULL;
	if (e == NULL && known != NULL) {
		buf_add(text, buf_text(&own), own.len);
		if (own.len <= SMALL) {
			add_source(kit, path, known, &own);
			known = NULL;
		}
	}
	free(known);
	buf_fini(&own);
	return e;
}

static struct clean *
find_clean(struct kit *kit, const char *data, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(kit->clean); i++) {
		const struct content *content = kit->clean[i].content;

		if (content != NULL && content->len == len && memcmp(content->data, data, len) == 0)
			return &kit->clean[i];
	}
	return NULL;
}

struct content *
kit_content(struct kit *kit, const char *data, size_t len, bool *masked)
{
	bool		 is_long = len >= LONG_MIN_SIZE && len <= LONG_MAX_SIZE;
	struct clean	*clean = is_long ? find_clean(kit, data, len) : NULL;
	struct content	*content;

	*masked = clean != NULL ? mask_watch_has(clean->watch) : mask_has(data, len);
	if (clean != NULL) {
		clean->content->users++;
		return clean->content;
	}
	content = content_new(data, len);
	if (is_long && !*masked)
		set_clean(&kit->clean[kit->next_clean++ % ARRAY_LEN(kit->clean)], content);
	return content;
}

/* Whether Lua says this for the path: of a long one "..." and the end. */
static bool
is_said(const char *path, const char *said, size_t len)
{
	size_t path_len = strlen(path);

	if (len > 3 && path_len > len && memcmp(said, "...", 3) == 0)
		return memcmp(path + path_len - (len - 3), said + 3, len - 3) == 0;
	return path_len == len && memcmp(path, said, len) == 0;
}

const struct source *
kit_find(const struct kit *kit, const char *said, size_t len)
{
	for (size_t i = 0; i < kit->source_count; i++) {
		if (is_said(kit->sources[i]->path, said, len))
			return kit->sources[i];
	}
	return NULL;
}

const struct source *
kit_find_chunk(const struct kit *kit, const lua_Debug *function)
{
	for (size_t i = 0; i < kit->source_count; i++) {
		if (kit->sources[i]->chunk == function->source)
			return kit->sources[i];
	}
	return NULL;
}

struct err *
kit_compile(lua_State *L, struct source *source, const char *text, size_t len)
{
	char		*name = xasprintf("@%s", source->path);
	struct err	*e = sandbox_compile(sandbox_of(L), text, len, name);
	lua_Debug	 function;
	bool		 lenient;

	free(name);
	if (e != NULL)
		return e;
	lenient = sandbox_lenient(sandbox_of(L), true);
	lua_pushvalue(L, -1);
	lua_getinfo(L, ">S", &function);
	source->chunk = function.source;
	lua_pushvalue(L, -1);
	source->function = luaL_ref(L, LUA_REGISTRYINDEX);
	sandbox_lenient(sandbox_of(L), lenient);
	return NULL;
}

bool
kit_push_function(lua_State *L, const struct source *source)
{
	if (source->function == LUA_NOREF)
		return false;
	lua_rawgeti(L, LUA_REGISTRYINDEX, source->function);
	return true;
}
