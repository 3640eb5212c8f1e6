/* ssh: the private keys that a login may try. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ssh/keys.h"

#include "base/base64.h"
#include "base/err.h"
#include "base/file.h"
#include "base/sshwire.h"
#include "base/strs.h"
#include "ssh/openssh_key.h"
#include "ssh/ssh.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEY_FILE_MAX	(64u << 10)

static const char *const default_files[] = {
	"id_ed25519", "id_ecdsa", "id_rsa", "id_ed25519_sk", "id_ecdsa_sk",
};

/* libssh2 before 1.11 signs for RSA with SHA-1 only, which no current sshd accepts. */
static bool
libssh2_can(const char *type)
{
	return strcmp(type, "ssh-ed25519") == 0 || str_starts(type, "ecdsa-sha2-nistp") ||
	    (strcmp(type, "ssh-rsa") == 0 && libssh2_version(0x010b00) != NULL);
}

static enum identity_use
use_of(const char *type)
{
	return type == NULL || (libssh2_can(type) && strstr(type, "-cert-") == NULL) ? IDENTITY_LIBSSH2 :
	    IDENTITY_SSH;
}

static struct identity *
add(struct identities *list)
{
	list->items = xrealloc(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count] = (struct identity){ 0 };
	return &list->items[list->count++];
}

static void
identity_fini(struct identity *identity)
{
	free(identity->label);
	free(identity->path);
	free(identity->type);
	buf_fini(&identity->blob);
}

/* The type that a public key's blob begins with; the caller's, NULL when it is none. */
static char *
blob_type(const struct buf *blob)
{
	struct sshwire	 from = sshwire_of(blob), name;

	if (!sshwire_string(&from, &name) || name.len > 64 || memchr(name.data, '\0', name.len) != NULL)
		return NULL;
	return xstrndup((const char *)name.data, name.len);
}

/* What OpenSSH's own format says in clear: the public key, and whether the rest is encrypted. */
static bool
parse_openssh(const struct buf *text, struct identity *identity)
{
	struct buf		 raw = { .secret = true };
	struct openssh_key	 key;

	if (openssh_key_read(&key, &raw, text->data, text->len)) {
		buf_add(&identity->blob, key.public_key.data, key.public_key.len);
		identity->type = blob_type(&identity->blob);
		identity->use = sshwire_is(&key.cipher, "none") ? use_of(identity->type) : IDENTITY_LOCKED;
	}
	buf_fini(&raw);
	return identity->type != NULL;
}

/* A public key's line. */
static bool
parse_public(const char *text, struct identity *identity)
{
	size_t		 type_len = strcspn(text, " \t\r\n");
	const char	*data = text + type_len + strspn(text + type_len, " \t");

	if (!base64_decode(data, strcspn(data, " \t\r\n"), true, &identity->blob))
		return false;
	identity->type = blob_type(&identity->blob);
	return identity->type != NULL && strlen(identity->type) == type_len &&
	    strncmp(identity->type, text, type_len) == 0;
}

/* The older formats say little; the public key beside the file says the rest. */
static void
parse_pem(const char *text, const char *path, struct identity *identity)
{
	struct buf	 public = { 0 };
	char		*beside = xasprintf("%s.pub", path);
	struct err	*e = file_read(beside, KEY_FILE_MAX, &public);

	if (e == NULL && !parse_public(buf_text(&public), identity))
		buf_clear(&identity->blob);
	err_free(e);
	if (identity->type == NULL && strstr(text, "BEGIN RSA PRIVATE KEY") != NULL)
		identity->type = xstrdup("ssh-rsa");
	identity->use = strstr(text, "ENCRYPTED") != NULL ? IDENTITY_LOCKED : use_of(identity->type);
	free(beside);
	buf_fini(&public);
}

/* Fill in what a key's file says.  A public key stands for the one that the agent holds. */
static struct err *
identity_read(struct identity *identity, const char *path)
{
	struct buf	 text = { .secret = true };
	struct err	*e = file_read(path, KEY_FILE_MAX, &text);

	if (e != NULL)
		goto out;
	if (str_starts(buf_text(&text), OPENSSH_KEY_BEGIN)) {
		if (!parse_openssh(&text, identity))
			e = err_new(ERR_CONFIG, "%s is damaged: no private key can be read from it", path);
	} else if (strstr(buf_text(&text), " PRIVATE KEY-----") != NULL) {
		parse_pem(text.data, path, identity);
	} else if (parse_public(buf_text(&text), identity)) {
		identity->use = IDENTITY_LOCKED;
	} else {
		e = err_new(ERR_CONFIG, "%s is no SSH key", path);
	}
out:
	buf_fini(&text);
	return e;
}

