/* node: sysctl resources: the live value, and a file that sets it at boot. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/types.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "node/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VALUE_MAX	4096

/* sysctl(8): the first separator says which is which, "net.ipv4.conf.eth0/1" is "net/ipv4/conf/eth0.1". */
static char *
proc_path(const char *key)
{
	char	*path = xasprintf("/proc/sys/%s", key);
	char	*from = path + strlen("/proc/sys/"), *first = strpbrk(from, "./");

	if (first == NULL || *first == '/')
		return path;
	for (; *from != '\0'; from++)
		*from = *from == '.' ? '/' : *from == '/' ? '.' : *from;
	return path;
}

static char *
file_path(const char *key)
{
	char	*path = xasprintf("/etc/sysctl.d/60-leap-%s.conf", key);

	for (char *c = path + strlen("/etc/sysctl.d/"); *c != '\0'; c++)
		*c = *c == '/' ? '-' : *c;
	return path;
}

/* The kernel separates numbers by tabs, people by blanks. */
static void
squeeze(const char *text, struct buf *out)
{
	while (*text != '\0') {
		size_t	 blanks = strspn(text, " \t\n"), len = strcspn(text + blanks, " \t\n");

		if (len > 0 && out->len > 0)
			buf_addc(out, ' ');
		buf_add(out, text + blanks, len);
		text += blanks + len;
	}
}

static struct err *
live_value(const char *key, struct buf *out)
{
	char		*path = proc_path(key);
	struct buf	 text = { 0 };
	struct err	*e = file_read(path, VALUE_MAX, &text);

	if (e == NULL)
		squeeze(buf_text(&text), out);
	else if (!file_exists(path))
		e = err_hint(e, "the kernel has no such setting, or the module that brings it is not loaded");
	buf_fini(&text);
	free(path);
	return e;
}

static struct err *
set_live(const char *key, const char *value)
{
	char		*path = proc_path(key);
	int		 fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	struct err	*e = NULL;

	/* The kernel takes a value in one write only. */
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		e = err_errno(ERR_FAILED, "%s: cannot set \"%s\"", path, value);
	if (fd >= 0)
		close(fd);
	free(path);
	return e;
}

static char *
file_text(const struct item *item)
{
	return xasprintf("# Written by leap; changes here will be lost.\n%s = %s\n", item->name, item_str(item, "value"));
}

static bool
file_is(const char *path, const char *want)
{
	struct buf	 text = { 0 };
	struct err	*e = file_exists(path) ? file_read(path, VALUE_MAX, &text) : NULL;
	bool		 same = e == NULL && strcmp(buf_text(&text), want) == 0;

	err_free(e);
	buf_fini(&text);
	return same;
}

static struct err *
inspect(struct run *run, struct item *item)
{
	char		*path = file_path(item->name), *text = file_text(item);
	struct buf	 have = { 0 }, want = { 0 };
	struct err	*e;

	e = live_value(item->name, &have);
	if (e != NULL && !run->acting) {
		/* Something before it may bring the setting. */
		err_free(e);
		e = NULL;
	}
	if (e != NULL)
		goto out;
	squeeze(item_str(item, "value"), &want);
	json_decref(item->before);
	item->before = item_untouched(item) ? json_pack("{s:s}", "value", buf_text(&have)) : NULL;
	if (strcmp(buf_text(&have), buf_text(&want)) != 0)
		item_step(item, "update", "%s -> %s", buf_text(&have), buf_text(&want));
	else if (!file_is(path, text))
		item_step(item, "update", "kept over reboots");
out:
	buf_fini(&have);
	buf_fini(&want);
	free(path);
	free(text);
	return e;
}

static struct err *
apply(struct run *run, struct item *item)
{
	char		*path = file_path(item->name), *text = file_text(item);
	struct err	*e;

	(void)run;
	e = set_live(item->name, item_str(item, "value"));
	if (e == NULL)
		e = dir_make_parent(path, 0755);
	if (e == NULL)
		e = file_update(path, text, strlen(text), 0644, NULL);
	free(path);
	free(text);
	return e;
}

static struct err *
inspect_gone(struct run *run, struct item *item)
{
	char	*path = file_path(item->name);

	(void)run;
	if (file_exists(path))
		item_step(item, "remove", NULL);
	free(path);
	return NULL;
}

static struct err *
remove_sysctl(struct run *run, struct item *item)
{
	const char	*before = json_str(json_object_get(item->entry, "before"), "value");
	char		*path = file_path(item->name);
	struct err	*e = NULL;

	(void)run;
	if (unlink(path) != 0 && errno != ENOENT)
		e = err_errno(ERR_FAILED, "%s: cannot remove it", path);
	if (e == NULL && before != NULL)
		e = set_live(item->name, before);
	free(path);
	return e;
}

const struct type type_sysctl = {
	.name = "sysctl",
	.before_once = true,
	.inspect = inspect,
	.apply = apply,
	.inspect_gone = inspect_gone,
	.remove = remove_sysctl,
};
