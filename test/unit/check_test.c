/* test/unit: config for leap check: what comes of broken files, ports, files that nothing reads. */
/* May know config, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "instance.h"

/* A platform of its own: common.json opens the port of sshd. */
static void
fill(struct instance *instance)
{
	put(instance, "platform/common.json", "{ \"ip_address\": \"REQUIRED\", \"enabled\": true,\n"
	    "  \"ssh\": { \"port\": 22 }, \"services\": [], \"tags\": [],\n"
	    "  \"firewall\": { \"ssh\": { \"ports\": [\"= ssh.port\"], \"protocol\": \"tcp\" } } }");
	put(instance, "platform/provider.json", "{ \"domain\": \"example.org\" }");
	put(instance, "provider.json", "{}");
	put(instance, "services/web.json", "{ \"firewall\": { \"web\": { \"ports\": [80, 443], \"protocol\": \"tcp\" } } }");
	put(instance, "services/proxy.json", "{ \"firewall\": { \"proxy\": { \"ports\": [443], \"protocol\": \"tcp\" } } }");
}

static struct err *
load_all(struct instance *instance)
{
	struct err *e;

	config_free(instance->config);
	instance->config = config_load_all(&instance->repo, &e);
	return e;
}

/* The rules of joined errors, "a b"; valid until the next call.  The errors are consumed. */
static const char *
rules_of(struct err *take_e)
{
	static char	text[512];
	size_t		len = 0;

	text[0] = '\0';
	for (const struct err *e = take_e; e != NULL; e = err_next(e))
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", len > 0 ? " " : "",
		    err_rule_name(e) == NULL ? "-" : err_rule_name(e));
	err_free(take_e);
	return text;
}

static struct err *
check_node(struct instance *instance, const char *name)
{
	struct node *node = node_of(instance, name);

	return config_check(instance->config, &node, 1);
}

TEST(a_broken_file_leaves_the_others)
{
	struct instance	instance;

	instance_init(&instance);
	fill(&instance);
	put(&instance, "nodes/a.json", "{ \"ip_address\": \"192.0.2.1\" \"tags\": [] }");
	put(&instance, "nodes/b.json", "{ \"ip_address\": \"192.0.2.2\", \"services\": [\"wbe\"] }");
	put(&instance, "nodes/c.json", "{ \"ip_address\": \"192.0.2.3\", \"services\": [\"web\"] }");
	put(&instance, "services/gone.json", "[]");
	CHECK_STR(rules_of(load_all(&instance)), "syntax syntax unknown-service");
	CHECK(node_broken(node_of(&instance, "a")));
	CHECK(!node_broken(node_of(&instance, "b")));
	CHECK(!node_broken(node_of(&instance, "c")));
	CHECK_OK(check_node(&instance, "c"));
	instance_fini(&instance);
}

TEST(an_instance_in_order_has_no_errors)
{
	struct instance	instance;

	instance_init(&instance);
	fill(&instance);
	put(&instance, "nodes/a.json", "{ \"ip_address\": \"192.0.2.1\", \"services\": [\"web\"] }");
	CHECK_OK(load_all(&instance));
	CHECK_OK(check_node(&instance, "a"));
	CHECK(!node_wrong(node_of(&instance, "a")));
	instance_fini(&instance);
}

/* What a node with a broken layer lacks need not be missing. */
TEST(consequences_are_told_apart)
{
	static const struct {
		const char *macro, *rule;
	} rows[] = {
		{ "= nodes.broken.size", RULE_CONSEQUENCE },
		{ "= nodes.broken.ip_address", RULE_CONSEQUENCE },
		{ "= nodes.misspelt.web.size", RULE_CONSEQUENCE },
		{ "= nodes.whole.size", "unknown-property" },
		{ "= lost(1)", RULE_CONSEQUENCE },
		{ "= los(1)", "unknown-name" },
		{ "= losttt(1)", "unknown-name" },
		{ "= ost(1)", "unknown-name" },
	};
	struct instance	instance;
	char		*text;

	instance_init(&instance);
	fill(&instance);
	put(&instance, "macros/lost.lua", "function lost(n)\n\treturn n *\nend\n");
	put(&instance, "nodes/broken.json", "{");
	put(&instance, "nodes/misspelt.json", "{ \"ip_address\": \"192.0.2.1\", \"services\": [\"wbe\"] }");
	put(&instance, "nodes/whole.json", "{ \"ip_address\": \"192.0.2.2\" }");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		text = xasprintf("{ \"ip_address\": \"192.0.2.3\", \"x\": \"%s\" }", rows[i].macro);
		put(&instance, "nodes/asks.json", text);
		free(text);
		CHECK_STR(rules_of(load_all(&instance)), "syntax unknown-service lua-syntax");
		CHECK_STR(rules_of(check_node(&instance, "asks")), rows[i].rule);
		CHECK(node_wrong(node_of(&instance, "asks")));
	}
	instance_fini(&instance);
}

