/* test/unit: rules of merging, of kinds and of evaluation that nothing else would miss; test/mutation breaks them. */
/* May know config, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "instance.h"

#include "base/json.h"
#include "base/strs.h"

/* A file of the instance, or of the platform. */
struct file {
	const char *path, *text;
};

struct row {
	struct file	 files[5];
	const char	*property, *want;	/* of node n, which there always is; or the error of loading when property is NULL */
};

static void
check_row(const struct row *row)
{
	struct instance instance;

	instance_init(&instance);
	put(&instance, "nodes/n.json", "{}");
	for (size_t i = 0; i < ARRAY_LEN(row->files) && row->files[i].path != NULL; i++)
		put(&instance, row->files[i].path, row->files[i].text);
	if (row->property == NULL) {
		if (!CHECK_ERR(instance_load(&instance), row->want))
			printf("  by %s of %s\n", row->files[0].text, row->files[0].path);
	} else if (!CHECK_OK(instance_load(&instance)) || !CHECK_STR(value_of(&instance, "n", row->property), row->want))
		printf("  by %s of %s\n", row->files[0].text, row->files[0].path);
	instance_fini(&instance);
}

TEST(signs)
{
	static const struct row rows[] = {
		{ { { "common.json", "{\"x\": [1]}" }, { "nodes/n.json", "{\"+x\": 1}" } }, "x", "[1]" },
		{ { { "common.json", "{\"x\": \"REQUIRED\"}" }, { "nodes/n.json", "{\"-x\": [1]}" } }, "x",
		    "common.json:1:7: node n must have a value for x\n    {\"x\": \"REQUIRED\"}\n          ^\n"
		    "hint: set it in nodes/n.json\n" },
		{ { { "common.json", "{\"x\": null}" }, { "nodes/n.json", "{\"-x\": [1]}" } }, "x", "null" },
		{ { { "nodes/n.json", "{\"o\": {\"++x\": [1]}}" } }, NULL,
		    "nodes/n.json:1:8: \"++x\" has two signs\n    {\"o\": {\"++x\": [1]}}\n           ^\n"
		    "hint: \"+key\" adds to a list, \"-key\" takes from it, \"!key\" replaces whatever was there\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_row(&rows[i]);
}

TEST(what_may_stand_where)
{
	static const char	 lists[] = "hint: a node's own file or common.json says which it has\n";
	static const char	 environment[] = "hint: a node's own file or its tags say which environment it is in\n";
	static const char	 name[] = "hint: the name of a node is the name of its file\n";
	static const struct { struct file file; const char *where, *key, *hint; } rows[] = {
		{ { "common.live.json", "{\"services\": [\"s\"]}" }, "common.live.json:1:14", "services", lists },
		{ { "common.live.json", "{\"+tags\": [\"t\"]}" }, "common.live.json:1:11", "tags", lists },
		{ { "common.live.json", "{\"environment\": \"live\"}" }, "common.live.json:1:17", "environment", environment },
		{ { "common.json", "{\"environment\": \"live\"}" }, "common.json:1:17", "environment", environment },
		{ { "common.json", "{\"name\": \"x\"}" }, "common.json:1:10", "name", name },
		{ { "services/s.json", "{\"!tags\": [\"x\"]}" }, "services/s.json:1:11", "tags", lists },
		{ { "services/s.json", "{\"environment\": \"live\"}" }, "services/s.json:1:17", "environment", environment },
		{ { "services/s.json", "{\"name\": \"x\"}" }, "services/s.json:1:10", "name", name },
		{ { "services/s.live.json", "{\"services\": [\"x\"]}" }, "services/s.live.json:1:14", "services", lists },
		{ { "tags/t.json", "{\"services\": [\"x\"]}" }, "tags/t.json:1:14", "services", lists },
		{ { "tags/t.live.json", "{\"environment\": \"live\"}" }, "tags/t.live.json:1:17", "environment", environment },
		{ { "nodes/n.json", "{\"name\": \"x\"}" }, "nodes/n.json:1:10", "name", name },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct instance	 instance;
		unsigned	 column = (unsigned)strtoul(strrchr(rows[i].where, ':') + 1, NULL, 10);
		char		*want = xasprintf("%s: \"%s\" cannot be set here\n    %s\n    %*s\n%s", rows[i].where,
				    rows[i].key, rows[i].file.text, (int)column, "^", rows[i].hint);

		instance_init(&instance);
		put(&instance, "services/s.json", "{}");
		put(&instance, "tags/t.json", "{}");
		put(&instance, rows[i].file.path, rows[i].file.text);
		CHECK_ERR(instance_load(&instance), want);
		instance_fini(&instance);
		free(want);
	}
}

TEST(names_of_variants)
{
	static const struct row rows[] = {
		{ { { "common.a b.json", "{}" } }, NULL,
		    "common.a b.json: \"a b\" cannot be the name of an environment\n" },
		{ { { "services/s.json", "{}" }, { "services/s.x.y.json", "{}" } }, NULL,
		    "services/s.x.y.json: \"x.y\" cannot be the name of an environment\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_row(&rows[i]);
}

/* What common.json says about lists of names, a node's own file goes on with. */
TEST(classes_of_a_node)
{
	static const struct row rows[] = {
		{ { { "platform/common.json", "{\"tags\": [\"p\"]}" }, { "common.json", "{\"+tags\": [\"i\"]}" },
		    { "nodes/n.json", "{\"+tags\": [\"n\"]}" }, { "tags/p.json", "{}" }, { "tags/i.json", "{\"i\": 1}" } },
		    NULL, "nodes/n.json:1:12: unknown tag \"n\"\n    {\"+tags\": [\"n\"]}\n               ^\n" },
		{ { { "platform/common.json", "{\"tags\": [\"p\"]}" }, { "common.json", "{\"tags\": [\"i\"]}" },
		    { "nodes/n.json", "{\"+tags\": [\"i\"]}" }, { "tags/p.json", "{}" }, { "tags/i.json", "{\"i\": 1}" } },
		    "tags", "[\"i\"]" },
		{ { { "platform/common.json", "{\"tags\": [\"p\"]}" }, { "common.json", "{\"+tags\": [\"i\"]}" },
		    { "nodes/n.json", "{\"-tags\": [\"p\"]}" }, { "tags/p.json", "{}" }, { "tags/i.json", "{\"i\": 1}" } },
		    "tags", "[\"i\"]" },
		/* twice is once */
		{ { { "services/s.json", "{\"+x\": [1]}" }, { "nodes/n.json", "{\"services\": [\"s\", \"s\"]}" } },
		    "services", "[\"s\"]" },
		/* where the environment comes from */
		{ { { "tags/t.json", "{\"environment\": \"live\"}" },
		    { "nodes/n.json", "{\"tags\": [\"t\"], \"environment\": \"live\"}" } }, "environment", "\"live\"" },
		{ { { "platform/tags/t.json", "{\"environment\": \"live\"}" }, { "nodes/n.json", "{\"tags\": [\"t\"]}" } },
		    "environment", "\"live\"" },
		{ { { "platform/tags/t.json", "{\"environment\": \"live\"}" }, { "tags/t.json", "{\"environment\": null}" },
		    { "nodes/n.json", "{\"tags\": [\"t\"]}" } }, "environment", "\"live\"" },
		{ { { "platform/tags/t.json", "{\"environment\": \"live\"}" }, { "tags/t.json", "{\"environment\": \"own\"}" },
		    { "nodes/n.json", "{\"tags\": [\"t\"]}" } }, "environment", "\"own\"" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_row(&rows[i]);
}

TEST(what_there_is)
{
	struct instance	 instance;
	struct buf	 text = { 0 };

	instance_init(&instance);
	put(&instance, "platform/services/s/service.json", "{}");
	put(&instance, "services/s.json", "{}");
	put(&instance, "services/r/service.json", "{}");
	put(&instance, "platform/tags/t.json", "{\"environment\": \"far\"}");
	put(&instance, "tags/t.json", "{}");
	put(&instance, "tags/u.json", "{\"environment\": \"near\"}");
	put(&instance, "common.other.json", "{}");
	if (CHECK_OK(instance_load(&instance))) {
		strs_join(config_services(instance.config), " ", &text);
		CHECK_STR(buf_text(&text), "r s");
		buf_clear(&text);
		strs_join(config_tags(instance.config), " ", &text);
		CHECK_STR(buf_text(&text), "t u");
		buf_clear(&text);
		strs_join(config_environments(instance.config), " ", &text);
		CHECK_STR(buf_text(&text), "development far local near other production");
	}
	buf_fini(&text);
	instance_fini(&instance);
}

/* A layer that changes nothing below copies nothing. */
TEST(nothing_changed_is_shared)
{
	struct instance	 instance;
	json_t		*n, *m;

	instance_init(&instance);
	put(&instance, "common.json", "{\"o\": {\"p\": {\"q\": 1}, \"r\": 1}}");
	put(&instance, "nodes/n.json", "{\"o\": {\"p\": {\"q\": null}, \"r\": null}}");
	put(&instance, "nodes/m.json", "{}");
	if (CHECK_OK(instance_load(&instance))) {
		CHECK_OK(node_get(node_of(&instance, "n"), "o", &n));
		CHECK_OK(node_get(node_of(&instance, "m"), "o", &m));
		CHECK(n == m);
	}
	instance_fini(&instance);
}

/* Macros that go deep into the stack of C and need each other: what is too deep is put off, and nothing overflows. */
TEST(depth_within_depth)
{
	struct instance	 instance;
	struct buf	 text = { 0 };

	instance_init(&instance);
	buf_addc(&text, '{');
	for (unsigned i = 0; i < 200; i++)
		buf_addf(&text, "\"p%u\": \"= (function() local function f(n) if n == 0 then return node.p%u end return "
		    "(('a'):gsub('a', function() return f(n - 1) end)) end return f(60) end)() .. 'x'\",\n", i, i + 1);
	buf_adds(&text, "\"p200\": \"y\"}");
	put(&instance, "nodes/n.json", buf_text(&text));
	buf_clear(&text);
	buf_adds(&text, "\"y");
	for (unsigned i = 0; i < 200; i++)
		buf_addc(&text, 'x');
	buf_addc(&text, '"');
	if (CHECK_OK(instance_load(&instance)))
		CHECK_STR(value_of(&instance, "n", "p0"), buf_text(&text));
	buf_fini(&text);
	instance_fini(&instance);
}

/* Where Lua's stack of a million is all but full, a value that needs more of it is an error and no crash. */
TEST(a_stack_that_is_full)
{
	struct instance	 instance;
	json_t		*value;

	instance_init(&instance);
	put(&instance, "macros/own.lua", "function inside(...)\n  local filter = {}\n"
	    "  for i = 1, 50 do filter = {z = filter} end\n  return #nodes_like_me(filter)\nend\n");
	put(&instance, "nodes/n.json", "{\"a\": \"= inside(table.unpack({}, 1, 999000))\",\n"
	    "\"b\": \"= inside(table.unpack({}, 1, 999920))\"}");
	if (CHECK_OK(instance_load(&instance))) {
		CHECK_STR(value_of(&instance, "n", "a"), "0");
		CHECK_ERR_HAS(node_get(node_of(&instance, "n"), "b", &value),
		    "nodes/n.json:2:6: the result is nested too deeply\n");
	}
	instance_fini(&instance);
}

/* Values that grow from macro to macro have an end. */
TEST(values_have_a_size)
{
	struct instance	 instance;
	struct buf	 text = { 0 };
	json_t		*value;

	for (int deep = 0; deep <= 1; deep++) {
		instance_init(&instance);
		buf_clear(&text);
		buf_addc(&text, '{');
		for (unsigned i = 0; i < 70; i++)
			buf_addf(&text, "\"p%u\": \"= {a = node.p%u, b = %s and node.p%u}\",\n", i, i + 1,
			    deep ? "false" : "true", i + 1);
		buf_adds(&text, "\"p70\": {\"x\": 1}}");
		put(&instance, "nodes/n.json", buf_text(&text));
		if (CHECK_OK(instance_load(&instance)))
			CHECK_ERR_HAS(node_get(node_of(&instance, "n"), "p0", &value), deep ?
			    ": the result contains itself, or is nested more than 64 deep\n" :
			    ": the result is larger than 16 MiB\n");
		instance_fini(&instance);
	}
	buf_fini(&text);
}

/* A macro leaves nothing behind for the next one. */
TEST(nothing_is_passed_on)
{
	struct instance	 instance;
	json_t		*value;

	instance_init(&instance);
	put(&instance, "macros/own.lua", "local n, t = 0, {1}\nfunction count() n = n + 1 return n end\n"
	    "function fill() t[#t + 1] = 1 return #t end\nfunction size() return #t + n end\nlist = t\n");
	put(&instance, "nodes/m.json", "{\"l\": [1, 2]}");
	put(&instance, "nodes/n.json", "{\"a\": \"= count()\",\n\"b\": \"= fill()\",\n\"c\": \"= size()\",\n"
	    "\"d\": \"= table.insert(nodes.m.l, 3) or #nodes.m.l\",\n\"e\": \"= table.insert(list, 3)\",\n"
	    "\"f\": \"= table.remove(nodes{}) and #nodes{}\", \"g\": \"= (function() nodes.m.x = 1 end)()\"}");
	if (CHECK_OK(instance_load(&instance))) {
		CHECK_ERR(node_get(node_of(&instance, "n"), "a", &value),
		    "nodes/n.json:1:7: changes \"n\", which others share\n    {\"a\": \"= count()\",\n          ^\n"
		    "hint: what a function keeps must stay as it is; make a new table in the function\n");
		CHECK_ERR_HAS(node_get(node_of(&instance, "n"), "b", &value),
		    "nodes/n.json:2:6: changes \"list\", which others share\n");
		CHECK_STR(value_of(&instance, "n", "c"), "1");
		CHECK_STR(value_of(&instance, "n", "d"), "2");
		CHECK_ERR_HAS(node_get(node_of(&instance, "n"), "e", &value),
		    "nodes/n.json:5:6: changes \"list\", which others share\n");
		CHECK_STR(value_of(&instance, "n", "f"), "2");
		CHECK_ERR_HAS(node_get(node_of(&instance, "n"), "g", &value), "the configuration cannot be changed from Lua\n");
		CHECK_STR(value_of(&instance, "n", "c"), "1");
	}
	instance_fini(&instance);
}

/* Texts that are almost JSON, or almost UTF-8. */
TEST(texts_at_the_edge)
{
	static const struct { const char *text, *want; } rows[] = {
		{ "[\"\xe0\xa0\x80 \xed\x9f\xbf \xf0\x90\x80\x80 \xf4\x8f\xbf\xbf\"]", NULL },
		{ "[\"\xe0\x9f\xbf\"]", "the byte 0xe0 is not UTF-8" },
		{ "[\"\xed\xa0\x80\"]", "the byte 0xed is not UTF-8" },
		{ "[\"\xf0\x8f\xbf\xbf\"]", "the byte 0xf0 is not UTF-8" },
		{ "[\"\xf4\x90\x80\x80\"]", "the byte 0xf4 is not UTF-8" },
		{ "[\"\x1f\"]", "the control character 0x1f in a text\n    [\"\x1f\"]\n      ^\nhint: write \\u001f\n" },
		{ "{\"o\": {\"a.b\": 1}}", NULL },
		{ "{\"a\":", "f:1:6: the file ends where a value is expected\n    {\"a\":\n         ^\n" },
		{ "{\"a\": 1 ]", "f:1:9: \",\" or \"}\" is expected here, not \"]\"\n" },
		{ "[1 }", "f:1:4: \",\" or \"]\" is expected here, not \"}\"\n" },
		{ "{\"-!a\": 1}", "f:1:2: \"-!a\" has two signs\n" },
	};
	struct err	*e;
	json_t		*value;
	char		*large = xmalloc(((size_t)16 << 20) + 1);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		e = json_parse_text(&value, "f", rows[i].text, strlen(rows[i].text));
		if (rows[i].want == NULL ? !CHECK_OK(e) : !CHECK_ERR_HAS(e, rows[i].want))
			printf("  by %s\n", rows[i].text);
		json_decref(value);
	}
	memset(large, ' ', ((size_t)16 << 20) + 1);
	CHECK_ERR(json_parse_text(&value, "f", large, ((size_t)16 << 20) + 1), "f: is larger than 16 MiB\n");
	memcpy(large, "{}", 2);
	CHECK_OK(json_parse_text(&value, "f", large, (size_t)16 << 20));
	json_decref(value);
	free(large);
}

int
main(void)
{
	json_setup();
	RUN(signs);
	RUN(what_may_stand_where);
	RUN(names_of_variants);
	RUN(classes_of_a_node);
	RUN(what_there_is);
	RUN(nothing_changed_is_shared);
	RUN(depth_within_depth);
	RUN(a_stack_that_is_full);
	RUN(values_have_a_size);
	RUN(nothing_is_passed_on);
	RUN(texts_at_the_edge);
	return test_done();
}
