/* unit: nodes and the provider against the schemas of an instance: places, words, and what editors get. */
/* May know config, schema, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/editor.h"
#include "instance.h"

#include "base/json.h"
#include "base/strs.h"
#include "schema/schema.h"

#define COMMON								\
	"{ \"properties\": {\n"						\
	"  \"ssh\": { \"additionalProperties\": false, \"properties\": {\n"	\
	"    \"port\": { \"type\": \"integer\", \"format\": \"port\", \"description\": \"where sshd listens\" } } },\n"	\
	"  \"mode\": { \"enum\": [\"fast\", \"slow\"] },\n"			\
	"  \"list\": { \"type\": \"array\", \"items\": { \"type\": \"string\" } },\n"	\
	"  \"map\": { \"additionalProperties\": { \"type\": \"integer\" } },\n"	\
	"  \"key\": { \"pattern\": \"^[a-z]+$\" }\n"				\
	"} }\n"

static void
setup(struct instance *instance)
{
	instance_init(instance);
	put(instance, "platform/common.json", "{ \"ip_address\": \"REQUIRED\", \"ssh\": { \"port\": 22 } }\n");
	put(instance, "platform/provider.json", "{ \"domain\": \"example.org\" }\n");
	put(instance, "platform/schemas/common.json", COMMON);
	put(instance, "platform/services/web/service.json", "{ \"web\": { \"depth\": 1 } }\n");
	put(instance, "platform/services/db/service.json", "{}\n");
	put(instance, "platform/services/web/schema.json",
	    "{ \"x-leap-needs\": [\"db\"], \"x-leap-max-down\": \"50%\", \"properties\": { \"web\": { \"required\": [\"depth\"] } } }\n");
	put(instance, "nodes/a.json", "{ \"ip_address\": \"192.0.2.1\", \"services\": [\"web\"] }\n");
}

/* All that config_check() says of these nodes; the caller's. */
static struct err *
check(struct instance *instance)
{
	struct node	**nodes;
	size_t		  count;
	struct err	 *e = instance_load(instance);

	if (e != NULL)
		return e;
	count = config_nodes(instance->config, &nodes);
	return config_check(instance->config, nodes, count);
}

TEST(a_node_that_fits_is_good)
{
	struct instance instance;

	setup(&instance);
	put(&instance, "nodes/a.json", "{ \"ip_address\": \"192.0.2.1\", \"mode\": \"= 'fa' .. 'st'\", \"map\": null }\n");
	put(&instance, "nodes/b.json", "{ \"ip_address\": \"192.0.2.2\", \"mode\": null }\n");
	CHECK_OK(check(&instance));
	instance_fini(&instance);
}

TEST(what_is_wrong_has_the_place_of_the_layer_that_set_it)
{
	struct instance instance;

	setup(&instance);
	put(&instance, "nodes/a.json", "{ \"ip_address\": \"192.0.2.1\", \"services\": [\"web\"],\n"
	    "  \"ssh\": { \"prot\": 1 }, \"list\": [\"x\", 1] }\n");
	put(&instance, "common.json", "{\n  \"mode\": \"fats\" }\n");
	put(&instance, "nodes/b.json", "{ \"ip_address\": \"192.0.2.2\", \"+list\": [\"y\", true], \"!web\": {} ,\"services\": [\"web\"]}\n");
	CHECK_ERR(check(&instance),
	    "nodes/a.json:2:20: \"ssh.prot\" is not known\n"
	    "      \"ssh\": { \"prot\": 1 }, \"list\": [\"x\", 1] }\n"
	    "                       ^\n"
	    "hint: did you mean \"port\"?\n"
	    "common.json:2:11: \"mode\" must be \"fast\" or \"slow\", not \"fats\"\n"
	    "      \"mode\": \"fats\" }\n"
	    "              ^\n"
	    "hint: did you mean \"fast\"?\n"
	    "nodes/a.json:2:39: \"list.2\" must be a text, not 1\n"
	    "      \"ssh\": { \"prot\": 1 }, \"list\": [\"x\", 1] }\n"
	    "                                          ^\n"
	    "nodes/b.json:1:45: \"list.2\" must be a text, not true\n"
	    "    { \"ip_address\": \"192.0.2.2\", \"+list\": [\"y\", true], \"!web\": {} ,\"services\": [\"web\"]}\n"
	    "                                                ^\n"
	    "nodes/b.json:1:60: \"web\" must have \"depth\"\n"
	    "    { \"ip_address\": \"192.0.2.2\", \"+list\": [\"y\", true], \"!web\": {} ,\"services\": [\"web\"]}\n"
	    "                                                               ^\n");
	instance_fini(&instance);
}

