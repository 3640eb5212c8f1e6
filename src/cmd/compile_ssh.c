/* cmd: outputs of leap compile for programs that log in: ssh's configuration, an inventory for Ansible. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"
#include "base/json.h"
#include "cmd/compile.h"
#include "cmd/fleet.h"
#include "cert/host_keys.h"
#include "config/config.h"
#include "repo/repo.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* fleet_target(), but without a pinned key there is just none: target->host_key is NULL. */
NODISCARD
static struct err *
find_target(struct fleet_target *target, const struct context *context, struct node *node)
{
	char		*path = host_pins_path(node->name);
	bool		 pinned = repo_has(context->repo, path);

	free(path);
	return pinned ? fleet_target(target, context, node) : fleet_address(target, context, node);
}

/* The key's file as it is called on any machine of this user. */
static void
add_key_path(struct buf *out, const char *path)
{
	const char	*home = getenv("HOME");
	size_t		 len = home != NULL ? strlen(home) : 0;

	if (len > 1 && strncmp(path, home, len) == 0 && path[len] == '/')
		buf_addf(out, "~%s", path + len);
	else
		buf_adds(out, path);
}

/* In quotes, as ssh_config(5) has them, where "%" begins a token. */
static void
add_quoted(struct buf *out, const char *text)
{
	buf_addc(out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buf_addc(out, '\\');
		if (*text == '%')
			buf_addc(out, '%');
		buf_addc(out, *text);
	}
	buf_addc(out, '"');
}

/* The names by which the node is called: none of them is another's. */
NODISCARD
static struct err *
add_host(struct buf *out, struct node *node)
{
	static const char *const names[] = { "domain.full", "domain.internal" };
	const char	*name;
	struct err	*e;

	buf_addf(out, "\nHost %s", node->name);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if ((e = node_text(node, names[i], &name)) != NULL)
			return e;
		if (name != NULL)
			buf_addf(out, " %s", name);
	}
	buf_addc(out, '\n');
	return NULL;
}

static void
add_options(struct buf *out, const struct ssh_target *target, const char *ca, const char *krl)
{
	struct strs	 options = { 0 };
	struct buf	 key = { 0 }, list = { 0 };

	buf_addf(out, "    HostName %s\n    Port %u\n    User %s\n", target->address, target->port, target->user);
	ssh_pinned(&options, target, ca);
	ssh_jump_option(&options, target);
	for (size_t i = 0; i < options.count; i++) {
		size_t name = strcspn(options.items[i], "=");

		buf_addf(out, "    %.*s %s\n", (int)name, options.items[i], options.items[i] + name + 1);
	}
	if (krl != NULL) {
		add_key_path(&list, krl);
		buf_adds(out, "    RevokedHostKeys ");
		add_quoted(out, buf_text(&list));
		buf_addc(out, '\n');
	}
	if (target->key != NULL) {
		add_key_path(&key, target->key);
		buf_adds(out, "    IdentitiesOnly yes\n    IdentityFile ");
		add_quoted(out, buf_text(&key));
		buf_addc(out, '\n');
	}
	strs_fini(&options);
	buf_fini(&list);
	buf_fini(&key);
}

struct err *
output_ssh_config(struct buf *out, struct context *context, const struct node_list *nodes)
{
	struct fleet_target	 target;
	struct buf		 ca = { 0 };
	char			*krl = NULL;
	struct err		*e = ssh_ca_read(context->repo, &ca);

	if (repo_has(context->repo, SSH_KRL_PATH))
		krl = path_join(context->repo->root, SSH_KRL_PATH);
	buf_adds(out, "# Written by leap: the nodes and their pinned host keys, for ssh_config(5).\n"
	    "# Include it at the top of ~/.ssh/config.\n");
	for (size_t i = 0; e == NULL && i < nodes->count; i++) {
		struct node *node = nodes->items[i];

		e = find_target(&target, context, node);
		if (e != NULL && err_code(e) == ERR_TRUST) {
			note("%s is left out: %s\n", node->name, err_message(e));
			err_free(e);
			e = NULL;
		} else if (e == NULL && target.ssh.host_key == NULL)
			note("%s is left out, its host key is not pinned: leap node init %s\n", node->name, node->name);
		else if (e == NULL && (e = add_host(out, node)) == NULL)
			add_options(out, &target.ssh, ca.len > 0 ? buf_text(&ca) : NULL, krl);
		fleet_target_fini(&target);
	}
	buf_fini(&ca);
	free(krl);
	return e;
}

