/* test/unit: pushing to what calls itself a node, through a real sshd. */
/* May know push, ssh, wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ssh_server.h"

#include "base/json.h"
#include "base/sha256.h"
#include "push/confirm.h"
#include "push/push.h"
#include "wire/frame.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>

static struct server	server = { .options = "LogLevel VERBOSE" };
static char		programs[128];			/* the directory with the program for "nodes" */
static char		hash[SHA256_HEX_SIZE];		/* of that program */
static unsigned		limit_rate;			/* of all pushes from now on */

/* What the report was told. */
struct seen {
	unsigned	 started, events, finished, ticks;
	struct buf	 text;
};

static void
on_started(void *context, const struct push_job *job)
{
	(void)job;
	((struct seen *)context)->started++;
}

static void
on_event(void *context, const struct push_job *job, const json_t *event)
{
	struct seen	*seen = context;

	(void)job;
	if (seen->events++ < 10) {
		json_canonical(event, &seen->text);
		buf_addc(&seen->text, '\n');
	}
}

static void
on_finished(void *context, const struct push_job *job)
{
	(void)job;
	((struct seen *)context)->finished++;
}

static void
on_tick(void *context)
{
	((struct seen *)context)->ticks++;
}

static void
push(struct push_job *jobs, size_t count, const char *op, struct seen *seen)
{
	struct request	 request = { .op = (char *)op, .who = (char *)"test@here", .commit = (char *)"" };
	struct push_options options = { .programs = programs, .parallel = 4, .limit_rate = limit_rate,
		.patches = strcmp(op, "plan") == 0 };
	struct push_report report = {
		.started = on_started, .event = on_event, .finished = on_finished, .tick = on_tick, .context = seen,
	};

	*seen = (struct seen){ 0 };
	push_run(jobs, count, &request, &options, &report);
}

/* A manifest with one file. */
static void
manifest_make(struct manifest *manifest, const char *path, const char *content)
{
	json_t	*file;

	manifest_init(manifest, "web1");
	file = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i}", "type", "file", "path", path, "mode", "0644", "owner",
	    "root", "group", "root", "sha256", manifest_add_blob(manifest, content, strlen(content), 0), "size",
	    (int)strlen(content));
	json_array_append_new(json_object_get(manifest->root, "resources"), file);
}

/* One job on the server. */
static void
push_one(struct push_job *job, struct manifest *manifest, const char *op, struct seen *seen)
{
	*job = (struct push_job){ .target = server.target, .manifest = manifest };
	push(job, 1, op, seen);
	CHECK_INT(seen->started, 1);
	CHECK_INT(seen->finished, 1);
}

static void
write_bytes(const char *name, const struct buf *bytes)
{
	char	*path = xasprintf("%s/%s", server.dir, name);

	CHECK_OK(file_write(path, buf_text(bytes), bytes->len, 0600));
	free(path);
}

/* The program for "nodes" from now on: a script. */
static void
use_script(const char *script)
{
	struct utsname	 machine;
	char		*path;

	uname(&machine);
	path = xasprintf("%s/leap-node-%s", programs, machine.machine);
	CHECK_OK(file_write(path, script, strlen(script), 0755));
	CHECK_OK(sha256_file(path, hash));
	free(path);
}

static void
add_hello(struct buf *bytes)
{
	struct buf	 hello = { 0 };

	buf_addf(&hello, "{\"version\": 1, \"program\": \"%s\", \"hostname\": \"web1\"}", hash);
	frame_add(bytes, FRAME_HELLO, hello.data, hello.len);
	buf_fini(&hello);
}

static void
add_text(struct buf *bytes, enum frame_type type, const char *text)
{
	frame_add(bytes, type, text, strlen(text));
}

/* How often sshd was asked to run a command so far, from its log. */
static unsigned
sessions(void)
{
	char		*path = xasprintf("%s/log", server.dir);
	struct buf	 log = { 0 };
	unsigned	 count = 0;

	CHECK_OK(file_read(path, 16 << 20, &log));
	for (const char *at = buf_text(&log); (at = strstr(at, "Starting session: ")) != NULL; at++)
		count++;
	buf_fini(&log);
	free(path);
	return count;
}

/* Run a command on the "node", in its own mount namespace. */
static void
on_node(const char *command)
{
	struct ssh	*ssh = NULL;
	struct buf	 output = { 0 }, errors = { 0 };
	int		 status = -1;

	if (CHECK_OK(ssh_open(&ssh, &server.target)))
		CHECK_OK(ssh_run(ssh, command, NULL, 0, &output, &errors, &status));
	CHECK_INT(status, 0);
	CHECK_STR(buf_text(&errors), "");
	ssh_close(ssh);
	buf_fini(&output);
	buf_fini(&errors);
}

/* A script that takes the request and answers with the bytes of a file. */
static void
use_answer(const struct buf *bytes)
{
	char	*script = xasprintf("#!/bin/sh\n[ \"$1\" = session ] && cat %s/answer\n", server.dir);
	struct buf all = { 0 };

	use_script(script);
	add_hello(&all);
	buf_add(&all, buf_text(bytes), bytes->len);
	write_bytes("answer", &all);
	buf_fini(&all);
	free(script);
}

