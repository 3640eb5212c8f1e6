/* pki: lists of revoked certificates. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pki/crl.h"

#include "base/buf.h"
#include "base/err.h"
#include "pki/extension.h"
#include "pki/pem.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* From hexadecimal digits; NULL when they are none. */
static ASN1_INTEGER *
serial_of(const char *hex)
{
	BIGNUM		*number = NULL;
	ASN1_INTEGER	*serial = NULL;

	if (*hex != '\0' && BN_hex2bn(&number, hex) == (int)strlen(hex))
		serial = BN_to_ASN1_INTEGER(number, NULL);
	BN_free(number);
	return serial;
}

static bool
add_entry(X509_CRL *crl, const struct crl_entry *entry)
{
	X509_REVOKED	*revoked = X509_REVOKED_new();
	ASN1_INTEGER	*serial = serial_of(entry->serial);
	ASN1_TIME	*date = ASN1_TIME_set(NULL, (time_t)entry->revoked);
	bool		 done;

	done = revoked != NULL && serial != NULL && date != NULL && X509_REVOKED_set_serialNumber(revoked, serial) &&
	    X509_REVOKED_set_revocationDate(revoked, date) && X509_CRL_add0_revoked(crl, revoked);
	ASN1_TIME_free(date);
	ASN1_INTEGER_free(serial);
	if (!done)
		X509_REVOKED_free(revoked);
	return done;
}

static bool
set_dates(X509_CRL *crl, int64_t from, int64_t to)
{
	ASN1_TIME	*start = ASN1_TIME_set(NULL, (time_t)from), *end = ASN1_TIME_set(NULL, (time_t)to);
	bool		 done;

	done = start != NULL && end != NULL && X509_CRL_set1_lastUpdate(crl, start) && X509_CRL_set1_nextUpdate(crl, end);
	ASN1_TIME_free(start);
	ASN1_TIME_free(end);
	return done;
}

/* One more than the old one's, at least `now` (RFC 5280, 5.2.3). */
static bool
add_number(X509_CRL *crl, const struct buf *old_pem, int64_t now)
{
	X509_CRL	*old = old_pem != NULL ? pem_crl(old_pem) : NULL;
	ASN1_INTEGER	*last = old != NULL ? X509_CRL_get_ext_d2i(old, NID_crl_number, NULL, NULL) : NULL;
	ASN1_INTEGER	*number = ASN1_INTEGER_new();
	int64_t		 before = 0;
	bool		 done;

	if (last == NULL || !ASN1_INTEGER_get_int64(&before, last) || before < now)
		before = now - 1;
	done = number != NULL && ASN1_INTEGER_set_int64(number, before + 1) &&
	    X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, false, X509V3_ADD_APPEND) == 1;
	ASN1_INTEGER_free(number);
	ASN1_INTEGER_free(last);
	X509_CRL_free(old);
	return done;
}

static bool
add_authority(X509_CRL *crl, const X509 *ca)
{
	AUTHORITY_KEYID	*authority = AUTHORITY_KEYID_new();
	bool		 done;

	if (authority != NULL)
		authority->keyid = part_key_id_of(ca);
	done = authority != NULL && authority->keyid != NULL &&
	    X509_CRL_add1_ext_i2d(crl, NID_authority_key_identifier, authority, false, X509V3_ADD_APPEND) == 1;
	AUTHORITY_KEYID_free(authority);
	return done;
}

static bool
fill(X509_CRL *crl, const struct crl_entry *entries, size_t count)
{
	bool done = true;

	for (size_t i = 0; done && i < count; i++)
		done = add_entry(crl, &entries[i]);
	return done && X509_CRL_sort(crl);
}

