/* ssh: why a user that is let in does not become root. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/err.h"
#include "ssh/ssh.h"

#include <string.h>

/* What sudo(8) 1.9, or the shell that looks for it, says on standard error. */
static const struct refusal {
	const char	*sign, *what, *hint;	/* "%s" in the hint is the user */
} refusals[] = {
	{ "sudo: a password is required", "sudo asks for a password",
	  "let it on the node without one: echo '%s ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/leap" },
	{ "sudo: a terminal is required", "sudo asks for a password",
	  "let it on the node without one: echo '%s ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/leap" },
	{ "you must have a tty to run sudo", "sudo wants a terminal (requiretty)",
	  "let it on the node without one: echo 'Defaults:%s !requiretty' >>/etc/sudoers.d/leap" },
	{ "is not in the sudoers file", "sudo does not let it do anything",
	  "let it on the node: echo '%s ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/leap" },
	{ "is not allowed to execute", "sudo does not let it do everything",
	  "let it on the node: echo '%s ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/leap" },
	{ "sudo: not found", "there is no sudo", "install it on the node: apt-get install sudo" },
	{ "sudo: command not found", "there is no sudo", "install it on the node: apt-get install sudo" },
	{ "sudo: No such file", "there is no sudo", "install it on the node: apt-get install sudo" },
};

struct err *
ssh_not_root(const struct ssh_target *target, const char *errors)
{
	struct err	*e;

	if (strcmp(target->user, "root") == 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		const struct refusal	*refusal = &refusals[i];

		if (strstr(errors, refusal->sign) == NULL)
			continue;
		e = err_new(ERR_FAILED, "%s: %s may log in, but not become root: %s", target->name, target->user, refusal->what);
		return strstr(refusal->hint, "%s") == NULL ? err_hint(e, "%s", refusal->hint) :
		    err_hint(e, "%.*s%s%s", (int)strcspn(refusal->hint, "%"), refusal->hint, target->user,
		    strstr(refusal->hint, "%s") + 2);
	}
	return NULL;
}
