/* age: recipients, identities and whole files. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "age/format.h"

#include "base/base64.h"
#include "base/err.h"

#include <stdlib.h>
#include <string.h>

#define PUBLIC_PREFIX	"age"
#define SECRET_PREFIX	"age-secret-key-"

NODISCARD
static struct err *
native_recipient(struct age_recipient *recipient, const char *text, size_t len)
{
	struct buf	 point = { 0 };
	struct err	*e = NULL;

	recipient->type = KEY_X25519;
	if (!bech32_decode(text, len, PUBLIC_PREFIX, &point) || point.len != KEY_SIZE)
		e = err_new(ERR_CONFIG, "\"%.*s\" is no recipient of age: it is mistyped or cut", (int)len, text);
	else
		memcpy(recipient->point, point.data, KEY_SIZE);
	buf_fini(&point);
	return e;
}

struct err *
age_recipient_new(struct age_recipient **out, const char *text)
{
	struct age_recipient	*recipient = xcalloc(1, sizeof(*recipient));
	size_t			 n = strcspn(text, " \t\r\n");
	const char		*data = text + n + strspn(text + n, " \t");
	struct err		*e;

	if (strncmp(text, PUBLIC_PREFIX "1", 4) == 0)
		e = native_recipient(recipient, text, n);
	else if (!base64_decode(data, strcspn(data, " \t\r\n"), true, &recipient->wire))
		e = err_hint(err_new(ERR_CONFIG, "this is no public key to which files can be encrypted"),
		    "it begins with ssh-ed25519, ssh-rsa or age1");
	else
		e = ssh_public(&recipient->wire, &recipient->type, recipient->point, &recipient->rsa);
	if (e != NULL) {
		age_recipient_free(recipient);
		recipient = NULL;
	}
	*out = recipient;
	return e;
}

void
age_recipient_free(struct age_recipient *recipient)
{
	if (recipient == NULL)
		return;
	buf_fini(&recipient->wire);
	EVP_PKEY_free(recipient->rsa);
	free(recipient);
}

void
age_recipient_label(const struct age_recipient *recipient, struct buf *out)
{
	buf_adds(out, recipient->type == KEY_X25519 ? "X25519" : recipient->type == KEY_SSH_RSA ? "ssh-rsa " :
	    "ssh-ed25519 ");
	if (recipient->type != KEY_X25519)
		ssh_tag(&recipient->wire, out);
}

static struct age_identity *
identity_make(enum key_type type, const char *name)
{
	struct age_identity *identity = xcalloc(1, sizeof(*identity));

	identity->type = type;
	identity->name = xstrdup(name);
	identity->passphrase.secret = true;
	identity->locked.secret = true;
	return identity;
}

/* The first line that is no comment. */
static const char *
first_line(const char *text, size_t len, size_t *n)
{
	const char *end = text + len;

	while (text < end && (*text == '#' || *text == '\n' || *text == '\r')) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));

		text = newline == NULL ? end : newline + 1;
	}
	for (*n = 0; text + *n < end && strchr(" \t\r\n", text[*n]) == NULL;)
		++*n;
	return text;
}

struct err *
age_identity_new(struct age_identity **out, const char *name, const char *text, size_t len)
{
	struct age_identity	*identity = identity_make(KEY_X25519, name);
	struct buf		 scalar = { .secret = true };
	size_t			 n;
	const char		*line = first_line(text, len, &n);
	struct err		*e = NULL;

	if (n < strlen(SECRET_PREFIX) || strncasecmp(line, SECRET_PREFIX, strlen(SECRET_PREFIX)) != 0)
		e = ssh_private(identity, text, len);
	else if (!bech32_decode(line, n, SECRET_PREFIX, &scalar) || scalar.len != KEY_SIZE)
		e = err_new(ERR_CONFIG, "the identity in %s is mistyped or cut", name);
	else
		memcpy(identity->scalar, scalar.data, KEY_SIZE);
	buf_fini(&scalar);
	if (e != NULL) {
		age_identity_free(identity);
		identity = NULL;
	}
	*out = identity;
	return e;
}

void
age_identity_passphrase(struct age_identity **out, const struct buf *passphrase)
{
	*out = identity_make(KEY_SCRYPT, "passphrase");
	buf_add(&(*out)->passphrase, passphrase->data, passphrase->len);
}

void
age_identity_free(struct age_identity *identity)
{
	if (identity == NULL)
		return;
	mem_cleanse(identity->scalar, sizeof(identity->scalar));
	mem_cleanse(identity->seed, sizeof(identity->seed));
	EVP_PKEY_free(identity->rsa);
	buf_fini(&identity->wire);
	buf_fini(&identity->passphrase);
	buf_fini(&identity->locked);
	free(identity->name);
	free(identity);
}

struct err *
age_generate(struct buf *identity, struct buf *recipient)
{
	unsigned char	 scalar[KEY_SIZE], point[KEY_SIZE];
	struct err	*e;
	bool		 usable;

	if ((e = random_bytes(scalar, sizeof(scalar))) == NULL && (e = x25519(point, scalar, NULL, &usable)) == NULL) {
		bech32_encode(identity, SECRET_PREFIX, scalar, sizeof(scalar), true);
		bech32_encode(recipient, PUBLIC_PREFIX, point, sizeof(point), false);
	}
	mem_cleanse(scalar, sizeof(scalar));
	return e;
}

