/* config: where a layer says something, what it is called, and why it has the last word. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/explain_layers.h"

#include "config/scan.h"

#include <stdlib.h>
#include <string.h>

/* Go from "{" to the value of the key; *at is where the key is. */
static bool
step_into_object(struct scan *scan, const char *name, size_t *at)
{
	bool found;

	scan->pos++;
	for (scan_space(scan); scan->pos < scan->len && scan->text[scan->pos] == '"'; scan_space(scan)) {
		*at = scan->pos;
		scan_skip_string(scan);
		found = scan_key_is(scan, *at, name, strlen(name));
		scan_space(scan);
		scan->pos++;		/* the colon */
		scan_space(scan);
		if (found)
			return true;
		scan_skip_value(scan);
		scan_space(scan);
		if (scan->pos < scan->len && scan->text[scan->pos] == ',')
			scan->pos++;
	}
	return false;
}

/* Go from "[" to the element. */
static bool
step_into_array(struct scan *scan, const char *name, size_t *at)
{
	size_t wanted = strtoul(name, NULL, 10);

	scan->pos++;
	for (scan_space(scan); scan->pos < scan->len && scan->text[scan->pos] != ']'; scan_space(scan)) {
		*at = scan->pos;
		if (--wanted == 0)
			return true;
		scan_skip_value(scan);
		scan_space(scan);
		if (scan->pos < scan->len && scan->text[scan->pos] == ',')
			scan->pos++;
	}
	return false;
}

/* The place where these keys lead in the source; the root object's for none. */
static void
locate(const struct source *source, const struct strs *keys, struct explain_place *place)
{
	struct scan	 scan = { .path = source->path, .len = source->text.len };
	struct place	 found = { .line = 1, .column = 1 };
	struct err	*e;
	char		*blank = NULL;
	size_t		 at;
	bool		 good = true;

	if ((e = scan_blank(source->path, buf_text(&source->text), source->text.len, &blank)) != NULL) {
		err_free(e);		/* a broken file says nothing, but it is there */
	} else {
		scan.text = blank;
		scan_space(&scan);
		at = scan.pos;
		for (size_t i = 0; good && i < keys->count && scan.pos < scan.len; i++)
			good = scan.text[scan.pos] == '{' ? step_into_object(&scan, keys->items[i], &at) :
			    step_into_array(&scan, keys->items[i], &at);
		scan_place(source->path, buf_text(&source->text), source->text.len, at, &found);
	}
	free(blank);
	*place = (struct explain_place){
		.path = source->path,
		.file = source->instance ? source->path : source->path + strlen("platform/"),
		.instance = source->instance,
		.text = &source->text,
		.line = found.line,
		.column = found.column,
	};
}

void
saying_place(const struct saying *saying, struct explain_place *place)
{
	locate(saying->source, &saying->keys, place);
}

void
sayings_place(const struct sayings *sayings, const struct scope *scope, struct explain_place *place)
{
	const struct layers	*layers = &scope->base->layers;
	const struct saying	*origin = &sayings->items[sayings->origin];
	struct strs		 keys = { 0 };
	size_t			 steps;

	*place = (struct explain_place){ 0 };
	if (sayings->origin == sayings->count) {
		if (scope->own != NULL)
			locate(scope->own, &keys, place);
		else if (layers->count > 0)
			locate(layers->items[layers->count - 1], &keys, place);
		return;
	}
	for (size_t i = 0; i < origin->keys.count; i++)
		strs_add(&keys, origin->keys.items[i]);
	if (sayings->element > 0) {
		if (sayings_macro(sayings, &steps) == NULL)
			steps = sayings->steps.count;
		strs_addf(&keys, "%zu", sayings->element);
		for (size_t i = sayings->literal + 1; i < steps; i++)
			strs_add(&keys, sayings->steps.items[i]);
	}
	locate(origin->source, &keys, place);
	strs_fini(&keys);
}

/* In the order in which they apply. */
enum rank { RANK_PROVIDER, RANK_COMMON, RANK_PARTIAL, RANK_SERVICE, RANK_TAG, RANK_NODE, RANK_OTHER };

/* What a layer is of. */
struct class {
	enum rank	 rank;
	const char	*name, *environment;
	bool		 instance;
};

static bool
kind_has(const struct kind *kind, enum rank rank, const struct source *source, struct class *class)
{
	*class = (struct class){ .rank = rank, .name = kind->name, .instance = source->instance };
	if (source == kind->platform || source == kind->instance)
		return true;
	for (size_t i = 0; i < kind->variant_count; i++) {
		if (kind->variants[i].source == source) {
			class->environment = kind->variants[i].environment;
			return true;
		}
	}
	return false;
}

