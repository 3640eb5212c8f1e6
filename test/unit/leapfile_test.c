/* test/unit: the Leapfile. */
/* May know repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include "base/mem.h"
#include "repo/repo.h"

#include <stdlib.h>

NODISCARD
static struct err *
parse(struct leapfile *out, const char *text)
{
	return leapfile_parse(out, "Leapfile", text, strlen(text));
}

static void
check_defaults(const char *text)
{
	struct leapfile leapfile = { 0 };

	if (!CHECK_OK(parse(&leapfile, text)))
		return;
	CHECK_STR(leapfile.platform, NULL);
	CHECK_STR(leapfile.environment, NULL);
	CHECK_STR(leapfile.ssh_user, "root");
	CHECK_STR(leapfile.ssh_key, NULL);
	CHECK_STR(leapfile.ssh_transport, "auto");
	CHECK_INT(leapfile.ssh_timeout, 10);
	CHECK_INT(leapfile.ssh_parallel, 32);
	CHECK_STR(leapfile.local_network, "10.5.5.0/24");
	CHECK_STR(leapfile.local_release, "trixie");
	CHECK_STR(leapfile.local_mirror, "http://deb.debian.org/debian");
	leapfile_fini(&leapfile);
}

TEST(silence_gives_the_defaults)
{
	static const char *const texts[] = {
		"", "\n", "# only a comment\n", "---\n", "---\n...\n", "{}\n", "~\n", "null\n", "%YAML 1.1\n---\n",
		"\xef\xbb\xbf# a byte order mark\n", "platform:\n", "environment: ~\nssh:\nlocal: {}\n",
		"ssh: # nothing\n  # user: admin\n", "ssh:\n  key: null\n  timeout:\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		check_defaults(texts[i]);
}

TEST(every_setting_is_read)
{
	struct leapfile leapfile = { 0 };

	if (!CHECK_OK(parse(&leapfile,
	    "# ours\n"
	    "platform: '../the platform'\n"
	    "environment: production\n"
	    "ssh: { user: admin, key: ~/.ssh/id_ed25519, transport: libssh2 }\n"
	    "local:\n"
	    "  network: 10.77.0.0/16\n"
	    "  release: \"bookworm\"\n"
	    "  mirror: https://mirror.example.org:8080/debian\n")))
		return;
	CHECK_STR(leapfile.platform, "../the platform");
	CHECK_STR(leapfile.environment, "production");
	CHECK_STR(leapfile.ssh_user, "admin");
	CHECK_STR(leapfile.ssh_key, "~/.ssh/id_ed25519");
	CHECK_STR(leapfile.ssh_transport, "libssh2");
	CHECK_STR(leapfile.local_network, "10.77.0.0/16");
	CHECK_STR(leapfile.local_release, "bookworm");
	CHECK_STR(leapfile.local_mirror, "https://mirror.example.org:8080/debian");
	leapfile_fini(&leapfile);
	if (!CHECK_OK(parse(&leapfile, "ssh:\n  timeout: 3600\n  parallel: 1\n")))
		return;
	CHECK_INT(leapfile.ssh_timeout, 3600);
	CHECK_INT(leapfile.ssh_parallel, 1);
	leapfile_fini(&leapfile);
}

TEST(mistakes_have_a_place_and_a_hint)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "platfrom: x\n",
		  "Leapfile:1:1: unknown key \"platfrom\"\n    platfrom: x\n    ^\nhint: did you mean \"platform\"?\n" },
		{ "ssh:\n  usr: x\n",
		  "Leapfile:2:3: unknown key \"usr\" in \"ssh\"\n      usr: x\n      ^\nhint: did you mean \"user\"?\n" },
		{ "timeout: 5\n",
		  "Leapfile:1:1: unknown key \"timeout\"\n    timeout: 5\n    ^\n"
		  "hint: it belongs below \"ssh:\", indented\n" },
		{ "ssh:\n  platform: x\n",
		  "Leapfile:2:3: unknown key \"platform\" in \"ssh\"\n      platform: x\n      ^\n"
		  "hint: it belongs at the top, not indented\n" },
		{ "colour: {a: [1, {b: 2}]}\n",
		  "Leapfile:1:1: unknown key \"colour\"\n    colour: {a: [1, {b: 2}]}\n    ^\n"
		  "hint: known are: platform, environment, ssh, local\n" },
		{ "platform: a\nplatform: b\n",
		  "Leapfile:2:1: \"platform\" is there twice\n    platform: b\n    ^\n" },
		{ "ssh: root\n",
		  "Leapfile:1:6: \"ssh\" must be a mapping, not one value\n    ssh: root\n         ^\n" },
		{ "ssh: [a, b]\n",
		  "Leapfile:1:6: \"ssh\" must be a mapping, not a list\n    ssh: [a, b]\n         ^\n" },
		{ "platform: {a: b}\n",
		  "Leapfile:1:11: \"platform\" must be one value, not a mapping\n    platform: {a: b}\n              ^\n" },
		{ "platform: ''\n",
		  "Leapfile:1:11: platform must be a directory\n    platform: ''\n              ^\n" },
		{ "environment: Live!\n",
		  "Leapfile:1:14: environment must be a name of letters a-z, digits and hyphens\n"
		  "    environment: Live!\n                 ^\n" },
		{ "ssh:\n  transport: telnet\n",
		  "Leapfile:2:14: ssh.transport must be auto, libssh2 or ssh\n"
		  "      transport: telnet\n                 ^\n" },
		{ "ssh: {user: -oProxyCommand=id}\n",
		  "Leapfile:1:13: ssh.user must be a login name\n    ssh: {user: -oProxyCommand=id}\n                ^\n" },
		{ "[a]: b\n", "Leapfile:1:1: a key must be one word, not a list\n    [a]: b\n    ^\n" },
		{ "- a\n- b\n",
		  "Leapfile:1:1: a Leapfile must be a mapping, not a list\n    - a\n    ^\n"
		  "hint: a Leapfile has lines such as \"platform: ../platform\"; see Leapfile(5)\n" },
		{ "words\n",
		  "Leapfile:1:1: a Leapfile must be a mapping, not one value\n    words\n    ^\n"
		  "hint: a Leapfile has lines such as \"platform: ../platform\"; see Leapfile(5)\n" },
		{ "platform: a\n---\nplatform: b\n",
		  "Leapfile:2:1: a second document\n    ---\n    ^\n"
		  "hint: a Leapfile is one document; remove this \"---\"\n" },
		{ "a: &x [1]\nb: [*x, *x]\n",
		  "Leapfile:1:1: unknown key \"a\"\n    a: &x [1]\n    ^\n"
		  "hint: known are: platform, environment, ssh, local\n"
		  "Leapfile:1:4: anchors and aliases are not allowed\n    a: &x [1]\n       ^\n"
		  "hint: write the value out; put it in quotes if it begins with & or *\n" },
		{ "platform: *x\n",
		  "Leapfile:1:11: anchors and aliases are not allowed\n    platform: *x\n              ^\n"
		  "hint: write the value out; put it in quotes if it begins with & or *\n" },
		{ "platform: !!str x\n",
		  "Leapfile:1:11: tags are not allowed\n    platform: !!str x\n              ^\n"
		  "hint: put the value in quotes if it begins with !\n" },
		{ "platform: \"a\\0b\"\n",
		  "Leapfile:1:11: platform must be a directory\n    platform: \"a\\0b\"\n              ^\n" },
		{ "{\"\xc3\xa4\xc3\xa4\": 1, usr: 2}\n",
		  "Leapfile:1:2: unknown key \"\xc3\xa4\xc3\xa4\"\n    {\"\xc3\xa4\xc3\xa4\": 1, usr: 2}\n     ^\n"
		  "hint: known are: platform, environment, ssh, local\n"
		  "Leapfile:1:13: unknown key \"usr\"\n    {\"\xc3\xa4\xc3\xa4\": 1, usr: 2}\n              ^\n"
		  "hint: known are: platform, environment, ssh, local\n" },
	};
	struct leapfile leapfile;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_ERR(parse(&leapfile, rows[i].text), rows[i].want);
}

TEST(numbers_and_networks_outside_their_range_are_refused)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "ssh: {key: ''}", "ssh.key must be a private key's file\n" },
		{ "ssh: {timeout: 0}", "ssh.timeout must be a number of seconds from 1 to 3600\n" },
		{ "ssh: {timeout: 3601}", "ssh.timeout must be a number of seconds from 1 to 3600\n" },
		{ "ssh: {timeout: -1}", "ssh.timeout must be a number of seconds from 1 to 3600\n" },
		{ "ssh: {timeout: 1.5}", "ssh.timeout must be a number of seconds from 1 to 3600\n" },
		{ "ssh: {timeout: 10s}", "ssh.timeout must be a number of seconds from 1 to 3600\n" },
		{ "ssh: {timeout: ''}", "ssh.timeout must be a number of seconds from 1 to 3600\n" },
		{ "ssh: {timeout: 99999999999999999999}", "ssh.timeout must be a number of seconds from 1 to 3600\n" },
		{ "ssh: {parallel: 4294967297}", "ssh.parallel must be a number of nodes from 1 to 1000\n" },
		{ "local: {network: 10.5.5.0}", "local.network must be an IPv4 network from /16 to /29 such as" },
		{ "local: {network: 10.5.5.1/24}", "local.network must be an IPv4 network from /16 to /29 such as" },
		{ "local: {network: 10.5.5.0/30}", "local.network must be an IPv4 network from /16 to /29 such as" },
		{ "local: {network: 10.0.0.0/8}", "local.network must be an IPv4 network from /16 to /29 such as" },
		{ "local: {network: 10.5.5.256/24}", "local.network must be an IPv4 network from /16 to /29 such as" },
		{ "local: {network: '10.5.5.0/24 '}", "local.network must be an IPv4 network from /16 to /29 such as" },
		{ "local: {network: 'fd00::/64'}", "local.network must be an IPv4 network from /16 to /29 such as" },
		{ "local: {release: ../../etc}", "local.release must be a code name of Debian such as trixie\n" },
		{ "local: {mirror: ftp://x}", "local.mirror must be an http or https URL\n" },
		{ "local: {mirror: 'http://x/$(id)'}", "local.mirror must be an http or https URL\n" },
	};
	struct leapfile leapfile;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_ERR_HAS(parse(&leapfile, rows[i].text), rows[i].want);
}

TEST(all_mistakes_are_reported_at_once)
{
	struct leapfile	 leapfile;
	struct err	*e = parse(&leapfile, "platfrom: x\nssh:\n  timeout: never\n  usr: [a]\nlocal: [1]\n");

	CHECK_INT(err_count(e), 4);
	err_free(e);
}

TEST(what_is_not_yaml_has_a_place)
{
	struct leapfile leapfile;

	CHECK_ERR_HAS(parse(&leapfile, "platform: a\n\tssh: b\n"), "Leapfile:2:1: not valid YAML: ");
	CHECK_ERR_HAS(parse(&leapfile, "ssh: {user: root\n"), "Leapfile:2:1: not valid YAML: ");
	CHECK_ERR_HAS(parse(&leapfile, "platform: a\nssh: \"x\n"), ": not valid YAML: ");
	CHECK_ERR_HAS(parse(&leapfile, "platform: a\n# \xff\n"), "Leapfile:2:1: not valid YAML: ");
}

TEST(a_huge_file_is_refused_unread)
{
	struct leapfile	 leapfile;
	size_t		 len = (64u << 10) + 1;
	char		*text = xmalloc(len);

	memset(text, '[', len);
	CHECK_ERR(leapfile_parse(&leapfile, "Leapfile", text, len), "Leapfile: larger than 64 KiB\n");
	free(text);
}

TEST(deep_nesting_ends_soon)
{
	struct leapfile	 leapfile;
	size_t		 len = 60u << 10;
	char		*text = xmalloc(len + 1);

	memset(text, '[', len);
	memcpy(text, "a: ", 3);
	text[len] = '\0';
	CHECK_ERR_HAS(parse(&leapfile, text), "Leapfile:");
	free(text);
}

int
main(void)
{
	RUN(silence_gives_the_defaults);
	RUN(every_setting_is_read);
	RUN(mistakes_have_a_place_and_a_hint);
	RUN(numbers_and_networks_outside_their_range_are_refused);
	RUN(all_mistakes_are_reported_at_once);
	RUN(what_is_not_yaml_has_a_place);
	RUN(a_huge_file_is_refused_unread);
	RUN(deep_nesting_ends_soon);
	return test_done();
}
