/* pki: certificate authorities and the certificates they sign. */
/* May know base.  Reads no file and nothing that comes from a network. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pki/ca.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/strs.h"
#include "pki/extension.h"
#include "pki/pem.h"

#include <stdlib.h>
#include <string.h>

struct issuer {
	X509		*cert;
	EVP_PKEY	*key;
	struct strs	 domains;	/* that it is limited to; none: to no domains */
	bool		 addresses;	/* that it may sign for */
};

static size_t
count_characters(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static bool
name_fits(const char *text)
{
	return *text != '\0' && count_characters(text) <= NAME_MAX_LEN;
}

static struct err *
bad_name(const char *name)
{
	return err_hint(err_new(ERR_CONFIG, "\"%s\" is no domain name that a certificate can have", name),
	    "use letters, digits and hyphens between the dots");
}

static struct err *
too_long(const char *name)
{
	return err_hint(err_new(ERR_CONFIG, "\"%s\" is longer than the %d characters that a certificate's common name "
	    "may have", name, NAME_MAX_LEN), "choose a shorter domain");
}

/* The first name that is not too long for it: OpenVPN wants some subject, and SAN decides. */
static const char *
common_name(const struct strs *names)
{
	for (size_t i = 0; i < names->count; i++) {
		if (strlen(names->items[i]) <= NAME_MAX_LEN)
			return names->items[i];
	}
	return NULL;
}

/* What is asked for, by itself. */
NODISCARD
static struct err *
check_request(const struct cert_request *request)
{
	unsigned char bytes[16];

	if (request->common_name != NULL && !name_fits(request->common_name))
		return err_new(ERR_CONFIG, "\"%s\" cannot name a client: 1 to %d characters", request->common_name,
		    NAME_MAX_LEN);
	if (request->dns_names->count == 0 && request->common_name == NULL)
		return err_new(ERR_CONFIG, "a certificate needs at least one name");
	for (size_t i = 0; i < request->dns_names->count; i++) {
		if (!cert_name_valid(request->dns_names->items[i]))
			return bad_name(request->dns_names->items[i]);
	}
	for (size_t i = 0; i < request->addresses->count; i++) {
		if (part_address(request->addresses->items[i], bytes) == 0)
			return err_new(ERR_CONFIG, "\"%s\" is no IP address", request->addresses->items[i]);
	}
	if (request->days == 0)
		return err_new(ERR_CONFIG, "a certificate must last at least a day");
	return NULL;
}

/* Clients would refuse it; see it here, where something can be done about it. */
NODISCARD
static struct err *
check_limits(const struct cert_request *request, const struct issuer *issuer)
{
	struct buf	 text = { 0 };
	struct err	*e = NULL;

	for (size_t i = 0; e == NULL && i < request->dns_names->count; i++) {
		if (ca_name_allowed(&issuer->domains, request->dns_names->items[i]))
			continue;
		strs_join(&issuer->domains, ", ", &text);
		e = err_new(ERR_CONFIG, "the CA is limited to %s: \"%s\" is outside of that", buf_text(&text),
		    request->dns_names->items[i]);
	}
	if (e == NULL && !issuer->addresses && request->addresses->count > 0)
		e = err_new(ERR_CONFIG, "the CA is limited to names: it cannot sign for the address %s",
		    request->addresses->items[0]);
	buf_fini(&text);
	return e;
}

static bool
finish_ca(X509 *cert, EVP_PKEY *key, const struct ca_request *request)
{
	X509_NAME *name = X509_get_subject_name(cert);

	return (request->organization == NULL || part_subject(name, "O", request->organization)) &&
	    part_subject(name, "CN", request->common_name) && X509_set_issuer_name(cert, name) &&
	    part_constraints(cert, true) && part_key_usage(cert, true) &&
	    part_extended_usage(cert, false, request->clients) && part_key_ids(cert, cert) &&
	    (request->domains == NULL || request->domains->count == 0 ||
	    part_limits(cert, request->domains, request->addresses)) && X509_sign(cert, key, EVP_sha256()) > 0;
}

static bool
finish_leaf(X509 *cert, const struct cert_request *request, const struct issuer *issuer)
{
	X509_NAME	*subject = X509_get_subject_name(cert);
	GENERAL_NAMES	*names = part_names(request->dns_names, request->addresses);
	bool		 done;

	done = names != NULL && part_subject(subject, "CN", request->common_name != NULL ? request->common_name :
	    common_name(request->dns_names)) &&
	    X509_set_issuer_name(cert, X509_get_subject_name(issuer->cert)) && part_constraints(cert, false) &&
	    part_key_usage(cert, false) && part_extended_usage(cert, request->server, request->client) &&
	    part_key_ids(cert, issuer->cert) && (sk_GENERAL_NAME_num(names) == 0 ||
	    part_extension(cert, NID_subject_alt_name, names, false)) && X509_sign(cert, issuer->key, EVP_sha256()) > 0;
	GENERAL_NAMES_free(names);
	return done;
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

NODISCARD
static struct err *
check_ca_request(const struct ca_request *request)
{
	if (!name_fits(request->common_name) || (request->organization != NULL && !name_fits(request->organization)))
		return err_new(ERR_CONFIG, "\"%s\" cannot name a CA: 1 to %d characters", request->common_name,
		    NAME_MAX_LEN);
	if (request->days == 0)
		return err_new(ERR_CONFIG, "a CA must last at least a day");
	for (size_t i = 0; request->domains != NULL && i < request->domains->count; i++) {
		if (!cert_name_valid(request->domains->items[i]))
			return bad_name(request->domains->items[i]);
	}
	return NULL;
}

struct err *
ca_create(struct buf *key_pem, struct buf *cert_pem, const struct ca_request *request, int64_t now)
{
	EVP_PKEY	*key = NULL;
	X509		*cert = NULL;
	struct err	*e = check_ca_request(request);

	if (e != NULL)
		return e;
	key = key_generate(request->key_type);
	if (key != NULL && (cert = part_cert(key, now, request->days)) != NULL && finish_ca(cert, key, request))
		e = hand_out(key_pem, cert_pem, key, cert);
	else
		e = pem_error(ERR_FAILED, "make a CA");
	X509_free(cert);
	EVP_PKEY_free(key);
	return e;
}

/* A certificate must not outlive its CA. */
NODISCARD
static struct err *
check_dates(const X509 *ca, int64_t now, int64_t end)
{
	int64_t		 ca_end = pem_ends_at(ca);
	struct buf	 day = { 0 }, last = { 0 };
	struct err	*e = NULL;

	pem_add_day(&day, end);
	pem_add_day(&last, ca_end);
	if (ca_end <= now)
		e = err_new(ERR_TRUST, "the CA expired on %s", buf_text(&last));
	else if (end > ca_end)
		e = err_new(ERR_TRUST, "the certificate, until %s, would outlive the CA, until %s", buf_text(&day),
		    buf_text(&last));
	buf_fini(&day);
	buf_fini(&last);
	return e;
}

/* Whether this CA can sign. */
NODISCARD
static struct err *
check_ca(X509 *ca, EVP_PKEY *ca_key)
{
	if (ca == NULL)
		return err_new(ERR_TRUST, "the CA's certificate cannot be read");
	if (ca_key == NULL)
		return err_new(ERR_TRUST, "the CA's private key cannot be read");
	if (X509_check_private_key(ca, ca_key) != 1)
		return err_new(ERR_TRUST, "the CA's private key does not belong to its certificate");
	if (X509_check_ca(ca) != 1)
		return err_new(ERR_TRUST, "the CA's certificate is not one of a CA");
	return NULL;
}

struct err *
issuer_new(struct issuer **out, const struct buf *ca_key_pem, const struct buf *ca_cert_pem)
{
	struct issuer	*issuer = xcalloc(1, sizeof(*issuer));
	struct err	*e;

	issuer->cert = pem_cert(ca_cert_pem);
	issuer->key = pem_key(ca_key_pem);
	if ((e = check_ca(issuer->cert, issuer->key)) == NULL &&
	    (e = ca_limits(ca_cert_pem, &issuer->domains, &issuer->addresses)) == NULL) {
		*out = issuer;
		issuer = NULL;
	}
	issuer_free(issuer);
	return e;
}

void
issuer_free(struct issuer *issuer)
{
	if (issuer == NULL)
		return;
	X509_free(issuer->cert);
	EVP_PKEY_free(issuer->key);
	strs_fini(&issuer->domains);
	free(issuer);
}

struct err *
issuer_sign(const struct issuer *issuer, struct buf *key_pem, struct buf *cert_pem, const struct cert_request *request,
    int64_t now)
{
	X509		*cert = NULL;
	EVP_PKEY	*key = NULL;
	struct err	*e;

	if ((e = check_request(request)) != NULL ||
	    (e = check_dates(issuer->cert, now, now + request->days * DAY)) != NULL ||
	    (e = check_limits(request, issuer)) != NULL)
		return e;
	if (request->common_name == NULL && common_name(request->dns_names) == NULL)
		return too_long(request->dns_names->items[0]);
	key = key_generate(request->key_type);
	if (key != NULL && (cert = part_cert(key, now, request->days)) != NULL && finish_leaf(cert, request, issuer))
		e = hand_out(key_pem, cert_pem, key, cert);
	else
		e = pem_error(ERR_FAILED, "make a certificate");
	X509_free(cert);
	EVP_PKEY_free(key);
	return e;
}

struct err *
cert_issue(struct buf *key_pem, struct buf *cert_pem, const struct cert_request *request,
    const struct buf *ca_key_pem, const struct buf *ca_cert_pem, int64_t now)
{
	struct issuer	*issuer = NULL;
	struct err	*e = issuer_new(&issuer, ca_key_pem, ca_cert_pem);

	if (e == NULL)
		e = issuer_sign(issuer, key_pem, cert_pem, request, now);
	issuer_free(issuer);
	return e;
}

struct err *
cert_stand_in(struct buf *cert_pem, const struct buf *key_pem, const struct strs *dns_names, unsigned days, int64_t now)
{
	EVP_PKEY	*key = pem_key(key_pem);
	X509		*cert = key != NULL ? part_cert(key, now, days) : NULL;
	X509_NAME	*subject = cert != NULL ? X509_get_subject_name(cert) : NULL;
	GENERAL_NAMES	*names = part_names(dns_names, NULL);
	const char	*common = common_name(dns_names);
	struct err	*e;

	if (cert != NULL && names != NULL && common != NULL && part_subject(subject, "CN", common) &&
	    X509_set_issuer_name(cert, subject) && part_constraints(cert, false) && part_key_usage(cert, false) &&
	    part_extended_usage(cert, true, false) && part_key_ids(cert, cert) &&
	    part_extension(cert, NID_subject_alt_name, names, false) && X509_sign(cert, key, EVP_sha256()) > 0)
		e = pem_add_cert(cert_pem, cert);
	else if (common == NULL && dns_names->count > 0)
		e = too_long(dns_names->items[0]);
	else
		e = pem_error(ERR_FAILED, "make a certificate");
	GENERAL_NAMES_free(names);
	X509_free(cert);
	EVP_PKEY_free(key);
	return e;
}
