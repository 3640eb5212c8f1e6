/* test/unit: what follows on a node from one manifest after another. */
/* May know recipe, wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include "base/json.h"
#include "recipe/changes.h"
#include "wire/manifest.h"

#include <stdlib.h>

/* A manifest of these resources and checks, JSON with ' for ". */
static struct manifest
manifest_of(const char *resources, const char *checks)
{
	struct manifest	 manifest;
	char		*text = xasprintf("{ 'resources': [ %s ], 'checks': [ %s ] }", resources, checks);
	json_t		*lists;

	for (char *at = text; *at != '\0'; at++)
		*at = *at == '\'' ? '"' : *at;
	lists = json_loads(text, 0, NULL);
	if (lists == NULL)
		abort();
	manifest_init(&manifest, "web1");
	json_object_update(manifest.root, lists);
	json_decref(lists);
	free(text);
	return manifest;
}

/* A file of the manifest gets its content. */
static void
fill(struct manifest *manifest, size_t index, const char *data, size_t len, bool secret)
{
	json_t	*file = json_array_get(json_object_get(manifest->root, "resources"), index);

	json_object_set_new(file, "sha256", json_string(manifest_add_blob(manifest, data, len, secret)));
	json_object_set_new(file, "size", json_integer((json_int_t)len));
	if (secret)
		json_object_set_new(file, "secret", json_true());
}

/* "ACTION ID: DETAIL" lines; the hunks of a patch behind those that have one. */
static char *
events_text(const struct manifest *before, const struct manifest *after)
{
	struct changes	*changes = changes_new();
	json_t		*events = NULL, *event;
	struct buf	 text = { 0 };
	char		 from[SHA256_HEX_SIZE] = "", to[SHA256_HEX_SIZE];
	size_t		 i;

	CHECK_OK(changes_between(changes, &events, before, after));
	json_array_foreach(events, i, event) {
		buf_addf(&text, "%s %s", json_str(event, "action"), json_str(event, "resource"));
		if (json_str(event, "detail") != NULL)
			buf_addf(&text, ": %s", json_str(event, "detail"));
		buf_addc(&text, '\n');
		if (json_str(event, "patch") != NULL)
			buf_adds(&text, json_str(event, "patch"));
	}
	if (before != NULL) {
		manifest_hash(before, from);
		manifest_hash(after, to);
		CHECK_INT(json_array_size(events) == 0, strcmp(from, to) == 0);
	}
	json_decref(events);
	changes_free(changes);
	return buf_take(&text);
}

static void
check_manifests(struct manifest *before, struct manifest *after, const char *want)
{
	char *text = events_text(before, after);

	CHECK_STR(text == NULL ? "" : text, want);
	free(text);
	if (before != NULL)
		manifest_fini(before);
	manifest_fini(after);
}

/* Resources without contents; `before` may be NULL. */
static void
check(const char *before, const char *after, const char *want)
{
	struct manifest	 from = manifest_of(before == NULL ? "" : before, ""), to = manifest_of(after, "");

	check_manifests(&from, &to, want);
}

#define DIR	"{'type':'directory','path':'/etc/a','mode':'0755','owner':'root','group':'root'}"
#define FILE	"{'type':'file','path':'/etc/a/b','mode':'0644','owner':'root','group':'root'}"

TEST(what_is_new_is_made)
{
	check("", DIR, "create directory:/etc/a\n");
	check("", "{'type':'package','name':'nginx'}", "install package:nginx\n");
	check("", "{'type':'link','path':'/a','target':'b'}", "create link:/a: -> b\n");
	check("", "{'type':'sysctl','key':'net.x','value':'1'}", "create sysctl:net.x: -> 1\n");
	check("", "{'type':'user','name':'u','uid':5}", "create user:u\n");
	check("", "{'type':'unit','name':'u','enabled':true,'active':true}", "enable unit:u\nstart unit:u\n");
	check("", "{'type':'unit','name':'u','enabled':true,'active':false}", "enable unit:u\n");
	check("", "{'type':'unit','name':'u','enabled':false,'active':false}", "create unit:u\n");
	check("", "{'type':'exec','name':'e','command':'x','creates':'/x'}", "run exec:e: unless /x is there\n");
	check("", "{'type':'exec','name':'e','command':'x','unless':'y'}", "run exec:e: unless this succeeds: y\n");
}

