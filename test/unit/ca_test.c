/* test/unit: certificate authorities and certificates. */
/* May know pki, base; the stock openssl program judges what was made. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include "base/file.h"
#include "base/proc.h"
#include "base/strs.h"
#include "pki/ca.h"

#include <stdlib.h>
#include <time.h>

#define DAY	((int64_t)24 * 60 * 60)

static char		 top[256];
static int64_t		 now;
static struct buf	 ca_key = { .secret = true }, ca_cert;
static struct buf	 key = { .secret = true }, cert;		/* of web1 */
static struct strs	 names, addresses;
static struct cert_request request = {
	.dns_names = &names, .addresses = &addresses, .days = 365, .server = true, .client = true,
};

static void
put(const char *path, const struct buf *text)
{
	char *full = path_join(top, path);

	CHECK_OK(file_write(full, text->data, text->len, 0600));
	free(full);
}

/* A CA that is not limited. */
static struct err *
make_ca(struct buf *k, struct buf *c, const char *name, const char *organization, unsigned days, int64_t from)
{
	return ca_create(k, c, &(struct ca_request){ .common_name = name, .organization = organization, .days = days },
	    from);
}

/* Run openssl in `top`; its output, the caller's. */
static char *
openssl(const char *arguments, int *status)
{
	char		*command = xasprintf("cd %s && openssl %s", top, arguments);
	const char	*argv[] = { "sh", "-c", command, NULL };
	struct buf	 output = { 0 };
	struct proc	 proc = { .argv = argv, .output = &output, .errors = &output };

	buf_adds(&output, "");
	CHECK_OK(proc_run(&proc, status));
	free(command);
	return buf_take(&output);
}

static void
check_openssl(const char *arguments, const char *want)
{
	int	 status = -1;
	char	*output = openssl(arguments, &status);

	CHECK_STR(output, want);
	CHECK_INT(status, 0);
	free(output);
}

static char *
stale(const struct buf *with_ca, unsigned renew_days, int64_t at)
{
	return cert_stale(&cert, &key, &request, with_ca, renew_days, at);
}

static void
check_stale(char *take_got, const char *want)
{
	CHECK_STR(take_got, want);
	free(take_got);
}

TEST(openssl_accepts_the_chain_strictly)
{
	CHECK_OK(make_ca(&ca_key, &ca_cert, "Ex\xc3\xa4mple Root CA", "Example", 3650, now));
	strs_add(&names, "web1.example.org");
	strs_add(&names, "web1.example.i");
	strs_add(&names, "WWW.example.org");
	strs_add(&names, "www.example.org");	/* twice is once */
	strs_add(&addresses, "10.5.5.2");
	strs_add(&addresses, "fd00::2");
	if (!CHECK_OK(cert_issue(&key, &cert, &request, &ca_key, &ca_cert, now)))
		return;
	put("ca.crt", &ca_cert);
	put("ca.key", &ca_key);
	put("web1.crt", &cert);
	put("web1.key", &key);
	check_openssl("verify -x509_strict -CAfile ca.crt ca.crt web1.crt", "ca.crt: OK\nweb1.crt: OK\n");
	check_openssl("verify -x509_strict -purpose sslserver -verify_hostname web1.example.org -CAfile ca.crt web1.crt",
	    "web1.crt: OK\n");
	check_openssl("verify -x509_strict -purpose sslclient -verify_ip fd00::2 -CAfile ca.crt web1.crt",
	    "web1.crt: OK\n");
}

