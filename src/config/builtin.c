/* config: the macros that come with the program: the provider, services, files, secrets. */
/* May know lua, vault, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/state.h"

#include "base/json.h"
#include "base/strs.h"
#include "lua/list.h"
#include "lua/sandbox.h"
#include "repo/repo.h"
#include "vault/vault.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#define SECRET_LENGTH	32
#define SECRET_SHORTEST	8
#define SECRET_LONGEST	1024
#define SECRETS_NEW	100u		/* so many may be made for one node */

static struct err *
no_service(const struct config *config, const char *name)
{
	struct err	*e = err_new(ERR_CONFIG, "there is no service \"%s\"", name);
	const char	*near = strs_nearest(&config->services, name);

	return near == NULL ? e : err_hint(e, "did you mean \"%s\"?", near);
}

/* services.NAME is what the layers of that service make, in this environment, apart from any node. */
static int
services_index(lua_State *L)
{
	struct scope	*scope, *service;
	const char	*name;

	if (lua_type(L, 2) != LUA_TSTRING) {
		lua_pushnil(L);
		return 1;
	}
	name = lua_tostring(L, 2);
	list_method(L, 2);
	if (!lua_isnil(L, -1))
		return 1;
	lua_getmetatable(L, 1);
	lua_getfield(L, -1, "scope");
	scope = lua_touserdata(L, -1);
	if (config_service(scope->config, name) == NULL)
		sandbox_raise(L, no_service(scope->config, name));
	service = config_scope(scope->config, name, scope->environment);
	macro_push_object(L, service, scope_root(service), "");
	return 1;
}

/* The list of the node's services (of none, for others), which also has the definitions of all services. */
static void
push_services(lua_State *L, struct scope *scope)
{
	json_t *list = scope->node == NULL ? NULL : json_object_get(scope_root(scope), "services");

	if (list != NULL)
		lua_push_json(L, list);
	else
		list_new(L, 0);
	lua_newtable(L);
	list_metatable(L, services_index);
	lua_pushlightuserdata(L, scope);
	lua_setfield(L, -2, "scope");
	lua_setmetatable(L, -2);
}

/* Private keys belong on the node they are for, not into a property. */
static bool
is_private(const char *path)
{
	return str_ends(path, ".key") || str_ends(path, ".age") || str_starts(path, "secrets/") ||
	    str_starts(path, "vault/");
}

static bool
leads_out(const char *path)
{
	return *path == '/' || strcmp(path, "..") == 0 || str_starts(path, "../") || str_ends(path, "/..") ||
	    strstr(path, "/../") != NULL;
}

/* Read the file from the first of the three places that has it. */
NODISCARD
static struct err *
read_file(const struct repo *repo, const char *path, struct buf *text)
{
	char		*below = xasprintf("files/%s", path);
	struct err	*e;

	if (repo_has(repo, below))
		e = repo_read(repo, below, text);
	else if (repo_has(repo, path))
		e = repo_read(repo, path, text);
	else if (repo_platform_has(repo, below))
		e = repo_platform_read(repo, below, text);
	else
		e = err_hint(err_new(ERR_CONFIG, "there is no file \"%s\"", path),
		    "it was looked for as files/%s and %s in the instance, and as files/%s in the platform", path, path, path);
	free(below);
	return e;
}

/* The text of a file as JSON, kept: several nodes may ask. */
NODISCARD
static struct err *
file_text(struct config *config, const char *path, json_t **out)
{
	struct buf	 text = { 0 };
	struct err	*e = NULL, *plain;

	if ((*out = json_object_get(config->files, path)) != NULL)
		return NULL;
	if (*path == '\0' || leads_out(path))
		return err_new(ERR_CONFIG, "the file \"%s\" is outside of the instance", path);
	if (is_private(path))
		return err_new(ERR_CONFIG, "\"%s\" is private: a macro cannot read it", path);
	if ((e = read_file(config->repo, path, &text)) == NULL) {
		if ((*out = json_stringn(buf_text(&text), text.len)) != NULL && strlen(buf_text(&text)) == text.len)
			json_object_set_new(config->files, path, *out);
		else {
			json_decref(*out);
			e = err_new(ERR_CONFIG, "the file \"%s\" is not text in UTF-8", path);
		}
	}
	buf_fini(&text);
	if (e == NULL || err_place(e) == NULL)
		return e;
	/* The place that counts is the macro's. */
	plain = err_new(err_code(e), "%s: %s", err_place(e)->path, err_message(e));
	err_free(e);
	return plain;
}

