/* cmd: what leap check found as SARIF 2.1.0, which forges and editors show at its lines. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/findings.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/strs.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define SCHEMA	"https://json.schemastore.org/sarif-2.1.0.json"

/* Every rule, sorted, in a few words. */
static const struct rule {
	const char *name, *text;
} rules[] = {
	{ "bad-address", "An address is neither IPv4 nor IPv6" },
	{ "bad-certificate", "A certificate cannot be read" },
	{ "bad-host-key", "The pinned SSH host key of a node is none" },
	{ "bad-host-name", "A name is none that a host can have" },
	{ "bad-name", "A file has a name that none of its kind can have" },
	{ "bad-openpgp-key", "A sysadmin's public OpenPGP key cannot be read, or is a private one" },
	{ "bad-path", "A macro may not read this file" },
	{ "bad-port", "A port is not a number from 1 to 65535" },
	{ "bad-schema", "A schema is none, or says what leap does not know" },
	{ "bad-ssh-setting", "leap could not log in to a node as its properties say" },
	{ "bad-state", "state.json is not as leap wrote it" },
	{ "bad-user-key", "A sysadmin's public SSH key is none that can be used" },
	{ "clear-secret", "A private key or secret is not encrypted" },
	{ "colliding-ports", "Two services want the same port of a node" },
	{ "configuration", "The configuration is wrong" },
	{ "duplicate-address", "Two nodes have the same address" },
	{ "duplicate-key", "An object has a key twice" },
	{ "duplicate-name", "Two nodes have the same name" },
	{ "empty-environment", "The pinned environment has no node" },
	{ "expired-ca", "A certificate authority has expired" },
	{ "expired-certificate", "A certificate has expired" },
	{ "expired-openpgp-key", "A sysadmin's public OpenPGP key has expired or was revoked" },
	{ "expiring-ca", "A certificate authority expires soon" },
	{ "idle-node", "A node has neither services nor tags" },
	{ "leapfile", "The Leapfile is wrong" },
	{ "lua-syntax", "A macro, recipe or template is not Lua" },
	{ "macro", "A macro fails" },
	{ "macro-cycle", "Macros need each other" },
	{ "macro-result", "What a macro gives cannot be a value" },
	{ "misplaced-key", "A property cannot be set in this file" },
	{ "missing-ca", "There is no certificate authority" },
	{ "missing-certificate", "A node has no certificate yet" },
	{ "missing-file", "A file does not exist" },
	{ "missing-key", "The private key of a certificate is missing" },
	{ "missing-service", "A service needs another one that no node has" },
	{ "misspelt-environment", "The environment of a node looks like another one, misspelt" },
	{ "misspelt-key", "A property looks like another one, misspelt" },
	{ "no-candidate", "No node can be picked" },
	{ "no-effect", "A key of a layer has no effect" },
	{ "no-macro", "A file of macros defines none" },
	{ "no-sysadmin", "Nobody could log in to the nodes" },
	{ "no-user-key", "A user has no public SSH key" },
	{ "orphan-variant", "A file varies a service or tag that does not exist" },
	{ "outside-ca", "A certificate would have a name that the CA may not sign for" },
	{ "port-collision", "Two connections of a node got the same port" },
	{ "recipe", "A recipe fails" },
	{ "required", "A property must have a value" },
	{ "runaway", "A program does not come to an end" },
	{ "schema", "A value does not fit its schema" },
	{ "secret-kind", "A secret has another form than is asked for" },
	{ "shared-host-key", "Two nodes have the same SSH host key" },
	{ "shared-user-key", "Two users have the same key" },
	{ "stale-certificate", "A certificate has to be made anew" },
	{ "stale-host-certificate", "A certificate of an SSH host key has to be made anew" },
	{ "stray-file", "Nothing reads a file" },
	{ "syntax", "A file is not JSON" },
	{ "template", "A template fails" },
	{ "tracked-key", "A private key is in git" },
	{ "tracked-secret", "The value of a secret is in git" },
	{ "two-environments", "A node is in two environments" },
	{ "two-meanings", "Filters would take a name for one of two things" },
	{ "type-clash", "Layers disagree about the type of a property" },
	{ "unknown-environment", "An environment does not exist" },
	{ "unknown-name", "A macro, recipe or template names what does not exist" },
	{ "unknown-node", "A macro names a node that does not exist" },
	{ "unknown-partial", "A partial file does not exist" },
	{ "unknown-property", "A macro names a property that does not exist" },
	{ "unknown-service", "A service does not exist" },
	{ "unknown-tag", "A tag does not exist" },
	{ "unpinned-host", "The SSH host key of a node is not pinned" },
	{ "unreadable-file", "A file cannot be read" },
	{ "unsigned-change", "A file of the vault, or of users/, changed since a sysadmin signed the vault" },
	{ "unsigned-vault", "No sysadmin has signed the vault" },
	{ "unused-variant", "A variant is for an environment without nodes" },
	{ "vault-access", "Who can open the vault is not who should" },
	{ "vault-signature", "The vault is not signed by a sysadmin who is trusted" },
	{ "wrong-type", "A property has a value of the wrong type" },
};

static int
rule_compare(const void *name, const void *rule)
{
	return strcmp(name, ((const struct rule *)rule)->name);
}