TEST(an_error_that_is_told_again_keeps_its_rule)
{
	struct instance	 instance;
	struct node	*nodes[2];

	instance_init(&instance);
	fill(&instance);
	put(&instance, "nodes/a.json", "{ \"ip_address\": \"192.0.2.1\", \"x\": \"= nothing\", \"y\": \"= x\" }");
	CHECK_OK(load_all(&instance));
	nodes[0] = nodes[1] = node_of(&instance, "a");
	CHECK_STR(rules_of(config_check(instance.config, nodes, 1)), "unknown-name");
	CHECK_STR(rules_of(config_check(instance.config, nodes, 2)), "unknown-name");
	instance_fini(&instance);
}

TEST(ports_collide_between_owners_only)
{
	static const struct {
		const char *members, *message;
	} rows[] = {
		{ "\"services\": [\"web\"]", NULL },
		{ "\"services\": [\"web\", \"udp\"]", NULL },
		{ "\"services\": [\"web\", \"more\"]", NULL },
		{ "\"services\": [\"web\", \"proxy\"]",
		    "tcp port 443 of node a is wanted twice: by \"web\" of service web and by \"proxy\" of service proxy" },
		{ "\"services\": [\"proxy\", \"web\"]",
		    "tcp port 443 of node a is wanted twice: by \"proxy\" of service proxy and by \"web\" of service web" },
		{ "\"services\": [\"web\"], \"ssh\": { \"port\": 443 }",
		    "tcp port 443 of node a is wanted twice: by \"ssh\" of common.json and by \"web\" of service web" },
		{ "\"services\": [\"web\", \"range\"]",
		    "tcp port 80 of node a is wanted twice: by \"web\" of service web and by \"range\" of service range" },
		{ "\"services\": [\"range\", \"web\"]",
		    "tcp port 80 of node a is wanted twice: by \"range\" of service range and by \"web\" of service web" },
		{ "\"services\": [\"web\", \"low\"]", NULL },
		/* The lowest one is told, in whatever order they are written. */
		{ "\"services\": [\"unsorted\", \"range\"]",
		    "tcp port 70 of node a is wanted twice: by \"unsorted\" of service unsorted and by \"range\" of service range" },
		{ "\"services\": [\"sign\", \"web\"]",
		    "tcp port 443 of node a is wanted twice: by \"sign\" of service sign and by \"web\" of service web" },
		{ "\"services\": [\"web\", \"variant\"], \"environment\": \"live\"",
		    "tcp port 443 of node a is wanted twice: by \"web\" of service web and by \"variant\" of service variant" },
		{ "\"services\": [\"web\", \"variant\"]", NULL },
		/* The node moves one out of the way. */
		{ "\"services\": [\"web\", \"proxy\"], \"firewall\": { \"proxy\": { \"ports\": [8443] } }", NULL },
		/* A node, or a tag, opens a port to more: nothing else listens there. */
		{ "\"services\": [\"web\"], \"firewall\": { \"office\": { \"ports\": [443], \"protocol\": \"tcp\" } }", NULL },
	};
	struct instance	 instance;
	struct err	*e;
	char		*text;

	instance_init(&instance);
	fill(&instance);
	put(&instance, "services/udp.json", "{ \"firewall\": { \"udp\": { \"ports\": [443], \"protocol\": \"udp\" } } }");
	put(&instance, "services/more.json", "{ \"firewall\": { \"more\": { \"ports\": [8080, 8080], \"protocol\": \"tcp\" } } }");
	put(&instance, "services/range.json", "{ \"firewall\": { \"range\": { \"ports\": [\"1-80\"], \"protocol\": \"tcp\" },"
	    " \"two\": { \"ports\": [443], \"protocol\": \"tcp\" } } }");
	put(&instance, "services/low.json", "{ \"firewall\": { \"low\": { \"ports\": [79], \"protocol\": \"tcp\" } } }");
	put(&instance, "services/unsorted.json",
	    "{ \"firewall\": { \"unsorted\": { \"ports\": [443, 70], \"protocol\": \"tcp\" } } }");
	put(&instance, "services/sign.json", "{ \"!firewall\": { \"!sign\": { \"ports\": [443], \"protocol\": \"tcp\" } } }");
	put(&instance, "services/variant.json", "{}");
	put(&instance, "services/variant.live.json",
	    "{ \"firewall\": { \"variant\": { \"ports\": [443], \"protocol\": \"tcp\" } } }");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		text = xasprintf("{ \"ip_address\": \"192.0.2.1\", %s }", rows[i].members);
		put(&instance, "nodes/a.json", text);
		free(text);
		CHECK_OK(load_all(&instance));
		e = check_node(&instance, "a");
		if (rows[i].message == NULL) {
			CHECK_OK(e);
			continue;
		}
		/* "range" wants two ports of "web" and of "ssh": each pair is told once. */
		CHECK_INT(err_count(e), strstr(rows[i].members, "range") == NULL ? 1 : 2);
		CHECK_STR(err_message(strstr(rows[i].members, "range") == NULL ? e : err_next(e)), rows[i].message);
		CHECK_STR(rules_of(e), strstr(rows[i].members, "range") == NULL ? "colliding-ports" :
		    "colliding-ports colliding-ports");
	}
	put(&instance, "nodes/a.json", "{ \"ip_address\": \"192.0.2.1\",\n  \"services\": [\"proxy\", \"web\"] }");
	CHECK_OK(load_all(&instance));
	CHECK_ERR(check_node(&instance, "a"), "nodes/a.json:2:25: tcp port 443 of node a is wanted twice: by \"proxy\" of "
	    "service proxy and by \"web\" of service web\n      \"services\": [\"proxy\", \"web\"] }\n"
	    "                            ^\n  services/proxy.json:1:38: opened here as \"proxy\" of service proxy\n"
	    "  services/web.json:1:40: opened here as \"web\" of service web\n");
	instance_fini(&instance);
}

