/* cmd: leap cert export: a client's key and certificate as programs want them. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/cmd.h"

#include "base/file.h"
#include "base/json.h"
#include "cert/authority.h"
#include "cert/revoked.h"
#include "cmd/client.h"
#include "config/config.h"
#include "pki/ca.h"
#include "pki/request.h"
#include "repo/repo.h"
#include "vault/vault.h"

#include <stdlib.h>
#include <string.h>

/* All that is handed over. */
struct bundle {
	const char	*name;
	struct buf	 key, cert;
	struct buf	 servers;	/* the CAs by which the client knows nodes */
};

NODISCARD
static struct err *
read_bundle(struct bundle *bundle, const struct repo *repo)
{
	char		*key_path = client_path(bundle->name, ".key"), *cert_path = client_path(bundle->name, ".crt");
	struct err	*e;

	if (!repo_has(repo, cert_path) || !vault_has(repo, key_path))
		e = err_hint(err_new(ERR_USAGE, "there is no client certificate %s, or no key of it", cert_path),
		    "make it with \"leap cert client %s\"", bundle->name);
	else if ((e = vault_read(repo, NULL, key_path, &bundle->key)) == NULL &&
	    (e = repo_read(repo, cert_path, &bundle->cert)) == NULL)
		e = ca_bundle(repo, AUTHORITY_SERVERS, &bundle->servers);
	free(key_path);
	free(cert_path);
	return e;
}

/* It may still be wanted, to open what was encrypted for it. */
NODISCARD
static struct err *
warn_revoked(const struct bundle *bundle, const struct repo *repo)
{
	struct cert_info	 info = { 0 };
	json_t			*revoked = NULL;
	struct err		*e;

	if ((e = cert_info_read(&info, &bundle->cert)) == NULL && (e = revoked_read(&revoked, repo)) == NULL &&
	    revoked_has(revoked, info.serial))
		note("warning: the certificate of %s was revoked: nodes refuse it\n"
		    "hint: \"leap cert client %s\" makes another\n", bundle->name, bundle->name);
	json_decref(revoked);
	cert_info_fini(&info);
	return e;
}

static struct err *
write_pem(struct buf *text, struct context *context, const struct bundle *bundle)
{
	(void)context;
	buf_add(text, bundle->key.data, bundle->key.len);
	buf_add(text, bundle->cert.data, bundle->cert.len);
	buf_add(text, bundle->servers.data, bundle->servers.len);
	return NULL;
}

/* Asked for twice, or made up and shown once. */
NODISCARD
static struct err *
choose_password(struct buf *password, const struct context *context)
{
	static const char hint[] = "say --generate-password to have one made up and shown";
	struct buf	 again = { .secret = true };
	struct err	*e;

	if (opt_get(context, "--generate-password") != NULL) {
		if ((e = password_make(password)) == NULL)
			out("%s\n", buf_text(password));
		return e;
	}
	if ((e = ask_secret(password, hint, "password of the new file")) == NULL &&
	    (e = ask_secret(&again, hint, "once more")) == NULL &&
	    (password->len == 0 || strcmp(buf_text(password), buf_text(&again)) != 0))
		e = err_new(ERR_USAGE, "these are two different passwords, or none");
	buf_fini(&again);
	return e;
}

static struct err *
write_p12(struct buf *text, struct context *context, const struct bundle *bundle)
{
	struct buf	 password = { .secret = true }, cas = { 0 };
	struct err	*e;

	buf_add(&cas, bundle->servers.data, bundle->servers.len);
	if ((e = ca_bundle(context->repo, AUTHORITY_CLIENTS, &cas)) == NULL &&
	    (e = choose_password(&password, context)) == NULL)
		e = pkcs12_make(text, bundle->name, &bundle->key, &bundle->cert, &cas, &password);
	buf_fini(&password);
	buf_fini(&cas);
	return e;
}

/* The texts in a list that is a property; numbers count as texts. */
NODISCARD
static struct err *
read_list(struct strs *out, struct node *node, const char *property, const char *fallback)
{
	json_t		*list = NULL;
	const json_t	*item;
	size_t		 i;
	struct err	*e = node_find(node, property, &list);

	json_array_foreach(list, i, item) {
		if (json_is_string(item))
			strs_add(out, json_string_value(item));
		else if (json_is_integer(item))
			strs_addf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(item));
	}
	if (out->count == 0)
		strs_add(out, fallback);
	return e;
}

/* A line for each way to a gateway.  Words with spaces or newlines would be other lines. */
NODISCARD
static struct err *
add_remotes(struct buf *text, struct node *node, unsigned *count)
{
	struct strs	 ports = { 0 }, protocols = { 0 };
	const char	*address = NULL;
	struct err	*e;

	if ((e = node_text(node, "openvpn.gateway_address", &address)) != NULL ||
	    (address == NULL && (e = node_text(node, "ip_address", &address)) != NULL) || address == NULL ||
	    (e = read_list(&ports, node, "openvpn.ports", "1194")) != NULL ||
	    (e = read_list(&protocols, node, "openvpn.protocols", "udp")) != NULL)
		goto out;
	for (size_t i = 0; i < protocols.count; i++) {
		for (size_t j = 0; j < ports.count; j++, (*count)++)
			buf_addf(text, "remote %s %s %s\n", address, ports.items[j], protocols.items[i]);
	}
	if (strpbrk(address, " \t\n\"'\\") != NULL)
		e = err_new(ERR_CONFIG, "%s: openvpn.gateway_address is no address", node->name);
out:
	strs_fini(&ports);
	strs_fini(&protocols);
	return e;
}

