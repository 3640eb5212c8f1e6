/* recipe: certificates of public CAs, files/cert/NAME.crt, which nodes use for the names that they are good for. */
/* May know config, pki, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/strs.h"
#include "config/config.h"
#include "lua/sandbox.h"
#include "pki/ca.h"
#include "pki/public.h"
#include "recipe/recipe.h"
#include "recipe/run.h"
#include "repo/repo.h"

#include <stdlib.h>
#include <string.h>

#define CERTS	"files/cert"

/*
 * Whether files/cert/NAME.crt is there and says that it is for `site`; a broken one is for nobody.  `signed_only`: what
 * only stands in for a certificate that was asked for does not count.
 */
static bool
covers(const struct repo *repo, const char *name, const char *site, bool signed_only)
{
	char			*path = xasprintf(CERTS "/%s.crt", name);
	struct public_cert	 cert = { 0 };
	struct cert_info	 info = { 0 };
	struct buf		 pem = { 0 };
	struct err		*e = NULL;
	bool			 good;

	good = repo_has(repo, path) && (e = repo_read(repo, path, &pem)) == NULL &&
	    (e = public_read(&cert, &pem)) == NULL && public_covers(&cert, site) &&
	    (e = cert_info_read(&info, &pem)) == NULL && !(signed_only && info.self_signed);
	err_free(e);
	cert_info_fini(&info);
	public_fini(&cert);
	buf_fini(&pem);
	free(path);
	return good;
}

/* Of several that are for `site` the one that is called so, else the first. */
static char *
find(const struct repo *repo, const struct strs *names, const char *site, bool signed_only)
{
	if (strchr(site, '/') == NULL && covers(repo, site, site, signed_only))
		return xstrdup(site);
	for (size_t i = 0; i < names->count; i++) {
		if (covers(repo, names->items[i], site, signed_only))
			return xstrdup(names->items[i]);
	}
	return NULL;
}

struct err *
certificate_for(char **name, const struct repo *repo, const char *site)
{
	struct strs	 names = { 0 };
	struct err	*e = repo_list(repo, CERTS, ".crt", &names);

	*name = NULL;
	if (e == NULL && (*name = find(repo, &names, site, true)) == NULL)
		*name = find(repo, &names, site, false);
	strs_fini(&names);
	return e;
}

/* certificate("www.example.org"): "NAME" where files/cert/NAME.crt is good for that name, else nil. */
int
tool_certificate(lua_State *L)
{
	struct run	*run = run_of(L);
	const char	*site = NULL;
	char		*name = NULL;
	size_t		 len;
	struct err	*e;

	if ((e = option_text(run, 1, "a domain name", &site, &len)) == NULL)
		e = certificate_for(&name, run->repo, site);
	buf_clear(&run->line);
	if (name != NULL)
		buf_adds(&run->line, name);
	free(name);
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
	own = e == NULL && full != NULL && covers(run->repo, name, full, false);
	json_array_foreach(aliases, i, alias) {
		own = own || (json_is_string(alias) && covers(run->repo, name, json_string_value(alias), false));
	}
	err_free(e);
	free(name);
	return own;
}
