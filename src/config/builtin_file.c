/* config: the macros about files of the instance and the platform. */
/* May know lua, pki, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/builtin.h"

#include "base/sha256.h"
#include "base/strs.h"
#include "config/trace.h"
#include "lua/sandbox.h"
#include "pki/ca.h"
#include "repo/repo.h"

#include <ctype.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#define REMOTE_ROOT	"/etc/leap/files/"	/* where the base recipe puts them */

/* Private keys belong on the node they are for, not into a property. */
static bool
is_private(const char *path)
{
	return str_ends(path, ".key") || str_ends(path, ".age") || str_starts(path, "secrets/") ||
	    str_starts(path, "vault/");
}

/* Whether one of the path's parts is empty, "." or "..". */
static bool
is_crooked(const char *path)
{
	size_t n;

	for (;; path += n + 1) {
		n = strcspn(path, "/");
		if (n == 0 || (n == 1 && *path == '.') || (n == 2 && strncmp(path, "..", 2) == 0))
			return true;
		if (path[n] == '\0')
			return false;
	}
}

NODISCARD
static struct err *
check_path(const char *path)
{
	struct err *e = NULL;

	if (*path == '/' || str_starts(path, "../") || strstr(path, "/../") != NULL)
		e = err_new(ERR_CONFIG, "the file \"%s\" is outside of the instance", path);
	else if (is_crooked(path))
		e = err_hint(err_new(ERR_CONFIG, "\"%s\" is no path of a file", path),
		    "write it as \"directory/name\", without \".\", \"..\" and empty parts");
	else if (is_private(path))
		e = err_new(ERR_CONFIG, "\"%s\" is private: a macro cannot read it", path);
	return err_rule(e, "bad-path");
}

/* Where files are looked for, in this order. */
enum where { BELOW_FILES, IN_INSTANCE, IN_PLATFORM, NOWHERE };

static enum where
find_file(const struct repo *repo, const char *path, const char *below)
{
	return repo_has(repo, below) ? BELOW_FILES : repo_has(repo, path) ? IN_INSTANCE :
	    repo_platform_has(repo, below) ? IN_PLATFORM : NOWHERE;
}

/* Certificates are made by a command of their own, which a missing one calls for.  `hint` is for all others. */
NODISCARD
static struct err *
no_file(const char *path, char *take_hint)
{
	struct err	*e = err_rule(err_new(ERR_CONFIG, "there is no file \"%s\"", path), "missing-file");
	const char	*below = str_starts(path, "files/") ? path + strlen("files/") : path;

	if ((str_starts(below, "ca/") && str_ends(below, ".crl")) ||
	    (str_starts(below, "nodes/") && str_ends(below, ".crt")))
		e = err_hint(e, "run \"leap cert update\"");
	else if (str_starts(below, "ca/"))
		e = err_hint(e, "run \"leap cert ca\"");
	else
		e = err_hint(e, "%s", take_hint);
	free(take_hint);
	return e;
}

NODISCARD
static struct err *
read_file(const struct repo *repo, const char *path, struct buf *text)
{
	char		*below = xasprintf("files/%s", path);
	struct err	*e = NULL;

	switch (find_file(repo, path, below)) {
	case BELOW_FILES:
		e = repo_read(repo, below, text);
		break;
	case IN_INSTANCE:
		e = repo_read(repo, path, text);
		break;
	case IN_PLATFORM:
		e = repo_platform_read(repo, below, text);
		break;
	case NOWHERE:
		e = no_file(path, xasprintf("it was looked for as %s and %s in the instance, and as %s in the platform",
		    below, path, below));
	}
	free(below);
	return e;
}

/* The text of a file as JSON, kept: several nodes may ask. */
NODISCARD
static struct err *
file_text(struct config *config, const char *path, json_t **out)
{
	struct buf	 text = { 0 };
	struct err	*e;

	trace_file(config, path);
	if ((*out = json_object_get(config->files, path)) != NULL)
		return NULL;
	if ((e = check_path(path)) != NULL)
		return e;
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
	return err_moved(e, NULL, "%s: %s", err_place(e)->path, err_message(e));
}

/* file("motd"): a file's text. */
int
builtin_file(lua_State *L)
{
	struct config	*config = builtin_scope(L)->config;
	json_t		*text;
	struct err	*e = file_text(config, luaL_checkstring(L, 1), &text);

	if (e != NULL)
		macro_raise(L, config, e);
	return builtin_give(L, json_incref(text));
}

/* try_file("motd"): the same, nil when there is no such file. */
int
builtin_try_file(lua_State *L)
{
	const struct repo	*repo = builtin_scope(L)->config->repo;
	const char		*path = luaL_checkstring(L, 1);
	char			*below;
	enum where		 where = BELOW_FILES;

	if (!is_crooked(path)) {
		below = xasprintf("files/%s", path);
		where = find_file(repo, path, below);
		free(below);
	}
	if (where != NOWHERE)
		return builtin_file(L);
	trace_file(builtin_scope(L)->config, path);	/* one day it may be there */
	lua_pushnil(L);
	return 1;
}

