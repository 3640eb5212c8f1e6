/* test/fuzz: SSH host certificates. */
/* May know pki, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/buf.h"
#include "base/err.h"
#include "pki/ssh_ca.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Whatever the line is: an error, or a certificate that is good for what it says, and for nothing else. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char		*line = xstrndup((const char *)data, len), *why;
	struct ssh_cert	 cert;
	struct err	*e = ssh_cert_read(&cert, line);

	if (e == NULL) {
		const struct ssh_cert_request request = { .key = cert.key, .id = cert.id, .names = &cert.names, .days = 1 };

		if (cert.names.count == 0 || cert.key == NULL || cert.ca == NULL)
			abort();
		why = ssh_cert_stale(line, &request, cert.ca, 0, 0);
		if (why != NULL && strcmp(why, "has expired") != 0)
			abort();
		free(why);
		why = ssh_cert_stale(line, &request, cert.key, 0, 0);
		if (why == NULL && strcmp(cert.key, cert.ca) != 0)
			abort();
		free(why);
	}
	err_free(e);
	ssh_cert_fini(&cert);
	free(line);
	return 0;
}