TEST(what_leaves_goes_first)
{
	check("{'type':'package','name':'nginx'}, {'type':'user','name':'u'}, " DIR,
	    "{'type':'group','name':'g'}",
	    "leave package:nginx: it stays installed unless a deploy says --purge-packages\n"
	    "remove user:u: the home stays\nremove directory:/etc/a\ncreate group:g\n");
	check("{'type':'unit','name':'u','enabled':true}, {'type':'exec','name':'e','command':'x','unless':'y'}", "",
	    "remove unit:u: stopped and disabled, unless that is how leap found it\n"
	    "leave exec:e: what it did stays\n");
}

TEST(what_is_other_says_how)
{
	check(DIR, DIR, "");
	check(DIR, "{'type':'directory','path':'/etc/a','mode':'0700','owner':'www','group':'root'}",
	    "update directory:/etc/a: mode 0755 -> 0700, owner root -> www\n");
	check("{'type':'link','path':'/a','target':'b'}", "{'type':'link','path':'/a','target':'c'}",
	    "update link:/a: target b -> c\n");
	check("{'type':'user','name':'u','groups':['a','b']}", "{'type':'user','name':'u','groups':['b','c'],'uid':7}",
	    "update user:u: groups +c -a, uid unset -> 7\n");
	check("{'type':'unit','name':'u','enabled':true,'active':false}",
	    "{'type':'unit','name':'u','enabled':false,'active':true}", "disable unit:u\nstart unit:u\n");
	check("{'type':'unit','name':'u','active':true}", "{'type':'unit','name':'u','active':false}", "stop unit:u\n");
	check("{'type':'exec','name':'e','command':'x','creates':'/x'}",
	    "{'type':'exec','name':'e','command':'y','creates':'/x'}",
	    "update exec:e: command +1 -1\n@@ -1 +1 @@\n-x\n\\ No newline at end of file\n+y\n"
	    "\\ No newline at end of file\n");
	check("{'type':'exec','name':'e','command':'x','creates':'/x'}",
	    "{'type':'exec','name':'e','command':'x','creates':'/y'}",
	    "update exec:e: creates /x -> /y\nrun exec:e: unless /y is there\n");
}

TEST(another_order_is_a_change)
{
	check(DIR ", {'type':'group','name':'g'}", "{'type':'group','name':'g'}, " DIR,
	    "update manifest: the order in which things are done\n");
}

#define WATCHERS(active) \
	FILE ", {'type':'exec','name':'e','command':'x','on':['file:/etc/a/b']}," \
	"{'type':'unit','name':'r','restart_on':['file:/etc/a/b']," active "}," \
	"{'type':'unit','name':'l','reload_on':['file:/etc/a/b'],'active':true}," \
	"{'type':'unit','name':'both','reload_on':['file:/etc/a/b'],'restart_on':['exec:e'],'active':true}," \
	"{'type':'unit','name':'far','restart_on':['unit:l']}," \
	"{'type':'unit','name':'no','restart_on':['exec:other'],'active':true}," \
	"{'type':'exec','name':'other','command':'x','unless':'y'}"

static void
check_watchers(const char *before, const char *after, const char *old, const char *new, const char *want)
{
	struct manifest	 from = manifest_of(before, ""), to = manifest_of(after, "");

	fill(&from, 0, old, strlen(old), false);
	fill(&to, 0, new, strlen(new), false);
	check_manifests(&from, &to, want);
}

TEST(restarts_follow_from_what_changes)
{
	check_watchers(WATCHERS("'active':true"), WATCHERS("'active':true"), "a\n", "b\n",
	    "update file:/etc/a/b: content +1 -1\n@@ -1 +1 @@\n-a\n+b\n"
	    "run exec:e\nrestart unit:r\nreload unit:l\nrestart unit:both\nrestart unit:far: if it runs\n");
	check_watchers(WATCHERS("'active':false"), WATCHERS("'active':false"), "a\n", "b\n",
	    "update file:/etc/a/b: content +1 -1\n@@ -1 +1 @@\n-a\n+b\n"
	    "run exec:e\nreload unit:l\nrestart unit:both\nrestart unit:far: if it runs\n");
	check_watchers(WATCHERS("'active':true"), WATCHERS("'active':true"), "a\n", "a\n", "");
	/* What starts has read everything. */
	check_watchers(WATCHERS("'active':false"), WATCHERS("'active':true"), "a\n", "b\n",
	    "update file:/etc/a/b: content +1 -1\n@@ -1 +1 @@\n-a\n+b\n"
	    "run exec:e\nstart unit:r\nreload unit:l\nrestart unit:both\nrestart unit:far: if it runs\n");
}