#define RESULT_OK	"{\"result\": \"ok\", \"changed\": 2, \"restarted\": 1, \"generation\": 7, \"checks\": 3, " \
			"\"checks_failed\": 0}"

TEST(the_program_is_sent_once_and_then_one_channel_is_enough)
{
	struct manifest	 manifest;
	struct push_job	 job;
	struct seen	 seen;
	struct buf	 answer = { 0 };
	unsigned	 before;

	add_text(&answer, FRAME_NEED, "{\"blobs\": []}");
	add_text(&answer, FRAME_EVENT, "{\"resource\": \"file:/etc/motd\", \"action\": \"update\"}");
	add_text(&answer, FRAME_RESULT, RESULT_OK);
	use_answer(&answer);
	on_node("mkdir -p /var/lib/leap/bin; touch /var/lib/leap/bin/leap-node-0000");
	manifest_make(&manifest, "/etc/motd", "hello\n");
	for (int i = 0; i < 2; i++) {
		before = sessions();
		push_one(&job, &manifest, "apply", &seen);
		CHECK_OK(job.error);
		CHECK_INT(job.result, PUSH_OK);
		CHECK_INT(job.changed, 2);
		CHECK_INT(job.restarted, 1);
		CHECK_INT(job.generation, 7);
		CHECK_INT(job.checks, 3);
		CHECK_STR(buf_text(&seen.text), "{\"action\":\"update\",\"resource\":\"file:/etc/motd\"}\n");
		CHECK_INT(sessions() - before, i == 0 ? 3 : 1);
		/* The budget of a deploy that changes nothing: one command, and one wait for an answer. */
		CHECK_INT(job.execs, i == 0 ? 2 : 1);
		CHECK_INT(job.round_trips, i == 0 ? 2 : 1);
		CHECK(job.seconds > 0 && job.seconds < 10);
		buf_fini(&seen.text);
	}
	on_node("cd /var/lib/leap/bin && [ $(ls -A | wc -l) = 1 ] && [ $(stat -c %a:%U leap-node-*) = 700:root ] && "
	    "[ $(stat -c %a . ..) = 700 ] 2>/dev/null || [ $(stat -c %a .) = 755 ]");
	manifest_fini(&manifest);
	buf_fini(&answer);
}

TEST(a_damaged_program_is_sent_anew)
{
	struct manifest	 manifest;
	struct push_job	 job;
	struct seen	 seen;
	struct buf	 answer = { 0 };
	unsigned	 before;
	static const char *const damages[] = {
		"cd /var/lib/leap/bin; : > $(ls)",			/* does nothing */
		"cd /var/lib/leap/bin; echo 'echo garbage' > $(ls)",	/* speaks something else */
		"rm -r /var/lib/leap",
		"cd /var/lib/leap/bin; echo 'kill -SEGV $$' > $(ls)",	/* crashes */
		"cd /var/lib/leap/bin; chmod 0600 $(ls)",
		"cd /var/lib/leap/bin; rm *; mkdir 'leap-node- *'; touch 'leap-node-*'",
	};

	add_text(&answer, FRAME_RESULT, RESULT_OK);
	use_answer(&answer);
	manifest_make(&manifest, "/etc/motd", "hello\n");
	push_one(&job, &manifest, "apply", &seen);
	CHECK_OK(job.error);
	for (size_t i = 0; i < ARRAY_LEN(damages); i++) {
		on_node(damages[i]);
		before = sessions();
		push_one(&job, &manifest, "apply", &seen);
		CHECK_OK(job.error);
		CHECK_INT(job.result, PUSH_OK);
		CHECK(sessions() - before >= 3);
	}
	manifest_fini(&manifest);
	buf_fini(&answer);
}

