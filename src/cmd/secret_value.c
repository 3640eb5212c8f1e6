/* cmd: leap secret ls, show, set, generate, rm: secrets one by one. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"
#include "base/json.h"
#include "cmd/secret.h"
#include "config/config.h"
#include "config/uses.h"
#include "repo/repo.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VALUE_MAX	(64u << 10)

static bool
is_given(const struct repo *repo, const char *word)
{
	char	*env = xstrndup(word, strcspn(word, "/")), *path = xasprintf("secrets/%s", word);
	bool	 given = vault_given(repo, env, path);

	free(env);
	free(path);
	return given;
}

static void
ls_row(struct table *table, json_t *array, const char *word, bool given, const json_t *nodes)
{
	struct strs	 names = { 0 };
	struct buf	 list = { 0 };
	const char	*slash = strchr(word, '/');

	json_keys(nodes, &names);
	strs_join(&names, ", ", &list);
	table_add(table, "%.*s", (int)(slash - word), word);
	table_add(table, "%s", slash + 1);
	table_add(table, "%s", given ? "a person" : "leap");
	table_add(table, "%s", buf_text(&list));
	json_array_append_new(array, json_pack("{s:s#, s:s, s:b, s:o}", "environment", word, (int)(slash - word), "name",
	    slash + 1, "given", given, "nodes", json_strs(&names)));
	strs_fini(&names);
	buf_fini(&list);
}

static struct err *
secret_ls_run(struct context *context)
{
	static const char *const titles[] = { "ENVIRONMENT", "NAME", "MADE BY", "USED BY" };
	struct table	*table = table_new(ARRAY_LEN(titles));
	json_t		*array = json_array(), *uses = secret_uses(context);
	struct strs	 words = { 0 };
	struct buf	 text = { 0 };
	struct err	*e = secret_list(context->repo, secret_environment(context), &words);

	for (size_t i = 0; i < ARRAY_LEN(titles); i++) {
		table_add(table, "%s", titles[i]);
		table_color(table, TERM_BOLD);
	}
	for (size_t i = 0; i < words.count; i++)
		ls_row(table, array, words.items[i], is_given(context->repo, words.items[i]),
		    json_object_get(uses, words.items[i]));
	if (e == NULL && context->json) {
		json_pretty(array, &text);
		term_write(stdout, &text);
	} else if (e == NULL && words.count > 0) {
		table_print(table, stdout);
	} else if (e == NULL) {
		note("no secrets yet: macros make them when nodes are compiled, \"leap secret set\" and \"generate\" do\n");
	}
	buf_fini(&text);
	strs_fini(&words);
	json_decref(array);
	json_decref(uses);
	table_free(table);
	return e;
}

/* As JSON in its place. */
NODISCARD
static struct err *
make_json(struct buf *value, const struct secret_ref *ref)
{
	json_t *text = json_stringn(buf_text(value), value->len), *all;

	if (text == NULL)
		return err_hint(err_new(ERR_CONFIG, "%s.age: the value is not text in UTF-8", ref->path), "leave --json out");
	all = json_pack("{s:s, s:s, s:O}", "environment", ref->env, "name", ref->name, "value", text);
	buf_clear(value);
	json_pretty(all, value);
	mem_cleanse((void *)(uintptr_t)json_string_value(text), json_string_length(text));
	json_decref(text);
	json_decref(all);
	return NULL;
}

/* The one place that prints what is secret: whoever asks wants it. */
static struct err *
secret_show_run(struct context *context)
{
	struct secret_ref	 ref;
	struct buf		 value = { .secret = true };
	struct err		*e;

	if ((e = secret_ref_init(&ref, context, context->args[0], false)) != NULL)
		return e;
	if ((e = secret_read(context->repo, ref.env, ref.path, &value)) == NULL && context->json)
		e = make_json(&value, &ref);
	else if (e == NULL)
		buf_addc(&value, '\n');
	if (e == NULL && write_all(STDOUT_FILENO, value.data, value.len) != 0)
		e = err_errno(ERR_FAILED, "cannot write the output");
	buf_fini(&value);
	secret_ref_fini(&ref);
	return e;
}

