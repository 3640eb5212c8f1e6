/* push: the conversation with one node. */
/* May know ssh, wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "push/session.h"

#include "base/err.h"
#include "base/json.h"
#include "push/answers.h"
#include "push/confirm.h"
#include "push/patch.h"
#include "wire/frame.h"

#include <stdlib.h>
#include <string.h>

#define CANCEL_SECONDS	10	/* that a node may need to finish a step after Ctrl-C */
#define END_SECONDS	5	/* that its program may need to end after its RESULT */
#define GARBAGE_QUOTED	60	/* bytes */
#define HELLO_TIMEOUTS	2	/* of target.timeout, from the request to the HELLO */
/*
 * That a node may be silent: installing packages is one step, of up to three runs of apt (lists, packages, and once
 * more after new lists), each of which the node gives an hour.
 */
#define SILENT_HOURS	4
#define SILENT_SECONDS	(SILENT_HOURS * 3600)
#define LOOK_TIMEOUTS	60	/* the same where nothing is changed, of target.timeout; for a mere question until its end */
#define ERRORS_MAX	(1u << 20)	/* bytes on standard error, where a node has next to nothing to say */
#define BLOBS_AHEAD	(64u << 10)	/* bytes of compressed blobs that may wait for the node to take them */
#define PIECE		(16u << 10)	/* bytes of them that are sent at once where the rate is limited */
#define BLOB_SENT_MAX	(FRAME_MAX_UP - (2u << 20))	/* so that zstd's worst case still is a frame */

struct session {
	struct push_job		*job;
	const struct request	*request;
	const struct session_tools *tools;
	session_event		*event;
	void			*context;

	struct ssh		*ssh;
	struct answers		 answers;
	struct buf		 out, in, errors;
	struct buf		 blob;		/* where the rate is limited: a frame, from `blob_sent` on not yet in `out` */
	size_t			 blob_sent;
	size_t			 blobs;		/* how many of the wanted ones went into `out` so far */
	json_t			*index;		/* for differences; NULL: nobody wants any */
	size_t			 heard;		/* bytes of whole frames, when the node's time began; 0: not yet */
	bool			 asked;		/* something was sent to which no answer came yet */
	bool			 cancelled;	/* CANCEL was sent */
	bool			 no_program;	/* the node has none, or it is not what it should be */
	char			*arch;		/* of a node without program */
};

/* An error of ssh decides the job's result; others leave PUSH_FAILED. */
static struct err *
of_ssh(struct session *s, struct err *take_e)
{
	if (take_e != NULL)
		s->job->result = push_result_of_ssh(take_e);
	return take_e;
}

static struct err *
named(const struct session *s, struct err *take_e)
{
	return err_context(take_e, "%s", s->job->target.name);
}

static void
on_event(void *context, json_t *take_event)
{
	struct session	*s = context;

	s->event(s->context, s->job, take_event);
}

static void
add_request(struct session *s)
{
	struct buf	 text = { 0 };
	struct request	 request = *s->request;
	json_t		*json;

	request.expect = (char *)s->job->expect;
	json = request_to_json(&request);
	json_canonical(json, &text);
	json_decref(json);
	frame_add(&s->out, FRAME_REQUEST, text.data, text.len);
	buf_clear(&text);
	json_canonical(s->job->manifest->root, &text);
	frame_add_zstd(&s->out, FRAME_MANIFEST, NULL, text.data, text.len);
	buf_fini(&text);
}

/* Whether the node still waits for blobs; one that was told to stop does not. */
static bool
blobs_left(const struct session *s)
{
	return (s->blobs < s->answers.wanted.count || s->blob_sent < s->blob.len) && !s->cancelled;
}

/* The next piece of a content, when it may be sent. */
static void
send_piece(struct session *s)
{
	size_t	 left = s->blob.len - s->blob_sent, piece = left > PIECE ? PIECE : left;

	throttle_wait(s->tools->throttle, piece);
	buf_add(&s->out, s->blob.data + s->blob_sent, piece);
	s->blob_sent += piece;
	if (piece < left)
		return;
	buf_clear(&s->blob);
	s->blob_sent = 0;
}

/*
 * Compress the next blobs that the node wants, only as fast as it takes them: all at once may be gigabytes.  Where the
 * rate is limited, each goes piece by piece.
 */
static struct err *
add_blobs(struct session *s)
{
	struct buf	*out = s->tools->throttle->rate > 0 ? &s->blob : &s->out;

	while (blobs_left(s) && s->blob_sent == s->blob.len && s->out.len < BLOBS_AHEAD) {
		const char		*name = s->answers.wanted.items[s->blobs++];
		const struct blob	*blob = manifest_blob(s->job->manifest, name);

		if (blob->len > BLOB_SENT_MAX)
			return named(s, err_new(ERR_FAILED, "a file of %zu MiB is too large to be sent, %u MiB are allowed",
			    blob->len >> 20, BLOB_SENT_MAX >> 20));
		frame_add_zstd(out, FRAME_BLOB, name, blob->data, blob->len);
	}
	if (s->blob_sent < s->blob.len && !s->cancelled)
		send_piece(s);
	return NULL;
}

