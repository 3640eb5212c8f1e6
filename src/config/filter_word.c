/* config: the words of filters: what they mean, and which nodes they are about. */
/* May know schema, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/filter_word.h"

#include "base/json.h"
#include "base/strs.h"
#include "config/filter.h"
#include "config/state.h"
#include "schema/regex.h"

#include <stdlib.h>
#include <string.h>

const char *
filter_environment(const struct node *node)
{
	return node->environment == NULL ? NO_ENVIRONMENT : node->environment;
}

/* The node that a full domain name is of: by what is before the first dot, else by its domain.full. */
static struct node *
find_full_name(struct config *config, const char *name)
{
	const char	*dot = strchr(name, '.'), *full;
	struct node	*node = NULL;
	struct err	*e;
	char		*label;

	if (dot == NULL)
		return NULL;
	label = xstrndup(name, (size_t)(dot - name));
	node = config_node(config, label);
	free(label);
	for (size_t i = 0; node == NULL && i < config->node_count; i++) {
		if ((e = node_text(config->nodes[i], "domain.full", &full)) != NULL)
			err_free(e);	/* whatever is wrong with that node, it is not the one that was named */
		else if (full != NULL && strcmp(full, name) == 0)
			node = config->nodes[i];
	}
	return node;
}

NODISCARD
static struct err *
unknown_word(const struct config *config, const struct word *word)
{
	const struct strs	*lists[] = { &config->services, &config->tags, &config->environments };
	struct strs		 names = { 0 };
	struct err		*e;
	const char		*near;

	e = err_new(ERR_USAGE, "no node, service, tag or environment \"%s\"", word->text);
	for (size_t i = 0; i < config->node_count; i++)
		strs_add(&names, config->nodes[i]->name);
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		for (size_t j = 0; j < lists[i]->count; j++)
			strs_add(&names, lists[i]->items[j]);
	}
	if ((near = strs_nearest(&names, word->text)) != NULL)
		e = err_hint(e, "did you mean \"%s\"?", near);
	else if (word->sign == SIGN_DROP && word->text[-1] == '-')
		e = err_hint(e, "\"-%s\" is no option, and leaves out nothing: \"leap help\" explains options, "
		    "\"leap list\" shows what there is", word->text);
	else
		e = err_hint(e, "\"leap list\" shows what there is");
	strs_fini(&names);
	return e;
}

NODISCARD
static struct err *
parse_regex(struct word *word)
{
	size_t		 len = strlen(word->text);
	struct err	*e, *other;

	word->type = WORD_REGEX;
	if (len < 2 || word->text[len - 1] != '/')
		return err_hint(err_new(ERR_USAGE, "a regular expression without an end: \"%s\"", word->text),
		    "put it between two \"/\": \"%s/\"", word->text);
	if ((e = regex_new(&word->regex, word->text + 1, len - 2)) == NULL)
		return NULL;
	other = err_new(ERR_USAGE, "%s", err_message(e));
	err_free(e);
	return other;
}

NODISCARD
static struct err *
parse_property(struct word *word, const char *equals)
{
	const char *end = equals;

	word->type = WORD_PROPERTY;
	word->value = equals + 1;
	if (end > word->text && end[-1] == '!') {
		word->differs = true;
		end--;
	}
	if (end == word->text)
		return err_hint(err_new(ERR_USAGE, "\"%s\" names no property", word->text),
		    "write \"property=value\", such as \"ssh.port=22\"");
	word->property = xstrndup(word->text, (size_t)(end - word->text));
	return NULL;
}

NODISCARD
static struct err *
parse_name(struct word *word, struct config *config)
{
	if ((word->node = config_node(config, word->text)) != NULL)
		word->type = WORD_NODE;
	else if (strs_has(&config->services, word->text))
		word->type = WORD_SERVICE;
	else if (strs_has(&config->environments, word->text) || strcmp(word->text, NO_ENVIRONMENT) == 0)
		word->type = WORD_ENVIRONMENT;
	else if (strs_has(&config->tags, word->text))
		word->type = WORD_TAG;
	else if ((word->node = find_full_name(config, word->text)) == NULL)
		return unknown_word(config, word);
	return NULL;
}

