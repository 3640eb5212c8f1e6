/* fuzz: signatures by SSH keys, with and without their armor, and the list that is signed. */
/* May know age, vault, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "age/sshsig.h"
#include "vault/sums.h"

#include "base/base64.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char begin[] = "-----BEGIN SSH SIGNATURE-----\n", end[] = "-----END SSH SIGNATURE-----\n";
static const char text[] = "what is signed\n";

/* What verifies has a key, and is of this text alone. */
static void
verify(const void *signature, size_t len)
{
	struct buf	 key = { 0 };
	struct err	*e = sshsig_verify(&key, "leap-test", signature, len, text, sizeof(text) - 1), *other;

	if ((e == NULL) != (key.len > 0))
		abort();
	if (e == NULL) {
		if ((other = sshsig_verify(&key, "leap-test", signature, len, text, sizeof(text) - 2)) == NULL)
			abort();
		err_free(other);
	}
	err_free(e);
	buf_fini(&key);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf	 armored = { 0 }, body = { 0 }, list = { 0 };
	json_t		*sums = NULL;
	struct err	*e;

	json_setup();
	verify(data, size);
	base64_encode(data, size, true, &body);
	buf_adds(&armored, begin);
	for (size_t at = 0; at < body.len; at += 70)
		buf_addf(&armored, "%.70s\n", body.data + at);
	buf_adds(&armored, end);
	verify(armored.data, armored.len);
	/* There is one way to write a list. */
	e = sums_parse(&sums, "list", (const char *)data, size);
	if (e == NULL) {
		sums_write(sums, &list);
		if (list.len != size || memcmp(buf_text(&list), data, size) != 0)
			abort();
	}
	err_free(e);
	json_decref(sums);
	buf_fini(&armored);
	buf_fini(&body);
	buf_fini(&list);
	return 0;
}
