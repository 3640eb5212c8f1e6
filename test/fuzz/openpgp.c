/* test/fuzz: public keys of OpenPGP. */
/* May know pki, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/err.h"
#include "pki/openpgp.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Whatever it is: an error, or a key with a fingerprint of its version. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct openpgp_key	 key;
	struct err		*e = openpgp_read(&key, data, len);

	if (e == NULL && strlen(key.fingerprint) != (key.version == 4 ? 40 : 64))
		abort();
	if (e == NULL && strspn(key.fingerprint, "0123456789ABCDEF") != strlen(key.fingerprint))
		abort();
	err_free(e);
	openpgp_fini(&key);
	return 0;
}
