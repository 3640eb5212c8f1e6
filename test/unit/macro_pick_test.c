/* test/unit: pick_node, and what of it is remembered. */
/* May know config, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "macro.h"

#include "base/json.h"
#include "base/strs.h"

/* The file's text, valid until the next call; "" when there is none. */
static const char *
text_of(struct instance *instance, const char *path)
{
	static char	 text[4096];
	struct buf	 content = { 0 };

	if (repo_has(&instance->repo, path))
		CHECK_OK(repo_read(&instance->repo, path, &content));
	snprintf(text, sizeof(text), "%s", buf_text(&content));
	buf_fini(&content);
	return text;
}

/* What app1 … appN picked, joined: "db2,db1,…"; asked from the last to the first when `backwards`. */
static const char *
picked(struct instance *instance, unsigned count, bool backwards)
{
	static char	 text[4096];
	char		 names[8][16];
	size_t		 len = 0;

	if (!CHECK_OK(instance_load(instance)))
		return "";
	for (unsigned i = 0; i < count; i++) {
		unsigned	 number = backwards ? count - i : i + 1;
		char		*node = xasprintf("app%u", number);

		snprintf(names[number - 1], sizeof(names[0]), "%.15s", value_of(instance, node, "db"));
		free(node);
	}
	for (unsigned i = 0; i < count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i > 0 ? "," : "", names[i]);
	return text;
}

/* How often a name is in a text. */
static unsigned
times(const char *text, const char *name)
{
	unsigned count = 0;

	for (; (text = strstr(text, name)) != NULL; text += strlen(name))
		count++;
	return count;
}

#define APP	"{ \"db\": \"= pick_node(nodes_like_me{services='db'}).name\" }"
#define DB	"{ \"services\": [\"db\"] }"

TEST(picks_are_even_and_do_not_depend_on_who_asks_first)
{
	struct instance	 instance;
	char		*first;

	fill_nodes(&instance);
	put_nodes(&instance, "app", 8, APP);
	put_nodes(&instance, "db", 3, DB);
	first = xstrdup(picked(&instance, 8, false));
	CHECK_STR(first, "\"db3\",\"db1\",\"db2\",\"db3\",\"db1\",\"db2\",\"db3\",\"db1\"");
	CHECK_STR(picked(&instance, 8, true), first);
	instance.repo.read_only = true;
	CHECK_STR(picked(&instance, 8, false), first);
	CHECK_OK(config_remember(instance.config));
	CHECK_STR(text_of(&instance, "state.json"), "");
	instance.repo.read_only = false;
	CHECK_STR(picked(&instance, 8, true), first);
	CHECK_OK(config_remember(instance.config));
	CHECK_STR(picked(&instance, 8, false), first);
	for (unsigned i = 1; i <= 3; i++) {
		char *name = xasprintf("db%u", i);

		CHECK(times(first, name) == 2 || times(first, name) == 3);
		free(name);
	}
	free(first);
	instance_fini(&instance);
}

