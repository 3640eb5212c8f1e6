/* pki: the parts that certificates are built from. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pki/extension.h"

#include "base/strs.h"

#include <arpa/inet.h>
#include <openssl/bn.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SERIAL_BITS	128
#define KEY_ID_LEN	20

/* Positive, never zero, 17 octets of DER at most (RFC 5280, 4.1.2.2 allows 20). */
static bool
set_serial(X509 *cert)
{
	BIGNUM		*number = BN_new();
	ASN1_INTEGER	*serial = NULL;
	bool		 done = false;

	if (number != NULL && BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) &&
	    !BN_is_zero(number) && (serial = BN_to_ASN1_INTEGER(number, NULL)) != NULL)
		done = X509_set_serialNumber(cert, serial) == 1;
	ASN1_INTEGER_free(serial);
	BN_free(number);
	return done;
}

static bool
set_dates(X509 *cert, int64_t from, int64_t to)
{
	return ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)from) != NULL &&
	    ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)to) != NULL;
}

X509 *
part_cert(EVP_PKEY *key, int64_t now, unsigned days)
{
	X509 *cert = X509_new();

	if (cert != NULL && X509_set_version(cert, X509_VERSION_3) && set_serial(cert) &&
	    set_dates(cert, now - DAY, now + days * DAY) && X509_set_pubkey(cert, key))
		return cert;
	X509_free(cert);
	return NULL;
}

bool
part_subject(X509_NAME *name, const char *field, const char *text)
{
	return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0) == 1;
}

bool
part_extension(X509 *cert, int nid, void *value, bool critical)
{
	return value != NULL && X509_add1_ext_i2d(cert, nid, value, critical, X509V3_ADD_APPEND) == 1;
}

bool
part_constraints(X509 *cert, bool ca)
{
	BASIC_CONSTRAINTS	*value = BASIC_CONSTRAINTS_new();
	bool			 done = value != NULL;

	if (done && ca) {
		value->ca = 0xff;
		value->pathlen = ASN1_INTEGER_new();
		done = value->pathlen != NULL && ASN1_INTEGER_set(value->pathlen, 0);
	}
	done = done && part_extension(cert, NID_basic_constraints, value, true);
	BASIC_CONSTRAINTS_free(value);
	return done;
}

/* The bits are numbered from the left.  TLS 1.2 may use an RSA key to encipher, too. */
bool
part_key_usage(X509 *cert, bool ca)
{
	enum { DIGITAL_SIGNATURE = 0, KEY_ENCIPHERMENT = 2, KEY_CERT_SIGN = 5, CRL_SIGN = 6 };
	ASN1_BIT_STRING	*value = ASN1_BIT_STRING_new();
	bool		 done = value != NULL;

	if (done && ca)
		done = ASN1_BIT_STRING_set_bit(value, KEY_CERT_SIGN, 1) && ASN1_BIT_STRING_set_bit(value, CRL_SIGN, 1);
	else if (done)
		done = ASN1_BIT_STRING_set_bit(value, DIGITAL_SIGNATURE, 1) == 1;
	if (done && !ca && EVP_PKEY_is_a(X509_get0_pubkey(cert), "RSA"))
		done = ASN1_BIT_STRING_set_bit(value, KEY_ENCIPHERMENT, 1) == 1;
	done = done && part_extension(cert, NID_key_usage, value, true);
	ASN1_BIT_STRING_free(value);
	return done;
}

bool
part_extended_usage(X509 *cert, bool server, bool client)
{
	EXTENDED_KEY_USAGE	*value = EXTENDED_KEY_USAGE_new();
	bool			 done = value != NULL;

	if (done && server)
		done = sk_ASN1_OBJECT_push(value, OBJ_nid2obj(NID_server_auth)) > 0;
	if (done && client)
		done = sk_ASN1_OBJECT_push(value, OBJ_nid2obj(NID_client_auth)) > 0;
	if (done && (server || client))
		done = part_extension(cert, NID_ext_key_usage, value, false);
	EXTENDED_KEY_USAGE_free(value);
	return done;
}

/* The identifier of the public key in `cert`: SHA-256 cut to 160 bits (RFC 7093, 2, method 1). */
static ASN1_OCTET_STRING *
key_id(const X509 *cert)
{
	ASN1_OCTET_STRING	*id = ASN1_OCTET_STRING_new();
	unsigned char		 digest[EVP_MAX_MD_SIZE];
	unsigned		 len = 0;

	if (id != NULL && X509_pubkey_digest(cert, EVP_sha256(), digest, &len) && len >= KEY_ID_LEN &&
	    ASN1_OCTET_STRING_set(id, digest, KEY_ID_LEN))
		return id;
	ASN1_OCTET_STRING_free(id);
	return NULL;
}

