/* test/unit: ACME: what servers say, when to renew, signatures, chains, a name server's answers. */
/* May know acme, pki, base; the stock openssl program makes what others would sign. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include "acme/acme.h"
#include "acme/dns.h"
#include "acme/message.h"
#include "base/base64.h"
#include "base/file.h"
#include "base/json.h"
#include "base/proc.h"
#include "base/strs.h"
#include "pki/ca.h"
#include "pki/jws.h"
#include "pki/public.h"

#include <stdlib.h>
#include <time.h>

#define DAY	((int64_t)24 * 60 * 60)
#define START	((int64_t)1800000000)	/* 2027-01-15 08:00:00 */

static char top[256];

static json_t *
parse(const char *text)
{
	return json_loads(text, 0, NULL);
}

/* Whether a certificate of so many days that began at START is due `hours` later. */
static bool
due(int64_t days, int64_t hours)
{
	return START + hours * 3600 >= acme_renew_at(START, START + days * DAY, NULL, NULL);
}

TEST(renewal_is_at_two_thirds_of_any_life)
{
	static const struct {
		int64_t	days, hours;	/* of life, and until it is due */
	} rows[] = { { 6, 4 * 24 }, { 45, 30 * 24 }, { 90, 60 * 24 }, { 365, 5840 } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CHECK(!due(rows[i].days, 0));
		CHECK(!due(rows[i].days, rows[i].hours - 1));
		CHECK(due(rows[i].days, rows[i].hours));
		CHECK(due(rows[i].days, rows[i].days * 24 + 1));
	}
}

TEST(the_window_of_the_server_counts_but_not_for_ever)
{
	struct acme_window	 early = { START + 10 * DAY, START + 12 * DAY };
	struct acme_window	 past = { START - 2 * DAY, START - DAY };
	struct acme_window	 late = { START + 89 * DAY, START + 95 * DAY };
	struct acme_window	 none = { 0 }, wrong = { START + 12 * DAY, START + 10 * DAY };
	int64_t			 end = START + 90 * DAY, at = acme_renew_at(START, end, &early, "one.id");

	CHECK(at >= early.start && at < early.end);
	CHECK_INT(acme_renew_at(START, end, &early, "one.id"), at);
	CHECK(acme_renew_at(START, end, &early, "other.id") != at);
	CHECK(acme_renew_at(START, end, &past, "one.id") < START);
	CHECK_INT(acme_renew_at(START, end, &late, "one.id"), START + 75 * DAY);
	CHECK_INT(acme_renew_at(START, end, &none, "one.id"), START + 60 * DAY);
	CHECK_INT(acme_renew_at(START, end, &wrong, "one.id"), START + 60 * DAY);
	CHECK_INT(acme_renew_at(START, end, &early, NULL), START + 60 * DAY);
}

