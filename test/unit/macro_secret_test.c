/* test/unit: the macros that give secrets. */
/* May know config, vault, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "macro.h"

#include "base/json.h"
#include "base/mask.h"
#include "base/strs.h"
#include "vault/vault.h"

/* What of the value of "x" everybody may see; the caller's, free(). */
static char *
shown(struct instance *instance)
{
	json_t		*value = NULL, *safe;
	struct buf	 text = { 0 };

	if (!CHECK_OK(node_get(node_of(instance, "web1"), "x", &value)))
		return xstrdup("");
	safe = node_shown(node_of(instance, "web1"), value);
	json_canonical(safe, &text);
	mask_apply(&text);
	json_decref(safe);
	return buf_take(&text);
}

/* Each form: how it looks is checked by a pattern, so that nothing depends on what it is. */
TEST(each_form)
{
	static const struct macro_row rows[] = {
		{ "= #secret('a')", "32" },
		{ "= #secret('a', 8)", "8" },
		{ "= #secret('a', 1024)", "1024" },
		{ "= secret('a'):find('^[2-9A-Za-z]+$')", "1" },
		{ "= #hex_secret('b')", "32" },
		{ "= #hex_secret('b', 32)", "8" },
		{ "= #hex_secret('b', 4096)", "1024" },
		{ "= hex_secret('b'):find('^[0-9a-f]+$')", "1" },
		{ "= #base32_secret('c')", "32" },
		{ "= #base32_secret('c', 5)", "8" },
		{ "= #base32_secret('c', 640)", "1024" },
		{ "= base32_secret('c'):find('^[A-Z2-7]+$')", "1" },
		{ "= math.type(rand_range('d', 3, 5))", "\"integer\"" },
		{ "= rand_range('d', 3, 5) >= 3 and rand_range('d', 3, 5) <= 5", "true" },
		{ "= rand_range('d', 0, 1 << 53) >= 0", "true" },
		{ "= secret('a') == secret('a') and rand_range('d', 1, 9) == rand_range('d', 1, 9)", "true" },
	};
	struct instance	 instance;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		instance_init(&instance);
		check_macros(&instance, "", &rows[i], 1);
		instance_fini(&instance);
	}
	mask_fini();
}

TEST(each_error)
{
	static const struct macro_row rows[] = {
		{ "= secret('x', 7)", "bad argument #2 to 'secret' (a secret has from 8 to 1024 characters)\n" },
		{ "= secret('x', 1025)", "bad argument #2 to 'secret' (a secret has from 8 to 1024 characters)\n" },
		{ "= secret()", "bad argument #1 to 'secret' (string expected, got no value)\n" },
		{ "= secret('UP')", "\"UP\" is no name for a secret\nhint: use letters a-z, digits, \"_\" and \"-\"\n" },
		{ "= hex_secret('x', 28)", "bad argument #2 to 'hex_secret' (bits are a multiple of 4 from 32 to 4096)\n" },
		{ "= hex_secret('x', 4100)", "bad argument #2 to 'hex_secret' (bits are a multiple of 4 from 32 to 4096)\n" },
		{ "= hex_secret('x', 34)", "bad argument #2 to 'hex_secret' (bits are a multiple of 4 from 32 to 4096)\n" },
		{ "= base32_secret('x', 4)",
		    "bad argument #2 to 'base32_secret' (bytes are a multiple of 5 from 5 to 640)\n" },
		{ "= base32_secret('x', 0)",
		    "bad argument #2 to 'base32_secret' (bytes are a multiple of 5 from 5 to 640)\n" },
		{ "= base32_secret('x', 645)",
		    "bad argument #2 to 'base32_secret' (bytes are a multiple of 5 from 5 to 640)\n" },
		{ "= rand_range('x', -1, 5)", "bad argument #2 to 'rand_range' (a range begins with 0 or more)\n" },
		{ "= rand_range('x', 5, 5)",
		    "bad argument #3 to 'rand_range' (a range ends with a larger number, of at most 2^53)\n" },
		{ "= rand_range('x', 5, (1 << 53) + 1)",
		    "bad argument #3 to 'rand_range' (a range ends with a larger number, of at most 2^53)\n" },
		{ "= rand_range('x', 1.5, 3)",
		    "bad argument #2 to 'rand_range' (number has no integer representation)\n" },
		{ "= rand_range('x')", "bad argument #2 to 'rand_range' (number expected, got no value)\n" },
		/* of one kind wherever it is asked for; and told the same, whoever is first */
		{ "= secret('x', 8) .. secret('x', 9)", "secret \"x\" is asked for as 8 letters and digits, and as 9 "
		    "letters and digits\nhint: give one of them another name\n" },
		{ "= secret('x', 9) .. secret('x', 8)", "secret \"x\" is asked for as 8 letters and digits, and as 9 "
		    "letters and digits\nhint: give one of them another name\n" },
		{ "= secret('x') .. hex_secret('x')", "secret \"x\" is asked for as 32 hexadecimal digits, and as 32 "
		    "letters and digits\nhint: give one of them another name\n" },
		{ "= base32_secret('x') .. secret('x')", "secret \"x\" is asked for as 32 characters of base32, and as 32 "
		    "letters and digits\nhint: give one of them another name\n" },
		{ "= rand_range('x', 1, 2) + rand_range('x', 1, 3)", "secret \"x\" is asked for as a number from 1 to 2, "
		    "and as a number from 1 to 3\nhint: give one of them another name\n" },
		{ "= pcall(function() return secret('x') .. secret('x', 8) end)", "secret \"x\" is asked for as 32 letters "
		    "and digits, and as 8 letters and digits\nhint: give one of them another name\n" },
		{ "= (function() for i = 1, 101 do secret('s' .. i) end end)()", "more than 100 new secrets for node web1\n" },
		{ "= (function() for i = 1, 30000 do pcall(secret, 's' .. i) end end)()",
		    "more than 100 new secrets for node web1\n" },
	};
	struct instance instance;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		instance_init(&instance);
		instance.repo.read_only = i % 2 == 0;	/* no difference */
		check_macro_errors(&instance, "", &rows[i], 1);
		instance_fini(&instance);
	}
	mask_fini();
}

