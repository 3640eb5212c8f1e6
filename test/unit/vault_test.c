/* test/unit: private keys and secrets, encrypted on disk. */
/* May know age, vault, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include "vaulted.h"

#include "base/mask.h"

#include <stdlib.h>
#include "base/strs.h"

#include <sys/stat.h>
#include <unistd.h>

static char top[256];
static struct repo *repo;

static unsigned
mode_of(const char *path)
{
	char		*full = path_join(top, path);
	struct stat	 st = { 0 };

	CHECK(lstat(full, &st) == 0);
	free(full);
	return (unsigned)st.st_mode & 07777;
}

static void
check_masked(const char *text, const char *want)
{
	struct buf shown = { 0 };

	buf_adds(&shown, text);
	mask_apply(&shown);
	CHECK_STR(buf_text(&shown), want);
	buf_fini(&shown);
}

TEST(a_key_is_private_and_masked)
{
	static const char pem[] = "-----BEGIN PRIVATE KEY-----\nTWFuIGlzIGRpc3Rpbmd1\naXNoZWQsIG5vdA==\n"
	    "-----END PRIVATE KEY-----\n";
	struct buf out = { .secret = true };

	CHECK(!vault_has(repo, "files/nodes/web1/web1.key"));
	CHECK_OK(vault_write(repo, NULL, "files/nodes/web1/web1.key", pem, strlen(pem)));
	CHECK(vault_has(repo, "files/nodes/web1/web1.key"));
	CHECK_INT(mode_of("files/nodes/web1/web1.key.age"), 0644);
	CHECK_OK(vault_read(repo, NULL, "files/nodes/web1/web1.key", &out));
	CHECK_STR(buf_text(&out), pem);
	check_masked("x TWFuIGlzIGRpc3Rpbmd1 y", "x [secret] y");
	check_masked("-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----");
	buf_fini(&out);
}

TEST(a_key_goes)
{
	CHECK_OK(vault_write(repo, NULL, "files/a/b.key", "passing-key", 11));
	CHECK(vault_has(repo, "files/a/b.key"));
	CHECK_OK(vault_remove(repo, "files/a/b.key"));
	CHECK(!vault_has(repo, "files/a/b.key"));
	CHECK_OK(vault_remove(repo, "files/a/b.key"));
	CHECK_ERR(vault_write(repo, NULL, "users/b.key", "passing-key", 11), "users/b.key.age is no place of the vault's\n");
}

NODISCARD
static struct err *
text_secret(const char *env, const char *name, unsigned length, struct buf *out)
{
	return vault_secret(repo, env, name, &(struct secret_kind){ .form = SECRET_TEXT, .length = length }, out);
}

TEST(a_secret_is_made_once_and_differs_by_name_and_environment)
{
	struct buf first = { .secret = true }, again = { .secret = true }, other = { .secret = true };

	CHECK_OK(text_secret(NULL, "couch_password", 32, &first));
	CHECK_INT(first.len, 32);
	CHECK_INT(strspn(first.data, "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"), 32);
	CHECK(vault_has(repo, "secrets/default/couch_password"));
	CHECK_OK(text_secret(NULL, "couch_password", 16, &again));
	CHECK_STR(again.data, first.data);
	CHECK_OK(text_secret("production", "couch_password", 32, &other));
	CHECK(strcmp(other.data, first.data) != 0);
	check_masked(first.data, "[secret]");
	buf_fini(&first);
	buf_fini(&again);
	buf_fini(&other);
}

TEST(every_letter_of_the_alphabet_comes_up)
{
	struct buf	 out = { .secret = true };
	bool		 seen[256] = { 0 };
	size_t		 letters = 0;

	if (!CHECK_OK(text_secret(NULL, "long", 1024, &out)))
		return;
	for (size_t i = 0; i < out.len; i++)
		seen[(unsigned char)out.data[i]] = true;
	for (size_t i = 0; i < 256; i++)
		letters += seen[i];
	/* 57 letters; that 1024 draws miss more than four of them happens once in 10^20 times. */
	CHECK(letters >= 53 && letters <= 57);
	buf_fini(&out);
}

