/* cmd: the hosts through which a node is reached. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/jump.h"

#include "cmd/cmd.h"
#include "cmd/fleet.h"
#include "config/config.h"
#include "repo/repo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JUMPS_MAX	8
#define PROPERTY	"ssh.proxy_jump"

NODISCARD
static struct err *
next_host(const char **out, struct node *node)
{
	struct err	*e = node_text(node, PROPERTY, out);

	if (*out != NULL && (**out == '\0' || strcmp(*out, node->name) == 0))
		*out = NULL;
	return e;
}

/* Follow the names, so that whoever goes after them comes to an end. */
NODISCARD
static struct err *
check_circle(const struct context *context, struct node *node)
{
	struct strs	 way = { 0 };
	struct buf	 text = { 0 };
	struct node	*at = node;
	const char	*name;
	struct err	*e = NULL;
	bool		 circle = false;

	while (e == NULL && at != NULL && !circle && way.count <= JUMPS_MAX) {
		circle = strs_has(&way, at->name);
		strs_add(&way, at->name);
		if (!circle && (e = next_host(&name, at)) == NULL)
			at = name == NULL ? NULL : config_node(context->config, name);
	}
	if (e == NULL && at != NULL) {
		strs_join(&way, " -> ", &text);
		e = fleet_bad(node, PROPERTY, circle ? "goes in a circle: %s" : "goes through too many hosts: %s", text.data);
	}
	buf_fini(&text);
	strs_fini(&way);
	return e;
}

/* Cut [user@]address[:port] into its parts, an address of IPv6 with a port being in brackets; the parts are `text`'s own. */
static bool
parse_host(char *text, struct ssh_target *ssh)
{
	char	*at = strrchr(text, '@'), *address = at == NULL ? text : at + 1, *port = NULL, *end;

	if (at != NULL) {
		*at = '\0';
		ssh->user = text;
	}
	if (*address == '[') {
		address++;
		if ((end = strchr(address, ']')) == NULL || (end[1] != '\0' && end[1] != ':'))
			return false;
		port = end[1] == ':' ? end + 2 : NULL;
		*end = '\0';
	} else if ((end = strchr(address, ':')) != NULL && strchr(end + 1, ':') == NULL) {
		*end = '\0';
		port = end + 1;
	}
	ssh->address = address;
	if (port != NULL) {
		ssh->port = (unsigned)strtoul(port, &end, 10);
		if (*port < '0' || *port > '9' || *end != '\0' || strlen(port) > 5)
			return false;
	}
	return fleet_is_address(address) && fleet_is_user(ssh->user) && ssh->port >= 1 && ssh->port <= 65535;
}

/* A host that is no node. */
NODISCARD
static struct err *
stranger(struct fleet_target *out, const struct context *context, struct node *node, const char *text)
{
	const struct leapfile	*leapfile = &context->repo->leapfile;
	struct ssh_target	*ssh = &out->ssh;

	out->text = xstrdup(text);
	*ssh = (struct ssh_target){
		.user = leapfile->ssh_user, .port = 22, .transport = leapfile->ssh_transport, .timeout = leapfile->ssh_timeout,
	};
	if (!parse_host(out->text, ssh))
		return err_hint(fleet_bad(node, PROPERTY, "is neither a node nor an address: \"%s\"", text),
		    "write a node's name, or user@192.0.2.1:22, or user@[2001:db8::1]:22");
	ssh->name = ssh->address;
	ssh->key = out->key = fleet_private_key(context->repo);
	ssh->pin_file = out->pin_file = xasprintf("files/jump/%s_ssh.pub", ssh->address);
	if (!repo_has(context->repo, out->pin_file))
		return err_hint(err_new(ERR_TRUST, "%s: the host key of its jump host %s is not pinned", node->name,
		    ssh->address), "put the host's /etc/ssh/ssh_host_ed25519_key.pub into %s", out->pin_file);
	return fleet_pin(out, context->repo, out->pin_file);
}

struct err *
jump_find(struct fleet_target *out, const struct context *context, struct node *node)
{
	struct node	*other;
	const char	*text = NULL;
	struct err	*e = next_host(&text, node);

	if (e != NULL || text == NULL || (e = check_circle(context, node)) != NULL)
		return e;
	out->jump = xcalloc(1, sizeof(*out->jump));
	out->ssh.jump = &out->jump->ssh;
	other = config_node(context->config, text);
	return other != NULL ? fleet_target(out->jump, context, other) : stranger(out->jump, context, node, text);
}

unsigned
jump_count(const struct context *context, struct node *node)
{
	const char	*name = NULL;
	unsigned	 count = 0;
	struct err	*e = NULL;

	while (count < JUMPS_MAX && (e = next_host(&name, node)) == NULL && name != NULL &&
	    (node = config_node(context->config, name)) != NULL)
		count++;
	err_free(e);
	return count;
}