/* A start without a program says so in a line of text; true when that line is there. */
static bool
program_missing(struct session *s)
{
	const char	*text = buf_text(&s->in), *arch = text + strlen(PROGRAM_MISSING), *end;

	if (s->answers.hello || !str_starts(text, PROGRAM_MISSING) || (end = strchr(arch, '\n')) == NULL)
		return false;
	free(s->arch);
	s->arch = xstrndup(arch, (size_t)(end - arch));
	s->no_program = true;
	return true;
}

/* Whether all that came so far may become that line. */
static bool
program_may_be_missing(const struct session *s)
{
	size_t	 len = strlen(PROGRAM_MISSING);

	return !s->answers.hello && s->in.len > 0 && s->in.len < len + 64 &&
	    strncmp(s->in.data, PROGRAM_MISSING, s->in.len < len ? s->in.len : len) == 0;
}

static struct err *
read_answers(struct session *s)
{
	struct err	*e;

	if (program_missing(s))
		return named(s, err_new(ERR_FAILED, "the node has no program of leap"));
	if (program_may_be_missing(s))
		return NULL;
	e = answers_read(&s->answers, &s->in);
	if (e == NULL)
		return NULL;
	if (!s->answers.hello) {
		struct buf	 said = { 0 };

		s->no_program = true;
		text_clean(&said, s->in.data, s->in.len, GARBAGE_QUOTED, false);
		e = err_note(e, NULL, "it says: %s", buf_text(&said));
		buf_fini(&said);
	}
	return named(s, e);
}

/* The channel ended before RESULT. */
static struct err *
ended_early(struct session *s)
{
	int		 status = -1;
	struct err	*e = of_ssh(s, ssh_wait(s->ssh, &status));

	if (e != NULL)
		return e;
	s->no_program = !s->answers.hello;
	if (s->answers.last != NULL)
		return named(s, err_new(ERR_FAILED, "leap's program on the node ended with status %d after %s", status,
		    s->answers.last));
	return named(s, err_new(ERR_FAILED, "leap's program on the node ended with status %d %s", status,
	    s->answers.hello ? "before it did anything" : "and said nothing"));
}

/* After the first Ctrl-C the node is told to stop after its current step, and given the time for that. */
static bool
cancel(struct session *s)
{
	if (s->cancelled || !ssh_stopped())
		return false;
	s->cancelled = true;
	frame_add(&s->out, FRAME_CANCEL, NULL, 0);
	ssh_linger(s->ssh, CANCEL_SECONDS);
	return true;
}

static bool
is_change(const struct session *s)
{
	return strcmp(s->request->op, "apply") == 0 || strcmp(s->request->op, "rollback") == 0;
}

/* Whether the op has events, each of which gives the node its time anew. */
static bool
has_events(const struct session *s)
{
	return is_change(s) || strcmp(s->request->op, "plan") == 0 || strcmp(s->request->op, "check") == 0;
}

/* A node may be silent for a while, but not for ever; pieces of a frame say nothing. */
static void
be_patient(struct session *s)
{
	if (!s->answers.hello || s->cancelled || (s->heard > 0 && !has_events(s)))
		return;
	if (s->heard == s->answers.bytes && !blobs_left(s))
		return;
	s->heard = s->answers.bytes;
	ssh_deadline(s->ssh, is_change(s) ? SILENT_SECONDS : s->job->target.timeout * LOOK_TIMEOUTS);
}

/* The node is there, but has not said what it had to say by now. */
static struct err *
too_late(const struct session *s)
{
	if (s->cancelled)
		return named(s, err_new(ERR_FAILED, "interrupted, and the node did not say in %d s that it stopped",
		    CANCEL_SECONDS));
	if (s->answers.hello && is_change(s))
		return named(s, err_new(ERR_FAILED, "the node said nothing for %d hours", SILENT_HOURS));
	if (s->answers.hello)
		return named(s, err_new(ERR_FAILED, "the node did not answer in %u s", s->job->target.timeout * LOOK_TIMEOUTS));
	return named(s, err_new(ERR_FAILED, "leap's program on the node said nothing in %u s",
	    s->job->target.timeout * HELLO_TIMEOUTS));
}

