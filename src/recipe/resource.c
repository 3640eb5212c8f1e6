/* recipe: the functions that declare resources. */
/* May know lua, repo, wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/json.h"
#include "base/mask.h"
#include "base/strs.h"
#include "lua/sandbox.h"
#include "recipe/run.h"
#include "repo/repo.h"
#include "wire/manifest.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

/* How a function's arguments become a resource: NAME, then `second` if it has one, then its options. */
struct shape {
	const char		*function;
	const char		*type;
	const char		*second;
	const struct option	*options;
	struct err		*(*finish)(struct run *run, const struct shape *shape, int options);
};

#define OWNERSHIP	{ "owner", OPTION_TEXT }, { "group", OPTION_TEXT }, { "mode", OPTION_TEXT }
#define SECRET		{ "secret", OPTION_BOOL }
#define CHECK		{ "check", OPTION_TEXT }
#define END		{ NULL, OPTION_APART }

static const struct option no_options[] = { END };
static const struct option group_options[] = { { "gid", OPTION_NUMBER }, { "system", OPTION_BOOL }, END };
static const struct option user_options[] = { { "uid", OPTION_NUMBER }, { "group", OPTION_TEXT },
    { "groups", OPTION_TEXTS }, { "home", OPTION_TEXT }, { "shell", OPTION_TEXT }, { "comment", OPTION_TEXT },
    { "system", OPTION_BOOL }, { "create_home", OPTION_BOOL }, END };
static const struct option directory_options[] = { OWNERSHIP, { "file_mode", OPTION_TEXT }, END };
static const struct option file_options[] = { OWNERSHIP, SECRET, CHECK, { "content", OPTION_APART },
    { "from", OPTION_TEXT }, END };
static const struct option template_options[] = { OWNERSHIP, SECRET, CHECK, { "with", OPTION_APART }, END };
static const struct option binary_options[] = { OWNERSHIP, END };
static const struct option link_options[] = { CHECK, END };
static const struct option unit_options[] = { { "enabled", OPTION_BOOL }, { "active", OPTION_BOOL },
    { "restart_on", OPTION_TEXTS }, { "reload_on", OPTION_TEXTS }, END };
static const struct option exec_options[] = { { "command", OPTION_TEXT }, { "creates", OPTION_TEXT },
    { "unless", OPTION_TEXT }, { "on", OPTION_TEXTS }, END };

static void
set_default(json_t *object, const char *name, const char *value)
{
	if (json_object_get(object, name) == NULL)
		json_object_set_new(object, name, json_string(value));
}

/* Whether a secret stands in a text or number of the value, or in a key. */
static bool
is_secret(json_t *value)
{
	const char	*key;
	json_t		*child;
	size_t		 i;
	char		 number[24];

	if (json_is_string(value))
		return mask_has(json_string_value(value), json_string_length(value));
	if (json_is_integer(value)) {
		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		return mask_has(number, strlen(number));
	}
	json_object_foreach(value, key, child) {
		if (mask_has(key, strlen(key)) || is_secret(child))
			return true;
	}
	if (!json_is_array(value))
		return false;
	json_array_foreach(value, i, child) {
		if (is_secret(child))
			return true;
	}
	return false;
}

/* The manifest is kept and shown in clear, and commands are seen by every user of the node. */
NODISCARD
static struct err *
check_no_secret(struct run *run, json_t *object)
{
	if (!is_secret(object))
		return NULL;
	return err_hint(run_error(run, "a secret may stand in the content of a file only"),
	    "write it to a file with mode 0600 and name that");
}

NODISCARD
static struct err *
declared_twice(struct run *run, const char *id, size_t first)
{
	struct err	*e = run_error(run, "%s is declared twice, and differently", id);
	struct err	*other = run_error_declared(run, first, "here");
	struct place	 place = *err_place(other);

	e = err_note(e, &place, "it is also declared here");
	err_free(other);
	return e;
}

static void
remember_place(struct run *run)
{
	struct declared declared = { 0 };

	declared.source = run_line(run, &declared.line);
	if (run->declared_count == run->declared_cap) {
		run->declared_cap = run->declared_cap == 0 ? 64 : run->declared_cap * 2;
		run->declared = xrealloc(run->declared, run->declared_cap, sizeof(*run->declared));
	}
	run->declared[run->declared_count++] = declared;
}

