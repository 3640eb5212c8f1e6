/* config: pick_node(), which chooses one of several nodes and keeps to it. */
/* May know lua, repo, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/builtin.h"

#include "base/json.h"
#include "base/sha256.h"
#include "config/trace.h"
#include "lua/sandbox.h"
#include "repo/repo.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

/*
 * What was picked stands in state.json: node → property → the node that was picked.  That is kept as long as the picked
 * node is among the candidates.  All who have the same expression at the same property of the same environment are
 * peers, and are decided together: their expressions are run as far as pick_node(), to know their candidates; then those
 * that have none yet get, in the order of their names, the candidate that the fewest have.  So the answer follows
 * from the files alone, whoever is asked first, and is the same whether or not it will be written.
 */
#define STATE_PATH	"state.json"
#define STATE_KEY	"pick_node"

struct picks {
	json_t		*state;		/* the whole of state.json */
	json_t		*before;	/* in it: node → property → picked */
	json_t		*now;		/* node → property → [picked, key of the group, candidates] */
	json_t		*groups;	/* key → peer → picked */

	/* A macro that runs only to know its candidates. */
	const struct item *probed;	/* NULL: none */
	json_t		*found;		/* and what they are, once it has come so far */
};

/* The first thing in state.json that is not as it should be: its path, the caller's, or NULL. */
static char *
wrong_path(const json_t *state)
{
	json_t		*picks = json_object_get(state, STATE_KEY), *properties, *picked;
	const char	*node, *property;

	if (picks != NULL && !json_is_object(picks))
		return xstrdup(STATE_KEY);
	json_object_foreach(picks, node, properties) {
		if (!json_is_object(properties))
			return xasprintf(STATE_KEY ".%s", node);
		json_object_foreach(properties, property, picked) {
			if (!json_is_string(picked))
				return xasprintf(STATE_KEY ".%s.%s", node, property);
		}
	}
	return NULL;
}

NODISCARD
static struct err *
read_state(const struct repo *repo, json_t **out)
{
	struct buf	 text = { 0 };
	struct place	 place = { .path = STATE_PATH };
	struct err	*e = NULL;
	char		*wrong = NULL;

	*out = NULL;
	if (!repo_has(repo, STATE_PATH))
		*out = json_object();
	else if ((e = repo_read(repo, STATE_PATH, &text)) != NULL)
		e = read_error(STATE_PATH, e);
	else if ((e = json_parse_text(out, STATE_PATH, buf_text(&text), text.len)) == NULL &&
	    (!json_is_object(*out) || (wrong = wrong_path(*out)) != NULL)) {
		json_locate(STATE_PATH, buf_text(&text), text.len, wrong == NULL ? "" : wrong, &place);
		e = err_hint(err_rule(err_at(ERR_CONFIG, &place, "not what leap wrote: \"" STATE_KEY
		    "\" has objects, which have names of nodes"), "bad-state"),
		    "take the version from git, or remove the file: then all is picked anew");
	}
	free(wrong);
	buf_fini(&text);
	return e;
}

NODISCARD
static struct err *
picks_of(struct config *config, struct picks **out)
{
	json_t		*state;
	struct err	*e;

	if ((*out = config->picks) != NULL)
		return NULL;
	if ((e = read_state(config->repo, &state)) != NULL) {
		json_decref(state);
		return e;
	}
	*out = config->picks = xcalloc(1, sizeof(**out));
	config->picks->state = state;
	if (json_object_get(state, STATE_KEY) == NULL)
		json_object_set_new(state, STATE_KEY, json_object());
	config->picks->before = json_object_get(state, STATE_KEY);
	config->picks->now = json_object();
	config->picks->groups = json_object();
	return NULL;
}

void
picks_free(struct picks *picks)
{
	if (picks == NULL)
		return;
	json_decref(picks->state);
	json_decref(picks->now);
	json_decref(picks->groups);
	free(picks);
}

