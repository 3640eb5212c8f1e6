/* node: what was applied here, numbered. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/generation.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/strs.h"
#include "node/kept.h"
#include "node/run.h"
#include "node/state.h"
#include "node/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NUMBER_MAX	1000000000u

/* The generation's number when `name` is one, else 0. */
static unsigned
number_of(const char *name)
{
	char		*end;
	unsigned long	 number = strtoul(name, &end, 10);

	return *name >= '1' && *name <= '9' && *end == '\0' && number < NUMBER_MAX ? (unsigned)number : 0;
}

unsigned
generation_last(void)
{
	struct strs	 names = { 0 };
	struct err	*e = dir_list(STATE_GENERATIONS, &names);
	unsigned	 last = 0;

	for (size_t i = 0; i < names.count; i++)
		if (number_of(names.items[i]) > last)
			last = number_of(names.items[i]);
	err_free(e);
	strs_fini(&names);
	return last;
}

static json_t *
read_json(unsigned number, const char *file)
{
	char		*path = xasprintf("%s/%u/%s", STATE_GENERATIONS, number, file);
	struct buf	 text = { 0 };
	struct err	*e = file_read(path, STATE_MAX, &text);
	json_t		*root = e == NULL ? json_loadb(buf_text(&text), text.len, 0, NULL) : NULL;

	err_free(e);
	buf_fini(&text);
	free(path);
	return root;
}

/* All numbers there are, the last one first; the caller's, free(). */
static unsigned *
numbers(size_t *count)
{
	struct strs	 names = { 0 };
	struct err	*e = dir_list(STATE_GENERATIONS, &names);
	unsigned	*list = xcalloc(names.count + 1, sizeof(*list));
	size_t		 at;

	*count = 0;
	for (size_t i = 0; i < names.count; i++) {
		unsigned	 number = number_of(names.items[i]);

		if (number == 0)
			continue;
		for (at = (*count)++; at > 0 && list[at - 1] < number; at--)
			list[at] = list[at - 1];
		list[at] = number;
	}
	err_free(e);
	strs_fini(&names);
	return list;
}

bool
generation_applied(unsigned number)
{
	json_t	*record = number > 0 ? read_json(number, "record.json") : NULL;
	bool	 applied = json_bool(record, "applied");

	json_decref(record);
	return applied;
}

unsigned
generation_current(unsigned *unfinished)
{
	size_t		 count;
	unsigned	*list = numbers(&count), found = 0;
	bool		 finished = false;

	*unfinished = 0;
	for (size_t i = 0; i < count && !finished; i++) {
		json_t		*record = read_json(list[i], "record.json");
		bool		 applied = json_bool(record, "applied");
		json_int_t	 back_to = json_int(record, "back_to", -1);

		finished = applied || back_to >= 0;
		if (finished)
			found = applied ? list[i] : (unsigned)back_to;
		else if (*unfinished == 0 && json_bool(record, "touched"))
			*unfinished = list[i];
		json_decref(record);
	}
	free(list);
	return found;
}

static char *
manifest_of(unsigned number, unsigned *back_to)
{
	json_t	*record = read_json(number, "record.json");
	char	*hash = json_str(record, "manifest") != NULL ? xstrdup(json_str(record, "manifest")) : NULL;

	*back_to = json_bool(record, "applied") ? (unsigned)json_int(record, "back_to", 0) : 0;
	json_decref(record);
	return hash;
}

unsigned
generation_before(void)
{
	size_t		 count;
	unsigned	 unfinished, current = generation_current(&unfinished), origin = current, back_to, found = 0, *list;
	char		*now, *other;

	if (current == 0 || unfinished > 0)
		return current;
	now = manifest_of(current, &back_to);
	/* A rollback of a rollback goes further back, not forth again. */
	while (back_to > 0 && back_to < origin) {
		origin = back_to;
		free(manifest_of(origin, &back_to));
	}
	list = numbers(&count);
	for (size_t i = 0; found == 0 && i < count; i++) {
		if (list[i] >= origin || !generation_applied(list[i]))
			continue;
		other = manifest_of(list[i], &back_to);
		if (now == NULL || other == NULL || strcmp(now, other) != 0)
			found = list[i];
		free(other);
	}
	free(list);
	free(now);
	return found;
}

