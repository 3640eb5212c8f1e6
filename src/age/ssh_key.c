/* age: keys of ssh-keygen(1): RFC 4253, 6.6 and RFC 8709 for public ones, OpenSSH's PROTOCOL.key for private ones. */
/* May know ssh's form of them, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "age/format.h"

#include "base/base64.h"
#include "base/err.h"
#include "base/sshwire.h"
#include "ssh/openssh_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#define RSA_BITS_MIN	2048
#define RSA_BITS_MAX	16384

void
ssh_tag(const struct buf *wire, struct buf *out)
{
	unsigned char hash[SHA256_DIGEST_LENGTH];

	SHA256((const unsigned char *)wire->data, wire->len, hash);
	base64_encode(hash, SSH_TAG_SIZE, false, out);
}

/* x² = (y² - 1) / (d y² + 1) has a root: the point is on the curve (RFC 8032, 5.1.3). */
static bool
on_curve(const BIGNUM *y, const BIGNUM *p, BN_CTX *context)
{
	BIGNUM	*d = BN_CTX_get(context), *up = BN_CTX_get(context), *down = BN_CTX_get(context);

	/* d = -121665 / 121666 */
	return down != NULL && BN_set_word(down, 121666) == 1 && BN_mod_inverse(d, down, p, context) != NULL &&
	    BN_mul_word(d, 121665) == 1 && BN_sub(d, p, d) == 1 && BN_nnmod(d, d, p, context) == 1 &&
	    BN_mod_sqr(up, y, p, context) == 1 && BN_mod_mul(down, d, up, p, context) == 1 &&
	    BN_add_word(down, 1) == 1 && BN_add(up, up, p) == 1 && BN_sub_word(up, 1) == 1 &&
	    BN_mod_inverse(down, down, p, context) != NULL && BN_mod_mul(up, up, down, p, context) == 1 &&
	    /* Euler: (p - 1) / 2 powers give 1 for a square. */
	    BN_copy(down, p) != NULL && BN_sub_word(down, 1) == 1 && BN_rshift1(down, down) == 1 &&
	    BN_mod_exp(up, up, down, p, context) == 1 && (BN_is_one(up) || BN_is_zero(up));
}

/* The same point on the Montgomery curve: u = (1 + y) / (1 - y) (RFC 7748, 4.1). */
static bool
to_montgomery(const unsigned char ed25519[KEY_SIZE], unsigned char out[KEY_SIZE])
{
	BN_CTX		*context = BN_CTX_new();
	BIGNUM		*p, *y, *u;
	unsigned char	 bytes[KEY_SIZE];
	bool		 good = false;

	if (context == NULL)
		return false;
	BN_CTX_start(context);
	p = BN_CTX_get(context);
	y = BN_CTX_get(context);
	u = BN_CTX_get(context);
	memcpy(bytes, ed25519, sizeof(bytes));
	bytes[KEY_SIZE - 1] &= 0x7f;		/* the sign of x does not matter */
	if (u != NULL && BN_set_bit(p, 255) == 1 && BN_sub_word(p, 19) == 1 &&
	    BN_lebin2bn(bytes, sizeof(bytes), y) != NULL && BN_cmp(y, p) < 0 && on_curve(y, p, context))
		good = BN_copy(u, p) != NULL && BN_add_word(u, 1) == 1 && BN_sub(u, u, y) == 1 &&
		    BN_nnmod(u, u, p, context) == 1 && !BN_is_zero(u) && BN_mod_inverse(u, u, p, context) != NULL &&
		    BN_add_word(y, 1) == 1 && BN_mod_mul(u, u, y, p, context) == 1 &&
		    BN_bn2lebinpad(u, out, KEY_SIZE) == KEY_SIZE;
	BN_CTX_end(context);
	BN_CTX_free(context);
	ERR_clear_error();
	return good;
}

EVP_PKEY *
ssh_rsa_key(const struct sshwire *n, const struct sshwire *e, const struct sshwire *d)
{
	OSSL_PARAM_BLD	*builder = OSSL_PARAM_BLD_new();
	OSSL_PARAM	*params = NULL;
	EVP_PKEY_CTX	*context = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, NULL);
	BIGNUM		*numbers[] = { BN_bin2bn(n->data, (int)n->len, NULL), BN_bin2bn(e->data, (int)e->len, NULL),
		d == NULL ? NULL : BN_bin2bn(d->data, (int)d->len, NULL) };
	EVP_PKEY	*key = NULL;

	if (builder != NULL && context != NULL && numbers[0] != NULL && numbers[1] != NULL &&
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, numbers[0]) == 1 &&
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, numbers[1]) == 1 &&
	    (d == NULL || (numbers[2] != NULL &&
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_D, numbers[2]) == 1)) &&
	    (params = OSSL_PARAM_BLD_to_param(builder)) != NULL && EVP_PKEY_fromdata_init(context) == 1)
		(void)EVP_PKEY_fromdata(context, &key, d == NULL ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR, params);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(builder);
	EVP_PKEY_CTX_free(context);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		BN_clear_free(numbers[i]);
	ERR_clear_error();
	if (key != NULL && (EVP_PKEY_get_bits(key) < RSA_BITS_MIN || EVP_PKEY_get_bits(key) > RSA_BITS_MAX)) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}

