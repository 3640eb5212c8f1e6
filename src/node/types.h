/* node: the types of resources there are. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef NODE_TYPES_H
#define NODE_TYPES_H

struct type;

/* The rules of the firewall resource, for the next boot. */
#define FIREWALL_RULES	"/etc/leap/firewall.nft"

extern const struct type	 type_package;
extern const struct type	 type_group;
extern const struct type	 type_user;
extern const struct type	 type_directory;
extern const struct type	 type_file;
extern const struct type	 type_link;
extern const struct type	 type_unit;
extern const struct type	 type_sysctl;
extern const struct type	 type_firewall;
extern const struct type	 type_exec;

#endif
