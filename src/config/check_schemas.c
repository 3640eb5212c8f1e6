/* config: checks nodes and the provider by their schemas. */
/* May know schema, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/schemas.h"

#include "base/strs.h"
#include "schema/schema.h"

#include <stdlib.h>
#include <string.h>

#define VALUE_SHOWN	60	/* bytes of a value that an error quotes */

struct schema_check {
	struct scope		*scope;
	struct problems		*problems;
	const struct err	*last;		/* of the problems that were there before; NULL: none */
	struct problems		 later;		/* with what macros of shared layers made of the scope's values */
	bool			 direct;	/* something else is wrong with them */
};

/* Where the property is set, or the innermost that it would be in. */
static void
place_of(const struct scope *scope, const struct schema_problem *problem, struct place *place)
{
	char		*path = xstrdup(problem->path), *dot;
	const char	*text = json_string_value(problem->value);
	bool		 found;

	while (!(found = scope_place(scope, path, text, place)) && *path != '\0') {
		dot = strrchr(path, '.');
		*(dot == NULL ? path : dot) = '\0';
		text = NULL;
	}
	if (!found)
		*place = (struct place){ .path = scope->own != NULL ? scope->own->path : NULL };
	free(path);
}

/* Something else has been found wrong with what stands here: once is enough. */
static bool
is_known(const struct schema_check *check, const struct place *place)
{
	const struct place *other;

	for (const struct err *e = check->last == NULL ? NULL : check->problems->first; e != NULL; e = err_next(e)) {
		other = err_place(e);
		if (other != NULL && place->path != NULL && strcmp(other->path, place->path) == 0 &&
		    other->line == place->line && other->column == place->column)
			return true;
		if (e == check->last)
			break;
	}
	return false;
}

/* Whether what stands there is a macro, or may be one. */
static bool
is_by_macro(const struct place *place)
{
	const char *at = place->text;

	if (at == NULL || place->column == 0 || place->column > strlen(at))
		return true;
	at += place->column - 1;
	return str_starts(at, "\"= ") || str_starts(at, "\"=> ");
}

/* The value as an error may quote it. */
static void
add_value(struct buf *out, const struct scope *scope, const json_t *value)
{
	json_t	*shown;
	char	*text;

	if (json_is_object(value) || json_is_array(value)) {
		buf_adds(out, type_name(value));
		return;
	}
	shown = taint_shown(scope->config, (json_t *)(uintptr_t)value);
	text = json_dumps(shown, JSON_ENCODE_ANY);
	if (strlen(text) > VALUE_SHOWN)
		buf_adds(out, type_name(value));
	else
		buf_adds(out, text);
	free(text);
	json_decref(shown);
}

static const char *
rule_of(const struct schema_problem *problem)
{
	if (strcmp(problem->keyword, "type") == 0)
		return "wrong-type";
	if (strcmp(problem->keyword, "required") == 0 || strcmp(problem->keyword, "dependentRequired") == 0)
		return "required";
	return "schema";
}

/* The property and what is wrong with it; a macro of a layer that several have may be wrong for one of them only. */
static void
add_message(struct buf *text, const struct scope *scope, const struct schema_problem *problem, bool derived)
{
	if (*problem->path == '\0')
		buf_adds(text, scope->title);
	else
		buf_addf(text, "\"%s\"%s%s", problem->path, derived ? " of " : "", derived ? scope->title : "");
	buf_addf(text, " %s", problem->message);
	if (str_starts(problem->message, "must be ")) {
		buf_adds(text, ", not ");
		add_value(text, scope, problem->value);
	} else if (str_starts(problem->message, "must match ")) {
		buf_adds(text, ", but is ");
		add_value(text, scope, problem->value);
	}
}

