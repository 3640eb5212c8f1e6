/* recipe: the functions that give recipes and templates texts, files and keys. */
/* May know config, lua, pki, vault, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"
#include "base/json.h"
#include "base/sha256.h"
#include "base/strs.h"
#include "config/config.h"
#include "lua/sandbox.h"
#include "pki/ca.h"
#include "recipe/run.h"
#include "recipe/user_key.h"
#include "repo/repo.h"
#include "vault/vault.h"

#include <ctype.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILES		"files"
#define WALK_DEPTH	32

/* Certificates and keys are made by a command of their own, which a missing one calls for. */
NODISCARD
static struct err *
no_file(struct run *run, const char *path)
{
	struct err *e = run_error(run, "no file " FILES "/%s", path);

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
	struct err	*e;

	if (str_ends(path, ".key"))
		e = err_hint(run_error(run, "%s is a private key", below), "private(\"%s\") gives a node its own", path);
	else if (repo_has(run->repo, below))
		e = repo_read(run->repo, below, &run->content);
	else if (repo_platform_has(run->repo, below))
		e = repo_platform_read(run->repo, below, &run->content);
	else
		e = no_file(run, path);
	free(below);
	if (e != NULL && err_place(e) == NULL)
		e = err_context(e, FILES "/%s", path);
	return e;
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
	const char	*root;		/* the instance's or the platform's */
	bool		 platform;
	struct strs	*found;
};

NODISCARD
static struct err	*walk_directory(const struct walk *walk, const char *dir, const char *below, unsigned depth);

/* `below` is the path from where the walk started. */
NODISCARD
static struct err *
walk_entry(const struct walk *walk, const char *path, const char *below, unsigned depth)
{
	char		*full = path_join(walk->root, path);
	struct stat	 st;
	int		 failed = lstat(full, &st);

	if (failed == 0 && S_ISLNK(st.st_mode))
		failed = stat(full, &st) != 0 || !S_ISREG(st.st_mode);
	free(full);
	if (failed)
		return err_hint(run_error(walk->run, "%s is a link to no file", path),
		    "links to files are followed, others are not");
	if (S_ISDIR(st.st_mode))
		return walk_directory(walk, path, below, depth + 1);
	if (!S_ISREG(st.st_mode))
		return run_error(walk->run, "%s is neither a file nor a directory", path);
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
	struct walk	 walk = { run, own ? run->repo->root : run->repo->platform, !own, found };
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

NODISCARD
static struct err *
read_private(struct run *run, const char *path)
{
	char		*own = xasprintf("nodes/%s/", run->node->name), *below = path_join(FILES, path);
	struct err	*e = NULL;

	if (!str_starts(path, own))
		e = err_hint(run_error(run, "%s is not %s's to know", below, run->node->name),
		    "a node gets the private keys below " FILES "/%s only", own);
	else if (!vault_has(run->repo, below))
		e = no_file(run, path);
	else
		e = vault_read(run->repo, below, &run->content);
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

/* fingerprint("ca/ca.crt"): the SHA-256 of a certificate as lower-case hexadecimal digits. */
static int
tool_fingerprint(lua_State *L)
{
	struct run	*run = run_of(L);
	const char	*path = argument(run, 1, "a certificate's path");
	struct buf	 cert = { 0 }, colons = { 0 }, text = { 0 };
	size_t		 start = run->content.len;
	int64_t		 not_after;
	struct err	*e;

	if ((e = tool_read(run, path)) == NULL) {
		buf_adds(&cert, buf_text(&run->content) + start);
		run_cut(run, start);
		e = cert_describe(&cert, &not_after, &colons, &text);
	}
	for (const char *p = buf_text(&colons); e == NULL && *p != '\0'; p++) {
		if (*p != ':')
			buf_addc(&run->content, (char)tolower((unsigned char)*p));
	}
	buf_fini(&cert);
	buf_fini(&colons);
	buf_fini(&text);
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

/* Append "USER KEY" lines of one file. */
NODISCARD
static struct err *
read_keys(struct run *run, const char *user, const char *path)
{
	struct buf	 text = { 0 }, keys = { 0 };
	struct err	*e;

	if ((e = repo_read(run->repo, path, &text)) == NULL &&
	    (e = user_keys_read(&keys, buf_text(&text), path, ERR_CONFIG)) == NULL) {
		for (const char *line = buf_text(&keys), *end; *line != '\0'; line = end + 1) {
			end = strchr(line, '\n');
			buf_addf(&run->content, "%s %.*s\n", user, (int)(end - line), line);
		}
	}
	buf_fini(&keys);
	buf_fini(&text);
	return e;
}

NODISCARD
static struct err *
read_sysadmins(struct run *run)
{
	struct strs	 users = { 0 };
	struct err	*e = repo_list(run->repo, "users", "", &users);

	for (size_t i = 0; e == NULL && i < users.count; i++) {
		char *path = xasprintf("users/%s/%s_ssh.pub", users.items[i], users.items[i]);

		if (repo_has(run->repo, path))
			e = read_keys(run, users.items[i], path);
		free(path);
	}
	strs_fini(&users);
	return e;
}

/* sysadmins(): the list of { user = NAME, key = "ssh-ed25519 AAAA…" } from users/NAME/NAME_ssh.pub. */
static int
tool_sysadmins(lua_State *L)
{
	struct run	*run = run_of(L);
	size_t		 start = run->content.len;
	struct err	*e = read_sysadmins(run);
	const char	*line, *end;

	if (e == NULL && run->content.len == start)
		e = err_hint(run_error(run, "there is no sysadmin: no SSH key in users/*/*_ssh.pub"),
		    "run \"leap user add --self\"");
	if (e != NULL) {
		run_cut(run, start);
		sandbox_raise(L, e);
	}
	lua_newtable(L);
	for (line = buf_text(&run->content) + start; *line != '\0'; line = end + 1) {
		const char *space = strchr(line, ' ');

		end = strchr(line, '\n');
		lua_createtable(L, 0, 2);
		lua_pushlstring(L, line, (size_t)(space - line));
		lua_setfield(L, -2, "user");
		lua_pushlstring(L, space + 1, (size_t)(end - space) - 1);
		lua_setfield(L, -2, "key");
		lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
	}
	run_cut(run, start);
	return 1;
}

void
tool_functions(struct run *run)
{
	static const struct run_function tools[] = {
		{ "read", tool_read_call }, { "exists", tool_exists }, { "files", tool_files },
		{ "private", tool_private }, { "render", tool_render }, { "json", tool_json },
		{ "digest", tool_digest }, { "fingerprint", tool_fingerprint }, { "sysadmins", tool_sysadmins },
	};

	run_functions(run, tools, ARRAY_LEN(tools));
}
