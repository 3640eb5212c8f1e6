/* test/unit: the platform's recipes for the instance in test/golden give the manifests that are kept there. */
/* May know recipe, config, repo, wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include "vault/vault.h"

#include "base/file.h"
#include "base/json.h"
#include "base/mask.h"
#include "base/proc.h"
#include "base/strs.h"
#include "config/config.h"
#include "recipe/recipe.h"
#include "repo/repo.h"
#include "wire/manifest.h"

#include <stdlib.h>
#include <unistd.h>

#define GOLDEN	"test/golden"

/* GOLDEN=write writes what is compared otherwise: look at the difference in git. */
static bool		 writing;
static char		 top[256];
static struct repo	 repo;
static struct config	*config;

/* The manifest for people: resources one a line, each file's text below its resource. */
static void
describe(const struct manifest *manifest, struct buf *text)
{
	const struct blob	*blob;
	struct strs		 lines = { 0 };
	json_t			*item;
	size_t			 i;

	json_array_foreach(json_object_get(manifest->root, "resources"), i, item) {
		json_canonical(item, text);
		buf_addc(text, '\n');
		if (json_str(item, "sha256") == NULL)
			continue;
		blob = manifest_blob(manifest, json_str(item, "sha256"));
		if (!CHECK(blob != NULL) || blob->secret)
			continue;
		strs_fini(&lines);
		strs_split(&lines, blob->data, '\n');
		for (size_t j = 0; j < lines.count; j++) {
			if (j + 1 < lines.count || *lines.items[j] != '\0')
				buf_addf(text, "    | %s\n", lines.items[j]);
		}
	}
	json_array_foreach(json_object_get(manifest->root, "checks"), i, item) {
		json_canonical(item, text);
		buf_addc(text, '\n');
	}
	strs_fini(&lines);
}

static void
compare(const char *name, const struct buf *text)
{
	char		*path = xasprintf(GOLDEN "/%s", name);
	struct buf	 want = { 0 };

	if (writing)
		CHECK_OK(file_write(path, buf_text(text), text->len, 0644));
	else if (CHECK_OK(file_read(path, 1 << 20, &want)) && strcmp(buf_text(text), buf_text(&want)) != 0) {
		char *got = xasprintf("%s/%s", top, name);
		struct buf diff = { 0 };
		int status;

		CHECK_OK(file_write(got, buf_text(text), text->len, 0644));
		CHECK_OK(proc_run(&(struct proc){ .argv = (const char *const[]){ "diff", "-u", path, got, NULL },
		    .output = &diff, .errors = &diff }, &status));
		test_wrong(__FILE__, __LINE__, "%s is not as wanted\n%s", name, buf_text(&diff));
		buf_fini(&diff);
		free(got);
	}
	buf_fini(&want);
	free(path);
}

static void
check_node(const char *name)
{
	struct manifest	 manifest;
	struct buf	 text = { 0 };
	char		*file = xasprintf("%s.manifest", name);

	if (CHECK_OK(recipe_run(&manifest, config_node(config, name)))) {
		describe(&manifest, &text);
		compare(file, &text);
		manifest_fini(&manifest);
	}
	buf_fini(&text);
	free(file);
}

TEST(manifests_are_as_wanted)
{
	static const char *const names[] = { "web1", "web2", "ns1", "mail1" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		check_node(names[i]);
}

TEST(every_node_passes_the_checks)
{
	struct node	**nodes;
	size_t		  count = config_nodes(config, &nodes);

	CHECK_INT(count, 8);
	CHECK_OK(config_check(config, nodes, count));
}

TEST(the_zone_is_the_same_wherever_it_is_rendered)
{
	struct buf ns1 = { 0 }, ns2 = { 0 }, other = { 0 };

	CHECK_OK(recipe_render(&ns1, config_node(config, "ns1"), "services/dns", "zone"));
	CHECK_OK(recipe_render(&ns2, config_node(config, "ns2"), "services/dns", "zone"));
	CHECK_OK(recipe_render(&other, config_node(config, "hidden1"), "services/dns", "zone"));
	CHECK_STR(buf_text(&ns2), buf_text(&ns1));
	CHECK_STR(buf_text(&other), buf_text(&ns1));
	CHECK(strstr(buf_text(&ns1), "lab1") == NULL);
	CHECK(strstr(buf_text(&ns1), "hidden1") == NULL);
	CHECK(strstr(buf_text(&ns1), "off1") == NULL);
	buf_fini(&ns1);
	buf_fini(&ns2);
	buf_fini(&other);
}

/* The keys of the golden instance into a vault of its own: what is encrypted is another each time. */
static void
encrypt_keys(void)
{
	static const char *const names[] = { "web1", "web2", "ns1", "ns2", "mail1", "hidden1", "lab1" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char		*path = xasprintf("files/nodes/%s/%s.key", names[i], names[i]);
		char		*full = path_join(repo.root, path);
		struct buf	 key = { .secret = true };

		CHECK_OK(file_read(full, 1 << 16, &key));
		CHECK_OK(vault_write(&repo, NULL, path, key.data, key.len));
		CHECK_OK(dir_remove(full));
		buf_fini(&key);
		free(full);
		free(path);
	}
}

int
main(void)
{
	writing = getenv("GOLDEN") != NULL && strcmp(getenv("GOLDEN"), "write") == 0;
	json_setup();
	snprintf(top, sizeof(top), "%s/leap-golden-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!CHECK(mkdtemp(top) != NULL) || !CHECK_OK(proc_do("cp", "-R", GOLDEN "/instance", top, NULL)))
		return 1;
	repo.root = path_join(top, "instance");
	repo.platform = realpath("platform", NULL);
	vault_setup(&repo, NULL, NULL);
	encrypt_keys();
	if (CHECK_OK(config_load(&config, &repo))) {
		RUN(every_node_passes_the_checks);
		RUN(manifests_are_as_wanted);
		RUN(the_zone_is_the_same_wherever_it_is_rendered);
	}
	config_free(config);
	vault_fini(&repo);
	CHECK_OK(dir_remove(top));
	free(repo.root);
	free(repo.platform);
	mask_fini();
	return test_done();
}
