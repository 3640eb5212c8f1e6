/* test/unit: macros: what they see, when they run, and how they fail. */
/* May know config, lua, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "macro.h"

#include "base/json.h"
#include "base/mask.h"
#include "base/strs.h"
#include "config/lua_env.h"
#include "lua/sandbox.h"

#include <time.h>
#include <unistd.h>

/* Three nodes that offer something to look at; the macro under test is web1's property "x" on line 3. */
static void
fill(struct instance *instance)
{
	put(instance, "services/none.json", "{}");		/* no node has it */
	put(instance, "platform/common.json",
	    "{ \"ip_address\": null, \"services\": [], \"tags\": [], \"location\": null,\n"
	    "  \"plain\": { \"a\": 1 },\n  \"domain\": { \"suffix\": \"= provider.domain\", \"full\": \"= name .. '.' .. domain.suffix\" } }\n");
	put(instance, "platform/provider.json", "{ \"domain\": \"REQUIRED\", \"mail\": \"= 'root@' .. domain\" }");
	put(instance, "provider.json", "{ \"domain\": \"example.org\" }");
	put(instance, "provider.live.json", "{ \"domain\": \"example.net\" }");
	put(instance, "platform/services/dns/service.json", "{ \"port\": 53, \"zone\": \"= provider.domain .. '.'\" }");
	put(instance, "platform/services/web/service.json", "{ \"port\": 80 }");
	put(instance, "platform/tags/blue.json", "{}");
	put(instance, "platform/files/motd", "platform's\n");
	put(instance, "files/hello", "hello\n");
	put(instance, "nodes/ns1.json", "{ \"services\": [\"dns\"], \"environment\": \"live\", \"port\": 5353 }");
	put(instance, "nodes/web2.json", "{ \"services\": [\"web\"], \"tags\": [\"blue\"], \"cache\": { \"port\": \"= 80 + 1\" },\n"
	    "  \"location\": { \"name\": \"oslo\" } }");
	put(instance, "nodes/web3.json", "{ \"services\": [\"web\"], \"enabled\": false }");
}

NODISCARD
static struct err *
load_macro(struct instance *instance, const char *macro)
{
	json_t		*text = json_string(macro);
	char		*quoted = json_dumps(text, JSON_ENCODE_ANY);
	char		*file = xasprintf("{ \"services\": [\"web\", \"dns\"], \"location\": { \"name\": \"oslo\" },\n"
	    "  \"list\": [1, \"= 1 + 1\", { \"y\": \"= name\" }], \"m\": { \"a.b\": { \"c\": 7 } }, \"empty\": null,"
	    " \"gaps\": [1, null, \"= nil\", 4],\n"
	    "  \"x\": %s }\n", quoted);
	struct err	*e;

	put(instance, "nodes/web1.json", file);
	e = instance_load(instance);
	json_decref(text);
	free(quoted);
	free(file);
	return e;
}

TEST(each_macro)
{
	static const struct { const char *macro, *want; } rows[] = {
		{ "=no macro", "\"=no macro\"" },
		{ "= 1 + 1", "2" },
		{ "= nil", "null" },
		{ "= '= 1 + 1'", "\"= 1 + 1\"" },
		/* bare names are own properties, then macros */
		{ "= name", "\"web1\"" },
		{ "= domain.full", "\"web1.example.org\"" },
		{ "= node.domain.full", "\"web1.example.org\"" },
		{ "= node['domain.full']", "\"web1.example.org\"" },
		{ "= node['m.a.b.c'] + m['a.b'].c", "14" },
		{ "= list", "[1,2,{\"y\":\"web1\"}]" },
		{ "= list[3].y", "\"web1\"" },
		{ "= empty == nil", "true" },
		{ "= environment == nil", "true" },
		{ "= domain", "{\"full\":\"web1.example.org\",\"suffix\":\"example.org\"}" },
		/* null is no element */
		{ "= gaps", "[1,4]" },
		/* get forgives */
		{ "= node:get('domain.full')", "\"web1.example.org\"" },
		{ "= node:get('no.such', 5)", "5" },
		{ "= node:get('empty', 6)", "6" },
		{ "= node:get('no.such')", "null" },
		{ "= domain:get('none', 'x')", "\"x\"" },
		/* other nodes */
		{ "= nodes.web2.cache.port", "81" },
		{ "= nodes['web2'].domain.full", "\"web2.example.org\"" },
		{ "= nodes.ns1.domain.full", "\"ns1.example.net\"" },
		{ "= nodes{}:names()", "[\"ns1\",\"web1\",\"web2\"]" },
		{ "= nodes{services = 'web'}:names()", "[\"web1\",\"web2\"]" },
		{ "= nodes{services = 'web', tags = 'blue'}:names()", "[\"web2\"]" },
		{ "= nodes{services = '!web'}:names()", "[\"ns1\"]" },
		{ "= nodes{services = {'none', 'dns'}}:names()", "[\"ns1\",\"web1\"]" },
		{ "= nodes{services = 'web'}{tags = '!blue'}:names()", "[\"web1\"]" },
		{ "= nodes{['cache.port'] = 81}:names()", "[\"web2\"]" },
		{ "= nodes{['cache.port'] = 81.0}:names()", "[\"web2\"]" },
		{ "= nodes{['cache.port'] = '81'}:names()", "[]" },
		{ "= nodes{enabled = true, services = 'web'}:names()", "[\"web1\",\"web2\"]" },
		{ "= nodes{enabled = false}:names()", "[]" },
		{ "= nodes{list = 1}:names()", "[\"web1\"]" },
		{ "= nodes{environment = 'live'}:names()", "[\"ns1\"]" },
		{ "= nodes:values('services')", "[\"dns\",\"web\"]" },
		{ "= nodes:values('cache.port')", "[81]" },
		{ "= nodes{services = 'dns'}:values('list')", "[1,2]" },
		{ "= nodes_like_me:values('services')", "[\"dns\",\"web\"]" },
		{ "= nodes_near_me{services = 'dns'}:names()", "[\"web1\"]" },
		/* what is given out is the macro's own, to be changed */
		{ "= (function() local a = nodes{} a[1] = 0 return #nodes{} .. nodes:names()[1] end)()", "\"3ns1\"" },
		{ "= (function() local a = node.list a[1] = 0 return node.list end)()", "[1,2,{\"y\":\"web1\"}]" },
		{ "= nodes:count() + #nodes", "6" },
		/* of each node, though two nodes have it from one file */
		{ "= {node.plain == nodes.web1.plain, node.plain == nodes.web2.plain}", "[true,false]" },
		{ "= nodes:field('domain.full')", "[\"ns1.example.net\",\"web1.example.org\",\"web2.example.org\"]" },
		{ "= nodes_like_me{}:names()", "[\"web1\",\"web2\"]" },
		{ "= nodes_like_me{services = 'web'}:exclude(node):field('domain.full')", "[\"web2.example.org\"]" },
		{ "= nodes_near_me:exclude('web1'):names()", "[\"web2\"]" },
		{ "= nodes:pick('name', 'domain.full').web2.domain_full", "\"web2.example.org\"" },
		{ "= nodes{tags = 'blue'}:fields('name', 'cache.port')", "[{\"cache_port\":81,\"name\":\"web2\"}]" },
		{ "= nodes:map(function(n) return n.name .. (n == node and '*' or '') end)", "[\"ns1\",\"web1*\",\"web2\"]" },
		{ "= (function() local s = '' for k, v in pairs(nodes) do s = s .. k .. v.name end return s end)()",
		    "\"ns1ns1web1web1web2web2\"" },
		{ "= tostring(nodes.web2) .. type(nodes.web2) .. type(nodes)", "\"web2tabletable\"" },
		{ "= (function() local t = {} for k in pairs(domain) do t[#t + 1] = k end return t end)()",
		    "[\"full\",\"suffix\"]" },
		/* the provider and services are of the environment */
		{ "= provider.mail", "\"root@example.org\"" },
		{ "= provider", "{\"domain\":\"example.org\",\"mail\":\"root@example.org\"}" },
		{ "= services.dns.port", "53" },
		{ "= services.dns.zone", "\"example.org.\"" },
		{ "= services", "[\"web\",\"dns\"]" },
		{ "= services[1]", "\"web\"" },
		/* files */
		{ "= file('hello')", "\"hello\\n\"" },
		{ "= file('files/hello')", "\"hello\\n\"" },
		{ "= file('motd')", "\"platform's\\n\"" },
		/* late */
		{ "=> domain.full .. list[2]", "\"web1.example.org2\"" },
		/* a name that is missing is caught where it is asked for */
		{ "= pcall(function() return nodes.web9 end)", "false" },
	};
	struct instance instance;

	instance_init(&instance);
	fill(&instance);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!CHECK_OK(load_macro(&instance, rows[i].macro)) ||
		    !CHECK_STR(value_of(&instance, "web1", "x"), rows[i].want))
			printf("  by %s\n", rows[i].macro);
	}
	instance_fini(&instance);
}

