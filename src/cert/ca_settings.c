/* cert: what provider.ca says, and the CAs that are made of it. */
/* May know recipe config acme pki vault ssh repo base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cert/authority.h"

#include "base/err.h"
#include "base/json.h"
#include "config/config.h"
#include "pki/ca.h"
#include "repo/repo.h"
#include "vault/vault.h"

#include <stdlib.h>
#include <string.h>

#define CA_SPAN		"10 years"
#define SERVER_SPAN	"1 year"
#define CLIENT_SPAN	"60 days"
#define DAYS_MAX	36500

static struct err *
bad_setting(char *take_text, const char *hint)
{
	struct err *e = err_hint(err_at(ERR_CONFIG, &(struct place){ .path = "provider.json" }, "%s", take_text), "%s",
	    hint);

	free(take_text);
	return e;
}

/* "90 days", "2 months", "1 year"; 0 when it is nothing like that. */
static unsigned
parse_span(const char *text)
{
	static const struct {
		const char	*one, *many;
		unsigned	 days;
	} units[] = { { "day", "days", 1 }, { "week", "weeks", 7 }, { "month", "months", 30 }, { "year", "years", 365 } };
	char		*end;
	unsigned long	 count = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != ' ' || count > DAYS_MAX)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (strcmp(end + 1, units[i].one) == 0 || strcmp(end + 1, units[i].many) == 0)
			return count * units[i].days <= DAYS_MAX ? (unsigned)count * units[i].days : 0;
	}
	return 0;
}

/* `path` is what `from` is, for errors. */
NODISCARD
static struct err *
read_span(unsigned *days, const json_t *from, const char *path, const char *fallback)
{
	const char *text = json_str(from, "life_span");

	*days = parse_span(text != NULL ? text : fallback);
	if (*days == 0)
		return bad_setting(xasprintf("%s.life_span is no time of 1 to %d days", path, DAYS_MAX),
		    "write it as \"90 days\", \"6 months\" or \"1 year\"");
	return NULL;
}

NODISCARD
static struct err *
read_key_type(enum key_type *type, const json_t *from, const char *path)
{
	const char *text = json_str(from, "key_type");

	*type = KEY_ECDSA_P256;
	if (text != NULL && !key_type_parse(type, text))
		return bad_setting(xasprintf("%s.key_type \"%s\" is not known", path, text),
		    "there are \"ecdsa-p256\" and \"rsa-3072\"");
	return NULL;
}

struct err *
leaf_settings_read(struct leaf_settings *out, struct config *config, const char *environment, enum authority authority)
{
	bool		 clients = authority == AUTHORITY_CLIENTS;
	const char	*path = clients ? "ca.client_certificates" : "ca.server_certificates";
	json_t		*provider = NULL;
	const json_t	*from;
	struct err	*e = config_provider(config, environment, &provider);

	if (e != NULL)
		return e;
	from = json_object_get(json_object_get(provider, "ca"), path + strlen("ca."));
	out->addresses = json_bool(from, "addresses");
	if ((e = read_key_type(&out->key_type, from, path)) == NULL)
		e = read_span(&out->days, from, path, clients ? CLIENT_SPAN : SERVER_SPAN);
	return e;
}

/* provider.ca.organization, else the provider's name, which is text or an object of languages. */
struct err *
organization_read(const char **out, struct config *config)
{
	json_t		*provider = NULL;
	const json_t	*name;
	const char	*language;
	struct err	*e = config_provider(config, NULL, &provider);

	if (e != NULL)
		return e;
	if ((*out = json_str(json_object_get(provider, "ca"), "organization")) != NULL)
		return NULL;
	name = json_object_get(provider, "name");
	language = json_str(provider, "default_language");
	*out = json_is_string(name) ? json_string_value(name) : json_str(name, language != NULL ? language : "en");
	return NULL;
}

/* Whatever is below one that is there already is there, too. */
static void
add_domain(struct strs *domains, const char *name)
{
	if (name != NULL && (domains->count == 0 || !ca_name_allowed(domains, name)))
		strs_add(domains, name);
}

