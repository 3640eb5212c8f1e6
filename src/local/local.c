/* local: starting and stopping the nodes of an instance. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "local/internal.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/strs.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STOP_MAX	10000	/* ms between the order to power off and SIGKILL */

/* A booted Debian has this many inotify instances, measured; the other processes of root have some too. */
#define INOTIFY_NODE	6u
#define INOTIFY_OTHERS	8u

/* Names become paths and control groups; what the configuration accepts as names is a subset of this. */
static struct err *
check_name(const char *name)
{
	if (*name != '\0' && *name != '-' && strlen(name) <= 63 &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name))
		return NULL;
	return err_new(ERR_USAGE, "\"%s\" is not the name of a node", name);
}

static struct err *
check_nodes(const struct subnet *subnet, const struct local_node *nodes, size_t count)
{
	struct err	*e = NULL;
	size_t		 i, k;

	for (i = 0; i < count; i++) {
		e = err_join(e, check_name(nodes[i].name));
		e = err_join(e, subnet_check(subnet, nodes[i].name, nodes[i].address));
		for (k = 0; k < i; k++) {
			if (strcmp(nodes[i].address, nodes[k].address) == 0)
				e = err_join(e, err_new(ERR_CONFIG, "nodes %s and %s have the same ip_address, %s",
				    nodes[k].name, nodes[i].name, nodes[i].address));
		}
	}
	return e;
}

/* Systemd does not stop for a lack of inotify, it limps; so look before. */
static struct err *
check_inotify(const struct site *site, size_t more)
{
	struct buf	 text = { 0 };
	struct err	*e = file_read("/proc/sys/fs/inotify/max_user_instances", 32, &text);
	unsigned long	 max = strtoul(buf_text(&text), NULL, 10);
	unsigned long	 nodes = cgroup_count_nodes(site->cgroup) + more;
	unsigned long	 need = nodes * INOTIFY_NODE + INOTIFY_OTHERS;

	buf_fini(&text);
	if (e != NULL || max >= need) {
		err_free(e);
		return NULL;
	}
	for (max = 256; max < need; max *= 2)
		;
	return err_hint(err_new(ERR_FAILED, "%lu local nodes need more inotify instances than this machine allows",
	    nodes), "sysctl -w fs.inotify.max_user_instances=%lu", max);
}

/* The file has the address that the node was booted with; a changed one takes effect at its next boot. */
static struct err *
check_address(const struct site *site, const struct local_node *node, bool running)
{
	char		*path = site_path(site, node->name, "address");
	struct buf	 text = { 0 };
	struct err	*e = NULL;

	if (!running) {
		e = file_update(path, node->address, strlen(node->address), 0644, NULL);
	} else {
		e = file_read(path, 64, &text);
		if (e == NULL && strcmp(buf_text(&text), node->address) != 0) {
			e = err_hint(err_new(ERR_NODES, "it runs with the address %s, and is to have %s now",
			    buf_text(&text), node->address), "leap local stop %s, then start it again", node->name);
		}
	}
	buf_fini(&text);
	free(path);
	return e;
}

static void
launches_init(struct launch *launches, const struct site *site, const struct local_node *nodes, size_t count)
{
	size_t	 i;

	for (i = 0; i < count; i++) {
		launches[i].node = &nodes[i];
		launches[i].report = launches[i].probe = -1;
		launches[i].group = node_group(site, nodes[i].name);
		launches[i].was_running = cgroup_populated(site->cgroup, launches[i].group);
		launches[i].began = clock_ms();
	}
}

/* A node that was about to end when it was looked at counted as running; now it has to start.  Whether one has. */
static bool
launches_renew(struct launch *launches, size_t count)
{
	bool	 any = false;
	size_t	 i;

	for (i = 0; i < count; i++) {
		if (!launches[i].was_running || !launches[i].ended)
			continue;
		launches[i].was_running = launches[i].ended = false;
		any = true;
	}
	return any;
}