TEST(picks_stay_as_long_as_they_can)
{
	struct instance	 instance;

	fill_nodes(&instance);
	put_nodes(&instance, "app", 4, APP);
	put_nodes(&instance, "db", 2, DB);
	CHECK_STR(picked(&instance, 4, false), "\"db1\",\"db2\",\"db1\",\"db2\"");
	CHECK_OK(config_remember(instance.config));
	CHECK_STR(text_of(&instance, "state.json"), "{\n    \"pick_node\": {\n        \"app1\": {\n            \"db\": \"db1\"\n        },\n"
	    "        \"app2\": {\n            \"db\": \"db2\"\n        },\n        \"app3\": {\n"
	    "            \"db\": \"db1\"\n        },\n        \"app4\": {\n            \"db\": \"db2\"\n"
	    "        }\n    }\n}\n");
	/* More to choose from: what is picked stays, who is new gets what the fewest have. */
	put_nodes(&instance, "db", 3, DB);
	put_nodes(&instance, "app", 6, APP);
	CHECK_STR(picked(&instance, 6, false), "\"db1\",\"db2\",\"db1\",\"db2\",\"db3\",\"db3\"");
	CHECK_OK(config_remember(instance.config));
	/* Fewer: who has lost theirs gets another. */
	gone(&instance, "nodes/db1.json");
	CHECK_STR(picked(&instance, 6, true), "\"db3\",\"db2\",\"db2\",\"db2\",\"db3\",\"db3\"");
	CHECK_OK(config_remember(instance.config));
	CHECK_STR(text_of(&instance, "state.json"), "{\n    \"pick_node\": {\n        \"app1\": {\n            \"db\": \"db3\"\n        },\n"
	    "        \"app2\": {\n            \"db\": \"db2\"\n        },\n        \"app3\": {\n"
	    "            \"db\": \"db2\"\n        },\n        \"app4\": {\n            \"db\": \"db2\"\n"
	    "        },\n        \"app5\": {\n            \"db\": \"db3\"\n        },\n        \"app6\": {\n"
	    "            \"db\": \"db3\"\n        }\n    }\n}\n");
	/* One that does not match any more is as good as gone. */
	put(&instance, "nodes/db2.json", "{}");
	CHECK_STR(picked(&instance, 6, false), "\"db3\",\"db3\",\"db3\",\"db3\",\"db3\",\"db3\"");
	instance_fini(&instance);
}

/* A run that asks one node only decides for its peers too, and they keep to that. */
TEST(picks_are_decided_together)
{
	struct instance	 instance;
	char		*all, *state;

	fill_nodes(&instance);
	put_nodes(&instance, "app", 4, APP);
	put_nodes(&instance, "db", 2, DB);
	all = xstrdup(picked(&instance, 4, false));
	CHECK_OK(config_remember(instance.config));
	state = xstrdup(text_of(&instance, "state.json"));
	gone(&instance, "state.json");
	CHECK_OK(instance_load(&instance));
	CHECK(strncmp(strstr(all, ",") + 1, value_of(&instance, "app2", "db"), 5) == 0);
	CHECK_OK(config_remember(instance.config));
	CHECK_STR(text_of(&instance, "state.json"), state);
	CHECK_STR(picked(&instance, 4, true), all);
	free(state);
	free(all);
	instance_fini(&instance);
}

/* Also for those who had one that is no candidate any more, and have not asked since. */
TEST(what_is_remembered_does_not_depend_on_who_asks)
{
	struct instance	 instance;
	char		*all = NULL;

	for (int alone = 0; alone <= 1; alone++) {
		fill_nodes(&instance);
		put_nodes(&instance, "app", 2, APP);
		put_nodes(&instance, "db", 3, DB);
		put(&instance, "nodes/db1.json", "{}");
		put(&instance, "state.json", "{ \"pick_node\": { \"app1\": { \"db\": \"db1\" }, \"app2\": { \"db\": \"db2\" } } }");
		CHECK_OK(instance_load(&instance));
		CHECK_STR(value_of(&instance, "app2", "db"), "\"db2\"");
		if (!alone)
			CHECK_STR(value_of(&instance, "app1", "db"), "\"db3\"");
		CHECK_OK(config_remember(instance.config));
		if (alone)
			CHECK_STR(text_of(&instance, "state.json"), all);
		else
			all = xstrdup(text_of(&instance, "state.json"));
		instance_fini(&instance);
	}
	free(all);
}