/* "PATH rule hint" of each. */
static const char *
whole(struct instance *instance)
{
	static struct buf	 text;
	struct node		**nodes;
	size_t			 count = config_nodes(instance->config, &nodes);
	struct err		*all = config_check_whole(instance->config, nodes, count);

	buf_clear(&text);
	for (const struct err *e = all; e != NULL; e = err_next(e))
		buf_addf(&text, "%s %s%s%s%s\n", err_place(e)->path, err_is_warning(e) ? "" : "error ", err_rule_name(e),
		    err_hint_text(e) == NULL ? "" : ": ", err_hint_text(e) == NULL ? "" : err_hint_text(e));
	err_free(all);
	return buf_text(&text);
}

TEST(files_that_nothing_reads)
{
	static const struct {
		const char *path, *want;
	} rows[] = {
		{ "nodes/.swp", "" },
		{ "nodes/README", "" },
		{ "nodes/notes.md", "" },
		{ "nodes/a.json~", "" },
		{ "nodes/b.jsn", "nodes/b.jsn stray-file: what is in nodes/ ends in \".json\"\n" },
		{ "tags/x.yaml", "tags/x.yaml stray-file: what is in tags/ ends in \".json\"\n" },
		{ "macros/x.txt", "macros/x.txt stray-file: what is in macros/ ends in \".lua\"\n" },
		{ "services/db/recipe.lua", "services/db stray-file: the directory of a service has a file service.json\n" },
		{ "services/db.jsn",
		    "services/db.jsn stray-file: a service is services/NAME.json, or services/NAME/service.json\n" },
		{ "services/web",
		    "services/web stray-file: a service is services/NAME.json, or services/NAME/service.json\n" },
		{ "services/dir/recpie.lua", "services/dir/recpie.lua stray-file: did you mean \"recipe.lua\"?\n" },
		{ "services/dir/recipe.lua", "" },
		{ "comon.json", "comon.json stray-file: did you mean \"common.json\"?\n" },
		{ "comon.live.json", "comon.live.json stray-file: did you mean \"common.live.json\"?\n" },
		{ "web1.json", "web1.json stray-file: here are common.json and provider.json; nodes, services and tags have "
		    "directories\n" },
		{ "facts.json", "" },
		{ "state.json", "" },
		{ "users/alice.pub", "users/alice.pub stray-file: the key of a user is users/NAME/NAME_ssh.pub\n" },
		{ "files/nodes/b/b.crt", "files/nodes/b stray-file: there is no node \"b\"\n" },
		{ "files/nodes/a/a.crt", "" },
		{ "files/web/index.html", "" },
		{ "schemas/comon.json", "schemas/comon.json stray-file: did you mean \"common.json\"?\n" },
		{ "schemas/node.json", "" },
		{ "schemas/other.json", "schemas/other.json stray-file: here are common.json, node.json, provider.json, tags/, and what "
		    "schemas refer to; that of a service is services/NAME/schema.json\n" },
		{ "schemas/parts.json", "" },
		{ "schemas/list.json", "" },
		{ "schemas/itself.json", "schemas/itself.json stray-file: here are common.json, node.json, provider.json, tags/, and "
		    "what schemas refer to; that of a service is services/NAME/schema.json\n" },
		{ "schemas/tags/rakc.json", "schemas/tags/rakc.json stray-file: did you mean \"rack.json\"?\n" },
		{ "schemas/tags/blue.json", "schemas/tags/blue.json stray-file: there is no tag of this name\n" },
		{ "schemas/tags/rack.json", "" },
	};
	struct instance	 instance;
	char		*full;

	instance_init(&instance);
	fill(&instance);
	put(&instance, "nodes/a.json", "{ \"ip_address\": \"192.0.2.1\", \"services\": [\"web\"] }");
	put(&instance, "services/dir/service.json", "{}");
	put(&instance, "services/dir/schema.json", "{ \"$ref\": \"../../schemas/parts.json#/a\", \"allOf\": [\n"
	    "  { \"$ref\": \"/schemas/list.json\" }, { \"$ref\": \"/schemas/itself.jso\" } ] }");
	put(&instance, "tags/rack.json", "{}");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		put(&instance, rows[i].path, strstr(rows[i].path, "itself") == NULL ? "{}" :
		    "{ \"$ref\": \"#/$defs/a\", \"$defs\": { \"a\": {} } }");
		CHECK_OK(load_all(&instance));
		CHECK_STR(whole(&instance), rows[i].want);
		full = path_join(instance.repo.root, strncmp(rows[i].path, "services/db/", 12) == 0 ? "services/db" :
		    strncmp(rows[i].path, "files/nodes/b/", 14) == 0 ? "files/nodes/b" : rows[i].path);
		CHECK_OK(dir_remove(full));
		free(full);
	}
	instance_fini(&instance);
}

