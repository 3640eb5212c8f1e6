/* node: which Debian packages are installed. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/dpkg.h"

#include "base/err.h"
#include "base/file.h"
#include "base/strs.h"
#include "node/state.h"

#include <stdlib.h>
#include <string.h>

/* The value of the field `name` in the stanza that starts at `stanza` and ends before `end`; NULL without it. */
static const char *
field(const char *stanza, const char *end, const char *name, size_t *len)
{
	size_t	 name_len = strlen(name);

	for (const char *line = stanza; line != NULL && line < end;) {
		const char	*newline = memchr(line, '\n', (size_t)(end - line));
		const char	*stop = newline != NULL ? newline : end;

		if ((size_t)(stop - line) > name_len && line[name_len] == ':' && memcmp(line, name, name_len) == 0) {
			line += name_len + 1;
			while (line < stop && *line == ' ')
				line++;
			*len = (size_t)(stop - line);
			return line;
		}
		line = newline != NULL ? newline + 1 : NULL;
	}
	return NULL;
}

static bool
is(const char *value, size_t len, const char *text)
{
	return value != NULL && len == strlen(text) && memcmp(value, text, len) == 0;
}

/* Status is "WANT EFLAG STATUS"; triggers that wait do not make a package less installed. */
static bool
stanza_installed(const char *stanza, const char *end)
{
	const char	*value, *last;
	size_t		 len = 0;

	value = field(stanza, end, "Status", &len);
	last = value != NULL ? memrchr(value, ' ', len) : NULL;
	if (last == NULL)
		return false;
	last++;
	len = (size_t)(value + len - last);
	return is(last, len, "installed") || is(last, len, "triggers-awaited") || is(last, len, "triggers-pending");
}

static bool
stanza_of(const char *stanza, const char *end, const char *architecture)
{
	const char	*value;
	size_t		 len = 0;

	if (architecture == NULL)
		return true;
	value = field(stanza, end, "Architecture", &len);
	return is(value, len, architecture) || is(value, len, "all");
}

/*
 * Every stanza begins with "Package: ", so a search for "\nPackage: NAME\n" finds the few that
 * matter without looking at each line of megabytes.
 */
bool
dpkg_find(const char *status, const char *name)
{
	const char	*colon = strchr(name, ':'), *stanza, *end;
	char		*plain = colon != NULL ? xstrndup(name, (size_t)(colon - name)) : xstrdup(name);
	char		*head = xasprintf("\nPackage: %s\n", plain);
	bool		 found = false;

	stanza = str_starts(status, head + 1) ? status : strstr(status, head);
	while (stanza != NULL && !found) {
		stanza += *stanza == '\n';
		end = strstr(stanza, "\n\n");
		if (end == NULL)
			end = stanza + strlen(stanza);
		found = stanza_installed(stanza, end) &&
		    stanza_of(stanza, end, colon != NULL ? colon + 1 : NULL);
		stanza = strstr(end, head);
	}
	free(plain);
	free(head);
	return found;
}

struct err *
dpkg_installed(struct dpkg *dpkg, const char *name, bool *installed)
{
	struct err	*e = NULL;

	*installed = false;
	if (!dpkg->loaded)
		e = file_read(DPKG_STATUS, STATE_MAX, &dpkg->status);
	if (e != NULL)
		return err_hint(e, "leap-node manages Debian systems only");
	dpkg->loaded = true;
	*installed = dpkg_find(buf_text(&dpkg->status), name);
	return NULL;
}

void
dpkg_forget(struct dpkg *dpkg)
{
	buf_fini(&dpkg->status);
	dpkg->loaded = false;
}
