/* fuzz: whatever is about to be committed, which may be a private key. */
/* May know repo. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "repo/private.h"

#include <stdint.h>
#include <stdlib.h>

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	(void)has_private_key((const char *)data, size);
	return 0;
}
