/* pki: what a certificate says, and whether it still says what it should. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pki/ca.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/strs.h"
#include "pki/extension.h"
#include "pki/pem.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <openssl/bn.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

/* Names compare without case (RFC 4343). */
static void
add_lower(struct strs *list, const char *text, size_t len)
{
	char *copy = xstrndup(text, len);

	for (char *p = copy; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	if (!strs_has(list, copy))
		strs_add(list, copy);
	free(copy);
}

/* Addresses compare as they are printed, so that "::1" is "0:0::1". */
static void
add_address(struct strs *list, const unsigned char *bytes, size_t len)
{
	char text[INET6_ADDRSTRLEN];

	if ((len == 4 && inet_ntop(AF_INET, bytes, text, sizeof(text)) != NULL) ||
	    (len == 16 && inet_ntop(AF_INET6, bytes, text, sizeof(text)) != NULL))
		strs_add(list, text);
}

/* The subject alternative names, in one list: a name never looks like an address. */
static void
add_cert_names(struct strs *list, X509 *cert)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		int			 type;
		const ASN1_STRING	*value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
		const unsigned char	*data;
		size_t			 len;

		if (type != GEN_DNS && type != GEN_IPADD)
			continue;
		data = ASN1_STRING_get0_data(value);
		len = (size_t)ASN1_STRING_length(value);
		if (type == GEN_DNS)
			add_lower(list, (const char *)data, len);
		else
			add_address(list, data, len);
	}
	GENERAL_NAMES_free(names);
}

static void
add_request_names(struct strs *list, const struct cert_request *request)
{
	unsigned char bytes[16];

	for (size_t i = 0; i < request->dns_names->count; i++)
		add_lower(list, request->dns_names->items[i], strlen(request->dns_names->items[i]));
	for (size_t i = 0; i < request->addresses->count; i++)
		add_address(list, bytes, (size_t)part_address(request->addresses->items[i], bytes));
}

static char *
stale_names(X509 *cert, const struct cert_request *request)
{
	struct strs	 has = { 0 }, wants = { 0 };
	const char	*missing, *extra;
	char		*reason = NULL;

	add_cert_names(&has, cert);
	add_request_names(&wants, request);
	if ((missing = strs_missing(&wants, &has)) != NULL)
		reason = xasprintf("lacks %s", missing);
	else if ((extra = strs_missing(&has, &wants)) != NULL)
		reason = xasprintf("still has %s", extra);
	strs_fini(&has);
	strs_fini(&wants);
	return reason;
}

static bool
right_usage(X509 *cert, const struct cert_request *request)
{
	uint32_t usage = X509_get_extended_key_usage(cert);	/* all bits set when there is none */

	if (!request->server && !request->client)
		return usage == UINT32_MAX;
	return usage == ((request->server ? XKU_SSL_SERVER : 0u) | (request->client ? XKU_SSL_CLIENT : 0u));
}

static char *
stale_key(X509 *cert, const struct cert_request *request)
{
	enum key_type type;

	if (key_type_of(X509_get0_pubkey(cert), &type) && type == request->key_type)
		return NULL;
	return xasprintf("has a key that is not %s", key_type_name(request->key_type));
}

/* The common name; "" when there is none.  The caller's, free(). */
static char *
subject_of(const X509 *cert)
{
	X509_NAME	*name = X509_get_subject_name(cert);
	int		 at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	unsigned char	*utf8 = NULL;
	int		 len = at >= 0 ? ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at))) : 0;
	char		*text = xstrndup(len > 0 ? (const char *)utf8 : "", len > 0 ? (size_t)len : 0);

	OPENSSL_free(utf8);
	return text;
}

static char *
stale_subject(X509 *cert, const struct cert_request *request)
{
	char	*has = subject_of(cert), *reason = NULL;

	if (request->common_name != NULL && strcmp(has, request->common_name) != 0)
		reason = xasprintf("is of %s", has);
	free(has);
	return reason;
}

static bool
signed_by(X509 *cert, X509 *ca)
{
	EVP_PKEY	*key = X509_get0_pubkey(ca);
	bool		 good = key != NULL && X509_check_issued(ca, cert) == X509_V_OK && X509_verify(cert, key) == 1;

	ERR_clear_error();
	return good;
}

static char *
stale_dates(X509 *cert, unsigned renew_days, int64_t now)
{
	int64_t	left = pem_ends_at(cert) - now;
	int	days = (int)(left / DAY);

	if (left <= 0)
		return xstrdup("has expired");
	if (left < renew_days * DAY)
		return xasprintf("expires in %d day%s", days, days == 1 ? "" : "s");
	return NULL;
}

