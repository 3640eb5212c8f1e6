/* test/fuzz: the stream of frames, and what is compressed in them. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/buf.h"
#include "base/err.h"
#include "wire/frame.h"

#include <stdint.h>
#include <stdlib.h>

#define FRAME_LIMIT	4096
#define INFLATE_LIMIT	(1u << 20)

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf	 in = { 0 }, out = { 0 };
	struct frame	 frame;
	struct err	*e = NULL;
	size_t		 offset = 0, last;
	int		 complete = 1;

	buf_add(&in, data, len);
	while (e == NULL && complete) {
		last = offset;
		e = frame_next(&frame, &in, &offset, FRAME_LIMIT, &complete);
		if (e != NULL || !complete)
			break;
		if (offset > in.len || offset - last != FRAME_HEADER + frame.len || frame.len > FRAME_LIMIT)
			abort();
		buf_clear(&out);
		err_free(frame_inflate(frame.data, frame.len, INFLATE_LIMIT, &out));
		if (out.len > INFLATE_LIMIT)
			abort();
	}
	err_free(e);
	buf_fini(&in);
	buf_fini(&out);
	return 0;
}
