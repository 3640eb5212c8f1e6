/* config: the macros that make and give secrets. */
/* May know lua, vault, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/builtin.h"

#include "base/json.h"
#include "base/mask.h"
#include "config/trace.h"
#include "lua/sandbox.h"
#include "repo/repo.h"
#include "vault/vault.h"

#include <inttypes.h>
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#define SECRET_LENGTH	32
#define SECRET_SHORTEST	8
#define SECRET_LONGEST	1024
#define HEX_BITS	128		/* of what hex_secret() gives when it is not told */
#define BASE32_BYTES	20
#define RANGE_LAST	((lua_Integer)1 << 53)
#define SECRETS_NEW	100u		/* so many may be made for one node */

/* What a secret is asked for as, in words; the caller's, free(). */
static char *
kind_words(const struct secret_kind *kind)
{
	static const char *const characters[] = {
		[SECRET_TEXT] = "letters and digits",
		[SECRET_HEX] = "hexadecimal digits",
		[SECRET_BASE32] = "characters of base32",
	};

	if (kind->form == SECRET_NUMBER)
		return xasprintf("a number from %" PRIu64 " to %" PRIu64, kind->first, kind->last);
	return xasprintf("%u %s", kind->length, characters[kind->form]);
}

/* The first one that is asked would say what all get, so that it would matter who is first. */
NODISCARD
static struct err *
asked_differently(const char *name, const char *one, const char *other)
{
	bool swap = strcmp(one, other) > 0;

	return err_hint(err_rule(err_new(ERR_CONFIG, "secret \"%s\" is asked for as %s, and as %s", name,
	    swap ? other : one, swap ? one : other), "secret-kind"), "give one of them another name");
}

/* A name that is made up by a loop must not fill the vault; and a secret is of one kind wherever it is asked for. */
NODISCARD
static struct err *
note_asked(struct scope *scope, const char *name, const struct secret_kind *kind)
{
	struct config	*config = scope->config;
	char		*key = xasprintf("%s/%s", scope->environment == NULL ? "default" : scope->environment, name);
	char		*path = xasprintf("secrets/%s", key), *words = kind_words(kind);
	const char	*known = json_str(json_object_get(config->secrets, key), "words");
	struct err	*e = NULL;

	if (known != NULL && strcmp(known, words) != 0)
		e = asked_differently(name, known, words);
	else if (known == NULL && !vault_has(config->repo, path) && ++scope->new_secrets > SECRETS_NEW)
		e = err_rule(err_new(ERR_CONFIG, "more than %u new secrets for %s", SECRETS_NEW, scope->title),
		    "runaway");
	else if (known == NULL)
		json_object_set_new(config->secrets, key, json_pack("{s:s, s:i, s:i, s:I, s:I}", "words", words,
		    "form", (int)kind->form, "length", (int)kind->length, "first", (json_int_t)kind->first,
		    "last", (json_int_t)kind->last));
	free(words);
	free(path);
	free(key);
	return e;
}

/* In the second run of a macro there are others in the place of secrets, of the same form. */
static void
disguise(struct buf *value, const struct secret_kind *kind)
{
	uint64_t number;

	if (kind->form != SECRET_NUMBER) {
		taint_disguise(value->data, value->len, secret_letters(kind->form));
		return;
	}
	number = strtoull(buf_text(value), NULL, 10);
	buf_clear(value);
	buf_addf(value, "%" PRIu64, number == kind->last ? kind->first : number + 1);
	mask_register(value->data, value->len);
}

/* Push the secret.  Raises. */
static int
give_secret(lua_State *L, const struct secret_kind *kind)
{
	struct scope	*scope = builtin_scope(L);
	const char	*name = luaL_checkstring(L, 1);
	struct buf	 value = { .secret = true };
	struct err	*e;
	bool		 lenient;

	if ((e = note_asked(scope, name, kind)) != NULL) {
		scope->config->touched = false;		/* this message quotes none */
		sandbox_raise_final(L, e);
	}
	if ((e = vault_secret(scope->config->repo, scope->environment, name, kind, &value)) != NULL) {
		buf_fini(&value);
		sandbox_raise(L, e);
	}
	trace_secret(scope->config, scope->environment, name);
	scope->config->touched = true;
	if (scope->config->disguised)
		disguise(&value, kind);
	lenient = sandbox_lenient(sandbox_of(L), true);
	if (kind->form == SECRET_NUMBER)
		lua_pushinteger(L, (lua_Integer)strtoull(buf_text(&value), NULL, 10));
	else
		lua_pushlstring(L, buf_text(&value), value.len);
	sandbox_lenient(sandbox_of(L), lenient);
	buf_fini(&value);
	return 1;
}

/* secret("database", 32): letters and digits. */
int
builtin_secret(lua_State *L)
{
	lua_Integer length = luaL_optinteger(L, 2, SECRET_LENGTH);

	luaL_argcheck(L, length >= SECRET_SHORTEST && length <= SECRET_LONGEST, 2,
	    "a secret has from 8 to 1024 characters");
	return give_secret(L, &(struct secret_kind){ .form = SECRET_TEXT, .length = (unsigned)length });
}

/* hex_secret("cookie", 128): so many bits as hexadecimal digits. */
int
builtin_hex_secret(lua_State *L)
{
	lua_Integer bits = luaL_optinteger(L, 2, HEX_BITS);

	luaL_argcheck(L, bits % 4 == 0 && bits >= 4 * SECRET_SHORTEST && bits <= 4 * SECRET_LONGEST, 2,
	    "bits are a multiple of 4 from 32 to 4096");
	return give_secret(L, &(struct secret_kind){ .form = SECRET_HEX, .length = (unsigned)bits / 4 });
}

/* base32_secret("totp", 20): so many bytes as base32, which is never padded: 5 bytes are 8 characters. */
int
builtin_base32_secret(lua_State *L)
{
	lua_Integer bytes = luaL_optinteger(L, 2, BASE32_BYTES);

	luaL_argcheck(L, bytes % 5 == 0 && bytes >= 5 && bytes <= SECRET_LONGEST / 8 * 5, 2,
	    "bytes are a multiple of 5 from 5 to 640");
	return give_secret(L, &(struct secret_kind){ .form = SECRET_BASE32, .length = (unsigned)bytes / 5 * 8 });
}

/* rand_range("minute", 0, 59): a number, both ends included. */
int
builtin_rand_range(lua_State *L)
{
	lua_Integer first = luaL_checkinteger(L, 2), last = luaL_checkinteger(L, 3);

	luaL_argcheck(L, first >= 0, 2, "a range begins with 0 or more");
	luaL_argcheck(L, last > first && last <= RANGE_LAST, 3, "a range ends with a larger number, of at most 2^53");
	return give_secret(L, &(struct secret_kind){ .form = SECRET_NUMBER, .first = (uint64_t)first,
	    .last = (uint64_t)last });
}
