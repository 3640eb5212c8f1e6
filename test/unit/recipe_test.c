/* test/unit: what recipes declare, and what is wrong with those that are. */
/* May know recipe, config, repo, wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"
#include "vaulted.h"

#include "base/file.h"
#include "base/json.h"
#include "base/mask.h"
#include "config/config.h"
#include "recipe/recipe.h"
#include "repo/repo.h"
#include "wire/manifest.h"

#include <stdlib.h>
#include <sys/stat.h>

#define KEY	"-----BEGIN PRIVATE KEY-----\nbm90IGEga2V5LCBidXQgYXMgbG9uZyBhcyBvbmU=\n-----END PRIVATE KEY-----\n"

static char top[256];		/* holds "instance" and "platform" */

static void
put_mode(const char *path, const char *text, mode_t mode)
{
	char *full = path_join(top, path);

	CHECK_OK(dir_make_parent(full, 0755));
	CHECK_OK(file_write(full, text, strlen(text), mode));
	free(full);
}

static void
put(const char *path, const char *text)
{
	put_mode(path, text, 0644);
}

static void
gone(const char *path)
{
	char *full = path_join(top, path);

	CHECK_OK(dir_remove(full));
	free(full);
}

/* Load the instance and run the recipes of web1. */
static struct err *
run(struct manifest *manifest)
{
	struct repo	 repo = { .root = path_join(top, "instance"), .platform = path_join(top, "platform") };
	struct config	*config = NULL;
	struct err	*e;

	*manifest = (struct manifest){ 0 };
	vault_setup(&repo, NULL, NULL);
	if ((e = config_load(&config, &repo)) == NULL)
		e = recipe_run(manifest, config_node(config, "web1"));
	config_free(config);
	vault_fini(&repo);
	free(repo.root);
	free(repo.platform);
	return e;
}

/* Into the vault, whose key is that of the sysadmin "me". */
static void
put_key(const char *path, const char *text)
{
	static bool	 ready;
	struct repo	 repo = { .root = path_join(top, "instance") };

	if (!ready)
		vaulted_setup(&repo, top);
	else
		vault_setup(&repo, NULL, NULL);
	ready = true;
	CHECK_OK(vault_write(&repo, NULL, path, text, strlen(text)));
	vault_fini(&repo);
	free(repo.root);
}

static struct err *
run_text(struct manifest *manifest, const char *recipe)
{
	put("instance/services/own/recipe.lua", recipe);
	return run(manifest);
}

static void
check_list(const char *recipe, const char *member, const char *want)
{
	struct manifest	 manifest;
	struct buf	 text = { 0 };

	if (CHECK_OK(run_text(&manifest, recipe))) {
		json_canonical(json_object_get(manifest.root, member), &text);
		CHECK_STR(buf_text(&text), want);
	}
	buf_fini(&text);
	manifest_fini(&manifest);
}

static void
check_error(const char *recipe, const char *want)
{
	struct manifest manifest;

	CHECK_ERR(run_text(&manifest, recipe), want);
}

static void
check_error_has(const char *recipe, const char *part)
{
	struct manifest manifest;

	CHECK_ERR_HAS(run_text(&manifest, recipe), part);
}

/* The content of the only file. */
static void
check_content(const char *recipe, const char *want)
{
	struct manifest manifest;

	if (CHECK_OK(run_text(&manifest, recipe)) && CHECK_INT(manifest.blob_count, 1))
		CHECK_STR(manifest.blobs[0].data, want);
	manifest_fini(&manifest);
}

