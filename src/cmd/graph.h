/* cmd: the graph of nodes and what connects them. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_GRAPH_H
#define CMD_GRAPH_H

#include "base/buf.h"

#include <jansson.h>

/* As `leap graph --json` prints it; DOT and the picture say nothing else. */
struct graph {
	json_t	*nodes;		/* name → { "address", "environment", "location", "services" }, the latter may be missing */
	json_t	*edges;		/* from → to → the reasons, as an object's keys */
};

/* Append it in Graphviz' language, the nodes of an environment and of a location in boxes. */
void		 graph_dot(const struct graph *graph, struct buf *out);

/*
 * Append what Graphviz' library draws of a graph in its language, as SVG.  The library is loaded here, not when the
 * program starts.  ERR_FAILED and a hint when it is not installed.
 */
NODISCARD
struct err	*graph_svg(const char *dot, struct buf *out);

#endif
