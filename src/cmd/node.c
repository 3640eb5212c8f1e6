/* cmd: leap node rm, mv, enable, disable. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/node.h"

#include "base/file.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "config/config.h"
#include "repo/repo.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct err *
node_check_argument(const char *name)
{
	struct err *why = node_name_check(name), *e;

	if (why == NULL)
		return NULL;
	e = err_new(ERR_USAGE, "%s", err_message(why));
	if (err_hint_text(why) != NULL)
		e = err_hint(e, "%s", err_hint_text(why));
	err_free(why);
	return e;
}

/* Fail when nodes/NAME.json is missing.  These commands must work when the configuration does not load. */
NODISCARD
static struct err *
check_node(const struct repo *repo, const char *name)
{
	struct strs	 names = { 0 };
	const char	*near;
	char		*path;
	struct err	*e;

	if ((e = node_check_argument(name)) != NULL)
		return e;
	path = xasprintf("nodes/%s.json", name);
	if (!repo_has(repo, path) && (e = repo_list(repo, "nodes", ".json", &names)) == NULL) {
		e = err_new(ERR_USAGE, "there is no node \"%s\"", name);
		if ((near = strs_nearest(&names, name)) != NULL)
			e = err_hint(e, "did you mean \"%s\"?", near);
		else
			e = err_hint(e, "leap list shows all nodes");
	}
	free(path);
	strs_fini(&names);
	return e;
}

NODISCARD
static struct err *
check_nodes(const struct context *context)
{
	struct err *e = NULL;

	for (size_t i = 0; i < context->arg_count; i++)
		e = err_join(e, check_node(context->repo, context->args[i]));
	return e;
}

/* The node's own file goes last: what is interrupted can be done again. */
NODISCARD
static struct err *
remove_node(const struct repo *repo, const char *name)
{
	char		*paths[] = {
		xasprintf("%s/compiled/%s.yaml", repo->root, name),
		xasprintf("%s/files/nodes/%s", repo->root, name),
		xasprintf("%s/nodes/%s.json", repo->root, name),
	};
	struct err	*e = NULL;

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		if (e == NULL)
			e = dir_remove(paths[i]);
		free(paths[i]);
	}
	return e;
}

NODISCARD
static struct err *
confirm_removal(bool *yes, const struct context *context, const struct strs *names)
{
	struct buf	 question = { 0 };
	struct err	*e;

	*yes = true;
	if (context->yes)
		return NULL;
	buf_adds(&question, "Remove the configuration, keys and certificate of ");
	for (size_t i = 0; i < names->count; i++)
		buf_addf(&question, "%s%s", i == 0 ? "" : i + 1 < names->count ? ", " : " and ", names->items[i]);
	buf_adds(&question, "?");
	e = ask_yes(yes, "say --yes to remove without a question", buf_text(&question));
	buf_fini(&question);
	return e;
}

static struct err *
node_rm_run(struct context *context)
{
	struct strs	 names = { 0 };		/* each once */
	struct err	*e;
	bool		 yes = false;

	for (size_t i = 0; i < context->arg_count; i++) {
		if (!strs_has(&names, context->args[i]))
			strs_add(&names, context->args[i]);
	}
	if ((e = check_nodes(context)) == NULL)
		e = confirm_removal(&yes, context, &names);
	if (e == NULL && !yes)
		e = err_new(ERR_FAILED, "nothing was removed");
	for (size_t i = 0; e == NULL && i < names.count; i++) {
		if ((e = remove_node(context->repo, names.items[i])) == NULL)
			note("removed node %s; the server itself was not touched\n", names.items[i]);
	}
	strs_fini(&names);
	return e;
}

/* Renames that are undone, last one first, when a later one fails.  Pairs: from, to. */
struct moves {
	struct strs	done;
};

NODISCARD
static struct err *
move(struct moves *moves, const char *from, const char *to)
{
	if (!file_exists(from))
		return NULL;
	if (rename(from, to) != 0)
		return err_errno(ERR_FAILED, "cannot move %s to %s", from, to);
	strs_add(&moves->done, from);
	strs_add(&moves->done, to);
	return NULL;
}

NODISCARD
static struct err *
undo(struct moves *moves, struct err *take_e)
{
	for (size_t i = moves->done.count; i >= 2; i -= 2) {
		const char *from = moves->done.items[i - 2], *to = moves->done.items[i - 1];

		if (rename(to, from) != 0)
			take_e = err_note(take_e, NULL, "could not be undone: %s is at %s now", from, to);
	}
	return take_e;
}

