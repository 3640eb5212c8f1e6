/* test/unit: loading a whole instance: what is refused, what nodes have, what is written. */
/* May know config, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "instance.h"

#include "base/json.h"
#include "base/strs.h"

#include <stdlib.h>

TEST(names_of_nodes)
{
	static const char *const good[] = { "a", "web1", "0", "a-b-", "1-2" };
	static const char *const bad[] = { "", "-a", "A", "a_b", "a.b", "a/b", "..", "a b", "\xc3\xa9" };
	char			 name[66];

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		CHECK_OK(node_name_check(good[i]));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK_ERR_HAS(node_name_check(bad[i]), "cannot be the name of a node\nhint: names are made of a-z, 0-9");
	memset(name, 'a', sizeof(name));
	name[63] = '\0';
	CHECK_OK(node_name_check(name));
	name[63] = 'a';
	name[64] = '\0';
	CHECK_ERR_HAS(node_name_check(name), "at most 63 of them\n");
}

/* One file that is wrong, in an instance that is right; all that is said about it. */
TEST(each_wrong_file)
{
	static const struct { const char *path, *text, *want; } rows[] = {
		{ "nodes/web1.json", "{\n  \"services\": [\"statics\"]\n}",
		    "nodes/web1.json:2:16: unknown service \"statics\"\n      \"services\": [\"statics\"]\n"
		    "                   ^\nhint: did you mean \"static\"?\n" },
		{ "nodes/web1.json", "{ \"tags\": [\"blue\", \"nothing-like-it\"] }",
		    "nodes/web1.json:1:20: unknown tag \"nothing-like-it\"\n    { \"tags\": [\"blue\", \"nothing-like-it\"] }\n"
		    "                       ^\n" },
		{ "nodes/web1.json", "{ \"services\": \"static\" }",
		    "nodes/web1.json:1:15: \"services\" must be a list of names, not a text\n"
		    "    { \"services\": \"static\" }\n                  ^\nhint: write \"services\": [\"...\"]\n" },
		{ "nodes/web1.json", "{ \"services\": [\"= 'static'\"] }",
		    "nodes/web1.json:1:16: \"services\" must be a list of names\n    { \"services\": [\"= 'static'\"] }\n"
		    "                   ^\n" },
		{ "nodes/web1.json", "{ \"tags\": [1] }",
		    "nodes/web1.json:1:12: \"tags\" must be a list of names\n    { \"tags\": [1] }\n               ^\n" },
		{ "nodes/web1.json", "{ \"enabled\": \"no\" }",
		    "nodes/web1.json:1:14: \"enabled\" must be true or false, not a text\n    { \"enabled\": \"no\" }\n"
		    "                 ^\n" },
		{ "nodes/web1.json", "{ \"environment\": 1 }",
		    "nodes/web1.json:1:18: \"environment\" must be the name of one\n    { \"environment\": 1 }\n"
		    "                     ^\n" },
		{ "nodes/web1.json", "{ \"name\": \"web2\" }",
		    "nodes/web1.json:1:11: \"name\" cannot be set here\n    { \"name\": \"web2\" }\n              ^\n"
		    "hint: the name of a node is the name of its file\n" },
		{ "nodes/web1.json", "[]",
		    "nodes/web1.json:1:1: an object, { ... }, is expected here, not a list\n    []\n    ^\n" },
		{ "nodes/web1.json", "{ \"tags\": [\"live\", \"test\"] }",
		    "nodes/web1.json:1:20: this node is in two environments, \"live\" and \"test\"\n"
		    "    { \"tags\": [\"live\", \"test\"] }\n                       ^\n"
		    "  tags/live.json:1:18: in environment \"live\" by this\n"
		    "  tags/test.json:1:18: in environment \"test\" by this\n" },
		{ "nodes/web1.json", "{ \"environment\": \"live\", \"tags\": [\"test\"] }",
		    "nodes/web1.json:1:35: this node is in two environments, \"live\" and \"test\"\n"
		    "    { \"environment\": \"live\", \"tags\": [\"test\"] }\n                                      ^\n"
		    "  nodes/web1.json:1:18: in environment \"live\" by this\n"
		    "  tags/test.json:1:18: in environment \"test\" by this\n" },
		{ "nodes/Web.json", "{}",
		    "nodes/Web.json: \"Web\" cannot be the name of a node\n"
		    "hint: names are made of a-z, 0-9 and -, begin with a letter or digit, and have at most 63 of them\n" },
		{ "nodes/web1.live.json", "{}",
		    "nodes/web1.live.json: \"web1.live\" cannot be the name of a node\n"
		    "hint: names are made of a-z, 0-9 and -, begin with a letter or digit, and have at most 63 of them\n" },
		{ "common.json", "{ \"environment\": \"live\" }",
		    "common.json:1:18: \"environment\" cannot be set here\n    { \"environment\": \"live\" }\n"
		    "                     ^\nhint: a node's own file or its tags say which environment it is in\n" },
		{ "services/static.json", "{ \"+tags\": [\"blue\"] }",
		    "services/static.json:1:12: \"tags\" cannot be set here\n    { \"+tags\": [\"blue\"] }\n"
		    "               ^\nhint: a node's own file or common.json says which it has\n" },
		{ "services/statik.live.json", "{}",
		    "services/statik.live.json: there is no service \"statik\" of which this could be the variant for an "
		    "environment\nhint: did you mean \"static\"?\n" },
		{ "services/st+tic.json", "{}",
		    "services/st+tic.json: \"st+tic\" cannot be the name of a service\nhint: names are made of letters, digits, - and _\n" },
		{ "provider.live.json", "{ \"domain\": [] }",
		    "provider.live.json:1:13: \"domain\" is a list here, but a text in the layers below\n"
		    "    { \"domain\": [] }\n                ^\n  provider.json:1:13: it is set here before\n"
		    "hint: \"!key\" replaces whatever was there\n" },
		{ "common.live.json", "{ \"a\": 1,\n  b: 2 }",
		    "common.live.json:2:3: a key in double quotes is expected here, not \"b\"\n      b: 2 }\n"
		    "      ^\nhint: write \"b\"\n" },
	};
	struct instance instance;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		instance_init(&instance);
		put(&instance, "platform/services/static/service.json", "{}");
		put(&instance, "platform/tags/blue.json", "{}");
		put(&instance, "provider.json", "{ \"domain\": \"example.org\" }");
		put(&instance, "tags/live.json", "{ \"environment\": \"live\" }");
		put(&instance, "tags/test.json", "{ \"environment\": \"test\" }");
		put(&instance, "nodes/web1.json", "{}");
		put(&instance, rows[i].path, rows[i].text);
		if (!CHECK_ERR(instance_load(&instance), rows[i].want))
			printf("  by %s\n", rows[i].path);
		instance_fini(&instance);
	}
}