static bool
same_key(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && a->len > 0 && memcmp(a->data, b->data, a->len) == 0;
}

static bool
known(const struct identities *list, const struct buf *blob)
{
	for (size_t i = 0; i < list->count; i++)
		if (same_key(&list->items[i].blob, blob))
			return true;
	return false;
}

/* The agent's keys; with `only`, just that one.  An agent that does not answer is as good as none. */
static void
add_agent(struct identities *list, const struct buf *only)
{
	struct libssh2_agent_publickey	*key = NULL;

	while (libssh2_agent_get_identity(list->agent, &key, key) == 0) {
		struct buf	 blob = { 0 };
		struct identity	*identity;
		char		*type;

		buf_add(&blob, key->blob, key->blob_len);
		type = blob_type(&blob);
		if (type == NULL || (only != NULL && !same_key(&blob, only))) {
			free(type);
			buf_fini(&blob);
			continue;
		}
		identity = add(list);
		identity->label = xasprintf("%s \"%s\" in the agent", type, key->comment);
		identity->type = type;
		identity->agent_key = key;
		identity->blob = blob;
		identity->use = use_of(type);
	}
}

static void
agent_open(struct identities *list, LIBSSH2_SESSION *session)
{
	const char	*socket = getenv("SSH_AUTH_SOCK");

	if (socket == NULL || socket[0] == '\0' || (list->agent = libssh2_agent_init(session)) == NULL)
		return;
	if (libssh2_agent_connect(list->agent) == 0 && libssh2_agent_list_identities(list->agent) == 0)
		return;
	libssh2_agent_disconnect(list->agent);
	libssh2_agent_free(list->agent);
	list->agent = NULL;
}

static const char *
home(void)
{
	const char	*dir = getenv("HOME");
	struct passwd	 entry, *found;
	static _Thread_local char space[4096];

	if (dir != NULL && dir[0] == '/')
		return dir;
	if (getpwuid_r(getuid(), &entry, space, sizeof(space), &found) == 0 && found != NULL)
		return found->pw_dir;
	return "/";
}

/* Take the file's key over from the agent if that has it, else add it as a file. */
static struct err *
add_file(struct identities *list, const char *path, bool ask_agent)
{
	struct identity	 identity = { 0 };
	struct err	*e = identity_read(&identity, path);
	size_t		 before = list->count;

	if (e != NULL || known(list, &identity.blob)) {
		identity_fini(&identity);
		return e;
	}
	if (ask_agent && list->agent != NULL && identity.blob.len > 0)
		add_agent(list, &identity.blob);
	if (list->count > before) {
		identity_fini(&identity);
		return NULL;
	}
	identity.path = xstrdup(path);
	identity.label = xasprintf("%s%s", path, identity.use == IDENTITY_LOCKED ? " (locked)" : "");
	*add(list) = identity;
	return NULL;
}

void
ssh_key_files(struct strs *paths)
{
	char	*path;

	for (size_t i = 0; i < ARRAY_LEN(default_files); i++) {
		path = xasprintf("%s/.ssh/%s", home(), default_files[i]);
		if (file_exists(path))
			strs_add(paths, path);
		free(path);
	}
}

struct err *
identities_find(struct identities *out, LIBSSH2_SESSION *session, const char *path)
{
	struct strs	 files = { 0 };
	struct err	*e = NULL;
	char		*full;

	*out = (struct identities){ 0 };
	agent_open(out, session);
	if (path != NULL) {
		full = str_starts(path, "~/") ? path_join(home(), path + 2) : xstrdup(path);
		e = add_file(out, full, true);
		free(full);
		return err_hint(e, "the Leapfile's ssh.key names the private key to log in with");
	}
	if (out->agent != NULL)
		add_agent(out, NULL);
	ssh_key_files(&files);
	for (size_t i = 0; i < files.count; i++)
		err_free(add_file(out, files.items[i], false));	/* a default that is no key is not the user's choice */
	strs_fini(&files);
	return NULL;
}

bool
identities_have(const struct identities *list, enum identity_use use)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].use == use)
			return true;
	return false;
}

void
identities_fini(struct identities *list)
{
	for (size_t i = 0; i < list->count; i++)
		identity_fini(&list->items[i]);
	free(list->items);
	if (list->agent != NULL) {
		libssh2_agent_disconnect(list->agent);
		libssh2_agent_free(list->agent);
	}
	*list = (struct identities){ 0 };
}
