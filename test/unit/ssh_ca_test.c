/* test/unit: the CA of SSH host keys; ssh-keygen is the judge. */
/* May know pki, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include "base/file.h"
#include "base/proc.h"
#include "pki/ssh_ca.h"
#include "ssh/hostkey.h"
#include "ssh/public_key.h"

#include <stdlib.h>
#include <unistd.h>

#define NOW	INT64_C(1795000000)	/* 2026-11-18 */
#define DAY	((int64_t)24 * 60 * 60)

static struct buf	ca_key = { .secret = true }, ca;
static char		dir[] = "/tmp/leap-ssh-ca-XXXXXX";
static struct strs	names;

/* A host key of ssh-keygen's; its line is appended to `key`. */
static void
make_key(struct buf *key, const char *type, const char *bits)
{
	static int	 made;
	char		*path = xasprintf("%s/%d", dir, made++), *public = xasprintf("%s.pub", path);
	struct buf	 text = { 0 };

	CHECK_OK(proc_do("ssh-keygen", "-q", "-t", type, "-b", bits, "-N", "", "-C", "", "-f", path, NULL));
	CHECK_OK(file_read(public, 8192, &text));
	CHECK_OK(hostkey_parse(key, buf_text(&text)));
	buf_fini(&text);
	free(public);
	free(path);
}

/* What ssh-keygen prints with an option of a file. */
static int
keygen(struct buf *said, const char *option, const char *file, const char *more)
{
	int	 status = -1;

	CHECK_OK(proc_run(&(struct proc){ .argv = (const char *[]){ "env", "TZ=UTC", "LC_ALL=C", "ssh-keygen", option, "-f",
	    file, more, NULL }, .output = said }, &status));
	return status;
}

static void
check_cert(const char *type, const char *bits, const char *shown)
{
	struct buf	 key = { 0 }, line = { 0 }, said = { 0 }, fingerprint = { 0 }, signer = { 0 }, want = { 0 };
	struct ssh_cert_request request = { .id = "web1", .names = &names, .days = 365 };
	struct ssh_cert	 cert;
	char		*path = xasprintf("%s/cert.pub", dir);

	make_key(&key, type, bits);
	request.key = buf_text(&key);
	CHECK_OK(ssh_cert_issue(&line, &request, &ca_key, NOW));
	if (!CHECK_OK(ssh_cert_read(&cert, buf_text(&line))))
		return;
	CHECK_STR(cert.key, buf_text(&key));
	CHECK_STR(cert.id, "web1");
	CHECK_STR(cert.ca, buf_text(&ca));
	CHECK_INT(cert.starts, NOW - DAY);
	CHECK_INT(cert.ends, NOW + 365 * DAY);
	CHECK_INT(cert.names.count, 3);
	CHECK_OK(file_write(path, line.data, line.len, 0644));
	CHECK_INT(keygen(&said, "-L", path, NULL), 0);
	CHECK_OK(public_key_fingerprint(&fingerprint, buf_text(&key)));
	CHECK_OK(public_key_fingerprint(&signer, buf_text(&ca)));
	buf_addf(&want, "%s:\n        Type: %.*s host certificate\n        Public key: %s-CERT %s\n"
	    "        Signing CA: ED25519 %s (using ssh-ed25519)\n        Key ID: \"web1\"\n        Serial: %llu\n"
	    "        Valid: from 2026-11-17T11:06:40 to 2027-11-18T11:06:40\n        Principals: \n"
	    "                web1\n                web1.example.org\n                192.0.2.1\n"
	    "        Critical Options: (none)\n        Extensions: (none)\n", path, (int)strcspn(buf_text(&line), " "),
	    buf_text(&line), shown, buf_text(&fingerprint), buf_text(&signer), (unsigned long long)cert.serial);
	CHECK_STR(buf_text(&said), buf_text(&want));
	CHECK(ssh_cert_stale(buf_text(&line), &request, buf_text(&ca), 60, NOW) == NULL);
	ssh_cert_fini(&cert);
	buf_fini(&key);
	buf_fini(&line);
	buf_fini(&said);
	buf_fini(&fingerprint);
	buf_fini(&signer);
	buf_fini(&want);
	free(path);
}

TEST(certificates_are_what_ssh_keygen_reads)
{
	check_cert("ed25519", "256", "ED25519");
	check_cert("ecdsa", "256", "ECDSA");
	check_cert("ecdsa", "384", "ECDSA");
	check_cert("ecdsa", "521", "ECDSA");
	check_cert("rsa", "2048", "RSA");
}

static void
check_stale(const char *line, const struct ssh_cert_request *request, const char *of, int64_t now, const char *want)
{
	char	*why = ssh_cert_stale(line, request, of, 60, now);

	CHECK_STR(why, want);
	free(why);
}

