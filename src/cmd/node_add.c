/* cmd: leap node add: a node's file from what the command line says. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/cmd.h"

#include "base/file.h"
#include "base/json.h"
#include "cert/certs.h"
#include "cmd/node.h"
#include "config/config.h"
#include "config/filter.h"
#include "repo/repo.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEMPLATE_MAX	(1u << 20)

/* A node that is being put together. */
struct draft {
	const char	*name;
	char		*path;		/* nodes/NAME.json */
	json_t		*json;
};

/* What templates/node.json has, or nothing where there is none. */
NODISCARD
static struct err *
read_template(json_t **out, const struct repo *repo)
{
	char		*path = path_join(repo->templates, "node.json");
	struct buf	 text = { 0 };
	struct err	*e = NULL;

	if (!file_exists(path))
		*out = json_object();
	else if ((e = file_read(path, TEMPLATE_MAX, &text)) == NULL)
		e = json_parse_text(out, path, buf_text(&text), text.len);
	if (e == NULL && !json_is_object(*out))
		e = err_at(ERR_CONFIG, &(struct place){ .path = path }, "a node must be an object");
	buf_fini(&text);
	free(path);
	return e;
}

/* The value at "a.b.c", borrowed, or NULL. */
static json_t *
lookup(json_t *object, const char *key)
{
	struct strs parts = { 0 };

	strs_split(&parts, key, '.');
	for (size_t i = 0; i < parts.count; i++)
		object = json_object_get(object, parts.items[i]);
	strs_fini(&parts);
	return object;
}

/* Put the value at "a.b.c", making the objects on the way. */
NODISCARD
static struct err *
put(json_t *object, const char *key, json_t *take_value)
{
	struct strs	 parts = { 0 };
	json_t		*next;
	struct err	*e = NULL;

	strs_split(&parts, key, '.');
	for (size_t i = 0; e == NULL && i + 1 < parts.count; i++) {
		next = json_object_get(object, parts.items[i]);
		if (next == NULL) {
			next = json_object();
			json_object_set_new(object, parts.items[i], next);
		} else if (!json_is_object(next)) {
			e = err_new(ERR_USAGE, "%s: \"%s\" has a value already, so it can have no \"%s\"", key,
			    parts.items[i], parts.items[i + 1]);
		}
		object = next;
	}
	if (e == NULL)
		json_object_set(object, parts.items[parts.count - 1], take_value);
	json_decref(take_value);
	strs_fini(&parts);
	return e;
}

/* What the layers below the node have at this key, borrowed, or NULL: its type is what the user means. */
NODISCARD
static struct err *
find_base(json_t **out, const struct draft *draft, struct config *config, const char *key)
{
	const json_t	*services = json_object_get(draft->json, "services"), *service;
	json_t		*layer = NULL, *found;
	size_t		 i;
	struct err	*e;

	if ((e = config_inspect(config, "common", &layer)) != NULL)
		return e;
	*out = lookup(layer, key);
	json_array_foreach(services, i, service) {
		if ((e = config_inspect(config, json_string_value(service), &layer)) != NULL)
			return e;
		if ((found = lookup(layer, key)) != NULL)
			*out = found;
	}
	return NULL;
}

/* Plain decimal numbers and true or false; all else is text. */
static json_t *
guess(const char *text)
{
	const char	*digits = text + (*text == '-');
	size_t		 n = strspn(digits, "0123456789");

	if (n > 0 && n <= 18 && digits[n] == '\0' && (n == 1 || digits[0] != '0'))
		return json_integer(strtoll(text, NULL, 10));
	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
		return json_boolean(text[0] == 't');
	return json_string(text);
}

/* Whether the layer below has text here that says something: a macro or REQUIRED may stand for anything. */
static bool
is_text(const json_t *base)
{
	const char *text = json_string_value(base);

	return text != NULL && text[0] != '=' && strcmp(text, "REQUIRED") != 0;
}

