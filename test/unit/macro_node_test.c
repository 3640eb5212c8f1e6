/* test/unit: the macros that connect nodes, but for pick_node: stunnel_*, hostnames and their kin. */
/* May know config, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "macro.h"

#include "base/json.h"
#include "base/strs.h"

#define DB	"{ \"services\": [\"db\"] }"

/* Two databases, a cache, and nodes that have tunnels to them. */
static void
put_tunnels(struct instance *instance)
{
	put(instance, "nodes/db1.json", "{ \"services\": [\"db\"], \"ip_address\": \"192.0.2.1\",\n"
	    "  \"stunnel\": { \"servers\": { \"db\": \"= stunnel_server(5984)\", \"admin\": \"= stunnel_server(50001)\" },\n"
	    "    \"clients\": { \"db\": \"= stunnel_client(nodes_like_me{services='db'}, 5984)\" } },\n"
	    "  \"all\": \"= stunnel_firewall()\", \"only\": \"= stunnel_firewall(5984)\", \"none\": \"= stunnel_firewall(80)\" }");
	put(instance, "nodes/db2.json", "{ \"services\": [\"db\"], \"ip_address\": \"192.0.2.2\", \"all\": \"= stunnel_firewall()\",\n"
	    "  \"stunnel\": { \"servers\": { \"db\": \"= stunnel_server(5984)\" },\n"
	    "    \"clients\": { \"db\": \"= stunnel_client(nodes_like_me{services='db'}, 5984)\" } } }");
	put(instance, "nodes/app1.json", "{ \"ip_address\": \"192.0.2.11\", \"all\": \"= stunnel_firewall()\", \"stunnel\": { \"clients\": {\n"
	    "  \"zero\": \"= stunnel_client(nodes.db1, 50001)\",\n"
	    "  \"main\": \"= stunnel_client(nodes_like_me{services='db'}, 5984)\",\n"
	    "  \"fixed\": { \"own\": { \"accept_port\": 4999 } } } } }");
	put(instance, "nodes/app2.json", "{ \"ip_address\": \"192.0.2.12\", \"stunnel\": { \"clients\": {\n"
	    "  \"main\": \"= stunnel_client({nodes.db2, nodes.db1, nodes.db2}, 5984)\" } } }");
	put(instance, "nodes/off1.json", "{ \"ip_address\": \"192.0.2.13\", \"enabled\": false, \"stunnel\": { \"clients\": {\n"
	    "  \"main\": \"= stunnel_client(nodes.db1, 5984)\" } } }");
	put(instance, "nodes/far1.json", "{ \"ip_address\": \"192.0.2.14\", \"environment\": \"live\", \"stunnel\": { \"clients\": {\n"
	    "  \"main\": { \"x\": { \"node\": \"db1\", \"connect_port\": 15984 } } } } }");
}

