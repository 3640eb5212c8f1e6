/* test/unit: with which of a person's keys both transports log in, against a real sshd. */
/* May know ssh, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ssh_server.h"

#include "base/base64.h"
#include "base/sshwire.h"

#include <libssh2.h>

static struct server	server;

static const char *const transports[] = { "libssh2", "ssh" };

TEST(a_key_that_is_not_let_in_is_listed)
{
	struct ssh_target	 target = server.target;
	char			 key[128], want[512];

	server_keygen(&server, "stranger", "ed25519", "");
	snprintf(key, sizeof(key), "%s/stranger", server.dir);
	target.key = key;
	snprintf(want, sizeof(want), "web1: no key was accepted for root@127.0.0.1 port %u\n"
	    "  tried %s\n"
	    "hint: the node's authorized_keys must have the public part of one of these keys\n", server.port, key);
	CHECK_ERR(server_try(&target), want);
	target.transport = "ssh";
	CHECK_ERR_HAS(server_try(&target), "no key was accepted for root@127.0.0.1");
	target.key = "/nonexistent/key";
	target.transport = "libssh2";
	CHECK_ERR_HAS(server_try(&target), "hint: the Leapfile's ssh.key names the private key to log in with\n");
	target.key = "/etc/passwd";
	CHECK_ERR_HAS(server_try(&target), "web1: /etc/passwd is no SSH key\n");
}

TEST(without_any_key_it_says_how_to_get_one)
{
	char	*home = xstrdup(getenv("HOME"));

	setenv("HOME", "/nonexistent", 1);
	CHECK_ERR(server_try(&server.target), "web1: there is no key to log in with as root@127.0.0.1\n"
	    "hint: make one with ssh-keygen, load one with ssh-add, or name one as ssh.key in the Leapfile\n");
	setenv("HOME", home, 1);
	free(home);
}

TEST(keys_of_each_type_let_in)
{
	static const struct {
		const char	*name, *type, *transport;
	} keys[] = {
		{ "k_ed25519", "ed25519", "libssh2" },
		{ "k_ecdsa", "ecdsa", "libssh2" },
		{ "k_ed25519", "ed25519", "ssh" },
		{ "k_ecdsa", "ecdsa", "ssh" },
		{ "k_rsa", "rsa", "ssh" },
		{ "k_rsa", "rsa", "auto" },
	};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct ssh_target	 target = server.target;
		char			 key[128];

		snprintf(key, sizeof(key), "%s/%s", server.dir, keys[i].name);
		if (access(key, F_OK) != 0)
			server_keygen(&server, keys[i].name, keys[i].type, "");
		server_allow(&server, keys[i].name);
		target.key = key;
		target.transport = keys[i].transport;
		CHECK_OK(server_try(&target));
	}
	server_allow(&server, "home/.ssh/id_ed25519");
}

/* With "auto", an RSA key among the defaults is tried by the system's ssh when libssh2's keys do not help. */
TEST(auto_goes_on_to_keys_that_only_ssh_can_use)
{
	struct ssh_target	 target = server.target;
	char			 from[128], to[128];

	snprintf(from, sizeof(from), "%s/k_rsa", server.dir);
	snprintf(to, sizeof(to), "%s/home/.ssh/id_rsa", server.dir);
	CHECK(rename(from, to) == 0);
	server_allow(&server, "k_rsa");
	target.transport = "auto";
	CHECK_OK(server_try(&target));
	unlink(to);
	server_allow(&server, "home/.ssh/id_ed25519");
}

/* A file such as ssh-keygen -t ed25519-sk makes (OpenSSH's PROTOCOL.key), for a device that is nowhere. */
static void
write_held_key(const char *name)
{
	static const char	 type[] = "sk-ssh-ed25519@openssh.com";
	struct buf		 blob = { 0 }, raw = { 0 }, text = { 0 };

	sshwire_add_text(&blob, type);
	sshwire_add_string(&blob, "0123456789abcdef0123456789abcdef", 32);
	sshwire_add_text(&blob, "ssh:");
	buf_add(&raw, "openssh-key-v1", sizeof("openssh-key-v1"));
	sshwire_add_text(&raw, "none");
	sshwire_add_text(&raw, "none");
	sshwire_add_text(&raw, "");
	sshwire_add_u32(&raw, 1);
	sshwire_add_string(&raw, blob.data, blob.len);
	sshwire_add_string(&raw, "12345678", 8);	/* the private half, which only ssh looks at */
	base64_encode(raw.data, raw.len, true, &text);
	server_write(&server, name, "-----BEGIN OPENSSH PRIVATE KEY-----\n%s\n-----END OPENSSH PRIVATE KEY-----\n",
	    text.data);
	buf_fini(&text);
	buf_fini(&raw);
	buf_fini(&blob);
}

