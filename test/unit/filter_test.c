/* test/unit: choosing nodes. */
/* May know config, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "instance.h"

#include "base/json.h"
#include "base/strs.h"
#include "config/filter.h"

static void
fill(struct instance *instance)
{
	instance_init(instance);
	put(instance, "common.json", "{ \"domain\": { \"full\": \"= name .. '.example.org'\" } }");
	put(instance, "services/web.json", "{}");
	put(instance, "services/dnsd.json", "{}");
	put(instance, "tags/blue.json", "{}");
	put(instance, "tags/live.json", "{ \"environment\": \"live\" }");
	put(instance, "nodes/dns.json", "{ \"services\": [\"web\"] }");
	put(instance, "nodes/ns1.json", "{ \"services\": [\"dnsd\"], \"environment\": \"staging\" }");
	put(instance, "nodes/off.json", "{ \"services\": [\"web\"], \"enabled\": false }");
	put(instance, "nodes/web1.json", "{ \"services\": [\"web\"], \"tags\": [\"blue\", \"live\"] }");
	put(instance, "nodes/web2.json", "{ \"services\": [\"web\", \"dnsd\"], \"environment\": \"staging\" }");
	put(instance, "nodes/web3.json", "{ \"tags\": [\"blue\"], \"domain\": { \"full\": \"www.example.net\" } }");
}

/* The names that the words, parted by spaces, select; or the error. */
static void
select_names(struct instance *instance, const char *words, unsigned flags, struct buf *out)
{
	struct strs		 split = { 0 };
	struct node_list	 list;
	struct err		*e;

	strs_split(&split, words, ' ');
	buf_clear(out);
	if ((e = filter_select(&list, instance->config, split.items, split.count, flags)) != NULL) {
		CHECK_INT(err_code(e), ERR_USAGE);
		err_format(e, out);
		err_free(e);
	}
	for (size_t i = 0; e == NULL && i < list.count; i++)
		buf_addf(out, "%s%s", i > 0 ? " " : "", list.items[i]->name);
	if (e == NULL)
		node_list_fini(&list);
	strs_fini(&split);
}

struct row {
	const char	*words, *want;
	unsigned	 flags;
};

static void
check_rows(struct instance *instance, const struct row *rows, size_t count)
{
	struct buf got = { 0 };

	for (size_t i = 0; i < count; i++) {
		select_names(instance, rows[i].words, rows[i].flags, &got);
		if (!CHECK_STR(buf_text(&got), rows[i].want))
			printf("  by \"%s\"\n", rows[i].words);
	}
	buf_fini(&got);
}