struct err *
generation_load(unsigned number, const char *node, struct manifest *out)
{
	char		*path;
	struct buf	 text = { 0 };
	struct err	*e;

	if (number == 0) {
		manifest_init(out, node);
		return NULL;
	}
	path = xasprintf("%s/%u/manifest.json", STATE_GENERATIONS, number);
	e = file_read(path, STATE_MAX, &text);
	if (e == NULL)
		e = manifest_parse(out, buf_text(&text), text.len);
	if (e != NULL)
		e = err_context(e, "generation %u", number);
	buf_fini(&text);
	free(path);
	return e;
}

json_t *
generation_history(bool cut)
{
	json_t		*all = json_array(), *record;
	size_t		 count;
	unsigned	*list = numbers(&count), current, unfinished;

	for (size_t i = 0; i < count; i++) {
		record = read_json(list[i], "record.json");
		if (!json_is_object(record)) {
			json_decref(record);
			record = json_object();
		}
		json_object_set_new(record, "number", json_integer((json_int_t)list[i]));
		json_array_append_new(all, record);
	}
	free(list);
	current = generation_current(&unfinished);
	return json_pack("{s:o, s:I, s:I, s:b}", "generations", all, "current", (json_int_t)current, "unfinished",
	    (json_int_t)unfinished, "cut", cut);
}

/* Where the manifest comes from: what leap says, or said when it was applied first. */
static void
add_commit(const struct run *run, json_t *record)
{
	json_t	*origin = run->origin > 0 ? read_json(run->origin, "record.json") : NULL;
	bool	 dirty = origin != NULL ? json_bool(origin, "dirty") : run->request->dirty != 0;

	json_object_set_new(record, "commit", json_string(json_str(origin, "commit") != NULL ? json_str(origin, "commit") :
	    run->request->commit));
	if (dirty)
		json_object_set_new(record, "dirty", json_true());
	json_decref(origin);
}

static json_t *
make_record(const struct run *run, const char *hash, bool failed)
{
	const char	*why = run->request->message;
	json_t		*record;
	char		 when[32];
	time_t		 now = time(NULL);
	struct tm	 tm;

	gmtime_r(&now, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	record = json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:b, s:b}", "manifest", hash, "who", run->request->who,
	    "from", run->from, "when", when,
	    "result", run->cancelled ? "cancelled" : failed ? "failed" : "ok",
	    "changed", (int)run->changed, "restarted", (int)run->restarted, "applied", run->complete,
	    "touched", run->touched);
	add_commit(run, record);
	if (run->touches != NULL)
		json_object_set(record, "resources", run->touches);
	if (run->went_back)
		json_object_set_new(record, "back_to", json_integer((json_int_t)run->back_to));
	if (why != NULL && *why != '\0')
		json_object_set_new(record, "why", json_string(why));
	return record;
}

/* Whether the last record says all that this one would, but for when and who. */
static bool
says_the_same(unsigned last, const json_t *record)
{
	static const char *const	 members[] = { "manifest", "result", "commit", "dirty", "applied", "back_to" };
	json_t				*old = last > 0 ? read_json(last, "record.json") : NULL;
	bool				 same = old != NULL && json_int(record, "changed", 0) == 0 &&
	    json_int(record, "restarted", 0) == 0;

	for (size_t i = 0; same && i < ARRAY_LEN(members); i++)
		same = json_object_get(old, members[i]) == json_object_get(record, members[i]) ||
		    json_equal(json_object_get(old, members[i]), json_object_get(record, members[i]));
	json_decref(old);
	return same;
}

static struct err *
write_json(const char *directory, const char *file, const json_t *value)
{
	char		*path = path_join(directory, file);
	struct buf	 text = { 0 };
	struct err	*e;

	json_canonical(value, &text);
	buf_addc(&text, '\n');
	e = file_write(path, text.data, text.len, 0600);
	buf_fini(&text);
	free(path);
	return e;
}

