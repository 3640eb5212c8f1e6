/* test/unit: where values come from. */
/* May know config, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "instance.h"

#include "base/json.h"
#include "base/mask.h"
#include "base/strs.h"
#include "config/explain.h"

static const char *const effects[] = {
	[EXPLAIN_SETS] = "sets", [EXPLAIN_MERGES] = "merges", [EXPLAIN_ADDS] = "adds", [EXPLAIN_REMOVES] = "removes",
	[EXPLAIN_REPLACES] = "replaces", [EXPLAIN_CLEARS] = "clears", [EXPLAIN_NOTHING] = "nothing",
};

static void
add_json(struct buf *out, const json_t *value)
{
	if (value == NULL)
		buf_adds(out, "-");
	else
		json_canonical(value, out);
}

/* One line a layer: "* tag blue at tags/blue.json:2:3 adds "+list": ["x"]"; "(" around those that are overridden. */
static char *
layers_text(const struct explain *explain)
{
	struct buf text = { 0 };

	for (size_t i = 0; i < explain->layer_count; i++) {
		const struct explain_layer *layer = &explain->layers[i];

		buf_addf(&text, "%s%s at %s:%u:%u %s%s \"%s\": ", i == explain->origin ? "* " : "", layer->title,
		    layer->place.path, layer->place.line, layer->place.column, layer->overridden ? "overridden " : "",
		    effects[layer->effect], layer->key);
		add_json(&text, layer->value);
		buf_adds(&text, "\n");
	}
	if (explain->reason != NULL)
		buf_addf(&text, "%s\n", explain->reason);
	return buf_take(&text);
}

/* One line a fact, those below it indented. */
static void
add_fact(struct buf *text, const struct explain_fact *fact, unsigned indent)
{
	static const char *const types[] = {
		[EXPLAIN_PROPERTY] = "property", [EXPLAIN_SELECTION] = "nodes", [EXPLAIN_FILE] = "file",
		[EXPLAIN_SECRET] = "secret", [EXPLAIN_FUNCTION] = "function",
	};

	buf_addf(text, "%*s%s %s%s%s", (int)indent * 2, "", types[fact->type], fact->owner != NULL ? fact->owner : "",
	    fact->owner != NULL ? ":" : "", fact->name);
	if (fact->filter != NULL) {
		buf_addc(text, ' ');
		add_json(text, fact->filter);
	}
	if (fact->type == EXPLAIN_PROPERTY || fact->type == EXPLAIN_SELECTION) {
		buf_adds(text, " = ");
		add_json(text, fact->value);
	}
	if (fact->place.path != NULL)
		buf_addf(text, " at %s:%u", fact->place.path, fact->place.line);
	buf_addf(text, "%s%s%s", fact->macro != NULL ? " by " : "", fact->macro != NULL ? fact->macro : "",
	    fact->repeated ? " (repeated)" : "");
	if (fact->cut > 0)
		buf_addf(text, " (%zu more)", fact->cut);
	buf_adds(text, "\n");
	for (size_t i = 0; i < fact->fact_count; i++)
		add_fact(text, &fact->facts[i], indent + 1);
}

static void
check_layers(struct instance *instance, const char *node, const char *property, const char *want)
{
	struct explain	*explain;
	char		*got;

	if (!CHECK_OK(explain_property(&explain, explain_node(node_of(instance, node)), property, 0)))
		return;
	got = layers_text(explain);
	if (!CHECK_STR(got, want))
		printf("  for %s:%s\n", node, property);
	free(got);
	explain_free(explain);
}

static void
check_facts(struct instance *instance, const char *node, const char *property, unsigned depth, const char *want)
{
	struct explain	*explain;
	struct buf	 got = { 0 };

	if (!CHECK_OK(explain_property(&explain, explain_node(node_of(instance, node)), property, depth)))
		return;
	add_fact(&got, &explain->fact, 0);
	if (!CHECK_STR(buf_text(&got), want))
		printf("  for %s:%s\n", node, property);
	buf_fini(&got);
	explain_free(explain);
}

static void
load(struct instance *instance)
{
	instance->repo.stand_ins = true;
	if (!CHECK_OK(instance_load(instance)))
		abort();
	explain_start(instance->config);
}

