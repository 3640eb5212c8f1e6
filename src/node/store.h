/* node: contents, each in a file named by its SHA-256. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_STORE_H
#define NODE_STORE_H

#include "base/mem.h"

#include <jansson.h>
#include <stdbool.h>

bool		 store_has(const char *sha256);

/* Open a content for reading; *fd is the caller's. */
NODISCARD
struct err	*store_open(const char *sha256, int *fd);

/* Keep the decompressed payload of a BLOB frame.  Fails when it is not `size` bytes with this hash. */
NODISCARD
struct err	*store_put_frame(const char *sha256, size_t size, const void *data, size_t len);

/* Keep what is left to read from `from`, which `path` names in errors.  Fails when it has not this hash. */
NODISCARD
struct err	*store_put_file(const char *sha256, int from, const char *path);

/*
 * Bring what was put since the last time to the disk, contents first, then their names: a name never stands for less
 * than the whole.  Before the journal says that a content is kept, so that a power cut takes both or none.
 */
NODISCARD
struct err	*store_sync(void);

/* Remove all contents that are no key of `keep`. */
void		 store_collect(const json_t *keep);

#endif