/* The path below files/ of a file that is there.  Raises. */
static const char *
check_below(lua_State *L, int index)
{
	struct config	*config = builtin_scope(L)->config;
	const char	*path = luaL_checkstring(L, index);
	struct err	*e;
	char		*below;

	path += str_starts(path, "files/") ? strlen("files/") : 0;
	e = check_path(path);
	below = xasprintf("files/%s", path);
	if (e == NULL && !repo_has(config->repo, below) && !repo_platform_has(config->repo, below))
		e = no_file(path, xasprintf("it was looked for as %s in the instance and in the platform", below));
	if (e == NULL)
		trace_file(config, below);
	free(below);
	if (e != NULL)
		macro_raise(L, config, e);
	return path;
}

/* local_file_path("web/logo.png"): its path as recipes name it, below files/. */
int
builtin_local_file_path(lua_State *L)
{
	lua_pushstring(L, check_below(L, 1));
	return 1;
}

/*
 * remote_file_path("web/logo.png"): where it will be on the node.  This is the one effect that a macro has: the file is
 * noted for remote_files(), which comes when all macros of the node are done, so that their order does not matter.
 */
int
builtin_remote_file_path(lua_State *L)
{
	const char	*path = check_below(L, 1);
	struct asker	 asker;
	struct config	*config = builtin_scope(L)->config;
	json_t		*noted;

	builtin_asker(L, "remote_file_path", &asker);
	if ((noted = json_object_get(config->remote, asker.scope->node->name)) == NULL)
		json_object_set_new(config->remote, asker.scope->node->name, noted = json_object());
	if (!config->disguised)
		json_object_set_new(noted, path, json_true());
	lua_pushfstring(L, REMOTE_ROOT "%s", path);
	return 1;
}

/* remote_files(), for recipes: { { path = REMOTE, from = LOCAL }, ... }, all that the node's properties name. */
int
builtin_remote_files(lua_State *L)
{
	struct scope	*scope = builtin_scope(L);
	struct config	*config = scope->config;
	struct problems	 problems = { 0 };
	struct strs	 paths = { 0 };
	struct err	*e;
	const char	*path;
	json_t		*list, *ignored;

	if (config->running.count > 0 || scope->node == NULL)
		sandbox_raise(L, err_new(ERR_CONFIG, "remote_files() is for recipes: no property can have it"));
	scope_all(scope, &problems);
	if ((e = problems_take(&problems)) != NULL)
		macro_raise(L, config, e);
	json_object_foreach(json_object_get(config->remote, scope->node->name), path, ignored) {
		strs_add(&paths, path);
	}
	strs_sort(&paths);
	list = json_array();
	for (size_t i = 0; i < paths.count; i++)
		json_array_append_new(list, json_pack("{s:s, s:s+}", "from", paths.items[i], "path", REMOTE_ROOT,
		    paths.items[i]));
	strs_fini(&paths);
	return builtin_give(L, list);
}

/* Append the fingerprint of a certificate; where one that a deploy will make stands in, of that text. */
NODISCARD
static struct err *
add_fingerprint(struct buf *out, const struct repo *repo, const char *path, const json_t *text)
{
	struct buf	 pem = { 0 }, colons = { 0 };
	char		*below = xasprintf("files/%s", path), hex[SHA256_HEX_SIZE];
	struct err	*e;

	buf_adds(&pem, json_string_value(text));
	if ((e = cert_describe(&pem, NULL, &colons, NULL)) == NULL) {
		for (const char *at = buf_text(&colons); *at != '\0'; at++) {
			if (*at != ':')
				buf_addc(out, (char)tolower((unsigned char)*at));
		}
	} else if (repo_is_stand_in(repo, below) || repo_is_stand_in(repo, path)) {
		err_free(e);
		e = NULL;
		sha256_hex(pem.data, pem.len, hex);
		buf_adds(out, hex);
	} else {
		err_free(e);
		e = err_new(ERR_CONFIG, "the file \"%s\" is no certificate", path);
	}
	free(below);
	buf_fini(&pem);
	buf_fini(&colons);
	return e;
}

/* fingerprint("ca/ca.crt"): the SHA-256 of a certificate (its DER) as lower-case hexadecimal digits. */
int
builtin_fingerprint(lua_State *L)
{
	struct config	*config = builtin_scope(L)->config;
	const char	*path = luaL_checkstring(L, 1);
	struct buf	 digits = { 0 };
	json_t		*text, *result;
	struct err	*e = file_text(config, path, &text);

	if (e == NULL)
		e = add_fingerprint(&digits, config->repo, path, text);
	result = json_string(buf_text(&digits));
	buf_fini(&digits);
	if (e != NULL) {
		json_decref(result);
		macro_raise(L, config, e);
	}
	return builtin_give(L, result);
}
