/* cert: telling the user what was made. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CERT_SAY_H
#define CERT_SAY_H

#include "base/mem.h"

/* Told of each thing when it is done: one line, without its end.  NULL: nobody is told. */
typedef void cert_say(const char *line);

PRINTF(2, 3)
void	 say_line(cert_say *say, const char *format, ...);

#endif