TEST(tunnels)
{
	static const struct { const char *node, *property, *want; } rows[] = {
		{ "db1", "stunnel.servers.db", "{\"accept_port\":15984,\"connect_port\":5984}" },
		{ "db1", "stunnel.servers.admin", "{\"accept_port\":40001,\"connect_port\":50001}" },
		/* by the clients' names, and then the nodes', whoever is asked first */
		{ "app1", "stunnel.clients.main", "{\"db1_5984\":{\"accept_port\":4001,\"connect\":\"db1.example.i\","
		    "\"connect_port\":15984,\"node\":\"db1\",\"original_port\":5984},\"db2_5984\":{\"accept_port\":4002,"
		    "\"connect\":\"db2.example.i\",\"connect_port\":15984,\"node\":\"db2\",\"original_port\":5984}}" },
		{ "app1", "stunnel.clients.zero", "{\"db1_50001\":{\"accept_port\":4003,\"connect\":\"db1.example.i\","
		    "\"connect_port\":40001,\"node\":\"db1\",\"original_port\":50001}}" },
		{ "app2", "stunnel.clients.main.db1_5984.accept_port", "4000" },
		{ "app2", "stunnel.clients.main.db2_5984.accept_port", "4001" },
		/* not to itself */
		{ "db1", "stunnel.clients.db", "{\"db2_5984\":{\"accept_port\":4000,\"connect\":\"db2.example.i\","
		    "\"connect_port\":15984,\"node\":\"db2\",\"original_port\":5984}}" },
		{ "db2", "stunnel.clients.db", "{\"db1_5984\":{\"accept_port\":4000,\"connect\":\"db1.example.i\","
		    "\"connect_port\":15984,\"node\":\"db1\",\"original_port\":5984}}" },
		/* and who may come in */
		{ "db1", "all", "{\"from\":[\"192.0.2.11\",\"192.0.2.12\",\"192.0.2.2\"],\"ports\":[15984,40001],\"protocol\":\"tcp\"}" },
		{ "db1", "only", "{\"from\":[\"192.0.2.11\",\"192.0.2.12\",\"192.0.2.2\"],\"ports\":[15984],\"protocol\":\"tcp\"}" },
		{ "db1", "none", "{\"from\":[],\"ports\":[],\"protocol\":\"tcp\"}" },
		{ "db2", "all", "{\"from\":[\"192.0.2.11\",\"192.0.2.12\",\"192.0.2.1\"],\"ports\":[15984],\"protocol\":\"tcp\"}" },
		{ "app1", "all", "{\"from\":[],\"ports\":[],\"protocol\":\"tcp\"}" },
	};
	static const struct macro_row errors[] = {
		{ "= hostnames('db1')", "hostnames() wants a list of nodes, or a node\n" },
		{ "= hostnames(5)", "hostnames() wants a list of nodes, or a node\n" },
		{ "= hostnames(domain)", "hostnames() wants a list of nodes, or a node\n" },
		{ "= host_ips({ 1 })", "host_ips() wants a list of nodes, or a node\n" },
		{ "= host_ips()", "host_ips() wants a list of nodes, or a node\n" },
	};
	struct instance instance;

	fill_nodes(&instance);
	put_tunnels(&instance);
	check_macro_errors(&instance, "", errors, ARRAY_LEN(errors));
	for (size_t first = 0; first < ARRAY_LEN(rows); first++) {
		CHECK_OK(instance_load(&instance));
		for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
			size_t row = (first + i) % ARRAY_LEN(rows);

			CHECK_STR(value_of(&instance, rows[row].node, rows[row].property), rows[row].want);
		}
	}
	instance_fini(&instance);
}

/* Ports below and from 50000 on. */
TEST(ports_of_tunnels)
{
	static const struct macro_row rows[] = {
		{ "1", "{\"accept_port\":10001,\"connect_port\":1}" },
		{ "49999", "{\"accept_port\":59999,\"connect_port\":49999}" },
		{ "50000", "{\"accept_port\":40000,\"connect_port\":50000}" },
		{ "65535", "{\"accept_port\":55535,\"connect_port\":65535}" },
	};
	struct instance	 instance;
	char		*text;

	fill_nodes(&instance);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		text = xasprintf("{ \"stunnel\": { \"servers\": { \"a\": \"= stunnel_server(%s)\" } } }", rows[i].macro);
		put(&instance, "nodes/web1.json", text);
		CHECK_OK(instance_load(&instance));
		CHECK_STR(value_of(&instance, "web1", "stunnel.servers.a"), rows[i].want);
		free(text);
	}
	instance_fini(&instance);
}