/* Every kind of layer, and every way to say something. */
static void
put_layers(struct instance *instance)
{
	put(instance, "platform/common.json", "{ \"a\": 1, \"list\": [\"p\"],\n  \"o\": { \"x\": \"= 1\", \"y\": 2 },\n"
	    "  \"must\": \"REQUIRED\", \"names\": [\"REQUIRED\"] }");
	put(instance, "common.json", "{ \"a\": 2, \"+list\": [\"c\", \"d\"] }");
	put(instance, "common.live.json", "{ \"a\": 3 }");
	put(instance, "platform/services/s/service.json", "{ \"a\": 4, \"o\": { \"x\": null } }");
	put(instance, "services/s.live.json", "{ \"a\": 5, \"o\": { \"+z\": [\"s\"] } }");
	put(instance, "services/t.json", "{ \"a\": 6, \"-list\": [\"d\", \"p\", \"nothing\"], \"-none\": 1 }");
	put(instance, "tags/live.json", "{ \"environment\": \"live\", \"a\": 7, \"!o\": { \"y\": { \"k\": 1 } } }");
	put(instance, "tags/blue.json", "{\n  // say it again\n  \"a\":\n    8,\n  \"o\": { \"y\": { \"k.l\": 2 } },\n"
	    "  \"+list\": \"t\" }");
	put(instance, "nodes/web1.json", "{ \"services\": [\"s\", \"t\"], \"tags\": [\"live\", \"blue\"],\n"
	    "  \"a\": \"= list[1]\", \"list\": null,\n  \"must\": 1, \"+names\": [\"n\", { \"m\": [0, \"= a\"] }] }");
	put(instance, "nodes/web2.json", "// a node\n{ \"services\": [\"t\"], \"list\": [\"own\"], \"o\": \"= nil\" }");
}

TEST(every_layer_in_its_order)
{
	struct instance instance;

	instance_init(&instance);
	put_layers(&instance);
	load(&instance);
	check_layers(&instance, "web1", "a",
	    "common at platform/common.json:1:3 overridden sets \"a\": 1\n"
	    "common at common.json:1:3 overridden sets \"a\": 2\n"
	    "common in live at common.live.json:1:3 overridden sets \"a\": 3\n"
	    "service s at platform/services/s/service.json:1:3 overridden sets \"a\": 4\n"
	    "service s in live at services/s.live.json:1:3 overridden sets \"a\": 5\n"
	    "service t at services/t.json:1:3 overridden sets \"a\": 6\n"
	    "tag live at tags/live.json:1:26 overridden sets \"a\": 7\n"
	    "tag blue at tags/blue.json:3:3 overridden sets \"a\": 8\n"
	    "* node web1 at nodes/web1.json:2:3 sets \"a\": \"= list[1]\"\n"
	    "node web1 wins over tag blue: a node's own file comes after all other layers\n");
	check_layers(&instance, "web1", "list",
	    "common at platform/common.json:1:11 sets \"list\": [\"p\"]\n"
	    "common at common.json:1:11 adds \"+list\": [\"c\",\"d\"]\n"
	    "service t at services/t.json:1:11 removes \"-list\": [\"d\",\"p\",\"nothing\"]\n"
	    "* tag blue at tags/blue.json:6:3 adds \"+list\": \"t\"\n"
	    "node web1 at nodes/web1.json:2:21 nothing \"list\": null\n");
	check_layers(&instance, "web1", "list.1",
	    "common at platform/common.json:1:11 sets \"list\": [\"p\"]\n"
	    "* common at common.json:1:21 adds \"+list\": [\"c\",\"d\"]\n"
	    "service t at services/t.json:1:11 removes \"-list\": [\"d\",\"p\",\"nothing\"]\n"
	    "tag blue at tags/blue.json:6:3 adds \"+list\": \"t\"\n"
	    "node web1 at nodes/web1.json:2:21 nothing \"list\": null\n");
	check_layers(&instance, "web1", "list.2",
	    "common at platform/common.json:1:11 sets \"list\": [\"p\"]\n"
	    "common at common.json:1:11 adds \"+list\": [\"c\",\"d\"]\n"
	    "service t at services/t.json:1:11 removes \"-list\": [\"d\",\"p\",\"nothing\"]\n"
	    "* tag blue at tags/blue.json:6:3 adds \"+list\": \"t\"\n"
	    "node web1 at nodes/web1.json:2:21 nothing \"list\": null\n");
	check_layers(&instance, "web2", "list",
	    "common at platform/common.json:1:11 overridden sets \"list\": [\"p\"]\n"
	    "common at common.json:1:11 overridden adds \"+list\": [\"c\",\"d\"]\n"
	    "service t at services/t.json:1:11 overridden removes \"-list\": [\"d\",\"p\",\"nothing\"]\n"
	    "* node web2 at nodes/web2.json:2:22 sets \"list\": [\"own\"]\n"
	    "node web2 wins over service t: a node's own file comes after all other layers\n");
	instance_fini(&instance);
}

