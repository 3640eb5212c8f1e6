/* repo: what a private key looks like, of whatever kind. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "repo/private.h"

#include "base/mem.h"

#include <ctype.h>
#include <string.h>

static bool
begins(const char *at, const char *end, const char *word)
{
	size_t n = strlen(word);

	return (size_t)(end - at) >= n && memcmp(at, word, n) == 0;
}

/* How many letters there are of base64, in the alphabet with these two (RFC 4648, 4 and 5). */
static size_t
letters(const char *at, const char *end, const char *two)
{
	size_t n = 0;

	while (at + n < end && (isalnum((unsigned char)at[n]) || at[n] == two[0] || at[n] == two[1]))
		n++;
	return n;
}

static const char *
skip(const char *at, const char *end, const char *what)
{
	while (at < end && *at != '\0' && strchr(what, *at) != NULL)
		at++;
	return at;
}

/* Behind "-----BEGIN ": RFC 7468 and what looks like it, with a line of its data or a header, no mere word. */
static bool
is_pem(const char *at, const char *end)
{
	static const char *const	tails[] = { "PRIVATE KEY-----", "PRIVATE KEY BLOCK-----", "OpenVPN Static key V1-----",
					    "OpenVPN tls-crypt-v2 client key-----", "OpenVPN tls-crypt-v2 server key-----" };
	static const char *const	headers[] = { "Proc-Type:", "Version:", "Comment:" };
	static const size_t		label = 40, data = 32;
	const char			*stop = (size_t)(end - at) < label ? end : at + label, *line = NULL;

	for (size_t i = 0; line == NULL && i < ARRAY_LEN(tails); i++)
		if ((line = memmem(at, (size_t)(stop - at), tails[i], strlen(tails[i]))) != NULL)
			line += strlen(tails[i]);
	if (line == NULL)
		return false;
	/* In JSON, and elsewhere, a newline may be the two characters "\\n". */
	for (; line < end && strchr("\r\n\\ \t", *line) != NULL && *line != '\0'; line++)
		line += *line == '\\' && line + 1 < end;
	for (size_t i = 0; i < ARRAY_LEN(headers); i++)
		if (line < end && begins(line, end, headers[i]))
			return true;
	return line < end && letters(line, end, "+/") >= data;
}

/* Behind "AGE-SECRET-KEY-1": 58 more letters of Bech32. */
static bool
is_age(const char *at, const char *end)
{
	size_t n = 0;

	while (at + n < end && (isupper((unsigned char)at[n]) || isdigit((unsigned char)at[n])))
		n++;
	return n >= 58;
}

static bool
is_putty(const char *at, const char *end)
{
	return memmem(at, (size_t)(end - at), "\nPrivate-Lines: ", 16) != NULL;
}

/* Behind the header's text: three bytes that fill it up to 32, and the 64 of the key. */
static bool
is_onion(const char *at, const char *end)
{
	return end - at >= 3 + 64 && memcmp(at, "\0\0\0", 3) == 0;
}

/* Behind the name: wg(8), systemd.netdev(5). */
static bool
is_wireguard(const char *at, const char *end)
{
	at = skip(at, end, " \t");
	if (at == end || *at != '=')
		return false;
	at = skip(at + 1, end, " \t");
	return letters(at, end, "+/") == 43 && at + 43 < end && at[43] == '=';
}

/* Behind the member's name: a string of at least 16 bytes, base64url (RFC 7518, 6). */
static bool
is_jwk_value(const char *at, const char *end)
{
	at = skip(at, end, " \t\r\n");
	if (at == end || *at != ':')
		return false;
	at = skip(at + 1, end, " \t\r\n");
	return at < end && *at == '"' && letters(at + 1, end, "-_") >= 22;
}

/* What is private of a key, or all of a symmetric one. */
static bool
is_jwk(const char *start, const char *end)
{
	static const char *const members[] = { "\"d\"", "\"k\"" };

	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		const char *at = memmem(start, (size_t)(end - start), "\"kty\"", 5) != NULL ? start : end;

		while ((at = memmem(at, (size_t)(end - at), members[i], 3)) != NULL)
			if (is_jwk_value(at += 3, end))
				return true;
	}
	return false;
}

/*
 * The whole of it as DER: SEQUENCE, of INTEGER 0 or 1 and what follows that in PKCS #8 (RFC 5958), PKCS #1 (RFC 8017)
 * and SEC 1 (RFC 5915): SEQUENCE, a long INTEGER, OCTET STRING.  Public keys and certificates begin with another SEQUENCE.
 */
static bool
is_der(const unsigned char *der, size_t len)
{
	size_t at = 2, size;

	if (len < 40 || der[0] != 0x30)
		return false;
	size = der[1];
	if (size == 0x81) {
		size = der[2];
		at = 3;
	} else if (size == 0x82) {
		size = (size_t)der[2] << 8 | der[3];
		at = 4;
	}
	der += at;
	if (size != len - at || der[0] != 0x02 || der[1] != 1 || der[2] > 1)
		return false;
	return der[3] == 0x30 || (der[2] == 0 && der[3] == 0x02 && der[4] >= 0x40) || (der[2] == 1 && der[3] == 0x04);
}

bool
has_private_key(const char *text, size_t len)
{
	static const struct {
		const char	*word;
		bool		 (*is)(const char *at, const char *end);
	} kinds[] = {
		{ "-----BEGIN ", is_pem },
		{ "AGE-SECRET-KEY-1", is_age },
		{ "PuTTY-User-Key-File-", is_putty },
		{ "== ed25519v1-secret: type0 ==", is_onion },
		{ "PrivateKey", is_wireguard },
		{ "PresharedKey", is_wireguard },
	};
	const char *end = text + len, *at;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		for (at = text; (at = memmem(at, (size_t)(end - at), kinds[i].word, strlen(kinds[i].word))) != NULL;)
			if (kinds[i].is(at += strlen(kinds[i].word), end))
				return true;
	return is_jwk(text, end) || is_der((const unsigned char *)text, len);
}
