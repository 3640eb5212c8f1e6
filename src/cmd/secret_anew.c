/* cmd: what to do for another key in the place of one that should be known no more. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/secret.h"

#include "cert/account.h"
#include "cert/host_keys.h"
#include "pki/public.h"
#include "repo/repo.h"

#include <stdlib.h>
#include <string.h>

/* The command for another request: for all the names that the certificate has, the one that names its files first. */
static char *
request_anew(const struct repo *repo, const char *name)
{
	struct public_cert	 cert = { 0 };
	struct buf		 pem = { 0 }, command = { 0 };
	char			*path = xasprintf("files/cert/%s.crt", name), *text;
	struct err		*e = repo_read(repo, path, &pem);

	if (e == NULL)
		e = public_read(&cert, &pem);
	buf_adds(&command, "leap cert csr --force");
	if (cert.names.count == 0 || strs_has(&cert.names, name))
		buf_addf(&command, " %s", name);
	for (size_t i = 0; i < cert.names.count; i++)
		if (strcmp(cert.names.items[i], name) != 0)
			buf_addf(&command, strchr(cert.names.items[i], '*') != NULL ? " '%s'" : " %s", cert.names.items[i]);
	text = xstrdup(buf_text(&command));
	err_free(e);		/* a damaged one has no names */
	public_fini(&cert);
	buf_fini(&pem);
	buf_fini(&command);
	free(path);
	return text;
}

/* A certificate of a node, or a key of one of its services, whose other half goes with it. */
static char *
node_anew(const struct repo *repo, const char *path, const char *node)
{
	static const char *const	suffixes[] = { ".txt", ".pub" };
	char				*other = NULL;

	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		free(other);
		other = xasprintf("%.*s%s", (int)(strlen(path) - strlen(".key")), path, suffixes[i]);
		if (repo_has(repo, other)) {
			char *text = xasprintf("rm %s.age %s; leap deploy %s", path, other, node);

			free(other);
			return text;
		}
	}
	free(other);
	return xasprintf("rm %s.age; leap vault sign: no node is enabled that has it", path);
}

char *
secret_anew(const struct repo *repo, const char *path)
{
	static const char *const known[][2] = {
		{ "files/ca/ca", "leap cert ca --rotate" },
		{ "files/ca/client_ca", "leap cert ca --rotate --client" },
		{ SSH_CA_KEY_PATH, "leap cert ca --ssh --rotate" },
		{ ACME_KEY_PATH, "rm " ACME_KEY_PATH ".age " ACME_ACCOUNT_PATH "; leap cert register" },
	};
	const char	*base = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
	char		*name = xstrndup(base, strlen(base) - (str_ends(base, ".key") ? strlen(".key") : 0));
	char		*wish = xasprintf(ACME_CERTS "/%s.json", name), *text = NULL;

	for (size_t i = 0; text == NULL && i < ARRAY_LEN(known); i++)
		if (str_starts(path, known[i][0]))
			text = xstrdup(known[i][1]);
	if (text == NULL && str_starts(path, "files/clients/"))
		text = xasprintf("leap cert client %s --force", name);
	if (text == NULL && str_starts(path, "files/cert/"))
		text = repo_has(repo, wish) ? xasprintf("leap cert renew %s --new-key", name) : request_anew(repo, name);
	if (text == NULL && str_starts(path, "files/nodes/")) {
		char *node = xstrndup(path + strlen("files/nodes/"), strcspn(path + strlen("files/nodes/"), "/"));

		text = node_anew(repo, path, node);
		free(node);
	}
	free(name);
	free(wish);
	return text != NULL ? text : xstrdup("not leap's: make this key anew where it came from");
}
