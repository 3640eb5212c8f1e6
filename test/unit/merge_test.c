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
		{ "{\"x\": [\"= 1 + 1\"]}", "{\"+x\": [\"= 1 + 1\", 3]}", "x", "[2,3]" },
		{ "{\"x\": [1, 1]}", "{\"+x\": [2]}", "x", "[1,2]" },
		{ "{\"x\": []}", "{\"+x\": \"REQUIRED\"}", "x", "[]" },
		{ "{\"x\": [1]}", "{\"+x\": [null]}", "x", "[1,null]" },
		/* - takes away */
		{ "{\"x\": [1, 2, 3]}", "{\"-x\": [2, 9]}", "x", "[1,3]" },
		{ "{\"x\": [1, 2]}", "{\"-x\": 2}", "x", "[1]" },
		{ "{\"x\": [1]}", "{\"-x\": [1]}", "x", "[]" },
		{ "{\"x\": [1, \"a\", 1]}", "{\"-x\": [1]}", "x", "[\"a\"]" },
		{ "{\"x\": [{\"a\": 1}, 2]}", "{\"-x\": {\"a\": 1}}", "x", "[2]" },
		{ "{\"x\": [\"= 1 + 1\", 3]}", "{\"-x\": \"= 1 + 1\"}", "x", "[3]" },
		{ "{\"x\": null}", "{\"-x\": [1]}", "x", "null" },
		{ "{\"o\": {\"x\": [1, 2]}}", "{\"o\": {\"-x\": [2]}}", "o", "{\"x\":[1]}" },
		{ "{\"y\": 1}", "{\"-x\": [1]}", "y", "1" },
		/* both, in the order of the file */
		{ "{\"x\": [1, 2]}", "{\"-x\": [1], \"+x\": [3]}", "x", "[2,3]" },
		/* ! replaces anything */
		{ "{\"x\": {\"a\": 1}}", "{\"!x\": {\"b\": 2}}", "x", "{\"b\":2}" },
		{ "{\"x\": {\"a\": 1}}", "{\"!x\": 5}", "x", "5" },
		{ "{\"x\": [1]}", "{\"!x\": \"t\"}", "x", "\"t\"" },
		{ "{\"x\": 1}", "{\"!x\": null}", "x", "null" },
		{ "{\"x\": 1}", "{\"!x\": {\"+y\": [1]}}", "x", "{\"y\":[1]}" },
		{ "{}", "{\"!x\": 5}", "x", "5" },
		{ "{\"o\": {\"x\": {\"a\": 1}, \"y\": 2}}", "{\"o\": {\"!x\": [3]}}", "o", "{\"x\":[3],\"y\":2}" },
		{ "{\"x\": {\"a\": 1}}", "{\"!x\": \"= 1 + 1\"}", "x", "2" },
		/* prefixes are used up everywhere */
		{ "{\"x\": 1}", "{\"!x\": [{\"+y\": [1]}]}", "x", "[{\"y\":[1]}]" },
		{ "{\"x\": [1]}", "{\"x\": [[{\"!y\": 1}], 2]}", "x", "[[{\"y\":1}],2]" },
		{ "{\"x\": [1]}", "{\"+x\": [{\"-y\": 1, \"+z\": 1}]}", "x", "[1,{\"z\":[1]}]" },
		{ "{}", "{\"x\": [{\"+y\": [1]}]}", "x", "[{\"y\":[1]}]" },
		/* what only looks like a macro is a text */
		{ "{\"x\": \"=5\"}", "{\"x\": \"a\"}", "x", "\"a\"" },
		{ "{\"x\": \"=>5\"}", "{\"x\": \"=>a\"}", "x", "\"=>a\"" },
		{ "{\"x\": {\"a\": 1}}", "{\"x\": \"=> 5\"}", "x", "5" },
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
		{ "{\"x\": \"=5\"}", "{\"x\": 1}",
		    "nodes/n.json:1:7: \"x\" is a number here, but a text in the layers below\n    {\"x\": 1}\n          ^\n"
		    "  common.json:1:7: it is set here before\nhint: \"!key\" replaces whatever was there\n" },
		{ "{}", "{\"o\": {\"-\": [2]}}",
		    "nodes/n.json:1:8: \"-\" without the name of a property behind it\n    {\"o\": {\"-\": [2]}}\n"
		    "           ^\n" },
		{ "{}", "{\"!o\": {\"+x\": [1], \"y\": [{\"+z\": {}}]}}",
		    "nodes/n.json:1:33: \"+z\" cannot add an object\n"
		    "    {\"!o\": {\"+x\": [1], \"y\": [{\"+z\": {}}]}}\n                                    ^\n"
		    "hint: give it a list of what is to be added\n" },
		{ "{}", "{\"y\": [{\"+z\": [1]}, {\"+z\": {}}]}",
		    "nodes/n.json:1:28: \"+z\" cannot add an object\n"
		    "    {\"y\": [{\"+z\": [1]}, {\"+z\": {}}]}\n                               ^\n"
		    "hint: give it a list of what is to be added\n" },
		{ "{\"x\": true}", "{\"x\": null, \"y\": 1, \"+x\": 1}",
		    "nodes/n.json:1:27: \"+x\" adds to a list, but \"x\" is true or false\n"
		    "    {\"x\": null, \"y\": 1, \"+x\": 1}\n                              ^\n"
		    "  common.json:1:7: it is set here before\nhint: \"!key\" replaces whatever was there\n" },
		{ "{\"x\": [1]}", "{\"+x\": null}",
		    "nodes/n.json:1:8: \"+x\" cannot add null\n    {\"+x\": null}\n           ^\n"
		    "  common.json:1:7: it is set here before\nhint: give it a list of what is to be added\n" },
		{ "{\"x\": [1]}", "{\"+x\": \"= {2}\"}",
		    "nodes/n.json:1:8: \"+x\" cannot add a macro\n    {\"+x\": \"= {2}\"}\n           ^\n"
		    "  common.json:1:7: it is set here before\n"
		    "hint: put the macro into a list, [\"= ...\"], to add what it gives\n" },
		{ "{\"x\": \"= {1}\"}", "{\"-x\": [1]}",
		    "nodes/n.json:1:8: \"-x\" takes from a list, but \"x\" is a macro\n    {\"-x\": [1]}\n           ^\n"
		    "  common.json:1:7: it is set here before\nhint: \"!key\" replaces whatever was there\n" },
		{ "{\"x\": {}}", "{\"-x\": [1]}",
		    "nodes/n.json:1:8: \"-x\" takes from a list, but \"x\" is an object\n    {\"-x\": [1]}\n           ^\n"
		    "  common.json:1:7: it is set here before\nhint: \"!key\" replaces whatever was there\n" },
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