TEST(all_errors_come_at_once_and_each_once)
{
	struct instance	 instance;
	struct err	*e;

	instance_init(&instance);
	put(&instance, "common.json", "{ \"x\": 1 }");
	put(&instance, "services/s.json", "{ \"x\": \"clash\" }");
	put(&instance, "nodes/a.json", "{ \"services\": [\"s\"], \"tags\": [\"none\"] }");
	put(&instance, "nodes/b.json", "{ \"services\": [\"s\"] }");
	put(&instance, "nodes/c.json", "{");
	put(&instance, "macros/m.lua", "x =");
	e = instance_load(&instance);
	CHECK_INT(err_count(e), 4);
	err_free(e);
	instance_fini(&instance);
}

TEST(what_is_known)
{
	static const struct { const char *name, *environment; bool enabled; } nodes[] = {
		{ "a", "live", true }, { "a-b", NULL, true }, { "b", "own", false },
	};
	struct instance	 instance;
	struct node	**all;
	struct buf	 text = { 0 };

	instance_init(&instance);
	put(&instance, "platform/services/web/service.json", "{}");
	put(&instance, "services/dns/service.json", "{}");
	put(&instance, "services/own.json", "{}");
	put(&instance, "services/web.staging.json", "{}");
	put(&instance, "services/README", "not a service");
	put(&instance, "tags/live.json", "{ \"environment\": \"live\" }");
	put(&instance, "nodes/a.json", "{ \"tags\": [\"live\"] }");
	put(&instance, "nodes/b.json", "{ \"environment\": \"own\", \"enabled\": false }");
	put(&instance, "nodes/a-b.json", "{}");
	if (!CHECK_OK(instance_load(&instance)))
		return;
	strs_join(config_services(instance.config), " ", &text);
	CHECK_STR(buf_text(&text), "dns own web");
	buf_clear(&text);
	strs_join(config_environments(instance.config), " ", &text);
	CHECK_STR(buf_text(&text), "development live local own production staging");
	CHECK_INT(config_tags(instance.config)->count, 1);
	CHECK_INT(config_nodes(instance.config, &all), 3);
	for (size_t i = 0; i < ARRAY_LEN(nodes); i++) {
		CHECK_STR(all[i]->name, nodes[i].name);
		CHECK_STR(all[i]->environment, nodes[i].environment);
		CHECK_INT(all[i]->enabled, nodes[i].enabled);
		CHECK(config_node(instance.config, nodes[i].name) == all[i]);
	}
	CHECK(config_node(instance.config, "none") == NULL);
	CHECK(config_warnings(instance.config) == NULL);
	buf_fini(&text);
	instance_fini(&instance);
}