TEST(words_select)
{
	static const struct row rows[] = {
		{ "", "dns ns1 web1 web2 web3", 0 },
		{ "", "dns ns1 off web1 web2 web3", FILTER_DISABLED },
		{ "web1", "web1", 0 },
		{ "+web1", "web1", 0 },
		{ "web", "dns web1 web2", 0 },
		{ "web", "dns off web1 web2", FILTER_DISABLED },
		{ "off", "off", FILTER_DISABLED },
		/* a name, and one that it begins with */
		{ "dns", "dns", 0 },
		{ "dnsd", "ns1 web2", 0 },
		{ "blue", "web1 web3", 0 },
		/* an environment comes before a tag of the same name */
		{ "live", "web1", 0 },
		{ "live ns1", "no node is selected by \"live ns1\"\n"
		    "hint: words add, \"+word\" keeps what is in both, \"-word\" leaves out, environments restrict\n", 0 },
		{ "staging", "ns1 web2", 0 },
		{ "default", "dns web3", 0 },
		/* plain words unite, + intersects, from left to right */
		{ "blue ns1", "ns1 web1 web3", 0 },
		{ "web +blue", "web1", 0 },
		{ "web +blue ns1", "ns1 web1", 0 },
		{ "web ns1 +staging", "ns1 web2", 0 },
		/* environments restrict, wherever they stand, and unite among themselves */
		{ "web staging", "web2", 0 },
		{ "staging web", "web2", 0 },
		{ "+staging web", "web2", 0 },
		{ "web staging default", "dns web2", 0 },
		{ "staging default", "dns ns1 web2 web3", 0 },
		{ "staging +default web", "no node is selected by \"staging +default web\"\n"
		    "hint: words add, \"+word\" keeps what is in both, \"-word\" leaves out, environments restrict\n", 0 },
		{ "staging default +staging", "ns1 web2", 0 },
		/* - leaves out, the first word of all nodes; ! is the same */
		{ "web -web1", "dns web2", 0 },
		{ "web !web1", "dns web2", 0 },
		{ "-web", "ns1 web3", 0 },
		{ "!web", "ns1 web3", 0 },
		{ "-web web1", "ns1 web1 web3", 0 },
		{ "-web +blue", "web3", 0 },
		{ "web -blue", "dns web2", 0 },
		{ "web -staging", "dns web1", 0 },
		{ "-staging web", "dns web1", 0 },
		{ "-staging", "dns web1 web3", 0 },
		{ "-staging -default", "web1", 0 },
		{ "staging default -staging", "dns web3", 0 },
		{ "-off", "dns ns1 web1 web2 web3", 0 },
		{ "-web1.example.org", "dns ns1 web2 web3", 0 },
		/* regular expressions are about names, and match anywhere */
		{ "/web/", "web1 web2 web3", 0 },
		{ "/^.s/", "ns1", 0 },
		{ "/[12]$/", "ns1 web1 web2", 0 },
		{ "-/[12]$/", "dns web3", 0 },
		{ "web +/[12]$/", "web1 web2", 0 },
		{ "//", "dns ns1 web1 web2 web3", 0 },
		/* full names */
		{ "web1.example.org", "web1", 0 },
		{ "www.example.net", "web3", 0 },
		{ "web1.example.org +blue", "web1", 0 },
		/* what is wrong */
		{ "wbe1", "no node, service, tag or environment \"wbe1\"\nhint: did you mean \"web1\"?\n", 0 },
		{ "+stagin", "no node, service, tag or environment \"stagin\"\nhint: did you mean \"staging\"?\n", 0 },
		{ "none.example.org", "no node, service, tag or environment \"none.example.org\"\n"
		    "hint: \"leap list\" shows what there is\n", 0 },
		{ "off", "node off is disabled\nhint: \"leap node enable off\" enables it\n", 0 },
		{ "-wbe1", "no node, service, tag or environment \"wbe1\"\nhint: did you mean \"web1\"?\n", 0 },
		{ "-x", "no node, service, tag or environment \"x\"\nhint: \"-x\" is no option, and leaves out nothing: "
		    "\"leap help\" explains options, \"leap list\" shows what there is\n", 0 },
		{ "!x", "no node, service, tag or environment \"x\"\nhint: \"leap list\" shows what there is\n", 0 },
		{ "+", "no node, service, tag or environment \"\"\nhint: \"leap list\" shows what there is\n", 0 },
		{ "/web", "a regular expression without an end: \"/web\"\nhint: put it between two \"/\": \"/web/\"\n", 0 },
		{ "-/", "a regular expression without an end: \"/\"\nhint: put it between two \"/\": \"//\"\n", 0 },
		{ "/web[/", "\"web[\" is no regular expression: missing terminating ] for character class at its character 5\n",
		    0 },
		{ "/(w/ web1", "\"(w\" is no regular expression: missing closing parenthesis at its character 3\n", 0 },
		{ "web1 staging", "no node is selected by \"web1 staging\"\n"
		    "hint: words add, \"+word\" keeps what is in both, \"-word\" leaves out, environments restrict\n", 0 },
		{ "staging +default", "no node is selected by \"staging +default\"\n"
		    "hint: words add, \"+word\" keeps what is in both, \"-word\" leaves out, environments restrict\n", 0 },
	};
	struct instance instance;

	fill(&instance);
	if (CHECK_OK(instance_load(&instance)))
		check_rows(&instance, rows, ARRAY_LEN(rows));
	instance_fini(&instance);
}