/* What a layer of the next test must have in any case. */
static const char *
empty_of(const char *layer)
{
	if (strcmp(layer, "services/s.json") == 0)
		return "{ \"partials\": [\"p\"] }";
	if (strcmp(layer, "nodes/n.json") == 0)
		return "{ \"services\": [\"s\"], \"tags\": [\"t\"], \"environment\": \"live\" }";
	return "{}";
}

/* Each prefix in each kind of layer, at the top and further down. */
TEST(prefixes_work_in_every_layer)
{
	static const char *const layers[] = { "common.json", "common.live.json", "platform/services/s/service.json",
	    "services/s.json", "services/s.live.json", "platform/services/_p.json", "services/_p.json",
	    "services/_p.live.json", "platform/tags/t.json", "tags/t.json", "tags/t.live.json", "nodes/n.json" };
	static const char	 fields[] = "\"+a\": [3], \"-b\": [1], \"!c\": 5, \"o\": { \"+a\": [3], \"-b\": [1], \"!c\": 5 } }";
	struct instance		 instance;
	char			*text;

	instance_init(&instance);
	put(&instance, "platform/common.json", "{ \"a\": [1], \"b\": [1, 2], \"c\": {},\n"
	    "  \"o\": { \"a\": [1], \"b\": [1, 2], \"c\": {} } }");
	for (size_t i = 0; i < ARRAY_LEN(layers); i++)
		put(&instance, layers[i], empty_of(layers[i]));
	for (size_t i = 0; i < ARRAY_LEN(layers); i++) {
		const char *empty = empty_of(layers[i]);

		text = xasprintf("%.*s%s%s", (int)strlen(empty) - 1, empty, strlen(empty) > 2 ? ", " : "", fields);
		put(&instance, layers[i], text);
		free(text);
		if (!CHECK_OK(instance_load(&instance)) ||
		    !CHECK_STR(value_of(&instance, "n", "o"), "{\"a\":[1,3],\"b\":[2],\"c\":5}") ||
		    !CHECK_STR(value_of(&instance, "n", "a"), "[1,3]") ||
		    !CHECK_STR(value_of(&instance, "n", "b"), "[2]") || !CHECK_STR(value_of(&instance, "n", "c"), "5"))
			printf("  in %s\n", layers[i]);
		put(&instance, layers[i], empty);
	}
	instance_fini(&instance);
}