TEST(one_secret_may_be_asked_for_often)
{
	struct instance	 instance;

	for (int read_only = 0; read_only <= 1; read_only++) {
		instance_init(&instance);
		instance.repo.read_only = read_only;
		put_macro(&instance, "", "= (function() for i = 1, 500 do secret('s' .. i % 100) end return 1 end)()");
		CHECK_STR(value_of(&instance, "web1", "x"), "1");
		instance_fini(&instance);
	}
	mask_fini();
}

TEST(a_secret_is_of_its_environment)
{
	static const char node[] = "{ \"environment\": \"%s\", \"p\": \"= secret('p', %u)\" }";
	struct instance	  instance;
	char		 *text, *first;

	instance_init(&instance);
	text = xasprintf(node, "live", 32u);
	put(&instance, "nodes/a.json", text);
	put(&instance, "nodes/b.json", text);
	free(text);
	text = xasprintf(node, "Test_2", 31u);
	put(&instance, "nodes/c.json", text);
	free(text);
	CHECK_OK(instance_load(&instance));
	first = xstrdup(value_of(&instance, "a", "p"));
	CHECK_STR(value_of(&instance, "b", "p"), first);
	CHECK(strcmp(value_of(&instance, "c", "p"), first) != 0);
	CHECK(vault_has(&instance.repo, "secrets/live/p"));
	CHECK(vault_has(&instance.repo, "secrets/Test_2/p"));
	free(first);
	instance_fini(&instance);
	mask_fini();
}

TEST(where_nothing_is_written_something_stands_in)
{
	struct instance	 instance;
	char		*first, *second;

	instance_init(&instance);
	instance.repo.read_only = true;
	put_macro(&instance, "", "= {secret('a'), hex_secret('b'), base32_secret('c'), rand_range('d', 1, 1000000)}");
	first = xstrdup(value_of(&instance, "web1", "x"));
	CHECK_OK(instance_load(&instance));
	CHECK_STR(value_of(&instance, "web1", "x"), first);
	CHECK(!repo_has(&instance.repo, "secrets"));
	second = shown(&instance);
	CHECK_STR(second, "[\"[secret]\",\"[secret]\",\"[secret]\",\"[secret]\"]");
	free(first);
	free(second);
	instance_fini(&instance);
	mask_fini();
}