TEST(what_never_applies)
{
	struct instance	instance;

	instance_init(&instance);
	fill(&instance);
	put(&instance, "nodes/a.json", "{ \"ip_address\": \"192.0.2.1\", \"environment\": \"live\" }");
	put(&instance, "nodes/off.json", "{ \"ip_address\": \"192.0.2.2\", \"environment\": \"old\", \"enabled\": false }");
	put(&instance, "common.live.json", "{}");
	put(&instance, "common.old.json", "{}");
	put(&instance, "common.lvie.json", "{}");
	put(&instance, "provider.lvie.json", "{}");
	put(&instance, "services/web.lvie.json", "{}");
	put(&instance, "tags/x.json", "{}");
	put(&instance, "tags/x.lvie.json", "{}");
	put(&instance, "services/_tls.json", "{}");
	put(&instance, "services/_tls.live.json", "{}");
	put(&instance, "services/_tls.liev.json", "{}");
	CHECK_OK(load_all(&instance));
	CHECK_STR(whole(&instance), "nodes/a.json idle-node: give it \"services\", or say \"enabled\": false until it has some\n"
	    "common.lvie.json unused-variant: did you mean \"live\"?\n"
	    "provider.lvie.json unused-variant: did you mean \"live\"?\n"
	    "services/web.lvie.json unused-variant: did you mean \"live\"?\n"
	    "tags/x.lvie.json unused-variant: did you mean \"live\"?\n"
	    "services/_tls.liev.json unused-variant: did you mean \"live\"?\n");
	/* A node that cannot be read may be in that environment. */
	put(&instance, "nodes/b.json", "{ \"environment\": \"lvie liev\"");
	err_free(load_all(&instance));
	CHECK_STR(whole(&instance),
	    "nodes/a.json idle-node: give it \"services\", or say \"enabled\": false until it has some\n");
	instance_fini(&instance);
}

