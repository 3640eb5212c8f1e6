/* cmd: the command line, read with the table. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/cmd.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const struct cmd cmd_help;

/* What is being read: words from argv, and what a group of short options still holds. */
struct reader {
	char		**argv;
	int		  argc, next;
	struct context	 *context;
	bool		  help, version, plain;		/* plain: no more options */
	int		  verbosity;
	const char	 *directory;
};

static const struct opt *
find_opt(const struct opt *rows, const char *name, size_t len, char letter, size_t *index)
{
	size_t	 i;

	for (i = 0; rows != NULL && rows[i].name != NULL; i++) {
		if ((name != NULL && strlen(rows[i].name) == len && strncmp(rows[i].name, name, len) == 0) ||
		    (letter != 0 && rows[i].letter == letter)) {
			*index = i;
			return &rows[i];
		}
	}
	return NULL;
}

static void
set_global(struct reader *reader, const struct opt *opt, const char *value)
{
	const char	*name = opt->name + 2;

	if (strcmp(name, "yes") == 0)
		reader->context->yes = true;
	else if (strcmp(name, "json") == 0)
		reader->context->json = true;
	else if (strcmp(name, "verbose") == 0)
		reader->verbosity++;
	else if (strcmp(name, "quiet") == 0)
		reader->verbosity = -1;
	else if (strcmp(name, "directory") == 0)
		reader->directory = value;
	else if (strcmp(name, "no-color") == 0)
		term_no_color();
	else if (strcmp(name, "help") == 0)
		reader->help = true;
	else
		reader->version = true;
}

NODISCARD
static struct err *
unknown_opt(const struct reader *reader, const char *word, size_t len)
{
	const struct cmd	*cmd = reader->context->cmd;
	const struct opt	*rows[] = { cmd != NULL ? cmd->opts : NULL, cmd_global_opts };
	struct strs		 names = { 0 };
	char			*name = xstrndup(word, len);
	const char		*near;
	struct err		*e;
	size_t			 i, j;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		for (j = 0; rows[i] != NULL && rows[i][j].name != NULL; j++)
			strs_add(&names, rows[i][j].name);
	}
	e = err_new(ERR_USAGE, "unknown option %s", name);
	near = str_starts(word, "--") ? strs_nearest(&names, name) : NULL;
	if (near != NULL)
		e = err_hint(e, "did you mean %s?", near);
	else if (cmd != NULL)
		e = err_hint(e, "leap help %s", cmd->name);
	else
		e = err_hint(e, "leap help");
	free(name);
	strs_fini(&names);
	return e;
}

/*
 * One option, given by its long name or its letter.  `value` is what stood behind "=" or
 * in the same word, or NULL; *used says that it was the option's.
 */
NODISCARD
static struct err *
take_opt(struct reader *reader, const char *name, size_t len, char letter, const char *value, bool *used)
{
	const struct cmd	*cmd = reader->context->cmd;
	const struct opt	*opt;
	size_t			 index;
	bool			 global = false;

	opt = cmd != NULL ? find_opt(cmd->opts, name, len, letter, &index) : NULL;
	if (opt == NULL) {
		opt = find_opt(cmd_global_opts, name, len, letter, &index);
		global = true;
	}
	if (opt == NULL)
		return name != NULL ? unknown_opt(reader, name, len)
		    : unknown_opt(reader, (const char[]){ '-', letter, '\0' }, 2);
	*used = opt->value != NULL && value != NULL;
	if (opt->value == NULL && value != NULL && name != NULL)
		return err_new(ERR_USAGE, "option %s takes no value", opt->name);
	if (opt->value != NULL && value == NULL) {
		if (reader->next >= reader->argc)
			return err_new(ERR_USAGE, "option %s needs a value: %s %s", opt->name, opt->name, opt->value);
		value = reader->argv[reader->next++];
	}
	if (global)
		set_global(reader, opt, value);
	else
		reader->context->values[index] = opt->value != NULL ? value : "";
	return NULL;
}

static void
add_arg(struct context *context, char *word)
{
	context->args[context->arg_count++] = word;
	context->args[context->arg_count] = NULL;
}

/* Whether a word is the command's filter's, which may begin with "-": when the command has what comes before it. */
static bool
in_filter(const struct reader *reader)
{
	const struct cmd *cmd = reader->context->cmd;

	if (cmd == NULL || cmd->args == NULL || strstr(cmd->args, "FILTER") == NULL)
		return false;
	return reader->context->arg_count >= cmd->min_args || str_starts(cmd->args, "FILTER");
}

/* Whether "-word" is made of options' letters; behind one that takes a value may be anything. */
static bool
all_letters(const struct reader *reader, const char *word)
{
	const struct opt	*opt;
	size_t			 index;

	for (word++; *word != '\0'; word++) {
		opt = find_opt(reader->context->cmd->opts, NULL, 0, *word, &index);
		if (opt == NULL)
			opt = find_opt(cmd_global_opts, NULL, 0, *word, &index);
		if (opt == NULL)
			return false;
		if (opt->value != NULL)
			return true;
	}
	return true;
}

