/* ssh: logging in through libssh2. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/clock.h"
#include "base/err.h"
#include "base/strs.h"
#include "ssh/session.h"

#include <string.h>
#include <sys/socket.h>

/* Offer one key and, if the server wants it, sign.  Returns what libssh2 says. */
static struct err *
offer(const struct ssh *ssh, struct session *session, const struct identity *identity, int *code)
{
	const char	*user = ssh->target.user;
	struct err	*e;

	session_step(ssh, session, "did not finish the login in");
	for (;;) {
		double	 begin = clock_now();

		*code = identity->agent_key != NULL ?
		    libssh2_agent_userauth(session->keys.agent, user, identity->agent_key) :
		    libssh2_userauth_publickey_fromfile_ex(session->libssh2, user, (unsigned)strlen(user), NULL,
		    identity->path, "");
		if (*code != LIBSSH2_ERROR_EAGAIN)
			return NULL;
		if (identity->agent_key != NULL)	/* it may ask its user; that is not the server's time */
			session->until += clock_now() - begin;
		e = session_wait(ssh, session);
		if (e != NULL)
			return e;
	}
}

/* libssh2 calls a connection that ends while it waits for an answer an unverified key; the socket knows better. */
static bool
is_lost(const struct session *session, int code)
{
	char	 byte;

	return code == LIBSSH2_ERROR_SOCKET_DISCONNECT || code == LIBSSH2_ERROR_SOCKET_RECV ||
	    code == LIBSSH2_ERROR_SOCKET_SEND || code == LIBSSH2_ERROR_SOCKET_TIMEOUT ||
	    (code != 0 && (session->dismissed || recv(session->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0));
}

/* The connection ended in the middle of the login. */
static struct err *
lost(const struct ssh *ssh, const struct session *session, const struct strs *tried)
{
	if (!session->dismissed)
		return err_new(ERR_FAILED, "%s port %u closed the connection during the login", ssh->target.address,
		    ssh->target.port);
	return err_hint(err_new(ERR_TRUST, "%s port %u refused to go on after %zu keys for %s", ssh->target.address,
	    ssh->target.port, tried->count, ssh->target.user), "sshd may allow fewer tries (MaxAuthTries); name the "
	    "right key as ssh.key in the Leapfile");
}

/* Why nobody was let in, with all keys that were there. */
static struct err *
refused(const struct ssh *ssh, const struct session *session, const struct strs *tried, bool *unsuited)
{
	const struct identities	*keys = &session->keys;
	struct err		*e;

	*unsuited = identities_have(keys, IDENTITY_SSH);
	if (keys->count == 0)
		return err_hint(err_new(ERR_TRUST, "there is no key to log in with as %s@%s", ssh->target.user,
		    ssh->target.address), "make one with ssh-keygen, load one with ssh-add, or name one as ssh.key in "
		    "the Leapfile");
	e = err_new(ERR_TRUST, "no key was accepted for %s@%s port %u", ssh->target.user, ssh->target.address,
	    ssh->target.port);
	for (size_t i = 0; i < tried->count; i++)
		e = err_note(e, NULL, "tried %s", tried->items[i]);
	for (size_t i = 0; i < keys->count; i++) {
		if (keys->items[i].use == IDENTITY_LOCKED)
			e = err_note(e, NULL, "not tried: %s is locked or not in the agent", keys->items[i].path);
		else if (keys->items[i].use == IDENTITY_SSH)
			e = err_note(e, NULL, "not tried: %s needs ssh.transport \"ssh\"", keys->items[i].label);
	}
	if (identities_have(keys, IDENTITY_LOCKED))
		return err_hint(e, "a key with a passphrase must be in the agent: ssh-add FILE");
	return err_hint(e, "the node's authorized_keys must have the public part of one of these keys");
}

struct err *
session_login(struct ssh *ssh, struct session *session, bool *unsuited)
{
	struct strs	 tried = { 0 };
	double		 begin = clock_now();
	struct err	*e = NULL;
	int		 code = LIBSSH2_ERROR_AUTHENTICATION_FAILED;

	for (size_t i = 0; e == NULL && code != 0 && i < session->keys.count; i++) {
		const struct identity	*identity = &session->keys.items[i];

		if (identity->use != IDENTITY_LIBSSH2)
			continue;
		e = offer(ssh, session, identity, &code);
		strs_add(&tried, identity->label);
		if (e == NULL && is_lost(session, code))
			e = lost(ssh, session, &tried);
	}
	if (e == NULL && code != 0)
		e = refused(ssh, session, &tried, unsuited);
	strs_fini(&tried);
	ssh->stats.auth = clock_now() - begin;
	return e;
}