TEST(what_is_wrong_about_tunnels)
{
	static const struct macro_row errors[] = {
		{ "= stunnel_server(80)", "stunnel_server() cannot be the value of \"x\"\n"
		    "hint: make it the value of \"stunnel.servers.NAME\"\n" },
		{ "= stunnel_client(nodes, 80)", "stunnel_client() cannot be the value of \"x\"\n"
		    "hint: make it the value of \"stunnel.clients.NAME\"\n" },
		{ "= stunnel_server(0)", "bad argument #1 to 'stunnel_server' (ports are numbered from 1 to 65535)\n" },
		{ "= stunnel_server(65536)", "bad argument #1 to 'stunnel_server' (ports are numbered from 1 to 65535)\n" },
		{ "= stunnel_client(nodes, 0)", "bad argument #2 to 'stunnel_client' (ports are numbered from 1 to 65535)\n" },
		{ "= stunnel_client(80, 80)", "bad argument #1 to 'stunnel_client' (nodes expected)\n" },
		{ "= stunnel_firewall(0)", "bad argument #1 to 'stunnel_firewall' (ports are numbered from 1 to 65535)\n" },
	};
	static const struct { const char *text, *property, *want; } rows[] = {
		{ "{ \"stunnel\": { \"clients\": {\n\"deep\": { \"er\": \"= stunnel_client(nodes, 80)\" } } } }",
		    "stunnel.clients.deep.er",
		    "nodes/web1.json:2:17: stunnel_client() cannot be the value of \"stunnel.clients.deep.er\"\n"
		    "    \"deep\": { \"er\": \"= stunnel_client(nodes, 80)\" } } } }\n                    ^\n"
		    "hint: make it the value of \"stunnel.clients.NAME\"\n" },
		{ "{ \"stunnel\": { \"clients\": { \"b\": {} }, \"servers\": {\n\"b\": \"= stunnel_client(nodes, 80)\" } } }",
		    "stunnel.servers.b",
		    "nodes/web1.json:2:6: stunnel_client() cannot be the value of \"stunnel.servers.b\"\n"
		    "    \"b\": \"= stunnel_client(nodes, 80)\" } } }\n         ^\n"
		    "hint: make it the value of \"stunnel.clients.NAME\"\n" },
		{ "{ \"stunnel\": { \"servers\": {\n\"a\": \"= stunnel_server(35000)\",\n\"b\": \"= stunnel_server(55000)\" } } }",
		    "stunnel.servers.b",
		    "nodes/web1.json:3:6: port 45000 of node web1 is taken by stunnel.servers.a and by stunnel.servers.b\n"
		    "    \"b\": \"= stunnel_server(55000)\" } } }\n         ^\n  nodes/web1.json:2:6: the other one\n" },
		{ "{ \"stunnel\": { \"servers\": {\n\"b\": \"= stunnel_server(5984)\",\n\"a\": \"= stunnel_server(15984)\" } } }",
		    "stunnel.servers.b",
		    "nodes/web1.json:2:6: port 15984 of node web1 is taken by stunnel.servers.a and by stunnel.servers.b\n"
		    "    \"b\": \"= stunnel_server(5984)\",\n         ^\n  nodes/web1.json:3:6: the other one\n" },
		{ "{ \"stunnel\": { \"servers\": {\n\"a\": \"= stunnel_server(5984)\",\n\"b\": \"= stunnel_server(15984)\" } } }",
		    "stunnel.servers.b",
		    "nodes/web1.json:3:6: port 15984 of node web1 is taken by stunnel.servers.a and by stunnel.servers.b\n"
		    "    \"b\": \"= stunnel_server(15984)\" } } }\n         ^\n  nodes/web1.json:2:6: the other one\n" },
		{ "{ \"stunnel\": { \"servers\": { \"a\": { \"accept_port\": 4000 } }, \"clients\": {\n"
		    "\"b\": \"= stunnel_client(nodes.db1, 80)\" } } }", "stunnel.clients.b",
		    "nodes/web1.json:2:6: port 4000 of node web1 is taken by stunnel.servers.a and by stunnel.clients.b\n"
		    "    \"b\": \"= stunnel_client(nodes.db1, 80)\" } } }\n         ^\n  nodes/web1.json:1:34: the other one\n" },
		{ "{ \"stunnel\": { \"clients\": { \"a\": { \"x\": { \"accept_port\": 4001 } },\n"
		    "\"b\": \"= stunnel_client(nodes.db1, 80)\" } } }", "stunnel.clients.b",
		    "nodes/web1.json:2:6: port 4001 of node web1 is taken by stunnel.clients.a and by stunnel.clients.b\n"
		    "    \"b\": \"= stunnel_client(nodes.db1, 80)\" } } }\n         ^\n  nodes/web1.json:1:34: the other one\n" },
		{ "{ \"stunnel\": { \"clients\": {\n\"b\": \"= stunnel_client(nodes, 80)\" } } }", "stunnel.clients.b",
		    "nodes/web1.json:2:6: node far1 is in another environment than node web1\n"
		    "    \"b\": \"= stunnel_client(nodes, 80)\" } } }\n         ^\n"
		    "hint: nodes_like_me{...} has none of those\n" },
		{ "{ \"stunnel\": { \"clients\": {\n\"b\": \"= stunnel_client(nodes.odd1, 80)\" } } }", "stunnel.clients.b",
		    "nodes/web1.json:2:6: node odd1 has no \"domain.internal\" to connect to\n"
		    "    \"b\": \"= stunnel_client(nodes.odd1, 80)\" } } }\n         ^\n" },
	};
	struct instance	 instance;
	json_t		*value;

	fill_nodes(&instance);
	put_nodes(&instance, "db", 1, DB);
	put(&instance, "nodes/far1.json", "{ \"environment\": \"live\" }");
	put(&instance, "nodes/odd1.json", "{ \"!domain\": {} }");
	check_macro_errors(&instance, "", errors, ARRAY_LEN(errors));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		put(&instance, "nodes/web1.json", rows[i].text);
		CHECK_OK(instance_load(&instance));
		if (!CHECK_ERR(node_get(node_of(&instance, "web1"), rows[i].property, &value), rows[i].want))
			printf("  by %s\n", rows[i].text);
	}
	put(&instance, "provider.json", "{ \"p\": \"= stunnel_firewall()\" }");
	if (put_macro(&instance, "", "= provider.p"))
		CHECK_ERR_HAS(node_get(node_of(&instance, "web1"), "x", &value),
		    "provider.json:1:8: stunnel_firewall() is for nodes, and the provider is none\n");
	/* A client that is wrong is told where it is, also by the firewall of another node. */
	put(&instance, "nodes/app1.json", "{ \"stunnel\": { \"clients\": { \"a\": \"= broken\" } } }");
	if (put_macro(&instance, "", "= stunnel_firewall()"))
		CHECK_ERR_HAS(node_get(node_of(&instance, "web1"), "x", &value),
		    "nodes/app1.json:1:34: nothing is called \"broken\"\n");
	put(&instance, "nodes/app1.json", "{ \"stunnel\": \"= broken\" }");
	if (put_macro(&instance, "", "= stunnel_firewall()"))
		CHECK_ERR_HAS(node_get(node_of(&instance, "web1"), "x", &value),
		    "nodes/app1.json:1:14: nothing is called \"broken\"\n");
	put(&instance, "nodes/app1.json", "{ \"ip_address\": 5, \"stunnel\": { \"clients\": { \"a\": {} } } }");
	if (put_macro(&instance, "", "= stunnel_firewall()"))
		CHECK_ERR_HAS(node_get(node_of(&instance, "web1"), "x", &value),
		    "nodes/app1.json:1:17: \"ip_address\" of node app1 must be a text, not a number\n");
	/* One that connects to nothing needs no address. */
	put(&instance, "nodes/app1.json", "{ \"ip_address\": 5, \"stunnel\": { \"clients\": {} } }");
	if (put_macro(&instance, "", "= #stunnel_firewall().from"))
		CHECK_STR(value_of(&instance, "web1", "x"), "0");
	instance_fini(&instance);
}