TEST(the_certificate_has_the_extensions_of_rfc_5280)
{
	check_openssl("x509 -in ca.crt -noout -nameopt utf8 -subject -ext basicConstraints,keyUsage | sed 's/ *$//'",
	    "subject=O=Example, CN=Ex\xc3\xa4mple Root CA\n"
	    "X509v3 Basic Constraints: critical\n    CA:TRUE, pathlen:0\n"
	    "X509v3 Key Usage: critical\n    Certificate Sign, CRL Sign\n");
	check_openssl("x509 -in web1.crt -noout -nameopt utf8 -subject "
	    "-ext basicConstraints,keyUsage,extendedKeyUsage,subjectAltName | sed 's/ *$//'",
	    "subject=CN=web1.example.org\n"
	    "X509v3 Basic Constraints: critical\n    CA:FALSE\n"
	    "X509v3 Key Usage: critical\n    Digital Signature\n"
	    "X509v3 Extended Key Usage:\n    TLS Web Server Authentication, TLS Web Client Authentication\n"
	    "X509v3 Subject Alternative Name:\n"
	    "    DNS:web1.example.org, DNS:web1.example.i, DNS:WWW.example.org, "
	    "IP Address:10.5.5.2, IP Address:FD00:0:0:0:0:0:0:2\n");
	check_openssl("x509 -in web1.crt -noout -ext subjectKeyIdentifier,authorityKeyIdentifier | "
	    "grep -cE '^ +([0-9A-F]{2}:){19}[0-9A-F]{2}$'", "2\n");
}

TEST(keys_are_p256_in_pkcs8)
{
	CHECK(strstr(buf_text(&key), "-----BEGIN PRIVATE KEY-----\n") == key.data);
	check_openssl("pkey -in web1.key -noout -text | grep NIST", "NIST CURVE: P-256\n");
}

TEST(serials_differ_and_are_long)
{
	char	 seen[4][64] = { 0 };
	int	 status;

	for (size_t i = 0; i < ARRAY_LEN(seen); i++) {
		struct buf	 k = { .secret = true }, c = { 0 };
		char		*serial;

		CHECK_OK(cert_issue(&k, &c, &request, &ca_key, &ca_cert, now));
		put("next.crt", &c);
		serial = openssl("x509 -in next.crt -noout -serial", &status);
		snprintf(seen[i], sizeof(seen[i]), "%s", serial);
		CHECK(strlen(serial) > strlen("serial=") + 20 && serial[strlen("serial=")] != '-');
		for (size_t j = 0; j < i; j++)
			CHECK(strcmp(seen[i], seen[j]) != 0);
		free(serial);
		buf_fini(&k);
		buf_fini(&c);
	}
}

TEST(a_certificate_starts_a_day_early_and_ends_in_time)
{
	struct buf	 fingerprint = { 0 }, text = { 0 };
	int64_t		 end = 0;
	int		 status;
	char		*want;

	CHECK_OK(cert_describe(&cert, &end, &fingerprint, &text));
	CHECK_INT(end, now + 365 * DAY);
	want = openssl("x509 -in web1.crt -noout -fingerprint -sha256 | sed 's/.*=//' | tr -d '\\n'", &status);
	CHECK_STR(buf_text(&fingerprint), want);
	CHECK(strstr(buf_text(&text), "DNS:web1.example.org") != NULL);
	free(want);
	/* 1700000000 is 2023-11-14 22:13:20. */
	buf_clear(&fingerprint);
	{
		struct buf	k = { .secret = true }, c = { 0 }, lk = { .secret = true }, lc = { 0 };

		CHECK_OK(make_ca(&k, &c, "Old CA", NULL, 400, 1700000000));
		CHECK_OK(cert_issue(&lk, &lc, &request, &k, &c, 1700000000));
		put("old.crt", &lc);
		check_openssl("x509 -in old.crt -noout -startdate -enddate",
		    "notBefore=Nov 13 22:13:20 2023 GMT\nnotAfter=Nov 13 22:13:20 2024 GMT\n");
		buf_fini(&k);
		buf_fini(&c);
		buf_fini(&lk);
		buf_fini(&lc);
	}
	buf_fini(&fingerprint);
	buf_fini(&text);
}

TEST(a_good_certificate_is_left_alone)
{
	check_stale(stale(&ca_cert, 60, now), NULL);
	check_stale(stale(&ca_cert, 60, now + 305 * DAY), NULL);
}

