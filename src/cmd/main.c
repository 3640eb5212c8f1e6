/* cmd: from the command line to the exit status. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/json.h"
#include "base/mask.h"
#include "cmd/cmd.h"
#include "config/config.h"
#include "config/filter.h"
#include "repo/pin.h"
#include "repo/repo.h"
#include "vault/signed.h"
#include "vault/vault.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Letters that are options and a name at the same time could mean the opposite of what somebody wants. */
NODISCARD
static struct err *
check_letters(const struct context *context)
{
	const char *word = context->letters;

	if (word == NULL || !filter_knows(context->config, word + 1))
		return NULL;
	return err_hint(err_new(ERR_USAGE, "%s is several options, and all but \"%s\"", word, word + 1),
	    "write the options one by one, or \"!%s\" to leave that out", word + 1);
}

struct err *
context_load(struct context *context)
{
	struct err	*e = pin_read(context->repo);

	if (e == NULL && (e = config_load(&context->config, context->repo)) == NULL)
		e = check_letters(context);
	return e;
}

/* Once a run for each key: it stays unlocked. */
static struct err *
ask_passphrase(void *context, const char *name, struct buf *passphrase)
{
	char		*question = xasprintf("passphrase of %s", name);
	struct err	*e;

	(void)context;
	e = ask_secret(passphrase, "run it on a terminal, or set SSH_ASKPASS to a program that asks", question);
	free(question);
	return e;
}

NODISCARD
static struct err *
prepare(struct context *context)
{
	struct err	*e = NULL;

	if (context->cmd->needs & (CMD_INSTANCE | CMD_CONFIG))
		e = repo_open(&context->repo, ".");
	if (e == NULL && context->repo != NULL)
		vault_setup(context->repo, ask_passphrase, NULL);
	if (e == NULL && context->repo != NULL)
		context->repo->read_only = (context->cmd->needs & CMD_READ_ONLY) != 0;
	if (e == NULL && context->cmd->needs & CMD_CONFIG)
		e = context_load(context);
	return e;
}

/* At the end, so that a command that changes a hundred files signs once.  What it has done is done, signed or not. */
static void
sign_changes(const struct repo *repo)
{
	struct buf	 text = { 0 };
	struct err	*e;

	if (repo == NULL || !vault_sign_due(repo) || (e = vault_sign_own(repo)) == NULL)
		return;
	buf_adds(&text, "warning: the vault is not signed: ");
	err_format(e, &text);
	note("%s", buf_text(&text));
	err_free(e);
	buf_fini(&text);
}

/* An error quotes what others wrote: not even a colour of theirs reaches the terminal. */
static void
print_error(const struct err *e)
{
	struct buf	 text = { 0 }, visible = { 0 };

	if (err_place(e) == NULL)
		buf_adds(&text, "leap: ");
	err_format(e, &text);
	term_visible(&visible, buf_text(&text));
	term_write(stderr, &visible);
	buf_fini(&text);
	buf_fini(&visible);
}

/* Write what standard output still holds; 0, or the errno of why not all was written. */
static int
flush_output(void)
{
	if (fflush(stdout) != 0)
		return errno;
	return ferror(stdout) ? EIO : 0;
}

/* What could not be written was not said: a reader that left is no reason for words, a full disk is. */
static int
output_status(int status, int why)
{
	if (why == 0)
		return status;
	if (why != EPIPE)
		fprintf(stderr, "leap: cannot write the output: %s\n", strerror(why));
	return status != 0 ? status : ERR_FAILED;
}

void
say_note(const char *line)
{
	note("%s\n", line);
}

/* With thousands of nodes it takes half a second to free what the end of the process gives back at once. */
static void
drop_config(struct config *config)
{
#ifdef LEAP_SANITIZED
	config_free(config);		/* LeakSanitizer wants to see that it can be done */
#else
	(void)config;
#endif
}

int
cmd_main(int argc, char **argv)
{
	struct context	 context;
	struct err	*e;
	int		 status = 0, why;

	e = cmd_parse(&context, argc - 1, argv + 1);
	if (e == NULL)
		e = prepare(&context);
	if (e == NULL)
		e = context.cmd->run(&context);
	sign_changes(context.repo);
	why = flush_output();
	if (e != NULL) {
		print_error(e);
		status = (int)err_code(e);
		err_free(e);
	}
	drop_config(context.config);
	vault_fini(context.repo);
	repo_close(context.repo);
	context_fini(&context);
	mask_fini();
	return output_status(status, why);
}
