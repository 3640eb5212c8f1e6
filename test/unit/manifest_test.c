/* test/unit: wire's manifests. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include "wire/manifest.h"

#include <stdlib.h>

#define SHA	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define META	"'mode':'0644','owner':'root','group':'root'"
#define FILE_A	"{'type':'file','path':'/a'," META ",'sha256':'" SHA "','size':3}"

/* Parse a manifest whose quotes are written as ', which keeps C readable. */
static struct err *
parse(struct manifest *manifest, const char *text)
{
	char		*copy = xstrdup(text);
	struct err	*e;

	for (char *c = copy; *c != '\0'; c++)
		*c = *c == '\'' ? '"' : *c;
	e = manifest_parse(manifest, copy, strlen(copy));
	free(copy);
	return e;
}

static struct err *
parse_lists(struct manifest *manifest, const char *resources, const char *checks)
{
	char		*text = xasprintf("{'version':1,'node':'web1','resources':[%s],'checks':[%s]}", resources, checks);
	struct err	*e = parse(manifest, text);

	free(text);
	return e;
}

TEST(manifest_of_everything_is_accepted)
{
	static const char	 resources[] =
	    "{'type':'package','name':'g++-12:amd64'},"
	    "{'type':'group','name':'app','gid':0,'system':true},"
	    "{'type':'user','name':'app','uid':4294967294,'group':'app','groups':['adm'],'home':'/srv/app',"
	    "'shell':'/bin/sh','comment':'','system':true,'create_home':false},"
	    "{'type':'directory','path':'/srv','mode':'01777','owner':'root','group':'app'}," FILE_A ","
	    "{'type':'link','path':'/b','target':'../a','check':'nginx -t'},"
	    "{'type':'unit','name':'app@one.service','enabled':true,'active':false,'restart_on':['file:/a'],'reload_on':[]},"
	    "{'type':'sysctl','key':'net/ipv4/conf/eth0.1/rp_filter','value':'1'},"
	    "{'type':'firewall','name':'leap','sha256':'" SHA "','size':0},"
	    "{'type':'exec','name':'do it','command':'true\\nfalse','creates':'/c','unless':'true','on':['file:/a']}";
	static const char	 checks[] =
	    "{'type':'listen','port':53,'protocol':'udp','address':'::1','timeout':600},"
	    "{'type':'http','url':'http://10.0.0.1/','status':200,'host':'a.example','contains':'x'},"
	    "{'type':'unit','name':'app'},{'type':'command','name':'c','command':'true'}";
	struct manifest		 manifest;

	CHECK_OK(parse_lists(&manifest, resources, checks));
	manifest_fini(&manifest);
}

