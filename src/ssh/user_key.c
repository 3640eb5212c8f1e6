/* ssh: reads the public SSH keys of users. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ssh/user_key.h"

#include "base/base64.h"
#include "base/buf.h"
#include "base/sha256.h"
#include "base/strs.h"
#include "ssh/hostkey.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* A key that a security key holds, OpenSSH's PROTOCOL.u2f: the strings of its blob behind the type's name. */
struct held {
	const char	*type;
	const char	*curve;		/* NULL: none */
	size_t		 point;		/* bytes of the public key */
};

static const struct held held_types[] = {
	{ "sk-ssh-ed25519@openssh.com", NULL, 32 },
	{ "sk-ecdsa-sha2-nistp256@openssh.com", "nistp256", 65 },
};

static const struct held *
held_find(const char *line)
{
	size_t len = strcspn(line, " \t");

	for (size_t i = 0; i < ARRAY_LEN(held_types); i++) {
		if (strlen(held_types[i].type) == len && strncmp(line, held_types[i].type, len) == 0)
			return &held_types[i];
	}
	return NULL;
}

/* Step over a blob's next string (RFC 4251, 5) of `len` bytes, or of any length (0), that is `text` unless NULL. */
static bool
skip_string(const char *blob, size_t size, size_t *at, size_t len, const char *text)
{
	size_t have = 0;

	if (size - *at < 4)
		return false;
	for (size_t i = 0; i < 4; i++)
		have = have << 8 | (unsigned char)blob[*at + i];
	*at += 4;
	if (have > size - *at || (len != 0 && have != len))
		return false;
	if (text != NULL && (have != strlen(text) || memcmp(blob + *at, text, have) != 0))
		return false;
	*at += have;
	return true;
}

static bool
held_blob_valid(const struct held *held, const struct buf *blob)
{
	size_t at = 0;

	return skip_string(blob->data, blob->len, &at, 0, held->type) &&
	    (held->curve == NULL || skip_string(blob->data, blob->len, &at, 0, held->curve)) &&
	    skip_string(blob->data, blob->len, &at, held->point, NULL) &&
	    skip_string(blob->data, blob->len, &at, 0, NULL) && at == blob->len;
}

/* As hostkey_parse() for a key of these types. */
NODISCARD
static struct err *
held_parse(struct buf *key, const struct held *held, const char *line)
{
	const char	*data = line + strlen(held->type);
	struct buf	 blob = { 0 };
	struct err	*e = NULL;
	size_t		 len;

	data += strspn(data, " \t");
	len = strcspn(data, " \t\r\n");
	if (!base64_decode(data, len, true, &blob))
		e = err_new(ERR_CONFIG, "the key's data is no base64");
	else if (!held_blob_valid(held, &blob))
		e = err_new(ERR_CONFIG, "the key's data is no %s key", held->type);
	else
		buf_addf(key, "%s %.*s", held->type, (int)len, data);
	buf_fini(&blob);
	return e;
}

NODISCARD
static struct err *
parse(struct buf *key, const char *line)
{
	const struct held *held = held_find(line);

	return held != NULL ? held_parse(key, held, line) : hostkey_parse(key, line);
}

/* What a person wrote behind the key; only what prints. */
static void
add_comment(struct buf *out, const char *comment)
{
	for (; *comment != '\0'; comment++) {
		if (!iscntrl((unsigned char)*comment))
			buf_addc(out, *comment);
	}
}

/* Give an error of parse() its place and code. */
NODISCARD
static struct err *
key_error(const struct place *place, enum err_code code, struct err *take_why)
{
	struct err *e = err_at(code, place, "not a public SSH key: %s", err_message(take_why));

	if (err_hint_text(take_why) != NULL)
		e = err_hint(e, "%s", err_hint_text(take_why));
	err_free(take_why);
	return e;
}

NODISCARD
static struct err *
read_line(struct buf *out, const char *line, const struct place *place, enum err_code code)
{
	struct buf	 key = { 0 };
	struct err	*e = NULL, *why;

	if (strstr(line, "PRIVATE KEY") != NULL)
		return err_hint(err_at(code, place, "a private key, which leap must never see"),
		    "give the public one, most often %s.pub", place->path);
	if ((why = parse(&key, line)) != NULL) {
		e = key_error(place, code, why);
	} else if (!str_starts(line, buf_text(&key))) {
		e = err_hint(err_at(code, place, "options before a key are not supported"),
		    "begin the line with the key: %.*s ...", (int)strcspn(buf_text(&key), " "), buf_text(&key));
	} else {
		buf_adds(out, buf_text(&key));
		add_comment(out, line + key.len);
		buf_addc(out, '\n');
	}
	buf_fini(&key);
	return e;
}

struct err *
user_keys_read(struct buf *out, const char *text, const char *from, enum err_code code)
{
	struct strs	 lines = { 0 };
	struct err	*e = NULL;
	size_t		 start = out->len;

	strs_split(&lines, text, '\n');
	for (size_t i = 0; e == NULL && i < lines.count; i++) {
		const char *line = lines.items[i] + strspn(lines.items[i], " \t\r");

		if (*line != '\0' && *line != '#')
			e = read_line(out, line, &(struct place){ from, (unsigned)i + 1, 0, NULL }, code);
	}
	if (e == NULL && out->len == start)
		e = err_at(code, &(struct place){ .path = from }, "no key in it");
	strs_fini(&lines);
	return e;
}

struct err *
user_key_fingerprint(struct buf *fingerprint, const char *key)
{
	const struct held	*held = held_find(key);
	struct buf		 blob = { 0 };
	const char		*data;
	char			 hex[SHA256_HEX_SIZE];
	unsigned char		 digest[32];

	if (held == NULL)
		return hostkey_fingerprint(fingerprint, key);
	data = key + strlen(held->type) + 1;
	if (!base64_decode(data, strcspn(data, " "), true, &blob))
		return err_new(ERR_CONFIG, "the key's data is no base64");
	sha256_hex(blob.data, blob.len, hex);
	for (size_t i = 0; i < sizeof(digest); i++) {
		unsigned byte = 0;

		sscanf(hex + 2 * i, "%2x", &byte);
		digest[i] = (unsigned char)byte;
	}
	buf_adds(fingerprint, "SHA256:");
	base64_encode(digest, sizeof(digest), false, fingerprint);
	buf_fini(&blob);
	return NULL;
}
