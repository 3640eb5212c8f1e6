/* test/fuzz: the words that choose nodes, on a small instance. */
/* May know config, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "instance.h"

#include "base/json.h"
#include "base/strs.h"
#include "config/filter.h"

#define WORDS_MAX	16

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct instance	instance;

static void
forget(void)
{
	config_free(instance.config);
	free(instance.repo.root);
	free(instance.repo.platform);
}

/* Once a process; its files are not needed any more when it is loaded. */
static void
setup(void)
{
	json_setup();
	instance_init(&instance);
	put(&instance, "common.json", "{ \"domain\": { \"full\": \"= name .. '.example.org'\" }, \"ports\": [80, 443] }");
	put(&instance, "services/web.json", "{ \"cache\": true }");
	put(&instance, "services/dnsd.json", "{ \"zone\": \"= name .. 'x'\" }");
	put(&instance, "tags/blue.json", "{}");
	put(&instance, "tags/live.json", "{ \"environment\": \"live\" }");
	put(&instance, "nodes/dns.json", "{ \"services\": [\"web\"] }");
	put(&instance, "nodes/ns1.json", "{ \"services\": [\"dnsd\"], \"environment\": \"staging\", \"ports\": [53] }");
	put(&instance, "nodes/off.json", "{ \"services\": [\"web\"], \"enabled\": false }");
	put(&instance, "nodes/web1.json", "{ \"services\": [\"web\"], \"tags\": [\"blue\", \"live\"], \"n\": 1.5 }");
	put(&instance, "nodes/web2.json", "{ \"services\": [\"web\", \"dnsd\"], \"bad\": \"= nothing\" }");
	if (instance_load(&instance) != NULL)
		abort();
	CHECK_OK(dir_remove(instance.dir));
	atexit(forget);
}

/* At least one node, in their order, each once, none that is disabled unless asked for. */
static void
check_list(const struct node_list *list, unsigned flags)
{
	if (list->count == 0)
		abort();
	for (size_t i = 0; i < list->count; i++) {
		if (i > 0 && strcmp(list->items[i - 1]->name, list->items[i]->name) >= 0)
			abort();
		if (!list->items[i]->enabled && (flags & FILTER_DISABLED) == 0)
			abort();
	}
}

static void
check_same(const struct node_list *a, const struct node_list *b)
{
	if (a->count != b->count)
		abort();
	for (size_t i = 0; i < a->count; i++) {
		if (a->items[i] != b->items[i])
			abort();
	}
}

static void
check_error(struct err *take_e)
{
	struct buf text = { 0 };

	err_format(take_e, &text);
	if (text.len == 0 || (err_code(take_e) != ERR_USAGE && err_place(take_e) == NULL))
		abort();
	buf_fini(&text);
	err_free(take_e);
}

/* A word a line; with "!" in the first place disabled nodes too. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct strs		 words = { 0 };
	struct node_list	 list, again;
	struct err		*e;
	unsigned		 flags = 0;
	char			*text;

	if (instance.config == NULL)
		setup();
	if (len > 0 && *data == '!') {
		flags = FILTER_DISABLED;
		data++;
		len--;
	}
	text = xstrndup((const char *)data, len);
	strs_split(&words, text, '\n');
	free(text);
	if (words.count > WORDS_MAX)
		goto out;
	if ((e = filter_select(&list, instance.config, words.items, words.count, flags)) != NULL) {
		check_error(e);
		goto out;
	}
	check_list(&list, flags);
	if (filter_select(&again, instance.config, words.items, words.count, flags) != NULL)
		abort();
	check_same(&list, &again);
	node_list_fini(&again);
	node_list_fini(&list);
out:
	strs_fini(&words);
	return 0;
}
