/* ssh: the words of the system's ssh program, by which it trusts what is pinned and nothing else. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/buf.h"
#include "base/strs.h"
#include "ssh/keys.h"
#include "ssh/pins.h"
#include "ssh/transport.h"

#include <stdlib.h>
#include <string.h>

#define CERTIFICATES "ssh-ed25519-cert-v01@openssh.com,ecdsa-sha2-nistp256-cert-v01@openssh.com," \
	"ecdsa-sha2-nistp384-cert-v01@openssh.com,ecdsa-sha2-nistp521-cert-v01@openssh.com," \
	"rsa-sha2-512-cert-v01@openssh.com,rsa-sha2-256-cert-v01@openssh.com"

/*
 * What is trusted, without a file that somebody has to remove (ssh_config(5), OpenSSH 8.5).  Arguments in double quotes
 * are one word to ssh, which takes "%%" for "%"; printf(1) writes each of them as a line.
 */
static void
add_known_hosts(struct strs *options, const struct ssh_target *target, const char *ca)
{
	struct strs	 keys = { 0 };
	struct buf	 command = { 0 };

	strs_split(&keys, target->host_key, '\n');
	if (keys.count == 1 && ca == NULL) {
		buf_addf(&command, "/bin/echo %s %s", target->name, keys.items[0]);
	} else {
		buf_adds(&command, "/usr/bin/printf \"%%s\\n\"");
		for (size_t i = 0; i < keys.count; i++)
			buf_addf(&command, " \"%s %s\"", target->name, keys.items[i]);
		if (ca != NULL)
			buf_addf(&command, " \"@cert-authority %s %s\"", target->name, ca);
	}
	strs_addf(options, "KnownHostsCommand=%s", buf_text(&command));
	buf_fini(&command);
	strs_fini(&keys);
}

void
ssh_pinned(struct strs *options, const struct ssh_target *target, const char *ca)
{
	static const char *const always[] = {
		"StrictHostKeyChecking=yes", "UserKnownHostsFile=/dev/null", "GlobalKnownHostsFile=/dev/null",
		"CheckHostIP=no", "UpdateHostKeys=no", "VerifyHostKeyDNS=no", "NoHostAuthenticationForLocalhost=no",
	};
	struct buf	 algorithms = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(always); i++)
		strs_add(options, always[i]);
	add_known_hosts(options, target, ca);
	strs_addf(options, "HostKeyAlias=%s", target->name);
	if (ca != NULL)
		buf_adds(&algorithms, CERTIFICATES ",");
	pins_algorithms(target->host_key, &algorithms);
	strs_addf(options, "HostKeyAlgorithms=%s", buf_text(&algorithms));
	buf_fini(&algorithms);
}

/* In quotes of a shell's. */
static void
add_word(struct buf *out, const char *word)
{
	buf_addc(out, '\'');
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			buf_adds(out, "'\\''");
		else
			buf_addc(out, *word);
	}
	buf_addc(out, '\'');
}

/* Who runs ssh: leap itself, a person at a terminal, or a program that leap writes the words for, on any machine. */
enum use { BATCH, INTERACTIVE, WRITTEN };

static void	add_arguments(struct strs *, const struct ssh_target *, enum use, const char *);

/*
 * ssh's own -J would check the jump host's key against the user's known_hosts; so it is a command for the user's
 * shell, in which "%" begins a token (ssh_config(5), ProxyCommand).
 */
static void
add_jump(struct strs *to, const struct ssh_target *target, enum use use)
{
	struct strs	 argv = { 0 };
	struct buf	 line = { 0 }, command = { 0 };
	char		*forward = xasprintf(strchr(target->address, ':') == NULL ? "%s:%u" : "[%s]:%u", target->address,
	    target->port);

	add_arguments(&argv, target->jump, use, forward);
	for (size_t i = 0; i < argv.count; i++) {
		if (i > 0)
			buf_addc(&line, ' ');
		add_word(&line, argv.items[i]);
	}
	for (size_t i = 0; i < line.len; i++) {
		if (line.data[i] == '%')
			buf_addc(&command, '%');
		buf_addc(&command, line.data[i]);
	}
	strs_addf(to, "-oProxyCommand=%s", command.data);
	buf_fini(&command);
	buf_fini(&line);
	strs_fini(&argv);
	free(forward);
}

