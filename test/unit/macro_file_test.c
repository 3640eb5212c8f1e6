/* test/unit: the macros about files and keys. */
/* May know config, lua, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "macro.h"

#include "base/json.h"
#include "config/lua_env.h"
#include "lua/sandbox.h"

#include <unistd.h>

#define KEY_A	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
#define KEY_B	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4g"
#define HELD	"sk-ssh-ed25519@openssh.com "						\
    "AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUW"	\
    "FxgZGhscHR4fAAAABHNzaDo="

static void
fill(struct instance *instance)
{
	put(instance, "platform/files/motd", "platform's\n");
	put(instance, "platform/files/both", "platform's\n");
	put(instance, "files/both", "instance's\n");
	put(instance, "files/web/logo.txt", "logo\n");
	put(instance, "files/binary", "a\xff" "b");
	put(instance, "files/nodes/web1/web1.key", "key\n");
	put(instance, "secrets/default/db", "secret\n");
	put(instance, "notes.txt", "notes\n");
	put(instance, "files/twice", "below files\n");
	put(instance, "twice", "not below files\n");
}

#define NOT_BELOW(path)	"hint: it was looked for as files/" path " in the instance and in the platform\n"

TEST(each_macro)
{
	static const struct macro_row rows[] = {
		{ "= file('both')", "\"instance's\\n\"" },
		{ "= file('motd')", "\"platform's\\n\"" },
		{ "= file('web/logo.txt')", "\"logo\\n\"" },
		{ "= file('files/web/logo.txt')", "\"logo\\n\"" },
		{ "= file('notes.txt')", "\"notes\\n\"" },
		{ "= file('twice')", "\"below files\\n\"" },
		{ "= file('both') .. file('both')", "\"instance's\\ninstance's\\n\"" },
		{ "= try_file('both')", "\"instance's\\n\"" },
		{ "= try_file('nothing')", "null" },
		{ "= try_file('nothing') or 'else'", "\"else\"" },
		{ "= local_file_path('web/logo.txt')", "\"web/logo.txt\"" },
		{ "= local_file_path('files/web/logo.txt')", "\"web/logo.txt\"" },
		{ "= local_file_path('motd')", "\"motd\"" },
		{ "= remote_file_path('web/logo.txt')", "\"/etc/leap/files/web/logo.txt\"" },
		{ "= remote_file_path('files/motd')", "\"/etc/leap/files/motd\"" },
	};
	struct instance instance;

	instance_init(&instance);
	fill(&instance);
	check_macros(&instance, "", rows, ARRAY_LEN(rows));
	instance_fini(&instance);
}

TEST(each_error)
{
	static const struct macro_row rows[] = {
		{ "= file('nothing')", "there is no file \"nothing\"\nhint: it was looked for as files/nothing and nothing in "
		    "the instance, and as files/nothing in the platform\n" },
		{ "= file('ca/ca.crt')", "there is no file \"ca/ca.crt\"\nhint: run \"leap cert ca\"\n" },
		{ "= file('files/nodes/web1/web1.crt')", "there is no file \"files/nodes/web1/web1.crt\"\n"
		    "hint: run \"leap cert update\"\n" },
		{ "= file('../secret')", "the file \"../secret\" is outside of the instance\n" },
		{ "= file('/etc/passwd')", "the file \"/etc/passwd\" is outside of the instance\n" },
		{ "= file('x/../../y')", "the file \"x/../../y\" is outside of the instance\n" },
		{ "= try_file('../y')", "the file \"../y\" is outside of the instance\n" },
		{ "= file('')", "\"\" is no path of a file\n"
		    "hint: write it as \"directory/name\", without \".\", \"..\" and empty parts\n" },
		{ "= file('./secrets/default/db')", "\"./secrets/default/db\" is no path of a file\n"
		    "hint: write it as \"directory/name\", without \".\", \"..\" and empty parts\n" },
		{ "= file('web/.')", "\"web/.\" is no path of a file\n"
		    "hint: write it as \"directory/name\", without \".\", \"..\" and empty parts\n" },
		{ "= file('web/..')", "\"web/..\" is no path of a file\n"
		    "hint: write it as \"directory/name\", without \".\", \"..\" and empty parts\n" },
		{ "= try_file('web//logo.txt')", "\"web//logo.txt\" is no path of a file\n"
		    "hint: write it as \"directory/name\", without \".\", \"..\" and empty parts\n" },
		{ "= file('nodes/web1/web1.key')", "\"nodes/web1/web1.key\" is private: a macro cannot read it\n" },
		{ "= try_file('nodes/web1/web1.key')", "\"nodes/web1/web1.key\" is private: a macro cannot read it\n" },
		{ "= file('secrets/default/db')", "\"secrets/default/db\" is private: a macro cannot read it\n" },
		{ "= file('vault/live.age')", "\"vault/live.age\" is private: a macro cannot read it\n" },
		{ "= file('vault/x')", "\"vault/x\" is private: a macro cannot read it\n" },
		{ "= file('keys/x.age')", "\"keys/x.age\" is private: a macro cannot read it\n" },
		{ "= file('binary')", "the file \"binary\" is not text in UTF-8\n" },
		{ "= try_file('binary')", "the file \"binary\" is not text in UTF-8\n" },
		{ "= file()", "bad argument #1 to 'file' (string expected, got no value)\n" },
		{ "= local_file_path('nodes/x.txt')", "there is no file \"nodes/x.txt\"\n" NOT_BELOW("nodes/x.txt") },
		{ "= local_file_path('web/x.crt')", "there is no file \"web/x.crt\"\n" NOT_BELOW("web/x.crt") },
		{ "= local_file_path('nothing')", "there is no file \"nothing\"\n" NOT_BELOW("nothing") },
		{ "= local_file_path('notes.txt')", "there is no file \"notes.txt\"\n" NOT_BELOW("notes.txt") },
		{ "= local_file_path('../x')", "the file \"../x\" is outside of the instance\n" },
		{ "= remote_file_path('nothing')", "there is no file \"nothing\"\n" NOT_BELOW("nothing") },
		{ "= remote_file_path('ca/ca.crt')", "there is no file \"ca/ca.crt\"\nhint: run \"leap cert ca\"\n" },
		{ "= remote_file_path('nodes/web1/web1.key')",
		    "\"nodes/web1/web1.key\" is private: a macro cannot read it\n" },
		{ "= ca_bundle()", "which authority? \"ca\" or \"client_ca\"\n" },
		{ "= ca_bundle('ac')", "there is no file \"ca/ac.crt\"\n  platform/macros/x509.lua:9: raised here\nhint: run \"leap cert ca\"\n" },
		{ "= remote_files()", "remote_files() is for recipes: no property can have it\n" },
		{ "= pgp_fingerprint('alice')", "user \"alice\" has no OpenPGP key\n"
		    "hint: gpg --armor --export NAME >users/NAME/NAME_pgp.pub\n" },
		{ "= pgp_fingerprint('a/b')", "user \"a/b\" has no OpenPGP key\n"
		    "hint: gpg --armor --export NAME >users/NAME/NAME_pgp.pub\n" },
		{ "= fingerprint('motd')", "the file \"motd\" is no certificate\n" },
		{ "= fingerprint('ca/ca.crt')", "there is no file \"ca/ca.crt\"\nhint: run \"leap cert ca\"\n" },
		{ "= authorized_keys()", "there is no sysadmin: no SSH key in users/*/*_ssh.pub\n"
		    "hint: run \"leap user add --self\"\n" },
	};
	struct instance instance;

	instance_init(&instance);
	fill(&instance);
	put_platform(&instance, "platform/macros/x509.lua");
	check_macro_errors(&instance, "", rows, ARRAY_LEN(rows));
	instance_fini(&instance);
}

