/* cmd: leap node init: from then on a node's host key is known. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cert/host_keys.h"
#include "cmd/cmd.h"
#include "cmd/fleet.h"
#include "cmd/jump.h"
#include "cmd/local.h"
#include "cmd/select.h"
#include "config/config.h"
#include "repo/repo.h"
#include "ssh/hostkey.h"
#include "ssh/public_key.h"
#include "ssh/pins.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const struct opt init_opts[] = {
	{ 0, "--fingerprint", "SHA256:...", "accept the one key that has this fingerprint, without a question" },
	{ 0, "--yes-to-local", NULL, "accept the keys of nodes on this machine, which are read from their disks" },
	{ 0 },
};

#define LOGIN_TIMEOUTS	6	/* of ssh.timeout, until the node has run a command that does nothing */

/* One node on its way to a pinned key. */
struct init {
	struct context		*context;
	struct node		*node;
	struct fleet_target	 target;
	struct buf		 key, fingerprint;	/* what the server at its address has */
	bool			 on_disk;		/* a local node, and its own disk has that key, too */
};

/* A local node's key is on its disk, where nobody on a network can change it. */
static struct err *
compare_with_disk(struct init *init)
{
	struct local_net	 net = local_net_of(init->context->repo);
	struct buf		 key = { 0 }, disk = { 0 };
	struct err		*e = local_host_key(&net, init->node->name, &disk);

	if (e == NULL)
		e = hostkey_parse(&key, buf_text(&disk));
	if (e == NULL && strcmp(buf_text(&key), init->key.data) != 0)
		e = err_hint(err_new(ERR_TRUST, "the server at %s has another host key than the node's own disk",
		    init->target.ssh.address), "something else answers at this address: look at local.network in "
		    "the Leapfile");
	init->on_disk = e == NULL;
	buf_fini(&disk);
	buf_fini(&key);
	return e;
}

/* The picture of the key, for eyes only. */
static void
show_art(const struct init *init)
{
	struct buf	 art = { 0 };

	err_free(hostkey_randomart(&art, init->key.data));
	if (term_is_tty(stdin) && term_is_tty(stderr))
		note("%s", buf_text(&art));
	buf_fini(&art);
}

/* Ask the user.  Whoever wanted to stop, before the question or at it, trusts nobody. */
static struct err *
ask(struct init *init, bool *yes)
{
	const char	*key = init->key.data;
	char		*question = xasprintf("%s at %s has the host key %.*s %s%s; is it right?", init->node->name,
			    init->target.ssh.address, (int)strcspn(key, " "), key, init->fingerprint.data,
			    init->on_disk ? " (the same as on its disk)" : "");
	struct err	*e = NULL;

	fleet_pause();
	show_art(init);
	if (!ssh_stopped())
		e = ask_yes(yes, init->on_disk ? "--yes-to-local takes keys that are the same as on the node's disk" :
		    "give --fingerprint SHA256:..., which ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub prints on the server",
		    question);
	fleet_resume();
	if (e == NULL && ssh_stopped())
		e = err_new(ERR_FAILED, "interrupted");
	free(question);
	return e;
}

/* Whether the key is to be trusted: by the option, by its disk, or by the user; a mere --yes trusts nobody. */
static struct err *
decide(struct init *init, bool *yes)
{
	const struct context	*context = init->context;
	const char		*wanted = opt_get(context, "--fingerprint");
	const char		*fingerprint = init->fingerprint.data;
	struct err		*e;

	*yes = true;
	if (wanted != NULL) {
		if (strcmp(wanted, fingerprint) == 0)
			return NULL;
		e = err_new(ERR_TRUST, "the server at %s has another host key", init->target.ssh.address);
		e = err_note(e, NULL, "wanted: %s", wanted);
		return err_note(e, NULL, "there:  %s", fingerprint);
	}
	if (init->on_disk && (context->yes || opt_get(context, "--yes-to-local") != NULL))
		return NULL;
	return ask(init, yes);
}

static struct err *
pin(struct init *init)
{
	char		*path = host_pins_path(init->node->name);
	struct buf	 text = { 0 };
	struct err	*e;

	buf_addf(&text, "%s\n", init->key.data);
	e = repo_write(init->context->repo, path, text.data, text.len, 0644, NULL);
	if (e == NULL)
		out("%s: pinned %.*s %s\n", init->node->name, (int)strcspn(init->key.data, " "), init->key.data,
		    init->fingerprint.data);
	buf_fini(&text);
	free(path);
	return e;
}

