/* age: the cryptographic primitives of the format, by OpenSSL. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "age/format.h"

#include "base/err.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

/* test/cli/constant-time.sh: keys are "undefined" there, and only what everybody may know is made to be defined again. */
#ifdef LEAP_MEMCHECK
#include <valgrind/memcheck.h>
#define DISCLOSE(object)	VALGRIND_MAKE_MEM_DEFINED(&(object), sizeof(object))
#else
#define DISCLOSE(object)	((void)0)
#endif

#define NONCE_SIZE	12

NODISCARD
static struct err *
refused(const char *what)
{
	ERR_clear_error();
	return err_new(ERR_FAILED, "OpenSSL refuses %s", what);
}

struct err *
random_bytes(void *out, size_t len)
{
	return RAND_bytes(out, (int)len) == 1 ? NULL : refused("to give random bytes");
}

struct err *
hmac_sha256(unsigned char out[KEY_SIZE], const void *key, size_t key_len, const void *data, size_t len)
{
	return HMAC(EVP_sha256(), key, (int)key_len, data, len, out, NULL) != NULL ? NULL : refused("HMAC");
}

struct err *
hkdf(unsigned char out[KEY_SIZE], const void *ikm, size_t ikm_len, const void *salt, size_t salt_len, const char *info)
{
	unsigned char	 prk[KEY_SIZE];
	struct buf	 block = { 0 };
	struct err	*e;

	buf_adds(&block, info);
	buf_addc(&block, 1);
	if ((e = hmac_sha256(prk, salt, salt_len, ikm, ikm_len)) == NULL)
		e = hmac_sha256(out, prk, sizeof(prk), block.data, block.len);
	mem_cleanse(prk, sizeof(prk));
	buf_fini(&block);
	return e;
}

bool
tag_equal(const void *a, const void *b, size_t len)
{
	int	 differs = CRYPTO_memcmp(a, b, len);

	DISCLOSE(differs);
	return differs == 0;
}

struct err *
seal(unsigned char *out, const unsigned char key[KEY_SIZE], const unsigned char nonce[NONCE_SIZE], const void *data,
    size_t len)
{
	EVP_CIPHER_CTX	*cipher = EVP_CIPHER_CTX_new();
	int		 n;
	bool		 done;

	done = cipher != NULL && EVP_EncryptInit_ex(cipher, EVP_chacha20_poly1305(), NULL, key, nonce) == 1 &&
	    (len == 0 || EVP_EncryptUpdate(cipher, out, &n, data, (int)len) == 1) &&
	    EVP_EncryptFinal_ex(cipher, out + len, &n) == 1 &&
	    EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, out + len) == 1;
	EVP_CIPHER_CTX_free(cipher);
	return done ? NULL : refused("ChaCha20-Poly1305");
}

struct err *
unseal(unsigned char *out, const unsigned char key[KEY_SIZE], const unsigned char nonce[NONCE_SIZE], const void *data,
    size_t len, bool *opened)
{
	EVP_CIPHER_CTX		*cipher;
	const unsigned char	*bytes = data;
	unsigned char		 tag[TAG_SIZE];
	size_t			 plain = len - TAG_SIZE;
	struct err		*e = NULL;
	int			 n;

	*opened = false;
	if (len < TAG_SIZE)
		return NULL;
	memcpy(tag, bytes + plain, sizeof(tag));
	cipher = EVP_CIPHER_CTX_new();
	if (cipher == NULL || EVP_DecryptInit_ex(cipher, EVP_chacha20_poly1305(), NULL, key, nonce) != 1 ||
	    EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE, tag) != 1 ||
	    (plain > 0 && EVP_DecryptUpdate(cipher, out, &n, bytes, (int)plain) != 1))
		e = refused("ChaCha20-Poly1305");
	else
		*opened = EVP_DecryptFinal_ex(cipher, out + plain, &n) == 1;
	EVP_CIPHER_CTX_free(cipher);
	ERR_clear_error();
	if (!*opened)
		mem_cleanse(out, plain);	/* nobody may act on what is not authentic */
	return e;
}

struct err *
x25519(unsigned char out[KEY_SIZE], const unsigned char scalar[KEY_SIZE], const unsigned char point[KEY_SIZE],
    bool *usable)
{
	EVP_PKEY	*key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, scalar, KEY_SIZE);
	EVP_PKEY	*peer = NULL;
	EVP_PKEY_CTX	*derive = NULL;
	size_t		 len = KEY_SIZE;
	struct err	*e = NULL;

	*usable = true;
	if (key == NULL) {
		e = refused("an X25519 key");
	} else if (point == NULL) {
		if (EVP_PKEY_get_raw_public_key(key, out, &len) != 1)
			e = refused("an X25519 key");
	} else {
		peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, point, KEY_SIZE);
		derive = EVP_PKEY_CTX_new(key, NULL);
		if (peer == NULL || derive == NULL || EVP_PKEY_derive_init(derive) != 1 ||
		    EVP_PKEY_derive_set_peer(derive, peer) != 1)
			e = refused("X25519");
		else
			*usable = EVP_PKEY_derive(derive, out, &len) == 1;	/* refuses zero, as RFC 7748, 6.1 wants */
	}
	EVP_PKEY_CTX_free(derive);
	EVP_PKEY_free(peer);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return e;
}

static EVP_PKEY_CTX *
oaep_context(EVP_PKEY *key, bool seals, const void *label, size_t label_len)
{
	EVP_PKEY_CTX	*context = EVP_PKEY_CTX_new(key, NULL);
	void		*own = label_len == 0 ? NULL : OPENSSL_memdup(label, label_len);

	if (context != NULL && (own != NULL || label_len == 0) &&
	    (seals ? EVP_PKEY_encrypt_init(context) : EVP_PKEY_decrypt_init(context)) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) == 1 &&
	    EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1 &&
	    EVP_PKEY_CTX_set0_rsa_oaep_label(context, own, (int)label_len) == 1)
		return context;		/* it owns the label now */
	OPENSSL_free(own);
	EVP_PKEY_CTX_free(context);
	return NULL;
}

struct err *
oaep_seal(struct buf *out, EVP_PKEY *key, const void *label, size_t label_len, const void *data, size_t len)
{
	EVP_PKEY_CTX	*context = oaep_context(key, true, label, label_len);
	size_t		 size = (size_t)EVP_PKEY_get_size(key);
	unsigned char	*sealed = xmalloc(size);
	bool		 done = context != NULL && EVP_PKEY_encrypt(context, sealed, &size, data, len) == 1;

	if (done)
		buf_add(out, sealed, size);
	free(sealed);
	EVP_PKEY_CTX_free(context);
	return done ? NULL : refused("RSA-OAEP");
}

struct err *
oaep_open(struct buf *out, EVP_PKEY *key, const void *label, size_t label_len, const void *data, size_t len,
    bool *opened)
{
	EVP_PKEY_CTX	*context = oaep_context(key, false, label, label_len);
	size_t		 room = (size_t)EVP_PKEY_get_size(key), size = room;
	unsigned char	*clear = xmalloc(room);
	struct err	*e = context == NULL ? refused("RSA-OAEP") : NULL;

	*opened = context != NULL && EVP_PKEY_decrypt(context, clear, &size, data, len) == 1;
	if (*opened)
		buf_add(out, clear, size);
	mem_cleanse(clear, room);
	free(clear);
	EVP_PKEY_CTX_free(context);
	ERR_clear_error();
	return e;
}