TEST(prefixes_work_on_the_lists_of_services_and_tags)
{
	struct instance instance;

	instance_init(&instance);
	put(&instance, "platform/common.json", "{\"services\": [\"a\"]}");
	put(&instance, "common.json", "{\"tags\": [\"t\", \"u\"]}");
	put(&instance, "services/a.json", "{\"a\": 1}");
	put(&instance, "services/b.json", "{\"b\": 1}");
	put(&instance, "tags/t.json", "{\"t\": 1}");
	put(&instance, "tags/u.json", "{\"u\": 1}");
	put(&instance, "nodes/n.json", "{\"+services\": [\"b\"], \"-tags\": [\"t\"]}");
	put(&instance, "nodes/m.json", "{\"!services\": [\"b\"], \"tags\": []}");
	if (CHECK_OK(instance_load(&instance))) {
		CHECK_STR(value_of(&instance, "n", ""), "{\"a\":1,\"b\":1,\"enabled\":true,\"environment\":null,"
		    "\"name\":\"n\",\"services\":[\"a\",\"b\"],\"tags\":[\"u\"],\"u\":1}");
		CHECK_STR(value_of(&instance, "m", ""), "{\"b\":1,\"enabled\":true,\"environment\":null,"
		    "\"name\":\"m\",\"services\":[\"b\"],\"tags\":[]}");
	}
	instance_fini(&instance);
}

TEST(the_provider_has_layers_of_its_own)
{
	struct instance instance;

	instance_init(&instance);
	put(&instance, "platform/provider.json", "{\"a\": 1, \"b\": 1, \"c\": 1, \"way\": [\"p\"]}");
	put(&instance, "provider.json", "{\"b\": 2, \"c\": 2, \"+way\": [\"i\"]}");
	put(&instance, "provider.live.json", "{\"c\": 3, \"+way\": [\"live\"]}");
	put(&instance, "provider.test.json", "{\"c\": 4}");
	put(&instance, "nodes/n.json", "{\"x\": \"= provider\"}");
	put(&instance, "nodes/m.json", "{\"x\": \"= provider\", \"environment\": \"live\"}");
	if (CHECK_OK(instance_load(&instance))) {
		CHECK_STR(value_of(&instance, "n", "x"), "{\"a\":1,\"b\":2,\"c\":2,\"way\":[\"p\",\"i\"]}");
		CHECK_STR(value_of(&instance, "m", "x"), "{\"a\":1,\"b\":2,\"c\":3,\"way\":[\"p\",\"i\",\"live\"]}");
	}
	instance_fini(&instance);
}