TEST(too_many_tunnels)
{
	struct instance	 instance;
	json_t		*value;
	struct buf	 text = { 0 };

	fill_nodes(&instance);
	put_nodes(&instance, "db", 2, DB);
	buf_adds(&text, "{ \"stunnel\": { \"clients\": { \"a\": {");
	for (unsigned i = 0; i < 5999; i++)
		buf_addf(&text, "%s\"%u\": {\"accept_port\": %u}", i > 0 ? ", " : "", i, 20000 + i);
	buf_adds(&text, "},\n\"b\": \"= stunnel_client(nodes.db1, 80)\", \"c\": \"= stunnel_client(nodes.db2, 80)\" } } }");
	put(&instance, "nodes/web1.json", buf_text(&text));
	CHECK_OK(instance_load(&instance));
	CHECK_STR(value_of(&instance, "web1", "stunnel.clients.b.db1_80.accept_port"), "9999");
	CHECK_ERR_HAS(node_get(node_of(&instance, "web1"), "stunnel.clients.c", &value),
	    "nodes/web1.json:2:46: more than 6000 connections from node web1\n");
	buf_fini(&text);
	instance_fini(&instance);
}

TEST(names_and_addresses)
{
	static const struct macro_row rows[] = {
		{ "= hostnames(nodes{services='db'})", "[\"db1.example.i\",\"db2.example.i\"]" },
		{ "= host_ips(nodes{services='db'})", "[\"192.0.2.1\",\"192.0.2.2\"]" },
		{ "= hostnames(nodes{services='none'})", "[]" },
		{ "= hostnames(nodes.db1)", "[\"db1.example.i\"]" },
		{ "= host_ips(nodes.db2)", "[\"192.0.2.2\"]" },
		{ "= #host_ips(nodes)", "5" },
		{ "= hosts_file()", "{\"app2\":{\"ip_address\":\"192.0.2.12\",\"names\":[\"app2.example.org\",\"app2.example.i\","
		    "\"app2\",\"www.example.org\"]},\"db1\":{\"ip_address\":\"192.0.2.1\",\"names\":[\"db1.example.org\","
		    "\"db1.example.i\",\"db1\"]}}" },
	};
	struct instance instance;

	fill_nodes(&instance);
	put_tunnels(&instance);
	put(&instance, "nodes/app2.json", "{ \"ip_address\": \"192.0.2.12\", \"dns\": { \"aliases\": [\"www.example.org\"] } }");
	check_macros(&instance, "\"hosts\": { \"a\": [\"app2\"] }, \"stunnel\": { \"clients\": { "
	    "\"b\": \"= stunnel_client(nodes.db1, 5984)\" } },", rows, ARRAY_LEN(rows));
	put(&instance, "platform/common.json", "{}");
	put_macro(&instance, "", "= hosts_file()");
	CHECK_STR(value_of(&instance, "web1", "x"), "[]");
	instance_fini(&instance);
}