unsigned
ssh_jumps(const struct ssh_target *target)
{
	unsigned	 count = 0;

	while ((target = target->jump) != NULL)
		count++;
	return count;
}

/* How long to wait for what, and what a person at a terminal may want but leap does not. */
static void
add_manners(struct strs *argv, const struct ssh_target *target, enum use use, const char *forward)
{
	static const char *const batch[] = {
		"BatchMode=yes", "RequestTTY=no", "EscapeChar=none", "ForwardAgent=no", "ForwardX11=no",
		"PermitLocalCommand=no", "RemoteCommand=none", "PreferredAuthentications=publickey",
	};

	for (size_t i = 0; use == BATCH && i < ARRAY_LEN(batch); i++)
		strs_addf(argv, "-o%s", batch[i]);
	/* The jump host's login is not the one that counts: see openssh.c. */
	if (use == BATCH)
		strs_addf(argv, "-oLogLevel=%s", forward == NULL ? "VERBOSE" : "INFO");
	if (use == BATCH && forward == NULL)
		strs_add(argv, "-oClearAllForwardings=yes");
	/* Before the server's first word each jump host connects and logs in. */
	strs_addf(argv, "-oConnectTimeout=%u", target->timeout * (1 + 2 * ssh_jumps(target)));
	strs_addf(argv, "-oServerAliveInterval=%u", (target->timeout + 2) / 3);
	strs_add(argv, "-oServerAliveCountMax=3");
}

static void
add_keys(struct strs *argv, const struct ssh_target *target, enum use use)
{
	struct strs	 files = { 0 };

	if (target->key != NULL) {
		strs_add(argv, "-oIdentitiesOnly=yes");
		strs_addf(argv, "-i%s", target->key);
	} else if (use != WRITTEN) {
		ssh_key_files(&files);	/* ssh itself looks in the password file's home, not in $HOME */
		for (size_t i = 0; i < files.count; i++)
			strs_addf(argv, "-i%s", files.items[i]);
		strs_fini(&files);
	}
}

/* With `forward`, "address:port", standard input and output lead there, through the target. */
static void
add_arguments(struct strs *argv, const struct ssh_target *target, enum use use, const char *forward)
{
	struct strs	 pinned = { 0 };

	strs_add(argv, "ssh");
	ssh_pinned(&pinned, target, NULL);
	for (size_t i = 0; i < pinned.count; i++)
		strs_addf(argv, "-o%s", pinned.items[i]);
	strs_fini(&pinned);
	strs_add(argv, "-oControlMaster=no");	/* another's connection would not be checked */
	strs_add(argv, "-oControlPath=none");
	if (forward != NULL)
		strs_addf(argv, "-W%s", forward);
	if (target->jump != NULL)
		add_jump(argv, target, use);
	if (use != WRITTEN)
		add_manners(argv, target, use, forward);
	add_keys(argv, target, use);
	strs_addf(argv, "-p%u", target->port);
	strs_addf(argv, "-l%s", target->user);
	strs_add(argv, "--");
	strs_add(argv, target->address);
}

void
ssh_arguments(struct strs *argv, const struct ssh_target *target, bool interactive)
{
	add_arguments(argv, target, interactive ? INTERACTIVE : BATCH, NULL);
}

void
ssh_jump_option(struct strs *options, const struct ssh_target *target)
{
	struct strs	 words = { 0 };

	if (target->jump != NULL)
		add_jump(&words, target, WRITTEN);
	for (size_t i = 0; i < words.count; i++)
		strs_add(options, words.items[i] + strlen("-o"));
	strs_fini(&words);
}
