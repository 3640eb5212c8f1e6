/* unit: runs files of Project Wycheproof's vectors; test/cli/wycheproof.sh knows where they are. */
/* May know age, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "age/format.h"
#include "age/sshsig_key.h"

#include "base/err.h"
#include "base/sshwire.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * usage: wycheproof DIRECTORY
 *
 * For each file of the directory: its name, the number of vectors that apply to what is done here, of those that do not,
 * and of those that failed, with tabs between them; for each that failed a line "not ok ...".
 */

/* "acceptable" is what a program may refuse, or not, as its protocol has it. */
enum outcome { VALID, INVALID, ACCEPTABLE };

enum verdict { HOLDS, FAILS, DOES_NOT_APPLY };

struct vector {
	const json_t	*group, *test;
	enum outcome	 outcome;
};

/* The bytes of a member in hexadecimal digits, of the test or else of its group; the caller's. */
static struct buf
bytes_of(const struct vector *vector, const char *key)
{
	const char	*digits = json_string_value(json_object_get(vector->test, key));
	struct buf	 out = { 0 };
	unsigned	 byte;

	if (digits == NULL)
		digits = json_string_value(json_object_get(vector->group, key));
	for (; digits != NULL && sscanf(digits, "%2x", &byte) == 1; digits += 2)
		buf_addc(&out, (char)byte);
	return out;
}

static bool
same(const void *got, size_t len, const struct buf *want)
{
	return len == want->len && memcmp(got, buf_text(want), len) == 0;
}

/* Of an operation that says whether it worked, and whether the right thing came out. */
static enum verdict
verdict(const struct vector *vector, bool worked, bool right)
{
	if (vector->outcome == VALID)
		return worked && right ? HOLDS : FAILS;
	if (vector->outcome == INVALID)
		return worked ? FAILS : HOLDS;
	return !worked || right ? HOLDS : FAILS;
}

static bool
ok(struct err *e)
{
	bool	 none = e == NULL;

	err_free(e);
	return none;
}

static enum verdict
try_x25519(const struct vector *vector)
{
	struct buf	 scalar = bytes_of(vector, "private"), point = bytes_of(vector, "public");
	struct buf	 shared = bytes_of(vector, "shared");
	unsigned char	 out[KEY_SIZE];
	bool		 usable = false, worked;
	enum verdict	 result = DOES_NOT_APPLY;

	if (scalar.len == KEY_SIZE && point.len == KEY_SIZE) {
		worked = ok(x25519(out, (unsigned char *)scalar.data, (unsigned char *)point.data, &usable)) && usable;
		result = verdict(vector, worked, worked && same(out, sizeof(out), &shared));
	}
	buf_fini(&scalar);
	buf_fini(&point);
	buf_fini(&shared);
	return result;
}

/* Files of age have no data beside what is encrypted. */
static enum verdict
try_chacha20_poly1305(const struct vector *vector)
{
	struct buf	 key = bytes_of(vector, "key"), iv = bytes_of(vector, "iv"), aad = bytes_of(vector, "aad");
	struct buf	 clear = bytes_of(vector, "msg"), sealed = bytes_of(vector, "ct"), tag = bytes_of(vector, "tag");
	unsigned char	*out = xcalloc(1, clear.len + sealed.len + 2 * TAG_SIZE);
	bool		 opened = false, closed;
	enum verdict	 result = DOES_NOT_APPLY;

	if (key.len == KEY_SIZE && iv.len == 12 && aad.len == 0) {
		buf_add(&sealed, tag.data, tag.len);
		closed = ok(seal(out, (unsigned char *)key.data, (unsigned char *)iv.data, clear.data, clear.len)) &&
		    same(out, clear.len + TAG_SIZE, &sealed);
		if (!ok(unseal(out, (unsigned char *)key.data, (unsigned char *)iv.data, sealed.data, sealed.len, &opened)))
			opened = false;
		result = verdict(vector, opened, closed && same(out, clear.len, &clear));
	}
	free(out);
	buf_fini(&key);
	buf_fini(&iv);
	buf_fini(&aad);
	buf_fini(&clear);
	buf_fini(&sealed);
	buf_fini(&tag);
	return result;
}