TEST(what_is_remembered_goes_when_nobody_wants_it)
{
	static const struct { const char *path, *text, *want; } rows[] = {
		/* as it was: the property that nobody has asked for stays */
		{ "nodes/app2.json", APP, "{\n    \"other\": 1,\n    \"pick_node\": {\n        \"app1\": {\n            \"db\": \"db1\"\n"
		    "        },\n        \"app2\": {\n            \"db\": \"db1\"\n        }\n    }\n}\n" },
		/* the node is gone */
		{ "nodes/app2.json", NULL, "{\n    \"other\": 1,\n    \"pick_node\": {\n        \"app1\": {\n            \"db\": \"db1\"\n"
		    "        }\n    }\n}\n" },
		/* the property is gone, or no expression any more */
		{ "nodes/app2.json", "{}", "{\n    \"other\": 1,\n    \"pick_node\": {\n        \"app1\": {\n"
		    "            \"db\": \"db1\"\n        }\n    }\n}\n" },
		{ "nodes/app2.json", "{ \"db\": \"db1\" }", "{\n    \"other\": 1,\n    \"pick_node\": {\n        \"app1\": {\n"
		    "            \"db\": \"db1\"\n        }\n    }\n}\n" },
		/* the expression was evaluated and picked nothing */
		{ "nodes/app1.json", "{ \"db\": \"= 'db1'\" }", "{\n    \"other\": 1,\n    \"pick_node\": {\n        \"app2\": {\n"
		    "            \"db\": \"db1\"\n        }\n    }\n}\n" },
	};
	struct instance	 instance;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		fill_nodes(&instance);
		put_nodes(&instance, "app", 2, APP);
		put_nodes(&instance, "db", 1, DB);
		put(&instance, "state.json", "{ \"other\": 1, \"pick_node\": { \"app1\": { \"db\": \"db1\" }, "
		    "\"app2\": { \"db\": \"db1\" } } }");
		if (rows[i].text != NULL)
			put(&instance, rows[i].path, rows[i].text);
		else
			gone(&instance, rows[i].path);
		CHECK_OK(instance_load(&instance));
		CHECK_STR(value_of(&instance, "app1", "db"), "\"db1\"");
		CHECK_OK(config_remember(instance.config));
		/* Where nothing changed, the file is as a person left it. */
		CHECK_STR(text_of(&instance, "state.json"), i > 0 ? rows[i].want : "{ \"other\": 1, \"pick_node\": "
		    "{ \"app1\": { \"db\": \"db1\" }, \"app2\": { \"db\": \"db1\" } } }");
		instance_fini(&instance);
	}
}

TEST(state_is_pruned_by_a_run_that_picks_nothing)
{
	struct instance	 instance;

	fill_nodes(&instance);
	put(&instance, "nodes/app1.json", "{ \"db\": \"db1\" }");
	put(&instance, "state.json", "{ \"pick_node\": { \"app1\": { \"db\": \"db1\" } } }");
	CHECK_OK(instance_load(&instance));
	CHECK_OK(config_remember(instance.config));
	CHECK_STR(text_of(&instance, "state.json"), "{\n    \"pick_node\": {}\n}\n");
	put(&instance, "state.json", "{ \"other\": 1 }");
	CHECK_OK(instance_load(&instance));
	CHECK_OK(config_remember(instance.config));
	CHECK_STR(text_of(&instance, "state.json"), "{ \"other\": 1 }");
	gone(&instance, "state.json");
	put(&instance, "state.json/file", "");
	CHECK_OK(instance_load(&instance));
	CHECK_ERR(config_remember(instance.config), "state.json: not a regular file\n");
	instance_fini(&instance);
}