TEST(bad_names_of_secrets_are_refused)
{
	static const char *const names[] = { "", "../x", "a/b", "Upper", "a b", ".." };
	struct buf	 out = { .secret = true };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		CHECK_ERR_HAS(text_secret(NULL, names[i], 32, &out),
		    "is no name for a secret\nhint: use letters a-z, digits, \"_\" and \"-\"\n");
	CHECK_ERR(text_secret("../x", "a", 32, &out), "\"../x\" is no name for an environment\n");
	CHECK_ERR(text_secret(NULL, "a", 7, &out),
	    "secret \"a\": 7 characters asked for, but 8 to 1024 are possible\n");
	CHECK_ERR(text_secret(NULL, "a", 1025, &out),
	    "secret \"a\": 1025 characters asked for, but 8 to 1024 are possible\n");
}

/* Of each form a new one, read again, and what stands in for it where nothing is written. */
TEST(each_form_has_its_alphabet)
{
	static const struct {
		struct secret_kind	 kind;
		const char		*letters;
		size_t			 len;		/* 0: any */
		const char		*stand_in;	/* of "formI" in environment "live" */
	} rows[] = {
		{ { SECRET_TEXT, 12, 0, 0 }, "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", 12, "keFXhXdaGmEL" },
		{ { SECRET_HEX, 40, 0, 0 }, "0123456789abcdef", 40, "6f501ba2aeb95b6343625e1689cea42d1b23fd8f" },
		{ { SECRET_BASE32, 16, 0, 0 }, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16, "CPKSCNCRBSHKX66T" },
		{ { SECRET_NUMBER, 0, 10, 12 }, "012", 2, "12" },
		{ { SECRET_NUMBER, 0, 0, (uint64_t)1 << 53 }, "0123456789", 0, "3111731782693357" },
	};
	struct buf	 first = { .secret = true }, again = { .secret = true }, other = { .secret = true };
	char		 name[8];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(name, sizeof(name), "form%zu", i);
		buf_clear(&first);
		buf_clear(&again);
		buf_clear(&other);
		repo->read_only = true;
		CHECK_OK(vault_secret(repo, "live", name, &rows[i].kind, &other));
		CHECK_STR(other.data, rows[i].stand_in);
		if (other.len >= 6)
			check_masked(other.data, "[secret]");
		repo->read_only = false;
		CHECK(!vault_has(repo, "secrets/live"));
		CHECK_OK(vault_secret(repo, "default", name, &rows[i].kind, &first));
		CHECK_INT(strspn(first.data, rows[i].letters), first.len);
		CHECK(rows[i].len == 0 || first.len == rows[i].len);
		CHECK(rows[i].len < 8 || strcmp(first.data, other.data) != 0);
		repo->read_only = true;
		CHECK_OK(vault_secret(repo, NULL, name, &rows[i].kind, &again));
		CHECK(rows[i].len < 8 || strcmp(again.data, first.data) != 0);	/* nothing is opened */
		repo->read_only = false;
	}
	buf_fini(&first);
	buf_fini(&again);
	buf_fini(&other);
}

TEST(each_number_of_a_range_comes_up)
{
	const struct secret_kind	 kind = { .form = SECRET_NUMBER, .first = 7, .last = 9 };
	bool				 seen[10] = { 0 };
	struct buf			 out = { .secret = true };
	char				 name[16];

	repo->read_only = true;
	for (size_t i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "die%zu", i);
		buf_clear(&out);
		CHECK_OK(vault_secret(repo, NULL, name, &kind, &out));
		if (CHECK(out.len == 1 && out.data[0] >= '7' && out.data[0] <= '9'))
			seen[out.data[0] - '0'] = true;
	}
	repo->read_only = false;
	CHECK(seen[7] && seen[8] && seen[9]);
	buf_fini(&out);
}

