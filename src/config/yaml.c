/* config: a node's configuration as YAML. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/state.h"

#include "base/mask.h"
#include "base/strs.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

/* What YAML 1.1 takes for something else than a text when it is not quoted. */
static const char *const words[] = { "y", "n", "yes", "no", "on", "off", "true", "false", "null" };

static int
write_chunk(void *context, unsigned char *data, size_t len)
{
	buf_add(context, data, len);
	return 1;
}

/* Whether every reader of YAML takes it for the text that it is. */
static bool
is_plain(const char *text)
{
	if (!isalpha((unsigned char)*text) && *text != '/')
		return false;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcasecmp(text, words[i]) == 0)
			return false;
	}
	return text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./@+-")] == '\0';
}

static bool
emit(yaml_emitter_t *emitter, yaml_event_t *event)
{
	return yaml_emitter_emit(emitter, event) == 1;
}

static bool
emit_scalar(yaml_emitter_t *emitter, const char *text, yaml_scalar_style_t style)
{
	yaml_event_t event;

	return yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text, (int)strlen(text), 1, 1,
	    style) == 1 && emit(emitter, &event);
}

/* Secrets go before the text is quoted: what stands for them wants quotes of its own. */
static bool
emit_text(yaml_emitter_t *emitter, const char *text)
{
	struct buf		 shown = { .secret = true };
	yaml_scalar_style_t	 style = YAML_DOUBLE_QUOTED_SCALAR_STYLE;
	bool			 good;

	buf_adds(&shown, text);
	mask_apply(&shown);
	text = buf_text(&shown);
	if (is_plain(text))
		style = YAML_PLAIN_SCALAR_STYLE;
	else if (strchr(text, '\n') != NULL)
		style = YAML_LITERAL_SCALAR_STYLE;
	good = emit_scalar(emitter, text, style);
	buf_fini(&shown);
	return good;
}

/* The shortest digits that are the same number again; YAML 1.1 wants a point. */
static bool
emit_real(yaml_emitter_t *emitter, double number)
{
	char	 digits[40], text[48];
	size_t	 n;

	for (int precision = 1; precision <= 17; precision++) {
		snprintf(digits, sizeof(digits), "%.*g", precision, number);
		if (strtod(digits, NULL) == number)
			break;
	}
	n = strcspn(digits, "e");
	snprintf(text, sizeof(text), "%.*s%s%s", (int)n, digits, memchr(digits, '.', n) == NULL ? ".0" : "", digits + n);
	return emit_scalar(emitter, text, YAML_PLAIN_SCALAR_STYLE);
}

static bool	 emit_value(yaml_emitter_t *emitter, json_t *value);

static bool
emit_object(yaml_emitter_t *emitter, json_t *object)
{
	yaml_event_t	 event;
	struct strs	 keys = { 0 };
	const char	*key;
	json_t		*value;
	bool		 good;

	json_object_foreach(object, key, value) {
		strs_add(&keys, key);
	}
	strs_sort(&keys);
	good = yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, keys.count == 0 ? YAML_FLOW_MAPPING_STYLE :
	    YAML_BLOCK_MAPPING_STYLE) == 1 && emit(emitter, &event);
	for (size_t i = 0; good && i < keys.count; i++)
		good = emit_text(emitter, keys.items[i]) &&
		    emit_value(emitter, json_object_get(object, keys.items[i]));
	strs_fini(&keys);
	return good && yaml_mapping_end_event_initialize(&event) == 1 && emit(emitter, &event);
}

static bool
emit_array(yaml_emitter_t *emitter, json_t *array)
{
	yaml_event_t	 event;
	json_t		*value;
	size_t		 i;

	if (yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, json_array_size(array) == 0 ?
	    YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE) != 1 || !emit(emitter, &event))
		return false;
	json_array_foreach(array, i, value) {
		if (!emit_value(emitter, value))
			return false;
	}
	return yaml_sequence_end_event_initialize(&event) == 1 && emit(emitter, &event);
}

static bool
emit_value(yaml_emitter_t *emitter, json_t *value)
{
	char number[24];

	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return emit_object(emitter, value);
	case JSON_ARRAY:
		return emit_array(emitter, value);
	case JSON_STRING:
		return emit_text(emitter, json_string_value(value));
	case JSON_INTEGER:
		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		return emit_scalar(emitter, number, YAML_PLAIN_SCALAR_STYLE);
	case JSON_REAL:
		return emit_real(emitter, json_real_value(value));
	case JSON_TRUE:
	case JSON_FALSE:
		return emit_scalar(emitter, json_is_true(value) ? "true" : "false", YAML_PLAIN_SCALAR_STYLE);
	case JSON_NULL:
		break;
	}
	return emit_scalar(emitter, "null", YAML_PLAIN_SCALAR_STYLE);
}

static bool
emit_document(yaml_emitter_t *emitter, json_t *root)
{
	yaml_event_t event;

	return yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING) == 1 && emit(emitter, &event) &&
	    yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1) == 1 && emit(emitter, &event) &&
	    emit_value(emitter, root) &&
	    yaml_document_end_event_initialize(&event, 1) == 1 && emit(emitter, &event) &&
	    yaml_stream_end_event_initialize(&event) == 1 && emit(emitter, &event);
}

struct err *
node_yaml(struct node *node, struct buf *out)
{
	struct buf	 text = { 0 };
	yaml_emitter_t	 emitter;
	json_t		*root, *shown;
	struct err	*e;

	if ((e = node_get(node, "", &root)) != NULL)
		return e;
	if (yaml_emitter_initialize(&emitter) != 1)
		return err_new(ERR_FAILED, "cannot write YAML: out of memory");
	shown = node_shown(node, root);
	yaml_emitter_set_output(&emitter, write_chunk, &text);
	yaml_emitter_set_unicode(&emitter, 1);
	yaml_emitter_set_width(&emitter, -1);
	if (emit_document(&emitter, shown))
		buf_add(out, buf_text(&text), text.len);
	else
		e = err_new(ERR_FAILED, "cannot write node %s as YAML: %s", node->name,
		    emitter.problem != NULL ? emitter.problem : "out of memory");
	yaml_emitter_delete(&emitter);
	json_decref(shown);
	buf_fini(&text);
	return e;
}