/* What filters could take for two things, and environments that look like others: one more file, and what is said. */
TEST(names_that_mislead)
{
	static const struct {
		const char *path, *text, *errors, *whole;
	} rows[] = {
		{ "nodes/web.json", "", "nodes/web.json: \"web\" is the name of a service, too: filters take it for this node\n"
		    "hint: rename it: \"leap node mv web web1\"\n", "" },
		{ "nodes/rack.json", ", \"enabled\": false", "nodes/rack.json: \"rack\" is the name of a tag, too: filters take it for "
		    "this node\nhint: rename it: \"leap node mv rack rack1\"\n", "" },
		{ "nodes/production.json", "", "nodes/production.json: \"production\" is the name of an environment, too: filters take "
		    "it for this node\nhint: rename it: \"leap node mv production production1\"\n", "" },
		{ "nodes/live.json", ", \"environment\": \"live\"", "nodes/live.json: \"live\" is the name of an environment, too: filters "
		    "take it for this node\nhint: rename it: \"leap node mv live live1\"\n", "" },
		{ "nodes/default.json", "", "nodes/default.json: \"default\" is the name of an environment, too: filters take it for "
		    "this node\nhint: rename it: \"leap node mv default default1\"\n", "" },
		{ "tags/web.json", "", NULL, "tags/web.json two-meanings: rename one of them\n" },
		{ "services/production.json", "", NULL, "services/production.json two-meanings: rename one of them\n" },
		{ "services/default.json", "", NULL, "services/default.json two-meanings: rename one of them\n" },
		{ "tags/default.json", "", NULL, "tags/default.json two-meanings: rename one of them\n" },
		{ "tags/local.json", "\"environment\": \"live\"", NULL, "tags/local.json two-meanings: rename one of them\n" },
		{ "tags/local.json", "\"environment\": \"local\"", NULL, "" },
		{ "tags/production.json", "\"location\": {}", NULL, "" },
		{ "common.default.json", "", "common.default.json: \"default\" cannot be the name of an environment\n", NULL },
		{ "nodes/b.json", ", \"environment\": \"default\"", "nodes/b.json:1:74: \"default\" is the word for nodes that are in no "
		    "environment\n    { \"ip_address\": \"192.0.2.2\", \"services\": [\"web\"], \"x\": 1, "
		    "\"environment\": \"default\" }\n" "                                                         "
		    "                    ^\nhint: leave \"environment\" out\n", "" },
		{ "tags/x.json", "\"environment\": \"default\"", NULL, "" },		/* no node has it */
	};
	struct instance	 instance;
	struct err	*e;
	char		*text, *full;

	instance_init(&instance);
	fill(&instance);
	put(&instance, "platform/tags/production.json", "{ \"environment\": \"production\" }");
	put(&instance, "tags/rack.json", "{}");
	put(&instance, "nodes/a.json", "{ \"ip_address\": \"192.0.2.1\", \"services\": [\"web\"] }");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool node = strncmp(rows[i].path, "nodes/", 6) == 0;

		text = xasprintf("{ %s%s }", node ? "\"ip_address\": \"192.0.2.2\", \"services\": [\"web\"], \"x\": 1" : "",
		    rows[i].text);
		put(&instance, rows[i].path, text);
		e = load_all(&instance);
		if (rows[i].errors == NULL)
			CHECK_OK(e);
		else
			CHECK_ERR(e, rows[i].errors);
		if (rows[i].whole != NULL && !CHECK_STR(whole(&instance), rows[i].whole))
			printf("  by %s\n", rows[i].path);
		full = path_join(instance.repo.root, rows[i].path);
		CHECK_OK(dir_remove(full));
		free(full);
		free(text);
	}
	instance_fini(&instance);
}

TEST(a_class_that_a_node_has_twice)
{
	struct instance	 instance;
	struct buf	 shown = { 0 };

	instance_init(&instance);
	fill(&instance);
	put(&instance, "nodes/a.json", "{ \"ip_address\": \"192.0.2.1\", \"services\": [\"web\", \"proxy\", \"web\"] }");
	put(&instance, "nodes/b.json", "{ \"ip_address\": \"192.0.2.2\", \"+services\": [\"web\", \"web\"] }");
	CHECK_OK(load_all(&instance));
	err_format(config_warnings(instance.config), &shown);
	CHECK_STR(buf_text(&shown), "nodes/a.json:1:59: \"services\" has \"web\" twice\n"
	    "    { \"ip_address\": \"192.0.2.1\", \"services\": [\"web\", \"proxy\", \"web\"] }\n"
	    "                                                              ^\n");
	buf_fini(&shown);
	instance_fini(&instance);
}

