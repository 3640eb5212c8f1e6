/* vault: which lines of a private key are secret. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vault/private_key.h"

#include "base/base64.h"
#include "base/buf.h"
#include "base/mask.h"

#include <string.h>

#define INTEGER		0x02
#define OCTETS		0x04
#define SEQUENCE	0x30

/* What is left of some DER (X.690, 10). */
struct der {
	const unsigned char	*at, *end;
};

/* Take the next value if it has this tag; *inner is what is in it. */
static bool
der_take(struct der *der, unsigned char tag, struct der *inner)
{
	const unsigned char	*at = der->at;
	size_t			 len, bytes;

	if (der->end - at < 2 || *at++ != tag)
		return false;
	len = *at++;
	if (len >= 0x80) {
		bytes = len & 0x7f;
		if (bytes == 0 || bytes > 3 || (size_t)(der->end - at) < bytes)
			return false;
		for (len = 0; bytes > 0; bytes--)
			len = len << 8 | *at++;
	}
	if ((size_t)(der->end - at) < len)
		return false;
	*inner = (struct der){ at, at + len };
	der->at = at + len;
	return true;
}

/*
 * Narrow *key to what is secret in it: of RSAPrivateKey (RFC 8017, A.1.2) all behind modulus and public exponent, of
 * ECPrivateKey (RFC 5915) and CurvePrivateKey (RFC 8410) the octets.
 */
static bool
find_in_key(struct der *key)
{
	struct der der = *key, in, skipped;

	if (der_take(&der, OCTETS, &in)) {
		*key = in;
		return true;
	}
	if (!der_take(&der, SEQUENCE, &in) || !der_take(&in, INTEGER, &skipped))
		return false;
	if (der_take(&in, OCTETS, &skipped)) {
		*key = skipped;
		return true;
	}
	for (int i = 0; i < 2; i++) {
		if (!der_take(&in, INTEGER, &skipped))
			return false;
	}
	*key = in;
	return true;
}

/* The same of PrivateKeyInfo (RFC 5958), or of the key alone. */
static bool
find_secret(struct der *key)
{
	struct der der = *key, in, skipped;

	if (der_take(&der, SEQUENCE, &in) && der_take(&in, INTEGER, &skipped) && der_take(&in, SEQUENCE, &skipped) &&
	    der_take(&in, OCTETS, &skipped))
		*key = skipped;
	return find_in_key(key);
}

/* Where the line ends. */
static const char *
line_end(const char *line, const char *end)
{
	const char *stop = memchr(line, '\n', (size_t)(end - line));

	return stop != NULL ? stop : end;
}

static const char *
next_line(const char *line, const char *end)
{
	const char *stop = line_end(line, end);

	return stop == end ? end : stop + 1;
}

static bool
is_marker(const char *line, const char *end, const char *word)
{
	static const char	 tail[] = "PRIVATE KEY-----";
	size_t			 n = (size_t)(line_end(line, end) - line);

	return n >= strlen(word) + strlen(tail) && memcmp(line, word, strlen(word)) == 0 &&
	    memcmp(line + n - strlen(tail), tail, strlen(tail)) == 0;
}

/* Register those lines from `body` to `end` that are not all public. */
static void
hide_lines(const char *body, const char *end, const struct der *secret, const unsigned char *start)
{
	size_t first = (size_t)(secret->at - start), last = (size_t)(secret->end - start), from = 0, to, n;

	for (; body < end; body = next_line(body, end), from = to) {
		n = (size_t)(line_end(body, end) - body);
		to = from + n / 4 * 3;
		if (to > first && from < last)
			mask_register(body, n);
	}
}

bool
private_key_hide(const char *text, size_t len)
{
	const char	*end = text + len, *body, *stop;
	struct buf	 packed = { .secret = true }, bytes = { .secret = true };
	struct der	 key;
	bool		 known = false;

	if (len == 0 || !is_marker(text, end, "-----BEGIN "))
		return false;
	body = next_line(text, end);
	for (stop = body; stop < end && !is_marker(stop, end, "-----END "); stop = next_line(stop, end))
		buf_add(&packed, stop, (size_t)(line_end(stop, end) - stop));
	if (stop == end || next_line(stop, end) != end || !base64_decode(buf_text(&packed), packed.len, true, &bytes))
		goto out;
	key = (struct der){ (const unsigned char *)bytes.data, (const unsigned char *)bytes.data + bytes.len };
	if ((known = find_secret(&key)))
		hide_lines(body, stop, &key, (const unsigned char *)bytes.data);
out:
	buf_fini(&packed);
	buf_fini(&bytes);
	return known;
}
