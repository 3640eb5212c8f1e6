/* schema: references between documents. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SCHEMA_URI_H
#define SCHEMA_URI_H

#include <stdbool.h>

/* The reference as seen from the base, without its fragment (RFC 3986, 5.2); the caller's, free(). */
char	*uri_resolve(const char *base, const char *reference);

/* The fragment with %XX decoded, the caller's, free(); NULL when there is none. */
char	*uri_fragment(const char *reference);

/* Whether it is a URI by the grammar of RFC 3986, appendix A; or, with `relative`, any reference. */
bool	 uri_good(const char *text, bool relative);

#endif
