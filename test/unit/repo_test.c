/* test/unit: the instance on disk. */
/* May know repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include "base/file.h"
#include "base/strs.h"
#include "repo/repo.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[256];		/* holds "instance", "platform", "templates", "outside" */

static void
put(const char *path, const char *text)
{
	char *full = path_join(top, path);

	CHECK_OK(dir_make_parent(full, 0755));
	CHECK_OK(file_write(full, text, strlen(text), 0644));
	free(full);
}

static struct repo *
open_instance(const char *start)
{
	struct repo	*repo = NULL;
	char		*full = path_join(top, start);

	CHECK_OK(repo_open(&repo, full));
	free(full);
	return repo;
}

static void
check_read(const struct repo *repo, const char *path, const char *want)
{
	struct buf text = { 0 };

	if (CHECK_OK(repo_read(repo, path, &text)))
		CHECK_STR(buf_text(&text), want);
	buf_fini(&text);
}

TEST(the_instance_is_found_from_below)
{
	struct repo	*repo = open_instance("instance/files/deep");
	char		*want = path_join(top, "instance");

	if (repo == NULL)
		return;
	CHECK_STR(repo->root, want);
	repo_close(repo);
	free(want);
}

TEST(no_leapfile_is_an_error_with_a_hint)
{
	struct repo	*repo = NULL;
	char		*want = xasprintf("no Leapfile in %s or above it\n"
	    "hint: go into a provider instance, or make one with \"leap new DIR\"\n", top);

	CHECK_ERR(repo_open(&repo, top), want);
	free(want);
}

TEST(the_platform_is_relative_to_the_instance)
{
	struct repo	*repo = open_instance("instance");
	char		*platform = path_join(top, "platform"), *templates = path_join(top, "templates");
	struct buf	 text = { 0 };
	struct strs	 names = { 0 };

	if (repo == NULL)
		return;
	CHECK_STR(repo->platform, platform);
	CHECK_STR(repo->templates, templates);
	CHECK(repo_platform_has(repo, "common.json"));
	CHECK(!repo_platform_has(repo, "provider.json"));
	CHECK_OK(repo_platform_read(repo, "common.json", &text));
	CHECK_STR(buf_text(&text), "{}\n");
	CHECK_OK(repo_platform_list(repo, "services", "", &names));
	CHECK_INT(names.count, 2);
	strs_fini(&names);
	buf_fini(&text);
	repo_close(repo);
	free(platform);
	free(templates);
}

TEST(a_platform_that_is_missing_is_named)
{
	struct repo	*repo = NULL;
	char		*full = path_join(top, "lost"), *want;

	put("lost/Leapfile", "platform: ../platfrom\n");
	want = xasprintf("Leapfile:1: no platform \"../platfrom\": there is no directory %s/../platfrom\n"
	    "hint: correct \"platform\" in the Leapfile; without it the platform that came with leap is used\n", full);
	CHECK_ERR(repo_open(&repo, full), want);
	free(want);
	free(full);
}

TEST(a_platform_is_known_by_its_common_json)
{
	struct repo	*repo = NULL;
	char		*full = path_join(top, "astray");

	put("astray/Leapfile", "platform: ../outside\n");
	CHECK_ERR_HAS(repo_open(&repo, full), "../outside is no platform: it has no common.json\n");
	free(full);
}

TEST(the_ssh_key_becomes_absolute)
{
	struct repo	*repo;
	char		*want;

	put("keyed/Leapfile", "platform: ../platform\nssh: {key: keys/deploy}\n");
	repo = open_instance("keyed");
	want = path_join(top, "keyed/keys/deploy");
	if (repo != NULL)
		CHECK_STR(repo->leapfile.ssh_key, want);
	repo_close(repo);
	free(want);

	setenv("HOME", "/home/alice", 1);
	put("keyed/Leapfile", "platform: ../platform\nssh: {key: ~/.ssh/id}\n");
	repo = open_instance("keyed");
	if (repo != NULL)
		CHECK_STR(repo->leapfile.ssh_key, "/home/alice/.ssh/id");
	repo_close(repo);
}

TEST(files_of_the_instance_are_read)
{
	struct repo *repo = open_instance("instance");

	if (repo == NULL)
		return;
	check_read(repo, "nodes/web1.json", "{}\n");
	check_read(repo, "files/inner", "inside\n");	/* a link that stays inside */
	CHECK(repo_has(repo, "nodes/web1.json"));
	CHECK(!repo_has(repo, "nodes/web2.json"));
	repo_close(repo);
}

