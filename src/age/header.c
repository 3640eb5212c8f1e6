/* age: the header of a file, in text: "-> TYPE ARGUMENTS", a body in base64, and a MAC. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "age/format.h"

#include "base/base64.h"
#include "base/err.h"

#include <stdlib.h>
#include <string.h>

#define INTRO		"age-encryption.org/v1\n"
#define COLUMNS		64
#define STANZAS_MAX	1000		/* more sysadmins than anybody has */
#define HEADER_MAX	(1u << 20)

struct err *
bad_header(const char *format, ...)
{
	va_list		 args;
	char		*message;
	struct err	*e;

	va_start(args, format);
	message = xvasprintf(format, args);
	va_end(args);
	e = err_new(ERR_TRUST, "this is no whole age file: its header %s", message);
	free(message);
	return e;
}

void
header_fini(struct header *header)
{
	for (size_t i = 0; i < header->count; i++) {
		strs_fini(&header->stanzas[i].args);
		buf_fini(&header->stanzas[i].body);
	}
	free(header->stanzas);
	*header = (struct header){ 0 };
}

struct stanza *
header_add(struct header *header)
{
	header->stanzas = xrealloc(header->stanzas, header->count + 1, sizeof(*header->stanzas));
	header->stanzas[header->count] = (struct stanza){ 0 };
	return &header->stanzas[header->count++];
}

/* The next line, without its newline; NULL at the end. */
static const char *
next_line(const char *data, size_t len, size_t *at, size_t *line_len)
{
	const char	*line = data + *at;
	const char	*end = *at < len ? memchr(line, '\n', len - *at) : NULL;

	if (end == NULL)
		return NULL;
	*line_len = (size_t)(end - line);
	*at += *line_len + 1;
	return line;
}

/* Words of visible ASCII with one space between them. */
NODISCARD
static struct err *
parse_args(struct strs *args, const char *line, size_t len)
{
	size_t	 start = 0;
	char	*word;

	for (size_t i = 0; i <= len; i++) {
		if (i < len && line[i] > ' ' && line[i] <= '~')
			continue;
		if ((i < len && line[i] != ' ') || i == start)
			return bad_header("has a malformed recipient");
		word = xstrndup(line + start, i - start);
		strs_add(args, word);
		free(word);
		start = i + 1;
	}
	return NULL;
}

/* Lines of 64 characters, then a shorter one, which may be empty. */
NODISCARD
static struct err *
parse_body(struct buf *body, const char *data, size_t len, size_t *at)
{
	struct buf	 text = { 0 };
	const char	*line;
	size_t		 n;
	struct err	*e = NULL;

	do {
		if ((line = next_line(data, len, at, &n)) == NULL || n > COLUMNS) {
			e = bad_header("has a malformed body of a recipient");
			goto out;
		}
		buf_add(&text, line, n);
	} while (n == COLUMNS);
	if (text.len > 0 && !base64_decode(text.data, text.len, false, body))
		e = bad_header("has a body of a recipient that is no base64");
out:
	buf_fini(&text);
	return e;
}

NODISCARD
static struct err *
parse_mac(struct header *header, const char *line, size_t len)
{
	struct buf	 mac = { 0 };
	struct err	*e = NULL;

	if (len < 4 || line[3] != ' ' || !base64_decode(line + 4, len - 4, false, &mac) || mac.len != sizeof(header->mac))
		e = bad_header("has a malformed MAC");
	else
		memcpy(header->mac, mac.data, mac.len);
	buf_fini(&mac);
	return e;
}

struct err *
header_parse(struct header *header, const char *data, size_t len)
{
	size_t		 at = strlen(INTRO), n;
	const char	*line;
	struct stanza	*stanza;
	struct err	*e;

	*header = (struct header){ 0 };
	if (len < at || memcmp(data, INTRO, at) != 0)
		return err_new(ERR_TRUST, "this is no age file: it does not begin with \"age-encryption.org/v1\"");
	if (len > HEADER_MAX)
		len = HEADER_MAX;
	while ((line = next_line(data, len, &at, &n)) != NULL) {
		if (n >= 3 && memcmp(line, "---", 3) == 0) {
			header->signed_len = (size_t)(line - data) + 3;
			header->len = at;
			return header->count == 0 ? bad_header("names no recipient") : parse_mac(header, line, n);
		}
		if (n < 3 || memcmp(line, "-> ", 3) != 0 || header->count == STANZAS_MAX)
			return bad_header("has a line that belongs to no recipient");
		stanza = header_add(header);
		if ((e = parse_args(&stanza->args, line + 3, n - 3)) != NULL ||
		    (e = parse_body(&stanza->body, data, len, &at)) != NULL)
			return e;
	}
	return bad_header("has no end");
}

void
header_write(const struct header *header, struct buf *out)
{
	struct buf text = { 0 };

	buf_adds(out, INTRO);
	for (size_t i = 0; i < header->count; i++) {
		const struct stanza *stanza = &header->stanzas[i];

		buf_adds(out, "-> ");
		strs_join(&stanza->args, " ", out);
		buf_addc(out, '\n');
		buf_clear(&text);
		base64_encode(stanza->body.data, stanza->body.len, false, &text);
		for (size_t at = 0; at <= text.len; at += COLUMNS) {
			buf_add(out, buf_text(&text) + at, text.len - at < COLUMNS ? text.len - at : COLUMNS);
			buf_addc(out, '\n');
		}
	}
	buf_adds(out, "---");
	buf_fini(&text);
}

struct err *
header_mac(const unsigned char *file_key, const char *data, size_t len, unsigned char mac[KEY_SIZE])
{
	unsigned char	 key[KEY_SIZE];
	struct err	*e;

	if ((e = hkdf(key, file_key, FILE_KEY_SIZE, "", 0, "header")) == NULL)
		e = hmac_sha256(mac, key, sizeof(key), data, len);
	mem_cleanse(key, sizeof(key));
	return e;
}
