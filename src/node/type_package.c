/* node: package resources. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/types.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/strs.h"
#include "node/run.h"
#include "node/tool.h"

#include <stdlib.h>
#include <string.h>

static struct err *
inspect(struct run *run, struct item *item)
{
	struct err	*e;
	bool		 installed;

	e = dpkg_installed(&run->dpkg, item->name, &installed);
	if (e != NULL)
		return e;
	json_decref(item->before);
	item->before = item_untouched(item) ? json_pack("{s:b}", "installed", installed) : NULL;
	if (!installed)
		item_step(item, "install", NULL);
	return NULL;
}

/* What a package brought may be anything. */
static void
forget_all(struct run *run)
{
	dpkg_forget(&run->dpkg);
	accounts_forget(&run->accounts);
	systemd_forget(&run->systemd);
}

static struct err *
apt_get(const char *const *words, const struct strs *packages, struct buf *output)
{
	static const char *const	 options[] = { "apt-get", "-y", "-q", "-o", "Dpkg::Options::=--force-confdef",
	    "-o", "Dpkg::Options::=--force-confold", "-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Use-Pty=0" };
	const char	**argv;
	size_t		  count = ARRAY_LEN(options);
	struct err	 *e;

	argv = xcalloc(count + 4 + (packages != NULL ? packages->count : 0), sizeof(*argv));
	memcpy(argv, options, sizeof(options));
	while (*words != NULL)
		argv[count++] = *words++;
	for (size_t i = 0; packages != NULL && i < packages->count; i++)
		argv[count++] = packages->items[i];
	e = tool_run(argv, NULL, PACKAGE_SECONDS, output);
	free(argv);
	return e;
}

/* apt's lists are too old, or were never fetched. */
static bool
lists_are_stale(const char *output)
{
	static const char *const	 signs[] = { "Unable to locate package", "has no installation candidate",
	    "Failed to fetch", "Unable to fetch", "404  Not Found", "Couldn't find any package" };

	for (size_t i = 0; i < ARRAY_LEN(signs); i++)
		if (strstr(output, signs[i]) != NULL)
			return true;
	return false;
}

static struct err *
install(struct run *run, const struct strs *packages)
{
	static const char *const	 words[] = { "install", "--no-install-recommends", "--", NULL };
	static const char *const	 update[] = { "update", NULL };
	static const char *const	 configure[] = { "dpkg", "--configure", "-a", "--force-confdef", "--force-confold",
	    NULL };
	struct buf			 output = { 0 };
	struct err			*e, *why = NULL;

	e = apt_get(words, packages, &output);
	if (e != NULL && strstr(buf_text(&output), "dpkg --configure -a") != NULL) {
		/* An earlier installation was cut. */
		why = tool_run(configure, NULL, PACKAGE_SECONDS, NULL);
	} else if (e != NULL && !run->apt_updated && lists_are_stale(buf_text(&output))) {
		why = apt_get(update, NULL, NULL);
		run->apt_updated = true;
	} else {
		goto out;
	}
	err_free(e);
	e = why != NULL ? why : apt_get(words, packages, NULL);
out:
	buf_fini(&output);
	forget_all(run);
	return e;
}

/* Something that may decide what apt does, so that packages behind it must wait for it. */
static bool
is_barrier(const struct item *item)
{
	if (item->step_count == 0)
		return false;
	return strcmp(item->type->name, "exec") == 0 || str_starts(item->name, "/etc/apt/") ||
	    str_starts(item->name, "/etc/dpkg/") || str_starts(item->name, "/usr/share/keyrings/") ||
	    strcmp(item->name, "/usr/sbin/policy-rc.d") == 0;
}

/*
 * The missing packages from `item` on, up to a barrier: one apt-get for all of them, for each
 * one costs seconds.  What they make necessary is written down first.
 */
static struct err *
collect(struct run *run, struct item *item, struct strs *packages)
{
	struct err	*e = NULL;
	bool		 installed;

	for (struct item *other = item; e == NULL && other < run->items + run->item_count; other++) {
		if (other != item && is_barrier(other))
			break;
		if (other->type != item->type)
			continue;
		e = dpkg_installed(&run->dpkg, other->name, &installed);
		if (e != NULL || installed)
			continue;
		strs_add(packages, other->name);
		e = run_owe(run, other->id);
	}
	return e;
}

static struct err *
apply(struct run *run, struct item *item)
{
	struct strs	 packages = { 0 };
	struct err	*e;
	bool		 installed;

	e = collect(run, item, &packages);
	if (e == NULL)
		e = install(run, &packages);
	for (struct item *other = item; e == NULL && other < run->items + run->item_count; other++) {
		if (other->type != item->type || !strs_has(&packages, other->name))
			continue;
		e = dpkg_installed(&run->dpkg, other->name, &installed);
		if (e == NULL && !installed)
			e = err_hint(err_new(ERR_FAILED, "apt-get was successful, but %s is not installed", other->name),
			    "it may be a virtual package: name one that provides it");
		other->done = other != item;
	}
	strs_fini(&packages);
	return e;
}

static bool
installed_by_leap(const json_t *entry)
{
	const json_t	*before = json_object_get(entry, "before");

	return before != NULL && !json_bool(before, "installed");
}

/* A later deploy may be asked to purge what this one leaves. */
static bool
stays(const struct run *run, const json_t *entry)
{
	return !run->request->purge_packages && installed_by_leap(entry);
}

static struct err *
inspect_gone(struct run *run, struct item *item)
{
	struct err	*e;
	bool		 installed;

	if (!run->request->purge_packages || !installed_by_leap(item->entry))
		return NULL;
	e = dpkg_installed(&run->dpkg, item->name, &installed);
	if (e == NULL && installed)
		item_step(item, "remove", "purged");
	return e;
}

static struct err *
purge(struct run *run, struct item *item)
{
	static const char *const	 words[] = { "purge", "--", NULL };
	struct strs			 packages = { 0 };
	struct err			*e;

	strs_add(&packages, item->name);
	e = apt_get(words, &packages, NULL);
	strs_fini(&packages);
	forget_all(run);
	return e;
}

const struct type type_package = {
	.name = "package",
	.before_once = true,
	.inspect = inspect,
	.apply = apply,
	.inspect_gone = inspect_gone,
	.remove = purge,
	.stays = stays,
};