TEST(a_secret_of_another_form_is_refused)
{
	static const struct { const char *text; struct secret_kind kind; const char *want; } rows[] = {
		{ "0123456g\n", { .form = SECRET_HEX, .length = 8 }, "a secret that is not hexadecimal\n" },
		{ "0123456A\n", { .form = SECRET_HEX, .length = 8 }, "a secret that is not hexadecimal\n" },
		{ "ABCDEFG1\n", { .form = SECRET_BASE32, .length = 8 }, "a secret that is not base32\n" },
		{ "12x\n", { .form = SECRET_NUMBER, .first = 1, .last = 99 }, "a secret that is not a number\n" },
		{ "100\n", { .form = SECRET_NUMBER, .first = 1, .last = 99 },
		    "a secret that is no number from 1 to 99\n" },
		{ "0\n", { .form = SECRET_NUMBER, .first = 1, .last = 99 },
		    "a secret that is no number from 1 to 99\n" },
		{ "99999999999999999999999\n", { .form = SECRET_NUMBER, .first = 1, .last = 99 },
		    "a secret that is no number from 1 to 99\n" },
	};
	struct buf	 out = { .secret = true };
	char		*want;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		want = xasprintf("secrets/default/form: %shint: give the new one another name, or remove the file\n",
		    rows[i].want);
		CHECK_OK(vault_write(repo, NULL, "secrets/default/form", rows[i].text, strlen(rows[i].text)));
		CHECK_ERR(vault_secret(repo, NULL, "form", &rows[i].kind, &out), want);
		free(want);
	}
	/* What a person wrote is a text. */
	CHECK_OK(vault_write(repo, NULL, "secrets/default/form", "p.w d!\n", 7));
	buf_clear(&out);
	CHECK_OK(text_secret(NULL, "form", 32, &out));
	CHECK_STR(out.data, "p.w d!");
	CHECK_OK(vault_remove(repo, "secrets/default/form"));
	buf_fini(&out);
}

TEST(bad_ranges_are_refused)
{
	static const char	 want[] = "secret \"r\": a range goes from one number to a larger one, of at most "
	    "9007199254740992\n";
	struct buf		 out = { .secret = true };

	CHECK_ERR(vault_secret(repo, NULL, "r", &(struct secret_kind){ .form = SECRET_NUMBER, .first = 5, .last = 5 },
	    &out), want);
	CHECK_ERR(vault_secret(repo, NULL, "r", &(struct secret_kind){ .form = SECRET_NUMBER, .first = 5,
	    .last = ((uint64_t)1 << 53) + 1 }, &out), want);
	buf_fini(&out);
}

TEST(an_empty_secret_is_refused)
{
	struct buf out = { .secret = true };

	CHECK_OK(vault_write(repo, NULL, "secrets/default/void", "\n", 1));
	CHECK_ERR(text_secret(NULL, "void", 32, &out),
	    "secrets/default/void: an empty secret\n"
	    "hint: \"leap secret rm\" removes it, then a new one is made\n");
	buf_fini(&out);
}

TEST(nothing_is_made_where_a_link_leads_outside)
{
	struct buf	 out = { .secret = true };
	char		*other = xasprintf("%s.other", top), *secrets = path_join(top, "secrets");
	char		*made = xasprintf("%s.other/default", top);

	CHECK_OK(dir_make(other, 0700));
	CHECK_OK(dir_remove(secrets));
	CHECK(symlink(other, secrets) == 0);
	CHECK_ERR_HAS(text_secret(NULL, "a", 32, &out), "secrets: leads outside ");
	buf_clear(&out);
	CHECK(!file_exists(made));
	CHECK(rmdir(other) == 0);	/* still empty */
	CHECK(unlink(secrets) == 0);
	buf_fini(&out);
	free(secrets);
	free(made);
	free(other);
}

/* Replaces what is secret from the work of a run by what the file says: none of it in clear. */
TEST(nothing_is_on_disk_in_clear)
{
	struct buf	 out = { .secret = true }, file = { 0 }, key = { 0 };
	char		*path = path_join(top, "secrets/live/canary.age"), *vault = path_join(top, "vault/live.age");

	CHECK_OK(text_secret("live", "canary", 32, &out));
	CHECK_OK(file_read(path, 1 << 16, &file));
	CHECK(str_starts(buf_text(&file), "-----BEGIN AGE ENCRYPTED FILE-----\n"));
	CHECK(strstr(buf_text(&file), buf_text(&out)) == NULL);
	CHECK_OK(file_read(vault, 1 << 16, &key));
	CHECK(str_starts(buf_text(&key), "-----BEGIN AGE ENCRYPTED FILE-----\n"));
	buf_fini(&out);
	buf_fini(&file);
	buf_fini(&key);
	free(path);
	free(vault);
}

TEST(what_is_written_already_stays)
{
	struct buf	 first = { 0 }, second = { 0 };
	char		*path = path_join(top, "secrets/live/same.age");

	CHECK_OK(vault_write(repo, "live", "secrets/live/same", "value-of-it", 11));
	CHECK_OK(file_read(path, 1 << 16, &first));
	CHECK_OK(vault_write(repo, "live", "secrets/live/same", "value-of-it", 11));
	CHECK_OK(file_read(path, 1 << 16, &second));
	CHECK_STR(buf_text(&second), buf_text(&first));
	CHECK_OK(vault_write(repo, "live", "secrets/live/same", "another-one", 11));
	buf_clear(&second);
	CHECK_OK(file_read(path, 1 << 16, &second));
	CHECK(strcmp(buf_text(&second), buf_text(&first)) != 0);
	buf_fini(&first);
	buf_fini(&second);
	free(path);
}

