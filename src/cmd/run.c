/* cmd: leap run. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/fleet.h"
#include "cmd/select.h"
#include "config/config.h"
#include "push/answers.h"
#include "repo/repo.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const struct opt run_opts[] = { FLEET_OPT_PARALLEL, { 0 } };

/* The command on one node. */
struct task {
	struct node		*node;
	struct fleet_target	 target;
	struct buf		 output, errors;
	int			 status;
	struct err		*error;
};

struct tasks {
	const char	*command;
	struct task	*items;
	size_t		 count, next;
	size_t		*done;		/* the indices of finished tasks, in that order */
	size_t		 done_count;
	pthread_mutex_t	 lock;
	pthread_cond_t	 finished;
};

static void
task_run(struct task *task, const char *command)
{
	struct ssh	*ssh = NULL;

	task->status = -1;
	if (task->error != NULL)	/* no pinned key */
		return;
	task->error = ssh_open(&ssh, &task->target.ssh);
	if (task->error == NULL)
		task->error = ssh_run(ssh, command, NULL, 0, &task->output, &task->errors, &task->status);
	ssh_close(ssh);
}

static void *
work(void *argument)
{
	struct tasks	*tasks = argument;

	pthread_mutex_lock(&tasks->lock);
	while (tasks->next < tasks->count) {
		size_t	 index = tasks->next++;

		pthread_mutex_unlock(&tasks->lock);
		task_run(&tasks->items[index], tasks->command);
		pthread_mutex_lock(&tasks->lock);
		tasks->done[tasks->done_count++] = index;
		pthread_cond_signal(&tasks->finished);
	}
	pthread_mutex_unlock(&tasks->lock);
	ssh_thread_end();
	return NULL;
}

/* Each line with the node's name in front of it. */
static void
print_lines(FILE *stream, const char *name, const struct buf *text)
{
	struct buf	 line = { 0 };

	for (const char *at = buf_text(text), *end = at + text->len; at < end;) {
		const char	*newline = memchr(at, '\n', (size_t)(end - at));
		size_t		 len = newline == NULL ? (size_t)(end - at) : (size_t)(newline - at);

		term_color(&line, stream, TERM_BOLD, name);
		buf_adds(&line, ": ");
		text_clean(&line, at, len, SIZE_MAX / 2, true);
		buf_addc(&line, '\n');
		term_write(stream, &line);
		buf_clear(&line);
		at += len + 1;
	}
	buf_fini(&line);
}

static void
print_task(const struct task *task)
{
	print_lines(stdout, task->node->name, &task->output);
	fflush(stdout);
	print_lines(stderr, task->node->name, &task->errors);
	if (task->error == NULL && task->status != 0)
		note("%s: exit status %d\n", task->node->name, task->status);
}

/* Print each task as it is finished; the threads run meanwhile. */
static void
print_all(struct tasks *tasks, bool print)
{
	for (size_t seen = 0; seen < tasks->count; seen++) {
		pthread_mutex_lock(&tasks->lock);
		while (tasks->done_count == seen)
			pthread_cond_wait(&tasks->finished, &tasks->lock);
		pthread_mutex_unlock(&tasks->lock);
		if (print)
			print_task(&tasks->items[tasks->done[seen]]);
	}
}