/* A key of 32 bytes, and what it is for, as a text. */
static enum verdict
try_hkdf(const struct vector *vector)
{
	struct buf	 ikm = bytes_of(vector, "ikm"), salt = bytes_of(vector, "salt"), info = bytes_of(vector, "info");
	struct buf	 okm = bytes_of(vector, "okm");
	unsigned char	 out[KEY_SIZE];
	bool		 worked;
	enum verdict	 result = DOES_NOT_APPLY;

	if (okm.len == KEY_SIZE && strlen(buf_text(&info)) == info.len) {
		worked = ok(hkdf(out, ikm.data, ikm.len, buf_text(&salt), salt.len, buf_text(&info)));
		result = verdict(vector, worked, same(out, sizeof(out), &okm));
	}
	buf_fini(&ikm);
	buf_fini(&salt);
	buf_fini(&info);
	buf_fini(&okm);
	return result;
}

static enum verdict
try_hmac(const struct vector *vector)
{
	struct buf	 key = bytes_of(vector, "key"), clear = bytes_of(vector, "msg"), tag = bytes_of(vector, "tag");
	unsigned char	 out[KEY_SIZE];
	bool		 worked;
	enum verdict	 result = DOES_NOT_APPLY;

	if (tag.len == KEY_SIZE) {
		worked = ok(hmac_sha256(out, key.data, key.len, buf_text(&clear), clear.len)) &&
		    tag_equal(out, tag.data, sizeof(out));
		result = verdict(vector, worked, worked);
	}
	buf_fini(&key);
	buf_fini(&clear);
	buf_fini(&tag);
	return result;
}

static enum verdict
try_oaep(const struct vector *vector)
{
	struct buf	 n = bytes_of(vector, "n"), e = bytes_of(vector, "e"), d = bytes_of(vector, "d");
	struct buf	 label = bytes_of(vector, "label"), sealed = bytes_of(vector, "ct");
	struct buf	 clear = bytes_of(vector, "msg"), out = { .secret = true }, again = { 0 };
	struct sshwire	 numbers[] = { sshwire_of(&n), sshwire_of(&e), sshwire_of(&d) };
	EVP_PKEY	*key = ssh_rsa_key(&numbers[0], &numbers[1], &numbers[2]);
	bool		 opened = false, worked;
	enum verdict	 result = FAILS;

	if (key != NULL) {
		worked = ok(oaep_open(&out, key, label.data, label.len, sealed.data, sealed.len, &opened)) && opened;
		result = verdict(vector, worked, same(buf_text(&out), out.len, &clear));
	}
	/* What is sealed here opens, too. */
	if (result == HOLDS && vector->outcome == VALID) {
		out.len = 0;
		if (!ok(oaep_seal(&again, key, label.data, label.len, clear.data, clear.len)) ||
		    !ok(oaep_open(&out, key, label.data, label.len, again.data, again.len, &opened)) || !opened ||
		    !same(buf_text(&out), out.len, &clear))
			result = FAILS;
	}
	EVP_PKEY_free(key);
	buf_fini(&n);
	buf_fini(&e);
	buf_fini(&d);
	buf_fini(&label);
	buf_fini(&sealed);
	buf_fini(&clear);
	buf_fini(&out);
	buf_fini(&again);
	return result;
}

/* A signature in SSH's form: the type, and what belongs to it. */
static bool
verifies(const struct buf *key, const char *type, const struct buf *blob, const struct buf *text)
{
	struct buf	 signature = { 0 };
	struct sshwire	 key_wire = sshwire_of(key), signature_wire;
	bool		 good;

	sshwire_add_text(&signature, type);
	sshwire_add_string(&signature, blob->data, blob->len);
	signature_wire = sshwire_of(&signature);
	good = ok(sshsig_key_verify(&key_wire, &signature_wire, text));
	buf_fini(&signature);
	return good;
}

/* Only 64 bytes are two numbers; SSH knows no other way to put them down than as numbers. */
static enum verdict
try_ecdsa(const struct vector *vector)
{
	struct vector	 of_key = { .group = json_object_get(vector->group, "key") };
	struct buf	 point = bytes_of(&of_key, "uncompressed");
	struct buf	 text = bytes_of(vector, "msg"), pair = bytes_of(vector, "sig"), key = { 0 }, blob = { 0 };
	enum verdict	 result = DOES_NOT_APPLY;
	bool		 good;

	if (pair.len == 64) {
		sshwire_add_text(&key, "ecdsa-sha2-nistp256");
		sshwire_add_text(&key, "nistp256");
		sshwire_add_string(&key, point.data, point.len);
		sshwire_add_number(&blob, pair.data, 32);
		sshwire_add_number(&blob, pair.data + 32, 32);
		good = verifies(&key, "ecdsa-sha2-nistp256", &blob, &text);
		result = verdict(vector, good, good);
	}
	buf_fini(&point);
	buf_fini(&text);
	buf_fini(&pair);
	buf_fini(&key);
	buf_fini(&blob);
	return result;
}