/* Forget all opened keys, as another run of the program would. */
static void
reopen(void)
{
	vault_fini(repo);
	vault_setup(repo, NULL, NULL);
}

TEST(a_member_comes_and_goes)
{
	struct buf		 secret = { .secret = true }, public = { 0 }, file = { 0 }, clear = { .secret = true };
	struct buf		 value = { .secret = true };
	struct age_identity	*guest = NULL;
	struct strs		 envs = { 0 }, seen = { 0 }, guests = { 0 };
	char			*vault = path_join(top, "vault/live.age"), *path = path_join(top, "secrets/live/canary.age");

	CHECK_OK(age_generate(&secret, &public));
	CHECK_OK(age_identity_new(&guest, "guest", secret.data, secret.len));
	vaulted_put(top, "users/guest/guest.age", buf_text(&public), 0644);
	strs_add(&envs, "live");
	reopen();
	CHECK_OK(vault_admit(repo, "guest", &envs));
	CHECK_OK(file_read(vault, 1 << 16, &file));
	CHECK_OK(age_decrypt(&clear, &guest, 1, NULL, file.data, file.len));
	age_identity_free(guest);
	CHECK_OK(age_identity_new(&guest, "vault", clear.data, clear.len));	/* what the guest knows now */

	reopen();
	strs_add(&guests, "guest");
	CHECK_OK(vault_expel(repo, &guests, &seen));
	CHECK(!repo_has(repo, "users/guest/guest.age"));
	CHECK(strs_has(&seen, "secrets/live/canary.age"));
	CHECK(!strs_has(&seen, "secrets/default/couch_password.age"));
	buf_clear(&file);
	buf_clear(&clear);
	CHECK_OK(file_read(path, 1 << 16, &file));
	CHECK_ERR(age_decrypt(&clear, &guest, 1, NULL, file.data, file.len), "none of your keys opens this age file\n");
	reopen();
	CHECK_OK(vault_read(repo, "live", "secrets/live/canary", &value));
	CHECK_INT(value.len, 32);
	age_identity_free(guest);
	strs_fini(&envs);
	strs_fini(&seen);
	strs_fini(&guests);
	buf_fini(&secret);
	buf_fini(&public);
	buf_fini(&file);
	buf_fini(&clear);
	buf_fini(&value);
	free(vault);
	free(path);
}

TEST(a_file_that_another_run_changed_is_not_written_over)
{
	struct buf	 text = { 0 };
	char		*path = path_join(top, "vault/live.json"), *age = path_join(top, "secrets/live/race.age");

	reopen();
	CHECK_OK(vault_write(repo, "live", "secrets/live/first", "one-value", 9));
	CHECK_OK(file_read(path, 1 << 16, &text));
	buf_addc(&text, '\n');
	CHECK_OK(file_write(path, text.data, text.len, 0644));
	CHECK_ERR(vault_write(repo, "live", "secrets/live/race", "another-value", 13),
	    "vault/live.json has changed meanwhile, nothing was written\n"
	    "hint: another leap was at work, or git: run it again\n");
	CHECK(!file_exists(age));
	reopen();
	CHECK_OK(vault_write(repo, "live", "secrets/live/race", "another-value", 13));
	CHECK(file_exists(age));
	buf_fini(&text);
	free(path);
	free(age);
}

/* What goes with a secret is written as it is, and only together with that. */
TEST(a_file_in_clear_is_written_with_its_secret_or_not_at_all)
{
	struct vault_item	 items[] = {
		{ .env = "live", .path = "files/nodes/pair/pair.crt", .data = "the public half", .len = 15, .plain = true },
		{ .env = "live", .path = "files/nodes/pair/pair.key", .data = "the private half", .len = 16 },
		{ .path = "elsewhere/pair.crt", .data = "x", .len = 1, .plain = true },
	};
	struct buf		 text = { 0 };

	CHECK_ERR(vault_write_all(repo, items, 3), "elsewhere/pair.crt is no place of the vault's\n");
	CHECK(!repo_has(repo, "files/nodes/pair/pair.crt"));
	CHECK(!vault_has(repo, "files/nodes/pair/pair.key"));
	CHECK_OK(vault_write_all(repo, items, 2));
	CHECK_OK(repo_read(repo, "files/nodes/pair/pair.crt", &text));
	CHECK_STR(buf_text(&text), "the public half");
	buf_clear(&text);
	CHECK_OK(vault_read(repo, "live", "files/nodes/pair/pair.key", &text));
	CHECK_STR(buf_text(&text), "the private half");
	buf_fini(&text);
}

