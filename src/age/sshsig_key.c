/* age: what a signature by an SSH key is worth: RFC 8709, 5656 and 8332, and OpenSSH's PROTOCOL.u2f. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "age/sshsig_key.h"

#include "age/format.h"
#include "base/err.h"
#include "base/sshwire.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/params.h>
#include <openssl/sha.h>

#define ED25519_SIGNATURE	64
#define P521_BYTES		66
#define TOUCHED			0x01	/* somebody was there, PROTOCOL.u2f */

enum family { FAMILY_ED25519, FAMILY_ECDSA, FAMILY_RSA };

/* A type of key, and the signature that it makes. */
struct kind {
	const char	*key, *signature;
	enum family	 family;
	bool		 held;		/* by a security key */
	const char	*curve, *group;	/* as SSH and as OpenSSL call it */
	const EVP_MD	*(*md)(void);
};

static const struct kind kinds[] = {
	{ "ssh-ed25519", "ssh-ed25519", FAMILY_ED25519, false, NULL, NULL, NULL },
	{ "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", FAMILY_ECDSA, false, "nistp256", "P-256", EVP_sha256 },
	{ "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384", FAMILY_ECDSA, false, "nistp384", "P-384", EVP_sha384 },
	{ "ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521", FAMILY_ECDSA, false, "nistp521", "P-521", EVP_sha512 },
	{ "ssh-rsa", "rsa-sha2-512", FAMILY_RSA, false, NULL, NULL, EVP_sha512 },
	{ "ssh-rsa", "rsa-sha2-256", FAMILY_RSA, false, NULL, NULL, EVP_sha256 },
	{ "sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519@openssh.com", FAMILY_ED25519, true, NULL, NULL, NULL },
	{ "sk-ecdsa-sha2-nistp256@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com", FAMILY_ECDSA, true, "nistp256",
	    "P-256", EVP_sha256 },
};

static const struct kind *
find_kind(const struct sshwire *key, const struct sshwire *signature)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (sshwire_is(key, kinds[i].key) && sshwire_is(signature, kinds[i].signature))
			return &kinds[i];
	}
	return NULL;
}

/* NULL where OpenSSL finds the point not on its curve. */
static EVP_PKEY *
make_ecdsa(const char *group, const struct sshwire *point)
{
	OSSL_PARAM	 params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t)group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)point->data, point->len),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX	*context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
	EVP_PKEY	*key = NULL;

	/* SSH knows the uncompressed form only (RFC 5656, 3.1). */
	if (point->len > 0 && point->data[0] == 4 && context != NULL && EVP_PKEY_fromdata_init(context) == 1)
		(void)EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params);
	EVP_PKEY_CTX_free(context);
	return key;
}

/* Read a public key behind its type; what a security key calls the application goes to *application.  NULL: malformed. */
static EVP_PKEY *
read_key(const struct kind *kind, struct sshwire *from, struct sshwire *application)
{
	struct sshwire	 first, second;
	EVP_PKEY	*key = NULL;

	if (!sshwire_string(from, &first))
		return NULL;
	if (kind->curve != NULL && (!sshwire_is(&first, kind->curve) || !sshwire_string(from, &first)))
		return NULL;
	if (kind->family == FAMILY_RSA && !sshwire_string(from, &second))
		return NULL;
	if ((kind->held && !sshwire_string(from, application)) || from->len != 0)
		return NULL;
	if (kind->family == FAMILY_RSA)
		key = ssh_rsa_key(&second, &first, NULL);
	else if (kind->family == FAMILY_ECDSA)
		key = make_ecdsa(kind->group, &first);
	else if (first.len == KEY_SIZE)
		key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, first.data, first.len);
	return key;
}

/* One of the two numbers; NULL when it is malformed or larger than any curve's. */
static BIGNUM *
read_number(struct sshwire *from)
{
	struct sshwire bytes;

	if (!sshwire_number(from, &bytes) || bytes.len > P521_BYTES)
		return NULL;
	return BN_bin2bn(bytes.data, (int)bytes.len, NULL);
}