TEST(try_forgives)
{
	static const struct macro_row rows[] = {
		{ "= try(function() return 5 end, 6)", "5" },
		{ "= try(function() return false end, 6)", "false" },
		{ "= try(function() return nil end, 6)", "6" },
		{ "= try(function() return nodes.web9.name end, 6)", "6" },
		{ "= try(function() return nodes.web9.name end)", "null" },
		{ "= try(function() error('x') end, 'y')", "\"y\"" },
		{ "= assert(5)", "5" },
	};
	static const struct macro_row errors[] = {
		/* what another property failed with is told, whoever asks */
		{ "= try(function() return y end, 6)", NULL },
		{ "= assert(false, 'why')", "why\n" },
		{ "= try(5)", "try() wants a function, try(function() return ... end)\n" },
		{ "= error('why')", "why\n" },
		{ "= tyr(function() end)", "nothing is called \"tyr\"\nhint: did you mean \"try\"?\n" },
		{ "= hostname(nodes)", "nothing is called \"hostname\"\nhint: did you mean \"hostnames\"?\n" },
		{ "= stunel_client(nodes)", "nothing is called \"stunel_client\"\nhint: did you mean \"stunnel_client\"?\n" },
		{ "= domian.full", "nothing is called \"domian\"\nhint: did you mean \"domain\"?\n" },
	};
	struct instance	 instance;
	json_t		*value;

	fill_nodes(&instance);
	check_macros(&instance, "", rows, ARRAY_LEN(rows));
	check_macro_errors(&instance, "", errors + 1, ARRAY_LEN(errors) - 1);
	put_macro(&instance, "\"y\": \"= broken\",", errors[0].macro);
	CHECK_ERR_HAS(node_get(node_of(&instance, "web1"), "x", &value), "nodes/web1.json:2:8: nothing is called \"broken\"\n");
	instance_fini(&instance);
}

TEST(services_for_users)
{
	static const struct macro_row rows[] = {
		{ "= enabled_services()", "[\"mx\",\"openvpn\",\"vpn\"]" },
		{ "= service_levels()", "{\"1\":{\"description\":{\"en\":\"for all\"},\"name\":\"free\"},"
		    "\"2\":{\"bandwidth\":\"limited\",\"name\":\"paid\",\"rate\":5,"
		    "\"services\":[\"email\",\"vpn\",\"eip\"]}}" },
	};
	static const struct macro_row nobody_offers =
		{ "= service_levels()", "service.levels.2 of the provider offers mx, which no node of the environment has\n" };
	struct instance	 instance;
	json_t		*value;

	fill_nodes(&instance);
	put(&instance, "services/openvpn.json", "{ \"service_type\": \"user_service\" }");
	put(&instance, "nodes/a.json", "{ \"services\": [\"vpn\", \"db\", \"openvpn\"] }");
	put(&instance, "nodes/b.json", "{ \"services\": [\"mx\", \"plain\", \"vpn\"] }");
	put(&instance, "provider.json", "{ \"service\": { \"levels\": { \"1\": { \"name\": \"free\", \"description\": { \"en\": \"for all\" } },\n"
	    "  \"2\": { \"name\": \"paid\", \"bandwidth\": \"limited\", \"rate\": 5,\n"
	    "  \"services\": [\"mx\", \"vpn\", \"openvpn\"] } } } }");
	check_macros(&instance, "", rows, ARRAY_LEN(rows));
	/* Of the environment only. */
	put(&instance, "nodes/b.json", "{ \"services\": [\"mx\"], \"environment\": \"live\" }");
	put_macro(&instance, "", "= enabled_services()");
	CHECK_STR(value_of(&instance, "web1", "x"), "[\"openvpn\",\"vpn\"]");
	check_macro_errors(&instance, "", &nobody_offers, 1);
	put(&instance, "provider.json", "{ \"service\": { \"levels\": { \"1\": {} } } }");
	put_macro(&instance, "", "= service_levels()");
	CHECK_ERR_HAS(node_get(node_of(&instance, "web1"), "x", &value),
	    "nodes/web1.json:3:8: service.levels.1 of the provider has no \"name\"\n");
	put(&instance, "provider.json", "{}");
	put_macro(&instance, "", "= service_levels()");
	CHECK_STR(value_of(&instance, "web1", "x"), "[]");
	put(&instance, "provider.json", "{ \"all\": \"= enabled_services()\" }");
	put_macro(&instance, "", "= provider.all");
	CHECK_STR(value_of(&instance, "web1", "x"), "[\"openvpn\",\"vpn\"]");
	instance_fini(&instance);
}

