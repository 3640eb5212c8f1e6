/* push: after a risky change, come in again to tell the node that it may stay. */
/* May know ssh, wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "push/confirm.h"

#include "base/clock.h"
#include "base/err.h"

#include <time.h>

#define PAUSE_NS	500000000	/* a daemon that was just restarted needs a moment */

static void
drop_event(void *context, struct push_job *job, json_t *take_event)
{
	(void)context;
	(void)job;
	json_decref(take_event);
}

/* Whatever kept leap out: the deploy has failed, and what leap trusts is not the question. */
static struct err *
goes_back(struct push_job *job, struct err *take_e, double left)
{
	struct err	*e = err_new(ERR_FAILED, "%s", err_message(take_e));

	err_free(take_e);
	job->result = PUSH_FAILED;
	if (left > 0)
		return err_note(e, NULL, "leap could not come in again, so the node goes back by itself to what it was before, "
		    "in %d s", (int)left + 1);
	return err_hint(err_note(e, NULL, "leap could not come in again, so the node goes back by itself to what it was "
	    "before, about now"), "\"leap history %s\" tells whether it did", job->target.name);
}

struct err *
confirm_by_new_login(struct push_job *job, const struct request *request, const struct session_tools *tools,
    const char *nonce, unsigned seconds)
{
	struct request	 ask = { .op = (char *)"confirm", .who = request->who, .commit = request->commit,
	    .nonce = (char *)nonce };
	struct manifest	 nothing;
	struct push_job	 again = { .target = job->target, .manifest = &nothing };
	struct err	*e = NULL;
	double		 begin = clock_now();

	manifest_init(&nothing, job->target.name);
	do {
		if (e != NULL)
			nanosleep(&(struct timespec){ .tv_nsec = PAUSE_NS }, NULL);
		err_free(e);
		session_run(&again, &ask, tools, drop_event, NULL);
		e = again.error;
		again.error = NULL;
	} while (e != NULL && again.result != PUSH_FAILED && !ssh_stopped() && clock_now() - begin < seconds / 2.0);
	manifest_fini(&nothing);
	return e != NULL ? goes_back(job, e, begin + seconds - clock_now()) : NULL;
}