/* Twice, for nobody sees what is typed. */
NODISCARD
static struct err *
ask_value(struct buf *out, const struct secret_ref *ref)
{
	static const char	 hint[] = "give the value on standard input";
	struct buf		 again = { .secret = true };
	char			*question = xasprintf("value of %s/%s", ref->env, ref->name);
	struct err		*e = ask_secret(out, hint, question);

	if (e == NULL && (e = ask_secret(&again, hint, "once more")) == NULL &&
	    strcmp(buf_text(out), buf_text(&again)) != 0)
		e = err_new(ERR_USAGE, "these were two different values: nothing has changed");
	buf_fini(&again);
	free(question);
	return e;
}

NODISCARD
static struct err *
read_value(struct buf *out)
{
	char		 block[4096];
	ssize_t		 n;
	struct err	*e = NULL;

	buf_reserve(out, VALUE_MAX);
	while (e == NULL && (n = read(STDIN_FILENO, block, sizeof(block))) != 0) {
		if (n > 0)
			buf_add(out, block, (size_t)n);
		else if (errno != EINTR)
			e = err_errno(ERR_FAILED, "cannot read standard input");
		if (out->len > VALUE_MAX)
			e = err_join(e, err_new(ERR_USAGE, "more than %u KiB is no secret", VALUE_MAX >> 10));
	}
	mem_cleanse(block, sizeof(block));
	return e;
}

static struct err *
secret_set_run(struct context *context)
{
	struct secret_ref	 ref;
	struct buf		 value = { .secret = true };
	bool			 known, same;
	struct err		*e;

	if ((e = secret_ref_init(&ref, context, context->args[0], true)) != NULL)
		return e;
	known = vault_has(context->repo, ref.path);
	e = isatty(STDIN_FILENO) ? ask_value(&value, &ref) : read_value(&value);
	same = e == NULL && known && vault_has_this(context->repo, ref.env, ref.path, value.data, value.len);
	if (e == NULL && (e = secret_give(context->repo, &ref, &value)) == NULL && same)
		note("%s/%s stays as it is\n", ref.env, ref.name);
	else if (e == NULL)
		note("%s %s.age; nodes get it with the next deploy\n", known ? "changed" : "made", ref.path);
	buf_fini(&value);
	secret_ref_fini(&ref);
	return e;
}

/* Of the kind that macros ask for, unless options say another; no macro need ask for it. */
NODISCARD
static struct err *
choose_kind(struct secret_kind *out, struct context *context, const struct secret_ref *ref)
{
	struct secret_kind	 asked;
	bool			 wished, known;
	json_t			*uses = secret_uses(context);
	struct err		*e;

	json_decref(uses);
	known = context->config != NULL && config_secret_kind(context->config, ref->env, ref->name, &asked);
	if ((e = secret_wish(&wished, out, context, known ? &asked : NULL)) != NULL)
		return e;
	return secret_check_kind(context, ref, out);
}

static struct err *
secret_generate_run(struct context *context)
{
	struct secret_ref	 ref;
	struct secret_kind	 kind;
	struct buf		 value = { .secret = true };
	struct err		*e;

	if ((e = secret_ref_init(&ref, context, context->args[0], true)) != NULL)
		return e;
	if (vault_has(context->repo, ref.path))
		e = err_hint(err_new(ERR_USAGE, "there is a secret \"%s/%s\" already", ref.env, ref.name),
		    "\"leap secret rotate %s/%s\" replaces it, and says what has to be deployed", ref.env, ref.name);
	else if ((e = choose_kind(&kind, context, &ref)) == NULL &&
	    (e = secret_invent(ref.name, &kind, &value)) == NULL &&
	    (e = vault_write(context->repo, ref.env, ref.path, value.data, value.len)) == NULL)
		note("made %s.age\n", ref.path);
	buf_fini(&value);
	secret_ref_fini(&ref);
	return e;
}

