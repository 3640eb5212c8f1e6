/* cmd: a deploy to many nodes, batch by batch. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/rollout.h"

#include "cmd/batches.h"
#include "cmd/cmd.h"
#include "cmd/fleet.h"
#include "config/config.h"
#include "ssh/ssh.h"

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NODES_MAX	100000u
#define RANKS_MAX	64u	/* services that need each other in a circle end here */

/* What is known of the services of a fleet. */
struct order {
	struct fleet		*fleet;
	const struct rollout	*rollout;
	size_t			 size;		/* nodes in a batch; 0: any */
	json_t			*numbers;	/* "ENVIRONMENT SERVICE" → the number of its group */
	size_t			*down;		/* by that number: how many may be down at once */
	struct strs		 needed;	/* services that others of the fleet need */
	struct batch_node	*nodes;		/* as many as jobs, */
	size_t			**groups;	/* and what their groups point to */
};

struct err *
rollout_read(struct rollout *rollout, const struct context *context)
{
	const char	*batch = opt_get(context, "--batch");
	unsigned long	 number = 0;
	unsigned	 canary = 0;
	char		*end = NULL;
	struct err	*e;

	*rollout = (struct rollout){ 0 };
	if (batch != NULL) {
		number = *batch >= '0' && *batch <= '9' ? strtoul(batch, &end, 10) : 0;
		if (number == 0 || number > NODES_MAX || (*end != '\0' && (strcmp(end, "%") != 0 || number > 100)))
			return err_new(ERR_USAGE, "--batch wants a number of nodes or a part of them, 5 or 20%%, not \"%s\"",
			    batch);
		*(*end == '%' ? &rollout->percent : &rollout->batch) = number;
	}
	if ((e = fleet_number(context, "--canary", 0, NODES_MAX, &canary)) == NULL)
		e = fleet_number(context, "--max-fail", 0, NODES_MAX, &rollout->max_fail);
	rollout->canary = canary;
	return e;
}

static struct node *
node_of(const struct fleet *fleet, const struct push_job *job)
{
	return config_node(fleet->context->config, job->target.name);
}

static size_t
group_of(const struct order *order, const struct node *node, const char *service)
{
	char		*key = xasprintf("%s %s", filter_environment(node), service);
	const json_t	*number = json_object_get(order->numbers, key);

	free(key);
	return number == NULL ? SIZE_MAX : (size_t)json_integer_value(number);
}

/* How many nodes have the service in the environment of `node`, whether they are deployed to or not. */
static size_t
members(struct config *config, const struct node *node, const char *service)
{
	struct node	**all;
	size_t		  count = config_nodes(config, &all), found = 0;

	for (size_t i = 0; i < count; i++)
		found += all[i]->enabled && strcmp(filter_environment(all[i]), filter_environment(node)) == 0 &&
		    strs_has(&all[i]->services, service);
	return found;
}

static void
add_group(struct order *order, const struct node *node, const char *service)
{
	struct config	*config = order->fleet->context->config;
	size_t		 count, limit, number = json_object_size(order->numbers);
	char		*key;

	if (group_of(order, node, service) != SIZE_MAX)
		return;
	count = members(config, node, service);
	limit = config_service_max_down(config, service, count);
	if (limit == 0)
		limit = count > 1 ? count - 1 : 1;
	key = xasprintf("%s %s", filter_environment(node), service);
	json_object_set_new(order->numbers, key, json_integer((json_int_t)number));
	free(key);
	order->down = xrealloc(order->down, number + 1, sizeof(*order->down));
	order->down[number] = limit;
}

/* Where a service comes among those that need each other. */
static unsigned
service_rank(struct config *config, const char *service, unsigned depth)
{
	const struct strs	*needs = config_service_needs(config, service);
	unsigned		 rank = 0, below;

	for (size_t i = 0; depth < RANKS_MAX && i < needs->count; i++) {
		below = service_rank(config, needs->items[i], depth + 1) + 1;
		rank = below > rank ? below : rank;
	}
	return rank;
}

/* A node that others need comes as early as they need it, any other when all that it needs is there. */
static unsigned
node_rank(const struct order *order, const struct node *node)
{
	struct config	*config = order->fleet->context->config;
	unsigned	 first = UINT32_MAX, last = 0, rank;

	for (size_t i = 0; i < node->services.count; i++) {
		rank = service_rank(config, node->services.items[i], 0);
		last = rank > last ? rank : last;
		if (strs_has(&order->needed, node->services.items[i]) && rank < first)
			first = rank;
	}
	return first != UINT32_MAX ? first : last;
}

