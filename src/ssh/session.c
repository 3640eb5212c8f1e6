/* ssh: one libssh2 session: key exchange and host key. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ssh/session.h"

#include "base/base64.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/strs.h"
#include "ssh/hostkey.h"
#include "ssh/jump.h"
#include "ssh/pins.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * curve25519 is the cheapest exchange, and AES-GCM the fastest cipher on any CPU of today;
 * libssh2 drops from each list what it does not know.
 */
#define KEX	"curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384," \
		"ecdh-sha2-nistp521,diffie-hellman-group16-sha512,diffie-hellman-group14-sha256"
#define CIPHERS	"aes128-gcm@openssh.com,aes256-gcm@openssh.com,aes128-ctr,aes256-ctr,aes192-ctr," \
		"chacha20-poly1305@openssh.com"
#define MACS	"hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256,hmac-sha2-512"
#define HOST_KEYS "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521," \
		"rsa-sha2-512,rsa-sha2-256"

#define CLOSE_SECONDS	1		/* after which libssh2's state is rather lost than waited for */
#define RECEIVE_MAX	(4u << 20)	/* bytes that libssh2 receives in one go */
#define BANNER_LINE_MAX	1024		/* RFC 4253 allows 255 for the line that counts */
#define BANNER_LINES_MAX (16u << 10)
#define LINE_QUOTED	64		/* bytes, with a NUL */
#define SILENT	"accepted the connection and then stayed silent for"

void
session_step(const struct ssh *ssh, struct session *session, const char *step)
{
	session->step = step;
	session->until = clock_now() + ssh->target.timeout;
	session_refill(session);
}

void
session_refill(struct session *session)
{
	session->budget = RECEIVE_MAX;
}

/*
 * What libssh2 receives with.  It would go on as long as bytes come, so a peer that floods us with packets that
 * mean nothing could hold a thread for ever: each now and then it has to believe that there are no more.
 */