/* What is on record about files: who gave them, and who has seen them. */
TEST(what_was_given_and_seen_is_on_record)
{
	struct vault_item	 items[] = {
		{ .env = "seen", .path = "secrets/seen/given", .data = "by-a-person", .len = 11, .given = true },
		{ .env = "seen", .path = "secrets/seen/made", .data = "by-leap-itself", .len = 14 },
	};
	struct strs		 envs = { 0 }, seen = { 0 }, left = { 0 }, guests = { 0 };
	struct buf		 secret = { .secret = true }, public = { 0 };

	reopen();
	CHECK_OK(age_generate(&secret, &public));
	vaulted_put(top, "users/guest/guest.age", buf_text(&public), 0644);
	CHECK_OK(vault_write_all(repo, items, 2));
	CHECK(vault_given(repo, "seen", "secrets/seen/given"));
	CHECK(!vault_given(repo, "seen", "secrets/seen/made"));
	strs_add(&envs, "seen");
	CHECK_OK(vault_admit(repo, "guest", &envs));
	CHECK_OK(vault_exposed(repo, NULL, "guest", &left));
	CHECK(!strs_has(&left, "secrets/seen/made"));
	strs_add(&guests, "guest");
	CHECK_OK(vault_expel(repo, &guests, &seen));
	reopen();
	strs_fini(&left);
	left = (struct strs){ 0 };
	CHECK_OK(vault_exposed(repo, "seen", "guest", &left));
	CHECK_INT(left.count, 2);
	CHECK(strs_has(&left, "secrets/seen/given") && strs_has(&left, "secrets/seen/made"));

	/* The same again is no replacement; another one is, and so is none. */
	CHECK_OK(vault_write_all(repo, items, 1));
	items[1].data = "by-leap-anew!!";
	CHECK_OK(vault_write_all(repo, &items[1], 1));
	strs_fini(&left);
	left = (struct strs){ 0 };
	CHECK_OK(vault_exposed(repo, "seen", "guest", &left));
	CHECK_INT(left.count, 1);
	CHECK(strs_has(&left, "secrets/seen/given"));
	CHECK_OK(vault_remove(repo, "secrets/seen/given"));
	CHECK(!vault_given(repo, "seen", "secrets/seen/given"));
	strs_fini(&left);
	left = (struct strs){ 0 };
	CHECK_OK(vault_exposed(repo, "seen", "guest", &left));
	CHECK_INT(left.count, 0);
	strs_fini(&left);
	strs_fini(&seen);
	strs_fini(&envs);
	strs_fini(&guests);
	buf_fini(&secret);
	buf_fini(&public);
}

/* Whatever else stands on the line, or in the file. */
TEST(who_has_a_key_is_found)
{
	static const char	 key[] = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
	static const char	 held[] = "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIAABAgMEBQYHCAkK"
	    "CwwNDg8QERITFBUWFxgZGhscHR4fAAAABHNzaDo=";
	static const struct { const char *before, *key, *after; bool found; } rows[] = {
		{ "", key, "\n", true },
		{ "", key, " somebody@somewhere\n", true },
		{ "not a key\n\t", key, " tab\r\n", true },
		{ "", held, " only signs\n", true },
		{ "# ", key, "\n", false },
		{ "no-pty ", key, "\n", false },
		{ "", "", "\n", false },
	};
	struct strs		 lines = { 0 }, self = { 0 }, found = { 0 };

	strs_addf(&lines, "%s a comment", key);
	strs_add(&lines, "");
	strs_add(&lines, held);
	strs_add(&self, "me");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *text = xasprintf("%s%s%s", rows[i].before, rows[i].key, rows[i].after);

		vaulted_put(top, "users/me/me_ssh.pub", text, 0644);
		vaulted_put(top, "users/other/other_ssh.pub", text, 0644);
		CHECK_OK(vault_key_holders(repo, &lines, &self, &found));
		CHECK_INT(found.count, rows[i].found ? 1 : 0);
		CHECK(!rows[i].found || strs_has(&found, "other"));
		strs_fini(&found);
		found = (struct strs){ 0 };
		free(text);
	}
	strs_fini(&lines);
	strs_fini(&self);
}

