/* wire: writing and reading frames. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wire/frame.h"

#include "base/buf.h"
#include "base/err.h"

#include <stdlib.h>
#include <string.h>

static const char frame_types[] = {
	FRAME_REQUEST, FRAME_MANIFEST, FRAME_BLOB, FRAME_CANCEL,
	FRAME_HELLO, FRAME_NEED, FRAME_EVENT, FRAME_RESULT,
};

static void
put_length(unsigned char *out, size_t len)
{
	out[0] = (unsigned char)(len >> 24);
	out[1] = (unsigned char)(len >> 16);
	out[2] = (unsigned char)(len >> 8);
	out[3] = (unsigned char)len;
}

static size_t
get_length(const unsigned char *in)
{
	return (size_t)in[0] << 24 | (size_t)in[1] << 16 | (size_t)in[2] << 8 | in[3];
}

void
frame_add(struct buf *out, enum frame_type type, const void *data, size_t len)
{
	unsigned char	 header[FRAME_HEADER];

	/* No caller may make a frame that its reader must refuse. */
	if (len > FRAME_MAX_UP)
		abort();
	header[0] = (unsigned char)type;
	put_length(header + 1, len);
	buf_reserve(out, sizeof(header) + len);
	buf_add(out, header, sizeof(header));
	buf_add(out, data, len);
}

struct err *
frame_next(struct frame *frame, const struct buf *in, size_t *offset, size_t max, int *complete)
{
	const unsigned char	*header;
	size_t			 have = in->len - *offset, len;

	*complete = 0;
	if (have == 0)
		return NULL;
	header = (const unsigned char *)in->data + *offset;
	if (memchr(frame_types, header[0], sizeof(frame_types)) == NULL)
		return err_new(ERR_FAILED, "the other side does not speak leap's protocol "
		    "(frame type 0x%02x)", header[0]);
	if (have < FRAME_HEADER)
		return NULL;
	len = get_length(header + 1);
	if (len > max)
		return err_new(ERR_FAILED, "a frame of type '%c' with %zu bytes is larger than the %zu allowed",
		    header[0], len, max);
	if (have - FRAME_HEADER < len)
		return NULL;
	frame->type = (enum frame_type)header[0];
	frame->data = (const char *)header + FRAME_HEADER;
	frame->len = len;
	*offset += FRAME_HEADER + len;
	*complete = 1;
	return NULL;
}