TEST(a_program_that_never_works_is_a_clear_error)
{
	struct manifest	 manifest;
	struct push_job	 job;
	struct seen	 seen;

	manifest_make(&manifest, "/etc/motd", "hello\n");
	use_script("#!/bin/sh\nprintf 'no \\033[31msuch\\033[0m library\\n' >&2\nexit 3\n");
	push_one(&job, &manifest, "apply", &seen);
	CHECK_INT(job.result, PUSH_FAILED);
	CHECK_ERR(job.error, "web1: leap's program on the node ended with status 3 and said nothing\n"
	    "  the node says: no ?[31msuch?[0m library\n"
	    "hint: the program was sent anew and still does not work: look at /var/lib/leap/bin on the node\n");

	on_node("mount -t tmpfs -o size=4k none /var/lib/leap/bin");
	use_script("#!/bin/sh\n# more than 4 KiB: "
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n");
	on_node("head -c 4096 /dev/zero > /var/lib/leap/bin/full");
	push_one(&job, &manifest, "apply", &seen);
	CHECK_INT(job.result, PUSH_FAILED);
	CHECK_ERR_HAS(job.error, "web1: the node cannot store leap's program in /var/lib/leap/bin (exit status 1)\n"
	    "  the node says: cat: write error: No space left on device\n");
	on_node("umount /var/lib/leap/bin");
	manifest_fini(&manifest);
}

TEST(without_programs_every_node_says_so)
{
	struct manifest	 manifest;
	struct push_job	 job;
	struct seen	 seen;
	char		 saved[sizeof(programs)];

	memcpy(saved, programs, sizeof(saved));
	snprintf(programs, sizeof(programs), "/nonexistent");
	manifest_make(&manifest, "/etc/motd", "hello\n");
	push_one(&job, &manifest, "apply", &seen);
	CHECK_ERR(job.error, "web1: /nonexistent has no program for nodes (leap-node-x86_64)\n"
	    "hint: make builds it, make install puts it there\n");
	memcpy(programs, saved, sizeof(saved));
	manifest_fini(&manifest);
}

/* What a node answers behind its HELLO, and what comes of it. */
static const struct {
	const char	*name;
	enum frame_type	 type;
	const char	*payload;
	const char	*error;		/* NULL: it is accepted */
	enum push_result result;
} answers[] = {
	{ "ok", FRAME_RESULT, RESULT_OK, NULL, PUSH_OK },
	{ "failed", FRAME_RESULT, "{\"result\": \"failed\", \"resource\": \"file:/etc/motd\", \"error\": \"disk full\"}",
	    "web1: file:/etc/motd: disk full\n", PUSH_FAILED },
	{ "silent failure", FRAME_RESULT, "{\"result\": \"failed\"}", "web1: the node does not say why it failed\n",
	    PUSH_FAILED },
	{ "locked", FRAME_RESULT, "{\"result\": \"locked\", \"lock\": \"ann@desk since 10:00\"}",
	    "web1: somebody else works on the node: ann@desk since 10:00\nhint: wait, or use --lock-wait SECONDS\n",
	    PUSH_LOCKED },
	{ "marked", FRAME_RESULT, "{\"result\": \"locked\", \"lock\": \"ann@desk since 10:00: new disk\", \"marked\": true}",
	    "web1: locked by ann@desk since 10:00: new disk\n"
	    "hint: \"leap unlock web1\" allows deploys again, whoever locked it\n", PUSH_LOCKED },
	{ "checks", FRAME_RESULT, "{\"result\": \"ok\", \"checks\": 3, \"checks_failed\": 2}",
	    "web1: 2 of 3 checks failed\n", PUSH_FAILED },
	{ "escapes", FRAME_RESULT, "{\"result\": \"failed\", \"error\": \"\\u001b[2J\\u202e\\u0007 \xc3\xa9\"}",
	    "web1: ?[2J?? \xc3\xa9\n", PUSH_FAILED },
	{ "no JSON", FRAME_RESULT, "result", "web1: the node breaks leap's protocol: its RESULT is no JSON object\n",
	    PUSH_FAILED },
	{ "empty", FRAME_RESULT, "", "web1: the node breaks leap's protocol: its RESULT is no JSON object\n",
	    PUSH_FAILED },
	{ "duplicate", FRAME_RESULT, "{\"result\": \"ok\", \"result\": \"ok\"}",
	    "web1: the node breaks leap's protocol: its RESULT is no JSON object\n", PUSH_FAILED },
	{ "types", FRAME_RESULT, "{\"result\": \"ok\", \"changed\": \"many\"}",
	    "web1: the node breaks leap's protocol: its RESULT is not of the right form\n", PUSH_FAILED },
	{ "negative", FRAME_RESULT, "{\"result\": \"ok\", \"changed\": -1}",
	    "web1: the node breaks leap's protocol: its RESULT is not of the right form\n", PUSH_FAILED },
	{ "huge", FRAME_RESULT, "{\"result\": \"ok\", \"changed\": 4294967296}",
	    "web1: the node breaks leap's protocol: its RESULT is not of the right form\n", PUSH_FAILED },
	{ "nonce that is none", FRAME_RESULT, "{\"result\": \"ok\", \"confirm\": 60, \"nonce\": \"\\u001b[2J\"}",
	    "web1: the node breaks leap's protocol: its RESULT is not of the right form\n", PUSH_FAILED },
	{ "nonce without an end", FRAME_RESULT, "{\"result\": \"ok\", \"confirm\": 3601, \"nonce\": \"00\"}",
	    "web1: the node breaks leap's protocol: its RESULT is not of the right form\n", PUSH_FAILED },
	{ "wait that nobody asked for", FRAME_RESULT, "{\"result\": \"ok\", \"confirm\": 60, \"nonce\": \"00\"}", NULL, PUSH_OK },
	{ "unknown result", FRAME_RESULT, "{\"result\": \"fine\"}",
	    "web1: the node breaks leap's protocol: its RESULT is not of the right form\n", PUSH_FAILED },
	{ "moved", FRAME_RESULT, "{\"result\": \"moved\"}", "web1: the node is not as it was when the plan was made; "
	    "nothing was changed\nhint: plan anew\n", PUSH_MOVED },
	{ "planned", FRAME_RESULT, "{\"result\": \"planned\"}", "web1: the node planned where it was to act\n",
	    PUSH_FAILED },
	{ "state", FRAME_RESULT, "{\"result\": \"ok\", \"state\": \"../x\"}",
	    "web1: the node breaks leap's protocol: its RESULT is not of the right form\n", PUSH_FAILED },
	{ "times", FRAME_RESULT, "{\"result\": \"ok\", \"milliseconds\": {\"look\": 1.5}}",
	    "web1: the node breaks leap's protocol: its RESULT is not of the right form\n", PUSH_FAILED },
	{ "no times", FRAME_RESULT, "{\"result\": \"ok\", \"milliseconds\": [1]}", NULL, PUSH_OK },
	{ "array", FRAME_EVENT, "[]", "web1: the node breaks leap's protocol: its EVENT is no JSON object\n",
	    PUSH_FAILED },
	{ "action", FRAME_EVENT, "{\"resource\": \"x\", \"action\": \"explode\"}",
	    "web1: the node breaks leap's protocol: its EVENT is not of the right form\n", PUSH_FAILED },
	{ "no resource", FRAME_EVENT, "{\"action\": \"update\"}",
	    "web1: the node breaks leap's protocol: its EVENT is not of the right form\n", PUSH_FAILED },
	{ "detail", FRAME_EVENT, "{\"resource\": \"x\", \"action\": \"update\", \"detail\": {}}",
	    "web1: the node breaks leap's protocol: its EVENT is not of the right form\n", PUSH_FAILED },
	{ "foreign blob", FRAME_NEED,
	    "{\"blobs\": [\"0000000000000000000000000000000000000000000000000000000000000000\"]}",
	    "web1: the node breaks leap's protocol: it asks for content that is not in its manifest\n", PUSH_FAILED },
	{ "no hash", FRAME_NEED, "{\"blobs\": [\"../../etc/shadow\"]}",
	    "web1: the node breaks leap's protocol: it asks for content that is not in its manifest\n", PUSH_FAILED },
	{ "too many", FRAME_NEED, "{\"blobs\": [1, 2]}",
	    "web1: the node breaks leap's protocol: its NEED is no list of blobs, or one of more than it has\n",
	    PUSH_FAILED },
	{ "no list", FRAME_NEED, "{}",
	    "web1: the node breaks leap's protocol: its NEED is no list of blobs, or one of more than it has\n",
	    PUSH_FAILED },
	{ "hello again", FRAME_HELLO, "{}", "web1: the node breaks leap's protocol: it says HELLO twice\n",
	    PUSH_FAILED },
	{ "our own frame", FRAME_REQUEST, "{}",
	    "web1: the node breaks leap's protocol: it sends a frame that is for nodes only\n", PUSH_FAILED },
	{ "cut", FRAME_EVENT, "{\"resource\": \"unit:nginx\", \"action\": \"restart\"}",
	    "web1: leap's program on the node ended with status 0 after unit:nginx\n", PUSH_FAILED },
};

TEST(whatever_a_node_answers_is_checked)
{
	struct manifest	 manifest;

	manifest_make(&manifest, "/etc/motd", "hello\n");
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		struct push_job	 job;
		struct seen	 seen;
		struct buf	 answer = { 0 };

		add_text(&answer, answers[i].type, answers[i].payload);
		use_answer(&answer);
		push_one(&job, &manifest, "apply", &seen);
		CHECK_INT(job.result, answers[i].result);
		if (answers[i].error == NULL)
			CHECK_OK(job.error);
		else
			CHECK_ERR(job.error, answers[i].error);
		buf_fini(&seen.text);
		buf_fini(&answer);
	}
	manifest_fini(&manifest);
}

