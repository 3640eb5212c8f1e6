/* cmd: leap impact. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/cmd.h"
#include "cmd/compare.h"

#include <stdint.h>
#include <stdlib.h>

static const struct opt impact_opts[] = {
	{ 'p', "--patch", NULL, "show how the contents of files differ, too" },
	{ 0, "--cached", NULL, "of what is staged with \"git add\", not of the whole work tree" },
	{ 0 },
};

/* The first word is a file, else a revision, else a filter's; *path is the caller's. */
NODISCARD
static struct err *
read_word(struct question *question, const struct context *context, char **path)
{
	const char	*word = context->args[0];
	bool		 revision = false;
	struct err	*e;

	if ((e = repo_tracked(context->repo, word, path)) != NULL ||
	    (e = repo_is_revision(context->repo, word, &revision)) != NULL)
		return e;
	if (*path != NULL && revision)
		return err_hint(err_new(ERR_USAGE, "\"%s\" is a file and a revision", word),
		    "say \"./%s\" for the file or \"%s^0\" for the revision", word, word);
	if (*path != NULL)
		question->after = (struct moment){ MOMENT_GIT, REPO_EDIT, *path };
	else if (revision)
		question->before = (struct moment){ MOMENT_GIT, REPO_REVISION, word };
	else
		question->maybe_revision = true;
	if (*path != NULL || revision) {
		question->words++;
		question->word_count--;
	}
	return NULL;
}

NODISCARD
static struct err *
impact_run(struct context *context)
{
	struct question	 question = {
		.before = moment_head, .after = moment_disk, .words = context->args, .word_count = context->arg_count,
	};
	char		*path = NULL;
	struct err	*e = NULL;

	if (opt_get(context, "--cached") != NULL)
		question.after = (struct moment){ MOMENT_GIT, REPO_INDEX, NULL };
	else if (context->arg_count > 0)
		e = read_word(&question, context, &path);
	if (e == NULL)
		e = compare_command(context, &question, opt_get(context, "--patch") != NULL);
	free(path);
	return e;
}

const struct cmd cmd_impact = {
	.name = "impact",
	.args = "[FILE|REV] [FILTER...]",
	.summary = "show which nodes, files and restarts follow from an edit",
	.details = "Compiles the instance twice, in memory: as HEAD (or REV) has it and as it is in the work tree, and\n"
	    "shows what deploys would do that they did not do before.  With FILE, only that one's edit counts.",
	.opts = impact_opts,
	.needs = CMD_INSTANCE | CMD_READ_ONLY,
	.max_args = SIZE_MAX,
	.run = impact_run,
};
