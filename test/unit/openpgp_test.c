/* test/unit: public keys of OpenPGP; gpg is the judge of those of version 4, RFC 9580 of one of 6. */
/* May know pki, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include "base/file.h"
#include "base/proc.h"
#include "pki/openpgp.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* RFC 9580, A.3. */
#define VERSION_6 \
	"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n" \
	"xioGY4d/4xsAAAAg+U2nu0jWCmHlZ3BqZYfQMxmZu52JGggkLq2EVD34laPCsQYf\n" \
	"GwoAAABCBYJjh3/jAwsJBwUVCg4IDAIWAAKbAwIeCSIhBssYbE8GCaaX5NUt+mxy\n" \
	"KwwfHifBilZwj2Ul7Ce62azJBScJAgcCAAAAAK0oIBA+LX0ifsDm185Ecds2v8lw\n" \
	"gyU2kCcUmKfvBXbAf6rhRYWzuQOwEn7E/aLwIwRaLsdry0+VcallHhSu4RN6HWaE\n" \
	"QsiPlR4zxP/TP7mhfVEe7XWPxtnMUMtf15OyA51YBM4qBmOHf+MZAAAAIIaTJINn\n" \
	"+eUBXbki+PSAld2nhJh/LVmFsS+60WyvXkQ1wpsGGBsKAAAALAWCY4d/4wKbDCIh\n" \
	"BssYbE8GCaaX5NUt+mxyKwwfHifBilZwj2Ul7Ce62azJAAAAAAQBIKbpGG2dWTX8\n" \
	"j+VjFM21J0hqWlEg+bdiojWnKfA5AQpWUWtnNwDEM0g12vYxoWM8Y81W+bHBw805\n" \
	"I8kWVkXU6vFOi+HWvv/ira7ofJu16NnoUkhclkUrk0mXubZvyl4GBg==\n" \
	"-----END PGP PUBLIC KEY BLOCK-----\n"

static void
check_error(const void *data, size_t len, const char *want)
{
	struct openpgp_key	 key;

	CHECK_ERR(openpgp_read(&key, data, len), want);
	openpgp_fini(&key);
}

TEST(a_key_of_version_6_has_the_fingerprint_of_the_rfc)
{
	struct openpgp_key	 key;

	CHECK_OK(openpgp_read(&key, VERSION_6, strlen(VERSION_6)));
	CHECK_INT(key.version, 6);
	CHECK_STR(key.fingerprint, "CB186C4F0609A697E4D52DFA6C722B0C1F1E27C18A56708F6525EC27BAD9ACC9");
	CHECK_INT(key.created, 1669824483);
	CHECK_INT(key.expires, 0);
	CHECK(!key.revoked);
	CHECK_STR(key.user_id, NULL);
	openpgp_fini(&key);
}

TEST(what_is_no_public_key_is_an_error)
{
	static const char none[] = "this is no public OpenPGP key\n", damaged[] = "the OpenPGP key is damaged\n";
	static const char v3[] = "\x99\0\x05\x03....", secret[] = "\x95\0\x07\x04....\x01x";
	char		 cut[] = VERSION_6;

	check_error("", 0, none);
	check_error("hello", 5, none);
	check_error("\xc6", 1, none);
	check_error("\x99\0\x02\x04.", 5, "the OpenPGP key is cut short\n");
	check_error(v3, sizeof(v3) - 1, "an OpenPGP key of version 3 is not trusted, those of 4 and 6 are\n");
	check_error(secret, sizeof(secret) - 1, "this is a private OpenPGP key\n");
	check_error("\xc6\xe0....", 6, none);	/* in parts */
	check_error("-----BEGIN PGP PRIVATE KEY BLOCK-----\n", 38, "this is a private OpenPGP key\n");
	check_error("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n-----END PGP PUBLIC KEY BLOCK-----", 72, none);
	*strchr(cut, '+') = '*';
	check_error(cut, strlen(cut), none);
	check_error("\x99\0\x07\x04....\x01x\x99\0\x07\x04....\x01x", 20, "there is more than one OpenPGP key in it\n");
	check_error("\x99\0\x07\x04....\x01x\x88\0", 12, damaged);
}