TEST(comments_and_escapes_are_no_obstacle)
{
	struct instance instance;

	instance_init(&instance);
	put(&instance, "nodes/web1.json", "/* \"a\": 1 */ {\n  \"\\u0061b\" /* : */ :\n  // { \"c\": 2\n"
	    "  { \"list\": [ /* 0, */ \"\\\"]\", // ]\n\t\"\\u003d 1\" ] } }");
	load(&instance);
	check_layers(&instance, "web1", "ab.list",
	    "* node web1 at nodes/web1.json:4:5 sets \"list\": [\"\\\"]\",\"= 1\"]\n");
	check_layers(&instance, "web1", "ab.list.1",
	    "* node web1 at nodes/web1.json:4:24 sets \"list\": [\"\\\"]\",\"= 1\"]\n");
	check_layers(&instance, "web1", "ab.list.2",
	    "* node web1 at nodes/web1.json:5:2 sets \"list\": [\"\\\"]\",\"= 1\"]\n");
	instance_fini(&instance);
}

TEST(objects_are_merged_and_replaced)
{
	struct instance instance;

	instance_init(&instance);
	put_layers(&instance);
	load(&instance);
	check_layers(&instance, "web1", "o.y.k",
	    "common at platform/common.json:2:22 overridden sets \"y\": 2\n"
	    "* tag live at tags/live.json:1:49 replaces \"!o.y.k\": 1\n"
	    "tag live wins over common: \"!key\" replaces whatever was there\n");
	check_layers(&instance, "web1", "o.y",
	    "common at platform/common.json:2:22 overridden sets \"y\": 2\n"
	    "tag live at tags/live.json:1:42 replaces \"!o.y\": {\"k\":1}\n"
	    "* tag blue at tags/blue.json:5:10 merges \"y\": {\"k.l\":2}\n"
	    "tag live wins over common: \"!key\" replaces whatever was there\n");
	check_layers(&instance, "web1", "o.y.k.l", "common at platform/common.json:2:22 overridden sets \"y\": 2\n"
	    "tag live at tags/live.json:1:34 overridden clears \"!o\": -\n"
	    "* tag blue at tags/blue.json:5:17 sets \"k.l\": 2\n"
	    "tag blue wins over tag live: blue comes after live in the node's list of tags\n");
	check_layers(&instance, "web2", "o",
	    "common at platform/common.json:2:3 overridden sets \"o\": {\"x\":\"= 1\",\"y\":2}\n"
	    "* node web2 at nodes/web2.json:2:39 sets \"o\": \"= nil\"\n"
	    "node web2 wins over common: a node's own file comes after all other layers\n");
	check_layers(&instance, "web1", "must",
	    "common at platform/common.json:3:3 overridden sets \"must\": \"REQUIRED\"\n"
	    "* node web1 at nodes/web1.json:3:3 sets \"must\": 1\n"
	    "node web1 wins over common: a node's own file comes after all other layers\n");
	check_layers(&instance, "web1", "names.1",
	    "common at platform/common.json:3:23 sets \"names\": [\"REQUIRED\"]\n"
	    "* node web1 at nodes/web1.json:3:25 adds \"+names\": [\"n\",{\"m\":[0,\"= a\"]}]\n");
	check_layers(&instance, "web1", "names.2.m.2",
	    "common at platform/common.json:3:23 sets \"names\": [\"REQUIRED\"]\n"
	    "* node web1 at nodes/web1.json:3:41 adds \"+names\": [\"n\",{\"m\":[0,\"= a\"]}]\n");
	instance_fini(&instance);
}

TEST(what_this_program_says_of_a_node)
{
	struct instance instance;

	instance_init(&instance);
	put_layers(&instance);
	load(&instance);
	check_layers(&instance, "web2", "name", "* leap at nodes/web2.json:2:1 sets \"name\": \"web2\"\n"
	    "the name of a node is that of its file\n");
	check_layers(&instance, "web2", "enabled", "* leap at nodes/web2.json:2:1 sets \"enabled\": true\n"
	    "no layer says anything else\n");
	check_layers(&instance, "web2", "environment", "* leap at nodes/web2.json:2:1 sets \"environment\": null\n"
	    "no layer says anything else\n");
	check_layers(&instance, "web2", "tags", "* leap at nodes/web2.json:2:1 sets \"tags\": []\n"
	    "no layer says anything else\n");
	check_layers(&instance, "web1", "environment",
	    "* tag live at tags/live.json:1:3 sets \"environment\": \"live\"\n");
	check_layers(&instance, "web1", "services.2",
	    "* node web1 at nodes/web1.json:1:21 sets \"services\": [\"s\",\"t\"]\n");
	instance_fini(&instance);
}

