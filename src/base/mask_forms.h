/* base: the other forms in which a secret value may stand in a text. */
/* Knows nothing of leap.  Inner header of mask.c. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_MASK_FORMS_H
#define BASE_MASK_FORMS_H

#include <stddef.h>

typedef void	 mask_take_fn(const char *text, size_t len);

/*
 * Give `take` the value as JSON, shells, XML, YAML and URLs quote it, in hexadecimal digits, and in base64, also from the
 * midst of a longer text that was encoded as one.  A form may be the value itself, or one that was given before.
 */
void		 mask_forms(const char *value, size_t len, mask_take_fn *take);

#endif
