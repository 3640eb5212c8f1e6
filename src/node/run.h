/* node: what one plan, apply or check works with, and what every resource type is. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_RUN_H
#define NODE_RUN_H

#include "node/accounts.h"
#include "node/channel.h"
#include "node/dpkg.h"
#include "node/index.h"
#include "node/journal.h"
#include "node/managed.h"
#include "node/place.h"
#include "node/systemd.h"
#include "wire/manifest.h"
#include "wire/request.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct item;
struct run;

/* No resource's id: what systemd itself is owed. */
#define DAEMON_RELOAD	"daemon-reload"

/* A record of what changed is for people; the number of all is told beside. */
#define RUN_TOUCHES_MAX	200u

/* On what a run spends its time. */
enum run_part { RUN_LOOK, RUN_APPLY, RUN_RESTARTS, RUN_CHECKS, RUN_PARTS };

/* One difference between what is and what shall be: an EVENT's action and detail. */
struct step {
	const char	*action;
	char		*detail;	/* or NULL */
};

/*
 * A type of resource.  Functions that look (inspect, inspect_gone) change nothing on the node and put steps on the
 * item; functions that act (apply, remove) do these steps, right after another look.
 */
struct type {
	const char	*name;
	const char	*token;		/* the member that tells what leap puts there from what others put; or NULL */
	bool		 before_once;	/* "before" is how it was when the apply began, not right before this act */
	struct err	*(*inspect)(struct run *run, struct item *item);
	struct err	*(*claim)(struct run *run, struct item *item);	/* or NULL: keep what apply will overwrite */
	/* Or NULL: write beside its place what apply() then only has to rename; item->staged says that it is there. */
	struct err	*(*stage)(struct run *run, struct item *item);
	struct err	*(*apply)(struct run *run, struct item *item);
	struct err	*(*inspect_gone)(struct run *run, struct item *item);
	struct err	*(*remove)(struct run *run, struct item *item);
	/* Or NULL: whether what left the manifest is left alone, but not forgotten. */
	bool		 (*stays)(const struct run *run, const json_t *entry);
};

/* The type, or NULL. */
const struct type	*type_find(const char *name);

/* One resource of the manifest, or one that left it. */
struct item {
	const struct type	*type;
	char			*id;
	const char		*name;		/* its path, name or key; borrowed from `want` */
	json_t			*want;		/* the resource; of a gone one as it was last wanted */
	json_t			*entry;		/* what managed.json knows of it, or NULL */
	json_t			*before;	/* what is there now when it is surely not leap's doing; else NULL */
	struct step		*steps;
	size_t			 step_count;
	char			 staged[SPOT_TEMP_SIZE];	/* what is beside its place, or "" */
	bool			 gone;		/* left the manifest */
	bool			 fresh;		/* its entry was made in this run */
	bool			 lacks_content;	/* its sha256 is not on this node */
	bool			 begun;		/* a unit that was enabled together with others */
	bool			 done;		/* another item's apply did it already */
	bool			 last;		/* it is gone, but goes only when all else is in place */
};

struct run {
	struct channel		*channel;
	const struct request	*request;
	struct manifest		*manifest;
	const char		*from;		/* where leap connects from, "" when unknown */
	const char		*connection;	/* that and the ports, "" when unknown: no two connections have the same */
	const char		*login;		/* the user as whom leap came in, "root" when nobody else is known */
	bool			 acting;	/* no plan any more */
	bool			 touched;	/* everything is claimed: from here on things change */
	bool			 complete;	/* the manifest was applied to its end */
	bool			 reverting;	/* on the way back: nobody stops it, and what fails does not stop the rest */
	bool			 cancelled;
	bool			 noted;		/* an entry remembers something new, though nothing changed */

	struct managed		 managed;
	struct journal		 journal;
	struct index		 index;
	struct accounts		 accounts;
	struct dpkg		 dpkg;
	struct systemd		 systemd;