/* In the node's directory, what is called after it: web1.crt, web1_ssh.pub, web1.key.age. */
NODISCARD
static struct err *
move_files(struct moves *moves, const char *dir, const char *old, const char *new)
{
	struct strs	 names = { 0 };
	size_t		 n = strlen(old);
	struct err	*e;

	e = dir_list(dir, &names);
	for (size_t i = 0; e == NULL && i < names.count; i++) {
		const char *name = names.items[i];

		if (strncmp(name, old, n) == 0 && (name[n] == '.' || name[n] == '_')) {
			char *from = path_join(dir, name), *to = xasprintf("%s/%s%s", dir, new, name + n);

			e = move(moves, from, to);
			free(from);
			free(to);
		}
	}
	strs_fini(&names);
	return e;
}

NODISCARD
static struct err *
move_node(const char *root, const char *old, const char *new)
{
	char		*from[] = {
		xasprintf("%s/nodes/%s.json", root, old),
		xasprintf("%s/compiled/%s.yaml", root, old),
		xasprintf("%s/files/nodes/%s", root, old),
	};
	char		*to[] = {
		xasprintf("%s/nodes/%s.json", root, new),
		xasprintf("%s/compiled/%s.yaml", root, new),
		xasprintf("%s/files/nodes/%s", root, new),
	};
	struct moves	 moves = { 0 };
	struct err	*e = NULL;

	for (size_t i = 0; e == NULL && i < ARRAY_LEN(from); i++) {
		if (file_exists(to[i]))
			e = err_new(ERR_USAGE, "%s is in the way", to[i] + strlen(root) + 1);
	}
	for (size_t i = 0; e == NULL && i < ARRAY_LEN(from); i++)
		e = move(&moves, from[i], to[i]);
	if (e == NULL)
		e = move_files(&moves, to[2], old, new);
	if (e != NULL)
		e = undo(&moves, e);
	for (size_t i = 0; i < ARRAY_LEN(from); i++) {
		free(from[i]);
		free(to[i]);
	}
	strs_fini(&moves.done);
	return e;
}

static struct err *
node_mv_run(struct context *context)
{
	const char	*old = context->args[0], *new = context->args[1];
	struct err	*e;

	if ((e = check_node(context->repo, old)) != NULL || (e = node_check_argument(new)) != NULL)
		return e;
	if (strcmp(old, new) == 0)
		return err_new(ERR_USAGE, "that is its name already");
	if ((e = move_node(context->repo->root, old, new)) != NULL)
		return e;
	note("node %s is %s now; its names, certificate and DNS follow at the next deploy of all nodes\n", old, new);
	return NULL;
}

/* Where the object of a text begins, behind its brace.  The text has been parsed, so there is one. */
static size_t
behind_brace(const char *text)
{
	const char *p = text;

	while (*p != '{' && *p != '\0') {
		if (p[0] == '/' && p[1] == '/')
			p += strcspn(p, "\n");
		else if (p[0] == '/' && p[1] == '*')
			p = strstr(p, "*/") + 2;
		else
			p++;
	}
	return (size_t)(p - text) + 1;
}

/* The byte that a place is at. */
static size_t
offset_of(const char *text, const struct place *place)
{
	const char *p = text;

	for (unsigned line = 1; line < place->line; line++)
		p = strchr(p, '\n') + 1;
	return (size_t)(p - text) + place->column - 1;
}

/* Add `"enabled": VALUE` as the first member, in the manner of the file: a line of its own or not. */
static void
insert_enabled(struct buf *out, const char *text, const char *value, bool alone)
{
	size_t		 brace = behind_brace(text);
	const char	*rest = text + brace, *line;
	size_t		 blank = strspn(rest, " \t\r"), indent;

	buf_add(out, text, brace);
	if (rest[blank] == '\n') {
		line = rest + blank + 1;
		indent = strspn(line, " \t");
		if (indent == 0) {
			line = "    ";
			indent = 4;
		}
		buf_addf(out, "\n%.*s\"enabled\": %s%s", (int)indent, line, value, alone ? "" : ",");
	} else {
		buf_addf(out, " \"enabled\": %s%s", value, alone ? " " : ",");
	}
	buf_adds(out, rest);
}

