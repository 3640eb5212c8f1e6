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
 * peers: those of them that have none yet are decided together, in the order of their names, each getting the candidate
 * that the fewest have.  So the answer follows from the files alone, whoever is asked first, and is the same whether
 * or not it will be written.
 */
#define STATE_PATH	"state.json"
#define STATE_KEY	"pick_node"

struct picks {
	json_t	*state;			/* the whole of state.json */
	json_t	*before;		/* in it: node → property → picked */
	json_t	*now;			/* node → property → [picked, key of the spread] */
	json_t	*spreads;		/* key → peer → picked */
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
	config->picks->spreads = json_object();
	return NULL;
}

void
picks_free(struct picks *picks)
{
	if (picks == NULL)
		return;
	json_decref(picks->state);
	json_decref(picks->now);
	json_decref(picks->spreads);
	free(picks);
}

/* One of the nodes to choose from. */
struct candidate {
	struct node	*node;
	char		 rank[SHA256_HEX_SIZE];	/* so that not every property begins with the same one */
	unsigned	 load;			/* how many have it */
};

struct choice {
	struct config		*config;
	const struct scope	*asker;
	const char		*property;
	const json_t		*text;		/* the expression */
	struct candidate	*candidates;	/* in the order of their ranks */
	size_t			 count;
};

static struct candidate *
find_candidate(const struct choice *choice, const char *name)
{
	for (size_t i = 0; name != NULL && i < choice->count; i++) {
		if (strcmp(choice->candidates[i].node->name, name) == 0)
			return &choice->candidates[i];
	}
	return NULL;
}

/* The candidate that the node picked before, or NULL. */
static struct candidate *
picked_before(const struct choice *choice, const char *node)
{
	const json_t *properties = json_object_get(choice->config->picks->before, node);

	return find_candidate(choice, json_str(properties, choice->property));
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

	if (!node->enabled || !same_environment(node->environment, choice->asker->environment))
		return false;
	raw = builtin_raw(node_scope(node)->merged, choice->property);
	return raw == choice->text || (raw != NULL && json_equal(raw, choice->text));
}

static struct candidate *
least_loaded(const struct choice *choice)
{
	struct candidate *least = &choice->candidates[0];

	for (size_t i = 1; i < choice->count; i++) {
		if (choice->candidates[i].load < least->load)
			least = &choice->candidates[i];
	}
	return least;
}

/* Decide for all peers that have none yet; peer → picked, a new reference. */
static json_t *
spread(const struct choice *choice)
{
	const struct config	*config = choice->config;
	struct candidate	*candidate;
	json_t			*result = json_object();
	bool			*undecided = xcalloc(config->node_count + 1, sizeof(*undecided));

	for (size_t i = 0; i < config->node_count; i++) {
		if (!is_peer(choice, config->nodes[i]))
			continue;
		if ((candidate = picked_before(choice, config->nodes[i]->name)) != NULL)
			candidate->load++;
		else
			undecided[i] = true;
	}
	for (size_t i = 0; i < config->node_count; i++) {
		if (!undecided[i])
			continue;
		candidate = least_loaded(choice);
		candidate->load++;
		json_object_set_new(result, config->nodes[i]->name, json_string(candidate->node->name));
	}
	free(undecided);
	return result;
}

static int
compare_ranks(const void *left, const void *right)
{
	return strcmp(((const struct candidate *)left)->rank, ((const struct candidate *)right)->rank);
}

/* What a spread depends on, the caller's, free(). */
static char *
spread_key(const struct choice *choice)
{
	struct buf key = { 0 };

	buf_addf(&key, "%s\n%s\n%s", choice->property, json_string_value(choice->text),
	    choice->asker->environment == NULL ? "" : choice->asker->environment);
	for (size_t i = 0; i < choice->count; i++)
		buf_addf(&key, "\n%s", choice->candidates[i].node->name);
	return buf_take(&key);
}

/* Note what was picked.  False: another choice was made for the same property. */
static bool
note_pick(struct picks *picks, const struct choice *choice, const char *name, const char *key)
{
	json_t *properties = json_object_get(picks->now, choice->asker->node->name), *noted;

	if (properties == NULL)
		json_object_set_new(picks->now, choice->asker->node->name, properties = json_object());
	if ((noted = json_object_get(properties, choice->property)) != NULL)
		return strcmp(json_string_value(json_array_get(noted, 1)), key) == 0;
	json_object_set_new(properties, choice->property, json_pack("[s, s]", name, key));
	return true;
}

