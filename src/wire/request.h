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
 * REQUEST {"version": 1, "op": "apply"|"plan"|"check", "who": "user@host", "commit": HEX or "",
 *          "thorough": bool, "purge_packages": bool, "lock_wait": seconds}
 *
 * HELLO   {"version": 1, "program": SHA-256, "hostname": TEXT, "debian": "13", "arch": "x86_64"}
 *
 * EVENT   {"resource": id, "action": ACTION, "detail": TEXT?, "error": TEXT?}
 *         ACTION: "create" "update" "remove" "keep" (a foreign change was put aside, detail is where)
 *                 "install" "restart" "reload" "start" "stop" "enable" "disable" "run" "check" "warn"
 *
 * RESULT  {"result": "ok"|"failed"|"locked"|"cancelled", "changed": N, "restarted": N, "generation": N,
 *          "checks": N, "checks_failed": N, "error": TEXT?, "resource": id?, "lock": TEXT?}
 *         changed counts resources; a plan counts what would be.
 */
struct request {
	char	*op;
	char	*who;
	char	*commit;
	int	 thorough;
	int	 purge_packages;
	unsigned lock_wait;
};

void		 request_fini(struct request *request);
json_t		*request_to_json(const struct request *request);	/* a new reference */
NODISCARD
struct err	*request_parse(struct request *request, const char *data, size_t len);

#endif
