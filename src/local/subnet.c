/* local: the IPv4 network of an instance's nodes. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "local/internal.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/sha256.h"
#include "base/strs.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BITS_MIN	16u
#define BITS_MAX	29u

/* Routes wider than this are ways out, such as the two halves of a VPN's default route, and take no network. */
#define ROUTE_BITS_MIN	8u

static uint32_t
mask_of(unsigned bits)
{
	return bits == 0 ? 0 : ~(uint32_t)0 << (32 - bits);
}

static bool
overlaps(const struct subnet *subnet, uint32_t base, unsigned bits)
{
	uint32_t	 mask = mask_of(bits < subnet->bits ? bits : subnet->bits);

	return (base & mask) == (subnet->base & mask);
}

struct err *
subnet_parse(struct subnet *subnet, const char *text)
{
	const char	*slash = strchr(text, '/');
	char		*address = slash != NULL ? xstrndup(text, (size_t)(slash - text)) : xstrdup(text);
	struct in_addr	 in = { 0 };
	struct buf	 proper = { 0 };
	struct err	*e = NULL;
	char		*end = NULL;
	long		 bits = slash != NULL ? strtol(slash + 1, &end, 10) : 0;

	if (inet_pton(AF_INET, address, &in) != 1 || slash == NULL || end == slash + 1 || *end != '\0' ||
	    bits < (long)BITS_MIN || bits > (long)BITS_MAX) {
		e = err_hint(err_new(ERR_CONFIG, "Leapfile: local.network \"%s\" is not a network", text),
		    "write it like 10.77.3.0/24, with %u to %u bits", BITS_MIN, BITS_MAX);
		goto out;
	}
	subnet->bits = (unsigned)bits;
	subnet->base = ntohl(in.s_addr) & mask_of(subnet->bits);
	if (subnet->base != ntohl(in.s_addr)) {
		subnet_text(subnet, 0, true, &proper);
		e = err_hint(err_new(ERR_CONFIG, "Leapfile: local.network \"%s\" is an address in a network", text),
		    "did you mean %s?", buf_text(&proper));
	}
out:
	buf_fini(&proper);
	free(address);
	return e;
}

void
subnet_text(const struct subnet *subnet, unsigned host, bool with_bits, struct buf *out)
{
	struct in_addr	 in = { .s_addr = htonl(subnet->base + host) };
	char		 text[INET_ADDRSTRLEN];

	buf_adds(out, inet_ntop(AF_INET, &in, text, sizeof(text)));
	if (with_bits)
		buf_addf(out, "/%u", subnet->bits);
}

struct err *
subnet_check(const struct subnet *subnet, const char *node, const char *address)
{
	struct in_addr	 in;
	struct buf	 net = { 0 };
	struct err	*e = NULL;
	uint32_t	 last = ~mask_of(subnet->bits);
	uint32_t	 host;

	subnet_text(subnet, 0, true, &net);
	if (inet_pton(AF_INET, address, &in) != 1) {
		e = err_new(ERR_CONFIG, "node %s: ip_address \"%s\" is not an IPv4 address", node, address);
		goto out;
	}
	host = ntohl(in.s_addr) - subnet->base;
	if ((ntohl(in.s_addr) & ~last) != subnet->base) {
		e = err_hint(err_new(ERR_CONFIG, "node %s: ip_address %s is not in the network of local nodes, %s",
		    node, address, buf_text(&net)), "change the node's ip_address, or local.network in the Leapfile");
	} else if (host == 0 || host == last) {
		e = err_new(ERR_CONFIG, "node %s: ip_address %s is the network's own in %s", node, address,
		    buf_text(&net));
	} else if (host == 1) {
		e = err_hint(err_new(ERR_CONFIG, "node %s: ip_address %s is this machine's own in %s", node, address,
		    buf_text(&net)), "give the node another ip_address");
	}
out:
	buf_fini(&net);
	return e;
}