TEST(each_function_declares_its_resource)
{
	static const struct {
		const char	*recipe, *want;
	} cases[] = {
		{ "", "[]" },
		{ "package 'nginx'", "[{\"name\":\"nginx\",\"type\":\"package\"}]" },
		{ "group('web', { gid = 700, system = true })",
		    "[{\"gid\":700,\"name\":\"web\",\"system\":true,\"type\":\"group\"}]" },
		{ "user('web', { groups = { 'a', 'b' }, shell = '/bin/false', create_home = false })",
		    "[{\"create_home\":false,\"groups\":[\"a\",\"b\"],\"name\":\"web\",\"shell\":\"/bin/false\","
		    "\"type\":\"user\"}]" },
		{ "directory('/srv/x', { mode = '0750', group = 'web' })",
		    "[{\"group\":\"web\",\"mode\":\"0750\",\"owner\":\"root\",\"path\":\"/srv/x\","
		    "\"type\":\"directory\"}]" },
		{ "file('/etc/x', { content = 'abc' })",
		    "[{\"group\":\"root\",\"mode\":\"0644\",\"owner\":\"root\",\"path\":\"/etc/x\",\"sha256\":"
		    "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\",\"size\":3,"
		    "\"type\":\"file\"}]" },
		{ "file('/etc/x', { content = 'abc', secret = true })",
		    "[{\"group\":\"root\",\"mode\":\"0600\",\"owner\":\"root\",\"path\":\"/etc/x\",\"secret\":true,"
		    "\"sha256\":\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\",\"size\":3,"
		    "\"type\":\"file\"}]" },
		{ "link('/etc/l', 'x', { check = 'nginx -t' })",
		    "[{\"check\":\"nginx -t\",\"path\":\"/etc/l\",\"target\":\"x\",\"type\":\"link\"}]" },
		{ "link('/etc/l', '../x')", "[{\"path\":\"/etc/l\",\"target\":\"../x\",\"type\":\"link\"}]" },
		{ "sysctl('net.ipv4.ip_forward', 1)",
		    "[{\"key\":\"net.ipv4.ip_forward\",\"type\":\"sysctl\",\"value\":\"1\"}]" },
		{ "unit 'nginx'", "[{\"active\":true,\"enabled\":true,\"name\":\"nginx\",\"type\":\"unit\"}]" },
		{ "local f = link('/etc/l', 'x')\nunit('nginx', { enabled = false, restart_on = f, reload_on = { { f } } })",
		    "[{\"path\":\"/etc/l\",\"target\":\"x\",\"type\":\"link\"},"
		    "{\"active\":true,\"enabled\":false,\"name\":\"nginx\",\"reload_on\":[\"link:/etc/l\"],"
		    "\"restart_on\":[\"link:/etc/l\"],\"type\":\"unit\"}]" },
		{ "exec('once', { command = 'touch /x', creates = '/x' })",
		    "[{\"command\":\"touch /x\",\"creates\":\"/x\",\"name\":\"once\",\"type\":\"exec\"}]" },
		{ "firewall('leap', 'abc')",
		    "[{\"name\":\"leap\",\"sha256\":\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\","
		    "\"size\":3,\"type\":\"firewall\"}]" },
		{ "package 'a'\npackage 'a'", "[{\"name\":\"a\",\"type\":\"package\"}]" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check_list(cases[i].recipe, "resources", cases[i].want);
}

TEST(each_check_is_declared)
{
	check_list("check.listen { port = 80 }\ncheck.listen { port = 80 }", "checks",
	    "[{\"port\":80,\"protocol\":\"tcp\",\"type\":\"listen\"}]");
	check_list("check.http { url = 'http://' .. ip_address .. '/', contains = 'x' }", "checks",
	    "[{\"contains\":\"x\",\"status\":200,\"type\":\"http\",\"url\":\"http://192.0.2.1/\"}]");
	check_list("check.unit 'nginx'", "checks", "[{\"name\":\"nginx\",\"type\":\"unit\"}]");
	check_list("check.command('works', { command = 'true', timeout = 5 })", "checks",
	    "[{\"command\":\"true\",\"name\":\"works\",\"timeout\":5,\"type\":\"command\"}]");
	check_error_has("check.listen {}", "services/own/recipe.lua:1: check.listen needs port");
	check_error_has("check.listen { port = 70000 }", "port must be a number from 1 to 65535");
	check_error_has("check.http { uri = 'x' }", "did you mean \"url\"?");
}

TEST(recipes_see_the_nodes_properties)
{
	check_content("file('/x', { content = name .. ' ' .. ip_address .. ' ' .. limits.cpu })", "web1 192.0.2.1 4");
	check_content("file('/x', { content = node.limits.cpu .. provider.domain })", "4example.org");
	check_content("file('/x', { content = nodes.db1.ip_address })", "192.0.2.2");
	check_content("if nothing then file('/y', { content = 'y' }) end\nfile('/x', { content = 'x' })", "x");
	check_content("file('/x', { content = table.concat(nodes:names(), ' ') })", "db1 web1");
}

TEST(recipes_see_files)
{
	put("instance/files/web/site.conf", "of the instance\n");
	put("platform/files/web/site.conf", "of the platform\n");
	put("platform/files/web/other.conf", "of the platform\n");
	check_content("file('/x', { from = 'web/site.conf' })", "of the instance\n");
	check_content("file('/x', { content = read('web/other.conf') })", "of the platform\n");
	check_content("file('/x', { content = tostring(exists('web')) .. tostring(exists('nowhere')) })", "truefalse");
	check_error("\nfile('/x', { from = 'web/none.conf' })",
	    "services/own/recipe.lua:2: no file files/web/none.conf\n"
	    "    file('/x', { from = 'web/none.conf' })\n");
	check_error_has("read('../provider.json')", "no file files/../provider.json");
}

TEST(a_directory_of_files)
{
	put("instance/files/static/www/index.html", "index");
	put("instance/files/static/www/img/deep/a.png", "\x89PNG");
	put("instance/files/static/www/.hidden", "hidden");
	check_list("local all = directory('/srv/www', files 'static/www', { file_mode = '0640', group = 'web' })\n"
	    "package(table.concat(all, ' '):gsub('%W', ''):lower():sub(1, 40))", "resources",
	    "[{\"group\":\"web\",\"mode\":\"0755\",\"owner\":\"root\",\"path\":\"/srv/www\",\"type\":\"directory\"},"
	    "{\"group\":\"web\",\"mode\":\"0755\",\"owner\":\"root\",\"path\":\"/srv/www/img\",\"type\":\"directory\"},"
	    "{\"group\":\"web\",\"mode\":\"0755\",\"owner\":\"root\",\"path\":\"/srv/www/img/deep\",\"type\":\"directory\"},"
	    "{\"group\":\"web\",\"mode\":\"0640\",\"owner\":\"root\",\"path\":\"/srv/www/img/deep/a.png\",\"sha256\":"
	    "\"0f4636c78f65d3639ece5a064b5ae753e3408614a14fb18ab4d7540d2c248543\",\"size\":4,\"type\":\"file\"},"
	    "{\"group\":\"web\",\"mode\":\"0640\",\"owner\":\"root\",\"path\":\"/srv/www/index.html\",\"sha256\":"
	    "\"1bc04b5291c26a46d918139138b992d2de976d6851d0893b0476b85bfbdfc6e6\",\"size\":5,\"type\":\"file\"},"
	    "{\"name\":\"directorysrvwwwdirectorysrvwwwimgdirecto\",\"type\":\"package\"}]");
	check_error_has("directory('/srv/www', files 'static/none')", "no directory files/static/none");
	gone("instance/files/static");
}

TEST(templates_are_the_instances_or_the_platforms)
{
	put("platform/services/own/templates/conf", "platform <%= name %>\n");
	check_content("template('/x', 'conf')", "platform web1\n");
	put("instance/services/own/templates/conf", "instance <%= what %>\n");
	check_content("template('/x', 'conf', { with = { what = 1 } })", "instance 1\n");
	put("instance/services/own/templates/outer", "<%= render('conf', { what = name }) -%>\nend\n");
	check_content("file('/x', { content = render 'outer' })", "instance web1\nend\n");
	check_error("template('/x', 'cnf')",
	    "services/own/recipe.lua:1: no template \"cnf\" in services/own/templates, neither of the instance nor of the"
	    " platform\n"
	    "    template('/x', 'cnf')\n"
	    "hint: did you mean \"conf\"?\n");
	put("instance/services/own/templates/bad", "one\n<%= nam %>\n");
	check_error("\n\ntemplate('/x', 'bad')",
	    "services/own/templates/bad:2: nothing is called \"nam\"\n"
	    "    <%= nam %>\n"
	    "hint: did you mean \"name\"?\n");
	put("instance/services/own/templates/bad", "one\n<%= location %>\n");
	check_error_has("template('/x', 'bad')", "services/own/templates/bad:2: a template can put a string or a number, "
	    "this is nil");
	put("instance/services/own/templates/bad", "one\ntwo <%= name .. %>\n");
	check_error_has("template('/x', 'bad')", "services/own/templates/bad:2: ");
}

TEST(a_template_that_renders_itself_is_refused_at_its_line)
{
	put("instance/services/own/templates/self", "one\n<%= render 'self' %>\n");
	check_error("template('/x', 'self')",
	    "services/own/templates/self:2: templates that render each other, more than 16 deep\n"
	    "    <%= render 'self' %>\n"
	    "hint: does \"self\" render itself?\n");
	put("instance/services/own/templates/self", "<%= n %><% if n < 16 then %><%= render('self', { n = n + 1 }) %>"
	    "<% end %>");
	check_content("template('/x', 'self', { with = { n = 1 } })", "12345678910111213141516");
	check_list("for i = 1, 20 do pcall(render, 'none') end\nlocal t = render('self', { n = 16 })", "resources", "[]");
}

TEST(a_refused_property_has_its_place)
{
	put("instance/services/own/service.json", "{ \"limits\": {\n  \"cpu\": 4 } }");
	check_error("refuse('limits.cpu', 'is too much', 'less is more')",
	    "services/own/service.json:2:10: limits.cpu is too much\n"
	    "      \"cpu\": 4 } }\n"
	    "             ^\n"
	    "hint: less is more\n");
	check_error_has("refuse('limits.memory.max', 'is missing')",
	    "services/own/service.json:1:13: limits.memory.max is missing\n");
	check_error_has("refuse('none', 'is missing')", "services/own/recipe.lua:1: none is missing\n");
	check_error_has("pcall(refuse, 'limits', 'is wrong')", "services/own/service.json:1:13: limits is wrong");
	check_error_has("refuse('none')", "services/own/recipe.lua:1: what is wrong with it must be a string");
	put("instance/services/own/service.json", "{ \"limits\": { \"cpu\": 4 } }");
}

TEST(addresses_and_networks_are_told_from_all_else)
{
	static const struct {
		const char	*text, *want;
	} cases[] = {
		{ "192.0.2.1", "4" }, { "192.0.2.0/24", "4" }, { "0.0.0.0/0", "4" }, { "192.0.2.1/32", "4" },
		{ "2001:db8::1", "6" }, { "::/0", "6" }, { "2001:db8::/128", "6" }, { "::ffff:192.0.2.1", "6" },
		{ "192.0.2.1/33", "nil" }, { "::/129", "nil" }, { "192.0.2.1/", "nil" }, { "192.0.2.1/08", "nil" },
		{ "192.0.2.1/-1", "nil" }, { "192.0.2.1/4294967296", "nil" }, { "192.0.2", "nil" }, { "1/2/3", "nil" },
		{ "fe80::1%eth0", "nil" }, { "", "nil" }, { "/8", "nil" }, { "*", "nil" }, { "web1", "nil" },
		{ "192.0.2.1 } accept", "nil" }, { "192.0.2.1\\0 } accept", "nil" },
	};
	char recipe[128];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		snprintf(recipe, sizeof(recipe), "file('/x', { content = tostring(ip_version \"%s\") })", cases[i].text);
		check_content(recipe, cases[i].want);
	}
	check_content("file('/x', { content = tostring(ip_version(nil)) .. tostring(ip_version {}) })", "nilnil");
}

TEST(mistakes_have_their_place_and_a_hint)
{
	check_error("\npakage 'nginx'\n",
	    "services/own/recipe.lua:2: nothing is called \"pakage\"\n"
	    "    pakage 'nginx'\n"
	    "hint: did you mean \"package\"?\n");
	check_error("file('/x', { content = 'x', mod = '0600' })",
	    "services/own/recipe.lua:1: file has no option \"mod\"\n"
	    "    file('/x', { content = 'x', mod = '0600' })\n"
	    "hint: did you mean \"mode\"?\n");
	check_error("file('/x', { content = 'x', mode = 600 })",
	    "services/own/recipe.lua:1: file: mode must be a string\n"
	    "    file('/x', { content = 'x', mode = 600 })\n");
	check_error("file('/x', { content = 'x', mode = '600' })",
	    "services/own/recipe.lua:1: file:/x: mode must be an octal string like \"0644\"\n"
	    "    file('/x', { content = 'x', mode = '600' })\n");
	check_error("file('x', { content = 'x' })",
	    "services/own/recipe.lua:1: file:x: path must be an absolute path without \".\" or \"..\"\n"
	    "    file('x', { content = 'x' })\n");
	check_error("file('/x')",
	    "services/own/recipe.lua:1: a file needs either content or from\n"
	    "    file('/x')\n"
	    "hint: file(path, { content = \"text\" }), or { from = \"a/file/below/files\" }\n");
	check_error("unit('nginx', 'x')",
	    "services/own/recipe.lua:1: unit: options are a table, { name = value }, not string\n"
	    "    unit('nginx', 'x')\n");
	check_error("package(nil)",
	    "services/own/recipe.lua:1: the first argument of package must be a string, not nil\n"
	    "    package(nil)\n");
	check_error("local x = {}\nx.y.z = 1\n",
	    "services/own/recipe.lua:2: attempt to index a nil value (field 'y')\n"
	    "    x.y.z = 1\n");
	check_error_has("package 'x'\n\nfile('/etc/x' {\n", "services/own/recipe.lua:3: ");
	check_error_has("exec('x', { command = 'true' })", "services/own/recipe.lua:1: exec:x: nothing says when to run it");
	check_error_has("package 'a'\nunit('n', { restart_on = 'file:/x' })", "services/own/recipe.lua:2: unit:n: ");
	check_error_has("group('g', { gid = 1.5 })", "group: gid must be a whole number");
	check_error_has("file('/a', { content = 'x' })\nlink('/a', 'b')", "services/own/recipe.lua:2: link:/a: ");
	check_error_has("file('/a', { content = 'x' })\n\nfile('/a/b', { content = 'x' })",
	    "services/own/recipe.lua:3: file:/a/b: lies below file:/a, which is no directory\n");
	check_error_has("file('/proc/x', { content = 'x' })",
	    "services/own/recipe.lua:1: file:/proc/x: /proc is not for recipes to write to\n");
	check_error_has("error('the port is taken')", "services/own/recipe.lua:1: the port is taken");
}

TEST(what_is_declared_twice_and_differently_is_refused)
{
	check_error("file('/x', { content = 'a' })\n\nfile('/x', { content = 'b' })",
	    "services/own/recipe.lua:3: file:/x is declared twice, and differently\n"
	    "    file('/x', { content = 'b' })\n"
	    "  services/own/recipe.lua:1: it is also declared here\n");
}

TEST(the_base_recipe_comes_first)
{
	put("platform/base/recipe.lua", "package 'base'\n");
	check_list("package 'own'", "resources",
	    "[{\"name\":\"base\",\"type\":\"package\"},{\"name\":\"own\",\"type\":\"package\"}]");
	put("instance/base/recipe.lua", "package 'mine'\n");
	check_list("package 'own'", "resources",
	    "[{\"name\":\"mine\",\"type\":\"package\"},{\"name\":\"own\",\"type\":\"package\"}]");
	gone("platform/base");
	gone("instance/base");
}

TEST(a_node_gets_its_own_keys_only)
{
	struct manifest manifest;

	put_key("files/nodes/web1/web1.key", KEY);
	put_key("files/nodes/db1/db1.key", KEY);
	if (CHECK_OK(run_text(&manifest, "file('/key', { content = '# key\\n' .. private('nodes/web1/web1.key') })")) &&
	    CHECK_INT(manifest.blob_count, 1)) {
		CHECK_STR(manifest.blobs[0].data, "# key\n" KEY);
		CHECK_INT(manifest.blobs[0].secret, 1);
		CHECK_STR(json_str(json_array_get(json_object_get(manifest.root, "resources"), 0), "mode"), "0600");
		CHECK(json_bool(json_array_get(json_object_get(manifest.root, "resources"), 0), "secret"));
	}
	manifest_fini(&manifest);
	check_error("private('nodes/db1/db1.key')",
	    "services/own/recipe.lua:1: files/nodes/db1/db1.key is not web1's to know\n"
	    "    private('nodes/db1/db1.key')\n"
	    "hint: a node gets the private keys below files/nodes/web1/ only\n");
	check_error_has("private('nodes/web1/../db1/db1.key')", "services/own/recipe.lua:1: ");
	check_error_has("private('nodes/web1/other.key')", "no file files/nodes/web1/other.key");
}

/* A key's PEM has its public half, too, which its certificate has word for word now and then. */
TEST(a_certificate_is_public_whatever_is_registered)
{
	static const char	 half[] = "bm90IGEga2V5LCBidXQgYXMgbG9uZyBhcyBvbmU=\n";
	static const struct { const char *before, *after; bool secret; } cases[] = {
		{ "-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n", false },
		{ "-----BEGIN CERTIFICATE-----\nYQ==\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\n",
		  "-----END CERTIFICATE-----\n", false },
		{ "-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n# a\n", true },
		{ "-----BEGIN CERTIFICATE-----\nkey: ", "-----END CERTIFICATE-----\n", true },
		{ "-----BEGIN PRIVATE KEY-----\n", "-----END PRIVATE KEY-----\n", true },
		{ "-----BEGIN CERTIFICATE-----\n", "", true },
		{ "", "", true },
	};
	struct manifest		 manifest;
	char			*text;

	mask_register(half, strlen(half));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		text = xasprintf("%s%s%s", cases[i].before, half, cases[i].after);
		put("instance/files/a.crt", text);
		if (CHECK_OK(run_text(&manifest, "file('/a', { from = 'a.crt' })")))
			CHECK_INT(manifest.blobs[0].secret, cases[i].secret);
		manifest_fini(&manifest);
		free(text);
	}
	gone("instance/files/a.crt");
	mask_fini();
}