TEST(what_makes_a_certificate_stale_is_said)
{
	struct buf	 other_key = { .secret = true }, other_ca = { 0 }, twin_key = { .secret = true }, twin = { 0 };
	struct buf	 junk = { 0 };

	CHECK_OK(make_ca(&other_key, &other_ca, "Other CA", NULL, 3650, now));
	CHECK_OK(make_ca(&twin_key, &twin, "Ex\xc3\xa4mple Root CA", "Example", 3650, now));
	buf_adds(&junk, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	check_stale(stale(&ca_cert, 60, now + 306 * DAY), "expires in 59 days");
	check_stale(stale(&ca_cert, 60, now + 364 * DAY), "expires in 1 day");
	check_stale(stale(&ca_cert, 60, now + 365 * DAY), "has expired");
	check_stale(stale(&other_ca, 60, now), "is not signed by the CA");
	check_stale(stale(&twin, 60, now), "is not signed by the CA");
	check_stale(cert_stale(&junk, &key, &request, &ca_cert, 60, now), "cannot be read");
	check_stale(cert_stale(&cert, &junk, &request, &ca_cert, 60, now), "has a private key that cannot be read");
	check_stale(cert_stale(&cert, &ca_key, &request, &ca_cert, 60, now), "does not belong to its private key");
	buf_fini(&other_key);
	buf_fini(&other_ca);
	buf_fini(&twin_key);
	buf_fini(&twin);
	buf_fini(&junk);
}

TEST(a_forged_signature_is_seen)
{
	struct buf	 forged = { 0 };
	char		*at;

	buf_add(&forged, cert.data, cert.len);
	at = strstr(forged.data, "-----END") - 20;	/* the signature comes last */
	*at = *at == 'A' ? 'B' : 'A';
	check_stale(cert_stale(&forged, &key, &request, &ca_cert, 60, now), "is not signed by the CA");
	buf_fini(&forged);
}

TEST(other_names_addresses_or_uses_make_it_stale)
{
	struct strs		 more = { 0 }, fewer = { 0 }, same = { 0 }, moved = { 0 }, spelled = { 0 };
	struct cert_request	 r = request;

	strs_split(&more, "web1.example.org web1.example.i www.example.org shop.example.org", ' ');
	strs_split(&fewer, "web1.example.org www.example.org", ' ');
	strs_split(&same, "WEB1.example.org www.example.org web1.example.i", ' ');
	strs_split(&moved, "10.5.5.3 fd00::2", ' ');
	strs_split(&spelled, "fd00:0:0::0002 10.5.5.2", ' ');
	r.dns_names = &more;
	check_stale(cert_stale(&cert, &key, &r, &ca_cert, 60, now), "lacks shop.example.org");
	r.dns_names = &fewer;
	check_stale(cert_stale(&cert, &key, &r, &ca_cert, 60, now), "still has web1.example.i");
	r.dns_names = &same;
	r.addresses = &spelled;
	check_stale(cert_stale(&cert, &key, &r, &ca_cert, 60, now), NULL);
	r.addresses = &moved;
	check_stale(cert_stale(&cert, &key, &r, &ca_cert, 60, now), "lacks 10.5.5.3");
	r = request;
	r.client = false;
	check_stale(cert_stale(&cert, &key, &r, &ca_cert, 60, now), "is for another use");
	r = request;
	r.key_type = KEY_RSA_3072;
	check_stale(cert_stale(&cert, &key, &r, &ca_cert, 60, now), "has a key that is not rsa-3072");
	strs_fini(&more);
	strs_fini(&fewer);
	strs_fini(&same);
	strs_fini(&moved);
	strs_fini(&spelled);
}

TEST(a_leaf_never_outlives_its_ca)
{
	struct buf	 k = { .secret = true }, c = { 0 }, lk = { .secret = true }, lc = { 0 };

	CHECK_OK(make_ca(&k, &c, "Short CA", NULL, 100, 1700000000));
	CHECK_ERR(cert_issue(&lk, &lc, &request, &k, &c, 1700000000),
	    "the certificate, until 2024-11-13, would outlive the CA, until 2024-02-22\n");
	CHECK_ERR(cert_issue(&lk, &lc, &request, &k, &c, 1700000000 + 100 * DAY), "the CA expired on 2024-02-22\n");
	CHECK_INT(lk.len + lc.len, 0);
	buf_fini(&k);
	buf_fini(&c);
}

TEST(a_wrong_ca_signs_nothing)
{
	struct buf	 junk = { 0 }, k = { .secret = true }, c = { 0 };

	buf_adds(&junk, "junk");
	CHECK_ERR(cert_issue(&k, &c, &request, &key, &ca_cert, now),
	    "the CA's private key does not belong to its certificate\n");
	CHECK_ERR(cert_issue(&k, &c, &request, &key, &cert, now), "the CA's certificate is not one of a CA\n");
	CHECK_ERR(cert_issue(&k, &c, &request, &junk, &ca_cert, now), "the CA's private key cannot be read\n");
	CHECK_ERR(cert_issue(&k, &c, &request, &ca_key, &junk, now), "the CA's certificate cannot be read\n");
	buf_fini(&junk);
}

TEST(an_encrypted_key_is_not_asked_for)
{
	struct buf	 locked = { .secret = true }, k = { .secret = true }, c = { 0 };
	char		*path = path_join(top, "locked.key");
	int		 status;

	free(openssl("pkcs8 -topk8 -in ca.key -out locked.key -passout pass:x", &status));
	CHECK_OK(file_read(path, 10000, &locked));
	CHECK_ERR(cert_issue(&k, &c, &request, &locked, &ca_cert, now), "the CA's private key cannot be read\n");
	free(path);
	buf_fini(&locked);
}

TEST(bad_requests_are_refused)
{
	static const struct {
		const char *name, *address, *want;
	} rows[] = {
		{ "a b", "10.0.0.1", "\"a b\" is no domain name that a certificate can have\n"
		  "hint: use letters, digits and hyphens between the dots\n" },
		{ "*.example.org", "10.0.0.1", "\"*.example.org\" is no domain name that a certificate can have\n"
		  "hint: use letters, digits and hyphens between the dots\n" },
		{ "a..b", "10.0.0.1", "\"a..b\" is no domain name that a certificate can have\n"
		  "hint: use letters, digits and hyphens between the dots\n" },
		{ "-a.b", "10.0.0.1", "\"-a.b\" is no domain name that a certificate can have\n"
		  "hint: use letters, digits and hyphens between the dots\n" },
		{ "a.b", "10.0.0.256", "\"10.0.0.256\" is no IP address\n" },
		{ "a.b", "", "\"\" is no IP address\n" },
		{ "a2345678901234567890.b2345678901234567890.c2345678901234567890.de", "::1",
		  "\"a2345678901234567890.b2345678901234567890.c2345678901234567890.de\" is longer than the 64 "
		  "characters that a certificate's common name may have\nhint: choose a shorter domain\n" },
	};
	struct buf	 k = { .secret = true }, c = { 0 };
	struct strs	 none = { 0 };
	struct cert_request r = {
		.dns_names = &none, .addresses = &none, .days = 10, .server = true, .client = true,
	};

	CHECK_ERR(cert_issue(&k, &c, &r, &ca_key, &ca_cert, now), "a certificate needs at least one name\n");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct strs n = { 0 }, a = { 0 };

		strs_add(&n, rows[i].name);
		strs_add(&a, rows[i].address);
		r.dns_names = &n;
		r.addresses = &a;
		CHECK_ERR(cert_issue(&k, &c, &r, &ca_key, &ca_cert, now), rows[i].want);
		strs_fini(&n);
		strs_fini(&a);
	}
	CHECK_ERR(make_ca(&k, &c, "", NULL, 10, now), "\"\" cannot name a CA: 1 to 64 characters\n");
	CHECK_ERR(make_ca(&k, &c, "x", NULL, 0, now), "a CA must last at least a day\n");
	CHECK_INT(k.len + c.len, 0);
}

