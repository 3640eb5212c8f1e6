/* age: signatures by SSH keys: OpenSSH's PROTOCOL.sshsig. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "age/sshsig.h"

#include "age/format.h"
#include "age/sshsig_key.h"
#include "base/base64.h"
#include "base/err.h"
#include "base/sshwire.h"

#include <openssl/err.h>
#include <string.h>

#define BEGIN		"-----BEGIN SSH SIGNATURE-----\n"
#define END		"-----END SSH SIGNATURE-----\n"
#define MAGIC		"SSHSIG"
#define VERSION		1u
#define LINE		70u		/* characters of base64, as ssh-keygen breaks them */
#define TEXT_MAX	(16u << 10)

/* Take the armor off; only what ssh-keygen would have written. */
static bool
unarmor(const char *text, size_t len, struct buf *raw)
{
	struct buf	 body = { 0 };
	const char	*end;
	size_t		 n = LINE;
	bool		 good = false;

	if (len < strlen(BEGIN) + strlen(END) || len > TEXT_MAX || memcmp(text, BEGIN, strlen(BEGIN)) != 0)
		return false;
	end = text + len - strlen(END);
	if (memcmp(end, END, strlen(END)) != 0)
		return false;
	for (const char *line = text + strlen(BEGIN); line < end; line += n + 1) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));

		if (newline == NULL || n != LINE)	/* a line behind one that was short */
			goto out;
		n = (size_t)(newline - line);
		if (n == 0 || n > LINE)
			goto out;
		buf_add(&body, line, n);
	}
	good = base64_decode(buf_text(&body), body.len, true, raw);
out:
	buf_fini(&body);
	return good;
}

static void
armor(const struct buf *raw, struct buf *out)
{
	struct buf body = { 0 };

	base64_encode(raw->data, raw->len, true, &body);
	buf_adds(out, BEGIN);
	for (size_t at = 0; at < body.len; at += LINE) {
		buf_add(out, body.data + at, body.len - at < LINE ? body.len - at : LINE);
		buf_addc(out, '\n');
	}
	buf_adds(out, END);
	buf_fini(&body);
}

/* What a signature has inside. */
struct blob {
	struct sshwire	key, name_space, reserved, hash, signature;
};

static bool
read_blob(const struct buf *raw, struct blob *out)
{
	struct sshwire	from = sshwire_of(raw);
	uint32_t	version;

	return sshwire_magic(&from, MAGIC, strlen(MAGIC)) && sshwire_u32(&from, &version) && version == VERSION &&
	    sshwire_string(&from, &out->key) && sshwire_string(&from, &out->name_space) &&
	    sshwire_string(&from, &out->reserved) && sshwire_string(&from, &out->hash) &&
	    sshwire_string(&from, &out->signature) && from.len == 0;
}

/* What is signed: not the data but its hash, and what for. */
NODISCARD
static struct err *
signed_text(struct buf *out, const char *name_space, const char *hash, const void *data, size_t len)
{
	unsigned char	 digest[EVP_MAX_MD_SIZE];
	unsigned	 n = 0;
	const EVP_MD	*md = strcmp(hash, "sha512") == 0 ? EVP_sha512() : EVP_sha256();

	if (EVP_Digest(data, len, digest, &n, md, NULL) != 1)
		return err_new(ERR_FAILED, "OpenSSL cannot hash");
	buf_adds(out, MAGIC);
	sshwire_add_text(out, name_space);
	sshwire_add_text(out, "");
	sshwire_add_text(out, hash);
	sshwire_add_string(out, digest, n);
	return NULL;
}

