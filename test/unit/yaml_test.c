/* test/unit: what is written as YAML, another program's reader takes for the same values. */
/* May know config, base, libyaml. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "instance.h"

#include "base/json.h"

#include <stdint.h>
#include <yaml.h>

/* A plain scalar as YAML 1.1 has it. */
static json_t *
plain(const char *text)
{
	char	*end;
	long	 whole;
	double	 number;

	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
		return json_boolean(*text == 't');
	if (strcmp(text, "null") == 0)
		return json_null();
	whole = strtol(text, &end, 10);
	if (*text != '\0' && *end == '\0')
		return json_integer(whole);
	number = strtod(text, &end);
	if (*text != '\0' && *end == '\0' && strchr(text, '.') != NULL)
		return json_real(number);
	return json_string(text);
}

/* After an error there is no event any more. */
static bool
next(yaml_parser_t *parser, yaml_event_t *event)
{
	return yaml_parser_parse(parser, event) && event->type != YAML_NO_EVENT;
}

static json_t	*read_node(yaml_parser_t *parser, yaml_event_t *event);

static json_t *
read_array(yaml_parser_t *parser)
{
	json_t		*array = json_array();
	yaml_event_t	 event;

	while (next(parser, &event) && event.type != YAML_SEQUENCE_END_EVENT)
		json_array_append_new(array, read_node(parser, &event));
	yaml_event_delete(&event);
	return array;
}

static json_t *
read_object(yaml_parser_t *parser)
{
	json_t		*object = json_object(), *value;
	yaml_event_t	 key, event;

	while (next(parser, &key) && key.type == YAML_SCALAR_EVENT && next(parser, &event)) {
		value = read_node(parser, &event);
		json_object_set_new(object, (const char *)key.data.scalar.value, value);
		yaml_event_delete(&key);
	}
	yaml_event_delete(&key);
	return object;
}