TEST(why_a_layer_won)
{
	static const struct { const char *path, *text, *want; } rows[] = {
		{ "common.json", "{ \"a\": 2 }", "common of the instance wins over common of the platform: the instance's file comes after the platform's" },
		{ "common.live.json", "{ \"a\": 2 }", "common in live wins over common: what is for live comes after what is for all environments" },
		{ "services/s.json", "{ \"a\": 2 }", "service s wins over common: services come after common.json" },
		{ "services/t.json", "{ \"a\": 2 }", "service t wins over common: services come after common.json" },
		{ "tags/live.json", "{ \"environment\": \"live\", \"a\": 2 }", "tag live wins over common: tags come after common.json" },
		{ "nodes/web1.json", "{ \"services\": [\"s\", \"t\"], \"tags\": [\"live\"], \"a\": 2 }",
		    "node web1 wins over common: a node's own file comes after all other layers" },
		{ "services/_p.json", "{ \"a\": 2 }",
		    "partial p wins over common: services and tags with their partials come after common.json" },
		{ "tags/live.json", "{ \"environment\": \"live\", \"!a\": 2 }",
		    "tag live wins over common: \"!key\" replaces whatever was there" },
	};
	struct instance	 instance;
	struct explain	*explain;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		instance_init(&instance);
		put(&instance, "platform/common.json", "{ \"a\": 1 }");
		put(&instance, "services/s.json", "{ \"partials\": [\"p\"] }");
		put(&instance, "services/_p.json", "{}");
		put(&instance, "services/t.json", "{}");
		put(&instance, "tags/live.json", "{ \"environment\": \"live\" }");
		put(&instance, "nodes/web1.json", "{ \"services\": [\"s\", \"t\"], \"tags\": [\"live\"] }");
		put(&instance, rows[i].path, rows[i].text);
		load(&instance);
		if (CHECK_OK(explain_property(&explain, explain_node(node_of(&instance, "web1")), "a", 0)))
			CHECK_STR(explain->reason, rows[i].want);
		explain_free(explain);
		instance_fini(&instance);
	}
}

TEST(why_a_layer_won_over_its_like)
{
	struct instance instance;

	instance_init(&instance);
	put(&instance, "services/s.json", "{ \"partials\": [\"p\", \"q\"], \"a\": 1, \"b\": 1 }");
	put(&instance, "services/t.json", "{ \"b\": 2, \"c\": 1 }");
	put(&instance, "services/_p.json", "{ \"a\": 2, \"e\": 1 }");
	put(&instance, "services/_q.json", "{ \"e\": 2 }");
	put(&instance, "tags/u.json", "{ \"c\": 2, \"d\": 1 }");
	put(&instance, "tags/v.json", "{ \"d\": 2 }");
	put(&instance, "nodes/web1.json", "{ \"services\": [\"s\", \"t\"], \"tags\": [\"v\", \"u\"] }");
	load(&instance);
	check_layers(&instance, "web1", "a", "partial p at services/_p.json:1:3 overridden sets \"a\": 2\n"
	    "* service s at services/s.json:1:27 sets \"a\": 1\nservice s wins over partial p: partials come before what names them\n");
	check_layers(&instance, "web1", "b", "service s at services/s.json:1:35 overridden sets \"b\": 1\n"
	    "* service t at services/t.json:1:3 sets \"b\": 2\nservice t wins over service s: t comes after s in the node's list of services\n");
	check_layers(&instance, "web1", "c", "service t at services/t.json:1:11 overridden sets \"c\": 1\n"
	    "* tag u at tags/u.json:1:3 sets \"c\": 2\ntag u wins over service t: tags come after services\n");
	check_layers(&instance, "web1", "d", "tag v at tags/v.json:1:3 overridden sets \"d\": 2\n"
	    "* tag u at tags/u.json:1:11 sets \"d\": 1\ntag u wins over tag v: u comes after v in the node's list of tags\n");
	check_layers(&instance, "web1", "e", "partial p at services/_p.json:1:11 overridden sets \"e\": 1\n"
	    "* partial q at services/_q.json:1:3 sets \"e\": 2\npartial q wins over partial p: it comes later\n");
	instance_fini(&instance);
}

