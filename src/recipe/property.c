/* recipe: the functions by which recipes and templates check properties. */
/* May know config, lua, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/strs.h"
#include "config/config.h"
#include "lua/sandbox.h"
#include "recipe/run.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* Whether the node has the property, and where. */
static bool
has_property(struct node *node, const char *property, struct place *place)
{
	json_t		*value;
	struct err	*e = node_get(node, property, &value);
	bool		 found = e == NULL && node_place(node, property, place);

	err_free(e);
	return found;
}

/* The place of a property, or of the nearest one that it would be part of; where the recipe asks when there is none. */
static void
property_place(struct run *run, const char *property, struct place *place)
{
	char	*part = xstrdup(property), *dot;
	bool	 found;

	while (!(found = has_property(run->node, part, place)) && (dot = strrchr(part, '.')) != NULL)
		*dot = '\0';
	free(part);
	if (!found)
		run_place(run, place);
}

/* refuse("web.port", "is taken", "choose another one"): end with an error where the node's property was written. */
static int
refuse(lua_State *L)
{
	struct run	*run = run_of(L);
	const char	*property = NULL, *what = NULL, *hint = NULL;
	size_t		 len;
	struct place	 place = { 0 };
	struct err	*e;

	if ((e = option_text(run, 1, "a property's name", &property, &len)) == NULL &&
	    (e = option_text(run, 2, "what is wrong with it", &what, &len)) == NULL && !lua_isnoneornil(L, 3))
		e = option_text(run, 3, "the hint", &hint, &len);
	if (e == NULL) {
		property_place(run, property, &place);
		e = err_at(ERR_CONFIG, &place, "%s %s", property, what);
		if (hint != NULL)
			e = err_hint(e, "%s", hint);
	}
	sandbox_raise_final(L, e);
}

/* 4 or 6 for an address or, with "/LENGTH" behind it, a network; 0 for all else. */
static int
version_of(const char *text)
{
	unsigned char	 bytes[sizeof(struct in6_addr)];
	size_t		 len = strcspn(text, "/");
	const char	*slash = text[len] == '/' ? text + len + 1 : NULL;
	char		*address = xstrndup(text, len);
	int		 version = 0;

	if (inet_pton(AF_INET, address, bytes) == 1)
		version = 4;
	else if (inet_pton(AF_INET6, address, bytes) == 1)
		version = 6;
	free(address);
	if (slash == NULL || version == 0)
		return version;
	len = strspn(slash, "0123456789");
	if (len == 0 || len > 3 || slash[len] != '\0' || (*slash == '0' && len > 1))
		return 0;
	return atoi(slash) <= (version == 4 ? 32 : 128) ? version : 0;
}

/* ip_version "2001:db8::/32": 4 or 6, or nil for what is neither an address nor a network. */
static int
ip_version(lua_State *L)
{
	const char	*text = lua_type(L, 1) == LUA_TSTRING ? lua_tostring(L, 1) : NULL;
	int		 version = text != NULL && strlen(text) == lua_rawlen(L, 1) ? version_of(text) : 0;

	if (version == 0)
		lua_pushnil(L);
	else
		lua_pushinteger(L, version);
	return 1;
}

void
property_functions(lua_State *L, struct kit *kit)
{
	static const struct run_function functions[] = { { "refuse", refuse }, { "ip_version", ip_version } };

	kit_functions(L, kit, functions, ARRAY_LEN(functions));
}