/* Put run->resource into the manifest; one that is there already, word for word, is there once. */
NODISCARD
static struct err *
add_resource(struct run *run)
{
	json_t		*all = json_object_get(run->manifest->root, "resources"), *first;
	struct err	*e;
	char		*id;

	if ((e = check_no_secret(run, run->resource)) != NULL)
		return e;
	id = resource_id(run->resource);
	first = json_object_get(run->seen, id);
	if (first == NULL) {
		json_object_set_new(run->seen, id, json_integer((json_int_t)json_array_size(all)));
		json_array_append(all, run->resource);
		remember_place(run);
	} else if (!json_equal(json_array_get(all, (size_t)json_integer_value(first)), run->resource))
		e = declared_twice(run, id, (size_t)json_integer_value(first));
	free(id);
	return e;
}

/* Start run->resource anew. */
static void
start_resource(struct run *run, const char *type, const char *name, size_t len)
{
	json_decref(run->resource);
	run->resource = json_object();
	json_object_set_new(run->resource, "type", json_string(type));
	json_object_set_new(run->resource, resource_key(type), json_stringn(name, len));
}

static void
set_owner(json_t *resource)
{
	set_default(resource, "owner", "root");
	set_default(resource, "group", "root");
}

static void
set_blob(struct run *run, struct content *content, bool secret)
{
	json_object_set_new(run->resource, "sha256",
	    json_string(manifest_add_content(run->manifest, content, secret)));
	json_object_set_new(run->resource, "size", json_integer((json_int_t)content->len));
}

/*
 * Whether a text is certificates and nothing else.  They are public, and so is the half of the private key that they
 * have: of the key's PEM, which is masked line by line, some lines may stand in its certificate word for word.
 */
