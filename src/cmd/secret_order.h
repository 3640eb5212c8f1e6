/* cmd: in which order nodes get something that they share. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_SECRET_ORDER_H
#define CMD_SECRET_ORDER_H

struct buf;
struct config;
struct strs;

/* Append a line with a command for all nodes that may be deployed to at once: those first whose services others need. */
void		 secret_order(struct buf *out, struct config *config, const struct strs *nodes);

#endif
