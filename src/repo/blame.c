/* repo: who wrote the lines of files last, by git. */
/* May know base.  libgit2's home. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "repo/blame.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "repo/libgit2.h"

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

/*
 * git_blame_file() goes through the history once for each file, which takes a second for 10,000 commits.  The lines
 * that are asked about here are few, in several files: each goes back by itself, and all take a commit's step together.
 *
 * A commit's tree is looked at beside its child's and beside its parent's, and libgit2 keeps no tree of more than 4 KiB
 * unless it is told to: a directory of 100 nodes is one.
 */
#define TREE_KEPT	((size_t)1 << 20)
#define ALL_KEPT	((ssize_t)64 << 20)

struct blame {
	git_repository	*git;
	char		*below;		/* where the root is in the work tree */
};

/* Where a line is on its way back. */
struct spot {
	struct blame_line *line;
	git_oid		 commit, blob;
	char		*path;		/* in the commit */
	unsigned	 number;	/* in the blob; 0: nowhere any more */
	git_time_t	 time;		/* of the commit */
	bool		 done;
};

/* Lines of one file in one commit. */
struct group {
	struct spot	**spots;
	size_t		  count;
	unsigned	 *numbers;	/* while they are mapped: where each was before */
};

void
blame_line_fini(struct blame_line *line)
{
	free(line->author);
	free(line->summary);
	*line = (struct blame_line){ 0 };
}

struct blame *
blame_open(const char *root)
{
	struct blame	*blame = xcalloc(1, sizeof(*blame));
	char		*real = realpath(root, NULL);
	struct err	*e = NULL;

	git_libgit2_init();
	git_libgit2_opts(GIT_OPT_SET_CACHE_OBJECT_LIMIT, GIT_OBJECT_TREE, TREE_KEPT);
	git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, ALL_KEPT);
	if (real != NULL && (e = git_open_above(&blame->git, real)) == NULL)
		blame->below = git_below(blame->git, real);
	err_free(e);
	free(real);
	if (blame->below == NULL) {
		blame_close(blame);
		blame = NULL;
	}
	return blame;
}

void
blame_close(struct blame *blame)
{
	if (blame == NULL)
		return;
	git_repository_free(blame->git);
	git_libgit2_shutdown();
	free(blame->below);
	free(blame);
}

/* A piece that is new, or gone: the lines behind it have moved, those in it are new. */
static int
map_hunk(const git_diff_delta *delta, const git_diff_hunk *hunk, void *context)
{
	struct group	*group = context;
	unsigned	 start = (unsigned)hunk->new_start, count = (unsigned)hunk->new_lines;

	(void)delta;
	start += count == 0;		/* an empty piece is said to be at the line before it */
	for (size_t i = 0; i < group->count; i++) {
		if (group->spots[i]->number >= start + count)
			group->numbers[i] += (unsigned)hunk->old_lines - count;	/* may wrap around and back */
		else if (group->spots[i]->number >= start)
			group->numbers[i] = 0;
	}
	return 0;
}

/* Set group->numbers to where the lines were in `old`; they are in `text`, or, when that is NULL, in `now`. */
static bool
map_group(struct group *group, const git_blob *old, const git_blob *now, const struct buf *text)
{
	git_diff_options options;

	git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);	/* fails on other versions only */
	options.context_lines = 0;
	options.flags = GIT_DIFF_FORCE_TEXT | GIT_DIFF_INDENT_HEURISTIC;
	for (size_t i = 0; i < group->count; i++)
		group->numbers[i] = group->spots[i]->number;
	if (text == NULL)
		return git_diff_blobs(old, NULL, now, NULL, &options, NULL, NULL, map_hunk, NULL, group) == 0;
	return git_diff_blob_to_buffer(old, NULL, buf_text(text), text->len, NULL, &options, NULL, NULL, map_hunk, NULL,
	    group) == 0;
}

static void
put_spot(struct spot *spot, const git_commit *commit, const git_oid *blob, const char *path)
{
	git_oid_cpy(&spot->commit, git_commit_id(commit));
	git_oid_cpy(&spot->blob, blob);
	spot->time = git_commit_time(commit);
	if (strcmp(spot->path, path) != 0) {
		free(spot->path);
		spot->path = xstrdup(path);
	}
}

