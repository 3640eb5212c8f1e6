/* recipe: templates, text with Lua in it. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RECIPE_TEMPLATE_H
#define RECIPE_TEMPLATE_H

#include "base/mem.h"

struct buf;

/* The function of its environment that a translated template calls with each piece of its output. */
#define TEMPLATE_PUT	"_put"

/*
 * Append the Lua program that a template is:
 *
 *   <%= expression %>   its value, a string or a number
 *   <% statement %>     Lua, no output
 *   -%>                 ends either and swallows the newline behind it
 *   <%%                 stands for <%
 *
 * Every line of the program is the line of the template it came from.  `path` is for errors.
 */
NODISCARD
struct err	*template_translate(struct buf *lua, const char *path, const char *text, size_t len);

#endif
