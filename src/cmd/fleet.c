/* cmd: pushing to many nodes: preparation, the run, the report. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/fleet.h"

#include "base/file.h"
#include "base/json.h"
#include "cmd/prepare.h"
#include "cmd/cmd.h"
#include "cmd/progress.h"
#include "cmd/select.h"
#include "config/config.h"
#include "recipe/recipe.h"
#include "repo/git.h"
#include "repo/repo.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef LEAP_LIBDIR
#define LEAP_LIBDIR	"/usr/local/lib/leap"
#endif

/* Where leap-node-ARCH lies: beside this program when it was built here, else where it was installed. */
static char *
programs_dir(void)
{
	char		 path[4096], *slash, *beside;
	struct strs	 names = { 0 };
	ssize_t		 len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	bool		 found = false;

	path[len < 0 ? 0 : len] = '\0';
	slash = strrchr(path, '/');
	if (slash != NULL) {
		*slash = '\0';
		err_free(dir_list(path, &names));
	}
	for (size_t i = 0; i < names.count; i++)
		found = found || str_starts(names.items[i], "leap-node-");
	strs_fini(&names);
	beside = xstrdup(found ? path : LEAP_LIBDIR);
	return beside;
}

/* "user@host", for the node's lock and log. */
static char *
who(void)
{
	const struct passwd	*entry = getpwuid(getuid());
	char			 host[256] = "";

	gethostname(host, sizeof(host) - 1);
	return xasprintf("%s@%s", entry == NULL ? "unknown" : entry->pw_name, host);
}

struct err *
fleet_number(const struct context *context, const char *option, unsigned most, unsigned *out)
{
	const char	*text = opt_get(context, option);
	char		*end;
	unsigned long	 number;

	if (text == NULL)
		return NULL;
	number = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || number > most)
		return err_new(ERR_USAGE, "%s wants a number from 0 to %u, not \"%s\"", option, most, text);
	*out = (unsigned)number;
	return NULL;
}

struct err *
fleet_parallel(const struct context *context, unsigned *out)
{
	struct err	*e;

	*out = context->repo->leapfile.ssh_parallel;
	e = fleet_number(context, "--parallel", 1000, out);
	if (*out == 0)
		*out = 1;
	return e;
}

static struct err *
run_recipes(struct fleet *fleet)
{
	struct strs	 seen = { 0 };
	struct err	*e = NULL;

	fleet->manifests = xcalloc(fleet->nodes.count, sizeof(*fleet->manifests));
	for (size_t i = 0; i < fleet->nodes.count; i++)
		e = prepare_join(e, recipe_run(&fleet->manifests[i], fleet->nodes.items[i]), &seen);
	strs_fini(&seen);
	return e;
}

/* A node without a pinned key fails by itself; an address that is none is the configuration's fault. */
static struct err *
make_jobs(struct fleet *fleet)
{
	size_t		 count = fleet->nodes.count, last = count;
	struct err	*e = NULL, *one;

	fleet->targets = xcalloc(count, sizeof(*fleet->targets));
	fleet->jobs = xcalloc(count, sizeof(*fleet->jobs));
	fleet->events = xcalloc(count, sizeof(json_t *));
	for (size_t i = 0; i < count; i++) {
		struct push_job	*job;

		one = fleet_target(&fleet->targets[i], fleet->context, fleet->nodes.items[i]);
		if (one != NULL && err_code(one) != ERR_TRUST) {
			e = err_join(e, one);
			continue;
		}
		job = one == NULL ? &fleet->jobs[fleet->pushable++] : &fleet->jobs[--last];
		*job = (struct push_job){
			.target = fleet->targets[i].ssh, .manifest = &fleet->manifests[i],
			.result = one == NULL ? PUSH_OK : PUSH_TRUST, .error = one,
		};
	}
	for (size_t i = 0; i < count; i++)
		fleet->events[i] = json_array();
	return e;
}