/* All nodes that are gateways: those with openvpn properties that are in use. */
NODISCARD
static struct err *
add_gateways(struct buf *text, struct config *config)
{
	struct node	**nodes;
	size_t		 count = config_nodes(config, &nodes);
	unsigned	 remotes = 0;
	json_t		*openvpn = NULL;
	struct err	*e = NULL;

	for (size_t i = 0; e == NULL && i < count; i++) {
		if (nodes[i]->enabled && (e = node_find(nodes[i], "openvpn", &openvpn)) == NULL && openvpn != NULL)
			e = add_remotes(text, nodes[i], &remotes);
	}
	if (e == NULL && remotes == 0)
		e = err_hint(err_new(ERR_CONFIG, "no node has openvpn properties: there is nothing to connect to"),
		    "choose another --format");
	return e;
}

static void
add_block(struct buf *text, const char *name, const struct buf *content)
{
	buf_addf(text, "<%s>\n", name);
	buf_add(text, content->data, content->len);
	buf_addf(text, "</%s>\n", name);
}

static struct err *
write_ovpn(struct buf *text, struct context *context, const struct bundle *bundle)
{
	struct err *e;

	buf_adds(text, "# Written by leap.  It holds a private key: keep it to yourself.\n"
	    "client\ndev tun\nnobind\npersist-key\npersist-tun\nresolv-retry infinite\n"
	    "remote-cert-tls server\ntls-version-min 1.2\n");
	if ((e = add_gateways(text, context->config)) != NULL)
		return e;
	add_block(text, "ca", &bundle->servers);
	add_block(text, "cert", &bundle->cert);
	add_block(text, "key", &bundle->key);
	return NULL;
}

static const struct format {
	const char	*name;
	struct err	*(*write)(struct buf *text, struct context *context, const struct bundle *bundle);
} formats[] = {
	{ "pem", write_pem },
	{ "p12", write_p12 },
	{ "ovpn", write_ovpn },
};

/* NULL: there is none of this name.  Without a name the first one. */
static const struct format *
find_format(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		if (name == NULL || strcmp(formats[i].name, name) == 0)
			return &formats[i];
	}
	return NULL;
}

static struct err *
cert_export_run(struct context *context)
{
	const char		*file = opt_get(context, "--output");
	const struct format	*format = find_format(opt_get(context, "--format"));
	struct bundle		 bundle = { .name = context->args[0], .key.secret = true };
	struct buf		 text = { .secret = true };
	struct err		*e;

	if ((e = client_name_check(bundle.name)) != NULL)
		return e;
	if (format == NULL)
		return err_new(ERR_USAGE, "--format %s is not known: there are pem, p12 and ovpn",
		    opt_get(context, "--format"));
	if (opt_get(context, "--generate-password") != NULL && format->write != write_p12)
		return err_hint(err_new(ERR_USAGE, "--generate-password: a file in %s has no password", format->name),
		    "--format p12 has one");
	if (file == NULL)
		return err_hint(err_new(ERR_USAGE, "a private key is written to a file only"), "name it with -o FILE");
	if (file_exists(file))
		return err_hint(err_new(ERR_USAGE, "there is a file %s already", file), "name another one");
	if ((e = read_bundle(&bundle, context->repo)) == NULL && (e = warn_revoked(&bundle, context->repo)) == NULL &&
	    (e = format->write(&text, context, &bundle)) == NULL &&
	    (e = file_write(file, text.data, text.len, 0600)) == NULL)
		note("%s: key and certificate are in %s, readable for you only\n", bundle.name, file);
	buf_fini(&text);
	buf_fini(&bundle.key);
	buf_fini(&bundle.cert);
	buf_fini(&bundle.servers);
	return e;
}

static const struct opt cert_export_opts[] = {
	{ 'o', "--output", "FILE", "where to write it; FILE must not be there yet" },
	{ 0, "--format", "FORMAT", "pem (the default), p12 (PKCS #12) or ovpn (a profile for OpenVPN)" },
	{ 0, "--generate-password", NULL, "with p12: make up its password and print it, instead of asking" },
	{ 0 },
};

const struct cmd cmd_cert_export = {
	.name = "cert export",
	.args = "NAME",
	.summary = "write a client's key and certificate to a file",
	.details = "The file has the CAs that sign for nodes, too, and is readable for nobody else.  A profile for OpenVPN\n"
	    "has all nodes with openvpn properties.",
	.opts = cert_export_opts,
	.needs = CMD_CONFIG,
	.min_args = 1,
	.max_args = 1,
	.run = cert_export_run,
};
