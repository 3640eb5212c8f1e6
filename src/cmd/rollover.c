/* cmd: the replacement of a certificate authority, in steps that break no connection. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/rollover.h"

#include "base/json.h"
#include "base/sha256.h"
#include "cert/certs.h"
#include "cmd/cmd.h"
#include "cmd/fleet.h"
#include "config/config.h"
#include "pki/ca.h"
#include "repo/repo.h"
#include "wire/manifest.h"

#include <stdlib.h>
#include <string.h>

#define PATH		"files/ca/rollover.json"
#define NODE_CERT	"/etc/leap/x509/node.crt"	/* where the base recipe puts them */
#define LISTED		10u				/* nodes that an error names */

/* One for each authority: its name in the record, and where nodes have its bundle. */
static const char *const keys[] = { [AUTHORITY_SERVERS] = "ca", [AUTHORITY_CLIENTS] = "client_ca" };
static const char *const bundles[] = {
	[AUTHORITY_SERVERS] = "/etc/leap/x509/ca.crt", [AUTHORITY_CLIENTS] = "/etc/leap/x509/client_ca.crt",
};

/* *out is a new reference, an empty object when nothing is being replaced. */
NODISCARD
static struct err *
read_record(json_t **out, const struct repo *repo)
{
	struct buf	 text = { 0 };
	struct err	*e;

	*out = NULL;
	if (!repo_has(repo, PATH)) {
		*out = json_object();
		return NULL;
	}
	if ((e = repo_read(repo, PATH, &text)) == NULL)
		e = json_parse_text(out, PATH, buf_text(&text), text.len);
	for (size_t i = 0; e == NULL && i < ARRAY_LEN(keys); i++) {
		const json_t	*record = json_object_get(*out, keys[i]);
		const char	*step = json_str(record, "step");

		if (record != NULL && (step == NULL || !json_is_array(json_object_get(record, "deployed")) ||
		    (strcmp(step, "announced") != 0 && strcmp(step, "switched") != 0)))
			e = err_at(ERR_TRUST, &(struct place){ .path = PATH }, "%s: not a step of a replacement", keys[i]);
	}
	buf_fini(&text);
	if (e != NULL) {
		json_decref(*out);
		*out = NULL;
	}
	return e;
}

NODISCARD
static struct err *
write_record(const struct repo *repo, const json_t *record)
{
	struct buf	 text = { 0 };
	struct err	*e;

	json_pretty(record, &text);
	e = repo_write(repo, PATH, text.data, text.len, 0644, NULL);
	buf_fini(&text);
	return e;
}

/* NULL: the replacement is over. */
NODISCARD
static struct err *
write_step(const struct repo *repo, json_t *record, enum authority authority, const char *step, int64_t now)
{
	if (step == NULL)
		json_object_del(record, keys[authority]);
	else
		json_object_set_new(record, keys[authority], json_pack("{s:s, s:I, s:[]}", "step", step, "since",
		    (json_int_t)now, "deployed"));
	return write_record(repo, record);
}

static bool
list_has(const json_t *list, const char *name)
{
	const json_t	*item;
	size_t		 i;

	json_array_foreach(list, i, item) {
		if (json_is_string(item) && strcmp(json_string_value(item), name) == 0)
			return true;
	}
	return false;
}

/* All nodes that have certificates must have been deployed to since the step; disabled ones get it with their next. */
NODISCARD
static struct err *
check_deployed(struct config *config, const json_t *record, enum authority authority)
{
	const json_t	*deployed = json_object_get(json_object_get(record, keys[authority]), "deployed");
	struct strs	 missing = { 0 };
	struct buf	 names = { 0 };
	struct node	**nodes;
	size_t		 count = config_nodes(config, &nodes), total;
	bool		 wanted = false;
	struct err	*e = NULL;

	for (size_t i = 0; e == NULL && i < count; i++) {
		if (nodes[i]->enabled && !list_has(deployed, nodes[i]->name) &&
		    (e = certs_wanted(&wanted, nodes[i])) == NULL && wanted)
			strs_add(&missing, nodes[i]->name);
	}
	total = missing.count;
	while (missing.count > LISTED)
		strs_remove(&missing, missing.count - 1);
	strs_join(&missing, " ", &names);
	if (e == NULL && total > 0)
		e = err_hint(err_new(ERR_TRUST, "%zu node%s not been deployed to since the last step, and would break: %s%s",
		    total, total == 1 ? " has" : "s have", buf_text(&names), total > LISTED ? " …" : ""),
		    "leap deploy, then again; a node that is gone for good: leap node disable NAME");
	buf_fini(&names);
	strs_fini(&missing);
	return e;
}

NODISCARD
static struct err *
announce(struct context *context, json_t *record, enum authority authority, int64_t now)
{
	const char	*name = authority_name(authority);
	char		*key = ca_path(authority, CA_NOW, ".key");
	struct err	*e = NULL;

	if (!ca_can_sign(context->repo, authority, CA_NOW))
		e = err_hint(err_new(ERR_TRUST, "there is no %s to replace, or its private key, %s, is not here", name, key),
		    "make one with \"leap cert ca\"");
	free(key);
	if (e != NULL || (e = ca_make(context->repo, context->config, authority, CA_NEXT, now)) != NULL ||
	    (e = write_step(context->repo, record, authority, "announced", now)) != NULL)
		return e;
	note("made a successor of the %s; the next deploy makes nodes trust both\n"
	    "1. leap deploy\n2. give the new bundle to all who trust the %s by themselves\n"
	    "3. leap cert ca --rotate%s: the successor signs\n", name, name,
	    authority == AUTHORITY_CLIENTS ? " --client" : "");
	return NULL;
}

