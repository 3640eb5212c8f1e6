/* push: many nodes at once: threads that talk, one that reports. */
/* May know ssh, wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "push/push.h"

#include "base/clock.h"
#include "base/err.h"
#include "push/session.h"
#include "ssh/ssh.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TICK		0.1		/* seconds */
#define QUEUE_SIZE	1024		/* reports; who is faster than the screen waits */
#define STACK_SIZE	(512u << 10)

struct message {
	enum { STARTED, EVENT, FINISHED } kind;
	struct push_job	*job;
	json_t		*event;
};

struct pool {
	const struct request	*request;
	struct session_tools	 tools;
	struct push_job		*jobs;
	size_t			 count;

	pthread_mutex_t		 lock;
	pthread_cond_t		 filled, drained;
	size_t			 next;		/* the first job that nobody has taken */
	struct message		 queue[QUEUE_SIZE];
	size_t			 head, used;
};

static void
tell(struct pool *pool, struct message message)
{
	pthread_mutex_lock(&pool->lock);
	while (pool->used == QUEUE_SIZE)
		pthread_cond_wait(&pool->drained, &pool->lock);
	pool->queue[(pool->head + pool->used++) % QUEUE_SIZE] = message;
	pthread_cond_signal(&pool->filled);
	pthread_mutex_unlock(&pool->lock);
}

static void
tell_event(void *context, struct push_job *job, json_t *take_event)
{
	tell(context, (struct message){ .kind = EVENT, .job = job, .event = take_event });
}

static struct push_job *
next_job(struct pool *pool)
{
	struct push_job	*job = NULL;

	pthread_mutex_lock(&pool->lock);
	if (pool->next < pool->count)
		job = &pool->jobs[pool->next++];
	pthread_mutex_unlock(&pool->lock);
	return job;
}

static void *
work(void *argument)
{
	struct pool	*pool = argument;
	struct push_job	*job;

	while ((job = next_job(pool)) != NULL) {
		double	 begin = clock_now();

		tell(pool, (struct message){ .kind = STARTED, .job = job });
		session_run(job, pool->request, &pool->tools, tell_event, pool);
		job->seconds = clock_now() - begin;
		tell(pool, (struct message){ .kind = FINISHED, .job = job });
	}
	ssh_thread_end();
	return NULL;
}

/* The next message, or false when none came until `until`. */
static bool
hear(struct pool *pool, double until, struct message *message)
{
	struct timespec	 ts = { .tv_sec = (time_t)until, .tv_nsec = (long)((until - (double)(time_t)until) * 1e9) };
	bool		 heard;

	pthread_mutex_lock(&pool->lock);
	while (pool->used == 0)
		if (pthread_cond_timedwait(&pool->filled, &pool->lock, &ts) != 0)
			break;
	heard = pool->used > 0;
	if (heard) {
		*message = pool->queue[pool->head];
		pool->head = (pool->head + 1) % QUEUE_SIZE;
		pool->used--;
		pthread_cond_signal(&pool->drained);
	}
	pthread_mutex_unlock(&pool->lock);
	return heard;
}

static void
pass_on(const struct push_report *report, const struct message *message)
{
	if (message->kind == STARTED && report->started != NULL)
		report->started(report->context, message->job);
	else if (message->kind == EVENT && report->event != NULL)
		report->event(report->context, message->job, message->event);
	else if (message->kind == FINISHED && report->finished != NULL)
		report->finished(report->context, message->job);
	json_decref(message->event);
}

/* Report in the caller's thread until every job is finished. */
static void
listen_to(struct pool *pool, const struct push_report *report)
{
	double	 tick = clock_now() + TICK;

	for (size_t finished = 0; finished < pool->count;) {
		struct message	 message;

		if (hear(pool, tick, &message)) {
			pass_on(report, &message);
			finished += message.kind == FINISHED;
		}
		if (clock_now() < tick)
			continue;
		if (report->tick != NULL)
			report->tick(report->context);
		tick = clock_now() + TICK;
	}
}

/* Threads with all signals blocked: they are for the caller's thread.  Returns how many run. */
static unsigned
start(struct pool *pool, pthread_t *threads, unsigned wanted)
{
	pthread_attr_t	 attributes;
	sigset_t	 all, before;
	unsigned	 started = 0;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (started < wanted && pthread_create(&threads[started], &attributes, work, pool) == 0)
		started++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return started;
}

static void
run(struct pool *pool, unsigned parallel, const struct push_report *report)
{
	pthread_condattr_t	 monotonic;
	unsigned		 wanted = parallel == 0 ? 1 : parallel > pool->count ? (unsigned)pool->count : parallel;
	pthread_t		*threads = xcalloc(wanted, sizeof(*threads));
	unsigned		 started;

	pthread_mutex_init(&pool->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->filled, &monotonic);
	pthread_cond_init(&pool->drained, NULL);
	started = start(pool, threads, wanted);
	if (started == 0)
		abort();	/* not one thread of 512 KiB: out of memory */
	listen_to(pool, report);
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	pthread_cond_destroy(&pool->drained);
	pthread_cond_destroy(&pool->filled);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_destroy(&pool->lock);
	free(threads);
}

/* Without programs nothing can be done on any node, and each one's report says why. */
static void
fail_all(struct push_job *jobs, size_t count, const struct err *why, const struct push_report *report)
{
	for (size_t i = 0; i < count; i++) {
		jobs[i].result = PUSH_FAILED;
		jobs[i].error = err_new(ERR_FAILED, "%s: %s", jobs[i].target.name, err_message(why));
		if (err_hint_text(why) != NULL)
			jobs[i].error = err_hint(jobs[i].error, "%s", err_hint_text(why));
		if (report->started != NULL)
			report->started(report->context, &jobs[i]);
		if (report->finished != NULL)
			report->finished(report->context, &jobs[i]);
	}
}

void
push_run(struct push_job *jobs, size_t count, const struct request *request, const struct push_options *options,
    const struct push_report *report)
{
	struct programs	 found;
	struct throttle	 throttle;
	struct pool	*pool;
	struct err	*e = programs_find(&found, options->programs);

	if (e != NULL) {
		fail_all(jobs, count, e, report);
	} else if (count > 0) {
		pool = xcalloc(1, sizeof(*pool));
		pool->request = request;
		throttle_init(&throttle, options->limit_rate * 1024.0);
		pool->tools = (struct session_tools){
			.programs = &found, .throttle = &throttle, .patches = options->patches,
		};
		pool->jobs = jobs;
		pool->count = count;
		run(pool, options->parallel, report);
		throttle_fini(&throttle);
		free(pool);
	}
	err_free(e);
	programs_fini(&found);
}
