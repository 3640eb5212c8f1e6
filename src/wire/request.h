/* wire: what leap asks of a node, and what the node answers. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WIRE_REQUEST_H
#define WIRE_REQUEST_H

#include "base/mem.h"

#include <jansson.h>

#define WIRE_VERSION	1
#define NODE_STATE	"/var/lib/leap"

/*
 * REQUEST {"version": 1, "op": OP, "who": "user@host", "commit": HEX or "", and what the op wants of these:
 *          "thorough": bool, "purge_packages": bool, "lock_wait": seconds, "keep": bool, "confirm": seconds,
 *          "generation": N, "nonce": HEX, "path": PATH, "message": TEXT, "expect": SHA-256,
 *          "careful": bool, "dirty": bool, "force": bool}
 *
 *         OP: "apply"    bring the node to the manifest; when a step fails, back to where it was, unless "keep";
 *                        with "expect" only when the node's "state" still is that one;
 *                        "careful": when anything is to be done, it becomes a plan
 *             "plan"     the same, stopped before it acts
 *             "check"    the manifest's checks
 *             "rollback" apply a generation of the node's own, 0 for the one before; the manifest is not looked at
 *             "history"  "data" is {"generations": [RECORD, ...], "current": N}
 *             "status"   "data" is {"resources": [{"resource", "state", "detail"?}, ...], "in_sync": N, ...}
 *             "confirm"  leap came in again: "generation", whose "nonce" this is, stays
 *             "fetch"    "data" is {"path", "content": base64, "mode", "owner", "group"} of a managed file
 *             "lock"     no deploys from now on, because of "message"; "unlock" allows them again, and "data" has "running",
 *                        whose work is under way, if any is; with "force" that is ended, and "ended" says whose it was
 *
 * HELLO   {"version": 1, "program": SHA-256, "hostname": TEXT, "debian": "13", "arch": "x86_64"}
 *
 * EVENT   {"resource": id, "action": ACTION, "detail": TEXT?, "error": TEXT?, "old": TEXT?}
 *         ACTION: "create" "update" "remove" "keep" (a foreign change was put aside, detail is where)
 *                 "install" "restart" "reload" "start" "stop" "enable" "disable" "run" "check" "warn"
 *                 "revert" (all that follows goes back to a generation; detail says to which, and why)
 *
 *         A plan's events of files have in "old" the content that is there now, when it is a text and no secret.
 *
 * RESULT  {"result": "ok"|"failed"|"locked"|"cancelled"|"moved"|"planned", "changed": N, "restarted": N, "generation": N,
 *          "checks": N, "checks_failed": N, "error": TEXT?, "resource": id?, "lock": TEXT?,
 *          "marked": bool?, "stale": bool?, "reverted": bool?, "confirm": seconds?, "nonce": HEX?, "data": {...}?, "state": SHA-256?,
 *          "bytes": N?, "milliseconds": {"look": N, "apply": N, "restarts": N, "checks": N}}
 *         "lock" says whose work keeps others away: that of a deploy, "stale" when it shows no sign of life, or "marked", of
 *         whoever said `leap lock`.
 *         changed counts resources; a plan counts what would be.  After "reverted" the node is as it was before.  With
 *         "confirm" it goes back by itself after so many seconds, unless a new connection brings the nonce.
 *         "state" names all that a plan looked at (node/preview.h); "moved": it is not the expected one.
 *         "bytes" is what a plan's contents come to that leap would have to send.
 */
struct request {
	char	*op;
	char	*who;
	char	*commit;
	char	*nonce;		/* the last four may be NULL; after request_parse() they are "" */
	char	*path;
	char	*message;
	char	*expect;
	int	 thorough;
	int	 purge_packages;
	int	 keep;
	int	 careful;
	int	 dirty;		/* what is sent is the commit and changes that are in none */
	int	 force;
	unsigned lock_wait;
	unsigned confirm;	/* 0: what is risky stays without a question */
	unsigned generation;
};

#define CONFIRM_MAX	3600u	/* seconds that a node may wait to be asked for again */

void		 request_fini(struct request *request);
json_t		*request_to_json(const struct request *request);	/* a new reference */
NODISCARD
struct err	*request_parse(struct request *request, const char *data, size_t len);

#endif