TEST(environments_that_look_like_others)
{
	static const struct {
		const char *environment, *want;
	} rows[] = {
		{ "production", NULL },
		{ "staging", NULL },
		{ "testing", NULL },
		{ "other", NULL },		/* looks like none */
		{ "otherr", NULL },		/* looks like one that only another node's file speaks of */
		{ "prodction", "nodes/b.json:1:45: no tag and no variant speaks of environment \"prodction\"\n"
		    "    { \"ip_address\": \"192.0.2.2\", \"environment\": \"prodction\" }\n"
		    "                                                ^\nhint: did you mean \"production\"?\n" },
		{ "stagin", "nodes/b.json:1:45: no tag and no variant speaks of environment \"stagin\"\n"
		    "    { \"ip_address\": \"192.0.2.2\", \"environment\": \"stagin\" }\n"
		    "                                                ^\nhint: did you mean \"staging\"?\n" },
		{ "tesitng", "nodes/b.json:1:45: no tag and no variant speaks of environment \"tesitng\"\n"
		    "    { \"ip_address\": \"192.0.2.2\", \"environment\": \"tesitng\" }\n"
		    "                                                ^\nhint: did you mean \"testing\"?\n" },
	};
	struct instance	 instance;
	struct buf	 shown = { 0 };
	char		*text;

	instance_init(&instance);
	fill(&instance);
	put(&instance, "services/web.staging.json", "{}");
	put(&instance, "tags/test.json", "{ \"environment\": \"testing\" }");
	put(&instance, "nodes/a.json", "{ \"ip_address\": \"192.0.2.1\", \"environment\": \"other\" }");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		text = xasprintf("{ \"ip_address\": \"192.0.2.2\", \"environment\": \"%s\" }", rows[i].environment);
		put(&instance, "nodes/b.json", text);
		free(text);
		CHECK_OK(load_all(&instance));
		buf_clear(&shown);
		if (config_warnings(instance.config) != NULL)
			err_format(config_warnings(instance.config), &shown);
		CHECK_STR(buf_text(&shown), rows[i].want == NULL ? "" : rows[i].want);
	}
	buf_fini(&shown);
	instance_fini(&instance);
}

/* A node whose lists are wrong is not also said to be in none. */
TEST(a_list_that_is_wrong_is_no_idle_node)
{
	struct instance instance;

	instance_init(&instance);
	fill(&instance);
	put(&instance, "nodes/a.json", "{ \"ip_address\": \"192.0.2.1\", \"services\": \"web\" }");
	put(&instance, "nodes/b.json", "{ \"ip_address\": \"192.0.2.2\", \"tags\": {} }");
	put(&instance, "nodes/c.json", "{ \"ip_address\": \"192.0.2.3\", \"+tags\": {} }");
	CHECK_ERR(load_all(&instance), "nodes/a.json:1:42: \"services\" is a text here, but a list in the layers below\n"
	    "    { \"ip_address\": \"192.0.2.1\", \"services\": \"web\" }\n"
	    "                                             ^\n"
	    "  platform/common.json:2:38: it is set here before\nhint: \"!key\" replaces whatever was there\n"
	    "nodes/b.json:1:38: \"tags\" is an object here, but a list in the layers below\n"
	    "    { \"ip_address\": \"192.0.2.2\", \"tags\": {} }\n"
	    "                                         ^\n"
	    "  platform/common.json:2:50: it is set here before\nhint: \"!key\" replaces whatever was there\n"
	    "nodes/c.json:1:39: \"+tags\" cannot add an object\n"
	    "    { \"ip_address\": \"192.0.2.3\", \"+tags\": {} }\n"
	    "                                          ^\n"
	    "  platform/common.json:2:50: it is set here before\nhint: give it a list of what is to be added\n");
	CHECK_STR(whole(&instance), "");
	instance_fini(&instance);
}

/* In each kind of file that no node is made of. */
TEST(macros_that_nobody_evaluates)
{
	static const char *const paths[] = { "tags/x.json", "services/db.json", "common.old.json", "services/_part.json",
	    "nodes/off.json", "provider.old.json", "platform/services/other/service.json" };
	struct instance	 instance;
	struct node	*node;
	struct err	*e;
	char		*want;

	instance_init(&instance);
	fill(&instance);
	put(&instance, "nodes/a.json", "{ \"ip_address\": \"192.0.2.1\", \"services\": [\"web\"], \"environment\": \"old\" }");
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		put(&instance, paths[i], "{ \"enabled\": false, \"+x\": [ \"= 1\", \"= 1 +\" ],\n"
		    "  \"y\": { \"z\": \"=> \", \"good\": \"= nothing\" } }");
		CHECK_OK(load_all(&instance));
		node = node_of(&instance, "a");
		want = xasprintf("%s:1:36: unexpected symbol near <eof>\n    { \"enabled\": false, \"+x\": [ \"= 1\", \"= 1 +\" ],\n"
		    "                                       ^\n%s:2:15: an empty macro\n"
		    "      \"y\": { \"z\": \"=> \", \"good\": \"= nothing\" } }\n                  ^\n", paths[i], paths[i]);
		e = config_check_whole(instance.config, &node, 1);
		CHECK_STR(err_rule_name(e), "lua-syntax");
		CHECK_ERR(e, want);
		free(want);
		put(&instance, paths[i], "{}");
	}
	instance_fini(&instance);
}

