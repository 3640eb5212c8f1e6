/* cmd: pictures of graphs, by Graphviz' library, loaded when one is wanted: it would cost every start a fifth. */
/* May know base.  Graphviz' home. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/err.h"
#include "cmd/graph.h"

#include <dlfcn.h>
#include <graphviz/gvc.h>
#include <limits.h>
#include <stdlib.h>

/* Graphviz' layout loses some of what it allocates. */
#ifdef LEAP_SANITIZED
#include <sanitizer/lsan_interface.h>
#define LEAKS_BEGIN()	__lsan_disable()
#define LEAKS_END()	__lsan_enable()
#else
#define LEAKS_BEGIN()	((void)0)
#define LEAKS_END()	((void)0)
#endif

#define LIBRARY		"libgvc.so.6"		/* of Debian 12 and 13 */
#define CORE		"libgvplugin_core.so.6"
#define CORE_SYMBOL	"gvplugin_core_LTX_library"
#define LAYOUT		"libgvplugin_dot_layout.so.6"
#define LAYOUT_SYMBOL	"gvplugin_dot_layout_LTX_library"

/* What is used of it. */
static struct {
	__typeof__(agmemread)		*read;
	__typeof__(agclose)		*close;
	__typeof__(agseterrf)		*on_error;
	__typeof__(gvContextPlugins)	*context;
	__typeof__(gvLayout)		*layout;
	__typeof__(gvRenderData)	*render;
	__typeof__(gvFreeRenderData)	*free_data;
	__typeof__(gvFreeLayout)	*free_layout;
	__typeof__(gvFreeContext)	*free_context;
	void				*core, *dot;	/* the two plugins that are needed; none for fonts, which are slow */
} graphviz;

struct symbol {
	const char	*name;
	void		*to;		/* a pointer above */
};

/* What it complains of: its callback has no argument for that. */
static struct buf complaints;

static int
on_complaint(char *text)
{
	buf_adds(&complaints, text);
	return 0;
}

NODISCARD
static struct err *
cannot_load(void)
{
	return err_hint(err_new(ERR_FAILED, "cannot load Graphviz: %s", dlerror()),
	    "apt-get install libgvc6; without it there is: leap graph --dot");
}

/* A library and the pointers to what is in it.  It stays: what it keeps for itself could not be told from leaks. */
NODISCARD
static struct err *
load(const char *path, const struct symbol *symbols, void **handle)
{
	if ((*handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)) == NULL)
		return cannot_load();
	for (; symbols->name != NULL; symbols++) {
		if ((*(void **)symbols->to = dlsym(*handle, symbols->name)) == NULL)
			return cannot_load();
	}
	return NULL;
}

NODISCARD
static struct err *
load_plugin(const char *directory, const char *name, const char *symbol, void **to)
{
	const struct symbol	 symbols[] = { { symbol, to }, { NULL, NULL } };
	char			*path = xasprintf("%s/graphviz/%s", directory, name);
	void			*handle;
	struct err		*e = load(path, symbols, &handle);

	free(path);
	return e;
}

NODISCARD
static struct err *
load_all(void)
{
	static const struct symbol symbols[] = {
		{ "agmemread", &graphviz.read }, { "agclose", &graphviz.close }, { "agseterrf", &graphviz.on_error },
		{ "gvContextPlugins", &graphviz.context }, { "gvLayout", &graphviz.layout },
		{ "gvRenderData", &graphviz.render }, { "gvFreeRenderData", &graphviz.free_data },
		{ "gvFreeLayout", &graphviz.free_layout }, { "gvFreeContext", &graphviz.free_context },
		{ NULL, NULL },
	};
	char		 directory[PATH_MAX];
	void		*handle;
	struct err	*e;

	if ((e = load(LIBRARY, symbols, &handle)) != NULL)
		return e;
	if (dlinfo(handle, RTLD_DI_ORIGIN, directory) != 0)
		return cannot_load();
	if ((e = load_plugin(directory, CORE, CORE_SYMBOL, &graphviz.core)) == NULL)
		e = load_plugin(directory, LAYOUT, LAYOUT_SYMBOL, &graphviz.dot);
	return e;
}

static void
draw(const char *dot, struct buf *out)
{
	const lt_symlist_t plugins[] = {
		{ CORE_SYMBOL, graphviz.core },
		{ LAYOUT_SYMBOL, graphviz.dot },
		{ NULL, NULL },
	};
	GVC_t		*context = graphviz.context(plugins, 0);
	graph_t		*graph;
	char		*data = NULL;
	unsigned	 len = 0;
	bool		 laid_out;

	graphviz.on_error(on_complaint);
	graph = graphviz.read(dot);
	LEAKS_BEGIN();
	laid_out = graph != NULL && graphviz.layout(context, graph, "dot") == 0;
	LEAKS_END();
	if (laid_out) {
		if (graphviz.render(context, graph, "svg", &data, &len) == 0)
			buf_add(out, data, len);
		graphviz.free_data(data);
		graphviz.free_layout(context, graph);
	}
	if (graph != NULL)
		graphviz.close(graph);
	graphviz.free_context(context);
}

struct err *
graph_svg(const char *dot, struct buf *out)
{
	struct err	*e = load_all();
	size_t		 before = out->len;

	if (e != NULL)
		return e;
	draw(dot, out);
	if (out->len == before)
		e = err_new(ERR_FAILED, "Graphviz draws nothing: %s", buf_text(&complaints));
	buf_fini(&complaints);
	return e;
}
