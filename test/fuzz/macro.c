/* test/fuzz: macros: any text as an expression of Lua, on a small instance. */
/* May know config, lua, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "instance.h"

#include "base/json.h"
#include "base/mask.h"
#include "config/state.h"
#include "config/trace.h"
#include "lua/state.h"

#define MEMORY		((size_t)16 << 20)
#define STEPS		50000		/* what comes to no end does so soon */
#define INPUTS_MAX	300		/* that one configuration sees: it keeps every text that it compiled */
#define LEN_MAX		2000

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct instance	 instance;
static struct scope	*scopes[2 * INPUTS_MAX];
static size_t		 count, loads;

static void
forget(void)
{
	for (size_t i = 0; i < count; i++)
		scope_free(scopes[i]);
	count = 0;
	config_free(instance.config);
	instance.config = NULL;
	mask_fini();
}

static void
finish(void)
{
	forget();
	instance_fini(&instance);
}

/* Once a process. */
static void
setup(void)
{
	json_setup();
	instance_init(&instance);
	instance.repo.read_only = true;
	put(&instance, "common.json", "{ \"ip_address\": null, \"location\": null, \"services\": [], \"tags\": [] }");
	put(&instance, "provider.json", "{ \"domain\": \"example.org\", \"mail\": \"= 'root@' .. domain\" }");
	put(&instance, "services/web.json", "{ \"port\": 80, \"list\": [1, \"= 1 + 1\", { \"y\": \"= name\" }] }");
	put(&instance, "services/dns.json", "{ \"zone\": \"= provider.domain .. '.'\", \"key\": \"= secret('zone')\" }");
	put(&instance, "tags/blue.json", "{}");
	put(&instance, "files/motd", "hello\n");
	put(&instance, "macros/own.lua", "local n, t = 1, { 1, { a = 2 } }\n"
	    "function count() n = n + 1 return n end\nfunction change(x) t[2].a = x return t end\n"
	    "function all(f) return nodes:map(f) end\nfunction same(x) return x end\nshared = t\n");
	put(&instance, "nodes/ns1.json", "{ \"services\": [\"dns\"], \"environment\": \"live\", \"deep\": { \"a\": { \"b\": \"= 5\" } } }");
	put(&instance, "nodes/web1.json", "{ \"services\": [\"web\"], \"tags\": [\"blue\"], \"late\": \"=> port + 1\", \"x\": null,\n"
	    "  \"location\": { \"name\": \"oslo\" }, \"loop\": \"= node.loop\", \"bad\": \"= oops\" }");
	put(&instance, "nodes/web2.json", "{ \"services\": [\"web\", \"dns\"], \"location\": { \"name\": \"oslo\" } }");
	put(&instance, "nodes/web3.json", "{ \"services\": [\"web\"], \"enabled\": false }");
	atexit(finish);
}

static void
load(void)
{
	forget();
	if (instance_load(&instance) != NULL)
		abort();
	/* Every second one remembers what macros read. */
	if (loads++ % 2 == 1)
		trace_start(instance.config);
	instance.config->sandbox->memory = MEMORY;
	instance.config->sandbox->instructions = STEPS;
}

/* A scope like that of a node, in which "x" is another macro. */
static struct scope *
scope_like(struct node *node, json_t *macro)
{
	struct scope *from = node_scope(node);
	struct scope *scope = scope_new(from->config, node, from->environment, xstrdup(from->title), from->base);

	scope->own = from->own;
	scope->merged = json_copy(from->merged);
	json_object_set(scope->merged, "x", macro);
	return scopes[count++] = scope;
}

/* The value of the macro or its error, as text.  Afterwards nothing is left of having run. */
static void
evaluate(struct scope *scope, struct buf *out)
{
	const struct config	*config = scope->config;
	const struct sandbox	*sandbox = config->sandbox;
	json_t			*value;
	struct err		*e = scope_deep(scope, json_object_get(scope_root(scope), "x"), &value);

	if (e == NULL) {
		json_canonical(value, out);
	} else {
		if (err_place(e) == NULL)
			abort();
		/* Notes are said once only. */
		buf_addf(out, "%s:%u: %s", err_place(e)->path, err_place(e)->line, err_message(e));
		err_free(e);
	}
	if (out->len == 0 || sandbox->depth != 0 || sandbox->apart != 0 || sandbox->strict || config->unwinding ||
	    config->disguised || config->running.count + config->waiting.count + config->chain.count != 0 ||
	    sandbox->L != sandbox->main || lua_gettop(sandbox->L) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf	 one = { 0 }, two = { 0 };
	json_t		*macro;
	bool		 late = len > 0 && *data == '>';

	if (len > LEN_MAX || memchr(data, '\0', len) != NULL)
		return 0;
	if (instance.repo.root == NULL)
		setup();
	if (instance.config == NULL || count == 2 * INPUTS_MAX)
		load();
	macro = json_sprintf("%s%.*s", late ? "=> " : "= ", (int)len - late, (const char *)data + late);
	if (macro != NULL) {
		evaluate(scope_like(node_of(&instance, "web1"), macro), &one);
		evaluate(scope_like(node_of(&instance, "web1"), macro), &two);
		/* Who runs first has no advantage. */
		if (strcmp(buf_text(&one), buf_text(&two)) != 0)
			abort();
	}
	json_decref(macro);
	buf_fini(&one);
	buf_fini(&two);
	return 0;
}