TEST(macros_are_checked_when_evaluated_and_name_the_node_when_several_share_them)
{
	struct instance instance;

	setup(&instance);
	put(&instance, "common.json", "{ \"mode\": \"= name\" }\n");
	put(&instance, "nodes/fast.json", "{ \"ip_address\": \"192.0.2.2\", \"ssh\": { \"port\": \"= 2 ^ 16 // 1 | 0\" } }\n");
	CHECK_ERR(check(&instance),
	    "nodes/fast.json:1:47: 65536 is no port: they are numbered from 1 to 65535\n"
	    "    { \"ip_address\": \"192.0.2.2\", \"ssh\": { \"port\": \"= 2 ^ 16 // 1 | 0\" } }\n"
	    "                                                  ^\n"
	    "common.json:1:11: \"mode\" of node a must be \"fast\" or \"slow\", not \"a\"\n"
	    "    { \"mode\": \"= name\" }\n"
	    "              ^\n");
	instance_fini(&instance);
}

#define SIXTY	"AAAAAAAAAABBBBBBBBBBCCCCCCCCCCDDDDDDDDDDEEEEEEEEEEFFFFFFFFFF"

/* The node's second line; what is said of it, and under which rule. */
TEST(each_value)
{
	static const struct { const char *text, *want, *rule; } rows[] = {
		{ "\"key\": \"A\"", "10: \"key\" must match \"^[a-z]+$\", but is \"A\"\n", "schema" },
		{ "\"key\": \"" SIXTY "\"", "10: \"key\" must match \"^[a-z]+$\", but is a text\n", "schema" },
		{ "\"key\": \"= secret('x'):reverse():upper()\"", "10: \"key\" must match \"^[a-z]+$\", but is \"[secret]\"\n", "schema" },
		{ "\"list\": {}", "11: \"list\" must be a list, not an object\n", "wrong-type" },
		{ "\"mode\": \"x\"", "11: \"mode\" must be \"fast\" or \"slow\", not \"x\"\n", "schema" },
		{ "\"pair\": {}", "11: \"pair\" must have \"one\"\n", "required" },
		{ "\"pair\": { \"one\": 1 }", "11: \"pair\" must have \"two\", because it has \"one\"\n", "required" },
		/* its number is another in the whole list */
		{ "\"+names\": [\"B\"]", "14: \"names.2\" must match \"^[a-z]+$\", but is \"B\"\n", "schema" },
	};
	struct instance	 instance;
	struct err	*e;

	setup(&instance);
	put(&instance, "common.json", "{ \"names\": [\"a\"] }\n");
	put(&instance, "schemas/common.json", "{ \"properties\": { \"names\": { \"items\": { \"pattern\": \"^[a-z]+$\" } },\n"
	    "  \"pair\": { \"required\": [\"one\"], \"dependentRequired\": { \"one\": [\"two\"] } } } }\n");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char	*text = xasprintf("{ \"ip_address\": \"192.0.2.1\",\n  %s }\n", rows[i].text);
		char	*want = xasprintf("nodes/a.json:2:%s", rows[i].want);

		put(&instance, "nodes/a.json", text);
		e = check(&instance);
		CHECK_STR(err_rule_name(e), rows[i].rule);
		CHECK_ERR_HAS(e, want);
		free(text);
		free(want);
	}
	instance_fini(&instance);
}

