/* cmd: live progress of many nodes on standard error. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_PROGRESS_H
#define CMD_PROGRESS_H

#include "base/mem.h"

#include <jansson.h>
#include <stdbool.h>

struct push_job;
struct progress;

/*
 * On a terminal a line for each node that is being worked on, redrawn, never more than fit; elsewhere a line for
 * each event (not for a `quiet_events` kind of run, where they are the result and come later).
 */
struct progress	*progress_new(size_t jobs, bool quiet_events);
void		 progress_free(struct progress *progress);	/* removes what is on the screen */

void		 progress_started(struct progress *progress, const struct push_job *job);
void		 progress_event(struct progress *progress, const struct push_job *job, const json_t *event);
void		 progress_finished(struct progress *progress, const struct push_job *job);
void		 progress_tick(struct progress *progress);

/* "~ update file:/etc/motd", in a colour for `stream` and without the newline. */
struct buf;
void		 progress_event_text(struct buf *out, void *stream, const json_t *event);

#endif