/* Who asks, and for what. */
struct choice {
	struct config		*config;
	const struct asker	*asker;
	json_t			*candidates;	/* names, in the order of their ranks */
};

static bool
is_among(const json_t *names, const char *name)
{
	for (size_t i = 0; name != NULL && i < json_array_size(names); i++) {
		if (strcmp(json_string_value(json_array_get(names, i)), name) == 0)
			return true;
	}
	return false;
}

/* What the node picked before, if it is among the candidates, or NULL. */
static const char *
picked_before(const struct choice *choice, const char *node, const json_t *candidates)
{
	const char *name = json_str(json_object_get(choice->config->picks->before, node), choice->asker->property);

	return is_among(candidates, name) ? name : NULL;
}

static bool
same_environment(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Whether the node has the same expression in the same place. */
static bool
is_peer(const struct choice *choice, const struct node *node)
{
	const json_t *raw;

	if (!node->enabled || !same_environment(node->environment, choice->asker->scope->environment))
		return false;
	raw = builtin_raw(node_scope(node)->merged, choice->asker->property);
	return raw != NULL && json_equal(raw, choice->asker->item->text);
}

/* The candidates of a peer, a new reference; *out is NULL when it does not come to that. */
NODISCARD
static struct err *
probe(const struct choice *choice, const struct node *node, json_t **out)
{
	struct picks		*picks = choice->config->picks;
	const struct item	*outer = picks->probed;
	struct scope		*scope = node_scope(node);
	const json_t		*marker = builtin_raw(scope_root(scope), choice->asker->property);
	struct err		*e;

	*out = NULL;
	if (!scope_failed(scope, marker))	/* it was evaluated without picking */
		return NULL;
	picks->probed = &scope->items[json_integer_value(marker)];
	e = item_probe(scope, (size_t)json_integer_value(marker));
	picks->probed = outer;
	*out = picks->found;
	picks->found = NULL;
	if (*out != NULL || e == NULL || (!choice->config->unwinding && (err_rule_name(e) == NULL ||
	    strcmp(err_rule_name(e), "macro-cycle") != 0))) {
		err_free(e);	/* its own affair */
		e = NULL;
	}
	return e;
}

/* Find the candidates of all peers; peer → names, a new reference. */
NODISCARD
static struct err *
find_candidates(const struct choice *choice, json_t **out)
{
	const struct config	*config = choice->config;
	struct err		*e = NULL;
	json_t			*names;

	*out = json_object();
	for (size_t i = 0; e == NULL && i < config->node_count; i++) {
		const struct node *node = config->nodes[i];

		if (!is_peer(choice, node))
			continue;
		names = NULL;
		if (node == choice->asker->scope->node)
			names = json_incref(choice->candidates);
		else
			e = probe(choice, node, &names);
		if (names != NULL)
			json_object_set_new(*out, node->name, names);
	}
	return e;
}

static void
add_load(json_t *loads, const char *name)
{
	json_object_set_new(loads, name, json_integer(json_int(loads, name, 0) + 1));
}

/* The candidate that the fewest have. */
static const char *
least_loaded(const json_t *loads, const json_t *candidates)
{
	const char	*least = NULL, *name;

	for (size_t i = 0; i < json_array_size(candidates); i++) {
		name = json_string_value(json_array_get(candidates, i));
		if (least == NULL || json_int(loads, name, 0) < json_int(loads, least, 0))
			least = name;
	}
	return least;
}

/* Decide for all peers; peer → picked, a new reference. */
static json_t *
spread(const struct choice *choice, json_t *candidates)
{
	json_t		*result = json_object(), *loads = json_object(), *names;
	const char	*peer, *picked;

	for (int undecided = 0; undecided <= 1; undecided++) {
		json_object_foreach(candidates, peer, names) {
			if (json_object_get(result, peer) != NULL)
				continue;
			picked = undecided ? least_loaded(loads, names) : picked_before(choice, peer, names);
			if (picked == NULL)
				continue;
			add_load(loads, picked);
			json_object_set_new(result, peer, json_string(picked));
		}
	}
	json_decref(loads);
	return result;
}

/* What all peers get, decided once; borrowed. */
NODISCARD
static struct err *
group_of(const struct choice *choice, const char *key, json_t **out)
{
	struct picks	*picks = choice->config->picks;
	json_t		*candidates;
	struct err	*e;

	if ((*out = json_object_get(picks->groups, key)) != NULL)
		return NULL;
	if ((e = find_candidates(choice, &candidates)) == NULL)
		json_object_set_new(picks->groups, key, *out = spread(choice, candidates));
	json_decref(candidates);
	return e;
}

/* Note what was picked.  False: it was picked from others for the same property. */
static bool
note_pick(const struct choice *choice, const char *picked, const char *key)
{
	json_t		*now = choice->config->picks->now, *properties, *noted;
	const char	*node = choice->asker->scope->node->name;

	if ((properties = json_object_get(now, node)) == NULL)
		json_object_set_new(now, node, properties = json_object());
	if ((noted = json_object_get(properties, choice->asker->property)) != NULL)
		return json_equal(json_array_get(noted, 2), choice->candidates);
	json_object_set_new(properties, choice->asker->property, json_pack("[s, s, O]", picked, key,
	    choice->candidates));
	return true;
}

NODISCARD
static struct err *
pick(const struct choice *choice, struct node **out)
{
	const struct asker	*asker = choice->asker;
	const char		*environment = asker->scope->environment, *picked;
	char			*key = xasprintf("%s\n%s\n%s", asker->property, json_string_value(asker->item->text),
				    environment == NULL ? "" : environment);
	json_t			*group;
	struct err		*e = group_of(choice, key, &group);

	if (e != NULL)
		goto out;
	picked = json_str(group, asker->scope->node->name);
	/* With another secret it may be about other nodes. */
	if (!is_among(choice->candidates, picked))
		picked = json_string_value(json_array_get(choice->candidates, 0));
	*out = config_node(choice->config, picked);
	if (!choice->config->disguised && !note_pick(choice, picked, key))
		e = err_hint(err_new(ERR_CONFIG, "pick_node() picks once for a property, but here from two lists"),
		    "make each the value of a property of its own");
out:
	free(key);
	return e;
}

struct ranked {
	const char	*name;
	char		 rank[SHA256_HEX_SIZE];	/* so that not every property begins with the same node */
};

static int
compare_ranks(const void *left, const void *right)
{
	return strcmp(((const struct ranked *)left)->rank, ((const struct ranked *)right)->rank);
}

/* The names of the nodes in the order in which this property prefers them, a new reference. */
static json_t *
rank_nodes(struct node **nodes, size_t count, const char *property)
{
	struct ranked	*ranked = xcalloc(count + 1, sizeof(*ranked));
	json_t		*names = json_array();

	for (size_t i = 0; i < count; i++) {
		char *seed = xasprintf("%s\n%s", property, nodes[i]->name);

		ranked[i].name = nodes[i]->name;
		sha256_hex(seed, strlen(seed), ranked[i].rank);
		free(seed);
	}
	qsort(ranked, count, sizeof(*ranked), compare_ranks);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(names, json_string(ranked[i].name));
	free(ranked);
	return names;
}

/* pick_node(nodes_like_me{services='database'}): one of the nodes, the same each time. */
int
builtin_pick_node(lua_State *L)
{
	struct config	*config = builtin_scope(L)->config;
	size_t		 count;
	struct node	**nodes = builtin_nodes(L, 1, &count), *node = NULL;
	struct asker	 asker;
	struct choice	 choice = { .config = config, .asker = &asker };
	struct picks	*picks;
	struct err	*e;

	builtin_asker(L, "pick_node", &asker);
	if (count == 0)
		sandbox_raise(L, err_hint(err_rule(err_new(ERR_CONFIG, "there is no node to pick from"), "no-candidate"),
		    "try(function() return pick_node(...) end) is nil then"));
	trace_file(config, STATE_PATH);
	if ((e = picks_of(config, &picks)) != NULL)
		macro_raise(L, config, e);
	choice.candidates = rank_nodes(nodes, count, asker.property);
	if (picks->probed == asker.item) {
		picks->found = choice.candidates;
		sandbox_raise_final(L, err_new(ERR_FAILED, "probed"));	/* for probe(), which drops it */
	}
	e = pick(&choice, &node);
	json_decref(choice.candidates);
	if (e != NULL)
		macro_raise(L, config, e);
	macro_push_node(L, node);
	return 1;
}

/* Whether the expression at the property was evaluated in this run. */
static bool
is_evaluated(const struct scope *scope, const char *property)
{
	return scope->root != NULL && !scope_failed(scope, builtin_raw(scope->root, property));
}

/* Whether a pick that was not made in this run may still be wanted: there is an expression, which nobody asked for. */
static bool
is_pending(const struct config *config, const char *name, const char *property)
{
	const struct node	*node = config_node(config, name);
	const json_t		*raw = node == NULL ? NULL : builtin_raw(node_scope(node)->merged, property);

	return raw != NULL && is_macro(raw) && !is_evaluated(node_scope(node), property);
}

static void
set_pick(json_t *picks, const char *node, const char *property, const char *picked)
{
	json_t *properties = json_object_get(picks, node);

	if (properties == NULL)
		json_object_set_new(picks, node, properties = json_object());
	json_object_set_new(properties, property, json_string(picked));
}

/*
 * What was decided for peers along with these picks, so that they get it when they ask; each group once.  It counts for
 * more than what they had before, which may not be among the candidates any more.
 */
static void
set_peers(const struct config *config, json_t *picks, const json_t *properties, json_t *done)
{
	const char	*property, *key, *peer;
	json_t		*noted, *picked;

	json_object_foreach((json_t *)(uintptr_t)properties, property, noted) {
		key = json_string_value(json_array_get(noted, 1));
		if (json_object_get(done, key) != NULL)
			continue;
		json_object_set_new(done, key, json_true());
		json_object_foreach(json_object_get(config->picks->groups, key), peer, picked) {
			set_pick(picks, peer, property, json_string_value(picked));
		}
	}
}

/* What is to be remembered, a new reference: the picks of this run; those of others; what others will get. */
static json_t *
all_picks(const struct config *config)
{
	const struct picks	*picks = config->picks;
	json_t			*result = json_object(), *done = json_object(), *properties, *value;
	const char		*node, *property;

	json_object_foreach(picks->now, node, properties) {
		json_object_foreach(properties, property, value) {
			set_pick(result, node, property, json_string_value(json_array_get(value, 0)));
		}
	}
	json_object_foreach(picks->before, node, properties) {
		json_object_foreach(properties, property, value) {
			if (is_pending(config, node, property))
				set_pick(result, node, property, json_string_value(value));
		}
	}
	json_object_foreach(picks->now, node, properties) {
		set_peers(config, result, properties, done);
	}
	json_decref(done);
	return result;
}

struct err *
config_remember(struct config *config)
{
	struct picks	*picks;
	struct buf	 text = { 0 };
	struct err	*e;
	json_t		*all;

	if (config->repo->read_only || (config->picks == NULL && !repo_has(config->repo, STATE_PATH)))
		return NULL;
	if ((e = picks_of(config, &picks)) != NULL)
		return e;
	all = all_picks(config);
	if (!json_equal(all, picks->before)) {
		json_object_set(picks->state, STATE_KEY, all);
		picks->before = all;
		json_pretty(picks->state, &text);
		e = repo_write(config->repo, STATE_PATH, text.data, text.len, 0644, NULL);
	}
	json_decref(all);
	buf_fini(&text);
	return e;
}
