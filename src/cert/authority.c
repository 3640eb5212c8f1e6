/* cert: the files of the provider's certificate authorities. */
/* May know recipe config acme pki vault ssh repo base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cert/authority.h"

#include "base/err.h"
#include "base/file.h"
#include "pki/ca.h"
#include "repo/repo.h"
#include "vault/vault.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

char *
ca_path(enum authority authority, enum ca_role role, const char *suffix)
{
	static const char *const roles[] = { [CA_NOW] = "", [CA_NEXT] = "-next", [CA_OLD] = "-old" };

	return xasprintf("files/ca/%s%s%s", authority == AUTHORITY_CLIENTS ? "client_ca" : "ca", roles[role], suffix);
}

const char *
authority_name(enum authority authority)
{
	return authority == AUTHORITY_CLIENTS ? "client CA" : "CA";
}

bool
ca_exists(const struct repo *repo, enum authority authority, enum ca_role role)
{
	char	*path = ca_path(authority, role, ".crt");
	bool	 is = repo_has(repo, path) && !repo_is_stand_in(repo, path);

	free(path);
	return is;
}

bool
ca_can_sign(const struct repo *repo, enum authority authority, enum ca_role role)
{
	char	*path = ca_path(authority, role, ".key");
	bool	 can = ca_exists(repo, authority, role) && vault_has(repo, path);

	free(path);
	return can;
}

struct err *
ca_read_cert(const struct repo *repo, enum authority authority, enum ca_role role, struct buf *pem)
{
	char		*path = ca_path(authority, role, ".crt");
	struct err	*e;

	if (repo_has(repo, path))
		e = repo_read(repo, path, pem);
	else
		e = err_hint(err_new(ERR_TRUST, "no certificate can be signed: there is no %s, %s",
		    authority_name(authority), path), "make one with \"leap cert ca\"");
	free(path);
	return e;
}

/* Whoever asks for a key wants to sign with it: what is wrong is said here, where its file is known. */
NODISCARD
static struct err *
check_pair(const char *path, const struct buf *key, const struct buf *cert)
{
	struct issuer	*issuer = NULL;
	struct err	*e = issuer_new(&issuer, key, cert);

	issuer_free(issuer);
	return err_hint(err_context(e, "%s.age", path), "git knows it as it was; \"leap vault verify\" says whether it was changed");
}

struct err *
ca_read_key(const struct repo *repo, enum authority authority, enum ca_role role, struct buf *pem)
{
	char		*path = ca_path(authority, role, ".key");
	struct buf	 cert = { 0 };
	struct err	*e;

	if (vault_has(repo, path)) {
		if ((e = vault_read(repo, NULL, path, pem)) == NULL && (e = ca_read_cert(repo, authority, role, &cert)) == NULL)
			e = check_pair(path, pem, &cert);
	} else {
		e = err_hint(err_new(ERR_TRUST, "no certificate can be signed: the %s's private key, %s, is not here",
		    authority_name(authority), path), "copy it from where \"leap cert ca\" was run");
	}
	buf_fini(&cert);
	free(path);
	return e;
}

struct err *
ca_bundle(const struct repo *repo, enum authority authority, struct buf *pem)
{
	struct err *e = NULL;

	for (enum ca_role role = CA_NOW; e == NULL && role < CA_ROLES; role++) {
		if (ca_exists(repo, authority, role))
			e = ca_read_cert(repo, authority, role, pem);
	}
	return e;
}

struct err *
ca_signer(enum ca_role *role, const struct repo *repo, enum authority authority, const struct buf *cert_pem)
{
	struct err	*e = NULL;
	bool		 found = false;

	for (*role = CA_NOW; *role < CA_ROLES; (*role)++) {
		struct buf ca = { 0 };

		if (ca_exists(repo, authority, *role) && (e = ca_read_cert(repo, authority, *role, &ca)) == NULL)
			found = cert_is_of(cert_pem, &ca);
		buf_fini(&ca);
		if (found || e != NULL)
			break;
	}
	return e;
}

struct err *
ca_copy(const struct repo *repo, enum authority authority, enum ca_role from, enum ca_role to)
{
	struct buf	 key = { .secret = true }, cert = { 0 };
	char		*key_path = ca_path(authority, to, ".key"), *cert_path = ca_path(authority, to, ".crt");
	struct err	*e;

	if ((e = ca_read_key(repo, authority, from, &key)) == NULL &&
	    (e = ca_read_cert(repo, authority, from, &cert)) == NULL &&
	    (e = vault_write(repo, NULL, key_path, key.data, key.len)) == NULL)
		e = repo_write(repo, cert_path, cert.data, cert.len, 0644, NULL);
	buf_fini(&key);
	buf_fini(&cert);
	free(key_path);
	free(cert_path);
	return e;
}

NODISCARD
static struct err *
remove_file(const struct repo *repo, const char *path)
{
	char		*full = path_join(repo->root, path);
	struct err	*e = NULL;

	if (unlink(full) != 0 && errno != ENOENT)
		e = err_errno(ERR_FAILED, "cannot remove %s", path);
	free(full);
	return e;
}

struct err *
ca_remove(const struct repo *repo, enum authority authority, enum ca_role role)
{
	static const char *const suffixes[] = { ".key", ".crl", ".crt" };
	struct err *e = NULL;

	for (size_t i = 0; e == NULL && i < ARRAY_LEN(suffixes); i++) {
		char *path = ca_path(authority, role, suffixes[i]);

		e = i == 0 ? vault_remove(repo, path) : remove_file(repo, path);
		free(path);
	}
	return e;
}

unsigned
renew_days(unsigned days)
{
	return days / 3 < 60 ? days / 3 : 60;
}

int
days_left(int64_t end, int64_t now)
{
	const int64_t day = (int64_t)24 * 60 * 60;

	return (int)(end >= now ? (end - now) / day : -((now - end + day - 1) / day));
}
