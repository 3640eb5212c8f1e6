/* wire: what a manifest must look like, as tables. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wire/manifest.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/strs.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define ID_MAX		4294967294	/* (uid_t)-1 means "leave it" to chown(2) */
#define LINE_MAX_BYTES	1024
#define SCRIPT_MAX	(256u << 10)
#define TIMEOUT_MAX	600

typedef bool valid_fn(const json_t *value);

struct field {
	const char	*name;
	valid_fn	*valid;
	const char	*what;		/* ends the sentence "NAME must be …" */
	bool		 required;
};

struct shape {
	const char		*type;
	const struct field	*fields;
};

/* The text of a string that has no NUL in it, up to `max` bytes; else NULL. */
static const char *
plain_text(const json_t *value, size_t max)
{
	const char	*text = json_string_value(value);

	if (text == NULL || strlen(text) != json_string_length(value) || strlen(text) > max)
		return NULL;
	return text;
}

static bool
made_of(const char *text, const char *others)
{
	if (text == NULL || *text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		bool	 letter = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z');
		bool	 digit = *text >= '0' && *text <= '9';

		if (!letter && !digit && strchr(others, *text) == NULL)
			return false;
	}
	return true;
}

static bool
is_bool(const json_t *value)
{
	return json_is_boolean(value);
}

static bool
is_id(const json_t *value)
{
	return json_is_integer(value) && json_integer_value(value) >= 0 && json_integer_value(value) <= ID_MAX;
}

static bool
is_size(const json_t *value)
{
	return json_is_integer(value) && json_integer_value(value) >= 0 && json_integer_value(value) <= BLOB_MAX;
}

static bool
is_port(const json_t *value)
{
	return json_is_integer(value) && json_integer_value(value) >= 1 && json_integer_value(value) <= 65535;
}

static bool
is_status(const json_t *value)
{
	return json_is_integer(value) && json_integer_value(value) >= 100 && json_integer_value(value) <= 599;
}

static bool
is_timeout(const json_t *value)
{
	return json_is_integer(value) && json_integer_value(value) >= 1 && json_integer_value(value) <= TIMEOUT_MAX;
}

