/* config: macros that no node evaluates, of a layer that nobody has or a node that is disabled, must be Lua all the same. */
/* May know lua, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/state.h"

#include "lua/sandbox.h"

struct macros {
	struct config		*config;
	const struct source	*source;
	struct problems		*problems;
	struct buf		 path;
};

static void
check_macro(struct macros *macros, json_t *text)
{
	const struct source	*source = macros->source;
	struct place		 place;
	struct err		*e = macro_compile(macros->config, text);
	const char		*rest;
	unsigned		 line;
	size_t			 len;

	if (e == NULL)
		return;
	if (!json_locate(source->path, buf_text(&source->text), source->text.len, buf_text(&macros->path), &place))
		place = (struct place){ .path = source->path };
	rest = sandbox_line(err_message(e), &len, &line);
	problems_add(macros->problems, err_moved(e, &place, "%s", rest != NULL ? rest : err_message(e)));
}

static void
check_value(struct macros *macros, json_t *value)
{
	size_t		 mark = macros->path.len, i;
	const char	*key, *dot = mark > 0 ? "." : "";
	json_t		*child;

	if (is_macro(value))
		check_macro(macros, value);
	json_object_foreach(value, key, child) {
		buf_addf(&macros->path, "%s%s", dot, key);
		check_value(macros, child);
		macros->path.len = mark;
	}
	json_array_foreach(value, i, child) {
		buf_addf(&macros->path, "%s%zu", dot, i + 1);
		check_value(macros, child);
		macros->path.len = mark;
	}
}

void
check_macros(struct config *config, struct problems *problems)
{
	struct macros macros = { .config = config, .problems = problems };

	for (size_t i = 0; i < config->source_count; i++) {
		macros.source = config->sources[i];
		check_value(&macros, macros.source->root);
	}
	buf_fini(&macros.path);
}
