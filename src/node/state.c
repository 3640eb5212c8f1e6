/* node: where things are kept on a node. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/state.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/strs.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

static struct err *
check_one(const char *path)
{
	struct stat	 st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? NULL : err_errno(ERR_FAILED, "%s", path);
	if (S_ISLNK(st.st_mode))
		return err_hint(err_new(ERR_FAILED, "%s is a symbolic link", path),
		    "leap follows none to its records: put there what it leads to, or mount another disk at %s", NODE_STATE);
	if (st.st_uid != 0)
		return err_hint(err_new(ERR_FAILED, "%s belongs to the user %u, not to root", path, (unsigned)st.st_uid),
		    "see who put it there, then give it to root or remove it");
	return NULL;
}

struct err *
state_check(void)
{
	struct strs	 names = { 0 };
	struct err	*e;
	char		*path;

	e = check_one(NODE_STATE);
	if (e == NULL)
		e = dir_list(NODE_STATE, &names);
	for (size_t i = 0; e == NULL && i < names.count; i++) {
		path = path_join(NODE_STATE, names.items[i]);
		e = check_one(path);
		free(path);
	}
	strs_fini(&names);
	return e;
}

struct err *
state_make(void)
{
	struct err	*e;

	e = dir_make(NODE_STATE, 0700);
	if (e == NULL && chmod(NODE_STATE, 0700) != 0)
		e = err_errno(ERR_FAILED, "%s", NODE_STATE);
	if (e == NULL)
		e = dir_make(STATE_STORE, 0700);
	if (e == NULL)
		e = dir_make(STATE_GENERATIONS, 0700);
	return e;
}
