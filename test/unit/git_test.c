/* test/unit: the instance in git. */
/* May know repo, base; the stock git program judges what was made. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include "base/file.h"
#include "base/proc.h"
#include "repo/git.h"
#include "repo/private.h"

#include <stdlib.h>
#include <unistd.h>

static char top[256];

static void
put(const char *path, const char *text)
{
	char *full = path_join(top, path);

	CHECK_OK(dir_make_parent(full, 0755));
	CHECK_OK(file_write(full, text, strlen(text), 0644));
	free(full);
}

static void
check_git(const char *first, const char *second, const char *want)
{
	struct buf	 output = { 0 };
	const char	*argv[] = { "git", "-C", top, first, second, NULL };
	struct proc	 proc = { .argv = argv, .output = &output };
	int		 status = -1;

	if (CHECK_OK(proc_run(&proc, &status)) && CHECK_INT(status, 0))
		CHECK_STR(buf_text(&output), want);
	buf_fini(&output);
}

TEST(outside_of_git_is_an_error_with_a_hint)
{
	struct git_state	 state;
	char			*want;

	want = xasprintf("%s: not inside a git repository\n"
	    "hint: run \"git init && git add -A && git commit -m start\" there\n", top);
	CHECK_ERR(git_state(&state, top), want);
	free(want);
}

TEST(the_first_commit_has_all_that_is_not_ignored)
{
	put("Leapfile", "\n");
	put(".gitignore", "*.key\n/secrets/\n");
	put("nodes/web1.json", "{}\n");
	put("files/ca/ca.key", "private\n");
	put("secrets/default/a", "private\n");
	if (!CHECK_OK(git_create(top, "start\n")))
		return;
	check_git("ls-files", "--cached", ".gitignore\nLeapfile\nnodes/web1.json\n");
	check_git("log", "--format=%s", "start\n");
	check_git("status", "--porcelain", "");
	check_git("fsck", "--strict", "");
}

TEST(changes_are_seen)
{
	struct git_state	 state;
	char			*below = path_join(top, "nodes");

	CHECK_OK(git_state(&state, top));
	CHECK_INT(strlen(state.commit), 40);
	CHECK(!state.dirty);
	put("files/ca/client_ca.key", "ignored\n");
	CHECK_OK(git_state(&state, top));
	CHECK(!state.dirty);
	put("Leapfile", "ssh:\n");
	CHECK_OK(git_state(&state, top));
	CHECK(state.dirty);
	CHECK_OK(git_state(&state, below));
	CHECK(!state.dirty);		/* the change is beside what was asked for */
	put("nodes/web2.json", "{}\n");
	CHECK_OK(git_state(&state, below));
	CHECK(state.dirty);
	free(below);
}

TEST(a_repository_without_commit_has_no_head)
{
	struct git_state	 state;
	char			*empty = path_join(top, "empty");

	CHECK_OK(dir_make(empty, 0755));
	CHECK_OK(proc_do("git", "init", "-q", empty, NULL));
	CHECK_OK(git_state(&state, empty));
	CHECK_STR(state.commit, "");
	CHECK(!state.dirty);
	free(empty);
}

TEST(another_users_repository_gets_a_hint)
{
	struct git_state	 state;
	char			*theirs = path_join(top, "theirs"), *want;

	if (geteuid() != 0) {
		test_skip("needs root to give files away");
		free(theirs);
		return;
	}
	CHECK_OK(dir_make(theirs, 0755));
	CHECK_OK(proc_do("git", "init", "-q", theirs, NULL));
	CHECK_OK(proc_do("chown", "-R", "nobody", theirs, NULL));
	want = xasprintf("%s: its git repository belongs to another user\n"
	    "hint: if you trust it, run \"git config --global --add safe.directory %s\"\n", theirs, theirs);
	CHECK_ERR(git_state(&state, theirs), want);
	free(want);
	free(theirs);
}

#define DATA	"MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF"