static void
run_all(struct tasks *tasks, unsigned parallel, bool print)
{
	unsigned	 wanted = parallel > tasks->count ? (unsigned)tasks->count : parallel, started = 0;
	pthread_t	*threads = xcalloc(wanted, sizeof(*threads));
	sigset_t	 all, before;

	tasks->done = xcalloc(tasks->count, sizeof(*tasks->done));
	pthread_mutex_init(&tasks->lock, NULL);
	pthread_cond_init(&tasks->finished, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (started < wanted && pthread_create(&threads[started], NULL, work, tasks) == 0)
		started++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (started == 0)
		abort();	/* out of memory */
	print_all(tasks, print);
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	pthread_cond_destroy(&tasks->finished);
	pthread_mutex_destroy(&tasks->lock);
	free(tasks->done);
	free(threads);
}

static json_t *
clean_text(const struct buf *text)
{
	struct buf	 clean = { 0 };
	json_t		*value;

	text_clean(&clean, buf_text(text), text->len, SIZE_MAX / 2, true);
	value = json_string(buf_text(&clean));
	buf_fini(&clean);
	return value;
}

static void
print_json(const struct tasks *tasks)
{
	json_t		*root = json_array(), *object;
	struct buf	 text = { 0 };

	for (size_t i = 0; i < tasks->count; i++) {
		const struct task	*task = &tasks->items[i];

		object = json_pack("{s:s, s:o, s:o}", "node", task->node->name, "output", clean_text(&task->output),
		    "errors", clean_text(&task->errors));
		if (task->error != NULL)
			json_object_set_new(object, "error", json_string(err_message(task->error)));
		else
			json_object_set_new(object, "status", json_integer(task->status));
		json_array_append_new(root, object);
	}
	json_pretty(root, &text);
	term_write(stdout, &text);
	buf_fini(&text);
	json_decref(root);
}

static struct err *
make_tasks(struct tasks *tasks, struct context *context, const struct node_list *nodes)
{
	struct err	*e = NULL;

	tasks->count = nodes->count;
	tasks->items = xcalloc(nodes->count, sizeof(*tasks->items));
	for (size_t i = 0; i < nodes->count; i++) {
		struct task	*task = &tasks->items[i];

		task->node = nodes->items[i];
		task->error = fleet_target(&task->target, context, task->node);
		if (task->error == NULL || err_code(task->error) == ERR_TRUST)
			continue;
		e = err_join(e, task->error);
		task->error = NULL;
	}
	return e;
}

static struct err *
collect(struct tasks *tasks)
{
	struct failures	 failures = { 0 };

	for (size_t i = 0; i < tasks->count; i++) {
		struct task	*task = &tasks->items[i];

		if (task->error == NULL && task->status != 0)
			task->error = ssh_not_root(&task->target.ssh, buf_text(&task->errors));
		if (task->error == NULL && task->status != 0)
			task->error = err_new(ERR_NODES, "%s: the command ended with status %d", task->node->name,
			    task->status);
		if (task->error != NULL)
			failures_add(&failures, task->node->name, task->error);
		task->error = NULL;
	}
	return failures_end(&failures, tasks->count);
}

static void
tasks_fini(struct tasks *tasks)
{
	for (size_t i = 0; i < tasks->count; i++) {
		fleet_target_fini(&tasks->items[i].target);
		buf_fini(&tasks->items[i].output);
		buf_fini(&tasks->items[i].errors);
		err_free(tasks->items[i].error);
	}
	free(tasks->items);
}

static struct err *
run_run(struct context *context)
{
	struct tasks		 tasks = { .command = context->args[0] };
	struct node_list	 nodes = { 0 };
	unsigned		 parallel;
	struct err		*e;

	if ((e = fleet_parallel(context, &parallel)) != NULL ||
	    (e = select_nodes(&nodes, context, 1, 0)) != NULL ||
	    (e = make_tasks(&tasks, context, &nodes)) != NULL || (e = fleet_connect()) != NULL)
		goto out;
	run_all(&tasks, parallel, !context->json);
	fleet_disconnect();
	if (context->json)
		print_json(&tasks);
	e = collect(&tasks);
out:
	tasks_fini(&tasks);
	node_list_fini(&nodes);
	return e;
}

const struct cmd cmd_run = {
	.name = "run",
	.args = "COMMAND [FILTER...]",
	.summary = "run a command on many nodes at once, as root",
	.details = "COMMAND is one word, for /bin/sh.  Each line that it prints has the node's name in front.",
	.opts = run_opts,
	.needs = CMD_CONFIG,
	.min_args = 1,
	.max_args = SIZE_MAX,
	.run = run_run,
};