/* The content of the next BLOB frame in `in`, decompressed, with its name in front. */
static bool
next_blob(const struct buf *in, size_t *offset, struct buf *content)
{
	struct frame	 frame;
	int		 complete = 1;

	buf_clear(content);
	while (complete) {
		if (!CHECK_OK(frame_next(&frame, in, offset, FRAME_MAX_UP, &complete)))
			return false;
		if (complete && frame.type == FRAME_BLOB && frame.len > 64) {
			buf_add(content, frame.data, 64);
			return CHECK_OK(frame_inflate(frame.data + 64, frame.len - 64, 64 << 20, content));
		}
	}
	return false;
}

/* The memory that this process needed at most so far, in MiB. */
static long
memory_peak(void)
{
	struct rusage	 usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss >> 10;
}

/* A manifest of `count` blobs that cannot be compressed, each of `size` bytes, and the NEED that asks for all. */
static void
blobs_make(struct manifest *manifest, size_t count, size_t size, struct buf *need)
{
	char		*data = xmalloc(size);
	uint32_t	 seed = 1;

	manifest_init(manifest, "web1");
	buf_adds(need, "{\"blobs\": [");
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < size; k++)
			data[k] = (char)((seed = seed * 1664525 + 1013904223) >> 24);
		buf_addf(need, "%s\"%s\"", i == 0 ? "" : ", ", manifest_add_blob(manifest, data, size, 0));
	}
	buf_adds(need, "]}");
	free(data);
}

