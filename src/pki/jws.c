/* pki: JSON Web Signatures with ECDSA P-256 and SHA-256, as ACME wants them. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pki/jws.h"

#include "base/base64.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "pki/pem.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/hmac.h>
#include <string.h>

#define NUMBER_LEN	32	/* of a coordinate, and of r and s: RFC 7518, 3.4 and 6.2.1.2 */
#define DIGEST_LEN	32
#define MAC_KEY_MIN	16	/* bytes: nobody hands out less */

void
jws_base64(const void *data, size_t len, struct buf *out)
{
	size_t start = out->len;

	base64_encode(data, len, false, out);
	for (size_t i = start; i < out->len; i++) {
		if (out->data[i] == '+')
			out->data[i] = '-';
		else if (out->data[i] == '/')
			out->data[i] = '_';
	}
}

struct err *
jws_digest(struct buf *out, const char *text)
{
	unsigned char digest[DIGEST_LEN];

	if (EVP_Digest(text, strlen(text), digest, NULL, EVP_sha256(), NULL) != 1)
		return pem_error(ERR_FAILED, "make a digest");
	jws_base64(digest, sizeof(digest), out);
	return NULL;
}

struct err *
jws_key_create(struct buf *key_pem)
{
	EVP_PKEY	*key = EVP_EC_gen("P-256");
	struct err	*e;

	if (key == NULL)
		return pem_error(ERR_FAILED, "make a key");
	e = pem_add_key(key_pem, key);
	EVP_PKEY_free(key);
	return e;
}

NODISCARD
static struct err *
open_key(EVP_PKEY **out, const struct buf *key_pem)
{
	char	group[32] = "";
	size_t	len = 0;

	*out = pem_key(key_pem);
	if (*out != NULL && EVP_PKEY_get_base_id(*out) == EVP_PKEY_EC &&
	    EVP_PKEY_get_group_name(*out, group, sizeof(group), &len) == 1 && strcmp(group, "prime256v1") == 0)
		return NULL;
	EVP_PKEY_free(*out);
	*out = NULL;
	return err_new(ERR_TRUST, "not a private key of ECDSA P-256");
}

static bool
add_coordinate(json_t *object, const char *name, const EVP_PKEY *key, const char *parameter)
{
	unsigned char	 bytes[NUMBER_LEN];
	struct buf	 text = { 0 };
	BIGNUM		*number = NULL;
	bool		 done = EVP_PKEY_get_bn_param(key, parameter, &number) == 1 &&
			    BN_bn2binpad(number, bytes, NUMBER_LEN) == NUMBER_LEN;

	if (done) {
		jws_base64(bytes, sizeof(bytes), &text);
		json_object_set_new(object, name, json_string(buf_text(&text)));
	}
	BN_free(number);
	buf_fini(&text);
	return done;
}

struct err *
jws_public(json_t **out, const struct buf *key_pem)
{
	EVP_PKEY	*key;
	struct err	*e = open_key(&key, key_pem);

	if (e != NULL)
		return e;
	*out = json_pack("{s:s, s:s}", "kty", "EC", "crv", "P-256");
	if (!add_coordinate(*out, "x", key, OSSL_PKEY_PARAM_EC_PUB_X) ||
	    !add_coordinate(*out, "y", key, OSSL_PKEY_PARAM_EC_PUB_Y)) {
		e = pem_error(ERR_FAILED, "read a public key");
		json_decref(*out);
		*out = NULL;
	}
	EVP_PKEY_free(key);
	return e;
}

/* The key as canonical JSON is just what RFC 7638, 3 wants: the required members, sorted, no white space. */
struct err *
jws_thumbprint(struct buf *out, const struct buf *key_pem)
{
	struct buf	 text = { 0 };
	json_t		*public = NULL;
	struct err	*e = jws_public(&public, key_pem);

	if (e != NULL)
		return e;
	json_canonical(public, &text);
	e = jws_digest(out, buf_text(&text));
	buf_fini(&text);
	json_decref(public);
	return e;
}

/* ECDSA gives r and s in DER, a JWS has them side by side. */
static bool
flatten(const unsigned char *der, size_t len, unsigned char out[2 * NUMBER_LEN])
{
	ECDSA_SIG	*pair = d2i_ECDSA_SIG(NULL, &der, (long)len);
	bool		 done = pair != NULL &&
			    BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, NUMBER_LEN) == NUMBER_LEN &&
			    BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + NUMBER_LEN, NUMBER_LEN) == NUMBER_LEN;

	ECDSA_SIG_free(pair);
	return done;
}

