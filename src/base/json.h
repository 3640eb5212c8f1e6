/* base: JSON values, beyond what jansson gives. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/mem.h"

#include <jansson.h>
#include <stdbool.h>

struct buf;
struct strs;

/* Make jansson abort on out of memory as everything else does.  Call first in main(). */
void		 json_setup(void);

/* Canonical form: sorted keys, no white space, UTF-8.  Equal values give equal bytes. */
void		 json_canonical(const json_t *value, struct buf *out);

/* Indented by four spaces, sorted keys, a newline at the end: for files that people edit. */
void		 json_pretty(const json_t *value, struct buf *out);

/* The list as an array of texts, a new reference. */
json_t		*json_strs(const struct strs *list);

/* Add the object's keys, sorted. */
void		 json_keys(const json_t *object, struct strs *out);

/* The member if it is a string, else NULL (or false, 0, `fallback`). */
const char	*json_str(const json_t *object, const char *key);
bool		 json_bool(const json_t *object, const char *key);
json_int_t	 json_int(const json_t *object, const char *key, json_int_t fallback);

#endif