TEST(manifest_resource_that_is_wrong_is_named)
{
	static const struct {
		const char	*resources;
		const char	*want;
	} cases[] = {
		{ "7", "resource 1 has no known type\n" },
		{ "{'type':'cron','name':'x'}", "resource 1 has no known type\n" },
		{ "{'type':'file'}", "resource 1, a file, has no path\n" },
		{ "{'type':'package','name':'nginx','version':'1'}", "package:nginx: a package has no \"version\"\n" },
		{ "{'type':'link','path':'/b','target':'a','check':''}", "link:/b: check must be a shell command\n" },
		{ "{'type':'directory','path':'/b','check':'true'}", "directory:/b: a directory has no \"check\"\n" },
		{ "{'type':'package','name':'-y'}", "package:-y: name must be the name of a Debian package\n" },
		{ "{'type':'user','name':'-r'}", "user:-r: name must be the name of a user\n" },
		{ "{'type':'user','name':'a:b'}", "user:a:b: name must be the name of a user\n" },
		{ "{'type':'user','name':'a','uid':-1}", "user:a: uid must be a number from 0 to 4294967294\n" },
		{ "{'type':'user','name':'a','comment':'x\\ny'}", "user:a: comment must be one line of text\n" },
		{ "{'type':'link','path':'/a/../b','target':'x'}",
		    "link:/a/../b: path must be an absolute path without \".\" or \"..\"\n" },
		{ "{'type':'link','path':'/a//b','target':'x'}",
		    "link:/a//b: path must be an absolute path without \".\" or \"..\"\n" },
		{ "{'type':'link','path':'a','target':'x'}",
		    "link:a: path must be an absolute path without \".\" or \"..\"\n" },
		{ "{'type':'link','path':'/','target':'x'}",
		    "link:/: path must be an absolute path without \".\" or \"..\"\n" },
		{ "{'type':'link','path':'/a/','target':'x'}",
		    "link:/a/: path must be an absolute path without \".\" or \"..\"\n" },
		{ "{'type':'link','path':'/a','target':''}", "link:/a: target must be a path\n" },
		{ "{'type':'directory','path':'/a','mode':'755','owner':'root','group':'root'}",
		    "directory:/a: mode must be an octal string like \"0644\"\n" },
		{ "{'type':'directory','path':'/a','mode':'0788','owner':'root','group':'root'}",
		    "directory:/a: mode must be an octal string like \"0644\"\n" },
		{ "{'type':'directory','path':'/a','mode':'0755','owner':'root'}", "directory:/a: group is missing\n" },
		{ "{'type':'file','path':'/a'," META ",'sha256':'12','size':1}",
		    "file:/a: sha256 must be 64 lower-case hexadecimal digits\n" },
		{ "{'type':'file','path':'/a'," META ",'sha256':'" SHA "','size':1073741825}",
		    "file:/a: size must be a number of bytes, at most 1 GiB\n" },
		{ FILE_A "," FILE_A, "file:/a: written twice\n" },
		{ FILE_A ",{'type':'link','path':'/a','target':'b'}", "link:/a: file:/a is there already\n" },
		{ FILE_A ",{'type':'link','path':'/a/b/c','target':'x'}",
		    "link:/a/b/c: lies below file:/a, which is no directory\n" },
		{ "{'type':'directory','path':'/a/b'," META "}," FILE_A,
		    "directory:/a/b: lies below file:/a, which is no directory\n" },
		{ "{'type':'link','path':'/l','target':'x'},{'type':'directory','path':'/l/b'," META "}",
		    "directory:/l/b: lies below link:/l, which is no directory\n" },
		{ "{'type':'directory','path':'/proc'," META "}", "directory:/proc: /proc is not for recipes to write to\n" },
		{ "{'type':'link','path':'/sys/a','target':'x'}", "link:/sys/a: /sys is not for recipes to write to\n" },
		{ "{'type':'link','path':'/dev/log','target':'x'}", "link:/dev/log: /dev is not for recipes to write to\n" },
		{ "{'type':'directory','path':'/var/lib/leap/generations'," META "}",
		    "directory:/var/lib/leap/generations: /var/lib/leap is not for recipes to write to\n" },
		{ "{'type':'firewall','name':'a','sha256':'" SHA "','size':0},"
		  "{'type':'firewall','name':'b','sha256':'" SHA "','size':0}",
		    "firewall:b: firewall:a is there already\n" },
		{ "{'type':'firewall','name':'a; flush ruleset','sha256':'" SHA "','size':0}",
		    "firewall:a; flush ruleset: name must be the name of an nft table\n" },
		{ "{'type':'unit','name':'--force'}", "unit:--force: name must be the name of a systemd unit\n" },
		{ "{'type':'unit','name':'a','restart_on':'file:/a'}",
		    "unit:a: restart_on must be a list of resources like \"file:/etc/motd\"\n" },
		{ "{'type':'unit','name':'a','restart_on':['file:/a']}," FILE_A,
		    "unit:a: restart_on names file:/a, which is not written before it\n"
		    "hint: a resource can only wait for earlier ones\n" },
		{ "{'type':'sysctl','key':'net..ip','value':'1'}",
		    "sysctl:net..ip: key must be a kernel setting like \"net.ipv4.ip_forward\"\n" },
		{ "{'type':'sysctl','key':'../../etc','value':'1'}",
		    "sysctl:../../etc: key must be a kernel setting like \"net.ipv4.ip_forward\"\n" },
		{ "{'type':'exec','name':'x','command':'true'}",
		    "exec:x: nothing says when to run it\nhint: give creates, unless or on\n" },
		{ "{'type':'exec','name':'x','command':'true','on':[]}",
		    "exec:x: nothing says when to run it\nhint: give creates, unless or on\n" },
	};
	struct manifest	 manifest;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		CHECK_ERR(parse_lists(&manifest, cases[i].resources, ""), cases[i].want);
}

