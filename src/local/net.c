/* local: the bridge of an instance's nodes, their links to it, and their way to the internet. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "local/internal.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/proc.h"
#include "base/sha256.h"
#include "base/strs.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FORWARDING	LOCAL_RUN "/forwarding"	/* the boot's id, then the interfaces that forwarded nothing before */

/* A program that reads its commands from standard input. */
static struct err *
feed(const char *const *argv, const struct buf *input)
{
	struct buf	 output = { 0 };
	struct proc	 proc = {
		.argv = argv, .input = buf_text(input), .input_len = input->len,
		.output = &output, .errors = &output, .timeout = 30,
	};
	struct err	*e;
	int		 status = 0;

	e = proc_run(&proc, &status);
	if (e == NULL && status != 0) {
		while (output.len > 0 && output.data[output.len - 1] == '\n')
			output.data[--output.len] = '\0';
		e = err_new(ERR_FAILED, "%s: %s", argv[0], buf_text(&output));
	}
	buf_fini(&output);
	return e;
}

static struct err *
ip_batch(const struct buf *commands)
{
	static const char	*const argv[] = { "ip", "-batch", "-", NULL };

	return feed(argv, commands);
}

static struct err *
nft(const struct buf *commands)
{
	static const char	*const argv[] = { "nft", "-f", "-", NULL };

	return feed(argv, commands);
}

/* Hardware addresses that stay the same, so that no neighbour's cache goes stale when a node starts again. */
static void
hardware_address(const struct site *site, const char *name, char out[18])
{
	char	*text = xasprintf("%s/%s", site->id, name);
	char	 hex[SHA256_HEX_SIZE];

	sha256_hex(text, strlen(text), hex);
	snprintf(out, 18, "02:%.2s:%.2s:%.2s:%.2s:%.2s", hex, hex + 2, hex + 4, hex + 6, hex + 8);
	free(text);
}

void
net_link_name(const struct site *site, const char *node, char name[IF_NAMESIZE])
{
	char	*text = xasprintf("%s/%s", site->id, node);
	char	 hex[SHA256_HEX_SIZE];

	sha256_hex(text, strlen(text), hex);
	snprintf(name, IF_NAMESIZE, "lv%.12s", hex);
	free(text);
}

/*
 * Forwarding is switched on for the bridge and for the ways out, and for nothing else: net.ipv4.ip_forward would
 * make the machine a router between all its networks.
 */
static bool
forwarding_set(const char *interface, const char *value, bool *changed)
{
	char		*path = xasprintf("/proc/sys/net/ipv4/conf/%s/forwarding", interface);
	struct buf	 old = { 0 };
	struct err	*e = file_read(path, 16, &old);
	FILE		*fp = NULL;
	bool		 good = e == NULL;

	err_free(e);
	*changed = false;
	if (good && strncmp(buf_text(&old), value, 1) != 0) {
		fp = fopen(path, "we");
		good = fp != NULL && fputs(value, fp) >= 0;
		good = fp != NULL && fclose(fp) == 0 && good;
		*changed = good;
	}
	buf_fini(&old);
	free(path);
	return good;
}

static void
ways_out(struct strs *interfaces)
{
	FILE		*fp = fopen("/proc/net/route", "re");
	char		 line[512], name[64];
	unsigned	 base, mask;

	while (fp != NULL && fgets(line, sizeof(line), fp) != NULL) {
		if (sscanf(line, "%63s %8x %*x %*x %*d %*d %*d %8x", name, &base, &mask) == 3 &&
		    base == 0 && mask == 0 && !strs_has(interfaces, name))
			strs_add(interfaces, name);
	}
	if (fp != NULL)
		fclose(fp);
}

