/* fuzz: what others sign or hand over as PEM: certificates, chains, revocation lists, keys. */
/* May know pki, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pki/ca.h"
#include "pki/crl.h"
#include "pki/pem.h"
#include "pki/public.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/strs.h"

#include <stdint.h>
#include <stdlib.h>

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW	INT64_C(1800000000)

/* What lists and errors show of it must be fit for a line of text. */
static void
check_info(const struct buf *pem)
{
	struct cert_info	 info;
	struct buf		 fingerprint = { 0 }, text = { 0 };
	int64_t			 ends;
	struct err		*e = cert_info_read(&info, pem);

	if (e == NULL && (info.subject == NULL || info.serial == NULL || info.key == NULL))
		abort();
	if (e == NULL)
		cert_info_fini(&info);
	err_free(e);
	err_free(cert_describe(pem, &ends, &fingerprint, &text));
	buf_fini(&fingerprint);
	buf_fini(&text);
}

/* It may be its own CA, and anybody's leaf. */
static void
check_trust(const struct buf *pem, const struct strs *names)
{
	const struct cert_request	 request = { .dns_names = names, .addresses = names, .days = 90, .server = true };
	struct strs			 domains = { 0 };
	bool				 addresses;

	free(cert_stale(pem, pem, &request, pem, 30, NOW));
	(void)cert_is_of(pem, pem);
	err_free(ca_limits(pem, &domains, &addresses));
	strs_fini(&domains);
}

static void
check_list(const struct buf *pem)
{
	static const struct crl_entry	 entry = { .serial = "1F", .revoked = NOW };
	struct buf			 fingerprint = { 0 };
	int64_t				 ends;

	free(crl_stale(pem, &entry, 1, pem, 30, NOW));
	err_free(crl_ends(pem, &ends));
	err_free(crl_fingerprint(pem, &fingerprint));
	buf_fini(&fingerprint);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf		 pem = { .secret = true };
	struct strs		 names = { 0 };
	struct public_cert	 cert;
	struct err		*e;

	buf_add(&pem, data, size);
	strs_add(&names, "www.example.org");
	check_info(&pem);
	check_trust(&pem, &names);
	check_list(&pem);
	if ((e = public_read(&cert, &pem)) == NULL)
		(void)public_covers(&cert, "www.example.org");
	err_free(e);
	public_fini(&cert);
	err_free(public_check(&pem, &names, &pem, NOW));
	(void)public_matches(&pem, &pem);
	EVP_PKEY_free(pem_key(&pem));
	strs_fini(&names);
	buf_fini(&pem);
	return 0;
}
