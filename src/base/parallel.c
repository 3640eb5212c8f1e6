/* base: threads that take one thing after another. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/parallel.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#define FEW		4u	/* turns; below, threads cost more than they help */
#define THREADS_MAX	8

struct job {
	size_t		 count, at_once;
	atomic_size_t	 next;
	void		(*work)(void *context, size_t i);
	void		*context;
};

static void *
take_work(void *context)
{
	struct job	*job = context;
	size_t		 i, end;

	while ((i = atomic_fetch_add(&job->next, job->at_once)) < job->count) {
		end = job->count - i < job->at_once ? job->count : i + job->at_once;
		for (; i < end; i++)
			job->work(job->context, i);
	}
	return NULL;
}

void
parallel_each(size_t count, size_t at_once, void (*work)(void *context, size_t i), void *context)
{
	struct job	 job = { .count = count, .at_once = at_once, .work = work, .context = context };
	long		 cores = count / at_once < FEW ? 1 : sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t	 threads[THREADS_MAX];
	sigset_t	 all, before;
	int		 started = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (started < cores - 1 && started < THREADS_MAX &&
	    pthread_create(&threads[started], NULL, take_work, &job) == 0)
		started++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	take_work(&job);
	while (started > 0)
		pthread_join(threads[--started], NULL);
}
