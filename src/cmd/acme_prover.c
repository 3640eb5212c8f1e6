/* cmd: nodes prove to a CA that names are theirs: which ones, and how the proofs get there and away again. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/acme.h"

#include "base/err.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/fleet.h"
#include "config/config.h"
#include "repo/repo.h"
#include "ssh/ssh.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DIR		"/run/leap-acme"
#define LABEL		"_acme-challenge."
#define PATH_PREFIX	"/.well-known/acme-challenge/"
#define GOODBYE		10.0		/* seconds to take everything away after Ctrl-C */
#define DNS_TRIES	80u		/* quarters of a second until a name server must have a new record, */
#define DNS_IN_A_ROW	4u		/* for good: while it reloads, processes without it answer, too */

/* A node that proofs were put on; the connection stays open until they are taken away again. */
struct helper {
	struct node		*node;
	struct fleet_target	 target;
	struct ssh		*ssh;
	struct buf		 undo;		/* a command; empty: nothing was put there */
};

struct prover {
	struct context		*context;
	struct acme		*acme;
	struct node_list	 sites, servers;	/* with the service static, and dns; the items are ours */
	struct helper		*helpers;
	size_t			 count;
};

static void
list_add(struct node_list *list, struct node *node)
{
	list->items = xrealloc(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = node;
}

/* Nodes on the sysadmin's own machine are not what the world finds, unless they are all there is. */
static void
drop_local(struct node_list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(filter_environment(list->items[i]), "local") != 0)
			list->items[kept++] = list->items[i];
	}
	if (kept > 0)
		list->count = kept;
}

struct prover *
prover_new(struct context *context)
{
	struct prover	 *prover = xcalloc(1, sizeof(*prover));
	const char	 *pinned = repo_environment(context->repo);
	struct node	**nodes;
	size_t		  count = config_nodes(context->config, &nodes);

	prover->context = context;
	for (size_t i = 0; i < count; i++) {
		struct node *node = nodes[i];

		if (!node->enabled || (pinned != NULL && strcmp(pinned, filter_environment(node)) != 0))
			continue;
		if (strs_has(&node->services, "static"))
			list_add(&prover->sites, node);
		if (strs_has(&node->services, "dns"))
			list_add(&prover->servers, node);
	}
	drop_local(&prover->sites);
	drop_local(&prover->servers);
	return prover;
}

/* Close what is open; what was put on nodes is forgotten. */
static void
drop_helpers(struct prover *prover)
{
	for (size_t i = 0; i < prover->count; i++) {
		ssh_close(prover->helpers[i].ssh);
		fleet_target_fini(&prover->helpers[i].target);
		buf_fini(&prover->helpers[i].undo);
	}
	free(prover->helpers);
	prover->helpers = NULL;
	prover->count = 0;
}

void
prover_free(struct prover *prover)
{
	if (prover == NULL)
		return;
	drop_helpers(prover);
	free(prover->sites.items);
	free(prover->servers.items);
	free(prover);
}

/* Whether a name is the one that is meant, or one that a wildcard is for. */
static bool
is_meant(const char *name, const char *meant)
{
	if (!str_starts(meant, "*."))
		return strcmp(name, meant) == 0;
	return strchr(name, '.') != NULL && strcmp(strchr(name, '.'), meant + 1) == 0;
}

NODISCARD
static struct err *
has_name(struct node *node, const char *name, bool *has)
{
	const char	*full = NULL;
	json_t		*aliases = NULL;
	const json_t	*alias;
	size_t		 i;
	struct err	*e;

	if ((e = node_text(node, "domain.full", &full)) != NULL ||
	    (e = node_find(node, "dns.aliases", &aliases)) != NULL)
		return e;
	*has = full != NULL && is_meant(full, name);
	json_array_foreach(aliases, i, alias) {
		if (json_is_string(alias) && is_meant(json_string_value(alias), name))
			*has = true;
	}
	return NULL;
}

