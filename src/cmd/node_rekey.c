/* cmd: leap node rekey: a node gets another SSH host key, in steps that break no trust. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/cmd.h"
#include "cmd/fleet.h"
#include "cert/host_keys.h"
#include "config/config.h"
#include "push/answers.h"
#include "repo/repo.h"
#include "ssh/hostkey.h"
#include "ssh/public_key.h"
#include "ssh/pins.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * The pins alone say how far it is.  Whatever the node shows at any moment is among them: a key is pinned before a deploy
 * has the node show it, and dropped when the node no longer does.
 */
struct rekey {
	struct context		*context;
	struct node		*node;
	struct fleet_target	 target;
	struct pins		 pins;
	char			*path;		/* of their file */
};

/* Which key of the node's a pin is: 0 for one that its server came with, then as leap had them made. */
static unsigned long
generation(const struct pin *pin)
{
	return pin->path == NULL ? 0 : strtoul(pin->path + strlen(PINS_PATH), NULL, 10);
}

/* The index of the newest key; the first of several. */
static size_t
newest(const struct pins *pins)
{
	size_t	 found = 0;

	for (size_t i = 1; i < pins->count; i++)
		if (generation(&pins->items[i]) > generation(&pins->items[found]))
			found = i;
	return found;
}

#define COMMAND_TIMEOUTS	6	/* of ssh.timeout, that a command on the node may take */
#define QUOTED_MAX		1000u

/* Run a line of shell on the node, over the trusted connection. */
NODISCARD
static struct err *
on_node(struct rekey *rekey, const char *command, struct buf *output)
{
	struct ssh	*ssh = NULL;
	struct buf	 errors = { 0 }, said = { 0 };
	int		 status = -1;
	struct err	*e = ssh_open(&ssh, &rekey->target.ssh);

	if (e == NULL) {
		ssh_deadline(ssh, rekey->target.ssh.timeout * COMMAND_TIMEOUTS);
		e = ssh_run(ssh, command, NULL, 0, output, &errors, &status);
	}
	text_clean(&said, buf_text(&errors), errors.len, QUOTED_MAX, true);
	if (e == NULL && status != 0)
		e = err_new(ERR_FAILED, "%s: making or reading a host key failed (exit status %d): %s", rekey->node->name,
		    status, buf_text(&said));
	ssh_close(ssh);
	buf_fini(&errors);
	buf_fini(&said);
	return e;
}

NODISCARD
static struct err *
write_pins(const struct rekey *rekey)
{
	struct buf	 text = { 0 };
	struct err	*e;

	pins_format(&rekey->pins, &text);
	e = repo_write(rekey->context->repo, rekey->path, text.data, text.len, 0644, NULL);
	buf_fini(&text);
	return e;
}

/* What the node gives for a key is none: the node's fault, not that of a file of the instance. */
NODISCARD
static struct err *
no_key(const struct rekey *rekey, const char *path, struct err *take_e)
{
	if (take_e == NULL)
		return NULL;
	err_free(take_e);
	return err_new(ERR_FAILED, "%s: what it says of %s is no host key", rekey->node->name, path);
}

/* Make the key unless a run before did, and give its public half.  It has its name when it is whole. */
NODISCARD
static struct err *
make_key(struct rekey *rekey, const char *path, struct buf *key)
{
	struct buf	 output = { 0 };
	char		*command = xasprintf("set -e; umask 077; if [ ! -s %1$s ]; then d=$(mktemp -d /etc/ssh/.leap.XXXXXX); "
			    "trap 'rm -rf \"$d\"' EXIT; ssh-keygen -q -t ed25519 -N '' -C '' -f \"$d/key\"; sync \"$d/key\"; "
			    "mv \"$d/key\" %1$s; fi; ssh-keygen -y -f %1$s", path);
	struct err	*e = on_node(rekey, command, &output);

	if (e == NULL)
		e = no_key(rekey, path, hostkey_parse(key, buf_text(&output)));
	free(command);
	buf_fini(&output);
	return e;
}

NODISCARD
static struct err *
announce(struct rekey *rekey, size_t last)
{
	const char	*name = rekey->node->name;
	char		*path = xasprintf(PINS_PATH "%lu", generation(&rekey->pins.items[last]) + 1);
	struct buf	 key = { 0 }, fingerprint = { 0 };
	struct err	*e = make_key(rekey, path, &key);

	if (e == NULL) {
		pins_add(&rekey->pins, buf_text(&key), path);
		e = public_key_fingerprint(&fingerprint, buf_text(&key));
	}
	if (e == NULL && (e = write_pins(rekey)) == NULL) {
		out("%s: pinned a new key beside the old one: ssh-ed25519 %s\n", name, buf_text(&fingerprint));
		note("next: git commit %s, for other sysadmins; then \"leap deploy\", of all nodes; then \"leap node rekey "
		    "%s\"\n", rekey->path, name);
	}
	buf_fini(&fingerprint);
	buf_fini(&key);
	free(path);
	return e;
}

