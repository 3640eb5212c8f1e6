/* cert: the certificates that were revoked, files/ca/revoked.json, and the lists made of them. */
/* May know recipe config acme pki vault ssh repo base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cert/revoked.h"

#include "base/err.h"
#include "base/json.h"
#include "base/term.h"
#include "config/config.h"
#include "pki/ca.h"
#include "pki/crl.h"
#include "repo/repo.h"

#include <stdlib.h>
#include <string.h>

#define PATH	"files/ca/revoked.json"

static bool
entry_good(const json_t *entry)
{
	return json_str(entry, "name") != NULL && json_str(entry, "serial") != NULL && json_str(entry, "ca") != NULL &&
	    json_int(entry, "revoked", 0) > 0 && json_int(entry, "ends", 0) > 0;
}

struct err *
revoked_read(json_t **out, const struct repo *repo)
{
	struct buf	 text = { 0 };
	const json_t	*entry;
	size_t		 i;
	struct err	*e;

	*out = NULL;
	if (!repo_has(repo, PATH)) {
		*out = json_array();
		return NULL;
	}
	if ((e = repo_read(repo, PATH, &text)) == NULL)
		e = json_parse_text(out, PATH, buf_text(&text), text.len);
	if (e == NULL && !json_is_array(*out))
		e = err_at(ERR_TRUST, &(struct place){ .path = PATH }, "not a list of revoked certificates");
	json_array_foreach(*out, i, entry) {
		if (e == NULL && !entry_good(entry))
			e = err_at(ERR_TRUST, &(struct place){ .path = PATH },
			    "entry %zu lacks name, serial, ca, revoked or ends", i + 1);
	}
	buf_fini(&text);
	if (e != NULL) {
		json_decref(*out);
		*out = NULL;
	}
	return e;
}

bool
revoked_has(const json_t *list, const char *serial)
{
	const json_t	*entry;
	size_t		 i;

	json_array_foreach(list, i, entry) {
		if (strcasecmp(json_str(entry, "serial"), serial) == 0)
			return true;
	}
	return false;
}

/* Without those that have ended. */
NODISCARD
static struct err *
write_record(const struct repo *repo, const json_t *list, int64_t now)
{
	struct buf	 text = { 0 };
	json_t		*kept = json_array(), *entry;
	size_t		 i;
	struct err	*e;

	json_array_foreach((json_t *)list, i, entry) {
		if (json_int(entry, "ends", 0) > now)
			json_array_append(kept, entry);
	}
	json_pretty(kept, &text);
	e = repo_write(repo, PATH, text.data, text.len, 0644, NULL);
	json_decref(kept);
	buf_fini(&text);
	return e;
}

/* By which it is told apart from others with the same name: the caller's, free(). */
NODISCARD
static struct err *
fingerprint_of(struct buf *out, const struct repo *repo, enum authority authority, enum ca_role role)
{
	struct buf	 pem = { 0 };
	struct err	*e = ca_read_cert(repo, authority, role, &pem);

	if (e == NULL)
		e = cert_describe(&pem, NULL, out, NULL);
	buf_fini(&pem);
	return e;
}

NODISCARD
static struct err *
check_revocable(const json_t *list, enum ca_role role, enum authority authority, const char *name,
    const struct cert_info *info, int64_t now)
{
	if (role == CA_ROLES)
		return err_new(ERR_USAGE, "the certificate of %s was not made by the %s", name, authority_name(authority));
	if (revoked_has(list, info->serial))
		return err_new(ERR_USAGE, "the certificate of %s is revoked already", name);
	if (info->ends <= now)
		return err_new(ERR_USAGE, "the certificate of %s has expired: there is nothing to revoke", name);
	return NULL;
}

struct err *
revoked_add(const struct repo *repo, enum authority authority, const char *name, const struct buf *cert_pem,
    int64_t now)
{
	struct cert_info	 info = { 0 };
	struct buf		 ca = { 0 };
	json_t			*list = NULL;
	enum ca_role		 role = CA_ROLES;
	struct err		*e;

	if ((e = cert_info_read(&info, cert_pem)) != NULL || (e = revoked_read(&list, repo)) != NULL ||
	    (e = ca_signer(&role, repo, authority, cert_pem)) != NULL ||
	    (e = check_revocable(list, role, authority, name, &info, now)) != NULL ||
	    (e = fingerprint_of(&ca, repo, authority, role)) != NULL)
		goto out;
	json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:I, s:I}", "name", name, "serial", info.serial,
	    "ca", buf_text(&ca), "revoked", (json_int_t)now, "ends", (json_int_t)info.ends));
	e = write_record(repo, list, now);