static bool
taken_by_interface(const struct subnet *subnet, const char *except, char **who)
{
	struct ifaddrs	*list = NULL, *at;
	bool		 taken = false;
	uint32_t	 address, mask;
	struct buf	 text = { 0 };

	if (getifaddrs(&list) != 0)
		return false;
	for (at = list; at != NULL && !taken; at = at->ifa_next) {
		if (at->ifa_addr == NULL || at->ifa_addr->sa_family != AF_INET || at->ifa_netmask == NULL ||
		    (except != NULL && strcmp(at->ifa_name, except) == 0))
			continue;
		address = ntohl(((struct sockaddr_in *)(void *)at->ifa_addr)->sin_addr.s_addr);
		mask = ntohl(((struct sockaddr_in *)(void *)at->ifa_netmask)->sin_addr.s_addr);
		taken = overlaps(subnet, address, (unsigned)__builtin_popcount(mask));
		if (taken && who != NULL) {
			subnet_text(&(struct subnet){ address, (unsigned)__builtin_popcount(mask) }, 0, true, &text);
			*who = xasprintf("interface %s has %s", at->ifa_name, buf_text(&text));
		}
	}
	freeifaddrs(list);
	buf_fini(&text);
	return taken;
}

/* /proc/net/route has addresses as the hexadecimal digits of a word in the machine's byte order. */
static bool
taken_by_route(const struct subnet *subnet, const char *except, char **who)
{
	FILE		*fp = fopen("/proc/net/route", "re");
	char		 line[512], name[64];
	unsigned	 base, mask, bits;
	bool		 taken = false;
	struct buf	 text = { 0 };

	while (fp != NULL && !taken && fgets(line, sizeof(line), fp) != NULL) {
		if (sscanf(line, "%63s %8x %*x %*x %*d %*d %*d %8x", name, &base, &mask) != 3)
			continue;
		bits = (unsigned)__builtin_popcount(mask);
		base = ntohl(base);
		if (bits < ROUTE_BITS_MIN || (except != NULL && strcmp(name, except) == 0))
			continue;
		taken = overlaps(subnet, base, bits);
		if (taken && who != NULL) {
			subnet_text(&(struct subnet){ base, bits }, 0, true, &text);
			*who = xasprintf("there is a route to %s through %s", buf_text(&text), name);
		}
	}
	if (fp != NULL)
		fclose(fp);
	buf_fini(&text);
	return taken;
}

bool
subnet_taken(const struct subnet *subnet, const char *except, char **who)
{
	return taken_by_interface(subnet, except, who) || taken_by_route(subnet, except, who);
}

/* The second and third range only serve machines whose routes take all of the first, as company VPNs do. */
void
local_pick_network(const char *instance, struct buf *out)
{
	static const struct subnet	 ranges[] = {
		{ 0x0a400000, 10 },	/* 10.64.0.0/10 */
		{ 0xac100000, 12 },	/* 172.16.0.0/12 */
		{ 0xc0a80000, 16 },	/* 192.168.0.0/16 */
	};
	char				 hex[SHA256_HEX_SIZE];
	struct subnet			 subnet = { .bits = 24 };
	uint32_t			 start, count, i;
	size_t				 range;

	sha256_hex(instance, strlen(instance), hex);
	hex[8] = '\0';
	start = (uint32_t)strtoul(hex, NULL, 16);
	for (range = 0; range < ARRAY_LEN(ranges); range++) {
		count = (uint32_t)1 << (24 - ranges[range].bits);
		for (i = 0; i < 64 && i < count; i++) {
			subnet.base = ranges[range].base + ((start + i) % count << 8);
			if (!subnet_taken(&subnet, NULL, NULL))
				goto found;
		}
	}
	subnet.base = ranges[0].base + (start % 0x4000 << 8);
found:
	subnet_text(&subnet, 0, true, out);
}
