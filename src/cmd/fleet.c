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
fleet_number(const struct context *context, const char *option, unsigned least, unsigned most, unsigned *out)
{
	const char	*text = opt_get(context, option);
	char		*end;
	unsigned long	 number;

	if (text == NULL)
		return NULL;
	number = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || number < least || number > most)
		return err_new(ERR_USAGE, "%s wants a number from %u to %u, not \"%s\"", option, least, most, text);
	*out = (unsigned)number;
	return NULL;
}

struct err *
fleet_parallel(const struct context *context, unsigned *out)
{
	*out = context->repo->leapfile.ssh_parallel;
	return fleet_number(context, "--parallel", 1, 1000, out);
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

/* Until fleet_fini() the context has the instance as it is in that revision. */
static struct err *
open_revision(struct fleet *fleet, const char *rev)
{
	struct context	*context = fleet->context;
	struct repo	*there = NULL;
	char		 commit[65];
	struct err	*e;

	if ((e = repo_commit(context->repo, rev, commit)) != NULL ||
	    (e = repo_open_at(&there, context->repo, REPO_REVISION, rev)) != NULL)
		return e;
	there->keys = context->repo;
	there->keyring = context->repo->keyring;
	fleet->here = context->repo;
	fleet->commit = xstrdup(commit);
	fleet->clean = true;
	context->repo = there;
	return NULL;
}

static struct err *
open_work_tree(struct fleet *fleet)
{
	struct git_state git;
	struct err	*e = git_state(&git, fleet->context->repo->root);

	if (e != NULL)
		return e;
	fleet->commit = xstrdup(git.commit);
	fleet->clean = !git.dirty;
	return NULL;
}

/* Leave only these nodes in the list. */
static void
keep_names(struct node_list *nodes, const struct strs *names)
{
	size_t	 kept = 0;

	for (size_t i = 0; i < nodes->count; i++)
		if (strs_has(names, nodes->items[i]->name))
			nodes->items[kept++] = nodes->items[i];
	nodes->count = kept;
}

/* The nodes of a saved plan, whatever environment is pinned: a name is not a word that could mean more. */
NODISCARD
static struct err *
planned_nodes(struct node_list *out, struct config *config, const struct strs *names)
{
	for (size_t i = 0; i < names->count; i++)
		if (config_node(config, names->items[i]) == NULL)
			return err_hint(err_new(ERR_USAGE, "the plan has a node \"%s\", and this instance has none", names->items[i]),
			    "plan anew");
	return filter_select(out, config, names->items, names->count, 0);
}

/* An error of a revision says so. */
static struct err *
of_revision(const struct fleet *fleet, struct err *take_e)
{
	const char	*state = fleet->context->repo->state;

	return state == NULL ? take_e : err_of(take_e, state);
}

static struct err *
empty_manifests(struct fleet *fleet)
{
	fleet->manifests = xcalloc(fleet->nodes.count, sizeof(*fleet->manifests));
	for (size_t i = 0; i < fleet->nodes.count; i++)
		manifest_init(&fleet->manifests[i], fleet->nodes.items[i]->name);
	return NULL;
}

/* Evaluate the configuration and run the recipes. */
static struct err *
make_manifests(struct fleet *fleet, const struct fleet_how *how)
{
	struct context	*context = fleet->context;
	struct repo	*repo = context->repo;
	bool		 look = how->certs != PREPARE_CERTS_UPDATE && how->rev == NULL, before = repo->read_only;
	struct err	*e = NULL;

	repo->read_only = before || look;
	repo->to_make = look ? &fleet->to_make : NULL;
	if (context->config == NULL)
		e = context_load(context);
	if (e == NULL)
		e = how->planned != NULL ? planned_nodes(&fleet->nodes, context->config, how->planned) :
		    select_nodes(&fleet->nodes, context, 0, 0);
	if (e == NULL && how->names != NULL)
		keep_names(&fleet->nodes, how->names);
	if (e == NULL && !how->bare)
		e = prepare_nodes(context, &fleet->nodes, how->certs);
	if (e == NULL)
		e = how->bare ? empty_manifests(fleet) : run_recipes(fleet);
	if (e == NULL)
		e = make_jobs(fleet);
	repo->read_only = before;
	repo->to_make = NULL;
	for (size_t i = 0; e == NULL && i < fleet->to_make.count; i++)
		note("%s.age does not exist yet: a deploy makes it, here a text stands in for it\n", fleet->to_make.items[i]);
	return e;
}

struct err *
fleet_init(struct fleet *fleet, struct context *context, const struct fleet_how *how)
{
	struct err	*e;

	*fleet = (struct fleet){ .context = context, .expect = json_object(), .confirm = FLEET_CONFIRM_SECONDS };
	e = how->rev != NULL ? open_revision(fleet, how->rev) : open_work_tree(fleet);
	if (e == NULL)
		e = make_manifests(fleet, how);
	return of_revision(fleet, e);
}

void
fleet_fini(struct fleet *fleet)
{
	for (size_t i = 0; i < fleet->nodes.count; i++) {
		if (fleet->targets != NULL)
			fleet_target_fini(&fleet->targets[i]);
		if (fleet->manifests != NULL)
			manifest_fini(&fleet->manifests[i]);
		if (fleet->jobs != NULL) {
			err_free(fleet->jobs[i].error);
			json_decref(fleet->jobs[i].data);
		}
		if (fleet->events != NULL)
			json_decref(fleet->events[i]);
	}
	free(fleet->targets);
	free(fleet->manifests);
	free(fleet->jobs);
	free(fleet->events);
	free(fleet->commit);
	strs_fini(&fleet->to_make);
	strs_fini(&fleet->down);
	json_decref(fleet->expect);
	node_list_fini(&fleet->nodes);
	if (fleet->here == NULL)
		return;
	config_free(fleet->context->config);
	fleet->context->config = NULL;
	repo_close(fleet->context->repo);
	fleet->context->repo = fleet->here;
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

void
fleet_clear_job(struct fleet *fleet, size_t index)
{
	struct push_job	*job = &fleet->jobs[index];

	err_free(job->error);
	json_decref(job->data);
	*job = (struct push_job){
		.target = job->target, .manifest = job->manifest, .expect = json_str(fleet->expect, job->target.name),
	};
	json_array_clear(fleet->events[index]);
}

void
fleet_expect(struct fleet *fleet, const struct push_job *job)
{
	if (job->state[0] != '\0')
		json_object_set_new(fleet->expect, job->target.name, json_string(job->state));
}

/* What the fleet asks of every node. */
static struct request
make_request(const struct fleet *fleet, const struct fleet_push *what)
{
	struct request	 request = {
		.op = (char *)what->op, .who = who(), .commit = fleet->commit, .lock_wait = fleet->lock_wait,
		.careful = what->careful, .dirty = !fleet->clean, .force = what->force,
	};

	if (strcmp(what->op, "apply") == 0 || strcmp(what->op, "rollback") == 0) {
		request.confirm = fleet->confirm;
		request.keep = fleet->keep;
	}
	request.generation = what->generation;
	request.path = (char *)what->path;
	request.message = (char *)what->message;
	if (strcmp(what->op, "check") != 0) {
		request.thorough = fleet->thorough;
		request.purge_packages = fleet->purge_packages;
	}
	return request;
}

struct err *
fleet_push(struct fleet *fleet, const struct fleet_push *what)
{
	struct watch		 watch = { .fleet = fleet };
	struct push_report	 report = {
		.started = on_started, .event = on_event, .finished = on_finished, .tick = on_tick, .context = &watch,
	};
	struct push_options	 options = { .limit_rate = fleet->limit_rate, .patches = what->patches };
	bool			 act = strcmp(what->op, "apply") == 0 && !what->careful;
	struct request		 request;
	char			*programs;
	struct err		*e;

	if ((e = fleet_parallel(fleet->context, &options.parallel)) != NULL || (e = fleet_connect()) != NULL)
		return e;
	request = make_request(fleet, what);
	programs = programs_dir();
	options.programs = programs;
	for (size_t i = 0; i < what->count; i++)
		fleet_clear_job(fleet, what->first + i);
	watch.progress = progress_new(what->count, !act);
	push_run(fleet->jobs + what->first, what->count, &request, &options, &report);
	progress_free(watch.progress);
	free(programs);
	free(request.who);
	fleet_disconnect();
	return NULL;
}

struct err *
fleet_plan(struct fleet *fleet)
{
	return fleet_push(fleet, &(struct fleet_push){ .op = "plan", .count = fleet->pushable, .patches = true });
}

void
fleet_swap(struct fleet *fleet, size_t a, size_t b)
{
	struct push_job	 job = fleet->jobs[a];
	json_t		*events = fleet->events[a];

	fleet->jobs[a] = fleet->jobs[b];
	fleet->events[a] = fleet->events[b];
	fleet->jobs[b] = job;
	fleet->events[b] = events;
}

void
fleet_drop_failed(struct fleet *fleet)
{
	for (size_t i = 0; i < fleet->pushable;) {
		if (fleet->jobs[i].result == PUSH_OK)
			i++;
		else
			fleet_swap(fleet, i, --fleet->pushable);
	}
}