TEST(a_service_that_others_need)
{
	struct instance	instance;

	instance_init(&instance);
	fill(&instance);
	put(&instance, "services/web/schema.json",
	    "{ \"$schema\": \"https://json-schema.org/draft/2020-12/schema\", \"x-leap-needs\": [\"proxy\"] }");
	put(&instance, "nodes/a.json", "{ \"ip_address\": \"192.0.2.1\", \"environment\": \"live\", \"services\": [\"web\"] }");
	put(&instance, "nodes/b.json", "{ \"ip_address\": \"192.0.2.2\", \"environment\": \"live\", \"services\": [\"web\"] }");
	put(&instance, "nodes/c.json", "{ \"ip_address\": \"192.0.2.3\", \"environment\": \"test\", \"services\": [\"proxy\"] }");
	CHECK_OK(load_all(&instance));
	CHECK_STR(whole(&instance), "nodes/a.json error missing-service: add it to the \"services\" of a node\n");
	put(&instance, "nodes/c.json", "{ \"ip_address\": \"192.0.2.3\", \"environment\": \"live\", \"services\": [\"proxy\"] }");
	CHECK_OK(load_all(&instance));
	CHECK_STR(whole(&instance), "");
	put(&instance, "nodes/c.json", "{ \"ip_address\": \"192.0.2.3\", \"environment\": \"live\", \"services\": [\"proxy\"], "
	    "\"enabled\": false }");
	CHECK_OK(load_all(&instance));
	CHECK_STR(whole(&instance), "nodes/a.json error missing-service: add it to the \"services\" of a node\n");
	instance_fini(&instance);
}

/* What is said of the instance as a whole, to the letter. */
TEST(what_is_said_of_names_that_mislead)
{
	struct instance	  instance;
	struct node	**nodes;
	size_t		  count;

	instance_init(&instance);
	fill(&instance);
	put(&instance, "nodes/a.json", "{ \"ip_address\": \"192.0.2.1\", \"services\": [\"web\"] }");
	put(&instance, "services/production.json", "{}");
	put(&instance, "tags/web.json", "{}");
	put(&instance, "tags/local.json", "{ \"environment\": \"live\" }");
	CHECK_OK(load_all(&instance));
	count = config_nodes(instance.config, &nodes);
	CHECK_ERR(config_check_whole(instance.config, nodes, count),
	    "services/production.json: \"production\" is a service and an environment: filters take it for the service\n"
	    "hint: rename one of them\n"
	    "tags/local.json: \"local\" is an environment, and a tag of nodes that need not be in it: filters take it for the "
	    "environment\nhint: rename one of them\n"
	    "tags/web.json: \"web\" is a service and a tag: filters take it for the service\nhint: rename one of them\n");
	/* What is all three is told once, of the service. */
	put(&instance, "services/local.json", "{}");
	CHECK_OK(load_all(&instance));
	CHECK_STR(whole(&instance), "services/local.json two-meanings: rename one of them\n"
	    "services/production.json two-meanings: rename one of them\ntags/web.json two-meanings: rename one of them\n");
	instance_fini(&instance);
}

TEST(what_is_said_of_the_whole)
{
	struct instance	  instance;
	struct node	**nodes;
	size_t		  count;

	instance_init(&instance);
	fill(&instance);
	put(&instance, "services/web/schema.json",
	    "{ \"$schema\": \"https://json-schema.org/draft/2020-12/schema\", \"x-leap-needs\": [\"proxy\"] }");
	put(&instance, "nodes/a.json", "{ \"ip_address\": \"192.0.2.1\", \"environment\": \"live\",\n  \"services\": [\"web\"], \"x\": \"other\" }");
	put(&instance, "nodes/b.json", "{ \"ip_address\": \"192.0.2.2\",\n  \"services\": [\"web\"] }");
	put(&instance, "nodes/c.json", "{ \"ip_address\": \"192.0.2.3\" }");
	/* Who is disabled needs nothing and may do nothing. */
	put(&instance, "nodes/d.json", "{ \"ip_address\": \"192.0.2.4\", \"enabled\": false, \"environment\": \"test\",\n"
	    "  \"services\": [\"web\"] }");
	put(&instance, "nodes/e.json", "{ \"ip_address\": \"192.0.2.5\", \"enabled\": false }");
	put(&instance, "tags/x.json", "{}");
	put(&instance, "nodes/f.json", "{ \"ip_address\": \"192.0.2.6\", \"tags\": [\"x\"] }");
	put(&instance, "provider.other.json", "{}");
	instance.repo.leapfile.environment = (char *)(uintptr_t)"other";
	CHECK_OK(load_all(&instance));
	count = config_nodes(instance.config, &nodes);
	CHECK_ERR(config_check_whole(instance.config, nodes, count),
	    "nodes/a.json:2:16: service web needs service proxy, which no node in environment live has\n"
	    "      \"services\": [\"web\"], \"x\": \"other\" }\n                   ^\nhint: add it to the \"services\" of a node\n"
	    "nodes/b.json:2:16: service web needs service proxy, which no node without environment has\n"
	    "      \"services\": [\"web\"] }\n                   ^\nhint: add it to the \"services\" of a node\n"
	    "nodes/c.json: node c has no service and no tag\n"
	    "hint: give it \"services\", or say \"enabled\": false until it has some\n"
	    "Leapfile: no node is in environment \"other\", which is pinned\n"
	    "provider.other.json: no node is in environment \"other\"\n");
	instance_fini(&instance);
}

