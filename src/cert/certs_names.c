/* cert: what the certificate of a node should say. */
/* May know recipe config acme pki vault ssh repo base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cert/certs.h"

#include "base/buf.h"
#include "base/err.h"
#include "config/config.h"
#include "pki/ca.h"
#include "recipe/recipe.h"

#include <stdlib.h>

/* What is known while names are gathered. */
struct gather {
	struct strs			*list;
	struct node			*node;
	const struct repo		*repo;
	const struct certs_limits	*limits;
};

void
certs_names_fini(struct certs_names *names)
{
	strs_fini(&names->dns);
	strs_fini(&names->addresses);
}

void
certs_limits_fini(struct certs_limits *limits)
{
	strs_fini(&limits->domains);
}

struct err *
certs_limits_read(struct certs_limits *out, const struct buf *ca_cert)
{
	return ca_limits(ca_cert, &out->domains, &out->addresses);
}

/* Whether another CA has signed for the name, maybe together with others or as a wildcard. */
static bool
has_own_certificate(const struct repo *repo, const char *name)
{
	char		*found = NULL;
	struct err	*e = certificate_for(&found, repo, name);
	bool		 has = e == NULL && found != NULL;

	err_free(e);
	free(found);
	return has;
}

static struct err *
outside(const struct gather *gather, const char *name, const struct place *place)
{
	struct buf	 domains = { 0 };
	struct err	*e;

	strs_join(&gather->limits->domains, ", ", &domains);
	e = err_hint(err_rule(err_at(ERR_CONFIG, place, "\"%s\" is outside of what the CA may sign for: %s", name,
	    buf_text(&domains)), RULE_OUTSIDE_CA), "another CA may sign for it, see \"leap cert csr %s\"; "
	    "or add its domain to provider.ca.domains and replace the CA with \"leap cert ca --rotate\"", name);
	buf_fini(&domains);
	return e;
}

NODISCARD
static struct err *
not_valid(const char *name, const struct place *place)
{
	return err_hint(err_at(ERR_CONFIG, place, "\"%s\" is no domain name that a certificate can have", name),
	    "use letters, digits and hyphens between the dots");
}

/* Add a name of the node's that stands in this property. */
NODISCARD
static struct err *
add_name(const struct gather *gather, const char *name, const char *property)
{
	bool		 valid = cert_name_valid(name);
	struct place	 place = { 0 };

	if (!valid || !ca_name_allowed(&gather->limits->domains, name)) {
		if (valid && has_own_certificate(gather->repo, name))
			return NULL;
		(void)node_place(gather->node, property, &place);
		return valid ? outside(gather, name, &place) : not_valid(name, &place);
	}
	if (!strs_has(gather->list, name))
		strs_add(gather->list, name);
	return NULL;
}

/* Add the name that a property is; it may be missing or null. */
NODISCARD
static struct err *
add_name_of(const struct gather *gather, const char *property)
{
	const char	*text = NULL;
	struct err	*e = node_text(gather->node, property, &text);

	return e != NULL || text == NULL ? e : add_name(gather, text, property);
}

NODISCARD
static struct err *
add_aliases(const struct gather *gather)
{
	struct place	 place = { 0 };
	json_t		*aliases = NULL;
	const json_t	*alias;
	size_t		 i;
	struct err	*e = node_find(gather->node, "dns.aliases", &aliases);

	json_array_foreach(aliases, i, alias) {
		if (!json_is_string(alias)) {
			(void)node_place(gather->node, "dns.aliases", &place);
			return err_at(ERR_CONFIG, &place, "dns.aliases must be a list of names");
		}
		if ((e = add_name(gather, json_string_value(alias), "dns.aliases")) != NULL)
			return e;
	}
	return e;
}

/* A CA that was made when addresses were not wanted cannot sign for them. */
NODISCARD
static struct err *
add_address(struct certs_names *out, struct node *node, const struct certs_limits *limits)
{
	const char	*text = NULL;
	struct err	*e = node_text(node, "ip_address", &text);

	if (e != NULL || text == NULL)
		return e;
	if (!limits->addresses)
		return err_hint(err_new(ERR_CONFIG, "%s: the CA may not sign for addresses, as "
		    "provider.ca.server_certificates.addresses wants it", node->name),
		    "take that out, or replace the CA with \"leap cert ca --rotate\"");
	strs_add(&out->addresses, text);
	return NULL;
}

struct err *
certs_names_read(struct certs_names *out, struct node *node, const struct repo *repo, const struct certs_limits *limits,
    bool addresses)
{
	struct gather	 gather = { &out->dns, node, repo, limits };
	struct err	*e;

	if ((e = add_name_of(&gather, "domain.full")) != NULL)
		return e;
	if (out->dns.count == 0)
		return err_hint(err_new(ERR_CONFIG, "%s: no name for its certificate: domain.full is not set", node->name),
		    "see domain in leap-config(5)");
	if ((e = add_name_of(&gather, "domain.internal")) != NULL || (e = add_aliases(&gather)) != NULL)
		return e;
	return addresses ? add_address(out, node, limits) : NULL;
}

/* A property that is true or false, and may be missing. */
NODISCARD
static struct err *
read_switch(bool *out, struct node *node, const char *property, bool fallback)
{
	json_t		*value = NULL;
	struct err	*e = node_find(node, property, &value);

	*out = value == NULL ? fallback : !json_is_false(value);
	return e;
}

/* On unless it says otherwise. */
struct err *
certs_wanted(bool *wants, struct node *node)
{
	return read_switch(wants, node, "x509.use", true);
}

struct err *
certs_crl_wanted(bool *wants, struct node *node)
{
	return read_switch(wants, node, "x509.crl", false);
}

struct err *
certs_clients_wanted(bool *wants, struct node *node)
{
	return read_switch(wants, node, "x509.client_ca", false);
}
