/* test/fuzz: the Leapfile, which comes with an instance that somebody else may have written. */
/* May know repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/buf.h"
#include "base/err.h"
#include "repo/repo.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Whatever the text is: an error that can be shown, or settings that are all set and in their range. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct leapfile	 leapfile;
	struct buf	 text = { 0 };
	struct err	*e;

	e = leapfile_parse(&leapfile, "Leapfile", (const char *)data, len);
	if (e != NULL) {
		err_format(e, &text);
		if (text.len == 0 || err_code(e) != ERR_CONFIG)
			abort();
		err_free(e);
		buf_fini(&text);
		return 0;
	}
	if (*leapfile.ssh_user == '-' || *leapfile.ssh_user == '\0' || leapfile.ssh_timeout < 1 ||
	    leapfile.ssh_timeout > 3600 || leapfile.ssh_parallel < 1 || leapfile.ssh_parallel > 1000 ||
	    strchr(leapfile.local_network, '/') == NULL || strpbrk(leapfile.local_release, "./") != NULL)
		abort();
	leapfile_fini(&leapfile);
	return 0;
}
