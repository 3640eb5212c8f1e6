/* unit: JSON Schema: every keyword and what is said of it; the official suite is test/cli/schema-suite.sh's. */
/* May know schema, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "schema/schema.h"

#include "base/json.h"
#include "base/strs.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

/* Problems as lines "PATH: MESSAGE [KEYWORD] (HINT)". */
static void
note(void *arg, const struct schema_problem *problem)
{
	struct buf *text = arg;

	buf_addf(text, "%s: %s [%s]", problem->path, problem->message, problem->keyword);
	if (problem->hint != NULL)
		buf_addf(text, " (%s)", problem->hint);
	buf_addc(text, '\n');
}

static json_t *
parse(const char *text)
{
	json_error_t	 error;
	json_t		*json = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);

	if (json == NULL)
		printf("# %s: %s\n", error.text, text);
	return json;
}

/* What is said of the value, or of the schema; valid until the next call. */
static const char *
said(unsigned flags, const char *schema_text, const char *value_text, bool nulls_missing)
{
	static struct buf	 text;
	struct schema_set	*set = schema_set_new(flags);
	struct schema_view	 view = { .report = note, .arg = &text, .nulls_missing = nulls_missing };
	json_t			*document = parse(schema_text), *value = parse(value_text);
	const struct schema	*schema;
	bool			 good, quiet;

	buf_fini(&text);
	schema_set_add(set, "leap:/test", document);
	if ((schema = schema_compile(set, "leap:/test", note, &text)) != NULL) {
		good = schema_valid(schema, value, &view);
		CHECK_INT(good, text.len == 0);
		view.report = NULL;
		quiet = schema_valid(schema, value, &view);
		CHECK_INT(good, quiet);
	} else
		CHECK(text.len > 0);
	json_decref(document);
	json_decref(value);
	schema_set_free(set);
	return buf_text(&text);
}

struct row {
	const char	*schema, *value, *want;
};

static void
check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!CHECK_STR(said(SCHEMA_STRICT | SCHEMA_FORMATS, rows[i].schema, rows[i].value, false), rows[i].want))
			printf("# by %s of %s\n", rows[i].schema, rows[i].value);
	}
}

#define ROWS(rows)	check_rows(rows, sizeof(rows) / sizeof(*(rows)))

TEST(what_a_value_is)
{
	static const struct row rows[] = {
		{ "true", "1", "" },
		{ "false", "1", ": must not be there []\n" },
		{ "{}", "1", "" },
		{ "{\"type\": \"integer\"}", "1.0", "" },
		{ "{\"type\": \"integer\"}", "1.5", ": must be a whole number [type]\n" },
		{ "{\"type\": \"number\"}", "1", "" },
		{ "{\"type\": \"number\"}", "\"1\"", ": must be a number [type]\n" },
		{ "{\"type\": [\"integer\", \"number\"]}", "\"1\"", ": must be a number [type]\n" },
		{ "{\"type\": \"string\"}", "1", ": must be a text [type]\n" },
		{ "{\"type\": \"boolean\"}", "0", ": must be true or false [type]\n" },
		{ "{\"type\": \"null\"}", "0", ": must be null [type]\n" },
		{ "{\"type\": [\"string\", \"array\", \"object\"]}", "0",
		  ": must be an object, a list or a text [type]\n" },
		{ "{\"enum\": [\"tcp\", \"udp\"]}", "\"tcp\"", "" },
		{ "{\"enum\": [\"tcp\", \"udp\"]}", "\"tpc\"",
		  ": must be \"tcp\" or \"udp\" [enum] (did you mean \"tcp\"?)\n" },
		{ "{\"enum\": [1, [2], {\"a\": 3.0}]}", "{\"a\": 3}", "" },
		{ "{\"enum\": [1, 2, 3]}", "4", ": must be 1, 2 or 3 [enum]\n" },
		{ "{\"enum\": []}", "4", ": must not be there [enum]\n" },
		{ "{\"enum\": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]}", "0",
		  ": must be 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 or 12 [enum]\n" },
		{ "{\"enum\": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]}", "0",
		  ": must be 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 or one of 2 more [enum]\n" },
		{ "{\"const\": 1}", "1.0", "" },
		{ "{\"const\": 1}", "true", ": must be 1 [const]\n" },
		{ "{\"const\": {\"a\": [1]}}", "{\"a\": [2]}", ": must be {\"a\":[1]} [const]\n" },
		/* One problem with what it is, and no more with what it is not. */
		{ "{\"type\": \"integer\", \"enum\": [1], \"minimum\": 1}", "\"x\"", ": must be a whole number [type]\n" },
		{ "{\"description\": \"how many\", \"type\": \"integer\"}", "\"x\"",
		  ": must be a whole number [type] (how many)\n" },
	};

	ROWS(rows);
}