TEST(a_file_that_a_link_leads_out_to_is_refused)
{
	struct instance	 instance;
	json_t		*value;
	char		*link;

	instance_init(&instance);
	fill(&instance);
	link = path_join(instance.repo.root, "files/out");
	CHECK_INT(symlink("/etc/passwd", link), 0);
	if (put_macro(&instance, "", "= file('out')"))
		CHECK_ERR_HAS(node_get(node_of(&instance, "web1"), "x", &value), "nodes/web1.json:3:8: ");
	free(link);
	instance_fini(&instance);
}

/* What a program sees that runs as a recipe of web1, as JSON; or the error. */
static const char *
recipe(struct instance *instance, const char *program)
{
	static char	 text[1024];
	struct sandbox	*sandbox = config_sandbox(instance->config);
	lua_State	*L = sandbox_state(sandbox);
	json_t		*value = NULL;
	struct buf	 shown = { 0 };
	struct err	*e;

	if (!CHECK_OK(sandbox_compile(sandbox, program, strlen(program), "=recipe")))
		return "";
	config_push_env(node_of(instance, "web1"), L);
	if ((e = sandbox_call(sandbox, 1, 1)) == NULL) {
		CHECK_OK(lua_to_json(L, -1, &value));
		lua_pop(L, 1);
		json_canonical(value, &shown);
	} else
		err_format(e, &shown);
	snprintf(text, sizeof(text), "%s", buf_text(&shown));
	err_free(e);
	json_decref(value);
	buf_fini(&shown);
	return text;
}

