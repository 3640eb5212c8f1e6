/* test/unit: the macros about keys of hosts and services, and the platform's about certificate authorities. */
/* May know config, pki, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "macro.h"

#include "base/json.h"
#include "base/strs.h"
#include "pki/ssh_ca.h"

#include <time.h>

#define KEY_A	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
#define KEY_B	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4g"
#define KEY_C	"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBGsX0fLhLEJH+Lzm5WOkQPJ3A32BLesz"	\
    "oPShOUXYmMKWT+NC4v4af5uO5+tKfA+eFivOM1drMV7Oy7ZAaDe/UfU="

TEST(known_hosts_has_the_pinned_nodes_of_the_environment)
{
	static const char	 web1[] = "web1,web1.example.org,web1.example.i " KEY_A "\\n";
	static const char	 db1[] = "[db1]:2222,[db1.example.org]:2222,[192.0.2.1]:2222 " KEY_B "\\n"
	    "[db1]:2222,[db1.example.org]:2222,[192.0.2.1]:2222 " KEY_A "\\n";
	struct instance		 instance;
	char			*want;

	fill_nodes(&instance);
	put_macro(&instance, "", "= known_hosts()");
	CHECK_STR(value_of(&instance, "web1", "x"), "\"\"");
	put(&instance, "nodes/db1.json", "{ \"ip_address\": \"192.0.2.1\", \"ssh\": { \"port\": 2222 },\n"
	    "  \"domain\": { \"internal\": \"= domain.full\" }, \"x\": \"= known_hosts()\" }");
	put(&instance, "nodes/none1.json", "{}");
	put(&instance, "nodes/broken1.json", "{}");
	put(&instance, "nodes/off1.json", "{ \"enabled\": false }");
	put(&instance, "nodes/wrong1.json", "{ \"ssh\": { \"port\": \"x\" } }");
	put(&instance, "nodes/live1.json", "{ \"environment\": \"live\", \"x\": \"= known_hosts()\" }");
	put(&instance, "files/nodes/web1/web1_ssh.pub", KEY_A " root@web1\n");
	put(&instance, "files/nodes/db1/db1_ssh.pub", "# two\n" KEY_B "\n" KEY_A " /etc/ssh/leap_host_ed25519_key_2\n");
	put(&instance, "files/nodes/broken1/broken1_ssh.pub", KEY_A "\nbroken\n");
	put(&instance, "files/nodes/off1/off1_ssh.pub", KEY_A "\n");
	put(&instance, "files/nodes/wrong1/wrong1_ssh.pub", KEY_A "\n");
	put(&instance, "files/nodes/live1/live1_ssh.pub", KEY_C "\n");
	want = xasprintf("\"%s%s\"", db1, web1);
	put_macro(&instance, "", "= known_hosts()");
	CHECK_STR(value_of(&instance, "web1", "x"), want);
	CHECK_STR(value_of(&instance, "db1", "x"), want);
	CHECK_STR(value_of(&instance, "live1", "x"), "\"live1,live1.example.org,live1.example.i " KEY_C "\\n\"");
	free(want);
	/* What counts for all hosts; comments in these files are nobody's affair. */
	put(&instance, "files/ca/ssh_ca.pub", "# ours\n" KEY_A " the CA\n\nssh\n" KEY_C "\n");
	put(&instance, "files/ca/ssh_revoked.pub", KEY_B " stolen\n");
	want = xasprintf("\"@cert-authority * " KEY_A "\\n@cert-authority * " KEY_C "\\n@revoked * " KEY_B "\\n%s%s\"", db1, web1);
	put_macro(&instance, "", "= known_hosts()");
	CHECK_STR(value_of(&instance, "web1", "x"), want);
	free(want);
	instance_fini(&instance);
}

