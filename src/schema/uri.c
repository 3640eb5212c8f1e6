/* schema: references between documents. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "schema/uri.h"

#include "base/buf.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* A stretch of a text; `text` is NULL for a component that is not there. */
struct span {
	const char	*text;
	size_t		 len;
};

struct parts {
	struct span	 scheme, authority, path, query, fragment;
};

static struct span
take(const char **at, const char *until)
{
	struct span span = { *at, strcspn(*at, until) };

	*at += span.len;
	return span;
}

/* RFC 3986, appendix B. */
static void
split(const char *text, struct parts *parts)
{
	size_t n = strcspn(text, ":/?#");

	*parts = (struct parts){ 0 };
	if (text[n] == ':' && n > 0) {
		parts->scheme = take(&text, ":");
		text++;
	}
	if (text[0] == '/' && text[1] == '/') {
		text += 2;
		parts->authority = take(&text, "/?#");
	}
	parts->path = take(&text, "?#");
	if (*text == '?') {
		text++;
		parts->query = take(&text, "#");
	}
	if (*text == '#') {
		text++;
		parts->fragment = take(&text, "");
	}
}

static void
add_span(struct buf *out, const char *before, struct span span, const char *after)
{
	if (span.text == NULL)
		return;
	buf_adds(out, before);
	buf_add(out, span.text, span.len);
	buf_adds(out, after);
}

/* Whether the path at `at` begins with this dot segment. */
static bool
is_segment(const char *at, const char *dots)
{
	size_t n = strlen(dots);

	return strncmp(at, dots, n) == 0 && (at[n] == '/' || at[n] == '\0');
}

/* Append the path without "." and ".." (5.2.4); what comes before `start` in `out` stays. */
static void
add_normal_path(struct buf *out, const char *path)
{
	size_t start = out->len;

	while (*path != '\0') {
		bool	 dot = is_segment(path, "/."), dots = is_segment(path, "/..");
		size_t	 n = 1 + strcspn(path + 1, "/");

		if (!dot && !dots) {
			buf_add(out, path, n);
			path += n;
			continue;
		}
		while (dots && out->len > start && out->data[--out->len] != '/')
			;
		path += n;
		if (*path == '\0')
			buf_addc(out, '/');
	}
}

/* 5.2.3: what replaces the last segment of the base's path. */
static char *
merged_path(const struct parts *base, struct span reference)
{
	struct buf	 path = { 0 };
	size_t		 keep = base->path.len;

	if (base->authority.text != NULL && keep == 0)
		buf_addc(&path, '/');
	while (keep > 0 && base->path.text[keep - 1] != '/')
		keep--;
	buf_add(&path, base->path.text, keep);
	buf_add(&path, reference.text, reference.len);
	return buf_take(&path);
}

char *
uri_resolve(const char *base, const char *reference)
{
	struct parts	 from, to;
	struct buf	 out = { 0 };
	char		*path;

	split(base, &from);
	split(reference, &to);
	if (to.scheme.text == NULL) {
		to.scheme = from.scheme;
		if (to.authority.text != NULL) {
			path = xstrndup(to.path.text, to.path.len);
		} else if (to.path.len == 0) {
			path = xstrndup(from.path.text, from.path.len);
			if (to.query.text == NULL)
				to.query = from.query;
			to.authority = from.authority;
		} else {
			path = *to.path.text == '/' ? xstrndup(to.path.text, to.path.len) : merged_path(&from, to.path);
			to.authority = from.authority;
		}
	} else
		path = xstrndup(to.path.text, to.path.len);
	add_span(&out, "", to.scheme, ":");
	add_span(&out, "//", to.authority, "");
	if (*path == '/')
		add_normal_path(&out, path);
	else
		buf_adds(&out, path);
	add_span(&out, "?", to.query, "");
	free(path);
	return buf_take(&out);
}

static int
hex_value(char digit)
{
	return isdigit((unsigned char)digit) ? digit - '0' : tolower((unsigned char)digit) - 'a' + 10;
}

static bool
is_escape(const char *at)
{
	return at[0] == '%' && isxdigit((unsigned char)at[1]) && isxdigit((unsigned char)at[2]);
}

char *
uri_fragment(const char *reference)
{
	const char	*at = strchr(reference, '#');
	struct buf	 out = { 0 };

	if (at == NULL)
		return NULL;
	for (at++; *at != '\0'; at++) {
		if (is_escape(at)) {
			buf_addc(&out, (char)(hex_value(at[1]) << 4 | hex_value(at[2])));
			at += 2;
		} else
			buf_addc(&out, *at);
	}
	return out.data == NULL ? xstrdup("") : buf_take(&out);
}

/* pchar and what else the component allows. */
static bool
good_span(struct span span, const char *more)
{
	for (const char *at = span.text; at != NULL && at < span.text + span.len; at++) {
		if (is_escape(at) && at + 2 < span.text + span.len)
			at += 2;
		else if (!isalnum((unsigned char)*at) && (*at == '\0' || (strchr("-._~!$&'()*+,;=", *at) == NULL &&
		    strchr(more, *at) == NULL)))
			return false;
	}
	return true;
}

/* What is between the brackets: an IPv6 address, or "v", a version and something. */
static bool
good_literal(const char *text, size_t len)
{
	char		 address[INET6_ADDRSTRLEN + 1];
	unsigned char	 bytes[sizeof(struct in6_addr)];

	if (len > 3 && (*text == 'v' || *text == 'V'))
		return isxdigit((unsigned char)text[1]) && memchr(text, '.', len) != NULL &&
		    good_span((struct span){ text, len }, ":");
	if (len >= sizeof(address))
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	return inet_pton(AF_INET6, address, bytes) == 1;
}

static bool
good_authority(struct span span)
{
	const char	*at = span.text, *end, *sign;

	if (at == NULL)
		return true;
	end = at + span.len;
	if ((sign = memchr(at, '@', span.len)) != NULL) {
		if (!good_span((struct span){ at, (size_t)(sign - at) }, ":"))
			return false;
		at = sign + 1;
	}
	if (at < end && *at == '[') {
		if ((sign = memchr(at, ']', (size_t)(end - at))) == NULL ||
		    !good_literal(at + 1, (size_t)(sign - at - 1)))
			return false;
		at = sign + 1;
	} else {
		sign = memchr(at, ':', (size_t)(end - at));
		sign = sign == NULL ? end : sign;
		if (!good_span((struct span){ at, (size_t)(sign - at) }, ""))
			return false;
		at = sign;
	}
	if (at < end && *at == ':') {
		for (at++; at < end && isdigit((unsigned char)*at); at++)
			;
	}
	return at == end;
}

bool
uri_good(const char *text, bool relative)
{
	struct parts	 parts;
	size_t		 i;

	split(text, &parts);
	if (parts.scheme.text == NULL) {
		/* A first segment with a colon would look like a scheme; split() takes it for one unless it is empty. */
		if (!relative || *text == ':')
			return false;
	} else if (!isalpha((unsigned char)*parts.scheme.text))
		return false;
	for (i = 0; i < parts.scheme.len; i++) {
		if (!isalnum((unsigned char)parts.scheme.text[i]) && strchr("+-.", parts.scheme.text[i]) == NULL)
			return false;
	}
	return good_authority(parts.authority) && good_span(parts.path, ":@/") && good_span(parts.query, ":@/?") &&
	    good_span(parts.fragment, ":@/?");
}
