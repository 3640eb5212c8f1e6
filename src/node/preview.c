/* node: what a plan tells beyond its steps: the state that it is made for, and the contents that would go. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/preview.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "node/content.h"
#include "node/run.h"
#include "node/types.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#define OLD_MAX		(256u << 10)	/* bytes of one content */
#define OLD_ALL_MAX	(8u << 20)	/* and of all of a plan; leap takes 64 MiB of frames */

/* Where the item's content or link is, NULL when it has none. */
static const char *
path_of(const struct item *item)
{
	return strcmp(item->type->name, "firewall") == 0 ? FIREWALL_RULES : json_str(item->want, "path");
}

/* Look as the type did. */
static struct err *
look(struct run *run, const struct item *item, struct seen *seen)
{
	return strcmp(item->type->name, "file") == 0 ? seen_look_at(seen, run, item) :
	    seen_look(seen, run, path_of(item));
}

static json_t *
link_target(const char *path)
{
	struct spot	 spot;
	char		 target[PATH_MAX];
	ssize_t		 len = -1;
	struct err	*e = spot_open(&spot, path, false);

	if (e == NULL)
		len = readlinkat(spot.dir, spot.name, target, sizeof(target) - 1);
	err_free(e);
	spot_close(&spot);
	target[len > 0 ? len : 0] = '\0';
	return json_text(target);
}

static json_t *
seen_fact(const struct seen *seen, const char *path)
{
	json_t	*fact = seen_to_json(seen);

	if (!seen->exists)
		return fact;
	json_object_set_new(fact, "mode", json_integer((json_int_t)seen->st.st_mode));
	if (S_ISLNK(seen->st.st_mode))
		json_object_set_new(fact, "target", link_target(path));
	if (!S_ISREG(seen->st.st_mode) || seen->sha256[0] != '\0')
		return fact;
	/* A content that nobody reads: its size and time have to do. */
	json_object_set_new(fact, "size", json_integer(seen->st.st_size));
	json_object_set_new(fact, "mtime", json_integer(seen->st.st_mtim.tv_sec));
	json_object_set_new(fact, "mtime_ns", json_integer(seen->st.st_mtim.tv_nsec));
	return fact;
}

static struct err *
add_facts(struct run *run, const struct item *item, json_t *facts)
{
	json_t		*fact = json_object(), *steps = json_array();
	struct seen	 seen;
	struct err	*e = NULL;

	json_object_set_new(fact, "id", json_text(item->id));
	for (size_t i = 0; i < item->step_count; i++) {
		json_array_append_new(steps, json_string(item->steps[i].action));
		json_array_append_new(steps, item->steps[i].detail == NULL ? json_null() : json_text(item->steps[i].detail));
	}
	json_object_set_new(fact, "steps", steps);
	if (path_of(item) != NULL && (e = look(run, item, &seen)) == NULL)
		json_object_set_new(fact, "seen", seen_fact(&seen, path_of(item)));
	json_array_append_new(facts, fact);
	return e;
}

/* What is remembered of what leap put there; not the types' own notes, which come and go by themselves. */
static json_t *
managed_facts(const struct run *run)
{
	static const char *const	 members[] = { "want", "intent", "before", "ours" };
	json_t				*facts = json_object(), *fact, *entry;
	const char			*id;

	json_object_foreach(run->managed.entries, id, entry) {
		fact = json_object();
		for (size_t i = 0; i < ARRAY_LEN(members); i++)
			if (json_object_get(entry, members[i]) != NULL)
				json_object_set(fact, members[i], json_object_get(entry, members[i]));
		json_object_set_new(facts, id, fact);
	}
	return facts;
}

struct err *
preview_state(struct run *run, char out[SHA256_HEX_SIZE])
{
	json_t		*facts = json_array(), *root;
	struct buf	 text = { 0 };
	struct err	*e = NULL;

	for (size_t i = 0; e == NULL && i < run->gone_count; i++)
		e = add_facts(run, &run->gone[i], facts);
	for (size_t i = 0; e == NULL && i < run->item_count; i++)
		e = add_facts(run, &run->items[i], facts);
	root = json_pack("{s:o, s:o, s:O, s:b}", "items", facts, "managed", managed_facts(run), "owed", run->journal.owed,
	    "cut", run->journal.cut);
	json_canonical(root, &text);
	sha256_hex(buf_text(&text), text.len, out);
	json_decref(root);
	buf_fini(&text);
	return e;
}

static bool
is_secret(const struct item *item)
{
	return json_bool(item->want, "secret") || json_bool(json_object_get(item->entry, "want"), "secret");
}

static bool
anybody_may_see(const struct item *item, const struct seen *seen)
{
	return !is_secret(item) && ((seen->st.st_mode & S_IROTH) != 0 || entry_ours(item->entry, seen->sha256));
}

/* The content that is there now, a new reference; NULL when it is not to be told. */
static json_t *
old_content(struct run *run, const struct item *item)
{
	const char	*path = path_of(item);
	struct seen	 seen;
	struct spot	 spot = { .dir = -1 };
	struct buf	 text = { 0 };
	json_t		*old = NULL;
	struct err	*e;
	int		 fd = -1;

	e = look(run, item, &seen);
	if (e != NULL || !seen.exists || !S_ISREG(seen.st.st_mode) || seen.st.st_size > OLD_MAX ||
	    run->previewed + (size_t)seen.st.st_size > OLD_ALL_MAX || !anybody_may_see(item, &seen))
		goto out;
	if ((e = spot_open(&spot, path, false)) == NULL)
		fd = openat(spot.dir, spot.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	buf_reserve(&text, (size_t)seen.st.st_size + 1);
	if (fd < 0 || read(fd, text.data, (size_t)seen.st.st_size) != (ssize_t)seen.st.st_size)
		goto out;
	text.len = (size_t)seen.st.st_size;
	if (memchr(text.data, '\0', text.len) == NULL)
		old = json_stringn(text.data, text.len);	/* NULL when it is no UTF-8 */
	run->previewed += old == NULL ? 0 : text.len;
out:
	if (fd >= 0)
		close(fd);
	spot_close(&spot);
	buf_fini(&text);
	err_free(e);
	return old;
}

static bool
changes_content(const struct item *item, const struct step *step)
{
	static const char *const	 actions[] = { "update", "remove" };

	if (strcmp(item->type->name, "file") != 0 && strcmp(item->type->name, "firewall") != 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(actions); i++)
		if (strcmp(step->action, actions[i]) == 0)
			return true;
	return false;
}

void
preview_event(struct run *run, const struct item *item, const struct step *step)
{
	json_t	*event = json_object(), *old = changes_content(item, step) ? old_content(run, item) : NULL;

	json_object_set_new(event, "resource", json_text(item->id));
	json_object_set_new(event, "action", json_string(step->action));
	if (step->detail != NULL)
		json_object_set_new(event, "detail", json_text(step->detail));
	if (old != NULL)
		json_object_set_new(event, "old", old);
	channel_add(run->channel, FRAME_EVENT, event);
}
