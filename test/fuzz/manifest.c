/* test/fuzz: manifests and requests, as a stranger could send them to a node. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/err.h"
#include "base/json.h"
#include "wire/manifest.h"
#include "wire/request.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is accepted has a name for everything, and the same name twice. */
static void
check_accepted(const struct manifest *manifest)
{
	char	 one[SHA256_HEX_SIZE], two[SHA256_HEX_SIZE];
	json_t	*resource;
	size_t	 i;

	json_array_foreach(json_object_get(manifest->root, "resources"), i, resource) {
		char	*id = resource_id(resource);

		if (id == NULL)
			abort();
		free(id);
	}
	manifest_hash(manifest, one);
	manifest_hash(manifest, two);
	if (!sha256_valid(one) || memcmp(one, two, sizeof(one)) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct manifest	 manifest;
	struct request	 request;
	struct err	*e;

	e = manifest_parse(&manifest, (const char *)data, len);
	if (e == NULL)
		check_accepted(&manifest);
	manifest_fini(&manifest);
	err_free(e);
	err_free(request_parse(&request, (const char *)data, len));
	request_fini(&request);
	return 0;
}
