/* node: running the node's own programs. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/tool.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/proc.h"

#include <stdlib.h>
#include <string.h>

#define QUOTE_LINES	12
#define QUOTE_BYTES	2048

void
tool_environment(void)
{
	clearenv();
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	setenv("HOME", "/root", 1);
	setenv("DEBIAN_FRONTEND", "noninteractive", 1);
}

char *
text_tail(const char *text, unsigned lines)
{
	size_t		 len = strlen(text);
	const char	*from;
	unsigned	 seen = 0;

	while (len > 0 && text[len - 1] == '\n')
		len--;
	for (from = text + len; from > text; from--) {
		if ((from[-1] == '\n' && ++seen == lines) || (size_t)(text + len - from) == QUOTE_BYTES)
			break;
	}
	return xstrndup(from, (size_t)(text + len - from));
}

/* What failed, in words of whoever wrote the recipe. */
static const char *
label(const char *const *argv)
{
	return strcmp(argv[0], "/bin/sh") == 0 ? "the command" : argv[0];
}

struct err *
tool_run(const char *const *argv, const struct buf *input, unsigned seconds, struct buf *output)
{
	struct buf	 said = { 0 };
	struct proc	 proc = { .argv = argv, .output = &said, .errors = &said, .timeout = seconds };
	struct err	*e;
	char		*tail;
	int		 status = 0;

	if (input != NULL) {
		proc.input = buf_text(input);
		proc.input_len = input->len;
	}
	e = proc_run(&proc, &status);
	tail = text_tail(buf_text(&said), QUOTE_LINES);
	if (e == NULL && status != 0)
		e = err_new(ERR_FAILED, "%s failed with status %d%s%s", label(argv), status, *tail != '\0' ? ":\n" : "", tail);
	else if (e != NULL && *tail != '\0')
		e = err_note(e, NULL, "%s", tail);
	if (output != NULL)
		buf_add(output, buf_text(&said), said.len);
	free(tail);
	buf_fini(&said);
	return e;
}

struct err *
tool_test(const char *command, unsigned seconds, bool *ok, struct buf *output)
{
	const char	*argv[] = { "/bin/sh", "-eu", "-c", command, NULL };
	struct buf	 said = { 0 };
	struct proc	 proc = { .argv = argv, .output = &said, .errors = &said, .timeout = seconds };
	struct err	*e;
	int		 status = 0;

	e = proc_run(&proc, &status);
	*ok = e == NULL && status == 0;
	if (output != NULL)
		buf_add(output, buf_text(&said), said.len);
	buf_fini(&said);
	return e;
}
