/* test/unit: networks of local nodes. */
/* May know local and base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include "local/internal.h"

#include <stdlib.h>

static void
check_mistake(const char *text, const char *want)
{
	struct subnet	 subnet;

	CHECK_ERR(subnet_parse(&subnet, text), want);
}

TEST(network_is_parsed)
{
	struct subnet	 subnet;
	struct buf	 text = { 0 };

	CHECK_OK(subnet_parse(&subnet, "10.5.5.0/24"));
	CHECK_INT(subnet.base, 0x0a050500);
	CHECK_INT(subnet.bits, 24);
	subnet_text(&subnet, 1, true, &text);
	buf_addc(&text, ' ');
	subnet_text(&subnet, 254, false, &text);
	CHECK_STR(buf_text(&text), "10.5.5.1/24 10.5.5.254");
	buf_fini(&text);
}

TEST(what_is_no_network_is_refused)
{
	static const char *const wrong[] = {
		"", "10.5.5.0", "10.5.5/24", "10.5.5.0/", "10.5.5.0/x", "10.5.5.0/24x", "10.5.5.0/15", "10.5.5.0/30",
		"10.5.5.0/-24", "256.5.5.0/24", "fd00::/64",
	};
	char	*want;
	size_t	 i;

	for (i = 0; i < ARRAY_LEN(wrong); i++) {
		want = xasprintf("Leapfile: local.network \"%s\" is not a network\n"
		    "hint: write it like 10.77.3.0/24, with 16 to 29 bits\n", wrong[i]);
		check_mistake(wrong[i], want);
		free(want);
	}
	check_mistake("10.5.5.7/24", "Leapfile: local.network \"10.5.5.7/24\" is an address in a network\n"
	    "hint: did you mean 10.5.5.0/24?\n");
}

TEST(nodes_have_addresses_of_their_own_in_the_network)
{
	struct subnet	 subnet = { 0x0a050500, 24 };

	CHECK_OK(subnet_check(&subnet, "web1", "10.5.5.2"));
	CHECK_OK(subnet_check(&subnet, "web1", "10.5.5.254"));
	CHECK_ERR(subnet_check(&subnet, "web1", "10.5.5.1"),
	    "node web1: ip_address 10.5.5.1 is this machine's own in 10.5.5.0/24\n"
	    "hint: give the node another ip_address\n");
	CHECK_ERR(subnet_check(&subnet, "web1", "10.5.5.0"),
	    "node web1: ip_address 10.5.5.0 is the network's own in 10.5.5.0/24\n");
	CHECK_ERR(subnet_check(&subnet, "web1", "10.5.5.255"),
	    "node web1: ip_address 10.5.5.255 is the network's own in 10.5.5.0/24\n");
	CHECK_ERR(subnet_check(&subnet, "web1", "10.5.6.2"),
	    "node web1: ip_address 10.5.6.2 is not in the network of local nodes, 10.5.5.0/24\n"
	    "hint: change the node's ip_address, or local.network in the Leapfile\n");
	CHECK_ERR(subnet_check(&subnet, "web1", "REQUIRED"),
	    "node web1: ip_address \"REQUIRED\" is not an IPv4 address\n");
}

TEST(the_loopback_network_is_taken)
{
	struct subnet	 loopback = { 0x7f050500, 24 };
	char		*who = NULL;

	CHECK(subnet_taken(&loopback, NULL, &who));
	CHECK_STR(who, "interface lo has 127.0.0.1/8");
	free(who);
	CHECK(!subnet_taken(&loopback, "lo", NULL));
}

TEST(the_network_picked_depends_on_the_instance_and_is_free)
{
	struct buf	 one = { 0 }, again = { 0 }, two = { 0 };
	struct subnet	 subnet;

	local_pick_network("/srv/one", &one);
	local_pick_network("/srv/one", &again);
	local_pick_network("/srv/two", &two);
	CHECK_STR(buf_text(&one), buf_text(&again));
	CHECK(strcmp(buf_text(&one), buf_text(&two)) != 0);
	CHECK_OK(subnet_parse(&subnet, buf_text(&one)));
	CHECK(!subnet_taken(&subnet, NULL, NULL));
	buf_fini(&one);
	buf_fini(&again);
	buf_fini(&two);
}

TEST(names_of_links_fit_and_differ)
{
	struct site	 one = { .id = "00000001" }, two = { .id = "00000002" };
	char		 a[IF_NAMESIZE], b[IF_NAMESIZE], c[IF_NAMESIZE];

	net_link_name(&one, "web1", a);
	net_link_name(&one, "web2", b);
	net_link_name(&two, "web1", c);
	CHECK_INT(strlen(a), 14);
	CHECK(strcmp(a, b) != 0);
	CHECK(strcmp(a, c) != 0);
}

TEST(security_archive_is_found_beside_the_mirror)
{
	struct buf	 text = { 0 };

	root_sources("trixie", "http://deb.debian.org/debian", &text);
	CHECK_STR(buf_text(&text), "deb http://deb.debian.org/debian trixie main\n"
	    "deb http://deb.debian.org/debian trixie-updates main\n"
	    "deb http://deb.debian.org/debian-security trixie-security main\n");
	buf_clear(&text);
	root_sources("bookworm", "https://mirror.example.org/pub", &text);
	CHECK_STR(buf_text(&text), "deb https://mirror.example.org/pub bookworm main\n"
	    "deb https://mirror.example.org/pub bookworm-updates main\n"
	    "deb http://security.debian.org/debian-security bookworm-security main\n");
	buf_fini(&text);
}

int
main(void)
{
	RUN(network_is_parsed);
	RUN(what_is_no_network_is_refused);
	RUN(nodes_have_addresses_of_their_own_in_the_network);
	RUN(the_loopback_network_is_taken);
	RUN(the_network_picked_depends_on_the_instance_and_is_free);
	RUN(names_of_links_fit_and_differ);
	RUN(security_archive_is_found_beside_the_mirror);
	return test_done();
}