/* Whether the node's server is told to have the key, and its file has the pinned one. */
NODISCARD
static struct err *
check_announced(struct rekey *rekey, const struct pin *pin)
{
	char		*command = xasprintf("ssh-keygen -y -f %s && /usr/sbin/sshd -T", pin->path);
	char		*line = xasprintf("\nhostkey %s\n", pin->path);
	struct buf	 output = { 0 }, key = { 0 };
	struct err	*e = on_node(rekey, command, &output);

	if (e == NULL)
		e = no_key(rekey, pin->path, hostkey_parse(&key, buf_text(&output)));
	if (e == NULL && strcmp(buf_text(&key), pin->key) != 0)
		e = err_hint(err_new(ERR_TRUST, "%s: its %s is not the key that is pinned", rekey->node->name, pin->path),
		    "remove the line with it from %s, and the file from the node", rekey->path);
	if (e == NULL && strstr(buf_text(&output), line) == NULL)
		e = err_hint(err_new(ERR_FAILED, "%s: its server does not have the new key yet", rekey->node->name),
		    "leap deploy %s", rekey->node->name);
	buf_fini(&key);
	buf_fini(&output);
	free(line);
	free(command);
	return e;
}

NODISCARD
static struct err *
switch_over(struct rekey *rekey, size_t last)
{
	struct pin	 pin = rekey->pins.items[last];
	struct err	*e = check_announced(rekey, &pin);

	if (e != NULL)
		return e;
	memmove(rekey->pins.items + 1, rekey->pins.items, last * sizeof(pin));
	rekey->pins.items[0] = pin;
	if ((e = write_pins(rekey)) == NULL) {
		out("%s: the new key comes first\n", rekey->node->name);
		note("next: git commit %s; then \"leap deploy %s\"; then \"leap node rekey %s\"\n", rekey->path,
		    rekey->node->name, rekey->node->name);
	}
	return e;
}

/* Whether the node shows this key to whoever connects. */
NODISCARD
static struct err *
check_used(struct rekey *rekey, const char *key)
{
	struct buf	 shown = { 0 };
	struct err	*e = hostkey_fetch(&shown, &rekey->target.ssh);

	if (e == NULL && strcmp(buf_text(&shown), key) != 0)
		e = err_hint(err_new(ERR_FAILED, "%s: its server does not use the new key yet", rekey->node->name),
		    "leap deploy %s", rekey->node->name);
	buf_fini(&shown);
	return e;
}

/* The record first: what is revoked and still pinned can be dropped again, what is neither is forgotten. */
NODISCARD
static struct err *
drop(struct rekey *rekey)
{
	const char	*name = rekey->node->name;
	struct pins	 kept = { 0 };
	struct err	*e = check_used(rekey, rekey->pins.items[0].key);

	for (size_t i = 1; e == NULL && i < rekey->pins.count; i++)
		e = host_key_revoke(rekey->context->repo, rekey->pins.items[i].key, name);
	if (e != NULL)
		return e;
	pins_add(&kept, rekey->pins.items[0].key, rekey->pins.items[0].path);
	pins_fini(&rekey->pins);
	rekey->pins = kept;
	if ((e = write_pins(rekey)) == NULL) {
		out("%s: only the new key is pinned, the old one is revoked\n", name);
		note("next: git commit %s " SSH_REVOKED_PATH "; then \"leap deploy\", of all nodes\n", rekey->path);
	}
	return e;
}

NODISCARD
static struct err *
next_step(struct rekey *rekey)
{
	size_t		 last;
	struct err	*e;

	if ((e = host_pins_read(&rekey->pins, rekey->context->repo, rekey->path)) != NULL)
		return e;
	last = newest(&rekey->pins);
	if (generation(&rekey->pins.items[last]) == 0 || rekey->pins.count == 1)
		return announce(rekey, last);
	return last > 0 ? switch_over(rekey, last) : drop(rekey);
}

static struct err *
rekey_run(struct context *context)
{
	struct rekey		 rekey = { .context = context };
	struct node_list	 list = { 0 };
	struct err		*e = filter_select(&list, context->config, context->args, 1, 0);

	if (e == NULL && list.count != 1)
		e = err_hint(err_new(ERR_USAGE, "\"%s\" is %zu nodes", context->args[0], list.count),
		    "host keys are replaced one node at a time");
	if (e == NULL) {
		rekey.node = list.items[0];
		rekey.path = host_pins_path(rekey.node->name);
		e = fleet_target(&rekey.target, context, rekey.node);
	}
	if (e == NULL && (e = fleet_connect()) == NULL) {
		e = next_step(&rekey);
		fleet_disconnect();
	}
	pins_fini(&rekey.pins);
	fleet_target_fini(&rekey.target);
	free(rekey.path);
	node_list_fini(&list);
	return e;
}

const struct cmd cmd_node_rekey = {
	.name = "node rekey",
	.args = "NODE",
	.summary = "do the next step of replacing a node's SSH host key",
	.details = "A new key is made on the node and pinned beside the old one; then it comes first; then the old one is\n"
	    "dropped and revoked.  After each step it says what to commit and deploy before the next.",
	.needs = CMD_CONFIG,
	.min_args = 1,
	.max_args = 1,
	.run = rekey_run,
};