TEST(common_may_give_services_and_tags)
{
	struct instance	 instance;
	struct node	*node;

	instance_init(&instance);
	put(&instance, "common.json", "{ \"tags\": [\"blue\"], \"services\": [\"s\"] }");
	put(&instance, "services/s.json", "{ \"s\": 1 }");
	put(&instance, "services/r.json", "{ \"r\": 1 }");
	put(&instance, "tags/blue.json", "{ \"color\": \"blue\" }");
	put(&instance, "nodes/n.json", "{ \"+services\": [\"r\"], \"-tags\": [\"blue\"] }");
	put(&instance, "nodes/m.json", "{}");
	if (CHECK_OK(instance_load(&instance))) {
		CHECK_STR(value_of(&instance, "n", "services"), "[\"s\",\"r\"]");
		CHECK_STR(value_of(&instance, "n", "r"), "1");
		CHECK_STR(value_of(&instance, "n", "tags"), "[]");
		CHECK_STR(value_of(&instance, "m", "color"), "\"blue\"");
		node = node_of(&instance, "n");
		CHECK_INT(node->services.count, 2);
		CHECK_INT(node->tags.count, 0);
	}
	instance_fini(&instance);
}

TEST(values_of_nodes)
{
	struct instance	 instance;
	struct node	*node;
	json_t		*value;
	const char	*text;
	long		 number;
	struct place	 place;

	instance_init(&instance);
	put(&instance, "common.json", "{ \"o\": { \"x\": 1,\n \"deep\": { \"y\": \"= name\" } }, \"n\": null }");
	put(&instance, "nodes/web1.json", "{\n  \"o\": { \"x\": 2 },\n  \"domains\": { \"example.org\": { \"tls\": true } },\n"
	    "  \"t\": \"text\", \"r\": \"REQUIRED\", \"half\": 0.5, \"big\": [1, [2]] }");
	if (!CHECK_OK(instance_load(&instance)))
		return;
	node = node_of(&instance, "web1");
	CHECK_STR(value_of(&instance, "web1", "o"), "{\"deep\":{\"y\":\"web1\"},\"x\":2}");
	CHECK_STR(value_of(&instance, "web1", "domains.example.org.tls"), "true");
	CHECK_STR(value_of(&instance, "web1", "big.2.1"), "2");
	CHECK_OK(node_get(node, "n", &value));
	CHECK(value == NULL);
	CHECK_ERR(node_get(node, "o.deep.yy", &value), "node web1 has no property \"o.deep.yy\"\nhint: did you mean \"o.deep.y\"?\n");
	CHECK_ERR_HAS(node_get(node, "t.x", &value), "node web1 has no property \"t.x\"\n");
	CHECK_ERR_HAS(node_get(node, "", &value), "nodes/web1.json:4:21: node web1 must have a value for r\n");
	CHECK_OK(node_text(node, "o.deep.y", &text));
	CHECK_STR(text, "web1");
	CHECK_OK(node_text(node, "none", &text));
	CHECK_STR(text, NULL);
	CHECK_OK(node_text(node, "n", &text));
	CHECK_STR(text, NULL);
	CHECK_ERR(node_text(node, "o.x", &text), "nodes/web1.json:2:15: \"o.x\" of node web1 must be a text, not a number\n"
	    "      \"o\": { \"x\": 2 },\n                  ^\n");
	CHECK_OK(node_number(node, "o.x", 7, &number));
	CHECK_INT(number, 2);
	CHECK_OK(node_number(node, "none", 7, &number));
	CHECK_INT(number, 7);
	CHECK_ERR_HAS(node_number(node, "t", 7, &number), "\"t\" of node web1 must be a whole number, not a text\n");
	CHECK_ERR_HAS(node_number(node, "half", 7, &number), "\"half\" of node web1 must be a whole number, not a number\n");
	CHECK(node_place(node, "o.x", &place));
	CHECK_STR(place.path, "nodes/web1.json");
	CHECK_INT(place.line, 2);
	CHECK(node_place(node, "o.deep.y", &place));
	CHECK_STR(place.path, "common.json");
	CHECK_INT(place.line, 2);
	CHECK(!node_place(node, "none", &place));
	instance_fini(&instance);
}

