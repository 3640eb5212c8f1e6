/* repo: how two texts differ, as git shows it. */
/* May know base.  libgit2's home. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "repo/textdiff.h"

#include "base/buf.h"
#include "base/err.h"
#include "repo/libgit2.h"

#include <string.h>

struct lines {
	struct textdiff	*counts;
	struct buf	*hunks;
};

static int
on_hunk(const git_diff_delta *delta, const git_diff_hunk *hunk, void *payload)
{
	struct lines *lines = payload;

	(void)delta;
	if (lines->hunks != NULL)
		buf_add(lines->hunks, hunk->header, hunk->header_len);
	return 0;
}

/* The line that says that a newline is missing comes without a sign of its own. */
static int
on_line(const git_diff_delta *delta, const git_diff_hunk *hunk, const git_diff_line *line, void *payload)
{
	struct lines *lines = payload;

	(void)delta;
	(void)hunk;
	lines->counts->added += line->origin == GIT_DIFF_LINE_ADDITION;
	lines->counts->removed += line->origin == GIT_DIFF_LINE_DELETION;
	if (lines->hunks == NULL)
		return 0;
	if (line->origin == GIT_DIFF_LINE_CONTEXT || line->origin == GIT_DIFF_LINE_ADDITION ||
	    line->origin == GIT_DIFF_LINE_DELETION)
		buf_addc(lines->hunks, line->origin);
	buf_add(lines->hunks, line->content, line->content_len);
	return 0;
}

static bool
is_opaque(const void *data, size_t len)
{
	return data != NULL && (len > TEXTDIFF_MAX || memchr(data, '\0', len) != NULL);
}

struct err *
textdiff(struct textdiff *out, struct buf *hunks, const void *old, size_t old_len, const void *new, size_t new_len)
{
	struct lines		 lines = { out, hunks };
	git_diff_options	 options;
	struct err		*e = NULL;

	*out = (struct textdiff){ .opaque = is_opaque(old, old_len) || is_opaque(new, new_len) };
	if (out->opaque)
		return NULL;
	if (git_libgit2_init() < 0)
		return git_err("a difference", "start libgit2");
	git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);	/* fails on other versions only */
	options.flags = GIT_DIFF_FORCE_TEXT;
	if (git_diff_buffers(old, old_len, NULL, new, new_len, NULL, &options, NULL, NULL, on_hunk, on_line, &lines) != 0)
		e = git_err("two texts", "compare them");
	git_libgit2_shutdown();
	return e;
}
