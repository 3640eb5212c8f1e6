/* node: what systemd says of its units. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_SYSTEMD_H
#define NODE_SYSTEMD_H

#include "base/strs.h"

#include <stdbool.h>
#include <stddef.h>

struct unit {
	char	*name;		/* as asked, with its suffix */
	bool	 found;		/* there is a unit file, or the unit runs without one */
	bool	 active;
	bool	 enabled;
	bool	 fixed;		/* can be neither enabled nor disabled: something else pulls it in */
	bool	 masked;
	char	*state;		/* ActiveState, for messages */
};

struct systemd {
	struct strs	 names;		/* all units that will be asked for */
	struct unit	*units;		/* in the order of `names`, when loaded */
	bool		 loaded;
};

/* Announce a unit, so that one question answers for all. */
void		 systemd_announce(struct systemd *systemd, const char *name);

/* The state of an announced unit, borrowed.  Asks systemd for all of them when nothing is known. */
NODISCARD
struct err	*systemd_unit(struct systemd *systemd, const char *name, const struct unit **unit);

/* Forget what systemd said: something may have changed it. */
void		 systemd_forget(struct systemd *systemd);
void		 systemd_fini(struct systemd *systemd);

/* Take the answer of `systemctl show` apart; fails when there are not as many units as names. */
NODISCARD
struct err	*systemd_parse(struct systemd *systemd, const char *answer);

/* Enable all of them, without having systemd read its unit files again; true when all could be. */
bool		 systemd_enable(struct systemd *systemd, const struct strs *names);

/* systemctl VERB NAME (may be NULL).  A start or restart that fails quotes the unit's last lines in the journal. */
NODISCARD
struct err	*systemd_do(struct systemd *systemd, const char *verb, const char *name);

#endif