NODISCARD
static struct err *
pick(struct choice *choice, struct node **out)
{
	struct picks		*picks = choice->config->picks;
	char			*key = spread_key(choice);
	const char		*asker = choice->asker->node->name;
	struct candidate	*candidate = picked_before(choice, asker);
	json_t			*known = json_object_get(picks->spreads, key);
	struct err		*e = NULL;

	if (candidate == NULL) {
		if (known == NULL)
			json_object_set_new(picks->spreads, key, known = spread(choice));
		candidate = find_candidate(choice, json_str(known, asker));
	}
	/* One that is not enabled is nobody's peer. */
	if (candidate == NULL)
		candidate = &choice->candidates[0];
	*out = candidate->node;
	if (!choice->config->disguised && !note_pick(picks, choice, candidate->node->name, key))
		e = err_hint(err_new(ERR_CONFIG, "pick_node() picks once for a property, but here from two lists"),
		    "make each the value of a property of its own");
	free(key);
	return e;
}

/* pick_node(nodes_like_me{services='database'}): one of the nodes, the same each time. */
int
builtin_pick_node(lua_State *L)
{
	struct asker	 asker;
	struct choice	 choice = { .config = builtin_scope(L)->config };
	struct node	**nodes = builtin_nodes(L, 1, &choice.count), *node;
	struct picks	*picks;
	struct err	*e;

	builtin_asker(L, "pick_node", &asker);
	if (choice.count == 0)
		sandbox_raise(L, err_hint(err_rule(err_new(ERR_CONFIG, "there is no node to pick from"), "no-candidate"),
		    "try(function() return pick_node(...) end) is nil then"));
	choice.asker = asker.scope;
	choice.property = asker.property;
	choice.text = asker.item->text;
	choice.candidates = lua_newuserdatauv(L, choice.count * sizeof(*choice.candidates), 0);
	for (size_t i = 0; i < choice.count; i++) {
		char *seed = xasprintf("%s\n%s", choice.property, nodes[i]->name);

		choice.candidates[i] = (struct candidate){ .node = nodes[i] };
		sha256_hex(seed, strlen(seed), choice.candidates[i].rank);
		free(seed);
	}
	qsort(choice.candidates, choice.count, sizeof(*choice.candidates), compare_ranks);
	trace_file(choice.config, STATE_PATH);
	if ((e = picks_of(choice.config, &picks)) == NULL)
		e = pick(&choice, &node);
	if (e != NULL)
		macro_raise(L, choice.config, e);
	macro_push_node(L, node);
	return 1;
}

/* Whether the expression at the property was evaluated in this run. */
static bool
is_evaluated(const struct scope *scope, const char *property)
{
	const json_t *value;

	if (scope->root == NULL)
		return false;
	value = builtin_raw(scope->root, property);
	for (size_t i = 0; i < scope->item_count; i++) {
		if (scope->items[i].marker == value)
			return false;
	}
	return true;
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
	if (json_object_get(properties, property) == NULL)
		json_object_set_new(properties, property, json_string(picked));
}

/* What was decided for peers along with this pick, so that they get it when they ask. */
static void
set_peers(const struct config *config, json_t *picks, const char *property, const char *key)
{
	const char	*peer;
	json_t		*picked;

	json_object_foreach(json_object_get(config->picks->spreads, key), peer, picked) {
		if (is_pending(config, peer, property))
			set_pick(picks, peer, property, json_string_value(picked));
	}
}

/* What is to be remembered, a new reference: the picks of this run; those of others; what others will get. */
static json_t *
all_picks(const struct config *config)
{
	const struct picks	*picks = config->picks;
	json_t			*result = json_object(), *properties, *value;
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
	for (size_t i = 0; i < config->node_count; i++) {
		json_object_foreach(json_object_get(picks->now, config->nodes[i]->name), property, value) {
			set_peers(config, result, property, json_string_value(json_array_get(value, 1)));
		}
	}
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