/* Where each file puts its name at the end of "way", that is the order in which they apply. */
TEST(partials_apply_right_below_the_file_that_names_them)
{
	struct instance instance;

	instance_init(&instance);
	put(&instance, "common.json", "{\"way\": []}");
	put(&instance, "platform/services/_p.json", "{\"+way\": [\"p/_p\"], \"x\": 1, \"y\": 1}");
	put(&instance, "services/_p.json", "{\"+way\": [\"_p\"]}");
	put(&instance, "services/_p.live.json", "{\"+way\": [\"_p.live\"]}");
	put(&instance, "services/_q.json", "{\"+way\": [\"_q\"]}");
	put(&instance, "services/_r.json", "{\"+way\": [\"_r\"]}");
	put(&instance, "platform/services/s/service.json", "{\"partials\": [\"q\", \"p\"], \"+way\": [\"p/s\"], \"x\": 2}");
	put(&instance, "services/s.json", "{\"+way\": [\"s\"]}");
	put(&instance, "services/s.live.json", "{\"partials\": [\"r\"], \"+way\": [\"s.live\"]}");
	put(&instance, "services/r.json", "{\"partials\": [\"p\", \"r\"], \"+way\": [\"r\"]}");
	put(&instance, "tags/t.json", "{\"partials\": [\"r\", \"q\"], \"+way\": [\"t\"], \"environment\": \"live\"}");
	put(&instance, "nodes/n.json", "{\"services\": [\"s\", \"r\"], \"tags\": [\"t\"], \"+way\": [\"n\"],\n"
	    "  \"of\": \"= services.r.way\"}");
	put(&instance, "nodes/m.json", "{\"services\": [\"r\"]}");
	/* One that only the platform has, named by the second variant. */
	put(&instance, "platform/services/_b.json", "{\"+way\": [\"p/_b\"]}");
	put(&instance, "services/s.test.json", "{\"partials\": [\"b\"]}");
	put(&instance, "nodes/o.json", "{\"services\": [\"s\"], \"environment\": \"test\"}");
	if (CHECK_OK(instance_load(&instance))) {
		CHECK_STR(value_of(&instance, "o", "way"), "[\"_q\",\"p/_p\",\"_p\",\"p/s\",\"s\",\"p/_b\"]");
		/* Once, below the first that names it: what that one says of x is not undone. */
		CHECK_STR(value_of(&instance, "n", "way"), "[\"_q\",\"p/_p\",\"_p\",\"_p.live\",\"p/s\",\"s\",\"_r\","
		    "\"s.live\",\"r\",\"t\",\"n\"]");
		CHECK_STR(value_of(&instance, "n", "x"), "2");
		CHECK_STR(value_of(&instance, "n", "y"), "1");
		CHECK_STR(value_of(&instance, "n", "of"), "[\"p/_p\",\"_p\",\"_p.live\",\"_r\",\"r\"]");
		CHECK_STR(value_of(&instance, "m", "way"), "[\"p/_p\",\"_p\",\"_r\",\"r\"]");
		CHECK_STR(value_of(&instance, "m", "x"), "1");
		CHECK_STR(value_of(&instance, "m", "partials"), "node m has no property \"partials\"\n");
	}
	instance_fini(&instance);
}

TEST(what_is_wrong_about_partials)
{
	static const struct { const char *path, *text, *want; } rows[] = {
		{ "services/s.json", "{\"partials\": [\"shraed\"]}",
		    "services/s.json:1:15: unknown partial \"shraed\"\n    {\"partials\": [\"shraed\"]}\n                  ^\n"
		    "hint: did you mean \"shared\"?\n" },
		{ "services/s.live.json", "{\"partials\": [\"shared\", \"other\"]}",
		    "services/s.live.json:1:25: unknown partial \"other\"\n    {\"partials\": [\"shared\", \"other\"]}\n"
		    "                            ^\nhint: make a file services/_other.json\n" },
		{ "tags/t.json", "{\"partials\": \"shared\"}",
		    "tags/t.json:1:14: \"partials\" must be a list of names\n    {\"partials\": \"shared\"}\n"
		    "                 ^\nhint: write \"partials\": [\"...\"]\n" },
		{ "tags/t.json", "{\"partials\": [1]}",
		    "tags/t.json:1:15: \"partials\" must be a list of names\n    {\"partials\": [1]}\n"
		    "                  ^\nhint: write \"partials\": [\"...\"]\n" },
		{ "services/s.json", "{\"+partials\": [\"shared\"]}",
		    "services/s.json:1:15: \"partials\" cannot be set here\n    {\"+partials\": [\"shared\"]}\n"
		    "                  ^\nhint: the files of services and tags say which partials they are made of\n" },
		{ "services/_shared.json", "{\"partials\": [\"shared\"]}",
		    "services/_shared.json:1:14: \"partials\" cannot be set here\n    {\"partials\": [\"shared\"]}\n"
		    "                 ^\nhint: the files of services and tags say which partials they are made of\n" },
		{ "common.json", "{\"partials\": [\"shared\"]}",
		    "common.json:1:14: \"partials\" cannot be set here\n    {\"partials\": [\"shared\"]}\n"
		    "                 ^\nhint: the files of services and tags say which partials they are made of\n" },
		{ "nodes/m.json", "{\"partials\": [\"shared\"]}",
		    "nodes/m.json:1:14: \"partials\" cannot be set here\n    {\"partials\": [\"shared\"]}\n"
		    "                 ^\nhint: the files of services and tags say which partials they are made of\n" },
		{ "services/_shared.json", "{\"services\": [\"s\"]}",
		    "services/_shared.json:1:14: \"services\" cannot be set here\n    {\"services\": [\"s\"]}\n"
		    "                 ^\nhint: a node's own file or common.json says which it has\n" },
		{ "services/_shared.json", "{\"environment\": \"live\"}",
		    "services/_shared.json:1:17: \"environment\" cannot be set here\n    {\"environment\": \"live\"}\n"
		    "                    ^\nhint: a node's own file or its tags say which environment it is in\n" },
		{ "services/_.json", "{}", "services/_.json: \"\" cannot be the name of a partial\n"
		    "hint: names are made of letters, digits, - and _\n" },
		{ "services/_shred.live.json", "{}", "services/_shred.live.json: there is no service \"_shred\" of which this "
		    "could be the variant for an environment\nhint: did you mean \"_shared\"?\n" },
		{ "tags/_t.json", "{}", "tags/_t.json: \"_t\" cannot be the name of a tag\n"
		    "hint: names are made of letters, digits, - and _\n" },
	};
	struct instance	 instance;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		instance_init(&instance);
		put(&instance, "services/_shared.json", "{}");
		put(&instance, "services/s.json", "{}");
		put(&instance, rows[i].path, rows[i].text);
		put(&instance, "nodes/n.json", "{}");
		CHECK_ERR(instance_load(&instance), rows[i].want);
		instance_fini(&instance);
	}
}

