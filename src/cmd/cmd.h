/* cmd: the commands; the only room, with main(), that prints. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include "base/buf.h"
#include "base/err.h"
#include "base/strs.h"
#include "base/term.h"

#include <stdbool.h>

struct config;
struct repo;

enum cmd_needs {
	CMD_INSTANCE = 1,	/* context->repo */
	CMD_CONFIG = 2,		/* context->config, loaded; implies CMD_INSTANCE */
	CMD_READ_ONLY = 8,	/* repo->read_only: a command that only looks makes no secrets */
	CMD_TAIL = 4,		/* what follows the first argument is a command's: its options are not ours */
};

/* One option, one row: parsing, help, completion and the check of the man pages read it. */
struct opt {
	char		 letter;	/* or 0 */
	const char	*name;		/* "--name" */
	const char	*value;		/* what stands for its value in help, NULL for a switch */
	const char	*summary;
};

#define OPT_MAX	24

struct context {
	const struct cmd	*cmd;
	struct repo		*repo;
	struct config		*config;
	const char		*values[OPT_MAX];	/* by the option's place in the table; "" for a switch that was given */
	char			**args;			/* what is not an option; ends in NULL */
	size_t			 arg_count;
	bool			 yes;			/* --yes */
	bool			 json;			/* --json */
	const char		*letters;		/* "-yv": options that could be a filter's word; NULL: none were */
};

/* A row of the table.  Commands of two words ("node add") are rows with a space in the name. */
struct cmd {
	const char		*name;
	const char		*args;		/* "[FILTER...]"; with a FILTER, "-word" may be one of its words */
	const char		*summary;
	const char		*details;	/* more for --help, or NULL */
	const struct opt	*opts;		/* ends in a row without name; may be NULL */
	unsigned		 needs;
	size_t			 min_args, max_args;
	struct err		*(*run)(struct context *context);
};

extern const struct cmd *const cmd_table[];	/* ends in NULL; sorted as help shows it */
extern const struct opt cmd_global_opts[];	/* --yes --json -v -q --help --version --no-color --directory */

/* The option's value (or "" for a switch), NULL when it was not given.  The name must be in the command's rows. */
const char	*opt_get(const struct context *context, const char *name);

/*
 * Find the command in argv (without the program's name) and fill *context from its rows; the strings are argv's.
 * `leap help CMD` and `leap CMD --help` both become the command "help" with CMD as arguments.  Fails with ERR_USAGE.
 */
NODISCARD
struct err	*cmd_parse(struct context *context, int argc, char **argv);
void		 context_fini(struct context *context);

/* Load the configuration of context->repo; for a command that does not say CMD_CONFIG because it may mean another. */
NODISCARD
struct err	*context_load(struct context *context);

/* A note on a line of its own; for rooms that tell and do not print (cert/say.h). */
void		 say_note(const char *line);

/* The row of this name, or NULL.  cmd_is_group(): whether it is the first word of rows of two. */
const struct cmd *cmd_find(const char *name);
bool		 cmd_is_group(const char *word);

/* The whole of main() after base is set up; returns the exit status. */
int		 cmd_main(int argc, char **argv);

#endif
