/* pki: certificate authorities and the certificates they sign. */
/* May know base.  Reads no file and nothing that comes from a network. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pki/ca.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/strs.h"
#include "pki/pem.h"

#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define DAY		((int64_t)24 * 60 * 60)
#define DAY_SIZE	sizeof("2000-01-01")
#define SERIAL_BITS	128
#define KEY_ID_LEN	20
#define NAME_MAX_LEN	64	/* ub-common-name, ub-organization-name: RFC 5280, appendix A.1 */

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

/* 4 or 16 bytes, or 0 when it is no address. */
static int
parse_address(const char *text, unsigned char out[16])
{
	if (inet_pton(AF_INET, text, out) == 1)
		return 4;
	return inet_pton(AF_INET6, text, out) == 1 ? 16 : 0;
}

NODISCARD
static struct err *
check_request(const struct cert_request *request)
{
	unsigned char bytes[16];

	if (request->dns_names->count == 0)
		return err_new(ERR_CONFIG, "a certificate needs at least one name");
	for (size_t i = 0; i < request->dns_names->count; i++) {
		if (!cert_name_valid(request->dns_names->items[i]))
			return err_hint(err_new(ERR_CONFIG, "\"%s\" is no domain name that a certificate can have",
			    request->dns_names->items[i]), "use letters, digits and hyphens between the dots");
	}
	for (size_t i = 0; i < request->addresses->count; i++) {
		if (parse_address(request->addresses->items[i], bytes) == 0)
			return err_new(ERR_CONFIG, "\"%s\" is no IP address", request->addresses->items[i]);
	}
	if (request->days == 0)
		return err_new(ERR_CONFIG, "a certificate must last at least a day");
	return NULL;
}

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

static bool
add_name(X509_NAME *name, const char *field, const char *text)
{
	return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0) == 1;
}

static bool
add_extension(X509 *cert, int nid, void *value, bool critical)
{
	return value != NULL && X509_add1_ext_i2d(cert, nid, value, critical, X509V3_ADD_APPEND) == 1;
}

/* RFC 5280, 4.2.1.9.  A path length of 0: our CAs sign no CAs. */
static bool
add_constraints(X509 *cert, bool ca)
{
	BASIC_CONSTRAINTS	*value = BASIC_CONSTRAINTS_new();
	bool			 done = value != NULL;

	if (done && ca) {
		value->ca = 0xff;
		value->pathlen = ASN1_INTEGER_new();
		done = value->pathlen != NULL && ASN1_INTEGER_set(value->pathlen, 0);
	}
	done = done && add_extension(cert, NID_basic_constraints, value, true);
	BASIC_CONSTRAINTS_free(value);
	return done;
}

/* RFC 5280, 4.2.1.3; the bits are numbered from the left. */
static bool
add_key_usage(X509 *cert, bool ca)
{
	enum { DIGITAL_SIGNATURE = 0, KEY_CERT_SIGN = 5, CRL_SIGN = 6 };
	ASN1_BIT_STRING	*value = ASN1_BIT_STRING_new();
	bool		 done;

	if (value == NULL)
		return false;
	if (ca)
		done = ASN1_BIT_STRING_set_bit(value, KEY_CERT_SIGN, 1) && ASN1_BIT_STRING_set_bit(value, CRL_SIGN, 1);
	else
		done = ASN1_BIT_STRING_set_bit(value, DIGITAL_SIGNATURE, 1) == 1;
	done = done && add_extension(cert, NID_key_usage, value, true);
	ASN1_BIT_STRING_free(value);
	return done;
}