TEST(everything_is_checked)
{
	struct instance	 instance;
	struct node	**nodes;
	size_t		 count;

	instance_init(&instance);
	put(&instance, "common.json", "{ \"ip_address\": \"REQUIRED\", \"cache\": { \"size\": \"REQUIRED\" } }");
	put(&instance, "provider.json", "{ \"domain\": \"REQUIRED\" }");
	put(&instance, "nodes/a.json", "{ \"cache\": { \"size\": 1 }, \"x\": \"= oops\", \"y\": [\"= node.x\"] }");
	put(&instance, "nodes/b.json", "{ \"cache\": { \"size\": 1 }, \"ip_address\": \"10.0.0.300\" }");
	put(&instance, "nodes/c.json", "{ \"cache\": { \"size\": 1 },\n \"ip_address\": \"10.0.0.1\" }");
	put(&instance, "nodes/d.json", "{ \"cache\": { \"size\": 1 }, \"!ip_address\": null }");
	put(&instance, "nodes/e.json", "{ \"cache\": { \"size\": 1 },\n \"ip_address\": \"= '10.0.0.1'\" }");
	put(&instance, "nodes/f.json", "{ \"cache\": { \"size\": 1 }, \"ip_address\": \"10.0.0.1\", \"enabled\": false }");
	put(&instance, "nodes/g.json", "{ }");
	if (CHECK_OK(instance_load(&instance))) {
		count = config_nodes(instance.config, &nodes);
		CHECK_ERR(config_check(instance.config, nodes, count),
		    "provider.json:1:13: the provider must have a value for domain\n"
		    "    { \"domain\": \"REQUIRED\" }\n                ^\nhint: set it in provider.json\n"
		    "nodes/a.json:1:32: nothing is called \"oops\"\n"
		    "    { \"cache\": { \"size\": 1 }, \"x\": \"= oops\", \"y\": [\"= node.x\"] }\n"
		    "                                   ^\n"
		    "common.json:1:17: node a must have a value for ip_address\n"
		    "    { \"ip_address\": \"REQUIRED\", \"cache\": { \"size\": \"REQUIRED\" } }\n"
		    "                    ^\nhint: set it in nodes/a.json\n"
		    "common.json:1:17: node g must have a value for ip_address, cache.size\n"
		    "    { \"ip_address\": \"REQUIRED\", \"cache\": { \"size\": \"REQUIRED\" } }\n                    ^\n"
		    "  common.json:1:17: \"ip_address\" is REQUIRED here\n"
		    "  common.json:1:48: \"cache.size\" is REQUIRED here\n"
		    "hint: set them in nodes/g.json\n"
		    "nodes/b.json:1:41: \"10.0.0.300\" is no IPv4 or IPv6 address\n"
		    "    { \"cache\": { \"size\": 1 }, \"ip_address\": \"10.0.0.300\" }\n"
		    "                                            ^\n"
		    "nodes/d.json: node d has no address\nhint: add \"ip_address\": \"...\"\n"
		    "nodes/e.json:2:16: nodes c and e have the same address, 10.0.0.1\n"
		    "     \"ip_address\": \"= '10.0.0.1'\" }\n                   ^\n"
		    "  nodes/c.json:2:16: that of node c\n");
	}
	instance_fini(&instance);
}

