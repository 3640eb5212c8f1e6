/* ssh: host keys as text. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ssh/hostkey.h"

#include "base/base64.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/sha256.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES	16384
#define RSA_MIN_BITS	2048
#define RSA_MAX_BITS	16384
#define DIGEST_SIZE	32	/* of SHA-256 */

#define ART_WIDTH	17
#define ART_HEIGHT	9
#define ART_OFTEN	14	/* visits beyond that look alike */
#define ART_START	15
#define ART_END		16

/* One public key type: how its blob looks behind the type's name. */
struct type {
	const char	*name;
	const char	*curve;		/* ECDSA, RFC 5656, 3.1 */
	size_t		 point;		/* bytes of the public key; 0 is RSA, RFC 4253, 6.6 */
};

static const struct type types[] = {
	{ "ssh-ed25519", NULL, 32 },
	{ "ecdsa-sha2-nistp256", "nistp256", 65 },
	{ "ecdsa-sha2-nistp384", "nistp384", 97 },
	{ "ecdsa-sha2-nistp521", "nistp521", 133 },
	{ "ssh-rsa", NULL, 0 },
};

/* A piece of text or of a blob that is not copied. */
struct span {
	const char	*data;
	size_t		 len;
};

static bool
span_is(struct span span, const char *text)
{
	return span.len == strlen(text) && memcmp(span.data, text, span.len) == 0;
}

static const struct type *
type_find(struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (span_is(name, types[i].name))
			return &types[i];
	return NULL;
}

/* The next word of a line; empty at its end. */
static struct span
next_word(const char **at)
{
	struct span	 word;

	*at += strspn(*at, " \t");
	word.data = *at;
	word.len = strcspn(*at, " \t\r\n");
	*at += word.len;
	return word;
}

/* The next string of a blob (RFC 4251, 5): a length of four bytes and as many bytes. */
static bool
next_string(struct span *blob, struct span *out)
{
	uint32_t	 len = 0;

	if (blob->len < 4)
		return false;
	for (size_t i = 0; i < 4; i++)
		len = len << 8 | (unsigned char)blob->data[i];
	if (len > blob->len - 4)
		return false;
	out->data = blob->data + 4;
	out->len = len;
	blob->data += 4 + len;
	blob->len -= 4 + len;
	return true;
}

/* The bits of a positive mpint in its shortest form; 0 for anything else. */
static size_t
mpint_bits(struct span number)
{
	const unsigned char	*byte = (const unsigned char *)number.data;
	size_t			 len = number.len, bits;

	if (len > 1 && byte[0] == 0 && (byte[1] & 0x80) != 0) {
		byte++;
		len--;
	} else if (len == 0 || byte[0] == 0 || (byte[0] & 0x80) != 0) {
		return 0;
	}
	bits = (len - 1) * 8;
	for (unsigned top = byte[0]; top != 0; top >>= 1)
		bits++;
	return bits;
}

static struct err *
rsa_check(struct span blob)
{
	struct span	 e, n;
	size_t		 bits;

	if (!next_string(&blob, &e) || !next_string(&blob, &n) || blob.len != 0 || mpint_bits(e) == 0)
		return err_new(ERR_CONFIG, "the key's data is no RSA key");
	bits = mpint_bits(n);
	if (bits < RSA_MIN_BITS || bits > RSA_MAX_BITS)
		return err_new(ERR_CONFIG, "an RSA key of %zu bits is not trusted, %d to %d are", bits, RSA_MIN_BITS,
		    RSA_MAX_BITS);
	return NULL;
}

static struct err *
blob_check(const struct type *type, struct span blob)
{
	struct span	 name, curve, point;

	if (!next_string(&blob, &name))
		return err_new(ERR_CONFIG, "the key's data is cut short");
	if (!span_is(name, type->name))
		return err_new(ERR_CONFIG, "the key's data is not of the type \"%s\" that the line says", type->name);
	if (type->point == 0)
		return rsa_check(blob);
	if (type->curve != NULL && (!next_string(&blob, &curve) || !span_is(curve, type->curve)))
		return err_new(ERR_CONFIG, "the key's data names another curve than its type");
	if (!next_string(&blob, &point) || blob.len != 0 || point.len != type->point ||
	    (type->curve != NULL && point.data[0] != 4))
		return err_new(ERR_CONFIG, "the key's data is no %s key", type->name);
	return NULL;
}

struct err *
hostkey_parse(struct buf *key, const char *line)
{
	const struct type	*type;
	struct span		 word, data;
	struct buf		 blob = { 0 };
	struct err		*e;

	if (strlen(line) > LINE_MAX_BYTES)
		return err_new(ERR_CONFIG, "the line is longer than any key, %d bytes", LINE_MAX_BYTES);
	word = next_word(&line);
	if (word.len > 0 && word.data[0] == '@')
		return err_new(ERR_CONFIG, "markers such as \"%.*s\" are not known here", (int)word.len, word.data);
	type = type_find(word);
	if (type == NULL && word.len > 0 && word.data[0] != '#')	/* known_hosts: the names come first */
		type = type_find(next_word(&line));
	if (type == NULL)
		return err_hint(err_new(ERR_CONFIG, "no public key of a known type"),
		    "a key is one line, \"ssh-ed25519 AAAA...\"; ecdsa-sha2-nistp256, -384, -521 and ssh-rsa are "
		    "known too");
	data = next_word(&line);
	if (!base64_decode(data.data, data.len, true, &blob)) {
		e = err_new(ERR_CONFIG, "the key's data is no base64");
	} else {
		e = blob_check(type, (struct span){ blob.data, blob.len });
		if (e == NULL)
			buf_addf(key, "%s %.*s", type->name, (int)data.len, data.data);
	}
	buf_fini(&blob);
	return e;
}