#define NO_NODE "hint: take what you need of it: node.name, list:names(), list:field(\"ip_address\")\n"
#define HIDDEN "this macro failed after it had read a secret: its message is not shown\n"

/* The error is "nodes/web1.json:3:8: " and this; the quoted line is left out. */
TEST(each_error)
{
	static const struct { const char *macro, *want; } rows[] = {
		{ "= ", "an empty macro\n" },
		{ "= nodes[", "unexpected symbol near <eof>\n" },
		{ "= node.ip_adress", "node web1 has no property \"ip_adress\"\nhint: did you mean \"ip_address\"?\n" },
		{ "= node.domain.ful", "node web1 has no property \"domain.ful\"\nhint: did you mean \"domain.full\"?\n" },
		{ "= nodes.web2['cache.prt']", "node web2 has no property \"cache.prt\"\nhint: did you mean \"cache.port\"?\n" },
		{ "= list[3].z", "node web1 has no property \"list.3.z\"\n" },
		{ "= provider.domian", "the provider has no property \"domian\"\nhint: did you mean \"domain\"?\n" },
		{ "= services.dns.prt", "service dns has no property \"prt\"\nhint: did you mean \"port\"?\n" },
		{ "= services.wbe", "there is no service \"wbe\"\nhint: did you mean \"web\"?\n" },
		{ "= nodes.web4.x", "there is no node \"web4\"\nhint: did you mean \"web1\"?\n" },
		{ "= nodes.web3.x", "node web3 is disabled\n" },
		{ "= nodes_like_me.ns1", "node ns1 is not among these nodes\nhint: \"nodes\" has all of them\n" },
		{ "= nodes_like_m{}", "nothing is called \"nodes_like_m\"\nhint: did you mean \"nodes_like_me\"?\n" },
		{ "= os.exit()", "nothing is called \"os\"\n" },
		{ "= nodes:feild('x')", "there is no node \"feild\"\nhint: did you mean \"field\"?\n" },
		{ "= nodes:field('nothing.here')", "node ns1 has no property \"nothing.here\"\n" },
		{ "= nodes{}:feild('x')", "a list has no method \"feild\"\nhint: did you mean \"field\"?\n" },
		{ "= nodes{services = 'wbe'}", "there is no service \"wbe\"\nhint: did you mean \"web\"?\n" },
		{ "= nodes_like_me{services = '!wbe'}", "there is no service \"wbe\"\nhint: did you mean \"web\"?\n" },
		{ "= nodes{services = {'web', 'nds'}}", "there is no service \"nds\"\nhint: did you mean \"dns\"?\n" },
		{ "= nodes{tags = 'bleu'}", "there is no tag \"bleu\"\nhint: did you mean \"blue\"?\n" },
		{ "= nodes{environment = 'lvie'}", "there is no environment \"lvie\"\nhint: did you mean \"live\"?\n" },
		{ "= nodes{name = 'wbe1'}", "there is no node \"wbe1\"\nhint: did you mean \"web1\"?\n" },
		{ "= nodes{name = 'something'}", "there is no node \"something\"\n" },
		{ "= nodes{services = true}", "a filter wants the name of a service in \"services\"\n" },
		{ "= nodes{environment = {1}}", "a filter wants the name of an environment in \"environment\"\n" },
		{ "= nodes{services = {{}}}", "a filter wants a value, or a list of values\n" },
		{ "= nodes:exclude('wbe1')", "there is no node \"wbe1\"\nhint: did you mean \"web1\"?\n" },
		{ "= nodes{}:exclude({'web1', 'wbe2'})", "there is no node \"wbe2\"\nhint: did you mean \"web2\"?\n" },
		{ "= nodes{}:exclude(5)", "exclude() wants a node, the name of one, or a list of these\n" },
		{ "= nodes{}:exclude({1})", "exclude() wants a node, the name of one, or a list of these\n" },
		{ "= nodes{}:exclude({})", "exclude() wants a node, the name of one, or a list of these\n" },
		{ "= nodes{}:exclude(domain)", "exclude() wants a node, the name of one, or a list of these\n" },
		{ "= nodes{1}", "a filter names properties, { name = value }\n" },
		{ "= nodes{services = {{'nothing'}}}", "a filter wants a value, or a list of values\n" },
		{ "= {1, a = 2}",
		    "the result is neither a list (1, 2, 3…) nor all names: it mixes both or has gaps\n" },
		{ "= nodes", "the result is or has a list of nodes, which is no value\n" NO_NODE },
		{ "= { nodes_like_me }", "the result is or has a list of nodes, which is no value\n" NO_NODE },
		{ "= nodes{services='dns'}", "the result is or has a node, which is no value\n" NO_NODE },
		{ "= nodes:first()", "the result is or has a node, which is no value\n" NO_NODE },
		{ "= nodes:exclude()", "bad argument #1 to 'exclude' (value expected)\n" },
		{ "= nodes_like_me:field()", "bad argument #1 to 'field' (string expected, got no value)\n" },
		{ "= nodes{services='dns'}:field()", "bad argument #1 to 'field' (string expected, got no value)\n" },
		{ "= nodes:map(5)", "bad argument #1 to 'map' (function expected, got number)\n" },
		{ "= nodes:values()", "bad argument #1 to 'values' (string expected, got no value)\n" },
		{ "= nodes:filed('x')", "there is no node \"filed\"\nhint: did you mean \"field\"?\n" },
		{ "= empty.x", "attempt to index a nil value (global 'empty')\n" },
		{ "= domain + 1", "attempt to perform arithmetic on a table value (global 'domain')\n" },
		{ "= function() end", "the result is or has a function, which is no value\n" },
		{ "= error('my own')", "my own\n" },
		{ "= error('no line', 0)", "no line\n" },
		{ "= (function() x = 1 end)()", "a macro cannot set the global \"x\": macros have no effects\n" },
		{ "= (function() node.x = 1 end)()", "the configuration cannot be changed from Lua\n" },
		{ "= (function() nodes.x = 1 end)()", "the configuration cannot be changed from Lua\n" },
		{ "= (function() string.upper = nil end)()", "the language itself cannot be changed\n" },
		{ "= (function() while true do end end)()", "does not come to an end: stopped after 10000000 steps\n" },
		{ "= (function() local t = {} while true do t[#t + 1] = ('x'):rep(1000000 + #t) end end)()",
		    "needs more than 256 MiB of memory\n" },
		{ "= file('nothing')", "there is no file \"nothing\"\nhint: it was looked for as files/nothing and nothing in the "
		    "instance, and as files/nothing in the platform\n" },
		{ "= file('../secret')", "the file \"../secret\" is outside of the instance\n" },
		{ "= file('/etc/passwd')", "the file \"/etc/passwd\" is outside of the instance\n" },
		{ "= file('x/../../y')", "the file \"x/../../y\" is outside of the instance\n" },
		{ "= file('nodes/web1/web1.key')", "\"nodes/web1/web1.key\" is private: a macro cannot read it\n" },
		{ "= file('binary')", "the file \"binary\" is not text in UTF-8\n" },
		{ "= (function() local function f() return f() .. 'x' end return f() end)()", NULL },
		{ "= (function() local function f() return (('x'):gsub('x', f)) end return f() end)()", NULL },
		{ "= (function() for i = 1, 30000 do pcall(secret, 's' .. i) end end)()", "more than 100 new secrets for node web1\n" },
		/* what quotes a secret is not said */
		{ "= error(secret('db'):sub(2))", HIDDEN },
		{ "= error({secret('db')})", HIDDEN },
		{ "= nodes[secret('db')]", HIDDEN },
		{ "= secret('db') + 1", HIDDEN },
		{ "= secret('UP')", NULL },
		{ "= secret('x', 2)", "bad argument #2 to 'secret' (a secret has from 8 to 1024 characters)\n" },
	};
	struct instance	 instance;
	struct buf	 want = { 0 };

	instance_init(&instance);
	fill(&instance);
	put(&instance, "files/binary", "a\xff" "b");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		json_t	*text = json_string(rows[i].macro), *value;
		char	*quoted = json_dumps(text, JSON_ENCODE_ANY);

		if (!CHECK_OK(load_macro(&instance, rows[i].macro)))
			continue;
		buf_clear(&want);
		if (rows[i].want != NULL) {
			size_t n = strcspn(rows[i].want, "\n") + 1;

			buf_addf(&want, "nodes/web1.json:3:8: %.*s      \"x\": %s }\n           ^\n%s", (int)n, rows[i].want,
			    quoted, rows[i].want + n);
			if (!CHECK_ERR(node_get(node_of(&instance, "web1"), "x", &value), buf_text(&want)))
				printf("  by %s\n", rows[i].macro);
		} else
			CHECK_ERR_HAS(node_get(node_of(&instance, "web1"), "x", &value), "nodes/web1.json:3:8: ");
		json_decref(text);
		free(quoted);
	}
	buf_fini(&want);
	instance_fini(&instance);
}