static json_t *
convert(const char *text, const json_t *base)
{
	struct strs	 parts = { 0 };
	json_t		*array;
	bool		 texts = is_text(json_array_get(base, 0));

	if (!json_is_array(base) && (is_text(base) || strchr(text, ',') == NULL))
		return is_text(base) ? json_string(text) : guess(text);
	array = json_array();
	strs_split(&parts, text, ',');
	for (size_t i = 0; i < parts.count; i++) {
		if (parts.items[i][0] != '\0')
			json_array_append_new(array, texts ? json_string(parts.items[i]) : guess(parts.items[i]));
	}
	strs_fini(&parts);
	return array;
}

static bool
is_names(const char *key)
{
	return strcmp(key, "services") == 0 || strcmp(key, "tags") == 0;
}

/* Dotted words: no part is empty. */
static bool
valid_key(const char *key)
{
	size_t n = strlen(key);

	return n > 0 && strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == n &&
	    key[0] != '.' && key[n - 1] != '.' && strstr(key, "..") == NULL;
}

/* The key of "key:value", the caller's, free(), and where the value begins; NULL when it is no such thing. */
static char *
split_pair(const char *word, const char **value)
{
	const char	*colon = strchr(word, ':');
	char		*key;

	if (colon == NULL)
		return NULL;
	key = xstrndup(word, (size_t)(colon - word));
	*value = colon + 1;
	if (valid_key(key))
		return key;
	free(key);
	return NULL;
}

NODISCARD
static struct err *
set_value(struct draft *draft, struct config *config, const char *key, const char *value)
{
	json_t		*base = NULL;
	struct err	*e;

	if (!is_names(key)) {
		if ((e = find_base(&base, draft, config, key)) != NULL)
			return e;
		return put(draft->json, key, convert(value, base));
	}
	base = json_pack("[s]", "a name");
	e = put(draft->json, key, convert(value, base));
	json_decref(base);
	return e;
}

/* One word of the command line; services and tags are read in a first pass, since they say what types the others have. */
NODISCARD
static struct err *
set_pair(struct draft *draft, struct config *config, const char *word, bool names, struct strs *seen)
{
	const char	*value = "";
	char		*key = split_pair(word, &value);
	struct err	*e = NULL;

	if (key == NULL)
		return err_hint(err_new(ERR_USAGE, "\"%s\" is no property of a node", word),
		    "write KEY:VALUE, as in services:static or ip_address:192.0.2.1; see leap help node add");
	if (is_names(key) == names) {
		if (strs_has(seen, key))
			e = err_hint(err_new(ERR_USAGE, "%s is there twice", key),
			    "put a comma between several values: %s:A,B", key);
		else
			e = set_value(draft, config, key, value);
		strs_add(seen, key);
	}
	free(key);
	return e;
}

/* Services or tags that nobody knows. */
NODISCARD
static struct err *
check_names(const struct draft *draft, const char *key, const char *kind, const struct strs *known)
{
	const json_t	*name;
	const char	*near, *text;
	size_t		 i;
	struct err	*e = NULL;

	json_array_foreach(json_object_get(draft->json, key), i, name) {
		text = json_string_value(name);
		if (text == NULL || strs_has(known, text))
			continue;
		near = strs_nearest(known, text);
		if (near != NULL)
			e = err_join(e, err_hint(err_new(ERR_USAGE, "unknown %s \"%s\"", kind, text),
			    "did you mean \"%s\"?", near));
		else
			e = err_join(e, err_hint(err_new(ERR_USAGE, "unknown %s \"%s\"", kind, text),
			    "a new one needs a file %s/%s.json", key, text));
	}
	return e;
}

NODISCARD
static struct err *
set_pairs(struct draft *draft, const struct context *context)
{
	struct strs	 seen = { 0 };
	struct err	*e = NULL;

	for (size_t i = 1; e == NULL && i < context->arg_count; i++)
		e = set_pair(draft, context->config, context->args[i], true, &seen);
	if (e == NULL)
		e = check_names(draft, "services", "service", config_services(context->config));
	for (size_t i = 1; e == NULL && i < context->arg_count; i++)
		e = set_pair(draft, context->config, context->args[i], false, &seen);
	strs_fini(&seen);
	return e;
}

