/* unit: signatures by SSH keys, with ssh-keygen(1) as the other end, and every way to write one down that is wrong. */
/* May know age, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "age/sshsig.h"

#include "base/base64.h"
#include "base/err.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/sshwire.h"
#include "base/strs.h"
#include "test.h"

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <unistd.h>

#define NAME_SPACE	"leap-test"
#define TEXT		"what is signed\n"
#define BEGIN		"-----BEGIN SSH SIGNATURE-----\n"
#define END		"-----END SSH SIGNATURE-----\n"

static char scratch[] = "/tmp/leap-sshsig-XXXXXX";

static char *
scratch_path(const char *name)
{
	return xasprintf("%s/%s", scratch, name);
}

static void
read_file(const char *name, struct buf *out)
{
	char *path = scratch_path(name);

	CHECK_OK(file_read(path, 1u << 20, out));
	free(path);
}

static void
write_file(const char *name, const void *data, size_t len)
{
	char *path = scratch_path(name);

	CHECK_OK(file_write(path, data, len, 0600));
	free(path);
}

/* A key pair in scratch/NAME and NAME.pub. */
static void
make_key(const char *name, const char *type, const char *bits, const char *passphrase)
{
	char *path = scratch_path(name);

	CHECK_OK(proc_do("ssh-keygen", "-q", "-t", type, "-b", bits, "-N", passphrase, "-C", name, "-f", path, NULL));
	free(path);
}

/* The wire form of scratch/NAME.pub. */
static void
public_key(const char *name, struct buf *out)
{
	char		*file = xasprintf("%s.pub", name);
	struct buf	 line = { 0 };
	const char	*data;

	read_file(file, &line);
	data = strchr(buf_text(&line), ' ') + 1;
	CHECK(base64_decode(data, strcspn(data, " "), true, out));
	free(file);
	buf_fini(&line);
}

/* What ssh-keygen makes of TEXT. */
static void
keygen_sign(const char *name, const char *hash, struct buf *out)
{
	char		*path = scratch_path(name), *option = xasprintf("hashalg=%s", hash);
	const char	*argv[] = { "ssh-keygen", "-q", "-Y", "sign", "-O", option, "-n", NAME_SPACE, "-f", path, NULL };
	struct buf	 errors = { 0 };
	struct proc	 proc = { .argv = argv, .input = TEXT, .input_len = strlen(TEXT), .output = out, .errors = &errors };
	int		 status = -1;

	CHECK_OK(proc_run(&proc, &status));
	CHECK_INT(status, 0);
	free(path);
	free(option);
	buf_fini(&errors);
}

/* Whether ssh-keygen finds it a good signature of TEXT. */
static bool
keygen_accepts(const struct buf *signature)
{
	char		*path = scratch_path("signature");
	const char	*argv[] = { "ssh-keygen", "-Y", "check-novalidate", "-n", NAME_SPACE, "-s", path, NULL };
	struct buf	 output = { 0 };
	struct proc	 proc = { .argv = argv, .input = TEXT, .input_len = strlen(TEXT), .output = &output, .errors = &output };
	int		 status = -1;

	write_file("signature", signature->data, signature->len);
	CHECK_OK(proc_run(&proc, &status));
	free(path);
	buf_fini(&output);
	return status == 0;
}

static struct err *
verify(const struct buf *signature, const char *text)
{
	struct buf	 key = { 0 };
	struct err	*e = sshsig_verify(&key, NAME_SPACE, buf_text(signature), signature->len, text, strlen(text));

	CHECK((key.len > 0) == (e == NULL));
	buf_fini(&key);
	return e;
}

static void
add_armor(const struct buf *raw, struct buf *out)
{
	struct buf body = { 0 };

	base64_encode(raw->data, raw->len, true, &body);
	buf_adds(out, BEGIN);
	for (size_t at = 0; at < body.len; at += 70)
		buf_addf(out, "%.70s\n", body.data + at);
	buf_adds(out, END);
	buf_fini(&body);
}

/* What stands between the lines. */
static void
remove_armor(const struct buf *text, struct buf *raw)
{
	struct buf body = { 0 };

	for (const char *p = text->data + strlen(BEGIN); *p != '-'; p++) {
		if (*p != '\n')
			buf_addc(&body, *p);
	}
	CHECK(base64_decode(body.data, body.len, true, raw));
	buf_fini(&body);
}