TEST(a_private_key_is_told_from_what_is_public)
{
	static const struct {
		const char	*text;
		bool		 is;
	} cases[] = {
		{ "-----BEGIN PRIVATE KEY-----\n" DATA "\n-----END PRIVATE KEY-----\n", true },
		{ "a: |\n  -----BEGIN OPENSSH PRIVATE KEY-----\n  " DATA "\n", true },
		{ "{ \"key\": \"-----BEGIN EC PRIVATE KEY-----\\n" DATA "\\n\" }", true },
		{ "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: x\n", true },
		{ "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlFgEZ" DATA "\n", true },
		{ "-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2\n\n", true },
		{ "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nlFgEZ" DATA "\n", false },
		{ "-----BEGIN CERTIFICATE-----\n" DATA "\n-----END CERTIFICATE-----\n", false },
		{ "-----BEGIN PUBLIC KEY-----\n" DATA "\n", false },
		{ "-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n...\n", false },
		{ "A key begins with -----BEGIN PRIVATE KEY----- and a line of letters", false },
		{ "-----BEGIN PGP PRIVATE KEY BLOCK-----\n--------------------------------------------\n", false },
		{ "-----BEGIN OpenVPN Static key V1-----\n6acef03f62675b4b1bbd03e53b187727\n423cea742242106c\n", true },
		{ "-----BEGIN OpenVPN tls-crypt-v2 client key-----\n" DATA "\n", true },
		{ "-----BEGIN OpenVPN Static key V1-----\n[inline]\n", false },
		{ "AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ", true },
		{ "AGE-SECRET-KEY-1 begins another", false },
		{ "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPrivate-Lines: 1\nAAAA\n", true },
		{ "PuTTY-User-Key-File-3 is a format, and Private-Lines: one of its words", false },
		{ "[Interface]\nPrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n", true },
		{ "PrivateKey=yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=", true },
		{ "[Peer]\n\tPresharedKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n", true },
		{ "PublicKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=", false },
		{ "PrivateKey = ${ private(\"nodes/web1/web1_wireguard.key\") }\n", false },
		{ "PrivateKeyFile = /etc/wireguard/yAnz5TF+lXXJte14tji3zlMNq+hd2r", false },
		{ "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\",\"x\":\"11qY\"}", true },
		{ "{ \"k\" : \"AyM1SysPpbyDfgZld3umj1qzKObwVMko\", \"kty\" : \"oct\" }", true },
		{ "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}", false },
		{ "{\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\"}", false },
		{ "{\"kty\":\"RSA\",\"d\":\"removed\"}", false },
		{ "", false },
		{ "0", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (!CHECK_INT(has_private_key(cases[i].text, strlen(cases[i].text)), cases[i].is))
			printf("    in case %zu: %s\n", i, cases[i].text);
}

/* What has bytes of zero: DER, and Tor's file. */
TEST(a_private_key_in_binary)
{
	static const struct {
		unsigned char	head[40];
		size_t		len;
		bool		is;
	} cases[] = {
		{ "0\x2e\2\1\0\x30\5\6\3\x2b\x65\x70\4\x22\4\x20", 48, true },			/* PKCS #8, Ed25519 */
		{ "0\x51\2\1\1\x30\5\6\3\x2b\x65\x70\4\x22\4\x20", 83, true },			/* the same with its public half */
		{ "0\x82\4\xa4\2\1\0\2\x82\1\1\0", 1192, true },				/* PKCS #1 */
		{ "0\x81\xa4\2\1\1\4\x30", 167, true },						/* SEC 1, P-384 */
		{ "0\x2e\2\1\0\x30\5\6\3\x2b\x65\x70\4\x22\4\x20", 49, false },			/* and more behind it */
		{ "0\x82\1\x0a\2\x82\1\1\0", 270, false },					/* public, PKCS #1 */
		{ "0\x82\1\x22\x30\x0d\6\x09", 294, false },					/* public, X.509 */
		{ "0\x82\3\x12\x30\x82\1\xfa\xa0\3\2\1\2", 790, false },			/* a certificate */
		{ "0\x82\3\x12\2\1\3\x30", 790, false },						/* PKCS #12, which has a password */
		{ "== ed25519v1-secret: type0 ==", 96, true },
		{ "== ed25519v1-secret: type0 ==", 95, false },
		{ "== ed25519v1-public: type0 ==", 64, false },
	};
	char file[2048];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		memset(file, 0, sizeof(file));
		memcpy(file, cases[i].head, sizeof(cases[i].head));
		if (!CHECK_INT(has_private_key(file, cases[i].len), cases[i].is))
			printf("    in case %zu\n", i);
	}
}

int
main(void)
{
	int status;

	snprintf(top, sizeof(top), "%s/git_test.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (mkdtemp(top) == NULL) {
		perror(top);
		return 1;
	}
	setenv("HOME", top, 1);		/* nobody's user.name */
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	RUN(outside_of_git_is_an_error_with_a_hint);
	RUN(the_first_commit_has_all_that_is_not_ignored);
	RUN(changes_are_seen);
	RUN(a_repository_without_commit_has_no_head);
	RUN(another_users_repository_gets_a_hint);
	RUN(a_private_key_is_told_from_what_is_public);
	RUN(a_private_key_in_binary);
	status = test_done();
	err_free(dir_remove(top));
	return status;
}