TEST(one_node_is_checked_against_all)
{
	struct instance	 instance;
	struct node	*node;

	instance_init(&instance);
	put(&instance, "nodes/a.json", "{ \"ip_address\": \"::1\", \"x\": \"= oops\" }");
	put(&instance, "nodes/b.json", "{ \"ip_address\": \"0:0::1\" }");
	put(&instance, "nodes/c.json", "{ \"ip_address\": \"= also_oops\" }");
	if (CHECK_OK(instance_load(&instance))) {
		node = node_of(&instance, "b");
		CHECK_ERR_HAS(config_check(instance.config, &node, 1),
		    "nodes/b.json:1:17: nodes a and b have the same address, 0:0::1\n");
		node = node_of(&instance, "a");
		CHECK_ERR_HAS(config_check(instance.config, &node, 1),
		    "nodes/b.json:1:17: nodes a and b have the same address, 0:0::1\n");
		CHECK_OK(config_check(instance.config, NULL, 0));
	}
	instance_fini(&instance);
}

TEST(the_provider_is_checked_though_no_node_reads_it)
{
	struct instance	 instance;
	struct node	*node;

	instance_init(&instance);
	put(&instance, "provider.json", "{ \"x\": \"= oops\" }");
	put(&instance, "nodes/a.json", "{ \"ip_address\": \"192.0.2.1\" }");
	if (CHECK_OK(instance_load(&instance))) {
		node = node_of(&instance, "a");
		CHECK_ERR(config_check(instance.config, &node, 1), "provider.json:1:8: nothing is called \"oops\"\n"
		    "    { \"x\": \"= oops\" }\n           ^\n");
	}
	instance_fini(&instance);
}

#define FIFTY	"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee"
#define L63	FIFTY "ffffffffffggg"
#define N253	L63 "." L63 "." L63 "." FIFTY "fffffffffff"