/* A filter for what nothing has selects nothing, which may be meant; `want` has what comes behind "nodes/web1.json:3:8: ". */
TEST(filters_for_what_nothing_has)
{
	static const struct { const char *macro, *want; } rows[] = {
		{ "= nodes{servces = 'web'}:names()", "no node can have a property \"servces\": no file sets it\n"
		    "hint: did you mean \"services\"?\n" },
		{ "= nodes_like_me{['cache.prt'] = '!81'}:count()", "no node can have a property \"cache.prt\": no file sets it\n"
		    "hint: did you mean \"cache.port\"?\n" },
		{ "= nodes:values('cahce.port')", "no node can have a property \"cahce.port\": no file sets it\n"
		    "hint: did you mean \"cache.port\"?\n" },
		{ "= nodes:values('something')", "no node can have a property \"something\": no file sets it\n" },
		{ "= nodes:values('cache.something')", "no node can have a property \"cache.something\": no file sets it\n" },
		/* set somewhere, if not in a node that is among these; known to a schema; part of what a macro gives */
		{ "= nodes_like_me{port = 5353}:names()", NULL },
		{ "= nodes{['cache.port'] = 81, services = 'web', tags = 'blue', environment = 'live', name = 'web1'}:names()", NULL },
		{ "= nodes{enabled = false}:names()", NULL },
		{ "= nodes{['rack.height'] = 2}:names()", NULL },
		{ "= nodes{['made.up'] = 2}:names()", NULL },
		{ "= nodes{['added.1'] = 2}:names()", NULL },
		{ "= nodes{['m.a.b.c'] = 2}:names()", NULL },
		{ "= nodes:values('list.1')", NULL },
	};
	struct instance	 instance;
	struct buf	 want = { 0 }, shown = { 0 };
	json_t		*value;

	instance_init(&instance);
	fill(&instance);
	put(&instance, "schemas/node.json", "{ \"properties\": { \"rack\": { \"properties\": { \"height\": true } } } }");
	put(&instance, "services/none.json", "{ \"made\": \"= {}\", \"+added\": [], \"enabled\": true }");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		buf_clear(&want);
		buf_clear(&shown);
		if (rows[i].want != NULL)
			buf_addf(&want, "nodes/web1.json:3:8: %.*s      \"x\": \"%s\" }\n           ^\n%s",
			    (int)strcspn(rows[i].want, "\n") + 1, rows[i].want, rows[i].macro,
			    rows[i].want + strcspn(rows[i].want, "\n") + 1);
		if (CHECK_OK(load_macro(&instance, rows[i].macro)) &&
		    CHECK_OK(node_get(node_of(&instance, "web1"), "x", &value)) &&
		    config_warnings(instance.config) != NULL)
			err_format(config_warnings(instance.config), &shown);
		if (!CHECK_STR(buf_text(&shown), buf_text(&want)))
			printf("  by %s\n", rows[i].macro);
	}
	buf_fini(&want);
	buf_fini(&shown);
	instance_fini(&instance);
}

