/* unit: files of age: the published test vectors, and the program age(1) as the other end. */
/* May know age, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "age/age.h"
#include "age/format.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/sha256.h"
#include "base/strs.h"
#include "test.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/*
 * LEAP_AGE_VECTORS is a directory with the vectors of C2SP's CCTV, their payloads not compressed.
 * LEAP_AGE_ROUNDS is how many files go each way between age(1) and here.
 */
#define ROUNDS		20
#define FILE_MAX	(64u << 20)
#define PASSPHRASE	"open sesame"

static char scratch[] = "/tmp/leap-age-XXXXXX";

static char *
scratch_path(const char *name)
{
	return xasprintf("%s/%s", scratch, name);
}

static struct err *
give_passphrase(void *context, const char *name, struct buf *passphrase)
{
	(void)name;
	buf_adds(passphrase, context);
	return NULL;
}

/* The value of "KEY: value" in a vector's head; the caller's, or NULL. */
static char *
vector_value(const char *head, const char *key)
{
	char		*prefix = xasprintf("%s: ", key), *value = NULL;
	const char	*line = str_starts(head, prefix) ? head : NULL;
	char		*inner = xasprintf("\n%s", prefix);

	if (line == NULL && (line = strstr(head, inner)) != NULL)
		line++;
	if (line != NULL) {
		line += strlen(prefix);
		value = xstrndup(line, strcspn(line, "\n"));
	}
	free(prefix);
	free(inner);
	return value;
}

/* What the vectors call the error, or "success". */
static const char *
outcome_name(const struct err *e)
{
	if (e == NULL)
		return "success";
	if (strstr(err_message(e), "armor") != NULL)
		return "armor failure";
	if (strstr(err_message(e), "payload") != NULL)
		return "payload failure";
	if (strstr(err_message(e), "its header is not authentic") != NULL)
		return "HMAC failure";
	if (strstr(err_message(e), "none of your keys") != NULL)
		return "no match";
	return "header failure";
}

static void
run_vector(const char *name, const char *head, const char *data, size_t len)
{
	char			*expect = vector_value(head, "expect"), *secret = vector_value(head, "identity");
	char			*passphrase = vector_value(head, "passphrase"), *payload = vector_value(head, "payload");
	char			*armored = vector_value(head, "armored");
	struct age_identity	*identity = NULL;
	struct buf		 out = { .secret = true }, binary = { 0 }, word = { 0 };
	char			 hash[SHA256_HEX_SIZE];
	struct err		*e = NULL;

	if (secret != NULL && !CHECK_OK(age_identity_new(&identity, name, secret, strlen(secret))))
		goto out;
	if (passphrase != NULL) {
		age_identity_free(identity);
		buf_adds(&word, passphrase);
		age_identity_passphrase(&identity, &word);
	}
	/* Some are armor that does not begin as such. */
	if (armored != NULL && (e = age_unarmor(&binary, data, len)) == NULL) {
		data = buf_text(&binary);
		len = binary.len;
	}
	if (e == NULL)
		e = age_decrypt(&out, &identity, identity == NULL ? 0 : 1, NULL, data, len);
	if (!CHECK_STR(outcome_name(e), expect))
		printf("  %s: %s\n", name, e == NULL ? "opened" : err_message(e));
	if (e == NULL && payload != NULL) {
		sha256_hex(buf_text(&out), out.len, hash);
		CHECK_STR(hash, payload);
	}
	err_free(e);
out:
	age_identity_free(identity);
	buf_fini(&out);
	buf_fini(&binary);
	buf_fini(&word);
	free(expect);
	free(secret);
	free(passphrase);
	free(payload);
	free(armored);
}

