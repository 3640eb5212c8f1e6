/* pki: keys and certificates to and from PEM. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pki/pem.h"

#include "base/buf.h"
#include "base/err.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <time.h>

struct err *
pem_error(int code, const char *what)
{
	unsigned long	 last = ERR_peek_last_error();
	const char	*reason = last != 0 ? ERR_reason_error_string(last) : NULL;

	ERR_clear_error();
	return err_new((enum err_code)code, "cannot %s: %s", what, reason != NULL ? reason : "OpenSSL gives no reason");
}

/* An encrypted key is no key to us: never ask on the terminal. */
static int
no_passphrase(char *buf, int size, int writing, void *context)
{
	(void)buf, (void)size, (void)writing, (void)context;
	return -1;
}

/* A reader of the buffer's own memory: nothing is copied. */
static BIO *
reader(const struct buf *pem)
{
	return pem->len > 0 && pem->len <= INT_MAX ? BIO_new_mem_buf(pem->data, (int)pem->len) : NULL;
}

X509 *
pem_cert(const struct buf *pem)
{
	BIO	*bio = reader(pem);
	X509	*cert = bio != NULL ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;

	BIO_free(bio);
	ERR_clear_error();
	return cert;
}

EVP_PKEY *
pem_key(const struct buf *pem)
{
	BIO		*bio = reader(pem);
	EVP_PKEY	*key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;

	BIO_free(bio);
	ERR_clear_error();
	return key;
}

int64_t
pem_ends_at(const X509 *cert)
{
	struct tm tm;

	return ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) ? (int64_t)timegm(&tm) : 0;
}

static void
add_all(struct buf *out, BIO *bio)
{
	char	*data;
	long	 len = BIO_get_mem_data(bio, &data);

	if (len > 0)
		buf_add(out, data, (size_t)len);
}

struct err *
pem_add_cert(struct buf *out, X509 *cert)
{
	BIO		*bio = BIO_new(BIO_s_mem());
	struct err	*e = NULL;

	if (bio != NULL && PEM_write_bio_X509(bio, cert))
		add_all(out, bio);
	else
		e = pem_error(ERR_FAILED, "write a certificate");
	BIO_free(bio);
	return e;
}

struct err *
pem_add_key(struct buf *out, EVP_PKEY *key)
{
	BIO		*bio = BIO_new(BIO_s_secmem());	/* cleansed when freed */
	struct err	*e = NULL;

	if (bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL))
		add_all(out, bio);
	else
		e = pem_error(ERR_FAILED, "write a private key");
	BIO_free(bio);
	return e;
}