TEST(host_pins_has_a_nodes_own_keys_with_their_certificates)
{
	struct strs		 names = { 0 };
	struct ssh_cert_request	 request = { .key = KEY_B, .id = "web1", .names = &names, .days = 30 };
	struct buf		 ca = { .secret = true }, public = { 0 }, cert = { 0 }, file = { 0 };
	struct instance		 instance;
	char			*want;

	fill_nodes(&instance);
	put_macro(&instance, "", "= host_pins()");
	CHECK_STR(value_of(&instance, "web1", "x"), "[]");
	put(&instance, "files/nodes/web1/web1_ssh.pub", KEY_A "\n" KEY_B " /etc/ssh/leap_host_ed25519_key_2\n");
	put_macro(&instance, "", "= host_pins()");
	CHECK_STR(value_of(&instance, "web1", "x"),
	    "[{\"key\":\"" KEY_A "\"},{\"key\":\"" KEY_B "\",\"path\":\"/etc/ssh/leap_host_ed25519_key_2\"}]");
	strs_add(&names, "web1");
	CHECK_OK(ssh_ca_create(&ca, &public));
	CHECK_OK(ssh_cert_issue(&cert, &request, &ca, time(NULL)));
	buf_addf(&file, "broken\n%s\n", buf_text(&cert));
	put(&instance, "files/nodes/web1/web1_ssh-cert.pub", buf_text(&file));
	put_macro(&instance, "", "= {host_pins()[1], host_pins()[2]}");
	want = xasprintf("[{\"key\":\"" KEY_A "\"},{\"cert\":\"%s\",\"key\":\"" KEY_B "\",\"path\":"
	    "\"/etc/ssh/leap_host_ed25519_key_2\"}]", buf_text(&cert));
	CHECK_STR(value_of(&instance, "web1", "x"), want);
	free(want);
	/* Of a broken file there is none: check says so. */
	put(&instance, "files/nodes/web1/web1_ssh.pub", KEY_A "\nbroken\n");
	put_macro(&instance, "", "= host_pins()");
	CHECK_STR(value_of(&instance, "web1", "x"), "[]");
	buf_fini(&ca);
	buf_fini(&public);
	buf_fini(&cert);
	buf_fini(&file);
	strs_fini(&names);
	instance_fini(&instance);
}

TEST(keys_of_hosts_are_for_nodes)
{
	static const char *const macros[] = { "known_hosts()", "host_pins()" };
	static const char *const wants[] = { "known_hosts: the provider is not a node\n",
	    "host_pins: the provider is not a node, and has no keys\n" };
	struct instance	 instance;
	json_t		*value;

	for (size_t i = 0; i < ARRAY_LEN(macros); i++) {
		char *file = xasprintf("{ \"x\": \"= %s\" }", macros[i]);

		fill_nodes(&instance);
		put(&instance, "provider.json", file);
		put_macro(&instance, "", "= provider.x");
		CHECK_ERR_HAS(node_get(node_of(&instance, "web1"), "x", &value), wants[i]);
		instance_fini(&instance);
		free(file);
	}
}

static const struct service_row {
	const char	*macro, *public, *private;
} services[] = {
	{ "= dkim_record()", "files/nodes/web1/web1_dkim.txt", "files/nodes/web1/web1_dkim.key" },
	{ "= dkim_record('rsa')", "files/nodes/web1/web1_dkim.txt", "files/nodes/web1/web1_dkim.key" },
	{ "= dkim_record('ed25519')", "files/nodes/web1/web1_dkim_ed25519.txt", "files/nodes/web1/web1_dkim_ed25519.key" },
	{ "= onion_address()", "files/nodes/web1/web1_onion.txt", "files/nodes/web1/web1_onion.key" },
	{ "= wireguard_public()", "files/nodes/web1/web1_wireguard.pub", "files/nodes/web1/web1_wireguard.key" },
};

/* A pair of which one half is gone is no reason to make another; `file` has the private one. */
static void
check_halves(struct instance *instance, const struct service_row *row, const char *file)
{
	json_t	*value;
	char	*wants[] = {
		xasprintf("the private key of %s is gone: there is no %s\n", row->public, file),
		xasprintf("%s is gone, but its private key is there: %s\n", row->public, file),
	};

	for (size_t i = 0; i < ARRAY_LEN(wants); i++) {
		gone(instance, i == 0 ? file : row->public);
		if (i == 1)
			put(instance, file, "");
		put_macro(instance, "", row->macro);
		CHECK_ERR_HAS(node_get(node_of(instance, "web1"), "x", &value), wants[i]);
		CHECK_ERR_HAS(node_get(node_of(instance, "web1"), "x", &value),
		    "hint: git has what is missing; to have another key, remove both\n");
		free(wants[i]);
	}
}

