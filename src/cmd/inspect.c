/* cmd: leap inspect. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/json.h"
#include "cmd/cmd.h"
#include "config/config.h"
#include "pki/ca.h"
#include "repo/repo.h"
#include "vault/vault.h"

#include <stdlib.h>
#include <string.h>

/* The name of what a configuration file describes: "web1" of nodes/web1.json; the caller's, free(). */
static char *
name_of_file(const char *file)
{
	static const char *const dirs[] = { "nodes/", "services/", "tags/" };
	const char *name = file;

	if (str_starts(name, "./"))
		name += 2;
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		if (str_starts(name, dirs[i]))
			return xstrndup(name + strlen(dirs[i]), strcspn(name + strlen(dirs[i]), "./"));
	}
	return xstrndup(name, str_ends(name, ".json") ? strcspn(name, ".") : strlen(name));
}

NODISCARD
static struct err *
inspect_config(struct context *context, const char *argument)
{
	char		*name = name_of_file(argument);
	struct buf	 text = { 0 };
	struct err	*e;
	json_t		*value;

	if ((e = config_inspect(context->config, name, &value)) == NULL) {
		json_pretty(value, &text);
		out("%s", buf_text(&text));
	}
	buf_fini(&text);
	free(name);
	return e;
}

NODISCARD
static struct err *
inspect_cert(struct context *context, const char *path)
{
	struct buf	 pem = { 0 }, fingerprint = { 0 }, text = { 0 };
	struct err	*e;
	int64_t		 not_after;

	if ((e = repo_read(context->repo, path, &pem)) != NULL)
		goto out;
	if ((e = cert_describe(&pem, &not_after, &fingerprint, &text)) != NULL) {
		e = err_context(e, "%s", path);
		goto out;
	}
	if (context->json) {
		json_t *root = json_pack("{s:s, s:s, s:I}", "file", path, "fingerprint", buf_text(&fingerprint),
		    "not_after", (json_int_t)not_after);

		buf_clear(&text);
		json_pretty(root, &text);
		json_decref(root);
	}
	out("%s%s", buf_text(&text), str_ends(buf_text(&text), "\n") ? "" : "\n");
out:
	buf_fini(&pem);
	buf_fini(&fingerprint);
	buf_fini(&text);
	return e;
}

/* A private key is never shown; what is known of it stands in the certificate beside it. */
NODISCARD
static struct err *
inspect_key(struct context *context, const char *path)
{
	char		*cert = xasprintf("%.*s.crt", (int)(strlen(path) - strlen(".key")), path);
	struct err	*e;

	if (!vault_has(context->repo, path))
		e = err_new(ERR_USAGE, "no file %s.age", path);
	else if (!repo_has(context->repo, cert))
		e = err_new(ERR_USAGE, "%s is a private key, which is never shown, and has no certificate %s", path, cert);
	else {
		note("%s is a private key, which is never shown; its certificate is %s\n", path, cert);
		e = inspect_cert(context, cert);
	}
	free(cert);
	return e;
}

NODISCARD
static struct err *
inspect_run(struct context *context)
{
	const char	*what = context->args[0];
	char		*key = NULL;
	struct err	*e;

	if (str_ends(what, ".key") || str_ends(what, ".key.age")) {
		key = xstrndup(what, strlen(what) - (str_ends(what, ".age") ? strlen(".age") : 0));
		e = inspect_key(context, key);
		free(key);
		return e;
	}
	if (str_ends(what, ".crt"))
		return inspect_cert(context, what);
	return inspect_config(context, what);
}

const struct cmd cmd_inspect = {
	.name = "inspect",
	.args = "NAME|FILE",
	.summary = "show what a node, service, tag or certificate is made of",
	.details = "A node, service or tag, \"common\" and \"provider\" are shown as JSON, all layers merged, macros\n"
	    "not evaluated; their files may be named too.  A certificate is shown in words.  Private keys never are.",
	.needs = CMD_CONFIG,
	.min_args = 1,
	.max_args = 1,
	.run = inspect_run,
};