/* All at once: the longest part of a boot is waiting. */
static void
boot_round(const struct site *site, struct launch *launches, size_t count, const struct root *root,
    const struct subnet *subnet, const struct buf *resolv_conf)
{
	struct launch	*launch;

	for (launch = launches; launch < launches + count; launch++) {
		if (launch->up || launch->failure != NULL)
			continue;
		if (!launch->was_running)
			launch->failure = disk_prepare(site, launch->node, root, resolv_conf);
		if (launch->failure == NULL)
			launch->failure = check_address(site, launch->node, launch->was_running);
		if (launch->failure == NULL && !launch->was_running)
			node_launch(site, launch, root, subnet);
	}
	for (launch = launches; launch < launches + count; launch++)
		node_launched(site, launch);
}

static void
boot(const struct site *site, struct launch *launches, size_t count, const struct root *root,
    const struct subnet *subnet, const struct ear *ear)
{
	struct buf	 resolv_conf = { 0 };

	net_resolv_conf(&resolv_conf, ear);
	do {
		boot_round(site, launches, count, root, subnet, &resolv_conf);
		nodes_wait(site, launches, count, ear);
	} while (launches_renew(launches, count));
	buf_fini(&resolv_conf);
}

/* What did not come up does not stay half alive.  All failures become one error; the launches are emptied. */
static struct err *
settle(const struct site *site, struct launch *launches, size_t count)
{
	struct err	*all = NULL, *one;
	size_t		 i;

	for (i = 0; i < count; i++) {
		one = launches[i].failure;
		if (one != NULL && !launches[i].was_running) {
			one = err_join(one, cgroup_kill(site->cgroup, launches[i].group));
			cgroup_remove(site->cgroup, launches[i].group);
			one = err_join(one, net_link_remove(site, launches[i].node->name));
		}
		if (one != NULL)
			all = err_join(all, err_context(one, "node %s", launches[i].node->name));
		free(launches[i].group);
	}
	return all;
}

/* With none of the instance's nodes left, what they shared goes. */
static struct err *
teardown_if_idle(const struct site *site)
{
	if (cgroup_populated(site->cgroup, site->group))
		return NULL;
	cgroup_remove(site->cgroup, site->group);
	return net_down(site);
}

struct err *
local_start(const struct local_net *net, const struct local_node *nodes, size_t count, local_say *say, void *context)
{
	struct ear	 ear = { say, context };
	struct subnet	 subnet;
	struct site	 site;
	struct root	 root = { 0 };
	struct launch	*launches = NULL;
	struct err	*e;
	size_t		 i, more = 0;

	if ((e = subnet_parse(&subnet, net->network)) != NULL || (e = check_nodes(&subnet, nodes, count)) != NULL ||
	    (e = site_open(&site, net)) != NULL)
		return e;
	launches = xcalloc(count + 1, sizeof(*launches));
	launches_init(launches, &site, nodes, count);
	for (i = 0; i < count; i++)
		more += !launches[i].was_running;
	if ((e = root_get(&root, &site, &ear)) != NULL || (e = check_inotify(&site, more)) != NULL ||
	    (e = net_up(&site, &subnet, &ear)) != NULL)
		goto out;
	boot(&site, launches, count, &root, &subnet, &ear);
out:
	e = err_join(e, settle(&site, launches, count));
	if (e != NULL)
		e = err_join(e, teardown_if_idle(&site));
	free(launches);
	root_fini(&root);
	site_close(&site);
	return e;
}

static void
pause_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000 }, NULL);
}

