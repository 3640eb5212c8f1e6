/* pki: public keys of OpenPGP, RFC 9580, as far as it takes to tell whose they are. */
/* May know base.  What is read here others wrote: it never meets a private key of leap's. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pki/openpgp.h"

#include "base/base64.h"
#include "base/buf.h"
#include "base/err.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PUBLIC_BEGIN	"-----BEGIN PGP PUBLIC KEY BLOCK-----"
#define PRIVATE_BEGIN	"-----BEGIN PGP PRIVATE KEY BLOCK-----"
#define END		"-----END PGP PUBLIC KEY BLOCK-----"

/* Packets, RFC 9580, 5. */
enum { TAG_SIGNATURE = 2, TAG_SECRET = 5, TAG_PUBLIC = 6, TAG_SECRET_SUBKEY = 7, TAG_USER = 13, TAG_SUBKEY = 14 };

/* Types of signatures (5.2.1) and parts of them (5.2.3.7). */
enum { CERT_FIRST = 0x10, CERT_LAST = 0x13, DIRECT = 0x1f, REVOCATION = 0x20 };
enum { SIG_CREATED = 2, KEY_EXPIRES = 9, ISSUER_ID = 16, ISSUER_FINGERPRINT = 33 };

#define KEY_ID_SIZE	8

struct bytes {
	const unsigned char	*data;
	size_t			 len;
};

/* What one signature says of the key. */
struct claim {
	bool	 own;		/* the key itself made it */
	int64_t	 created, lasts;	/* lasts 0: for ever */
};

static bool
take(struct bytes *from, size_t len, struct bytes *out)
{
	if (from->len < len)
		return false;
	*out = (struct bytes){ from->data, len };
	from->data += len;
	from->len -= len;
	return true;
}

static bool
take_number(struct bytes *from, size_t size, size_t *out)
{
	struct bytes	 digits;

	if (!take(from, size, &digits))
		return false;
	*out = 0;
	for (size_t i = 0; i < size; i++)
		*out = *out << 8 | digits.data[i];
	return true;
}

/* A length of the newer form (4.2.1), also that of a signature's part; parts of packets are for long messages only. */
static bool
take_length(struct bytes *from, bool partial, size_t *out)
{
	size_t	 first, second;

	if (!take_number(from, 1, &first))
		return false;
	if (first == 255)
		return take_number(from, 4, out);
	if (first >= 224 && !partial)
		return false;
	if (first < 192)
		*out = first;
	else if (take_number(from, 1, &second))
		*out = ((first - 192) << 8) + second + 192;
	else
		return false;
	return true;
}

static bool
take_packet(struct bytes *from, unsigned *tag, struct bytes *body)
{
	size_t	 head, len;

	if (!take_number(from, 1, &head) || (head & 0x80) == 0)
		return false;
	if ((head & 0x40) != 0) {
		*tag = head & 0x3f;
		return take_length(from, false, &len) && take(from, len, body);
	}
	*tag = head >> 2 & 0x0f;
	return (head & 3) != 3 && take_number(from, (size_t)1 << (head & 3), &len) && take(from, len, body);
}

/* CRC-24 (6.1). */
static uint32_t
checksum(const struct buf *data)
{
	uint32_t	 crc = 0xb704ce;

	for (size_t i = 0; i < data->len; i++) {
		crc ^= (uint32_t)(unsigned char)data->data[i] << 16;
		for (int bit = 0; bit < 8; bit++)
			crc = (crc << 1) ^ ((crc & 0x800000) != 0 ? 0x1864cfb : 0);
	}
	return crc & 0xffffff;
}

static bool
checksum_is(const struct buf *data, const char *text)
{
	struct buf	 bytes = { 0 };
	uint32_t	 crc = checksum(data);
	bool		 good = base64_decode(text, 4, true, &bytes) && bytes.len == 3 &&
			    (unsigned char)bytes.data[0] == (crc >> 16 & 0xff) &&
			    (unsigned char)bytes.data[1] == (crc >> 8 & 0xff) && (unsigned char)bytes.data[2] == (crc & 0xff);

	buf_fini(&bytes);
	return good;
}