struct err *
prover_sites(struct prover *prover, const char *name, struct node_list *out)
{
	struct err *e = NULL;

	for (size_t i = 0; e == NULL && i < prover->sites.count; i++) {
		bool has = false;

		if ((e = has_name(prover->sites.items[i], name, &has)) == NULL && has)
			list_add(out, prover->sites.items[i]);
	}
	return e;
}

/* A record there would be of no use: external name servers have none of ours. */
NODISCARD
static struct err *
check_dns(struct prover *prover, const char *name)
{
	json_t		*provider = NULL;
	const char	*domain, *bare = str_starts(name, "*.") ? name + 2 : name;
	struct err	*e;
	char		*suffix;
	bool		 ours;

	if (prover->servers.count == 0)
		return err_hint(err_new(ERR_CONFIG, "%s: dns-01 needs a node with the service dns", name),
		    "where a node with the service static has the name in dns.aliases, http-01 does without");
	if ((e = config_provider(prover->context->config, prover->servers.items[0]->environment, &provider)) != NULL)
		return e;
	domain = json_str(provider, "domain");
	suffix = xasprintf(".%s", domain != NULL ? domain : "");
	ours = domain != NULL && (strcmp(bare, domain) == 0 || str_ends(bare, suffix));
	free(suffix);
	if (!ours)
		return err_hint(err_new(ERR_CONFIG, "%s: no node with the service static has this name, and our name "
		    "servers do not have its zone", name), "add it to dns.aliases of such a node");
	if (json_array_size(json_object_get(json_object_get(provider, "dns"), "nameservers")) > 0)
		return err_hint(err_new(ERR_CONFIG, "%s: dns-01 cannot be used: provider.dns.nameservers has name servers "
		    "that are not ours", name), "where a node has the name in dns.aliases, http-01 does without");
	return NULL;
}

NODISCARD
static struct err *
choose_one(struct prover *prover, const char *name, const char *only, enum acme_method *method)
{
	bool			 wildcard = str_starts(name, "*.");
	bool			 http = only != NULL && strcmp(only, "http-01") == 0;
	struct node_list	 nodes = { 0 };
	struct err		*e = NULL;

	if (http && wildcard)
		return err_hint(err_new(ERR_USAGE, "%s: http-01 proves no wildcard", name), "dns-01 does");
	if (!wildcard && (only == NULL || http))
		e = prover_sites(prover, name, &nodes);
	*method = nodes.count > 0 ? ACME_HTTP : ACME_DNS;
	if (e == NULL && nodes.count == 0 && http)
		e = err_hint(err_new(ERR_CONFIG, "%s: no node with the service static has this name", name),
		    "add it to dns.aliases of such a node");
	else if (e == NULL && nodes.count == 0)
		e = check_dns(prover, name);
	free(nodes.items);
	return e;
}

struct err *
prover_choose(struct prover *prover, const struct strs *names, const char *only, enum acme_method *methods)
{
	struct err *e = NULL;

	for (size_t i = 0; i < names->count; i++)
		e = err_join(e, choose_one(prover, names->items[i], only, &methods[i]));
	return e;
}

/* The node's connection, made when it is needed first. */
NODISCARD
static struct err *
get_helper(struct prover *prover, struct node *node, struct helper **out)
{
	struct helper	*helper;
	struct err	*e;

	for (size_t i = 0; i < prover->count; i++) {
		if (prover->helpers[i].node == node) {
			*out = &prover->helpers[i];
			return NULL;
		}
	}
	prover->helpers = xrealloc(prover->helpers, prover->count + 1, sizeof(*prover->helpers));
	helper = &prover->helpers[prover->count++];
	*helper = (struct helper){ .node = node };
	if ((e = fleet_target(&helper->target, prover->context, node)) == NULL)
		e = ssh_open(&helper->ssh, &helper->target.ssh);
	*out = helper;
	return e;
}

