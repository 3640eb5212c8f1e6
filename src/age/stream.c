/* age: the payload: chunks of 64 KiB, each sealed with its number. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "age/format.h"

#include "base/err.h"

#include <string.h>

#define NONCE_SIZE	16
#define CHUNK		((size_t)64 << 10)

NODISCARD
static struct err *
stream_key(unsigned char key[KEY_SIZE], const unsigned char *file_key, const void *nonce)
{
	return hkdf(key, file_key, FILE_KEY_SIZE, nonce, NONCE_SIZE, "payload");
}

/* Eleven bytes that count chunks, and one that says which is the last. */
static void
chunk_nonce(unsigned char nonce[12], uint64_t number, bool last)
{
	memset(nonce, 0, 12);
	for (unsigned i = 0; i < 8; i++)
		nonce[10 - i] = (unsigned char)(number >> 8 * i);
	nonce[11] = last;
}

struct err *
stream_encrypt(struct buf *out, const unsigned char *file_key, const void *data, size_t len)
{
	unsigned char	 key[KEY_SIZE], nonce[NONCE_SIZE], chunk[12];
	struct err	*e;

	if ((e = random_bytes(nonce, sizeof(nonce))) != NULL || (e = stream_key(key, file_key, nonce)) != NULL)
		return e;
	buf_add(out, nonce, sizeof(nonce));
	for (uint64_t number = 0; e == NULL; number++) {
		bool	 last = len <= CHUNK;
		size_t	 n = last ? len : CHUNK;

		chunk_nonce(chunk, number, last);
		buf_reserve(out, n + TAG_SIZE);
		e = seal((unsigned char *)out->data + out->len, key, chunk, data, n);
		out->len += n + TAG_SIZE;
		out->data[out->len] = '\0';
		if (last)
			break;
		data = (const char *)data + n;
		len -= n;
	}
	mem_cleanse(key, sizeof(key));
	return e;
}

struct err *
stream_decrypt(struct buf *out, const unsigned char *file_key, const char *data, size_t len)
{
	unsigned char	 key[KEY_SIZE], chunk[12];
	struct err	*e;
	bool		 opened = true, last = false;

	if (len < NONCE_SIZE)
		return bad_header("is all that is there");
	if ((e = stream_key(key, file_key, data)) != NULL)
		return e;
	data += NONCE_SIZE;
	len -= NONCE_SIZE;
	for (uint64_t number = 0; e == NULL && opened && !last; number++) {
		size_t	 n = len < CHUNK + TAG_SIZE ? len : CHUNK + TAG_SIZE;

		last = n == len;
		chunk_nonce(chunk, number, last);
		buf_reserve(out, n);
		e = unseal((unsigned char *)out->data + out->len, key, chunk, data, n, &opened);
		/* Only a payload without content has an empty chunk. */
		opened = opened && (n > TAG_SIZE || number == 0);
		if (e == NULL && opened)
			out->len += n - TAG_SIZE;
		data += n;
		len -= n;
	}
	if (e == NULL && !opened)
		e = err_new(ERR_TRUST, "this age file was changed, or is cut: its payload is not authentic");
	mem_cleanse(key, sizeof(key));
	if (out->data != NULL)
		out->data[out->len] = '\0';
	return e;
}