/*
 * Cut at any point, it goes on from there: the old one is put aside first, the successor's files stay until they are at
 * their new place, and the record is what says that all is done.
 */
NODISCARD
static struct err *
make_switch(struct context *context, json_t *record, enum authority authority, int64_t now)
{
	const struct repo	*repo = context->repo;
	struct err		*e;

	if ((e = check_deployed(context->config, record, authority)) != NULL)
		return e;
	if (ca_exists(repo, authority, CA_NEXT)) {
		if (!ca_can_sign(repo, authority, CA_OLD) &&
		    (e = ca_copy(repo, authority, CA_NOW, CA_OLD)) != NULL)
			return e;
		if ((e = ca_copy(repo, authority, CA_NEXT, CA_NOW)) != NULL)
			return e;
	}
	if ((e = write_step(repo, record, authority, "switched", now)) != NULL ||
	    (e = ca_remove(repo, authority, CA_NEXT)) != NULL)
		return e;
	note("the successor signs from now on; the old %s is still trusted\n"
	    "1. leap deploy\n2. leap cert ca --rotate%s: the old one is not trusted any more\n", authority_name(authority),
	    authority == AUTHORITY_CLIENTS ? " --client" : "");
	return NULL;
}

NODISCARD
static struct err *
drop(struct context *context, json_t *record, enum authority authority, int64_t now)
{
	struct err *e;

	if ((e = check_deployed(context->config, record, authority)) != NULL ||
	    (e = ca_remove(context->repo, authority, CA_OLD)) != NULL ||
	    (e = write_step(context->repo, record, authority, NULL, now)) != NULL)
		return e;
	note("the old %s is gone; the next deploy takes it from the nodes\n", authority_name(authority));
	return NULL;
}

struct err *
rollover_next(struct context *context, enum authority authority, int64_t now)
{
	json_t		*record = NULL;
	const char	*step;
	struct err	*e = read_record(&record, context->repo);

	if (e != NULL)
		return e;
	step = json_str(json_object_get(record, keys[authority]), "step");
	if (step == NULL)
		e = announce(context, record, authority, now);
	else if (strcmp(step, "announced") == 0)
		e = make_switch(context, record, authority, now);
	else
		e = drop(context, record, authority, now);
	json_decref(record);
	return e;
}

/* Whether the manifest has this content at a path, or nothing at all. */
static bool
manifest_agrees(const struct manifest *manifest, const char *path, const struct buf *content)
{
	char		 hex[SHA256_HEX_SIZE];
	const json_t	*resource;
	size_t		 i;

	sha256_hex(content->data, content->len, hex);
	json_array_foreach(json_object_get(manifest->root, "resources"), i, resource) {
		const char *type = json_str(resource, "type"), *at = json_str(resource, "path");

		if (type != NULL && at != NULL && strcmp(type, "file") == 0 && strcmp(at, path) == 0)
			return strcmp(json_str(resource, "sha256"), hex) == 0;
	}
	return true;
}

/* Whether what was deployed is what the instance says now: the trusted CAs, and the node's own certificate. */
NODISCARD
static struct err *
is_current(bool *is, const struct repo *repo, const struct manifest *manifest, const char *name,
    enum authority authority)
{
	struct buf	 bundle = { 0 }, cert = { 0 };
	char		*path = xasprintf("files/nodes/%s/%s.crt", name, name);
	struct err	*e;

	if ((e = ca_bundle(repo, authority, &bundle)) == NULL && repo_has(repo, path))
		e = repo_read(repo, path, &cert);
	*is = e == NULL && manifest_agrees(manifest, bundles[authority], &bundle) &&
	    manifest_agrees(manifest, NODE_CERT, &cert);
	buf_fini(&bundle);
	buf_fini(&cert);
	free(path);
	return e;
}

/* Put a name into the list, or take it out; whether that was a change. */
static bool
list_set(json_t *list, const char *name, bool in)
{
	if (list_has(list, name) == in)
		return false;
	if (in)
		json_array_append_new(list, json_string(name));
	for (size_t i = json_array_size(list); !in && i-- > 0;) {
		const char *other = json_string_value(json_array_get(list, i));

		if (other != NULL && strcmp(other, name) == 0)
			json_array_remove(list, i);
	}
	return true;
}

NODISCARD
static struct err *
note_node(bool *changed, json_t *record, const struct repo *repo, const char *name, const struct manifest *manifest)
{
	bool		 is = false;
	struct err	*e = NULL;

	for (enum authority i = 0; e == NULL && i < AUTHORITIES; i++) {
		json_t *list = json_object_get(json_object_get(record, keys[i]), "deployed");

		if (list == NULL)
			continue;
		if (manifest != NULL)
			e = is_current(&is, repo, manifest, name, i);
		if (e == NULL && list_set(list, name, is))
			*changed = true;
	}
	return e;
}

struct err *
rollover_note(const struct fleet *fleet, bool rolled_back)
{
	const struct repo	*repo = fleet->here != NULL ? fleet->here : fleet->context->repo;
	json_t			*record = NULL;
	bool			 changed = false;
	struct err		*e = read_record(&record, repo);

	for (size_t i = 0; e == NULL && i < fleet->pushable && json_object_size(record) > 0; i++) {
		const struct push_job *job = &fleet->jobs[i];

		if (rolled_back || job->result == PUSH_OK)
			e = note_node(&changed, record, repo, job->target.name, rolled_back ? NULL : job->manifest);
	}
	if (e == NULL && changed)
		e = write_record(repo, record);
	json_decref(record);
	return e;
}