TEST(what_watched_something_that_goes_is_restarted)
{
	check(DIR ", {'type':'unit','name':'u','restart_on':['directory:/etc/a'],'active':true}",
	    "{'type':'unit','name':'u','active':true}", "remove directory:/etc/a\nrestart unit:u\n");
	/* A package stays, so nothing changes for those who watch it. */
	check("{'type':'package','name':'p'}, {'type':'unit','name':'u','restart_on':['package:p'],'active':true}",
	    "{'type':'unit','name':'u','active':true}",
	    "leave package:p: it stays installed unless a deploy says --purge-packages\n"
	    "update unit:u: restart_on -package:p\n");
}

TEST(a_command_that_watches_runs_only_then)
{
	check(DIR, DIR ", {'type':'exec','name':'e','command':'x','on':['directory:/etc/a']}",
	    "create exec:e: it runs when what it watches changes\n");
	check("", DIR ", {'type':'exec','name':'e','command':'x','on':['directory:/etc/a']}",
	    "create directory:/etc/a\nrun exec:e\n");
}

TEST(contents_that_are_secret_are_not_compared)
{
	static const char *const values[] = { "secret-value-1\n", "secret-value-2\n" };

	for (int which = 0; which < 3; which++) {
		struct manifest	 from = manifest_of(FILE, ""), to = manifest_of(FILE, "");

		fill(&from, 0, values[0], strlen(values[0]), which != 1);
		fill(&to, 0, values[1], strlen(values[1]), which != 2);
		check_manifests(&from, &to, "update file:/etc/a/b: secret content\n");
	}
}

TEST(contents_that_are_no_text_are_not_shown)
{
	struct manifest	 from = manifest_of(FILE, ""), to = manifest_of(FILE, "");

	fill(&from, 0, "a\0b", 3, false);
	fill(&to, 0, "a\n", 2, false);
	check_manifests(&from, &to, "update file:/etc/a/b: content, 3 -> 2 bytes\n");
	from = manifest_of("", "");
	to = manifest_of(FILE, "");
	fill(&to, 0, "a\xff\n", 3, false);
	check_manifests(&from, &to, "create file:/etc/a/b: content, 3 bytes\n");
	from = manifest_of("", "");
	to = manifest_of(FILE, "");
	fill(&to, 0, "", 0, false);
	check_manifests(&from, &to, "create file:/etc/a/b: content, 0 bytes\n");
	from = manifest_of("", "");
	to = manifest_of(FILE, "");
	fill(&to, 0, "a\nb\n", 4, false);
	check_manifests(&from, &to, "create file:/etc/a/b: content +2 -0\n@@ -0,0 +1,2 @@\n+a\n+b\n");
}

TEST(checks_are_part_of_it)
{
	struct manifest	 from = manifest_of(DIR, "{'type':'listen','port':80,'protocol':'tcp'}, {'type':'unit','name':'u'}");
	struct manifest	 to = manifest_of(DIR, "{'type':'unit','name':'u'},"
	    "{'type':'listen','port':53,'protocol':'udp','address':'192.0.2.1'},"
	    "{'type':'http','url':'http://x/','status':200}, {'type':'command','name':'c','command':'x'}");

	check_manifests(&from, &to, "remove check:tcp port 80\ncreate check:udp port 53 of 192.0.2.1\n"
	    "create check:http://x/\ncreate check:c\n");
}

TEST(without_a_manifest_before_all_is_new)
{
	struct manifest	 to = manifest_of(DIR ", {'type':'unit','name':'u','active':true,'restart_on':['directory:/etc/a']}",
	    "{'type':'unit','name':'u'}");

	check_manifests(NULL, &to, "create directory:/etc/a\nstart unit:u\ncreate check:u\n");
}

int
main(void)
{
	RUN(what_is_new_is_made);
	RUN(what_leaves_goes_first);
	RUN(what_is_other_says_how);
	RUN(another_order_is_a_change);
	RUN(restarts_follow_from_what_changes);
	RUN(what_watched_something_that_goes_is_restarted);
	RUN(a_command_that_watches_runs_only_then);
	RUN(contents_that_are_secret_are_not_compared);
	RUN(contents_that_are_no_text_are_not_shown);
	RUN(checks_are_part_of_it);
	RUN(without_a_manifest_before_all_is_new);
	return test_done();
}
