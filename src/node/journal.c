/* node: what must survive a cut: the write-ahead log of an apply, and what is still owed. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/journal.h"

#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "node/managed.h"
#include "node/state.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool
stronger(const char *action, const char *than)
{
	return than == NULL || (strcmp(than, "reload") == 0 && strcmp(action, "restart") == 0);
}

/* One line's meaning.  False when it has none. */
static bool
replay(struct journal *journal, struct managed *managed, const json_t *line)
{
	json_t		*entry = json_object_get(line, "entry");
	const char	*gone = json_str(line, "gone"), *owe = json_str(line, "owe"), *paid = json_str(line, "paid");
	const char	*action = json_str(line, "action");

	if (json_str(line, "begin") != NULL)
		journal->cut = true;
	else if (entry_well_formed(entry))
		json_object_set(managed->entries, json_str(entry, "id"), entry);
	else if (gone != NULL)
		json_object_del(managed->entries, gone);
	else if (owe != NULL && action != NULL)
		json_object_set_new(journal->owed, owe, json_string(action));
	else if (paid != NULL)
		json_object_del(journal->owed, paid);
	else
		return false;
	return true;
}

struct err *
journal_load(struct journal *journal, const char *path, struct managed *managed)
{
	struct buf	 text = { 0 };
	struct err	*e = NULL;
	const char	*line, *end;
	unsigned	 number = 0;

	*journal = (struct journal){ .path = xstrdup(path), .owed = json_object(), .said = json_object(),
	    .fd = -1 };
	if (file_exists(path))
		e = file_read(path, STATE_MAX, &text);
	for (line = buf_text(&text); e == NULL && (end = strchr(line, '\n')) != NULL; line = end + 1) {
		json_t	*value = json_loadb(line, (size_t)(end - line), 0, NULL);

		number++;
		if (value == NULL || !replay(journal, managed, value))
			e = err_hint(err_new(ERR_FAILED, "%s:%u is damaged", path, number),
			    "the disk may be failing; move the file away, then restart the services by hand");
		json_decref(value);
	}
	journal->length = (size_t)(line - buf_text(&text));
	buf_fini(&text);
	return e;
}

void
journal_fini(struct journal *journal)
{
	if (journal->path != NULL && journal->fd >= 0)
		close(journal->fd);
	free(journal->path);
	json_decref(journal->owed);
	json_decref(journal->said);
	buf_fini(&journal->pending);
	*journal = (struct journal){ .fd = -1 };
}

static void
add_line(struct journal *journal, json_t *take_line)
{
	json_canonical(take_line, &journal->pending);
	buf_addc(&journal->pending, '\n');
	json_decref(take_line);
}

struct err *
journal_begin(struct journal *journal, const char *who)
{
	if (journal->fd >= 0)
		close(journal->fd);
	journal->fd = open(journal->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	/* A line that was cut off must not swallow the next one. */
	if (journal->fd < 0 || ftruncate(journal->fd, (off_t)journal->length) != 0)
		return err_errno(ERR_FAILED, "%s", journal->path);
	json_object_clear(journal->said);
	add_line(journal, json_pack("{s:s}", "begin", who));
	return NULL;
}

void
journal_entry(struct journal *journal, json_t *entry)
{
	const char	*id = json_str(entry, "id"), *said = json_str(journal->said, id);
	struct buf	 text = { 0 };

	json_canonical(entry, &text);
	if (said == NULL || strcmp(said, text.data) != 0) {
		json_object_set_new(journal->said, id, json_string(text.data));
		add_line(journal, json_pack("{s:O}", "entry", entry));
	}
	buf_fini(&text);
}

void
journal_gone(struct journal *journal, const char *id)
{
	json_object_del(journal->said, id);
	add_line(journal, json_pack("{s:s}", "gone", id));
}

void
journal_owe(struct journal *journal, const char *id, const char *action)
{
	if (!stronger(action, journal_owed(journal, id)))
		return;
	json_object_set_new(journal->owed, id, json_string(action));
	add_line(journal, json_pack("{s:s, s:s}", "owe", id, "action", action));
}

void
journal_paid(struct journal *journal, const char *id)
{
	if (json_object_del(journal->owed, id) == 0)
		add_line(journal, json_pack("{s:s}", "paid", id));
}

const char *
journal_owed(const struct journal *journal, const char *id)
{
	return json_str(journal->owed, id);
}

struct err *
journal_commit(struct journal *journal, bool sync)
{
	size_t	 len = journal->pending.len;

	if (len == 0)
		return NULL;
	if (write_all(journal->fd, journal->pending.data, len) != 0 || (sync && fdatasync(journal->fd) != 0)) {
		struct err	*e = err_errno(ERR_FAILED, "%s", journal->path);

		/* Part of a line may be there; without it the journal says what it said before. */
		if (ftruncate(journal->fd, (off_t)journal->length) != 0)
			e = err_note(e, NULL, "and it cannot be shortened again");
		return e;
	}
	journal->length += len;
	buf_clear(&journal->pending);
	return NULL;
}

struct err *
journal_finish(struct journal *journal)
{
	const char	*id;
	json_t		*action;
	struct err	*e;

	buf_clear(&journal->pending);
	json_object_foreach(journal->owed, id, action)
		add_line(journal, json_pack("{s:s, s:O}", "owe", id, "action", action));
	e = file_write(journal->path, buf_text(&journal->pending), journal->pending.len, 0600);
	if (e == NULL && journal->fd >= 0) {
		close(journal->fd);
		journal->fd = -1;
	}
	if (e == NULL) {
		journal->length = journal->pending.len;
		journal->cut = false;
	}
	buf_clear(&journal->pending);
	return e;
}
