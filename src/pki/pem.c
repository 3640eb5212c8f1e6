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

X509_CRL *
pem_crl(const struct buf *pem)
{
	BIO		*bio = reader(pem);
	X509_CRL	*crl = bio != NULL ? PEM_read_bio_X509_CRL(bio, NULL, no_passphrase, NULL) : NULL;

	BIO_free(bio);
	ERR_clear_error();
	return crl;
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

STACK_OF(X509) *
pem_certs(const struct buf *pem)
{
	BIO		*bio = reader(pem);
	STACK_OF(X509)	*certs = sk_X509_new_null();
	X509		*cert;

	while (bio != NULL && certs != NULL && (cert = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) != NULL) {
		if (sk_X509_push(certs, cert) == 0)
			X509_free(cert);
	}
	BIO_free(bio);
	ERR_clear_error();
	if (sk_X509_num(certs) > 0)
		return certs;
	sk_X509_free(certs);
	return NULL;
}

int64_t
pem_time(const ASN1_TIME *date)
{
	struct tm tm;

	return date != NULL && ASN1_TIME_to_tm(date, &tm) ? (int64_t)timegm(&tm) : 0;
}

int64_t
pem_ends_at(const X509 *cert)
{
	return pem_time(X509_get0_notAfter(cert));
}

void
pem_add_day(struct buf *out, int64_t date)
{
	time_t		 t = (time_t)date;
	struct tm	 tm;
	char		 day[sizeof("2000-01-01")];

	buf_adds(out, gmtime_r(&t, &tm) != NULL && strftime(day, sizeof(day), "%Y-%m-%d", &tm) > 0 ? day : "?");
}

void
pem_add_all(struct buf *out, BIO *bio)
{
	char	*data;
	long	 len = BIO_get_mem_data(bio, &data);

	if (len > 0)
		buf_add(out, data, (size_t)len);
}

/* Append what a BIO got, if `written`; frees it. */
NODISCARD
static struct err *
finish(struct buf *out, BIO *take_bio, bool written, const char *what)
{
	struct err *e = NULL;

	if (written)
		pem_add_all(out, take_bio);
	else
		e = pem_error(ERR_FAILED, what);
	BIO_free(take_bio);
	return e;
}

struct err *
pem_add_cert(struct buf *out, X509 *cert)
{
	BIO *bio = BIO_new(BIO_s_mem());

	return finish(out, bio, bio != NULL && PEM_write_bio_X509(bio, cert), "write a certificate");
}

struct err *
pem_add_crl(struct buf *out, X509_CRL *crl)
{
	BIO *bio = BIO_new(BIO_s_mem());

	return finish(out, bio, bio != NULL && PEM_write_bio_X509_CRL(bio, crl), "write a revocation list");
}

struct err *
pem_add_request(struct buf *out, X509_REQ *request)
{
	BIO *bio = BIO_new(BIO_s_mem());

	return finish(out, bio, bio != NULL && PEM_write_bio_X509_REQ(bio, request), "write a signing request");
}

struct err *
pem_add_key(struct buf *out, EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_secmem());	/* cleansed when freed */

	return finish(out, bio, bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL),
	    "write a private key");
}