TEST(published_vectors)
{
	const char	*dir = getenv("LEAP_AGE_VECTORS");
	DIR		*entries = dir == NULL ? NULL : opendir(dir);
	struct dirent	*entry;
	unsigned	 count = 0, hybrid = 0;

	if (entries == NULL) {
		test_skip("LEAP_AGE_VECTORS names no directory with the vectors of C2SP's CCTV");
		return;
	}
	while ((entry = readdir(entries)) != NULL) {
		char		*path = xasprintf("%s/%s", dir, entry->d_name);
		struct buf	 text = { 0 };
		const char	*end;

		if (entry->d_name[0] != '.' && CHECK_OK(file_read(path, FILE_MAX, &text))) {
			end = memmem(text.data, text.len, "\n\n", 2);
			if (memmem(text.data, (size_t)(end - text.data), "AGE-SECRET-KEY-PQ-", 18) != NULL) {
				hybrid++;	/* keys after quantum computers need OpenSSL 3.5 */
			} else {
				char *head = xstrndup(text.data, (size_t)(end - text.data));

				run_vector(entry->d_name, head, end + 2, text.len - (size_t)(end + 2 - text.data));
				free(head);
				count++;
			}
		}
		buf_fini(&text);
		free(path);
	}
	closedir(entries);
	printf("# %u vectors, and %u of hybrid keys that are not supported\n", count, hybrid);
	CHECK(count >= 100);
}

TEST(what_is_encrypted_opens_again)
{
	static const size_t	 sizes[] = { 0, 1, 65535, 65536, 65537, 131072, 200000 };
	struct buf		 secret = { .secret = true }, public = { 0 };
	struct age_recipient	*recipient = NULL;
	struct age_identity	*identity = NULL;

	CHECK_OK(age_generate(&secret, &public));
	CHECK(str_starts(buf_text(&secret), "AGE-SECRET-KEY-1"));
	CHECK_OK(age_recipient_new(&recipient, buf_text(&public)));
	CHECK_OK(age_identity_new(&identity, "key", secret.data, secret.len));
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		char		*data = xcalloc(1, sizes[i] + 1);
		struct buf	 file = { 0 }, armor = { 0 }, clear = { .secret = true };

		memset(data, (int)i, sizes[i]);
		CHECK_OK(age_encrypt(&file, &recipient, 1, data, sizes[i]));
		age_armor(&armor, file.data, file.len);
		CHECK_OK(age_decrypt(&clear, &identity, 1, NULL, armor.data, armor.len));
		CHECK(clear.len == sizes[i] && (clear.len == 0 || memcmp(clear.data, data, clear.len) == 0));
		/* One byte that is not as it was, anywhere, and nothing comes out. */
		buf_clear(&clear);
		file.data[file.len * (i + 1) / (ARRAY_LEN(sizes) + 1)] ^= 1;
		CHECK_ERR_HAS(age_decrypt(&clear, &identity, 1, NULL, file.data, file.len), "age file");
		CHECK_INT(clear.len, 0);
		free(data);
		buf_fini(&file);
		buf_fini(&armor);
		buf_fini(&clear);
	}
	age_recipient_free(recipient);
	age_identity_free(identity);
	buf_fini(&secret);
	buf_fini(&public);
}

TEST(a_passphrase_opens_what_it_closed)
{
	struct buf		 right = { .secret = true }, wrong = { .secret = true }, file = { 0 }, clear = { .secret = true };
	struct age_identity	*identity;
	struct strs		 labels = { 0 };

	buf_adds(&right, PASSPHRASE);
	buf_adds(&wrong, PASSPHRASE "!");
	CHECK_OK(age_encrypt_passphrase(&file, &right, 10, "content", 7));
	CHECK_OK(age_labels(&labels, file.data, file.len));
	CHECK(labels.count == 1 && strcmp(labels.items[0], "scrypt") == 0);
	age_identity_passphrase(&identity, &wrong);
	CHECK_ERR(age_decrypt(&clear, &identity, 1, NULL, file.data, file.len), "none of your keys opens this age file\n");
	age_identity_free(identity);
	age_identity_passphrase(&identity, &right);
	CHECK_OK(age_decrypt(&clear, &identity, 1, NULL, file.data, file.len));
	CHECK_STR(buf_text(&clear), "content");
	age_identity_free(identity);
	strs_fini(&labels);
	buf_fini(&right);
	buf_fini(&wrong);
	buf_fini(&file);
	buf_fini(&clear);
}

