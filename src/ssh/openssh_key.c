/* ssh: private keys in OpenSSH's own format, PROTOCOL.key. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ssh/openssh_key.h"

#include "base/base64.h"
#include "base/buf.h"

#include <string.h>

#define BEGIN	OPENSSH_KEY_BEGIN
#define END	"-----END OPENSSH PRIVATE KEY-----"
#define MAGIC	"openssh-key-v1"	/* and a NUL */

/* Append what is in base64 between the lines of the armor. */
static bool
unarmor(const char *text, size_t len, struct buf *raw)
{
	struct buf	 body = { .secret = true };
	const char	*begin = memmem(text, len, BEGIN, strlen(BEGIN)), *end;
	bool		 good;

	if (begin == NULL)
		return false;
	begin += strlen(BEGIN);
	if ((end = memmem(begin, len - (size_t)(begin - text), END, strlen(END))) == NULL)
		return false;
	for (; begin < end; begin++) {
		if (strchr(" \t\r\n", *begin) == NULL)
			buf_addc(&body, *begin);
	}
	good = base64_decode(buf_text(&body), body.len, true, raw);
	buf_fini(&body);
	return good;
}

bool
openssh_key_read(struct openssh_key *out, struct buf *raw, const char *text, size_t len)
{
	struct sshwire	 from;
	uint32_t	 count;

	if (!unarmor(text, len, raw))
		return false;
	from = sshwire_of(raw);
	return sshwire_magic(&from, MAGIC, sizeof(MAGIC)) && sshwire_string(&from, &out->cipher) &&
	    sshwire_string(&from, &out->kdf) && sshwire_string(&from, &out->options) &&
	    sshwire_u32(&from, &count) && count == 1 && sshwire_string(&from, &out->public_key) &&
	    sshwire_string(&from, &out->section) && from.len == 0;
}