/* The bytes of a parsed key, and their SHA-256. */
static struct err *
digest_of(struct buf *blob, unsigned char digest[DIGEST_SIZE], const char *key)
{
	struct buf	 parsed = { 0 };
	struct err	*e = hostkey_parse(&parsed, key);
	const char	*data;
	char		 hex[SHA256_HEX_SIZE];

	if (e == NULL) {
		data = strchr(buf_text(&parsed), ' ') + 1;
		(void)base64_decode(data, strlen(data), true, blob);	/* the parser did it before */
		sha256_hex(blob->data, blob->len, hex);
		for (size_t i = 0; i < DIGEST_SIZE; i++) {
			unsigned	 byte;

			sscanf(hex + 2 * i, "%2x", &byte);
			digest[i] = (unsigned char)byte;
		}
	}
	buf_fini(&parsed);
	return e;
}

struct err *
hostkey_fingerprint(struct buf *fingerprint, const char *key)
{
	struct buf	 blob = { 0 };
	unsigned char	 digest[DIGEST_SIZE];
	struct err	*e = digest_of(&blob, digest, key);

	if (e == NULL) {
		buf_adds(fingerprint, "SHA256:");
		base64_encode(digest, sizeof(digest), false, fingerprint);
	}
	buf_fini(&blob);
	return e;
}

/* "[ED25519 256]": what the picture's upper edge says of a key. */
static void
art_title(char title[ART_WIDTH], struct span blob)
{
	const char	*kind = "ED25519";
	size_t		 bits = 256;
	struct span	 name, e, n;

	if (!next_string(&blob, &name))
		return;
	if (span_is(name, "ssh-rsa") && next_string(&blob, &e) && next_string(&blob, &n)) {
		kind = "RSA";
		bits = mpint_bits(n);
	} else if (name.len > 16 && memcmp(name.data, "ecdsa", 5) == 0) {
		kind = "ECDSA";
		bits = (size_t)strtoul(name.data + strlen("ecdsa-sha2-nistp"), NULL, 10);
	}
	snprintf(title, ART_WIDTH, "[%s %zu]", kind, bits);
}

/* An edge with its title in the middle, an odd rest on the right. */
static void
art_edge(struct buf *art, const char *title)
{
	size_t	 len = strlen(title), left = (ART_WIDTH - len) / 2;

	buf_addc(art, '+');
	for (size_t i = 0; i < left; i++)
		buf_addc(art, '-');
	buf_adds(art, title);
	for (size_t i = left + len; i < ART_WIDTH; i++)
		buf_addc(art, '-');
	buf_adds(art, "+\n");
}

/* One step along an axis, which the wall may stop. */
static unsigned
stepped(unsigned at, bool forward, unsigned size)
{
	return forward ? (at + 1 < size ? at + 1 : at) : (at > 0 ? at - 1 : at);
}

/* How often each place is visited, and where the walk ends: two bits a step, the lowest of each byte first. */
static void
art_walk(unsigned char room[ART_HEIGHT][ART_WIDTH], const unsigned char digest[DIGEST_SIZE])
{
	unsigned	 x = ART_WIDTH / 2, y = ART_HEIGHT / 2;

	for (size_t i = 0; i < DIGEST_SIZE; i++) {
		for (unsigned shift = 0; shift < 8; shift += 2) {
			x = stepped(x, (digest[i] >> shift & 1) != 0, ART_WIDTH);
			y = stepped(y, (digest[i] >> shift & 2) != 0, ART_HEIGHT);
			if (room[y][x] < ART_OFTEN)
				room[y][x]++;
		}
	}
	room[ART_HEIGHT / 2][ART_WIDTH / 2] = ART_START;
	room[y][x] = ART_END;
}

struct err *
hostkey_randomart(struct buf *art, const char *key)
{
	static const char marks[] = " .o+=*BOX@%&#/^SE";	/* the last two: start and end */
	unsigned char	 digest[DIGEST_SIZE], room[ART_HEIGHT][ART_WIDTH] = { { 0 } };
	char		 title[ART_WIDTH] = "";
	struct buf	 blob = { 0 };
	struct err	*e = digest_of(&blob, digest, key);

	if (e == NULL) {
		art_title(title, (struct span){ blob.data, blob.len });
		art_walk(room, digest);
		art_edge(art, title);
		for (size_t y = 0; y < ART_HEIGHT; y++) {
			buf_addc(art, '|');
			for (size_t x = 0; x < ART_WIDTH; x++)
				buf_addc(art, marks[room[y][x]]);
			buf_adds(art, "|\n");
		}
		art_edge(art, "[SHA256]");
	}
	buf_fini(&blob);
	return e;
}