ASN1_OCTET_STRING *
part_key_id_of(const X509 *issuer)
{
	const ASN1_OCTET_STRING *given = X509_get0_subject_key_id((X509 *)issuer);

	return given != NULL ? ASN1_OCTET_STRING_dup(given) : key_id(issuer);
}

bool
part_key_ids(X509 *cert, const X509 *issuer)
{
	ASN1_OCTET_STRING	*own = key_id(cert);
	AUTHORITY_KEYID		*authority = AUTHORITY_KEYID_new();
	bool			 done;

	if (authority != NULL)
		authority->keyid = issuer == cert ? key_id(cert) : part_key_id_of(issuer);
	done = own != NULL && authority != NULL && authority->keyid != NULL &&
	    part_extension(cert, NID_subject_key_identifier, own, false) &&
	    part_extension(cert, NID_authority_key_identifier, authority, false);
	ASN1_OCTET_STRING_free(own);
	AUTHORITY_KEYID_free(authority);
	return done;
}

/* A name of this type; NULL when there is no memory. */
static GENERAL_NAME *
new_name(int type, const void *data, int len)
{
	GENERAL_NAME	*name = GENERAL_NAME_new();
	ASN1_STRING	*value = ASN1_STRING_type_new(type == GEN_IPADD ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);

	if (name == NULL || value == NULL || !ASN1_STRING_set(value, data, len)) {
		GENERAL_NAME_free(name);
		ASN1_STRING_free(value);
		return NULL;
	}
	GENERAL_NAME_set0_value(name, type, value);
	return name;
}

static bool
push_name(GENERAL_NAMES *names, int type, const void *data, int len)
{
	GENERAL_NAME *name = new_name(type, data, len);

	if (name != NULL && sk_GENERAL_NAME_push(names, name) > 0)
		return true;
	GENERAL_NAME_free(name);
	return false;
}

int
part_address(const char *text, unsigned char out[16])
{
	if (inet_pton(AF_INET, text, out) == 1)
		return 4;
	return inet_pton(AF_INET6, text, out) == 1 ? 16 : 0;
}

/* Whether list[index] was there before. */
static bool
repeated(const struct strs *list, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (strcasecmp(list->items[i], list->items[index]) == 0)
			return true;
	}
	return false;
}

GENERAL_NAMES *
part_names(const struct strs *dns_names, const struct strs *addresses)
{
	GENERAL_NAMES	*names = GENERAL_NAMES_new();
	unsigned char	 bytes[16];
	bool		 done = names != NULL;

	for (size_t i = 0; done && i < dns_names->count; i++)
		done = repeated(dns_names, i) || push_name(names, GEN_DNS, dns_names->items[i], -1);
	for (size_t i = 0; done && addresses != NULL && i < addresses->count; i++)
		done = repeated(addresses, i) ||
		    push_name(names, GEN_IPADD, bytes, part_address(addresses->items[i], bytes));
	if (done)
		return names;
	GENERAL_NAMES_free(names);
	return NULL;
}

static bool
push_limit(STACK_OF(GENERAL_SUBTREE) **trees, int type, const void *data, int len)
{
	GENERAL_SUBTREE *tree = GENERAL_SUBTREE_new();

	if (*trees == NULL)
		*trees = sk_GENERAL_SUBTREE_new_null();
	if (tree != NULL) {
		GENERAL_NAME_free(tree->base);
		tree->base = new_name(type, data, len);
	}
	if (*trees != NULL && tree != NULL && tree->base != NULL && sk_GENERAL_SUBTREE_push(*trees, tree) > 0)
		return true;
	GENERAL_SUBTREE_free(tree);
	return false;
}

/*
 * A kind of name without any subtree would be open to everything: mail is limited as names are (a host, and with a dot
 * before it all hosts below), and addresses are excluded as 0.0.0.0/0 and ::/0.
 */
bool
part_limits(X509 *cert, const struct strs *domains, bool addresses)
{
	static const unsigned char	 all[32];
	NAME_CONSTRAINTS		*limits = NAME_CONSTRAINTS_new();
	bool				 done = limits != NULL;
	char				*below;

	for (size_t i = 0; done && i < domains->count; i++) {
		below = xasprintf(".%s", domains->items[i]);
		done = push_limit(&limits->permittedSubtrees, GEN_DNS, domains->items[i], -1) &&
		    push_limit(&limits->permittedSubtrees, GEN_EMAIL, domains->items[i], -1) &&
		    push_limit(&limits->permittedSubtrees, GEN_EMAIL, below, -1);
		free(below);
	}
	if (done && !addresses)
		done = push_limit(&limits->excludedSubtrees, GEN_IPADD, all, 8) &&
		    push_limit(&limits->excludedSubtrees, GEN_IPADD, all, 32);
	done = done && part_extension(cert, NID_name_constraints, limits, true);
	NAME_CONSTRAINTS_free(limits);
	return done;
}
