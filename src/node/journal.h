/* node: what must survive a cut: the write-ahead log of an apply, and what is still owed. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_JOURNAL_H
#define NODE_JOURNAL_H

#include "base/buf.h"

#include <jansson.h>
#include <stdbool.h>

struct managed;

/*
 * The journal is a file of JSON lines, written and synced before the deeds they announce:
 *
 *   {"begin": WHO}                     an apply began; without an end it was cut
 *   {"entry": ENTRY}                   this entry of managed.json is now so
 *   {"gone": id}                       this one is removed
 *   {"owe": id, "action": ACTION}      a restart, reload or run that a change makes necessary
 *   {"paid": id}                       it was done
 *
 * managed.json plus journal is the truth at any moment.  A last line without newline was cut
 * off and does not count.  The end of an apply is a new journal that has only what is still owed.
 */
struct journal {
	char		*path;
	json_t		*owed;		/* id → ACTION */
	json_t		*said;		/* id → the entry that this apply wrote last, as text */
	struct buf	 pending;	/* lines that are not written yet */
	bool		 cut;		/* the last apply did not end */
	size_t		 length;	/* bytes up to the last whole line */
	int		 fd;		/* open for appending between begin and finish, else -1 */
};

/* Read the journal and bring `managed` up to date.  A missing journal is an empty one. */
NODISCARD
struct err	*journal_load(struct journal *journal, const char *path, struct managed *managed);
void		 journal_fini(struct journal *journal);

/* An apply begins: open the file for appending. */
NODISCARD
struct err	*journal_begin(struct journal *journal, const char *who);

/* Queue lines.  An entry that is as this apply last wrote it is not written again. */
void		 journal_entry(struct journal *journal, json_t *entry);
void		 journal_gone(struct journal *journal, const char *id);

/* "restart" outweighs "reload"; what is owed already is not written again. */
void		 journal_owe(struct journal *journal, const char *id, const char *action);
void		 journal_paid(struct journal *journal, const char *id);

/* What is owed to this resource, or NULL; borrowed. */
const char	*journal_owed(const struct journal *journal, const char *id);

/* Write what is queued; with `sync` it is on the disk when this returns. */
NODISCARD
struct err	*journal_commit(struct journal *journal, bool sync);

/* managed.json is saved: keep only what is still owed. */
NODISCARD
struct err	*journal_finish(struct journal *journal);

#endif