/* Macros that read in every way there is. */
static void
put_macros(struct instance *instance)
{
	put(instance, "provider.json", "{ \"domain\": \"example.org\", \"x\": { \"y\": \"= domain\" } }");
	put(instance, "macros/own.lua", "local function inner(n) return n end\n\nfunction twice(n)\n"
	    "  return inner(n) + plus(n)\nend\nfunction plus(n) return n end\n");
	put(instance, "files/motd", "hello");
	put(instance, "services/db.json", "{ \"db\": { \"port\": 5432,\n  \"ports\": [1, \"= db.port\"] },\n"
	    "  \"full\": \"= name .. '.' .. provider.domain\" }");
	put(instance, "nodes/db1.json", "{ \"services\": [\"db\"] }");
	put(instance, "nodes/db2.json", "{ \"services\": [\"db\"] }");
	put(instance, "nodes/bad.json", "{ \"enabled\": false, \"ip\": \"192.0.2.2\",\n"
	    "  \"bad\": \"= ip .. nothing\", \"worse\": \"= 1 + bad\" }");
	put(instance, "nodes/web1.json", "{ \"ip\": \"192.0.2.1\",\n"
	    "  \"full\": \"= nodes.db1.full\",\n"
	    "  \"again\": \"= full .. nodes.db1.full\",\n"
	    "  \"dbs\": \"= nodes_like_me{services='db'}:field('full')\",\n"
	    "  \"late\": \"=> dbs[1]\",\n"
	    "  \"whole\": \"= nodes.db1.db\", \"again2\": \"= nodes.db1.db\", \"type1\": \"= type(nodes.db1.db)\", \"type2\": \"= type(nodes.db1.db)\",\n"
	    "  \"list\": \"= nodes.db1.db.ports\",\n"
	    "  \"keys\": \"= next(nodes.db1.db)\",\n"
	    "  \"got\": \"= node:get('none.at.all', ip)\",\n"
	    "  \"motd\": \"= twice(#file('motd')) .. tostring(try_file('none'))\",\n"
	    "  \"password\": \"= secret('db') .. ip\", \"url\": \"= 'x:' .. password\",\n"
	    "  \"port\": \"= services.db.db.port\", \"has\": \"= #services\",\n"
	    "  \"prov\": \"= provider.x.y\",\n"
	    "  \"try\": \"= tostring(select(2, pcall(error, ip)))\",\n"
	    "  \"all\": \"= #nodes + #nodes{full='x'}\",\n"
	    "  \"same\": \"= ip .. ip .. node.ip .. nodes.web1.ip\", \"count\": \"= #nodes{ip=secret('db')}\",\n"
	    "  \"in\": [\"= ip\", { \"a\": \"= ip\" }] }");
}

TEST(what_a_macro_read)
{
	struct instance instance;

	instance_init(&instance);
	put_macros(&instance);
	load(&instance);
	check_facts(&instance, "web1", "full", 9,
	    "property web1:full = \"db1.example.org\" at nodes/web1.json:2 by = nodes.db1.full\n"
	    "  property db1:full = \"db1.example.org\" at services/db.json:3 by = name .. '.' .. provider.domain\n"
	    "    property db1:name = \"db1\" at nodes/db1.json:1\n"
	    "    property provider:domain = \"example.org\" at provider.json:1\n");
	/* What was evaluated for another is read all the same; what was said once is not said again. */
	check_facts(&instance, "web1", "again", 9,
	    "property web1:again = \"db1.example.orgdb1.example.org\" at nodes/web1.json:3 by = full .. nodes.db1.full\n"
	    "  property web1:full = \"db1.example.org\" at nodes/web1.json:2 by = nodes.db1.full\n"
	    "    property db1:full = \"db1.example.org\" at services/db.json:3 by = name .. '.' .. provider.domain\n"
	    "      property db1:name = \"db1\" at nodes/db1.json:1\n"
	    "      property provider:domain = \"example.org\" at provider.json:1\n"
	    "  property db1:full = \"db1.example.org\" at services/db.json:3 by = name .. '.' .. provider.domain "
	    "(repeated)\n");
	check_facts(&instance, "web1", "late", 2,
	    "property web1:late = \"db1.example.org\" at nodes/web1.json:5 by => dbs[1]\n"
	    "  property web1:dbs = [\"db1.example.org\",\"db2.example.org\"] at nodes/web1.json:4 by "
	    "= nodes_like_me{services='db'}:field('full')\n"
	    "    nodes nodes_like_me {\"services\":\"db\"} = [\"db1\",\"db2\"]\n"
	    "    property db1:full = \"db1.example.org\" at services/db.json:3 by = name .. '.' .. provider.domain "
	    "(2 more)\n"
	    "    property db2:full = \"db2.example.org\" at services/db.json:3 by = name .. '.' .. provider.domain "
	    "(2 more)\n");
	check_facts(&instance, "web1", "late", 0,
	    "property web1:late = \"db1.example.org\" at nodes/web1.json:5 by => dbs[1] (1 more)\n");
	instance_fini(&instance);
}