TEST(numbers)
{
	static const struct row rows[] = {
		{ "{\"minimum\": 3}", "3.0", "" },
		{ "{\"minimum\": 3}", "2", ": must be at least 3 [minimum]\n" },
		{ "{\"maximum\": 3}", "3", "" },
		{ "{\"maximum\": 3}", "3.5", ": must be at most 3 [maximum]\n" },
		{ "{\"exclusiveMinimum\": 3}", "3", ": must be more than 3 [exclusiveMinimum]\n" },
		{ "{\"exclusiveMaximum\": 3}", "3", ": must be less than 3 [exclusiveMaximum]\n" },
		{ "{\"exclusiveMaximum\": 9007199254740993}", "9007199254740992", "" },
		{ "{\"maximum\": 9007199254740992.0}", "9007199254740993",
		  ": must be at most 9007199254740992.0 [maximum]\n" },
		{ "{\"multipleOf\": 5}", "12", ": must be a multiple of 5 [multipleOf]\n" },
		{ "{\"multipleOf\": 5}", "-15", "" },
		{ "{\"multipleOf\": 0.01}", "4.35", "" },
		{ "{\"multipleOf\": 0.01}", "4.355", ": must be a multiple of 0.01 [multipleOf]\n" },
		{ "{\"multipleOf\": 0.1}", "1e300", "" },
		{ "{\"multipleOf\": 3}", "1e300", ": must be a multiple of 3 [multipleOf]\n" },
		{ "{\"multipleOf\": 1e300}", "0", "" },
		{ "{\"multipleOf\": 1e300}", "7", ": must be a multiple of 1e300 [multipleOf]\n" },
		{ "{\"minimum\": 3}", "\"2\"", "" },
	};

	ROWS(rows);
}

TEST(texts)
{
	static const struct row rows[] = {
		{ "{\"maxLength\": 2}", "\"\xc3\xa9\xf0\x9f\x92\xa9\"", "" },
		{ "{\"maxLength\": 2}", "\"abc\"", ": must have at most 2 characters [maxLength]\n" },
		{ "{\"maxLength\": 1}", "\"abc\"", ": must have at most 1 character [maxLength]\n" },
		{ "{\"minLength\": 1}", "\"\"", ": must not be empty [minLength]\n" },
		{ "{\"minLength\": 3}", "\"ab\"", ": must have at least 3 characters [minLength]\n" },
		{ "{\"minLength\": 3.0}", "\"abc\"", "" },
		{ "{\"pattern\": \"^a+$\"}", "\"aa\"", "" },
		{ "{\"pattern\": \"^a+$\", \"description\": \"only a\"}", "\"ab\"",
		  ": must match \"^a+$\" [pattern] (only a)\n" },
		{ "{\"pattern\": \"^(a+)+$\"}", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"",
		  ": cannot be checked: matching a regular expression: match limit exceeded [pattern]\n" },
		{ "{\"pattern\": \"a\"}", "7", "" },
	};

	ROWS(rows);
}

