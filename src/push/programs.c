/* push: the programs that are sent to nodes. */
/* May know ssh, wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "push/programs.h"

#include "base/err.h"
#include "base/file.h"
#include "base/sha256.h"
#include "push/answers.h"
#include "wire/request.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX		"leap-node-"
#define BIN		NODE_STATE "/bin"
#define PROGRAM_MAX	(64u << 20)
#define UPLOAD_TIMEOUTS	30	/* of target.timeout: even 1 MiB over a line of 10 KiB/s must get through */
#define QUOTED_LINES	5
#define QUOTED_BYTES	200

/*
 * $1 is the program's hash.  umask and mktemp make the file root's own from the start; it
 * gets its name only when the content is all there.
 */
#define INSTALL \
	"set -eu; umask 077; d=" BIN "; mkdir -p $d; t=$(mktemp $d/.new-XXXXXX); trap 'rm -f \"$t\"' EXIT; " \
	"cat >\"$t\"; set -- $1 $(sha256sum <\"$t\"); " \
	"[ \"$1\" = \"$2\" ] || { echo \"the program arrived with SHA-256 $2\" >&2; exit 1; }; " \
	"chmod 0700 \"$t\"; sync \"$t\"; [ ! -d $d/" PREFIX "$1 ] || rm -r $d/" PREFIX "$1; mv -f \"$t\" $d/" PREFIX "$1; " \
	"for f in $d/" PREFIX "*; do [ \"$f\" = $d/" PREFIX "$1 ] || rm -rf \"$f\"; done"

/* What `uname -m` may say. */
static bool
is_arch(const char *text)
{
	size_t	 len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return len > 0 && len < 32 && text[len] == '\0';
}

struct err *
programs_find(struct programs *out, const char *dir)
{
	struct strs	 names = { 0 };
	struct err	*e = dir_list(dir, &names);

	*out = (struct programs){ .dir = dir };
	for (size_t i = 0; e == NULL && i < names.count; i++) {
		struct program	*program;
		char		*path;

		if (!str_starts(names.items[i], PREFIX) || !is_arch(names.items[i] + strlen(PREFIX)))
			continue;
		out->items = xrealloc(out->items, out->count + 1, sizeof(*out->items));
		program = &out->items[out->count++];
		*program = (struct program){ .arch = xstrdup(names.items[i] + strlen(PREFIX)) };
		path = path_join(dir, names.items[i]);
		e = file_read(path, PROGRAM_MAX, &program->content);
		sha256_hex(buf_text(&program->content), program->content.len, program->hash);
		strs_add(&out->hashes, program->hash);
		free(path);
	}
	strs_fini(&names);
	if (e == NULL && out->count == 0)
		e = err_hint(err_new(ERR_FAILED, "%s has no program for nodes (%sx86_64)", dir, PREFIX),
		    "make builds it, make install puts it there");
	return e;
}

void
programs_fini(struct programs *programs)
{
	for (size_t i = 0; i < programs->count; i++) {
		free(programs->items[i].arch);
		buf_fini(&programs->items[i].content);
	}
	free(programs->items);
	strs_fini(&programs->hashes);
}

void
programs_command(const struct programs *programs, struct buf *command)
{
	buf_adds(command, "for p in");
	for (size_t i = 0; i < programs->count; i++)
		buf_addf(command, " " BIN "/" PREFIX "%s", programs->items[i].hash);
	buf_adds(command, "; do [ -x $p ] && exec $p session; done; "
	    "echo " PROGRAM_MISSING "$(uname -m)");
}

