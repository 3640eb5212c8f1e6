/* test/unit: the keys of mail signatures, onion services and WireGuard. */
/* May know pki, base; the stock openssl and wg programs judge what was made. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include "base/file.h"
#include "base/proc.h"
#include "base/strs.h"
#include "pki/service_key.h"

#include <stdlib.h>

static char top[256];

static void
put(const char *path, const struct buf *text)
{
	char *full = path_join(top, path);

	CHECK_OK(file_write(full, text->data, text->len, 0600));
	free(full);
}

/* Run a shell's line in `top`; its output, the caller's. */
static char *
shell(const char *line)
{
	char		*command = xasprintf("cd %s && %s", top, line);
	const char	*argv[] = { "sh", "-c", command, NULL };
	struct buf	 output = { 0 };
	int		 status;

	buf_adds(&output, "");
	CHECK_OK(proc_run(&(struct proc){ .argv = argv, .output = &output, .errors = &output }, &status));
	free(command);
	return buf_take(&output);
}

static void
check_shell(const char *line, const char *want)
{
	char *got = shell(line);

	CHECK_STR(got, want);
	free(got);
}

TEST(a_record_of_any_length_is_strings_of_255_bytes)
{
	static const struct {
		size_t		 len;
		unsigned	 strings;
	} rows[] = { { 0, 1 }, { 1, 1 }, { 255, 1 }, { 256, 2 }, { 510, 2 }, { 511, 3 } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf	 text = { 0 }, out = { 0 };
		struct strs	 parts = { 0 };
		size_t		 total = 0;

		for (size_t j = 0; j < rows[i].len; j++)
			buf_addc(&text, 'a');
		txt_record(&out, buf_text(&text));
		strs_split(&parts, buf_text(&out), ' ');
		CHECK_INT(parts.count, rows[i].strings);
		for (size_t j = 0; j < parts.count; j++) {
			CHECK(strlen(parts.items[j]) <= 257);
			total += strlen(parts.items[j]) - 2;
		}
		CHECK_INT(total, rows[i].len);
		buf_fini(&text);
		buf_fini(&out);
		strs_fini(&parts);
	}
}

TEST(quotes_and_backslashes_are_escaped)
{
	struct buf out = { 0 };

	txt_record(&out, "a\"b\\c");
	CHECK_STR(buf_text(&out), "\"a\\\"b\\\\c\"");
	buf_fini(&out);
}

/* The record without quotes and with what is between the strings taken out. */
static char *
plain(const struct buf *record)
{
	struct buf text = { 0 };

	for (const char *at = buf_text(record); *at != '\0'; at++) {
		if (*at != '"' && !(*at == ' ' && at[1] == '"'))
			buf_addc(&text, *at);
	}
	return buf_take(&text);
}

TEST(dkim_records_have_the_public_key)
{
	struct buf	 key = { .secret = true }, record = { 0 };
	char		*text, *want, *known;

	CHECK_OK(dkim_rsa_create(&key, &record));
	put("rsa.key", &key);
	text = plain(&record);
	known = shell("openssl pkey -in rsa.key -pubout -outform DER | base64 -w 0");
	want = xasprintf("v=DKIM1; k=rsa; p=%s", known);
	CHECK_STR(text, want);
	check_shell("openssl pkey -in rsa.key -noout -text | head -n 1", "Private-Key: (2048 bit, 2 primes)\n");
	CHECK(record.len > 2 * 255 - 255 && strstr(buf_text(&record), "\" \"") == record.data + 256);
	free(text);
	free(want);
	free(known);
	buf_clear(&key);
	buf_clear(&record);
	CHECK_OK(dkim_ed25519_create(&key, &record));
	put("ed.key", &key);
	known = shell("openssl pkey -in ed.key -pubout -outform DER | tail -c 32 | base64 -w 0");	/* RFC 8463: raw */
	want = xasprintf("\"v=DKIM1; k=ed25519; p=%s\"", known);
	CHECK_STR(buf_text(&record), want);
	CHECK_INT(strlen(known), 44);
	free(want);
	free(known);
	buf_fini(&key);
	buf_fini(&record);
}

/* The seed of RFC 8032, 7.1, test 1; the address was computed from its public key with Python's hashlib and base64. */
TEST(an_onion_address_is_that_of_its_key)
{
	static const unsigned char seed[32] = {
		0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
		0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
	};
	struct buf	 key = { .secret = true }, address = { 0 };

	CHECK_OK(onion_from_seed(&key, &address, seed));
	CHECK_STR(buf_text(&address), "25njqamcweflpvkl73j4szahhihoc4xt3ktcgjnpaingr5yhkenl5sid.onion");
	CHECK_INT(key.len, 96);
	CHECK(memcmp(key.data, "== ed25519v1-secret: type0 ==\0\0\0", 32) == 0);
	/* SHA-512 of the seed, clamped: the scalar of that test. */
	put("hs", &key);
	check_shell("tail -c 64 hs | od -An -tx1 | tr -d ' \\n'", "307c83864f2833cb427a2ef1c00a013cfdff2768d980c0a3a520f006904de94f"
	    "9b4f0afe280b746a778684e75442502057b7473a03f08f96f5a38e9287e01f8f");
	buf_fini(&key);
	buf_fini(&address);
}

TEST(onion_keys_differ)
{
	struct buf	one = { .secret = true }, other = { .secret = true }, a = { 0 }, b = { 0 };

	CHECK_OK(onion_create(&one, &a));
	CHECK_OK(onion_create(&other, &b));
	CHECK_INT(a.len, 56 + strlen(".onion"));
	CHECK(strcmp(buf_text(&a), buf_text(&b)) != 0);
	CHECK((one.data[32] & 7) == 0 && ((unsigned char)one.data[63] & 0xc0) == 0x40);
	buf_fini(&one);
	buf_fini(&other);
	buf_fini(&a);
	buf_fini(&b);
}

/* What openssl makes of the private half, put behind the fixed head of a PKCS #8 key of X25519 (RFC 8410). */
TEST(a_wireguard_key_has_its_public_half)
{
	struct buf	 key = { .secret = true }, known = { 0 };
	char		*got;

	CHECK_OK(wireguard_create(&key, &known));
	put("wg.key", &key);
	got = shell("{ printf '\\060\\056\\002\\001\\000\\060\\005\\006\\003\\053\\145\\156\\004\\042\\004\\040'; base64 -d wg.key; } | "
	    "openssl pkey -inform DER -pubout -outform DER | tail -c 32 | base64 -w 0");
	CHECK_STR(buf_text(&known), got);
	CHECK_INT(key.len, 45);
	free(got);
	buf_fini(&key);
	buf_fini(&known);
}

int
main(void)
{
	int status;

	snprintf(top, sizeof(top), "%s/service_key_test.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (mkdtemp(top) == NULL) {
		perror(top);
		return 1;
	}
	RUN(a_record_of_any_length_is_strings_of_255_bytes);
	RUN(quotes_and_backslashes_are_escaped);
	RUN(dkim_records_have_the_public_key);
	RUN(an_onion_address_is_that_of_its_key);
	RUN(onion_keys_differ);
	RUN(a_wireguard_key_has_its_public_half);
	status = test_done();
	err_free(dir_remove(top));
	return status;
}