/* Each method of lists, and each way of choosing, on nodes and on other lists. */
TEST(each_method_of_lists)
{
	static const struct { const char *macro, *want; } rows[] = {
		{ "= nodes{}:field('name')", "[\"ns1\",\"web1\",\"web2\"]" },
		{ "= nodes{}:field('environment')", "[\"live\"]" },
		{ "= nodes{name = 'web2'}:field('cache')", "[{\"port\":81}]" },
		{ "= nodes{tags = 'blue'}:fields('name')", "[{\"name\":\"web2\"}]" },
		{ "= nodes{tags = 'blue'}:fields('name', 'cache.port', 'environment')",
		    "[{\"cache_port\":81,\"name\":\"web2\"}]" },
		{ "= nodes{services = 'web'}:pick('services')",
		    "{\"web1\":{\"services\":[\"web\",\"dns\"]},\"web2\":{\"services\":[\"web\"]}}" },
		{ "= nodes{services = 'none'}:pick('name')", "[]" },
		{ "= nodes{}:exclude(node):names()", "[\"ns1\",\"web2\"]" },
		{ "= nodes{}:exclude('web2'):names()", "[\"ns1\",\"web1\"]" },
		{ "= nodes{}:exclude(nodes{services = 'web'}):names()", "[\"ns1\"]" },
		{ "= nodes{}:exclude(nodes{services = 'web'}:names()):names()", "[\"ns1\"]" },
		{ "= nodes{}:exclude({'web2', node}):names()", "[\"ns1\"]" },
		{ "= nodes_like_me:exclude('ns1'):names()", "[\"web1\",\"web2\"]" },
		{ "= nodes{}:names():exclude('nobody'):count()", "3" },
		{ "= nodes{services = 'none'}:exclude('nobody'):count()", "0" },
		{ "= nodes{}:names():exclude('web1')", "[\"ns1\",\"web2\"]" },
		{ "= list:exclude(1):count()", "2" },
		{ "= nodes{}:first().name", "\"ns1\"" },
		{ "= nodes:first().name", "\"ns1\"" },
		{ "= nodes{services = 'none'}:first()", "null" },
		{ "= list:first()", "1" },
		{ "= nodes{services = 'none'}:count()", "0" },
		{ "= list:count()", "3" },
		{ "= nodes:map(function(n, i) return i end)", "[1,2,3]" },
		{ "= nodes:map(function(n, i) if i ~= 2 then return n.name end end)", "[\"ns1\",\"web2\"]" },
		/* choosing: all pairs must hold; by property, by membership, one of several, all but */
		{ "= nodes{name = 'web1', services = 'web'}:count()", "1" },
		{ "= nodes{name = 'ns1', services = 'web'}:count()", "0" },
		{ "= nodes{environment = 'live'}{services = 'dns'}:names()", "[\"ns1\"]" },
		{ "= nodes{port = 5353}:names()", "[\"ns1\"]" },
		{ "= nodes{port = '5353'}:names()", "[]" },
		{ "= nodes{port = '!5353'}:names()", "[\"web1\",\"web2\"]" },
		{ "= nodes{port = {80, 5353}}:names()", "[\"ns1\",\"web2\"]" },
		{ "= nodes{enabled = true}:count()", "3" },
		{ "= nodes{enabled = false}:count()", "0" },
		{ "= nodes{enabled = '!true'}:count()", "0" },
		{ "= nodes{enabled = '!false'}:count()", "3" },
		{ "= nodes{services = {'!web', 'dns'}}:names()", "[\"ns1\",\"web1\"]" },
		{ "= nodes{['location.name'] = 'oslo'}:names()", "[\"web1\",\"web2\"]" },
		{ "= nodes{['location.name'] = '!oslo'}:names()", "[\"ns1\"]" },
		{ "= nodes{missing = 'x'}:count() + nodes{missing = '!x'}:count()", "3" },
		{ "= nodes{environment = {}}:count()", "0" },
	};
	static const struct { const char *macro, *want; } errors[] = {
		{ "= nodes{}:pick_fields('x')", "a list has no method \"pick_fields\"\n" },
		{ "= nodes{}:frist()", "a list has no method \"frist\"\nhint: did you mean \"first\"?\n" },
		{ "= list:pick('y')", "pick() is for elements that have a name\n" },
		{ "= nodes{}.field('x')", "bad argument #1 to 'field' (not a list; call methods with a colon, list:method())\n" },
		{ "= nodes{}:field()", "bad argument #1 to 'field' (string expected, got no value)\n" },
		{ "= nodes{}:exclude()", "bad argument #1 to 'exclude' (value expected)\n" },
		{ "= nodes{}:map('x')", "bad argument #1 to 'map' (function expected, got string)\n" },
		{ "= nodes{}:map(function() error('inside') end)", "inside\n" },
	};
	struct instance	 instance;
	struct buf	 want = { 0 };
	json_t		*value;

	instance_init(&instance);
	fill(&instance);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!CHECK_OK(load_macro(&instance, rows[i].macro)) ||
		    !CHECK_STR(value_of(&instance, "web1", "x"), rows[i].want))
			printf("  by %s\n", rows[i].macro);
	}
	for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
		size_t n = strcspn(errors[i].want, "\n") + 1;

		buf_clear(&want);
		buf_addf(&want, "nodes/web1.json:3:8: %.*s      \"x\": \"%s\" }\n           ^\n%s", (int)n, errors[i].want,
		    errors[i].macro, errors[i].want + n);
		if (!CHECK_OK(load_macro(&instance, errors[i].macro)) ||
		    !CHECK_ERR(node_get(node_of(&instance, "web1"), "x", &value), buf_text(&want)))
			printf("  by %s\n", errors[i].macro);
	}
	buf_fini(&want);
	instance_fini(&instance);
}

