/* ssh: host keys as text. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ssh/hostkey.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/sha256.h"
#include "base/sshwire.h"
#include "ssh/public_key.h"

#include <stdio.h>
#include <string.h>

#define ART_WIDTH	17
#define ART_HEIGHT	9
#define ART_OFTEN	14	/* visits beyond that look alike */
#define ART_START	15
#define ART_END		16

struct err *
hostkey_parse(struct buf *key, const char *line)
{
	return public_key_parse(key, line, false);
}

/* "[ED25519 256]": what the picture's upper edge says of a key. */
static void
art_title(char title[ART_WIDTH], const struct buf *blob)
{
	struct sshwire	 from = sshwire_of(blob), name;
	const char	*kind = "ECDSA";

	if (!sshwire_string(&from, &name))
		return;
	if (sshwire_is(&name, "ssh-ed25519"))
		kind = "ED25519";
	else if (sshwire_is(&name, "ssh-rsa"))
		kind = "RSA";
	snprintf(title, ART_WIDTH, "[%s %zu]", kind, public_key_bits(blob));
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
art_walk(unsigned char room[ART_HEIGHT][ART_WIDTH], const unsigned char digest[SHA256_SIZE])
{
	unsigned	 x = ART_WIDTH / 2, y = ART_HEIGHT / 2;

	for (size_t i = 0; i < SHA256_SIZE; i++) {
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
	unsigned char	 digest[SHA256_SIZE], room[ART_HEIGHT][ART_WIDTH] = { { 0 } };
	char		 title[ART_WIDTH] = "";
	struct buf	 blob = { 0 };
	struct err	*e = public_key_blob(&blob, key);

	if (e == NULL) {
		sha256_bytes(blob.data, blob.len, digest);
		art_title(title, &blob);
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
