/* acme: when a certificate should be renewed; RFC 9773. */
/* May know pki, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "acme/client.h"

#include "base/err.h"
#include "base/sha256.h"
#include "pki/public.h"

#include <stdlib.h>
#include <string.h>

struct err *
acme_window(struct acme *acme, const char *ari_id, struct acme_window *out)
{
	struct answer	 answer = { 0 };
	char		*url;
	struct err	*e;

	*out = (struct acme_window){ 0 };
	if (acme->directory.renewal == NULL || ari_id == NULL)
		return NULL;
	url = xasprintf("%s/%s", acme->directory.renewal, ari_id);
	if ((e = acme_get(acme, &answer, url)) == NULL)
		e = renewal_read(&out->start, &out->end, answer.json);
	answer_fini(&answer);
	free(url);
	return e;
}

/*
 * RFC 9773, 4.2 wants a moment by chance, so that not all come at once; one that depends on the certificate spreads as
 * well, and says the same each time it is asked.
 */
static int64_t
moment(const struct acme_window *window, const char *ari_id)
{
	char		 hex[SHA256_HEX_SIZE];
	uint64_t	 number;

	sha256_hex(ari_id, strlen(ari_id), hex);
	hex[15] = '\0';
	number = strtoull(hex, NULL, 16);
	return window->start + (int64_t)(number % (uint64_t)(window->end - window->start));
}

int64_t
acme_renew_at(int64_t not_before, int64_t not_after, const struct acme_window *window, const char *ari_id)
{
	int64_t life = not_after - not_before, latest = not_before + life / 6 * 5, at;

	if (window == NULL || window->start >= window->end || ari_id == NULL)
		return not_before + life / 3 * 2;
	at = moment(window, ari_id);
	return at < latest ? at : latest;
}

struct err *
acme_revoke(struct acme *acme, const struct buf *cert_pem, enum acme_reason reason)
{
	struct public_cert	 cert;
	struct answer		 answer = { 0 };
	json_t			*payload = NULL;
	struct err		*e;

	if ((e = public_read(&cert, cert_pem)) != NULL)
		goto out;
	if (acme->directory.revoke == NULL) {
		e = err_new(ERR_FAILED, "the ACME server revokes no certificates");
		goto out;
	}
	payload = json_pack("{s:s, s:i}", "certificate", buf_text(&cert.der), "reason", (int)reason);
	e = acme_post(acme, &answer, acme->directory.revoke, payload);
	if (e != NULL && problem_is(answer.json, "alreadyRevoked")) {
		err_free(e);
		e = NULL;
	}
out:
	json_decref(payload);
	answer_fini(&answer);
	public_fini(&cert);
	return e;
}
