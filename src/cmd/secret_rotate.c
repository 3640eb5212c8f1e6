/* cmd: leap secret rotate: other secrets in the place of those that should be known no more. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/json.h"
#include "cert/certs.h"
#include "cmd/secret.h"
#include "cmd/secret_order.h"
#include "config/config.h"
#include "config/filter.h"
#include "config/uses.h"
#include "repo/repo.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* One secret that is to be replaced. */
struct turn {
	struct secret_ref	 ref;
	struct secret_kind	 kind;
	struct buf		 value;
};

struct rotation {
	struct context	*context;
	json_t		*uses;
	struct turn	*turns;
	size_t		 count;
	bool		 lenient;	/* what cannot be made is left, and said */
	struct strs	 left;		/* what a person has to replace, and how */
	struct strs	 certs;		/* nodes whose certificates' keys were seen */
	struct strs	 nodes;		/* nodes that get something new */
};

/* What a value that no macro asks for was made as, by its looks; false: leap does not make such ones. */
static bool
guess_kind(struct secret_kind *out, const char *text, size_t len)
{
	static const enum secret_form likely[] = { SECRET_HEX, SECRET_BASE32, SECRET_TEXT };

	for (size_t i = 0; i < ARRAY_LEN(likely); i++) {
		*out = (struct secret_kind){ .form = likely[i], .length = (unsigned)len };
		if (len >= 8 && len <= 1024 && secret_is(out, text, len))
			return true;
	}
	return false;
}

/* The kind of the value that is there; false: a person gave it. */
NODISCARD
static struct err *
find_kind(bool *made, const struct rotation *rotation, struct turn *turn)
{
	const struct secret_ref	*ref = &turn->ref;
	struct buf		 value = { .secret = true };
	struct err		*e;

	*made = false;
	if (vault_given(rotation->context->repo, ref->env, ref->path))
		return NULL;
	if ((e = secret_read(rotation->context->repo, ref->env, ref->path, &value)) == NULL)
		*made = config_secret_kind(rotation->context->config, ref->env, ref->name, &turn->kind)
		    ? secret_is(&turn->kind, value.data, value.len) : guess_kind(&turn->kind, value.data, value.len);
	buf_fini(&value);
	return e;
}

/* Make another value for it, or find out that this is not for a program to do. */
NODISCARD
static struct err *
add_turn(struct rotation *rotation, struct turn *take_turn)
{
	const struct secret_ref	*ref = &take_turn->ref;
	struct secret_kind	 asked;
	bool			 made, wished, known;
	struct err		*e = find_kind(&made, rotation, take_turn);

	known = config_secret_kind(rotation->context->config, ref->env, ref->name, &asked);
	if (e == NULL)
		e = secret_wish(&wished, &take_turn->kind, rotation->context, made ? &take_turn->kind : known ? &asked :
		    NULL);
	if (e == NULL && !made && !wished && rotation->lenient) {
		strs_addf(&rotation->left, "%s.age: a person gave it: leap secret set %s/%s", ref->path, ref->env, ref->name);
		secret_ref_fini(&take_turn->ref);
		return NULL;
	}
	if (e == NULL && !made && !wished)
		e = err_hint(err_new(ERR_USAGE, "a person gave the secret \"%s/%s\": leap cannot make another one",
		    ref->env, ref->name), "\"leap secret set %s/%s\" takes one; --form says that any will do", ref->env,
		    ref->name);
	take_turn->value.secret = true;
	if (e == NULL && (e = secret_check_kind(rotation->context, ref, &take_turn->kind)) == NULL)
		e = secret_invent(ref->name, &take_turn->kind, &take_turn->value);
	if (e != NULL) {
		secret_ref_fini(&take_turn->ref);
		buf_fini(&take_turn->value);
		return e;
	}
	rotation->turns = xrealloc(rotation->turns, rotation->count + 1, sizeof(*rotation->turns));
	rotation->turns[rotation->count++] = *take_turn;
	return NULL;
}

NODISCARD
static struct err *
add_word(struct rotation *rotation, const char *word)
{
	struct turn	 turn = { .value = { .secret = true } };
	struct err	*e = secret_ref_init(&turn.ref, rotation->context, word, false);

	for (size_t i = 0; e == NULL && i < rotation->count; i++) {
		if (strcmp(rotation->turns[i].ref.path, turn.ref.path) == 0) {
			secret_ref_fini(&turn.ref);
			return NULL;
		}
	}
	return e != NULL ? e : add_turn(rotation, &turn);
}

/* The node whose certificate has this key, the caller's, or NULL. */
static char *
node_of_key(struct rotation *rotation, const char *path)
{
	static const char	 home[] = "files/nodes/";
	const char		*name = path + strlen(home);
	char			*node = NULL, *want;

	if (!str_starts(path, home))
		return NULL;
	node = xstrndup(name, strcspn(name, "/"));
	want = xasprintf("files/nodes/%s/%s.key", node, node);
	if (strcmp(path, want) != 0 || config_node(rotation->context->config, node) == NULL) {
		free(node);
		node = NULL;
	}
	free(want);
	return node;
}

