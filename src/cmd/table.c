/* cmd: the table of all commands, from which parsing, help, completion and the check of the man pages come. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/cmd.h"

#include <string.h>

extern const struct cmd cmd_new, cmd_node_add, cmd_node_rm, cmd_node_mv, cmd_node_enable, cmd_node_disable,
    cmd_node_init, cmd_node_rekey, cmd_user_add, cmd_user_rm, cmd_user_ls, cmd_cert_ca, cmd_cert_update, cmd_cert_register, cmd_cert_renew,
    cmd_cert_ls, cmd_cert_show, cmd_cert_client, cmd_cert_export, cmd_cert_revoke, cmd_cert_csr, cmd_cert_dh, cmd_check, cmd_compile, cmd_plan,
    cmd_deploy, cmd_rollback, cmd_history, cmd_status, cmd_adopt, cmd_lock, cmd_unlock, cmd_list, cmd_inspect, cmd_ssh, cmd_run, cmd_test, cmd_local_start, cmd_local_stop, cmd_local_ls,
    cmd_local_rm, cmd_impact, cmd_diff, cmd_env_ls,
    cmd_env_pin, cmd_env_unpin, cmd_graph, cmd_why, cmd_schema, cmd_secret_ls, cmd_secret_show, cmd_secret_set,
    cmd_secret_edit, cmd_secret_generate, cmd_secret_rotate, cmd_secret_rm, cmd_secret_audit, cmd_vault_sign, cmd_vault_verify, cmd_help, cmd_completion;

const struct cmd *const cmd_table[] = {
	&cmd_new,
	&cmd_node_add, &cmd_node_rm, &cmd_node_mv, &cmd_node_enable, &cmd_node_disable, &cmd_node_init, &cmd_node_rekey,
	&cmd_user_add, &cmd_user_rm, &cmd_user_ls,
	&cmd_cert_ca, &cmd_cert_update, &cmd_cert_register, &cmd_cert_renew, &cmd_cert_ls, &cmd_cert_show, &cmd_cert_client, &cmd_cert_export, &cmd_cert_revoke,
	&cmd_cert_csr, &cmd_cert_dh,
	&cmd_secret_ls, &cmd_secret_show, &cmd_secret_set, &cmd_secret_edit, &cmd_secret_generate, &cmd_secret_rotate,
	&cmd_secret_rm, &cmd_secret_audit, &cmd_vault_sign, &cmd_vault_verify,
	&cmd_check, &cmd_compile, &cmd_plan, &cmd_deploy, &cmd_test,
	&cmd_rollback, &cmd_history, &cmd_status, &cmd_adopt, &cmd_lock, &cmd_unlock,
	&cmd_env_ls, &cmd_env_pin, &cmd_env_unpin,
	&cmd_list, &cmd_graph, &cmd_inspect, &cmd_why, &cmd_impact, &cmd_diff,
	&cmd_schema,
	&cmd_ssh, &cmd_run,
	&cmd_local_start, &cmd_local_stop, &cmd_local_ls, &cmd_local_rm,
	&cmd_help, &cmd_completion,
	NULL,
};

const struct opt cmd_global_opts[] = {
	{ 'y', "--yes", NULL, "answer yes to every question" },
	{ 0, "--json", NULL, "report as JSON" },
	{ 'v', "--verbose", NULL, "say more" },
	{ 'q', "--quiet", NULL, "say only errors and results" },
	{ 'C', "--directory", "DIR", "work in DIR instead of the current directory" },
	{ 0, "--no-color", NULL, "no colours, as with NO_COLOR in the environment" },
	{ 'h', "--help", NULL, "explain a command" },
	{ 0, "--version", NULL, "print the version" },
	{ 0 },
};

const struct cmd *
cmd_find(const char *name)
{
	size_t	 i;

	for (i = 0; cmd_table[i] != NULL; i++) {
		if (strcmp(cmd_table[i]->name, name) == 0)
			return cmd_table[i];
	}
	return NULL;
}

bool
cmd_is_group(const char *word)
{
	size_t	 i, len = strlen(word);

	for (i = 0; cmd_table[i] != NULL; i++) {
		if (strncmp(cmd_table[i]->name, word, len) == 0 && cmd_table[i]->name[len] == ' ')
			return true;
	}
	return false;
}