TEST(a_recipe_is_told_which_files_properties_name)
{
	static const char want[] = "[{\"from\":\"a\",\"path\":\"/etc/leap/files/a\"},"
	    "{\"from\":\"motd\",\"path\":\"/etc/leap/files/motd\"},"
	    "{\"from\":\"web/logo.txt\",\"path\":\"/etc/leap/files/web/logo.txt\"}]";
	static const char more[] = "\"a\": \"= remote_file_path('web/logo.txt')\", \"l\": [\"=> remote_file_path('motd')\"],";
	struct instance instance;

	instance_init(&instance);
	fill(&instance);
	put(&instance, "files/a", "");
	put(&instance, "nodes/web2.json", "{ \"x\": \"= remote_file_path('both')\", \"y\": \"= nodes.web1.x\" }");
	/* Nobody has asked for the properties before; and in another order. */
	put_macro(&instance, more, "= remote_file_path('a') .. remote_file_path('motd')");
	CHECK_STR(recipe(&instance, "return remote_files()"), want);
	put_macro(&instance, more, "= remote_file_path('a') .. remote_file_path('motd')");
	CHECK_STR(value_of(&instance, "web2", "y"), "\"/etc/leap/files/a/etc/leap/files/motd\"");
	CHECK_STR(recipe(&instance, "return remote_files()"), want);
	put_macro(&instance, "", "= 1");
	CHECK_STR(recipe(&instance, "return remote_files()"), "[]");
	/* A path that follows from a secret is what it is, not what it would be with another. */
	put(&instance, "files/n1", "");
	put(&instance, "files/n2", "");
	put_macro(&instance, "", "= remote_file_path('n' .. rand_range('n', 1, 2))");
	CHECK_STR(recipe(&instance, "return #remote_files()"), "1");
	put_macro(&instance, more, "= broken");
	CHECK_STR(recipe(&instance, "return remote_files()"), "nodes/web1.json:3:8: nothing is called \"broken\"\n"
	    "      \"x\": \"= broken\" }\n           ^\n");
	CHECK_STR(recipe(&instance, "return remote_file_path('motd')"),
	    "recipe:1: remote_file_path() is for properties, not for recipes\n"
	    "hint: make it the value of a property, and use that\n");
	instance_fini(&instance);
}

TEST(what_is_for_nodes_only)
{
	struct instance	 instance;
	json_t		*value;

	instance_init(&instance);
	fill(&instance);
	put(&instance, "provider.json", "{ \"p\": \"= remote_file_path('motd')\" }");
	if (put_macro(&instance, "", "= provider.p"))
		CHECK_ERR(node_get(node_of(&instance, "web1"), "x", &value),
		    "provider.json:1:8: remote_file_path() is for nodes, and the provider is none\n"
		    "    { \"p\": \"= remote_file_path('motd')\" }\n           ^\n");
	instance_fini(&instance);
}

