/* test/fuzz: saved plans, which a stranger may have written or changed. */
/* May know cmd, config, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/err.h"
#include "base/json.h"
#include "base/sha256.h"
#include "cmd/plan_file.h"
#include "config/config.h"

#include <stdint.h>
#include <stdlib.h>

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is accepted has a node at least, and of each all that a deploy takes from it. */
static void
check_accepted(json_t *plan)
{
	json_t		*nodes = json_object_get(plan, "nodes"), *node, *failed;
	const char	*name;
	size_t		 i;

	if (json_object_size(nodes) == 0 || json_str(plan, "commit") == NULL)
		abort();
	json_object_foreach(nodes, name, node) {
		struct err	*e = node_name_check(name);

		if (e != NULL || !sha256_valid(json_str(node, "state")) || !sha256_valid(json_str(node, "manifest")))
			abort();
	}
	json_array_foreach(json_object_get(plan, "failed"), i, failed)
		if (!json_is_string(failed))
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	json_t		*plan = NULL;
	struct err	*e = plan_parse(&plan, "the.plan", (const char *)data, len);

	if ((e == NULL) != (plan != NULL))
		abort();
	if (plan != NULL)
		check_accepted(plan);
	json_decref(plan);
	err_free(e);
	return 0;
}
