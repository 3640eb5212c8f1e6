/* test/unit: the JSON dialect: what it takes, what it says about the rest, and where values are. */
/* May know config, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include "base/json.h"
#include "config/config.h"

#include <stdlib.h>

struct bad {
	const char *text, *want;
};

#define NUMBER_HINT	"hint: a number is decimal and does not begin with 0; a text is in double quotes\n"
#define WORD_HINT	"hint: a text is in double quotes; without them there are only numbers, true, false and null\n"

TEST(errors_say_where_and_what)
{
	static const struct bad table[] = {
		{ "", "f:1:1: the file is empty\n    \n    ^\nhint: an object without anything is {}\n" },
		{ "\n// only\n", "f:1:1: the file is empty\n    \n    ^\nhint: an object without anything is {}\n" },
		{ "\xef\xbb\xbf{}", "f:1:1: a byte order mark, which JSON does not have\n    \xef\xbb\xbf{}\n    ^\n"
		    "hint: save the file in UTF-8 without one\n" },
		{ "{\"\": 1}", "f:1:2: an empty key\n    {\"\": 1}\n     ^\n" },
		{ "{\"a\": {\"+\": 1}}", "f:1:8: \"+\" without the name of a property behind it\n    {\"a\": {\"+\": 1}}\n"
		    "           ^\n" },
		{ "{\"a\": [{\"!\": 1}]}", "f:1:9: \"!\" without the name of a property behind it\n    {\"a\": [{\"!\": 1}]}\n"
		    "            ^\n" },
		{ "{\"ssh\\u002eport\": 1}", "f:1:2: a key with a dot in it, \"ssh.port\"\n    {\"ssh\\u002eport\": 1}\n"
		    "     ^\nhint: a property below another is written { \"a\": { \"b\": ... } }\n" },
		{ "[1", "f:1:3: the file ends, but \"]\" is missing\n    [1\n      ^\n  f:1:1: the list begins here\n" },
		{ "{\n \"a\": {", "f:2:8: the file ends, but \"}\" is missing\n     \"a\": {\n           ^\n"
		    "  f:2:7: the object begins here\n" },
		{ "{\"a\": 1,}", "f:1:8: a comma before \"}\"\n    {\"a\": 1,}\n           ^\nhint: remove the comma\n" },
		{ "{\"a\": [1, ]}", "f:1:9: a comma before \"]\"\n    {\"a\": [1, ]}\n            ^\n"
		    "hint: remove the comma\n" },
		{ "{\"a\": 1\n \"b\": 2}", "f:2:2: a comma is missing before this\n     \"b\": 2}\n     ^\n"
		    "hint: the members of an object are separated by commas\n" },
		{ "[1 2]", "f:1:4: a comma is missing before this\n    [1 2]\n       ^\n"
		    "hint: the elements of a list are separated by commas\n" },
		{ "{a: 1}", "f:1:2: a key in double quotes is expected here, not \"a\"\n    {a: 1}\n     ^\n"
		    "hint: write \"a\"\n" },
		{ "{\"a\": 'b'}", "f:1:7: single quotes: a text is in double quotes\n    {\"a\": 'b'}\n          ^\n"
		    "hint: write \"...\" instead of '...'\n" },
		{ "{\"a\" 1}", "f:1:6: the \":\" behind the key is expected here, not \"1\"\n    {\"a\" 1}\n         ^\n" },
		{ "{\"a\": }", "f:1:7: a value is expected here, not \"}\"\n    {\"a\": }\n          ^\n" },
		{ "{\"a\": [1}", "f:1:9: \",\" or \"]\" is expected here, not \"}\"\n    {\"a\": [1}\n            ^\n" },
		{ "{\"a\": 1,\n \"a\": 2}", "f:2:2: duplicate key \"a\"\n     \"a\": 2}\n     ^\n"
		    "hint: an object has each key once; remove one of them\n" },
		{ "{\"x\": \"a\", \"b\": {\"a\": 1, \"\\u0061\": 2}}", "f:1:26: duplicate key \"\\u0061\"\n"
		    "    {\"x\": \"a\", \"b\": {\"a\": 1, \"\\u0061\": 2}}\n                             ^\n"
		    "hint: an object has each key once; remove one of them\n" },
		{ "{\"a\": True}", "f:1:7: the word \"True\" means nothing in JSON\n    {\"a\": True}\n          ^\n"
		    WORD_HINT },
		{ "{\"a\": 01}", "f:1:7: \"01\" is no number\n    {\"a\": 01}\n          ^\n" NUMBER_HINT },
		{ "{\"a\": 0x1f}", "f:1:7: \"0x1f\" is no number\n    {\"a\": 0x1f}\n          ^\n" NUMBER_HINT },
		{ "{\"a\": 1.}", "f:1:7: \"1.\" is no number\n    {\"a\": 1.}\n          ^\n" NUMBER_HINT },
		{ "{\"a\": 9223372036854775808}", "f:1:7: this number is too large\n    {\"a\": 9223372036854775808}\n"
		    "          ^\n" },
		{ "{\"a\": 1e999}", "f:1:7: this number is too large\n    {\"a\": 1e999}\n          ^\n" },
		{ "{\"a\": \"x\n\"}", "f:1:7: this text has no closing quote on its line\n    {\"a\": \"x\n          ^\n"
		    "hint: a newline in a text is \\n\n" },
		{ "{\"a\": \"x\ty\"}", "f:1:9: the control character 0x09 in a text\n    {\"a\": \"x\ty\"}\n            ^\n"
		    "hint: write \\t\n" },
		{ "{\"a\": \"\\q\"}", "f:1:8: a backslash before what it cannot stand before\n    {\"a\": \"\\q\"}\n"
		    "           ^\nhint: \\\\ is one backslash; others are \\\" \\/ \\b \\f \\n \\r \\t \\uXXXX\n" },
		{ "{\"a\": \"\\u12g4\"}", "f:1:8: \\u wants four hexadecimal digits\n    {\"a\": \"\\u12g4\"}\n"
		    "           ^\n" },
		{ "{\"a\": \"\\ud800\"}", "f:1:8: half a surrogate pair\n    {\"a\": \"\\ud800\"}\n           ^\n" },
		{ "{\"a\": \"\\u0000\"}", "f:1:8: a NUL in a text\n    {\"a\": \"\\u0000\"}\n           ^\n" },
		{ "{} x", "f:1:4: nothing may follow the closing bracket, but here is \"x\"\n    {} x\n       ^\n" },
		{ "5", "f:1:1: an object, { ... }, is expected here, not \"5\"\n    5\n    ^\n" },
		{ "\"x\"", "f:1:1: an object, { ... }, is expected here, not a text\n    \"x\"\n    ^\n" },
		{ "{}\n /* never\n", "f:2:2: this comment has no end\n     /* never\n     ^\nhint: close it with */\n" },
		{ "{\"a\": \"\xff\"}", "f:1:8: the byte 0xff is not UTF-8\n    {\"a\": \"\xff\"}\n           ^\n"
		    "hint: save the file in UTF-8\n" },
		{ "// one\n/* two\n   three */ { \"b\": }", "f:3:20: a value is expected here, not \"}\"\n"
		    "       three */ { \"b\": }\n                       ^\n" },
	};
	json_t *value;

	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		CHECK_ERR(json_parse_text(&value, "f", table[i].text, strlen(table[i].text)), table[i].want);
}

