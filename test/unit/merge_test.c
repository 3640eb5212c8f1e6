/* test/unit: how layers are put over one another. */
/* May know config, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "instance.h"

#include "base/json.h"

struct row {
	const char *below, *above;	/* common.json and the node's file */
	const char *property, *want;
};

/* Load a node over common.json; both are one line each. */
NODISCARD
static struct err *
load(struct instance *instance, const char *below, const char *above)
{
	put(instance, "common.json", below);
	put(instance, "nodes/n.json", above);
	return instance_load(instance);
}

TEST(each_rule)
{
	static const struct row rows[] = {
		/* objects merge key by key, at any depth */
		{ "{\"o\": {\"a\": 1, \"b\": {\"c\": 2}}}", "{\"o\": {\"b\": {\"d\": 3}}}", "o",
		    "{\"a\":1,\"b\":{\"c\":2,\"d\":3}}" },
		/* arrays and scalars replace */
		{ "{\"x\": [1, 2]}", "{\"x\": [3]}", "x", "[3]" },
		{ "{\"x\": [1, 2]}", "{\"x\": []}", "x", "[]" },
		{ "{\"x\": \"a\"}", "{\"x\": \"b\"}", "x", "\"b\"" },
		{ "{\"x\": true}", "{\"x\": false}", "x", "false" },
		{ "{\"x\": 1}", "{\"x\": 1.5}", "x", "1.5" },
		{ "{\"x\": 1.5}", "{\"x\": 1}", "x", "1" },
		/* null never overrides, and gives way to everything */
		{ "{\"x\": 1}", "{\"x\": null}", "x", "1" },
		{ "{\"x\": {\"y\": 1}}", "{\"x\": {\"y\": null}}", "x.y", "1" },
		{ "{\"x\": null}", "{\"x\": {\"y\": 1}}", "x", "{\"y\":1}" },
		{ "{}", "{\"x\": null}", "x", "null" },
		/* a macro may stand for any type, and so may REQUIRED */
		{ "{\"x\": \"= {1}\"}", "{\"x\": 5}", "x", "5" },
		{ "{\"x\": {\"y\": 1}}", "{\"x\": \"= 5\"}", "x", "5" },
		{ "{\"x\": \"REQUIRED\"}", "{\"x\": 5}", "x", "5" },
		{ "{\"x\": \"REQUIRED\"}", "{\"x\": {\"y\": [1]}}", "x", "{\"y\":[1]}" },
		/* + adds without doubles, and makes a list */
		{ "{\"x\": [1, 2]}", "{\"+x\": [2, 3]}", "x", "[1,2,3]" },
		{ "{\"x\": [1]}", "{\"+x\": 2}", "x", "[1,2]" },
		{ "{}", "{\"+x\": [\"a\", \"a\"]}", "x", "[\"a\"]" },
		{ "{\"x\": null}", "{\"+x\": [\"a\"]}", "x", "[\"a\"]" },
		{ "{\"x\": [\"REQUIRED\"]}", "{\"+x\": [\"a\"]}", "x", "[\"a\"]" },
		{ "{\"x\": \"REQUIRED\"}", "{\"+x\": [\"a\"]}", "x", "[\"a\"]" },
		{ "{\"x\": [{\"a\": 1}]}", "{\"+x\": [{\"a\": 1}, {\"a\": 2}]}", "x", "[{\"a\":1},{\"a\":2}]" },
		{ "{\"o\": {\"x\": [1]}}", "{\"o\": {\"+x\": [2]}}", "o", "{\"x\":[1,2]}" },
		{ "{}", "{\"o\": {\"p\": {\"+x\": [2]}}}", "o", "{\"p\":{\"x\":[2]}}" },
		{ "{\"x\": [1]}", "{\"+x\": [\"= 1 + 1\"]}", "x", "[1,2]" },
		/* - takes away */
		{ "{\"x\": [1, 2, 3]}", "{\"-x\": [2, 9]}", "x", "[1,3]" },
		{ "{\"x\": [1, 2]}", "{\"-x\": 2}", "x", "[1]" },
		{ "{\"x\": [1]}", "{\"-x\": [1]}", "x", "[]" },
		{ "{\"y\": 1}", "{\"-x\": [1]}", "y", "1" },
		/* both, in the order of the file */
		{ "{\"x\": [1, 2]}", "{\"-x\": [1], \"+x\": [3]}", "x", "[2,3]" },
		/* ! replaces anything */
		{ "{\"x\": {\"a\": 1}}", "{\"!x\": {\"b\": 2}}", "x", "{\"b\":2}" },
		{ "{\"x\": {\"a\": 1}}", "{\"!x\": 5}", "x", "5" },
		{ "{\"x\": [1]}", "{\"!x\": \"t\"}", "x", "\"t\"" },
		{ "{\"x\": 1}", "{\"!x\": null}", "x", "null" },
		{ "{\"x\": 1}", "{\"!x\": {\"+y\": [1]}}", "x", "{\"y\":[1]}" },
		/* a prefix alone is a key like any other */
	};
	struct instance instance;

	instance_init(&instance);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!CHECK_OK(load(&instance, rows[i].below, rows[i].above)) ||
		    !CHECK_STR(value_of(&instance, "n", rows[i].property), rows[i].want))
			printf("  by %s over %s\n", rows[i].above, rows[i].below);
	}
	instance_fini(&instance);
}