out:
	json_decref(list);
	buf_fini(&ca);
	cert_info_fini(&info);
	return e;
}

/* The entries of one CA that have not ended; the texts are the list's.  The caller's, free(). */
static struct crl_entry *
entries_of(const json_t *list, const char *ca, int64_t now, size_t *count)
{
	struct crl_entry	*entries = xcalloc(json_array_size(list) + 1, sizeof(*entries));
	const json_t		*entry;
	size_t			 i;

	*count = 0;
	json_array_foreach(list, i, entry) {
		if (strcmp(json_str(entry, "ca"), ca) == 0 && json_int(entry, "ends", 0) > now)
			entries[(*count)++] = (struct crl_entry){ json_str(entry, "serial"),
			    json_int(entry, "revoked", 0) };
	}
	return entries;
}

/* One CA and what it has revoked. */
struct crl_job {
	const struct repo	*repo;
	enum authority		 authority;
	enum ca_role		 role;
	char			*path;
	struct buf		 ca, old;
	struct crl_entry	*entries;
	size_t			 count;
	int64_t			 now;
	cert_say		*say;
};

NODISCARD
static struct err *
make_crl(const struct crl_job *job, const char *why)
{
	struct buf	 key = { .secret = true }, crl = { 0 };
	struct err	*e;

	if ((e = ca_read_key(job->repo, job->authority, job->role, &key)) == NULL &&
	    (e = crl_make(&crl, job->entries, job->count, &key, &job->ca, &job->old, CRL_DAYS, job->now)) == NULL &&
	    (e = repo_write(job->repo, job->path, crl.data, crl.len, 0644, NULL)) == NULL)
		say_line(job->say, "%s: made for %u days: %s", job->path, CRL_DAYS, why);
	buf_fini(&key);
	buf_fini(&crl);
	return e;
}

NODISCARD
static struct err *
look_at(const struct crl_job *job, const char *why)
{
	if (job->old.len == 0)
		return err_hint(err_new(ERR_TRUST, "the revocation list %s is missing", job->path), "leap cert update");
	say_line(job->say, "%s: a deploy makes it anew: %s", job->path, why);
	return NULL;
}

NODISCARD
static struct err *
update_crl(struct crl_job *job, const json_t *list, bool wanted, bool look, unsigned *made)
{
	struct buf	 fingerprint = { 0 };
	char		*why = NULL, *stale = NULL;
	struct err	*e;

	if ((e = ca_read_cert(job->repo, job->authority, job->role, &job->ca)) != NULL ||
	    (e = cert_describe(&job->ca, NULL, &fingerprint, NULL)) != NULL ||
	    (repo_has(job->repo, job->path) && (e = repo_read(job->repo, job->path, &job->old)) != NULL))
		goto out;
	job->entries = entries_of(list, buf_text(&fingerprint), job->now, &job->count);
	if (job->old.len == 0 && (wanted || job->count > 0))
		why = xstrdup("there was none");
	else if (job->old.len > 0 && (stale = crl_stale(&job->old, job->entries, job->count, &job->ca,
	    renew_days(CRL_DAYS), job->now)) != NULL)
		why = xasprintf("the old one %s", stale);
	if (why == NULL)
		goto out;
	if (look)
		e = look_at(job, why);
	else if ((e = make_crl(job, why)) == NULL)
		(*made)++;
out:
	buf_fini(&fingerprint);
	free(stale);
	free(why);
	return e;
}

struct err *
crls_update(const struct repo *repo, bool wanted, bool look, int64_t now, cert_say *say, unsigned *made)
{
	json_t		*list = NULL;
	struct err	*e = revoked_read(&list, repo);

	for (int i = 0; e == NULL && i < AUTHORITIES * CA_ROLES; i++) {
		struct crl_job job = {
			.repo = repo, .authority = (enum authority)(i / CA_ROLES), .role = (enum ca_role)(i % CA_ROLES),
			.now = now, .say = say,
		};

		if (!ca_exists(repo, job.authority, job.role))
			continue;
		job.path = ca_path(job.authority, job.role, ".crl");
		e = update_crl(&job, list, wanted, look, made);
		free(job.path);
		free(job.entries);
		buf_fini(&job.ca);
		buf_fini(&job.old);
	}
	json_decref(list);
	return e;
}