/* NAME.json alone, a directory alone, both; a directory without service.json is none. */
TEST(services_of_the_instance)
{
	struct instance instance;

	instance_init(&instance);
	put(&instance, "services/alone.json", "{\"a\": 1}");
	put(&instance, "services/whole/service.json", "{\"b\": 1, \"way\": 1}");
	put(&instance, "services/both/service.json", "{\"c\": 1, \"way\": 1}");
	put(&instance, "services/both.json", "{\"way\": 2}");
	put(&instance, "services/nothing/recipe.lua", "");
	put(&instance, "nodes/n.json", "{\"services\": [\"alone\", \"whole\", \"both\"]}");
	if (CHECK_OK(instance_load(&instance)))
		CHECK_STR(value_of(&instance, "n", ""), "{\"a\":1,\"b\":1,\"c\":1,\"enabled\":true,\"environment\":null,"
		    "\"name\":\"n\",\"services\":[\"alone\",\"whole\",\"both\"],\"tags\":[],\"way\":2}");
	put(&instance, "nodes/n.json", "{\"services\": [\"nothing\"]}");
	CHECK_ERR(instance_load(&instance), "nodes/n.json:1:15: unknown service \"nothing\"\n"
	    "    {\"services\": [\"nothing\"]}\n                  ^\n");
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
		CHECK_STR(value_of(&instance, "n", "a"), "node n has no property \"a\"\n");
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

TEST(keys_without_effect_are_warnings)
{
	static const struct { const char *below, *above, *want; } rows[] = {
		{ "{\"x\": [\"static\", 1]}", "{\"-x\": [\"static\", \"statc\"]}",
		    "nodes/n.json:1:19: \"-x\" takes nothing away: \"x\" has no such element\n"
		    "    {\"-x\": [\"static\", \"statc\"]}\n                      ^\nhint: did you mean \"static\"?\n" },
		{ "{\"o\": {\"x\": [1]}}", "{\"o\": {\"-x\": 2}}",
		    "nodes/n.json:1:14: \"-x\" takes nothing away: \"o.x\" has no such element\n"
		    "    {\"o\": {\"-x\": 2}}\n                 ^\n" },
		{ "{}", "{\"-x\": [1]}", "nodes/n.json:1:9: \"-x\" takes nothing away: \"x\" has no such element\n"
		    "    {\"-x\": [1]}\n            ^\n" },
		/* what is compared is what the files say */
		{ "{\"x\": [\"= 'a'\"]}", "{\"-x\": [\"a\"]}",
		    "nodes/n.json:1:9: \"-x\" takes nothing away: \"x\" has no such element\n"
		    "    {\"-x\": [\"a\"]}\n            ^\n" },
		{ "{\"x\": [\"= 'a'\"]}", "{\"-x\": [\"= 'a'\"]}", "" },
		{ "{\"x\": [1]}", "{\"-x\": []}", "" },
		/* a layer of several nodes may take away what only some of them have */
		{ "{\"-x\": [1], \"o\": {\"-x\": [1]}}", "{}", "" },
		/* one sign after another: as the file has them, unless one replaces */
		{ "{\"x\": [1]}", "{\"-x\": [1], \"+x\": [2]}", "" },
		{ "{}", "{\"x\": [1], \"+x\": [2], \"-x\": [1]}", "" },
		{ "{}", "{\"!x\": [1], \"+x\": [2]}", "" },
		{ "{}", "{\"x\": {\"a\": 1}, \"y\": [1]}", "" },
		{ "{}", "{\"!x\": {\"a\": 1}, \"x\": {\"b\": 1}}", "" },
		{ "{}", "{\"+x\": [1], \"x\": null}", "" },
		{ "{}", "{\"x\": [1], \"!x\": [2]}", "nodes/n.json:1:7: \"x\" is lost: \"!x\" comes behind it and replaces it\n"
		    "    {\"x\": [1], \"!x\": [2]}\n          ^\n" },
		{ "{}", "{\"o\": {\"+x\": [1], \"x\": [2]}}",
		    "nodes/n.json:1:14: \"+x\" is lost: \"x\" comes behind it and replaces it\n"
		    "    {\"o\": {\"+x\": [1], \"x\": [2]}}\n                 ^\n" },
		{ "{\"+x\": [1], \"y\": 1, \"!x\": [2]}", "{}",
		    "common.json:1:8: \"+x\" is lost: \"!x\" comes behind it and replaces it\n"
		    "    {\"+x\": [1], \"y\": 1, \"!x\": [2]}\n           ^\n" },
	};
	struct instance	 instance;
	struct buf	 text = { 0 };

	instance_init(&instance);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		buf_clear(&text);
		if (CHECK_OK(load(&instance, rows[i].below, rows[i].above)) && config_warnings(instance.config) != NULL)
			err_format(config_warnings(instance.config), &text);
		if (!CHECK_STR(buf_text(&text), rows[i].want))
			printf("  by %s over %s\n", rows[i].above, rows[i].below);
	}
	buf_fini(&text);
	instance_fini(&instance);
}