static bool
is_certificate(const char *text, size_t len)
{
	static const char	 begin[] = "-----BEGIN CERTIFICATE-----\n", end[] = "\n-----END CERTIFICATE-----\n";
	const char		*stop = text + len, *next;

	if (len == 0 || memchr(text, '\0', len) != NULL)
		return false;
	while (text < stop) {
		if (!str_starts(text, begin) || (next = strstr(text, end)) == NULL)
			return false;
		text += strlen(begin);
		if (text + strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\n") < next)
			return false;
		text = next + strlen(end);
	}
	return true;
}

/* Make these bytes the file's. */
NODISCARD
static struct err *
set_bytes(struct run *run, const char *data, size_t len, const char *mode)
{
	const char	*given = json_str(run->resource, "mode");
	bool		 masked, secret;
	struct content	*content = kit_content(run->kit, data, len, &masked);

	secret = json_bool(run->resource, "secret") || (masked && !is_certificate(data, len));
	content->secret |= secret;
	if (secret && given != NULL && (strtol(given, NULL, 8) & 07) != 0) {
		content_drop(content);
		return err_hint(run_error(run, "a secret that everybody on the node may read: mode \"%s\"", given),
		    "the mode of a secret file ends in 0: \"0600\", or \"0640\" with a group");
	}
	json_object_del(run->resource, "secret");
	if (secret)
		json_object_set_new(run->resource, "secret", json_true());
	set_default(run->resource, "mode", secret ? "0600" : mode);
	set_owner(run->resource);
	set_blob(run, content, secret);
	content_drop(content);
	return NULL;
}

/* The same with the tail of run->content, from `start` on. */
NODISCARD
static struct err *
set_content(struct run *run, size_t start, const char *mode)
{
	return set_bytes(run, buf_text(&run->content) + start, run->content.len - start, mode);
}

NODISCARD
static struct err *
finish_file(struct run *run, const struct shape *shape, int options)
{
	lua_State	*L = run->lua;
	size_t		 start = run->content.len, len;
	const char	*from = json_str(run->resource, "from"), *text = NULL;
	struct err	*e = NULL;

	(void)shape;
	if (lua_istable(L, options)) {
		lua_getfield(L, options, "content");
		if (!lua_isnil(L, -1))
			e = option_text(run, lua_gettop(L), "content", &text, &len);
	}
	if (e == NULL && (text == NULL) == (from == NULL))
		e = err_hint(run_error(run, "a file needs either content or from"),
		    "file(path, { content = \"text\" }), or { from = \"a/file/below/files\" }");
	if (e == NULL && text == NULL)
		e = tool_read(run, from);
	json_object_del(run->resource, "from");
	if (e == NULL)
		e = text != NULL ? set_bytes(run, text, len, "0644") : set_content(run, start, "0644");
	run_cut(run, start);
	return e;
}

NODISCARD
static struct err *
finish_template(struct run *run, const struct shape *shape, int options)
{
	lua_State	*L = run->lua;
	size_t		 start = run->content.len, len;
	const char	*name;
	struct err	*e;
	int		 with = 0;

	(void)shape;
	if ((e = option_text(run, 2, "a template's name", &name, &len)) != NULL)
		return e;
	if (lua_istable(L, options)) {
		lua_getfield(L, options, "with");
		with = lua_istable(L, -1) ? lua_gettop(L) : 0;
		if (with == 0 && !lua_isnil(L, -1))
			return run_error(run, "template: with must be a table of variables");
	}
	if ((e = run_template(run, name, with)) == NULL)
		e = set_content(run, start, "0644");
	run_cut(run, start);
	return e;
}

/* Programs are the instance's, files/bin/NAME, or come with the platform, bin/NAME. */
NODISCARD
static struct err *
finish_binary(struct run *run, const struct shape *shape, int options)
{
	size_t		 start = run->content.len, len;
	const char	*name;
	struct err	*e;
	char		*own, *path;

	(void)shape;
	(void)options;
	if ((e = option_text(run, 2, "a program's name", &name, &len)) != NULL)
		return e;
	own = xasprintf("files/bin/%s", name);
	path = xasprintf("bin/%s", name);
	if (repo_has(run->repo, own))
		e = repo_read(run->repo, own, &run->content);
	else if (repo_platform_has(run->repo, path))
		e = repo_platform_read(run->repo, path, &run->content);
	else
		e = run_error(run, "no program \"%s\": neither %s in the instance nor %s in the platform", name, own,
		    path);
	free(own);
	free(path);
	if (e == NULL)
		e = set_content(run, start, "0755");
	run_cut(run, start);
	return e;
}

/* An nft ruleset, which must not be secret: nft prints it to whoever may ask. */
NODISCARD
static struct err *
finish_firewall(struct run *run, const struct shape *shape, int options)
{
	const char	*text;
	size_t		 len;
	struct content	*content;
	struct err	*e;
	bool		 masked;

	(void)shape;
	(void)options;
	if ((e = option_text(run, 2, "a firewall's rules", &text, &len)) != NULL)
		return e;
	content = kit_content(run->kit, text, len, &masked);
	content->secret |= masked;
	if (masked)
		e = run_error(run, "a secret in firewall rules");
	else
		set_blob(run, content, false);
	content_drop(content);
	return e;
}

/* What is said of a unit is that it runs, now and after a boot, unless it is said otherwise. */
NODISCARD
static struct err *
finish_unit(struct run *run, const struct shape *shape, int options)
{
	(void)shape;
	(void)options;
	if (json_object_get(run->resource, "enabled") == NULL)
		json_object_set_new(run->resource, "enabled", json_true());
	if (json_object_get(run->resource, "active") == NULL)
		json_object_set_new(run->resource, "active", json_true());
	return NULL;
}

static const struct shape shapes[] = {
	{ "package", "package", NULL, no_options, NULL },
	{ "group", "group", NULL, group_options, NULL },
	{ "user", "user", NULL, user_options, NULL },
	{ "file", "file", NULL, file_options, finish_file },
	{ "template", "file", "template", template_options, finish_template },
	{ "binary", "file", "program", binary_options, finish_binary },
	{ "link", "link", "target", link_options, NULL },
	{ "unit", "unit", NULL, unit_options, finish_unit },
	{ "sysctl", "sysctl", "value", no_options, NULL },
	{ "firewall", "firewall", "rules", no_options, finish_firewall },
	{ "exec", "exec", NULL, exec_options, NULL },
};

NODISCARD
static struct err *
declare(struct run *run, const struct shape *shape)
{
	const char	*name, *second;
	size_t		 len;
	struct err	*e;
	char		*what;
	int		 options = shape->second != NULL ? 3 : 2;

	what = xasprintf("the first argument of %s", shape->function);
	e = option_text(run, 1, what, &name, &len);
	free(what);
	if (e != NULL)
		return e;
	start_resource(run, shape->type, name, len);
	if ((e = option_read(run, options, shape->options, shape->function, run->resource)) != NULL)
		return e;
	if (shape->finish != NULL)
		e = shape->finish(run, shape, options);
	else if (shape->second != NULL && (e = option_text(run, 2, shape->second, &second, &len)) == NULL)
		json_object_set_new(run->resource, shape->second, json_stringn(second, len));
	return e != NULL ? e : add_resource(run);
}

/* Push the id of run->resource. */
static void
push_id(struct run *run)
{
	const char *type = json_str(run->resource, "type");

	lua_pushfstring(run->lua, "%s:%s", type, json_str(run->resource, resource_key(type)));
}

static int
call_declare(lua_State *L)
{
	struct run	*run = run_of(L);
	struct err	*e;

	if ((e = declare(run, lua_touserdata(L, lua_upvalueindex(2)))) != NULL)
		sandbox_raise(L, e);
	push_id(run);
	return 1;
}

/* Add the id of run->resource to the list at `index`. */
static void
append_id(struct run *run, int index)
{
	push_id(run);
	lua_rawseti(run->lua, index, (lua_Integer)lua_rawlen(run->lua, index) + 1);
}

/* Every directory between the top one and `path`, which has files; one that was made already is made once. */
NODISCARD
static struct err *
add_parents(struct run *run, const json_t *options, const char *top, const char *path, int ids)
{
	struct err *e = NULL;

	for (const char *slash = strchr(path, '/'); e == NULL && slash != NULL; slash = strchr(slash + 1, '/')) {
		char *full = xasprintf("%s/%.*s", top, (int)(slash - path), path), *id;

		start_resource(run, "directory", full, strlen(full));
		json_object_update_missing(run->resource, (json_t *)options);
		json_object_del(run->resource, "file_mode");
		id = xasprintf("directory:%s", full);
		if (json_object_get(run->seen, id) == NULL && (e = add_resource(run)) == NULL)
			append_id(run, ids);
		free(id);
		free(full);
	}
	return e;
}

NODISCARD
static struct err *
add_file(struct run *run, const json_t *options, const char *top, const char *from, const char *path)
{
	size_t		 start = run->content.len;
	char		*full = xasprintf("%s/%s", top, path), *source = xasprintf("%s/%s", from, path);
	struct err	*e;

	start_resource(run, "file", full, strlen(full));
	json_object_update_missing(run->resource, (json_t *)options);
	json_object_del(run->resource, "mode");
	json_object_del(run->resource, "file_mode");
	if (json_str(options, "file_mode") != NULL)
		json_object_set(run->resource, "mode", json_object_get(options, "file_mode"));
	if ((e = tool_read(run, source)) == NULL)
		e = set_content(run, start, "0644");
	run_cut(run, start);
	free(full);
	free(source);
	return e != NULL ? e : add_resource(run);
}

/* All that files() found, below the directory; the ids go to the list at index `ids`. */
NODISCARD
static struct err *
add_files(struct run *run, const json_t *options, const char *top, int ids)
{
	lua_State	*L = run->lua;
	const char	*from, *path;
	struct err	*e = NULL;

	lua_getfield(L, 2, "from");
	from = lua_tostring(L, -1);
	for (lua_Integer i = 1, n = (lua_Integer)lua_rawlen(L, 2); e == NULL && i <= n; i++) {
		lua_rawgeti(L, 2, i);
		if ((path = lua_tostring(L, -1)) == NULL)
			return run_error(run, "directory: its files must be what files() gives");
		if ((e = add_parents(run, options, top, path, ids)) == NULL &&
		    (e = add_file(run, options, top, from, path)) == NULL)
			append_id(run, ids);
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
	return e;
}

/* Whether the value at `index` came from files(). */
static bool
is_files(lua_State *L, int index)
{
	bool files;

	if (!lua_istable(L, index))
		return false;
	lua_getfield(L, index, "from");
	files = lua_type(L, -1) == LUA_TSTRING;
	lua_pop(L, 1);
	return files;
}

/* directory(path, options) gives an id, directory(path, files(...), options) the list of all. */
NODISCARD
static struct err *
declare_directory(struct run *run)
{
	lua_State	*L = run->lua;
	json_t		*options;
	const char	*path;
	size_t		 len;
	struct err	*e;
	bool		 with_files = is_files(L, 2);

	if ((e = option_text(run, 1, "a directory's path", &path, &len)) != NULL)
		return e;
	start_resource(run, "directory", path, len);
	e = option_read(run, with_files ? 3 : 2, directory_options, "directory", run->resource);
	if (e != NULL)
		return e;
	set_default(run->resource, "mode", "0755");
	set_owner(run->resource);
	options = json_copy(run->resource);
	json_object_del(options, "type");
	json_object_del(options, "path");
	json_object_del(run->resource, "file_mode");
	if ((e = add_resource(run)) == NULL && with_files) {
		lua_newtable(L);
		append_id(run, lua_gettop(L));
		e = add_files(run, options, path, lua_gettop(L));
	} else if (e == NULL)
		push_id(run);
	json_decref(options);
	return e;
}

static int
call_directory(lua_State *L)
{
	struct err *e;

	lua_settop(L, 3);
	if ((e = declare_directory(run_of(L))) != NULL)
		sandbox_raise(L, e);
	return 1;
}

void
resource_functions(lua_State *L, struct kit *kit)
{
	for (size_t i = 0; i < ARRAY_LEN(shapes); i++)
		kit_function(L, kit, shapes[i].function, call_declare, &shapes[i]);
	kit_function(L, kit, "directory", call_directory, NULL);
}
