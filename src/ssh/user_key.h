/* ssh: the public SSH keys of users, the lines of users/NAME/NAME_ssh.pub. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SSH_USER_KEY_H
#define SSH_USER_KEY_H

#include "base/err.h"

struct buf;

/*
 * Append the keys of a file's text, one line each, "type base64[ comment]", cleaned of what does not print; blank
 * lines and comments are left out.  Types are all of public_key_parse().  Options before a key (sshd(8)) would be
 * obeyed on every node, so they are refused.  Errors have `code` and the line in `from`; no key at all is one.
 */
NODISCARD
struct err	*user_keys_read(struct buf *out, const char *text, const char *from, enum err_code code);
#endif