/* Each environment and each property is a world of its own; nodes near each other have candidates of their own. */
TEST(picks_of_different_peers)
{
	struct instance	 instance;

	fill_nodes(&instance);
	put_nodes(&instance, "app", 2, "{ \"db\": \"= pick_node(nodes_like_me{services='db'}).name\",\n"
	    "  \"list\": [1, { \"a.b\": \"= pick_node(nodes_like_me{services='db'}).name\" }], \"environment\": \"live\" }");
	put(&instance, "nodes/app3.json", "{ \"db\": \"= pick_node(nodes_like_me{services='db'}).name\" }");
	put(&instance, "nodes/db1.json", "{ \"services\": [\"db\"], \"environment\": \"live\" }");
	put(&instance, "nodes/db2.json", "{ \"services\": [\"db\"], \"environment\": \"live\" }");
	put(&instance, "nodes/db3.json", DB);
	put(&instance, "nodes/db4.json", "{ \"services\": [\"db\"], \"environment\": \"live\", \"enabled\": false }");
	CHECK_STR(picked(&instance, 3, false), "\"db1\",\"db2\",\"db3\"");
	CHECK_STR(value_of(&instance, "app1", "list"), "[1,{\"a.b\":\"db2\"}]");
	CHECK_STR(value_of(&instance, "app2", "list"), "[1,{\"a.b\":\"db1\"}]");
	CHECK_OK(config_remember(instance.config));
	CHECK_STR(text_of(&instance, "state.json"), "{\n    \"pick_node\": {\n        \"app1\": {\n            \"db\": \"db1\",\n            \"list.2.a.b\": \"db2\"\n"
	    "        },\n        \"app2\": {\n            \"db\": \"db2\",\n            \"list.2.a.b\": \"db1\"\n"
	    "        },\n        \"app3\": {\n            \"db\": \"db3\"\n        }\n    }\n}\n");
	instance_fini(&instance);
}

/* Others that have the property do not shift what peers get. */
TEST(only_peers_are_spread)
{
	static const struct { const char *other, *why; } rows[] = {
		{ "{ \"enabled\": false, \"db\": \"= pick_node(nodes{services='db'}).name\" }", "disabled" },
		{ "{ \"environment\": \"live\", \"db\": \"= pick_node(nodes{services='db'}).name\" }", "elsewhere" },
		{ "{ \"db\": \"= pick_node(nodes{services= 'db'}).name\" }", "written differently" },
		{ "{ \"db\": { \"db\": \"= pick_node(nodes{services='db'}).name\" } }", "at another property" },
		{ "{ \"db\": 5 }", "no expression" },
		{ "{}", "no such property" },
	};
	struct instance	 instance;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		fill_nodes(&instance);
		put_nodes(&instance, "a", 1, rows[i].other);
		put_nodes(&instance, "app", 3, "{ \"db\": \"= pick_node(nodes{services='db'}).name\" }");
		put_nodes(&instance, "db", 2, DB);
		if (!CHECK_STR(picked(&instance, 3, false), "\"db1\",\"db2\",\"db1\""))
			printf("  by one that is %s\n", rows[i].why);
		/* Who is nobody's peer gets one all the same. */
		if (i == 0)
			CHECK_STR(value_of(&instance, "a1", "db"), "\"db1\"");
		instance_fini(&instance);
	}
}

TEST(who_is_new_gets_what_the_fewest_have)
{
	struct instance	 instance;

	fill_nodes(&instance);
	put_nodes(&instance, "app", 5, "{ \"db\": \"= pick_node(nodes{services='db'}).name\" }");
	put_nodes(&instance, "db", 2, DB);
	put(&instance, "state.json", "{ \"pick_node\": { \"app1\": { \"db\": \"db1\" }, \"app2\": { \"db\": \"db2\" },\n"
	    "  \"app3\": { \"db\": \"db2\" }, \"app4\": { \"other\": \"db2\" }, \"gone\": { \"db\": \"db1\" } } }");
	CHECK_STR(picked(&instance, 5, true), "\"db1\",\"db2\",\"db2\",\"db1\",\"db1\"");
	instance_fini(&instance);
}