/* What another check has found wrong here is not told twice; what is beside it is. */
TEST(a_mistake_is_told_once)
{
	struct instance instance;

	setup(&instance);
	put(&instance, "nodes/a.json", "{ \"ip_address\": \"192.0.2.1\", \"ssh\": { \"port\": 70000 }, \"mode\": \"x\" }\n");
	CHECK_ERR(check(&instance), "nodes/a.json:1:47: 70000 is no port: they are numbered from 1 to 65535\n"
	    "    { \"ip_address\": \"192.0.2.1\", \"ssh\": { \"port\": 70000 }, \"mode\": \"x\" }\n"
	    "                                                  ^\n"
	    "nodes/a.json:1:64: \"mode\" must be \"fast\" or \"slow\", not \"x\"\n"
	    "    { \"ip_address\": \"192.0.2.1\", \"ssh\": { \"port\": 70000 }, \"mode\": \"x\" }\n"
	    "                                                                   ^\n");
	instance_fini(&instance);
}

TEST(what_follows_from_another_mistake_is_none)
{
	struct instance instance;

	setup(&instance);
	put(&instance, "common.json", "{ \"list\": [\"= ssh.port\"], \"key\": \"= nope\", \"mode\": \"REQUIRED\" }\n");
	put(&instance, "nodes/a.json", "{ \"ip_address\": \"192.0.2.1\", \"ssh\": { \"prot\": 3 } }\n");
	CHECK_ERR(check(&instance),
	    "common.json:1:34: nothing is called \"nope\"\n"
	    "    { \"list\": [\"= ssh.port\"], \"key\": \"= nope\", \"mode\": \"REQUIRED\" }\n"
	    "                                     ^\n"
	    "hint: did you mean \"node\"?\n"
	    "common.json:1:52: node a must have a value for mode\n"
	    "    { \"list\": [\"= ssh.port\"], \"key\": \"= nope\", \"mode\": \"REQUIRED\" }\n"
	    "                                                       ^\n"
	    "hint: set it in nodes/a.json\n"
	    "nodes/a.json:1:47: \"ssh.prot\" is not known\n"
	    "    { \"ip_address\": \"192.0.2.1\", \"ssh\": { \"prot\": 3 } }\n"
	    "                                                  ^\n"
	    "hint: did you mean \"port\"?\n");
	instance_fini(&instance);
}

TEST(values_that_are_not_there_yet_are_no_mistake_of_their_own)
{
	struct instance instance;

	setup(&instance);
	put(&instance, "nodes/a.json", "{ \"ip_address\": \"192.0.2.1\", \"mode\": \"= other\", \"other\": \"= nope\" }\n");
	put(&instance, "nodes/b.json", "{ \"ip_address\": \"REQUIRED\", \"mode\": \"REQUIRED\" }\n");
	CHECK_ERR(check(&instance),
	    "nodes/a.json:1:58: nothing is called \"nope\"\n"
	    "    { \"ip_address\": \"192.0.2.1\", \"mode\": \"= other\", \"other\": \"= nope\" }\n"
	    "                                                             ^\n"
	    "hint: did you mean \"node\"?\n"
	    "nodes/b.json:1:17: node b must have a value for ip_address, mode\n"
	    "    { \"ip_address\": \"REQUIRED\", \"mode\": \"REQUIRED\" }\n"
	    "                    ^\n"
	    "  nodes/b.json:1:17: \"ip_address\" is REQUIRED here\n"
	    "  nodes/b.json:1:37: \"mode\" is REQUIRED here\n"
	    "hint: set them in nodes/b.json\n");
	instance_fini(&instance);
}

TEST(what_no_file_has_by_that_path_is_placed_at_what_it_is_in)
{
	struct instance instance;

	setup(&instance);
	put(&instance, "common.json", "{ \"map\": {}, \"list\": [\"a\", \"b\"] }\n");
	put(&instance, "nodes/a.json", "{ \"ip_address\": \"192.0.2.1\",\n  \"+list\": [7] }\n");
	CHECK_ERR(check(&instance),
	    "nodes/a.json:2:12: \"list.3\" must be a text, not 7\n"
	    "      \"+list\": [7] }\n"
	    "               ^\n");
	instance_fini(&instance);
}