/* The last line of this key has nothing but half of its public point, which its certificate has too. */
TEST(public_halves_of_keys_are_not_masked)
{
	static const char p256[] = "-----BEGIN PRIVATE KEY-----\n"
	    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgevZzL1gdAFr88hb2\n"
	    "OF/2NxApJCzGCEDdfSp6VQO30hyhRANCAAQRWz+jn65BtOMvdyHKcvjBeBSDZH2r\n"
	    "1RTwjmYSi9R/zpBnuQ4EiMnCqfMPWiZqB4QdbAd0E7oH50VpuZ1P087G\n"
	    "-----END PRIVATE KEY-----\n";

	CHECK_OK(vault_write(repo, "live", "files/p256.key", p256, strlen(p256)));
	check_masked("MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgevZzL1gdAFr88hb2", "[secret]");
	check_masked("OF/2NxApJCzGCEDdfSp6VQO30hyhRANCAAQRWz+jn65BtOMvdyHKcvjBeBSDZH2r", "[secret]");
	check_masked("1RTwjmYSi9R/zpBnuQ4EiMnCqfMPWiZqB4QdbAd0E7oH50VpuZ1P087G",
	    "1RTwjmYSi9R/zpBnuQ4EiMnCqfMPWiZqB4QdbAd0E7oH50VpuZ1P087G");
}

TEST(who_is_no_member_is_told_who_is)
{
	char		*config = path_join(top, "nobody"), *own = xstrdup(getenv("XDG_CONFIG_HOME"));
	struct buf	 value = { .secret = true };

	vault_fini(repo);
	setenv("XDG_CONFIG_HOME", config, 1);
	setenv("HOME", config, 1);
	vault_setup(repo, NULL, NULL);
	CHECK_ERR(vault_read(repo, "live", "secrets/live/canary", &value),
	    "secrets/live/canary.age: none of your keys opens the vault of environment \"live\", which is for me\n"
	    "hint: no private key was found: an agent cannot decrypt, \"leap user add --self\" makes one that can\n");
	buf_fini(&value);
	vault_fini(repo);
	setenv("XDG_CONFIG_HOME", own, 1);
	vault_setup(repo, NULL, NULL);
	free(config);
	free(own);
}

int
main(void)
{
	int	 status;
	char	*leapfile, *common;

	snprintf(top, sizeof(top), "%s/vault_test.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (mkdtemp(top) == NULL) {
		perror(top);
		return 1;
	}
	leapfile = path_join(top, "Leapfile");
	common = path_join(top, "common.json");
	CHECK_OK(file_write(leapfile, "platform: .\n", 12, 0644));
	CHECK_OK(file_write(common, "{}\n", 3, 0644));
	free(leapfile);
	free(common);
	if (!CHECK_OK(repo_open(&repo, top)))
		return 1;
	vaulted_setup(repo, top);
	RUN(a_key_is_private_and_masked);
	RUN(a_key_goes);
	RUN(a_secret_is_made_once_and_differs_by_name_and_environment);
	RUN(every_letter_of_the_alphabet_comes_up);
	RUN(bad_names_of_secrets_are_refused);
	RUN(each_form_has_its_alphabet);
	RUN(each_number_of_a_range_comes_up);
	RUN(a_secret_of_another_form_is_refused);
	RUN(bad_ranges_are_refused);
	RUN(an_empty_secret_is_refused);
	RUN(nothing_is_on_disk_in_clear);
	RUN(what_is_written_already_stays);
	RUN(a_member_comes_and_goes);
	RUN(a_file_that_another_run_changed_is_not_written_over);
	RUN(a_file_in_clear_is_written_with_its_secret_or_not_at_all);
	RUN(what_was_given_and_seen_is_on_record);
	RUN(who_has_a_key_is_found);
	RUN(public_halves_of_keys_are_not_masked);
	RUN(who_is_no_member_is_told_who_is);
	RUN(nothing_is_made_where_a_link_leads_outside);
	status = test_done();
	vault_fini(repo);
	repo_close(repo);
	mask_fini();
	err_free(dir_remove(top));
	return status;
}
