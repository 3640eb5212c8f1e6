/* vault: private keys and secrets of an instance, one file of mode 0600 each. */
/* May know repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vault/vault.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mask.h"
#include "repo/repo.h"

#include <errno.h>
#include <fcntl.h>
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

/* Letters and digits without 0 O, 1 l I: log2(57) is 5.83 bits each. */
static const char alphabet[] = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

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

/* Append `length` characters of the alphabet, each equally likely: bytes that would favour the first ones are dropped. */
NODISCARD
static struct err *
add_random(struct buf *out, unsigned length)
{
	const unsigned	 letters = sizeof(alphabet) - 1, fair = 256 - 256 % letters;
	unsigned char	 bytes[64];
	struct err	*e = NULL;

	while (length > 0 && e == NULL) {
		if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
			e = err_errno(ERR_FAILED, "no random bytes");
		for (size_t i = 0; e == NULL && i < sizeof(bytes) && length > 0; i++) {
			if (bytes[i] >= fair)
				continue;
			buf_addc(out, alphabet[bytes[i] % letters]);
			length--;
		}
	}
	mem_cleanse(bytes, sizeof(bytes));
	return e;
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
make_secret(const struct repo *repo, const char *env, const char *path, unsigned length)
{
	struct buf	 value = { .secret = true };
	struct err	*e;

	if ((e = make_directory(repo, env)) != NULL || (e = add_random(&value, length)) != NULL)
		goto out;
	buf_addc(&value, '\n');
	e = vault_write(repo, path, value.data, value.len);
out:
	buf_fini(&value);
	return e;
}

struct err *
vault_secret(const struct repo *repo, const char *env, const char *name, unsigned length, struct buf *out)
{
	size_t		 start = out->len;
	char		*path = NULL;
	struct err	*e = NULL;

	if (env == NULL)
		env = "default";
	if (!valid_word(name, "abcdefghijklmnopqrstuvwxyz0123456789_-"))
		return err_hint(err_new(ERR_CONFIG, "\"%s\" is no name for a secret", name),
		    "use letters a-z, digits, \"_\" and \"-\"");
	if (!valid_word(env, "abcdefghijklmnopqrstuvwxyz0123456789-"))
		return err_new(ERR_CONFIG, "\"%s\" is no name for an environment", env);
	if (length < SECRET_MIN || length > SECRET_MAX)
		return err_new(ERR_CONFIG, "secret \"%s\": %u characters asked for, but %u to %u are possible", name,
		    length, SECRET_MIN, SECRET_MAX);
	path = xasprintf(SECRETS "/%s/%s", env, name);
	if (!vault_has(repo, path))
		e = make_secret(repo, env, path, length);
	if (e == NULL)
		e = vault_read(repo, path, out);
	if (e == NULL && out->len > start && out->data[out->len - 1] == '\n')
		out->data[--out->len] = '\0';	/* an editor's newline is no part of it */
	if (e == NULL && out->len == start)
		e = err_hint(err_at(ERR_CONFIG, &(struct place){ .path = path }, "an empty secret"),
		    "remove the file, then a new one is made");
	free(path);
	return e;
}