static bool
is_line(const json_t *value)
{
	const char	*text = plain_text(value, LINE_MAX_BYTES);

	for (; text != NULL && *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return text != NULL;
}

static bool
is_name(const json_t *value)
{
	return is_line(value) && json_string_length(value) > 0;
}

static bool
is_script(const json_t *value)
{
	const char	*text = plain_text(value, SCRIPT_MAX);

	return text != NULL && *text != '\0';
}

static bool
is_path(const json_t *value)
{
	const char	*text = plain_text(value, PATH_MAX - 1), *part;

	if (!is_name(value) || *text != '/' || text[1] == '\0')
		return false;
	for (part = text; part != NULL; part = strchr(part, '/')) {
		size_t	 len = strcspn(++part, "/");

		if (len == 0 || len > NAME_MAX || (len == 1 && *part == '.') || (len == 2 && strncmp(part, "..", 2) == 0))
			return false;
	}
	return true;
}

/* A link may point anywhere, also through "..". */
static bool
is_target(const json_t *value)
{
	return is_name(value) && json_string_length(value) < PATH_MAX;
}

static bool
is_mode(const json_t *value)
{
	const char	*text = plain_text(value, 5);
	size_t		 len = text != NULL ? strspn(text, "01234567") : 0;

	return text != NULL && text[len] == '\0' && text[0] == '0' && len >= 4 && strtol(text, NULL, 8) <= 07777;
}

static bool
is_sha256(const json_t *value)
{
	const char	*text = plain_text(value, SHA256_HEX_SIZE);

	return text != NULL && sha256_valid(text);
}

/* useradd(8): what Debian accepts, and no leading dash that a program could take for an option. */
static bool
is_account(const json_t *value)
{
	const char	*text = plain_text(value, 32);

	return made_of(text, "_-.") && *text != '-' && *text != '.';
}

/* Debian Policy 5.6.1, and ":arch" behind it. */
static bool
is_package(const json_t *value)
{
	const char	*text = plain_text(value, 200);

	return made_of(text, "+-.:") && strchr("+-.:", *text) == NULL;
}

static bool
is_unit(const json_t *value)
{
	const char	*text = plain_text(value, 250);

	return made_of(text, ":-_.\\@") && *text != '-' && *text != '.';
}

static bool
is_table(const json_t *value)
{
	const char	*text = plain_text(value, 32);

	return made_of(text, "_") && strchr("0123456789_", *text) == NULL;
}

static bool
is_sysctl(const json_t *value)
{
	const char	*text = plain_text(value, 200);
	size_t		 len;

	if (!made_of(text, "_-./") || strpbrk(text, "./") == NULL)
		return false;
	for (const char *part = text;; part += len + 1) {
		len = strcspn(part, "./");
		if (len == 0)
			return false;
		if (part[len] == '\0')
			return true;
	}
}

static bool
is_protocol(const json_t *value)
{
	const char	*text = plain_text(value, 3);

	return text != NULL && (strcmp(text, "tcp") == 0 || strcmp(text, "udp") == 0);
}

static bool
is_address(const json_t *value)
{
	unsigned char	 bytes[sizeof(struct in6_addr)];
	const char	*text = plain_text(value, INET6_ADDRSTRLEN);

	return text != NULL && (inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1);
}

static bool
is_url(const json_t *value)
{
	const char	*text = plain_text(value, LINE_MAX_BYTES);

	return is_name(value) && str_starts(text, "http://") && strchr(text, ' ') == NULL && text[7] != '\0';
}

static bool
is_list(const json_t *value, valid_fn *valid)
{
	const json_t	*item;
	size_t		 i;

	json_array_foreach(value, i, item)
		if (!valid(item))
			return false;
	return json_is_array(value);
}

static bool
is_names(const json_t *value)
{
	return is_list(value, is_name);
}

static bool
is_accounts(const json_t *value)
{
	return is_list(value, is_account);
}

#define NAME_AS(valid, what)	{"name", valid, what, true}
#define PATH			{"path", is_path, "an absolute path without \".\" or \"..\"", true}
#define MODE			{"mode", is_mode, "an octal string like \"0644\"", true}
#define OWNER			{"owner", is_account, "the name of a user", true}
#define GROUP(required)		{"group", is_account, "the name of a group", required}
#define SHA256			{"sha256", is_sha256, "64 lower-case hexadecimal digits", true}
#define SIZE			{"size", is_size, "a number of bytes, at most 1 GiB", true}
#define BOOL(name)		{name, is_bool, "true or false", false}
#define ID(name)		{name, is_id, "a number from 0 to 4294967294", false}
#define IDS(name)		{name, is_names, "a list of resources like \"file:/etc/motd\"", false}
#define LINE(name)		{name, is_line, "one line of text", false}
#define SCRIPT(name, required)	{name, is_script, "a shell command", required}
#define TIMEOUT			{"timeout", is_timeout, "a number of seconds from 1 to 600", false}
#define END			{NULL, NULL, NULL, false}

static const struct shape resource_shapes[] = {
	{"package", (const struct field[]){NAME_AS(is_package, "the name of a Debian package"), END}},
	{"group", (const struct field[]){NAME_AS(is_account, "the name of a group"), ID("gid"), BOOL("system"), END}},
	{"user", (const struct field[]){NAME_AS(is_account, "the name of a user"), ID("uid"), GROUP(false),
	    {"groups", is_accounts, "a list of groups", false}, {"home", is_path, "an absolute path", false},
	    {"shell", is_path, "an absolute path", false}, LINE("comment"), BOOL("system"), BOOL("create_home"), END}},
	{"directory", (const struct field[]){PATH, MODE, OWNER, GROUP(true), END}},
	{"file", (const struct field[]){PATH, MODE, OWNER, GROUP(true), SHA256, SIZE, BOOL("secret"),
	    SCRIPT("check", false), END}},
	{"link", (const struct field[]){PATH, {"target", is_target, "a path", true}, SCRIPT("check", false), END}},
	{"unit", (const struct field[]){NAME_AS(is_unit, "the name of a systemd unit"), BOOL("enabled"), BOOL("active"),
	    IDS("restart_on"), IDS("reload_on"), END}},
	{"sysctl", (const struct field[]){{"key", is_sysctl, "a kernel setting like \"net.ipv4.ip_forward\"", true},
	    {"value", is_name, "one line of text", true}, END}},
	{"firewall", (const struct field[]){NAME_AS(is_table, "the name of an nft table"), SHA256, SIZE, END}},
	{"exec", (const struct field[]){NAME_AS(is_name, "one line of text"), SCRIPT("command", true),
	    {"creates", is_path, "an absolute path", false}, SCRIPT("unless", false), IDS("on"), END}},
};

static const struct shape check_shapes[] = {
	{"listen", (const struct field[]){{"port", is_port, "a number from 1 to 65535", true},
	    {"protocol", is_protocol, "\"tcp\" or \"udp\"", true},
	    {"address", is_address, "an IP address", false}, TIMEOUT, END}},
	{"http", (const struct field[]){{"url", is_url, "an http:// address", true},
	    {"status", is_status, "a number from 100 to 599", true},
	    {"host", is_name, "a host name", false}, {"contains", is_name, "one line of text", false}, TIMEOUT, END}},
	{"unit", (const struct field[]){NAME_AS(is_unit, "the name of a systemd unit"), TIMEOUT, END}},
	{"command", (const struct field[]){NAME_AS(is_name, "one line of text"), SCRIPT("command", true), TIMEOUT, END}},
};

static const struct shape *
find_shape(const struct shape *shapes, size_t count, const char *type)
{
	for (size_t i = 0; type != NULL && i < count; i++)
		if (strcmp(shapes[i].type, type) == 0)
			return &shapes[i];
	return NULL;
}

static const struct field *
find_field(const struct shape *shape, const char *name)
{
	for (const struct field *field = shape->fields; field->name != NULL; field++)
		if (strcmp(field->name, name) == 0)
			return field;
	return NULL;
}

/* All members known and well formed, no required one missing. */
static struct err *
check_shape(const struct shape *shape, const char *id, const json_t *object)
{
	const struct field	*field;
	const char		*name;
	json_t			*value;

	json_object_foreach((json_t *)object, name, value) {
		if (strcmp(name, "type") == 0)
			continue;
		field = find_field(shape, name);
		if (field == NULL)
			return err_new(ERR_CONFIG, "%s: a %s has no \"%s\"", id, shape->type, name);
		if (!field->valid(value))
			return err_new(ERR_CONFIG, "%s: %s must be %s", id, name, field->what);
	}
	for (field = shape->fields; field->name != NULL; field++)
		if (field->required && json_object_get(object, field->name) == NULL)
			return err_new(ERR_CONFIG, "%s: %s is missing", id, field->name);
	return NULL;
}

/* What restart_on, reload_on and on name was written before. */
static struct err *
check_watched(const char *id, const json_t *resource, const char *member, const json_t *seen)
{
	const json_t	*name;
	size_t		 i;

	json_array_foreach(json_object_get(resource, member), i, name)
		if (json_object_get(seen, json_string_value(name)) == NULL)
			return err_hint(err_new(ERR_CONFIG, "%s: %s names %s, which is not written before it", id,
			    member, json_string_value(name)), "a resource can only wait for earlier ones");
	return NULL;
}

/* One id once, one path once whatever the type, one firewall. */
static struct err *
check_unique(const char *id, const json_t *resource, json_t *seen, json_t *paths)
{
	const char	*type = json_str(resource, "type"), *path = json_str(resource, "path");
	const char	*slot = strcmp(type, "firewall") == 0 ? "firewall" : path;
	const char	*other;

	if (json_object_get(seen, id) != NULL)
		return err_new(ERR_CONFIG, "%s: written twice", id);
	json_object_set_new(seen, id, json_true());
	if (slot == NULL)
		return NULL;
	other = json_str(paths, slot);
	if (other != NULL)
		return err_new(ERR_CONFIG, "%s: %s is there already", id, other);
	json_object_set_new(paths, slot, json_string(id));
	return NULL;
}

/*
 * What the kernel makes, and what leap-node itself keeps.  Recipes have no business there, and a manifest that
 * came to replace the node's state could never be undone.
 */
static struct err *
check_reserved(const char *id, const char *path)
{
	static const char *const	 trees[] = { "/proc", "/sys", "/dev", "/run/leap", "/var/lib/leap" };

	for (size_t i = 0; path != NULL && i < ARRAY_LEN(trees); i++) {
		size_t	 len = strlen(trees[i]);

		if (strncmp(path, trees[i], len) == 0 && (path[len] == '/' || path[len] == '\0'))
			return err_new(ERR_CONFIG, "%s: %s is not for recipes to write to", id, trees[i]);
	}
	return NULL;
}

/* Nothing lies below a file or a link of the same manifest, whichever is written first. */
static struct err *
check_nesting(const json_t *resources, const json_t *paths)
{
	const json_t	*resource;
	struct err	*e = NULL;
	size_t		 i;

	json_array_foreach(resources, i, resource) {
		const char	*path = json_str(resource, "path"), *above = NULL;
		char		*part = path != NULL ? xstrdup(path) : NULL, *slash;

		while (above == NULL && part != NULL && (slash = strrchr(part, '/')) != NULL && slash != part) {
			*slash = '\0';
			above = json_str(paths, part);
			if (above != NULL && str_starts(above, "directory:"))
				above = NULL;
		}
		if (above != NULL)
			e = err_new(ERR_CONFIG, "%s:%s: lies below %s, which is no directory",
			    json_str(resource, "type"), path, above);
		free(part);
		if (e != NULL)
			break;
	}
	return e;
}

static struct err *
check_exec(const char *id, const json_t *resource)
{
	if (json_object_get(resource, "creates") != NULL || json_object_get(resource, "unless") != NULL ||
	    json_array_size(json_object_get(resource, "on")) > 0)
		return NULL;
	return err_hint(err_new(ERR_CONFIG, "%s: nothing says when to run it", id),
	    "give creates, unless or on");
}

static struct err *
check_resource(const json_t *resource, size_t index, json_t *seen, json_t *paths)
{
	static const char *const	 lists[] = {"restart_on", "reload_on", "on"};
	const struct shape		*shape;
	struct err			*e;
	char				*id;

	shape = find_shape(resource_shapes, ARRAY_LEN(resource_shapes), json_str(resource, "type"));
	if (shape == NULL)
		return err_new(ERR_CONFIG, "resource %zu has no known type", index + 1);
	id = resource_id(resource);
	if (id == NULL)
		return err_new(ERR_CONFIG, "resource %zu, a %s, has no %s", index + 1, shape->type,
		    resource_key(shape->type));
	e = check_shape(shape, id, resource);
	for (size_t i = 0; e == NULL && i < ARRAY_LEN(lists); i++)
		e = check_watched(id, resource, lists[i], seen);
	if (e == NULL)
		e = check_reserved(id, json_str(resource, "path"));
	if (e == NULL && strcmp(shape->type, "exec") == 0)
		e = check_exec(id, resource);
	if (e == NULL)
		e = check_unique(id, resource, seen, paths);
	free(id);
	return e;
}

static struct err *
check_check(const json_t *check, size_t index)
{
	const struct shape	*shape;
	char			 id[32];

	snprintf(id, sizeof(id), "check %zu", index + 1);
	shape = find_shape(check_shapes, ARRAY_LEN(check_shapes), json_str(check, "type"));
	if (shape == NULL)
		return err_new(ERR_CONFIG, "%s has no known type", id);
	return check_shape(shape, id, check);
}

static struct err *
check_root(const json_t *root)
{
	const char	*name;
	json_t		*value;

	if (!json_is_object(root))
		return err_new(ERR_CONFIG, "the manifest is no JSON object");
	if (json_int(root, "version", -1) != MANIFEST_VERSION)
		return err_new(ERR_CONFIG, "the manifest's version is not %d", MANIFEST_VERSION);
	if (!made_of(plain_text(json_object_get(root, "node"), 253), "-._"))
		return err_new(ERR_CONFIG, "the manifest names no node");
	if (!json_is_array(json_object_get(root, "resources")) || !json_is_array(json_object_get(root, "checks")))
		return err_new(ERR_CONFIG, "the manifest needs the lists \"resources\" and \"checks\"");
	json_object_foreach((json_t *)root, name, value)
		if (strcmp(name, "version") != 0 && strcmp(name, "node") != 0 && strcmp(name, "resources") != 0 &&
		    strcmp(name, "checks") != 0)
			return err_new(ERR_CONFIG, "a manifest has no \"%s\"", name);
	return NULL;
}

struct err *
manifest_check(const json_t *root)
{
	json_t		*seen = json_object(), *paths = json_object(), *item;
	struct err	*e = check_root(root);
	size_t		 i;

	if (e != NULL)
		goto out;
	json_array_foreach(json_object_get(root, "resources"), i, item) {
		e = check_resource(item, i, seen, paths);
		if (e != NULL)
			goto out;
	}
	e = check_nesting(json_object_get(root, "resources"), paths);
	if (e != NULL)
		goto out;
	json_array_foreach(json_object_get(root, "checks"), i, item) {
		e = check_check(item, i);
		if (e != NULL)
			goto out;
	}
out:
	json_decref(seen);
	json_decref(paths);
	return e;
}
