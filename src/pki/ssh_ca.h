/* pki: the CA of SSH host keys: certificates and lists of revoked keys, in OpenSSH's formats. */
/* May know ssh's host keys, base.  Reads no file and nothing that comes from a network. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PKI_SSH_CA_H
#define PKI_SSH_CA_H

#include "base/mem.h"
#include "base/strs.h"

#include <stdint.h>

struct buf;

/* A new CA: an Ed25519 key as PEM, PKCS #8, and its public half, "ssh-ed25519 AAAA…". */
NODISCARD
struct err	*ssh_ca_create(struct buf *key_pem, struct buf *public_key);

/* What a certificate is to say.  It is good from one day before it is made. */
struct ssh_cert_request {
	const char		*key;		/* the host's, "ssh-ed25519 AAAA…" */
	const char		*id;		/* by which sshd's log calls it */
	const struct strs	*names;		/* by which clients may ask for the host: one at least */
	unsigned		 days;
};

/* Append a host certificate, "ssh-ed25519-cert-v01@openssh.com AAAA…" (PROTOCOL.certkeys), with a random serial. */
NODISCARD
struct err	*ssh_cert_issue(struct buf *line, const struct ssh_cert_request *request,
		    const struct buf *ca_key_pem, int64_t now);

/* What a host certificate says.  ssh_cert_fini() also after an error. */
struct ssh_cert {
	char		*key;		/* the host's, "type base64" */
	char		*id;
	char		*ca;		/* the public key that signed it, "ssh-ed25519 AAAA…" */
	struct strs	 names;
	uint64_t	 serial;
	int64_t		 starts, ends;
};

/* ERR_TRUST when the line is no host certificate that an Ed25519 key has signed, whichever that is. */
NODISCARD
struct err	*ssh_cert_read(struct ssh_cert *out, const char *line);
void		 ssh_cert_fini(struct ssh_cert *cert);

/*
 * Why the certificate has to be made anew, as a text for a person ("expires in 12 days"), or NULL when it has not: it is
 * unreadable, of another key or CA, has other names, or less than `renew_days` left.  The caller's, free().
 */
char		*ssh_cert_stale(const char *line, const struct ssh_cert_request *request, const char *ca,
		    unsigned renew_days, int64_t now);

/* Append a list of revoked keys (PROTOCOL.krl) with the SHA-256 of each of `keys`, lines of "type base64 …". */
NODISCARD
struct err	*ssh_krl_make(struct buf *krl, const struct strs *keys, int64_t now);

#endif