/* The same expression, but not the same environment, or not the same nodes to choose from. */
TEST(each_has_its_own_candidates)
{
	static const char	 skip[] = "{ \"skip\": \"%s\", \"db\": \"= pick_node(nodes{services='db'}:exclude(skip)).name\" }";
	struct instance		 instance;
	char			*text;

	fill_nodes(&instance);
	put_nodes(&instance, "db", 3, DB);
	text = xasprintf(skip, "db3");
	put(&instance, "nodes/app1.json", text);
	free(text);
	text = xasprintf(skip, "db2");
	put(&instance, "nodes/app2.json", text);
	free(text);
	CHECK_STR(picked(&instance, 2, false), "\"db1\",\"db3\"");
	CHECK_OK(config_remember(instance.config));
	CHECK_OK(config_remember(instance.config));
	CHECK_STR(picked(&instance, 2, true), "\"db1\",\"db3\"");
	gone(&instance, "state.json");
	/* Two places with two databases each, and nodes in them by turns. */
	for (unsigned i = 1; i <= 8; i++) {
		char *path = xasprintf("nodes/%s%u.json", i <= 4 ? "app" : "db", i <= 4 ? i : i - 4);

		text = xasprintf("{ \"location\": { \"name\": \"%s\" }, %s }", i % 2 == 0 ? "oslo" : "rome", i <= 4 ?
		    "\"db\": \"= pick_node(nodes_near_me{services='db'}).name\"" : "\"services\": [\"db\"]");
		put(&instance, path, text);
		free(path);
		free(text);
	}
	CHECK_STR(picked(&instance, 4, false), "\"db3\",\"db2\",\"db1\",\"db4\"");
	CHECK_STR(picked(&instance, 4, true), "\"db3\",\"db2\",\"db1\",\"db4\"");
	gone(&instance, "nodes/db3.json");
	gone(&instance, "nodes/db4.json");
	put_nodes(&instance, "db", 2, DB);
	put_nodes(&instance, "app", 4, "{ \"environment\": \"live\", \"db\": \"= pick_node(nodes{services='db'}).name\" }");
	put_nodes(&instance, "app", 2, "{ \"environment\": \"test\", \"db\": \"= pick_node(nodes{services='db'}).name\" }");
	CHECK_STR(picked(&instance, 4, false), "\"db1\",\"db2\",\"db1\",\"db2\"");
	instance_fini(&instance);
}

/* A peer whose expression fails is its own affair; one that needs another's pick for its candidates is a cycle. */
TEST(peers_that_fail)
{
	static const char	 node[] = "{ \"bad\": %s, \"db\": \"= pick_node(bad and nodes{services='db'} or nodes.nobody).name\" }";
	static const char	 needs[] = "{ \"first\": \"%s\",\n\"db\": \"= pick_node(nodes{services='db'}:exclude(first == name and 'db3' "
	    "or nodes[first].db)).name\" }";
	struct instance		 instance;
	json_t			*value;
	char			*text;

	fill_nodes(&instance);
	put_nodes(&instance, "db", 3, DB);
	for (unsigned i = 1; i <= 3; i++) {
		char *path = xasprintf("nodes/app%u.json", i);

		text = xasprintf(node, i == 2 ? "false" : "true");
		put(&instance, path, text);
		free(path);
		free(text);
	}
	for (int backwards = 0; backwards <= 1; backwards++) {
		CHECK(str_starts(picked(&instance, 3, backwards), "\"db3\",nodes/app2.js"));
		CHECK_STR(value_of(&instance, "app3", "db"), "\"db1\"");
	}
	for (unsigned i = 1; i <= 2; i++) {
		char *path = xasprintf("nodes/app%u.json", i);

		text = xasprintf(needs, "app1");
		put(&instance, path, text);
		free(path);
		free(text);
	}
	for (unsigned first = 1; first <= 2; first++) {
		CHECK_OK(instance_load(&instance));
		CHECK_ERR_HAS(node_get(node_of(&instance, first == 1 ? "app1" : "app2"), "db", &value),
		    "nodes/app1.json:2:7: a cycle: to know \"db\" of node app1 one must know it\n");
	}
	instance_fini(&instance);
}