/* Why the connection broke off, and in the middle of what. */
static struct err *
broke_off(struct session *s, struct err *take_e)
{
	const char	*op = s->request->op;

	if (!ssh_late(s->ssh)) {
		take_e = of_ssh(s, take_e);
	} else {
		err_free(take_e);
		take_e = too_late(s);
		s->job->result = s->cancelled ? PUSH_CANCELLED : PUSH_FAILED;
	}
	if (s->answers.last != NULL)
		take_e = err_note(take_e, NULL, "the last it said in this %s was %s", op, s->answers.last);
	if (strcmp(op, "apply") == 0 && s->answers.hello)
		take_e = err_hint(take_e, "what was begun is finished by the next leap deploy %s", s->job->target.name);
	return take_e;
}

/*
 * One exchange.  While blobs are left it ends as soon as `out` is written, for the next ones.
 */
static struct err *
exchange(struct session *s, bool *eof)
{
	struct err	*e = add_blobs(s);
	size_t		 had = s->in.len;

	if (e != NULL)
		return e;
	be_patient(s);
	s->asked = s->asked || s->out.len > 0;
	e = ssh_exchange(s->ssh, &s->out, !blobs_left(s), &s->in, &s->errors, eof);
	if (s->asked && s->in.len > had) {
		s->job->round_trips++;
		s->asked = false;
	}
	if (e != NULL && cancel(s)) {
		err_free(e);
		e = NULL;
	}
	return e != NULL ? broke_off(s, e) : NULL;
}

/* A flood on standard error is no frame, but no reason to listen for ever either. */
static struct err *
errors_check(struct session *s)
{
	struct ssh_stats	 stats;

	ssh_stats(s->ssh, &stats);
	return stats.errors <= ERRORS_MAX ? NULL :
	    named(s, err_new(ERR_FAILED, "the node complains without end"));
}

/* Talk until RESULT, or until something is wrong. */
static struct err *
converse(struct session *s, const char *command)
{
	struct err	*e = of_ssh(s, ssh_exec(s->ssh, command));
	bool		 eof = false;

	s->job->execs++;
	add_request(s);
	ssh_deadline(s->ssh, s->job->target.timeout * HELLO_TIMEOUTS);
	while (e == NULL && !s->answers.done) {
		if (eof)
			return ended_early(s);
		e = exchange(s, &eof);
		if (e == NULL)
			e = errors_check(s);
		if (e == NULL)
			e = read_answers(s);
	}
	if (!s->cancelled)
		ssh_deadline(s->ssh, 0);
	return e;
}

/* Let the node's program end in peace, so that it has let go of its lock when the next run comes. */
static void
farewell(struct session *s)
{
	struct err	*e = ssh_send_eof(s->ssh);
	bool		 eof = false;

	ssh_linger(s->ssh, END_SECONDS);
	buf_clear(&s->out);
	while (e == NULL && !eof && s->in.len < FRAME_MAX_DOWN)
		e = ssh_exchange(s->ssh, &s->out, true, &s->in, &s->errors, &eof);
	err_free(e);	/* the RESULT counts, not how the node hangs up */
}

static void
reset(struct session *s)
{
	answers_fini(&s->answers);
	s->answers = (struct answers){
		.manifest = s->job->manifest, .programs = &s->tools->programs->hashes, .event = on_event, .context = s,
		.index = s->index,
	};
	buf_clear(&s->out);
	buf_clear(&s->in);
	buf_clear(&s->errors);
	buf_clear(&s->blob);
	s->blobs = s->blob_sent = s->heard = 0;
	s->no_program = false;
}

/* Send the node its program, because of `why`. */
static struct err *
repair(struct session *s, const struct err *why)
{
	struct err	*e = of_ssh(s, ssh_wait(s->ssh, &(int){ 0 }));

	if (e != NULL)
		return e;
	e = program_send(s->tools->programs, s->ssh, s->job->target.timeout, s->arch, &s->job->result);
	if (e == NULL)
		return NULL;
	if (s->arch == NULL)
		e = err_note(e, NULL, "leap's program had to be sent to it because of this: %s", err_message(why));
	return s->job->result == PUSH_FAILED ? named(s, e) : e;
}

/*
 * In the usual case the node has its program, and one exec channel is all.  Where it is missing or broken it is
 * sent, once, and then it must work.
 */
static struct err *
attempt(struct session *s)
{
	struct buf	 command = { 0 };
	struct err	*e, *why;

	programs_command(s->tools->programs, &command);
	reset(s);
	e = converse(s, command.data);
	if (e != NULL && s->no_program && s->job->result == PUSH_FAILED && ssh_stopped()) {
		err_free(e);
		s->job->result = PUSH_CANCELLED;
		e = named(s, err_new(ERR_FAILED, "interrupted before it was sent leap's program"));
		goto out;
	}
	if (e != NULL && s->no_program && (why = ssh_not_root(&s->job->target, buf_text(&s->errors))) != NULL) {
		err_free(e);
		e = why;
		goto out;
	}
	if (e != NULL && s->no_program && s->job->result == PUSH_FAILED) {
		why = e;
		e = repair(s, why);
		err_free(why);
		if (e != NULL)
			goto out;
		reset(s);
		e = converse(s, command.data);
		if (e != NULL && s->no_program)
			e = err_hint(e, "the program was sent anew and still does not work: look at "
			    NODE_STATE "/bin on the node");
	}
	if (e != NULL)
		e = note_stderr(e, &s->errors);
out:
	buf_fini(&command);
	return e;
}

