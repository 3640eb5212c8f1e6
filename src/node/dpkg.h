/* node: which Debian packages are installed. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_DPKG_H
#define NODE_DPKG_H

#include "base/buf.h"

#include <stdbool.h>

#define DPKG_STATUS	"/var/lib/dpkg/status"

/* dpkg's database, read when first asked. */
struct dpkg {
	struct buf	 status;
	bool		 loaded;
};

/* Whether `name` or "name:architecture" is installed, dependencies and all. */
NODISCARD
struct err	*dpkg_installed(struct dpkg *dpkg, const char *name, bool *installed);

/* Forget what was read: something may have changed it. */
void		 dpkg_forget(struct dpkg *dpkg);

/* The same question of a text in the form of /var/lib/dpkg/status (deb822(5), dpkg-query(1)). */
bool		 dpkg_find(const char *status, const char *name);

#endif
