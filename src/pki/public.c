/* pki: certificates that others sign: the requests for them, and what came of these. */
/* May know base.  What is read here came from a network: it never meets a CA's private key. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pki/public.h"

#include "base/err.h"
#include "pki/jws.h"
#include "pki/pem.h"
#include "pki/request.h"

#include <ctype.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHAIN_MAX	10

struct err *
public_request(struct buf *out, const struct strs *names, const struct buf *key_pem)
{
	struct buf	 pem = { 0 };
	struct err	*e = csr_make(&pem, key_pem, names, NULL);
	const char	*at = strchr(buf_text(&pem), '\n');

	/* PEM is base64 in lines (RFC 7468, 3), up to the "-----END" or the padding before it. */
	for (; e == NULL && at != NULL && *at != '\0' && *at != '=' && *at != '-'; at++) {
		if (*at != '\n')
			buf_addc(out, *at == '+' ? '-' : *at == '/' ? '_' : *at);
	}
	buf_fini(&pem);
	return e;
}

static void
add_names(struct strs *out, const X509 *cert)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		int			 type;
		const ASN1_STRING	*value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
		char			*text;

		if (type != GEN_DNS || memchr(ASN1_STRING_get0_data(value), '\0', (size_t)ASN1_STRING_length(value)) != NULL)
			continue;
		text = xstrndup((const char *)ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
		for (char *p = text; *p != '\0'; p++)
			*p = (char)tolower((unsigned char)*p);
		strs_add(out, text);
		free(text);
	}
	GENERAL_NAMES_free(names);
	strs_sort(out);
}

/* base64url of the authority key identifier, ".", base64url of the serial's octets in DER. */
static char *
make_ari_id(X509 *cert)
{
	const ASN1_OCTET_STRING	*authority = X509_get0_authority_key_id(cert);
	const ASN1_INTEGER	*serial = X509_get0_serialNumber(cert);
	unsigned char		*der = NULL;
	struct buf		 id = { 0 };
	int			 len = i2d_ASN1_INTEGER((ASN1_INTEGER *)serial, &der);

	/* A tag, one byte of length: RFC 5280, 4.1.2.2 allows 20 octets. */
	if (authority == NULL || len < 3 || len > 2 + 127) {
		OPENSSL_free(der);
		return NULL;
	}
	jws_base64(ASN1_STRING_get0_data(authority), (size_t)ASN1_STRING_length(authority), &id);
	buf_addc(&id, '.');
	jws_base64(der + 2, (size_t)len - 2, &id);
	OPENSSL_free(der);
	return buf_take(&id);
}

static int64_t
seconds(const ASN1_TIME *time)
{
	struct tm tm;

	return ASN1_TIME_to_tm(time, &tm) ? (int64_t)timegm(&tm) : 0;
}

struct err *
public_read(struct public_cert *out, const struct buf *pem)
{
	X509		*cert = pem_cert(pem);
	unsigned char	*der = NULL;
	int		 len;

	*out = (struct public_cert){ 0 };
	if (cert == NULL)
		return err_new(ERR_TRUST, "the certificate cannot be read");
	add_names(&out->names, cert);
	out->not_before = seconds(X509_get0_notBefore(cert));
	out->not_after = seconds(X509_get0_notAfter(cert));
	out->ari_id = make_ari_id(cert);
	if ((len = i2d_X509(cert, &der)) > 0)
		jws_base64(der, (size_t)len, &out->der);
	OPENSSL_free(der);
	X509_free(cert);
	ERR_clear_error();
	return NULL;
}

void
public_fini(struct public_cert *cert)
{
	strs_fini(&cert->names);
	free(cert->ari_id);
	buf_fini(&cert->der);
	*cert = (struct public_cert){ 0 };
}

bool
public_covers(const struct public_cert *cert, const char *name)
{
	const char	*parent = strchr(name, '.');
	char		*wildcard = parent == NULL ? NULL : xasprintf("*%s", parent);
	bool		 covers = strs_has(&cert->names, name) ||
			    (wildcard != NULL && strs_has(&cert->names, wildcard));

	free(wildcard);
	return covers;
}

/* What is encrypted is no certificate to us: never ask on the terminal. */
static int
no_passphrase(char *buf, int size, int writing, void *context)
{
	(void)buf, (void)size, (void)writing, (void)context;
	return -1;
}

static STACK_OF(X509) *
read_chain(const struct buf *pem)
{
	BIO		*bio = pem->len > 0 && pem->len <= INT_MAX ? BIO_new_mem_buf(pem->data, (int)pem->len) : NULL;
	STACK_OF(X509)	*chain = sk_X509_new_null();
	X509		*cert;

	while (bio != NULL && sk_X509_num(chain) <= CHAIN_MAX &&
	    (cert = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) != NULL) {
		if (!sk_X509_push(chain, cert))
			abort();	/* out of memory */
	}
	BIO_free(bio);
	ERR_clear_error();
	return chain;
}

/* RFC 8555, 9.1: each certifies the one before it.  The last one's own issuer is for those who verify it. */
static bool
linked(STACK_OF(X509) *chain)
{
	bool good = true;

	for (int i = 0; good && i + 1 < sk_X509_num(chain); i++) {
		X509		*cert = sk_X509_value(chain, i), *issuer = sk_X509_value(chain, i + 1);
		EVP_PKEY	*key = X509_get0_pubkey(issuer);

		good = key != NULL && X509_check_issued(issuer, cert) == X509_V_OK && X509_verify(cert, key) == 1;
	}
	ERR_clear_error();
	return good;
}

/* RFC 8555, 9.1: a chain has nothing else in it, no private key above all. */
static bool
only_certificates(const struct buf *pem)
{
	static const char begin[] = "-----BEGIN ";

	for (const char *at = buf_text(pem); (at = strstr(at, begin)) != NULL; at += sizeof(begin) - 1) {
		if (!str_starts(at + sizeof(begin) - 1, "CERTIFICATE-----"))
			return false;
	}
	return strlen(buf_text(pem)) == pem->len;
}

bool
public_matches(const struct buf *pem, const struct buf *key_pem)
{
	X509		*cert = pem_cert(pem);
	EVP_PKEY	*key = pem_key(key_pem);
	bool		 same = cert != NULL && key != NULL && X509_check_private_key(cert, key) == 1;

	ERR_clear_error();
	X509_free(cert);
	EVP_PKEY_free(key);
	return same;
}

struct err *
public_check(const struct buf *chain_pem, const struct strs *names, const struct buf *key_pem, int64_t now)
{
	struct public_cert	 cert;
	STACK_OF(X509)		*chain = read_chain(chain_pem);
	struct err		*e = public_read(&cert, chain_pem);

	if (e == NULL && (!only_certificates(chain_pem) || sk_X509_num(chain) > CHAIN_MAX))
		e = err_new(ERR_TRUST, "it is not a chain of %d certificates at most", CHAIN_MAX);
	else if (e == NULL && !linked(chain))
		e = err_new(ERR_TRUST, "its certificates do not sign each other");
	else if (e == NULL && !public_matches(chain_pem, key_pem))
		e = err_new(ERR_TRUST, "it is not for our key");
	else if (e == NULL && cert.not_after <= now)
		e = err_new(ERR_TRUST, "it has expired already");
	for (size_t i = 0; e == NULL && i < names->count; i++) {
		if (!strs_has(&cert.names, names->items[i]))
			e = err_new(ERR_TRUST, "it is not for %s", names->items[i]);
	}
	sk_X509_pop_free(chain, X509_free);
	public_fini(&cert);
	return e;
}
