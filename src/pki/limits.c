/* pki: the names that certificates can have, and those that a CA is limited to. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pki/ca.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/strs.h"
#include "pki/pem.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool
cert_name_valid(const char *name)
{
	const char	*label = name;
	size_t		 n;

	if (strlen(name) > 253)
		return false;
	for (;;) {
		n = strspn(label, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
		if (n == 0 || n > 63 || label[0] == '-' || label[n - 1] == '-')
			return false;
		if (label[n] == '\0')
			return true;
		if (label[n] != '.')
			return false;
		label += n + 1;
	}
}

bool
cert_wildcard_valid(const char *name)
{
	return cert_name_valid(str_starts(name, "*.") ? name + 2 : name);
}

bool
ca_name_allowed(const struct strs *domains, const char *name)
{
	size_t len = strlen(name), tail;

	for (size_t i = 0; i < domains->count; i++) {
		tail = strlen(domains->items[i]);
		if (len >= tail && strcasecmp(name + len - tail, domains->items[i]) == 0 &&
		    (len == tail || name[len - tail - 1] == '.'))
			return true;
	}
	return domains->count == 0;
}

/* Whether there is an address among them: our CAs exclude all addresses, or none. */
static bool
has_address(const STACK_OF(GENERAL_SUBTREE) *trees)
{
	for (int i = 0; i < sk_GENERAL_SUBTREE_num(trees); i++) {
		if (sk_GENERAL_SUBTREE_value(trees, i)->base->type == GEN_IPADD)
			return true;
	}
	return false;
}

static void
add_domains(struct strs *domains, const STACK_OF(GENERAL_SUBTREE) *trees)
{
	for (int i = 0; i < sk_GENERAL_SUBTREE_num(trees); i++) {
		const GENERAL_NAME	*base = sk_GENERAL_SUBTREE_value(trees, i)->base;
		char			*text;

		if (base->type != GEN_DNS)
			continue;
		text = xstrndup((const char *)ASN1_STRING_get0_data(base->d.dNSName),
		    (size_t)ASN1_STRING_length(base->d.dNSName));
		strs_add(domains, text);
		free(text);
	}
}

struct err *
ca_limits(const struct buf *ca_cert_pem, struct strs *domains, bool *addresses)
{
	X509			*ca = pem_cert(ca_cert_pem);
	NAME_CONSTRAINTS	*limits;

	if (ca == NULL)
		return err_new(ERR_TRUST, "the CA's certificate cannot be read");
	*addresses = true;
	if ((limits = X509_get_ext_d2i(ca, NID_name_constraints, NULL, NULL)) != NULL) {
		add_domains(domains, limits->permittedSubtrees);
		*addresses = !has_address(limits->excludedSubtrees);
	}
	NAME_CONSTRAINTS_free(limits);
	X509_free(ca);
	ERR_clear_error();
	return NULL;
}
