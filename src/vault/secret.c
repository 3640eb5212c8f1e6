/* vault: secrets: making them, and reading those that are there. */
/* May know repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vault/vault.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/mask.h"
#include "base/strs.h"
#include "base/sha256.h"
#include "repo/repo.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SECRETS		"secrets"
#define NUMBER_MAX	((uint64_t)1 << 53)	/* what JSON and Lua keep exact */

static const struct {
	const char	*letters, *name;
} forms[] = {
	[SECRET_TEXT] = { "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", "a text" },
	[SECRET_HEX] = { "0123456789abcdef", "hexadecimal" },
	[SECRET_BASE32] = { "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "base32" },
	[SECRET_NUMBER] = { "0123456789", "a number" },
};

/* Where the bytes of a new secret come from: chance, or (where nothing is written) its name. */
struct dice {
	const char	*env, *name;	/* NULL: chance */
	unsigned	 round;
	unsigned char	 bytes[32];
	size_t		 left;
};

/* The next bytes of what stands in for a secret: SHA-256 of what it is called, and a number. */
static void
derive(struct dice *dice)
{
	static const char	 digits[] = "0123456789abcdef";
	char			*seed = xasprintf("stand-in\n%s\n%s\n%u", dice->env, dice->name, dice->round++);
	char			 hex[SHA256_HEX_SIZE];

	sha256_hex(seed, strlen(seed), hex);
	for (size_t i = 0; i < sizeof(dice->bytes); i++)
		dice->bytes[i] = (unsigned char)((strchr(digits, hex[2 * i]) - digits) << 4 |
		    (strchr(digits, hex[2 * i + 1]) - digits));
	free(seed);
}

NODISCARD
static struct err *
roll_byte(struct dice *dice, unsigned char *out)
{
	if (dice->left == 0) {
		if (dice->name != NULL)
			derive(dice);
		else if (getrandom(dice->bytes, sizeof(dice->bytes), 0) != (ssize_t)sizeof(dice->bytes))
			return err_errno(ERR_FAILED, "no random bytes");
		dice->left = sizeof(dice->bytes);
	}
	*out = dice->bytes[--dice->left];
	return NULL;
}

/* A number below `count`, each equally likely: what would favour the first ones is dropped. */
NODISCARD
static struct err *
roll(struct dice *dice, uint64_t count, uint64_t *out)
{
	uint64_t	 fair = UINT64_MAX - UINT64_MAX % count, number;
	struct err	*e;
	unsigned char	 byte = 0;

	do {
		number = 0;
		for (size_t i = 0; i < sizeof(number); i++) {
			if ((e = roll_byte(dice, &byte)) != NULL)
				return e;
			number = number << 8 | byte;
		}
	} while (number >= fair);
	*out = number % count;
	return NULL;
}

const char *
secret_letters(enum secret_form form)
{
	return forms[form].letters;
}

/* Append a new secret. */
NODISCARD
static struct err *
invent(struct dice *dice, const struct secret_kind *kind, struct buf *out)
{
	const char	*letters = forms[kind->form].letters;
	uint64_t	 number;
	struct err	*e;

	if (kind->form == SECRET_NUMBER) {
		if ((e = roll(dice, kind->last - kind->first + 1, &number)) == NULL)
			buf_addf(out, "%" PRIu64, kind->first + number);
		return e;
	}
	for (unsigned i = 0; i < kind->length; i++) {
		if ((e = roll(dice, strlen(letters), &number)) != NULL)
			return e;
		buf_addc(out, letters[number]);
	}
	return NULL;
}

static bool
valid_word(const char *word, const char *letters)
{
	size_t n = strspn(word, letters);

	return n > 0 && n <= 128 && word[n] == '\0';
}

/* Make it, and append it to `out`: opening the vault is not needed for that. */
NODISCARD
static struct err *
make_secret(const struct repo *repo, const char *env, const char *path, const struct secret_kind *kind, struct buf *out)
{
	struct dice	 dice = { 0 };
	size_t		 start = out->len;
	struct err	*e = invent(&dice, kind, out);

	if (e == NULL)
		e = vault_write(repo, env, path, out->data + start, out->len - start);
	mem_cleanse(&dice, sizeof(dice));
	return e;
}

/* Hidden as a secret is, so that what is seen now is what will be seen then. */
NODISCARD
static struct err *
stand_in(const char *env, const char *name, const struct secret_kind *kind, struct buf *out)
{
	struct dice	 dice = { .env = env, .name = name };
	size_t		 start = out->len;
	struct err	*e = invent(&dice, kind, out);

	if (e == NULL)
		mask_register(out->data + start, out->len - start);
	return e;
}

/* Read it without the newline that it, or an editor, ended it with. */
struct err *
secret_read(const struct repo *repo, const char *env, const char *path, struct buf *out)
{
	size_t		 start = out->len;
	struct err	*e = vault_read(repo, env, path, out);

	if (e == NULL && out->len > start && out->data[out->len - 1] == '\n')
		out->data[--out->len] = '\0';
	if (e == NULL && out->len == start)
		e = err_hint(err_at(ERR_CONFIG, &(struct place){ .path = path }, "an empty secret"),
		    "\"leap secret rm\" removes it, then a new one is made");
	return e;
}

static bool
in_range(const char *text, const struct secret_kind *kind)
{
	unsigned long long number;

	errno = 0;
	number = strtoull(text, NULL, 10);
	return errno == 0 && number >= kind->first && number <= kind->last;
}

/* What stands in the file was made for something else, or a person wrote it. */
NODISCARD
static struct err *
check_form(const char *path, const char *text, size_t len, const struct secret_kind *kind)
{
	const char	*letters = forms[kind->form].letters;
	struct place	 place = { .path = path };
	struct err	*e = NULL;

	if (kind->form != SECRET_NUMBER && len < MASK_MIN)
		return err_hint(err_at(ERR_CONFIG, &place, "a secret of fewer than %d characters", MASK_MIN),
		    "in output it could not be told from other text, and hidden: set a longer one");
	if (kind->form == SECRET_TEXT)
		return NULL;
	if (strspn(text, letters) != len)
		e = err_at(ERR_CONFIG, &place, "a secret that is not %s", forms[kind->form].name);
	else if (kind->form == SECRET_NUMBER && !in_range(text, kind))
		e = err_at(ERR_CONFIG, &place, "a secret that is no number from %" PRIu64 " to %" PRIu64, kind->first,
		    kind->last);
	return e == NULL ? NULL : err_hint(e, "give the new one another name, or remove the file");
}

NODISCARD
static struct err *
check_kind(const char *name, const struct secret_kind *kind)
{
	if (kind->form != SECRET_NUMBER && (kind->length < SECRET_MIN || kind->length > SECRET_MAX))
		return err_new(ERR_CONFIG, "secret \"%s\": %u characters asked for, but %u to %u are possible", name,
		    kind->length, SECRET_MIN, SECRET_MAX);
	if (kind->form == SECRET_NUMBER && (kind->first >= kind->last || kind->last > NUMBER_MAX))
		return err_new(ERR_CONFIG, "secret \"%s\": a range goes from one number to a larger one, of at most %"
		    PRIu64, name, NUMBER_MAX);
	return NULL;
}

struct err *
secret_invent(const char *name, const struct secret_kind *kind, struct buf *out)
{
	struct dice	 dice = { 0 };
	struct err	*e = check_kind(name, kind);

	if (e == NULL)
		e = invent(&dice, kind, out);
	mem_cleanse(&dice, sizeof(dice));
	return e;
}

bool
secret_is(const struct secret_kind *kind, const char *text, size_t len)
{
	if (len == 0 || strspn(text, forms[kind->form].letters) != len)
		return false;
	return kind->form == SECRET_NUMBER ? in_range(text, kind) : len == kind->length;
}

struct err *
secret_path(char **out, const char *env, const char *name)
{
	if (!valid_word(name, "abcdefghijklmnopqrstuvwxyz0123456789_-"))
		return err_hint(err_new(ERR_CONFIG, "\"%s\" is no name for a secret", name),
		    "use letters a-z, digits, \"_\" and \"-\"");
	if (!valid_word(env, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"))
		return err_new(ERR_CONFIG, "\"%s\" is no name for an environment", env);
	*out = xasprintf(SECRETS "/%s/%s", env, name);
	return NULL;
}

bool
secret_file(const char *file, char **word)
{
	static const char	 home[] = SECRETS "/", suffix[] = ".age";
	const char		*rest = str_starts(file, home) ? file + strlen(home) : "", *slash = strchr(rest, '/');
	char			*env, *name, *path = NULL;
	struct err		*e;

	*word = NULL;
	if (slash == NULL || !str_ends(slash, suffix))
		return false;
	env = xstrndup(rest, (size_t)(slash - rest));
	name = xstrndup(slash + 1, strlen(slash + 1) - strlen(suffix));
	if ((e = secret_path(&path, env, name)) == NULL)
		*word = xasprintf("%s/%s", env, name);
	err_free(e);
	free(path);
	free(env);
	free(name);
	return *word != NULL;
}

struct err *
vault_secret(const struct repo *repo, const char *env, const char *name, const struct secret_kind *kind,
    struct buf *out)
{
	size_t		 start = out->len;
	char		*path = NULL;
	struct err	*e;

	if (env == NULL)
		env = "default";
	if ((e = secret_path(&path, env, name)) != NULL)
		return e;
	if ((e = check_kind(name, kind)) != NULL)
		goto out;
	if (repo->to_make != NULL && !vault_has(repo, path))
		strs_add(repo->to_make, path);
	if ((repo->to_make != NULL && strs_has(repo->to_make, path)) ||
	    (repo->read_only && repo->keys == NULL && repo->to_make == NULL))
		e = stand_in(env, name, kind, out);
	else if (!vault_has(repo, path) && repo->read_only)
		e = err_hint(err_new(ERR_CONFIG, "secret \"%s\" of environment %s does not exist", name, env),
		    "an older state makes no secrets: deploy the work tree first");
	else if (!vault_has(repo, path))
		e = make_secret(repo, env, path, kind, out);
	else if ((e = secret_read(repo, env, path, out)) == NULL)
		e = check_form(path, buf_text(out) + start, out->len - start, kind);
out:
	free(path);
	return e;
}