TEST(the_instance_has_schemas_of_its_own)
{
	struct instance instance;

	setup(&instance);
	put(&instance, "schemas/common.json", "{ \"properties\": { \"rack\": { \"$ref\": \"types.json#/$defs/rack\" } } }\n");
	put(&instance, "schemas/types.json", "{ \"$defs\": { \"rack\": { \"type\": \"integer\" } } }\n");
	put(&instance, "schemas/node.json", "{ \"required\": [\"rack\", \"shelf\"] }\n");
	put(&instance, "schemas/provider.json", "{ \"properties\": { \"domain\": { \"maxLength\": 3 } } }\n");
	put(&instance, "schemas/tags/heavy.json", "{ \"required\": [\"weight\"] }\n");
	put(&instance, "services/web/schema.json", "{ \"properties\": { \"web\": { \"properties\": { \"depth\": "
	    "{ \"minimum\": 2 } } } } }\n");
	put(&instance, "tags/heavy.json", "{ \"rack\": \"x\" }\n");
	put(&instance, "nodes/a.json", "{ \"ip_address\": \"192.0.2.1\", \"services\": [\"web\"], \"tags\": [\"heavy\"] }\n");
	CHECK_ERR(check(&instance),
	    "tags/heavy.json:1:11: \"rack\" must be a whole number, not \"x\"\n"
	    "    { \"rack\": \"x\" }\n"
	    "              ^\n"
	    "nodes/a.json:1:1: node a must have \"shelf\"\n"
	    "    { \"ip_address\": \"192.0.2.1\", \"services\": [\"web\"], \"tags\": [\"heavy\"] }\n"
	    "    ^\n"
	    "platform/services/web/service.json:1:21: \"web.depth\" must be at least 2, not 1\n"
	    "    { \"web\": { \"depth\": 1 } }\n"
	    "                        ^\n"
	    "nodes/a.json:1:1: node a must have \"weight\"\n"
	    "    { \"ip_address\": \"192.0.2.1\", \"services\": [\"web\"], \"tags\": [\"heavy\"] }\n"
	    "    ^\n"
	    "platform/provider.json:1:13: \"domain\" must have at most 3 characters\n"
	    "    { \"domain\": \"example.org\" }\n"
	    "                ^\n");
	instance_fini(&instance);
}

TEST(a_schema_that_is_wrong_says_where)
{
	struct instance instance;

	setup(&instance);
	put(&instance, "schemas/common.json", "{ \"properties\": {\n  \"a\": { \"typ\": \"integer\" } } }\n");
	put(&instance, "schemas/node.json", "{ \"required\": }\n");
	put(&instance, "services/db/schema.json", "{ \"x-leap-needs\": [\"web\", \"wbe\"], \"x-leap-max-down\": 0 }\n");
	CHECK_ERR(check(&instance),
	    "schemas/node.json:1:15: a value is expected here, not \"}\"\n"
	    "    { \"required\": }\n"
	    "                  ^\n"
	    "schemas/common.json:2:17: \"typ\" is no keyword of JSON Schema\n"
	    "      \"a\": { \"typ\": \"integer\" } } }\n"
	    "                    ^\n"
	    "hint: did you mean \"type\"?\n"
	    "services/db/schema.json:1:27: \"x-leap-needs\" must name services: there is no \"wbe\"\n"
	    "    { \"x-leap-needs\": [\"web\", \"wbe\"], \"x-leap-max-down\": 0 }\n"
	    "                              ^\n"
	    "services/db/schema.json:1:54: \"x-leap-max-down\" must be a number of nodes, or a part of them such as \"50%\"\n"
	    "    { \"x-leap-needs\": [\"web\", \"wbe\"], \"x-leap-max-down\": 0 }\n"
	    "                                                         ^\n");
	instance_fini(&instance);
}

TEST(more_than_all_cannot_be_down)
{
	struct instance	 instance;

	instance_init(&instance);
	put(&instance, "services/db.json", "{}");
	put(&instance, "services/db/schema.json", "{ \"x-leap-max-down\": \"100%\" }\n");
	CHECK_OK(check(&instance));
	put(&instance, "services/db/schema.json", "{ \"x-leap-max-down\": \"101%\" }\n");
	CHECK_ERR(check(&instance), "services/db/schema.json:1:22: \"x-leap-max-down\" must be a number of nodes, or a part of "
	    "them such as \"50%\"\n    { \"x-leap-max-down\": \"101%\" }\n                         ^\n");
	instance_fini(&instance);
}