static void
add_key(struct rotation *rotation, const char *path)
{
	char *node = node_of_key(rotation, path), *command;

	if (node != NULL && config_node(rotation->context->config, node)->enabled) {
		strs_add(&rotation->certs, node);
	} else {
		command = secret_anew(rotation->context->repo, path);
		strs_addf(&rotation->left, "%s.age: %s", path, command);
		free(command);
	}
	free(node);
}

/* A name that neither users/ nor the vault's records have is a mistake. */
NODISCARD
static struct err *
check_former(const struct repo *repo, const char *user)
{
	struct strs	 names = { 0 };
	json_t		*audit = NULL, *item;
	const char	*near;
	size_t		 i;
	struct err	*e = repo_list(repo, "users", "", &names);

	if (e == NULL && !strs_has(&names, user) && (e = vault_audit(&audit, repo)) == NULL) {
		json_array_foreach(json_object_get(audit, "environments"), i, item)
			json_keys(json_object_get(item, "exposed"), &names);
		near = strs_nearest(&names, user);
		e = err_new(ERR_USAGE, "nothing is on record that %s has seen", user);
		e = near != NULL ? err_hint(e, "did you mean \"%s\"?", near) :
		    err_hint(e, "\"leap secret audit\" says who has seen what");
	}
	json_decref(audit);
	strs_fini(&names);
	return e;
}

NODISCARD
static struct err *
add_exposed(struct rotation *rotation, const char *user)
{
	struct strs	 paths = { 0 }, envs = { 0 };
	char		*file, *word;
	struct err	*e;

	if ((e = vault_environments(rotation->context->repo, user, &envs)) == NULL && envs.count > 0)
		e = err_hint(err_new(ERR_USAGE, "%s can still open the vault of %s", user, envs.items[0]),
		    "\"leap user rm %s\" comes first; --all replaces everything", user);
	if (e == NULL)
		e = vault_exposed(rotation->context->repo, NULL, user, &paths);
	if (e == NULL && paths.count == 0)
		e = check_former(rotation->context->repo, user);
	for (size_t i = 0; e == NULL && i < paths.count; i++) {
		file = xasprintf("%s.age", paths.items[i]);
		if (secret_file(file, &word))
			e = add_word(rotation, word);
		else if (str_starts(file, "secrets/"))
			strs_addf(&rotation->left, "%s: nothing reads it: remove it", file);
		else
			add_key(rotation, paths.items[i]);
		free(word);
		free(file);
	}
	strs_fini(&paths);
	strs_fini(&envs);
	return e;
}

NODISCARD
static struct err *
add_all(struct rotation *rotation)
{
	struct strs	 words = { 0 };
	struct err	*e = secret_list(rotation->context->repo, secret_environment(rotation->context), &words);

	for (size_t i = 0; e == NULL && i < words.count; i++)
		e = add_word(rotation, words.items[i]);
	strs_fini(&words);
	return e;
}

/* What the command line is about. */
NODISCARD
static struct err *
gather(struct rotation *rotation)
{
	struct context	*context = rotation->context;
	const char	*user = opt_get(context, "--exposed-to");
	bool		 all = opt_get(context, "--all") != NULL;
	struct err	*e = NULL;

	if ((user != NULL) + all + (context->arg_count > 0) != 1)
		return err_hint(err_new(ERR_USAGE, "which secrets?"), "name them, or say --exposed-to USER or --all");
	rotation->lenient = user != NULL || all;
	if (user != NULL)
		return add_exposed(rotation, user);
	if (all)
		return add_all(rotation);
	for (size_t i = 0; e == NULL && i < context->arg_count; i++)
		e = add_word(rotation, context->args[i]);
	return e;
}

/* Show a line for each, and note the nodes. */
static void
show(struct rotation *rotation)
{
	struct buf	 list = { 0 };
	struct strs	 names = { 0 };
	char		*word;

	for (size_t i = 0; i < rotation->count; i++) {
		word = xasprintf("%s/%s", rotation->turns[i].ref.env, rotation->turns[i].ref.name);
		json_keys(json_object_get(rotation->uses, word), &names);
		buf_clear(&list);
		strs_join(&names, ", ", &list);
		note("    %s.age: %s%s\n", rotation->turns[i].ref.path, names.count > 0 ? "used by " : "no node uses it",
		    buf_text(&list));
		for (size_t j = 0; j < names.count; j++) {
			if (!strs_has(&rotation->nodes, names.items[j]))
				strs_add(&rotation->nodes, names.items[j]);
		}
		strs_fini(&names);
		names = (struct strs){ 0 };
		free(word);
	}
	for (size_t i = 0; i < rotation->certs.count; i++) {
		note("    files/nodes/%s/%s.key.age: with the certificate\n", rotation->certs.items[i], rotation->certs.items[i]);
		if (!strs_has(&rotation->nodes, rotation->certs.items[i]))
			strs_add(&rotation->nodes, rotation->certs.items[i]);
	}
	strs_sort(&rotation->nodes);
	buf_fini(&list);
}