static void
wrong(void *arg, const struct schema_problem *problem)
{
	struct schema_check	*check = arg;
	const struct scope	*scope = check->scope;
	struct place		 place;
	struct buf		 text = { 0 };
	struct err		*e;
	bool			 derived;

	place_of(scope, problem, &place);
	derived = scope->node != NULL && strcmp(place.path, scope->own->path) != 0 && is_by_macro(&place);
	check->direct = check->direct || !derived;
	if (is_known(check, &place))
		return;
	add_message(&text, scope, problem, derived);
	e = err_rule(err_at(ERR_CONFIG, &place, "%s", buf_text(&text)), rule_of(problem));
	if (problem->hint != NULL)
		e = err_hint(e, "%s", problem->hint);
	problems_add(derived ? &check->later : check->problems, e);
	buf_fini(&text);
}

/* What has no value yet is somebody else's error. */
static bool
passes(void *arg, const json_t *value)
{
	const struct schema_check *check = arg;

	return is_required(value) || scope_failed(check->scope, value);
}

static void
check_file(struct schema_check *check, const struct schema_file *file)
{
	struct schema_view view = { .nulls_missing = true, .passes = passes, .report = wrong, .arg = check };

	if (file != NULL && file->schema != NULL && !schema_valid(file->schema, scope_root(check->scope), &view))
		check->scope->wrong = true;
}

static void
check_pair(struct schema_check *check, const struct schema_pair *pair)
{
	check_file(check, pair->platform);
	check_file(check, pair->instance);
}

/*
 * Begin with, and be done with, what is wrong in one scope: what a shared macro makes of values that are wrong is no
 * mistake of the macro.
 */
static void
begin(struct schema_check *check, struct scope *scope)
{
	check->scope = scope;
	check->direct = false;
}

static void
end(struct schema_check *check)
{
	struct err *later = problems_take(&check->later);

	for (const struct err *e = check->direct ? NULL : later; e != NULL; e = err_next(e))
		problems_add(check->problems, err_copy(e));
	err_free(later);
}

static void
check_node(struct schema_check *check, struct node *node)
{
	struct config			*config = node->config;
	const struct known_schemas	*known = config_schemas(config);

	begin(check, node_scope(node));
	if (scope_broken(check->scope))
		return;
	check_pair(check, &known->common);
	check_pair(check, &known->node);
	for (size_t i = 0; i < node->services.count; i++)
		check_pair(check, schemas_of_service(config, node->services.items[i]));
	for (size_t i = 0; i < node->tags.count; i++)
		check_pair(check, schemas_of_tag(config, node->tags.items[i]));
	end(check);
}

static void
check_provider(struct schema_check *check, struct config *config, const char *environment)
{
	begin(check, config_scope(config, NULL, environment));
	if (scope_broken(check->scope))
		return;
	check_pair(check, &config_schemas(config)->provider);
	end(check);
}

void
check_schemas(struct config *config, struct node **nodes, size_t count, struct problems *problems)
{
	struct schema_check	 check = { .problems = problems };
	const struct known_schemas *known = config_schemas(config);
	struct strs		 environments = { 0 };
	const char		*environment;

	for (const struct err *e = known->problems.first; e != NULL; e = err_next(e))
		problems_add(problems, err_copy(e));
	check.last = problems->last;
	for (size_t i = 0; i < count; i++) {
		check_node(&check, nodes[i]);
		environment = nodes[i]->environment == NULL ? "" : nodes[i]->environment;
		if (strs_has(&environments, environment))
			continue;
		strs_add(&environments, environment);
		check_provider(&check, config, nodes[i]->environment);
	}
	strs_fini(&environments);
}

struct err *
config_check_provider(struct config *config)
{
	struct problems		 problems = { 0 };
	struct schema_check	 check = { .problems = &problems };
	const struct strs	*environments = config_environments(config);
	json_t			*ignored;
	struct err		*e = config_provider(config, NULL, &ignored);

	if (e == NULL)
		check_provider(&check, config, NULL);
	for (size_t i = 0; e == NULL && i < environments->count; i++) {
		if ((e = config_provider(config, environments->items[i], &ignored)) == NULL)
			check_provider(&check, config, environments->items[i]);
	}
	return err_join(e, problems_take(&problems));
}