struct err *
sshsig_verify(struct buf *key, const char *name_space, const char *text, size_t len, const void *data, size_t data_len)
{
	struct buf	 raw = { 0 }, tbs = { 0 };
	struct blob	 blob;
	const char	*hash;
	struct err	*e = NULL;

	if (!unarmor(text, len, &raw) || !read_blob(&raw, &blob)) {
		e = err_new(ERR_TRUST, "not a signature of ssh-keygen(1)");
		goto out;
	}
	hash = sshwire_is(&blob.hash, "sha512") ? "sha512" : sshwire_is(&blob.hash, "sha256") ? "sha256" : NULL;
	if (!sshwire_is(&blob.name_space, name_space))
		e = err_new(ERR_TRUST, "a signature for something else than \"%s\"", name_space);
	else if (hash == NULL || blob.reserved.len != 0)
		e = err_new(ERR_TRUST, "a signature of a kind that is not known here");
	else if ((e = signed_text(&tbs, name_space, hash, data, data_len)) == NULL)
		e = sshsig_key_verify(&blob.key, &blob.signature, &tbs);
	if (e == NULL)
		buf_add(key, blob.key.data, blob.key.len);
out:
	ERR_clear_error();
	buf_fini(&raw);
	buf_fini(&tbs);
	return e;
}

const struct buf *
age_identity_key(const struct age_identity *identity, bool *locked)
{
	*locked = identity->locked.len > 0;
	return &identity->wire;
}

/* The raw signature by the identity's key, with its name: RFC 8709, 6 and RFC 8332, 3. */
NODISCARD
static struct err *
sign(const struct age_identity *identity, const struct buf *tbs, struct buf *out)
{
	bool		 rsa = identity->type == KEY_SSH_RSA;
	const char	*name = rsa ? "rsa-sha2-512" : "ssh-ed25519";
	EVP_PKEY	*key = rsa ? identity->rsa : EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, identity->seed,
	    KEY_SIZE);
	EVP_MD_CTX	*context = EVP_MD_CTX_new();
	unsigned char	 bytes[RSA_BYTES_MAX];
	size_t		 n = sizeof(bytes);
	struct err	*e = NULL;

	if (key == NULL || context == NULL ||
	    EVP_DigestSignInit(context, NULL, rsa ? EVP_sha512() : NULL, NULL, key) != 1 ||
	    EVP_DigestSign(context, bytes, &n, (const unsigned char *)tbs->data, tbs->len) != 1) {
		e = err_new(ERR_FAILED, "OpenSSL cannot sign with %s", identity->name);
	} else {
		sshwire_add_text(out, name);
		sshwire_add_string(out, bytes, n);
	}
	EVP_MD_CTX_free(context);
	if (!rsa)
		EVP_PKEY_free(key);
	ERR_clear_error();
	return e;
}

struct err *
sshsig_sign(struct buf *out, struct age_identity *identity, const struct age_ask *ask, const char *name_space,
    const void *data, size_t data_len)
{
	static const char	 hash[] = "sha512";
	struct buf		 tbs = { 0 }, signature = { 0 }, raw = { 0 };
	struct sshwire		 key, made;
	struct err		*e = NULL;

	if (identity->type != KEY_SSH_ED25519 && identity->type != KEY_SSH_RSA)
		return err_new(ERR_CONFIG, "%s is no SSH key: it cannot sign", identity->name);
	if (identity->locked.len > 0)
		e = ask == NULL ? err_new(ERR_TRUST, "%s is locked", identity->name) : ssh_unlock(identity, ask);
	if (e != NULL || (e = signed_text(&tbs, name_space, hash, data, data_len)) != NULL ||
	    (e = sign(identity, &tbs, &signature)) != NULL)
		goto out;
	/* A file whose halves are not of one key, or a slip of the processor, must not leave this room. */
	key = sshwire_of(&identity->wire);
	made = sshwire_of(&signature);
	if ((e = sshsig_key_verify(&key, &made, &tbs)) != NULL) {
		e = err_context(e, "%s", identity->name);
		goto out;
	}
	buf_adds(&raw, MAGIC);
	sshwire_add_u32(&raw, VERSION);
	sshwire_add_string(&raw, identity->wire.data, identity->wire.len);
	sshwire_add_text(&raw, name_space);
	sshwire_add_text(&raw, "");
	sshwire_add_text(&raw, hash);
	sshwire_add_string(&raw, signature.data, signature.len);
	armor(&raw, out);
out:
	buf_fini(&tbs);
	buf_fini(&signature);
	buf_fini(&raw);
	return e;
}