TEST(a_key_that_looks_like_a_known_one_is_a_warning)
{
	struct instance	 instance;
	struct buf	 text = { 0 };

	instance_init(&instance);
	/* Not of short words; not of those that this file sets too, or that are known; not the platform's. */
	put(&instance, "platform/services/s/service.json", "{\"tag_c\": 1}");
	CHECK_OK(load(&instance, "{\"services\": [\"s\"], \"domain\": {\"aliases\": []}, \"ports\": 1, \"tag_a\": 1, \"tag_b\": 1,\n"
	    "  \"alias\": 1, \"wide\": 1}",
	    "{\n\"servics\": [], \"own\": 1, \"quite_different\": 1,\n\"domain\": {\"aliasses\": []}, \"ports\": 2, "
	    "\"port5\": 3,\n\"tag_a\": 2, \"alies\": 1, \"wid\": 1, \"wida\": 1}"));
	if (CHECK(config_warnings(instance.config) != NULL)) {
		err_format(config_warnings(instance.config), &text);
		CHECK_STR(buf_text(&text),
		    "nodes/n.json:2:12: nothing else knows \"servics\"\n"
		    "    \"servics\": [], \"own\": 1, \"quite_different\": 1,\n               ^\n"
		    "hint: did you mean \"services\"?\n"
		    "nodes/n.json:3:24: nothing else knows \"domain.aliasses\"\n"
		    "    \"domain\": {\"aliasses\": []}, \"ports\": 2, \"port5\": 3,\n                           ^\n"
		    "hint: did you mean \"aliases\"?\n"
		    "nodes/n.json:4:22: nothing else knows \"alies\"\n"
		    "    \"tag_a\": 2, \"alies\": 1, \"wid\": 1, \"wida\": 1}\n"
		    "                         ^\nhint: did you mean \"alias\"?\n");
	}
	buf_fini(&text);
	instance_fini(&instance);
}