/* What "openssl x509 -fingerprint -sha256" says of this certificate. */
TEST(fingerprints)
{
	struct instance	 instance;
	struct buf	 cert = { 0 };

	instance_init(&instance);
	fill(&instance);
	CHECK_OK(file_read("test/golden/instance/files/ca/ca.crt", 1 << 20, &cert));
	put(&instance, "files/ca/ca.crt", buf_text(&cert));
	put_macro(&instance, "", "= fingerprint('ca/ca.crt')");
	CHECK_STR(value_of(&instance, "web1", "x"), "\"ee7977d9656dec67aea573ad875c8dcdbca1b95760024958d1271b3033cbed4b\"");
	/* One that a deploy would make has something in its place where one only looks. */
	instance.repo.stand_ins = true;
	put_macro(&instance, "", "= #fingerprint('nodes/web1/web1.crt')");
	CHECK_STR(value_of(&instance, "web1", "x"), "64");
	put_macro(&instance, "", "= fingerprint('files/nodes/web1/web1.crt') == fingerprint('nodes/web1/web1.crt')");
	CHECK_STR(value_of(&instance, "web1", "x"), "true");
	buf_fini(&cert);
	instance_fini(&instance);
}

TEST(keys_of_sysadmins)
{
	struct instance	 instance;
	json_t		*value;

	instance_init(&instance);
	put(&instance, "users/bob/bob_ssh.pub", KEY_A " bob@home\n");
	put(&instance, "users/alice/alice_ssh.pub", "# two\n" KEY_A " a b\n\n" KEY_B "\n");
	put(&instance, "users/carol/notes.txt", "none yet\n");
	put_macro(&instance, "", "= authorized_keys()");
	CHECK_STR(value_of(&instance, "web1", "x"), "{\"alice\":[\"" KEY_A "\",\"" KEY_B "\"],\"bob\":[\"" KEY_A "\"]}");
	put(&instance, "users/bob/bob_ssh.pub", "\ncommand=\"x\" " KEY_A "\n");
	put_macro(&instance, "", "= authorized_keys()");
	CHECK_ERR(node_get(node_of(&instance, "web1"), "x", &value),
	    "users/bob/bob_ssh.pub:2: options before a key are not supported\n"
	    "hint: begin the line with the key: ssh-ed25519 ...\n");
	put(&instance, "users/bob/bob_ssh.pub", "\n" HELD " token\r\n");
	put_macro(&instance, "", "= authorized_keys().bob[1]");
	CHECK_STR(value_of(&instance, "web1", "x"), "\"" HELD "\"");
	put(&instance, "users/bob/bob_ssh.pub", "command=\"x\" " HELD "\n");
	put_macro(&instance, "", "= authorized_keys()");
	CHECK_ERR(node_get(node_of(&instance, "web1"), "x", &value),
	    "users/bob/bob_ssh.pub:1: options before a key are not supported\n"
	    "hint: begin the line with the key: sk-ssh-ed25519@openssh.com ...\n");
	put(&instance, "users/bob/bob_ssh.pub", "sk-ssh-ed25519@openssh.com AAAA");
	put_macro(&instance, "", "= authorized_keys()");
	CHECK_ERR(node_get(node_of(&instance, "web1"), "x", &value),
	    "users/bob/bob_ssh.pub:1: not a public SSH key: the key's data is cut short\n");
	put(&instance, "users/bob/bob_ssh.pub", "\n");
	put_macro(&instance, "", "= authorized_keys()");
	CHECK_ERR(node_get(node_of(&instance, "web1"), "x", &value), "users/bob/bob_ssh.pub: no key in it\n");
	put(&instance, "users/dave/dave_ssh.pub/file", "");
	gone(&instance, "users/bob/bob_ssh.pub");
	put_macro(&instance, "", "= authorized_keys()");
	CHECK_ERR(node_get(node_of(&instance, "web1"), "x", &value),
	    "users/dave/dave_ssh.pub: not a regular file\n");
	/* Who only looks sees the rest. */
	instance.repo.stand_ins = true;
	put_macro(&instance, "", "= authorized_keys()");
	CHECK_STR(value_of(&instance, "web1", "x"), "{\"alice\":[\"" KEY_A "\",\"" KEY_B "\"]}");
	instance_fini(&instance);
}

int
main(void)
{
	json_setup();
	RUN(each_macro);
	RUN(each_error);
	RUN(a_file_that_a_link_leads_out_to_is_refused);
	RUN(a_recipe_is_told_which_files_properties_name);
	RUN(what_is_for_nodes_only);
	RUN(fingerprints);
	RUN(keys_of_sysadmins);
	return test_done();
}