struct err *
ssh_public(const struct buf *wire, enum key_type *type, unsigned char point[KEY_SIZE], EVP_PKEY **rsa)
{
	struct sshwire from = sshwire_of(wire), name, first, second;

	if (!sshwire_string(&from, &name))
		return err_new(ERR_CONFIG, "this SSH key is malformed");
	if (sshwire_is(&name, "ssh-ed25519")) {
		*type = KEY_SSH_ED25519;
		if (!sshwire_string(&from, &first) || first.len != KEY_SIZE || from.len != 0 ||
		    !to_montgomery(first.data, point))
			return err_new(ERR_CONFIG, "this Ed25519 key is malformed");
		return NULL;
	}
	if (sshwire_is(&name, "ssh-rsa")) {
		*type = KEY_SSH_RSA;
		if (!sshwire_string(&from, &first) || !sshwire_string(&from, &second) || from.len != 0 ||
		    (*rsa = ssh_rsa_key(&second, &first, NULL)) == NULL)
			return err_new(ERR_CONFIG, "this RSA key is malformed, or has less than %d bits", RSA_BITS_MIN);
		return NULL;
	}
	return err_hint(err_new(ERR_CONFIG, "files cannot be encrypted to SSH keys of type \"%.*s\": they only sign",
	    (int)(name.len < 64 ? name.len : 64), (const char *)name.data),
	    "use an Ed25519 or RSA key, or a native one of age (age1...)");
}

/* Put the numbers of a private key, decrypted, into the identity. */
static bool
private_numbers(struct age_identity *identity, struct sshwire *from)
{
	struct sshwire	 name, first, second, third;
	unsigned char	 hash[SHA512_DIGEST_LENGTH];

	if (!sshwire_string(from, &name) || !sshwire_string(from, &first) || !sshwire_string(from, &second))
		return false;
	if (sshwire_is(&name, "ssh-ed25519") && identity->type == KEY_SSH_ED25519) {
		if (first.len != KEY_SIZE || second.len != 2 * KEY_SIZE)
			return false;
		memcpy(identity->seed, second.data, KEY_SIZE);
		/* The scalar of EdDSA, RFC 8032, 5.1.5; X25519 clamps it. */
		SHA512(second.data, KEY_SIZE, hash);
		memcpy(identity->scalar, hash, KEY_SIZE);
		mem_cleanse(hash, sizeof(hash));
		return true;
	}
	if (!sshwire_is(&name, "ssh-rsa") || identity->type != KEY_SSH_RSA || !sshwire_string(from, &third))
		return false;
	EVP_PKEY_free(identity->rsa);
	identity->rsa = ssh_rsa_key(&first, &second, &third);
	return identity->rsa != NULL;
}

/* Two numbers that are equal when the passphrase is right, the key, its comment, and padding 1 2 3. */
static bool
private_section(struct age_identity *identity, const struct sshwire *section)
{
	struct sshwire	 from = *section, comment;
	uint32_t	 check[2];

	if (!sshwire_u32(&from, &check[0]) || !sshwire_u32(&from, &check[1]) || check[0] != check[1] ||
	    !private_numbers(identity, &from))
		return false;
	for (unsigned skip = 0; identity->type == KEY_SSH_RSA && skip < 3; skip++) {	/* iqmp, p, q */
		if (!sshwire_string(&from, &comment))
			return false;
	}
	if (!sshwire_string(&from, &comment) || from.len > 255)
		return false;
	for (size_t i = 0; i < from.len; i++) {
		if (from.data[i] != i + 1)
			return false;
	}
	return true;
}

NODISCARD
static struct err *
malformed(const struct age_identity *identity)
{
	return err_new(ERR_CONFIG, "%s is no private key that can be used", identity->name);
}

/* Decrypt the private section in place of `out`. */
NODISCARD
static struct err *
decrypt_section(const struct age_identity *identity, const struct openssh_key *sealed, const struct buf *passphrase,
    struct buf *out)
{
	struct sshwire		 options = sealed->options, salt;
	const EVP_CIPHER	*cipher = NULL;
	EVP_CIPHER_CTX		*context = EVP_CIPHER_CTX_new();
	unsigned char		 key[48];
	uint32_t		 rounds;
	int			 n;
	struct err		*e = NULL;