/* What the node's RESULT means for the job. */
/* Somebody else's work, or mark, kept this out. */
static struct err *
locked(const struct session *s)
{
	const struct answers	*a = &s->answers;
	const char		*name = s->job->target.name, *whose = a->lock != NULL ? a->lock : "it does not say whose";
	struct err		*e;

	if (s->cancelled)
		return err_new(ERR_FAILED, "interrupted while it waited for somebody else's work: %s", whose);
	if (a->marked)
		return err_hint(err_new(ERR_FAILED, "locked by %s", a->lock == NULL ? "somebody" : a->lock),
		    "\"leap unlock %s\" allows deploys again, whoever locked it", name);
	e = err_new(ERR_FAILED, "somebody else works on the node: %s", whose);
	return a->stale ? err_hint(e, "\"leap unlock --force %s\" ends it; what it had begun is finished by the next deploy",
	    name) : err_hint(e, "wait, or use --lock-wait SECONDS");
}

static struct err *
conclude(struct session *s)
{
	const struct answers	*a = &s->answers;
	struct push_job		*job = s->job;

	job->changed = a->changed;
	job->restarted = a->restarted;
	job->generation = a->generation;
	job->checks = a->checks;
	job->checks_failed = a->checks_failed;
	job->bytes = a->missing_bytes;
	memcpy(job->state, a->state, sizeof(job->state));
	job->reverted = a->reverted;
	job->data = json_incref(a->data);
	memcpy(job->milliseconds, a->milliseconds, sizeof(job->milliseconds));
	switch (a->result) {
	case ANSWERS_LOCKED:
		job->result = s->cancelled ? PUSH_CANCELLED : PUSH_LOCKED;
		return locked(s);
	case ANSWERS_CANCELLED:
		job->result = PUSH_CANCELLED;
		return err_hint(err_new(ERR_FAILED, "interrupted after %u changes", a->changed),
		    "what was begun is finished by the next leap deploy %s", job->target.name);
	case ANSWERS_MOVED:
		job->result = PUSH_MOVED;
		return err_hint(err_new(ERR_FAILED, "the node is not as it was when the plan was made; nothing was changed"),
		    "plan anew");
	case ANSWERS_PLANNED:
		if (!s->request->careful)
			return err_new(ERR_FAILED, "the node planned where it was to act");
		job->result = PUSH_PLANNED;
		return NULL;
	case ANSWERS_FAILED:
		if (a->error == NULL && a->checks_failed > 0)
			break;
		return err_new(ERR_FAILED, "%s%s%s", a->resource == NULL ? "" : a->resource,
		    a->resource == NULL ? "" : ": ", a->error == NULL ? "the node does not say why it failed" : a->error);
	case ANSWERS_OK:
		break;
	}
	if (a->checks_failed > 0)
		return err_new(ERR_FAILED, "%u of %u checks failed", a->checks_failed, a->checks);
	job->result = PUSH_OK;
	return NULL;
}

void
session_run(struct push_job *job, const struct request *request, const struct session_tools *tools,
    session_event *event, void *context)
{
	struct session	 s = {
		.job = job, .request = request, .tools = tools, .event = event, .context = context, .out.secret = true,
		.blob.secret = true,
		.index = tools->patches ? patch_index(job->manifest) : NULL,
	};
	char		*nonce = NULL;

	job->result = PUSH_FAILED;
	job->error = of_ssh(&s, ssh_open(&s.ssh, &job->target));
	if (job->error == NULL)
		job->error = attempt(&s);
	if (s.answers.done && job->error == NULL) {
		farewell(&s);
		job->error = named(&s, conclude(&s));
		nonce = s.answers.nonce;
		s.answers.nonce = NULL;
	}
	job->begun = s.answers.hello && is_change(&s) && !request->careful;
	if (s.ssh != NULL)
		ssh_stats(s.ssh, &job->stats);
	ssh_close(s.ssh);
	answers_fini(&s.answers);
	buf_fini(&s.out);
	buf_fini(&s.in);
	buf_fini(&s.errors);
	buf_fini(&s.blob);
	json_decref(s.index);
	free(s.arch);
	/* Who was not asked to wait, as when leap comes to confirm, must not make it come again and again. */
	if (nonce != NULL && s.answers.confirm <= request->confirm)
		job->error = err_join(job->error, confirm_by_new_login(job, request, tools, nonce, s.answers.confirm));
	free(nonce);
}
