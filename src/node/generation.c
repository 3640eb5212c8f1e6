/* node: what was applied here, numbered. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/generation.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/strs.h"
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

static json_t *
make_record(const struct run *run, const char *hash, bool failed)
{
	char		 when[32];
	time_t		 now = time(NULL);
	struct tm	 tm;

	gmtime_r(&now, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i}", "manifest", hash, "who", run->request->who,
	    "from", run->from, "commit", run->request->commit, "when", when,
	    "result", run->cancelled ? "cancelled" : failed ? "failed" : "ok",
	    "changed", (int)run->changed, "restarted", (int)run->restarted);
}

/* Whether the last record says all that this one would, but for when and who. */
static bool
says_the_same(unsigned last, const json_t *record)
{
	static const char *const	 members[] = { "manifest", "result", "commit" };
	json_t				*old = last > 0 ? read_json(last, "record.json") : NULL;
	bool				 same = old != NULL && json_int(record, "changed", 0) == 0 &&
	    json_int(record, "restarted", 0) == 0;

	for (size_t i = 0; same && i < ARRAY_LEN(members); i++)
		same = json_equal(json_object_get(old, members[i]), json_object_get(record, members[i]));
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

/* Remove old generations; *sure says whether all that are left could be read. */
static void
forget_old(unsigned last, json_t *keep, bool *sure)
{
	struct strs	 names = { 0 };
	struct err	*e = dir_list(STATE_GENERATIONS, &names);

	*sure = e == NULL;
	err_free(e);
	for (size_t i = 0; i < names.count; i++) {
		unsigned	 number = number_of(names.items[i]);
		char		*path = xasprintf("%s/%s", STATE_GENERATIONS, names.items[i]);

		if (number == 0 || number + GENERATIONS_KEPT <= last) {
			err_free(dir_remove(path));
		} else {
			json_t	*manifest = read_json(number, "manifest.json");

			*sure = *sure && manifest != NULL;
			keep_contents(json_object_get(manifest, "resources"), keep);
			json_decref(manifest);
		}
		free(path);
	}
	strs_fini(&names);
}

static void
collect(const struct run *run, unsigned last)
{
	json_t		*keep = json_object(), *entry;
	const char	*id, *sha256;
	bool		 sure;

	forget_old(last, keep, &sure);
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
		collect(run, last + 1);
	}
out:
	json_decref(record);
	return e;
}