/* Long contents are hashed and looked through once; what becomes secret meanwhile is noticed. */
TEST(nodes_share_a_long_content_until_it_has_a_secret)
{
	struct repo	 repo = { .root = path_join(top, "instance"), .platform = path_join(top, "platform") };
	struct config	*config = NULL;
	struct manifest	 first, second, third;

	put("instance/services/own/recipe.lua", "file('/long', { content = ('0123456789 known '):rep(1000) })\n"
	    "file('/short', { content = 'all hosts' })");
	vault_setup(&repo, NULL, NULL);
	if (CHECK_OK(config_load(&config, &repo)) && CHECK_OK(recipe_run(&first, config_node(config, "web1"))) &&
	    CHECK_OK(recipe_run(&second, config_node(config, "web1")))) {
		for (size_t i = 0; i < 2; i++) {
			const struct blob *blob = &first.blobs[i];

			CHECK_INT(blob->data == second.blobs[i].data, blob->len > 4096);
			CHECK_STR(blob->sha256, second.blobs[i].sha256);
		}
		mask_register("789 known 0", 11);
		if (CHECK_OK(recipe_run(&third, config_node(config, "web1"))))
			CHECK_INT(third.blobs[0].secret + third.blobs[1].secret, 1);
		CHECK_STR(json_str(json_array_get(json_object_get(third.root, "resources"), 0), "mode"), "0600");
		manifest_fini(&first);
		manifest_fini(&second);
		manifest_fini(&third);
	}
	mask_fini();
	config_free(config);
	vault_fini(&repo);
	free(repo.root);
	free(repo.platform);
}