/* The words of a shell that make ssh trust the pinned key only, and take the way that leap takes. */
static json_t *
ssh_words(const struct ssh_target *target)
{
	struct strs	 options = { 0 };
	struct buf	 text = { 0 };
	json_t		*words;

	ssh_pinned(&options, target, NULL);
	ssh_jump_option(&options, target);
	for (size_t i = 0; i < options.count; i++) {
		buf_addf(&text, "%s'-o", i > 0 ? " " : "");
		for (const char *at = options.items[i]; *at != '\0'; at++) {
			if (*at == '\'')
				buf_adds(&text, "'\\''");
			else
				buf_addc(&text, *at);
		}
		buf_addc(&text, '\'');
	}
	words = json_string(buf_text(&text));
	strs_fini(&options);
	buf_fini(&text);
	return words;
}

static json_t *
host_variables(const struct ssh_target *target)
{
	struct buf	 key = { 0 };
	json_t		*host = json_pack("{s:s, s:i, s:s}", "ansible_host", target->address, "ansible_port",
	    (int)target->port, "ansible_user", target->user);

	if (strcmp(target->user, "root") != 0)
		json_object_set_new(host, "ansible_become", json_true());
	if (target->key != NULL) {
		add_key_path(&key, target->key);
		json_object_set_new(host, "ansible_ssh_private_key_file", json_string(buf_text(&key)));
	}
	if (target->host_key != NULL)
		json_object_set_new(host, "ansible_ssh_common_args", ssh_words(target));
	buf_fini(&key);
	return host;
}

/* Make the host a member of the group "KIND_NAME"; Ansible wants no "-" in that. */
static void
add_member(json_t *groups, const char *kind, const char *name, const char *host)
{
	char	*key = xasprintf("%s_%s", kind, name);
	json_t	*group;

	for (char *at = key; *at != '\0'; at++) {
		if (!isalnum((unsigned char)*at))
			*at = '_';
	}
	if ((group = json_object_get(groups, key)) == NULL)
		json_object_set_new(groups, key, group = json_pack("{s:{}}", "hosts"));
	json_object_set_new(json_object_get(group, "hosts"), host, json_object());
	free(key);
}

static void
add_groups(json_t *groups, const struct node *node)
{
	for (size_t i = 0; i < node->services.count; i++)
		add_member(groups, "service", node->services.items[i], node->name);
	for (size_t i = 0; i < node->tags.count; i++)
		add_member(groups, "tag", node->tags.items[i], node->name);
	add_member(groups, "environment", filter_environment(node), node->name);
}

struct err *
output_ansible(struct buf *out, struct context *context, const struct node_list *nodes)
{
	json_t			*root = json_pack("{s:{s:{}, s:{}}}", "all", "hosts", "children");
	json_t			*all = json_object_get(root, "all");
	struct fleet_target	 target;
	struct err		*e = NULL;

	for (size_t i = 0; e == NULL && i < nodes->count; i++) {
		struct node *node = nodes->items[i];

		if ((e = find_target(&target, context, node)) == NULL) {
			if (target.ssh.host_key == NULL)
				note("%s has no pinned host key, Ansible will go by your known_hosts: leap node init %s\n",
				    node->name, node->name);
			json_object_set_new(json_object_get(all, "hosts"), node->name, host_variables(&target.ssh));
			add_groups(json_object_get(all, "children"), node);
		}
		fleet_target_fini(&target);
	}
	if (e == NULL)
		json_pretty(root, out);
	json_decref(root);
	return e;
}