/* What is remembered from an earlier boot means nothing now: /run may be on a disk in a chroot. */
static void
forwarding_load(struct strs *lines)
{
	struct buf	 boot = { 0 }, text = { 0 };

	err_free(file_read("/proc/sys/kernel/random/boot_id", 64, &boot));
	boot.len = strcspn(buf_text(&boot), "\n");
	err_free(file_read(FORWARDING, 65536, &text));
	strs_split(lines, buf_text(&text), '\n');
	if (lines->count == 0 || strlen(lines->items[0]) != boot.len ||
	    strncmp(lines->items[0], buf_text(&boot), boot.len) != 0) {
		strs_fini(lines);
		strs_addf(lines, "%.*s", (int)boot.len, buf_text(&boot));
	}
	buf_fini(&boot);
	buf_fini(&text);
}

static struct err *
forwarding_on(const struct site *site, const struct ear *ear)
{
	struct strs	 outs = { 0 }, lines = { 0 };
	struct buf	 text = { 0 };
	struct err	*e = NULL;
	bool		 changed;
	size_t		 i;
	int		 lock = -1;

	if ((e = make_dir(LOCAL_RUN, 0755)) != NULL || (e = site_lock(LOCAL_STATE "/lock", false, &lock)) != NULL)
		goto out;
	if (!forwarding_set(site->bridge, "1", &changed)) {
		e = err_new(ERR_FAILED, "cannot switch forwarding on for %s", site->bridge);
		goto out;
	}
	ways_out(&outs);
	if (outs.count == 0)
		ear_say(ear, "warning: this machine has no default route; nodes will not reach the internet");
	forwarding_load(&lines);
	for (i = 0; i < outs.count; i++) {
		if (!forwarding_set(outs.items[i], "1", &changed))
			ear_say(ear, "warning: cannot switch forwarding on for %s; nodes will not reach the internet",
			    outs.items[i]);
		if (changed && !strs_has(&lines, outs.items[i]))
			strs_add(&lines, outs.items[i]);
	}
	strs_join(&lines, "\n", &text);
	e = file_update(FORWARDING, buf_text(&text), text.len, 0644, NULL);
out:
	if (lock >= 0)
		close(lock);
	strs_fini(&outs);
	strs_fini(&lines);
	buf_fini(&text);
	return e;
}

/* Whether an instance still has a bridge. */
static bool
bridges_left(void)
{
	struct if_nameindex	*list = if_nameindex(), *at;
	bool			 left = false;

	for (at = list; at != NULL && at->if_index != 0 && !left; at++)
		left = str_starts(at->if_name, "leap") && strspn(at->if_name + 4, "0123456789abcdef") == 8 &&
		    strlen(at->if_name) == 12;
	if_freenameindex(list);
	return left;
}

/* The last instance to stop puts back what was. */
static struct err *
forwarding_off(void)
{
	struct strs	 lines = { 0 };
	struct err	*e;
	bool		 changed;
	size_t		 i;
	int		 lock = -1;

	if (!file_exists(LOCAL_RUN))
		return NULL;
	e = site_lock(LOCAL_STATE "/lock", false, &lock);
	if (e != NULL || bridges_left())
		goto out;
	forwarding_load(&lines);
	for (i = 1; i < lines.count; i++)
		(void)forwarding_set(lines.items[i], "0", &changed);
	e = dir_remove(LOCAL_RUN);
out:
	if (lock >= 0)
		close(lock);
	strs_fini(&lines);
	return e;
}

/* Masquerade what leaves; let nothing in that no node asked for, not even from another instance's nodes. */
static struct err *
table_load(const struct site *site, const struct subnet *subnet)
{
	struct buf	 text = { 0 }, net = { 0 };
	struct err	*e;

	subnet_text(subnet, 0, true, &net);
	buf_addf(&text,
	    "table ip %1$s\n"
	    "delete table ip %1$s\n"
	    "table ip %1$s {\n"
	    "	chain postrouting {\n"
	    "		type nat hook postrouting priority srcnat; policy accept;\n"
	    "		ip saddr %2$s ip daddr != %2$s masquerade\n"
	    "	}\n"
	    "	chain forward {\n"
	    "		type filter hook forward priority filter; policy accept;\n"
	    "		iifname \"%3$s\" tcp flags syn tcp option maxseg size set rt mtu\n"
	    "		oifname \"%3$s\" iifname != \"%3$s\" ct state != { established, related } drop\n"
	    "	}\n"
	    "}\n", site->group, buf_text(&net), site->bridge);
	e = nft(&text);
	if (e != NULL)
		e = err_context(e, "cannot load the rules of local nodes");
	buf_fini(&text);
	buf_fini(&net);
	return e;
}

