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

/* What the kernel has is written there, to be kept below STATE_KEPT, when somebody else made it. */
#define KERNEL_RULES	NODE_STATE "/kernel.nft"

/*
 * Whether the kernel has the table that leap loaded last, or one that somebody else made of it, or none (neither).
 * While the generation counter stands still nothing changed; when it moved, perhaps for another table, the listing
 * decides.
 */
static struct err *
look_at_kernel(struct run *run, struct item *item, bool *ours, bool *foreign)
{
	const char	*generation = json_string_value(item_noted(item, "generation"));
	const char	*listing = json_string_value(item_noted(item, "listing"));
	char		 hash[SHA256_HEX_SIZE] = "", *now = NULL;
	struct err	*e;

	*ours = *foreign = false;
	if (generation == NULL || listing == NULL)
		return NULL;
	e = nft_generation(&now);
	*ours = e == NULL && strcmp(now, generation) == 0;
	if (e == NULL && !*ours) {
		e = nft_table_hash(item->name, hash);
		*ours = e == NULL && strcmp(hash, listing) == 0;
		/* After a cut it may be what leap was about to load. */
		*foreign = e == NULL && !*ours && hash[0] != '\0' && !run->journal.cut;
		if (*ours) {
			item_note(item, "generation", json_string(now));
			run->noted = true;
		}
	}
	free(now);
	return e;
}

/* What a change would find. */
struct found {
	struct seen	 seen;			/* the file */
	bool		 foreign_file;
	bool		 ours, foreign_table;	/* the kernel's */
};

static struct err *
look(struct run *run, struct item *item, struct found *found)
{
	struct err	*e = seen_look(&found->seen, run, RULES);

	if (e == NULL)
		e = look_at_kernel(run, item, &found->ours, &found->foreign_table);
	found->foreign_file = e == NULL && found->seen.exists && entry_foreign(item->entry, "sha256", found->seen.sha256);
	return e;
}

static void
add_keep_steps(struct item *item, const struct found *found)
{
	if (found->foreign_file)
		item_step(item, "keep", "somebody else changed " RULES);
	if (found->foreign_table)
		item_step(item, "keep", "somebody else changed the kernel's rules");
}

static struct err *
inspect(struct run *run, struct item *item)
{
	const char	*want = item_str(item, "sha256"), *rules = json_string_value(item_noted(item, "rules"));
	struct found	 found;
	struct err	*e = look(run, item, &found);

	if (e != NULL)
		return e;
	if (found.seen.exists && !S_ISREG(found.seen.st.st_mode))
		return err_new(ERR_FAILED, "%s is %s, not a file", RULES, seen_kind(&found.seen));
	json_decref(item->before);
	item->before = item_untouched(item) ? json_object() : NULL;
	item->lacks_content = strcmp(found.seen.sha256, want) != 0 && !store_has(want);
	found.foreign_file = found.foreign_file && strcmp(found.seen.sha256, want) != 0;
	add_keep_steps(item, &found);
	if (!found.seen.exists && item_noted(item, "listing") == NULL)
		item_step(item, "create", NULL);
	else if (strcmp(found.seen.sha256, want) != 0)
		item_step(item, "update", "rules");
	else if (!found.ours || rules == NULL || strcmp(rules, want) != 0)
		item_step(item, "update", "the kernel had other rules");
	return NULL;
}

static struct err *
keep_table(struct run *run, const struct item *item)
{
	struct buf	 listing = { 0 };
	struct err	*e = nft_table(item->name, &listing);

	if (e == NULL && listing.len > 0) {
		e = file_write(KERNEL_RULES, listing.data, listing.len, 0600);
		if (e == NULL)
			e = content_keep(run, item->id, KERNEL_RULES);
		unlink(KERNEL_RULES);
	}
	buf_fini(&listing);
	return e;
}

/* Put aside what somebody else made of it. */
static struct err *
keep(struct run *run, struct item *item)
{
	struct found	 found;
	struct err	*e;

	if (!item_has_step(item, "keep"))
		return NULL;
	e = look(run, item, &found);
	if (e == NULL && found.foreign_file)
		e = content_keep(run, item->id, RULES);
	if (e == NULL && found.foreign_table)
		e = keep_table(run, item);
	return e;
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

	e = read_rules(want, &rules);
	if (e == NULL)
		e = nft_load(item->name, &rules, true);
	if (e == NULL)
		e = keep(run, item);
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
	struct found	 found;
	struct err	*e = look(run, item, &found);

	item->last = true;	/* it protects the node until all else is in place */
	if (e != NULL || (!found.seen.exists && item_noted(item, "listing") == NULL))
		return e;
	add_keep_steps(item, &found);
	item_step(item, "remove", NULL);
	return NULL;
}

static struct err *
remove_firewall(struct run *run, struct item *item)
{
	struct err	*e = keep(run, item);

	if (e == NULL)
		e = nft_delete(item->name);
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
	.token = "sha256",
	.inspect = inspect,
	.claim = claim,
	.apply = apply,
	.inspect_gone = inspect_gone,
	.remove = remove_firewall,
};
