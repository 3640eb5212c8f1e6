/* cmd: leap diff. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/cmd.h"
#include "cmd/compare.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const struct opt diff_opts[] = {
	{ 0, "--stat", NULL, "leave out how the contents of files differ" },
	{ 0 },
};

static struct moment
revision(const char *word)
{
	return (struct moment){ MOMENT_GIT, REPO_REVISION, *word == '\0' ? "HEAD" : word };
}

/* "A..B", as git has it.  The parts are the caller's, free(). */
static bool
read_range(struct question *question, const char *word, char **from, char **to)
{
	const char *dots = strstr(word, "..");

	if (dots == NULL || strchr(word, '/') == word || strstr(word, "../") != NULL)
		return false;
	*from = xstrndup(word, (size_t)(dots - word));
	*to = xstrdup(dots + 2);
	question->before = revision(*from);
	question->after = revision(*to);
	return true;
}

/* What no filter is written like: "HEAD~4", "main^" are told as revisions, whether there are such or not. */
static bool
is_like_revision(const char *word)
{
	return str_starts(word, "HEAD") || (*word != '/' && strchr(word, '=') == NULL && strpbrk(word, "~^") != NULL);
}

/* How many of the first words are revisions; the others choose nodes. */
NODISCARD
static struct err *
read_words(struct question *question, const struct context *context, size_t *used)
{
	bool		 is = false;
	struct err	*e;

	*used = 0;
	if (context->arg_count == 0)
		return NULL;
	if ((e = repo_is_revision(context->repo, context->args[0], &is)) != NULL)
		return e;
	question->maybe_revision = !is;
	if (!is && !is_like_revision(context->args[0]))
		return NULL;
	question->before = revision(context->args[0]);
	*used = 1;
	if (context->arg_count == 1 || (e = repo_is_revision(context->repo, context->args[1], &is)) != NULL ||
	    (!is && !is_like_revision(context->args[1])))
		return e;
	question->after = revision(context->args[1]);
	*used = 2;
	return NULL;
}

NODISCARD
static struct err *
diff_run(struct context *context)
{
	struct question	 question = { .before = moment_head, .after = moment_disk };
	char		*from = NULL, *to = NULL;
	size_t		 used = 1;
	struct err	*e = NULL;

	if (context->arg_count > 0 && strstr(context->args[0], "...") != NULL)
		return err_hint(err_new(ERR_USAGE, "no revisions \"%s\": three dots", context->args[0]),
		    "write two: \"leap diff A..B\"");
	if (context->arg_count == 0 || !read_range(&question, context->args[0], &from, &to))
		e = read_words(&question, context, &used);
	question.words = context->args + used;
	question.word_count = context->arg_count - used;
	if (e == NULL)
		e = compare_command(context, &question, opt_get(context, "--stat") == NULL);
	free(from);
	free(to);
	return e;
}

const struct cmd cmd_diff = {
	.name = "diff",
	.args = "[REV1 [REV2]] [FILTER...]",
	.summary = "show how the nodes of two revisions differ, down to the lines of files",
	.details = "REV1 is HEAD and REV2 the work tree unless they are said.  What comes behind them chooses nodes.",
	.opts = diff_opts,
	.needs = CMD_INSTANCE | CMD_READ_ONLY,
	.max_args = SIZE_MAX,
	.run = diff_run,
};