static const struct { const char *name, *type, *bits; } kinds[] = {
	{ "ed25519", "ed25519", "256" }, { "p256", "ecdsa", "256" }, { "p384", "ecdsa", "384" },
	{ "p521", "ecdsa", "521" }, { "rsa", "rsa", "2048" },
};

TEST(takes_what_ssh_keygen_signs)
{
	for (size_t i = 0; i < 2 * ARRAY_LEN(kinds); i++) {
		const char	*name = kinds[i / 2].name, *hash = i % 2 ? "sha256" : "sha512";
		struct buf	 signature = { 0 }, key = { 0 }, want = { 0 };

		keygen_sign(name, hash, &signature);
		public_key(name, &want);
		CHECK_OK(sshsig_verify(&key, NAME_SPACE, signature.data, signature.len, TEXT, strlen(TEXT)));
		CHECK(key.len == want.len && memcmp(key.data, want.data, key.len) == 0);
		CHECK_ERR(verify(&signature, "something else"), "the signature is of something else\n");
		buf_clear(&key);
		CHECK_ERR(sshsig_verify(&key, "file", signature.data, signature.len, TEXT, strlen(TEXT)),
		    "a signature for something else than \"file\"\n");
		buf_fini(&signature);
		buf_fini(&key);
		buf_fini(&want);
	}
}

static struct err *
give_passphrase(void *context, const char *name, struct buf *passphrase)
{
	(void)name;
	buf_adds(passphrase, context);
	return NULL;
}

static struct age_identity *
identity_of(const char *name)
{
	struct age_identity	*identity = NULL;
	struct buf		 text = { .secret = true };

	read_file(name, &text);
	CHECK_OK(age_identity_new(&identity, name, text.data, text.len));
	buf_fini(&text);
	return identity;
}

TEST(ssh_keygen_takes_what_is_signed_here)
{
	static const char *const	 names[] = { "ed25519", "rsa", "locked" };
	char				 word[] = "open sesame", other[] = "sesame street";
	struct age_ask			 ask = { give_passphrase, other };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct age_identity	*identity = identity_of(names[i]);
		struct buf		 signature = { 0 };
		bool			 locked;

		CHECK(age_identity_key(identity, &locked)->len > 0);
		CHECK_INT(locked, i == 2);
		if (locked) {
			CHECK_ERR(sshsig_sign(&signature, identity, NULL, NAME_SPACE, TEXT, strlen(TEXT)), "locked is locked\n");
			CHECK_ERR(sshsig_sign(&signature, identity, &ask, NAME_SPACE, TEXT, strlen(TEXT)),
			    "wrong passphrase for locked\n");
			ask.context = word;
		}
		CHECK_INT(signature.len, 0);
		CHECK_OK(sshsig_sign(&signature, identity, &ask, NAME_SPACE, TEXT, strlen(TEXT)));
		CHECK_OK(verify(&signature, TEXT));
		CHECK(keygen_accepts(&signature));
		age_identity_key(identity, &locked);
		CHECK(!locked);
		age_identity_free(identity);
		buf_fini(&signature);
	}
}

TEST(a_native_key_of_age_signs_nothing)
{
	struct age_identity	*identity = NULL;
	struct buf		 secret = { .secret = true }, public = { 0 }, signature = { 0 };
	bool			 locked;

	CHECK_OK(age_generate(&secret, &public));
	CHECK_OK(age_identity_new(&identity, "native", secret.data, secret.len));
	CHECK_INT(age_identity_key(identity, &locked)->len, 0);
	CHECK_ERR(sshsig_sign(&signature, identity, NULL, NAME_SPACE, TEXT, strlen(TEXT)),
	    "native is no SSH key: it cannot sign\n");
	age_identity_free(identity);
	buf_fini(&secret);
	buf_fini(&public);
	buf_fini(&signature);
}