TEST(manifest_paths_that_only_look_alike_are_accepted)
{
	struct manifest	 manifest;

	CHECK_OK(parse_lists(&manifest, FILE_A ",{'type':'link','path':'/ab','target':'x'},"
	    "{'type':'directory','path':'/d'," META "},{'type':'link','path':'/d/a','target':'x'},"
	    "{'type':'directory','path':'/device'," META "},{'type':'directory','path':'/var/lib/leap-other'," META "},"
	    "{'type':'directory','path':'/run/other'," META "},{'type':'link','path':'/srv/proc','target':'/proc'}", ""));
	manifest_fini(&manifest);
}

TEST(manifest_check_that_is_wrong_is_named)
{
	static const struct {
		const char	*checks;
		const char	*want;
	} cases[] = {
		{ "{'type':'ping'}", "check 1 has no known type\n" },
		{ "{'type':'unit','name':'a'},{'type':'listen','port':0,'protocol':'tcp'}",
		    "check 2: port must be a number from 1 to 65535\n" },
		{ "{'type':'listen','port':1,'protocol':'sctp'}", "check 1: protocol must be \"tcp\" or \"udp\"\n" },
		{ "{'type':'listen','port':1,'protocol':'tcp','address':'web1'}",
		    "check 1: address must be an IP address\n" },
		{ "{'type':'http','url':'https://a/','status':200}", "check 1: url must be an http:// address\n" },
		{ "{'type':'http','url':'http://a/ HTTP/1.0','status':200}", "check 1: url must be an http:// address\n" },
		{ "{'type':'http','url':'http://a/','status':200,'host':'a\\r\\nX: y'}",
		    "check 1: host must be a host name\n" },
		{ "{'type':'command','name':'a'}", "check 1: command is missing\n" },
		{ "{'type':'unit','name':'a','timeout':601}", "check 1: timeout must be a number of seconds from 1 to 600\n" },
	};
	struct manifest	 manifest;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		CHECK_ERR(parse_lists(&manifest, "", cases[i].checks), cases[i].want);
}

TEST(manifest_that_is_none_is_refused)
{
	static const struct {
		const char	*text;
		const char	*want;
	} cases[] = {
		{ "", "the manifest is no JSON: " },
		{ "{'a':1,'a':2}", "the manifest is no JSON: line 1: duplicate object key" },
		{ "[]", "the manifest is no JSON object" },
		{ "{'version':2}", "the manifest's version is not 1" },
		{ "{'version':1,'node':'a/b','resources':[],'checks':[]}", "the manifest names no node" },
		{ "{'version':1,'node':'a','resources':{},'checks':[]}", "needs the lists \"resources\" and \"checks\"" },
		{ "{'version':1,'node':'a','resources':[],'checks':[],'x':1}", "a manifest has no \"x\"" },
	};
	struct manifest	 manifest;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		CHECK_ERR_HAS(parse(&manifest, cases[i].text), cases[i].want);
}

