/* cmd: what `leap compile` makes for other programs, and what it wrote. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_COMPILE_H
#define CMD_COMPILE_H

#include "base/buf.h"
#include "base/strs.h"
#include "cmd/cmd.h"
#include "config/filter.h"

#define COMPILED_DIR	"compiled"

/* What compiling changed: paths in the instance. */
struct outcome {
	struct strs	created, changed, removed;
	size_t		count;		/* of nodes */
};

/* Write a file of the instance, if its content is another, and note that. */
NODISCARD
struct err	*outcome_write(struct outcome *outcome, const struct context *context, const char *path,
		    const struct buf *text);
NODISCARD
struct err	*outcome_remove(struct outcome *outcome, const struct context *context, const char *path);
void		 outcome_report(const struct outcome *outcome, bool json);
void		 outcome_fini(struct outcome *outcome);

/* One form of the whole for another program. */
struct output {
	const char	*name;		/* as the command line has it */
	const char	*file;		/* its name in compiled/; NULL ends a table */
	unsigned	 flags;
	/* Append it.  The nodes are checked, at least one, in the order of their names; with OUTPUT_APART all of one
	 * environment. */
	struct err	*(*make)(struct buf *out, struct context *context, const struct node_list *nodes);
	struct err	*(*make_json)(struct buf *out, struct context *context, const struct node_list *nodes);	/* or NULL */
};

enum {
	OUTPUT_AWAY = 1,	/* for others than this machine: without the nodes in environment "local" */
	OUTPUT_APART = 2,	/* one for each environment: "provider.json", "provider.production.json" */
	OUTPUT_JSON = 4,	/* it is JSON by itself */
};

/* Files that are made and not yet written, so that nothing is written unless everything can be. */
struct output_files {
	struct output_file {
		char		*path;
		struct buf	 text;
	}		*items;
	size_t		 count;
	struct strs	 stale;		/* paths */
};

/* Make anew the outputs that compiled/ has, of these nodes. */
NODISCARD
struct err	*outputs_make(struct output_files *files, struct context *context, const struct node_list *nodes);
NODISCARD
struct err	*outputs_write(const struct output_files *files, const struct context *context,
		    struct outcome *outcome);
void		 output_files_fini(struct output_files *files);

/* The command with an output's name as its first argument: print it, or with --write add it to compiled/. */
NODISCARD
struct err	*outputs_run(struct context *context, const struct node_list *enabled);

/* compile_names.c, compile_firewall.c, compile_ssh.c: the outputs. */
NODISCARD
struct err	*output_hosts(struct buf *out, struct context *context, const struct node_list *nodes);
NODISCARD
struct err	*output_zone(struct buf *out, struct context *context, const struct node_list *nodes);
NODISCARD
struct err	*output_provider(struct buf *out, struct context *context, const struct node_list *nodes);
NODISCARD
struct err	*output_prometheus(struct buf *out, struct context *context, const struct node_list *nodes);
NODISCARD
struct err	*output_firewall(struct buf *out, struct context *context, const struct node_list *nodes);
NODISCARD
struct err	*output_firewall_json(struct buf *out, struct context *context, const struct node_list *nodes);
NODISCARD
struct err	*output_ssh_config(struct buf *out, struct context *context, const struct node_list *nodes);
NODISCARD
struct err	*output_ansible(struct buf *out, struct context *context, const struct node_list *nodes);

#endif