/* The upvalue is the scope, here and below. */
static int
macro_file(lua_State *L)
{
	struct scope	*scope = lua_touserdata(L, lua_upvalueindex(1));
	const char	*path = luaL_checkstring(L, 1);
	json_t		*text;
	struct err	*e = file_text(scope->config, path, &text);

	if (e != NULL)
		macro_raise(L, scope->config, e);
	lua_push_json(L, text);
	return 1;
}

/* A name that is made up by a loop must not fill the vault. */
NODISCARD
static struct err *
count_new(struct scope *scope, const char *name)
{
	char		*path = xasprintf("secrets/%s/%s", scope->environment == NULL ? "default" : scope->environment, name);
	struct err	*e = NULL;

	if (!vault_has(scope->config->repo, path) && ++scope->new_secrets > SECRETS_NEW)
		e = err_new(ERR_CONFIG, "more than %u new secrets for %s", SECRETS_NEW, scope->title);
	free(path);
	return e;
}

static int
macro_secret(lua_State *L)
{
	struct scope	*scope = lua_touserdata(L, lua_upvalueindex(1));
	const char	*name = luaL_checkstring(L, 1);
	lua_Integer	 length = luaL_optinteger(L, 2, SECRET_LENGTH);
	struct buf	 value = { .secret = true };
	struct err	*e;
	bool		 lenient;

	luaL_argcheck(L, length >= SECRET_SHORTEST && length <= SECRET_LONGEST, 2, "a secret has from 8 to 1024 characters");
	if ((e = count_new(scope, name)) != NULL) {
		scope->config->touched = false;		/* this message quotes none */
		sandbox_raise_final(L, e);
	}
	e = vault_secret(scope->config->repo, scope->environment, name, (unsigned)length, &value);
	if (e != NULL) {
		buf_fini(&value);
		sandbox_raise(L, e);
	}
	scope->config->touched = true;
	if (scope->config->disguised)
		taint_disguise(value.data, value.len);
	lenient = sandbox_lenient(sandbox_of(L), true);
	lua_pushlstring(L, buf_text(&value), value.len);
	sandbox_lenient(sandbox_of(L), lenient);
	buf_fini(&value);
	return 1;
}

static void
push_node(lua_State *L, struct scope *scope)
{
	if (scope->node == NULL)
		sandbox_raise(L, err_new(ERR_CONFIG, "there is no \"node\" here: %s is not a node", scope->title));
	macro_push_node(L, scope->node);
}

static void
push_provider(lua_State *L, struct scope *scope)
{
	struct scope *provider = config_scope(scope->config, NULL, scope->environment);

	macro_push_object(L, provider, scope_root(provider), "");
}

static void
push_file(lua_State *L, struct scope *scope)
{
	lua_pushlightuserdata(L, scope);
	lua_pushcclosure(L, macro_file, 1);
}

static void
push_secret(lua_State *L, struct scope *scope)
{
	lua_pushlightuserdata(L, scope);
	lua_pushcclosure(L, macro_secret, 1);
}

static const struct builtin {
	const char	*name;
	void		(*push)(lua_State *, struct scope *);
} builtins[] = {
	{ "file", push_file },
	{ "node", push_node },
	{ "nodes", select_push_all },
	{ "nodes_like_me", select_push_like_me },
	{ "nodes_near_me", select_push_near_me },
	{ "provider", push_provider },
	{ "secret", push_secret },
	{ "services", push_services },
};

bool
builtin_push(lua_State *L, struct scope *scope, const char *name)
{
	luaL_checkstack(L, 6, "macro");
	for (size_t i = 0; i < ARRAY_LEN(builtins); i++) {
		if (strcmp(builtins[i].name, name) == 0) {
			builtins[i].push(L, scope);
			return true;
		}
	}
	return false;
}

void
builtin_names(struct strs *names)
{
	for (size_t i = 0; i < ARRAY_LEN(builtins); i++)
		strs_add(names, builtins[i].name);
}