static void
order_init(struct order *order, struct fleet *fleet, const struct rollout *rollout)
{
	struct config	*config = fleet->context->config;

	*order = (struct order){ .fleet = fleet, .rollout = rollout, .numbers = json_object() };
	order->down = xcalloc(1, sizeof(*order->down));
	order->nodes = xcalloc(fleet->pushable + 1, sizeof(*order->nodes));
	order->groups = xcalloc(fleet->pushable + 1, sizeof(*order->groups));
	for (size_t i = 0; i < fleet->pushable; i++) {
		const struct node	*node = node_of(fleet, &fleet->jobs[i]);

		for (size_t k = 0; k < node->services.count; k++) {
			const struct strs	*needs = config_service_needs(config, node->services.items[k]);

			add_group(order, node, node->services.items[k]);
			for (size_t n = 0; n < needs->count; n++)
				if (!strs_has(&order->needed, needs->items[n]))
					strs_add(&order->needed, needs->items[n]);
		}
	}
}

static void
order_fini(struct order *order)
{
	for (size_t i = 0; i < order->fleet->pushable; i++)
		free(order->groups[i]);
	free(order->groups);
	free(order->nodes);
	free(order->down);
	strs_fini(&order->needed);
	json_decref(order->numbers);
}

/* A node that may be down already leaves fewer others that may be; NULL is one that the configuration has no more. */
static void
count_down(struct order *order, const struct node *node)
{
	for (size_t i = 0; node != NULL && i < node->services.count; i++) {
		size_t	 group = group_of(order, node, node->services.items[i]);

		if (group != SIZE_MAX && order->down[group] > 1)
			order->down[group]--;
	}
}

/* Describe a job to batches_make().  A node that nothing was ever deployed to serves nobody who could miss it. */
static void
describe(struct order *order, size_t index, bool in_use, bool idle)
{
	const struct node	*node = node_of(order->fleet, &order->fleet->jobs[index]);
	struct batch_node	*out = &order->nodes[index];

	free(order->groups[index]);
	order->groups[index] = xcalloc(node->services.count + 1, sizeof(**order->groups));
	*out = (struct batch_node){ .groups = order->groups[index], .idle = idle, .rank = node_rank(order, node) };
	for (size_t i = 0; in_use && i < node->services.count; i++)
		order->groups[index][out->group_count++] = group_of(order, node, node->services.items[i]);
}

/* What the user wants of `count` nodes, which are described; a part is one of those on which something changes. */
static void
set_size(struct order *order, size_t count)
{
	size_t	 busy = 0;

	for (size_t i = 0; i < count; i++)
		busy += !order->nodes[i].idle;
	order->size = order->rollout->batch;
	if (order->rollout->percent > 0)
		order->size = busy * order->rollout->percent / 100 > 0 ? busy * order->rollout->percent / 100 : 1;
}

/* Number the batches of the nodes from `first` to `count`, which are described; returns how many there are. */
static size_t
make(struct order *order, size_t first, size_t count)
{
	struct batch_limits	 limits = {
		.down = order->down, .groups = json_object_size(order->numbers), .size = order->size,
		.canary = order->rollout->canary,
	};

	for (size_t i = 0; i < first; i++)
		limits.canary -= order->nodes[i].canary;
	return batches_make(order->nodes + first, count - first, &limits);
}

/* Whether all nodes could not go at once if something had to be done on each. */
static bool
is_bound(struct order *order)
{
	for (size_t i = 0; i < order->fleet->pushable; i++)
		describe(order, i, true, false);
	set_size(order, order->fleet->pushable);
	return make(order, 0, order->fleet->pushable) > 1;
}

/* One that was lost on the way is in nobody knows what state; one that was never reached is as it was. */
static bool
harmed(const struct push_job *job)
{
	return job->result == PUSH_FAILED || (job->result == PUSH_UNREACHABLE && job->begun);
}

/* Whether the next batch may begin after this one, `first` to `end`. */
static bool
may_go_on(const struct order *order, size_t first, size_t end, unsigned *failed)
{
	for (size_t i = first; i < end; i++) {
		*failed += harmed(&order->fleet->jobs[i]);
		if (order->nodes[i].canary && order->fleet->jobs[i].result != PUSH_OK)
			return false;
	}
	return *failed <= order->rollout->max_fail;
}

/* Nodes of a batch that did not come through may be down from now on.  Whether there are any that others rely on. */
static bool
lose(struct order *order, size_t first, size_t end)
{
	bool	 lost = false;

	for (size_t i = first; i < end; i++) {
		if (order->fleet->jobs[i].result == PUSH_OK || order->nodes[i].group_count == 0)
			continue;
		count_down(order, node_of(order->fleet, &order->fleet->jobs[i]));
		lost = true;
	}
	return lost;
}

/* The nodes that come no more. */
static void
skip(struct fleet *fleet, size_t first, size_t end)
{
	bool	 stopped = ssh_stopped();

	for (size_t i = first; i < end; i++) {
		struct push_job	*job = &fleet->jobs[i];

		fleet_clear_job(fleet, i);
		job->result = stopped ? PUSH_CANCELLED : PUSH_SKIPPED;
		job->error = err_hint(err_new(ERR_FAILED, "%s: not begun, because %s", job->target.name, stopped ?
		    "it was interrupted" : "nodes before it failed"), "leap deploy --retry-failed goes on");
	}
}

