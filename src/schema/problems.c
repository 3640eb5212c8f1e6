/* schema: says what is wrong with a value. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "schema/model.h"

#include "base/buf.h"
#include "base/strs.h"

#include <stdlib.h>
#include <string.h>

#define CHOICES_MAX	12	/* that are listed */

static void
add_path(struct buf *path, const struct step *step)
{
	if (step == NULL)
		return;
	add_path(path, step->above);
	if (path->len > 0)
		buf_addc(path, '.');
	if (step->key != NULL)
		buf_adds(path, step->key);
	else
		buf_addf(path, "%zu", step->index + 1);
}

static const char *
description_of(const struct schema *schema)
{
	return json_string_value(json_object_get(schema->json, "description"));
}

/* What the schema's author says about such values is a hint where there is none better. */
bool
problem(const struct look *look, const struct schema *schema, const char *keyword, const char *hint,
    const char *format, ...)
{
	struct schema_problem	 problem = { .keyword = keyword, .value = look->value, .hint = hint };
	struct buf		 path = { 0 };
	va_list			 args;
	char			*message;

	if (look->run->report == NULL || look->run->stopped)
		return false;
	va_start(args, format);
	message = xvasprintf(format, args);
	va_end(args);
	add_path(&path, look->step);
	problem.uri = schema->resource->document->uri;
	problem.path = buf_text(&path);
	problem.message = message;
	if (hint == NULL)
		problem.hint = description_of(schema);
	look->run->report(look->run->arg, &problem);
	buf_fini(&path);
	free(message);
	return false;
}

char *
problem_shown(const json_t *value)
{
	return json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS | JSON_REAL_PRECISION(16));
}

/* "a, b or c" */
static void
add_choice(struct buf *list, size_t index, size_t count, const char *text)
{
	if (index > 0)
		buf_adds(list, index + 1 == count ? " or " : ", ");
	buf_adds(list, text);
}

bool
problem_type(const struct look *look, const struct schema *schema)
{
	static const struct {
		unsigned	 bit;
		const char	*name;
	} rows[] = {
		{ TYPE_OBJECT, "an object" }, { TYPE_ARRAY, "a list" }, { TYPE_STRING, "a text" },
		{ TYPE_NUMBER, "a number" }, { TYPE_INTEGER, "a whole number" }, { TYPE_BOOLEAN, "true or false" },
		{ TYPE_NULL, "null" },
	};
	struct buf	list = { 0 };
	unsigned	types = schema->types;
	size_t		count, index = 0;

	if (look->run->report == NULL)
		return false;
	if (types & TYPE_NUMBER)
		types &= ~(unsigned)TYPE_INTEGER;
	count = (size_t)__builtin_popcount(types);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (types & rows[i].bit)
			add_choice(&list, index++, count, rows[i].name);
	}
	problem(look, schema, "type", NULL, "must be %s", buf_text(&list));
	buf_fini(&list);
	return false;
}

bool
problem_enum(const struct look *look, const struct schema *schema)
{
	size_t		 count = json_array_size(schema->choices), listed = count > CHOICES_MAX ? CHOICES_MAX : count, i;
	struct buf	 list = { 0 };
	struct strs	 names = { 0 };
	const char	*near = NULL;
	char		*text, *hint = NULL;
	json_t		*choice;

	if (look->run->report == NULL)
		return false;
	json_array_foreach(schema->choices, i, choice) {
		text = problem_shown(choice);
		if (i < listed)
			add_choice(&list, i, count, text);
		free(text);
		if (json_is_string(choice))
			strs_add(&names, json_string_value(choice));
	}
	if (json_is_string(look->value))
		near = strs_nearest(&names, json_string_value(look->value));
	if (near != NULL)
		hint = xasprintf("did you mean \"%s\"?", near);
	if (listed < count)
		buf_addf(&list, " or one of %zu more", count - listed);
	if (count == 0)
		buf_adds(&list, "must not be there");
	problem(look, schema, "enum", hint, "%s%s", count == 0 ? "" : "must be ", buf_text(&list));
	free(hint);
	buf_fini(&list);
	strs_fini(&names);
	return false;
}

/* All that the schemas which apply in place know, as far as that can be said without the value. */
static void
add_known(const struct schema *schema, struct strs *names, unsigned depth)
{
	if (schema == NULL || depth > 8)
		return;
	for (size_t i = 0; i < schema->properties.count; i++) {
		if (!schema->properties.items[i].schema->never && !strs_has(names, schema->properties.items[i].key))
			strs_add(names, schema->properties.items[i].key);
	}
	add_known(schema->ref, names, depth + 1);
	for (size_t i = 0; i < schema->all_of.count; i++)
		add_known(schema->all_of.items[i], names, depth + 1);
	for (size_t i = 0; i < schema->any_of.count; i++)
		add_known(schema->any_of.items[i], names, depth + 1);
	for (size_t i = 0; i < schema->one_of.count; i++)
		add_known(schema->one_of.items[i], names, depth + 1);
	add_known(schema->then_schema, names, depth + 1);
	add_known(schema->else_schema, names, depth + 1);
}