/* NULL when it cannot be read. */
static json_t *
read_node(yaml_parser_t *parser, yaml_event_t *event)
{
	json_t *value = NULL;

	if (event->type == YAML_SCALAR_EVENT && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		value = plain((const char *)event->data.scalar.value);
	else if (event->type == YAML_SCALAR_EVENT)
		value = json_stringn((const char *)event->data.scalar.value, event->data.scalar.length);
	else if (event->type == YAML_MAPPING_START_EVENT)
		value = read_object(parser);
	else if (event->type == YAML_SEQUENCE_START_EVENT)
		value = read_array(parser);
	yaml_event_delete(event);
	return value;
}

static json_t *
read_yaml(const struct buf *text)
{
	yaml_parser_t	 parser;
	yaml_event_t	 event;
	json_t		*value = NULL;

	yaml_parser_initialize(&parser);
	yaml_parser_set_input_string(&parser, (const unsigned char *)buf_text(text), text->len);
	for (int skip = 0; skip < 2; skip++) {
		if (yaml_parser_parse(&parser, &event))
			yaml_event_delete(&event);
	}
	if (yaml_parser_parse(&parser, &event))
		value = read_node(&parser, &event);
	if (yaml_parser_parse(&parser, &event))
		yaml_event_delete(&event);
	yaml_parser_delete(&parser);
	return value;
}

/* The node's YAML, read again, is what the node has. */
static void
check_round(json_t *take_values)
{
	struct instance	 instance;
	struct buf	 file = { 0 }, yaml = { 0 };
	json_t		*root = json_pack("{s:o}", "values", take_values), *again, *want = NULL;

	json_pretty(root, &file);
	instance_init(&instance);
	put(&instance, "nodes/node.json", buf_text(&file));
	if (CHECK_OK(instance_load(&instance)) && CHECK_OK(node_get(node_of(&instance, "node"), "", &want)) &&
	    CHECK_OK(node_yaml(node_of(&instance, "node"), &yaml))) {
		again = read_yaml(&yaml);
		if (!CHECK(again != NULL && json_equal(again, want)))
			printf("%s\n", buf_text(&yaml));
		json_decref(again);
	}
	instance_fini(&instance);
	json_decref(root);
	buf_fini(&file);
	buf_fini(&yaml);
}

TEST(each_text)
{
	static const char *const texts[] = {
		"", " ", "a", "a b", "a ", " a", "~", "null", "Yes", "1", "-1", "1.5", "0x1f", "1e3", "-", "- a", "? a", "a: b",
		"a #b", "#a", "&a", "*a", "!a", "%a", "@a", "`a", "'a'", "\"a\"", "\\", "{", "[]", "a,b", "---", "...", "a:",
		":a", "\n", "\n\n", "a\n", "a\n\n", "\na", "\n a\n", " a\nb", "a\n b\n", "a\nb", "a \nb", "a\n \nb", "a\n ",
		"a\tb\nc", "\t", "a\r\nb", "a\n---\nb\n", "a\n...\n", "#a\n#b\n", "a\n\n\nb\n\n", "\x01\x7f", "\xc2\x85", "\xc2\xa0",
		"\xe2\x80\xa8", "\xef\xbb\xbf", "\xf0\x9f\x98\x80", "caf\xc3\xa9\n\xf0\x9f\x98\x80", "/", "a@b.c", "y", "-a", "a-",
		"2024-01-01", "12:30", "0b1", "1_000", ".5", "=", "<<", "true", "on\n", "|", ">-", "- |\n  a",
	};
	char	 longest[1400];
	json_t	*list = json_array(), *object = json_object();

	memset(longest, 'k', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		json_array_append_new(list, json_string(texts[i]));
		if (*texts[i] != '\0' && *texts[i] != '-')
			json_object_set_new(object, texts[i], json_string(texts[i]));
	}
	json_object_set_new(object, longest, json_pack("{s:[s,{s:s}]}", "a", "b\nc", "d", "e\n"));
	longest[200] = ' ';
	json_object_set_new(object, longest, json_pack("[[s,[]],{},s]", " a\n", "x"));
	longest[150] = '\0';
	json_object_set_new(object, longest, json_string("short"));
	check_round(json_pack("{s:O, s:O}", "list", list, "nested", object));
	check_round(json_pack("[O, [[O]], O]", list, list, object));
	json_decref(list);
	json_decref(object);
}

/* Values that depend on nothing but the seed. */
static json_t *
random_value(uint32_t *seed, unsigned depth)
{
	static const char *const pieces[] = { "a", "b c", "\n", " ", ": ", "- ", "#", "\xc3\xa9", "\t", "\"", "x\n", "0", "." };
	struct buf	 text = { 0 };
	json_t		*value;
	char		 key[24];

	*seed = *seed * 1664525u + 1013904223u;
	switch (depth == 0 ? 4 + (*seed >> 16) % 4 : (*seed >> 16) % 8) {
	case 0:
	case 1:
		value = json_array();
		for (unsigned i = 0, count = (*seed >> 24) % 4; i < count; i++)
			json_array_append_new(value, random_value(seed, depth - 1));
		return value;
	case 2:
	case 3:
		value = json_object();
		for (unsigned i = 0, count = (*seed >> 24) % 4; i < count; i++) {
			snprintf(key, sizeof(key), "k%u", i);
			json_object_set_new(value, key, random_value(seed, depth - 1));
		}
		return value;
	case 4:
		return (*seed >> 24) % 2 == 0 ? json_integer((int)(*seed >> 8)) : json_real((double)*seed / 7);
	default:
		for (unsigned i = 0, count = (*seed >> 24) % 7; i < count; i++) {
			*seed = *seed * 1664525u + 1013904223u;
			buf_adds(&text, pieces[(*seed >> 16) % ARRAY_LEN(pieces)]);
		}
		value = json_string(buf_text(&text));
		buf_fini(&text);
		return value;
	}
}

TEST(random_values)
{
	uint32_t	 seed = 1;
	json_t		*list = json_array();

	for (unsigned i = 0; i < 3000; i++)
		json_array_append_new(list, random_value(&seed, 5));
	check_round(list);
}

int
main(void)
{
	json_setup();
	RUN(each_text);
	RUN(random_values);
	return test_done();
}