/* Bring the jobs into the order of their batches, from `first` on; within one they stay in theirs. */
static void
sort(struct order *order, size_t first, size_t count, size_t batches)
{
	struct fleet		*fleet = order->fleet;
	struct push_job		*jobs = xcalloc(count + 1, sizeof(*jobs));
	json_t			**events = xcalloc(count + 1, sizeof(*events));
	struct batch_node	*nodes = xcalloc(count + 1, sizeof(*nodes));
	size_t			 at = 0;

	for (size_t batch = 0; batch < batches; batch++) {
		for (size_t i = first; i < count; i++) {
			if (order->nodes[i].batch != batch)
				continue;
			jobs[at] = fleet->jobs[i];
			events[at] = fleet->events[i];
			nodes[at++] = order->nodes[i];
		}
	}
	memcpy(fleet->jobs + first, jobs, at * sizeof(*jobs));
	memcpy(fleet->events + first, events, at * sizeof(*events));
	memcpy(order->nodes + first, nodes, at * sizeof(*nodes));
	free(jobs);
	free(events);
	free(nodes);
}

static size_t
arrange(struct order *order, size_t first, size_t count)
{
	size_t	 batches = make(order, first, count);

	sort(order, first, count, batches);
	return batches;
}

/* Apply on the first `count` jobs, whose nodes are described. */
static struct err *
run_batches(struct order *order, size_t count)
{
	struct fleet	*fleet = order->fleet;
	size_t		 batches, first = 0, end;
	unsigned	 failed = 0;
	struct err	*e = NULL;

	set_size(order, count);
	batches = arrange(order, 0, count);
	for (size_t batch = 1; e == NULL && first < count; batch++, first = end) {
		for (end = first; end < count && order->nodes[end].batch == order->nodes[first].batch;)
			end++;
		if (batches > 1)
			note("batch %zu of %zu: %zu %s\n", batch, batches, end - first, end - first == 1 ? "node" : "nodes");
		e = fleet_push(fleet, &(struct fleet_push){ .op = "apply", .first = first, .count = end - first });
		if (e == NULL && (ssh_stopped() || !may_go_on(order, first, end, &failed))) {
			skip(fleet, end, count);
			break;
		}
		if (lose(order, first, end))
			batches = batch + arrange(order, end, count);
	}
	return e;
}

/* Those that have something to do to the front, the others behind them; returns how many. */
static size_t
partition(struct fleet *fleet)
{
	size_t	 count = 0;

	for (size_t i = 0; i < fleet->pushable; i++) {
		if (fleet->jobs[i].result != PUSH_PLANNED)
			continue;
		fleet_expect(fleet, &fleet->jobs[i]);
		fleet_swap(fleet, i, count++);
	}
	return count;
}

/* Ask all nodes; those that have nothing to do are done. */
static struct err *
run_careful(struct order *order)
{
	struct fleet	*fleet = order->fleet;
	size_t		 count;
	struct err	*e;

	e = fleet_push(fleet, &(struct fleet_push){ .op = "apply", .count = fleet->pushable, .careful = true });
	if (e != NULL)
		return e;
	count = partition(fleet);
	if (count == 0 || ssh_stopped()) {
		skip(fleet, 0, count);
		return NULL;
	}
	for (size_t i = 0; i < fleet->pushable; i++) {
		if (i < count)
			describe(order, i, fleet->jobs[i].generation > 0, false);
		else if (fleet->jobs[i].result != PUSH_OK)
			count_down(order, node_of(fleet, &fleet->jobs[i]));
	}
	return run_batches(order, count);
}

/* Each node is as it was planned, or is not touched. */
static struct err *
run_planned(struct order *order)
{
	struct fleet	*fleet = order->fleet;

	for (size_t i = fleet->pushable; i < fleet->nodes.count; i++)
		count_down(order, node_of(fleet, &fleet->jobs[i]));
	for (size_t i = 0; i < fleet->down.count; i++)
		count_down(order, config_node(fleet->context->config, fleet->down.items[i]));
	for (size_t i = 0; i < fleet->pushable; i++) {
		const struct push_job	*job = &fleet->jobs[i];

		describe(order, i, job->generation > 0, job->changed == 0 && job->restarted == 0);
	}
	return run_batches(order, fleet->pushable);
}

struct err *
rollout_run(struct fleet *fleet, const struct rollout *rollout)
{
	struct order	 order;
	struct err	*e;

	order_init(&order, fleet, rollout);
	if (fleet->planned)
		e = run_planned(&order);
	else if (is_bound(&order))
		e = run_careful(&order);
	else
		e = fleet_push(fleet, &(struct fleet_push){ .op = "apply", .count = fleet->pushable });
	order_fini(&order);
	return e;
}