TEST(a_secret_is_kept_and_masked)
{
	struct instance	 instance;
	struct buf	 yaml = { 0 };
	char		*first;

	instance_init(&instance);
	fill(&instance);
	CHECK_OK(load_macro(&instance, "= secret('database', 20)"));
	first = xstrdup(value_of(&instance, "web1", "x"));
	CHECK_INT(strlen(first), 22);
	CHECK_OK(load_macro(&instance, "= secret('database', 20)"));
	CHECK_STR(value_of(&instance, "web1", "x"), first);
	CHECK_OK(node_yaml(node_of(&instance, "web1"), &yaml));
	CHECK(strstr(buf_text(&yaml), "x: \"[secret]\"\n") != NULL);
	free(first);
	buf_fini(&yaml);
	instance_fini(&instance);
	mask_fini();
}

static void
two_nodes(struct instance *instance, const char *web1, const char *web2)
{
	put(instance, "nodes/web1.json", web1);
	put(instance, "nodes/web2.json", web2);
	CHECK_OK(instance_load(instance));
}

/* What the configuration as YAML shows of the property x, one line. */
static const char *
shown(struct instance *instance, const char *node)
{
	static char	 line[256];
	struct buf	 yaml = { 0 };
	const char	*at;

	CHECK_OK(node_yaml(node_of(instance, node), &yaml));
	at = strstr(buf_text(&yaml), "\nx:");
	snprintf(line, sizeof(line), "%.*s", at == NULL ? 0 : (int)strcspn(at + 1, "\n"), at == NULL ? "" : at + 1);
	buf_fini(&yaml);
	return line;
}

TEST(what_is_made_of_a_secret_is_hidden)
{
	static const struct { const char *macro, *want; } rows[] = {
		{ "= secret('db'):sub(1, 16)", "x: \"[secret]\"" },
		{ "= secret('db'):sub(1, 4)", "x: \"[secret]\"" },
		{ "= secret('db'):upper()", "x: \"[secret]\"" },
		{ "= secret('db'):reverse()", "x: \"[secret]\"" },
		{ "= (secret('db'):gsub('.', function(c) return ('%02x'):format(c:byte()) end))", "x: \"[secret]\"" },
		{ "= secret('db'):byte(3)", "x: \"[secret]\"" },
		{ "= secret('db') .. secret('db'):reverse():upper()", "x: \"[secret]\"" },
		{ "= select(2, pcall(error, secret('db'):sub(3, 9), 0))", "x: \"[secret]\"" },
		/* by way of another property */
		{ "= nodes.web2.password:sub(2, 9)", "x: \"[secret]\"" },
		{ "= nodes.web2.url:reverse()", "x: \"[secret]\"" },
		/* and what has nothing of it is shown */
		{ "= ('db://application:' .. secret('db') .. '@host'):lower():sub(1, 16)", "x: \"db://application\"" },
		{ "= 'db://application:' .. secret('db') .. '@host'", "x: \"db://application:[secret]@host\"" },
		{ "= nodes.web2.url:match('^%l+')", "x: database" },
		{ "= #secret('db')", "x: 32" },
		{ "= nodes.web2.host", "x: application1" },
	};
	struct instance instance;

	instance_init(&instance);
	fill(&instance);
	put(&instance, "nodes/web2.json", "{ \"services\": [\"web\"], \"password\": \"= secret('web2')\",\n"
	    "  \"url\": \"= 'database:' .. secret('web2'):upper()\", \"cache\": { \"port\": 1 },\n"
	    "  \"both\": \"= { host = 'application1', key = secret('both'):lower() }\", \"host\": \"= both.host\" }\n");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!CHECK_OK(load_macro(&instance, rows[i].macro)) || !CHECK_STR(shown(&instance, "web1"), rows[i].want))
			printf("  by %s\n", rows[i].macro);
	}
	instance_fini(&instance);
	mask_fini();
}

TEST(files_of_macros_that_cannot_be)
{
	static const struct { const char *text, *want; } rows[] = {
		{ "string = 3", "macros/own.lua:1: \"string\" has a meaning already, which cannot be changed\n    string = 3\n" },
		{ "function nodes() end", "macros/own.lua:1: \"nodes\" has a meaning already, which cannot be changed\n"
		    "    function nodes() end\n" },
		{ "local n = 1\nlocal all = nodes:names()", "macros/own.lua:2: \"nodes\" belongs to a node, and there is none while "
		    "macros are read\n    local all = nodes:names()\nhint: use it inside a function\n" },
		{ "local s = secret 'db'", "macros/own.lua:1: \"secret\" belongs to a node, and there is none while macros are read\n"
		    "    local s = secret 'db'\nhint: use it inside a function\n" },
		{ "local n = 1\nfunction double(n) end", "macros/own.lua:2: \"double\" is defined in macros/first.lua, too\n"
		    "    function double(n) end\n" },
		{ "local s = secrets 'db'", "macros/own.lua:1: nothing is called \"secrets\"\n    local s = secrets 'db'\n"
		    "hint: did you mean \"secret\"?\n" },
		{ NULL, "macros/own.lua: not a regular file\n" },
	};
	struct instance	 instance;
	char		*path;

	instance_init(&instance);
	fill(&instance);
	put(&instance, "macros/first.lua", "function double(n) return 2 * n end\nfunction double(n) return n + n end\n");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		path = path_join(instance.repo.root, "macros/own.lua");
		if (rows[i].text != NULL)
			put(&instance, "macros/own.lua", rows[i].text);
		else {
			CHECK_INT(unlink(path), 0);
			CHECK_OK(dir_make(path, 0755));
		}
		CHECK_ERR(load_macro(&instance, "= 1"), rows[i].want);
		free(path);
	}
	instance_fini(&instance);
}