/* The header, with its MAC, and the payload. */
NODISCARD
static struct err *
write_file(struct buf *out, const struct header *header, const unsigned char *file_key, const void *data, size_t len)
{
	size_t		 start = out->len;
	unsigned char	 mac[KEY_SIZE];
	struct err	*e;

	header_write(header, out);
	if ((e = header_mac(file_key, out->data + start, out->len - start, mac)) != NULL)
		return e;
	buf_addc(out, ' ');
	base64_encode(mac, sizeof(mac), false, out);
	buf_addc(out, '\n');
	return stream_encrypt(out, file_key, data, len);
}

struct err *
age_encrypt(struct buf *out, struct age_recipient *const *recipients, size_t count, const void *data, size_t len)
{
	struct header	 header = { 0 };
	unsigned char	 file_key[FILE_KEY_SIZE];
	struct err	*e;

	if (count == 0)
		return err_new(ERR_FAILED, "a file that is encrypted to nobody could never be opened");
	e = random_bytes(file_key, sizeof(file_key));
	for (size_t i = 0; e == NULL && i < count; i++)
		e = wrap(&header, recipients[i], file_key);
	if (e == NULL)
		e = write_file(out, &header, file_key, data, len);
	mem_cleanse(file_key, sizeof(file_key));
	header_fini(&header);
	return e;
}

struct err *
age_encrypt_passphrase(struct buf *out, const struct buf *passphrase, unsigned work_factor, const void *data,
    size_t len)
{
	struct header	 header = { 0 };
	unsigned char	 file_key[FILE_KEY_SIZE];
	struct err	*e;

	if ((e = random_bytes(file_key, sizeof(file_key))) == NULL &&
	    (e = wrap_passphrase(&header, passphrase, work_factor, file_key)) == NULL)
		e = write_file(out, &header, file_key, data, len);
	mem_cleanse(file_key, sizeof(file_key));
	header_fini(&header);
	return e;
}

/* A passphrase says who wrote the file, unless others can open it too: it has to be the only way in. */
NODISCARD
static struct err *
check_alone(const struct header *header)
{
	for (size_t i = 0; i < header->count; i++) {
		if (header->count > 1 && strcmp(header->stanzas[i].args.items[0], "scrypt") == 0)
			return bad_header("has a passphrase beside other recipients");
	}
	return NULL;
}

NODISCARD
static struct err *
find_key(const struct header *header, struct age_identity *const *identities, size_t count, const struct age_ask *ask,
    unsigned char *file_key)
{
	struct err	*e;
	bool		 done = false;

	if ((e = check_alone(header)) != NULL)
		return e;
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < header->count; j++) {
			e = unwrap(&header->stanzas[j], identities[i], ask, file_key, &done);
			if (e != NULL || done)
				return e;
		}
	}
	return err_new(ERR_TRUST, "none of your keys opens this age file");
}

NODISCARD
static struct err *
decrypt_binary(struct buf *out, struct age_identity *const *identities, size_t count, const struct age_ask *ask,
    const char *data, size_t len)
{
	struct header	 header;
	unsigned char	 file_key[FILE_KEY_SIZE], mac[KEY_SIZE];
	size_t		 start = out->len;
	struct err	*e;

	if ((e = header_parse(&header, data, len)) != NULL ||
	    (e = find_key(&header, identities, count, ask, file_key)) != NULL ||
	    (e = header_mac(file_key, data, header.signed_len, mac)) != NULL)
		goto out;
	if (!tag_equal(mac, header.mac, sizeof(mac)))
		e = err_new(ERR_TRUST, "this age file was changed: its header is not authentic");
	else
		e = stream_decrypt(out, file_key, data + header.len, len - header.len);
out:
	if (e != NULL && out->len > start) {
		mem_cleanse(out->data + start, out->len - start);
		out->len = start;
	}
	mem_cleanse(file_key, sizeof(file_key));
	header_fini(&header);
	return e;
}

struct err *
age_decrypt(struct buf *out, struct age_identity *const *identities, size_t count, const struct age_ask *ask,
    const void *data, size_t len)
{
	struct buf	 binary = { 0 };
	struct err	*e;

	if (!age_is_armored(data, len))
		return decrypt_binary(out, identities, count, ask, data, len);
	if ((e = age_unarmor(&binary, data, len)) == NULL)
		e = decrypt_binary(out, identities, count, ask, buf_text(&binary), binary.len);
	buf_fini(&binary);
	return e;
}

/* "ssh-ed25519 TAG" and "ssh-rsa TAG", the type alone of all others. */
static void
add_label(struct strs *out, const struct stanza *stanza)
{
	bool	 tagged = strncmp(stanza->args.items[0], "ssh-", 4) == 0 && stanza->args.count > 1;
	char	*label = xasprintf("%s%s%s", stanza->args.items[0], tagged ? " " : "", tagged ? stanza->args.items[1] : "");

	strs_add(out, label);
	free(label);
}

struct err *
age_labels(struct strs *out, const void *data, size_t len)
{
	struct header	 header = { 0 };
	struct buf	 binary = { 0 };
	struct err	*e = NULL;

	if (age_is_armored(data, len)) {
		if ((e = age_unarmor(&binary, data, len)) != NULL)
			goto out;
		data = buf_text(&binary);
		len = binary.len;
	}
	if ((e = header_parse(&header, data, len)) != NULL)
		goto out;
	for (size_t i = 0; i < header.count; i++)
		add_label(out, &header.stanzas[i]);
out:
	buf_fini(&binary);
	header_fini(&header);
	return e;
}