/* Such a file is broken, or somebody's trap: what is signed by it would be nobody's. */
TEST(a_key_whose_halves_are_of_two_signs_nothing)
{
	static const char	 begin[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n", end[] = "-----END OPENSSH PRIVATE KEY-----\n";
	struct age_identity	*identity = NULL;
	struct buf		 text = { .secret = true }, raw = { .secret = true }, body = { .secret = true };
	struct buf		 own = { 0 }, other = { 0 }, signature = { 0 };
	char			*at;

	read_file("ed25519", &text);
	public_key("ed25519", &own);
	public_key("locked", &other);
	for (const char *p = buf_text(&text) + strlen(begin); *p != '-'; p++) {
		if (*p != '\n')
			buf_addc(&body, *p);
	}
	CHECK(base64_decode(buf_text(&body), body.len, true, &raw));
	at = memmem(raw.data, raw.len, own.data, own.len);
	if (!CHECK(at != NULL) || !CHECK_INT(own.len, other.len))
		return;
	memcpy(at, other.data, other.len);
	buf_clear(&body);
	base64_encode(raw.data, raw.len, true, &body);
	buf_clear(&text);
	buf_adds(&text, begin);
	for (size_t i = 0; i < body.len; i += 70)
		buf_addf(&text, "%.70s\n", buf_text(&body) + i);
	buf_adds(&text, end);
	CHECK_OK(age_identity_new(&identity, "mixed", text.data, text.len));
	CHECK_ERR(sshsig_sign(&signature, identity, NULL, NAME_SPACE, TEXT, strlen(TEXT)),
	    "mixed: the signature is of something else\n");
	CHECK_INT(signature.len, 0);
	age_identity_free(identity);
	buf_fini(&text);
	buf_fini(&raw);
	buf_fini(&body);
	buf_fini(&own);
	buf_fini(&other);
	buf_fini(&signature);
}

/* The parts of a signature, each of which a test may have wrong. */
struct parts {
	const char	*magic, *name_space, *reserved, *hash, *type;
	uint32_t	 version;
	struct buf	 key, bytes, behind;	/* the key's wire form, the signature itself, and what follows it */
};

static void
build(const struct parts *parts, struct buf *raw)
{
	struct buf signature = { 0 };

	sshwire_add_text(&signature, parts->type);
	sshwire_add_string(&signature, parts->bytes.data, parts->bytes.len);
	buf_add(&signature, buf_text(&parts->behind), parts->behind.len);
	buf_adds(raw, parts->magic);
	sshwire_add_u32(raw, parts->version);
	sshwire_add_string(raw, parts->key.data, parts->key.len);
	sshwire_add_text(raw, parts->name_space);
	sshwire_add_text(raw, parts->reserved);
	sshwire_add_text(raw, parts->hash);
	sshwire_add_string(raw, signature.data, signature.len);
	buf_fini(&signature);
}

/* What the key signs. */
static void
signed_text(const struct parts *parts, struct buf *out)
{
	unsigned char digest[SHA512_DIGEST_LENGTH];

	SHA512((const unsigned char *)TEXT, strlen(TEXT), digest);
	buf_adds(out, parts->magic);
	sshwire_add_text(out, parts->name_space);
	sshwire_add_text(out, parts->reserved);
	sshwire_add_text(out, parts->hash);
	sshwire_add_string(out, digest, sizeof(digest));
}

static void
parts_init(struct parts *parts, const char *type)
{
	*parts = (struct parts){ .magic = "SSHSIG", .name_space = NAME_SPACE, .reserved = "", .hash = "sha512", .type = type,
		.version = 1 };
}

static void
parts_fini(struct parts *parts)
{
	buf_fini(&parts->key);
	buf_fini(&parts->bytes);
	buf_fini(&parts->behind);
}

/* The error, as text, of a signature with these parts; NULL: none. */
static struct err *
verify_parts(const struct parts *parts)
{
	struct buf	 raw = { 0 }, text = { 0 };
	struct err	*e;

	build(parts, &raw);
	add_armor(&raw, &text);
	e = verify(&text, TEXT);
	buf_fini(&raw);
	buf_fini(&text);
	return e;
}

/* A number of RFC 4251. */
static void
put_number(struct buf *out, const BIGNUM *number)
{
	unsigned char	 bytes[80] = { 0 };

	sshwire_add_number(out, bytes, (size_t)BN_bn2bin(number, bytes));
}

/* Sign `text` with a key of OpenSSL's, in the wire's form. */
static void
raw_sign(EVP_PKEY *key, bool ecdsa, const struct buf *text, struct buf *out)
{
	EVP_MD_CTX		*context = EVP_MD_CTX_new();
	unsigned char		 bytes[128];
	const unsigned char	*at = bytes;
	size_t			 n = sizeof(bytes);
	ECDSA_SIG		*pair;

	CHECK(EVP_DigestSignInit(context, NULL, ecdsa ? EVP_sha256() : NULL, NULL, key) == 1 &&
	    EVP_DigestSign(context, bytes, &n, (const unsigned char *)text->data, text->len) == 1);
	buf_clear(out);
	if (ecdsa) {
		pair = d2i_ECDSA_SIG(NULL, &at, (long)n);
		put_number(out, ECDSA_SIG_get0_r(pair));
		put_number(out, ECDSA_SIG_get0_s(pair));
		ECDSA_SIG_free(pair);
	} else {
		buf_add(out, bytes, n);
	}
	EVP_MD_CTX_free(context);
}

/* A security key, as PROTOCOL.u2f has it: what it signs and how it says so. */
static void
held_sign(struct parts *parts, EVP_PKEY *key, bool ecdsa, unsigned char flags)
{
	static const char	 application[] = "ssh:";
	unsigned char		 hash[SHA256_DIGEST_LENGTH];
	struct buf		 inner = { 0 }, text = { 0 };

	signed_text(parts, &inner);
	buf_clear(&parts->behind);
	buf_addc(&parts->behind, (char)flags);
	sshwire_add_u32(&parts->behind, 7);
	SHA256((const unsigned char *)application, strlen(application), hash);
	buf_add(&text, hash, sizeof(hash));
	buf_add(&text, parts->behind.data, parts->behind.len);
	SHA256((const unsigned char *)inner.data, inner.len, hash);
	buf_add(&text, hash, sizeof(hash));
	raw_sign(key, ecdsa, &text, &parts->bytes);
	buf_fini(&inner);
	buf_fini(&text);
}

/* The key's public half: of Ed25519, or a point on P-256. */
static void
public_half(EVP_PKEY *key, bool ecdsa, struct buf *out)
{
	unsigned char	 bytes[65];
	size_t		 n = sizeof(bytes);

	if (ecdsa)
		CHECK(EVP_PKEY_get_octet_string_param(key, "pub", bytes, sizeof(bytes), &n) == 1);
	else
		CHECK(EVP_PKEY_get_raw_public_key(key, bytes, &n) == 1);
	sshwire_add_string(out, bytes, n);
}

TEST(takes_what_a_security_key_signs_when_it_was_touched)
{
	for (int ecdsa = 0; ecdsa < 2; ecdsa++) {
		EVP_PKEY	*key = ecdsa ? EVP_EC_gen("P-256") : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
		struct parts	 parts;
		struct buf	 raw = { 0 }, text = { 0 };

		parts_init(&parts, ecdsa ? "sk-ecdsa-sha2-nistp256@openssh.com" : "sk-ssh-ed25519@openssh.com");
		sshwire_add_text(&parts.key, parts.type);
		if (ecdsa)
			sshwire_add_text(&parts.key, "nistp256");
		public_half(key, ecdsa, &parts.key);
		sshwire_add_text(&parts.key, "ssh:");
		held_sign(&parts, key, ecdsa, 1);
		build(&parts, &raw);
		add_armor(&raw, &text);
		CHECK_OK(verify(&text, TEXT));
		CHECK(keygen_accepts(&text));
		held_sign(&parts, key, ecdsa, 0);
		CHECK_ERR(verify_parts(&parts),
		    "a signature that is malformed, or for which nobody touched the security key\n");
		parts.behind.data[0] = 1;
		CHECK_ERR(verify_parts(&parts), "the signature is of something else\n");
		buf_addc(&parts.behind, 0);
		CHECK_ERR(verify_parts(&parts),
		    "a signature that is malformed, or for which nobody touched the security key\n");
		EVP_PKEY_free(key);
		parts_fini(&parts);
		buf_fini(&raw);
		buf_fini(&text);
	}
}

TEST(refuses_what_is_not_a_signature)
{
	static const char	 not_one[] = "not a signature of ssh-keygen(1)\n";
	static const char	 unknown[] = "a signature of a kind that is not known here\n";
	static const char	 malformed[] = "a signature by a key that is malformed\n";
	static const char	 other[] = "the signature is of something else\n";
	static const char	 kind[] = "a signature by a key of a kind that is not known here\n"
	    "hint: Ed25519, ECDSA and RSA keys sign, and those of a security key\n";
	EVP_PKEY		*key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	struct parts		 good;
	struct buf		 text = { 0 };

	parts_init(&good, "ssh-ed25519");
	sshwire_add_text(&good.key, "ssh-ed25519");
	public_half(key, false, &good.key);
	signed_text(&good, &text);
	raw_sign(key, false, &text, &good.bytes);
	CHECK_OK(verify_parts(&good));

	struct parts bad = good;
	bad.magic = "SSHSIC";
	CHECK_ERR(verify_parts(&bad), not_one);
	bad = good;
	bad.version = 2;
	CHECK_ERR(verify_parts(&bad), not_one);
	bad = good;
	bad.reserved = "x";
	CHECK_ERR(verify_parts(&bad), unknown);
	bad = good;
	bad.hash = "md5";
	CHECK_ERR(verify_parts(&bad), unknown);
	bad.hash = "sha256";
	CHECK_ERR(verify_parts(&bad), other);
	bad = good;
	bad.type = "ssh-rsa";
	CHECK_ERR(verify_parts(&bad), kind);
	bad.type = "rsa-sha2-512";
	CHECK_ERR(verify_parts(&bad), kind);
	bad = good;
	bad.bytes.len--;
	CHECK_ERR(verify_parts(&bad), other);
	bad = good;
	bad.key.len = 0;
	CHECK_ERR(verify_parts(&bad), not_one);
	bad = good;
	bad.key.len--;
	CHECK_ERR(verify_parts(&bad), malformed);
	buf_addc(&good.key, 'x');
	CHECK_ERR(verify_parts(&good), malformed);
	good.key.len--;
	buf_addc(&good.bytes, 'x');
	CHECK_ERR(verify_parts(&good), other);
	good.bytes.len--;
	buf_addc(&good.behind, 'x');
	CHECK_ERR(verify_parts(&good), "a signature that is malformed, or for which nobody touched the security key\n");
	EVP_PKEY_free(key);
	parts_fini(&good);
	buf_fini(&text);
}

/* `count` zero bytes before the first number, or its sign. */
static void
spoil_number(struct parts *parts, size_t zeros, bool negative)
{
	struct sshwire	from = sshwire_of(&parts->bytes), r = { 0 }, s = { 0 };
	struct buf	made = { 0 }, number = { 0 };

	CHECK(sshwire_string(&from, &r) && sshwire_string(&from, &s));
	for (size_t i = 0; i < zeros; i++)
		buf_addc(&number, 0);
	buf_add(&number, r.data, r.len);
	if (negative)
		number.data[0] = (char)0x80;
	sshwire_add_string(&made, number.data, number.len);
	sshwire_add_string(&made, s.data, s.len);
	buf_fini(&parts->bytes);
	parts->bytes = made;
	buf_fini(&number);
}

TEST(refuses_numbers_and_points_that_are_written_otherwise)
{
	static const char	 other[] = "the signature is of something else\n";
	static const char	 malformed[] = "a signature by a key that is malformed\n";
	EVP_PKEY		*key = EVP_EC_gen("P-256");
	struct parts		 parts;
	struct buf		 text = { 0 };
	size_t			 point;

	parts_init(&parts, "ecdsa-sha2-nistp256");
	sshwire_add_text(&parts.key, "ecdsa-sha2-nistp256");
	sshwire_add_text(&parts.key, "nistp256");
	point = parts.key.len + 4;
	public_half(key, true, &parts.key);
	signed_text(&parts, &text);
	raw_sign(key, true, &text, &parts.bytes);
	CHECK_OK(verify_parts(&parts));
	spoil_number(&parts, 2, false);
	CHECK_ERR(verify_parts(&parts), other);
	raw_sign(key, true, &text, &parts.bytes);
	spoil_number(&parts, 0, true);
	CHECK_ERR(verify_parts(&parts), other);
	raw_sign(key, true, &text, &parts.bytes);
	buf_addc(&parts.bytes, 0);
	CHECK_ERR(verify_parts(&parts), other);
	raw_sign(key, true, &text, &parts.bytes);
	parts.key.data[point] = 2;		/* compressed, of the same length */
	CHECK_ERR(verify_parts(&parts), malformed);
	parts.key.data[point] = 4;
	parts.key.data[parts.key.len - 1] ^= 1;	/* not on the curve */
	CHECK_ERR(verify_parts(&parts), malformed);
	parts.key.data[parts.key.len - 1] ^= 1;
	parts.key.data[point - 5] = '5';	/* nistp255 */
	CHECK_ERR(verify_parts(&parts), malformed);
	/* The same point in its two other forms, which OpenSSL would take: compressed, and that with y all the same. */
	parts.key.data[point - 5] = '6';
	CHECK_OK(verify_parts(&parts));
	unsigned char odd = parts.key.data[parts.key.len - 1] & 1;
	parts.key.data[point] = (char)(6 + odd);
	CHECK_ERR(verify_parts(&parts), malformed);
	parts.key.data[point] = (char)(2 + odd);
	parts.key.data[point - 1] = 1 + 32;
	parts.key.len -= 32;
	CHECK_ERR(verify_parts(&parts), malformed);
	EVP_PKEY_free(key);
	parts_fini(&parts);
	buf_fini(&text);
}

TEST(refuses_short_rsa_keys)
{
	struct buf signature = { 0 };

	make_key("short", "rsa", "1024", "");
	keygen_sign("short", "sha512", &signature);
	CHECK_ERR(verify(&signature, TEXT), "a signature by a key that is malformed\n");
	buf_fini(&signature);
}

TEST(refuses_armor_that_ssh_keygen_would_not_write)
{
	static const char	 not_one[] = "not a signature of ssh-keygen(1)\n";
	struct buf		 good = { 0 }, bad = { 0 };
	const size_t		 first = strlen(BEGIN) + 70;	/* where the first line of base64 ends */

	keygen_sign("rsa", "sha512", &good);
	CHECK_OK(verify(&good, TEXT));
	for (size_t len = 0; len < good.len; len++) {
		buf_clear(&bad);
		buf_add(&bad, good.data, len);
		CHECK_ERR(verify(&bad, TEXT), not_one);
	}
	static const struct { size_t at, drop; const char *add; } rows[] = {
		{ 0, 0, "\n" }, { 0, 0, " " }, { 0, 1, "" }, { 30, 70, "" }, { 30 + 70, 1, "" }, { 30 + 70, 0, "\r" },
		{ 30 + 70, 0, "\n" }, { 30 + 35, 0, "\n" }, { 30 + 35, 1, "*" }, { 30 + 35, 1, " " }, { 30 + 35, 1, "=" },
		{ 30 + 70, 1, "\n\n" }, { 29, 1, "\r\n" },
	};
	CHECK_INT(good.data[first], '\n');
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		buf_clear(&bad);
		buf_add(&bad, good.data, rows[i].at);
		buf_adds(&bad, rows[i].add);
		buf_adds(&bad, good.data + rows[i].at + rows[i].drop);
		CHECK_ERR(verify(&bad, TEXT), not_one);
	}
	buf_clear(&bad);
	buf_add(&bad, good.data, good.len);
	buf_addc(&bad, '\n');
	CHECK_ERR(verify(&bad, TEXT), not_one);
	buf_clear(&bad);
	buf_adds(&bad, BEGIN END);
	CHECK_ERR(verify(&bad, TEXT), not_one);
	/* No letter of the first line or the last may be another; nor may the last two of base64 be one. */
	for (size_t i = 0; i < strlen(BEGIN END); i++) {
		buf_clear(&bad);
		buf_add(&bad, good.data, good.len);
		bad.data[i < strlen(BEGIN) ? i : good.len - strlen(BEGIN END) + i] ^= 1;
		CHECK_ERR(verify(&bad, TEXT), not_one);
	}
	const char *last = memrchr(good.data, '\n', good.len - strlen(END) - 1);
	buf_clear(&bad);
	buf_add(&bad, good.data, (size_t)(last - good.data));
	buf_adds(&bad, last + 1);
	CHECK_ERR(verify(&bad, TEXT), not_one);
	buf_fini(&good);
	buf_fini(&bad);
}

