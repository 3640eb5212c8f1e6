/* cmd: differences, as a terminal shows them. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/patch.h"

#include "cmd/cmd.h"

#include <stdlib.h>
#include <string.h>

static size_t
count_lines(const char *text)
{
	size_t	 count = 0;

	for (; *text != '\0'; text += strcspn(text, "\n") + (text[strcspn(text, "\n")] == '\n'))
		count++;
	return count;
}

void
patch_print(const char *text, size_t most)
{
	struct buf	 line = { 0 };
	size_t		 shown = 0;

	for (; *text != '\0' && shown < most; shown++) {
		size_t		 len = strcspn(text, "\n");
		char		*plain = xstrndup(text, len);
		enum term_color	 color = plain[0] == '+' ? TERM_GREEN : plain[0] == '-' ? TERM_RED :
		    plain[0] == '@' ? TERM_CYAN : TERM_PLAIN;

		buf_adds(&line, "      ");
		term_color(&line, stdout, color, plain);
		buf_addc(&line, '\n');
		term_write(stdout, &line);
		buf_clear(&line);
		free(plain);
		text += len + (text[len] == '\n');
	}
	if (*text != '\0')
		out("      ... and %zu more lines, all of them with --json\n", count_lines(text));
	buf_fini(&line);
}
