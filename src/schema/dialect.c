/* schema: what draft 2020-12 says of itself: a schema for schemas, in parts, one for each vocabulary. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "schema/model.h"

#define BASE		"https://json-schema.org/draft/2020-12/"
#define HEAD(name)	"{\"$schema\":\"" BASE "schema\",\"$id\":\"" BASE name "\",\"$dynamicAnchor\":\"meta\","
#define PART(name)	HEAD("meta/" name) "\"$vocabulary\":{\"" BASE "vocab/" name "\":true},"			\
			"\"type\":[\"object\",\"boolean\"],"
#define META		"{\"$dynamicRef\":\"#meta\"}"
#define TEXT		"{\"type\":\"string\"}"
#define FLAG		"{\"type\":\"boolean\"}"
#define NUMBER		"{\"type\":\"number\"}"
#define COUNT		"{\"$ref\":\"#/$defs/nonNegativeInteger\"}"
#define MAP(of)		"{\"type\":\"object\",\"additionalProperties\":" of "}"
#define NAMES		"{\"$ref\":\"#/$defs/stringArray\"}"
#define SCHEMAS		"{\"$ref\":\"#/$defs/schemaArray\"}"

const char *const dialect_documents[] = {
	HEAD("schema")
	"\"$vocabulary\":{"
	    "\"" BASE "vocab/core\":true,\"" BASE "vocab/applicator\":true,"
	    "\"" BASE "vocab/unevaluated\":true,\"" BASE "vocab/validation\":true,"
	    "\"" BASE "vocab/meta-data\":true,\"" BASE "vocab/format-annotation\":true,"
	    "\"" BASE "vocab/content\":true},"
	"\"allOf\":[{\"$ref\":\"meta/core\"},{\"$ref\":\"meta/applicator\"},{\"$ref\":\"meta/unevaluated\"},"
	    "{\"$ref\":\"meta/validation\"},{\"$ref\":\"meta/meta-data\"},{\"$ref\":\"meta/format-annotation\"},"
	    "{\"$ref\":\"meta/content\"}],"
	"\"type\":[\"object\",\"boolean\"],"
	"\"properties\":{"
	    "\"definitions\":{\"type\":\"object\",\"additionalProperties\":" META ",\"deprecated\":true},"
	    "\"dependencies\":{\"type\":\"object\",\"additionalProperties\":{\"anyOf\":[" META ","
	        "{\"$ref\":\"meta/validation#/$defs/stringArray\"}]},\"deprecated\":true},"
	    "\"$recursiveAnchor\":{\"$ref\":\"meta/core#/$defs/anchorString\",\"deprecated\":true},"
	    "\"$recursiveRef\":{\"$ref\":\"meta/core#/$defs/uriReferenceString\",\"deprecated\":true}}}",

	PART("core")
	"\"properties\":{"
	    "\"$id\":{\"$ref\":\"#/$defs/uriReferenceString\",\"pattern\":\"^[^#]*#?$\"},"
	    "\"$schema\":{\"$ref\":\"#/$defs/uriString\"},"
	    "\"$ref\":{\"$ref\":\"#/$defs/uriReferenceString\"},"
	    "\"$anchor\":{\"$ref\":\"#/$defs/anchorString\"},"
	    "\"$dynamicRef\":{\"$ref\":\"#/$defs/uriReferenceString\"},"
	    "\"$dynamicAnchor\":{\"$ref\":\"#/$defs/anchorString\"},"
	    "\"$vocabulary\":{\"type\":\"object\",\"propertyNames\":{\"$ref\":\"#/$defs/uriString\"},"
	        "\"additionalProperties\":" FLAG "},"
	    "\"$comment\":" TEXT ","
	    "\"$defs\":" MAP(META) "},"
	"\"$defs\":{"
	    "\"anchorString\":{\"type\":\"string\",\"pattern\":\"^[A-Za-z_][-A-Za-z0-9._]*$\"},"
	    "\"uriString\":{\"type\":\"string\",\"format\":\"uri\"},"
	    "\"uriReferenceString\":{\"type\":\"string\",\"format\":\"uri-reference\"}}}",

	PART("applicator")
	"\"properties\":{"
	    "\"prefixItems\":" SCHEMAS ",\"items\":" META ",\"contains\":" META ","
	    "\"additionalProperties\":" META ","
	    "\"properties\":" MAP(META) ","
	    "\"patternProperties\":{\"type\":\"object\",\"additionalProperties\":" META ","
	        "\"propertyNames\":{\"format\":\"regex\"}},"
	    "\"dependentSchemas\":" MAP(META) ","
	    "\"propertyNames\":" META ",\"if\":" META ",\"then\":" META ",\"else\":" META ","
	    "\"allOf\":" SCHEMAS ",\"anyOf\":" SCHEMAS ",\"oneOf\":" SCHEMAS ",\"not\":" META "},"
	"\"$defs\":{\"schemaArray\":{\"type\":\"array\",\"minItems\":1,\"items\":" META "}}}",

	PART("unevaluated")
	"\"properties\":{\"unevaluatedItems\":" META ",\"unevaluatedProperties\":" META "}}",

	PART("validation")
	"\"properties\":{"
	    "\"type\":{\"anyOf\":[{\"$ref\":\"#/$defs/simpleTypes\"},"
	        "{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/simpleTypes\"},\"minItems\":1,\"uniqueItems\":true}]},"
	    "\"const\":true,\"enum\":{\"type\":\"array\",\"items\":true},"
	    "\"multipleOf\":{\"type\":\"number\",\"exclusiveMinimum\":0},"
	    "\"maximum\":" NUMBER ",\"exclusiveMaximum\":" NUMBER ",\"minimum\":" NUMBER ","
	    "\"exclusiveMinimum\":" NUMBER ","
	    "\"maxLength\":" COUNT ",\"minLength\":" COUNT ","
	    "\"pattern\":{\"type\":\"string\",\"format\":\"regex\"},"
	    "\"maxItems\":" COUNT ",\"minItems\":" COUNT ",\"uniqueItems\":" FLAG ","
	    "\"maxContains\":" COUNT ",\"minContains\":" COUNT ","
	    "\"maxProperties\":" COUNT ",\"minProperties\":" COUNT ","
	    "\"required\":" NAMES ",\"dependentRequired\":" MAP(NAMES) "},"
	"\"$defs\":{"
	    "\"nonNegativeInteger\":{\"type\":\"integer\",\"minimum\":0},"
	    "\"simpleTypes\":{\"enum\":[\"array\",\"boolean\",\"integer\",\"null\",\"number\",\"object\",\"string\"]},"
	    "\"stringArray\":{\"type\":\"array\",\"items\":" TEXT ",\"uniqueItems\":true}}}",

	PART("meta-data")
	"\"properties\":{\"title\":" TEXT ",\"description\":" TEXT ",\"default\":true,\"deprecated\":" FLAG ","
	    "\"readOnly\":" FLAG ",\"writeOnly\":" FLAG ",\"examples\":{\"type\":\"array\",\"items\":true}}}",

	PART("format-annotation")
	"\"properties\":{\"format\":" TEXT "}}",

	PART("format-assertion")
	"\"properties\":{\"format\":" TEXT "}}",

	PART("content")
	"\"properties\":{\"contentMediaType\":" TEXT ",\"contentEncoding\":" TEXT ",\"contentSchema\":" META "}}",

	NULL,
};