/* The one node says this on its second line; what is said about it. */
TEST(names_and_ports_that_cannot_be)
{
	static const struct { const char *text, *want; } rows[] = {
		{ "\"ssh\": { \"port\": 22 }, \"dns\": { \"aliases\": [\"A-1.example.org\", \"9\"] }", NULL },
		{ "\"domain\": { \"full\": null, \"internal\": \"a.b\" }", NULL },
		{ "\"ssh\": { \"port\": 0 }", "20: 0 is no port: they are numbered from 1 to 65535\n" },
		{ "\"ssh\": { \"port\": 65536 }", "20: 65536 is no port: they are numbered from 1 to 65535\n" },
		{ "\"ssh\": { \"port\": \"22\" }", "20: \"ssh.port\" of node n must be a whole number, not a text\n" },
		{ "\"dns\": { \"aliases\": \"a\" }", "23: \"dns.aliases\" of node n must be a list of names, not a text\n" },
		{ "\"dns\": { \"aliases\": [1] }", "24: \"dns.aliases.1\" of node n must be a text, not a number\n" },
		{ "\"dns\": { \"aliases\": [\"a\", \"b\\nc\"] }", "29: \"b\\nc\" is no name of a host\n" },
		{ "\"dns\": { \"aliases\": [\"*.b\"] }", "24: \"*.b\" is no name of a host\n" },
		{ "\"dns\": { \"aliases\": [\"_b.c\"] }", "24: \"_b.c\" is no name of a host\n" },
		{ "\"dns\": { \"aliases\": \"= {'a', 'b c'}\" }", "23: \"b c\" is no name of a host\n" },
		{ "\"domain\": { \"full\": \"a..b\" }", "23: \"a..b\" is no name of a host\n" },
		{ "\"domain\": { \"full\": \"a.b.\" }", "23: \"a.b.\" is no name of a host\n" },
		{ "\"domain\": { \"full\": \"-a\" }", "23: \"-a\" is no name of a host\n" },
		{ "\"domain\": { \"full\": \"a-.b\" }", "23: \"a-.b\" is no name of a host\n" },
		{ "\"domain\": { \"full\": \"" L63 ".a\" }", NULL },
		{ "\"domain\": { \"full\": \"" L63 "a.a\" }", "23: \"" L63 "a.a\" is no name of a host\n" },
		{ "\"domain\": { \"full\": \"" N253 "\" }", NULL },
		{ "\"domain\": { \"full\": \"" N253 "a\" }", "23: \"" N253 "a\" is no name of a host\n" },
		{ "\"domain\": { \"internal\": \"\" }", "27: \"\" is no name of a host\n" },
		{ "\"domain\": { \"internal\": 7 }", "27: \"domain.internal\" of node n must be a text, not a number\n" },
	};
	struct instance	 instance;
	struct node	*node;

	instance_init(&instance);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char	*text = xasprintf("{ \"ip_address\": \"10.0.0.1\",\n  %s }\n", rows[i].text);
		char	*want = xasprintf("nodes/n.json:2:%s", rows[i].want == NULL ? "" : rows[i].want);
		bool	 name = rows[i].want != NULL && strstr(rows[i].want, "is no name of a host") != NULL;

		put(&instance, "nodes/n.json", text);
		if (CHECK_OK(instance_load(&instance))) {
			node = node_of(&instance, "n");
			if (rows[i].want == NULL)
				CHECK_OK(config_check(instance.config, &node, 1));
			else
				CHECK_ERR_HAS(config_check(instance.config, &node, 1), want);
			if (name)
				CHECK_ERR_HAS(config_check(instance.config, &node, 1),
				    "^\nhint: names are made of letters, digits and -, with dots between them\n");
		}
		free(text);
		free(want);
	}
	instance_fini(&instance);
}

TEST(a_name_leads_to_one_node)
{
	struct instance	 instance;
	struct node	*node;

	instance_init(&instance);
	put(&instance, "nodes/a.json", "{ \"ip_address\": \"10.0.0.1\", \"domain\": { \"full\": \"a.example.org\",\n"
	    "    \"internal\": \"x.example.i\" }, \"dns\": { \"aliases\": [\"www.example.org\", \"a.example.org\"] } }");
	put(&instance, "nodes/b.json", "{ \"ip_address\": \"10.0.0.2\", \"domain\": { \"full\": \"b.example.org\",\n"
	    "    \"internal\": \"x.example.i\" }, \"dns\": { \"aliases\": [\"www.example.org\"] } }");
	put(&instance, "nodes/off.json", "{ \"ip_address\": \"10.0.0.3\", \"enabled\": false,\n"
	    "  \"domain\": { \"full\": \"b.example.org\" } }");
	if (CHECK_OK(instance_load(&instance))) {
		node = node_of(&instance, "b");
		CHECK_OK(config_check(instance.config, &node, 1));
		node = node_of(&instance, "off");
		CHECK_OK(config_check(instance.config, &node, 1));
	}
	put(&instance, "nodes/c.json", "{ \"ip_address\": \"10.0.0.4\",\n  \"domain\": { \"full\": \"A.Example.org\" } }");
	put(&instance, "nodes/d.json", "{ \"ip_address\": \"10.0.0.5\",\n"
	    "  \"dns\": { \"aliases\": [\"www.example.org\", \"b.example.org\"] } }");
	if (CHECK_OK(instance_load(&instance))) {
		node = node_of(&instance, "a");
		CHECK_ERR(config_check(instance.config, &node, 1),
		    "nodes/c.json:2:23: \"A.Example.org\" is a name of two nodes, a and c\n"
		    "      \"domain\": { \"full\": \"A.Example.org\" } }\n                          ^\n"
		    "  nodes/a.json:1:49: that of node a\n");
		node = node_of(&instance, "d");
		CHECK_ERR(config_check(instance.config, &node, 1),
		    "nodes/d.json:2:43: \"b.example.org\" is a name of two nodes, b and d\n"
		    "      \"dns\": { \"aliases\": [\"www.example.org\", \"b.example.org\"] } }\n"
		    "                                              ^\n"
		    "  nodes/b.json:1:49: that of node b\n");
	}
	instance_fini(&instance);
}

