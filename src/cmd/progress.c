/* cmd: live progress of many nodes on standard error. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/progress.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mask.h"
#include "cmd/cmd.h"
#include "cmd/fleet.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define ROWS	24u

/* A node that is being worked on. */
struct line {
	const struct push_job	*job;
	double			 since;
	char			*doing;		/* the last event, plain text; NULL: none yet */
	unsigned		 shown;		/* events that were printed */
};

struct progress {
	bool		 live, quiet_events, stopping;
	size_t		 total, finished, failed;
	struct line	*lines;		/* in the order in which they were started */
	size_t		 count;
	size_t		 drawn;		/* rows on the screen now */
};

static size_t
rows(void)
{
	struct winsize	 size;

	return ioctl(fileno(stderr), TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : ROWS;
}

struct progress *
progress_new(size_t jobs, bool quiet_events)
{
	struct progress	*progress = xcalloc(1, sizeof(*progress));
	const char	*type = getenv("TERM");

	progress->live = term_is_tty(stderr) && type != NULL && strcmp(type, "dumb") != 0;
	progress->quiet_events = quiet_events;
	progress->total = jobs;
	progress->lines = xcalloc(jobs == 0 ? 1 : jobs, sizeof(*progress->lines));
	return progress;
}

/* Back to where the first line begins, and everything below away (ECMA-48: CUU, ED). */
static void
erase(struct progress *progress)
{
	if (progress->drawn > 0)
		fprintf(stderr, "\r\033[%zuA\033[J", progress->drawn);
	progress->drawn = 0;
}

/* One row, cut to the screen's width: a row that wrapped would spoil the count of rows. */
static void
draw_row(struct progress *progress, struct buf *text)
{
	size_t	 width = term_width() - 1, seen = 0, end = 0;

	mask_apply(text);
	while (end < text->len) {
		if (((unsigned char)text->data[end] & 0xc0) != 0x80 && seen++ == width)
			break;
		if ((unsigned char)text->data[end] < 32)
			text->data[end] = ' ';
		end++;
	}
	fwrite(buf_text(text), 1, end, stderr);
	fputc('\n', stderr);
	progress->drawn++;
	buf_clear(text);
}

static void
draw(struct progress *progress)
{
	size_t		 room = rows() > 3 ? rows() - 2 : 1, shown;
	struct buf	 text = { 0 };

	erase(progress);
	shown = progress->count < room ? progress->count : room - 1;
	for (size_t i = 0; i < shown; i++) {
		const struct line	*line = &progress->lines[i];

		buf_addf(&text, "%s  %.0f s  %s", line->job->target.name, clock_now() - line->since,
		    line->doing == NULL ? "connecting" : line->doing);
		draw_row(progress, &text);
	}
	if (shown < progress->count) {
		buf_addf(&text, "and %zu more", progress->count - shown);
		draw_row(progress, &text);
	}
	if (progress->count < progress->total) {
		buf_addf(&text, "%zu of %zu nodes done", progress->finished, progress->total);
		if (progress->failed > 0)
			buf_addf(&text, ", %zu failed", progress->failed);
		draw_row(progress, &text);
	}
	buf_fini(&text);
	fflush(stderr);
}

static struct line *
line_of(struct progress *progress, const struct push_job *job)
{
	for (size_t i = 0; i < progress->count; i++)
		if (progress->lines[i].job == job)
			return &progress->lines[i];
	return NULL;
}

void
progress_started(struct progress *progress, const struct push_job *job)
{
	progress->lines[progress->count++] = (struct line){ .job = job, .since = clock_now() };
}

void
progress_event_text(struct buf *text, void *stream, const json_t *event)
{
	static const struct {
		const char	*action;
		char		 sign;
		enum term_color	 color;
	} signs[] = {
		{ "create", '+', TERM_GREEN }, { "install", '+', TERM_GREEN }, { "enable", '+', TERM_GREEN },
		{ "start", '+', TERM_GREEN }, { "remove", '-', TERM_RED }, { "stop", '-', TERM_RED },
		{ "disable", '-', TERM_RED }, { "warn", '!', TERM_YELLOW }, { "keep", '!', TERM_YELLOW },
		{ "check", ' ', TERM_PLAIN },
	};
	const char	*action = json_str(event, "action");
	bool		 failed = json_str(event, "error") != NULL;
	char		*plain, sign = '~';
	enum term_color	 color = TERM_YELLOW;

	for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
		if (strcmp(action, signs[i].action) == 0) {
			sign = signs[i].sign;
			color = signs[i].color;
		}
	}
	plain = xasprintf("%c %s %s", failed ? '!' : sign, action, json_str(event, "resource"));
	term_color(text, stream, failed ? TERM_RED : color, plain);
	free(plain);
}

/* One line of text; more of it (a difference) is for plans. */
static void
print_event(const struct push_job *job, const json_t *event)
{
	const char	*more = json_str(event, "error") != NULL ? json_str(event, "error") : json_str(event, "detail");
	struct buf	 text = { 0 };

	progress_event_text(&text, stderr, event);
	if (more != NULL && (json_str(event, "error") != NULL || strchr(more, '\n') == NULL))
		buf_addf(&text, ": %.*s", (int)strcspn(more, "\n"), more);
	if (strcmp(json_str(event, "action"), "check") == 0 && json_str(event, "error") == NULL)
		verbose("%s: %s\n", job->target.name, buf_text(&text));	/* a check that holds is no news */
	else
		note("%s: %s\n", job->target.name, buf_text(&text));
	buf_fini(&text);
}

void
progress_event(struct progress *progress, const struct push_job *job, const json_t *event)
{
	struct line	*line = line_of(progress, job);

	if (line == NULL)
		return;
	free(line->doing);
	line->doing = xasprintf("%s %s", json_str(event, "action"), json_str(event, "resource"));
	if (progress->quiet_events || (progress->live && json_str(event, "error") == NULL &&
	    strcmp(json_str(event, "action"), "warn") != 0) || line->shown > FLEET_EVENTS_SHOWN)
		return;
	erase(progress);
	if (line->shown++ < FLEET_EVENTS_SHOWN)
		print_event(job, event);
	else
		note("%s: more than %u events, the rest is not shown\n", job->target.name, FLEET_EVENTS_SHOWN);
}

void
progress_finished(struct progress *progress, const struct push_job *job)
{
	struct line	*line = line_of(progress, job);

	progress->finished++;
	progress->failed += job->result != PUSH_OK;
	if (line == NULL)
		return;
	free(line->doing);
	progress->count--;
	memmove(line, line + 1, (size_t)(progress->lines + progress->count - line) * sizeof(*line));
	if (progress->live || progress->quiet_events)
		return;
	if (job->result == PUSH_OK)
		note("%s: ok, %u changed, %u restarted, %.1f s\n", job->target.name, job->changed, job->restarted,
		    job->seconds);
	else
		note("%s: %s, %.1f s\n", job->target.name, fleet_result(job), job->seconds);
}

void
progress_tick(struct progress *progress)
{
	if (ssh_stopped() && !progress->stopping) {
		progress->stopping = true;
		erase(progress);
		note("interrupted: each node finishes the step it is in; once more to leave at once\n");
	}
	if (progress->live)
		draw(progress);
}

void
progress_free(struct progress *progress)
{
	erase(progress);
	fflush(stderr);
	for (size_t i = 0; i < progress->count; i++)
		free(progress->lines[i].doing);
	free(progress->lines);
	free(progress);
}