NODISCARD
static struct err *
sign_text(unsigned char out[2 * NUMBER_LEN], const struct buf *text, const struct buf *key_pem)
{
	unsigned char	 der[128];
	size_t		 len = sizeof(der);
	EVP_PKEY	*key;
	EVP_MD_CTX	*md = NULL;
	struct err	*e = open_key(&key, key_pem);

	if (e != NULL)
		return e;
	md = EVP_MD_CTX_new();
	if (md == NULL || EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key) != 1 ||
	    EVP_DigestSign(md, der, &len, (const unsigned char *)text->data, text->len) != 1 ||
	    !flatten(der, len, out))
		e = pem_error(ERR_FAILED, "sign a request");
	EVP_MD_CTX_free(md);
	EVP_PKEY_free(key);
	return e;
}

/* The two parts that are signed, base64url, each the text of a JSON value. */
struct parts {
	struct buf	header, payload;
};

static void
parts_init(struct parts *parts, json_t *header, const char *algorithm, const json_t *payload)
{
	struct buf text = { 0 };

	json_object_set_new(header, "alg", json_string(algorithm));
	json_canonical(header, &text);
	jws_base64(text.data, text.len, &parts->header);
	buf_clear(&text);
	if (payload != NULL) {
		json_canonical(payload, &text);
		jws_base64(text.data, text.len, &parts->payload);
	}
	buf_fini(&text);
}

static void
parts_fini(struct parts *parts)
{
	buf_fini(&parts->header);
	buf_fini(&parts->payload);
}

/* What is signed: RFC 7515, 5.1. */
static void
parts_join(const struct parts *parts, struct buf *out)
{
	buf_addf(out, "%s.%s", buf_text(&parts->header), buf_text(&parts->payload));
}

static json_t *
parts_sealed(const struct parts *parts, const void *signature, size_t len)
{
	struct buf	 text = { 0 };
	json_t		*object;

	jws_base64(signature, len, &text);
	object = json_pack("{s:s, s:s, s:s}", "protected", buf_text(&parts->header), "payload",
	    buf_text(&parts->payload), "signature", buf_text(&text));
	buf_fini(&text);
	return object;
}

struct err *
jws_sign(struct buf *out, json_t *header, const json_t *payload, const struct buf *key_pem)
{
	unsigned char	 signature[2 * NUMBER_LEN];
	struct parts	 parts = { 0 };
	struct buf	 text = { 0 };
	json_t		*object;
	struct err	*e;

	parts_init(&parts, header, "ES256", payload);
	parts_join(&parts, &text);
	if ((e = sign_text(signature, &text, key_pem)) == NULL) {
		object = parts_sealed(&parts, signature, sizeof(signature));
		json_canonical(object, out);
		json_decref(object);
	}
	buf_fini(&text);
	parts_fini(&parts);
	return e;
}

/* CAs hand them out as base64url, with padding or without. */
NODISCARD
static struct err *
decode_key(struct buf *out, const struct buf *text)
{
	struct buf	 plain = { .secret = true };
	bool		 good;

	buf_add(&plain, text->data, text->len);
	while (plain.len > 0 && (plain.data[plain.len - 1] == '=' || plain.data[plain.len - 1] == '\n'))
		plain.data[--plain.len] = '\0';
	for (size_t i = 0; i < plain.len; i++) {
		if (plain.data[i] == '-')
			plain.data[i] = '+';
		else if (plain.data[i] == '_')
			plain.data[i] = '/';
	}
	good = plain.len > 0 && base64_decode(plain.data, plain.len, false, out) && out->len >= MAC_KEY_MIN;
	buf_fini(&plain);
	return good ? NULL : err_hint(err_new(ERR_USAGE, "that is no key for an account's external binding"),
	    "it is base64url, letters, digits, \"-\" and \"_\", as the CA shows it beside the key's name");
}

struct err *
jws_mac(json_t **out, json_t *header, const json_t *payload, const struct buf *mac_key)
{
	unsigned char	 mac[DIGEST_LEN];
	struct parts	 parts = { 0 };
	struct buf	 text = { 0 }, key = { .secret = true };
	struct err	*e = decode_key(&key, mac_key);

	if (e != NULL)
		goto out;
	parts_init(&parts, header, "HS256", payload);
	parts_join(&parts, &text);
	if (HMAC(EVP_sha256(), key.data, (int)key.len, (unsigned char *)text.data, text.len, mac, NULL) == NULL)
		e = pem_error(ERR_FAILED, "sign an external binding");
	else
		*out = parts_sealed(&parts, mac, sizeof(mac));
out:
	buf_fini(&key);
	buf_fini(&text);
	parts_fini(&parts);
	return e;
}