/* The two numbers of RFC 5656, 3.1.2 as DER, which OpenSSL wants. */
static bool
ecdsa_der(struct sshwire from, struct buf *out)
{
	ECDSA_SIG	*signature = ECDSA_SIG_new();
	BIGNUM		*r = read_number(&from), *s = read_number(&from);
	unsigned char	*der = NULL;
	int		 n = 0;

	if (signature != NULL && r != NULL && s != NULL && from.len == 0 && ECDSA_SIG_set0(signature, r, s) == 1) {
		r = s = NULL;		/* they are the signature's now */
		n = i2d_ECDSA_SIG(signature, &der);
	}
	if (n > 0)
		buf_add(out, der, (size_t)n);
	OPENSSL_free(der);
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(signature);
	return n > 0;
}

/* What a security key signs instead: hashes, and between them whether it was touched, and how often it has signed. */
static bool
held_text(const struct sshwire *application, struct sshwire *rest, const struct buf *tbs, struct buf *out)
{
	unsigned char	 hash[SHA256_DIGEST_LENGTH];

	if (rest->len != 1 + 4 || (rest->data[0] & TOUCHED) == 0)
		return false;
	SHA256(application->data, application->len, hash);
	buf_add(out, hash, sizeof(hash));
	buf_add(out, rest->data, rest->len);
	SHA256((const unsigned char *)tbs->data, tbs->len, hash);
	buf_add(out, hash, sizeof(hash));
	return true;
}

static bool
holds(const struct kind *kind, EVP_PKEY *key, const struct sshwire *signature, const struct buf *text)
{
	EVP_MD_CTX	*context = EVP_MD_CTX_new();
	struct buf	 der = { 0 };
	const void	*bytes = signature->data;
	size_t		 n = signature->len;
	bool		 good;

	if (kind->family == FAMILY_ECDSA) {
		good = ecdsa_der(*signature, &der);
		bytes = der.data;
		n = der.len;
	} else {
		good = kind->family == FAMILY_RSA ? n == (size_t)EVP_PKEY_get_size(key) : n == ED25519_SIGNATURE;
	}
	good = good && context != NULL &&
	    EVP_DigestVerifyInit(context, NULL, kind->md == NULL ? NULL : kind->md(), NULL, key) == 1 &&
	    EVP_DigestVerify(context, bytes, n, (const unsigned char *)text->data, text->len) == 1;
	EVP_MD_CTX_free(context);
	buf_fini(&der);
	return good;
}

struct err *
sshsig_key_verify(const struct sshwire *key, const struct sshwire *signature, const struct buf *tbs)
{
	struct sshwire		 public = *key, rest = *signature, key_type, type, bytes, application = { 0 };
	struct buf		 held = { 0 };
	const struct kind	*kind;
	EVP_PKEY		*pkey = NULL;
	struct err		*e = NULL;

	if (!sshwire_string(&public, &key_type) || !sshwire_string(&rest, &type) || !sshwire_string(&rest, &bytes))
		return err_new(ERR_TRUST, "not a signature of ssh-keygen(1)");
	if ((kind = find_kind(&key_type, &type)) == NULL)
		return err_hint(err_new(ERR_TRUST, "a signature by a key of a kind that is not known here"),
		    "Ed25519, ECDSA and RSA keys sign, and those of a security key");
	if ((pkey = read_key(kind, &public, &application)) == NULL)
		e = err_new(ERR_TRUST, "a signature by a key that is malformed");
	else if (kind->held ? !held_text(&application, &rest, tbs, &held) : rest.len != 0)
		e = err_new(ERR_TRUST, "a signature that is malformed, or for which nobody touched the security key");
	else if (!holds(kind, pkey, &bytes, kind->held ? &held : tbs))
		e = err_new(ERR_TRUST, "the signature is of something else");
	EVP_PKEY_free(pkey);
	buf_fini(&held);
	return e;
}