TEST(a_pinned_environment_is_one)
{
	struct instance instance;

	instance_init(&instance);
	put(&instance, "provider.live.json", "{}");
	put(&instance, "Leapfile", "# mine\nenvironment: liv\n");
	instance.repo.leapfile.environment = (char *)(uintptr_t)"liv";
	CHECK_ERR(instance_load(&instance), "Leapfile:2:14: unknown environment \"liv\"\n    environment: liv\n"
	    "                 ^\nhint: did you mean \"live\"?\n");
	instance.repo.leapfile.environment = (char *)(uintptr_t)"something";
	CHECK_ERR_HAS(instance_load(&instance), "hint: there are development, live, local, production\n");
	instance.repo.leapfile.environment = (char *)(uintptr_t)"live";
	CHECK_OK(instance_load(&instance));
	instance_fini(&instance);
}

TEST(yaml_is_sorted_and_quoted_where_it_must_be)
{
	static const char want[] =
	    "a: []\n"
	    "b: {}\n"
	    "enabled: true\n"
	    "environment: null\n"
	    "list:\n"
	    "- 1\n"
	    "- 2.5\n"
	    "- 1.0e+20\n"
	    "- -3\n"
	    "- plain\n"
	    "- \"true\"\n"
	    "- \"No\"\n"
	    "- \"12\"\n"
	    "- \"1e3\"\n"
	    "- \"~\"\n"
	    "- \"\"\n"
	    "- \"a: b\"\n"
	    "- \" x\"\n"
	    "- \"- x\"\n"
	    "- \"caf\xc3\xa9\"\n"
	    "- /srv/www\n"
	    "- \"10.0.0.1\"\n"
	    "- \"x \\ny\\uFEFF\"\n"
	    "name: node\n"
	    "services: []\n"
	    "tags: []\n"
	    "text: |\n"
	    "  one\n"
	    "  two\n"
	    "\"y\": false\n";
	struct instance	 instance;
	struct buf	 yaml = { 0 };

	instance_init(&instance);
	put(&instance, "nodes/node.json", "{ \"y\": false, \"text\": \"one\\ntwo\\n\", \"b\": {}, \"a\": [], \"list\": [1, 2.5, 1e20, -3, "
	    "\"plain\", \"true\", \"No\", \"12\", \"1e3\", \"~\", \"\", \"a: b\", \" x\", \"- x\", \"caf\\u00e9\", \"/srv/www\", "
	    "\"10.0.0.1\", \"x \\ny\\ufeff\"] }");
	if (CHECK_OK(instance_load(&instance))) {
		CHECK_OK(node_yaml(node_of(&instance, "node"), &yaml));
		CHECK_STR(buf_text(&yaml), want);
	}
	buf_fini(&yaml);
	instance_fini(&instance);
}

/* All nodes' YAML, asked for in one order or the other. */
static void
compile(struct instance *instance, bool backwards, struct buf *out)
{
	struct node	**nodes;
	size_t		  count;
	struct buf	  yaml = { 0 };

	CHECK_OK(instance_load(instance));
	count = config_nodes(instance->config, &nodes);
	for (size_t i = 0; backwards && i < count; i++)
		CHECK_OK(node_yaml(nodes[count - 1 - i], &yaml));
	for (size_t i = 0; i < count; i++)
		CHECK_OK(node_yaml(nodes[i], out));
	buf_fini(&yaml);
}