/* Send a node what it asks for, and see that all of it arrives.  Returns how many seconds it took. */
static double
send_blobs(size_t count, size_t size)
{
	struct manifest	 manifest;
	struct push_job	 job;
	struct seen	 seen;
	struct buf	 answer = { 0 }, need = { 0 }, sent = { 0 }, content = { 0 };
	char		*path = xasprintf("%s/stdin", server.dir);
	char		*script = xasprintf("#!/bin/sh\ncat %s/answer\nhead -c %d >%s\nsleep 1\ncat %s/rest; cat >>%s\n",
	    server.dir, (int)(count * size), path, server.dir, path);
	long		 before;
	size_t		 offset = 0, blobs = 0;

	blobs_make(&manifest, count, size, &need);
	use_script(script);
	add_hello(&answer);
	add_text(&answer, FRAME_NEED, need.data);
	write_bytes("answer", &answer);
	buf_clear(&answer);
	add_text(&answer, FRAME_RESULT, RESULT_OK);
	write_bytes("rest", &answer);
	before = memory_peak();
	push_one(&job, &manifest, "apply", &seen);
	CHECK_OK(job.error);
#ifndef LEAP_SANITIZED
	CHECK(memory_peak() - before <= (long)(count * size >> 20) / 2 + 8);
#else
	(void)before;
#endif
	CHECK_OK(file_read(path, 2 * count * size, &sent));
	while (next_blob(&sent, &offset, &content)) {
		char			 name[SHA256_HEX_SIZE];
		const struct blob	*blob;

		snprintf(name, sizeof(name), "%s", content.data);
		blob = manifest_blob(&manifest, name);
		CHECK(blob != NULL && content.len == 64 + blob->len &&
		    memcmp(content.data + 64, blob->data, blob->len) == 0);
		blobs++;
	}
	CHECK_INT(blobs, count);
	buf_fini(&content);
	buf_fini(&sent);
	buf_fini(&need);
	buf_fini(&answer);
	manifest_fini(&manifest);
	free(script);
	free(path);
	return job.seconds;
}

TEST(blobs_are_sent_whole_and_never_all_in_memory)
{
	send_blobs(12, 8 << 20);
}

TEST(no_more_is_sent_in_a_second_than_allowed)
{
	double	 slow, fast;

	limit_rate = 100;
	slow = send_blobs(3, 100 << 10);
	limit_rate = 0;
	fast = send_blobs(3, 100 << 10);
	CHECK(slow > 2.5);
	CHECK(slow > fast + 1);
}

TEST(events_are_made_harmless)
{
	struct manifest	 manifest;
	struct push_job	 job;
	struct seen	 seen;
	struct buf	 answer = { 0 };

	manifest_make(&manifest, "/etc/motd", "hello\n");
	add_text(&answer, FRAME_EVENT, "{\"resource\": \"file:/\\u001b]0;evil\\u0007\\n\", \"action\": \"update\", "
	    "\"detail\": \"-a\\n+b\\t\\r\\u009b\", \"more\": \"dropped\"}");
	add_text(&answer, FRAME_RESULT, RESULT_OK);
	use_answer(&answer);
	push_one(&job, &manifest, "plan", &seen);
	CHECK_OK(job.error);
	CHECK_STR(buf_text(&seen.text),
	    "{\"action\":\"update\",\"detail\":\"-a\\n+b\\t??\",\"resource\":\"file:/?]0;evil??\"}\n");
	buf_fini(&seen.text);
	buf_fini(&answer);
	manifest_fini(&manifest);
}

/* A file of the manifest whose content is secret. */
static void
add_secret(struct manifest *manifest, const char *path)
{
	json_t	*file = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:b}", "type", "file", "path", path, "mode", "0600",
		    "owner", "root", "group", "root", "sha256", manifest_add_blob(manifest, "hunter2\n", 8, 1), "size", 8,
		    "secret", 1);

	json_array_append_new(json_object_get(manifest->root, "resources"), file);
}