/* An instance has its own way of what the platform has a macro for, but not of what the program has. */
TEST(an_instance_overrides_macros_by_name)
{
	struct instance instance;

	fill_nodes(&instance);
	put(&instance, "macros/own.lua", "function host_ips(list) return 'mine' end\n");
	put_macro(&instance, "", "= {host_ips(nodes), hostnames(nodes{services='none'})}");
	CHECK_STR(value_of(&instance, "web1", "x"), "[\"mine\",[]]");
	put(&instance, "macros/own.lua", "function pick_node(list) return 'mine' end\n");
	CHECK_ERR(instance_load(&instance), "macros/own.lua:1: \"pick_node\" has a meaning already, which cannot be changed\n"
	    "    function pick_node(list) return 'mine' end\n");
	/* A node's own property comes first. */
	put(&instance, "macros/own.lua", "function other() return 1 end\n");
	put_macro(&instance, "\"pick_node\": 5, \"hostnames\": 6,", "= pick_node + hostnames");
	CHECK_STR(value_of(&instance, "web1", "x"), "11");
	instance_fini(&instance);
}

/* The names behind each `mark` at the start of a line are in the manual. */
static void
check_manual(const char *file, const char *mark, const char *manual)
{
	struct buf	 text = { 0 };
	struct strs	 lines = { 0 };
	unsigned	 count = 0;

	CHECK_OK(file_read(file, 1 << 20, &text));
	strs_split(&lines, buf_text(&text), '\n');
	for (size_t i = 0; i < lines.count; i++) {
		const char	*name = lines.items[i] + strlen(mark);
		char		*function, *value;

		if (!str_starts(lines.items[i], mark))
			continue;
		function = xasprintf("\n.It Fn %.*s", (int)strcspn(name, "(\""), name);
		value = xasprintf("\n.It Li %.*s\n", (int)strcspn(name, "(\""), name);
		if (strncmp(name, "remote_files\"", 13) != 0 && strstr(manual, function) == NULL &&
		    strstr(manual, value) == NULL)
			test_wrong(__FILE__, __LINE__, "the manual does not know %s", name);
		count++;
		free(function);
		free(value);
	}
	CHECK(count > 0);
	strs_fini(&lines);
	buf_fini(&text);
}

/* All but remote_files(), which is for recipes. */
TEST(the_manual_knows_every_macro)
{
	struct buf	 manual = { 0 };
	struct strs	 files = { 0 };

	CHECK_OK(file_read("man/leap-config.5", 1 << 20, &manual));
	check_manual("src/config/builtin.c", "\t{ \"", buf_text(&manual));
	CHECK_OK(dir_list("platform/macros", &files));
	for (size_t i = 0; i < files.count; i++) {
		char *path = path_join("platform/macros", files.items[i]);

		check_manual(path, "function ", buf_text(&manual));
		free(path);
	}
	strs_fini(&files);
	buf_fini(&manual);
}

int
main(void)
{
	json_setup();
	RUN(tunnels);
	RUN(ports_of_tunnels);
	RUN(what_is_wrong_about_tunnels);
	RUN(too_many_tunnels);
	RUN(names_and_addresses);
	RUN(try_forgives);
	RUN(services_for_users);
	RUN(an_instance_overrides_macros_by_name);
	RUN(the_manual_knows_every_macro);
	return test_done();
}
