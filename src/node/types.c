/* node: the table of resource types. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/types.h"

#include "node/run.h"

#include <string.h>

static const struct type *const types[] = {
	&type_package,
	&type_group,
	&type_user,
	&type_directory,
	&type_file,
	&type_link,
	&type_unit,
	&type_sysctl,
	&type_firewall,
	&type_exec,
};

const struct type *
type_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (strcmp(types[i]->name, name) == 0)
			return types[i];
	return NULL;
}