/* Docker and some firewalls drop all that is forwarded; no rule of ours can overrule theirs, so say it. */
static void
warn_of_firewall(const struct site *site, const struct ear *ear)
{
	static const char	*const argv[] = { "nft", "-j", "list", "chains", NULL };
	struct buf		 output = { 0 }, errors = { 0 };
	struct proc		 proc = { .argv = argv, .output = &output, .errors = &errors, .timeout = 30 };
	json_t			*root = NULL, *item, *chain;
	size_t			 i;
	int			 status = 0;

	err_free(proc_run(&proc, &status));
	root = json_loads(buf_text(&output), 0, NULL);
	json_array_foreach(json_object_get(root, "nftables"), i, item) {
		chain = json_object_get(item, "chain");
		if (json_str(chain, "hook") == NULL || strcmp(json_str(chain, "hook"), "forward") != 0 ||
		    json_str(chain, "policy") == NULL || strcmp(json_str(chain, "policy"), "drop") != 0)
			continue;
		ear_say(ear, "warning: this machine's firewall (chain %s %s %s) drops what is forwarded; "
		    "unless it lets %s pass, nodes will not reach the internet", json_str(chain, "family"),
		    json_str(chain, "table"), json_str(chain, "name"), site->bridge);
	}
	json_decref(root);
	buf_fini(&output);
	buf_fini(&errors);
}

/* Whether the bridge exists; *right is whether it has this address. */
static bool
bridge_exists(const struct site *site, const struct subnet *subnet, bool *right)
{
	struct ifaddrs	*list = NULL, *at;

	*right = false;
	if (if_nametoindex(site->bridge) == 0)
		return false;
	if (getifaddrs(&list) != 0)
		return true;
	for (at = list; at != NULL; at = at->ifa_next) {
		if (at->ifa_addr != NULL && at->ifa_addr->sa_family == AF_INET &&
		    strcmp(at->ifa_name, site->bridge) == 0 &&
		    ntohl(((struct sockaddr_in *)(void *)at->ifa_addr)->sin_addr.s_addr) == subnet->base + 1)
			*right = true;
	}
	freeifaddrs(list);
	return true;
}

static struct err *
bridge_make(const struct site *site, const struct subnet *subnet)
{
	struct buf	 commands = { 0 }, address = { 0 };
	struct err	*e = NULL;
	char		 hardware[18];
	char		*who = NULL, *net = NULL;

	if (subnet_taken(subnet, site->bridge, &who)) {
		local_pick_network(site->net->instance, &address);
		net = buf_take(&address);
		e = err_hint(err_new(ERR_CONFIG, "the network of local nodes, %s, is in use on this machine: %s",
		    site->net->network, who),
		    "change local.network in the Leapfile, and the nodes' ip_address; %s is free", net);
		goto out;
	}
	hardware_address(site, "", hardware);
	subnet_text(subnet, 1, true, &address);
	buf_addf(&commands, "link add name %1$s address %2$s type bridge\n"
	    "addr add %3$s dev %1$s\n"
	    "link set dev %1$s up\n", site->bridge, hardware, buf_text(&address));
	e = ip_batch(&commands);
	if (e != NULL)
		e = err_context(e, "cannot make the bridge %s", site->bridge);
out:
	free(who);
	free(net);
	buf_fini(&commands);
	buf_fini(&address);
	return e;
}

struct err *
net_up(const struct site *site, const struct subnet *subnet, const struct ear *ear)
{
	struct err	*e = NULL;
	bool		 right, exists = bridge_exists(site, subnet, &right);

	if (exists && !right && cgroup_populated(site->cgroup, site->group)) {
		return err_hint(err_new(ERR_FAILED, "nodes of this instance run in another network than %s",
		    site->net->network), "leap local stop");
	}
	if (exists && !right)
		e = proc_do("ip", "link", "delete", "dev", site->bridge, NULL);
	if (e == NULL && !right)
		e = bridge_make(site, subnet);
	if (e == NULL)
		e = table_load(site, subnet);
	if (e == NULL)
		e = forwarding_on(site, ear);
	if (e == NULL)
		warn_of_firewall(site, ear);
	return e;
}