TEST(a_peer_that_picks_nothing_takes_nothing)
{
	struct instance instance;

	fill_nodes(&instance);
	/* The first macro of each node picks, too. */
	put(&instance, "platform/common.json", "{ \"a\": \"= pick_node(nodes{services='db'}).name\" }");
	put_nodes(&instance, "db", 2, DB);
	put_nodes(&instance, "app", 3, "{ \"wants\": true, \"db\": \"= wants and pick_node(nodes{services='db'}).name or 'none'\" }");
	put(&instance, "nodes/app1.json",
	    "{ \"wants\": false, \"db\": \"= wants and pick_node(nodes{services='db'}).name or 'none'\" }");
	for (int backwards = 0; backwards <= 1; backwards++)
		CHECK_STR(picked(&instance, 3, backwards), "\"none\",\"db1\",\"db2\"");
	instance_fini(&instance);
}

/* Late ones, and many that need each other's other properties on the way. */
TEST(picks_far_inside)
{
	struct instance	 instance;
	struct buf	 text = { 0 };

	fill_nodes(&instance);
	put_nodes(&instance, "db", 2, DB);
	put_nodes(&instance, "app", 2, "{ \"db\": \"=> pick_node(nodes{services=service}).name\", \"service\": \"= 'd' .. 'b'\" }");
	CHECK_STR(picked(&instance, 2, true), "\"db1\",\"db2\"");
	buf_adds(&text, "{");
	for (unsigned i = 0; i < 300; i++)
		buf_addf(&text, "\"p%u\": \"= p%u\", ", i, i + 1);
	buf_adds(&text, "\"p300\": \"db\", \"db\": \"= pick_node(nodes{services=p0}).name\" }");
	put_nodes(&instance, "app", 2, buf_text(&text));
	CHECK_STR(picked(&instance, 2, false), "\"db1\",\"db2\"");
	CHECK_STR(picked(&instance, 2, true), "\"db1\",\"db2\"");
	buf_clear(&text);
	buf_adds(&text, "{");
	for (unsigned i = 0; i < 300; i++)
		buf_addf(&text, "\"p%u\": \"= p%u\", ", i, i + 1);
	buf_adds(&text, "\"p300\": \"= db\", \"db\": \"= pick_node(nodes{services='db'}).name\" }");
	put_nodes(&instance, "app", 2, buf_text(&text));
	CHECK_OK(instance_load(&instance));
	CHECK_STR(value_of(&instance, "app2", "p0"), "\"db2\"");
	CHECK_STR(value_of(&instance, "app1", "p0"), "\"db1\"");
	buf_fini(&text);
	instance_fini(&instance);
}

TEST(a_pick_that_follows_from_a_secret_is_one)
{
	struct instance	 instance;
	json_t		*value = NULL, *safe;

	fill_nodes(&instance);
	put_nodes(&instance, "db", 2, DB);
	put_macro(&instance, "", "= pick_node(nodes{services='db'}:exclude('db' .. rand_range('n', 1, 2))).name");
	CHECK_OK(node_get(node_of(&instance, "web1"), "x", &value));
	safe = node_shown(node_of(&instance, "web1"), value);
	CHECK_STR(json_string_value(safe), "[secret]");
	json_decref(safe);
	/* What is the same for every secret is none. */
	put_macro(&instance, "", "= pick_node(nodes{services='db'}:exclude('db' .. rand_range('n', 1, 2))).services[1]");
	CHECK_OK(node_get(node_of(&instance, "web1"), "x", &value));
	safe = node_shown(node_of(&instance, "web1"), value);
	CHECK_STR(json_string_value(safe), "db");
	json_decref(safe);
	instance_fini(&instance);
}