	if (sshwire_is(&sealed->cipher, "aes256-ctr"))
		cipher = EVP_aes_256_ctr();
	else if (sshwire_is(&sealed->cipher, "aes256-cbc"))
		cipher = EVP_aes_256_cbc();
	if (cipher == NULL || !sshwire_is(&sealed->kdf, "bcrypt")) {
		e = err_hint(err_new(ERR_CONFIG, "%s is locked by a cipher that is not known here", identity->name),
		    "\"ssh-keygen -p -Z aes256-ctr -f FILE\" locks it anew");
		goto out;
	}
	if (!sshwire_string(&options, &salt) || !sshwire_u32(&options, &rounds) || sealed->section.len % 16 != 0) {
		e = malformed(identity);
		goto out;
	}
	if ((e = bcrypt_pbkdf(key, sizeof(key), passphrase, salt.data, salt.len, rounds)) != NULL)
		goto out;
	buf_reserve(out, sealed->section.len + 16);
	if (context == NULL || EVP_DecryptInit_ex(context, cipher, NULL, key, key + 32) != 1 ||
	    EVP_CIPHER_CTX_set_padding(context, 0) != 1 ||
	    EVP_DecryptUpdate(context, (unsigned char *)out->data, &n, sealed->section.data,
	    (int)sealed->section.len) != 1)
		e = malformed(identity);
	else
		out->len = (size_t)n;
out:
	EVP_CIPHER_CTX_free(context);
	ERR_clear_error();
	mem_cleanse(key, sizeof(key));
	return e;
}

NODISCARD
static struct err *
read_openssh(struct age_identity *identity, const char *text, size_t len)
{
	struct buf		 raw = { .secret = true };
	struct openssh_key	 sealed;
	struct err		*e = NULL;

	if (!openssh_key_read(&sealed, &raw, text, len)) {
		e = malformed(identity);
		goto out;
	}
	buf_add(&identity->wire, sealed.public_key.data, sealed.public_key.len);
	if ((e = ssh_public(&identity->wire, &identity->type, identity->scalar, &identity->rsa)) != NULL)
		goto out;
	mem_cleanse(identity->scalar, sizeof(identity->scalar));	/* that was the public point */
	if (!sshwire_is(&sealed.cipher, "none"))
		buf_add(&identity->locked, text, len);
	else if (!private_section(identity, &sealed.section))
		e = malformed(identity);
out:
	buf_fini(&raw);
	return e;
}

/* Never ask on the terminal by itself. */
static int
no_passphrase(char *out, int size, int writing, void *context)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)context;
	return -1;
}

/* The wire form of an RSA key's public half. */
static bool
rsa_wire(EVP_PKEY *key, struct buf *out)
{
	static const char *const	 names[] = { OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_N };
	bool				 good = true;

	sshwire_add_text(out, "ssh-rsa");
	for (size_t i = 0; good && i < ARRAY_LEN(names); i++) {
		BIGNUM		*number = NULL;
		unsigned char	 bytes[RSA_BITS_MAX / 8];

		good = EVP_PKEY_get_bn_param(key, names[i], &number) == 1 && BN_num_bits(number) <= RSA_BITS_MAX;
		if (good)
			sshwire_add_number(out, bytes, (size_t)BN_bn2bin(number, bytes));
		BN_free(number);
	}
	return good;
}

/* RSA in PEM without a passphrase, as older versions of ssh-keygen wrote it. */
NODISCARD
static struct err *
read_pem(struct age_identity *identity, const char *text, size_t len)
{
	BIO		*bio = BIO_new_mem_buf(text, (int)len);
	EVP_PKEY	*key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);

	BIO_free(bio);
	ERR_clear_error();
	identity->type = KEY_SSH_RSA;
	identity->rsa = key;
	if (key != NULL && EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) >= RSA_BITS_MIN &&
	    rsa_wire(key, &identity->wire))
		return NULL;
	return err_hint(malformed(identity), "\"ssh-keygen -p -f FILE\" writes OpenSSH's own format, which can");
}

struct err *
ssh_private(struct age_identity *identity, const char *text, size_t len)
{
	if (memmem(text, len, OPENSSH_KEY_BEGIN, strlen(OPENSSH_KEY_BEGIN)) != NULL)
		return read_openssh(identity, text, len);
	return read_pem(identity, text, len);
}

struct err *
ssh_unlock(struct age_identity *identity, const struct age_ask *ask)
{
	struct buf		 raw = { .secret = true }, section = { .secret = true }, passphrase = { .secret = true };
	struct openssh_key	 sealed;
	struct sshwire		 clear;
	struct err		*e;

	if (!openssh_key_read(&sealed, &raw, identity->locked.data, identity->locked.len)) {
		e = malformed(identity);
		goto out;
	}
	if ((e = ask->ask(ask->context, identity->name, &passphrase)) != NULL ||
	    (e = decrypt_section(identity, &sealed, &passphrase, &section)) != NULL)
		goto out;
	clear = sshwire_of(&section);
	if (!private_section(identity, &clear))
		e = err_new(ERR_TRUST, "wrong passphrase for %s", identity->name);
	else
		buf_fini(&identity->locked);
out:
	buf_fini(&raw);
	buf_fini(&section);
	buf_fini(&passphrase);
	return e;
}