TEST(a_cycle_is_told_as_a_chain_of_places)
{
	static const char web1[] = "{\"a\": \"= node.b\",\n \"b\": \"= nodes.web2.c\", \"d\": \"= pcall(function() return b end)\"}";
	static const char web2[] = "{\"c\": [\"= nodes.web1.a\"]}";
	/* From wherever it is asked for, also by one that is not part of it and would forgive. */
	static const char *const from[][2] = { { "web1", "a" }, { "web1", "b" }, { "web2", "c" }, { "web1", "d" } };
	struct instance	 instance;
	json_t		*value;

	instance_init(&instance);
	for (size_t i = 0; i < ARRAY_LEN(from); i++) {
		two_nodes(&instance, web1, web2);
		CHECK_ERR_HAS(node_get(node_of(&instance, from[i][0]), from[i][1], &value),
		    "a cycle: to know \"a\" of node web1 one must know it\n");
		/* And the second time, shorter. */
		CHECK_ERR_HAS(node_get(node_of(&instance, from[i][0]), from[i][1], &value),
		    "a cycle: to know \"a\" of node web1 one must know it\n");
	}
	two_nodes(&instance, web1, web2);
	CHECK_ERR(node_get(node_of(&instance, "web1"), "d", &value),
	    "nodes/web1.json:1:7: a cycle: to know \"a\" of node web1 one must know it\n"
	    "    {\"a\": \"= node.b\",\n"
	    "          ^\n"
	    "  nodes/web1.json:1:7: \"a\" of node web1 needs \"b\" of node web1\n"
	    "  nodes/web1.json:2:7: \"b\" of node web1 needs \"c.1\" of node web2\n"
	    "  nodes/web2.json:1:8: \"c.1\" of node web2 needs \"a\" of node web1\n");
	two_nodes(&instance, "{\"a\": \"= node.a\"}", "{}");
	CHECK_ERR(node_get(node_of(&instance, "web1"), "a", &value),
	    "nodes/web1.json:1:7: a cycle: to know \"a\" of node web1 one must know it\n"
	    "    {\"a\": \"= node.a\"}\n          ^\n"
	    "  nodes/web1.json:1:7: \"a\" of node web1 needs \"a\" of node web1\n");
	two_nodes(&instance, "{\"a\": \"=> node.b\", \"b\": \"= node.a\"}", "{}");
	CHECK_ERR_HAS(node_get(node_of(&instance, "web1"), "a", &value),
	    "a cycle: to know \"a\" of node web1 one must know it\n");
	instance_fini(&instance);
}

/* p0 needs p1 needs … needs the last, which is `last`. */
static void
chain(struct instance *instance, unsigned length, const char *last)
{
	struct buf text = { 0 };

	buf_addc(&text, '{');
	for (unsigned i = 0; i < length; i++)
		buf_addf(&text, "\"p%u\": \"= p%u + 1\",\n", i, i + 1);
	buf_addf(&text, "\"p%u\": %s}\n", length, last);
	put(instance, "nodes/web1.json", buf_text(&text));
	CHECK_OK(instance_load(instance));
	buf_fini(&text);
}

TEST(chains_may_be_of_any_length)
{
	struct instance	 instance;
	json_t		*value;
	struct err	*e;
	struct buf	 text = { 0 };

	instance_init(&instance);
	chain(&instance, 5000, "0");
	CHECK_STR(value_of(&instance, "web1", "p0"), "5000");
	CHECK_STR(value_of(&instance, "web1", "p2500"), "2500");
	chain(&instance, 1000, "\"= p0 + 1\"");
	e = node_get(node_of(&instance, "web1"), "p7", &value);
	err_format(e, &text);
	err_free(e);
	CHECK(str_starts(buf_text(&text), "nodes/web1.json:1:8: a cycle: to know \"p0\" of node web1 one must know it\n"));
	CHECK(strstr(buf_text(&text), "  and so on, 980 more\n") != NULL);
	chain(&instance, 300, "\"= nothing_here\"");
	CHECK_ERR_HAS(node_get(node_of(&instance, "web1"), "p0", &value), "nodes/web1.json:301:9: nothing is called");
	buf_fini(&text);
	instance_fini(&instance);
}

TEST(late_macros_wait_for_the_others)
{
	struct instance instance;

	instance_init(&instance);
	two_nodes(&instance, "{\"a\": \"=> node.b .. node.c .. name\", \"b\": \"= 'x'\", \"c\": \"= nodes.web2.l\"}",
	    "{\"l\": \"=> 'late' .. m\", \"m\": \"= 5\"}");
	CHECK_STR(value_of(&instance, "web1", "a"), "\"xlate5web1\"");
	/* A late one fails with what it waits for. */
	two_nodes(&instance, "{\"a\": \"=> 1\", \"b\": \"= oops\"}", "{}");
	CHECK_STR(value_of(&instance, "web1", "a"), "nodes/web1.json:1:20: nothing is called \"oops\"\n"
	    "    {\"a\": \"=> 1\", \"b\": \"= oops\"}\n                       ^\n");
	instance_fini(&instance);
}