TEST(objects_and_lists_that_a_macro_read)
{
	static const char ports[] = "    property db1:db.ports.2 = 5432 at services/db.json:2 by = db.port\n"
	    "      property db1:db.port = 5432 at services/db.json:1\n";
	struct instance	 instance;
	char		*want;

	instance_init(&instance);
	put_macros(&instance);
	load(&instance);
	want = xasprintf("property web1:whole = {\"port\":5432,\"ports\":[1,5432]} at nodes/web1.json:6 by = nodes.db1.db\n"
	    "  property db1:db = {\"port\":5432,\"ports\":[1,5432]} at services/db.json:1\n%s", ports);
	check_facts(&instance, "web1", "whole", 9, want);
	free(want);
	want = xasprintf("property web1:again2 = {\"port\":5432,\"ports\":[1,5432]} at nodes/web1.json:6 by = nodes.db1.db\n"
	    "  property db1:db = {\"port\":5432,\"ports\":[1,5432]} at services/db.json:1\n%s", ports);
	check_facts(&instance, "web1", "again2", 9, want);
	free(want);
	want = xasprintf("property web1:list = [1,5432] at nodes/web1.json:7 by = nodes.db1.db.ports\n"
	    "  property db1:db.ports = [1,5432] at services/db.json:2\n%s", ports);
	check_facts(&instance, "web1", "list", 9, want);
	check_facts(&instance, "web1", "list.2", 1,
	    "property web1:list.2 = 5432 at nodes/web1.json:7 by = nodes.db1.db.ports\n"
	    "  property db1:db.ports = [1,5432] at services/db.json:2 (1 more)\n");
	check_facts(&instance, "web1", "keys", 1,
	    "property web1:keys = \"port\" at nodes/web1.json:8 by = next(nodes.db1.db)\n"
	    "  property db1:db = {\"port\":5432,\"ports\":[1,5432]} at services/db.json:1 (1 more)\n");
	for (int i = 1; i <= 2; i++) {
		char path[] = { 't', 'y', 'p', 'e', (char)('0' + i), '\0' };

		free(want);
		want = xasprintf("property web1:%s = \"table\" at nodes/web1.json:6 by = type(nodes.db1.db)\n"
		    "  property db1:db = {\"port\":5432,\"ports\":[1,5432]} at services/db.json:1 (1 more)\n", path);
		check_facts(&instance, "web1", path, 1, want);
	}
	check_facts(&instance, "web1", "in", 9,
	    "property web1:in = [\"192.0.2.1\",{\"a\":\"192.0.2.1\"}] at nodes/web1.json:17\n"
	    "  property web1:in.1 = \"192.0.2.1\" at nodes/web1.json:17 by = ip\n"
	    "    property web1:ip = \"192.0.2.1\" at nodes/web1.json:1\n"
	    "  property web1:in.2.a = \"192.0.2.1\" at nodes/web1.json:17 by = ip\n"
	    "    property web1:ip = \"192.0.2.1\" at nodes/web1.json:1\n");
	free(want);
	instance_fini(&instance);
}

TEST(what_is_read_twice_is_said_once)
{
	struct instance instance;

	instance_init(&instance);
	put_macros(&instance);
	load(&instance);
	check_facts(&instance, "web1", "same", 9,
	    "property web1:same = \"192.0.2.1192.0.2.1192.0.2.1192.0.2.1\" at nodes/web1.json:16 by "
	    "= ip .. ip .. node.ip .. nodes.web1.ip\n"
	    "  property web1:ip = \"192.0.2.1\" at nodes/web1.json:1\n");
	instance_fini(&instance);
}