struct err *
net_down(const struct site *site)
{
	struct buf	 commands = { 0 };
	struct err	*e = NULL;

	if (if_nametoindex(site->bridge) != 0)
		e = proc_do("ip", "link", "delete", "dev", site->bridge, NULL);
	buf_addf(&commands, "table ip %1$s\ndelete table ip %1$s\n", site->group);
	e = err_join(e, nft(&commands));
	e = err_join(e, forwarding_off());
	buf_fini(&commands);
	return e;
}

struct err *
net_link_make(const struct site *site, const struct local_node *node, const struct subnet *subnet, pid_t outside)
{
	struct buf	 commands = { 0 }, gateway = { 0 };
	struct err	*e;
	char		 hardware[18], name[IF_NAMESIZE];

	hardware_address(site, node->name, hardware);
	net_link_name(site, node->name, name);
	subnet_text(subnet, 1, false, &gateway);
	buf_addf(&commands, "link add name eth0 address %s type veth peer name %s netns %d\n"
	    "addr add %s/%u brd + dev eth0\n"
	    "link set dev lo up\n"
	    "link set dev eth0 up\n"
	    "route add default via %s dev eth0\n", hardware, name, (int)outside, node->address, subnet->bits,
	    buf_text(&gateway));
	e = ip_batch(&commands);
	buf_fini(&commands);
	buf_fini(&gateway);
	return e;
}

struct err *
net_link_attach(const struct site *site, const char *node)
{
	char	 name[IF_NAMESIZE];

	net_link_name(site, node, name);
	return proc_do("ip", "link", "set", "dev", name, "master", site->bridge, "up", NULL);
}

/* The kernel removes a dead node's link some time after the last process; we do not wait for that. */
struct err *
net_link_remove(const struct site *site, const char *node)
{
	char		 name[IF_NAMESIZE];
	struct err	*e;

	net_link_name(site, node, name);
	if (if_nametoindex(name) == 0)
		return NULL;
	e = proc_do("ip", "link", "delete", "dev", name, NULL);
	if (e != NULL && if_nametoindex(name) == 0) {
		err_free(e);
		e = NULL;
	}
	return e;
}

/* Add the name servers in `path` that are more than this machine's own loopback. */
static void
add_servers(const char *path, struct strs *servers)
{
	struct buf	 text = { 0 };
	struct strs	 lines = { 0 };
	struct in_addr	 in;
	char		 address[64];
	size_t		 i;

	err_free(file_read(path, 65536, &text));
	strs_split(&lines, buf_text(&text), '\n');
	for (i = 0; i < lines.count; i++) {
		if (sscanf(lines.items[i], " nameserver %63s", address) == 1 &&
		    inet_pton(AF_INET, address, &in) == 1 && (ntohl(in.s_addr) >> 24) != 127 && in.s_addr != 0 &&
		    !strs_has(servers, address))
			strs_add(servers, address);
	}
	buf_fini(&text);
	strs_fini(&lines);
}

void
net_resolv_conf(struct buf *out, const struct ear *ear)
{
	struct strs	 servers = { 0 };
	size_t		 i;

	add_servers("/etc/resolv.conf", &servers);
	if (servers.count == 0)
		add_servers("/run/systemd/resolve/resolv.conf", &servers);
	if (servers.count == 0) {
		ear_say(ear, "warning: /etc/resolv.conf names no IPv4 name server outside this machine; "
		    "nodes will not resolve names");
	}
	buf_adds(out, LOCAL_MARK "\n");
	for (i = 0; i < servers.count; i++)
		buf_addf(out, "nameserver %s\n", servers.items[i]);
	strs_fini(&servers);
}