/* What is pinned already is never replaced. */
static struct err *
compare_with_pinned(struct init *init, bool *pinned)
{
	char		*path = host_pins_path(init->node->name);
	struct fleet_target old = { 0 };
	struct buf	 fingerprint = { 0 };
	struct strs	 keys = { 0 };
	struct err	*e = NULL;

	*pinned = repo_has(init->context->repo, path);
	if (*pinned)
		e = fleet_target(&old, init->context, init->node);
	if (e == NULL && *pinned && !pins_have(old.host_key, init->key.data)) {
		strs_split(&keys, old.host_key, '\n');
		e = err_new(ERR_TRUST, "another host key is pinned already");
		for (size_t i = 0; i < keys.count; i++) {
			buf_clear(&fingerprint);
			err_free(public_key_fingerprint(&fingerprint, keys.items[i]));
			e = err_note(e, NULL, "pinned: %.*s %s", (int)strcspn(keys.items[i], " "), keys.items[i],
			    buf_text(&fingerprint));
		}
		e = err_note(e, NULL, "there:  %.*s %s", (int)strcspn(init->key.data, " "), init->key.data,
		    init->fingerprint.data);
		e = err_hint(e, "somebody may be in between; if you know that the server has a new key, delete %s", path);
	}
	buf_fini(&fingerprint);
	strs_fini(&keys);
	fleet_target_fini(&old);
	free(path);
	return e;
}

/* Log in with the key that is pinned now; ssh's errors name the node. */
static struct err *
check_login(struct init *init)
{
	struct ssh	*ssh = NULL;
	struct buf	 output = { 0 }, errors = { 0 };
	int		 status = -1;
	struct err	*e;

	init->target.ssh.host_key = init->key.data;
	e = ssh_open(&ssh, &init->target.ssh);
	if (e == NULL) {
		ssh_deadline(ssh, init->target.ssh.timeout * LOGIN_TIMEOUTS);
		e = ssh_run(ssh, "exit 0", NULL, 0, &output, &errors, &status);
	}
	if (e == NULL && status != 0)
		e = ssh_not_root(&init->target.ssh, buf_text(&errors));
	if (e == NULL && status != 0)
		e = err_hint(err_new(ERR_FAILED, "%s: %s may log in but not become root (exit status %d)",
		    init->node->name, init->target.ssh.user, status), "sudo -n must work for %s without a password",
		    init->target.ssh.user);
	if (e == NULL)
		note("%s: login works\n", init->node->name);
	ssh_close(ssh);
	buf_fini(&output);
	buf_fini(&errors);
	return e;
}

static struct err *
trust(struct init *init)
{
	bool		 pinned = false, yes = true;
	struct err	*e = compare_with_pinned(init, &pinned);

	if (e == NULL && pinned) {
		note("%s: its host key is pinned already\n", init->node->name);
		return NULL;
	}
	if (e == NULL && strs_has(&init->node->tags, LOCAL_TAG))
		e = compare_with_disk(init);
	if (e == NULL)
		e = decide(init, &yes);
	if (e == NULL && !yes)
		e = err_new(ERR_TRUST, "its host key was not accepted");
	return e != NULL ? e : pin(init);
}

static struct err *
init_node(struct context *context, struct node *node)
{
	struct init	 init = { .context = context, .node = node };
	struct err	*e = fleet_address(&init.target, context, node);

	if (e == NULL)
		e = hostkey_fetch(&init.key, &init.target.ssh);
	if (e == NULL)
		e = public_key_fingerprint(&init.fingerprint, init.key.data);
	if (e == NULL)
		e = trust(&init);
	e = err_context(e, "%s", node->name);
	if (e == NULL)
		e = check_login(&init);
	buf_fini(&init.fingerprint);
	buf_fini(&init.key);
	fleet_target_fini(&init.target);
	return e;
}

/* Those first that others are reached through, or else a new provider could not be pinned at once. */
static void
order_by_jumps(const struct context *context, struct node_list *nodes)
{
	for (size_t i = 1; i < nodes->count; i++) {
		struct node	*node = nodes->items[i];
		unsigned	 jumps = jump_count(context, node);
		size_t		 at = i;

		for (; at > 0 && jump_count(context, nodes->items[at - 1]) > jumps; at--)
			nodes->items[at] = nodes->items[at - 1];
		nodes->items[at] = node;
	}
}

static struct err *
init_run(struct context *context)
{
	struct node_list	 nodes = { 0 };
	struct failures		 failures = { 0 };
	struct err		*e = select_nodes(&nodes, context, 0, 0);

	if (e == NULL && opt_get(context, "--fingerprint") != NULL && nodes.count != 1)
		e = err_new(ERR_USAGE, "--fingerprint is for one node, not for %zu", nodes.count);
	if (e == NULL)
		e = fleet_connect();
	if (e != NULL)
		goto out;
	order_by_jumps(context, &nodes);
	for (size_t i = 0; i < nodes.count && !ssh_stopped(); i++) {
		e = init_node(context, nodes.items[i]);
		if (e != NULL)
			failures_add(&failures, nodes.items[i]->name, e);
	}
	fleet_disconnect();
	e = failures_end(&failures, nodes.count);
out:
	node_list_fini(&nodes);
	return e;
}

const struct cmd cmd_node_init = {
	.name = "node init",
	.args = "[FILTER...]",
	.summary = "pin the nodes' SSH host keys, and see that login works",
	.details = "Fetches each node's host key, shows its fingerprint, asks, and writes files/nodes/NAME/NAME_ssh.pub.\n"
	    "From then on no other key is trusted.  A key that is pinned is never replaced: delete its file first.",
	.opts = init_opts,
	.needs = CMD_CONFIG,
	.max_args = SIZE_MAX,
	.run = init_run,
};
