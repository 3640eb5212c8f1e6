/* cert: remembers which certificates were found good. */
/* May know recipe config acme pki vault ssh repo base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cert/certs_memo.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/sha256.h"
#include "base/strs.h"
#include "pki/ca.h"
#include "repo/repo.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define FILE_MAX	(64u << 20)
/* File times come from the kernel's tick, at worst 10 ms coarse: what is younger may change and look the same. */
#define RACY_NS		INT64_C(50000000)

struct certs_memo {
	const struct repo	*repo;
	char			 ca[SHA256_HEX_SIZE];
	char			*path;		/* NULL: nowhere to keep it */
	json_t			*known;		/* node → [digest of all that must not have changed, end] */
	bool			 changed;
};

/* Where caches are, the caller's; NULL when the user has no home.  A relative one does not count (XDG). */
static char *
cache_dir(void)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (cache != NULL && *cache == '/')
		return path_join(cache, "leap/certificates");
	return home != NULL && *home == '/' ? path_join(home, ".cache/leap/certificates") : NULL;
}

static char *
memo_path(const struct repo *repo)
{
	char	*dir = cache_dir(), *path = NULL;
	char	 instance[SHA256_HEX_SIZE];

	sha256_hex(repo->root, strlen(repo->root), instance);
	if (dir != NULL)
		path = xasprintf("%s/%.16s.json", dir, instance);
	free(dir);
	return path;
}

struct certs_memo *
certs_memo_open(const struct repo *repo, const struct buf *ca)
{
	struct certs_memo	*memo;
	struct buf		 text = { 0 };

	if (repo->view != NULL)
		return NULL;
	memo = xcalloc(1, sizeof(*memo));
	memo->repo = repo;
	memo->path = memo_path(repo);
	sha256_hex(buf_text(ca), ca->len, memo->ca);
	if (memo->path != NULL)
		err_free(file_read(memo->path, FILE_MAX, &text));
	memo->known = json_loadb(buf_text(&text), text.len, 0, NULL);
	if (!json_is_object(memo->known)) {
		json_decref(memo->known);
		memo->known = json_object();
	}
	buf_fini(&text);
	return memo;
}

/* Nodes that have no certificate any more are forgotten. */
static void
forget_gone(struct certs_memo *memo)
{
	const char	*node;
	json_t		*entry;
	void		*next;
	char		*path;

	json_object_foreach_safe(memo->known, next, node, entry) {
		path = xasprintf("files/nodes/%s/%s.crt", node, node);
		if (!repo_has(memo->repo, path))
			json_object_del(memo->known, node);
		free(path);
	}
}

void
certs_memo_close(struct certs_memo *take_memo)
{
	struct buf	 text = { 0 };
	struct err	*e;

	if (take_memo == NULL)
		return;
	if (take_memo->changed && take_memo->path != NULL && !take_memo->repo->read_only) {
		forget_gone(take_memo);
		json_canonical(take_memo->known, &text);
		if ((e = dir_make_parent(take_memo->path, 0700)) == NULL)
			e = file_write(take_memo->path, buf_text(&text), text.len, 0600);
		err_free(e);	/* the next run checks them again */
	}
	buf_fini(&text);
	json_decref(take_memo->known);
	free(take_memo->path);
	free(take_memo);
}

/* Append what tells a file from any other that is or was there; and when it changed last, if later than *changed. */
static void
add_file(struct buf *text, const struct repo *repo, const char *path, int64_t *changed)
{
	char		*full = path_join(repo->root, path);
	struct stat	 st;

	if (stat(full, &st) == 0) {
		buf_addf(text, "%s %jd %ju %ju %o %jd %jd\n", path, (intmax_t)st.st_size, (uintmax_t)st.st_dev,
		    (uintmax_t)st.st_ino, (unsigned)st.st_mode, (intmax_t)timespec_ns(st.st_mtim),
		    (intmax_t)timespec_ns(st.st_ctim));
		if (timespec_ns(st.st_ctim) > *changed)
			*changed = timespec_ns(st.st_ctim);
	}
	free(full);
}

/* The digest of all that the finding depends on; and when the youngest file changed. */
static int64_t
digest_of(const struct certs_memo *memo, const struct certs_memo_entry *entry, char digest[SHA256_HEX_SIZE])
{
	const struct cert_request *request = entry->request;
	char		*encrypted = xasprintf("%s.age", entry->key_path);
	struct buf	 text = { 0 };
	int64_t		 changed = 0;

	buf_addf(&text, "1 %s\n", memo->ca);
	add_file(&text, memo->repo, entry->cert_path, &changed);
	add_file(&text, memo->repo, entry->key_path, &changed);
	add_file(&text, memo->repo, encrypted, &changed);
	strs_join(request->dns_names, " ", &text);
	buf_addc(&text, '\n');
	strs_join(request->addresses, " ", &text);
	buf_addf(&text, "\n%d %d %d\n", request->server, request->client, request->key_type);
	sha256_hex(buf_text(&text), text.len, digest);
	buf_fini(&text);
	free(encrypted);
	return changed;
}

bool
certs_memo_has(const struct certs_memo *memo, const struct certs_memo_entry *entry, int64_t until)
{
	const json_t	*known;
	const char	*digest;
	char		 now[SHA256_HEX_SIZE];

	if (memo == NULL)
		return false;
	known = json_object_get(memo->known, entry->node);
	digest = json_string_value(json_array_get(known, 0));
	if (digest == NULL || json_integer_value(json_array_get(known, 1)) < until)
		return false;
	(void)digest_of(memo, entry, now);
	return strcmp(digest, now) == 0;
}

void
certs_memo_add(struct certs_memo *memo, const struct certs_memo_entry *entry, int64_t ends)
{
	char		 digest[SHA256_HEX_SIZE];

	if (memo == NULL)
		return;
	if (digest_of(memo, entry, digest) > clock_ns(CLOCK_REALTIME) - RACY_NS)
		return;
	json_object_set_new(memo->known, entry->node, json_pack("[s, I]", digest, (json_int_t)ends));
	memo->changed = true;
}