static ssize_t
receive(libssh2_socket_t fd, void *data, size_t len, int flags, void **context)
{
	struct session	*session = *context;
	ssize_t		 got;

	if (fd == session->fd && session->closing)
		return 0;
	if (fd == session->fd && session->early.len > 0) {
		got = (ssize_t)(len < session->early.len ? len : session->early.len);
		memcpy(data, session->early.data, (size_t)got);
		buf_drop(&session->early, (size_t)got);
		return got;
	}
	if (fd == session->fd && session->budget == 0)
		return -EAGAIN;
	if (fd != session->fd)		/* the agent */
		got = recv(fd, data, len, flags);
	else
		got = recv(fd, data, len < session->budget ? len : session->budget, flags);
	if (got < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	if (fd == session->fd)
		session->budget -= (size_t)got;
	return got;
}

/* libssh2 has one and the same error for a server that says goodbye and for a connection that breaks. */
static
LIBSSH2_DISCONNECT_FUNC(dismiss)
{
	struct session	*mine = *abstract;

	(void)session;
	(void)reason;
	(void)message;
	(void)message_len;
	(void)language;
	(void)language_len;
	mine->dismissed = true;
}

short
session_events(const struct session *session)
{
	int	 wants = libssh2_session_block_directions(session->libssh2);

	if (wants == 0)
		return POLLIN;
	return (short)((wants & LIBSSH2_SESSION_BLOCK_INBOUND ? POLLIN : 0) |
	    (wants & LIBSSH2_SESSION_BLOCK_OUTBOUND ? POLLOUT : 0));
}

bool
session_stuck(const struct session *session)
{
	return (libssh2_session_block_directions(session->libssh2) & LIBSSH2_SESSION_BLOCK_OUTBOUND) != 0;
}

struct err *
session_wait(const struct ssh *ssh, struct session *session)
{
	struct pollfd	 fds[2] = { { .fd = session->fd, .events = session_events(session) } };
	struct err	*e;
	double		 left;

	session_refill(session);
	do {
		left = session->until - clock_now();
		if (left <= 0)
			return err_new(ERR_FAILED, "%s port %u %s %u s", ssh->target.address, ssh->target.port,
			    session->step, ssh->target.timeout);
		e = ssh_poll(ssh, fds, 1, left, NULL);
		if (e != NULL)
			return e;
	} while (fds[0].revents == 0);
	return NULL;
}

struct err *
session_error(const struct ssh *ssh, const struct session *session, const char *doing)
{
	char	*text = NULL, byte;
	int	 code = libssh2_session_last_error(session->libssh2, &text, NULL, 0);

	/* libssh2 has other words for a peer that hangs up in the wrong moment; the socket knows. */
	if (code == LIBSSH2_ERROR_SOCKET_DISCONNECT || code == LIBSSH2_ERROR_SOCKET_RECV ||
	    code == LIBSSH2_ERROR_SOCKET_SEND || recv(session->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
		return err_new(ERR_FAILED, "%s port %u closed the connection during %s", ssh->target.address,
		    ssh->target.port, doing);
	return err_new(ERR_FAILED, "%s with %s port %u failed: %s", doing, ssh->target.address, ssh->target.port,
	    text == NULL || text[0] == '\0' ? "libssh2 does not say why" : text);
}

/* The host key that the server proved to have, as "type base64". */
static struct err *
server_key(struct buf *key, const struct session *session)
{
	struct buf	 line = { 0 }, data = { 0 };
	size_t		 len = 0;
	int		 type;
	const char	*blob = libssh2_session_hostkey(session->libssh2, &len, &type);
	struct err	*e;

	static const char *const names[] = {
		[LIBSSH2_HOSTKEY_TYPE_RSA] = "ssh-rsa",
		[LIBSSH2_HOSTKEY_TYPE_ECDSA_256] = "ecdsa-sha2-nistp256",
		[LIBSSH2_HOSTKEY_TYPE_ECDSA_384] = "ecdsa-sha2-nistp384",
		[LIBSSH2_HOSTKEY_TYPE_ECDSA_521] = "ecdsa-sha2-nistp521",
		[LIBSSH2_HOSTKEY_TYPE_ED25519] = "ssh-ed25519",
	};

	if (blob == NULL || type < 0 || (size_t)type >= ARRAY_LEN(names) || names[type] == NULL)
		return err_new(ERR_TRUST, "the host key is of a type that is not known");
	base64_encode(blob, len, true, &data);
	buf_addf(&line, "%s %s", names[type], data.data);
	e = hostkey_parse(key, line.data);
	buf_fini(&line);
	buf_fini(&data);
	return e;
}

/*
 * Prefer the methods of `wanted`, in that order; false when libssh2 knows none of them.  It must not be given a
 * name that it does not know: 1.10 strips such with memcpy() of overlapping memory.
 */
static bool
prefer(struct session *session, int method, const char *wanted)
{
	struct strs	  names = { 0 }, both = { 0 };
	struct buf	  list = { 0 };
	const char	**known = NULL;
	int		  count = libssh2_session_supported_algs(session->libssh2, method, &known);
	bool		  good;

	strs_split(&names, wanted, ',');
	for (size_t i = 0; i < names.count; i++)
		for (int k = 0; k < count; k++)
			if (strcmp(names.items[i], known[k]) == 0)
				strs_add(&both, known[k]);
	strs_join(&both, ",", &list);
	good = both.count > 0 && libssh2_session_method_pref(session->libssh2, method, list.data) == 0;
	libssh2_free(session->libssh2, known);
	buf_fini(&list);
	strs_fini(&both);
	strs_fini(&names);
	return good;
}

static struct err *
methods_set(const struct ssh *ssh, struct session *session, bool pinned, bool *unsuited)
{
	struct buf	 host_keys = { 0 }, first = { 0 };
	char		*line = pinned ? xstrndup(ssh->target.host_key, strcspn(ssh->target.host_key, "\n")) : NULL;
	bool		 good;

	if (pinned) {
		pins_algorithms(line, &first);
		pins_algorithms(ssh->target.host_key, &host_keys);
	} else
		buf_adds(&host_keys, HOST_KEYS);
	prefer(session, LIBSSH2_METHOD_KEX, KEX);
	prefer(session, LIBSSH2_METHOD_CRYPT_CS, CIPHERS);
	prefer(session, LIBSSH2_METHOD_CRYPT_SC, CIPHERS);
	prefer(session, LIBSSH2_METHOD_MAC_CS, MACS);
	prefer(session, LIBSSH2_METHOD_MAC_SC, MACS);
	/* The first of the pinned keys is the one that the server surely has: libssh2 must know its type. */
	good = (first.len == 0 || prefer(session, LIBSSH2_METHOD_HOSTKEY, buf_text(&first))) &&
	    prefer(session, LIBSSH2_METHOD_HOSTKEY, buf_text(&host_keys));
	buf_fini(&host_keys);
	buf_fini(&first);
	free(line);
	if (good)
		return NULL;
	*unsuited = true;
	return err_hint(err_new(ERR_FAILED, "libssh2 %s cannot check host keys of the pinned type",
	    libssh2_version(0)), "set ssh.transport to \"auto\" or \"ssh\" in the Leapfile");
}

static struct err *
no_ssh(const struct ssh *ssh, const char *what)
{
	return err_new(ERR_FAILED, "%s port %u %s", ssh->target.address, ssh->target.port, what);
}

/*
 * sshd closes at once on an address that it penalizes, and when too many log in; since OpenSSH 9.8 it says so before, in
 * a line that is no banner.
 */
static struct err *
turned_away(const struct ssh *ssh, const char *said)
{
	struct err	*e = no_ssh(ssh, "closed the connection before it said that it is an SSH server");

	if (*said != '\0')
		e = err_note(e, NULL, "it said: %s", said);
	return err_hint(e, "sshd turns away for a while whoever failed to log in (PerSourcePenalties), and some when too many do "
	    "at once (MaxStartups): its log tells");
}

/* The beginning of the server's last line, as it may be shown. */
static void
keep_line(char *out, size_t size, const char *line, size_t len)
{
	size_t	 i = 0;

	for (; i < len && i < size - 1 && line[i] != '\r' && line[i] != '\n'; i++)
		out[i] = line[i] >= ' ' && line[i] <= '~' ? line[i] : '?';
	out[i] = '\0';
}

/* How much of the text is to be thrown away: a whole line that is not the server's name for itself. */
static size_t
foreign_line(const char *text, size_t len)
{
	const char	*newline = memchr(text, '\n', len);

	return newline == NULL || strncmp(text, "SSH-", 4) == 0 ? 0 : (size_t)(newline - text) + 1;
}

/*
 * Wait for "SSH-...", before which a server may send other lines (RFC 4253, 4.2).  libssh2 would do that, but
 * without any limit on how many and how long they are.
 */
static struct err *
banner_wait(const struct ssh *ssh, struct session *session)
{
	struct buf	*early = &session->early;
	char		 text[BANNER_LINE_MAX], said[LINE_QUOTED] = "";
	size_t		 dropped = 0, foreign;
	ssize_t		 got;
	struct err	*e;

	for (;;) {
		e = session_wait(ssh, session);
		if (e != NULL)
			return e;
		got = recv(session->fd, text, sizeof(text), MSG_DONTWAIT);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (got <= 0)
			return turned_away(ssh, said);
		buf_add(early, text, (size_t)got);
		while ((foreign = foreign_line(early->data, early->len)) > 0) {
			keep_line(said, sizeof(said), early->data, foreign);
			buf_drop(early, foreign);
			dropped += foreign;
		}
		if (early->len >= 4 && memcmp(early->data, "SSH-", 4) == 0)
			return NULL;
		if (dropped > BANNER_LINES_MAX || early->len >= BANNER_LINE_MAX)
			return no_ssh(ssh, "sends something else than an SSH server does");
	}
}

static struct err *
handshake(struct ssh *ssh, struct session *session, bool pinned)
{
	struct err	*e = NULL;
	int		 code;

	session_step(ssh, session, SILENT);
	e = banner_wait(ssh, session);
	if (e != NULL)
		return e;
	while ((code = libssh2_session_handshake(session->libssh2, session->fd)) == LIBSSH2_ERROR_EAGAIN) {
		if (libssh2_session_banner_get(session->libssh2) != NULL)
			session->step = "did not finish the key exchange in";
		e = session_wait(ssh, session);
		if (e != NULL)
			return e;
	}
	if (code == 0)
		return NULL;
	if (code == LIBSSH2_ERROR_BANNER_RECV || libssh2_session_banner_get(session->libssh2) == NULL)
		return turned_away(ssh, "");
	e = session_error(ssh, session, "the key exchange");
	if (!pinned)
		return e;
	/* Perhaps the server has no more key of the pinned type; the user must hear which one it has now. */
	return ssh_other_key(ssh, e);
}

static struct err *
host_key_check(const struct ssh *ssh, const struct session *session)
{
	struct buf	 key = { 0 };
	struct err	*e = server_key(&key, session);

	if (e == NULL && !pins_have(ssh->target.host_key, buf_text(&key)))
		e = ssh_not_pinned(ssh, buf_text(&key));
	buf_fini(&key);
	return e;
}

/* Look for keys first: without one for libssh2 it need not connect. */
static struct err *
keys_find(const struct ssh *ssh, struct session *session, bool *unsuited)
{
	struct err	*e = identities_find(&session->keys, session->libssh2, ssh->target.key);

	if (e != NULL || identities_have(&session->keys, IDENTITY_LIBSSH2) ||
	    !identities_have(&session->keys, IDENTITY_SSH))
		return e;
	*unsuited = true;
	return err_hint(err_new(ERR_TRUST, "libssh2 %s can use none of the keys for %s@%s", libssh2_version(0),
	    ssh->target.user, ssh->target.address), "set ssh.transport to \"auto\" or \"ssh\" in the Leapfile");
}

struct err *
session_open(struct session **out, struct ssh *ssh, bool pinned, bool *unsuited)
{
	struct session	*session = xcalloc(1, sizeof(*session));
	double		 begin = clock_now();
	struct err	*e;

	session->fd = -1;
	session->libssh2 = libssh2_session_init_ex(NULL, NULL, NULL, session);
	if (session->libssh2 == NULL)
		abort();	/* out of memory */
#if LIBSSH2_VERSION_NUM >= 0x010b01
	libssh2_session_callback_set2(session->libssh2, LIBSSH2_CALLBACK_RECV, (libssh2_cb_generic *)receive);
	libssh2_session_callback_set2(session->libssh2, LIBSSH2_CALLBACK_DISCONNECT, (libssh2_cb_generic *)dismiss);
#else
	libssh2_session_callback_set(session->libssh2, LIBSSH2_CALLBACK_RECV, (void *)receive);
	libssh2_session_callback_set(session->libssh2, LIBSSH2_CALLBACK_DISCONNECT, (void *)dismiss);
#endif
	libssh2_session_set_blocking(session->libssh2, 0);
	e = methods_set(ssh, session, pinned, unsuited);
	if (e == NULL && pinned)
		e = keys_find(ssh, session, unsuited);
	if (e == NULL && ssh->target.jump != NULL)
		e = jump_open(&session->jump, &session->fd, ssh, unsuited);
	else if (e == NULL)
		e = tcp_connect(&session->fd, ssh);
	ssh->stats.connect = clock_now() - begin;
	if (e == NULL)
		e = handshake(ssh, session, pinned);
	if (e == NULL && pinned)
		e = host_key_check(ssh, session);
	ssh->stats.key_exchange = clock_now() - begin - ssh->stats.connect;
	if (e == NULL)
		*out = session;
	else
		session_close(session);
	return e;
}

void
session_close(struct session *session)
{
	double	 until = clock_now() + CLOSE_SECONDS;

	if (session == NULL)
		return;
	identities_fini(&session->keys);
	if (session->unfinished == UNFINISHED_NONE && session->fd >= 0)
		libssh2_session_disconnect(session->libssh2, "done");	/* a courtesy; nobody waits for it */
	/* With the socket shut and nothing more received, libssh2 frees its state without waiting for anybody. */
	session->closing = true;
	if (session->fd >= 0)
		shutdown(session->fd, SHUT_RDWR);
	if (session->channel != NULL)
		while (libssh2_channel_free(session->channel) == LIBSSH2_ERROR_EAGAIN && clock_now() < until)
			continue;
	while (libssh2_session_free(session->libssh2) == LIBSSH2_ERROR_EAGAIN && clock_now() < until)
		continue;
	if (session->fd >= 0)
		close(session->fd);
	jump_close(session->jump);
	buf_fini(&session->early);
	free(session);
}

struct err *
hostkey_fetch(struct buf *key, const struct ssh_target *target)
{
	struct ssh	 ssh = { 0 };
	struct session	*session = NULL;
	bool		 unsuited = false;
	struct err	*e;

	ssh_target_copy(&ssh.target, target);
	e = session_open(&session, &ssh, false, &unsuited);
	if (e == NULL)
		e = server_key(key, session);
	session_close(session);
	ssh_target_fini(&ssh.target);
	return e;
}