TEST(nul_and_depth_are_refused)
{
	static const char	 nul[] = "{\"a\": \"b\0c\"}";
	struct buf		 deep = { 0 };
	json_t			*value;

	CHECK_ERR_HAS(json_parse_text(&value, "f", nul, sizeof(nul) - 1), "f:1:9: a NUL byte: this is no text\n");
	for (int i = 0; i < 200000; i++)
		buf_addc(&deep, '[');
	CHECK_ERR_HAS(json_parse_text(&value, "f", deep.data, deep.len), "f:1:101: nested more than 100 deep\n");
	buf_clear(&deep);
	for (int i = 0; i < 100; i++)
		buf_addc(&deep, '[');
	for (int i = 0; i < 100; i++)
		buf_addc(&deep, ']');
	CHECK_OK(json_parse_text(&value, "f", deep.data, deep.len));
	json_decref(value);
	buf_fini(&deep);
}

TEST(comments_are_space_but_not_in_texts)
{
	static const char text[] = "// first\n{ /* over\nlines */ \"url\": \"http://x /* y */\", // last\n \"n\": -1.5e2 }";
	json_t *value;

	if (!CHECK_OK(json_parse_text(&value, "f", text, strlen(text))))
		return;
	CHECK_STR(json_str(value, "url"), "http://x /* y */");
	CHECK(json_real_value(json_object_get(value, "n")) == -150.0);
	json_decref(value);
}

TEST(values_are_located)
{
	static const char text[] =
	    "// a file\n"
	    "{\n"
	    "\t\"list\": [1, {\"x\": null}, \"th/*r*/ee\"],\n"
	    "  \"a.b\": { \"c\": /* here */ 5 },\n"
	    "  \"a\": { \"b\": { \"d\": [[7]] } },\n"
	    "  \"caf\\u00e9\": true, \"\": { \"\": 9 }\n"
	    "}\n";
	static const struct { const char *property; unsigned line, column; } table[] = {
		{ "", 2, 1 },
		{ "list", 3, 10 },
		{ "list.1", 3, 11 },
		{ "list.2", 3, 14 },
		{ "list.2.x", 3, 20 },
		{ "list.3", 3, 27 },
		{ "a.b", 4, 10 },
		{ "a.b.c", 4, 28 },
		{ "a.b.d", 5, 22 },
		{ "a.b.d.1.1", 5, 24 },
		{ "caf\xc3\xa9", 6, 16 },
		{ "list.4", 0, 0 },
		{ "list.0", 0, 0 },
		{ "list.x", 0, 0 },
		{ "a.b.x", 0, 0 },
		{ "a.b.c.d", 0, 0 },
		{ "nothing", 0, 0 },
	};
	struct place place;

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		CHECK_INT(json_locate("f", text, strlen(text), table[i].property, &place), table[i].line != 0);
		if (!CHECK_INT(place.line, table[i].line) || !CHECK_INT(place.column, table[i].column))
			printf("  at %s\n", table[i].property);
	}
	CHECK(json_locate("f", text, strlen(text), "a.b.c", &place));
	CHECK_STR(place.path, "f");
	CHECK_STR(place.text, "  \"a.b\": { \"c\": /* here */ 5 },");
}

int
main(void)
{
	json_setup();
	RUN(errors_say_where_and_what);
	RUN(nul_and_depth_are_refused);
	RUN(comments_are_space_but_not_in_texts);
	RUN(values_are_located);
	return test_done();
}
