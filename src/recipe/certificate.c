/* recipe: certificates of public CAs, files/cert/NAME.crt, which nodes use for the names that they are good for. */
/* May know config, pki, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/strs.h"
#include "config/config.h"
#include "lua/sandbox.h"
#include "pki/public.h"
#include "recipe/run.h"
#include "repo/repo.h"

#include <stdlib.h>
#include <string.h>

#define CERTS	"files/cert"

/* Whether files/cert/NAME.crt is there and says that it is for `site`.  A broken one is for nobody. */
static bool
covers(struct run *run, const char *name, const char *site)
{
	char			*path = xasprintf(CERTS "/%s.crt", name);
	struct public_cert	 cert = { 0 };
	struct buf		 pem = { 0 };
	struct err		*e = NULL;
	bool			 good;

	good = repo_has(run->repo, path) && (e = repo_read(run->repo, path, &pem)) == NULL &&
	    (e = public_read(&cert, &pem)) == NULL && public_covers(&cert, site);
	err_free(e);
	public_fini(&cert);
	buf_fini(&pem);
	free(path);
	return good;
}

/* The name of the certificate for `site`, in `found`: its own, else the first of those that are good for it too. */
NODISCARD
static struct err *
find(struct run *run, const char *site, struct strs *found)
{
	struct strs	 names = { 0 };
	struct err	*e = repo_list(run->repo, CERTS, ".crt", &names);

	if (e == NULL && strchr(site, '/') == NULL && covers(run, site, site))
		strs_add(found, site);
	for (size_t i = 0; e == NULL && found->count == 0 && i < names.count; i++) {
		if (covers(run, names.items[i], site))
			strs_add(found, names.items[i]);
	}
	strs_fini(&names);
	return e;
}

/* certificate("www.example.org"): "NAME" where files/cert/NAME.crt is good for that name, else nil. */
int
tool_certificate(lua_State *L)
{
	struct run	*run = run_of(L);
	struct strs	 found = { 0 };
	const char	*site = NULL;
	size_t		 len;
	struct err	*e;

	if ((e = option_text(run, 1, "a domain name", &site, &len)) == NULL)
		e = find(run, site, &found);
	buf_clear(&run->line);
	if (found.count > 0)
		buf_adds(&run->line, found.items[0]);
	strs_fini(&found);
	if (e != NULL)
		sandbox_raise(L, e);
	if (run->line.len > 0)
		lua_pushstring(L, buf_text(&run->line));
	else
		lua_pushnil(L);
	return 1;
}

bool
certificate_is_own(struct run *run, const char *path)
{
	const char	*full = NULL;
	json_t		*aliases = NULL;
	const json_t	*alias;
	size_t		 i, len = strlen(path);
	char		*name;
	bool		 own;
	struct err	*e;

	if (!str_starts(path, "cert/") || !str_ends(path, ".key"))
		return false;
	name = xstrndup(path + strlen("cert/"), len - strlen("cert/.key"));
	if ((e = node_text(run->node, "domain.full", &full)) == NULL)
		e = node_find(run->node, "dns.aliases", &aliases);
	own = e == NULL && full != NULL && covers(run, name, full);
	json_array_foreach(aliases, i, alias) {
		own = own || (json_is_string(alias) && covers(run, name, json_string_value(alias)));
	}
	err_free(e);
	free(name);
	return own;
}
