/* vault: which lines of a private key are secret. */
/* Knows nothing of leap.  Inner header of the room. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VAULT_PRIVATE_KEY_H
#define VAULT_PRIVATE_KEY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Register the secret lines of a private key in PEM (RFC 7468: PKCS #8, and what is in that) with mask_register().  Lines
 * with nothing but headers and the public half are left out: certificates have the same bytes, and where the lines
 * happen to break alike, what is public would be hidden.  False, and nothing is done, when the text is not one such key.
 */
bool		 private_key_hide(const char *text, size_t len);

#endif
