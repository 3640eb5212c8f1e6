/* node: firewall resources: one nft table, in the kernel and in a file for the next boot. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/types.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "node/content.h"
#include "node/nft.h"
#include "node/run.h"
#include "node/store.h"
#include "wire/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RULES_DIR	"/etc/leap"
#define RULES		FIREWALL_RULES
#define READ_BLOCK	(64u << 10)

/*
 * Whether the kernel has the very table that leap loaded.  While the generation counter stands
 * still nothing changed; when it moved, perhaps for another table, the listing decides.
 */
static struct err *
is_loaded(struct run *run, struct item *item, bool *loaded)
{
	const char	*rules = json_string_value(item_noted(item, "rules"));
	const char	*generation = json_string_value(item_noted(item, "generation"));
	const char	*listing = json_string_value(item_noted(item, "listing"));
	char		 hash[SHA256_HEX_SIZE], *now = NULL;
	struct err	*e;

	*loaded = false;
	if (generation == NULL || listing == NULL || rules == NULL || strcmp(rules, item_str(item, "sha256")) != 0)
		return NULL;
	e = nft_generation(&now);
	if (e == NULL && strcmp(now, generation) == 0) {
		*loaded = true;
	} else if (e == NULL) {
		e = nft_table_hash(item->name, hash);
		*loaded = e == NULL && strcmp(hash, listing) == 0;
		if (*loaded) {
			item_note(item, "generation", json_string(now));
			run->noted = true;
		}
	}
	free(now);
	return e;
}

static struct err *
inspect(struct run *run, struct item *item)
{
	const char	*want = item_str(item, "sha256");
	struct seen	 seen;
	struct err	*e;
	bool		 loaded;

	e = seen_look(&seen, run, RULES);
	if (e == NULL)
		e = is_loaded(run, item, &loaded);
	if (e != NULL)
		return e;
	if (seen.exists && !S_ISREG(seen.st.st_mode))
		return err_new(ERR_FAILED, "%s is %s, not a file", RULES, seen_kind(&seen));
	json_decref(item->before);
	item->before = item_untouched(item) ? json_object() : NULL;
	item->lacks_content = strcmp(seen.sha256, want) != 0 && !store_has(want);
	if (!seen.exists && item_noted(item, "listing") == NULL)
		item_step(item, "create", NULL);
	else if (strcmp(seen.sha256, want) != 0)
		item_step(item, "update", "rules");
	else if (!loaded)
		item_step(item, "update", "the kernel had other rules");
	return NULL;
}

static struct err *
read_rules(const char *sha256, struct buf *out)
{
	struct err	*e;
	ssize_t		 got = 1;
	int		 fd;

	e = store_open(sha256, &fd);
	while (e == NULL && got > 0) {
		buf_reserve(out, READ_BLOCK);
		got = read(fd, out->data + out->len, READ_BLOCK);
		if (got < 0)
			e = err_errno(ERR_FAILED, "%s", sha256);
		else
			out->len += (size_t)got;
	}
	if (fd >= 0)
		close(fd);
	if (out->data != NULL)
		out->data[out->len] = '\0';
	return e;
}

/* Remember what the kernel made of the rules. */
static struct err *
note_loaded(struct item *item)
{
	char		 hash[SHA256_HEX_SIZE], *generation = NULL;
	struct err	*e;

	/* The counter first: a change in between makes the next look a thorough one. */
	e = nft_generation(&generation);
	if (e == NULL)
		e = nft_table_hash(item->name, hash);
	if (e == NULL) {
		item_note(item, "generation", json_string(generation));
		item_note(item, "listing", json_string(hash));
		item_note(item, "rules", json_string(item_str(item, "sha256")));
	}
	free(generation);
	return e;
}

static struct err *
claim(struct run *run, struct item *item)
{
	struct seen	 seen;
	struct err	*e;

	/* A cut apply may have written the file from the store, so the content must be there. */
	e = seen_look(&seen, run, RULES);
	if (e == NULL && strcmp(seen.sha256, item_str(item, "sha256")) == 0)
		e = content_save(RULES, seen.sha256);
	if (!file_exists(RULES_DIR))
		item_note(item, "made_directory", json_true());
	return e;
}

/* Others may want to look at what they own in there. */
static struct err *
make_directory(void)
{
	if (mkdir(RULES_DIR, 0755) != 0 && errno != EEXIST)
		return err_errno(ERR_FAILED, "%s", RULES_DIR);
	return NULL;
}

static struct err *
apply(struct run *run, struct item *item)
{
	const struct meta	 meta = { .mode = 0600 };
	const char		*want = item_str(item, "sha256");
	struct buf		 rules = { 0 };
	struct err		*e;

	(void)run;
	e = read_rules(want, &rules);
	if (e == NULL)
		e = nft_load(item->name, &rules, true);
	if (e == NULL)
		e = make_directory();
	if (e == NULL)
		e = content_put(RULES, &meta, want);
	if (e == NULL)
		e = nft_load(item->name, &rules, false);
	if (e == NULL)
		e = note_loaded(item);
	buf_fini(&rules);
	return e;
}

static struct err *
inspect_gone(struct run *run, struct item *item)
{
	struct seen	 seen;
	struct err	*e;

	item->last = true;	/* it protects the node until all else is in place */
	e = seen_look(&seen, run, RULES);
	if (e == NULL && (seen.exists || item_noted(item, "listing") != NULL))
		item_step(item, "remove", NULL);
	return e;
}

static struct err *
remove_firewall(struct run *run, struct item *item)
{
	struct err	*e = nft_delete(item->name);

	/* The file may belong to a table of another name by now. */
	for (size_t i = 0; i < run->item_count; i++)
		if (run->items[i].type == item->type)
			return e;
	if (e == NULL)
		e = content_remove(RULES);
	if (e == NULL && item_noted(item, "made_directory") != NULL)
		rmdir(RULES_DIR);	/* stays while there is anything else in it */
	return e;
}

const struct type type_firewall = {
	.name = "firewall",
	.inspect = inspect,
	.claim = claim,
	.apply = apply,
	.inspect_gone = inspect_gone,
	.remove = remove_firewall,
};