TEST(a_schema_is_an_object)
{
	struct instance	 instance;

	instance_init(&instance);
	put(&instance, "schemas/common.json", "[]\n");
	CHECK_ERR(check(&instance), "schemas/common.json:1:1: the schema must be a schema: an object, true or false\n"
	    "    []\n    ^\n");
	instance_fini(&instance);
}

TEST(needs_are_a_list)
{
	struct instance	 instance;

	instance_init(&instance);
	put(&instance, "services/db.json", "{}");
	put(&instance, "services/db/schema.json", "{ \"x-leap-max-dwn\": 1, \"x-own\": 1,\n  \"x-leap-odd\": 1 }\n");
	CHECK_ERR(check(&instance), "services/db/schema.json:1:21: \"x-leap-max-dwn\" is no keyword of leap's\n"
	    "    { \"x-leap-max-dwn\": 1, \"x-own\": 1,\n                        ^\nhint: did you mean \"x-leap-max-down\"?\n"
	    "services/db/schema.json:2:17: \"x-leap-odd\" is no keyword of leap's\n"
	    "      \"x-leap-odd\": 1 }\n                    ^\n");
	put(&instance, "services/db/schema.json", "{}\n");
	put(&instance, "schemas/tags/x.json", "{ \"x-leap-needs\": [\"db\"] }\n");
	CHECK_ERR(check(&instance), "schemas/tags/x.json:1:19: \"x-leap-needs\" has a meaning in the schema of a service only\n"
	    "    { \"x-leap-needs\": [\"db\"] }\n                      ^\n");
	put(&instance, "schemas/tags/x.json", "{}\n");
	put(&instance, "services/db/schema.json", "{ \"x-leap-needs\": \"db\" }\n");
	CHECK_ERR(check(&instance), "services/db/schema.json:1:19: \"x-leap-needs\" must be a list of services\n"
	    "    { \"x-leap-needs\": \"db\" }\n                      ^\n");
	instance_fini(&instance);
}

TEST(services_say_what_they_need)
{
	struct instance		 instance;
	const struct strs	*needs;

	setup(&instance);
	put(&instance, "services/db/schema.json", "{ \"x-leap-max-down\": 2 }\n");
	CHECK_OK(instance_load(&instance));
	needs = config_service_needs(instance.config, "web");
	CHECK_INT(needs->count, 1);
	CHECK_STR(needs->items[0], "db");
	CHECK_INT(config_service_needs(instance.config, "db")->count, 0);
	CHECK_INT(config_service_max_down(instance.config, "web", 5), 2);
	CHECK_INT(config_service_max_down(instance.config, "web", 1), 1);
	CHECK_INT(config_service_max_down(instance.config, "db", 10), 2);
	put(&instance, "services/web/schema.json", "{ \"x-leap-max-down\": 3 }\n");
	CHECK_OK(instance_load(&instance));
	CHECK_INT(config_service_max_down(instance.config, "web", 50), 3);
	CHECK_INT(config_service_max_down(instance.config, "web", 4), 3);
	CHECK_INT(config_service_max_down(instance.config, "web", 3), 2);
	CHECK_INT(config_service_max_down(instance.config, "web", 1), 1);
	put(&instance, "services/web/schema.json", "{ \"x-leap-max-down\": \"100%\" }\n");
	CHECK_OK(instance_load(&instance));
	CHECK_INT(config_service_max_down(instance.config, "web", 3), 3);
	instance_fini(&instance);
}

/* Editors. */

static void
report_schema(void *arg, const struct schema_problem *problem)
{
	struct buf *text = arg;

	buf_addf(text, "%s: \"%s\" %s\n", problem->uri, problem->path, problem->message);
}

