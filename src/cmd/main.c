/* cmd: from the command line to the exit status. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/json.h"
#include "base/mask.h"
#include "cmd/cmd.h"
#include "config/config.h"
#include "repo/repo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

NODISCARD
static struct err *
prepare(struct context *context)
{
	struct err	*e = NULL;

	if (context->cmd->needs & (CMD_INSTANCE | CMD_CONFIG))
		e = repo_open(&context->repo, ".");
	if (e == NULL && context->cmd->needs & CMD_CONFIG)
		e = config_load(&context->config, context->repo);
	return e;
}

static void
print_error(const struct err *e)
{
	struct buf	 text = { 0 };

	if (err_place(e) == NULL)
		buf_adds(&text, "leap: ");
	err_format(e, &text);
	term_write(stderr, &text);
	buf_fini(&text);
}

/* What could not be written was not said: a reader that left is no reason for words, a full disk is. */
static int
flush_output(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	if (errno != EPIPE)
		fprintf(stderr, "leap: cannot write the output: %s\n", strerror(errno));
	return status != 0 ? status : ERR_FAILED;
}

int
cmd_main(int argc, char **argv)
{
	struct context	 context;
	struct err	*e;
	int		 status = 0;

	e = cmd_parse(&context, argc - 1, argv + 1);
	if (e == NULL)
		e = prepare(&context);
	if (e == NULL)
		e = context.cmd->run(&context);
	fflush(stdout);
	if (e != NULL) {
		print_error(e);
		status = (int)err_code(e);
		err_free(e);
	}
	config_free(context.config);
	repo_close(context.repo);
	context_fini(&context);
	mask_fini();
	return flush_output(status);
}
