/* pki: the CA of SSH host keys, in OpenSSH's formats. */
/* May know ssh's host keys, base.  Reads no file and nothing that comes from a network. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pki/ssh_ca.h"

#include "base/base64.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/sshwire.h"
#include "pki/pem.h"
#include "ssh/hostkey.h"
#include "ssh/public_key.h"

#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#define DAY		((int64_t)24 * 60 * 60)
#define ED25519		"ssh-ed25519"
#define CERT_SUFFIX	"-cert-v01@openssh.com"
#define HOST		2u			/* SSH2_CERT_TYPE_HOST */
#define KEY_SIZE	32u
#define SIGNATURE_SIZE	64u
#define NAMES_MAX	64u
#define KRL_MAGIC	UINT64_C(0x5353484b524c0a00)	/* "SSHKRL\n\0" */
#define KRL_SHA256	5			/* KRL_SECTION_FINGERPRINT_SHA256 */

/* The wire form of a CA's public key. */
static bool
add_ca_blob(struct buf *blob, EVP_PKEY *key)
{
	unsigned char	 raw[KEY_SIZE];
	size_t		 len = sizeof(raw);

	if (EVP_PKEY_get_id(key) != EVP_PKEY_ED25519 || EVP_PKEY_get_raw_public_key(key, raw, &len) != 1)
		return false;
	sshwire_add_text(blob, ED25519);
	sshwire_add_string(blob, raw, len);
	return true;
}

struct err *
ssh_ca_create(struct buf *key_pem, struct buf *public_key)
{
	EVP_PKEY	*key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	struct buf	 blob = { 0 };
	struct err	*e = NULL;

	if (key == NULL || !add_ca_blob(&blob, key))
		e = pem_error(ERR_FAILED, "make a key");
	else if ((e = pem_add_key(key_pem, key)) == NULL)
		(void)public_key_line(public_key, &blob);
	buf_fini(&blob);
	EVP_PKEY_free(key);
	return e;
}

NODISCARD
static struct err *
sign(struct buf *blob, EVP_PKEY *ca)
{
	unsigned char	 signature[SIGNATURE_SIZE];
	size_t		 len = sizeof(signature);
	EVP_MD_CTX	*context = EVP_MD_CTX_new();
	struct buf	 wrapped = { 0 };
	struct err	*e = NULL;

	if (context == NULL || EVP_DigestSignInit(context, NULL, NULL, NULL, ca) != 1 ||
	    EVP_DigestSign(context, signature, &len, (const unsigned char *)blob->data, blob->len) != 1) {
		e = pem_error(ERR_FAILED, "sign");
	} else {
		sshwire_add_text(&wrapped, ED25519);
		sshwire_add_string(&wrapped, signature, len);
		sshwire_add_string(blob, wrapped.data, wrapped.len);
	}
	buf_fini(&wrapped);
	EVP_MD_CTX_free(context);
	return e;
}

/* All of a certificate before its signature; `key` is what the host key's blob has behind its type. */
NODISCARD
static struct err *
add_body(struct buf *blob, const struct ssh_cert_request *request, const struct sshwire *key, EVP_PKEY *ca, int64_t now)
{
	unsigned char	 random[KEY_SIZE + sizeof(uint64_t)];
	struct sshwire	 serial = { random + KEY_SIZE, sizeof(uint64_t) };
	struct buf	 names = { 0 }, signer = { 0 };
	uint64_t	 number = 0;

	if (RAND_bytes(random, sizeof(random)) != 1 || !add_ca_blob(&signer, ca) || !sshwire_u64(&serial, &number)) {
		buf_fini(&signer);
		return err_new(ERR_TRUST, "the SSH CA's private key is no Ed25519 key");
	}
	for (size_t i = 0; i < request->names->count; i++)
		sshwire_add_text(&names, request->names->items[i]);
	sshwire_add_string(blob, random, KEY_SIZE);
	buf_add(blob, key->data, key->len);
	sshwire_add_u64(blob, number);
	sshwire_add_u32(blob, HOST);
	sshwire_add_text(blob, request->id);
	sshwire_add_string(blob, buf_text(&names), names.len);
	sshwire_add_u64(blob, (uint64_t)(now - DAY));
	sshwire_add_u64(blob, (uint64_t)(now + request->days * DAY));
	for (int i = 0; i < 3; i++)		/* critical options, extensions, reserved: a host has none */
		sshwire_add_text(blob, "");
	sshwire_add_string(blob, signer.data, signer.len);
	buf_fini(&names);
	buf_fini(&signer);
	return NULL;
}