/* The nodes whose certificates are made anew, from the configuration once more: so far secrets had stand-ins in it. */
NODISCARD
static struct err *
find_nodes(struct rotation *rotation, struct node_list *out)
{
	struct context	*context = rotation->context;
	struct err	*e;

	config_free(context->config);
	context->config = NULL;
	if ((e = context_load(context)) != NULL)
		return e;
	out->items = xcalloc(rotation->certs.count + 1, sizeof(struct node *));
	for (size_t i = 0; i < rotation->certs.count; i++)
		out->items[out->count++] = config_node(context->config, rotation->certs.items[i]);
	return NULL;
}

/* The new values, and certificates with other keys. */
NODISCARD
static struct err *
write_all(struct rotation *rotation)
{
	struct context		*context = rotation->context;
	struct vault_item	*items = xcalloc(rotation->count + 1, sizeof(*items));
	struct node_list	 nodes = { 0 };
	unsigned		 made = 0;
	struct err		*e;

	for (size_t i = 0; i < rotation->count; i++) {
		const struct turn *turn = &rotation->turns[i];

		items[i] = (struct vault_item){ .env = turn->ref.env, .path = turn->ref.path, .data = turn->value.data,
		    .len = turn->value.len };
	}
	if ((e = find_nodes(rotation, &nodes)) == NULL)
		e = nodes.count > 0 ? certs_renew(context->repo, context->config, &nodes, items, rotation->count, say_note, &made)
		    : vault_write_all(context->repo, items, rotation->count);
	node_list_fini(&nodes);
	free(items);
	return e;
}

/* What is left for people is no success. */
NODISCARD
static struct err *
tell(struct rotation *rotation)
{
	struct buf commands = { 0 };

	if (rotation->nodes.count > 0) {
		secret_order(&commands, rotation->context->config, &rotation->nodes);
		note("until these are deployed to, in this order, their nodes have the old ones:\n%s", buf_text(&commands));
	}
	buf_fini(&commands);
	if (rotation->left.count == 0)
		return NULL;
	note("left for you to replace:\n");
	for (size_t i = 0; i < rotation->left.count; i++)
		note("    %s\n", rotation->left.items[i]);
	return err_new(ERR_CONFIG, "%zu file%s could not be replaced", rotation->left.count,
	    rotation->left.count == 1 ? "" : "s");
}

NODISCARD
static struct err *
carry_out(struct rotation *rotation)
{
	bool		 yes = rotation->context->yes;
	size_t		 count = rotation->count + rotation->certs.count;
	struct err	*e = NULL;

	if (count > 0) {
		note("these are replaced:\n");
		show(rotation);
		if (!yes && (e = ask_yes(&yes, "say it with --yes", "go on?")) != NULL)
			return e;
		if (!yes)
			return NULL;
		if ((e = write_all(rotation)) != NULL)
			return e;
		note("replaced %zu\n", count);
	} else if (rotation->left.count == 0)
		note("there is nothing to replace\n");
	return tell(rotation);
}

static struct err *
secret_rotate_run(struct context *context)
{
	struct rotation	 rotation = { .context = context };
	struct err	*e;

	rotation.uses = secret_uses(context);
	if (context->config == NULL)
		e = context_load(context);	/* says why not */
	else if ((e = gather(&rotation)) == NULL)
		e = carry_out(&rotation);
	for (size_t i = 0; i < rotation.count; i++) {
		secret_ref_fini(&rotation.turns[i].ref);
		buf_fini(&rotation.turns[i].value);
	}
	free(rotation.turns);
	json_decref(rotation.uses);
	strs_fini(&rotation.left);
	strs_fini(&rotation.certs);
	strs_fini(&rotation.nodes);
	return e;
}

static const struct opt secret_rotate_opts[] = {
	{ 'e', "--environment", "ENV", "names are of this environment, and --all is all of it" },
	{ 0, "--exposed-to", "USER", "everything that USER has seen, who is a sysadmin no more; certificates too" },
	{ 0, "--all", NULL, "all secrets that leap has made" },
	{ 0, "--form", "FORM", "text, hex or base32; also in the place of what a person gave" },
	{ 0, "--length", "N", "characters; default: as many as now" },
	{ 0 },
};

const struct cmd cmd_secret_rotate = {
	.name = "secret rotate",
	.args = "[NAME...]",
	.summary = "replace secrets by others of the same kind",
	.details = "All together or not at all.  Then says which nodes are to be deployed to, those first that others need.\n"
	    "What a person gave (leap secret set) is left unless --form is given.\n"
	    "Exit status: 3 when something is left for you to replace.",
	.opts = secret_rotate_opts,
	.needs = CMD_INSTANCE,
	.max_args = SIZE_MAX,
	.run = secret_rotate_run,
};
