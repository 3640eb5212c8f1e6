/* ssh: the host keys that a node is pinned to. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ssh/pins.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/strs.h"
#include "ssh/hostkey.h"

#include <stdlib.h>
#include <string.h>

/* The third word of a line, where that is the path of a key that leap had made; the caller's, NULL otherwise. */
static char *
path_of(const char *line)
{
	size_t	 len, digits;

	for (int word = 0; word < 2; word++) {
		line += strspn(line, " \t");
		line += strcspn(line, " \t\r\n");
	}
	line += strspn(line, " \t");
	len = strcspn(line, " \t\r\n");
	if (!str_starts(line, PINS_PATH))
		return NULL;
	digits = strspn(line + strlen(PINS_PATH), "0123456789");
	if (digits == 0 || digits > 6 || strlen(PINS_PATH) + digits != len)
		return NULL;
	return xstrndup(line, len);
}

void
pins_add(struct pins *pins, const char *key, const char *path)
{
	pins->items = xrealloc(pins->items, pins->count + 1, sizeof(*pins->items));
	pins->items[pins->count++] = (struct pin){ xstrdup(key), path == NULL ? NULL : xstrdup(path) };
}

static struct err *
add_line(struct pins *pins, const char *line)
{
	struct buf	 key = { 0 };
	struct err	*e = hostkey_parse(&key, line);
	char		*path;

	if (e == NULL && pins->count == PINS_MAX)
		e = err_new(ERR_CONFIG, "more than %d keys", PINS_MAX);
	if (e == NULL) {
		path = path_of(line);
		pins_add(pins, buf_text(&key), path);
		free(path);
	}
	buf_fini(&key);
	return e;
}

struct err *
pins_parse(struct pins *out, const char *text)
{
	struct strs	 lines = { 0 };
	struct err	*e = NULL;

	*out = (struct pins){ 0 };
	strs_split(&lines, text, '\n');
	for (size_t i = 0; e == NULL && i < lines.count; i++) {
		size_t blank = strspn(lines.items[i], " \t\r");

		if (lines.items[i][blank] != '\0' && lines.items[i][blank] != '#')
			e = add_line(out, lines.items[i]);
	}
	if (e == NULL && out->count == 0)
		e = add_line(out, "");		/* which says what a key is */
	strs_fini(&lines);
	return e;
}

void
pins_fini(struct pins *pins)
{
	for (size_t i = 0; i < pins->count; i++) {
		free(pins->items[i].key);
		free(pins->items[i].path);
	}
	free(pins->items);
	*pins = (struct pins){ 0 };
}

void
pins_format(const struct pins *pins, struct buf *out)
{
	for (size_t i = 0; i < pins->count; i++) {
		const struct pin *pin = &pins->items[i];

		buf_addf(out, "%s%s%s\n", pin->key, pin->path == NULL ? "" : " ", pin->path == NULL ? "" : pin->path);
	}
}

void
pins_keys(const struct pins *pins, struct buf *out)
{
	for (size_t i = 0; i < pins->count; i++)
		buf_addf(out, "%s%s", i > 0 ? "\n" : "", pins->items[i].key);
}

bool
pins_have(const char *keys, const char *key)
{
	size_t	 len = strlen(key);

	for (;; keys++) {
		if (strncmp(keys, key, len) == 0 && (keys[len] == '\0' || keys[len] == '\n'))
			return true;
		if ((keys = strchr(keys, '\n')) == NULL)
			return false;
	}
}

void
pins_algorithms(const char *keys, struct buf *out)
{
	struct strs	 names = { 0 };

	for (; keys != NULL; keys = strchr(keys, '\n'), keys += keys != NULL) {
		char		*type = xstrndup(keys, strcspn(keys, " "));
		const char	*name = strcmp(type, "ssh-rsa") == 0 ? "rsa-sha2-512,rsa-sha2-256" : type;

		if (!strs_has(&names, name))
			strs_add(&names, name);
		free(type);
	}
	strs_join(&names, ",", out);
	strs_fini(&names);
}