/* The schemas that editors get, as documents that refer to each other by their file names. */
static struct schema_set *
editor_set(struct instance *instance)
{
	struct schema_set	*set = schema_set_new(SCHEMA_STRICT | SCHEMA_FORMATS);
	struct strs		 names = { 0 };
	json_t			*schema;

	editor_names(&names);
	for (size_t i = 0; i < names.count; i++) {
		char *uri = xasprintf("editor:/%s.json", names.items[i]);

		CHECK_OK(editor_schema(instance->config, names.items[i], &schema));
		schema_set_add(set, uri, schema);
		json_decref(schema);
		free(uri);
	}
	strs_fini(&names);
	return set;
}

/* What an editor says of a file of this kind; valid until the next call. */
static const char *
editor_says(struct schema_set *set, const char *kind, const json_t *file)
{
	static struct buf	 text;
	struct schema_view	 view = { .report = report_schema, .arg = &text };
	char			*uri = xasprintf("editor:/%s.json", kind);
	const struct schema	*schema;

	buf_fini(&text);
	schema = schema_compile(set, uri, report_schema, &text);
	if (schema != NULL)
		schema_valid(schema, file, &view);
	free(uri);
	return buf_text(&text);
}

/* The names that an editor can offer, new ones being right all the same. */
TEST(editors_complete_names)
{
	struct instance	 instance;
	json_t		*schema;
	char		*text;

	setup(&instance);
	put(&instance, "services/_tls.json", "{}");
	put(&instance, "tags/rack.json", "{}");
	CHECK_OK(instance_load(&instance));
	CHECK_OK(editor_schema(instance.config, "node", &schema));
	text = json_dumps(json_object_get(schema, "patternProperties"), JSON_COMPACT);
	CHECK_STR(text, "{\"^[+!-]?services$\":{\"items\":{\"anyOf\":[{\"enum\":[\"db\",\"web\"]},{\"type\":\"string\"}]}},"
	    "\"^[+!-]?tags$\":{\"items\":{\"anyOf\":[{\"enum\":[\"rack\"]},{\"type\":\"string\"}]}}}");
	free(text);
	json_decref(schema);
	CHECK_OK(editor_schema(instance.config, "tag", &schema));
	CHECK(json_object_get(schema, "patternProperties") == NULL);
	text = json_dumps(json_object_get(json_object_get(json_object_get(schema, "properties"), "partials"), "items"),
	    JSON_COMPACT);
	CHECK_STR(text, "{\"anyOf\":[{\"enum\":[\"tls\"]},{\"type\":\"string\"}]}");
	free(text);
	json_decref(schema);
	instance_fini(&instance);
}

TEST(editors_accept_what_layers_may_hold)
{
	static const struct {
		const char *kind, *file, *part;
	} rows[] = {
		{ "node", "{ \"ssh\": { \"port\": \"= 1\" }, \"mode\": \"=> x\", \"list\": [\"= a\", \"b\"], \"other\": 1 }", NULL },
		{ "node", "{ \"ssh\": null, \"!mode\": \"slow\", \"+list\": \"x\", \"-list\": [\"y\"], \"key\": \"REQUIRED\" }", NULL },
		{ "node", "{ \"!ssh\": { \"!port\": 3 } }", NULL },
		{ "node", "{ \"map\": { \"x\": 1, \"!y\": \"= 2\" } }", NULL },
		{ "node", "{ \"map\": { \"x\": \"y\" } }", "\"map.x\"" },
		{ "node", "{ \"map\": { \"!x\": true } }", "\"map.!x\"" },
		{ "node", "{ \"web\": {} }", NULL },
		{ "node", "{ \"ssh\": { \"prot\": 1 } }", "\"ssh.prot\" is not known" },
		{ "node", "{ \"!ssh\": { \"+prot\": 1 } }", "\"!ssh.+prot\" is not known" },
		{ "node", "{ \"ssh\": { \"port\": 65536 } }", "\"ssh.port\" must be at most 65535" },
		{ "node", "{ \"!mode\": \"fats\" }", "\"!mode\"" },
		{ "node", "{ \"+list\": 3 }", "\"+list\"" },
		{ "service", "{ \"services\": [\"web\"] }", "\"services\"" },
		{ "service", "{ \"services\": [], \"partials\": [\"x\"] }", NULL },
		{ "tag", "{ \"environment\": \"x\" }", NULL },
		{ "tag", "{ \"tags\": [\"x\"] }", "\"tags\"" },
		{ "common", "{ \"name\": \"x\" }", "\"name\"" },
		{ "common", "{ \"services\": [\"x\"] }", NULL },
		{ "common", "{ \"partials\": [\"x\"] }", "\"partials\"" },
		{ "node", "{ \"partials\": [\"x\"] }", "\"partials\"" },
		{ "node", "{ \"partials\": [], \"name\": \"n\", \"services\": [\"new\"] }", NULL },
		{ "node", "{ \"+services\": [1] }", "\"+services.1\"" },
		{ "node", "{ \"-tags\": [{}] }", "\"-tags.1\"" },
		{ "service", "{ \"name\": null }", NULL },
		{ "provider", "{ \"domain\": \"= 1\" }", NULL },
	};
	struct instance		 instance;
	struct schema_set	*set;
	json_t			*file;
	const char		*says;

	setup(&instance);
	CHECK_OK(instance_load(&instance));
	set = editor_set(&instance);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CHECK_OK(json_parse_text(&file, "file", rows[i].file, strlen(rows[i].file)));
		says = editor_says(set, rows[i].kind, file);
		if (rows[i].part == NULL)
			CHECK_STR(says, "");
		else if (!CHECK(strstr(says, rows[i].part) != NULL))
			printf("# %s: %s\n", rows[i].file, says);
		json_decref(file);
	}
	schema_set_free(set);
	instance_fini(&instance);
}