static void
settle(struct spot *spot, const git_commit *commit)
{
	const git_signature	*author = git_commit_author(commit);
	const char		*summary = git_commit_summary((git_commit *)(uintptr_t)commit);
	struct blame_line	*line = spot->line;

	spot->done = true;
	line->state = BLAME_COMMITTED;
	git_oid_tostr(line->commit, sizeof(line->commit), git_commit_id(commit));
	line->author = xstrdup(author->name);
	line->summary = xstrdup(summary != NULL ? summary : "");
	line->time = author->when.time;
	line->offset = author->when.offset;
}

/* The name that the file `path` of `now` has in `old`, where it is another, the caller's, free(); NULL: it is new. */
static char *
find_renamed(git_repository *git, git_tree *old, git_tree *now, const char *path)
{
	git_diff_find_options	 options;
	git_diff		*diff = NULL;
	char			*found = NULL;

	git_diff_find_options_init(&options, GIT_DIFF_FIND_OPTIONS_VERSION);
	options.flags = GIT_DIFF_FIND_RENAMES;
	if (git_diff_tree_to_tree(&diff, git, old, now, NULL) == 0 && git_diff_find_similar(diff, &options) == 0) {
		for (size_t i = 0; found == NULL && i < git_diff_num_deltas(diff); i++) {
			const git_diff_delta *delta = git_diff_get_delta(diff, i);

			if (delta->status == GIT_DELTA_RENAMED && strcmp(delta->new_file.path, path) == 0)
				found = xstrdup(delta->old_file.path);
		}
	}
	git_diff_free(diff);
	return found;
}

/* The blob that the tree has at this path; false: none. */
static bool
find_blob(git_oid *out, const git_tree *tree, const char *path)
{
	git_tree_entry	*entry = NULL;
	bool		 found;

	found = git_tree_entry_bypath(&entry, tree, path) == 0 && git_tree_entry_type(entry) == GIT_OBJECT_BLOB;
	if (found)
		git_oid_cpy(out, git_tree_entry_id(entry));
	git_tree_entry_free(entry);
	return found;
}

/* A commit with its tree; false when it cannot be read: a shallow clone ends somewhere. */
struct step {
	git_commit	*commit;
	git_tree	*tree;
};

static void
step_fini(struct step *step)
{
	git_tree_free(step->tree);
	git_commit_free(step->commit);
	*step = (struct step){ 0 };
}

static bool
step_to_parent(struct step *out, const git_commit *child, unsigned number)
{
	*out = (struct step){ 0 };
	if (git_commit_parent(&out->commit, child, number) == 0 && git_commit_tree(&out->tree, out->commit) == 0)
		return true;
	step_fini(out);
	return false;
}

/* Move the lines that the parent has, too, there; those stay in the group that it does not have. */
static void
pass_changed(const struct blame *blame, struct group *group, const struct step *now, const struct step *parent)
{
	git_blob	*old_blob = NULL, *now_blob = NULL;
	git_oid		 id;
	char		*path = xstrdup(group->spots[0]->path);
	size_t		 left = 0;

	if (!find_blob(&id, parent->tree, path)) {
		free(path);
		path = find_renamed(blame->git, parent->tree, now->tree, group->spots[0]->path);
		if (path == NULL || !find_blob(&id, parent->tree, path))
			goto out;
	}
	if (git_blob_lookup(&old_blob, blame->git, &id) != 0 ||
	    git_blob_lookup(&now_blob, blame->git, &group->spots[0]->blob) != 0 ||
	    !map_group(group, old_blob, now_blob, NULL))
		goto out;
	for (size_t i = 0; i < group->count; i++) {
		struct spot *spot = group->spots[i];

		if (group->numbers[i] == 0) {
			group->spots[left++] = spot;
			continue;
		}
		spot->number = group->numbers[i];
		put_spot(spot, parent->commit, &id, path);
	}
	group->count = left;
out:
	git_blob_free(old_blob);
	git_blob_free(now_blob);
	free(path);
}

/* A parent that has the very same file takes all lines, else each goes to the first that has it. */
static void
pass_group(const struct blame *blame, struct group *group, const struct step *now)
{
	unsigned	 parents = git_commit_parentcount(now->commit);
	struct step	 parent;
	git_oid		 id;
	bool		 same = false;

	for (unsigned i = 0; !same && i < parents; i++) {
		if (!step_to_parent(&parent, now->commit, i))
			continue;
		same = find_blob(&id, parent.tree, group->spots[0]->path) && git_oid_equal(&id, &group->spots[0]->blob);
		for (size_t j = 0; same && j < group->count; j++)
			put_spot(group->spots[j], parent.commit, &id, group->spots[j]->path);
		step_fini(&parent);
	}
	for (unsigned i = 0; !same && group->count > 0 && i < parents; i++) {
		if (!step_to_parent(&parent, now->commit, i))
			continue;
		pass_changed(blame, group, now, &parent);
		step_fini(&parent);
	}
	for (size_t i = 0; !same && i < group->count; i++)
		settle(group->spots[i], now->commit);
}

