/* pki: what is handed to others: signing requests and PKCS #12 files. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pki/request.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/strs.h"
#include "pki/ca.h"
#include "pki/extension.h"
#include "pki/pem.h"

#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <string.h>

#define KEY_ROUNDS	600000	/* of PBKDF2 with HMAC-SHA-256, which a person's password needs */
#define MAC_ROUNDS	100000

NODISCARD
static struct err *
check_names(const struct strs *names, const char **common)
{
	*common = NULL;
	for (size_t i = 0; i < names->count; i++) {
		if (!cert_wildcard_valid(names->items[i]))
			return err_hint(err_new(ERR_CONFIG, "\"%s\" is no domain name that a certificate can have",
			    names->items[i]), "use letters, digits and hyphens between the dots");
		if (*common == NULL && strlen(names->items[i]) <= NAME_MAX_LEN)
			*common = names->items[i];
	}
	if (*common == NULL)
		return err_new(ERR_CONFIG, "a certificate needs a name of at most %d characters", NAME_MAX_LEN);
	return NULL;
}

static bool
add_names(X509_REQ *request, const struct strs *names)
{
	STACK_OF(X509_EXTENSION) *extensions = NULL;
	GENERAL_NAMES	*alternative = part_names(names, NULL);
	bool		 done;

	done = alternative != NULL && X509V3_add1_i2d(&extensions, NID_subject_alt_name, alternative, false, 0) == 1 &&
	    X509_REQ_add_extensions(request, extensions) == 1;
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	GENERAL_NAMES_free(alternative);
	return done;
}

struct err *
csr_make(struct buf *csr_pem, const struct buf *key_pem, const struct strs *dns_names, const char *organization)
{
	EVP_PKEY	*key = NULL;
	X509_REQ	*request = NULL;
	X509_NAME	*subject;
	const char	*common;
	struct err	*e;

	if ((e = check_names(dns_names, &common)) != NULL)
		return e;
	if ((key = pem_key(key_pem)) == NULL)
		return err_new(ERR_TRUST, "the private key cannot be read");
	if ((request = X509_REQ_new()) != NULL && (subject = X509_REQ_get_subject_name(request)) != NULL &&
	    X509_REQ_set_version(request, X509_REQ_VERSION_1) && X509_REQ_set_pubkey(request, key) &&
	    (organization == NULL || part_subject(subject, "O", organization)) &&
	    part_subject(subject, "CN", common) && add_names(request, dns_names) &&
	    X509_REQ_sign(request, key, EVP_sha256()) > 0)
		e = pem_add_request(csr_pem, request);
	else
		e = pem_error(ERR_FAILED, "make a signing request");
	X509_REQ_free(request);
	EVP_PKEY_free(key);
	return e;
}

struct err *
pkcs12_make(struct buf *out, const char *name, const struct buf *key_pem, const struct buf *cert_pem,
    const struct buf *cas_pem, const struct buf *password)
{
	EVP_PKEY	*key = pem_key(key_pem);
	X509		*cert = pem_cert(cert_pem);
	STACK_OF(X509)	*cas = pem_certs(cas_pem);
	PKCS12		*bundle = NULL;
	unsigned char	*der = NULL;
	int		 len = 0;
	struct err	*e = NULL;

	if (key != NULL && cert != NULL)
		bundle = PKCS12_create(buf_text(password), name, key, cert, cas, NID_aes_256_cbc, NID_aes_256_cbc,
		    KEY_ROUNDS, MAC_ROUNDS, 0);
	if (bundle != NULL && (len = i2d_PKCS12(bundle, &der)) > 0)
		buf_add(out, der, (size_t)len);
	else
		e = pem_error(ERR_FAILED, "make a PKCS #12 file");
	if (len > 0)
		OPENSSL_clear_free(der, (size_t)len);
	PKCS12_free(bundle);
	sk_X509_pop_free(cas, X509_free);
	X509_free(cert);
	EVP_PKEY_free(key);
	return e;
}

struct err *
password_make(struct buf *out)
{
	static const char	letters[] = "abcdefghijkmnpqrstuvwxyz23456789";	/* 32, none that look alike */
	unsigned char		bytes[20];

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return pem_error(ERR_FAILED, "make a password");
	for (size_t i = 0; i < sizeof(bytes); i++) {
		if (i > 0 && i % 5 == 0)
			buf_addc(out, '-');
		buf_addc(out, letters[bytes[i] % 32]);
	}
	mem_cleanse(bytes, sizeof(bytes));
	return NULL;
}