/* Files of the source tree, as an editor that has the schemas of the real platform sees them. */
static void
check_files(struct schema_set *set, const char *kind, const char *dir)
{
	struct strs	 names = { 0 };
	struct buf	 text = { 0 };
	json_t		*file;

	CHECK_OK(dir_list(dir, &names));
	CHECK(names.count > 0);
	for (size_t i = 0; i < names.count; i++) {
		char *path = path_join(dir, names.items[i]);

		if (!str_ends(path, ".json")) {
			free(path);
			continue;
		}
		buf_clear(&text);
		CHECK_OK(file_read(path, 1 << 20, &text));
		CHECK_OK(json_parse_text(&file, path, buf_text(&text), text.len));
		if (!CHECK_STR(editor_says(set, kind, file), ""))
			printf("# %s\n", path);
		json_decref(file);
		free(path);
	}
	buf_fini(&text);
	strs_fini(&names);
}

TEST(editors_accept_all_files_that_come_with_leap)
{
	struct instance		 instance = { 0 };
	struct schema_set	*set;

	instance.repo.root = xstrdup("test/golden/instance");
	instance.repo.platform = xstrdup("platform");
	CHECK_OK(instance_load(&instance));
	set = editor_set(&instance);
	check_files(set, "node", "test/golden/instance/nodes");
	check_files(set, "service", "test/golden/instance/services");
	check_files(set, "tag", "platform/tags");
	check_files(set, "service", "platform/services/static/../dns");
	schema_set_free(set);
	config_free(instance.config);
	free(instance.repo.root);
	free(instance.repo.platform);
}

int
main(void)
{
	json_setup();
	RUN(a_node_that_fits_is_good);
	RUN(what_is_wrong_has_the_place_of_the_layer_that_set_it);
	RUN(macros_are_checked_when_evaluated_and_name_the_node_when_several_share_them);
	RUN(each_value);
	RUN(a_mistake_is_told_once);
	RUN(what_follows_from_another_mistake_is_none);
	RUN(values_that_are_not_there_yet_are_no_mistake_of_their_own);
	RUN(what_no_file_has_by_that_path_is_placed_at_what_it_is_in);
	RUN(the_instance_has_schemas_of_its_own);
	RUN(a_schema_that_is_wrong_says_where);
	RUN(a_schema_is_an_object);
	RUN(more_than_all_cannot_be_down);
	RUN(needs_are_a_list);
	RUN(services_say_what_they_need);
	RUN(editors_complete_names);
	RUN(editors_accept_what_layers_may_hold);
	RUN(editors_accept_all_files_that_come_with_leap);
	return test_done();
}