TEST(each_clash_is_told_with_both_places)
{
	static const struct { const char *below, *above, *want; } rows[] = {
		{ "{\"o\": {\"x\": [1]}}", "{\"o\": {\"x\": {\"a\": 1}}}",
		    "nodes/n.json:1:13: \"o.x\" is an object here, but a list in the layers below\n"
		    "    {\"o\": {\"x\": {\"a\": 1}}}\n                ^\n"
		    "  common.json:1:13: it is set here before\nhint: \"!key\" replaces whatever was there\n" },
		{ "{\"x\": \"a\"}", "{\"x\": 1}",
		    "nodes/n.json:1:7: \"x\" is a number here, but a text in the layers below\n    {\"x\": 1}\n          ^\n"
		    "  common.json:1:7: it is set here before\nhint: \"!key\" replaces whatever was there\n" },
		{ "{\"x\": {}}", "{\"x\": true}",
		    "nodes/n.json:1:7: \"x\" is true or false here, but an object in the layers below\n    {\"x\": true}\n"
		    "          ^\n  common.json:1:7: it is set here before\nhint: \"!key\" replaces whatever was there\n" },
		{ "{\"x\": 1}", "{\"+x\": [2]}",
		    "nodes/n.json:1:8: \"+x\" adds to a list, but \"x\" is a number\n    {\"+x\": [2]}\n           ^\n"
		    "  common.json:1:7: it is set here before\nhint: \"!key\" replaces whatever was there\n" },
		{ "{\"x\": \"= {}\"}", "{\"+x\": [2]}",
		    "nodes/n.json:1:8: \"+x\" adds to a list, but \"x\" is a macro\n    {\"+x\": [2]}\n           ^\n"
		    "  common.json:1:7: it is set here before\nhint: \"!key\" replaces whatever was there\n" },
		{ "{\"x\": [1]}", "{\"+x\": {\"a\": 1}}",
		    "nodes/n.json:1:8: \"+x\" cannot add an object\n    {\"+x\": {\"a\": 1}}\n           ^\n"
		    "  common.json:1:7: it is set here before\nhint: give it a list of what is to be added\n" },
		{ "{\"o\": {\"x\": \"a\"}}", "{\"o\": {\"-x\": [1]}}",
		    "nodes/n.json:1:14: \"-x\" takes from a list, but \"x\" is a text\n    {\"o\": {\"-x\": [1]}}\n"
		    "                 ^\n  common.json:1:13: it is set here before\n"
		    "hint: \"!key\" replaces whatever was there\n" },
	};
	struct instance instance;

	instance_init(&instance);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_ERR(load(&instance, rows[i].below, rows[i].above), rows[i].want);
	instance_fini(&instance);
}

TEST(layers_apply_in_their_order)
{
	struct instance instance;

	instance_init(&instance);
	put(&instance, "platform/common.json", "{\"x\": \"1\", \"way\": [\"p/common\"], \"a\": \"p/common\"}");
	put(&instance, "common.json", "{\"x\": \"2\", \"+way\": [\"common\"], \"b\": \"common\"}");
	put(&instance, "common.live.json", "{\"x\": \"3\", \"+way\": [\"common.live\"]}");
	put(&instance, "platform/services/s/service.json", "{\"x\": \"4\", \"+way\": [\"p/s\"]}");
	put(&instance, "services/s.json", "{\"x\": \"5\", \"+way\": [\"s\"]}");
	put(&instance, "services/s.live.json", "{\"x\": \"6\", \"+way\": [\"s.live\"]}");
	put(&instance, "services/r.json", "{\"x\": \"7\", \"+way\": [\"r\"]}");
	put(&instance, "platform/tags/t.json", "{\"x\": \"8\", \"+way\": [\"p/t\"]}");
	put(&instance, "tags/t.json", "{\"x\": \"9\", \"+way\": [\"t\"], \"environment\": \"live\"}");
	put(&instance, "tags/t.live.json", "{\"x\": \"10\", \"+way\": [\"t.live\"]}");
	put(&instance, "tags/t.other.json", "{\"x\": \"no\", \"+way\": [\"t.other\"]}");
	put(&instance, "nodes/n.json", "{\"services\": [\"s\", \"r\"], \"tags\": [\"t\"], \"+way\": [\"n\"], \"x\": \"11\"}");
	put(&instance, "nodes/m.json", "{\"services\": [\"r\", \"s\"], \"+way\": [\"m\"]}");
	if (CHECK_OK(instance_load(&instance))) {
		CHECK_STR(value_of(&instance, "n", "way"), "[\"p/common\",\"common\",\"common.live\",\"p/s\",\"s\",\"s.live\","
		    "\"r\",\"p/t\",\"t\",\"t.live\",\"n\"]");
		CHECK_STR(value_of(&instance, "n", "x"), "\"11\"");
		CHECK_STR(value_of(&instance, "n", "environment"), "\"live\"");
		CHECK_STR(value_of(&instance, "m", "way"), "[\"p/common\",\"common\",\"r\",\"p/s\",\"s\",\"m\"]");
		CHECK_STR(value_of(&instance, "m", "x"), "\"5\"");
		CHECK_STR(value_of(&instance, "m", "environment"), "null");
	}
	instance_fini(&instance);
}