/* Say which properties of which nodes are made of it. */
static void
note_users(const json_t *nodes)
{
	const char	*node;
	json_t		*paths, *path;
	struct buf	 line = { 0 };
	size_t		 i;

	json_object_foreach((json_t *)(uintptr_t)nodes, node, paths) {
		buf_clear(&line);
		json_array_foreach(paths, i, path)
			buf_addf(&line, "%s%s", i > 0 ? ", " : "", json_string_value(path));
		note("    %s: %s\n", node, buf_text(&line));
	}
	buf_fini(&line);
}

/* Say what would come of it, and ask. */
NODISCARD
static struct err *
confirm_removal(bool *yes, const struct context *context, const struct secret_ref *ref, const json_t *nodes)
{
	char		*question = xasprintf("remove the secret %s/%s?", ref->env, ref->name);
	struct err	*e = NULL;

	if (json_object_size(nodes) > 0) {
		note("these are made of it; the next deploy makes another one, which is all that they will have:\n");
		note_users(nodes);
	}
	*yes = context->yes;
	if (!*yes)
		e = ask_yes(yes, "say it with --yes", question);
	free(question);
	return e;
}

static struct err *
secret_rm_run(struct context *context)
{
	struct secret_ref	 ref;
	json_t			*uses = NULL;
	char			*word = NULL;
	bool			 yes = false;
	struct err		*e;

	if ((e = secret_ref_init(&ref, context, context->args[0], false)) != NULL)
		return e;
	uses = secret_uses(context);
	word = xasprintf("%s/%s", ref.env, ref.name);
	e = confirm_removal(&yes, context, &ref, json_object_get(uses, word));
	if (e == NULL && yes && (e = vault_remove(context->repo, ref.path)) == NULL)
		note("removed %s.age; git still has it\n", ref.path);
	free(word);
	json_decref(uses);
	secret_ref_fini(&ref);
	return e;
}

#define ENVIRONMENT	{ 'e', "--environment", "ENV", "of this environment; default: the pinned one, or \"default\"" }

static const struct opt plain_opts[] = { ENVIRONMENT, { 0 } };
static const struct opt ls_opts[] = {
	{ 'e', "--environment", "ENV", "only those of this environment" },
	{ 0 },
};
static const struct opt generate_opts[] = {
	ENVIRONMENT,
	{ 0, "--form", "FORM", "text (letters and digits), hex, or base32; default: as macros ask for it, or text" },
	{ 0, "--length", "N", "characters; default: as macros ask for, or 32" },
	{ 0 },
};

const struct cmd cmd_secret_ls = {
	.name = "secret ls",
	.summary = "list the secrets, and which nodes use them",
	.details = "Opens nothing: no private key is needed.",
	.opts = ls_opts,
	.needs = CMD_INSTANCE | CMD_READ_ONLY,
	.run = secret_ls_run,
};

const struct cmd cmd_secret_show = {
	.name = "secret show",
	.args = "NAME",
	.summary = "print a secret",
	.details = "Its value and a newline, in clear, on standard output.",
	.opts = plain_opts,
	.needs = CMD_INSTANCE,
	.min_args = 1,
	.max_args = 1,
	.run = secret_show_run,
};

const struct cmd cmd_secret_set = {
	.name = "secret set",
	.args = "NAME",
	.summary = "give a secret a value",
	.details = "The value is asked for twice, without an echo, or read from standard input where that is no terminal;\n"
	    "a newline at its end does not count.  It is never an argument: those are seen by all users of a machine.",
	.opts = plain_opts,
	.needs = CMD_INSTANCE,
	.min_args = 1,
	.max_args = 1,
	.run = secret_set_run,
};

const struct cmd cmd_secret_generate = {
	.name = "secret generate",
	.args = "NAME",
	.summary = "make a secret at random",
	.details = "Macros make those that they ask for; this is for others, and for having one before.",
	.opts = generate_opts,
	.needs = CMD_INSTANCE,
	.min_args = 1,
	.max_args = 1,
	.run = secret_generate_run,
};

const struct cmd cmd_secret_rm = {
	.name = "secret rm",
	.args = "NAME",
	.summary = "remove a secret",
	.details = "Says what is made of it.  A macro that still asks for it makes another.",
	.opts = plain_opts,
	.needs = CMD_INSTANCE,
	.min_args = 1,
	.max_args = 1,
	.run = secret_rm_run,
};