/* The domains of the provider, as this environment has it. */
NODISCARD
static struct err *
add_domains_of(struct strs *domains, bool *addresses, struct config *config, const char *environment)
{
	json_t		*provider = NULL;
	const json_t	*ca, *more;
	size_t		 i;
	struct err	*e = config_provider(config, environment, &provider);

	if (e != NULL)
		return e;
	ca = json_object_get(provider, "ca");
	add_domain(domains, json_str(provider, "domain"));
	add_domain(domains, json_str(provider, "domain_internal"));
	json_array_foreach(json_object_get(ca, "domains"), i, more)
		add_domain(domains, json_string_value(more));
	if (json_bool(json_object_get(ca, "server_certificates"), "addresses"))
		*addresses = true;
	return NULL;
}

/* One CA signs for all environments. */
NODISCARD
static struct err *
read_domains(struct strs *domains, bool *addresses, struct config *config)
{
	const struct strs	*environments = config_environments(config);
	struct err		*e = add_domains_of(domains, addresses, config, NULL);

	for (size_t i = 0; e == NULL && i < environments->count; i++)
		e = add_domains_of(domains, addresses, config, environments->items[i]);
	return e;
}

/* *name is the caller's, free(). */
NODISCARD
static struct err *
read_request(struct ca_request *request, struct strs *domains, char **name, struct config *config,
    enum authority authority)
{
	json_t		*provider = NULL;
	const json_t	*ca;
	const char	*given;
	struct err	*e;

	if ((e = config_provider(config, NULL, &provider)) != NULL ||
	    (e = organization_read(&request->organization, config)) != NULL)
		return e;
	ca = json_object_get(provider, "ca");
	given = json_str(ca, authority == AUTHORITY_CLIENTS ? "client_name" : "name");
	if (request->organization == NULL)
		return bad_setting(xstrdup("no name of the provider for its CAs"), "add \"name\": { \"en\": \"NAME\" }");
	*name = given != NULL ? xstrdup(given) : xasprintf("%s %s", request->organization,
	    authority == AUTHORITY_CLIENTS ? "Client CA" : "Root CA");
	request->common_name = *name;
	if ((e = read_key_type(&request->key_type, ca, "ca")) != NULL ||
	    (e = read_span(&request->days, ca, "ca", CA_SPAN)) != NULL)
		return e;
	if (authority == AUTHORITY_SERVERS && !json_is_false(json_object_get(ca, "constraints")))
		e = read_domains(domains, &request->addresses, config);
	return e;
}

/* Both files, or none. */
NODISCARD
static struct err *
write_ca(const struct repo *repo, enum authority authority, enum ca_role role, const struct buf *key,
    const struct buf *cert)
{
	char		*key_path = ca_path(authority, role, ".key"), *cert_path = ca_path(authority, role, ".crt");
	struct err	*e;

	if ((e = vault_write(repo, NULL, key_path, key->data, key->len)) == NULL &&
	    (e = repo_write(repo, cert_path, cert->data, cert->len, 0644, NULL)) != NULL)
		e = err_join(e, vault_remove(repo, key_path));
	free(key_path);
	free(cert_path);
	return e;
}

/* A CA lasts for years, and what signs for it shall go by the settings that it was made for. */
NODISCARD
static struct err *
check_settings(struct config *config)
{
	struct leaf_settings	 ignored = { 0 };
	struct err		*e = NULL;

	for (enum authority i = 0; e == NULL && i < AUTHORITIES; i++)
		e = leaf_settings_read(&ignored, config, NULL, i);
	return e != NULL ? e : config_check_provider(config);
}

struct err *
ca_make(const struct repo *repo, struct config *config, enum authority authority, enum ca_role role, int64_t now)
{
	struct strs		 domains = { 0 };
	struct ca_request	 request = { .domains = &domains, .clients = authority == AUTHORITY_CLIENTS };
	struct buf		 key = { .secret = true }, cert = { 0 };
	char			*name = NULL;
	struct err		*e;

	if ((e = read_request(&request, &domains, &name, config, authority)) != NULL ||
	    (e = check_settings(config)) != NULL)
		goto out;
	if ((e = ca_create(&key, &cert, &request, now)) != NULL)
		e = err_context(e, "provider.ca");
	else
		e = write_ca(repo, authority, role, &key, &cert);
out:
	free(name);
	strs_fini(&domains);
	buf_fini(&key);
	buf_fini(&cert);
	return e;
}
