/* pki: the keys of services that have no certificates: mail signatures, onion services, WireGuard. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pki/service_key.h"

#include "base/base64.h"
#include "base/buf.h"
#include "base/err.h"
#include "pki/pem.h"

#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <string.h>

#define KEY_LEN		32	/* of X25519 and Ed25519 */
#define DKIM_RSA_BITS	2048
#define TXT_MAX		255u	/* bytes of a character-string: RFC 1035, 3.3 */
#define ONION_VERSION	3

void
txt_record(struct buf *out, const char *text)
{
	size_t len = strlen(text), n;

	for (size_t at = 0; at == 0 || at < len; at += n) {
		n = len - at < TXT_MAX ? len - at : TXT_MAX;
		buf_addf(out, "%s\"", at > 0 ? " " : "");
		for (size_t i = at; i < at + n; i++)
			buf_addf(out, text[i] == '"' || text[i] == '\\' ? "\\%c" : "%c", text[i]);
		buf_addc(out, '"');
		if (len == 0)
			return;
	}
}

/* The record of a public key of `type`, the bytes of which RFC 6376, 3.6.1, or RFC 8463, 4, asks for. */
static void
add_dkim(struct buf *record, const char *type, const void *public_key, size_t len)
{
	struct buf text = { 0 };

	buf_addf(&text, "v=DKIM1; k=%s; p=", type);
	base64_encode(public_key, len, true, &text);
	txt_record(record, buf_text(&text));
	buf_fini(&text);
}

/* The SubjectPublicKeyInfo, which all that read DKIM's RSA keys take. */
struct err *
dkim_rsa_create(struct buf *key, struct buf *record)
{
	EVP_PKEY	*pair = EVP_RSA_gen(DKIM_RSA_BITS);
	unsigned char	*der = NULL;
	int		 len = pair != NULL ? i2d_PUBKEY(pair, &der) : -1;
	struct err	*e;

	if (len <= 0)
		e = pem_error(ERR_FAILED, "make a key");
	else if ((e = pem_add_key(key, pair)) == NULL)
		add_dkim(record, "rsa", der, (size_t)len);
	OPENSSL_free(der);
	EVP_PKEY_free(pair);
	return e;
}

/* The raw public half of a key. */
static bool
raw_public(const EVP_PKEY *pair, unsigned char out[KEY_LEN])
{
	size_t len = KEY_LEN;

	return pair != NULL && EVP_PKEY_get_raw_public_key(pair, out, &len) == 1 && len == KEY_LEN;
}

struct err *
dkim_ed25519_create(struct buf *key, struct buf *record)
{
	EVP_PKEY	*pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	unsigned char	 public_key[KEY_LEN];
	struct err	*e;

	if (!raw_public(pair, public_key))
		e = pem_error(ERR_FAILED, "make a key");
	else if ((e = pem_add_key(key, pair)) == NULL)
		add_dkim(record, "ed25519", public_key, sizeof(public_key));
	EVP_PKEY_free(pair);
	return e;
}

/* Base32 in lower case, without padding, of a multiple of five bytes (RFC 4648, 6). */
static void
add_base32(struct buf *out, const unsigned char *data, size_t len)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";

	for (size_t i = 0; i < len; i += 5) {
		uint64_t bits = 0;

		for (size_t j = 0; j < 5; j++)
			bits = bits << 8 | data[i + j];
		for (int shift = 35; shift >= 0; shift -= 5)
			buf_addc(out, letters[bits >> shift & 31]);
	}
}

/* rend-spec-v3, 6: base32(PUBKEY | CHECKSUM | VERSION), CHECKSUM = SHA3-256(".onion checksum" | PUBKEY | VERSION)[:2]. */
static bool
add_onion(struct buf *address, const unsigned char public_key[KEY_LEN])
{
	static const char	prefix[] = ".onion checksum";
	unsigned char		text[sizeof(prefix) - 1 + KEY_LEN + 1], digest[EVP_MAX_MD_SIZE], all[KEY_LEN + 3];

	memcpy(text, prefix, sizeof(prefix) - 1);
	memcpy(text + sizeof(prefix) - 1, public_key, KEY_LEN);
	text[sizeof(text) - 1] = ONION_VERSION;
	if (EVP_Digest(text, sizeof(text), digest, NULL, EVP_sha3_256(), NULL) != 1)
		return false;
	memcpy(all, public_key, KEY_LEN);
	memcpy(all + KEY_LEN, digest, 2);
	all[KEY_LEN + 2] = ONION_VERSION;
	add_base32(address, all, sizeof(all));
	buf_adds(address, ".onion");
	return true;
}

/* Tor keeps the key expanded (RFC 8032, 5.1.5, steps 1 and 2), behind a header of 32 bytes. */
struct err *
onion_from_seed(struct buf *key, struct buf *address, const unsigned char seed[32])
{
	static const char	 header[32] = "== ed25519v1-secret: type0 ==";
	EVP_PKEY		*pair = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, KEY_LEN);
	unsigned char		 public_key[KEY_LEN], expanded[64];
	struct err		*e = NULL;

	if (raw_public(pair, public_key) && EVP_Digest(seed, KEY_LEN, expanded, NULL, EVP_sha512(), NULL) == 1 &&
	    add_onion(address, public_key)) {
		expanded[0] &= 248;
		expanded[31] = (unsigned char)((expanded[31] & 127) | 64);
		buf_add(key, header, sizeof(header));
		buf_add(key, expanded, sizeof(expanded));
	} else {
		e = pem_error(ERR_FAILED, "make a key");
	}
	mem_cleanse(expanded, sizeof(expanded));
	EVP_PKEY_free(pair);
	return e;
}

struct err *
onion_create(struct buf *key, struct buf *address)
{
	unsigned char	 seed[KEY_LEN];
	struct err	*e;

	if (RAND_priv_bytes(seed, sizeof(seed)) == 1)
		e = onion_from_seed(key, address, seed);
	else
		e = pem_error(ERR_FAILED, "make a key");
	mem_cleanse(seed, sizeof(seed));
	return e;
}

struct err *
wireguard_create(struct buf *key, struct buf *public_key)
{
	EVP_PKEY	*pair = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	unsigned char	 secret[KEY_LEN], open[KEY_LEN];
	size_t		 len = sizeof(secret);
	struct err	*e = NULL;

	if (raw_public(pair, open) && EVP_PKEY_get_raw_private_key(pair, secret, &len) == 1 && len == KEY_LEN) {
		base64_encode(secret, sizeof(secret), true, key);
		buf_addc(key, '\n');
		base64_encode(open, sizeof(open), true, public_key);
	} else {
		e = pem_error(ERR_FAILED, "make a key");
	}
	mem_cleanse(secret, sizeof(secret));
	EVP_PKEY_free(pair);
	return e;
}