/* Power off as systemd(1) has it under SIGRTMIN+4, and SIGKILL for what takes too long. */
static struct err *
power_off(const struct site *site, const struct strs *groups, const struct ear *ear)
{
	int64_t		 deadline = clock_ms() + STOP_MAX;
	struct err	*e = NULL;
	size_t		 i, left;

	for (i = 0; i < groups->count; i++)
		cgroup_signal_init(site->cgroup, groups->items[i], SIGRTMIN + 4);
	do {
		for (i = 0, left = 0; i < groups->count; i++)
			left += cgroup_populated(site->cgroup, groups->items[i]);
		if (left > 0)
			pause_ms(10);
	} while (left > 0 && clock_ms() < deadline);
	for (i = 0; i < groups->count; i++) {
		if (!cgroup_populated(site->cgroup, groups->items[i]))
			continue;
		ear_say(ear, "%s: does not power off, killed", strchr(groups->items[i], '/') + 1);
		e = err_join(e, cgroup_kill(site->cgroup, groups->items[i]));
	}
	return e;
}

static struct err *
stop_nodes(const struct site *site, const struct strs *names, const struct ear *ear)
{
	struct strs	 groups = { 0 };
	struct err	*e = NULL;
	char		*group;
	size_t		 i;

	for (i = 0; i < names->count; i++) {
		group = node_group(site, names->items[i]);
		if (cgroup_populated(site->cgroup, group))
			strs_add(&groups, group);
		free(group);
	}
	e = power_off(site, &groups, ear);
	for (i = 0; i < names->count; i++) {
		group = node_group(site, names->items[i]);
		cgroup_remove(site->cgroup, group);
		e = err_join(e, net_link_remove(site, names->items[i]));
		if (strs_has(&groups, group))
			ear_say(ear, "%s: stopped", names->items[i]);
		free(group);
	}
	strs_fini(&groups);
	return err_join(e, teardown_if_idle(site));
}

static struct err *
check_names(const struct strs *names)
{
	struct err	*e = NULL;
	size_t		 i;

	for (i = 0; i < names->count; i++)
		e = err_join(e, check_name(names->items[i]));
	return e;
}

struct err *
local_stop(const struct local_net *net, const struct strs *names, local_say *say, void *context)
{
	struct ear	 ear = { say, context };
	struct site	 site;
	struct err	*e;

	if ((e = check_names(names)) != NULL || (e = site_open(&site, net)) != NULL)
		return e;
	e = stop_nodes(&site, names, &ear);
	site_close(&site);
	return e;
}

struct err *
local_remove(const struct local_net *net, const struct strs *names, local_say *say, void *context)
{
	struct ear	 ear = { say, context };
	struct site	 site;
	struct err	*e;
	char		*dir;
	size_t		 i;

	if ((e = check_names(names)) != NULL || (e = site_open(&site, net)) != NULL)
		return e;
	e = stop_nodes(&site, names, &ear);
	for (i = 0; i < names->count && e == NULL; i++) {
		dir = site_path(&site, names->items[i], NULL);
		if (file_exists(dir) && (e = dir_remove(dir)) == NULL)
			ear_say(&ear, "%s: disk removed", names->items[i]);
		free(dir);
	}
	site_close(&site);
	return e;
}

struct err *
local_list(const struct local_net *net, struct local_status **out, size_t *count)
{
	struct site	 site;
	struct strs	 names = { 0 };
	struct err	*e;
	char		*path;
	bool		 found;
	size_t		 i;

	*out = NULL;
	*count = 0;
	if ((e = site_look(&site, net, &found)) != NULL || !found)
		return e;
	path = site_path(&site, NULL, NULL);
	e = dir_list(path, &names);
	*out = xcalloc(names.count + 1, sizeof(**out));
	for (i = 0; i < names.count && e == NULL; i++) {
		if (names.items[i][0] == '.')
			continue;
		free(path);
		path = node_group(&site, names.items[i]);
		(*out)[*count].name = xstrdup(names.items[i]);
		(*out)[*count].running = cgroup_populated(site.cgroup, path);
		(*count)++;
	}
	free(path);
	strs_fini(&names);
	site_close(&site);
	return e;
}

void
local_list_free(struct local_status *list, size_t count)
{
	size_t	 i;

	for (i = 0; i < count; i++)
		free(list[i].name);
	free(list);
}