TEST(properties_select)
{
	static const struct row rows[] = {
		{ "color=red", "a", 0 },
		{ "color=red", "a off", FILTER_DISABLED },
		{ "color=blue", "b", 0 },
		{ "color!=red", "b c d", 0 },
		{ "-color=red", "b c d", 0 },
		{ "color=", "d", 0 },
		/* what is null is there, what is missing is not */
		{ "color=null", "c", 0 },
		{ "extra=null", "no node is selected by \"extra=null\"\n"
		    "hint: words add, \"+word\" keeps what is in both, \"-word\" leaves out, environments restrict\n", 0 },
		{ "extra!=null", "a b c d", 0 },
		/* numbers, booleans; a text that looks like one is the same */
		{ "port.main=80", "a b", 0 },
		{ "port.main=80.0", "no node is selected by \"port.main=80.0\"\n"
		    "hint: words add, \"+word\" keeps what is in both, \"-word\" leaves out, environments restrict\n", 0 },
		{ "port.main=1.5", "c", 0 },
		{ "enabled=true", "a b c d", 0 },
		{ "enabled=false", "off", FILTER_DISABLED },
		/* a list by its elements, of any type; its macros count */
		{ "list=x", "a b", 0 },
		{ "list=7", "b", 0 },
		{ "list=c!", "c", 0 },
		{ "list!=x", "c d", 0 },
		{ "list.1=x", "a", 0 },
		{ "services=web", "a", 0 },
		/* an object is no value */
		{ "port={\"main\":80}", "no node is selected by \"port={\"main\":80}\"\n"
		    "hint: words add, \"+word\" keeps what is in both, \"-word\" leaves out, environments restrict\n", 0 },
		/* a value may have anything in it, and a property is a property whatever is called so */
		{ "odd=a=b", "d", 0 },
		{ "odd!=a=b", "a b c", 0 },
		{ "color=red list=7 -a", "b", 0 },
		{ "list=x +color=red", "a", 0 },
		/* b's own "bad" fails, but is asked for only where it matters */
		{ "a +bad=1", "a", 0 },
		{ "a +worse=1", "no node is selected by \"a +worse=1\"\n"
		    "hint: words add, \"+word\" keeps what is in both, \"-word\" leaves out, environments restrict\n", 0 },
		{ "bad=1 -live", "a", 0 },
		/* what is wrong */
		{ "colour=red", "no node has a property \"colour\"\nhint: did you mean \"color\"?\n", 0 },
		{ "port.mani=80", "no node has a property \"port.mani\"\nhint: did you mean \"port.main\"?\n", 0 },
		{ "prot.main=80", "no node has a property \"prot.main\"\nhint: did you mean \"port.main\"?\n", 0 },
		{ "prot.mani=80", "no node has a property \"prot.mani\"\n", 0 },
		{ "nonsense!=1", "no node has a property \"nonsense\"\n", 0 },
		{ "=80", "\"=80\" names no property\nhint: write \"property=value\", such as \"ssh.port=22\"\n", 0 },
		{ "!=80", "\"=80\" names no property\nhint: write \"property=value\", such as \"ssh.port=22\"\n", 0 },
		{ "+!=80", "\"!=80\" names no property\nhint: write \"property=value\", such as \"ssh.port=22\"\n", 0 },
		{ "color=green", "no node is selected by \"color=green\"\n"
		    "hint: words add, \"+word\" keeps what is in both, \"-word\" leaves out, environments restrict\n", 0 },
	};
	struct instance		 instance;
	struct node_list	 list;
	char			*words[] = { (char[]){ "bad=1" }, (char[]){ "-b" } };

	instance_init(&instance);
	put(&instance, "services/web.json", "{}");
	put(&instance, "nodes/a.json", "{ \"color\": \"= 'r' .. 'ed'\", \"port\": { \"main\": 80 }, \"list\": [\"x\"], "
	    "\"services\": [\"web\"], \"bad\": 1 }");
	put(&instance, "nodes/b.json", "{ \"color\": \"blue\", \"port\": { \"main\": \"80\" }, \"list\": [\"y\", \"x\", 7], "
	    "\"environment\": \"live\",\n\"bad\": \"= error('oh no')\",\n\"worse\": \"= error('worse')\" }");
	put(&instance, "nodes/c.json", "{ \"color\": null, \"port\": { \"main\": 1.5 }, \"list\": [\"= name .. '!'\"], "
	    "\"extra\": 1 }");
	put(&instance, "nodes/d.json", "{ \"color\": \"\", \"odd\": \"a=b\", \"broken\": \"= error('no')\" }");
	put(&instance, "nodes/off.json", "{ \"color\": \"red\", \"enabled\": false, \"bad\": \"= error('never')\" }");
	if (CHECK_OK(instance_load(&instance))) {
		check_rows(&instance, rows, ARRAY_LEN(rows));
		CHECK_ERR(filter_select(&list, instance.config, words, 2, 0), "nodes/b.json:2:8: oh no\n"
		    "    \"bad\": \"= error('oh no')\",\n           ^\n");
	}
	instance_fini(&instance);
}