TEST(what_leads_outside_is_refused)
{
	static const char *const paths[] = { "../outside/secret", "files/../../outside/secret", "files/out",
		"files/outdir/secret" };
	struct repo	*repo = open_instance("instance");
	struct buf	 text = { 0 };
	struct strs	 names = { 0 };

	if (repo == NULL)
		return;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		CHECK_ERR_HAS(repo_read(repo, paths[i], &text), "leads outside ");
	CHECK_INT(text.len, 0);
	CHECK(!repo_has(repo, "../outside/secret"));
	CHECK(!repo_has(repo, "/etc/passwd"));
	CHECK_ERR_HAS(repo_list(repo, "files/outdir", "", &names), "files/outdir: leads outside ");
	CHECK_ERR_HAS(repo_list(repo, "../outside", "", &names), "../outside: leads out of ");
	CHECK_ERR_HAS(repo_write(repo, "../outside/new", "x", 1, 0644, NULL), "../outside/new: leads out of ");
	CHECK_ERR_HAS(repo_write(repo, "/tmp/leap-new", "x", 1, 0644, NULL), "/tmp/leap-new: leads out of ");
	CHECK_ERR_HAS(repo_write(repo, "files/outdir/a/b", "x", 1, 0644, NULL), "files/outdir/a/b: leads out of ");
	CHECK_ERR_HAS(repo_write(repo, "a/../../b", "x", 1, 0644, NULL), "a/../../b: leads out of ");
	repo_close(repo);
}

TEST(lists_are_sorted_and_without_suffix)
{
	struct repo	*repo = open_instance("instance");
	struct strs	 names = { 0 };
	struct buf	 joined = { 0 };

	if (repo == NULL)
		return;
	CHECK_OK(repo_list(repo, "nodes", ".json", &names));
	strs_join(&names, " ", &joined);
	CHECK_STR(buf_text(&joined), "web web-a web1");
	strs_fini(&names);
	CHECK_OK(repo_list(repo, "tags", ".json", &names));
	CHECK_INT(names.count, 0);
	strs_fini(&names);
	buf_fini(&joined);
	repo_close(repo);
}

TEST(writing_makes_directories_and_keeps_what_is_equal)
{
	struct repo	*repo = open_instance("instance");
	char		*full = path_join(top, "instance/new/dir/file");
	struct stat	 st;
	bool		 changed = false;

	if (repo == NULL)
		return;
	CHECK_OK(repo_write(repo, "new/dir/file", "one", 3, 0600, &changed));
	CHECK(changed);
	CHECK(stat(full, &st) == 0 && (st.st_mode & 07777) == 0600);
	CHECK_OK(repo_write(repo, "new/dir/file", "one", 3, 0600, &changed));
	CHECK(!changed);
	CHECK_OK(repo_write(repo, "new/dir/file", "two", 3, 0600, &changed));
	CHECK(changed);
	check_read(repo, "new/dir/file", "two");
	free(full);
	repo_close(repo);
}

static void
lay_out(void)
{
	char link_to[512];

	snprintf(top, sizeof(top), "%s/repo_test.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (mkdtemp(top) == NULL) {
		perror(top);
		exit(1);
	}
	put("instance/Leapfile", "platform: ../platform\n");
	put("instance/nodes/web1.json", "{}\n");
	put("instance/nodes/web.json", "{}\n");
	put("instance/nodes/web-a.json", "{}\n");
	put("instance/nodes/.hidden.json", "{}\n");
	put("instance/nodes/README", "\n");
	put("instance/nodes/.json", "\n");
	put("instance/files/deep/x", "inside\n");
	put("outside/secret", "secret\n");
	put("platform/common.json", "{}\n");
	put("platform/services/dns/service.json", "{}\n");
	put("platform/services/static/service.json", "{}\n");
	put("templates/node.json", "{}\n");
	snprintf(link_to, sizeof(link_to), "%s/instance/files/out", top);
	CHECK(symlink("../../outside/secret", link_to) == 0);
	snprintf(link_to, sizeof(link_to), "%s/instance/files/outdir", top);
	CHECK(symlink("../../outside", link_to) == 0);
	snprintf(link_to, sizeof(link_to), "%s/instance/files/inner", top);
	CHECK(symlink("deep/x", link_to) == 0);
}

int
main(void)
{
	int status;

	lay_out();
	RUN(the_instance_is_found_from_below);
	RUN(no_leapfile_is_an_error_with_a_hint);
	RUN(the_platform_is_relative_to_the_instance);
	RUN(a_platform_that_is_missing_is_named);
	RUN(a_platform_is_known_by_its_common_json);
	RUN(the_ssh_key_becomes_absolute);
	RUN(files_of_the_instance_are_read);
	RUN(what_leads_outside_is_refused);
	RUN(lists_are_sorted_and_without_suffix);
	RUN(writing_makes_directories_and_keeps_what_is_equal);
	status = test_done();
	err_free(dir_remove(top));
	return status;
}
