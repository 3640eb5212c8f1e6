/* wire: compressed frames, the unpacking side. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wire/frame.h"

#include "base/buf.h"
#include "base/err.h"

#include <zstd.h>

#define STEP	(64u << 10)

/* Inflate one piece; *more says whether the stream wants to go on. */
static struct err *
inflate_step(ZSTD_DStream *stream, ZSTD_inBuffer *in, size_t max, size_t start, struct buf *out, int *more)
{
	ZSTD_outBuffer	 piece;
	size_t		 left;

	buf_reserve(out, STEP);
	piece = (ZSTD_outBuffer){ .dst = out->data + out->len, .size = STEP };
	left = ZSTD_decompressStream(stream, &piece, in);
	if (ZSTD_isError(left))
		return err_new(ERR_FAILED, "compressed data is damaged: %s", ZSTD_getErrorName(left));
	if (out->len - start + piece.pos > max)
		return err_new(ERR_FAILED, "compressed data is larger than the %zu bytes allowed", max);
	out->len += piece.pos;
	out->data[out->len] = '\0';
	*more = left != 0;
	if (*more && in->pos == in->size && piece.pos < piece.size)
		return err_new(ERR_FAILED, "compressed data ends too early");
	return NULL;
}

struct err *
frame_inflate(const void *data, size_t len, size_t max, struct buf *out)
{
	ZSTD_DStream	*stream = ZSTD_createDStream();
	ZSTD_inBuffer	 in = { .src = data, .size = len };
	size_t		 start = out->len;
	struct err	*e = NULL;
	int		 more = 1;

	/* A window above 8 MiB would let a tiny frame ask for gigabytes. */
	ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, 23);
	while (e == NULL && more)
		e = inflate_step(stream, &in, max, start, out, &more);
	if (e == NULL && in.pos != in.size)
		e = err_new(ERR_FAILED, "compressed data has bytes behind its end");
	ZSTD_freeDStream(stream);
	return e;
}
