/* cert: telling the user what was made. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cert/say.h"

#include <stdarg.h>
#include <stdlib.h>

void
say_line(cert_say *say, const char *format, ...)
{
	va_list	 args;
	char	*line;

	if (say == NULL)
		return;
	va_start(args, format);
	line = xvasprintf(format, args);
	va_end(args);
	say(line);
	free(line);
}