/* Issue for one name and put the certificate into a file. */
static struct err *
issue_to(const char *file, const char *name, const char *address, enum key_type type, const struct buf *k,
    const struct buf *c)
{
	struct buf		 leaf_key = { .secret = true }, leaf = { 0 };
	struct strs		 n = { 0 }, a = { 0 };
	struct cert_request	 r = {
		.dns_names = &n, .addresses = &a, .days = 30, .key_type = type, .server = true, .client = true,
	};
	struct err		*e;

	strs_add(&n, name);
	if (address != NULL)
		strs_add(&a, address);
	if ((e = cert_issue(&leaf_key, &leaf, &r, k, c, now)) == NULL)
		put(file, &leaf);
	strs_fini(&n);
	strs_fini(&a);
	buf_fini(&leaf_key);
	buf_fini(&leaf);
	return e;
}

TEST(a_limited_ca_signs_for_its_domains_only)
{
	struct buf	 k = { .secret = true }, c = { 0 };
	struct strs	 domains = { 0 }, found = { 0 };
	bool		 with_addresses = true;

	strs_split(&domains, "example.org example.i", ' ');
	CHECK_OK(ca_create(&k, &c, &(struct ca_request){ .common_name = "Limited", .days = 100, .domains = &domains }, now));
	put("limited.crt", &c);
	put("limited.key", &k);
	CHECK_OK(ca_limits(&c, &found, &with_addresses));
	CHECK_INT(found.count, 2);
	CHECK_STR(found.items[1], "example.i");
	CHECK(!with_addresses);
	CHECK_OK(issue_to("good.crt", "Web1.Example.org", NULL, KEY_ECDSA_P256, &k, &c));
	check_openssl("verify -x509_strict -purpose sslserver -CAfile limited.crt good.crt", "good.crt: OK\n");
	CHECK_ERR(issue_to("x", "example.com", NULL, KEY_ECDSA_P256, &k, &c),
	    "the CA is limited to example.org, example.i: \"example.com\" is outside of that\n");
	CHECK_ERR(issue_to("x", "badexample.org", NULL, KEY_ECDSA_P256, &k, &c),
	    "the CA is limited to example.org, example.i: \"badexample.org\" is outside of that\n");
	CHECK_ERR(issue_to("x", "example.org", "192.0.2.1", KEY_ECDSA_P256, &k, &c),
	    "the CA is limited to names: it cannot sign for the address 192.0.2.1\n");
	buf_fini(&k);
	buf_fini(&c);
	strs_fini(&domains);
	strs_fini(&found);
}

