/* recipe: the functions that give recipes and templates texts, files and keys. */
/* May know config, lua, vault, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"
#include "base/json.h"
#include "base/mask.h"
#include "base/sha256.h"
#include "base/strs.h"
#include "config/config.h"
#include "lua/sandbox.h"
#include "recipe/run.h"
#include "repo/repo.h"
#include "vault/vault.h"

#include <ctype.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#define FILES		"files"
#define WALK_DEPTH	32

/* Certificates and keys are made by a command of their own, which a missing one calls for. */
NODISCARD
static struct err *
no_file(struct run *run, const char *path)
{
	struct err *e = err_rule(run_error(run, "no file " FILES "/%s", path), "missing-file");

	if (str_starts(path, "ca/"))
		return err_hint(e, "run \"leap cert ca\"");
	if (str_starts(path, "nodes/"))
		return err_hint(e, "run \"leap cert update %s\"", run->node->name);
	return e;
}

struct err *
tool_read(struct run *run, const char *path)
{
	char		*below = path_join(FILES, path);
	struct err	*e = NULL, *placed;
	bool		 found = true;

	if (str_ends(path, ".key") || str_ends(path, ".age"))
		e = err_hint(run_error(run, "%s is a private key", below), "private(\"%s\") gives a node its own", path);
	else if (str_starts(path, "nodes/") && repo_has(run->repo, below))
		e = repo_read(run->repo, below, &run->content);		/* most likely for this node only */
	else
		e = kit_read(run->kit, below, &run->content, &found);
	if (e == NULL && !found)
		e = no_file(run, path);
	free(below);
	if (e == NULL || err_place(e) != NULL)
		return e;
	placed = run_error(run, "%s", err_message(e));
	err_free(e);
	return placed;
}

/* Raise the error, or push what was appended to run->content and cut it off. */
static int
give_content(struct run *run, size_t start, struct err *take_e)
{
	if (take_e != NULL) {
		run_cut(run, start);
		sandbox_raise(run->lua, take_e);
	}
	lua_pushlstring(run->lua, buf_text(&run->content) + start, run->content.len - start);
	run_cut(run, start);
	return 1;
}

static const char *
argument(struct run *run, int index, const char *what)
{
	const char	*text = NULL;
	size_t		 len;
	struct err	*e;

	if ((e = option_text(run, index, what, &text, &len)) != NULL)
		sandbox_raise(run->lua, e);
	return text;
}

/* read("web/site.conf"): the text of a file below files/. */
static int
tool_read_call(lua_State *L)
{
	struct run	*run = run_of(L);
	const char	*path = argument(run, 1, "a file's path");
	size_t		 start = run->content.len;

	return give_content(run, start, tool_read(run, path));
}

/* exists("static/www"): whether there is such a file or directory below files/. */
static int
tool_exists(lua_State *L)
{
	struct run	*run = run_of(L);
	char		*below = path_join(FILES, argument(run, 1, "a file's path"));
	bool		 there = repo_has(run->repo, below) || repo_platform_has(run->repo, below);

	free(below);
	lua_pushboolean(L, there);
	return 1;
}

struct walk {
	struct run	*run;
	bool		 platform;	/* its files, not the instance's */
	struct strs	*found;
};

NODISCARD
static struct err	*walk_directory(const struct walk *walk, const char *dir, const char *below, unsigned depth);

/* `below` is the path from where the walk started. */
NODISCARD
static struct err *
walk_entry(const struct walk *walk, const char *path, const char *below, unsigned depth)
{
	enum repo_type	 type = walk->platform ? repo_platform_type(walk->run->repo, path) :
	    repo_type(walk->run->repo, path);

	if (type == REPO_DIRECTORY)
		return walk_directory(walk, path, below, depth + 1);
	if (type != REPO_FILE)
		return err_hint(run_error(walk->run, "%s is neither a file nor a directory, nor a link to a file", path),
		    "links to files are followed, others are not");
	strs_add(walk->found, below);
	return NULL;
}

static struct err *
walk_directory(const struct walk *walk, const char *dir, const char *below, unsigned depth)
{
	struct strs	 names = { 0 };
	struct err	*e;

	if (depth > WALK_DEPTH)
		return run_error(walk->run, "%s: more than %d directories deep", dir, WALK_DEPTH);
	if (walk->platform)
		e = repo_platform_list(walk->run->repo, dir, "", &names);
	else
		e = repo_list(walk->run->repo, dir, "", &names);
	for (size_t i = 0; e == NULL && i < names.count; i++) {
		char *path = path_join(dir, names.items[i]);
		char *next = *below == '\0' ? xstrdup(names.items[i]) : path_join(below, names.items[i]);

		e = walk_entry(walk, path, next, depth);
		free(path);
		free(next);
	}
	strs_fini(&names);
	return e;
}