TEST(each_pick)
{
	static const struct macro_row rows[] = {
		{ "= pick_node(nodes.db1).name", "\"db1\"" },
		{ "= pick_node(nodes{services='db'}:exclude('db1')).name", "\"db2\"" },
		{ "= pick_node({nodes.db2, nodes.db2}).name", "\"db2\"" },
		{ "= pick_node(nodes) == pick_node(nodes)", "true" },
		{ "= type(pick_node(nodes_like_me).name)", "\"string\"" },
		{ "= try(function() return pick_node(nodes{services='none'}) end) == nil", "true" },
		{ "= helper().name", "\"db2\"" },
	};
	static const struct macro_row errors[] = {
		{ "= pick_node(nodes{services='none'})", "there is no node to pick from\n"
		    "hint: try(function() return pick_node(...) end) is nil then\n" },
		{ "= pick_node()", "bad argument #1 to 'pick_node' (value expected)\n" },
		{ "= pick_node('db1')", "bad argument #1 to 'pick_node' (nodes expected)\n" },
		{ "= pick_node(nodes.db1.dns)", "bad argument #1 to 'pick_node' (nodes expected)\n" },
		{ "= pick_node(nodes:names())",
		    "bad argument #1 to 'pick_node' (a list of nodes expected: this one has others too)\n" },
		{ "= {pick_node(nodes.db1).name, pick_node(nodes.db2).name}",
		    "pick_node() picks once for a property, but here from two lists\n"
		    "hint: make each the value of a property of its own\n" },
	};
	struct instance instance;

	fill_nodes(&instance);
	put_nodes(&instance, "db", 2, DB);
	put(&instance, "macros/own.lua", "function helper() return pick_node(nodes.db2) end\n");
	check_macros(&instance, "", rows, ARRAY_LEN(rows));
	check_macro_errors(&instance, "", errors, ARRAY_LEN(errors));
	instance_fini(&instance);
}

TEST(a_state_that_nobody_wrote_so)
{
	static const struct { const char *text, *want; } rows[] = {
		{ "[]", "state.json:1:1: not what leap wrote: \"pick_node\" has objects, which have names of nodes\n    []\n"
		    "    ^\nhint: take the version from git, or remove the file: then all is picked anew\n" },
		{ "{ \"pick_node\": [] }", "state.json:1:16: not what leap wrote: \"pick_node\" has objects, which have names of "
		    "nodes\n    { \"pick_node\": [] }\n                   ^\n"
		    "hint: take the version from git, or remove the file: then all is picked anew\n" },
		{ "{ \"pick_node\": { \"web1\": 1 } }", "state.json:1:26: not what leap wrote: \"pick_node\" has objects, which have "
		    "names of nodes\n    { \"pick_node\": { \"web1\": 1 } }\n                             ^\n"
		    "hint: take the version from git, or remove the file: then all is picked anew\n" },
		{ "{ \"pick_node\": { \"web1\": { \"x\": {} } } }", "state.json:1:33: not what leap wrote: \"pick_node\" has objects, "
		    "which have names of nodes\n    { \"pick_node\": { \"web1\": { \"x\": {} } } }\n"
		    "                                    ^\n"
		    "hint: take the version from git, or remove the file: then all is picked anew\n" },
	};
	struct instance	 instance;
	json_t		*value;

	fill_nodes(&instance);
	put_nodes(&instance, "db", 2, DB);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		put(&instance, "state.json", rows[i].text);
		if (put_macro(&instance, "", "= pick_node(nodes)")) {
			CHECK_ERR(node_get(node_of(&instance, "web1"), "x", &value), rows[i].want);
			CHECK_ERR(config_remember(instance.config), rows[i].want);
		}
	}
	instance_fini(&instance);
}

int
main(void)
{
	json_setup();
	RUN(picks_are_even_and_do_not_depend_on_who_asks_first);
	RUN(picks_stay_as_long_as_they_can);
	RUN(picks_are_decided_together);
	RUN(what_is_remembered_does_not_depend_on_who_asks);
	RUN(what_is_remembered_goes_when_nobody_wants_it);
	RUN(state_is_pruned_by_a_run_that_picks_nothing);
	RUN(picks_of_different_peers);
	RUN(only_peers_are_spread);
	RUN(who_is_new_gets_what_the_fewest_have);
	RUN(each_has_its_own_candidates);
	RUN(peers_that_fail);
	RUN(a_peer_that_picks_nothing_takes_nothing);
	RUN(picks_far_inside);
	RUN(a_pick_that_follows_from_a_secret_is_one);
	RUN(each_pick);
	RUN(a_state_that_nobody_wrote_so);
	return test_done();
}
