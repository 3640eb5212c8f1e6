/* age: the file key, wrapped for each recipient. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "age/format.h"

#include "base/base64.h"
#include "base/err.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#define X25519_INFO	"age-encryption.org/v1/X25519"
#define SCRYPT_INFO	"age-encryption.org/v1/scrypt"
#define ED25519_INFO	"age-encryption.org/v1/ssh-ed25519"
#define RSA_INFO	"age-encryption.org/v1/ssh-rsa"
#define SALT_SIZE	16
#define WORK_MAX	20u		/* 2^20 × 1 KiB: a file from elsewhere must not take all memory */

static const unsigned char zero_nonce[12];

static void
add_base64(struct stanza *stanza, const void *data, size_t len)
{
	struct buf text = { 0 };

	base64_encode(data, len, false, &text);
	strs_add(&stanza->args, buf_text(&text));
	buf_fini(&text);
}

/* The bytes that an argument stands for, which have to be `len`. */
static bool
get_base64(const char *arg, void *out, size_t len)
{
	struct buf	 bytes = { 0 };
	bool		 good = base64_decode(arg, strlen(arg), false, &bytes) && bytes.len == len;

	if (good)
		memcpy(out, bytes.data, len);
	buf_fini(&bytes);
	return good;
}

NODISCARD
static struct err *
seal_key(struct stanza *stanza, const unsigned char key[KEY_SIZE], const unsigned char *file_key)
{
	unsigned char	 sealed[WRAPPED_SIZE];
	struct err	*e = seal(sealed, key, zero_nonce, file_key, FILE_KEY_SIZE);

	if (e == NULL)
		buf_add(&stanza->body, sealed, sizeof(sealed));
	return e;
}

NODISCARD
static struct err *
unseal_key(const struct stanza *stanza, const unsigned char key[KEY_SIZE], unsigned char *file_key, bool *done)
{
	/* Longer ones could open under two keys (age.md, "partitioning oracle"). */
	if (stanza->body.len != WRAPPED_SIZE)
		return bad_header("has a wrapped key of %zu bytes", stanza->body.len);
	return unseal(file_key, key, zero_nonce, stanza->body.data, stanza->body.len, done);
}

/* The key that both ends of an X25519 exchange arrive at; `shared` is cleansed. */
NODISCARD
static struct err *
exchange_key(unsigned char key[KEY_SIZE], unsigned char shared[KEY_SIZE], const unsigned char share[KEY_SIZE],
    const unsigned char point[KEY_SIZE], const char *info)
{
	unsigned char	 salt[2 * KEY_SIZE];
	struct err	*e;

	memcpy(salt, share, KEY_SIZE);
	memcpy(salt + KEY_SIZE, point, KEY_SIZE);
	e = hkdf(key, shared, KEY_SIZE, salt, sizeof(salt), info);
	mem_cleanse(shared, KEY_SIZE);
	return e;
}

/* SSH's Ed25519 keys also sign: a second factor, made of the key, keeps the two uses apart. */
NODISCARD
static struct err *
tweak(const struct buf *wire, unsigned char shared[KEY_SIZE], bool *usable)
{
	unsigned char	 factor[KEY_SIZE], product[KEY_SIZE];
	struct err	*e = hkdf(factor, "", 0, wire->data, wire->len, ED25519_INFO);

	if (e == NULL && (e = x25519(product, factor, shared, usable)) == NULL && *usable)
		memcpy(shared, product, KEY_SIZE);
	mem_cleanse(product, sizeof(product));
	return e;
}

NODISCARD
static struct err *
wrap_exchange(struct stanza *stanza, const struct age_recipient *recipient, const unsigned char *file_key)
{
	bool		 ssh = recipient->type == KEY_SSH_ED25519, usable;
	unsigned char	 scalar[KEY_SIZE], share[KEY_SIZE], shared[KEY_SIZE], key[KEY_SIZE];
	struct err	*e;

	if ((e = random_bytes(scalar, sizeof(scalar))) != NULL || (e = x25519(share, scalar, NULL, &usable)) != NULL ||
	    (e = x25519(shared, scalar, recipient->point, &usable)) != NULL)
		goto out;
	if (usable && ssh && (e = tweak(&recipient->wire, shared, &usable)) != NULL)
		goto out;
	if (!usable) {
		e = err_new(ERR_CONFIG, "a recipient's key is one that anybody could open");
		goto out;
	}
	add_base64(stanza, share, sizeof(share));
	if ((e = exchange_key(key, shared, share, recipient->point, ssh ? ED25519_INFO : X25519_INFO)) == NULL)
		e = seal_key(stanza, key, file_key);
out:
	mem_cleanse(scalar, sizeof(scalar));
	mem_cleanse(key, sizeof(key));
	return e;
}