TEST(what_is_no_recipient_says_so)
{
	static const struct {
		const char	*text, *want;
	} rows[] = {
		{ "", "this is no public key to which files can be encrypted\n"
		    "hint: it begins with ssh-ed25519, ssh-rsa or age1\n" },
		{ "age1qqqq", "\"age1qqqq\" is no recipient of age: it is mistyped or cut\n" },
		{ "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==", "this Ed25519 key is malformed\n" },
		/* Not on the curve: y = 2. */
		{ "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		    "this Ed25519 key is malformed\n" },
		{ "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY=",
		    "files cannot be encrypted to SSH keys of type \"ecdsa-sha2-nistp256\": they only sign\n"
		    "hint: use an Ed25519 or RSA key, or a native one of age (age1...)\n" },
	};
	struct age_recipient *recipient;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_ERR(age_recipient_new(&recipient, rows[i].text), rows[i].want);
}

static bool
run(const char *const *argv, const void *input, size_t len, struct buf *output)
{
	struct buf	 errors = { 0 };
	int		 status = -1;
	bool		 good;

	good = CHECK_OK(proc_run(&(struct proc){ .argv = argv, .input = input, .input_len = len, .output = output,
	    .errors = &errors, .output_max = FILE_MAX, .timeout = 60 }, &status)) && status == 0;
	if (!good)
		test_wrong(__FILE__, __LINE__, "%s: status %d: %s", argv[0], status, buf_text(&errors));
	buf_fini(&errors);
	return good;
}

/* A key as ssh-keygen makes it; "native" one of age's own. */
struct pair {
	const char	*type, *bits, *passphrase;
	char		*private_path, *public_text;
};

static bool
make_pair(struct pair *pair, unsigned number)
{
	char		*name = xasprintf("key%u", number), *public_path;
	struct buf	 text = { 0 }, secret = { .secret = true };
	bool		 good;

	pair->private_path = scratch_path(name);
	public_path = xasprintf("%s.pub", pair->private_path);
	if (strcmp(pair->type, "native") == 0) {
		good = CHECK_OK(age_generate(&secret, &text));
		buf_addc(&secret, '\n');
		good = good && CHECK_OK(file_write(pair->private_path, secret.data, secret.len, 0600));
	} else {
		const char *argv[] = { "ssh-keygen", "-q", "-t", pair->type, "-b", pair->bits, "-N", pair->passphrase, "-C", "",
			"-f", pair->private_path, NULL };

		good = run(argv, NULL, 0, &text) && CHECK_OK(file_read(public_path, 1 << 16, &text));
	}
	if (text.len > 0 && text.data[text.len - 1] == '\n')
		text.data[--text.len] = '\0';
	pair->public_text = buf_take(&text);
	buf_fini(&secret);
	free(public_path);
	free(name);
	return good;
}

/* Have age(1) open it with a key whose passphrase it asks for, on a terminal that script(1) makes. */
static bool
open_with_passphrase(const struct pair *pair, const struct buf *file, struct buf *clear)
{
	char		*in = scratch_path("crossing.age"), *out = scratch_path("crossing");
	char		*line = xasprintf("age -d -i '%s' '%s' >'%s'", pair->private_path, in, out);
	char		*answer = xasprintf("%s\n", pair->passphrase);
	const char	*argv[] = { "script", "-qec", line, "/dev/null", NULL };
	struct buf	 said = { 0 };
	bool		 good;

	good = CHECK_OK(file_write(in, file->data, file->len, 0600)) &&
	    run(argv, answer, strlen(answer), &said) && CHECK_OK(file_read(out, FILE_MAX, clear));
	unlink(out);
	buf_fini(&said);
	free(answer);
	free(line);
	free(out);
	free(in);
	return good;
}

/* One random file to age(1) and back, and the other way round. */
static void
cross(const struct pair *pair, struct age_recipient *recipient, struct age_identity *identity, size_t size)
{
	const struct age_ask	 ask = { give_passphrase, (void *)pair->passphrase };
	struct buf		 data = { 0 }, file = { 0 }, clear = { .secret = true };
	const char		*encrypt[] = { "age", "-r", pair->public_text, NULL };
	const char		*decrypt[] = { "age", "-d", "-i", pair->private_path, NULL };

	buf_reserve(&data, size + 1);
	for (size_t i = 0; i < size; i += 256)
		(void)!getrandom(data.data + i, size - i < 256 ? size - i : 256, 0);
	data.len = size;
	if (run(encrypt, buf_text(&data), size, &file) &&
	    CHECK_OK(age_decrypt(&clear, &identity, 1, &ask, file.data, file.len)))
		CHECK(clear.len == size && memcmp(buf_text(&clear), buf_text(&data), size) == 0);
	buf_clear(&file);
	buf_clear(&clear);
	if (CHECK_OK(age_encrypt(&file, &recipient, 1, buf_text(&data), size)) &&
	    (*pair->passphrase == '\0' ? run(decrypt, file.data, file.len, &clear) :
	    open_with_passphrase(pair, &file, &clear)))
		CHECK(clear.len == size && memcmp(buf_text(&clear), buf_text(&data), size) == 0);
	buf_fini(&data);
	buf_fini(&file);
	buf_fini(&clear);
}

TEST(files_cross_both_ways_with_the_program_age)
{
	struct pair	 pairs[] = {
		{ .type = "native", .passphrase = "" },
		{ .type = "ed25519", .bits = "256", .passphrase = "" },
		{ .type = "rsa", .bits = "3072", .passphrase = "" },
		{ .type = "ed25519", .bits = "256", .passphrase = PASSPHRASE },
		{ .type = "rsa", .bits = "2048", .passphrase = PASSPHRASE },
	};
	const char	*rounds_text = getenv("LEAP_AGE_ROUNDS");
	unsigned long	 rounds = rounds_text == NULL ? ROUNDS : strtoul(rounds_text, NULL, 10);

	if (access("/usr/bin/age", X_OK) != 0) {
		test_skip("the program age is not installed");
		return;
	}
	for (unsigned i = 0; i < ARRAY_LEN(pairs); i++) {
		struct age_recipient	*recipient = NULL;
		struct age_identity	*identity = NULL;
		struct buf		 text = { .secret = true };

		if (make_pair(&pairs[i], i) && CHECK_OK(age_recipient_new(&recipient, pairs[i].public_text)) &&
		    CHECK_OK(file_read(pairs[i].private_path, 1 << 16, &text)) &&
		    CHECK_OK(age_identity_new(&identity, pairs[i].private_path, text.data, text.len))) {
			for (unsigned long round = 0; round < rounds / ARRAY_LEN(pairs); round++) {
				uint32_t random;

				(void)!getrandom(&random, sizeof(random), 0);
				cross(&pairs[i], recipient, identity, round == 0 ? 0 : random % ((1u << 20) + 1));
			}
		}
		age_recipient_free(recipient);
		age_identity_free(identity);
		buf_fini(&text);
		free(pairs[i].private_path);
		free(pairs[i].public_text);
	}
}

TEST(a_wrong_passphrase_of_a_key_is_said)
{
	struct pair		 pair = { .type = "ed25519", .bits = "256", .passphrase = PASSPHRASE };
	const struct age_ask	 ask = { give_passphrase, (void *)"not this" };
	struct age_recipient	*recipient = NULL;
	struct age_identity	*identity = NULL;
	struct buf		 text = { .secret = true }, file = { 0 }, clear = { .secret = true }, label = { 0 };
	struct strs		 labels = { 0 };

	if (!make_pair(&pair, 99) || !CHECK_OK(age_recipient_new(&recipient, pair.public_text)) ||
	    !CHECK_OK(file_read(pair.private_path, 1 << 16, &text)) ||
	    !CHECK_OK(age_identity_new(&identity, "id", text.data, text.len)))
		return;
	CHECK_OK(age_encrypt(&file, &recipient, 1, "x", 1));
	CHECK_ERR(age_decrypt(&clear, &identity, 1, &ask, file.data, file.len), "wrong passphrase for id\n");
	CHECK_ERR(age_decrypt(&clear, &identity, 1, NULL, file.data, file.len), "none of your keys opens this age file\n");
	CHECK_OK(age_labels(&labels, file.data, file.len));
	age_recipient_label(recipient, &label);
	CHECK(labels.count == 1 && strcmp(labels.items[0], buf_text(&label)) == 0);
	CHECK(str_starts(buf_text(&label), "ssh-ed25519 "));
	strs_fini(&labels);
	buf_fini(&label);
	age_recipient_free(recipient);
	age_identity_free(identity);
	buf_fini(&text);
	buf_fini(&file);
	buf_fini(&clear);
	free(pair.private_path);
	free(pair.public_text);
}

int
main(void)
{
	if (mkdtemp(scratch) == NULL)
		return 1;
	RUN(published_vectors);
	RUN(what_is_encrypted_opens_again);
	RUN(a_passphrase_opens_what_it_closed);
	RUN(what_is_no_recipient_says_so);
	RUN(files_cross_both_ways_with_the_program_age);
	RUN(a_wrong_passphrase_of_a_key_is_said);
	err_free(dir_remove(scratch));
	return test_done();
}