struct err *
fleet_init(struct fleet *fleet, struct context *context, enum prepare_certs certs)
{
	struct git_state git;
	struct err	*e = git_state(&git, context->repo->root);

	*fleet = (struct fleet){ .context = context };
	if (e != NULL)
		return e;
	fleet->commit = xstrdup(git.commit);
	if ((e = select_nodes(&fleet->nodes, context, 0, 0)) != NULL ||
	    (e = prepare_nodes(context, &fleet->nodes, certs)) != NULL || (e = run_recipes(fleet)) != NULL)
		return e;
	return make_jobs(fleet);
}

void
fleet_fini(struct fleet *fleet)
{
	for (size_t i = 0; i < fleet->nodes.count; i++) {
		if (fleet->targets != NULL)
			fleet_target_fini(&fleet->targets[i]);
		if (fleet->manifests != NULL)
			manifest_fini(&fleet->manifests[i]);
		if (fleet->jobs != NULL)
			err_free(fleet->jobs[i].error);
		if (fleet->events != NULL)
			json_decref(fleet->events[i]);
	}
	free(fleet->targets);
	free(fleet->manifests);
	free(fleet->jobs);
	free(fleet->events);
	free(fleet->commit);
	node_list_fini(&fleet->nodes);
}

/* What the report's functions need. */
struct watch {
	struct fleet	*fleet;
	struct progress	*progress;
};

static void
on_started(void *context, const struct push_job *job)
{
	progress_started(((struct watch *)context)->progress, job);
}

static void
on_event(void *context, const struct push_job *job, const json_t *event)
{
	struct watch	*watch = context;

	json_array_append(watch->fleet->events[job - watch->fleet->jobs], (json_t *)event);
	progress_event(watch->progress, job, event);
}

static void
on_finished(void *context, const struct push_job *job)
{
	progress_finished(((struct watch *)context)->progress, job);
}

static void
on_tick(void *context)
{
	progress_tick(((struct watch *)context)->progress);
}

/* Forget what an earlier run left in the jobs. */
static void
clear_jobs(struct fleet *fleet)
{
	for (size_t i = 0; i < fleet->pushable; i++) {
		fleet->jobs[i] = (struct push_job){
			.target = fleet->jobs[i].target, .manifest = fleet->jobs[i].manifest,
		};
		json_array_clear(fleet->events[i]);
	}
}

struct err *
fleet_push(struct fleet *fleet, const char *op)
{
	const struct context	*context = fleet->context;
	struct watch		 watch = { .fleet = fleet };
	struct push_report	 report = {
		.started = on_started, .event = on_event, .finished = on_finished, .tick = on_tick, .context = &watch,
	};
	struct request	 request = { .op = (char *)op, .commit = fleet->commit, .lock_wait = fleet->lock_wait };
	unsigned	 parallel;
	char		*programs;
	struct err	*e;

	if ((e = fleet_parallel(context, &parallel)) != NULL || (e = fleet_connect()) != NULL)
		return e;
	if (strcmp(op, "check") != 0) {
		request.thorough = opt_get(context, "--thorough") != NULL;
		request.purge_packages = opt_get(context, "--purge-packages") != NULL;
	}
	request.who = who();
	programs = programs_dir();
	clear_jobs(fleet);
	watch.progress = progress_new(fleet->pushable, strcmp(op, "apply") != 0);
	push_run(fleet->jobs, fleet->pushable, &request, programs, parallel, &report);
	progress_free(watch.progress);
	free(programs);
	free(request.who);
	fleet_disconnect();
	return NULL;
}

void
fleet_drop_failed(struct fleet *fleet)
{
	for (size_t i = 0; i < fleet->pushable;) {
		struct push_job	 job = fleet->jobs[i];
		json_t		*events = fleet->events[i];
		size_t		 last = fleet->pushable - 1;

		if (job.result == PUSH_OK) {
			i++;
			continue;
		}
		fleet->jobs[i] = fleet->jobs[last];
		fleet->events[i] = fleet->events[last];
		fleet->jobs[last] = job;
		fleet->events[last] = events;
		fleet->pushable--;
	}
}