/* Written beside, then renamed: a generation is whole or not there. */
static struct err *
write_generation(unsigned number, const json_t *manifest, const json_t *record)
{
	char		*temp = xasprintf("%s/%s%u", STATE_GENERATIONS, TEMP_PREFIX, number);
	char		*path = xasprintf("%s/%u", STATE_GENERATIONS, number);
	struct err	*e;

	e = dir_remove(temp);
	if (e == NULL && mkdir(temp, 0700) != 0)
		e = err_errno(ERR_FAILED, "%s", temp);
	if (e == NULL)
		e = write_json(temp, "manifest.json", manifest);
	if (e == NULL)
		e = write_json(temp, "record.json", record);
	if (e == NULL && rename(temp, path) != 0)
		e = err_errno(ERR_FAILED, "%s", path);
	if (e != NULL)
		err_free(dir_remove(temp));
	free(temp);
	free(path);
	return e;
}

static void
keep_contents(const json_t *resources, json_t *keep)
{
	const json_t	*resource;
	const char	*sha256;
	size_t		 i;

	json_array_foreach(resources, i, resource) {
		sha256 = json_str(resource, "sha256");
		if (sha256 != NULL)
			json_object_set_new(keep, sha256, json_true());
	}
}

static void
forget(const char *name)
{
	char	*path = xasprintf("%s/%s", STATE_GENERATIONS, name);

	err_free(dir_remove(path));	/* what could not be removed now is next time */
	free(path);
}

/* Remove what an apply that was cut left half-written. */
static void
forget_halves(void)
{
	struct strs	 names = { 0 };

	err_free(dir_list(STATE_GENERATIONS, &names));
	for (size_t i = 0; i < names.count; i++)
		if (number_of(names.items[i]) == 0)
			forget(names.items[i]);
	strs_fini(&names);
}

/* Remove old generations; *sure says whether all that can be gone back to could be read. */
static void
forget_old(json_t *keep, bool *sure)
{
	size_t		 count, applied = 0, others = 0;
	unsigned	*list = numbers(&count);

	*sure = true;
	forget_halves();
	for (size_t i = 0; i < count; i++) {
		bool	 good = generation_applied(list[i]);
		bool	 stays = good ? applied < GENERATIONS_KEPT : others < FAILURES_KEPT;
		char	*name = xasprintf("%u", list[i]);
		json_t	*manifest = NULL;

		applied += good;
		others = applied < GENERATIONS_KEPT ? others + !good : FAILURES_KEPT;
		if (!stays)
			forget(name);
		else if (good) {
			manifest = read_json(list[i], "manifest.json");
			*sure = *sure && manifest != NULL;
		}
		keep_contents(json_object_get(manifest, "resources"), keep);
		json_decref(manifest);
		free(name);
	}
	free(list);
}

static void
collect(const struct run *run)
{
	json_t		*keep = json_object(), *entry;
	const char	*id, *sha256;
	bool		 sure;

	forget_old(keep, &sure);
	json_object_foreach(run->managed.entries, id, entry) {
		sha256 = json_str(json_object_get(entry, "before"), "sha256");
		if (sha256 != NULL)
			json_object_set_new(keep, sha256, json_true());
		sha256 = json_str(json_object_get(entry, "want"), "sha256");
		if (sha256 != NULL)
			json_object_set_new(keep, sha256, json_true());
	}
	/* Rather a full disk than a lost content. */
	if (sure)
		store_collect(keep);
	json_decref(keep);
}

struct err *
generation_record(struct run *run, bool failed)
{
	char		 hash[SHA256_HEX_SIZE];
	unsigned	 last = generation_last();
	json_t		*record;
	struct err	*e = NULL;

	manifest_hash(run->manifest, hash);
	record = make_record(run, hash, failed);
	run->generation = last;
	if (says_the_same(last, record))
		goto out;
	e = write_generation(last + 1, run->manifest->root, record);
	if (e == NULL) {
		run->generation = last + 1;
		collect(run);
		kept_prune();
	}
out:
	json_decref(record);
	return e;
}