/* What openssl says of a certificate with this alternative name, signed with the limited CA's key behind our back. */
static void
check_refused(const char *alternative, const char *want)
{
	char	*command = xasprintf("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout evil.key -out evil.crt "
	    "-subj /CN=evil -days 9 -CA limited.crt -CAkey limited.key -addext basicConstraints=critical,CA:FALSE "
	    "-addext subjectAltName=%s 2>/dev/null; openssl verify -CAfile limited.crt evil.crt 2>&1 | grep -oE 'error [0-9]+'",
	    alternative);

	check_openssl(command, want);
	free(command);
}

TEST(openssl_holds_a_limited_ca_to_it)
{
	check_refused("DNS:evil.com", "error 47\n");		/* permitted subtree violation */
	check_refused("DNS:badexample.org", "error 47\n");
	check_refused("email:root@evil.com", "error 47\n");
	check_refused("IP:10.0.0.1", "error 48\n");		/* excluded subtree violation */
	check_refused("IP:2001:db8::1", "error 48\n");
}

TEST(a_limited_ca_may_be_allowed_addresses)
{
	struct buf	 k = { .secret = true }, c = { 0 };
	struct strs	 domains = { 0 };

	strs_add(&domains, "example.org");
	CHECK_OK(ca_create(&k, &c, &(struct ca_request){ .common_name = "Limited", .days = 100, .domains = &domains,
	    .addresses = true, .key_type = KEY_RSA_3072 }, now));
	put("limited2.crt", &c);
	CHECK_OK(issue_to("good2.crt", "web1.example.org", "192.0.2.1", KEY_RSA_3072, &k, &c));
	check_openssl("verify -x509_strict -verify_ip 192.0.2.1 -CAfile limited2.crt good2.crt", "good2.crt: OK\n");
	check_openssl("x509 -in good2.crt -noout -text | grep -oE 'Public-Key: .*|Digital Signature.*'",
	    "Public-Key: (3072 bit)\nDigital Signature, Key Encipherment\n");
	buf_fini(&k);
	buf_fini(&c);
	strs_fini(&domains);
}