TEST(a_key_of_a_service_is_made_when_it_is_asked_for)
{
	static const struct macro_row errors[] = {
		{ "= dkim_record('dsa')", "bad argument #1 to 'dkim_record' (invalid option 'dsa')\n" },
	};
	struct instance	 instance;
	struct strs	 to_make = { 0 };
	struct buf	 text = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(services); i++) {
		const struct service_row	*row = &services[i];
		char				*want, *first;

		fill_nodes(&instance);
		/* Where nothing may be written, there is a text in its place, and what will be made is told once. */
		instance.repo.read_only = true;
		instance.repo.to_make = &to_make;
		for (int again = 0; again <= 1; again++) {
			want = xasprintf("\"%s, which the next deploy makes\"", row->public);
			put_macro(&instance, "", row->macro);
			CHECK_STR(value_of(&instance, "web1", "x"), want);
			free(want);
		}
		if (CHECK_INT(to_make.count, 1))
			CHECK_STR(to_make.items[0], row->private);
		strs_fini(&to_make);
		to_make = (struct strs){ 0 };
		instance.repo.read_only = false;
		put_macro(&instance, "", row->macro);
		first = xstrdup(value_of(&instance, "web1", "x"));
		CHECK(strlen(first) > 40 && strstr(first, "\\n") == NULL);
		want = xasprintf("%s.age", row->private);
		CHECK(repo_has(&instance.repo, want));
		buf_clear(&text);
		CHECK_OK(repo_read(&instance.repo, row->public, &text));
		CHECK(str_ends(buf_text(&text), "\n"));
		put_macro(&instance, "", row->macro);
		CHECK_STR(value_of(&instance, "web1", "x"), first);
		/* The public half is what its file's first line says. */
		put(&instance, row->public, "known\nmore\n");
		put_macro(&instance, "", row->macro);
		CHECK_STR(value_of(&instance, "web1", "x"), "\"known\"");
		check_macro_errors(&instance, "", errors, ARRAY_LEN(errors));
		check_halves(&instance, row, want);
		free(want);
		free(first);
		instance_fini(&instance);
	}
	buf_fini(&text);
}

/* While one is replaced there are two, which are trusted both; the one that signs comes first. */
TEST(certificate_authorities)
{
	static const struct macro_row alone[] = {
		{ "= ca_bundle 'ca'", "\"a crt\\n\"" },
		{ "= ca_bundle 'client_ca'", "\"c crt\\n\"" },
		{ "= ca_crls 'ca'", "\"a crl\\n\"" },
		{ "= ca_each('ca', 'crt')", "{\"\":\"a crt\\n\"}" },
	};
	static const struct macro_row replaced[] = {
		{ "= ca_bundle 'ca'", "\"a crt\\nnext crt\\nold crt\\n\"" },
		{ "= ca_bundle 'client_ca'", "\"c crt\\n\"" },
		{ "= ca_crls 'ca'", "\"a crl\\nnext crl\\nold crl\\n\"" },
		{ "= ca_each('ca', 'crt')", "{\"\":\"a crt\\n\",\"-next\":\"next crt\\n\",\"-old\":\"old crt\\n\"}" },
	};
	struct instance	 instance;
	json_t		*value;

	fill_nodes(&instance);
	put_platform(&instance, "platform/macros/x509.lua");
	put(&instance, "files/ca/ca.crt", "a crt\n");
	put(&instance, "files/ca/ca.crl", "a crl\n");
	put(&instance, "files/ca/client_ca.crt", "c crt\n");
	check_macros(&instance, "", alone, ARRAY_LEN(alone));
	put(&instance, "files/ca/ca-next.crt", "next crt\n");
	put(&instance, "files/ca/ca-next.crl", "next crl\n");
	put(&instance, "files/ca/ca-old.crt", "old crt\n");
	put(&instance, "files/ca/ca-old.crl", "old crl\n");
	check_macros(&instance, "", replaced, ARRAY_LEN(replaced));
	put_macro(&instance, "", "= ca_bundle 'other_ca'");
	CHECK_ERR_HAS(node_get(node_of(&instance, "web1"), "x", &value), "there is no file \"ca/other_ca.crt\"\n");
	instance_fini(&instance);
}

int
main(void)
{
	json_setup();
	RUN(known_hosts_has_the_pinned_nodes_of_the_environment);
	RUN(host_pins_has_a_nodes_own_keys_with_their_certificates);
	RUN(keys_of_hosts_are_for_nodes);
	RUN(a_key_of_a_service_is_made_when_it_is_asked_for);
	RUN(certificate_authorities);
	return test_done();
}