TEST(an_error_is_where_its_macro_was_set)
{
	struct instance instance;

	instance_init(&instance);
	put(&instance, "common.json", "{\n \"list\": [\"a\", \"= common_typo\"]\n}");
	put(&instance, "services/s.json", "{\"deep\": {\"x\": \"= service_typo\"}}");
	two_nodes(&instance, "{\"services\": [\"s\"], \"+list\": [\"= node_typo\"],\n \"use\": \"= nodes.web2.x\"}",
	    "{\"x\": \"= 1 + {}\"}");
	CHECK_STR(value_of(&instance, "web1", "list.2"), "common.json:2:16: nothing is called \"common_typo\"\n"
	    "     \"list\": [\"a\", \"= common_typo\"]\n                   ^\n");
	CHECK_STR(value_of(&instance, "web1", "list.3"), "nodes/web1.json:1:31: nothing is called \"node_typo\"\n"
	    "    {\"services\": [\"s\"], \"+list\": [\"= node_typo\"],\n                                  ^\n");
	CHECK_STR(value_of(&instance, "web1", "deep.x"), "services/s.json:1:16: nothing is called \"service_typo\"\n"
	    "    {\"deep\": {\"x\": \"= service_typo\"}}\n                   ^\n");
	CHECK_STR(value_of(&instance, "web1", "use"), "nodes/web2.json:1:7: attempt to perform arithmetic on a table "
	    "value\n    {\"x\": \"= 1 + {}\"}\n          ^\n");
	instance_fini(&instance);
}

TEST(macro_files_define_macros)
{
	struct instance	 instance;
	json_t		*value;

	instance_init(&instance);
	put(&instance, "platform/macros/base.lua", "function who() return node.name end\nfunction two() return 1 end\n");
	put(&instance, "macros/own.lua", "local n = 2\nfunction two() return n end\nfunction both() return who() .. two() end\n"
	    "function bad()\n  return nodes.web2.nothing.x\nend\nfunction sets() leaked = 1 end\nfunction worse() return 1 + {} end\n");
	two_nodes(&instance, "{\"x\": \"= both()\", \"y\": \"= bad()\", \"z\": \"= sets()\", \"w\": \"= worse()\"}",
	    "{\"x\": \"= both()\"}");
	CHECK_STR(value_of(&instance, "web1", "x"), "\"web12\"");
	CHECK_STR(value_of(&instance, "web2", "x"), "\"web22\"");
	CHECK_ERR_HAS(node_get(node_of(&instance, "web1"), "y", &value),
	    "nodes/web1.json:1:24: node web2 has no property \"nothing\"\n"
	    "    {\"x\": \"= both()\", \"y\": \"= bad()\", \"z\": \"= sets()\", \"w\": \"= worse()\"}\n"
	    "                           ^\n"
	    "  macros/own.lua:5: raised here\n");
	CHECK_ERR_HAS(node_get(node_of(&instance, "web1"), "z", &value),
	    "nodes/web1.json:1:40: a macro cannot set the global \"leaked\": macros have no effects\n");
	CHECK_ERR(node_get(node_of(&instance, "web1"), "w", &value),
	    "nodes/web1.json:1:57: attempt to perform arithmetic on a table value\n"
	    "    {\"x\": \"= both()\", \"y\": \"= bad()\", \"z\": \"= sets()\", \"w\": \"= worse()\"}\n"
	    "                                                            ^\n"
	    "  macros/own.lua:8: raised here\n");
	put(&instance, "macros/own.lua", "function twice(n)\n  return n *\nend\n");
	CHECK_ERR(instance_load(&instance), "macros/own.lua:3: unexpected symbol near 'end'\n    end\n");
	put(&instance, "macros/own.lua", "\nwhile true do end\n");
	CHECK_ERR(instance_load(&instance), "macros/own.lua:2: does not come to an end: stopped after 10000000 steps\n"
	    "    while true do end\n");
	instance_fini(&instance);
}

TEST(each_environment_has_its_own_provider_and_services)
{
	struct instance instance;

	instance_init(&instance);
	fill(&instance);
	put(&instance, "services/dns.live.json", "{ \"port\": 54, \"key\": \"= secret('zone_key')\" }");
	put(&instance, "nodes/ns2.json", "{ \"services\": [\"dns\"], \"key\": null }");
	put(&instance, "nodes/ns1.json", "{ \"environment\": \"live\", \"x\": \"= {services.dns.port, services.dns.zone, provider.mail}\" }");
	CHECK_OK(load_macro(&instance, "= {services.dns.port, services.dns.zone, provider.mail}"));
	CHECK_STR(value_of(&instance, "web1", "x"), "[53,\"example.org.\",\"root@example.org\"]");
	CHECK_STR(value_of(&instance, "ns1", "x"), "[54,\"example.net.\",\"root@example.net\"]");
	instance_fini(&instance);
	mask_fini();
}

TEST(a_service_or_the_provider_has_no_node)
{
	struct instance	 instance;
	json_t		*value;

	instance_init(&instance);
	fill(&instance);
	put(&instance, "provider.json", "{ \"domain\": \"example.org\",\n  \"whose\": \"= node.name\" }");
	CHECK_OK(load_macro(&instance, "= provider.whose"));
	CHECK_ERR_HAS(node_get(node_of(&instance, "web1"), "x", &value),
	    "provider.json:2:12: there is no \"node\" here: the provider is not a node\n");
	instance_fini(&instance);
}

TEST(what_is_REQUIRED_cannot_be_used)
{
	struct instance	 instance;
	json_t		*value;

	instance_init(&instance);
	fill(&instance);
	put(&instance, "provider.json", "{}");
	CHECK_OK(load_macro(&instance, "= domain.full"));
	CHECK_ERR(node_get(node_of(&instance, "web1"), "x", &value),
	    "provider.json: the provider must have a value for domain\n"
	    "  platform/provider.json:1:13: \"domain\" is REQUIRED here\n"
	    "hint: set it in provider.json\n");
	instance_fini(&instance);
}

/* Recipes run in an environment of the caller's. */
TEST(recipes_see_what_macros_see)
{
	static const char program[] =
	    "return {name, domain.full, nodes.web2.cache.port, own, nothing_here == nil, two(), string.upper('x')}";
	struct instance	 instance;
	struct sandbox	*sandbox;
	lua_State	*L;
	json_t		*value = NULL;
	char		*text;

	instance_init(&instance);
	fill(&instance);
	put(&instance, "macros/own.lua", "function two() return node.name .. '2' end\n");
	CHECK_OK(load_macro(&instance, "= 1"));
	sandbox = config_sandbox(instance.config);
	L = sandbox_state(sandbox);
	CHECK_OK(sandbox_compile(sandbox, program, strlen(program), "=recipe"));
	config_push_env(node_of(&instance, "web1"), L);
	lua_pushliteral(L, "mine");
	lua_setfield(L, -2, "own");
	CHECK_OK(sandbox_call(sandbox, 1, 1));
	CHECK_OK(lua_to_json(L, -1, &value));
	lua_pop(L, 1);
	text = json_dumps(value, JSON_COMPACT);
	CHECK_STR(text, "[\"web1\",\"web1.example.org\",81,\"mine\",true,\"web12\",\"X\"]");
	free(text);
	json_decref(value);
	instance_fini(&instance);
}