TEST(an_instance_replaces_a_service_whole)
{
	struct instance instance;

	instance_init(&instance);
	put(&instance, "platform/services/s/service.json", "{\"a\": 1}");
	put(&instance, "services/s/service.json", "{\"b\": 2}");
	put(&instance, "services/s.json", "{\"c\": 3}");
	put(&instance, "nodes/n.json", "{\"services\": [\"s\"]}");
	if (CHECK_OK(instance_load(&instance))) {
		CHECK_STR(value_of(&instance, "n", "b"), "2");
		CHECK_STR(value_of(&instance, "n", "c"), "3");
		CHECK_STR(value_of(&instance, "n", "a"), "node n has no property \"a\"\nhint: did you mean \"b\"?\n");
	}
	instance_fini(&instance);
}

TEST(what_did_not_change_is_shared)
{
	struct instance	 instance;
	json_t		*n, *m;

	instance_init(&instance);
	put(&instance, "common.json", "{\"big\": {\"a\": {\"b\": 1}}, \"o\": {\"p\": {\"q\": 1}, \"r\": 1}}");
	put(&instance, "nodes/n.json", "{\"o\": {\"r\": 2}, \"big\": {}}");
	put(&instance, "nodes/m.json", "{}");
	if (CHECK_OK(instance_load(&instance))) {
		CHECK_OK(node_get(node_of(&instance, "n"), "big", &n));
		CHECK_OK(node_get(node_of(&instance, "m"), "big", &m));
		CHECK(n == m);
		CHECK_OK(node_get(node_of(&instance, "n"), "o.p", &n));
		CHECK_OK(node_get(node_of(&instance, "m"), "o.p", &m));
		CHECK(n == m);
		CHECK_OK(node_get(node_of(&instance, "n"), "o", &n));
		CHECK_OK(node_get(node_of(&instance, "m"), "o", &m));
		CHECK(n != m);
	}
	instance_fini(&instance);
}

TEST(a_key_that_looks_like_a_known_one_is_a_warning)
{
	struct instance	 instance;
	struct buf	 text = { 0 };

	instance_init(&instance);
	CHECK_OK(load(&instance, "{\"services\": [], \"domain\": {\"aliases\": []}, \"ports\": 1}",
	    "{\n\"servics\": [], \"own\": 1, \"quite_different\": 1,\n\"domain\": {\"aliasses\": []}, \"ports\": 2, "
	    "\"port5\": 3}"));
	if (CHECK(config_warnings(instance.config) != NULL)) {
		err_format(config_warnings(instance.config), &text);
		CHECK_STR(buf_text(&text),
		    "nodes/n.json:2:12: nothing else knows \"servics\"\n"
		    "    \"servics\": [], \"own\": 1, \"quite_different\": 1,\n               ^\n"
		    "hint: did you mean \"services\"?\n"
		    "nodes/n.json:3:24: nothing else knows \"domain.aliasses\"\n"
		    "    \"domain\": {\"aliasses\": []}, \"ports\": 2, \"port5\": 3}\n                           ^\n"
		    "hint: did you mean \"aliases\"?\n");
	}
	buf_fini(&text);
	instance_fini(&instance);
}

int
main(void)
{
	json_setup();
	RUN(each_rule);
	RUN(each_clash_is_told_with_both_places);
	RUN(layers_apply_in_their_order);
	RUN(an_instance_replaces_a_service_whole);
	RUN(what_did_not_change_is_shared);
	RUN(a_key_that_looks_like_a_known_one_is_a_warning);
	return test_done();
}