/* As in macro_test.c, for the other forms. */
TEST(what_is_made_of_a_secret_is_hidden)
{
	static const struct macro_row rows[] = {
		{ "= hex_secret('h'):sub(1, 4)", "\"[secret]\"" },
		{ "= 'key:' .. hex_secret('h')", "\"key:[secret]\"" },
		{ "= base32_secret('b'):lower()", "\"[secret]\"" },
		{ "= rand_range('n', 1, 9)", "\"[secret]\"" },
		{ "= rand_range('n', 1, 2)", "\"[secret]\"" },
		{ "= 'at minute ' .. rand_range('n', 1, 2)", "\"[secret]\"" },
		{ "= {rand_range('n', 1, 9), 'open'}", "[\"[secret]\",\"open\"]" },
		{ "= rand_range('n', 1, 9) * 0", "0" },
		/* what another secret of this form has too shows nothing: so the other one must be of the form */
		{ "= hex_secret('h'):match('^%x+$') and 'hex'", "\"hex\"" },
		{ "= base32_secret('b'):match('^[A-Z2-7]+$') and 'base32'", "\"base32\"" },
		{ "= secret('s'):match('[01OIl]') or 'clear'", "\"clear\"" },
		{ "= rand_range('n', 1, 2) < 3 and rand_range('n', 1, 2) > 0 and 'in range' or 'out'", "\"in range\"" },
		{ "= 'pin ' .. rand_range('n', 100000, 999999)", "\"pin [secret]\"" },
	};
	struct instance	 instance;
	char		*got;

	for (size_t i = 0; i < ARRAY_LEN(rows) * 8; i++) {
		instance_init(&instance);
		put_macro(&instance, "", rows[i / 8].macro);
		got = shown(&instance);
		if (!CHECK_STR(got, rows[i / 8].want))
			printf("  by %s\n", rows[i / 8].macro);
		free(got);
		instance_fini(&instance);
		mask_fini();
	}
}

/*
 * What depends on a secret is found by another run with others in the place of the secrets: what that run alone asks for
 * has its real value none the less, however deep it is.
 */
TEST(what_is_first_asked_for_with_another_secret_has_its_real_value)
{
	struct instance	 instance;
	struct buf	 text = { 0 };
	char		*got;

	instance_init(&instance);
	CHECK_OK(vault_write(&instance.repo, NULL, "secrets/default/s", "aaaaaaaa", 8));
	CHECK_OK(vault_write(&instance.repo, NULL, "secrets/default/t", "tttttttt", 8));
	put_macro(&instance, "\"t\": \"= secret('t', 8)\",", "= secret('s', 8) == 'aaaaaaaa' and 'first' or t");
	got = shown(&instance);
	CHECK_STR(got, "\"[secret]\"");
	free(got);
	CHECK_STR(value_of(&instance, "web1", "x"), "\"first\"");
	CHECK_STR(value_of(&instance, "web1", "t"), "\"tttttttt\"");

	buf_adds(&text, "\"p250\": \"= 7 * 6\",");
	for (int i = 0; i < 250; i++)
		buf_addf(&text, " \"p%d\": \"= p%d\",", i, i + 1);
	put_macro(&instance, buf_text(&text), "= secret('s', 8) == 'aaaaaaaa' and 'first' or p0");
	got = shown(&instance);
	CHECK_STR(got, "\"[secret]\"");
	free(got);
	CHECK_STR(value_of(&instance, "web1", "x"), "\"first\"");
	CHECK_STR(value_of(&instance, "web1", "p0"), "42");
	buf_fini(&text);
	instance_fini(&instance);
	mask_fini();
}

/* Nor is what was selected with one secret kept for the run with another. */
TEST(who_is_selected_by_a_secret_is_no_secret)
{
	struct instance	 instance;
	char		*got;

	instance_init(&instance);
	put(&instance, "nodes/a.json", "{ \"s\": \"= secret('s')\" }");
	put(&instance, "nodes/b.json", "{ \"s\": \"none\" }");
	put_macro(&instance, "", "= nodes{s = secret('s')}:names()");
	got = shown(&instance);
	CHECK_STR(got, "[\"a\"]");
	free(got);
	instance_fini(&instance);
	mask_fini();
}

int
main(void)
{
	json_setup();
	RUN(each_form);
	RUN(each_error);
	RUN(one_secret_may_be_asked_for_often);
	RUN(a_secret_is_of_its_environment);
	RUN(where_nothing_is_written_something_stands_in);
	RUN(what_is_made_of_a_secret_is_hidden);
	RUN(what_is_first_asked_for_with_another_secret_has_its_real_value);
	RUN(who_is_selected_by_a_secret_is_no_secret);
	return test_done();
}