struct err *
ssh_cert_issue(struct buf *line, const struct ssh_cert_request *request, const struct buf *ca_key_pem, int64_t now)
{
	EVP_PKEY	*ca = pem_key(ca_key_pem);
	struct buf	 key = { 0 }, blob = { 0 };
	struct sshwire	 rest, type;
	char		*name = NULL;
	struct err	*e = NULL;

	if (ca == NULL)
		e = err_new(ERR_TRUST, "the SSH CA's private key cannot be read");
	if (e == NULL && (e = public_key_blob(&key, request->key)) == NULL) {
		rest = sshwire_of(&key);
		(void)sshwire_string(&rest, &type);		/* the parser did it before */
		name = xasprintf("%.*s" CERT_SUFFIX, (int)type.len, (const char *)type.data);
		sshwire_add_text(&blob, name);
		if ((e = add_body(&blob, request, &rest, ca, now)) == NULL && (e = sign(&blob, ca)) == NULL)
			(void)public_key_line(line, &blob);
	}
	free(name);
	buf_fini(&blob);
	buf_fini(&key);
	EVP_PKEY_free(ca);
	return e;
}

static struct err *
damaged(void)
{
	return err_new(ERR_TRUST, "this is no SSH host certificate");
}

/* The key, the caller's, of a blob that is a host key as others are. */
NODISCARD
static struct err *
key_of(char **out, const struct buf *blob)
{
	struct buf	 line = { 0 }, parsed = { 0 };
	struct err	*e;

	(void)public_key_line(&line, blob);		/* an empty line is no key */
	if ((e = hostkey_parse(&parsed, buf_text(&line))) == NULL)
		*out = buf_take(&parsed);
	buf_fini(&parsed);
	buf_fini(&line);
	return e;
}

static bool
is_text(const struct sshwire *string)
{
	return string->len > 0 && string->len <= 255 && memchr(string->data, '\0', string->len) == NULL;
}

static bool
read_names(struct strs *out, struct sshwire names)
{
	struct sshwire	 name;

	while (names.len > 0) {
		if (!sshwire_string(&names, &name) || !is_text(&name) || out->count == NAMES_MAX)
			return false;
		strs_addf(out, "%.*s", (int)name.len, (const char *)name.data);
	}
	return out->count > 0;
}

/* Whether the signature is that of an Ed25519 key over what stands before it. */
static bool
verify(const struct sshwire *signer, struct sshwire signature, const unsigned char *body, size_t len)
{
	struct sshwire	 key = *signer, type, raw;
	EVP_PKEY	*public = NULL;
	EVP_MD_CTX	*context = EVP_MD_CTX_new();
	bool		 good = false;

	if (sshwire_string(&key, &type) && sshwire_is(&type, ED25519) && sshwire_string(&key, &raw) &&
	    raw.len == KEY_SIZE && key.len == 0)
		public = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw.data, raw.len);
	if (context != NULL && public != NULL && sshwire_string(&signature, &type) && sshwire_is(&type, ED25519) &&
	    sshwire_string(&signature, &raw) && raw.len == SIGNATURE_SIZE && signature.len == 0)
		good = EVP_DigestVerifyInit(context, NULL, NULL, NULL, public) == 1 &&
		    EVP_DigestVerify(context, raw.data, raw.len, body, len) == 1;
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(public);
	return good;
}

/* The fields behind the public key, to the end. */
NODISCARD
static struct err *
read_fields(struct ssh_cert *out, struct sshwire from, const unsigned char *begin)
{
	struct sshwire	 id, names, critical, ignored, signer, signature;
	uint64_t	 starts, ends;
	uint32_t	 kind;
	size_t		 signed_len;
	struct buf	 blob = { 0 };
	struct err	*e;

	if (!sshwire_u64(&from, &out->serial) || !sshwire_u32(&from, &kind) || kind != HOST ||
	    !sshwire_string(&from, &id) || !is_text(&id) || !sshwire_string(&from, &names) ||
	    !read_names(&out->names, names) || !sshwire_u64(&from, &starts) || !sshwire_u64(&from, &ends) ||
	    starts > INT64_MAX || !sshwire_string(&from, &critical) || critical.len > 0 ||
	    !sshwire_string(&from, &ignored) || !sshwire_string(&from, &ignored) || !sshwire_string(&from, &signer))
		return damaged();
	signed_len = (size_t)(from.data - begin);
	if (!sshwire_string(&from, &signature) || from.len > 0 || !verify(&signer, signature, begin, signed_len))
		return damaged();
	out->id = xstrndup((const char *)id.data, id.len);
	out->starts = (int64_t)starts;
	out->ends = ends > INT64_MAX ? INT64_MAX : (int64_t)ends;	/* 2^64 - 1 is for ever */
	buf_add(&blob, signer.data, signer.len);
	e = key_of(&out->ca, &blob);
	buf_fini(&blob);
	return e;
}