static struct class
classify(const struct config *config, const struct scope *scope, const struct source *source)
{
	struct class class;

	if (source == scope->own)
		return (struct class){ .rank = RANK_NODE, .name = scope->node->name, .instance = true };
	if (kind_has(&config->provider, RANK_PROVIDER, source, &class) ||
	    kind_has(&config->common, RANK_COMMON, source, &class))
		return class;
	for (size_t i = 0; i < config->services.count; i++) {
		if (kind_has(&config->service_kinds[i], RANK_SERVICE, source, &class))
			return class;
	}
	for (size_t i = 0; i < config->tags.count; i++) {
		if (kind_has(&config->tag_kinds[i], RANK_TAG, source, &class))
			return class;
	}
	for (size_t i = 0; i < config->partials.count; i++) {
		if (kind_has(&config->partial_kinds[i], RANK_PARTIAL, source, &class)) {
			class.name++;		/* "_" */
			return class;
		}
	}
	return (struct class){ .rank = RANK_OTHER, .name = source->path, .instance = source->instance };
}

char *
source_title(const struct config *config, const struct scope *scope, const struct source *source)
{
	static const char *const words[] = { "", "", "partial ", "service ", "tag ", "node ", "" };
	struct class		 class;

	if (source == NULL)
		return xstrdup("leap");
	class = classify(config, scope, source);
	return xasprintf("%s%s%s%s", words[class.rank], class.name, class.environment != NULL ? " in " : "",
	    class.environment != NULL ? class.environment : "");
}

/* Why a layer of class `won` has more to say than one of class `lost`. */
static char *
compare(const struct class *won, const struct class *lost)
{
	if (won->rank == RANK_NODE)
		return xstrdup("a node's own file comes after all other layers");
	if (won->rank == RANK_TAG && (lost->rank == RANK_SERVICE || lost->rank == RANK_COMMON))
		return xasprintf("tags come after %s", lost->rank == RANK_SERVICE ? "services" : "common.json");
	if (lost->rank == RANK_COMMON && (won->rank == RANK_SERVICE || won->rank == RANK_PARTIAL))
		return xasprintf("%s come after common.json", won->rank == RANK_SERVICE ? "services" :
		    "services and tags with their partials");
	if (lost->rank == RANK_PARTIAL && won->rank != RANK_PARTIAL)
		return xstrdup("partials come before what names them");
	if (won->rank == lost->rank && won->rank != RANK_PARTIAL && strcmp(won->name, lost->name) != 0)
		return xasprintf("%s comes after %s in the node's list of %s", won->name, lost->name,
		    won->rank == RANK_TAG ? "tags" : "services");
	if (won->rank == lost->rank && won->environment != NULL && lost->environment == NULL)
		return xasprintf("what is for %s comes after what is for all environments", won->environment);
	if (won->rank == lost->rank && won->instance && !lost->instance)
		return xstrdup("the instance's file comes after the platform's");
	return xstrdup("it comes later");
}

char *
sayings_reason(const struct sayings *sayings, const struct scope *scope)
{
	const struct saying	*lost = NULL, *won = NULL;
	struct class		 winner, loser;
	char			*why, *reason, *won_title, *lost_title;

	/* The last that was overridden, and what did that; more may have come to it since. */
	for (size_t i = 1; i < sayings->count; i++) {
		if (sayings->items[i - 1].overridden && !sayings->items[i].overridden) {
			lost = &sayings->items[i - 1];
			won = &sayings->items[i];
		}
	}
	if (lost == NULL || sayings->origin == sayings->count)
		return NULL;
	winner = classify(scope->config, scope, won->source);
	loser = classify(scope->config, scope, lost->source);
	why = won->prefix == '!' ? xstrdup("\"!key\" replaces whatever was there") : compare(&winner, &loser);
	won_title = source_title(scope->config, scope, won->source);
	lost_title = source_title(scope->config, scope, lost->source);
	if (winner.instance && !loser.instance && strcmp(won_title, lost_title) == 0)
		reason = xasprintf("%s of the instance wins over %s of the platform: %s", won_title, lost_title, why);
	else
		reason = xasprintf("%s wins over %s: %s", won_title, lost_title, why);
	free(won_title);
	free(lost_title);
	free(why);
	return reason;
}