/* The bytes of an armored text (6.2); its headers mean nothing, its checksum may be missing. */
static bool
dearmor(struct buf *out, const char *text)
{
	const char	*line = strstr(text, PUBLIC_BEGIN), *end = strstr(text, END), *crc = NULL;
	struct buf	 body = { 0 };
	bool		 headers = true, good;

	if (line == NULL || end == NULL || end < line)
		return false;
	for (line += strcspn(line, "\n"); line < end; line += strcspn(line, "\n")) {
		size_t len = strcspn(++line, "\r\n");

		if (line >= end)
			break;
		if (headers)
			headers = strspn(line, " \t\r") < strcspn(line, "\n");
		else if (*line == '=' && len == 5)
			crc = line + 1;
		else if (crc == NULL)
			buf_add(&body, line, len);
	}
	good = base64_decode(buf_text(&body), body.len, true, out) && (crc == NULL || checksum_is(out, crc));
	buf_fini(&body);
	return good;
}

static void
hex(char *out, const unsigned char *digest, size_t len)
{
	for (size_t i = 0; i < len; i++)
		snprintf(out + 2 * i, 3, "%02X", digest[i]);
}

/* Fingerprints, 5.5.4. */
static struct err *
read_public(struct openpgp_key *out, struct bytes body)
{
	unsigned char	 digest[SHA256_DIGEST_LENGTH];
	struct buf	 text = { 0 };
	struct bytes	 rest = body;
	size_t		 version, created, algorithm, material;

	if (!take_number(&rest, 1, &version) || !take_number(&rest, 4, &created))
		return err_new(ERR_CONFIG, "the OpenPGP key is cut short");
	if (version != 4 && version != 6)
		return err_new(ERR_CONFIG, "an OpenPGP key of version %zu is not trusted, those of 4 and 6 are", version);
	if (!take_number(&rest, 1, &algorithm) || rest.len == 0 || body.len > 0xffff ||
	    (version == 6 && (!take_number(&rest, 4, &material) || material != rest.len)))
		return err_new(ERR_CONFIG, "the OpenPGP key is damaged");
	out->version = (unsigned)version;
	out->created = (int64_t)created;
	if (version == 6)
		buf_add(&text, "\x9b\0", 3);		/* and the NUL behind: a length of four bytes */
	else
		buf_addc(&text, '\x99');
	buf_addc(&text, (char)(body.len >> 8));
	buf_addc(&text, (char)(body.len & 0xff));
	buf_add(&text, body.data, body.len);
	if (version == 6)
		SHA256((const unsigned char *)text.data, text.len, digest);
	else
		SHA1((const unsigned char *)text.data, text.len, digest);
	hex(out->fingerprint, digest, version == 6 ? SHA256_DIGEST_LENGTH : SHA_DIGEST_LENGTH);
	buf_fini(&text);
	return NULL;
}

/* Whether an issuer's fingerprint, behind its version, or number is the key's. */
static bool
is_own(const struct openpgp_key *key, unsigned type, struct bytes value)
{
	char	 digits[OPENPGP_FINGERPRINT_SIZE];
	size_t	 len = strlen(key->fingerprint);

	if (type == ISSUER_FINGERPRINT && value.len == 1 + len / 2) {
		hex(digits, value.data + 1, len / 2);
		return strcmp(digits, key->fingerprint) == 0;
	}
	if (type != ISSUER_ID || value.len != KEY_ID_SIZE)
		return false;
	hex(digits, value.data, KEY_ID_SIZE);	/* the end of a fingerprint of version 4, the beginning of one of 6 */
	return memcmp(digits, key->fingerprint + (key->version == 4 ? len - 2 * KEY_ID_SIZE : 0), 2 * KEY_ID_SIZE) == 0;
}