char *
cert_stale(const struct buf *cert_pem, const struct buf *key_pem, const struct cert_request *request,
    const struct buf *ca_cert_pem, unsigned renew_days, int64_t now)
{
	X509		*cert = pem_cert(cert_pem), *ca = pem_cert(ca_cert_pem);
	EVP_PKEY	*key = key_pem != NULL ? pem_key(key_pem) : NULL;
	char		*reason;

	if (cert == NULL)
		reason = xstrdup("cannot be read");
	else if (key_pem != NULL && key == NULL)
		reason = xstrdup("has a private key that cannot be read");
	else if (key_pem != NULL && X509_check_private_key(cert, key) != 1)
		reason = xstrdup("does not belong to its private key");
	else if (ca == NULL || !signed_by(cert, ca))
		reason = xstrdup("is not signed by the CA");
	else if ((reason = stale_subject(cert, request)) == NULL && (reason = stale_names(cert, request)) == NULL &&
	    !right_usage(cert, request))
		reason = xstrdup("is for another use");
	else if (reason == NULL && (reason = stale_key(cert, request)) == NULL)
		reason = stale_dates(cert, renew_days, now);
	ERR_clear_error();
	X509_free(cert);
	X509_free(ca);
	EVP_PKEY_free(key);
	return reason;
}

NODISCARD
static struct err *
add_fingerprint(struct buf *out, const X509 *cert)
{
	unsigned char	digest[EVP_MAX_MD_SIZE];
	unsigned	len = 0;

	if (!X509_digest(cert, EVP_sha256(), digest, &len))
		return pem_error(ERR_FAILED, "make a fingerprint");
	for (unsigned i = 0; i < len; i++)
		buf_addf(out, "%s%02X", i > 0 ? ":" : "", digest[i]);
	return NULL;
}

NODISCARD
static struct err *
add_text(struct buf *out, X509 *cert)
{
	BIO		*bio = BIO_new(BIO_s_mem());
	struct err	*e = NULL;
	char		*data;
	long		 len;

	if (bio != NULL && X509_print_ex(bio, cert, XN_FLAG_ONELINE, X509_FLAG_NO_SIGDUMP | X509_FLAG_NO_PUBKEY) &&
	    (len = BIO_get_mem_data(bio, &data)) > 0)
		buf_add(out, data, (size_t)len);
	else
		e = pem_error(ERR_FAILED, "print a certificate");
	BIO_free(bio);
	return e;
}

struct err *
cert_describe(const struct buf *cert_pem, int64_t *not_after, struct buf *fingerprint, struct buf *text)
{
	X509		*cert = pem_cert(cert_pem);
	struct err	*e = NULL;

	if (cert == NULL)
		return err_new(ERR_TRUST, "the certificate cannot be read");
	if (not_after != NULL)
		*not_after = pem_ends_at(cert);
	if (fingerprint != NULL)
		e = add_fingerprint(fingerprint, cert);
	if (e == NULL && text != NULL)
		e = add_text(text, cert);
	X509_free(cert);
	return e;
}

bool
cert_is_of(const struct buf *cert_pem, const struct buf *ca_cert_pem)
{
	X509	*cert = pem_cert(cert_pem), *ca = pem_cert(ca_cert_pem);
	bool	 is = cert != NULL && ca != NULL && signed_by(cert, ca);

	X509_free(cert);
	X509_free(ca);
	return is;
}

/* The type of its key as people know it; the caller's, free(). */
static char *
key_words(const X509 *cert)
{
	const EVP_PKEY	*key = X509_get0_pubkey(cert);
	enum key_type	 type;

	if (key == NULL)
		return xstrdup("unknown");
	if (key_type_of(key, &type) && type == KEY_ECDSA_P256)
		return xstrdup("P-256");
	if (EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "EC"))
		return xasprintf("%s-%d", EVP_PKEY_get0_type_name(key), EVP_PKEY_get_bits(key));
	return xstrdup(EVP_PKEY_get0_type_name(key));
}

/* The serial number as hexadecimal digits; the caller's, free(). */
static char *
serial_words(const X509 *cert)
{
	BIGNUM	*number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
	char	*hex = number != NULL ? BN_bn2hex(number) : NULL, *copy = xstrdup(hex != NULL ? hex : "");

	OPENSSL_free(hex);
	BN_free(number);
	return copy;
}

/* X509_check_issued() would want the usage of a CA. */
static bool
signs_itself(X509 *cert)
{
	bool is = X509_NAME_cmp(X509_get_subject_name(cert), X509_get_issuer_name(cert)) == 0 &&
	    X509_verify(cert, X509_get0_pubkey(cert)) == 1;

	ERR_clear_error();
	return is;
}

struct err *
cert_info_read(struct cert_info *out, const struct buf *cert_pem)
{
	X509 *cert = pem_cert(cert_pem);

	if (cert == NULL)
		return err_new(ERR_TRUST, "the certificate cannot be read");
	*out = (struct cert_info){
		.subject = subject_of(cert),
		.serial = serial_words(cert),
		.key = key_words(cert),
		.starts = pem_time(X509_get0_notBefore(cert)),
		.ends = pem_ends_at(cert),
		.self_signed = signs_itself(cert),
	};
	X509_free(cert);
	ERR_clear_error();
	return NULL;
}

void
cert_info_fini(struct cert_info *info)
{
	free(info->subject);
	free(info->serial);
	free(info->key);
	*info = (struct cert_info){ 0 };
}