static enum verdict
try_eddsa(const struct vector *vector)
{
	struct vector	 of_key = { .group = json_object_get(vector->group, "key") };
	struct buf	 point = bytes_of(&of_key, "pk"), text = bytes_of(vector, "msg"), blob = bytes_of(vector, "sig");
	struct buf	 key = { 0 };
	bool		 good;

	sshwire_add_text(&key, "ssh-ed25519");
	sshwire_add_string(&key, point.data, point.len);
	good = verifies(&key, "ssh-ed25519", &blob, &text);
	buf_fini(&point);
	buf_fini(&text);
	buf_fini(&blob);
	buf_fini(&key);
	return verdict(vector, good, good);
}

static enum verdict
try_rsa_signature(const struct vector *vector)
{
	struct buf	 n = bytes_of(vector, "n"), e = bytes_of(vector, "e"), key = { 0 };
	struct buf	 text = bytes_of(vector, "msg"), blob = bytes_of(vector, "sig");
	const char	*sha = json_string_value(json_object_get(vector->group, "sha"));
	bool		 good;

	sshwire_add_text(&key, "ssh-rsa");
	sshwire_add_number(&key, e.data, e.len);
	sshwire_add_number(&key, n.data, n.len);
	good = verifies(&key, strcmp(sha, "SHA-512") == 0 ? "rsa-sha2-512" : "rsa-sha2-256", &blob, &text);
	buf_fini(&n);
	buf_fini(&e);
	buf_fini(&key);
	buf_fini(&text);
	buf_fini(&blob);
	return verdict(vector, good, good);
}

static const struct {
	const char	*file;
	enum verdict	 (*try)(const struct vector *vector);
} files[] = {
	{ "x25519", try_x25519 },
	{ "chacha20_poly1305", try_chacha20_poly1305 },
	{ "hkdf_sha256", try_hkdf },
	{ "hmac_sha256", try_hmac },
	{ "rsa_oaep_2048_sha256_mgf1sha256", try_oaep },
	{ "rsa_oaep_3072_sha256_mgf1sha256", try_oaep },
	{ "rsa_oaep_4096_sha256_mgf1sha256", try_oaep },
	{ "ecdsa_secp256r1_sha256_p1363", try_ecdsa },
	{ "eddsa", try_eddsa },
	{ "rsa_signature_2048_sha256", try_rsa_signature },
	{ "rsa_signature_2048_sha512", try_rsa_signature },
	{ "rsa_signature_3072_sha256", try_rsa_signature },
	{ "rsa_signature_3072_sha512", try_rsa_signature },
};

static void
run_file(const char *file, const json_t *root, enum verdict (*try)(const struct vector *vector))
{
	unsigned	 count[3] = { 0 };
	struct vector	 vector;
	enum verdict	 result;
	size_t		 i, k;
	const char	*outcome;

	json_array_foreach(json_object_get(root, "testGroups"), i, vector.group) {
		json_array_foreach(json_object_get(vector.group, "tests"), k, vector.test) {
			outcome = json_string_value(json_object_get(vector.test, "result"));
			vector.outcome = strcmp(outcome, "valid") == 0 ? VALID : *outcome == 'i' ? INVALID : ACCEPTABLE;
			result = try(&vector);
			count[result]++;
			if (result == FAILS)
				printf("not ok %s %d: %s (%s)\n", file,
				    (int)json_integer_value(json_object_get(vector.test, "tcId")),
				    json_string_value(json_object_get(vector.test, "comment")), outcome);
		}
	}
	printf("%s\t%u\t%u\t%u\n", file, count[HOLDS] + count[FAILS], count[DOES_NOT_APPLY], count[FAILS]);
}

int
main(int argc, char **argv)
{
	json_error_t	 error;
	json_t		*root;
	char		*path;

	for (size_t i = 0; argc == 2 && i < ARRAY_LEN(files); i++) {
		path = xasprintf("%s/%s_test.json", argv[1], files[i].file);
		if ((root = json_load_file(path, 0, &error)) == NULL) {
			fprintf(stderr, "%s: %s\n", path, error.text);
			return 1;
		}
		run_file(files[i].file, root, files[i].try);
		json_decref(root);
		free(path);
	}
	return argc == 2 ? 0 : 2;
}