TEST(the_same_input_gives_the_same_bytes)
{
	struct instance	 instance;
	struct buf	 first = { 0 }, second = { 0 }, third = { 0 };
	char		 path[64], text[256];

	instance_init(&instance);
	put(&instance, "provider.json", "{ \"domain\": \"example.org\" }");
	put(&instance, "common.json", "{ \"full\": \"= name .. '.' .. provider.domain\", \"late\": \"=> peers[1]\",\n"
	    " \"peers\": \"= nodes_like_me:exclude(node):field('full')\", \"by\": \"= nodes:pick('full')\" }");
	for (int i = 0; i < 12; i++) {
		snprintf(path, sizeof(path), "nodes/n%d.json", i);
		snprintf(text, sizeof(text), "{ \"next\": \"= nodes.n%d.%s\", \"port\": %d%s }", (i + 1) % 12,
		    i == 11 ? "port" : "next", i, i % 2 ? ", \"environment\": \"odd\"" : "");
		put(&instance, path, text);
	}
	compile(&instance, false, &first);
	compile(&instance, false, &second);
	compile(&instance, true, &third);
	CHECK(first.len > 1000);
	CHECK_STR(buf_text(&second), buf_text(&first));
	CHECK_STR(buf_text(&third), buf_text(&first));
	buf_fini(&first);
	buf_fini(&second);
	buf_fini(&third);
	instance_fini(&instance);
}

TEST(inspect_shows_what_is_merged)
{
	static const struct { const char *name, *want; } rows[] = {
		{ "common", "{\"a\":1,\"m\":\"= a\"}" },
		{ "provider", "{\"domain\":\"example.org\"}" },
		{ "s", "{\"p\":[1,2]}" },
		{ "t", "{}" },
		{ "n", "{\"a\":1,\"enabled\":true,\"environment\":null,\"m\":\"= a\",\"name\":\"n\",\"services\":[],\"tags\":[]}" },
	};
	struct instance	 instance;
	json_t		*value;
	char		*text;

	instance_init(&instance);
	put(&instance, "platform/common.json", "{ \"a\": 1 }");
	put(&instance, "common.json", "{ \"m\": \"= a\" }");
	put(&instance, "provider.json", "{ \"domain\": \"example.org\" }");
	put(&instance, "platform/services/s/service.json", "{ \"p\": [1] }");
	put(&instance, "services/s.json", "{ \"+p\": [2] }");
	put(&instance, "tags/t.json", "{}");
	put(&instance, "nodes/n.json", "{}");
	put(&instance, "nodes/web1.json", "{}");
	CHECK_OK(instance_load(&instance));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!CHECK_OK(config_inspect(instance.config, rows[i].name, &value)))
			continue;
		text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);
		CHECK_STR(text, rows[i].want);
		free(text);
	}
	CHECK_ERR(config_inspect(instance.config, "comon", &value), "no node, service or tag \"comon\"\n");
	CHECK_ERR(config_inspect(instance.config, "wbe1", &value), "no node, service or tag \"wbe1\"\nhint: did you mean \"web1\"?\n");
	CHECK_OK(config_provider(instance.config, NULL, &value));
	CHECK_STR(json_str(value, "domain"), "example.org");
	instance_fini(&instance);
}

int
main(void)
{
	json_setup();
	RUN(names_of_nodes);
	RUN(each_wrong_file);
	RUN(all_errors_come_at_once_and_each_once);
	RUN(what_is_known);
	RUN(common_may_give_services_and_tags);
	RUN(values_of_nodes);
	RUN(everything_is_checked);
	RUN(one_node_is_checked_against_all);
	RUN(the_provider_is_checked_though_no_node_reads_it);
	RUN(names_and_ports_that_cannot_be);
	RUN(a_name_leads_to_one_node);
	RUN(a_pinned_environment_is_one);
	RUN(yaml_is_sorted_and_quoted_where_it_must_be);
	RUN(the_same_input_gives_the_same_bytes);
	RUN(inspect_shows_what_is_merged);
	return test_done();
}