TEST(windows_are_read_with_fractions_and_offsets)
{
	static const struct {
		const char	*start, *end;
		int64_t		 seconds;	/* of start behind START; -1: refused */
	} rows[] = {
		{ "2027-01-15T08:00:01Z", "2027-01-16T08:00:00Z", 1 },
		{ "2027-01-15T08:00:02.123456Z", "2027-01-16T08:00:00Z", 2 },
		{ "2027-01-15T09:30:03+01:30", "2027-01-16T08:00:00Z", 3 },
		{ "2027-01-15T03:00:04-05:00", "2027-01-16T08:00:00Z", 4 },
		{ "2027-01-15T08:00:00Z", "2027-01-15T08:00:00Z", -1 },
		{ "2027-01-15T08:00:00", "2027-01-16T08:00:00Z", -1 },
		{ "2027-01-15 08:00:00Z", "2027-01-16T08:00:00Z", -1 },
		{ "soon", "later", -1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		json_t	*root = json_pack("{s:{s:s, s:s}}", "suggestedWindow", "start", rows[i].start, "end", rows[i].end);
		int64_t	 start = 0, end = 0;

		if (rows[i].seconds < 0) {
			CHECK_ERR(renewal_read(&start, &end, root),
			    "the ACME server sent a time to renew without a good \"suggestedWindow\"\n");
		} else {
			CHECK_OK(renewal_read(&start, &end, root));
			CHECK_INT(start - START, rows[i].seconds);
		}
		json_decref(root);
	}
}

TEST(problems_are_shown_whole_and_clean)
{
	json_t *root = parse("{\"type\":\"urn:ietf:params:acme:error:rejectedIdentifier\",\"detail\":\"no \\u001b[31m way\\n\","
	    "\"subproblems\":[{\"detail\":\"CAA says no\",\"identifier\":{\"value\":\"a.example\"}},{\"type\":7}]}");

	CHECK_ERR(problem_error(root, 403),
	    "the ACME server says: no ?[31m way? (rejectedIdentifier)\n"
	    "  a.example: CAA says no\n"
	    "  also: no reason given\n");
	CHECK(problem_is(root, "rejectedIdentifier"));
	CHECK(!problem_is(root, "badNonce"));
	CHECK_ERR(problem_error(NULL, 502), "the ACME server says: no reason given (status 502)\n");
	json_decref(root);
}

TEST(directories_need_https_and_the_members_that_count)
{
	static const char good[] = "{\"newNonce\":\"https://a/n\",\"newAccount\":\"https://a/a\",\"newOrder\":\"https://a/o\","
	    "\"renewalInfo\":\"https://a/r\",\"meta\":{\"profiles\":{\"tls\":\"\",\"classic\":\"\",\"a b\":\"\"}}}";
	struct directory	 directory = { 0 };
	struct buf		 profiles = { 0 };
	json_t			*root = parse(good);

	CHECK_OK(directory_read(&directory, root));
	CHECK_STR(directory.renewal, "https://a/r");
	CHECK_STR(directory.revoke, NULL);
	strs_join(&directory.profiles, " ", &profiles);
	CHECK_STR(buf_text(&profiles), "classic tls");
	directory_fini(&directory);
	json_object_set_new(root, "newOrder", json_string("http://a/o"));
	CHECK_ERR(directory_read(&directory, root), "the ACME server sent a directory without a good \"newOrder\"\n");
	directory_fini(&directory);
	buf_fini(&profiles);
	json_decref(root);
}

TEST(tokens_are_safe_in_paths_and_shells)
{
	static const char	*bad[] = { "short", "../../../../../../etc/passwd", "aaaaaaaaaaaaaaaaaaaaaaaa;reboot", "" };
	struct authorization	 one = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		json_t *root = json_pack("{s:s, s:{s:s}, s:[{s:s, s:s, s:s}]}", "status", "pending", "identifier", "value",
		    "a.example", "challenges", "type", "http-01", "url", "https://a/c", "token", bad[i]);

		CHECK_ERR(authorization_read(&one, root), "the ACME server sent a challenge without a good \"token\"\n");
		authorization_fini(&one);
		json_decref(root);
	}
}

TEST(a_wildcard_keeps_its_star_and_unknown_challenges_are_passed_over)
{
	struct authorization	 one = { 0 };
	json_t			*root = parse("{\"status\":\"pending\",\"wildcard\":true,\"identifier\":{\"value\":\"a.example\"},"
				    "\"challenges\":[{\"type\":\"tls-alpn-01\"},{\"type\":\"dns-01\",\"url\":\"https://a/c\","
				    "\"token\":\"0123456789abcdefABCDEF-_\"}]}");

	CHECK_OK(authorization_read(&one, root));
	CHECK_STR(one.name, "*.a.example");
	CHECK_STR(one.challenges[ACME_HTTP].url, NULL);
	CHECK_STR(one.challenges[ACME_DNS].url, "https://a/c");
	authorization_fini(&one);
	json_decref(root);
}

