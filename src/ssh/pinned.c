/* ssh: saying that a host key is not the pinned one. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/buf.h"
#include "base/err.h"
#include "base/strs.h"
#include "ssh/hostkey.h"
#include "ssh/public_key.h"
#include "ssh/pins.h"
#include "ssh/transport.h"

#include <string.h>

static struct err *
note_key(struct err *take_e, const char *what, const char *key)
{
	struct buf	 fingerprint = { 0 };

	err_free(public_key_fingerprint(&fingerprint, key));
	take_e = err_note(take_e, NULL, "%s %.*s %s", what, (int)strcspn(key, " "), key, buf_text(&fingerprint));
	buf_fini(&fingerprint);
	return take_e;
}

struct err *
ssh_not_pinned(const struct ssh *ssh, const char *key)
{
	const char	*name = ssh->target.name;
	struct strs	 pinned = { 0 };
	struct err	*e = err_new(ERR_TRUST, "the host key at %s port %u is not the pinned one",
	    ssh->target.address, ssh->target.port);

	strs_split(&pinned, ssh->target.host_key, '\n');
	for (size_t i = 0; i < pinned.count; i++)
		e = note_key(e, "pinned:", pinned.items[i]);
	strs_fini(&pinned);
	if (key != NULL)
		e = note_key(e, "there: ", key);
	if (ssh->target.pin_file != NULL)
		return err_hint(e, "somebody may be in between; if you know that the server has a new key, put that into %s",
		    ssh->target.pin_file);
	return err_hint(e, "somebody may be in between; if you know that the server has a new key, delete "
	    "files/nodes/%s/%s_ssh.pub and run: leap node init %s", name, name, name);
}

struct err *
ssh_other_key(const struct ssh *ssh, struct err *take_e)
{
	struct buf	 key = { 0 };
	struct err	*e = hostkey_fetch(&key, &ssh->target);

	if (e == NULL && !pins_have(ssh->target.host_key, key.data)) {
		err_free(take_e);
		take_e = ssh_not_pinned(ssh, key.data);
	}
	err_free(e);
	buf_fini(&key);
	return take_e;
}