/* The addresses of all nodes; one whose address cannot be evaluated has none to us. */
static void
list_addresses(struct strs *addresses, struct strs *names, const struct config *config)
{
	struct node	**nodes;
	size_t		  count = config_nodes(config, &nodes);

	for (size_t i = 0; i < count; i++) {
		const char	*address = NULL;
		struct err	*e = node_text(nodes[i], "ip_address", &address);

		if (e == NULL && address != NULL) {
			strs_add(addresses, address);
			strs_add(names, nodes[i]->name);
		}
		err_free(e);
	}
}

/* The first and the last address of local.network that a node can have: the very first is this machine's. */
static void
local_range(const struct repo *repo, uint32_t *first, uint32_t *last)
{
	const char	*network = repo->leapfile.local_network;	/* checked when the Leapfile was read */
	const char	*slash = strchr(network, '/');
	char		*base = xstrndup(network, (size_t)(slash - network));
	struct in_addr	 in = { 0 };
	unsigned	 bits = (unsigned)strtoul(slash + 1, NULL, 10);

	inet_pton(AF_INET, base, &in);
	*first = ntohl(in.s_addr) + 2;
	*last = (ntohl(in.s_addr) | (UINT32_MAX >> bits)) - 1;
	free(base);
}

/* The next free address of local.network. */
NODISCARD
static struct err *
pick_address(struct draft *draft, const struct repo *repo, const struct strs *taken)
{
	uint32_t	first, last, address;
	char		text[INET_ADDRSTRLEN];
	struct in_addr	in;

	local_range(repo, &first, &last);
	for (address = first; address <= last; address++) {
		in.s_addr = htonl(address);
		if (inet_ntop(AF_INET, &in, text, sizeof(text)) != NULL && !strs_has(taken, text))
			return put(draft->json, "ip_address", json_string(text));
	}
	return err_hint(err_new(ERR_FAILED, "no address is free in %s", repo->leapfile.local_network),
	    "choose a larger local.network in the Leapfile");
}

NODISCARD
static struct err *
make_local(struct draft *draft, const struct repo *repo, const struct strs *taken)
{
	json_t		*tags = json_object_get(draft->json, "tags"), *tag;
	const char	*address = json_str(draft->json, "ip_address");
	uint32_t	 first, last;
	struct in_addr	 in;
	size_t		 i;
	bool		 there = false;

	if (!json_is_array(tags)) {
		tags = json_array();
		json_object_set_new(draft->json, "tags", tags);
	}
	json_array_foreach(tags, i, tag)
		there = there || (json_is_string(tag) && strcmp(json_string_value(tag), "local") == 0);
	if (!there)
		json_array_append_new(tags, json_string("local"));
	if (address == NULL || strcmp(address, "REQUIRED") == 0)
		return pick_address(draft, repo, taken);
	local_range(repo, &first, &last);
	if (inet_pton(AF_INET, address, &in) != 1 || ntohl(in.s_addr) < first || ntohl(in.s_addr) > last)
		return err_hint(err_new(ERR_USAGE, "a local node cannot have the address %s", address),
		    "without ip_address it gets one from local.network, %s", repo->leapfile.local_network);
	return NULL;
}

NODISCARD
static struct err *
check_address(const struct draft *draft, const struct strs *taken, const struct strs *owners)
{
	const char	*address = json_str(draft->json, "ip_address");
	unsigned char	 bytes[16];

	if (address == NULL || strcmp(address, "REQUIRED") == 0)
		return err_hint(err_new(ERR_USAGE, "node %s needs an address", draft->name),
		    "add ip_address:ADDRESS, or --local for a node on this machine");
	if (address[0] == '=')
		return NULL;
	if (inet_pton(AF_INET, address, bytes) != 1 && inet_pton(AF_INET6, address, bytes) != 1)
		return err_new(ERR_USAGE, "\"%s\" is no IP address", address);
	for (size_t i = 0; i < taken->count; i++) {
		if (strcmp(taken->items[i], address) == 0)
			return err_new(ERR_USAGE, "node %s has the address %s already", owners->items[i], address);
	}
	return NULL;
}

