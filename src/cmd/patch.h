/* cmd: differences, as a terminal shows them. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_PATCH_H
#define CMD_PATCH_H

#include <stddef.h>

/* Print a text of several lines, at most so many, indented; lines of a difference have their colours. */
void	 patch_print(const char *text, size_t most);

#endif