/* One that has nodes, one that is none (which is an error already), one of an instance that has no nodes yet. */
TEST(a_pinned_environment_has_nodes)
{
	static const struct { const char *pinned, *node, *want; } rows[] = {
		{ "live", "{ \"ip_address\": \"192.0.2.1\", \"services\": [\"web\"], \"environment\": \"live\" }", "" },
		{ "nowhere", "{ \"ip_address\": \"192.0.2.1\", \"services\": [\"web\"] }", "" },
		{ "production", NULL, "" },
		{ "production", "{ \"ip_address\": \"192.0.2.1\", \"services\": [\"web\"] }", "Leapfile empty-environment\n" },
	};
	struct instance instance;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		instance_init(&instance);
		fill(&instance);
		if (rows[i].node != NULL)
			put(&instance, "nodes/a.json", rows[i].node);
		instance.repo.leapfile.environment = (char *)(uintptr_t)rows[i].pinned;
		err_free(load_all(&instance));
		CHECK_STR(whole(&instance), rows[i].want);
		instance_fini(&instance);
	}
}

TEST(the_whole_instance_is_spoken_of)
{
	struct instance	 instance;
	struct node	*node;
	struct err	*e;

	instance_init(&instance);
	fill(&instance);
	put(&instance, "nodes/a.json", "{ \"ip_address\": \"192.0.2.1\", \"services\": [\"web\"],\n"
	    "  \"domain\": { \"full\": \"a_b.example.org\" } }");
	put(&instance, "services/web/schema.json", "{ \"x-leap-needs\": [\"proxy\"] }");
	put(&instance, "services/proxy/recipee.lua", "");
	put(&instance, "services/proxy/licence", "");
	e = load_all(&instance);
	node = node_of(&instance, "a");
	e = err_join(e, config_check(instance.config, &node, 1));
	e = err_join(e, config_check_whole(instance.config, &node, 1));
	CHECK_ERR(e, "nodes/a.json:2:23: \"a_b.example.org\" is no name of a host\n"
	    "      \"domain\": { \"full\": \"a_b.example.org\" } }\n"
	    "                          ^\n"
	    "hint: names are made of letters, digits and -, with dots between them\n"
	    "nodes/a.json:1:43: service web needs service proxy, which no node without environment has\n"
	    "    { \"ip_address\": \"192.0.2.1\", \"services\": [\"web\"],\n"
	    "                                              ^\n"
	    "hint: add it to the \"services\" of a node\n"
	    "services/proxy/licence: nothing reads this file\n"
	    "hint: a service has service.json, schema.json, recipe.lua and templates/\n"
	    "services/proxy/recipee.lua: nothing reads this file\n"
	    "hint: did you mean \"recipe.lua\"?\n");
	instance_fini(&instance);
}

int
main(void)
{
	RUN(a_broken_file_leaves_the_others);
	RUN(an_instance_in_order_has_no_errors);
	RUN(consequences_are_told_apart);
	RUN(an_error_that_is_told_again_keeps_its_rule);
	RUN(ports_collide_between_owners_only);
	RUN(files_that_nothing_reads);
	RUN(what_never_applies);
	RUN(names_that_mislead);
	RUN(a_class_that_a_node_has_twice);
	RUN(environments_that_look_like_others);
	RUN(a_list_that_is_wrong_is_no_idle_node);
	RUN(macros_that_nobody_evaluates);
	RUN(a_service_that_others_need);
	RUN(what_is_said_of_names_that_mislead);
	RUN(what_is_said_of_the_whole);
	RUN(a_pinned_environment_has_nodes);
	RUN(the_whole_instance_is_spoken_of);
	return test_done();
}