NODISCARD
static struct err *
take_word(struct reader *reader, const char *word)
{
	const char	*equals;
	struct err	*e = NULL;
	size_t		 len;
	bool		 used = false;

	if (word[1] == '-') {
		equals = strchr(word, '=');
		len = equals != NULL ? (size_t)(equals - word) : strlen(word);
		return take_opt(reader, word, len, 0, equals != NULL ? equals + 1 : NULL, &used);
	}
	for (word++; e == NULL && *word != '\0' && !used; word++)
		e = take_opt(reader, NULL, 0, *word, word[1] != '\0' ? word + 1 : NULL, &used);
	return e;
}

/* "-word": options, or what a filter leaves out. */
NODISCARD
static struct err *
take_dash(struct reader *reader, char *word)
{
	if (word[1] != '-' && in_filter(reader)) {
		if (!all_letters(reader, word)) {
			add_arg(reader->context, word);
			return NULL;
		}
		if (word[2] != '\0')
			reader->context->letters = word;
	}
	return take_word(reader, word);
}

/* The row of this name: one word, or a group and its second. */
NODISCARD
static struct err *
find_command(struct reader *reader, const char *first, const char *second)
{
	struct strs	 names = { 0 };
	const char	*near;
	char		*name;
	struct err	*e = NULL;
	size_t		 i, len;

	name = second != NULL ? xasprintf("%s %s", first, second) : xstrdup(first);
	reader->context->cmd = cmd_find(name);
	if (reader->context->cmd == NULL) {
		for (i = 0; cmd_table[i] != NULL; i++) {
			const char	*row = cmd_table[i]->name;

			len = second != NULL ? strlen(row) : strcspn(row, " ");
			strs_addf(&names, "%.*s", (int)len, row);
		}
		e = err_new(ERR_USAGE, "unknown command \"%s\"", name);
		near = strs_nearest(&names, name);
		if (near != NULL)
			e = err_hint(e, "did you mean \"leap %s\"?", near);
		else
			e = err_hint(e, "leap help");
	}
	strs_fini(&names);
	free(name);
	return e;
}

NODISCARD
static struct err *
check_count(const struct context *context, const struct cmd *cmd)
{
	const char	*args = cmd->args != NULL ? cmd->args : "", *missing = args;
	struct err	*e;

	if (context->arg_count >= cmd->min_args && context->arg_count <= cmd->max_args)
		return NULL;
	for (size_t i = 0; i < context->arg_count && strchr(missing, ' ') != NULL; i++)
		missing = strchr(missing, ' ') + 1;
	if (context->arg_count < cmd->min_args)
		e = err_new(ERR_USAGE, "%.*s is missing", (int)strcspn(missing, " ."), missing);
	else
		e = err_new(ERR_USAGE, "too many arguments, from \"%s\" on", context->args[cmd->max_args]);
	return err_hint(e, "leap %s%s%s", cmd->name, *args != '\0' ? " " : "", args);
}

/* "help NODE ADD" in place of what was asked to explain itself. */
static void
become_help(struct context *context, char *group)
{
	context->arg_count = 0;
	if (context->cmd != NULL)
		add_arg(context, (char *)context->cmd->name);
	else if (group != NULL)
		add_arg(context, group);
	context->cmd = &cmd_help;
	memset(context->values, 0, sizeof(context->values));
}

/* The rest is somebody else's command; a "--" in front of it is ours. */
static void
begin_tail(struct reader *reader)
{
	reader->plain = true;
	if (reader->next < reader->argc && strcmp(reader->argv[reader->next], "--") == 0)
		reader->next++;
}

NODISCARD
static struct err *
read_words(struct reader *reader, char **group)
{
	struct context	*context = reader->context;
	struct err	*e = NULL;
	char		*word;

	while (e == NULL && reader->next < reader->argc) {
		word = reader->argv[reader->next++];
		if (!reader->plain && strcmp(word, "--") == 0) {
			reader->plain = true;
		} else if (!reader->plain && word[0] == '-' && word[1] != '\0') {
			e = take_dash(reader, word);
		} else if (context->cmd != NULL) {
			add_arg(context, word);
			if (context->cmd->needs & CMD_TAIL && context->arg_count == 1)
				begin_tail(reader);
		} else if (*group != NULL) {
			e = find_command(reader, *group, word);
		} else if (cmd_is_group(word)) {
			*group = word;
		} else {
			e = find_command(reader, word, NULL);
		}
	}
	return e;
}

struct err *
cmd_parse(struct context *context, int argc, char **argv)
{
	struct reader	 reader = { .argv = argv, .argc = argc, .context = context };
	struct err	*e;
	char		*group = NULL;

	*context = (struct context){ .args = xcalloc((size_t)argc + 2, sizeof(char *)) };
	e = read_words(&reader, &group);
	if (e != NULL)
		return e;
	term_set_verbosity(reader.verbosity);
	if (reader.directory != NULL && chdir(reader.directory) != 0)
		return err_errno(ERR_USAGE, "--directory %s", reader.directory);
	if (reader.version) {
		become_help(context, NULL);
		context->arg_count = 0;
		context->values[1] = "";	/* help's --version row */
		return NULL;
	}
	if (reader.help || context->cmd == NULL)
		become_help(context, group);
	return check_count(context, context->cmd);
}

void
context_fini(struct context *context)
{
	free(context->args);
	context->args = NULL;
}

const char *
opt_get(const struct context *context, const char *name)
{
	size_t	 index;

	if (find_opt(context->cmd->opts, name, strlen(name), 0, &index) == NULL)
		abort();	/* the command asks for an option that its rows do not have */
	return context->values[index];
}