bool
problem_unknown(const struct look *look, const struct schema *schema, const char *keyword)
{
	struct strs	 names = { 0 };
	struct buf	 list = { 0 };
	const char	*near;

	if (look->run->report == NULL)
		return false;
	/* "additionalProperties" knows its neighbours only. */
	add_known(schema, &names, strcmp(keyword, "additionalProperties") == 0 ? 8 : 0);
	strs_sort(&names);
	near = strs_nearest(&names, look->step->key);
	if (near != NULL)
		buf_addf(&list, "did you mean \"%s\"?", near);
	else if (names.count == 0)
		buf_adds(&list, "nothing can be set here");
	else if (names.count <= CHOICES_MAX) {
		buf_adds(&list, names.count == 1 ? "there is \"" : "there are \"");
		strs_join(&names, "\", \"", &list);
		buf_addc(&list, '"');
	}
	problem(look, schema, keyword, list.len > 0 ? buf_text(&list) : NULL, "is not known");
	buf_fini(&list);
	strs_fini(&names);
	return false;
}

/* What the first problem of a form was, and how many steps into the value. */
struct form {
	char		*keyword, *message, *hint, *path;
	const json_t	*value;
	size_t		 depth;
};

static void
form_note(void *arg, const struct schema_problem *problem)
{
	struct form *form = arg;

	if (form->message != NULL)
		return;
	*form = (struct form){
		.keyword = xstrdup(problem->keyword),
		.message = xstrdup(problem->message),
		.hint = problem->hint == NULL ? NULL : xstrdup(problem->hint),
		.path = xstrdup(problem->path),
		.value = problem->value,
	};
	for (const char *at = problem->path; *at != '\0'; at++)
		form->depth += *at == '.' || at == problem->path;
}

static void
form_fini(struct form *form)
{
	free(form->keyword);
	free(form->message);
	free(form->hint);
	free(form->path);
}

/* How far the value got in this form: one of another type was never meant, one of another kind hardly. */
static size_t
form_score(const struct form *form)
{
	static const char *const kinds[] = { "const", "enum", "format", "not" };

	if (strcmp(form->keyword, "type") == 0 || *form->keyword == '\0')
		return 3 * form->depth;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (strcmp(form->keyword, kinds[i]) == 0)
			return 3 * form->depth + 1;
	}
	return 3 * form->depth + 2;
}

/* "must be A, or B, or C" of the forms with this score that say "must be"; others are left out. */
static void
add_forms(const struct form *forms, size_t count, size_t score, struct buf *list)
{
	static const char must_be[] = "must be ";

	for (size_t i = 0; i < count; i++) {
		size_t j;

		if (form_score(&forms[i]) != score || !str_starts(forms[i].message, must_be))
			continue;
		for (j = 0; j < i && strcmp(forms[j].message, forms[i].message) != 0; j++)
			;
		if (j == i)
			buf_addf(list, "%s%s", list->len == 0 ? must_be : ", or ", forms[i].message + strlen(must_be));
	}
}

/* What the best of the forms says; several that are equally good are named together. */
static void
report_forms(const struct look *look, const struct schema *schema, const char *keyword, const struct form *forms,
    size_t count)
{
	const struct form	*best = &forms[0];
	struct schema_problem	 problem_of;
	struct buf		 list = { 0 };
	size_t			 ties = 0, score;

	for (size_t i = 0; i < count; i++) {
		score = form_score(&forms[i]);
		ties = score > form_score(best) ? 1 : ties + (score == form_score(best));
		if (score > form_score(best))
			best = &forms[i];
	}
	if (ties == 1) {
		problem_of = (struct schema_problem){
			.uri = schema->resource->document->uri,
			.path = best->path,
			.keyword = best->keyword,
			.value = best->value,
			.message = best->message,
			.hint = best->hint != NULL ? best->hint : description_of(schema),
		};
		look->run->report(look->run->arg, &problem_of);
		return;
	}
	add_forms(forms, count, form_score(best), &list);
	problem(look, schema, keyword, NULL, "%s", list.len > 0 ? buf_text(&list) :
	    "has none of the forms that it may have");
	buf_fini(&list);
}

bool
problem_forms(const struct look *look, const struct schema *schema, const char *keyword, const struct schemas *forms)
{
	struct run	*run = look->run;
	struct run	 outer = *run;
	struct look	 apart = *look;
	struct form	*noted;

	if (run->report == NULL || run->stopped)
		return false;
	noted = xcalloc(forms->count, sizeof(*noted));
	apart.seen = NULL;
	for (size_t i = 0; i < forms->count; i++) {
		run->report = form_note;
		run->arg = &noted[i];
		look_schema(&apart, forms->items[i]);
		if (noted[i].message == NULL)
			form_note(&noted[i], &(struct schema_problem){ .keyword = "", .path = "", .message = "" });
	}
	run->report = outer.report;
	run->arg = outer.arg;
	report_forms(look, schema, keyword, noted, forms->count);
	for (size_t i = 0; i < forms->count; i++)
		form_fini(&noted[i]);
	free(noted);
	return false;
}

bool
problem_name(const struct look *look, const struct schema *schema)
{
	struct run	*run = look->run;
	struct run	 outer = *run;
	struct form	 form = { 0 };

	if (run->report == NULL || run->stopped)
		return false;
	run->report = form_note;
	run->arg = &form;
	look_schema(look, schema->property_names);
	run->report = outer.report;
	run->arg = outer.arg;
	if (form.message != NULL)	/* there was time to say it */
		problem(look, schema->property_names, "propertyNames", form.hint, "is no good name: it %s",
		    form.message);
	form_fini(&form);
	return false;
}