/* The parts of a signature; only what is signed itself counts, but for the name of who signed. */
static bool
read_parts(struct claim *claim, const struct openpgp_key *key, struct bytes parts, bool hashed)
{
	struct bytes	 part, value;
	size_t		 len, type, number;

	while (parts.len > 0) {
		if (!take_length(&parts, true, &len) || !take(&parts, len, &part) || !take_number(&part, 1, &type))
			return false;
		type &= 0x7f;			/* the rest says how important it is */
		value = part;
		if (is_own(key, (unsigned)type, value))
			claim->own = true;
		if (hashed && (type == SIG_CREATED || type == KEY_EXPIRES)) {
			if (!take_number(&value, 4, &number))
				return false;
			*(type == SIG_CREATED ? &claim->created : &claim->lasts) = (int64_t)number;
		}
	}
	return true;
}

/* A signature on the key or one of its names.  Those of other versions and of others say nothing here. */
static bool
read_signature(struct openpgp_key *key, struct bytes body, int64_t *newest)
{
	struct claim	 claim = { 0 };
	struct bytes	 parts;
	size_t		 version, type, ignored, len, wide;

	if (!take_number(&body, 1, &version))
		return false;
	if (version != 4 && version != 6)
		return true;
	wide = version == 6 ? 4 : 2;
	if (!take_number(&body, 1, &type) || !take_number(&body, 2, &ignored) || !take_number(&body, wide, &len) ||
	    !take(&body, len, &parts) || !read_parts(&claim, key, parts, true) || !take_number(&body, wide, &len) ||
	    !take(&body, len, &parts) || !read_parts(&claim, key, parts, false))
		return false;
	if (!claim.own)
		return true;
	if (type == REVOCATION)
		key->revoked = true;
	if (((type >= CERT_FIRST && type <= CERT_LAST) || type == DIRECT) && claim.created >= *newest) {
		*newest = claim.created;
		key->expires = claim.lasts == 0 ? 0 : key->created + claim.lasts;
	}
	return true;
}

static struct err *
read_packets(struct openpgp_key *out, struct bytes from)
{
	struct bytes	 body;
	bool		 good = true, subkeys = false;
	int64_t		 newest = 0;
	unsigned	 tag = 0;
	struct err	*e = NULL;

	for (size_t i = 0; e == NULL && good && from.len > 0; i++) {
		good = take_packet(&from, &tag, &body);
		if (good && (tag == TAG_SECRET || tag == TAG_SECRET_SUBKEY))
			e = err_new(ERR_CONFIG, "this is a private OpenPGP key");
		else if (good && tag == TAG_PUBLIC && i > 0)
			e = err_new(ERR_CONFIG, "there is more than one OpenPGP key in it");
		else if (good && tag == TAG_PUBLIC)
			e = read_public(out, body);
		else if (i == 0)
			e = err_new(ERR_CONFIG, "this is no public OpenPGP key");
		else if (good && tag == TAG_USER && out->user_id == NULL)
			out->user_id = xstrndup((const char *)body.data, body.len);
		else if (good && tag == TAG_SIGNATURE && !subkeys)
			good = read_signature(out, body, &newest);
		subkeys = subkeys || tag == TAG_SUBKEY;
	}
	return e != NULL || good ? e : err_new(ERR_CONFIG, "the OpenPGP key is damaged");
}

struct err *
openpgp_read(struct openpgp_key *out, const void *data, size_t len)
{
	const unsigned char	*bytes = data;
	struct buf		 binary = { 0 }, text = { .secret = true };	/* it may be a private key, by mistake */
	struct err		*e = NULL;

	*out = (struct openpgp_key){ 0 };
	if (len == 0)
		return err_new(ERR_CONFIG, "this is no public OpenPGP key");
	if ((bytes[0] & 0x80) != 0)
		return read_packets(out, (struct bytes){ bytes, len });
	buf_add(&text, data, len);
	if (strstr(buf_text(&text), PRIVATE_BEGIN) != NULL)
		e = err_new(ERR_CONFIG, "this is a private OpenPGP key");
	else if (!dearmor(&binary, buf_text(&text)))
		e = err_new(ERR_CONFIG, "this is no public OpenPGP key");
	else
		e = read_packets(out, (struct bytes){ (const unsigned char *)binary.data, binary.len });
	buf_fini(&text);
	buf_fini(&binary);
	return e;
}

void
openpgp_fini(struct openpgp_key *key)
{
	free(key->user_id);
	key->user_id = NULL;
}