NODISCARD
static struct err *
walk_files(struct run *run, const char *dir, struct strs *found)
{
	char		*path = path_join(FILES, dir);
	bool		 own = repo_has(run->repo, path);
	struct walk	 walk = { run, !own, found };
	struct err	*e;

	if (own || repo_platform_has(run->repo, path))
		e = walk_directory(&walk, path, "", 0);
	else
		e = err_hint(run_error(run, "no directory %s", path), "make it and put files into it");
	free(path);
	return e;
}

/* files("static/www"): all files below files/static/www, for directory(); those whose name starts with "." are left out. */
static int
tool_files(lua_State *L)
{
	struct run	*run = run_of(L);
	const char	*dir = argument(run, 1, "a directory's path");
	struct strs	 found = { 0 };
	struct err	*e = walk_files(run, dir, &found);

	if (e == NULL)
		strs_sort(&found);
	buf_clear(&run->line);
	strs_join(&found, "\n", &run->line);
	strs_fini(&found);
	if (e != NULL)
		sandbox_raise(L, e);
	lua_newtable(L);
	lua_pushstring(L, dir);
	lua_setfield(L, -2, "from");
	for (const char *name = buf_text(&run->line), *end; *name != '\0'; name = end + (*end == '\n')) {
		end = strchrnul(name, '\n');
		lua_pushlstring(L, name, (size_t)(end - name));
		lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
	}
	return 1;
}

/* What stands for a private key is as secret as one. */
static void
give_stand_in(struct run *run)
{
	static const char text[] = "-----BEGIN PRIVATE KEY-----\na private key that is not read\n-----END PRIVATE KEY-----\n";

	mask_register(text, sizeof(text) - 1);
	buf_adds(&run->content, text);
}

NODISCARD
static struct err *
read_private(struct run *run, const char *path)
{
	char		*own = xasprintf("nodes/%s/", run->node->name), *below = path_join(FILES, path);
	struct err	*e = NULL;

	if (!str_starts(path, own) && !certificate_is_own(run, path))
		e = err_hint(run_error(run, "%s is not %s's to know", below, run->node->name),
		    "a node gets the private keys below " FILES "/%s only", own);
	else if (!vault_has(run->repo, below))
		e = no_file(run, path);
	else if (run->look)
		give_stand_in(run);
	else
		e = vault_read(run->repo, run->node->environment, below, &run->content);
	free(own);
	free(below);
	return e;
}

/* private("nodes/web1/web1.key"): a private key of the node itself. */
static int
tool_private(lua_State *L)
{
	struct run	*run = run_of(L);
	const char	*path = argument(run, 1, "a key's path");
	size_t		 start = run->content.len;

	return give_content(run, start, read_private(run, path));
}

/* render("site.conf", { domain = "example.org" }): what a template is with these variables. */
static int
tool_render(lua_State *L)
{
	struct run	*run = run_of(L);
	const char	*name = argument(run, 1, "a template's name");
	size_t		 start = run->content.len;

	if (!lua_isnoneornil(L, 2) && !lua_istable(L, 2))
		sandbox_raise(L, run_error(run, "render: the variables are a table, { name = value }"));
	return give_content(run, start, run_template(run, name, lua_istable(L, 2) ? 2 : 0));
}

/* json({ a = 1 }): as JSON text, keys sorted. */
static int
tool_json(lua_State *L)
{
	struct run	*run = run_of(L);
	size_t		 start = run->content.len;
	json_t		*value = NULL;
	struct err	*e;

	if ((e = lua_to_json(L, 1, &value)) == NULL)
		json_pretty(value, &run->content);
	else if (err_place(e) == NULL) {
		struct err *placed = run_error(run, "json: %s", err_message(e));

		err_free(e);
		e = placed;
	}
	json_decref(value);
	return give_content(run, start, e);
}

/* digest("text"): its SHA-256 as hexadecimal digits. */
static int
tool_digest(lua_State *L)
{
	char		 digest[SHA256_HEX_SIZE];
	const char	*text;
	size_t		 len = 0;
	struct err	*e;

	if ((e = option_text(run_of(L), 1, "the text", &text, &len)) != NULL)
		sandbox_raise(L, e);
	sha256_hex(text, len, digest);
	lua_pushstring(L, digest);
	return 1;
}

void
tool_functions(lua_State *L, struct kit *kit)
{
	static const struct run_function tools[] = {
		{ "read", tool_read_call }, { "exists", tool_exists }, { "files", tool_files },
		{ "private", tool_private }, { "render", tool_render }, { "json", tool_json },
		{ "digest", tool_digest }, { "certificate", tool_certificate },
	};

	kit_functions(L, kit, tools, ARRAY_LEN(tools));
}
