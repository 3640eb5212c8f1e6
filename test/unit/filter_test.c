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
	put(instance, "services/dns.json", "{}");
	put(instance, "tags/blue.json", "{}");
	put(instance, "tags/live.json", "{ \"environment\": \"live\" }");
	put(instance, "nodes/dns.json", "{ \"services\": [\"web\"] }");
	put(instance, "nodes/ns1.json", "{ \"services\": [\"dns\"], \"environment\": \"staging\" }");
	put(instance, "nodes/off.json", "{ \"services\": [\"web\"], \"enabled\": false }");
	put(instance, "nodes/web1.json", "{ \"services\": [\"web\"], \"tags\": [\"blue\", \"live\"] }");
	put(instance, "nodes/web2.json", "{ \"services\": [\"web\", \"dns\"], \"environment\": \"staging\" }");
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
		/* a node comes before a service of the same name */
		{ "dns", "dns", 0 },
		{ "blue", "web1 web3", 0 },
		/* a tag comes before an environment of the same name */
		{ "live", "web1", 0 },
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
		{ "web1 staging", "no node is selected by \"web1 staging\"\n"
		    "hint: words unite, \"+word\" keeps what is in both, an environment restricts all\n", 0 },
		{ "staging +default", "no node is selected by \"staging +default\"\n"
		    "hint: words unite, \"+word\" keeps what is in both, an environment restricts all\n", 0 },
	};
	struct instance instance;

	fill(&instance);
	if (CHECK_OK(instance_load(&instance)))
		check_rows(&instance, rows, ARRAY_LEN(rows));
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
		    "hint: words unite, \"+word\" keeps what is in both, an environment restricts all\n", 0 },
	};
	struct instance	 instance;
	char		 pinned[] = "staging";

	fill(&instance);
	instance.repo.leapfile.environment = pinned;
	if (CHECK_OK(instance_load(&instance)))
		check_rows(&instance, rows, ARRAY_LEN(rows));
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
	RUN(a_pinned_environment_restricts_what_is_not_named);
	RUN(an_instance_without_nodes);
	return test_done();
}