TEST(a_file_without_macros_is_odd)
{
	struct instance	 instance;

	instance_init(&instance);
	put(&instance, "macros/none.lua", "local n = 1\n");
	put(&instance, "nodes/a.json", "{}");
	CHECK_OK(instance_load(&instance));
	CHECK_ERR(err_copy(config_warnings(instance.config)), "macros/none.lua: it defines no macro\n"
	    "hint: define one with \"function NAME(...) ... end\", without \"local\"\n");
	instance_fini(&instance);
}

TEST(the_provider_has_no_keys)
{
	static const char *const macros[] = { "dkim_record()", "onion_address()", "wireguard_public()", "host_pins()" };
	struct instance		 instance;
	json_t			*value;

	for (size_t i = 0; i < ARRAY_LEN(macros); i++) {
		char	*file = xasprintf("{ \"x\": \"= %s\" }", macros[i]);
		char	*want = xasprintf("provider.json:1:8: %.*s: the provider is not a node, and has no keys\n"
		    "    %s\n           ^\n", (int)strcspn(macros[i], "("), macros[i], file);

		instance_init(&instance);
		put(&instance, "provider.json", file);
		put(&instance, "nodes/a.json", "{ \"y\": \"= provider.x\" }");
		CHECK_OK(instance_load(&instance));
		CHECK_ERR(node_get(node_of(&instance, "a"), "y", &value), want);
		instance_fini(&instance);
		free(file);
		free(want);
	}
}

/* What is kept for one node is not given to another that it is not for. */
TEST(nodes_like_and_near_me_are_those_of_who_asks)
{
	static const struct { const char *node, *like, *near; } rows[] = {
		{ "a", "[\"a\",\"b\",\"c\",\"d\",\"e\"]", "[\"a\",\"b\"]" },
		{ "b", "[\"a\",\"b\",\"c\",\"d\",\"e\"]", "[\"a\",\"b\"]" },
		{ "c", "[\"a\",\"b\",\"c\",\"d\",\"e\"]", "[\"c\"]" },
		{ "d", "[\"a\",\"b\",\"c\",\"d\",\"e\"]", "[\"d\",\"e\"]" },
		{ "f", "[\"f\",\"g\"]", "[\"f\"]" },
		{ "g", "[\"f\",\"g\"]", "[\"g\"]" },
	};
	struct instance	 instance;

	instance_init(&instance);
	put(&instance, "common.json", "{ \"like\": \"= nodes_like_me:names()\", \"near\": \"= nodes_near_me:names()\",\n"
	    "  \"location\": null }");
	put(&instance, "nodes/a.json", "{ \"location\": { \"name\": \"oslo\" } }");
	put(&instance, "nodes/b.json", "{ \"location\": { \"name\": \"oslo\" } }");
	put(&instance, "nodes/c.json", "{ \"location\": { \"name\": \"bergen\" } }");
	put(&instance, "nodes/d.json", "{}");
	put(&instance, "nodes/e.json", "{}");
	put(&instance, "nodes/f.json", "{ \"environment\": \"live\", \"location\": { \"name\": \"oslo\" } }");
	put(&instance, "nodes/g.json", "{ \"environment\": \"live\" }");
	CHECK_OK(instance_load(&instance));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CHECK_STR(value_of(&instance, rows[i].node, "like"), rows[i].like);
		CHECK_STR(value_of(&instance, rows[i].node, "near"), rows[i].near);
	}
	instance_fini(&instance);
}

/* What does not come to an end for one node does not for the others either: that is not tried a thousand times. */
TEST(a_macro_without_an_end_runs_once)
{
	struct instance	 instance;
	json_t		*value;
	clock_t		 begin, first;

	instance_init(&instance);
	put(&instance, "common.json", "{ \"x\": \"= (function() while true do end end)()\" }");
	put_nodes(&instance, "n", 40, "{}");
	CHECK_OK(instance_load(&instance));
	begin = clock();
	CHECK_ERR(node_get(node_of(&instance, "n1"), "x", &value), "common.json:1:8: does not come to an end: "
	    "stopped after 10000000 steps\n"
	    "    { \"x\": \"= (function() while true do end end)()\" }\n           ^\n");
	first = clock() - begin;
	begin = clock();
	for (unsigned i = 2; i <= 40; i++) {
		char *name = xasprintf("n%u", i);

		CHECK_ERR(node_get(node_of(&instance, name), "x", &value), "common.json:1:8: does not come to an end: "
		    "stopped after 10000000 steps\n"
		    "    { \"x\": \"= (function() while true do end end)()\" }\n           ^\n");
		free(name);
	}
	CHECK(clock() - begin < 5 * first);
	instance_fini(&instance);
}

int
main(void)
{
	json_setup();
	RUN(each_macro);
	RUN(each_error);
	RUN(filters_for_what_nothing_has);
	RUN(each_method_of_lists);
	RUN(a_secret_is_kept_and_masked);
	RUN(what_is_made_of_a_secret_is_hidden);
	RUN(files_of_macros_that_cannot_be);
	RUN(a_cycle_is_told_as_a_chain_of_places);
	RUN(chains_may_be_of_any_length);
	RUN(late_macros_wait_for_the_others);
	RUN(an_error_is_where_its_macro_was_set);
	RUN(macro_files_define_macros);
	RUN(each_environment_has_its_own_provider_and_services);
	RUN(a_service_or_the_provider_has_no_node);
	RUN(what_is_REQUIRED_cannot_be_used);
	RUN(recipes_see_what_macros_see);
	RUN(nodes_like_and_near_me_are_those_of_who_asks);
	RUN(a_macro_without_an_end_runs_once);
	RUN(a_file_without_macros_is_odd);
	RUN(the_provider_has_no_keys);
	return test_done();
}