/* Where the last line of base64 is full, no empty one may follow it. */
TEST(refuses_an_empty_line_behind_full_ones)
{
	EVP_PKEY	*key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	char		 name[106] = "";
	struct parts	 parts;
	struct buf	 tbs = { 0 }, raw = { 0 }, text = { 0 }, from = { 0 };

	parts_init(&parts, "ssh-ed25519");
	parts.name_space = name;
	sshwire_add_text(&parts.key, "ssh-ed25519");
	public_half(key, false, &parts.key);
	do {
		name[strlen(name)] = 'n';
		buf_clear(&tbs);
		buf_clear(&raw);
		signed_text(&parts, &tbs);
		raw_sign(key, false, &tbs, &parts.bytes);
		build(&parts, &raw);
	} while (raw.len * 4 / 3 % 70 != 0 || raw.len % 3 != 0);
	add_armor(&raw, &text);
	CHECK_OK(sshsig_verify(&from, name, buf_text(&text), text.len, TEXT, strlen(TEXT)));
	text.len -= strlen(END);
	buf_adds(&text, "\n" END);
	CHECK_ERR(sshsig_verify(&from, name, buf_text(&text), text.len, TEXT, strlen(TEXT)),
	    "not a signature of ssh-keygen(1)\n");
	EVP_PKEY_free(key);
	parts_fini(&parts);
	buf_fini(&tbs);
	buf_fini(&raw);
	buf_fini(&text);
	buf_fini(&from);
}