NODISCARD
static struct err *
read_blob(struct ssh_cert *out, const struct sshwire *whole, const char *type_name)
{
	struct sshwire	 from = *whole, type, nonce, part;
	int		 parts = strcmp(type_name, ED25519) == 0 ? 1 : 2;	/* the others: curve and point, e and n */
	struct buf	 blob = { 0 };
	char		*full = xasprintf("%s" CERT_SUFFIX, type_name);
	bool		 good = sshwire_string(&from, &type) && sshwire_is(&type, full) && sshwire_string(&from, &nonce);
	struct err	*e;

	free(full);
	sshwire_add_text(&blob, type_name);
	for (int i = 0; good && i < parts; i++) {
		good = sshwire_string(&from, &part);
		if (good)
			sshwire_add_string(&blob, part.data, part.len);
	}
	e = good ? key_of(&out->key, &blob) : damaged();
	buf_fini(&blob);
	return e != NULL ? e : read_fields(out, from, whole->data);
}

struct err *
ssh_cert_read(struct ssh_cert *out, const char *line)
{
	size_t		 len = strcspn(line, " "), suffix = strlen(CERT_SUFFIX);
	const char	*data = line[len] == ' ' ? line + len + 1 : "";
	struct buf	 blob = { 0 };
	struct sshwire	 whole;
	char		*type;
	struct err	*e;

	*out = (struct ssh_cert){ 0 };
	if (len <= suffix || len > 64 || strncmp(line + len - suffix, CERT_SUFFIX, suffix) != 0 ||
	    !base64_decode(data, strcspn(data, " \r\n"), true, &blob)) {
		buf_fini(&blob);
		return damaged();
	}
	type = xstrndup(line, len - suffix);
	whole = sshwire_of(&blob);
	e = read_blob(out, &whole, type);
	if (e != NULL && err_code(e) != ERR_TRUST) {		/* what the key in it is not */
		err_free(e);
		e = damaged();
	}
	free(type);
	buf_fini(&blob);
	return e;
}

void
ssh_cert_fini(struct ssh_cert *cert)
{
	free(cert->key);
	free(cert->id);
	free(cert->ca);
	strs_fini(&cert->names);
	*cert = (struct ssh_cert){ 0 };
}

char *
ssh_cert_stale(const char *line, const struct ssh_cert_request *request, const char *ca, unsigned renew_days,
    int64_t now)
{
	struct ssh_cert	 cert;
	struct err	*e = ssh_cert_read(&cert, line);
	char		*why = NULL;

	if (e != NULL)
		why = xstrdup("cannot be read");
	else if (cert.key == NULL || strcmp(cert.key, request->key) != 0)
		why = xstrdup("is of another key");
	else if (strcmp(cert.ca, ca) != 0)
		why = xstrdup("is from another CA");
	else if (cert.names.count != request->names->count || strs_missing(&cert.names, request->names) != NULL ||
	    strcmp(cert.id, request->id) != 0)
		why = xstrdup("has other names");
	else if (cert.ends <= now)
		why = xstrdup("has expired");
	else if (cert.ends - now < renew_days * DAY)
		why = xasprintf("expires in %d days", (int)((cert.ends - now) / DAY));
	err_free(e);
	ssh_cert_fini(&cert);
	return why;
}

struct err *
ssh_krl_make(struct buf *krl, const struct strs *keys, int64_t now)
{
	unsigned char	 digest[SHA256_DIGEST_LENGTH];
	struct buf	 section = { 0 };
	struct err	*e = NULL;

	for (size_t i = 0; e == NULL && i < keys->count; i++) {
		struct buf blob = { 0 };

		if ((e = public_key_blob(&blob, keys->items[i])) == NULL) {
			SHA256((const unsigned char *)blob.data, blob.len, digest);
			sshwire_add_string(&section, digest, sizeof(digest));
		}
		buf_fini(&blob);
	}
	if (e == NULL) {
		sshwire_add_u64(krl, KRL_MAGIC);
		sshwire_add_u32(krl, 1);			/* of the format */
		sshwire_add_u64(krl, keys->count);		/* of this list: it only grows */
		sshwire_add_u64(krl, (uint64_t)now);
		sshwire_add_u64(krl, 0);			/* flags */
		sshwire_add_text(krl, "");			/* reserved */
		sshwire_add_text(krl, "leap");
		buf_addc(krl, KRL_SHA256);
		sshwire_add_string(krl, buf_text(&section), section.len);
	}
	buf_fini(&section);
	return e;
}
