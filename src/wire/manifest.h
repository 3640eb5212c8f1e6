/* wire: the manifest, all that must be so on one node. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WIRE_MANIFEST_H
#define WIRE_MANIFEST_H

#include "base/mem.h"
#include "base/sha256.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>

struct buf;

/*
 * A manifest is JSON:
 *
 *   { "version": 1, "node": "web1",
 *     "resources": [ RESOURCE, ... ],     in the order in which they are applied
 *     "checks":    [ CHECK, ... ] }
 *
 * Every RESOURCE has "type" and a member that names it within the type; the two
 * make its id, "file:/etc/motd".  All paths are absolute and without "." or "..", none lies below a file or link
 * of the same manifest, nor in /proc, /sys, /dev, /run/leap or /var/lib/leap.
 *
 *   package    name
 *   group      name, gid?, system?
 *   user       name, uid?, group?, groups?[], home?, shell?, comment?, system?, create_home?
 *   directory  path, mode, owner, group
 *   file       path, mode, owner, group, sha256, size, secret?, check?      (template and binary become file)
 *   link       path, target, check?
 *   unit       name, enabled?, active?, restart_on?[ids], reload_on?[ids]
 *   sysctl     key, value
 *   firewall   name (the nft table, family inet), sha256, size      content: a ruleset that defines just this table
 *   exec       name, command, creates? | unless? | on?[ids]         command runs under /bin/sh -eu
 *
 * "check" is a shell command that must succeed before what it checks goes live: it runs, once however many name it, where
 * this and all later files, links and directories of the manifest are at their places already, and nobody else sees them.
 *
 * A unit's "enabled" and "active" are true, false or absent (do not care).  Modes are octal strings, "0644".
 * restart_on, reload_on and on name resources of this manifest written before them.
 *
 * A CHECK is {"type": "listen", "port", "protocol": "tcp"|"udp", "address"?},
 * {"type": "http", "url", "status", "host"?, "contains"?} (plain http),
 * {"type": "unit", "name"} or {"type": "command", "command", "name"};
 * each may have "timeout" in seconds (10).
 */
#define MANIFEST_VERSION	1
#define MANIFEST_MAX		(64u << 20)
#define BLOB_MAX		(1u << 30)

/* The bytes of a blob, which those of several manifests may share; cleansed by the last one if it is secret in any. */
struct content {
	atomic_size_t	 users;
	size_t		 len;
	bool		 secret;
	char		 sha256[SHA256_HEX_SIZE];
	char		 data[];	/* a NUL behind it */
};

/* The content of a file, named by its SHA-256. */
struct blob {
	char		 sha256[SHA256_HEX_SIZE];
	const char	*data;
	size_t		 len;
	int		 secret;
	struct content	*content;	/* what has the data */
};

struct manifest {
	json_t		*root;		/* as above */
	struct blob	*blobs;		/* those that its resources name; empty on the node; sorted by sha256 */
	size_t		 blob_count;
	size_t		 blob_cap;
};

/* The members in which a resource names what it watches, and what a change there makes it do; strongest first. */
#define MANIFEST_WATCHES	3u
extern const struct manifest_watch {
	const char	*member;
	const char	*action;
} manifest_watches[MANIFEST_WATCHES];

void		 manifest_init(struct manifest *manifest, const char *node);
void		 manifest_fini(struct manifest *manifest);

/* Keep a copy of `data` as a blob (one of a kind) and return its name, borrowed. */
const char	*manifest_add_blob(struct manifest *manifest, const void *data, size_t len, int secret);

/* The same without a copy: the manifest shares it, the caller's stays the caller's. */
const char	*manifest_add_content(struct manifest *manifest, struct content *content, int secret);

/* A copy of `data`, with one user, who gives it back with content_drop(). */
struct content	*content_new(const void *data, size_t len);
void		 content_drop(struct content *content);

/* The blob of this name, or NULL. */
const struct blob *manifest_blob(const struct manifest *manifest, const char *sha256);

/* "file:/etc/motd", the caller's, free().  NULL when the resource has no known type or name. */
char		*resource_id(const json_t *resource);

/* Whether a type's resource is named by "path", "name" or "key"; NULL for an unknown type. */
const char	*resource_key(const char *type);

/*
 * Parse and check everything the comment above promises: the node trusts
 * nothing, the recipes' author gets an error that names the resource.
 */
NODISCARD
struct err	*manifest_check(const json_t *root);
NODISCARD
struct err	*manifest_parse(struct manifest *manifest, const char *data, size_t len);

/* SHA-256 of the canonical JSON: the manifest's name. */
void		 manifest_hash(const struct manifest *manifest, char out[SHA256_HEX_SIZE]);

#endif