TEST(all_else_that_a_macro_can_read)
{
	struct instance instance;

	instance_init(&instance);
	put_macros(&instance);
	load(&instance);
	check_facts(&instance, "web1", "got", 9,
	    "property web1:got = \"192.0.2.1\" at nodes/web1.json:9 by = node:get('none.at.all', ip)\n"
	    "  property web1:ip = \"192.0.2.1\" at nodes/web1.json:1\n"
	    "  property web1:none.at.all = -\n");
	check_facts(&instance, "web1", "motd", 9,
	    "property web1:motd = \"10nil\" at nodes/web1.json:10 by = twice(#file('motd')) .. tostring(try_file('none'))\n"
	    "  function twice at macros/own.lua:3\n"
	    "  file files/motd:motd\n"
	    "  function plus at macros/own.lua:6\n"
	    "  file none\n");
	check_facts(&instance, "web1", "port", 9,
	    "property web1:port = 5432 at nodes/web1.json:12 by = services.db.db.port\n"
	    "  property services.db:db.port = 5432 at services/db.json:1\n");
	check_facts(&instance, "web1", "has", 9, "property web1:has = 0 at nodes/web1.json:12 by = #services\n"
	    "  property web1:services = [] at nodes/web1.json:1\n");
	check_facts(&instance, "web1", "prov", 9,
	    "property web1:prov = \"example.org\" at nodes/web1.json:13 by = provider.x.y\n"
	    "  property provider:x.y = \"example.org\" at provider.json:1 by = domain\n"
	    "    property provider:domain = \"example.org\" at provider.json:1\n");
	check_facts(&instance, "web1", "all", 9, "property web1:all = 3 at nodes/web1.json:15 by = #nodes + #nodes{full='x'}\n"
	    "  nodes nodes = [\"db1\",\"db2\",\"web1\"]\n"
	    "  nodes nodes {\"full\":\"x\"} = []\n");
	instance_fini(&instance);
}

TEST(secrets_do_not_show)
{
	struct instance	 instance;
	struct explain	*explain;
	struct buf	 text = { 0 };

	instance_init(&instance);
	put_macros(&instance);
	load(&instance);
	if (CHECK_OK(explain_property(&explain, explain_node(node_of(&instance, "web1")), "url", 9))) {
		add_fact(&text, &explain->fact, 0);
		mask_apply(&text);
		CHECK_STR(buf_text(&text),
		    "property web1:url = \"x:[secret]192.0.2.1\" at nodes/web1.json:11 by = 'x:' .. password\n"
		    "  property web1:password = \"[secret]192.0.2.1\" at nodes/web1.json:11 by = secret('db') .. ip\n"
		    "    secret default:db\n"
		    "    property web1:ip = \"192.0.2.1\" at nodes/web1.json:1\n");
	}
	explain_free(explain);
	buf_clear(&text);
	/* The macro has run twice, with the secret and with another in its place. */
	if (CHECK_OK(explain_property(&explain, explain_node(node_of(&instance, "web1")), "count", 9))) {
		add_fact(&text, &explain->fact, 0);
		mask_apply(&text);
		CHECK_STR(buf_text(&text), "property web1:count = 0 at nodes/web1.json:16 by = #nodes{ip=secret('db')}\n"
		    "  secret default:db\n"
		    "  nodes nodes {\"ip\":\"[secret]\"} = []\n");
	}
	explain_free(explain);
	buf_fini(&text);
	instance_fini(&instance);
	mask_fini();
}

TEST(what_fails_is_explained_too)
{
	struct instance	 instance;
	struct explain	*explain;
	struct buf	 text = { 0 };

	instance_init(&instance);
	put_macros(&instance);
	load(&instance);
	if (CHECK_OK(explain_property(&explain, explain_node(node_of(&instance, "bad")), "worse", 9))) {
		add_fact(&text, &explain->fact, 0);
		CHECK_STR(buf_text(&text), "property bad:worse = - at nodes/bad.json:2 by = 1 + bad\n"
		    "  property bad:bad = - at nodes/bad.json:2 by = ip .. nothing\n"
		    "    property bad:ip = \"192.0.2.2\" at nodes/bad.json:1\n");
		CHECK_ERR(explain->fact.error, "nodes/bad.json:2:10: nothing is called \"nothing\"\n"
		    "      \"bad\": \"= ip .. nothing\", \"worse\": \"= 1 + bad\" }\n             ^\n"
		    "hint: did you mean \"string\"?\n");
		explain->fact.error = NULL;
	}
	explain_free(explain);
	CHECK_ERR(explain_property(&explain, explain_node(node_of(&instance, "web1")), "ful", 9),
	    "node web1 has no property \"ful\"\nhint: did you mean \"full\"?\n");
	CHECK_ERR(explain_property(&explain, explain_node(node_of(&instance, "web1")), "in.3", 9),
	    "node web1 has no property \"in.3\"\n");
	CHECK_ERR(explain_property(&explain, explain_node(node_of(&instance, "web1")), "list.1.x", 9),
	    "node web1 has no property \"list.1.x\"\n");
	buf_fini(&text);
	instance_fini(&instance);
}