struct err *
note_stderr(struct err *take_e, const struct buf *errors)
{
	const char	*text = buf_text(errors), *end = text + errors->len, *begin;
	struct strs	 lines = { 0 };
	struct buf	 clean = { 0 };

	while (end > text && lines.count < QUOTED_LINES) {
		begin = memrchr(text, '\n', (size_t)(end - text));
		begin = begin == NULL ? text : begin + 1;
		buf_clear(&clean);
		text_clean(&clean, begin, (size_t)(end - begin), QUOTED_BYTES, false);
		if (clean.len > 0)
			strs_add(&lines, clean.data);
		end = begin > text ? begin - 1 : text;
	}
	for (size_t i = lines.count; i > 0; i--)
		take_e = err_note(take_e, NULL, "the node says: %s", lines.items[i - 1]);
	buf_fini(&clean);
	strs_fini(&lines);
	return take_e;
}

enum push_result
push_result_of_ssh(const struct err *e)
{
	return ssh_stopped() ? PUSH_CANCELLED : err_code(e) == ERR_TRUST ? PUSH_TRUST : PUSH_UNREACHABLE;
}

/* Run a command on the node for at most `seconds`; what ssh_run() says decides *result. */
static struct err *
run(struct ssh *ssh, const char *command, double seconds, const struct buf *input, struct buf *output,
    struct buf *errors, int *status, enum push_result *result)
{
	struct ssh_stats before, after;
	struct err	*e;

	ssh_stats(ssh, &before);
	ssh_deadline(ssh, seconds);
	e = ssh_run(ssh, command, input->data, input->len, output, errors, status);
	ssh_deadline(ssh, 0);
	ssh_stats(ssh, &after);
	/* Who floods us was reached. */
	if (e != NULL && output->len <= SSH_RUN_MAX && after.errors - before.errors <= SSH_RUN_MAX)
		*result = push_result_of_ssh(e);
	return e;
}

/* Ask the node for its architecture.  *arch is the caller's. */
static struct err *
ask_arch(struct ssh *ssh, unsigned timeout, char **arch, enum push_result *result)
{
	struct buf	 none = { 0 }, output = { 0 }, errors = { 0 };
	int		 status;
	struct err	*e = run(ssh, "uname -m", timeout, &none, &output, &errors, &status, result);

	if (output.len > 0 && output.data[output.len - 1] == '\n')
		output.data[--output.len] = '\0';
	if (e == NULL && (status != 0 || !is_arch(buf_text(&output))))
		e = note_stderr(err_new(ERR_FAILED, "the node does not say what machine it is (uname -m)"), &errors);
	if (e == NULL)
		*arch = buf_take(&output);
	buf_fini(&output);
	buf_fini(&errors);
	return e;
}

static struct err *
upload(struct ssh *ssh, unsigned timeout, const struct program *program, enum push_result *result)
{
	struct buf	 command = { 0 }, output = { 0 }, errors = { 0 };
	struct err	*e;
	int		 status;

	buf_addf(&command, "set -- %s; %s", program->hash, INSTALL);
	e = run(ssh, command.data, timeout * UPLOAD_TIMEOUTS, &program->content, &output, &errors, &status, result);
	if (e == NULL && status != 0)
		e = note_stderr(err_new(ERR_FAILED, "the node cannot store leap's program in " BIN
		    " (exit status %d)", status), &errors);
	buf_fini(&errors);
	buf_fini(&output);
	buf_fini(&command);
	return e;
}

struct err *
program_send(const struct programs *programs, struct ssh *ssh, unsigned timeout, const char *arch, enum push_result *result)
{
	char		*asked = NULL;
	struct err	*e = NULL;

	if (arch == NULL) {
		e = ask_arch(ssh, timeout, &asked, result);
		if (e != NULL)
			return e;
		arch = asked;
	}
	for (size_t i = 0; i < programs->count; i++) {
		if (strcmp(programs->items[i].arch, arch) == 0) {
			e = upload(ssh, timeout, &programs->items[i], result);
			goto out;
		}
	}
	e = err_hint(err_new(ERR_FAILED, "there is no program for this node's machine, %s%s in %s", PREFIX,
	    is_arch(arch) ? arch : "?", programs->dir), "make builds it where a compiler for that machine is installed");
out:
	free(asked);
	return e;
}
