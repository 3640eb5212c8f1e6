/* test/fuzz: lines of public key and known_hosts files. */
/* May know ssh, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/buf.h"
#include "base/err.h"
#include "ssh/hostkey.h"
#include "ssh/public_key.h"
#include "ssh/pins.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A file of pins is an error, or reads back as itself. */
static void
try_pins(const char *text)
{
	struct pins	 pins, again;
	struct buf	 first = { 0 }, second = { 0 };
	struct err	*e = pins_parse(&pins, text);

	if (e == NULL) {
		pins_format(&pins, &first);
		e = pins_parse(&again, buf_text(&first));
		if (e != NULL)
			abort();
		pins_format(&again, &second);
		if (strcmp(buf_text(&first), buf_text(&second)) != 0)
			abort();
		pins_fini(&again);
	}
	err_free(e);
	pins_fini(&pins);
	buf_fini(&first);
	buf_fini(&second);
}

/* Whatever the line is: an error, or a key that reads back as itself and has a fingerprint of 43 characters. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf	 key = { 0 }, again = { 0 }, fingerprint = { 0 };
	char		*line = xstrndup((const char *)data, len);
	struct err	*e = hostkey_parse(&key, line);

	if (e != NULL && key.len > 0)
		abort();
	if (e == NULL) {
		e = hostkey_parse(&again, key.data);
		if (e != NULL || strcmp(key.data, again.data) != 0)
			abort();
		e = public_key_fingerprint(&fingerprint, key.data);
		if (e != NULL || fingerprint.len != strlen("SHA256:") + 43)
			abort();
	}
	err_free(e);
	try_pins(line);
	buf_fini(&fingerprint);
	buf_fini(&again);
	buf_fini(&key);
	free(line);
	return 0;
}