/* A node is chosen by what it has, also where that waits for other nodes, or for its address. */
TEST(a_property_may_be_required_still)
{
	static const struct row rows[] = {
		{ "ip_address=192.0.2.1", "b", 0 },
		{ "peer=192.0.2.1", "a", 0 },
		{ "-ip_address=192.0.2.1", "a", 0 },
	};
	struct instance instance;

	instance_init(&instance);
	put(&instance, "common.json", "{ \"ip_address\": \"REQUIRED\", \"peer\": null }");
	put(&instance, "nodes/a.json", "{ \"peer\": \"= nodes.b.ip_address\" }");
	put(&instance, "nodes/b.json", "{ \"ip_address\": \"192.0.2.1\" }");
	if (CHECK_OK(instance_load(&instance)))
		check_rows(&instance, rows, ARRAY_LEN(rows));
	instance_fini(&instance);
}

/* Whether a list says that a pin kept something out. */
static const char *
pinned_of(struct instance *instance, const char *words)
{
	struct strs		 split = { 0 };
	struct node_list	 list;
	const char		*pinned = NULL;

	strs_split(&split, words, ' ');
	if (CHECK_OK(filter_select(&list, instance->config, split.items, split.count, 0)))
		pinned = list.pinned;
	node_list_fini(&list);
	strs_fini(&split);
	return pinned;
}

TEST(the_users_pin_goes_before_the_leapfiles_and_is_told_of)
{
	static const struct row rows[] = {
		{ "", "dns web3", 0 },
		{ "ns1 web", "dns ns1", 0 },
		{ "staging", "ns1 web2", 0 },
	};
	struct instance	 instance;
	char		 pinned[] = "staging", pin[] = "default";

	fill(&instance);
	instance.repo.leapfile.environment = pinned;
	instance.repo.pin = pin;
	if (CHECK_OK(instance_load(&instance))) {
		check_rows(&instance, rows, ARRAY_LEN(rows));
		CHECK_STR(pinned_of(&instance, ""), "default");
		CHECK_STR(pinned_of(&instance, "web"), "default");
		CHECK_STR(pinned_of(&instance, "domain.full!=x"), "default");
		CHECK_STR(pinned_of(&instance, "ns1"), NULL);
		CHECK_STR(pinned_of(&instance, "staging"), NULL);
		CHECK_STR(pinned_of(&instance, "-staging default"), NULL);
		CHECK_STR(pinned_of(&instance, "web3"), NULL);
	}
	instance_fini(&instance);
}

