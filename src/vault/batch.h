/* vault: several files of an instance that change all together or not at all. */
/* May know repo, base.  Inner header of the room. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VAULT_BATCH_H
#define VAULT_BATCH_H

#include "base/buf.h"

struct repo;

/*
 * New contents are written to vault/.new and synced, then a list of what is to be done, then it is done.  A run that is
 * cut before the list is there has changed nothing; one that is cut later is finished by batch_recover().
 */
struct batch_file {
	char		*path;		/* below vault/, secrets/ or files/; of users/ they are only removed */
	struct buf	 data;
	bool		 remove;
};

struct batch {
	const struct repo	*repo;
	struct batch_file	*items;
	size_t			 count;
	struct batch_file	*expected;
	size_t			 expected_count;
};

/* The data is copied; of two for one path the later counts. */
void		 batch_add(struct batch *batch, const char *path, const void *data, size_t len);
void		 batch_remove(struct batch *batch, const char *path);

/* What the batch has was made from this content of a file ("": it was not there).  The first one for a path counts. */
void		 batch_expect(struct batch *batch, const char *path, const struct buf *text);

/*
 * Do it all.  ERR_FAILED where that was not possible: nothing has changed then, or batch_recover() will finish it.  So
 * it is when a file is not as expected: another run of the program was faster.
 */
NODISCARD
struct err	*batch_commit(struct batch *batch);
void		 batch_fini(struct batch *batch);

/* Nobody writes a batch until the caller closes *out, -1 where there is no vault yet. */
NODISCARD
struct err	*batch_lock(const struct repo *repo, int *out);

/* Finish, or forget, what an earlier run began. */
NODISCARD
struct err	*batch_recover(const struct repo *repo);

#endif