TEST(a_plan_has_differences_but_of_secrets)
{
	struct manifest	 manifest;
	struct push_job	 job;
	struct seen	 seen;
	struct buf	 answer = { 0 };

	manifest_make(&manifest, "/etc/motd", "hello\n");
	add_secret(&manifest, "/etc/key");
	add_text(&answer, FRAME_EVENT, "{\"resource\": \"file:/etc/old\", \"action\": \"remove\", \"old\": \"a\\n\"}");
	add_text(&answer, FRAME_EVENT, "{\"resource\": \"file:/etc/motd\", \"action\": \"update\", "
	    "\"detail\": \"content\", \"old\": \"\\u001b[2J\\n\"}");
	add_text(&answer, FRAME_EVENT, "{\"resource\": \"file:/etc/motd\", \"action\": \"update\", "
	    "\"detail\": \"mode 0600\", \"old\": \"hello\\n\"}");
	add_text(&answer, FRAME_EVENT, "{\"resource\": \"file:/etc/key\", \"action\": \"update\", "
	    "\"detail\": \"content\", \"old\": \"hunter1\\n\"}");
	add_text(&answer, FRAME_RESULT, "{\"result\": \"ok\", \"bytes\": 14, \"milliseconds\": {\"look\": 3}, \"state\": "
	    "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"}");
	use_answer(&answer);
	push_one(&job, &manifest, "plan", &seen);
	CHECK_OK(job.error);
	CHECK_STR(buf_text(&seen.text),
	    "{\"action\":\"remove\",\"patch\":\"@@ -1 +0,0 @@\\n-a\\n\",\"resource\":\"file:/etc/old\"}\n"
	    "{\"action\":\"update\",\"detail\":\"content\",\"patch\":\"@@ -1 +1 @@\\n-?[2J\\n+hello\\n\","
	    "\"resource\":\"file:/etc/motd\"}\n"
	    "{\"action\":\"update\",\"detail\":\"mode 0600\",\"resource\":\"file:/etc/motd\"}\n"
	    "{\"action\":\"update\",\"detail\":\"content\",\"hidden\":\"secret content differs\","
	    "\"resource\":\"file:/etc/key\"}\n");
	CHECK_STR(job.state, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	CHECK_INT(job.bytes, 14);
	CHECK_INT(job.milliseconds[PUSH_LOOK], 3);
	buf_fini(&seen.text);
	buf_fini(&answer);
	manifest_fini(&manifest);
}

/* The bytes of DIR/answer (with a HELLO in front) and then what the command prints, from whatever is asked to run. */
static void
check_peer(bool hello, const struct buf *bytes, const char *then, const char *error)
{
	struct manifest	 manifest;
	struct push_job	 job;
	struct seen	 seen;
	struct buf	 all = { 0 };
	char		 key_options[256];

	manifest_make(&manifest, "/etc/motd", "hello\n");
	if (hello)
		add_hello(&all);
	buf_add(&all, buf_text(bytes), bytes->len);
	write_bytes("answer", &all);
	snprintf(key_options, sizeof(key_options), "command=\"cat %s/answer; %s\"", server.dir, then);
	server.key_options = key_options;
	server_allow(&server, "home/.ssh/id_ed25519");
	push_one(&job, &manifest, "apply", &seen);
	CHECK_INT(job.result, PUSH_FAILED);
	CHECK_ERR_HAS(job.error, error);
	CHECK(seen.events <= 100000);
	server.key_options = NULL;
	server_allow(&server, "home/.ssh/id_ed25519");
	buf_fini(&seen.text);
	buf_fini(&all);
	manifest_fini(&manifest);
}

TEST(garbage_and_floods_end_in_an_error)
{
	struct buf	 none = { 0 }, bytes = { 0 };
	char		 endless[128];

	check_peer(false, &none, "echo Welcome to web1", "web1: the node does not say what machine it is (uname -m)\n"
	    "  leap's program had to be sent to it because of this: web1: the other side does not speak");
	check_peer(false, &none, "yes", "web1: the command printed more than 16 MiB\n");
	check_peer(false, &none, "cat /dev/zero", "web1: the command printed more than 16 MiB\n");
	check_peer(false, &none, "cat /dev/urandom", "web1: ");
	check_peer(true, &none, "yes", "the other side does not speak leap's protocol (frame type 0x79)");
	server.target.timeout = 1;
	check_peer(false, &none, "sleep 9", "web1: leap's program on the node said nothing in 2 s\n");
	check_peer(false, &none, "exec sleep 9 <&-", "web1: leap's program on the node said nothing in 2 s\n");
	check_peer(false, &none, "while sleep 0.5; do printf H; done", "web1: leap's program on the node said nothing in 2 s\n");
	server.target.timeout = 10;
	check_peer(false, &none, "yes no space left >&2", "web1: the node complains without end\n");
	check_peer(true, &none, "yes no space left >&2", "web1: the node complains without end\n");
	check_peer(false, &none, "echo Welcome; yes no space left >&2", "web1: the command printed more than 16 MiB\n");
	buf_add(&bytes, "E\377\377\377\377", 5);
	check_peer(true, &bytes, "sleep 9", "a frame of type 'E' with 4294967295 bytes is larger than");
	buf_clear(&bytes);
	buf_add(&bytes, "E\000\017\377\377", 5);
	check_peer(true, &bytes, "cat /dev/zero", "its EVENT is no JSON object");
	buf_clear(&bytes);
	check_peer(true, &none, "true", "leap's program on the node ended with status 0 before it did anything");
	for (int i = 0; i < 500; i++) {
		add_text(&bytes, FRAME_EVENT, "{\"resource\": \"x\", \"action\": \"run\"}");
		add_text(&bytes, FRAME_EVENT, "{\"resource\": \"y\", \"action\": \"run\"}");
	}
	write_bytes("events", &bytes);
	snprintf(endless, sizeof(endless), "while cat %s/events; do :; done", server.dir);
	check_peer(true, &none, endless,
	    "it sends more than 100000 events");
	buf_clear(&bytes);
	for (int i = 0; i < 1002; i++)
		add_text(&bytes, FRAME_EVENT, "{\"resource\": \"x\", \"action\": \"run\"}");
	check_peer(true, &bytes, "sleep 9", "it says the same again and again");
	buf_fini(&bytes);
}

TEST(other_nodes_go_on_whatever_one_does)
{
	struct manifest	 manifest;
	struct push_job	 jobs[5];
	struct seen	 seen;
	struct buf	 answer = { 0 };
	char		 other_key[1024];
	unsigned	 dead, silent;
	int		 fd = server_listen(&silent);

	close(server_listen(&dead));
	manifest_make(&manifest, "/etc/motd", "hello\n");
	add_text(&answer, FRAME_RESULT, RESULT_OK);
	use_answer(&answer);
	for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
		jobs[i] = (struct push_job){ .target = server.target, .manifest = &manifest };
	jobs[0].target.port = dead;
	jobs[1].target.port = silent;
	jobs[1].target.timeout = 1;
	snprintf(other_key, sizeof(other_key), "ssh-ed25519 "
	    "AAAAC3NzaC1lZDI1NTE5AAAAIB6BpEYBt7mHqrT9jXj8Y5UkC0VzYnl7hQb0JmQxkCfV");
	jobs[2].target.host_key = other_key;
	push(jobs, ARRAY_LEN(jobs), "apply", &seen);
	CHECK_INT(seen.started, 5);
	CHECK_INT(seen.finished, 5);
	CHECK(seen.ticks >= 5);
	CHECK_INT(jobs[0].result, PUSH_UNREACHABLE);
	CHECK_ERR_HAS(jobs[0].error, "Connection refused");
	CHECK_INT(jobs[1].result, PUSH_UNREACHABLE);
	CHECK(!jobs[1].begun);
	CHECK_ERR_HAS(jobs[1].error, "stayed silent for 1 s");
	CHECK_INT(jobs[2].result, PUSH_TRUST);
	CHECK_ERR_HAS(jobs[2].error, "is not the pinned one");
	CHECK_INT(jobs[3].result, PUSH_OK);
	CHECK_OK(jobs[3].error);
	CHECK_INT(jobs[4].result, PUSH_OK);
	CHECK_OK(jobs[4].error);
	close(fd);
	buf_fini(&answer);
	manifest_fini(&manifest);
}

TEST(a_connection_lost_in_the_middle_says_where)
{
	struct manifest	 manifest;
	struct push_job	 job;
	struct seen	 seen;
	struct buf	 answer = { 0 };
	char		*script = xasprintf("#!/bin/sh\ncat %s/answer\nsleep 0.3\nkill -9 $PPID\n", server.dir);

	manifest_make(&manifest, "/etc/motd", "hello\n");
	use_script(script);
	add_hello(&answer);
	add_text(&answer, FRAME_EVENT, "{\"resource\": \"package:nginx\", \"action\": \"install\"}");
	write_bytes("answer", &answer);
	push_one(&job, &manifest, "apply", &seen);
	CHECK_INT(job.result, PUSH_UNREACHABLE);
	CHECK(job.begun);
	CHECK_ERR_HAS(job.error, "\n  the last it said in this apply was package:nginx\n"
	    "hint: what was begun is finished by the next leap deploy web1\n");
	buf_fini(&seen.text);
	buf_fini(&answer);
	manifest_fini(&manifest);
	free(script);
}

/* The time may be over when the last attempt ends. */
TEST(who_cannot_come_in_again_hears_how_long_that_lasts)
{
	struct push_job		 job = { .target = server.target };
	struct request		 request = { .op = (char *)"apply", .who = (char *)"test@here", .commit = (char *)"" };
	struct session_tools	 tools = { 0 };
	unsigned		 dead;

	close(server_listen(&dead));
	job.target.port = dead;
	job.error = confirm_by_new_login(&job, &request, &tools, "nonce", 1);
	CHECK_INT(job.result, PUSH_FAILED);
	CHECK_ERR_HAS(job.error, "\n  leap could not come in again, so the node goes back by itself to what it was before, "
	    "in 1 s\n");
	job.error = confirm_by_new_login(&job, &request, &tools, "nonce", 0);
	CHECK_ERR_HAS(job.error, "\n  leap could not come in again, so the node goes back by itself to what it was before, "
	    "about now\nhint: \"leap history web1\" tells whether it did\n");
}

static void *
stop_soon(void *argument)
{
	usleep((useconds_t)(uintptr_t)argument);
	ssh_stop();
	return NULL;
}

/* As soon as the script on the "node" made the file DIR/begun. */
static void *
stop_when_begun(void *argument)
{
	char	*path = xasprintf("%s/begun", server.dir);

	(void)argument;
	for (int i = 0; i < 1000 && access(path, F_OK) != 0; i++)
		usleep(10000);
	unlink(path);
	free(path);
	ssh_stop();
	return NULL;
}

TEST(a_first_stop_lets_the_node_finish_its_step)
{
	struct manifest	 manifest;
	struct push_job	 job;
	struct seen	 seen;
	struct buf	 answer = { 0 }, stdin_bytes = { 0 };
	char		*path = xasprintf("%s/stdin", server.dir);
	char		*script = xasprintf("#!/bin/sh\nexec 3<&0\ncat <&3 >%s &\ncat %s/answer\n: >%s/begun\nsleep 1.5\n"
	    "cat %s/rest\n", path, server.dir, server.dir, server.dir);
	pthread_t	 thread;

	manifest_make(&manifest, "/etc/motd", "hello\n");
	use_script(script);
	add_hello(&answer);
	write_bytes("answer", &answer);
	buf_clear(&answer);
	add_text(&answer, FRAME_RESULT, "{\"result\": \"cancelled\", \"changed\": 1}");
	write_bytes("rest", &answer);
	pthread_create(&thread, NULL, stop_when_begun, NULL);
	push_one(&job, &manifest, "apply", &seen);
	pthread_join(thread, NULL);
	CHECK_INT(job.result, PUSH_CANCELLED);
	CHECK_ERR(job.error, "web1: interrupted after 1 changes\n"
	    "hint: what was begun is finished by the next leap deploy web1\n");
	CHECK_OK(file_read(path, 1 << 20, &stdin_bytes));
	CHECK(stdin_bytes.len > 5 && memcmp(stdin_bytes.data + stdin_bytes.len - 5, "C\0\0\0", 5) == 0);
	ssh_fini();
	CHECK_OK(ssh_setup());
	buf_fini(&stdin_bytes);
	buf_fini(&answer);
	manifest_fini(&manifest);
	free(script);
	free(path);
}

/* A stop while the node waits for somebody else's lock, after which it says that it is locked. */
TEST(a_stopped_wait_for_the_lock_is_an_interruption)
{
	struct manifest	 manifest;
	struct push_job	 job;
	struct seen	 seen;
	struct buf	 answer = { 0 };
	char		*script = xasprintf("#!/bin/sh\ncat %s/answer\n: >%s/begun\nsleep 1.5\ncat %s/rest\n",
	    server.dir, server.dir, server.dir);
	pthread_t	 thread;

	manifest_make(&manifest, "/etc/motd", "hello\n");
	use_script(script);
	add_hello(&answer);
	write_bytes("answer", &answer);
	buf_clear(&answer);
	add_text(&answer, FRAME_RESULT, "{\"result\": \"locked\", \"lock\": \"ann@desk since 10:00\"}");
	write_bytes("rest", &answer);
	pthread_create(&thread, NULL, stop_when_begun, NULL);
	push_one(&job, &manifest, "apply", &seen);
	pthread_join(thread, NULL);
	CHECK_INT(job.result, PUSH_CANCELLED);
	CHECK_ERR(job.error, "web1: interrupted while it waited for somebody else's work: ann@desk since 10:00\n");
	ssh_fini();
	CHECK_OK(ssh_setup());
	buf_fini(&answer);
	manifest_fini(&manifest);
	free(script);
}

TEST(a_second_stop_leaves_at_once)
{
	struct manifest	 manifest;
	struct push_job	 jobs[6];
	struct seen	 seen;
	struct buf	 answer = { 0 };
	char		*script = xasprintf("#!/bin/sh\ncat %s/answer\nsleep 9\n", server.dir);
	pthread_t	 threads[2];
	time_t		 begin = time(NULL);

	manifest_make(&manifest, "/etc/motd", "hello\n");
	use_script(script);
	add_hello(&answer);
	write_bytes("answer", &answer);
	for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
		jobs[i] = (struct push_job){ .target = server.target, .manifest = &manifest };
	pthread_create(&threads[0], NULL, stop_soon, (void *)(uintptr_t)900000);
	pthread_create(&threads[1], NULL, stop_soon, (void *)(uintptr_t)1900000);
	push(jobs, ARRAY_LEN(jobs), "apply", &seen);
	CHECK(time(NULL) - begin <= 4);
	for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
		CHECK_INT(jobs[i].result, PUSH_CANCELLED);
		CHECK_ERR_HAS(jobs[i].error, "web1: interrupted");
	}
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	ssh_fini();
	CHECK_OK(ssh_setup());
	buf_fini(&answer);
	manifest_fini(&manifest);
	free(script);
}