TEST(words_that_mean_something)
{
	struct instance instance;

	fill(&instance);
	if (CHECK_OK(instance_load(&instance))) {
		CHECK(filter_knows(instance.config, "web1"));
		CHECK(filter_knows(instance.config, "blue"));
		CHECK(filter_knows(instance.config, "default"));
		CHECK(!filter_knows(instance.config, "yv"));
	}
	instance_fini(&instance);
}

TEST(a_pinned_environment_restricts_what_is_not_named)
{
	static const struct row rows[] = {
		{ "", "ns1 web2", 0 },
		{ "web", "web2", 0 },
		{ "web1", "web1", 0 },
		{ "web web1", "web1 web2", 0 },
		{ "web3.example.org", "web3", 0 },
		{ "default", "dns web3", 0 },
		{ "blue", "no node is selected by \"blue\"\n"
		    "hint: environment staging is pinned: \"leap env ls\" shows by whom\n", 0 },
		{ "-web", "ns1", 0 },
		{ "-web1 web", "ns1 web2", 0 },		/* it was named, but not to be chosen */
		{ "-web +web1", "no node is selected by \"-web +web1\"\n"
		    "hint: words add, \"+word\" keeps what is in both, \"-word\" leaves out, environments restrict\n", 0 },
		/* leaving out an environment adds none */
		{ "-live", "ns1 web2", 0 },
		{ "-staging", "no node is selected by \"-staging\"\n"
		    "hint: environment staging is pinned: \"leap env ls\" shows by whom\n", 0 },
		{ "-default web3", "no node is selected by \"-default web3\"\n"
		    "hint: environment staging is pinned: \"leap env ls\" shows by whom\n", 0 },
		{ "-staging default", "dns web3", 0 },
	};
	struct instance	 instance;
	char		 pinned[] = "staging";

	fill(&instance);
	instance.repo.leapfile.environment = pinned;
	if (CHECK_OK(instance_load(&instance)))
		check_rows(&instance, rows, ARRAY_LEN(rows));
	instance_fini(&instance);
}

TEST(what_is_pinned_away_is_there_none_the_less)
{
	static const struct row	 staging[] = {
		{ "color=red", "no node is selected by \"color=red\"\n"
		    "hint: environment staging is pinned: \"leap env ls\" shows by whom\n", 0 },
	};
	static const struct row	 production[] = {
		{ "", "there are no nodes that are enabled in environment production\n"
		    "hint: environment production is pinned: \"leap env ls\" shows by whom\n", 0 },
	};
	struct instance		 instance;
	char			 pinned[] = "staging", empty[] = "production";

	fill(&instance);
	put(&instance, "nodes/web1.json", "{ \"environment\": \"live\", \"color\": \"red\" }");
	instance.repo.leapfile.environment = pinned;
	if (CHECK_OK(instance_load(&instance)))
		check_rows(&instance, staging, ARRAY_LEN(staging));
	instance.repo.leapfile.environment = empty;
	if (CHECK_OK(instance_load(&instance)))
		check_rows(&instance, production, ARRAY_LEN(production));
	instance_fini(&instance);
}

TEST(an_instance_without_nodes)
{
	struct instance	 instance;
	struct row	 row = { "", "there are no nodes yet\nhint: \"leap node add NAME\" adds one\n", 0 };

	instance_init(&instance);
	if (CHECK_OK(instance_load(&instance)))
		check_rows(&instance, &row, 1);
	put(&instance, "nodes/a.json", "{ \"enabled\": false }");
	row.want = "there are no nodes that are enabled\n";
	if (CHECK_OK(instance_load(&instance)))
		check_rows(&instance, &row, 1);
	instance_fini(&instance);
}

int
main(void)
{
	json_setup();
	RUN(words_select);
	RUN(properties_select);
	RUN(a_property_may_be_required_still);
	RUN(a_pinned_environment_restricts_what_is_not_named);
	RUN(what_is_pinned_away_is_there_none_the_less);
	RUN(the_users_pin_goes_before_the_leapfiles_and_is_told_of);
	RUN(words_that_mean_something);
	RUN(an_instance_without_nodes);
	return test_done();
}