TEST(secrets_stay_in_files_that_few_may_read)
{
	check_error("local key = private('nodes/web1/web1.key')\nfile('/key', { content = key, mode = '0644' })",
	    "services/own/recipe.lua:2: a secret that everybody on the node may read: mode \"0644\"\n"
	    "    file('/key', { content = key, mode = '0644' })\n"
	    "hint: the mode of a secret file ends in 0: \"0600\", or \"0640\" with a group\n");
	check_error_has("exec('x', { command = 'echo ' .. private('nodes/web1/web1.key'), creates = '/x' })",
	    "services/own/recipe.lua:1: a secret may stand in the content of a file only");
	check_error_has("firewall('leap', private('nodes/web1/web1.key'))", "a secret in firewall rules");
}

TEST(a_private_key_leaves_only_through_private)
{
	check_error_has("file('/key', { from = 'nodes/web1/web1.key' })", "services/own/recipe.lua:1: ");
	check_error_has("read('nodes/db1/db1.key')", "services/own/recipe.lua:1: ");
	check_error_has("directory('/keys', files 'nodes')", "services/own/recipe.lua:1: ");
}

TEST(a_recipe_that_runs_wild_is_stopped)
{
	put("instance/services/own/templates/wild", "\n<% while true do end %>\n");
	check_error("local n = 1\nwhile true do end",
	    "services/own/recipe.lua:2: does not come to an end: stopped after 10000000 steps\n    while true do end\n");
	check_error("pcall(template, '/x', 'wild')",
	    "services/own/templates/wild:2: does not come to an end: stopped after 10000000 steps\n    <% while true do end %>\n");
	check_error("local t = {}\nwhile true do t[#t + 1] = ('x'):rep(100000) end",
	    "services/own/recipe.lua: needs more than 256 MiB of memory\n");
}