NODISCARD
static struct err *
set_address(struct draft *draft, const struct context *context)
{
	struct strs	 taken = { 0 }, owners = { 0 };
	struct err	*e = NULL;

	list_addresses(&taken, &owners, context->config);
	if (opt_get(context, "--local") != NULL)
		e = make_local(draft, context->repo, &taken);
	if (e == NULL)
		e = check_address(draft, &taken, &owners);
	if (e == NULL)
		e = check_names(draft, "tags", "tag", config_tags(context->config));
	strs_fini(&taken);
	strs_fini(&owners);
	return e;
}

/* A filter must be able to tell the node from all else. */
NODISCARD
static struct err *
check_node_name(const struct draft *draft, const struct context *context)
{
	const char	*class;
	struct err	*e;

	if ((e = node_check_argument(draft->name)) != NULL)
		return e;
	if (repo_has(context->repo, draft->path))
		return err_hint(err_new(ERR_USAGE, "there is a node %s already: %s", draft->name, draft->path),
		    "edit that file, or remove the node with \"leap node rm %s\"", draft->name);
	if ((class = config_class(context->config, draft->name)) == NULL)
		return NULL;
	return err_hint(err_new(ERR_USAGE, "\"%s\" is the name of %s %s: filters would take it for the node", draft->name,
	    *class == 'e' ? "an" : "a", class), "call it %s1", draft->name);
}

/* Take up the new node: the configuration must load with it, and it gets its certificate where there is a CA. */
NODISCARD
static struct err *
adopt(struct context *context, const struct draft *draft)
{
	struct config	 *fresh = NULL;
	struct node	 *node;
	struct node_list  list = { .items = &node, .count = 1 };
	struct err	 *e;

	if ((e = config_load(&fresh, context->repo)) != NULL)
		return e;
	config_free(context->config);
	context->config = fresh;
	node = config_node(fresh, draft->name);
	if (node != NULL && certs_have_ca(context->repo))
		e = certs_update(context->repo, context->config, &list, say_note, NULL);
	return e;
}

NODISCARD
static struct err *
write_node(struct context *context, const struct draft *draft)
{
	struct buf	 text = { 0 };
	char		*full = path_join(context->repo->root, draft->path);
	struct err	*e;

	json_pretty(draft->json, &text);
	if ((e = repo_write(context->repo, draft->path, text.data, text.len, 0644, NULL)) == NULL &&
	    (e = adopt(context, draft)) != NULL) {
		e = err_note(e, NULL, "so %s was not written", draft->path);
		if (unlink(full) != 0)
			e = err_join(e, err_errno(ERR_FAILED, "cannot remove %s", draft->path));
	}
	free(full);
	buf_fini(&text);
	return e;
}

static struct err *
node_add_run(struct context *context)
{
	struct draft	 draft = { .name = context->args[0] };
	struct err	*e;

	draft.path = xasprintf("nodes/%s.json", draft.name);
	if ((e = check_node_name(&draft, context)) != NULL ||
	    (e = read_template(&draft.json, context->repo)) != NULL ||
	    (e = set_pairs(&draft, context)) != NULL ||
	    (e = set_address(&draft, context)) != NULL ||
	    (e = write_node(context, &draft)) != NULL)
		goto out;
	note("added node %s, %s: %s\n", draft.name, json_str(draft.json, "ip_address"), draft.path);
out:
	json_decref(draft.json);
	free(draft.path);
	return e;
}

static const struct opt node_add_opts[] = {
	{ 0, "--local", NULL, "a node on this machine, with the next free address of local.network" },
	{ 0 },
};

const struct cmd cmd_node_add = {
	.name = "node add",
	.args = "NAME [KEY:VALUE...]",
	.summary = "add a node",
	.details = "Writes nodes/NAME.json.  Dots in a key nest, commas in a value make a list:\n"
	    "  leap node add web1 ip_address:192.0.2.1 services:static,dns dns.aliases:www.example.org",
	.opts = node_add_opts,
	.needs = CMD_CONFIG,
	.min_args = 1,
	.max_args = SIZE_MAX,
	.run = node_add_run,
};
