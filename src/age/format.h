/* age: what the files of this room share. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef AGE_FORMAT_H
#define AGE_FORMAT_H

#include "age/age.h"
#include "base/buf.h"
#include "base/strs.h"

#include <openssl/evp.h>
#include <stdint.h>

#define FILE_KEY_SIZE	16
#define KEY_SIZE	32		/* of X25519, ChaCha20, and all others here */
#define TAG_SIZE	16		/* of Poly1305 */
#define WRAPPED_SIZE	(FILE_KEY_SIZE + TAG_SIZE)
#define SSH_TAG_SIZE	4

/* A recipient's part of the header: "-> X25519 SHARE", and the body. */
struct stanza {
	struct strs	args;
	struct buf	body;
};

struct header {
	struct stanza	*stanzas;
	size_t		 count;
	unsigned char	 mac[KEY_SIZE];
	size_t		 len;		/* of the header in the file, */
	size_t		 signed_len;	/* and of what the MAC is over */
};

void		 header_fini(struct header *header);
struct stanza	*header_add(struct header *header);	/* a new one, valid until the next is added */

NODISCARD
struct err	*header_parse(struct header *header, const char *data, size_t len);
void		 header_write(const struct header *header, struct buf *out);	/* up to and with "---" */
NODISCARD
struct err	*header_mac(const unsigned char *file_key, const char *data, size_t len, unsigned char mac[KEY_SIZE]);

/* A file that is not as the format has it. */
PRINTF(1, 2) NODISCARD
struct err	*bad_header(const char *format, ...);

/* stream.c: the payload, with its nonce. */
NODISCARD
struct err	*stream_encrypt(struct buf *out, const unsigned char *file_key, const void *data, size_t len);
NODISCARD
struct err	*stream_decrypt(struct buf *out, const unsigned char *file_key, const char *data, size_t len);

/* primitive.c.  Errors are ERR_FAILED: OpenSSL refuses. */
NODISCARD
struct err	*random_bytes(void *out, size_t len);

/* HKDF-SHA-256 (RFC 5869) of 32 bytes. */
NODISCARD
struct err	*hkdf(unsigned char out[KEY_SIZE], const void *ikm, size_t ikm_len, const void *salt, size_t salt_len,
		    const char *info);
NODISCARD
struct err	*hmac_sha256(unsigned char out[KEY_SIZE], const void *key, size_t key_len, const void *data, size_t len);

/* Whether two codes of authenticity are equal, in a time that tells nothing of them but that. */
bool		 tag_equal(const void *a, const void *b, size_t len);

/* ChaCha20-Poly1305 (RFC 8439): `out` has room for len + TAG_SIZE bytes; len - TAG_SIZE when it opens. */
NODISCARD
struct err	*seal(unsigned char *out, const unsigned char key[KEY_SIZE], const unsigned char nonce[12],
		    const void *data, size_t len);
NODISCARD
struct err	*unseal(unsigned char *out, const unsigned char key[KEY_SIZE], const unsigned char nonce[12],
		    const void *data, size_t len, bool *opened);

/* Scalar × point (RFC 7748); a NULL point is the base.  *usable is false where the product is zero. */
NODISCARD
struct err	*x25519(unsigned char out[KEY_SIZE], const unsigned char scalar[KEY_SIZE],
		    const unsigned char point[KEY_SIZE], bool *usable);

/* RSA-OAEP (RFC 8017, 7.1) with SHA-256 in both places: append.  `out` must be secret where it opens. */
NODISCARD
struct err	*oaep_seal(struct buf *out, EVP_PKEY *key, const void *label, size_t label_len, const void *data,
		    size_t len);
NODISCARD
struct err	*oaep_open(struct buf *out, EVP_PKEY *key, const void *label, size_t label_len, const void *data,
		    size_t len, bool *opened);

/* bech32.c: BIP 173 without its limit of 90 characters. */
void		 bech32_encode(struct buf *out, const char *prefix, const unsigned char *data, size_t len, bool upper);
bool		 bech32_decode(const char *text, size_t len, const char *prefix, struct buf *out);

/* wrap.c: the file key in stanzas. */
enum key_type { KEY_X25519, KEY_SSH_ED25519, KEY_SSH_RSA, KEY_SCRYPT };

struct age_recipient {
	enum key_type	 type;
	unsigned char	 point[KEY_SIZE];
	struct buf	 wire;			/* an SSH key's public half, RFC 4253, 6.6 */
	EVP_PKEY	*rsa;
};

struct age_identity {
	enum key_type	 type;
	char		*name;
	unsigned char	 scalar[KEY_SIZE];
	unsigned char	 seed[KEY_SIZE];	/* KEY_SSH_ED25519: what the scalar is made of; signs */
	struct buf	 wire;
	EVP_PKEY	*rsa;
	struct buf	 passphrase;		/* KEY_SCRYPT */
	struct buf	 locked;		/* the text of a key that needs its passphrase still */
};

NODISCARD
struct err	*wrap(struct header *header, const struct age_recipient *recipient, const unsigned char *file_key);
NODISCARD
struct err	*wrap_passphrase(struct header *header, const struct buf *passphrase, unsigned work_factor,
		    const unsigned char *file_key);

/* *done says whether this stanza gave the file key. */
NODISCARD
struct err	*unwrap(const struct stanza *stanza, struct age_identity *identity, const struct age_ask *ask,
		    unsigned char *file_key, bool *done);

struct sshwire;

/* ssh_key.c: an RSA key of numbers in the wire's form; `d` is NULL for a public one.  NULL when it is none. */
EVP_PKEY	*ssh_rsa_key(const struct sshwire *n, const struct sshwire *e, const struct sshwire *d);

/* The first four bytes of a public key's SHA-256, in base64. */
void		 ssh_tag(const struct buf *wire, struct buf *out);

/* Fill the type and the keys from the wire form.  The first says why it cannot be used. */
NODISCARD
struct err	*ssh_public(const struct buf *wire, enum key_type *type, unsigned char point[KEY_SIZE], EVP_PKEY **rsa);

/* Read a private key; one with a passphrase only gets its public half, and `locked`. */
NODISCARD
struct err	*ssh_private(struct age_identity *identity, const char *text, size_t len);
NODISCARD
struct err	*ssh_unlock(struct age_identity *identity, const struct age_ask *ask);

/* bcrypt.c: bcrypt_pbkdf as OpenSSH uses it (OpenBSD's bcrypt_pbkdf(3)). */
NODISCARD
struct err	*bcrypt_pbkdf(unsigned char *out, size_t out_len, const struct buf *passphrase, const void *salt,
		    size_t salt_len, uint32_t rounds);

#endif
