/* node: what systemd says of its units. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/systemd.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "node/dbus.h"
#include "node/tool.h"

#include <stdlib.h>
#include <string.h>

#define LOG_LINES	"10"
#define PRIVATE_SOCKET	"/run/systemd/private"
#define ASK_SECONDS	5

static const char *const suffixes[] = {
	".service", ".socket", ".target", ".timer", ".mount", ".automount", ".path", ".slice", ".swap", ".scope", ".device",
};

/* "nginx" is "nginx.service"; the caller's, free(). */
static char *
full_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
		if (str_ends(name, suffixes[i]))
			return xstrdup(name);
	return xasprintf("%s.service", name);
}

void
systemd_announce(struct systemd *systemd, const char *name)
{
	char	*full = full_name(name);

	if (!strs_has(&systemd->names, full)) {
		systemd_forget(systemd);
		strs_add(&systemd->names, full);
	}
	free(full);
}

void
systemd_forget(struct systemd *systemd)
{
	for (size_t i = 0; systemd->units != NULL && i < systemd->names.count; i++) {
		free(systemd->units[i].name);
		free(systemd->units[i].state);
	}
	free(systemd->units);
	systemd->units = NULL;
	systemd->loaded = false;
}

void
systemd_fini(struct systemd *systemd)
{
	systemd_forget(systemd);
	strs_fini(&systemd->names);
}

/* The value of "KEY=value" when `line` is that, else NULL. */
static const char *
value_of(const char *line, const char *key)
{
	size_t	 len = strlen(key);

	return strncmp(line, key, len) == 0 && line[len] == '=' ? line + len + 1 : NULL;
}

static bool
is_one_of(const char *text, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(text, *list) == 0)
			return true;
	return false;
}

static void
take_load_state(struct unit *unit, const char *value)
{
	static const char *const	 missing[] = { "not-found", "bad-setting", "error", NULL };

	unit->found = !is_one_of(value, missing);
	unit->masked = strcmp(value, "masked") == 0;
}

static void
take_active_state(struct unit *unit, const char *value)
{
	static const char *const	 active[] = { "active", "reloading", "refreshing", NULL };

	unit->active = is_one_of(value, active);
	free(unit->state);
	unit->state = xstrdup(value);
}

/* systemctl(1): those that are enabled, and those that cannot be because something else pulls them in. */
static void
take_file_state(struct unit *unit, const char *value)
{
	static const char *const	 enabled[] = { "enabled", "enabled-runtime", "alias", NULL };
	static const char *const	 fixed[] = { "static", "indirect", "generated", "transient", NULL };

	unit->enabled = is_one_of(value, enabled);
	unit->fixed = is_one_of(value, fixed);
}

static void
take_line(struct unit *unit, const char *line)
{
	const char	*value;

	if ((value = value_of(line, "LoadState")) != NULL)
		take_load_state(unit, value);
	else if ((value = value_of(line, "ActiveState")) != NULL)
		take_active_state(unit, value);
	else if ((value = value_of(line, "UnitFileState")) != NULL)
		take_file_state(unit, value);
}

static void
begin_load(struct systemd *systemd)
{
	systemd_forget(systemd);
	systemd->units = xcalloc(systemd->names.count + 1, sizeof(*systemd->units));
	for (size_t i = 0; i < systemd->names.count; i++)
		systemd->units[i].name = xstrdup(systemd->names.items[i]);
}

/* Units are separated by empty lines and come in the order they were asked for. */
struct err *
systemd_parse(struct systemd *systemd, const char *answer)
{
	struct strs	 lines = { 0 };
	size_t		 at = 0;
	bool		 inside = false;
	struct err	*e = NULL;

	begin_load(systemd);
	strs_split(&lines, answer, '\n');
	for (size_t i = 0; i < lines.count; i++) {
		if (lines.items[i][0] != '\0' && at < systemd->names.count)
			take_line(&systemd->units[at], lines.items[i]);
		if (lines.items[i][0] == '\0' && inside)
			at++;
		inside = lines.items[i][0] != '\0';
	}
	strs_fini(&lines);
	at += inside;
	if (at != systemd->names.count)
		e = err_new(ERR_FAILED, "systemctl answered for %zu units instead of %zu", at, systemd->names.count);
	systemd->loaded = e == NULL;
	return e;
}

/* ListUnitsByNames answers with a(ssssssouso): name, description, LoadState, ActiveState, and more, in the order asked. */
static bool
take_list(struct systemd *systemd, struct dbus_reader *body)
{
	size_t	 end, i;

	end = dbus_get_u32(body);
	dbus_skip_to(body, 8);
	end += body->at;
	for (i = 0; !body->bad && body->at < end && i < systemd->names.count; i++) {
		dbus_skip_to(body, 8);
		dbus_get_string(body);
		dbus_get_string(body);
		take_load_state(&systemd->units[i], dbus_get_string(body));
		take_active_state(&systemd->units[i], dbus_get_string(body));
		for (int rest = 0; rest < 3; rest++)
			dbus_get_string(body);
		dbus_get_u32(body);
		dbus_get_string(body);
		dbus_get_string(body);
	}
	return !body->bad && i == systemd->names.count && body->at == end;
}

/* Answer 1 is the list, the others are GetUnitFileState's of each unit; an error says that there is no file. */
static bool
take_answer(void *context, struct dbus_message *message)
{
	struct systemd	*systemd = context;
	size_t		 at = message->reply_to - 2;

	if (message->reply_to == 1)
		return message->is_return && take_list(systemd, &message->body);
	if (at >= systemd->names.count)
		return false;
	if (message->is_return)
		take_file_state(&systemd->units[at], dbus_get_string(&message->body));
	return !message->body.bad;
}