struct err *
wrap(struct header *header, const struct age_recipient *recipient, const unsigned char *file_key)
{
	struct stanza	*stanza = header_add(header);
	struct buf	 tag = { 0 };
	struct err	*e;

	strs_add(&stanza->args, recipient->type == KEY_X25519 ? "X25519" :
	    recipient->type == KEY_SSH_RSA ? "ssh-rsa" : "ssh-ed25519");
	if (recipient->type != KEY_X25519) {
		ssh_tag(&recipient->wire, &tag);
		strs_add(&stanza->args, buf_text(&tag));
	}
	if (recipient->type == KEY_SSH_RSA)
		e = oaep_seal(&stanza->body, recipient->rsa, RSA_INFO, strlen(RSA_INFO), file_key, FILE_KEY_SIZE);
	else
		e = wrap_exchange(stanza, recipient, file_key);
	buf_fini(&tag);
	return e;
}

NODISCARD
static struct err *
passphrase_key(unsigned char key[KEY_SIZE], const struct buf *passphrase, const unsigned char salt[SALT_SIZE],
    unsigned work_factor)
{
	unsigned char	 full[sizeof(SCRYPT_INFO) - 1 + SALT_SIZE];
	uint64_t	 n = (uint64_t)1 << work_factor;

	memcpy(full, SCRYPT_INFO, sizeof(SCRYPT_INFO) - 1);
	memcpy(full + sizeof(SCRYPT_INFO) - 1, salt, SALT_SIZE);
	if (EVP_PBE_scrypt(buf_text(passphrase), passphrase->len, full, sizeof(full), n, 8, 1, n * 1024 + (1 << 20), key,
	    KEY_SIZE) == 1)
		return NULL;
	ERR_clear_error();
	return err_new(ERR_FAILED, "OpenSSL refuses scrypt with %u MiB of memory", 1u << work_factor >> 10);
}

struct err *
wrap_passphrase(struct header *header, const struct buf *passphrase, unsigned work_factor,
    const unsigned char *file_key)
{
	struct stanza	*stanza = header_add(header);
	unsigned char	 salt[SALT_SIZE], key[KEY_SIZE];
	char		 factor[8];
	struct err	*e;

	if (work_factor == 0 || work_factor > WORK_MAX)
		return err_new(ERR_FAILED, "a work factor of %u is not from 1 to %u", work_factor, WORK_MAX);
	snprintf(factor, sizeof(factor), "%u", work_factor);
	if ((e = random_bytes(salt, sizeof(salt))) != NULL ||
	    (e = passphrase_key(key, passphrase, salt, work_factor)) != NULL)
		return e;
	strs_add(&stanza->args, "scrypt");
	add_base64(stanza, salt, sizeof(salt));
	strs_add(&stanza->args, factor);
	e = seal_key(stanza, key, file_key);
	mem_cleanse(key, sizeof(key));
	return e;
}

NODISCARD
static struct err *
unwrap_x25519(const struct stanza *stanza, const struct age_identity *identity, unsigned char *file_key, bool *done)
{
	unsigned char	 share[KEY_SIZE], point[KEY_SIZE], shared[KEY_SIZE], key[KEY_SIZE];
	struct err	*e;
	bool		 usable;

	if (stanza->args.count != 2 || !get_base64(stanza->args.items[1], share, sizeof(share)))
		return bad_header("has a malformed X25519 recipient");
	if ((e = x25519(point, identity->scalar, NULL, &usable)) != NULL ||
	    (e = x25519(shared, identity->scalar, share, &usable)) != NULL)
		return e;
	if (!usable)
		return bad_header("has an X25519 share that anybody could open");
	if ((e = exchange_key(key, shared, share, point, X25519_INFO)) == NULL)
		e = unseal_key(stanza, key, file_key, done);
	mem_cleanse(key, sizeof(key));
	return e;
}

