/* cmd: what the commands about secrets share: names, and where secrets go. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/secret.h"

#include "base/mask.h"
#include "config/config.h"
#include "config/uses.h"
#include "repo/pin.h"
#include "repo/repo.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_ENVIRONMENT	"default"
#define DEFAULT_LENGTH		32u

const char *
secret_environment(const struct context *context)
{
	return opt_get(context, "--environment");
}

struct err *
secret_list(const struct repo *repo, const char *env, struct strs *out)
{
	struct strs	 files = { 0 };
	size_t		 n = env == NULL ? 0 : strlen(env);
	char		*word;
	struct err	*e = vault_files(repo, &files);

	for (size_t i = 0; e == NULL && i < files.count; i++) {
		if (secret_file(files.items[i], &word) &&
		    (env == NULL || (strncmp(word, env, n) == 0 && word[n] == '/')))
			strs_add(out, word);
		free(word);
	}
	strs_fini(&files);
	return e;
}

/* A misspelt environment would get a vault of its own. */
NODISCARD
static struct err *
check_environment(struct context *context, const char *env)
{
	struct strs	 known = { 0 };
	const char	*near;
	struct err	*e;

	if (strcmp(env, DEFAULT_ENVIRONMENT) == 0)
		return NULL;
	if ((e = vault_environments(context->repo, NULL, &known)) != NULL || strs_has(&known, env))
		goto out;
	if (context->config == NULL && (e = context_load(context)) != NULL)
		goto out;
	for (size_t i = 0; i < config_environments(context->config)->count; i++)
		strs_add(&known, config_environments(context->config)->items[i]);
	strs_add(&known, DEFAULT_ENVIRONMENT);
	if (strs_has(&known, env))
		goto out;
	e = err_new(ERR_USAGE, "there is no environment \"%s\"", env);
	near = strs_nearest(&known, env);
	e = near != NULL ? err_hint(e, "did you mean \"%s\"?", near) : err_hint(e, "leap env ls");
out:
	strs_fini(&known);
	return e;
}

/* The one secret that is called so in whatever environment, or NULL. */
static const char *
same_name(const struct strs *known, const char *name)
{
	const char *found = NULL;

	for (size_t i = 0; i < known->count; i++) {
		if (strcmp(strchr(known->items[i], '/') + 1, name) == 0) {
			if (found != NULL)
				return NULL;
			found = known->items[i];
		}
	}
	return found;
}

NODISCARD
static struct err *
check_exists(const struct repo *repo, const struct secret_ref *ref)
{
	struct strs	 known = { 0 };
	const char	*near;
	char		*word;
	struct err	*e;

	if (vault_has(repo, ref->path))
		return NULL;
	if ((e = secret_list(repo, NULL, &known)) == NULL) {
		word = xasprintf("%s/%s", ref->env, ref->name);
		e = err_new(ERR_USAGE, "there is no secret \"%s\"", word);
		near = same_name(&known, ref->name);
		if (near == NULL)
			near = strs_nearest(&known, word);
		e = near != NULL ? err_hint(e, "did you mean \"%s\"?", near) : err_hint(e, "leap secret ls");
		free(word);
	}
	strs_fini(&known);
	return e;
}

struct err *
secret_ref_init(struct secret_ref *out, struct context *context, const char *word, bool new)
{
	const char	*slash = strchr(word, '/'), *env = secret_environment(context);
	struct err	*e;

	*out = (struct secret_ref){ 0 };
	if (slash != NULL && env != NULL && (strncmp(word, env, strlen(env)) != 0 || word[strlen(env)] != '/'))
		return err_new(ERR_USAGE, "\"%s\" is not in the environment \"%s\"", word, env);
	if ((e = pin_read(context->repo)) != NULL)
		return e;
	if (env == NULL && (env = repo_environment(context->repo)) == NULL)
		env = DEFAULT_ENVIRONMENT;
	out->env = slash != NULL ? xstrndup(word, (size_t)(slash - word)) : xstrdup(env);
	out->name = xstrdup(slash != NULL ? slash + 1 : word);
	if ((e = secret_path(&out->path, out->env, out->name)) == NULL)
		e = new ? check_environment(context, out->env) : check_exists(context->repo, out);
	if (e != NULL)
		secret_ref_fini(out);
	return e;
}

