/* cmd: the certificates of clients, which two commands know. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_CLIENT_H
#define CMD_CLIENT_H

#include "base/mem.h"

/* ERR_USAGE when it cannot name a client. */
NODISCARD
struct err	*client_name_check(const char *name);

/* "files/clients/NAME.crt", the caller's, free(). */
char		*client_path(const char *name, const char *suffix);

#endif