/* What fails in the configuration says what, and who asked for it says where. */
TEST(a_property_that_is_missing_has_the_line_that_wants_it)
{
	put("instance/services/own/templates/wants", "\n<%= missing_too and node.limits.cup %>");
	put("instance/macros/deep.lua", "function deep()\n  return node.limits.cup end");
	check_error("\nlocal x = node.limits.cup",
	    "services/own/recipe.lua:2: node web1 has no property \"limits.cup\"\n"
	    "    local x = node.limits.cup\nhint: did you mean \"limits.cpu\"?\n");
	check_error("template('/x', 'wants', { with = { missing_too = true } })",
	    "services/own/templates/wants:2: node web1 has no property \"limits.cup\"\n"
	    "    <%= missing_too and node.limits.cup %>\nhint: did you mean \"limits.cpu\"?\n");
	check_error("\ndeep()",
	    "services/own/recipe.lua: macros/deep.lua:2: node web1 has no property \"limits.cup\"\nhint: did you mean \"limits.cpu\"?\n");
	gone("instance/macros");
}

TEST(values_as_text)
{
	check_content("file('/x', { content = json { b = 1, a = { 'x' } } })",
	    "{\n    \"a\": [\n        \"x\"\n    ],\n    \"b\": 1\n}\n");
	check_content("file('/x', { content = digest 'abc' })",
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	check_error_has("json { function() end }", "services/own/recipe.lua:1: json: ");
}

TEST(equal_input_gives_an_equal_manifest)
{
	static const char recipe[] = "local t = {}\nfor i = 1, 50 do t['k' .. i * 7919 % 100] = i end\n"
	    "for k, v in pairs(t) do package(k) end\nfile('/x', { content = 'x', mode = '0600', owner = 'a' })\n";
	char		 first[SHA256_HEX_SIZE], second[SHA256_HEX_SIZE];
	struct manifest	 manifest;

	if (!CHECK_OK(run_text(&manifest, recipe)))
		return;
	manifest_hash(&manifest, first);
	manifest_fini(&manifest);
	if (!CHECK_OK(run(&manifest)))
		return;
	manifest_hash(&manifest, second);
	manifest_fini(&manifest);
	CHECK_STR(second, first);
}

static void
make_instance(void)
{
	snprintf(top, sizeof(top), "%s/leap-recipe-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	CHECK(mkdtemp(top) != NULL);
	put("platform/common.json", "{ \"ip_address\": \"REQUIRED\", \"location\": null, \"nothing\": null }");
	put("platform/provider.json", "{ \"domain\": \"example.org\" }");
	put("instance/services/own/service.json", "{ \"limits\": { \"cpu\": 4 } }");
	put("instance/nodes/web1.json", "{ \"ip_address\": \"192.0.2.1\", \"services\": [\"own\"] }");
	put("instance/nodes/db1.json", "{ \"ip_address\": \"192.0.2.2\" }");
}

int
main(void)
{
	json_setup();
	make_instance();
	RUN(each_function_declares_its_resource);
	RUN(each_check_is_declared);
	RUN(recipes_see_the_nodes_properties);
	RUN(recipes_see_files);
	RUN(a_directory_of_files);
	RUN(templates_are_the_instances_or_the_platforms);
	RUN(a_template_that_renders_itself_is_refused_at_its_line);
	RUN(a_refused_property_has_its_place);
	RUN(addresses_and_networks_are_told_from_all_else);
	RUN(mistakes_have_their_place_and_a_hint);
	RUN(what_is_declared_twice_and_differently_is_refused);
	RUN(the_base_recipe_comes_first);
	RUN(a_node_gets_its_own_keys_only);
	RUN(a_certificate_is_public_whatever_is_registered);
	RUN(nodes_share_a_long_content_until_it_has_a_secret);
	RUN(secrets_stay_in_files_that_few_may_read);
	RUN(a_private_key_leaves_only_through_private);
	RUN(a_recipe_that_runs_wild_is_stopped);
	RUN(a_property_that_is_missing_has_the_line_that_wants_it);
	RUN(values_as_text);
	RUN(equal_input_gives_an_equal_manifest);
	CHECK_OK(dir_remove(top));
	mask_fini();
	return test_done();
}