void
secret_ref_fini(struct secret_ref *ref)
{
	free(ref->env);
	free(ref->name);
	free(ref->path);
	*ref = (struct secret_ref){ 0 };
}

json_t *
secret_uses(struct context *context)
{
	bool		 before = context->repo->read_only;
	struct err	*e = NULL, *errors = NULL;
	json_t		*uses = NULL;

	context->repo->read_only = true;
	if (context->config == NULL)
		e = context_load(context);
	if (e == NULL) {
		uses = config_secret_uses(context->config, &errors);
		e = errors;
	}
	context->repo->read_only = before;
	if (e != NULL)
		note("the configuration is wrong, so that not all is known of who uses which secret: leap check\n");
	err_free(e);
	return uses == NULL ? json_object() : uses;
}

static const char *const form_names[] = {
	[SECRET_TEXT] = "text", [SECRET_HEX] = "hex", [SECRET_BASE32] = "base32", [SECRET_NUMBER] = "number",
};

struct err *
secret_check_kind(const struct context *context, const struct secret_ref *ref, const struct secret_kind *kind)
{
	struct secret_kind asked;

	if (context->config == NULL || !config_secret_kind(context->config, ref->env, ref->name, &asked) ||
	    asked.form == kind->form || asked.form == SECRET_TEXT)
		return NULL;
	return err_hint(err_new(ERR_USAGE, "macros ask for \"%s/%s\" as %s, not as %s", ref->env, ref->name,
	    form_names[asked.form], form_names[kind->form]), "leave --form out");
}

NODISCARD
static struct err *
parse_form(enum secret_form *out, const char *word)
{
	for (size_t i = 0; i < SECRET_NUMBER; i++) {
		if (strcmp(word, form_names[i]) == 0) {
			*out = (enum secret_form)i;
			return NULL;
		}
	}
	return err_hint(err_new(ERR_USAGE, "\"%s\" is no form of a secret", word), "text, hex or base32");
}

struct err *
secret_wish(bool *given, struct secret_kind *out, const struct context *context, const struct secret_kind *likely)
{
	const char	*form = opt_get(context, "--form"), *length = opt_get(context, "--length");
	char		*end;
	unsigned long	 n;
	struct err	*e;

	*given = form != NULL || length != NULL;
	*out = likely != NULL ? *likely : (struct secret_kind){ .form = SECRET_TEXT, .length = DEFAULT_LENGTH };
	if (form != NULL) {
		if ((e = parse_form(&out->form, form)) != NULL)
			return e;
		if (out->length == 0)
			out->length = DEFAULT_LENGTH;
	}
	if (length == NULL)
		return NULL;
	n = strtoul(length, &end, 10);
	if (*length < '0' || *length > '9' || *end != '\0' || n < SECRET_MIN || n > SECRET_MAX)
		return err_hint(err_new(ERR_USAGE, "\"%s\" is no length of a secret", length), "from %u to %u characters",
		    SECRET_MIN, SECRET_MAX);
	out->length = (unsigned)n;
	return NULL;
}

struct err *
secret_give(const struct repo *repo, const struct secret_ref *ref, const struct buf *value)
{
	size_t	 len = value->len;
	json_t	*text;

	if (len > 0 && value->data[len - 1] == '\n')
		len--;
	if (len == 0)
		return err_hint(err_new(ERR_USAGE, "an empty value"), "give it on standard input, or at the question");
	if (len < MASK_MIN && strspn(buf_text(value), "0123456789") < len)	/* it may be for rand_range() */
		return err_hint(err_new(ERR_USAGE, "a value of fewer than %d characters", MASK_MIN),
		    "in output it could not be told from other text, and hidden");
	text = memchr(value->data, '\0', len) == NULL ? json_stringn(value->data, len) : NULL;
	if (text == NULL)
		return err_hint(err_new(ERR_USAGE, "the value is not text in UTF-8"), "encode it: base64 FILE | leap secret set %s/%s",
		    ref->env, ref->name);
	mem_cleanse((void *)(uintptr_t)json_string_value(text), len);
	json_decref(text);
	return vault_write_all(repo, &(struct vault_item){ .env = ref->env, .path = ref->path, .data = value->data,
	    .len = value->len, .given = true }, 1);
}