/* What the platform has for all nodes is known even where the word is short, or the right one is there too. */
TEST(names_of_the_platform_are_known_better)
{
	static const struct { const char *members, *meant; } rows[] = {
		{ "\"tag\": []", "tags" },
		{ "\"tgas\": []", "tags" },
		{ "\"dsn\": {}", "dns" },
		{ "\"host\": {}", "hosts" },
		{ "\"ip_address\": \"192.0.2.1\", \"ip_adress\": \"192.0.2.2\"", "ip_address" },
		{ "\"services\": [], \"serivces\": []", "services" },
		{ "\"services\": [], \"Services\": []", "services" },
		{ "\"SERVICES\": []", "services" },
		{ "\"ports\": { \"HTTP\": 1 }", "http" },
		/* what may well be meant */
		{ "\"tags\": [], \"tag\": \"x\"", NULL },
		{ "\"ssl\": {}", NULL },
		{ "\"ddns\": {}", NULL },
		{ "\"dbs\": {}", NULL },
		{ "\"ip_address\": \"192.0.2.1\", \"ip_address6\": \"2001:db8::1\"", NULL },
		{ "\"services\": [], \"service\": {}", NULL },
		{ "\"wid\": 1", NULL },
		{ "\"cup\": 1", NULL },
		{ "\"ports\": { \"tag\": 1, \"dsn\": 2 }", NULL },
		{ "\"o\": { \"dsn\": {} }", NULL },
		/* and what a schema knows, or leaves to everybody */
		{ "\"serivce\": {}", NULL },
		{ "\"firewall\": { \"moniter\": {}, \"MONITOR\": {} }", NULL },
		{ "\"firewall\": { \"monitor\": { \"portsz\": [] } }", "ports" },
		{ "\"firewall\": { \"monitor\": { \"portts\": [] } }", NULL },
	};
	struct instance	 instance;
	char		*text;

	instance_init(&instance);
	put(&instance, "platform/common.json", "{ \"ip_address\": null, \"services\": [], \"tags\": [], \"dns\": {}, \"ssh\": {},\n"
	    "  \"hosts\": {}, \"firewall\": { \"monitor\": { \"ports\": [] } }, \"o\": {} }");
	put(&instance, "schemas/common.json", "{ \"properties\": { \"serivce\": {}, \"firewall\": { \"additionalProperties\": {\n"
	    "  \"properties\": { \"portts\": true } } } } }");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct err	*e;
		char			*want;

		text = xasprintf("{ %s }", rows[i].members);
		want = rows[i].meant == NULL ? xstrdup("") : xasprintf("did you mean \"%s\"?", rows[i].meant);
		if (!CHECK_OK(load(&instance, "{ \"wide\": 1, \"cpu\": 2, \"ports\": { \"http\": 80, \"tags\": 1, \"dns\": 2 } }", text)))
			continue;
		e = config_warnings(instance.config);
		if (!CHECK_STR(e == NULL ? "" : err_hint_text(e), want))
			printf("  by %s\n", rows[i].members);
		free(want);
		free(text);
	}
	instance_fini(&instance);
}

int
main(void)
{
	json_setup();
	RUN(each_rule);
	RUN(each_clash_is_told_with_both_places);
	RUN(layers_apply_in_their_order);
	RUN(prefixes_work_in_every_layer);
	RUN(prefixes_work_on_the_lists_of_services_and_tags);
	RUN(the_provider_has_layers_of_its_own);
	RUN(partials_apply_right_below_the_file_that_names_them);
	RUN(what_is_wrong_about_partials);
	RUN(services_of_the_instance);
	RUN(an_instance_replaces_a_service_whole);
	RUN(what_did_not_change_is_shared);
	RUN(keys_without_effect_are_warnings);
	RUN(names_of_the_platform_are_known_better);
	RUN(a_key_that_looks_like_a_known_one_is_a_warning);
	return test_done();
}
