/* wire: frames between leap and leap-node, over the two directions of one exec channel. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WIRE_FRAME_H
#define WIRE_FRAME_H

#include "base/mem.h"

#include <stddef.h>
#include <stdint.h>

struct buf;

/*
 * A frame is a type (1 byte), the payload's length (4 bytes, big-endian) and the payload.
 *
 *   leap → node   REQUEST   JSON: what to do, see request.h
 *                 MANIFEST  the manifest's canonical JSON, zstd
 *                 BLOB      SHA-256 (64 hex digits), then the content, zstd
 *                 CANCEL    empty: finish the current step, then stop
 *   node → leap   HELLO     JSON: version, SHA-256 of the program, hostname
 *                 NEED      JSON: {"blobs": [SHA-256, ...]}, exactly once for an apply, may be empty;
 *                           the node waits for just those BLOB frames, in any order
 *                 EVENT     JSON: one thing that was (or, in a plan, would be) done, see request.h
 *                 RESULT    JSON: the last frame
 *
 * leap sends REQUEST and MANIFEST with its first write, waiting for nothing.
 */
enum frame_type {
	FRAME_REQUEST = 'Q',
	FRAME_MANIFEST = 'M',
	FRAME_BLOB = 'B',
	FRAME_CANCEL = 'C',
	FRAME_HELLO = 'H',
	FRAME_NEED = 'N',
	FRAME_EVENT = 'E',
	FRAME_RESULT = 'R',
};

#define FRAME_HEADER	5u
#define FRAME_MAX_UP	(256u << 20)	/* to the node: a compressed blob */
#define FRAME_MAX_DOWN	(4u << 20)	/* from the node: a NEED that names some 60,000 blobs */

struct frame {
	enum frame_type	 type;
	const char	*data;		/* borrowed from the reader's buffer */
	size_t		 len;
};

/* Append one frame. */
void		 frame_add(struct buf *out, enum frame_type type, const void *data, size_t len);

/* As frame_add() with the payload (or, for a BLOB, what follows `prefix`) compressed. */
void		 frame_add_zstd(struct buf *out, enum frame_type type, const char *prefix,
		    const void *data, size_t len);

/*
 * The first frame in `in`, from byte *offset on.  Sets *complete and moves
 * *offset behind it, or leaves both when more bytes are needed.  Fails on an unknown type
 * and on a length above `max`, as soon as the header is there.
 */
NODISCARD
struct err	*frame_next(struct frame *frame, const struct buf *in, size_t *offset,
		    size_t max, int *complete);

/* Append the decompressed payload.  Fails when it is no zstd or larger than `max` bytes. */
NODISCARD
struct err	*frame_inflate(const void *data, size_t len, size_t max, struct buf *out);

#endif