NODISCARD
static struct err *
run(struct helper *helper, const char *command, const char *input)
{
	struct buf	 output = { 0 }, errors = { 0 };
	int		 status = -1;
	struct err	*e = ssh_run(helper->ssh, command, input, strlen(input), &output, &errors, &status);

	if (e == NULL && status != 0) {
		while (errors.len > 0 && errors.data[errors.len - 1] == '\n')
			errors.data[--errors.len] = '\0';
		e = err_new(ERR_FAILED, "%s: exit status %d: %s", helper->node->name, status, buf_text(&errors));
	}
	buf_fini(&output);
	buf_fini(&errors);
	return e;
}

/* Put a text into a file on the node, then do `then`; `undo` is for later.  What a dead run left goes after an hour. */
NODISCARD
static struct err *
put(struct helper *helper, const char *file, const char *text, const char *then, const char *undo)
{
	char		*command = xasprintf("set -e; umask 022; mkdir -p " DIR "; find " DIR
			    " -type f -mmin +60 -delete; cat >" DIR "/%s%s%s", file, *then != '\0' ? "; " : "", then);
	struct err	*e;

	buf_addf(&helper->undo, "%s%srm -f " DIR "/%s; ", undo, *undo != '\0' ? "; " : "", file);
	e = run(helper, command, text);
	free(command);
	return e;
}

/* A token is base64url, acme/ looked: it is safe as a word of the shell's. */
NODISCARD
static struct err *
publish_http(struct prover *prover, const struct acme_proof *proof, struct node *node)
{
	char		*path = xasprintf(PATH_PREFIX "%s", proof->token);
	struct helper	*helper = NULL;
	struct buf	 seen = { 0 };
	struct err	*e;

	if ((e = get_helper(prover, node, &helper)) != NULL ||
	    (e = put(helper, proof->token, proof->text, "", "")) != NULL)
		goto out;
	e = acme_probe(prover->acme, &seen, proof->name, helper->target.ssh.address, path);
	if (e == NULL && strcmp(buf_text(&seen), proof->text) != 0)
		e = err_new(ERR_FAILED, "it serves something else there");
	if (e != NULL && !ssh_stopped())
		e = err_hint(err_context(e, "%s does not serve the CA's token", node->name), "deploy it first: leap deploy %s",
		    node->name);
out:
	buf_fini(&seen);
	free(path);
	return e;
}

/* The zone of one name: nothing in it but what the CA looks for; all proofs of the name, there may be two. */
static void
make_zone(struct buf *out, const char *name, const char *server, const struct acme_proof *proofs, size_t count)
{
	buf_addf(out, "$ORIGIN " LABEL "%s.\n$TTL 1\n@ SOA %s. hostmaster.%s. ( %lld 60 60 600 1 )\n@ NS %s.\n", name,
	    server, server, (long long)time(NULL), server);
	for (size_t i = 0; i < count; i++) {
		const char *bare = str_starts(proofs[i].name, "*.") ? proofs[i].name + 2 : proofs[i].name;

		if (proofs[i].method == ACME_DNS && strcmp(bare, name) == 0)
			buf_addf(out, "@ TXT \"%s\"\n", proofs[i].text);
	}
}

NODISCARD
static struct err *
await_record(const struct helper *helper, const char *name, const char *text)
{
	struct timespec	 pause = { .tv_nsec = 250000000 };
	char		*full = xasprintf(LABEL "%s", name);
	unsigned	 in_a_row = 0;
	bool		 found = false;
	struct err	*e = NULL;

	for (unsigned i = 0; e == NULL && in_a_row < DNS_IN_A_ROW && i < DNS_TRIES; i++) {
		if (i > 0)
			nanosleep(&pause, NULL);
		if (ssh_stopped())
			e = err_new(ERR_FAILED, "interrupted");
		else
			e = acme_ask_txt(helper->target.ssh.address, full, text, &found);
		in_a_row = found ? in_a_row + 1 : 0;
	}
	if (e == NULL && !found)
		e = err_hint(err_new(ERR_FAILED, "%s does not answer with the TXT record of %s", helper->node->name, full),
		    "deploy it first: leap deploy %s", helper->node->name);
	free(full);
	return e;
}