NODISCARD
static struct err *
unwrap_ed25519(const struct stanza *stanza, const struct age_identity *identity, unsigned char *file_key, bool *done)
{
	unsigned char	 share[KEY_SIZE], point[KEY_SIZE], shared[KEY_SIZE], key[KEY_SIZE];
	struct err	*e;
	bool		 usable;

	if (stanza->args.count != 3 || !get_base64(stanza->args.items[2], share, sizeof(share)))
		return bad_header("has a malformed ssh-ed25519 recipient");
	if ((e = x25519(point, identity->scalar, NULL, &usable)) != NULL ||
	    (e = x25519(shared, identity->scalar, share, &usable)) != NULL)
		return e;
	if (usable && (e = tweak(&identity->wire, shared, &usable)) != NULL)
		return e;
	if (!usable)
		return bad_header("has an ssh-ed25519 share that anybody could open");
	if ((e = exchange_key(key, shared, share, point, ED25519_INFO)) == NULL)
		e = unseal_key(stanza, key, file_key, done);
	mem_cleanse(key, sizeof(key));
	return e;
}

NODISCARD
static struct err *
unwrap_rsa(const struct stanza *stanza, const struct age_identity *identity, unsigned char *file_key, bool *done)
{
	struct buf	 clear = { .secret = true };
	struct err	*e = NULL;

	if (stanza->args.count == 2)
		e = oaep_open(&clear, identity->rsa, RSA_INFO, strlen(RSA_INFO), stanza->body.data, stanza->body.len, done);
	*done = *done && clear.len == FILE_KEY_SIZE;
	if (*done)
		memcpy(file_key, clear.data, FILE_KEY_SIZE);
	buf_fini(&clear);
	return e;
}

NODISCARD
static struct err *
unwrap_scrypt(const struct stanza *stanza, const struct age_identity *identity, unsigned char *file_key, bool *done)
{
	unsigned char	 salt[SALT_SIZE], key[KEY_SIZE];
	unsigned	 factor = 0;
	const char	*digit;
	struct err	*e;

	if (stanza->args.count != 3 || !get_base64(stanza->args.items[1], salt, sizeof(salt)))
		return bad_header("has a malformed passphrase");
	for (digit = stanza->args.items[2]; *digit >= '0' && *digit <= '9' && factor <= WORK_MAX; digit++)
		factor = 10 * factor + (unsigned)(*digit - '0');
	if (*stanza->args.items[2] == '0' || factor == 0 || (*digit != '\0' && factor <= WORK_MAX))
		return bad_header("has a malformed work factor");
	if (factor > WORK_MAX)
		return bad_header("asks for a work factor over %u", WORK_MAX);
	if (stanza->body.len != WRAPPED_SIZE)
		return bad_header("has a wrapped key of %zu bytes", stanza->body.len);
	if ((e = passphrase_key(key, &identity->passphrase, salt, factor)) == NULL)
		e = unseal_key(stanza, key, file_key, done);
	mem_cleanse(key, sizeof(key));
	return e;
}

/* Whether an SSH key's tag says that the stanza is for it. */
static bool
tag_matches(const struct stanza *stanza, const struct age_identity *identity)
{
	struct buf	 tag = { 0 };
	bool		 same;

	ssh_tag(&identity->wire, &tag);
	same = stanza->args.count >= 2 && strcmp(stanza->args.items[1], buf_text(&tag)) == 0;
	buf_fini(&tag);
	return same;
}

struct err *
unwrap(const struct stanza *stanza, struct age_identity *identity, const struct age_ask *ask, unsigned char *file_key,
    bool *done)
{
	static const char *const	 names[] = {
		[KEY_X25519] = "X25519",
		[KEY_SSH_ED25519] = "ssh-ed25519",
		[KEY_SSH_RSA] = "ssh-rsa",
		[KEY_SCRYPT] = "scrypt",
	};
	struct err			*e;

	*done = false;
	if (strcmp(stanza->args.items[0], names[identity->type]) != 0)
		return NULL;
	if (identity->type == KEY_X25519)
		return unwrap_x25519(stanza, identity, file_key, done);
	if (identity->type == KEY_SCRYPT)
		return unwrap_scrypt(stanza, identity, file_key, done);
	if (!tag_matches(stanza, identity))
		return NULL;
	if (identity->locked.len > 0) {
		if (ask == NULL)
			return NULL;
		if ((e = ssh_unlock(identity, ask)) != NULL)
			return e;
	}
	if (identity->type == KEY_SSH_RSA)
		return unwrap_rsa(stanza, identity, file_key, done);
	return unwrap_ed25519(stanza, identity, file_key, done);
}