/* systemctl's own way to PID 1, all questions in one write. */
static bool
ask_directly(struct systemd *systemd)
{
	struct buf	 calls = { 0 }, body = { 0 }, names = { 0 };
	uint32_t	 count = (uint32_t)systemd->names.count;

	for (size_t i = 0; i < count; i++)
		dbus_put_string(&names, systemd->names.items[i]);
	dbus_put_u32(&body, (uint32_t)names.len);
	buf_add(&body, names.data, names.len);
	dbus_put_call(&calls, 1, "ListUnitsByNames", "as", &body);
	for (size_t i = 0; i < count; i++) {
		buf_clear(&body);
		dbus_put_string(&body, systemd->names.items[i]);
		dbus_put_call(&calls, (uint32_t)i + 2, "GetUnitFileState", "s", &body);
	}
	begin_load(systemd);
	systemd->loaded = dbus_talk(PRIVATE_SOCKET, &calls, count + 1, ASK_SECONDS, take_answer, systemd);
	buf_fini(&calls);
	buf_fini(&body);
	buf_fini(&names);
	return systemd->loaded;
}

/* Append systemctl's arguments `names` to `options`; the caller's, free(). */
static const char **
with_names(const char *const *options, size_t count, const struct strs *names)
{
	const char	**argv = xcalloc(count + names->count + 1, sizeof(*argv));

	memcpy(argv, options, count * sizeof(*argv));
	for (size_t i = 0; i < names->count; i++)
		argv[count + i] = names->items[i];
	return argv;
}

static struct err *
ask_systemctl(struct systemd *systemd)
{
	static const char *const	 options[] = { "systemctl", "show",
	    "--property=LoadState,ActiveState,UnitFileState", "--" };
	const char			**argv = with_names(options, ARRAY_LEN(options), &systemd->names);
	struct buf			 answer = { 0 };
	struct err			*e;

	e = tool_run(argv, NULL, TOOL_SECONDS, &answer);
	if (e == NULL)
		e = systemd_parse(systemd, buf_text(&answer));
	else if (!file_exists("/run/systemd/system"))
		e = err_hint(e, "this machine was not booted with systemd");
	buf_fini(&answer);
	free(argv);
	return e;
}

bool
systemd_enable(struct systemd *systemd, const struct strs *names)
{
	static const char *const	 options[] = { "systemctl", "--quiet", "--no-ask-password", "--no-reload", "enable",
	    "--" };
	const char			**argv = with_names(options, ARRAY_LEN(options), names);
	struct err			*e = tool_run(argv, NULL, SCRIPT_SECONDS, NULL);
	bool				 enabled = e == NULL;

	systemd_forget(systemd);
	err_free(e);
	free(argv);
	return enabled;
}

struct err *
systemd_unit(struct systemd *systemd, const char *name, const struct unit **unit)
{
	char		*full = full_name(name);
	struct err	*e = NULL;

	*unit = NULL;
	/* The socket is systemd's private affair; should it ever change, its own program still knows the way. */
	if (!systemd->loaded && !ask_directly(systemd))
		e = ask_systemctl(systemd);
	for (size_t i = 0; e == NULL && i < systemd->names.count; i++)
		if (strcmp(systemd->units[i].name, full) == 0)
			*unit = &systemd->units[i];
	if (e == NULL && *unit == NULL)
		e = err_new(ERR_FAILED, "%s was not asked for", full);
	free(full);
	return e;
}

/* systemctl only says that it failed; why is in the unit's own log. */
static struct err *
with_log(struct err *take_e, const char *verb, const char *name)
{
	const char	*argv[] = { "journalctl", "--quiet", "-u", name, "-n", LOG_LINES, "-o", "cat", "--no-pager", NULL };
	struct buf	 log = { 0 };
	struct err	*e = tool_run(argv, NULL, TOOL_SECONDS, &log);
	char		*tail = text_tail(buf_text(&log), 10);

	if (e == NULL && *tail != '\0') {
		err_free(take_e);
		take_e = err_hint(err_new(ERR_FAILED, "%s: %s failed; the last lines of its log:\n%s", name, verb, tail),
		    "systemctl status %s on the node says more", name);
	}
	err_free(e);
	free(tail);
	buf_fini(&log);
	return take_e;
}

/* Deploys in quick succession are no crash loop: the limit that systemd puts on starts is not for them. */
static bool
lift_start_limit(const char *full)
{
	const char	*ask[] = { "systemctl", "show", "-p", "Result", "--value", full, NULL };
	const char	*lift[] = { "systemctl", "reset-failed", full, NULL };
	struct buf	 answer = { 0 };
	struct err	*e = tool_run(ask, NULL, TOOL_SECONDS, &answer);
	bool		 limited = e == NULL && strcmp(buf_text(&answer), "start-limit-hit\n") == 0;

	if (limited)
		e = tool_run(lift, NULL, TOOL_SECONDS, NULL);
	limited = limited && e == NULL;
	err_free(e);
	buf_fini(&answer);
	return limited;
}

struct err *
systemd_do(struct systemd *systemd, const char *verb, const char *name)
{
	char		*full = name != NULL ? full_name(name) : NULL;
	const char	*argv[] = { "systemctl", "--quiet", "--no-ask-password", verb, full, NULL };
	bool		 starts = strcmp(verb, "start") == 0 || strcmp(verb, "restart") == 0 ||
	    strcmp(verb, "reload-or-restart") == 0;
	struct err	*e = tool_run(argv, NULL, SCRIPT_SECONDS, NULL);

	systemd_forget(systemd);
	if (e != NULL && starts && lift_start_limit(full)) {
		err_free(e);
		e = tool_run(argv, NULL, SCRIPT_SECONDS, NULL);
	}
	if (e != NULL && starts)
		e = with_log(e, verb, full);
	free(full);
	return e;
}