static json_t *
describe(const char *name)
{
	const struct rule	*rule = bsearch(name, rules, ARRAY_LEN(rules), sizeof(*rules), rule_compare);
	json_t			*object = json_pack("{s:s}", "id", name);

	if (rule != NULL)
		json_object_set_new(object, "shortDescription", json_pack("{s:s}", "text", rule->text));
	return object;
}

/* A path as a relative reference (RFC 3986, 4.2). */
static json_t *
uri(const char *path)
{
	static const char	 plain[] = "-._~/@!$&'()*+,;=";
	struct buf		 text = { 0 };
	json_t			*value;

	for (; *path != '\0'; path++) {
		if (isalnum((unsigned char)*path) || strchr(plain, *path) != NULL)
			buf_addc(&text, *path);
		else
			buf_addf(&text, "%%%02X", (unsigned char)*path);
	}
	value = json_string(buf_text(&text));
	buf_fini(&text);
	return value;
}

/* SARIF counts characters, places count bytes. */
static unsigned
column_of(const struct place *place)
{
	unsigned column = 1;

	if (place->text == NULL || strlen(place->text) < place->column - 1)
		return place->column;
	for (unsigned i = 0; i + 1 < place->column; i++)
		column += ((unsigned char)place->text[i] & 0xc0) != 0x80;
	return column;
}

/* Files of the platform are told by their paths alone: the instance has no such directory. */
static json_t *
location(const struct place *place, const char *prefix)
{
	bool	 own = !str_starts(place->path, "platform/");
	char	*path = xasprintf("%s%s", own ? prefix : "", place->path);
	json_t	*file = json_pack("{s:o}", "uri", uri(path));
	json_t	*physical = json_pack("{s:o}", "artifactLocation", file), *region;

	free(path);
	if (own)
		json_object_set_new(file, "uriBaseId", json_string("%SRCROOT%"));
	if (place->line != 0) {
		region = json_pack("{s:i}", "startLine", (int)place->line);
		if (place->column != 0)
			json_object_set_new(region, "startColumn", json_integer(column_of(place)));
		json_object_set_new(physical, "region", region);
	}
	return json_pack("{s:o}", "physicalLocation", physical);
}

static json_t *
message(const struct finding *finding)
{
	const char	*hint = err_hint_text(finding->e);
	struct buf	 text = { 0 };
	json_t		*object;

	buf_adds(&text, err_message(finding->e));
	if (finding->more > 0)
		buf_addf(&text, " (and %zu more like it here)", finding->more);
	if (hint != NULL)
		buf_addf(&text, "\nhint: %s", hint);
	object = json_pack("{s:o}", "text", finding_string(buf_text(&text)));
	buf_fini(&text);
	return object;
}

/* The notes that have a place. */
static json_t *
related(const struct finding *finding, const char *prefix)
{
	json_t			*all = json_array(), *one;
	const struct place	*place;
	const char		*text;

	for (size_t i = 0; (text = err_note_text(finding->e, i, &place)) != NULL; i++) {
		if (place == NULL)
			continue;
		one = location(place, prefix);
		json_object_set_new(one, "message", json_pack("{s:o}", "text", finding_string(text)));
		json_array_append_new(all, one);
	}
	return all;
}

static json_t *
result(const struct finding *finding, size_t rule, const char *prefix)
{
	const struct place	*place = err_place(finding->e);
	json_t			*where = json_array(), *notes = related(finding, prefix), *object;

	if (place != NULL)
		json_array_append_new(where, location(place, prefix));
	object = json_pack("{s:s, s:I, s:s, s:o, s:o}", "ruleId", finding_rule(finding), "ruleIndex", (json_int_t)rule,
	    "level", err_is_warning(finding->e) ? "warning" : "error", "message", message(finding), "locations", where);
	if (json_array_size(notes) > 0)
		json_object_set(object, "relatedLocations", notes);
	json_decref(notes);
	return object;
}

static size_t
index_of(const struct strs *names, const char *name)
{
	size_t i = 0;

	while (strcmp(names->items[i], name) != 0)
		i++;
	return i;
}

void
findings_sarif(const struct findings *findings, const char *prefix, struct buf *out)
{
	struct strs	 names = { 0 };
	json_t		*described = json_array(), *results = json_array(), *root;

	for (size_t i = 0; i < findings->count; i++) {
		if (!strs_has(&names, finding_rule(&findings->items[i])))
			strs_add(&names, finding_rule(&findings->items[i]));
	}
	strs_sort(&names);
	for (size_t i = 0; i < names.count; i++)
		json_array_append_new(described, describe(names.items[i]));
	for (size_t i = 0; i < findings->count; i++)
		json_array_append_new(results, result(&findings->items[i],
		    index_of(&names, finding_rule(&findings->items[i])), prefix));
	root = json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s, s:o}}, s:s, s:o}]}", "$schema", SCHEMA, "version", "2.1.0",
	    "runs", "tool", "driver", "name", "leap", "version", LEAP_VERSION, "rules", described, "columnKind",
	    "unicodeCodePoints", "results", results);
	json_pretty(root, out);
	json_decref(root);
	strs_fini(&names);
}
