/* ssh: public keys as text and as RFC 4253, 6.6 has them. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ssh/public_key.h"

#include "base/base64.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/sha256.h"
#include "base/sshwire.h"

#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES	16384
#define RSA_MIN_BITS	2048
#define RSA_MAX_BITS	16384

/* One public key type: how its blob looks behind the type's name. */
struct type {
	const char	*name;
	const char	*curve;		/* ECDSA, RFC 5656, 3.1 */
	size_t		 point;		/* bytes of the public key; 0 is RSA, RFC 4253, 6.6 */
	bool		 held;		/* by a security key: an application follows, OpenSSH's PROTOCOL.u2f */
};

static const struct type types[] = {
	{ "ssh-ed25519", NULL, 32, false },
	{ "ecdsa-sha2-nistp256", "nistp256", 65, false },
	{ "ecdsa-sha2-nistp384", "nistp384", 97, false },
	{ "ecdsa-sha2-nistp521", "nistp521", 133, false },
	{ "ssh-rsa", NULL, 0, false },
	{ "sk-ssh-ed25519@openssh.com", NULL, 32, true },
	{ "sk-ecdsa-sha2-nistp256@openssh.com", "nistp256", 65, true },
};

/* A key in a line: its type, and its data as it stands there. */
struct found {
	const struct type	*type;
	struct sshwire		 data;
};

static const struct type *
type_find(const struct sshwire *name, bool held)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if ((held || !types[i].held) && sshwire_is(name, types[i].name))
			return &types[i];
	return NULL;
}

/* The next word of a line; empty at its end. */
static struct sshwire
next_word(const char **at)
{
	struct sshwire	 word;

	*at += strspn(*at, " \t");
	word = (struct sshwire){ (const unsigned char *)*at, strcspn(*at, " \t\r\n") };
	*at += word.len;
	return word;
}

static size_t
bits_of(const struct sshwire *number)
{
	size_t	 bits = (number->len - 1) * 8;

	for (unsigned top = number->data[0]; top != 0; top >>= 1)
		bits++;
	return bits;
}

NODISCARD
static struct err *
rsa_check(struct sshwire blob)
{
	struct sshwire	 e, n;
	size_t		 bits;

	if (!sshwire_number(&blob, &e) || !sshwire_number(&blob, &n) || blob.len != 0)
		return err_new(ERR_CONFIG, "the key's data is no RSA key");
	bits = bits_of(&n);
	if (bits < RSA_MIN_BITS || bits > RSA_MAX_BITS)
		return err_new(ERR_CONFIG, "an RSA key of %zu bits is not trusted, %d to %d are", bits, RSA_MIN_BITS,
		    RSA_MAX_BITS);
	return NULL;
}

NODISCARD
static struct err *
blob_check(const struct type *type, struct sshwire blob)
{
	struct sshwire	 name, curve, point, application;

	if (!sshwire_string(&blob, &name))
		return err_new(ERR_CONFIG, "the key's data is cut short");
	if (!sshwire_is(&name, type->name))
		return err_new(ERR_CONFIG, "the key's data is not of the type \"%s\" that the line says", type->name);
	if (type->point == 0)
		return rsa_check(blob);
	if (type->curve != NULL && (!sshwire_string(&blob, &curve) || !sshwire_is(&curve, type->curve)))
		return err_new(ERR_CONFIG, "the key's data names another curve than its type");
	if (!sshwire_string(&blob, &point) || point.len != type->point || (type->curve != NULL && point.data[0] != 4) ||
	    (type->held && !sshwire_string(&blob, &application)) || blob.len != 0)
		return err_new(ERR_CONFIG, "the key's data is no %s key", type->name);
	return NULL;
}

/* Find the key in a line, and append its blob. */
NODISCARD
static struct err *
find(struct found *out, struct buf *blob, const char *line, bool held)
{
	struct sshwire	 word;

	if (strlen(line) > LINE_MAX_BYTES)
		return err_new(ERR_CONFIG, "the line is longer than any key, %d bytes", LINE_MAX_BYTES);
	word = next_word(&line);
	if (word.len > 0 && word.data[0] == '@')
		return err_new(ERR_CONFIG, "markers such as \"%.*s\" are not known here", (int)word.len,
		    (const char *)word.data);
	out->type = type_find(&word, held);
	if (out->type == NULL && word.len > 0 && word.data[0] != '#') {	/* known_hosts: the names come first */
		word = next_word(&line);
		out->type = type_find(&word, held);
	}
	if (out->type == NULL)
		return err_hint(err_new(ERR_CONFIG, "no public key of a known type"),
		    "a key is one line, \"ssh-ed25519 AAAA...\"; ecdsa-sha2-nistp256, -384, -521 and ssh-rsa are "
		    "known too");
	out->data = next_word(&line);
	if (!base64_decode((const char *)out->data.data, out->data.len, true, blob))
		return err_new(ERR_CONFIG, "the key's data is no base64");
	return blob_check(out->type, sshwire_of(blob));
}

struct err *
public_key_parse(struct buf *key, const char *line, bool held)
{
	struct found	 found = { 0 };
	struct buf	 blob = { 0 };
	struct err	*e = find(&found, &blob, line, held);

	if (e == NULL && found.type != NULL)
		buf_addf(key, "%s %.*s", found.type->name, (int)found.data.len, (const char *)found.data.data);
	buf_fini(&blob);
	return e;
}

struct err *
public_key_blob(struct buf *blob, const char *key)
{
	struct found	 found;
	struct err	*e = find(&found, blob, key, true);

	if (e != NULL)
		buf_clear(blob);
	return e;
}

bool
public_key_line(struct buf *line, const struct buf *blob)
{
	struct sshwire	 from = sshwire_of(blob), type;

	if (!sshwire_string(&from, &type))
		return false;
	buf_add(line, type.data, type.len);
	buf_addc(line, ' ');
	base64_encode(blob->data, blob->len, true, line);
	return true;
}

size_t
public_key_bits(const struct buf *blob)
{
	struct sshwire		 from = sshwire_of(blob), name, e, n;
	const struct type	*type;

	if (!sshwire_string(&from, &name) || (type = type_find(&name, true)) == NULL)
		return 0;
	if (type->point == 0)
		return sshwire_number(&from, &e) && sshwire_number(&from, &n) ? bits_of(&n) : 0;
	return type->curve != NULL ? strtoul(type->curve + strlen("nistp"), NULL, 10) : type->point * 8;
}

struct err *
public_key_fingerprint(struct buf *fingerprint, const char *key)
{
	struct buf	 blob = { 0 };
	unsigned char	 digest[SHA256_SIZE];
	struct err	*e = public_key_blob(&blob, key);

	if (e == NULL) {
		sha256_bytes(blob.data, blob.len, digest);
		buf_adds(fingerprint, "SHA256:");
		base64_encode(digest, sizeof(digest), false, fingerprint);
	}
	buf_fini(&blob);
	return e;
}