/* Without the device nobody is let in; what counts is who tries. */
TEST(a_key_held_by_a_security_key_is_for_the_systems_ssh)
{
	struct ssh_target	 target = server.target;
	char			 key[128], want[256];
	struct err		*e;

	write_held_key("held");
	snprintf(key, sizeof(key), "%s/held", server.dir);
	target.key = key;
	snprintf(want, sizeof(want), "web1: libssh2 %s can use none of the keys for root@127.0.0.1\n"
	    "hint: set ssh.transport to \"auto\" or \"ssh\" in the Leapfile\n", libssh2_version(0));
	CHECK_ERR(server_try(&target), want);
	target.transport = "auto";
	e = server_try(&target);
	CHECK_INT(e == NULL ? 0 : err_code(e), ERR_TRUST);
	snprintf(want, sizeof(want), "web1: no key was accepted for root@127.0.0.1 port %u by the system's ssh: ", server.port);
	CHECK_ERR_HAS(e, want);
	/* Beside a key of another kind, that one is tried first. */
	write_held_key("home/.ssh/id_ed25519_sk");
	target.key = NULL;
	CHECK_OK(server_try(&target));
	snprintf(key, sizeof(key), "%s/home/.ssh/id_ed25519_sk", server.dir);
	unlink(key);
}

TEST(the_agent_signs_for_keys_with_a_passphrase)
{
	struct ssh_target	 target = server.target;
	struct buf		 said = { 0 };
	char			 key[128], socket[128], want[512];
	int			 status;

	server_keygen(&server, "locked", "ed25519", "secret phrase");
	server_allow(&server, "locked");
	snprintf(key, sizeof(key), "%s/locked", server.dir);
	target.key = key;
	snprintf(want, sizeof(want), "web1: no key was accepted for root@127.0.0.1 port %u\n"
	    "  not tried: %s is locked or not in the agent\n"
	    "hint: a key with a passphrase must be in the agent: ssh-add FILE\n", server.port, key);
	CHECK_ERR(server_try(&target), want);

	snprintf(socket, sizeof(socket), "%s/agent", server.dir);
	CHECK_OK(proc_run(&(struct proc){ .argv = (const char *[]){ "ssh-agent", "-a", socket, NULL }, .output = &said },
	    &status));
	setenv("SSH_AUTH_SOCK", socket, 1);
	server_write(&server, "askpass", "#!/bin/sh\necho secret phrase\n");
	snprintf(want, sizeof(want), "%s/askpass", server.dir);
	chmod(want, 0700);
	setenv("SSH_ASKPASS", want, 1);
	setenv("SSH_ASKPASS_REQUIRE", "force", 1);
	CHECK_OK(proc_do("ssh-add", "-q", key, NULL));
	for (size_t i = 0; i < ARRAY_LEN(transports); i++) {
		target.transport = transports[i];
		target.key = key;
		CHECK_OK(server_try(&target));
		target.key = NULL;
		CHECK_OK(server_try(&target));
	}
	kill(atoi(strstr(buf_text(&said), "SSH_AGENT_PID=") + strlen("SSH_AGENT_PID=")), SIGTERM);
	unsetenv("SSH_AUTH_SOCK");
	buf_fini(&said);
	server_allow(&server, "home/.ssh/id_ed25519");
}

TEST(a_server_that_has_enough_of_our_keys_says_so)
{
	char		 other[128];
	struct err	*e;

	server_end(&server);
	server.options = "MaxAuthTries 1";
	server_config(&server);
	server_run(&server);
	server_keygen(&server, "home/.ssh/id_ecdsa", "ecdsa", "");
	server_allow(&server, "home/.ssh/id_ecdsa");
	e = server_try(&server.target);
	CHECK_INT(e == NULL ? 0 : err_code(e), ERR_TRUST);
	CHECK_ERR_HAS(e, "refused to go on after 1 keys for root\nhint: sshd may allow fewer tries (MaxAuthTries)");
	snprintf(other, sizeof(other), "%s/home/.ssh/id_ecdsa", server.dir);
	unlink(other);
	server_allow(&server, "home/.ssh/id_ed25519");
	server_end(&server);
	server.options = NULL;
	server_config(&server);
	server_run(&server);
}

int
main(void)
{
	server_begin(&server);
	RUN_ON_SERVER(a_key_that_is_not_let_in_is_listed);
	RUN_ON_SERVER(without_any_key_it_says_how_to_get_one);
	RUN_ON_SERVER(keys_of_each_type_let_in);
	RUN_ON_SERVER(auto_goes_on_to_keys_that_only_ssh_can_use);
	RUN_ON_SERVER(a_key_held_by_a_security_key_is_for_the_systems_ssh);
	RUN_ON_SERVER(the_agent_signs_for_keys_with_a_passphrase);
	RUN_ON_SERVER(a_server_that_has_enough_of_our_keys_says_so);
	return server_done(&server);
}
