/* schema: the formats of texts. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SCHEMA_FORMAT_H
#define SCHEMA_FORMAT_H

#include <jansson.h>
#include <stdbool.h>

struct format;

/* NULL: leap has not heard of it.  Those it cannot check are annotations. */
const struct format *format_find(const char *name);

/* Whether the value is as the format says; true for values that it is not about, and where it is an annotation. */
bool		 format_good(const struct format *format, const json_t *value);

/* "must be an IPv4 address" */
const char	*format_message(const struct format *format);

#endif