TEST(manifest_keeps_a_content_once_and_finds_it)
{
	struct manifest	 manifest;
	char		 name[SHA256_HEX_SIZE];

	manifest_init(&manifest, "web1");
	for (int i = 0; i < 100; i++) {
		char	*text = xasprintf("content %d", i % 50);

		sha256_hex(text, strlen(text), name);
		CHECK_STR(manifest_add_blob(&manifest, text, strlen(text), i == 60), name);
		free(text);
	}
	CHECK_INT(manifest.blob_count, 50);
	for (size_t i = 1; i < manifest.blob_count; i++)
		CHECK(strcmp(manifest.blobs[i - 1].sha256, manifest.blobs[i].sha256) < 0);
	sha256_hex("content 10", 10, name);
	if (CHECK(manifest_blob(&manifest, name) != NULL)) {
		CHECK_STR(manifest_blob(&manifest, name)->data, "content 10");
		CHECK_INT(manifest_blob(&manifest, name)->secret, 1);
	}
	CHECK(manifest_blob(&manifest, SHA) == NULL);
	manifest_add_blob(&manifest, NULL, 0, 0);
	CHECK_INT(manifest.blob_count, 51);
	manifest_fini(&manifest);
}

TEST(manifests_share_contents)
{
	struct content	*content = content_new("all hosts", 9);
	struct manifest	 one, other;
	const char	*name;

	manifest_init(&one, "web1");
	manifest_init(&other, "web2");
	manifest_add_blob(&one, "own", 3, 0);
	name = manifest_add_content(&one, content, 0);
	CHECK_STR(manifest_add_content(&other, content, 0), content->sha256);
	manifest_add_content(&other, content, 0);
	CHECK_INT(one.blob_count, 2);
	CHECK_INT(other.blob_count, 1);
	CHECK_INT(content->users, 3);
	CHECK_STR(manifest_blob(&one, name)->data, "all hosts");
	CHECK(manifest_blob(&one, name)->data == other.blobs[0].data);
	manifest_fini(&one);
	content_drop(content);
	CHECK_STR(other.blobs[0].data, "all hosts");
	CHECK_INT(other.blobs[0].content->users, 1);
	CHECK(!other.blobs[0].content->secret);
	manifest_add_blob(&other, "all hosts", 9, 1);
	CHECK_INT(other.blobs[0].secret, 1);
	CHECK(other.blobs[0].content->secret);
	manifest_fini(&other);
}

TEST(manifest_name_does_not_depend_on_how_it_was_written)
{
	struct manifest	 one, other;
	char		 a[SHA256_HEX_SIZE], b[SHA256_HEX_SIZE];

	CHECK_OK(parse(&one, "{'version':1,'node':'a','resources':[],'checks':[]}"));
	CHECK_OK(parse(&other, "{ 'checks': [], 'resources': [],\n 'node': 'a', 'version': 1 }"));
	manifest_hash(&one, a);
	manifest_hash(&other, b);
	CHECK_STR(a, b);
	CHECK_STR(a, "84e3faa69e60d0917e93b7863bf2c501ae992078fc5768b735d9145607289668");
	manifest_fini(&one);
	manifest_fini(&other);
}

TEST(resource_id_is_type_and_name)
{
	json_t	*resource = json_pack("{s:s, s:s}", "type", "sysctl", "key", "a.b");
	char	*id = resource_id(resource);

	CHECK_STR(id, "sysctl:a.b");
	free(id);
	json_object_set_new(resource, "type", json_string("nothing"));
	CHECK_STR(resource_id(resource), NULL);
	CHECK_STR(resource_key("file"), "path");
	CHECK_STR(resource_key(NULL), NULL);
	json_decref(resource);
}

int
main(void)
{
	RUN(manifest_of_everything_is_accepted);
	RUN(manifest_resource_that_is_wrong_is_named);
	RUN(manifest_paths_that_only_look_alike_are_accepted);
	RUN(manifest_check_that_is_wrong_is_named);
	RUN(manifest_that_is_none_is_refused);
	RUN(manifest_keeps_a_content_once_and_finds_it);
	RUN(manifests_share_contents);
	RUN(manifest_name_does_not_depend_on_how_it_was_written);
	RUN(resource_id_is_type_and_name);
	return test_done();
}
