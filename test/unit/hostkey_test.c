/* test/unit: host keys as text. */
/* May know ssh, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include "base/file.h"
#include "base/proc.h"
#include "ssh/hostkey.h"
#include "ssh/public_key.h"

#include <stdlib.h>
#include <unistd.h>

#define ED25519 "AAAAC3NzaC1lZDI1NTE5AAAAIB6BpEYBt7mHqrT9jXj8Y5UkC0VzYnl7hQb0JmQxkCfV"
#define BASE64	"the key's data is no base64\n"
#define UNKNOWN	"no public key of a known type\nhint: a key is one line, \"ssh-ed25519 AAAA...\"; " \
		"ecdsa-sha2-nistp256, -384, -521 and ssh-rsa are known too\n"

static const struct {
	const char	*line, *key, *error;
} lines[] = {
	{ "ssh-ed25519 " ED25519, "ssh-ed25519 " ED25519, NULL },
	{ "ssh-ed25519 " ED25519 " root@web1\n", "ssh-ed25519 " ED25519, NULL },
	{ "  ssh-ed25519\t" ED25519 "\r\n", "ssh-ed25519 " ED25519, NULL },
	{ "web1,10.5.5.2 ssh-ed25519 " ED25519, "ssh-ed25519 " ED25519, NULL },
	{ "|1|aGFzaA==|aGFzaA== ssh-ed25519 " ED25519, "ssh-ed25519 " ED25519, NULL },
	{ "ssh-ed25519 " ED25519 "\nssh-ed25519 AAAA", "ssh-ed25519 " ED25519, NULL },
	{ "", NULL, UNKNOWN },
	{ "# ssh-ed25519 " ED25519 "\n", NULL, UNKNOWN },
	{ "web1", NULL, UNKNOWN },
	{ "web1 ssh-dss AAAAB3NzaC1kc3M=", NULL, UNKNOWN },
	{ "sk-ssh-ed25519@openssh.com AAAA", NULL, UNKNOWN },
	{ "ssh-ed25519", NULL, BASE64 },
	{ "ssh-ed25519 ", NULL, BASE64 },
	{ "ssh-ed25519 AAAA*AAA", NULL, BASE64 },
	{ "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI", NULL, BASE64 },
	{ "ssh-ed25519 AAAAC3NzaC1lZDI1NTE=", NULL, "the key's data is cut short\n" },
	{ "ssh-ed25519 ====", NULL, BASE64 },
	{ "ecdsa-sha2-nistp256 " ED25519, NULL,
	    "the key's data is not of the type \"ecdsa-sha2-nistp256\" that the line says\n" },
	{ "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAAA==", NULL, "the key's data is no ssh-ed25519 key\n" },
	{ "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5/////w==", NULL, "the key's data is no ssh-ed25519 key\n" },
	{ "ssh-rsa AAAAB3NzaC1yc2E=", NULL, "the key's data is no RSA key\n" },
	{ "ssh-rsa AAAAB3NzaC1yc2EAAAABAwAAAAEF", NULL,
	    "an RSA key of 3 bits is not trusted, 2048 to 16384 are\n" },
	{ "@revoked * ssh-ed25519 " ED25519, NULL, "markers such as \"@revoked\" are not known here\n" },
	{ "@cert-authority *.example.org ssh-ed25519 " ED25519, NULL,
	    "markers such as \"@cert-authority\" are not known here\n" },
};

TEST(a_line_is_one_key_or_an_error)
{
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct buf	 key = { 0 };
		struct err	*e = hostkey_parse(&key, lines[i].line);

		if (lines[i].error != NULL)
			CHECK_ERR(e, lines[i].error);
		else
			CHECK_OK(e);
		CHECK_STR(key.data, lines[i].key);
		buf_fini(&key);
	}
}

TEST(a_key_is_written_in_one_way_only)
{
	struct buf	 key = { 0 };
	char		 line[128];

	/* The last character before the padding has two bits that mean nothing. */
	CHECK_ERR(hostkey_parse(&key, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAAB=="), BASE64);
	snprintf(line, sizeof(line), "ssh-ed25519 %s====", ED25519);
	CHECK_ERR(hostkey_parse(&key, line), BASE64);
	buf_fini(&key);
}

TEST(an_endless_line_is_refused)
{
	struct buf	 line = { 0 }, key = { 0 };

	buf_adds(&line, "ssh-ed25519 ");
	while (line.len < 20000)
		buf_adds(&line, "AAAA");
	CHECK_ERR(hostkey_parse(&key, line.data), "the line is longer than any key, 16384 bytes\n");
	buf_fini(&line);
	buf_fini(&key);
}

TEST(a_picture_is_of_one_key)
{
	struct buf	 art = { 0 };

	CHECK_OK(hostkey_randomart(&art, "ssh-ed25519 " ED25519));
	CHECK_STR(buf_text(&art),
	    "+--[ED25519 256]--+\n"
	    "|..+  ..    ..... |\n"
	    "|.+ o.+o.  .o+ .  |\n"
	    "| ....o=.+o=. E   |\n"
	    "| .. .o +.*=+     |\n"
	    "|. . . o So+.=    |\n"
	    "|.  . . . o + o   |\n"
	    "|oo    +     .    |\n"
	    "|+..  +           |\n"
	    "| . .ooo          |\n"
	    "+----[SHA256]-----+\n");
	buf_clear(&art);
	CHECK_ERR(hostkey_randomart(&art, "ssh-ed25519"), BASE64);
	CHECK_STR(buf_text(&art), "");
	buf_fini(&art);
}

/* ssh-keygen is the judge of both functions. */
static void
check_type(const char *dir, const char *type, const char *bits, const char *refusal)
{
	static int	 made;
	char		*path = xasprintf("%s/%s-%s-%d", dir, type, bits, made++), *public = xasprintf("%s.pub", path);
	struct buf	 text = { 0 }, listed = { 0 }, key = { 0 }, fingerprint = { 0 }, art = { 0 };
	int		 status;

	CHECK_OK(proc_do("ssh-keygen", "-q", "-t", type, "-b", bits, "-N", "", "-f", path, NULL));
	CHECK_OK(file_read(public, 8192, &text));
	CHECK_OK(proc_run(&(struct proc){ .argv = (const char *[]){ "ssh-keygen", "-lv", "-f", public, NULL },
	    .output = &listed }, &status));
	if (refusal != NULL) {
		CHECK_ERR(hostkey_parse(&key, buf_text(&text)), refusal);
	} else if (CHECK_OK(hostkey_parse(&key, buf_text(&text)))) {
		CHECK(strncmp(key.data, text.data, key.len) == 0);
		CHECK_OK(public_key_fingerprint(&fingerprint, key.data));
		buf_addc(&fingerprint, ' ');
		CHECK(strstr(buf_text(&listed), fingerprint.data) != NULL);
		CHECK_OK(hostkey_randomart(&art, key.data));
		CHECK_STR(strchr(buf_text(&listed), '\n') + 1, buf_text(&art));
	}
	buf_fini(&art);
	buf_fini(&fingerprint);
	buf_fini(&key);
	buf_fini(&listed);
	buf_fini(&text);
	free(public);
	free(path);
}

TEST(keys_fingerprints_and_pictures_are_those_of_ssh_keygen)
{
	char	 dir[] = "/tmp/leap-hostkey-XXXXXX";

	if (access("/usr/bin/ssh-keygen", X_OK) != 0) {
		test_skip("ssh-keygen is not installed (openssh-client)");
		return;
	}
	if (!CHECK(mkdtemp(dir) != NULL))
		return;
	for (int i = 0; i < 8; i++)
		check_type(dir, "ed25519", "256", NULL);
	check_type(dir, "ecdsa", "256", NULL);
	check_type(dir, "ecdsa", "384", NULL);
	check_type(dir, "ecdsa", "521", NULL);
	check_type(dir, "rsa", "2048", NULL);
	check_type(dir, "rsa", "1024", "an RSA key of 1024 bits is not trusted, 2048 to 16384 are\n");
	CHECK_OK(dir_remove(dir));
}

int
main(void)
{
	RUN(a_line_is_one_key_or_an_error);
	RUN(a_key_is_written_in_one_way_only);
	RUN(an_endless_line_is_refused);
	RUN(a_picture_is_of_one_key);
	RUN(keys_fingerprints_and_pictures_are_those_of_ssh_keygen);
	return test_done();
}