TEST(a_client_ca_signs_for_clients_only)
{
	struct buf		 k = { .secret = true }, c = { 0 }, ck = { .secret = true }, cc = { 0 };
	struct strs		 none = { 0 };
	struct cert_request	 r = {
		.dns_names = &none, .addresses = &none, .days = 30, .client = true, .common_name = "alice",
	};

	CHECK_OK(ca_create(&k, &c, &(struct ca_request){ .common_name = "Clients", .days = 100, .clients = true }, now));
	CHECK_OK(cert_issue(&ck, &cc, &r, &k, &c, now));
	put("clients.crt", &c);
	put("alice.crt", &cc);
	check_openssl("verify -x509_strict -purpose sslclient -CAfile clients.crt alice.crt", "alice.crt: OK\n");
	check_openssl("x509 -in alice.crt -noout -subject -nameopt RFC2253", "subject=CN=alice\n");
	CHECK_OK(issue_to("server.crt", "web1.example.org", NULL, KEY_ECDSA_P256, &k, &c));
	check_openssl("verify -purpose sslserver -CAfile clients.crt server.crt 2>&1 | grep -oE 'error 26 at 1'",
	    "error 26 at 1\n");	/* unsuitable purpose: the CA's */
	check_stale(cert_stale(&cc, &ck, &r, &c, 10, now), NULL);
	r.common_name = "bob";
	check_stale(cert_stale(&cc, &ck, &r, &c, 10, now), "is of alice");
	r.common_name = "";
	CHECK_ERR(cert_issue(&ck, &cc, &r, &k, &c, now), "\"\" cannot name a client: 1 to 64 characters\n");
	buf_fini(&k);
	buf_fini(&c);
	buf_fini(&ck);
	buf_fini(&cc);
}

TEST(what_lists_show_is_read)
{
	struct cert_info	 info = { 0 };
	char			*want, *got;
	int			 status;

	CHECK_OK(cert_info_read(&info, &cert));
	want = openssl("x509 -in web1.crt -noout -serial | sed 's/serial=//'", &status);
	got = xasprintf("%s\n", info.serial);
	CHECK_STR(got, want);
	CHECK_STR(info.subject, "web1.example.org");
	CHECK_STR(info.key, "P-256");
	CHECK_INT(info.starts, now - DAY);
	CHECK_INT(info.ends, now + 365 * DAY);
	CHECK(!info.self_signed);
	CHECK(cert_is_of(&cert, &ca_cert));
	CHECK(!cert_is_of(&ca_cert, &cert));
	cert_info_fini(&info);
	CHECK_OK(cert_info_read(&info, &ca_cert));
	CHECK(info.self_signed);
	cert_info_fini(&info);
	free(want);
	free(got);
}

int
main(void)
{
	int status;

	now = (int64_t)time(NULL);
	snprintf(top, sizeof(top), "%s/ca_test.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (mkdtemp(top) == NULL) {
		perror(top);
		return 1;
	}
	RUN(openssl_accepts_the_chain_strictly);
	RUN(the_certificate_has_the_extensions_of_rfc_5280);
	RUN(keys_are_p256_in_pkcs8);
	RUN(serials_differ_and_are_long);
	RUN(a_certificate_starts_a_day_early_and_ends_in_time);
	RUN(a_good_certificate_is_left_alone);
	RUN(what_makes_a_certificate_stale_is_said);
	RUN(a_forged_signature_is_seen);
	RUN(other_names_addresses_or_uses_make_it_stale);
	RUN(a_leaf_never_outlives_its_ca);
	RUN(a_wrong_ca_signs_nothing);
	RUN(an_encrypted_key_is_not_asked_for);
	RUN(bad_requests_are_refused);
	RUN(a_limited_ca_signs_for_its_domains_only);
	RUN(openssl_holds_a_limited_ca_to_it);
	RUN(a_limited_ca_may_be_allowed_addresses);
	RUN(a_client_ca_signs_for_clients_only);
	RUN(what_lists_show_is_read);
	status = test_done();
	buf_fini(&ca_key);
	buf_fini(&ca_cert);
	buf_fini(&key);
	buf_fini(&cert);
	strs_fini(&names);
	strs_fini(&addresses);
	err_free(dir_remove(top));
	return status;
}
