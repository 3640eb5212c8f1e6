/* test/unit: private keys and secrets on disk. */
/* May know vault, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include "base/file.h"
#include "base/mask.h"
#include "repo/repo.h"
#include "vault/vault.h"

#include <stdlib.h>
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
	CHECK_OK(vault_write(repo, "files/nodes/web1/web1.key", pem, strlen(pem)));
	CHECK(vault_has(repo, "files/nodes/web1/web1.key"));
	CHECK_INT(mode_of("files/nodes/web1/web1.key"), 0600);
	CHECK_OK(vault_read(repo, "files/nodes/web1/web1.key", &out));
	CHECK_STR(buf_text(&out), pem);
	check_masked("x TWFuIGlzIGRpc3Rpbmd1 y", "x [secret] y");
	check_masked("-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----");
	buf_fini(&out);
}

TEST(a_key_that_others_can_read_is_refused)
{
	struct buf	 out = { .secret = true };
	char		*full = path_join(top, "open.key");

	CHECK_OK(file_write(full, "open-key-text\n", 14, 0640));
	CHECK_ERR(vault_read(repo, "open.key", &out),
	    "open.key: a secret that other users of this machine may read (mode 640)\n"
	    "hint: if you trust them, run \"chmod 600 open.key\"; if not, make it anew\n");
	CHECK_INT(out.len, 0);
	free(full);
}

TEST(a_key_goes)
{
	CHECK_OK(vault_write(repo, "a/b.key", "passing-key", 11));
	CHECK(vault_has(repo, "a/b.key"));
	CHECK_OK(vault_remove(repo, "a/b.key"));
	CHECK(!vault_has(repo, "a/b.key"));
	CHECK_OK(vault_remove(repo, "a/b.key"));
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
	CHECK_INT(mode_of("secrets/default/couch_password"), 0600);
	CHECK_INT(mode_of("secrets/default"), 0700);
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
		CHECK_STR(again.data, first.data);
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
		CHECK_OK(vault_write(repo, "secrets/default/form", rows[i].text, strlen(rows[i].text)));
		CHECK_ERR(vault_secret(repo, NULL, "form", &rows[i].kind, &out), want);
		free(want);
	}
	/* What a person wrote is a text. */
	CHECK_OK(vault_write(repo, "secrets/default/form", "p.w d!\n", 7));
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

	CHECK_OK(vault_write(repo, "secrets/default/void", "\n", 1));
	CHECK_ERR(text_secret(NULL, "void", 32, &out),
	    "secrets/default/void: an empty secret\nhint: remove the file, then a new one is made\n");
	buf_fini(&out);
}

TEST(nothing_is_made_where_a_link_leads_outside)
{
	struct buf	 out = { .secret = true };
	char		*other = xasprintf("%s.other", top), *made = xasprintf("%s.other/default", top);
	char		*secrets = path_join(top, "secrets"), *link = path_join(top, "secrets/linked");

	CHECK_OK(dir_make(other, 0700));
	CHECK(symlink(other, link) == 0);
	CHECK_ERR_HAS(text_secret("linked", "a", 32, &out), "secrets/linked");
	CHECK_OK(dir_remove(secrets));
	CHECK(symlink(other, secrets) == 0);
	CHECK_ERR(text_secret(NULL, "a", 32, &out), "secrets: leads outside of the instance\n");
	CHECK(!file_exists(made));
	CHECK(rmdir(other) == 0);	/* still empty */
	CHECK(unlink(secrets) == 0);
	CHECK_INT(out.len, 0);
	buf_fini(&out);
	free(link);
	free(secrets);
	free(made);
	free(other);
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
	RUN(a_key_is_private_and_masked);
	RUN(a_key_that_others_can_read_is_refused);
	RUN(a_key_goes);
	RUN(a_secret_is_made_once_and_differs_by_name_and_environment);
	RUN(every_letter_of_the_alphabet_comes_up);
	RUN(bad_names_of_secrets_are_refused);
	RUN(each_form_has_its_alphabet);
	RUN(each_number_of_a_range_comes_up);
	RUN(a_secret_of_another_form_is_refused);
	RUN(bad_ranges_are_refused);
	RUN(an_empty_secret_is_refused);
	RUN(nothing_is_made_where_a_link_leads_outside);
	status = test_done();
	repo_close(repo);
	mask_fini();
	err_free(dir_remove(top));
	return status;
}
