/* test/unit: revocation lists, signing requests, PKCS #12 files, Diffie-Hellman parameters. */
/* May know pki, base; the stock openssl program judges what was made. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include "base/file.h"
#include "base/proc.h"
#include "base/strs.h"
#include "pki/ca.h"
#include "pki/crl.h"
#include "pki/request.h"

#include <stdlib.h>
#include <time.h>

#define DAY	((int64_t)24 * 60 * 60)

static char		 top[256];
static int64_t		 now;
static struct buf	 ca_key = { .secret = true }, ca_cert;
static struct buf	 key = { .secret = true }, cert;
static struct cert_info	 info;		/* of cert */

static void
put(const char *path, const struct buf *text)
{
	char *full = path_join(top, path);

	CHECK_OK(file_write(full, text->data, text->len, 0600));
	free(full);
}

static void
check_openssl(const char *arguments, const char *want)
{
	char		*command = xasprintf("cd %s && openssl %s", top, arguments);
	const char	*argv[] = { "sh", "-c", command, NULL };
	struct buf	 output = { 0 };
	int		 status = -1;

	CHECK_OK(proc_run(&(struct proc){ .argv = argv, .output = &output, .errors = &output }, &status));
	CHECK_STR(buf_text(&output), want);
	free(command);
	buf_fini(&output);
}

static void
check_stale(char *take_got, const char *want)
{
	CHECK_STR(take_got, want);
	free(take_got);
}

static void
set_up(void)
{
	struct strs		names = { 0 }, none = { 0 };
	struct cert_request	request = { .dns_names = &names, .addresses = &none, .days = 90, .server = true };

	strs_add(&names, "web1.example.org");
	CHECK_OK(ca_create(&ca_key, &ca_cert, &(struct ca_request){ .common_name = "Test CA", .days = 1000 }, now));
	CHECK_OK(cert_issue(&key, &cert, &request, &ca_key, &ca_cert, now));
	CHECK_OK(cert_info_read(&info, &cert));
	put("ca.crt", &ca_cert);
	put("web1.crt", &cert);
	strs_fini(&names);
}

TEST(a_list_revokes_what_it_has_and_nothing_else)
{
	struct buf		list = { 0 };
	struct crl_entry	entry = { info.serial, now };

	CHECK_OK(crl_make(&list, NULL, 0, &ca_key, &ca_cert, NULL, 30, now));
	put("ca.crl", &list);
	check_openssl("verify -x509_strict -crl_check_all -CAfile ca.crt -CRLfile ca.crl web1.crt", "web1.crt: OK\n");
	buf_clear(&list);
	CHECK_OK(crl_make(&list, &entry, 1, &ca_key, &ca_cert, NULL, 30, now));
	put("ca.crl", &list);
	check_openssl("verify -crl_check -CAfile ca.crt -CRLfile ca.crl web1.crt 2>&1 | grep -oE 'error [0-9]+'", "error 23\n");
	check_openssl("crl -in ca.crl -noout -CAfile ca.crt -verify", "verify OK\n");
	check_openssl("crl -in ca.crl -noout -text | grep -cE 'Authority Key Identifier|CRL Number|Serial Number'", "3\n");
	buf_fini(&list);
}

TEST(its_dates_and_number_follow_the_clock_and_its_predecessor)
{
	struct buf	first = { 0 }, second = { 0 }, third = { 0 };
	int64_t		ends = 0;

	/* 1700000000 is 2023-11-14 22:13:20. */
	CHECK_OK(crl_make(&first, NULL, 0, &ca_key, &ca_cert, NULL, 30, 1700000000));
	CHECK_OK(crl_make(&second, NULL, 0, &ca_key, &ca_cert, &first, 30, 1700000000));
	CHECK_OK(crl_make(&third, NULL, 0, &ca_key, &ca_cert, &second, 30, 1700000100));
	put("1.crl", &first);
	put("2.crl", &second);
	put("3.crl", &third);
	check_openssl("crl -in 1.crl -noout -lastupdate -nextupdate -crlnumber",
	    "lastUpdate=Nov 13 22:13:20 2023 GMT\nnextUpdate=Dec 14 22:13:20 2023 GMT\ncrlNumber=0x6553F100\n");
	check_openssl("crl -in 2.crl -noout -crlnumber", "crlNumber=0x6553F101\n");
	check_openssl("crl -in 3.crl -noout -crlnumber", "crlNumber=0x6553F164\n");
	CHECK_OK(crl_ends(&first, &ends));
	CHECK_INT(ends, 1700000000 + 30 * DAY);
	buf_fini(&first);
	buf_fini(&second);
	buf_fini(&third);
}

TEST(what_makes_a_list_stale_is_said)
{
	struct buf		list = { 0 }, junk = { 0 }, other_key = { .secret = true }, other = { 0 };
	struct crl_entry	entries[] = { { info.serial, now }, { "0A", now } };

	buf_adds(&junk, "junk");
	CHECK_OK(ca_create(&other_key, &other, &(struct ca_request){ .common_name = "Test CA", .days = 1000 }, now));
	CHECK_OK(crl_make(&list, entries, 1, &ca_key, &ca_cert, NULL, 180, now));
	check_stale(crl_stale(&list, entries, 1, &ca_cert, 60, now), NULL);
	check_stale(crl_stale(&list, entries, 1, &ca_cert, 60, now + 120 * DAY), NULL);
	check_stale(crl_stale(&list, entries, 1, &ca_cert, 60, now + 121 * DAY), "expires in 59 days");
	check_stale(crl_stale(&list, entries, 1, &ca_cert, 60, now + 180 * DAY), "has expired");
	check_stale(crl_stale(&list, entries, 2, &ca_cert, 60, now), "has not the certificates that are revoked");
	check_stale(crl_stale(&list, entries, 0, &ca_cert, 60, now), "has not the certificates that are revoked");
	check_stale(crl_stale(&list, entries + 1, 1, &ca_cert, 60, now), "has not the certificates that are revoked");
	check_stale(crl_stale(&list, entries, 1, &other, 60, now), "is not signed by the CA");
	check_stale(crl_stale(&junk, entries, 1, &ca_cert, 60, now), "cannot be read");
	buf_clear(&list);
	CHECK_ERR(crl_make(&list, entries, 1, &other_key, &ca_cert, NULL, 180, now),
	    "the CA's private key does not belong to its certificate\n");
	CHECK_INT(list.len, 0);
	buf_fini(&list);
	buf_fini(&junk);
	buf_fini(&other_key);
	buf_fini(&other);
}

