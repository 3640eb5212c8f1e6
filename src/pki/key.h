/* pki: the types of key that certificates are for. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PKI_KEY_H
#define PKI_KEY_H

#include "base/mem.h"

#include <stdbool.h>

struct buf;

enum key_type { KEY_ECDSA_P256, KEY_RSA_3072 };

/* "ecdsa-p256", "rsa-3072". */
bool		 key_type_parse(enum key_type *out, const char *name);
const char	*key_type_name(enum key_type type);

/* A new private key as PEM, PKCS #8. */
NODISCARD
struct err	*key_create(struct buf *key_pem, enum key_type type);

/* Diffie-Hellman parameters for old programs: the group ffdhe3072 (RFC 7919, appendix A.2), which needs no search. */
NODISCARD
struct err	*dh_parameters(struct buf *pem);

#endif