TEST(retry_after_is_seconds_or_a_date)
{
	CHECK_INT(retry_after_read("120", START), 120);
	CHECK_INT(retry_after_read("Fri, 15 Jan 2027 08:01:00 GMT", START), 60);
	CHECK_INT(retry_after_read("Fri, 15 Jan 2027 07:00:00 GMT", START), 0);
	CHECK_INT(retry_after_read("999999999999999999999", START), 99999999);
	CHECK_INT(retry_after_read("-5", START), 0);
	CHECK_INT(retry_after_read("soon", START), 0);
	CHECK_INT(retry_after_read(NULL, START), 0);
}

TEST(servers_have_names)
{
	CHECK_STR(acme_server("letsencrypt-staging"), "https://acme-staging-v02.api.letsencrypt.org/directory");
	CHECK_STR(acme_server("https://localhost:14000/dir"), "https://localhost:14000/dir");
	CHECK_STR(acme_server("http://localhost:14000/dir"), NULL);
	CHECK_STR(acme_server("https:///dir"), NULL);
	CHECK_STR(acme_server("letsencypt"), NULL);
}

/* RFC 7638, 3.1 has an RSA key only; this is RFC 7515, A.3's, whose x and y stand there. */
TEST(a_key_and_its_thumbprint_are_as_the_rfc_has_them)
{
	static const char pem[] =
	    "-----BEGIN EC PRIVATE KEY-----\n"
	    "MDECAQEEII6bEJ5xkJi/mASH3x9dd+nLKWBuvtImO19XwhPfhPSyoAoGCCqGSM49\nAwEH\n"
	    "-----END EC PRIVATE KEY-----\n";
	struct buf	 key = { .secret = true }, text = { 0 };
	json_t		*public = NULL;

	buf_adds(&key, pem);
	CHECK_OK(jws_public(&public, &key));
	json_canonical(public, &text);
	CHECK_STR(buf_text(&text), "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
	    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}");
	buf_clear(&text);
	CHECK_OK(jws_thumbprint(&text, &key));
	CHECK_STR(buf_text(&text), "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
	json_decref(public);
	buf_fini(&text);
	buf_fini(&key);
}

/* Decode base64url. */
static void
unpack(const char *text, struct buf *out)
{
	char *copy = xstrdup(text);

	for (char *p = copy; *p != '\0'; p++)
		*p = *p == '-' ? '+' : *p == '_' ? '/' : *p;
	CHECK(base64_decode(copy, strlen(copy), false, out));
	free(copy);
}

/* RFC 7515, A.1 with its key; header and payload are ours, the MAC was made by another program. */
TEST(a_binding_is_made_with_the_shared_key)
{
	struct buf	 key = { .secret = true }, mac = { 0 };
	json_t		*header = json_pack("{s:s}", "kid", "k1"), *payload = json_pack("{s:i}", "a", 1), *out = NULL;

	buf_adds(&key, "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow==\n");
	CHECK_OK(jws_mac(&out, header, payload, &key));
	CHECK_STR(json_str(out, "protected"), "eyJhbGciOiJIUzI1NiIsImtpZCI6ImsxIn0");
	CHECK_STR(json_str(out, "payload"), "eyJhIjoxfQ");
	CHECK_STR(json_str(out, "signature"), "9ntwRD9jNlUjC6YVnI6PL1K4c4Y2OrQuc9fcOhaSfNI");
	json_decref(out);
	buf_clear(&key);
	buf_adds(&key, "not a key");
	CHECK_ERR(jws_mac(&out, header, payload, &key),
	    "that is no key for an account's external binding\n"
	    "hint: it is base64url, letters, digits, \"-\" and \"_\", as the CA shows it beside the key's name\n");
	json_decref(header);
	json_decref(payload);
	buf_fini(&mac);
	buf_fini(&key);
}

static void
put(const char *path, const struct buf *text)
{
	char *full = path_join(top, path);

	CHECK_OK(file_write(full, text->data, text->len, 0600));
	free(full);
}

static void
get(const char *path, struct buf *text)
{
	char *full = path_join(top, path);

	buf_clear(text);
	CHECK_OK(file_read(full, 1 << 20, text));
	free(full);
}

/* Run a line of shell in `top`; its output. */
static void
shell_is(const char *line, const char *want)
{
	char		*command = xasprintf("cd %s && { %s; }", top, line);
	const char	*argv[] = { "sh", "-c", command, NULL };
	struct buf	 output = { 0 };
	struct proc	 proc = { .argv = argv, .output = &output, .errors = &output };
	int		 status = -1;

	CHECK_OK(proc_run(&proc, &status));
	CHECK_STR(buf_text(&output), want);
	CHECK_INT(status, 0);
	buf_fini(&output);
	free(command);
}

TEST(openssl_verifies_what_is_signed)
{
	struct buf	 key = { .secret = true }, text = { 0 }, part = { 0 };
	json_t		*header = json_pack("{s:s, s:s}", "nonce", "n", "url", "https://a/"), *root;

	CHECK_OK(jws_key_create(&key));
	CHECK_OK(jws_sign(&text, header, NULL, &key));
	root = parse(buf_text(&text));
	CHECK_STR(json_str(root, "payload"), "");
	put("key.pem", &key);
	buf_addf(&part, "%s.", json_str(root, "protected"));
	put("signed", &part);
	buf_clear(&part);
	unpack(json_str(root, "signature"), &part);
	CHECK_INT(part.len, 64);
	put("raw", &part);
	buf_clear(&part);
	unpack(json_str(root, "protected"), &part);
	CHECK_STR(buf_text(&part), "{\"alg\":\"ES256\",\"nonce\":\"n\",\"url\":\"https://a/\"}");
	shell_is("openssl asn1parse -genconf /dev/stdin -noout -out der <<E\n"
	    "asn1 = SEQUENCE:s\n[s]\n"
	    "r = INTEGER:0x$(head -c 32 raw | od -An -tx1 | tr -d ' \\n')\n"
	    "s = INTEGER:0x$(tail -c 32 raw | od -An -tx1 | tr -d ' \\n')\nE\n"
	    "openssl pkey -in key.pem -pubout -out pub.pem && openssl dgst -sha256 -verify pub.pem -signature der signed",
	    "Verified OK\n");
	json_decref(root);
	json_decref(header);
	buf_fini(&part);
	buf_fini(&text);
	buf_fini(&key);
}

TEST(a_chain_must_be_for_us)
{
	struct buf	 key = { .secret = true }, other = { .secret = true }, chain = { 0 }, alone = { 0 };
	struct strs	 names = { 0 }, more = { 0 };
	struct public_cert cert;
	int64_t		 now = (int64_t)time(NULL);

	strs_add(&names, "www.example.org");
	strs_add(&more, "example.org");
	CHECK_OK(jws_key_create(&key));
	CHECK_OK(jws_key_create(&other));
	put("leaf.key", &key);
	shell_is("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -subj /CN=ca "
	    "-days 30 2>/dev/null && openssl req -x509 -new -key leaf.key -out leaf.pem -subj /CN=x -days 10 -CA ca.pem "
	    "-CAkey ca.key -set_serial 0x8765432101 -addext subjectAltName=DNS:WWW.example.org,DNS:*.sub.example.org 2>/dev/null && "
	    "cat leaf.pem ca.pem >chain.pem && cat ca.pem leaf.pem >wrong.pem && cat leaf.pem leaf.key >leak.pem", "");
	get("chain.pem", &chain);
	CHECK_OK(public_check(&chain, &names, &key, now));
	CHECK_ERR(public_check(&chain, &names, &other, now), "it is not for our key\n");
	CHECK_ERR(public_check(&chain, &more, &key, now), "it is not for example.org\n");
	CHECK_ERR(public_check(&chain, &names, &key, now + 11 * DAY), "it has expired already\n");
	get("wrong.pem", &alone);
	CHECK_ERR(public_check(&alone, &names, &key, now), "its certificates do not sign each other\n");
	get("leak.pem", &alone);
	CHECK_ERR(public_check(&alone, &names, &key, now), "it is not a chain of 10 certificates at most\n");
	buf_clear(&alone);
	CHECK_ERR(public_check(&alone, &names, &key, now), "the certificate cannot be read\n");
	CHECK_OK(public_read(&cert, &chain));
	CHECK(public_covers(&cert, "www.example.org"));
	CHECK(public_covers(&cert, "a.sub.example.org"));
	CHECK(!public_covers(&cert, "sub.example.org"));
	CHECK(!public_covers(&cert, "a.b.sub.example.org"));
	CHECK(cert.ari_id != NULL && str_ends(cert.ari_id, ".AIdlQyEB"));	/* RFC 9773, 4.1: with the zero in front */
	public_fini(&cert);
	strs_fini(&names);
	strs_fini(&more);
	buf_fini(&chain);
	buf_fini(&alone);
	buf_fini(&key);
	buf_fini(&other);
}

TEST(openssl_reads_our_request)
{
	struct buf	 key = { .secret = true }, text = { 0 }, der = { 0 };
	struct strs	 names = { 0 };

	strs_add(&names, "example.org");
	strs_add(&names, "*.example.org");
	CHECK_OK(jws_key_create(&key));
	CHECK_OK(public_request(&text, &names, &key));
	unpack(buf_text(&text), &der);
	put("csr.der", &der);
	shell_is("openssl req -inform DER -in csr.der -noout -verify 2>&1 | grep -o 'verify OK';"
	    "openssl req -inform DER -in csr.der -noout -text | grep DNS: | tr -d ' '",
	    "verify OK\nDNS:example.org,DNS:*.example.org\n");
	strs_fini(&names);
	buf_fini(&der);
	buf_fini(&text);
	buf_fini(&key);
}

TEST(an_answer_of_dns_is_held_against_the_question)
{
	static const char	 record[] = "\xc0\x0c\0\x10\0\1\0\0\0\1\0\5\4text";
	struct buf		 query = { 0 }, answer = { 0 };

	CHECK(dns_query(&query, "_acme-challenge.example.org", 0x1234));
	CHECK_INT(query.len, 12 + 29 + 4);
	buf_add(&answer, query.data, query.len);
	memcpy(answer.data + 2, "\x84\0\0\1\0\1", 6);
	buf_add(&answer, record, sizeof(record) - 1);
	CHECK(dns_has_text(answer.data, answer.len, &query, "text"));
	CHECK(!dns_has_text(answer.data, answer.len, &query, "tex"));
	CHECK(!dns_has_text(answer.data, answer.len - 1, &query, "text"));
	answer.data[0] ^= 1;
	CHECK(!dns_has_text(answer.data, answer.len, &query, "text"));
	answer.data[0] ^= 1;
	answer.data[15] ^= 1;
	CHECK(!dns_has_text(answer.data, answer.len, &query, "text"));
	answer.data[15] ^= 1;
	answer.data[3] = 3;			/* NXDOMAIN */
	CHECK(!dns_has_text(answer.data, answer.len, &query, "text"));
	buf_clear(&query);
	CHECK(!dns_query(&query, "a..b", 1));
	buf_fini(&query);
	buf_fini(&answer);
}

int
main(void)
{
	snprintf(top, sizeof(top), "%s/leap-acme.XXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	if (mkdtemp(top) == NULL)
		return 1;
	RUN(renewal_is_at_two_thirds_of_any_life);
	RUN(the_window_of_the_server_counts_but_not_for_ever);
	RUN(windows_are_read_with_fractions_and_offsets);
	RUN(problems_are_shown_whole_and_clean);
	RUN(directories_need_https_and_the_members_that_count);
	RUN(tokens_are_safe_in_paths_and_shells);
	RUN(a_wildcard_keeps_its_star_and_unknown_challenges_are_passed_over);
	RUN(retry_after_is_seconds_or_a_date);
	RUN(servers_have_names);
	RUN(a_key_and_its_thumbprint_are_as_the_rfc_has_them);
	RUN(a_binding_is_made_with_the_shared_key);
	RUN(openssl_verifies_what_is_signed);
	RUN(a_chain_must_be_for_us);
	RUN(openssl_reads_our_request);
	RUN(an_answer_of_dns_is_held_against_the_question);
	CHECK_OK(dir_remove(top));
	return test_done();
}