TEST(a_certificate_is_made_anew_for_a_reason)
{
	struct buf	 key = { 0 }, other = { 0 }, line = { 0 }, cut = { 0 };
	struct strs	 fewer = { 0 };
	struct ssh_cert_request request = { .id = "web1", .names = &names, .days = 365 }, changed;

	make_key(&key, "ed25519", "256");
	make_key(&other, "ed25519", "256");
	strs_add(&fewer, "web1");
	request.key = buf_text(&key);
	CHECK_OK(ssh_cert_issue(&line, &request, &ca_key, NOW));
	check_stale(buf_text(&line), &request, buf_text(&ca), NOW + 305 * DAY, NULL);
	check_stale(buf_text(&line), &request, buf_text(&ca), NOW + 305 * DAY + 1, "expires in 59 days");
	check_stale(buf_text(&line), &request, buf_text(&ca), NOW + 365 * DAY, "has expired");
	check_stale(buf_text(&line), &request, buf_text(&other), NOW, "is from another CA");
	changed = request;
	changed.key = buf_text(&other);
	check_stale(buf_text(&line), &changed, buf_text(&ca), NOW, "is of another key");
	changed = request;
	changed.names = &fewer;
	check_stale(buf_text(&line), &changed, buf_text(&ca), NOW, "has other names");
	changed = request;
	changed.id = "web2";
	check_stale(buf_text(&line), &changed, buf_text(&ca), NOW, "has other names");
	check_stale("", &request, buf_text(&ca), NOW, "cannot be read");
	check_stale(buf_text(&key), &request, buf_text(&ca), NOW, "cannot be read");
	/* Another byte anywhere, and the signature is not of that. */
	for (size_t at = 48; at < line.len - 4; at += 7) {
		buf_clear(&cut);
		buf_add(&cut, line.data, line.len);
		cut.data[at] = cut.data[at] == 'A' ? 'B' : 'A';
		check_stale(buf_text(&cut), &request, buf_text(&ca), NOW, "cannot be read");
	}
	strs_fini(&fewer);
	buf_fini(&cut);
	buf_fini(&line);
	buf_fini(&other);
	buf_fini(&key);
}

TEST(certificates_of_users_are_none_of_hosts)
{
	char		*user = xasprintf("%s/user", dir), *signer = xasprintf("%s/signer", dir);
	char		*public = xasprintf("%s.pub", user), *path = xasprintf("%s-cert.pub", user);
	struct buf	 text = { 0 };
	struct ssh_cert	 cert;

	CHECK_OK(proc_do("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", user, NULL));
	CHECK_OK(proc_do("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", signer, NULL));
	CHECK_OK(proc_do("ssh-keygen", "-q", "-s", signer, "-I", "ann", "-n", "root", public, NULL));
	CHECK_OK(file_read(path, 8192, &text));
	CHECK_ERR(ssh_cert_read(&cert, buf_text(&text)), "this is no SSH host certificate\n");
	ssh_cert_fini(&cert);
	CHECK_OK(proc_do("ssh-keygen", "-q", "-s", signer, "-h", "-I", "web1", "-n", "web1", public, NULL));
	buf_clear(&text);
	CHECK_OK(file_read(path, 8192, &text));
	CHECK_OK(ssh_cert_read(&cert, buf_text(&text)));
	CHECK(cert.ends == INT64_MAX);		/* without -V it is for ever */
	ssh_cert_fini(&cert);
	buf_fini(&text);
	free(path);
	free(public);
	free(signer);
	free(user);
}

TEST(a_list_revokes_just_its_keys)
{
	struct buf	 keys[3] = { { 0 } }, krl = { 0 };
	struct strs	 revoked = { 0 };
	char		*list = xasprintf("%s/krl", dir), *file = xasprintf("%s/asked.pub", dir);

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		make_key(&keys[i], i == 1 ? "ecdsa" : "ed25519", "256");
	strs_addf(&revoked, "%s web1", buf_text(&keys[0]));
	strs_addf(&revoked, "%s web2", buf_text(&keys[1]));
	CHECK_OK(ssh_krl_make(&krl, &revoked, NOW));
	CHECK_OK(file_write(list, krl.data, krl.len, 0644));
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct buf said = { 0 };

		CHECK_OK(file_write(file, keys[i].data, keys[i].len, 0644));
		CHECK_INT(keygen(&said, "-Q", list, file), i < 2 ? 1 : 0);
		CHECK(strstr(buf_text(&said), i < 2 ? "REVOKED" : "ok") != NULL);
		buf_fini(&said);
	}
	strs_add(&revoked, "ssh-ed25519 AAAA");
	buf_clear(&krl);
	CHECK_ERR(ssh_krl_make(&krl, &revoked, NOW), "the key's data is cut short\n");
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		buf_fini(&keys[i]);
	strs_fini(&revoked);
	buf_fini(&krl);
	free(list);
	free(file);
}

int
main(void)
{
	if (access("/usr/bin/ssh-keygen", X_OK) != 0) {
		test_skip("ssh-keygen is not installed (openssh-client)");
		return test_done();
	}
	if (mkdtemp(dir) == NULL)
		return 1;
	CHECK_OK(ssh_ca_create(&ca_key, &ca));
	strs_add(&names, "web1");
	strs_add(&names, "web1.example.org");
	strs_add(&names, "192.0.2.1");
	RUN(certificates_are_what_ssh_keygen_reads);
	RUN(a_certificate_is_made_anew_for_a_reason);
	RUN(certificates_of_users_are_none_of_hosts);
	RUN(a_list_revokes_just_its_keys);
	strs_fini(&names);
	buf_fini(&ca_key);
	buf_fini(&ca);
	CHECK_OK(dir_remove(dir));
	return test_done();
}