int
main(void)
{
	json_setup();
	server_begin(&server);
	if (server_why == NULL) {
		snprintf(programs, sizeof(programs), "%s/programs", server.dir);
		CHECK_OK(dir_make(programs, 0700));
	}
	RUN_ON_SERVER(the_program_is_sent_once_and_then_one_channel_is_enough);
	RUN_ON_SERVER(a_damaged_program_is_sent_anew);
	RUN_ON_SERVER(a_program_that_never_works_is_a_clear_error);
	RUN_ON_SERVER(without_programs_every_node_says_so);
	RUN_ON_SERVER(whatever_a_node_answers_is_checked);
	RUN_ON_SERVER(blobs_are_sent_whole_and_never_all_in_memory);
	RUN_ON_SERVER(no_more_is_sent_in_a_second_than_allowed);
	RUN_ON_SERVER(events_are_made_harmless);
	RUN_ON_SERVER(a_plan_has_differences_but_of_secrets);
	RUN_ON_SERVER(garbage_and_floods_end_in_an_error);
	RUN_ON_SERVER(other_nodes_go_on_whatever_one_does);
	RUN_ON_SERVER(a_connection_lost_in_the_middle_says_where);
	RUN_ON_SERVER(who_cannot_come_in_again_hears_how_long_that_lasts);
	RUN_ON_SERVER(a_first_stop_lets_the_node_finish_its_step);
	RUN_ON_SERVER(a_stopped_wait_for_the_lock_is_an_interruption);
	RUN_ON_SERVER(a_second_stop_leaves_at_once);
	return server_done(&server);
}