	struct item		*items;		/* in the manifest's order */
	size_t			 item_count;
	struct item		*gone;		/* last applied first */
	size_t			 gone_count;
	json_t			*by_id;		/* id → index into items */

	json_t			*checked;	/* commands that passed before anything went live */
	json_t			*unchecked;	/* command → id: they must run when it is live, before anybody is told */

	unsigned		 changed, restarted, generation, checks, checks_failed;
	bool			 reverted;	/* after a failure the node is as it was before */
	bool			 went_back;	/* to the generation `back_to`; 0 is before leap */
	unsigned		 back_to;
	unsigned		 origin;	/* the generation whose manifest is applied again; or 0 */
	json_t			*touches;	/* ids of the first RUN_TOUCHES_MAX resources that were changed, or NULL */
	unsigned		 confirm;	/* it goes back by itself after so many seconds; 0: it stays */
	char			*nonce;		/* unless leap comes in again and says this; NULL when it stays */
	json_t			*data;		/* what else the RESULT tells, or NULL */
	const char		*failed_id;	/* the resource that failed, borrowed, or NULL */
	bool			 apt_updated;
	char			*kept;		/* where this run keeps what others changed, or NULL */
	char			*blamed;	/* keeps failed_id when its item is there no more; or NULL */
	char			 state[SHA256_HEX_SIZE];	/* preview_state() of a plan, or of an apply that expects one */
	size_t			 previewed;	/* bytes of old contents that were told */
	bool			 moved;		/* the state is not the expected one */
	bool			 marked;	/* `leap lock` keeps everybody away */
	bool			 stale;		/* who has the lock shows no sign of life */
	bool			 planned;	/* steps were told, none was done */
	double			 seconds[RUN_PARTS];
};

/* Add a step. */
__attribute__((format(printf, 3, 4)))
void		 item_step(struct item *item, const char *action, const char *format, ...);
void		 item_clear_steps(struct item *item);
bool		 item_has_step(const struct item *item, const char *action);

/* The member of the resource if it is a string, else NULL. */
const char	*item_str(const struct item *item, const char *member);

/* Whether what is there now cannot be leap's doing: leap never heard of it, or only announced it in this very run. */
bool		 item_untouched(const struct item *item);

/* Whether there is anything to be done, and not done along with another item. */
bool		 item_must_act(const struct item *item);

/* Whether it was ever applied to its end. */
bool		 item_settled(const struct item *item);

/* Remember something with the entry, under "note". */
void		 item_note(struct item *item, const char *key, json_t *take_value);
const json_t	*item_noted(const struct item *item, const char *key);

/* What is owed to the item, by the journal or, in a plan, by planned changes: "restart", "reload", "run" or NULL. */
const char	*run_owed(const struct run *run, const struct item *item);

/* Write down, before the change of `id` goes live, what it makes necessary; or only queue that. */
void		 run_owe_later(struct run *run, const char *id);
NODISCARD
struct err	*run_owe(struct run *run, const char *id);

/* Write down that systemd must read its unit files again when `path` is one, before it changes. */
NODISCARD
struct err	*run_owe_reload(struct run *run, const char *path);

/* Write down that it must for another reason. */
NODISCARD
struct err	*run_owe_daemon_reload(struct run *run);

/* Do that, if it is owed. */
NODISCARD
struct err	*run_daemon_reload(struct run *run);

/*
 * Of a plan: the resource with this id that will be removed before anything else is done, so that nothing is left of
 * it; or NULL.  An apply has done it by then and finds what there is.
 */
const struct item *run_will_remove(const struct run *run, const char *id);

/* The same by path, whatever the type. */
bool		 run_will_remove_path(const struct run *run, const char *path);

/* Whether a file or link on the way to this path will be, so that there is nothing at it. */
bool		 run_will_clear(const struct run *run, const char *path);

/* Tell leap what was done. */
void		 run_event(struct run *run, const char *id, const char *action, const char *detail, const char *error);

#endif