/* Run a line of shell with GNUPGHOME set; its output without the newline at its end, the caller's. */
static char *
shell(const char *home, const char *line)
{
	struct buf	 output = { 0 }, errors = { 0 };
	char		*script = xasprintf("export GNUPGHOME=%s; set -e; %s", home, line), *text;
	int		 status = -1;

	CHECK_OK(proc_run(&(struct proc){ .argv = (const char *[]){ "sh", "-c", script, NULL }, .output = &output,
	    .errors = &errors, .timeout = 60 }, &status));
	if (!CHECK_INT(status, 0))
		fprintf(stderr, "%s\n", buf_text(&errors));
	buf_reserve(&output, 1);
	text = xstrndup(buf_text(&output), strcspn(buf_text(&output), "\n"));
	buf_fini(&errors);
	buf_fini(&output);
	free(script);
	return text;
}

/* Make a key with gpg, and see that both files of it read as gpg says. */
static void
check_gpg(const char *home, const char *name, const char *type, const char *when, const char *lasts, int64_t expires,
    const char *after)
{
	char	*line = xasprintf("gpg=\"gpg -q --batch --no-tty %s\"; $gpg --pinentry-mode loopback --passphrase '' "
		    "--quick-gen-key '%s <%s@example.org>' %s default %s 2>/dev/null; fpr=$($gpg --with-colons "
		    "--fingerprint %s@ | sed -n 's/^fpr:*\\([0-9A-F]*\\):$/\\1/p' | head -n 1); %s $gpg --export %s@ >%s/%s.bin; "
		    "$gpg --armor --export %s@ >%s/%s.asc; echo $fpr", when, name, name, type, lasts, name, after, name, home,
		    name, name, home, name);
	char	*want = shell(home, line), *user = xasprintf("%s <%s@example.org>", name, name);

	CHECK_INT(strlen(want), 40);
	for (int armored = 0; armored < 2; armored++) {
		char			*path = xasprintf("%s/%s.%s", home, name, armored ? "asc" : "bin");
		struct buf		 text = { 0 };
		struct openpgp_key	 key;

		CHECK_OK(file_read(path, 1 << 20, &text));
		if (CHECK_OK(openpgp_read(&key, buf_text(&text), text.len))) {
			CHECK_INT(key.version, 4);
			CHECK_STR(key.fingerprint, want);
			CHECK_STR(key.user_id, user);
			CHECK_INT(key.revoked, *after != '\0');
			CHECK_INT(key.expires == 0 ? 0 : key.expires - key.created, expires);
		}
		openpgp_fini(&key);
		buf_fini(&text);
		free(path);
	}
	free(user);
	free(want);
	free(line);
}

TEST(keys_of_version_4_read_as_gpg_says)
{
	char	 home[] = "/tmp/leap-gpg-XXXXXX";
	char	*text;

	if (access("/usr/bin/gpg", X_OK) != 0) {
		test_skip("gpg is not installed (gnupg)");
		return;
	}
	if (!CHECK(mkdtemp(home) != NULL))
		return;
	check_gpg(home, "ann", "ed25519", "", "never", 0, "");
	check_gpg(home, "bob", "rsa2048", "", "30d", 30 * 86400, "");
	check_gpg(home, "eve", "ed25519", "--faked-system-time 20200101T000000!", "1d", 86400, "");
	check_gpg(home, "zoe", "nistp256", "", "never", 0,
	    "sed 's/^:-/-/' \"$GNUPGHOME/openpgp-revocs.d/$fpr.rev\" | $gpg --import 2>/dev/null;");
	text = shell(home, "gpg -q --batch --pinentry-mode loopback --passphrase '' --export-secret-keys ann@ "
	    ">\"$GNUPGHOME/secret\"; gpg -q --batch --export >\"$GNUPGHOME/all\"; gpgconf --kill gpg-agent; echo done");
	CHECK_STR(text, "done");
	free(text);
	for (int i = 0; i < 2; i++) {
		char		*path = xasprintf("%s/%s", home, i == 0 ? "secret" : "all");
		struct buf	 key = { .secret = true };

		CHECK_OK(file_read(path, 1 << 20, &key));
		check_error(buf_text(&key), key.len, i == 0 ? "this is a private OpenPGP key\n" :
		    "there is more than one OpenPGP key in it\n");
		buf_fini(&key);
		free(path);
	}
	CHECK_OK(dir_remove(home));
}

int
main(void)
{
	RUN(a_key_of_version_6_has_the_fingerprint_of_the_rfc);
	RUN(what_is_no_public_key_is_an_error);
	RUN(keys_of_version_4_read_as_gpg_says);
	return test_done();
}