/* RFC 5280, 4.2.1.12. */
static bool
add_extended_usage(X509 *cert, const struct cert_request *request)
{
	EXTENDED_KEY_USAGE	*value = EXTENDED_KEY_USAGE_new();
	bool			 done = value != NULL;

	if (done && request->server)
		done = sk_ASN1_OBJECT_push(value, OBJ_nid2obj(NID_server_auth)) > 0;
	if (done && request->client)
		done = sk_ASN1_OBJECT_push(value, OBJ_nid2obj(NID_client_auth)) > 0;
	if (done && (request->server || request->client))
		done = add_extension(cert, NID_ext_key_usage, value, false);
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

/* Subject and authority key identifiers (RFC 5280, 4.2.1.1 and 4.2.1.2). */
static bool
add_key_ids(X509 *cert, const X509 *issuer)
{
	const ASN1_OCTET_STRING	*theirs = issuer == cert ? NULL : X509_get0_subject_key_id((X509 *)issuer);
	ASN1_OCTET_STRING	*own = key_id(cert);
	AUTHORITY_KEYID		*authority = AUTHORITY_KEYID_new();
	bool			 done;

	if (authority != NULL)
		authority->keyid = theirs != NULL ? ASN1_OCTET_STRING_dup(theirs) : key_id(issuer);
	done = own != NULL && authority != NULL && authority->keyid != NULL &&
	    add_extension(cert, NID_subject_key_identifier, own, false) &&
	    add_extension(cert, NID_authority_key_identifier, authority, false);
	ASN1_OCTET_STRING_free(own);
	AUTHORITY_KEYID_free(authority);
	return done;
}

/* Takes `take_value`. */
static bool
push_name(GENERAL_NAMES *names, int type, void *take_value)
{
	GENERAL_NAME *name = GENERAL_NAME_new();

	if (name == NULL || take_value == NULL) {
		GENERAL_NAME_free(name);
		ASN1_STRING_free(take_value);
		return false;
	}
	GENERAL_NAME_set0_value(name, type, take_value);
	if (sk_GENERAL_NAME_push(names, name) > 0)
		return true;
	GENERAL_NAME_free(name);
	return false;
}

static bool
push_dns(GENERAL_NAMES *names, const char *text)
{
	ASN1_IA5STRING *value = ASN1_IA5STRING_new();

	if (value != NULL && !ASN1_STRING_set(value, text, -1)) {
		ASN1_IA5STRING_free(value);
		value = NULL;
	}
	return push_name(names, GEN_DNS, value);
}

static bool
push_address(GENERAL_NAMES *names, const char *text)
{
	ASN1_OCTET_STRING	*value = ASN1_OCTET_STRING_new();
	unsigned char		 bytes[16];

	if (value != NULL && !ASN1_OCTET_STRING_set(value, bytes, parse_address(text, bytes))) {
		ASN1_OCTET_STRING_free(value);
		value = NULL;
	}
	return push_name(names, GEN_IPADD, value);
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

/* RFC 5280, 4.2.1.6. */
static bool
add_alternative_names(X509 *cert, const struct cert_request *request)
{
	GENERAL_NAMES	*names = GENERAL_NAMES_new();
	bool		 done = names != NULL;

	for (size_t i = 0; done && i < request->dns_names->count; i++)
		done = repeated(request->dns_names, i) || push_dns(names, request->dns_names->items[i]);
	for (size_t i = 0; done && i < request->addresses->count; i++)
		done = repeated(request->addresses, i) || push_address(names, request->addresses->items[i]);
	done = done && add_extension(cert, NID_subject_alt_name, names, false);
	GENERAL_NAMES_free(names);
	return done;
}

/* Version 3, a serial, dates from a day before `now` (clocks differ), a public key. */
static X509 *
new_cert(EVP_PKEY *key, int64_t now, unsigned days)
{
	X509 *cert = X509_new();

	if (cert != NULL && X509_set_version(cert, X509_VERSION_3) && set_serial(cert) &&
	    set_dates(cert, now - DAY, now + days * DAY) && X509_set_pubkey(cert, key))
		return cert;
	X509_free(cert);
	return NULL;
}

static bool
finish_ca(X509 *cert, EVP_PKEY *key, const char *common_name, const char *organization)
{
	X509_NAME *name = X509_get_subject_name(cert);

	return (organization == NULL || add_name(name, "O", organization)) && add_name(name, "CN", common_name) &&
	    X509_set_issuer_name(cert, name) && add_constraints(cert, true) && add_key_usage(cert, true) &&
	    add_key_ids(cert, cert) && X509_sign(cert, key, EVP_sha256()) > 0;
}

/* The first name, unless it is too long for a common name: OpenVPN wants some subject, and SAN decides. */
static const char *
common_name(const struct strs *names)
{
	for (size_t i = 0; i < names->count; i++) {
		if (strlen(names->items[i]) <= NAME_MAX_LEN)
			return names->items[i];
	}
	return NULL;
}

static bool
finish_leaf(X509 *cert, const struct cert_request *request, X509 *ca, EVP_PKEY *ca_key)
{
	X509_NAME *name = X509_get_subject_name(cert);

	return add_name(name, "CN", common_name(request->dns_names)) &&
	    X509_set_issuer_name(cert, X509_get_subject_name(ca)) && add_constraints(cert, false) &&
	    add_key_usage(cert, false) && add_extended_usage(cert, request) && add_key_ids(cert, ca) &&
	    add_alternative_names(cert, request) && X509_sign(cert, ca_key, EVP_sha256()) > 0;
}

/* Append both or none. */
NODISCARD
static struct err *
hand_out(struct buf *key_pem, struct buf *cert_pem, EVP_PKEY *key, X509 *cert)
{
	size_t		 start = cert_pem->len;
	struct err	*e;

	if ((e = pem_add_cert(cert_pem, cert)) == NULL && (e = pem_add_key(key_pem, key)) != NULL)
		buf_drop(cert_pem, cert_pem->len - start);
	return e;
}

static size_t
count_characters(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

struct err *
ca_create(struct buf *key_pem, struct buf *cert_pem, const char *name, const char *organization, unsigned days,
    int64_t now)
{
	EVP_PKEY	*key = NULL;
	X509		*cert = NULL;
	struct err	*e;

	if (*name == '\0' || count_characters(name) > NAME_MAX_LEN ||
	    (organization != NULL && (*organization == '\0' || count_characters(organization) > NAME_MAX_LEN)))
		return err_new(ERR_CONFIG, "\"%s\" cannot name a CA: 1 to %d characters", name, NAME_MAX_LEN);
	if (days == 0)
		return err_new(ERR_CONFIG, "a CA must last at least a day");
	key = EVP_EC_gen("P-256");
	if (key != NULL && (cert = new_cert(key, now, days)) != NULL && finish_ca(cert, key, name, organization))
		e = hand_out(key_pem, cert_pem, key, cert);
	else
		e = pem_error(ERR_FAILED, "make a CA");
	X509_free(cert);
	EVP_PKEY_free(key);
	return e;
}

static void
format_day(int64_t date, char out[DAY_SIZE])
{
	time_t		 t = (time_t)date;
	struct tm	 tm;

	if (gmtime_r(&t, &tm) == NULL || strftime(out, DAY_SIZE, "%Y-%m-%d", &tm) == 0)
		snprintf(out, DAY_SIZE, "?");
}

/* Whether this CA can sign a certificate that ends at `end`. */
NODISCARD
static struct err *
check_ca(X509 *ca, EVP_PKEY *ca_key, int64_t now, int64_t end)
{
	int64_t	ca_end;
	char	day[DAY_SIZE], last[DAY_SIZE];

	if (ca == NULL)
		return err_new(ERR_TRUST, "the CA's certificate cannot be read");
	if (ca_key == NULL)
		return err_new(ERR_TRUST, "the CA's private key cannot be read");
	if (X509_check_private_key(ca, ca_key) != 1)
		return err_new(ERR_TRUST, "the CA's private key does not belong to its certificate");
	if (X509_check_ca(ca) != 1)
		return err_new(ERR_TRUST, "the CA's certificate is not one of a CA");
	ca_end = pem_ends_at(ca);
	format_day(ca_end, last);
	if (ca_end <= now)
		return err_new(ERR_TRUST, "the CA expired on %s", last);
	format_day(end, day);
	if (end > ca_end)
		return err_new(ERR_TRUST, "the certificate, until %s, would outlive the CA, until %s", day, last);
	return NULL;
}

struct err *
cert_issue(struct buf *key_pem, struct buf *cert_pem, const struct cert_request *request,
    const struct buf *ca_key_pem, const struct buf *ca_cert_pem, int64_t now)
{
	X509		*ca = pem_cert(ca_cert_pem), *cert = NULL;
	EVP_PKEY	*ca_key = pem_key(ca_key_pem), *key = NULL;
	struct err	*e;

	if ((e = check_request(request)) != NULL ||
	    (e = check_ca(ca, ca_key, now, now + request->days * DAY)) != NULL)
		goto out;
	if (common_name(request->dns_names) == NULL) {
		e = err_hint(err_new(ERR_CONFIG, "\"%s\" is longer than the %d characters that a certificate's "
		    "common name may have", request->dns_names->items[0], NAME_MAX_LEN), "choose a shorter domain");
		goto out;
	}
	key = EVP_EC_gen("P-256");
	if (key != NULL && (cert = new_cert(key, now, request->days)) != NULL &&
	    finish_leaf(cert, request, ca, ca_key))
		e = hand_out(key_pem, cert_pem, key, cert);
	else
		e = pem_error(ERR_FAILED, "make a certificate");
out:
	X509_free(cert);
	X509_free(ca);
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca_key);
	return e;
}