TEST(a_dotted_key_beside_a_macro)
{
	struct instance instance;

	instance_init(&instance);
	put(&instance, "nodes/web1.json", "{ \"o\": { \"a\": \"= { c = 1 }\",\n  \"a.b\": 2,\n  \"a.c\": 3 } }");
	load(&instance);
	check_layers(&instance, "web1", "o.a.b", "* node web1 at nodes/web1.json:2:3 sets \"a.b\": 2\n");
	check_layers(&instance, "web1", "o.a.c", "* node web1 at nodes/web1.json:1:10 sets \"a\": \"= { c = 1 }\"\n");
	instance_fini(&instance);
}

/* The line of a file, without newline, the caller's, free(). */
static char *
line_of(const struct explain_place *place)
{
	const char *line = buf_text(place->text);

	for (unsigned i = 1; i < place->line && line != NULL; i++)
		line = (line = strchr(line, '\n')) != NULL ? line + 1 : NULL;
	return line == NULL ? xstrdup("") : xstrndup(line, strcspn(line, "\n"));
}

/* The line must hold the key, or the macro, or the element; of what this program says itself, the object's begin. */
static void
check_line(const struct explain *explain, const char *property)
{
	const struct explain_fact	*fact = &explain->fact;
	const struct explain_layer	*layer = &explain->layers[explain->origin];
	const char			*last = strrchr(property, '.'), *key = last == NULL ? property : last + 1;
	struct buf			 want = { 0 };
	char				*line;
	json_t				*macro;

	if (!CHECK(fact->place.path != NULL) || !CHECK(explain->origin < explain->layer_count))
		return;
	line = line_of(&fact->place);
	if (strcmp(layer->title, "leap") == 0) {
		buf_adds(&want, "{");
	} else if (fact->macro != NULL) {
		macro = json_string(fact->macro);
		json_canonical(macro, &want);
		json_decref(macro);
	} else if (strspn(key, "0123456789") == strlen(key)) {
		add_json(&want, explain->merged);
	} else
		buf_addf(&want, "%s\"", key);
	if (!CHECK(strstr(line, buf_text(&want)) != NULL))
		printf("  %s is not in %s:%u: %s\n", buf_text(&want), fact->place.path, fact->place.line, line);
	free(line);
	buf_fini(&want);
}

/* Every value below the property, and every element of every list. */
static size_t
walk(struct scope *scope, const char *property)
{
	struct strs	 leaves = { 0 };
	struct explain	*explain;
	size_t		 count = 0;
	char		*element;

	CHECK_OK(explain_leaves(&leaves, scope, property));
	for (size_t i = 0; i < leaves.count; i++, count++) {
		if (!CHECK_OK(explain_property(&explain, scope, leaves.items[i], 1)))
			continue;
		check_line(explain, leaves.items[i]);
		for (size_t j = 0; j < json_array_size(explain->fact.value); j++) {
			element = xasprintf("%s.%zu", leaves.items[i], j + 1);
			count += walk(scope, element);
			free(element);
		}
		explain_free(explain);
	}
	strs_fini(&leaves);
	return count;
}

TEST(every_value_has_its_line)
{
	struct instance	 instance;
	struct node	**nodes;
	size_t		 values = 0;

	instance_init(&instance);
	put_layers(&instance);
	put_macros(&instance);
	put(&instance, "nodes/web3.json", "{ \"services\": [\"s\", \"t\"], \"tags\": [\"live\", \"blue\"], \"enabled\": false,\n"
	    "  \"many\": [[1, [2,\"= a\"]], {\"k\": [{}]}], \"lists\":\n    [\n    \"x\",\n    \"y\" // z\n    ],\n"
	    "  \"!o\": { \"= x\": \"=> 1\" } }");
	load(&instance);
	for (size_t i = 0; i < config_nodes(instance.config, &nodes); i++)
		values += walk(explain_node(nodes[i]), "");
	values += walk(explain_provider(instance.config, "live"), "");
	CHECK(values > 100);
	instance_fini(&instance);
	mask_fini();
}

int
main(void)
{
	json_setup();
	RUN(every_layer_in_its_order);
	RUN(comments_and_escapes_are_no_obstacle);
	RUN(objects_are_merged_and_replaced);
	RUN(what_this_program_says_of_a_node);
	RUN(why_a_layer_won);
	RUN(why_a_layer_won_over_its_like);
	RUN(what_a_macro_read);
	RUN(objects_and_lists_that_a_macro_read);
	RUN(what_is_read_twice_is_said_once);
	RUN(all_else_that_a_macro_can_read);
	RUN(secrets_do_not_show);
	RUN(what_fails_is_explained_too);
	RUN(a_dotted_key_beside_a_macro);
	RUN(every_value_has_its_line);
	return test_done();
}