TEST(a_serial_that_is_none_makes_no_list)
{
	static const char *const	serials[] = { "", "0x", "12 ", "XY" };
	struct buf			list = { 0 };
	struct err			*e;

	for (size_t i = 0; i < ARRAY_LEN(serials); i++) {
		e = crl_make(&list, &(struct crl_entry){ serials[i], now }, 1, &ca_key, &ca_cert, NULL, 30, now);
		CHECK(e != NULL);
		CHECK_INT(list.len, 0);
		err_free(e);
	}
}

TEST(a_request_has_all_names)
{
	struct buf	csr = { 0 }, stand_in = { 0 };
	struct strs	names = { 0 }, bad = { 0 };

	strs_split(&names, "example.org *.example.org", ' ');
	strs_add(&bad, "a b");
	CHECK_OK(csr_make(&csr, &key, &names, "Ex\xc3\xa4mple"));
	put("x.csr", &csr);
	check_openssl("req -in x.csr -noout -verify -subject -nameopt utf8 2>&1",
	    "Certificate request self-signature verify OK\nsubject=O=Ex\xc3\xa4mple, CN=example.org\n");
	check_openssl("req -in x.csr -noout -text | grep DNS: | tr -d ' '", "DNS:example.org,DNS:*.example.org\n");
	CHECK_ERR(csr_make(&csr, &key, &bad, NULL), "\"a b\" is no domain name that a certificate can have\n"
	    "hint: use letters, digits and hyphens between the dots\n");
	CHECK_OK(cert_stand_in(&stand_in, &key, &names, 90, now));
	put("x.crt", &stand_in);
	check_openssl("verify -purpose sslserver -verify_hostname www.example.org -partial_chain -CAfile x.crt x.crt",
	    "x.crt: OK\n");
	buf_fini(&csr);
	buf_fini(&stand_in);
	strs_fini(&names);
	strs_fini(&bad);
}

TEST(a_pkcs12_file_opens_with_its_password_only)
{
	struct buf bundle = { .secret = true }, password = { .secret = true };

	buf_adds(&password, "p\xc3\xa4ss word");
	CHECK_OK(pkcs12_make(&bundle, "web1", &key, &cert, &ca_cert, &password));
	put("web1.p12", &bundle);
	check_openssl("pkcs12 -in web1.p12 -nodes -passin 'pass:p\xc3\xa4ss word' | grep -c -- '-----BEGIN'", "3\n");
	check_openssl("pkcs12 -in web1.p12 -nodes -passin pass:wrong 2>&1 | grep -c 'invalid password'", "1\n");
	check_openssl("pkcs12 -in web1.p12 -info -noout -passin 'pass:p\xc3\xa4ss word' 2>&1 | grep -c AES-256-CBC", "2\n");
	buf_fini(&bundle);
	buf_fini(&password);
}

TEST(passwords_differ_and_are_long)
{
	struct buf one = { .secret = true }, other = { .secret = true };

	CHECK_OK(password_make(&one));
	CHECK_OK(password_make(&other));
	CHECK_INT(one.len, 23);
	CHECK(strcmp(buf_text(&one), buf_text(&other)) != 0);
	buf_fini(&one);
	buf_fini(&other);
}

TEST(dh_parameters_are_those_of_rfc_7919)
{
	struct buf pem = { 0 };

	CHECK_OK(dh_parameters(&pem));
	put("dh.pem", &pem);
	check_openssl("dhparam -in dh.pem -check -noout 2>&1", "DH parameters appear to be ok.\n");
	check_openssl("genpkey -genparam -algorithm DH -pkeyopt group:ffdhe3072 | cmp - dh.pem && echo same", "same\n");
	buf_fini(&pem);
}

int
main(void)
{
	int status;

	now = (int64_t)time(NULL);
	snprintf(top, sizeof(top), "%s/crl_test.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (mkdtemp(top) == NULL) {
		perror(top);
		return 1;
	}
	set_up();
	RUN(a_list_revokes_what_it_has_and_nothing_else);
	RUN(its_dates_and_number_follow_the_clock_and_its_predecessor);
	RUN(what_makes_a_list_stale_is_said);
	RUN(a_serial_that_is_none_makes_no_list);
	RUN(a_request_has_all_names);
	RUN(a_pkcs12_file_opens_with_its_password_only);
	RUN(passwords_differ_and_are_long);
	RUN(dh_parameters_are_those_of_rfc_7919);
	status = test_done();
	cert_info_fini(&info);
	buf_fini(&ca_key);
	buf_fini(&ca_cert);
	buf_fini(&key);
	buf_fini(&cert);
	err_free(dir_remove(top));
	return status;
}