/* nsd takes a zone while it runs; the pattern "acme" says where its file is. */
NODISCARD
static struct err *
publish_dns(struct prover *prover, const char *name, struct node *node, const struct acme_proof *proofs, size_t count)
{
	char		*zone = xasprintf(LABEL "%s", name), *file = xasprintf(LABEL "%s.zone", name);
	char		*undo = xasprintf("nsd-control delzone %s >/dev/null 2>&1", zone);
	char		*then = xasprintf("%s || :; nsd-control addzone %s acme", undo, zone);
	const char	*server = node->name;
	struct helper	*helper = NULL;
	struct buf	 text = { 0 };
	struct err	*e;

	if ((e = get_helper(prover, node, &helper)) == NULL &&
	    (e = node_text(node, "domain.full", &server)) == NULL) {
		make_zone(&text, name, server, proofs, count);
		e = put(helper, file, text.data, then, undo);
		if (e != NULL && !ssh_stopped())
			e = err_hint(e, "its name server may not be deployed yet: leap deploy %s", node->name);
	}
	buf_fini(&text);
	free(then);
	free(undo);
	free(file);
	free(zone);
	return e;
}

/* One proof on all nodes that it has to be on. */
NODISCARD
static struct err *
publish_one(struct prover *prover, const struct acme_proof *proofs, size_t count, size_t index)
{
	const struct acme_proof	*proof = &proofs[index];
	const char		*bare = str_starts(proof->name, "*.") ? proof->name + 2 : proof->name;
	struct node_list	 nodes = { 0 };
	struct err		*e = NULL;

	if (proof->method == ACME_HTTP)
		e = prover_sites(prover, proof->name, &nodes);
	for (size_t i = 0; e == NULL && i < nodes.count; i++)
		e = publish_http(prover, proof, nodes.items[i]);
	for (size_t i = 0; e == NULL && proof->method == ACME_DNS && i < prover->servers.count; i++)
		e = publish_dns(prover, bare, prover->servers.items[i], proofs, count);
	free(nodes.items);
	return e;
}

/* The zones are looked at when all are there: they load at the same time. */
NODISCARD
static struct err *
await_zones(struct prover *prover, const struct acme_proof *proof)
{
	const char	*bare = str_starts(proof->name, "*.") ? proof->name + 2 : proof->name;
	struct helper	*helper = NULL;
	struct err	*e = NULL;

	for (size_t i = 0; e == NULL && proof->method == ACME_DNS && i < prover->servers.count; i++) {
		if ((e = get_helper(prover, prover->servers.items[i], &helper)) == NULL)
			e = await_record(helper, bare, proof->text);
	}
	return e;
}

static struct err *
publish(void *context, const struct acme_proof *proofs, size_t count)
{
	struct prover	*prover = context;
	struct err	*e = NULL;

	for (size_t i = 0; e == NULL && i < count; i++)
		e = publish_one(prover, proofs, count, i);
	for (size_t i = 0; e == NULL && i < count; i++)
		e = await_zones(prover, &proofs[i]);
	return e;
}

static void
withdraw(void *context, const struct acme_proof *proofs, size_t count)
{
	struct prover	*prover = context;
	struct err	*e;

	(void)proofs, (void)count;
	for (size_t i = 0; i < prover->count; i++) {
		struct helper *helper = &prover->helpers[i];

		if (helper->ssh == NULL || helper->undo.len == 0)
			continue;
		ssh_linger(helper->ssh, GOODBYE);
		buf_addc(&helper->undo, ':');
		if ((e = run(helper, helper->undo.data, "")) != NULL)
			note("%s: the CA's token could not be taken away; it goes with the next one, or a reboot: %s\n",
			    helper->node->name, err_message(e));
		err_free(e);
	}
	drop_helpers(prover);
}

struct acme_solver
prover_solver(struct prover *prover, struct acme *acme)
{
	prover->acme = acme;
	return (struct acme_solver){ .publish = publish, .withdraw = withdraw, .context = prover };
}