/* None is as long as that, and to look at the numbers of such a key would take its time. */
TEST(refuses_what_is_too_long_before_it_looks_at_it)
{
	struct parts	 parts;
	struct buf	 number = { 0 };

	parts_init(&parts, "rsa-sha2-512");
	sshwire_add_text(&parts.key, "ssh-rsa");
	sshwire_add_string(&parts.key, "\1\0\1", 3);
	for (int i = 0; i < 11000; i++)
		buf_addc(&number, 'n');
	sshwire_add_string(&parts.key, number.data, number.len);
	CHECK_ERR(verify_parts(&parts), "a signature by a key that is malformed\n");
	sshwire_add_string(&parts.key, number.data, number.len);
	CHECK_ERR(verify_parts(&parts), "not a signature of ssh-keygen(1)\n");
	parts_fini(&parts);
	buf_fini(&number);
}

TEST(no_bit_of_a_signature_may_be_another)
{
	struct buf signature = { 0 }, raw = { 0 }, text = { 0 };

	keygen_sign("ed25519", "sha512", &signature);
	remove_armor(&signature, &raw);
	buf_addc(&raw, 'x');
	add_armor(&raw, &text);
	CHECK_ERR(verify(&text, TEXT), "not a signature of ssh-keygen(1)\n");
	raw.len--;
	for (size_t bit = 0; bit < 8 * raw.len; bit++) {
		raw.data[bit / 8] ^= (char)(1 << bit % 8);
		buf_clear(&text);
		add_armor(&raw, &text);
		struct err *e = verify(&text, TEXT);
		CHECK(e != NULL && err_code(e) == ERR_TRUST);
		err_free(e);
		raw.data[bit / 8] ^= (char)(1 << bit % 8);
	}
	buf_fini(&signature);
	buf_fini(&raw);
	buf_fini(&text);
}

int
main(void)
{
	if (mkdtemp(scratch) == NULL)
		return 1;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		make_key(kinds[i].name, kinds[i].type, kinds[i].bits, "");
	make_key("locked", "ed25519", "256", "open sesame");
	RUN(takes_what_ssh_keygen_signs);
	RUN(ssh_keygen_takes_what_is_signed_here);
	RUN(a_native_key_of_age_signs_nothing);
	RUN(a_key_whose_halves_are_of_two_signs_nothing);
	RUN(takes_what_a_security_key_signs_when_it_was_touched);
	RUN(refuses_what_is_not_a_signature);
	RUN(refuses_numbers_and_points_that_are_written_otherwise);
	RUN(refuses_short_rsa_keys);
	RUN(refuses_armor_that_ssh_keygen_would_not_write);
	RUN(refuses_an_empty_line_behind_full_ones);
	RUN(refuses_what_is_too_long_before_it_looks_at_it);
	RUN(no_bit_of_a_signature_may_be_another);
	CHECK_OK(dir_remove(scratch));
	return test_done();
}
