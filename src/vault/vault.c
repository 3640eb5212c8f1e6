/* vault: private keys and secrets of an instance, one file of mode 0600 each. */
/* May know repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vault/vault.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mask.h"
#include "base/sha256.h"
#include "repo/repo.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SECRETS		"secrets"
#define SECRET_MIN	8u
#define SECRET_MAX	1024u
#define NUMBER_MAX	((uint64_t)1 << 53)	/* what JSON and Lua keep exact */

static const struct {
	const char	*letters, *name;
} forms[] = {
	[SECRET_TEXT] = { "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", "a text" },
	[SECRET_HEX] = { "0123456789abcdef", "hexadecimal" },
	[SECRET_BASE32] = { "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "base32" },
	[SECRET_NUMBER] = { "0123456789", "a number" },
};

/* A key that others on this machine can read is theirs too. */
NODISCARD
static struct err *
check_mode(const struct repo *repo, const char *path)
{
	char		*full = path_join(repo->root, path);
	struct stat	 st;
	struct err	*e = NULL;

	if (stat(full, &st) == 0 && (st.st_mode & 077) != 0)
		e = err_hint(err_at(ERR_TRUST, &(struct place){ .path = path },
		    "a secret that other users of this machine may read (mode %03o)", (unsigned)st.st_mode & 0777),
		    "if you trust them, run \"chmod 600 %s\"; if not, make it anew", path);
	free(full);
	return e;
}

struct err *
vault_read(const struct repo *repo, const char *path, struct buf *out)
{
	size_t		 start = out->len;
	struct err	*e;

	if ((e = check_mode(repo, path)) != NULL || (e = repo_read(repo, path, out)) != NULL)
		return e;
	if (out->len > start)
		mask_register(out->data + start, out->len - start);
	return NULL;
}

struct err *
vault_write(const struct repo *repo, const char *path, const void *data, size_t len)
{
	mask_register(data, len);
	return repo_write(repo, path, data, len, 0600, NULL);
}

bool
vault_has(const struct repo *repo, const char *path)
{
	return repo_has(repo, path);
}

struct err *
vault_remove(const struct repo *repo, const char *path)
{
	char		*full = path_join(repo->root, path);
	struct err	*e = NULL;

	if (unlink(full) != 0 && errno != ENOENT)
		e = err_errno(ERR_FAILED, "cannot remove %s", path);
	free(full);
	return e;
}

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

/* Make secrets/ENV, for nobody else to look into; nothing is made where a link leads out of the instance. */
NODISCARD
static struct err *
make_directory(const struct repo *repo, const char *env)
{
	struct open_how	 how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_BENEATH };
	int		 root = open(repo->root, O_PATH | O_DIRECTORY | O_CLOEXEC), secrets = -1;
	struct err	*e = NULL;

	if (root < 0 || (mkdirat(root, SECRETS, 0700) != 0 && errno != EEXIST)) {
		e = err_errno(ERR_FAILED, "cannot make directory %s", SECRETS);
	} else if ((secrets = (int)syscall(SYS_openat2, root, SECRETS, &how, sizeof(how))) < 0) {
		e = err_at(ERR_CONFIG, &(struct place){ .path = SECRETS }, errno == EXDEV ?
		    "leads outside of the instance" : "is no directory that can be opened");
	} else if (mkdirat(secrets, env, 0700) != 0 && errno != EEXIST) {
		e = err_errno(ERR_FAILED, "cannot make directory %s/%s", SECRETS, env);
	}
	if (secrets >= 0)
		close(secrets);
	if (root >= 0)
		close(root);
	return e;
}

NODISCARD
static struct err *
make_secret(const struct repo *repo, const char *env, const char *path, const struct secret_kind *kind)
{
	struct dice	 dice = { 0 };
	struct buf	 value = { .secret = true };
	struct err	*e;

	if ((e = make_directory(repo, env)) != NULL || (e = invent(&dice, kind, &value)) != NULL)
		goto out;
	buf_addc(&value, '\n');
	e = vault_write(repo, path, value.data, value.len);
out:
	mem_cleanse(&dice, sizeof(dice));
	buf_fini(&value);
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
NODISCARD
static struct err *
read_secret(const struct repo *repo, const char *path, struct buf *out)
{
	size_t		 start = out->len;
	struct err	*e = vault_read(repo, path, out);

	if (e == NULL && out->len > start && out->data[out->len - 1] == '\n')
		out->data[--out->len] = '\0';
	if (e == NULL && out->len == start)
		e = err_hint(err_at(ERR_CONFIG, &(struct place){ .path = path }, "an empty secret"),
		    "remove the file, then a new one is made");
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
vault_secret(const struct repo *repo, const char *env, const char *name, const struct secret_kind *kind,
    struct buf *out)
{
	size_t		 start = out->len;
	char		*path;
	struct err	*e;

	if (env == NULL)
		env = "default";
	if (!valid_word(name, "abcdefghijklmnopqrstuvwxyz0123456789_-"))
		return err_hint(err_new(ERR_CONFIG, "\"%s\" is no name for a secret", name),
		    "use letters a-z, digits, \"_\" and \"-\"");
	if (!valid_word(env, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"))
		return err_new(ERR_CONFIG, "\"%s\" is no name for an environment", env);
	if ((e = check_kind(name, kind)) != NULL)
		return e;
	path = xasprintf(SECRETS "/%s/%s", env, name);
	if (!vault_has(repo, path) && repo->read_only) {
		e = stand_in(env, name, kind, out);
	} else if ((vault_has(repo, path) || (e = make_secret(repo, env, path, kind)) == NULL) &&
	    (e = read_secret(repo, path, out)) == NULL) {
		e = check_form(path, buf_text(out) + start, out->len - start, kind);
	}
	free(path);
	return e;
}
