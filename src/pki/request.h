/* pki: what is handed to others: signing requests and PKCS #12 files. */
/* May know base.  Reads no file and nothing that comes from a network. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PKI_REQUEST_H
#define PKI_REQUEST_H

#include "base/mem.h"

struct buf;
struct strs;

/*
 * A request (PKCS #10, RFC 2986) that another CA sign for this key: all names as subject alternative names, the first
 * that is not too long as common name; `organization` may be NULL.  Wildcards are fine.
 */
NODISCARD
struct err	*csr_make(struct buf *csr_pem, const struct buf *key_pem, const struct strs *dns_names,
		    const char *organization);

/*
 * A PKCS #12 file (RFC 7292) with a key, its certificate and those that it takes to trust it, PEM one after the other,
 * encrypted with AES-256 by a password.  `out` and `password` must be secret buffers.
 */
NODISCARD
struct err	*pkcs12_make(struct buf *out, const char *name, const struct buf *key_pem, const struct buf *cert_pem,
		    const struct buf *cas_pem, const struct buf *password);

/* Append a password for it that nobody could guess: 100 bits as letters and digits; `out` must be a secret buffer. */
NODISCARD
struct err	*password_make(struct buf *out);

#endif