struct err *
word_parse(struct word *word, struct config *config, const char *text)
{
	const char *equals;

	*word = (struct word){ .text = text };
	if (*text == '+')
		word->sign = SIGN_KEEP;
	else if (*text == '-' || *text == '!')
		word->sign = SIGN_DROP;
	word->text += word->sign != SIGN_ADD;
	if (*word->text == '/')
		return parse_regex(word);
	if ((equals = strchr(word->text, '=')) != NULL)
		return parse_property(word, equals);
	return parse_name(word, config);
}

void
word_fini(struct word *word)
{
	regex_free(word->regex);
	free(word->property);
	*word = (struct word){ 0 };
}

bool
filter_knows(struct config *config, const char *word)
{
	struct word	 parsed = { .text = word };
	struct err	*e = parse_name(&parsed, config);

	err_free(e);
	return e == NULL;
}

static bool
value_is(const json_t *value, const char *text)
{
	struct buf	 canonical = { 0 };
	bool		 same;

	if (json_is_string(value))
		return strcmp(json_string_value(value), text) == 0;
	if (json_is_object(value) || json_is_array(value))
		return false;
	json_canonical(value, &canonical);
	same = strcmp(buf_text(&canonical), text) == 0;
	buf_fini(&canonical);
	return same;
}

static bool
value_has(const json_t *value, const char *text)
{
	json_t	*element;
	size_t	 i;

	if (!json_is_array(value))
		return value_is(value, text);
	json_array_foreach(value, i, element) {
		if (value_is(element, text))
			return true;
	}
	return false;
}

/* The property and nothing else is evaluated; it may be "REQUIRED" still. */
NODISCARD
static struct err *
property_matches(struct word *word, struct node *node, bool *matches)
{
	struct scope	*scope = node_scope(node);
	json_t		*value;
	struct err	*e;

	if ((e = scope_find(scope, scope_root(scope), word->property, &value)) != NULL ||
	    (value != NULL && (e = scope_deep(scope, value, &value)) != NULL))
		return e;
	word->known = word->known || value != NULL;
	*matches = (value != NULL && value_has(value, word->value)) != word->differs;
	return NULL;
}

struct err *
word_matches(struct word *word, struct node *node, bool *matches)
{
	switch (word->type) {
	case WORD_NODE:
		*matches = node == word->node;
		break;
	case WORD_SERVICE:
		*matches = strs_has(&node->services, word->text);
		break;
	case WORD_TAG:
		*matches = strs_has(&node->tags, word->text);
		break;
	case WORD_ENVIRONMENT:
		*matches = strcmp(filter_environment(node), word->text) == 0;
		break;
	case WORD_REGEX:
		return regex_match(word->regex, node->name, strlen(node->name), matches);
	case WORD_PROPERTY:
		return property_matches(word, node, matches);
	}
	return NULL;
}

/* What the property may have been meant to be, by the first node that has something like it. */
NODISCARD
static struct err *
unknown_property(const struct config *config, const char *property)
{
	struct err	*e = err_new(ERR_USAGE, "no node has a property \"%s\"", property), *missing;
	const char	*hint = NULL;

	for (size_t i = 0; hint == NULL && i < config->node_count; i++) {
		struct scope *scope = node_scope(config->nodes[i]);

		missing = scope_missing(scope, scope_root(scope), "", property);
		if ((hint = err_hint_text(missing)) != NULL)
			e = err_hint(e, "%s", hint);
		err_free(missing);
	}
	return e;
}

struct err *
word_check(struct word *word, struct config *config)
{
	struct err	*e;
	json_t		*value;

	if (word->type != WORD_PROPERTY || word->known || config->node_count == 0)
		return NULL;
	for (size_t i = 0; i < config->node_count; i++) {
		struct scope *scope = node_scope(config->nodes[i]);

		e = scope_find(scope, scope_root(scope), word->property, &value);
		if (e != NULL || value != NULL) {
			err_free(e);	/* it is there, and what is wrong with it is not asked */
			return NULL;
		}
	}
	return unknown_property(config, word->property);
}