struct err *
crl_make(struct buf *crl_pem, const struct crl_entry *entries, size_t count, const struct buf *ca_key_pem,
    const struct buf *ca_cert_pem, const struct buf *old_pem, unsigned days, int64_t now)
{
	X509		*ca = pem_cert(ca_cert_pem);
	EVP_PKEY	*ca_key = pem_key(ca_key_pem);
	X509_CRL	*crl = X509_CRL_new();
	struct err	*e;

	if (ca == NULL || ca_key == NULL || X509_check_private_key(ca, ca_key) != 1)
		e = err_new(ERR_TRUST, "the CA's private key does not belong to its certificate");
	else if (crl != NULL && X509_CRL_set_version(crl, X509_CRL_VERSION_2) &&
	    X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca)) && set_dates(crl, now - DAY, now + days * DAY) &&
	    fill(crl, entries, count) && add_authority(crl, ca) && add_number(crl, old_pem, now) &&
	    X509_CRL_sign(crl, ca_key, EVP_sha256()) > 0)
		e = pem_add_crl(crl_pem, crl);
	else
		e = pem_error(ERR_FAILED, "make a revocation list");
	ERR_clear_error();
	X509_CRL_free(crl);
	X509_free(ca);
	EVP_PKEY_free(ca_key);
	return e;
}

static bool
has_entry(X509_CRL *crl, const char *hex)
{
	ASN1_INTEGER	*serial = serial_of(hex);
	X509_REVOKED	*found = NULL;
	bool		 has = serial != NULL && X509_CRL_get0_by_serial(crl, &found, serial) == 1;

	ASN1_INTEGER_free(serial);
	return has;
}

static bool
has_entries(X509_CRL *crl, const struct crl_entry *entries, size_t count)
{
	int in_crl = sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl));

	for (size_t i = 0; i < count; i++) {
		if (!has_entry(crl, entries[i].serial))
			return false;
	}
	return (in_crl < 0 ? 0 : (size_t)in_crl) == count;
}

char *
crl_stale(const struct buf *crl_pem, const struct crl_entry *entries, size_t count, const struct buf *ca_cert_pem,
    unsigned renew_days, int64_t now)
{
	X509		*ca = pem_cert(ca_cert_pem);
	X509_CRL	*crl = pem_crl(crl_pem);
	int64_t		 left = crl != NULL ? pem_time(X509_CRL_get0_nextUpdate(crl)) - now : 0;
	char		*reason = NULL;

	if (crl == NULL)
		reason = xstrdup("cannot be read");
	else if (ca == NULL || X509_CRL_verify(crl, X509_get0_pubkey(ca)) != 1)
		reason = xstrdup("is not signed by the CA");
	else if (!has_entries(crl, entries, count))
		reason = xstrdup("has not the certificates that are revoked");
	else if (left <= 0)
		reason = xstrdup("has expired");
	else if (left < renew_days * DAY)
		reason = xasprintf("expires in %d day%s", (int)(left / DAY), left / DAY == 1 ? "" : "s");
	ERR_clear_error();
	X509_CRL_free(crl);
	X509_free(ca);
	return reason;
}

struct err *
crl_ends(const struct buf *crl_pem, int64_t *ends)
{
	X509_CRL *crl = pem_crl(crl_pem);

	if (crl == NULL)
		return err_new(ERR_TRUST, "the revocation list cannot be read");
	*ends = pem_time(X509_CRL_get0_nextUpdate(crl));
	X509_CRL_free(crl);
	return NULL;
}

struct err *
crl_fingerprint(const struct buf *crl_pem, struct buf *out)
{
	X509_CRL	*crl = pem_crl(crl_pem);
	unsigned char	 digest[EVP_MAX_MD_SIZE];
	unsigned	 len = 0;

	if (crl == NULL || !X509_CRL_digest(crl, EVP_sha256(), digest, &len)) {
		X509_CRL_free(crl);
		return err_new(ERR_TRUST, "the revocation list cannot be read");
	}
	for (unsigned i = 0; i < len; i++)
		buf_addf(out, "%s%02X", i > 0 ? ":" : "", digest[i]);
	X509_CRL_free(crl);
	return NULL;
}
