/* wire: compressed frames, the packing side; apart from frame_unpack.c so that a node's program carries no compressor. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wire/frame.h"

#include "base/buf.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* zstd's own default: more costs the control machine time that a LAN does not give back. */
#define LEVEL	3

void
frame_add_zstd(struct buf *out, enum frame_type type, const char *prefix, const void *data, size_t len)
{
	struct buf	 payload = { .secret = out->secret };
	size_t		 packed;

	if (prefix != NULL)
		buf_adds(&payload, prefix);
	buf_reserve(&payload, ZSTD_compressBound(len));
	packed = ZSTD_compress(payload.data + payload.len, ZSTD_compressBound(len), data, len, LEVEL);
	/* With a destination of compressBound() bytes only a lack of memory can fail. */
	if (ZSTD_isError(packed))
		abort();
	payload.len += packed;
	frame_add(out, type, payload.data, payload.len);
	buf_fini(&payload);
}