/* The lines that are where this one is. */
static void
gather(struct group *group, struct spot *spots, size_t count, const struct spot *first)
{
	group->count = 0;
	for (size_t i = 0; i < count; i++) {
		if (!spots[i].done && git_oid_equal(&spots[i].commit, &first->commit) &&
		    strcmp(spots[i].path, first->path) == 0)
			group->spots[group->count++] = &spots[i];
	}
}

/* Children before their parents as far as clocks were right; where not, some steps are taken twice. */
static struct spot *
newest(struct spot *spots, size_t count)
{
	struct spot *found = NULL;

	for (size_t i = 0; i < count; i++) {
		if (!spots[i].done && (found == NULL || spots[i].time > found->time))
			found = &spots[i];
	}
	return found;
}

static void
walk(const struct blame *blame, struct group *group, struct spot *spots, size_t count)
{
	struct spot	*first;
	struct step	 now = { 0 };

	while ((first = newest(spots, count)) != NULL) {
		if (now.commit == NULL || !git_oid_equal(git_commit_id(now.commit), &first->commit)) {
			step_fini(&now);
			if (git_commit_lookup(&now.commit, blame->git, &first->commit) != 0 ||
			    git_commit_tree(&now.tree, now.commit) != 0)
				break;
		}
		gather(group, spots, count, first);
		pass_group(blame, group, &now);
	}
	step_fini(&now);
}

/* Find the lines of one file in HEAD, from what the file is now. */
static void
start(const struct blame *blame, const struct step *head, struct group *group)
{
	struct spot	*first = group->spots[0];
	git_blob	*blob = NULL;
	git_oid		 id;
	bool		 known;

	known = head->tree != NULL && find_blob(&id, head->tree, first->path) &&
	    git_blob_lookup(&blob, blame->git, &id) == 0 && map_group(group, blob, NULL, first->line->text);
	for (size_t i = 0; i < group->count; i++) {
		struct spot *spot = group->spots[i];

		spot->number = known ? group->numbers[i] : 0;
		spot->done = spot->number == 0;
		spot->line->state = spot->done ? BLAME_UNCOMMITTED : BLAME_NONE;
		if (!spot->done)
			put_spot(spot, head->commit, &id, spot->path);
	}
	git_blob_free(blob);
}

static void
start_all(const struct blame *blame, struct group *group, struct spot *spots, size_t count)
{
	git_object	*commit = NULL;
	struct step	 head = { 0 };

	if (git_revparse_single(&commit, blame->git, "HEAD^{commit}") == 0) {
		head.commit = (git_commit *)commit;
		if (git_commit_tree(&head.tree, head.commit) != 0)
			step_fini(&head);
	}
	for (size_t i = 0; i < count; i++) {
		if (!git_oid_is_zero(&spots[i].commit) || spots[i].done)
			continue;
		gather(group, spots, count, &spots[i]);
		start(blame, &head, group);
	}
	step_fini(&head);
}

void
blame_lines(struct blame *blame, struct blame_line *lines, size_t count)
{
	struct spot	*spots = xcalloc(count + 1, sizeof(*spots));
	struct group	 group = { xcalloc(count + 1, sizeof(*group.spots)), 0, xcalloc(count + 1, sizeof(*group.numbers)) };

	for (size_t i = 0; i < count; i++) {
		lines[i].state = BLAME_NONE;
		spots[i].line = &lines[i];
		spots[i].number = lines[i].number;
		if (blame != NULL)
			spots[i].path = *blame->below == '\0' ? xstrdup(lines[i].path) : path_join(blame->below, lines[i].path);
	}
	if (blame != NULL) {
		start_all(blame, &group, spots, count);
		walk(blame, &group, spots, count);
	}
	for (size_t i = 0; i < count; i++)
		free(spots[i].path);
	free(group.spots);
	free(group.numbers);
	free(spots);
}