TEST(formats)
{
	static const struct {
		const char	*format, *good, *bad, *message;
	} rows[] = {
		{ "cidr", "192.0.2.0/24", "192.0.2.0/33", "a network such as 192.0.2.0/24" },
		{ "cidr", "2001:db8::/0", "2001:db8::/032", "a network such as 192.0.2.0/24" },
		{ "date", "2024-02-29", "2023-02-29", "a date such as 2026-01-31" },
		{ "date-time", "2016-12-31T23:59:60Z", "2016-12-31T22:59:60Z", "a time such as 2026-01-31T12:00:00Z" },
		{ "duration", "P1Y2M3DT4H", "P1YT", "a duration such as P1DT12H" },
		{ "email", "root@example.org", "root@-x", "an e-mail address" },
		{ "hostname", "a-1.example.org", "a_1.example.org", "the name of a host" },
		{ "ip", "2001:db8::1", "2001:db8::g", "an IPv4 or IPv6 address" },
		{ "ipv4", "192.0.2.1", "192.0.2.01", "an IPv4 address" },
		{ "ipv6", "::1", "192.0.2.1", "an IPv6 address" },
		{ "json-pointer", "/a~1b", "/a~2", "a JSON pointer such as /a/0" },
		{ "port-range", "8000-8000", "8001-8000", "a range of ports such as 8000-8100" },
		{ "port-range", "1-65535", "1-65536", "a range of ports such as 8000-8100" },
		{ "regex", "a(b)", "a(b", "a regular expression" },
		{ "relative-json-pointer", "1/a", "01/a", "a relative JSON pointer such as 1/a" },
		{ "time", "12:00:00+02:00", "12:00:00", "a time such as 12:00:00Z" },
		{ "uri", "https://[::1]:80/a?b#c", "//example.org/", "a URI" },
		{ "uri-reference", "../a?b", "a b", "a URI, or a reference that is relative to one" },
		{ "uuid", "2EB8AA08-aa98-11ea-b4aa-73b441d16380", "2eb8aa08aa9811eab4aa73b441d16380", "a UUID" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char	*schema = xasprintf("{\"format\": \"%s\"}", rows[i].format), *good = xasprintf("\"%s\"", rows[i].good);
		char	*bad = xasprintf("\"%s\"", rows[i].bad);
		char	*want = xasprintf(": must be %s [format]\n", rows[i].message);

		CHECK_STR(said(SCHEMA_FORMATS, schema, good, false), "");
		CHECK_STR(said(SCHEMA_FORMATS, schema, bad, false), want);
		CHECK_STR(said(0, schema, bad, false), "");	/* an annotation, says the standard */
		CHECK(schema_format_good(rows[i].format, rows[i].good));
		CHECK(!schema_format_good(rows[i].format, rows[i].bad));
		free(schema);
		free(good);
		free(bad);
		free(want);
	}
	CHECK_STR(said(SCHEMA_FORMATS, "{\"format\": \"port\"}", "65536", false),
	    ": must be a port, from 1 to 65535 [format]\n");
	CHECK_STR(said(SCHEMA_FORMATS, "{\"format\": \"port\"}", "65535", false), "");
	CHECK_STR(said(SCHEMA_FORMATS, "{\"format\": \"ipv4\"}", "\"192.0.2.1\\u0000\"", false),
	    ": must be an IPv4 address [format]\n");
	CHECK_STR(said(SCHEMA_FORMATS, "{\"format\": \"idn-email\"}", "\"x\"", false), "");
	CHECK_STR(said(SCHEMA_FORMATS, "{\"format\": \"hostnam\"}", "\"_\"", false), "");
}

TEST(objects)
{
	static const struct row rows[] = {
		{ "{\"properties\": {\"a\": {\"type\": \"integer\"}}}", "{\"a\": \"x\", \"b\": 1}",
		  "a: must be a whole number [type]\n" },
		{ "{\"properties\": {\"a\": {\"items\": {\"type\": \"integer\"}}}}", "{\"a\": [1, \"x\"]}",
		  "a.2: must be a whole number [type]\n" },
		{ "{\"required\": [\"a\", \"b\"]}", "{\"b\": 1}", ": must have \"a\" [required]\n" },
		{ "{\"required\": [\"a\", \"b\"]}", "{}",
		  ": must have \"a\" [required]\n: must have \"b\" [required]\n" },
		{ "{\"dependentRequired\": {\"a\": [\"b\"]}}", "{\"a\": 1}",
		  ": must have \"b\", because it has \"a\" [dependentRequired]\n" },
		{ "{\"dependentRequired\": {\"a\": [\"b\"]}}", "{}", "" },
		{ "{\"dependentSchemas\": {\"a\": {\"required\": [\"b\"]}}}", "{\"a\": 1}",
		  ": must have \"b\" [required]\n" },
		{ "{\"properties\": {\"ports\": true, \"from\": true}, \"additionalProperties\": false}", "{\"form\": 1}",
		  "form: is not known [additionalProperties] (did you mean \"from\"?)\n" },
		{ "{\"properties\": {\"ports\": true, \"from\": true}, \"additionalProperties\": false}", "{\"x\": 1}",
		  "x: is not known [additionalProperties] (there are \"from\", \"ports\")\n" },
		{ "{\"properties\": {\"ports\": true, \"old\": false}, \"additionalProperties\": false}", "{\"x\": 1}",
		  "x: is not known [additionalProperties] (there is \"ports\")\n" },
		{ "{\"additionalProperties\": false}", "{\"x\": 1}",
		  "x: is not known [additionalProperties] (nothing can be set here)\n" },
		{ "{\"properties\": {\"a\": false}}", "{\"a\": 1}", "a: must not be there []\n" },
		{ "{\"patternProperties\": {\"^a\": {\"type\": \"integer\"}}, \"additionalProperties\": {\"type\": \"string\"}}",
		  "{\"ab\": 1, \"b\": \"x\"}", "" },
		{ "{\"patternProperties\": {\"^a\": {\"type\": \"integer\"}}, \"additionalProperties\": {\"type\": \"string\"}}",
		  "{\"ab\": \"x\", \"b\": 1}", "ab: must be a whole number [type]\nb: must be a text [type]\n" },
		{ "{\"patternProperties\": {\"^(a+)+$\": true}}", "{\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\": 1}",
		  ": cannot be checked: matching a regular expression: match limit exceeded [patternProperties]\n" },
		{ "{\"minProperties\": 1}", "{\"a\": 1}", "" },
		{ "{\"propertyNames\": false}", "{\"b\": 1}", "b: is no good name: it must not be there [propertyNames]\n" },
		{ "{\"propertyNames\": {\"pattern\": \"^a\", \"description\": \"names begin with a\"}}", "{\"b\": 1}",
		  "b: is no good name: it must match \"^a\" [propertyNames] (names begin with a)\n" },
		{ "{\"minProperties\": 1}", "{}", ": must have at least 1 property [minProperties]\n" },
		{ "{\"minProperties\": 2}", "{}", ": must have at least 2 properties [minProperties]\n" },
		{ "{\"maxProperties\": 1}", "{\"a\": 1, \"b\": 2}", ": must have at most 1 property [maxProperties]\n" },
		{ "{\"allOf\": [{\"properties\": {\"abc\": true}}], \"unevaluatedProperties\": false}", "{\"abd\": 1}",
		  "abd: is not known [unevaluatedProperties] (did you mean \"abc\"?)\n" },
		{ "{\"unevaluatedProperties\": {\"type\": \"string\"}}", "{\"a\": 1}", "a: must be a text [type]\n" },
	};

	ROWS(rows);
}

TEST(lists)
{
	static const struct row rows[] = {
		{ "{\"items\": {\"type\": \"integer\"}}", "[1, \"x\", true]",
		  "2: must be a whole number [type]\n3: must be a whole number [type]\n" },
		{ "{\"prefixItems\": [{\"type\": \"integer\"}], \"items\": {\"type\": \"string\"}}", "[\"x\", 1]",
		  "1: must be a whole number [type]\n2: must be a text [type]\n" },
		{ "{\"minItems\": 1}", "[]", ": must have at least 1 element [minItems]\n" },
		{ "{\"maxItems\": 2}", "[1, 2, 3]", ": must have at most 2 elements [maxItems]\n" },
		{ "{\"uniqueItems\": true}", "[1, 2, 1.0]",
		  ": must not have the same element twice, as number 1 and number 3 [uniqueItems]\n" },
		{ "{\"uniqueItems\": true}", "[{\"a\": 1, \"b\": 2}, {\"b\": 2, \"a\": 1}]",
		  ": must not have the same element twice, as number 1 and number 2 [uniqueItems]\n" },
		{ "{\"uniqueItems\": true}", "[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,[{\"a\":7}],\"x\",[{\"a\":7.0}]]",
		  ": must not have the same element twice, as number 20 and number 22 [uniqueItems]\n" },
		{ "{\"uniqueItems\": true}", "[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,false,\"0\",[0],null,{}]", "" },
		{ "{\"contains\": {\"const\": 1, \"description\": \"a one\"}}", "[2]",
		  ": must have at least 1 of certain elements [contains] (a one)\n" },
		{ "{\"contains\": {\"const\": 1}, \"minContains\": 0}", "[2]", "" },
		{ "{\"contains\": {\"const\": 1}, \"minContains\": 2}", "[1]",
		  ": must have at least 2 of certain elements [minContains]\n" },
		{ "{\"contains\": {\"const\": 1}, \"maxContains\": 1}", "[1, 1]",
		  ": must have at most 1 of certain elements [maxContains]\n" },
		{ "{\"prefixItems\": [true], \"unevaluatedItems\": false}", "[1, 2]", "2: must not be there []\n" },
	};

	ROWS(rows);
}

TEST(forms)
{
	static const struct row rows[] = {
		{ "{\"anyOf\": [{\"type\": \"integer\"}, {\"type\": \"string\"}]}", "[]",
		  ": must be a whole number, or a text [anyOf]\n" },
		/* The one that was meant: of the right type, or gone into the deepest. */
		{ "{\"anyOf\": [{\"type\": \"integer\", \"maximum\": 9}, {\"type\": \"string\"}]}", "10",
		  ": must be at most 9 [maximum]\n" },
		{ "{\"anyOf\": [{\"const\": \"*\"}, {\"format\": \"ip\"}, {\"format\": \"cidr\"}], \"description\": \"who\"}", "\"x\"",
		  ": must be \"*\", or an IPv4 or IPv6 address, or a network such as 192.0.2.0/24 [anyOf] (who)\n" },
		{ "{\"anyOf\": [{\"type\": \"integer\"}, {\"type\": \"string\", \"format\": \"ip\"}]}", "\"x\"",
		  ": must be an IPv4 or IPv6 address [format]\n" },
		{ "{\"anyOf\": [{\"format\": \"ip\"}, {\"pattern\": \"^a\"}]}", "\"x\"", ": must match \"^a\" [pattern]\n" },
		{ "{\"anyOf\": [{\"type\": \"integer\", \"maximum\": 1}, {\"type\": \"integer\"}, {\"type\": \"null\"}]}", "\"x\"",
		  ": must be a whole number, or null [anyOf]\n" },
		{ "{\"anyOf\": [{\"properties\": {\"a\": {\"type\": \"string\"}}}, {\"type\": \"string\"}]}", "{\"a\": 1}",
		  "a: must be a text [type]\n" },
		{ "{\"anyOf\": [{\"required\": [\"a\"]}, {\"required\": [\"b\"]}]}", "{}",
		  ": has none of the forms that it may have [anyOf]\n" },
		{ "{\"oneOf\": [{\"type\": \"integer\"}, {\"minimum\": 3}]}", "4",
		  ": has more than one of the forms that exclude each other [oneOf]\n" },
		{ "{\"oneOf\": [{\"type\": \"integer\"}, {\"type\": \"null\"}]}", "\"x\"",
		  ": must be a whole number, or null [oneOf]\n" },
		{ "{\"allOf\": [{\"minimum\": 3}, {\"maximum\": 1}]}", "2",
		  ": must be at least 3 [minimum]\n: must be at most 1 [maximum]\n" },
		{ "{\"not\": {\"const\": 1}, \"description\": \"anything but 1\"}", "1",
		  ": must not be as it is [not] (anything but 1)\n" },
		{ "{\"if\": {\"minimum\": 10}, \"then\": {\"maximum\": 20}, \"else\": {\"maximum\": 5}}", "30",
		  ": must be at most 20 [maximum]\n" },
		{ "{\"if\": {\"minimum\": 10}, \"then\": {\"maximum\": 20}, \"else\": {\"maximum\": 5}}", "7",
		  ": must be at most 5 [maximum]\n" },
	};

	ROWS(rows);
}

TEST(references)
{
	static const struct row rows[] = {
		{ "{\"$ref\": \"#/$defs/a%20b~1\", \"$defs\": {\"a b/\": {\"type\": \"integer\"}}}", "\"x\"",
		  ": must be a whole number [type]\n" },
		{ "{\"properties\": {\"a\": {\"$ref\": \"#\"}, \"n\": {\"type\": \"integer\"}}}", "{\"a\": {\"a\": {\"n\": \"x\"}}}",
		  "a.a.n: must be a whole number [type]\n" },
		{ "{\"$ref\": \"#here\", \"$defs\": {\"x\": {\"$anchor\": \"here\", \"type\": \"integer\"}}}", "\"x\"",
		  ": must be a whole number [type]\n" },
		{ "{\"$ref\": \"sub\", \"$defs\": {\"x\": {\"$id\": \"sub\", \"type\": \"integer\"}}}", "\"x\"",
		  ": must be a whole number [type]\n" },
		{ "{\"$ref\": \"https://json-schema.org/draft/2020-12/schema\"}", "{\"minLength\": -1}",
		  "minLength: must be at least 0 [minimum]\n" },
		/* Extensible: the innermost schema refers to what the outermost says. */
		{ "{\"$id\": \"leap:/outer\", \"$ref\": \"tree\", \"$defs\": {\"n\": {\"$dynamicAnchor\": \"node\", \"$ref\": \"tree\","
		  "\"unevaluatedProperties\": false}, \"t\": {\"$id\": \"tree\", \"$dynamicAnchor\": \"node\", \"properties\":"
		  "{\"data\": true, \"children\": {\"items\": {\"$dynamicRef\": \"#node\"}}}}}}",
		  "{\"children\": [{\"daat\": 1}]}",
		  "children.1.daat: is not known [unevaluatedProperties] (did you mean \"data\"?)\n" },
	};

	ROWS(rows);
}

TEST(schemas_that_are_wrong)
{
	static const struct row rows[] = {
		{ "{\"properties\": {\"a\": {\"typ\": \"integer\"}}}", "1",
		  "properties.a.typ: is no keyword of JSON Schema [typ] (did you mean \"type\"?)\n" },
		{ "{\"dependencies\": {}}", "1",
		  "dependencies: is no keyword of JSON Schema [dependencies] (keywords of your own begin with \"x-\")\n" },
		{ "{\"x-own\": 1}", "1", "" },
		{ "7", "1", ": must be a schema: an object, true or false []\n" },
		{ "{\"items\": [true]}", "1", "items: must be a schema: an object, true or false []\n" },
		{ "{\"type\": \"int\"}", "1", "type: has a type that does not exist [type] (there are null, boolean, integer, "
		  "number, string, array and object)\n" },
		{ "{\"type\": []}", "1", "type: must have a type [type]\n" },
		{ "{\"enum\": 1}", "1", "enum: must be a list [enum]\n" },
		{ "{\"minLength\": -1}", "1", "minLength: must be a whole number, 0 or more [minLength]\n" },
		{ "{\"minLength\": 1.5}", "1", "minLength: must be a whole number, 0 or more [minLength]\n" },
		{ "{\"minimum\": \"1\"}", "1", "minimum: must be a number [minimum]\n" },
		{ "{\"multipleOf\": 0}", "1", "multipleOf: must be more than 0 [multipleOf]\n" },
		{ "{\"required\": [1]}", "1", "required: must be a list of names [required]\n" },
		{ "{\"dependentRequired\": {\"a\": 1}}", "1",
		  "dependentRequired: must be an object of lists of names [dependentRequired]\n" },
		{ "{\"allOf\": []}", "1", "allOf: must be a list of schemas [allOf]\n" },
		{ "{\"properties\": []}", "1", "properties: must be an object of schemas [properties]\n" },
		{ "{\"uniqueItems\": 1}", "1", "uniqueItems: must be true or false [uniqueItems]\n" },
		{ "{\"title\": 1}", "1", "title: must be a text [title]\n" },
		{ "{\"pattern\": \"a(\"}", "1", "pattern: has what is no regular expression: \"a(\" is no regular expression: "
		  "missing closing parenthesis at its character 3 [pattern]\n" },
		{ "{\"patternProperties\": {\"[\": true}}", "1", "patternProperties: has what is no regular expression: \"[\" is "
		  "no regular expression: missing terminating ] for character class at its character 2 "
		  "[patternProperties]\n" },
		{ "{\"format\": \"hostnam\"}", "1",
		  "format: is no format that leap knows [format] (did you mean \"hostname\"?)\n" },
		{ "{\"$defs\": {\"a\": {\"$id\": \"http://x/y\"}, \"b\": {\"$id\": \"http://x/y\"}}}", "1",
		  "$defs.b.$id: is that of another schema too [$id]\n" },
		{ "{\"$anchor\": \"1\"}", "1", "$anchor: must be a name of letters, digits, - . and _ [$anchor]\n" },
		{ "{\"$anchor\": \"a\", \"$defs\": {\"b\": {\"$anchor\": \"a\"}}}", "1",
		  "$defs.b.$anchor: is an anchor of another schema too [$anchor]\n" },
		{ "{\"$id\": \"a#b\"}", "1", "$id: must be a URI without fragment [$id]\n" },
		{ "{\"$schema\": \"http://json-schema.org/draft-07/schema#\"}", "1", "$schema: names a dialect that leap does not "
		  "know [$schema] (it is \"https://json-schema.org/draft/2020-12/schema\")\n" },
		{ "{\"$ref\": \"#/$defs/nope\"}", "1", "$ref: leads nowhere: \"#/$defs/nope\" [$ref]\n" },
		{ "{\"$ref\": \"other.json\"}", "1", "$ref: leads nowhere: \"other.json\" [$ref] (documents are never fetched: "
		  "what is referred to must be there)\n" },
		{ "{\"$ref\": \"#/$defs/a\", \"$defs\": {\"a\": {\"allOf\": [{\"$ref\": \"#\"}]}}}", "1",
		  ": applies itself without end [] (a reference to itself must be below a property or an element)\n" },
	};

	ROWS(rows);
	/* The standard wants unknown keywords ignored. */
	CHECK_STR(said(0, "{\"typ\": \"integer\"}", "\"x\"", false), "");
}

/* A dialect of one's own says which vocabularies it is made of, and which of those one must know. */
TEST(vocabularies)
{
	static const char	 core[] = "\"https://json-schema.org/draft/2020-12/vocab/core\": true";
	static const char	 values[] = "\"https://json-schema.org/draft/2020-12/vocab/validation\": true";
	static const struct { const char *vocabularies[2], *want; } rows[] = {
		{ { core, values }, ": must be a whole number [type]\n" },
		{ { core, core }, "" },
		{ { values, "\"leap:/own\": false" }, ": must be a whole number [type]\n" },
		{ { values, "\"leap:/own\": true" },
		  "$schema: needs the vocabulary \"leap:/own\", which leap does not know [$schema]\n" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct schema_set	*set = schema_set_new(0);
		struct buf		 text = { 0 };
		struct schema_view	 view = { .report = note, .arg = &text };
		char			*meta_text = xasprintf("{\"$vocabulary\": {%s, %s}}", rows[i].vocabularies[0],
		    rows[i].vocabularies[1]);
		json_t			*meta = json_loads(meta_text, 0, NULL), *value = json_string("x");
		json_t			*document = parse("{\"$schema\": \"leap:/meta\", \"type\": \"integer\"}");
		const struct schema	*schema;

		schema_set_add(set, "leap:/meta", meta);
		schema_set_add(set, "leap:/test", document);
		if ((schema = schema_compile(set, "leap:/test", note, &text)) != NULL)
			schema_valid(schema, value, &view);
		if (!CHECK_STR(buf_text(&text), rows[i].want))
			printf("# by %s\n", meta_text);
		schema_set_free(set);
		json_decref(document);
		json_decref(value);
		json_decref(meta);
		free(meta_text);
		buf_fini(&text);
	}
}

TEST(hostile_schemas_come_to_an_end)
{
	struct buf	 schema = { 0 };
	char		*value = xmalloc(2 * 2000 + 1);

	/* Two to the power of forty ways. */
	buf_adds(&schema, "{\"$ref\": \"#/$defs/a0\", \"$defs\": {");
	for (int i = 0; i < 40; i++)
		buf_addf(&schema, "\"a%d\": {\"allOf\": [{\"$ref\": \"#/$defs/a%d\"}, {\"$ref\": \"#/$defs/a%d\"}]},", i, i + 1,
		    i + 1);
	buf_adds(&schema, "\"a40\": true}}");
	CHECK_STR(said(SCHEMA_STRICT, buf_text(&schema), "1", false),
	    ": takes too long to check [] (its schema is too deep, or has too many forms to try)\n");
	/* A chain that is longer than any stack should be. */
	buf_clear(&schema);
	buf_adds(&schema, "{\"$ref\": \"#/$defs/a0\", \"$defs\": {");
	for (int i = 0; i < 1000; i++)
		buf_addf(&schema, "\"a%d\": {\"$ref\": \"#/$defs/a%d\"},", i, i + 1);
	buf_adds(&schema, "\"a1000\": true}}");
	CHECK(strstr(said(SCHEMA_STRICT, buf_text(&schema), "1", false), "is at the end of more than 400 references") != NULL);
	/* A circle that only shows in the dynamic scope. */
	CHECK_STR(said(SCHEMA_STRICT, "{\"$id\": \"leap:/o\", \"$dynamicAnchor\": \"n\", \"$ref\": \"i\", \"$defs\": {\"i\": {\"$id\": "
	    "\"i\", \"$dynamicRef\": \"#n\", \"$defs\": {\"x\": {\"$dynamicAnchor\": \"n\"}}}}}", "1", false),
	    ": takes too long to check [] (its schema is too deep, or has too many forms to try)\n");
	/* A value of that depth. */
	memset(value, '[', 2000);
	memset(value + 2000, ']', 2000);
	value[4000] = '\0';
	CHECK_STR(said(SCHEMA_STRICT, "{\"items\": {\"$ref\": \"#\"}}", value, false),
	    ": takes too long to check [] (its schema is too deep, or has too many forms to try)\n");
	buf_fini(&schema);
	free(value);
}

TEST(null_may_count_as_missing)
{
	CHECK_STR(said(0, "{\"required\": [\"a\"], \"properties\": {\"a\": {\"type\": \"integer\"}}}", "{\"a\": null}", true),
	    ": must have \"a\" [required]\n");
	CHECK_STR(said(0, "{\"properties\": {\"a\": {\"type\": \"integer\"}}, \"maxProperties\": 0}", "{\"a\": null}", true), "");
	CHECK_STR(said(0, "{\"dependentRequired\": {\"a\": [\"b\"]}, \"dependentSchemas\": {\"a\": false}}", "{\"a\": null}", true),
	    "");
	CHECK_STR(said(0, "{\"unevaluatedProperties\": false}", "{\"a\": null}", true), "");
	CHECK_STR(said(0, "{\"items\": {\"type\": \"integer\"}}", "[null]", true), "1: must be a whole number [type]\n");
}

static bool
is_seven(void *arg, const json_t *value)
{
	(void)arg;
	return json_integer_value(value) == 7;
}

TEST(a_schema_that_is_not_there_is_none)
{
	struct schema_set	*set = schema_set_new(0);
	struct buf		 text = { 0 };

	CHECK(schema_compile(set, "leap:/nothing", note, &text) == NULL);
	CHECK_STR(buf_text(&text), ": is not known [$ref]\n");
	buf_fini(&text);
	schema_set_free(set);
}

TEST(some_values_pass_whatever_the_schema_says)
{
	struct schema_set	*set = schema_set_new(0);
	struct buf		 text = { 0 };
	struct schema_view	 view = { .passes = is_seven, .report = note, .arg = &text };
	json_t			*document = parse("{\"items\": {\"type\": \"string\"}}"), *value = parse("[7, 8]");

	schema_set_add(set, "leap:/test", document);
	CHECK(!schema_valid(schema_compile(set, "leap:/test", NULL, NULL), value, &view));
	CHECK_STR(buf_text(&text), "2: must be a text [type]\n");
	buf_fini(&text);
	json_decref(document);
	json_decref(value);
	schema_set_free(set);
}

/* RFC 3986, 5.4. */
TEST(references_are_resolved_as_the_standard_says)
{
	static const struct {
		const char *reference, *want;
	} rows[] = {
		{ "g:h", "g:h" }, { "g", "http://a/b/c/g" }, { "./g", "http://a/b/c/g" }, { "g/", "http://a/b/c/g/" },
		{ "/g", "http://a/g" }, { "//g", "http://g" }, { "?y", "http://a/b/c/d;p?y" }, { "g?y", "http://a/b/c/g?y" },
		{ "", "http://a/b/c/d;p?q" }, { "#/s", "http://a/b/c/d;p?q" }, { ";x", "http://a/b/c/;x" },
		{ ".", "http://a/b/c/" }, { "./", "http://a/b/c/" }, { "..", "http://a/b/" }, { "../g", "http://a/b/g" },
		{ "../..", "http://a/" }, { "../../../g", "http://a/g" }, { "/./g", "http://a/g" }, { "/../g", "http://a/g" },
		{ "g.", "http://a/b/c/g." }, { "..g", "http://a/b/c/..g" }, { "./../g", "http://a/b/g" },
		{ "g/./h", "http://a/b/c/g/h" }, { "g/../h", "http://a/b/c/h" }, { "g;x=1/../y", "http://a/b/c/y" },
	};
	char *document, *pointer;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CHECK(schema_reference("http://a/b/c/d;p?q", rows[i].reference, &document, &pointer));
		CHECK_STR(document, rows[i].want);
		free(document);
		free(pointer);
	}
	CHECK(schema_reference("leap:/platform/services/x/schema.json", "../../schemas/common.json#/a%20b", &document,
	    &pointer));
	CHECK_STR(document, "leap:/platform/schemas/common.json");
	CHECK_STR(pointer, "/a b");
	free(document);
	free(pointer);
	CHECK(!schema_reference("leap:/x", "#anchor", &document, &pointer));
}

int
main(void)
{
	json_setup();
	RUN(what_a_value_is);
	RUN(numbers);
	RUN(texts);
	RUN(formats);
	RUN(objects);
	RUN(lists);
	RUN(forms);
	RUN(references);
	RUN(schemas_that_are_wrong);
	RUN(vocabularies);
	RUN(hostile_schemas_come_to_an_end);
	RUN(null_may_count_as_missing);
	RUN(a_schema_that_is_not_there_is_none);
	RUN(some_values_pass_whatever_the_schema_says);
	RUN(references_are_resolved_as_the_standard_says);
	return test_done();
}
