/* cmd: what compile, plan, deploy and test make sure of before they go on. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/prepare.h"

#include "cert/certs.h"
#include "cmd/cmd.h"
#include "cert/host_keys.h"
#include "config/config.h"
#include "config/filter.h"

static void
show_warnings(const struct config *config)
{
	struct buf	 text = { 0 };

	if (config_warnings(config) != NULL)
		err_format(config_warnings(config), &text);
	note("%s", buf_text(&text));
	buf_fini(&text);
}

/* Load the configuration anew, and find the same nodes in it. */
NODISCARD
static struct err *
reload(struct context *context, struct node_list *nodes)
{
	struct strs	 names = { 0 };
	struct err	*e;

	for (size_t i = 0; i < nodes->count; i++)
		strs_add(&names, nodes->items[i]->name);
	nodes->count = 0;
	config_free(context->config);
	context->config = NULL;
	e = config_load(&context->config, context->repo);
	for (size_t i = 0; e == NULL && i < names.count; i++) {
		nodes->items[i] = config_node(context->config, names.items[i]);
		if (nodes->items[i] == NULL)
			e = err_new(ERR_CONFIG, "%s: its file went away meanwhile", names.items[i]);
		else
			nodes->count++;
	}
	strs_fini(&names);
	return e;
}

struct err *
prepare_nodes(struct context *context, struct node_list *nodes, enum prepare_certs certs)
{
	struct err	*e;
	unsigned	 made = 0;

	show_warnings(context->config);
	if ((e = config_check(context->config, nodes->items, nodes->count)) != NULL ||
	    (e = config_remember(context->config)) != NULL)
		return e;
	if (certs == PREPARE_CERTS_LOOK)
		return (e = certs_look(context->repo, context->config, nodes, say_note)) != NULL ? e :
		    host_certs_look(context->repo, nodes, say_note);
	if (certs == PREPARE_CERTS_IGNORE)
		return NULL;
	if ((e = certs_update(context->repo, context->config, nodes, say_note, &made)) != NULL ||
	    (e = host_certs_update(context->repo, nodes, say_note)) != NULL || made == 0)
		return e;
	if ((e = reload(context, nodes)) != NULL)
		return e;
	return config_check(context->config, nodes->items, nodes->count);
}

struct err *
prepare_join(struct err *take_all, struct err *take_e, struct strs *seen)
{
	struct buf	 text = { 0 };

	if (take_e == NULL)
		return take_all;
	err_format(take_e, &text);
	if (strs_has(seen, buf_text(&text))) {
		err_free(take_e);
		take_e = NULL;
	} else {
		strs_add(seen, buf_text(&text));
	}
	buf_fini(&text);
	return err_join(take_all, take_e);
}
