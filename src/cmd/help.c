/* cmd: help, the table for other programs, and completion for bash, all from the table. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/cmd.h"

#include <stdlib.h>
#include <string.h>

static const struct opt help_opts[] = {
	{ 0, "--all", NULL, "print every command and option, tab-separated, for other programs" },
	{ 0, "--version", NULL, "print the version" },
	{ 0 },
};

static void
print_opts(const struct opt *rows)
{
	struct table	*table = table_new(2);
	size_t		 i;

	for (i = 0; rows[i].name != NULL; i++) {
		table_add(table, "  %s%c%s%s%s%s", rows[i].letter ? "-" : "  ", rows[i].letter ? rows[i].letter : ' ',
		    rows[i].letter ? ", " : " ", rows[i].name, rows[i].value ? " " : "",
		    rows[i].value ? rows[i].value : "");
		table_add(table, "%s", rows[i].summary);
	}
	table_print(table, stdout);
	table_free(table);
}

static void
print_commands(const char *group)
{
	struct table	*table = table_new(2);
	size_t		 i, len = group != NULL ? strlen(group) : 0;

	for (i = 0; cmd_table[i] != NULL; i++) {
		const struct cmd	*cmd = cmd_table[i];

		if (group != NULL && (strncmp(cmd->name, group, len) != 0 || cmd->name[len] != ' '))
			continue;
		table_add(table, "  leap %s%s%s", cmd->name, cmd->args ? " " : "", cmd->args ? cmd->args : "");
		table_add(table, "%s", cmd->summary);
	}
	table_print(table, stdout);
	table_free(table);
}

static void
print_overview(const char *group)
{
	out("leap: provisions a service provider from one machine, over SSH, with no master\n\n");
	print_commands(group);
	out("\nEvery command takes:\n");
	print_opts(cmd_global_opts);
	out("\nleap help COMMAND explains one; leap(1), Leapfile(5) and leap-config(5) all.\n");
}

static void
print_command(const struct cmd *cmd)
{
	out("leap %s%s%s: %s\n", cmd->name, cmd->args ? " " : "", cmd->args ? cmd->args : "", cmd->summary);
	if (cmd->details != NULL)
		out("\n%s\n", cmd->details);
	if (cmd->opts != NULL) {
		out("\nOptions:\n");
		print_opts(cmd->opts);
	}
	out("\nEvery command takes:\n");
	print_opts(cmd_global_opts);
}

static void
list_opts(const char *command, const struct opt *rows)
{
	size_t	 i;

	for (i = 0; rows != NULL && rows[i].name != NULL; i++)
		out("option\t%s\t%s\t%s\n", command, rows[i].name, rows[i].value ? rows[i].value : "");
}

static void
list_all(void)
{
	size_t	 i;

	list_opts("", cmd_global_opts);
	for (i = 0; cmd_table[i] != NULL; i++) {
		out("command\t%s\t%s\n", cmd_table[i]->name, cmd_table[i]->args ? cmd_table[i]->args : "");
		list_opts(cmd_table[i]->name, cmd_table[i]->opts);
	}
}

static struct err *
help_run(struct context *context)
{
	const struct cmd	*cmd;
	struct buf		 name = { 0 };
	struct err		*e = NULL;
	size_t			 i;

	for (i = 0; i < context->arg_count; i++)
		buf_addf(&name, "%s%s", i != 0 ? " " : "", context->args[i]);
	cmd = cmd_find(buf_text(&name));
	if (opt_get(context, "--version") != NULL)
		out("leap %s\n", LEAP_VERSION);
	else if (opt_get(context, "--all") != NULL)
		list_all();
	else if (name.len == 0)
		print_overview(NULL);
	else if (cmd != NULL)
		print_command(cmd);
	else if (cmd_is_group(buf_text(&name)))
		print_overview(buf_text(&name));
	else
		e = err_hint(err_new(ERR_USAGE, "unknown command \"%s\"", buf_text(&name)), "leap help");
	buf_fini(&name);
	return e;
}

const struct cmd cmd_help = {
	.name = "help",
	.args = "[COMMAND]",
	.summary = "explain a command, or list them all",
	.opts = help_opts,
	.max_args = 2,
	.run = help_run,
};

/* The words that may follow "leap" or "leap GROUP". */
static void
add_words(struct buf *text, const char *group)
{
	struct strs	 words = { 0 };
	const char	*name, *space;
	char		*word;
	size_t		 i, len = group != NULL ? strlen(group) : 0;

	for (i = 0; cmd_table[i] != NULL; i++) {
		name = cmd_table[i]->name;
		if (group != NULL && (strncmp(name, group, len) != 0 || name[len] != ' '))
			continue;
		name += group != NULL ? len + 1 : 0;
		space = strchr(name, ' ');
		word = xstrndup(name, space != NULL ? (size_t)(space - name) : strlen(name));
		if (!strs_has(&words, word))
			strs_add(&words, word);
		free(word);
	}
	strs_join(&words, " ", text);
	strs_fini(&words);
}

static void
add_opts(struct buf *text, const struct opt *rows)
{
	size_t	 i;

	for (i = 0; rows != NULL && rows[i].name != NULL; i++)
		buf_addf(text, " %s", rows[i].name);
}

static struct err *
completion_run(struct context *context)
{
	struct buf	 text = { 0 };
	size_t		 i;

	(void)context;
	buf_adds(&text, "# bash completion for leap\n_leap()\n{\n"
	    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} name= words= dir=$PWD i\n"
	    "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	    "\t\t[[ ${COMP_WORDS[i]} == -* ]] || name+=${name:+ }${COMP_WORDS[i]}\n"
	    "\tdone\n"
	    "\twhile [[ -n $dir && ! -e $dir/Leapfile ]]; do dir=${dir%/*}; done\n"
	    "\tcase $name in\n\t'') words='");
	add_words(&text, NULL);
	buf_adds(&text, "' ;;\n");
	for (i = 0; cmd_table[i] != NULL; i++) {
		const char	*name = cmd_table[i]->name, *space = strchr(name, ' ');

		if (space != NULL && (i == 0 || strncmp(cmd_table[i - 1]->name, name,
		    (size_t)(space - name) + 1) != 0)) {
			char	*group = xstrndup(name, (size_t)(space - name));

			buf_addf(&text, "\t%s) words='", group);
			add_words(&text, group);
			buf_adds(&text, "' ;;\n");
			free(group);
		}
		buf_addf(&text, "\t'%s'*) words='", name);
		add_opts(&text, cmd_table[i]->opts);
		add_opts(&text, cmd_global_opts);
		buf_adds(&text, "'\n\t\t[[ -n $dir ]] && words+=\" $(cd \"$dir/nodes\" 2>/dev/null && "
		    "printf '%s\\n' *.json | sed -n 's/\\.json$//p')\" ;;\n");
	}
	buf_adds(&text, "\tesac\n\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n}\n"
	    "complete -o default -F _leap leap\n");
	out("%s", buf_text(&text));
	buf_fini(&text);
	return NULL;
}

const struct cmd cmd_completion = {
	.name = "completion",
	.summary = "print completion for bash",
	.details = "source <(leap completion)",
	.run = completion_run,
};