/* The file's text with another value; all else, comments too, stays as it is. */
static void
edit_enabled(struct buf *out, const char *path, const struct buf *text, const json_t *node, bool enabled)
{
	const char	*value = enabled ? "true" : "false";
	struct place	 place = { 0 };
	size_t		 at;

	if (!json_locate(path, buf_text(text), text->len, "enabled", &place)) {
		insert_enabled(out, buf_text(text), value, json_object_size(node) == 0);
		return;
	}
	at = offset_of(buf_text(text), &place);
	buf_add(out, text->data, at);
	buf_adds(out, value);
	buf_adds(out, text->data + at + strlen(json_is_true(json_object_get(node, "enabled")) ? "true" : "false"));
}

/* Whether the edited text says what it should and differs in nothing else. */
NODISCARD
static struct err *
check_edit(const char *path, const struct buf *text, const json_t *node, bool enabled)
{
	json_t		*edited = NULL, *wanted = json_copy((json_t *)node);
	struct err	*e;

	json_object_set_new(wanted, "enabled", json_boolean(enabled));
	if ((e = json_parse_text(&edited, path, buf_text(text), text->len)) == NULL && !json_equal(edited, wanted))
		e = err_hint(err_at(ERR_FAILED, &(struct place){ .path = path }, "cannot be edited safely"),
		    "set \"enabled\": %s yourself", enabled ? "true" : "false");
	json_decref(edited);
	json_decref(wanted);
	return e;
}

NODISCARD
static struct err *
set_enabled(const struct repo *repo, const char *name, bool enabled)
{
	char		*path = xasprintf("nodes/%s.json", name);
	struct buf	 text = { 0 }, edited = { 0 };
	json_t		*node = NULL;
	const json_t	*now;
	struct err	*e;

	if ((e = repo_read(repo, path, &text)) != NULL ||
	    (e = json_parse_text(&node, path, buf_text(&text), text.len)) != NULL)
		goto out;
	now = json_object_get(node, "enabled");
	if (!json_is_object(node) || (now != NULL && !json_is_boolean(now))) {
		e = err_hint(err_at(ERR_CONFIG, &(struct place){ .path = path }, "\"enabled\" is neither true nor false"),
		    "set it yourself");
		goto out;
	}
	if (now != NULL && json_is_true(now) == enabled) {
		note("node %s is %s already\n", name, enabled ? "enabled" : "disabled");
		goto out;
	}
	edit_enabled(&edited, path, &text, node, enabled);
	if ((e = check_edit(path, &edited, node, enabled)) == NULL &&
	    (e = repo_write(repo, path, edited.data, edited.len, 0644, NULL)) == NULL)
		note("%s node %s\n", enabled ? "enabled" : "disabled", name);
out:
	json_decref(node);
	buf_fini(&text);
	buf_fini(&edited);
	free(path);
	return e;
}

NODISCARD
static struct err *
set_all_enabled(struct context *context, bool enabled)
{
	struct err *e = check_nodes(context);

	for (size_t i = 0; e == NULL && i < context->arg_count; i++)
		e = set_enabled(context->repo, context->args[i], enabled);
	return e;
}

static struct err *
node_enable_run(struct context *context)
{
	return set_all_enabled(context, true);
}

static struct err *
node_disable_run(struct context *context)
{
	return set_all_enabled(context, false);
}

const struct cmd cmd_node_rm = {
	.name = "node rm",
	.args = "NAME...",
	.summary = "remove nodes: their configuration, keys and certificates",
	.details = "The servers are not touched.  A local node's system goes with \"leap local rm NAME\"; do that first.",
	.needs = CMD_INSTANCE,
	.min_args = 1,
	.max_args = SIZE_MAX,
	.run = node_rm_run,
};

const struct cmd cmd_node_mv = {
	.name = "node mv",
	.args = "OLD NEW",
	.summary = "rename a node with all its files",
	.needs = CMD_INSTANCE,
	.min_args = 2,
	.max_args = 2,
	.run = node_mv_run,
};

const struct cmd cmd_node_enable = {
	.name = "node enable",
	.args = "NAME...",
	.summary = "let nodes be deployed to again",
	.needs = CMD_INSTANCE,
	.min_args = 1,
	.max_args = SIZE_MAX,
	.run = node_enable_run,
};

const struct cmd cmd_node_disable = {
	.name = "node disable",
	.args = "NAME...",
	.summary = "leave nodes out, without removing them",
	.details = "Sets \"enabled\": false in nodes/NAME.json.",
	.needs = CMD_INSTANCE,
	.min_args = 1,
	.max_args = SIZE_MAX,
	.run = node_disable_run,
};
