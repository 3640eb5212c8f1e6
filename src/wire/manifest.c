/* wire: building, reading and naming manifests. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wire/manifest.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char	*type;
	const char	*key;
} type_keys[] = {
	{"package", "name"},
	{"group", "name"},
	{"user", "name"},
	{"directory", "path"},
	{"file", "path"},
	{"link", "path"},
	{"unit", "name"},
	{"sysctl", "key"},
	{"firewall", "name"},
	{"exec", "name"},
};

const struct manifest_watch manifest_watches[MANIFEST_WATCHES] = {
	{ "restart_on", "restart" },
	{ "reload_on", "reload" },
	{ "on", "run" },
};

void
manifest_init(struct manifest *manifest, const char *node)
{
	*manifest = (struct manifest){ 0 };
	manifest->root = json_pack("{s:i, s:s, s:[], s:[]}", "version", MANIFEST_VERSION, "node", node,
	    "resources", "checks");
}

void
manifest_fini(struct manifest *manifest)
{
	json_decref(manifest->root);
	for (size_t i = 0; i < manifest->blob_count; i++)
		content_drop(manifest->blobs[i].content);
	free(manifest->blobs);
	*manifest = (struct manifest){ 0 };
}

/* The index of the first blob whose name is not below `sha256`. */
static size_t
blob_position(const struct manifest *manifest, const char *sha256)
{
	size_t	 low = 0, high = manifest->blob_count;

	while (low < high) {
		size_t	 middle = low + (high - low) / 2;

		if (strcmp(manifest->blobs[middle].sha256, sha256) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct blob *
manifest_blob(const struct manifest *manifest, const char *sha256)
{
	size_t	 at = blob_position(manifest, sha256);

	if (at == manifest->blob_count || strcmp(manifest->blobs[at].sha256, sha256) != 0)
		return NULL;
	return &manifest->blobs[at];
}

struct content *
content_new(const void *data, size_t len)
{
	struct content *content = xmalloc(sizeof(*content) + len + 1);

	*content = (struct content){ .users = 1, .len = len };
	if (len > 0)
		memcpy(content->data, data, len);
	content->data[len] = '\0';
	sha256_hex(data, len, content->sha256);
	return content;
}

void
content_drop(struct content *content)
{
	if (content == NULL || --content->users > 0)
		return;
	if (content->secret)
		mem_cleanse(content->data, content->len);
	free(content);
}

const char *
manifest_add_content(struct manifest *manifest, struct content *content, int secret)
{
	size_t		 at = blob_position(manifest, content->sha256);
	struct blob	*blob;

	if (at == manifest->blob_count || strcmp(manifest->blobs[at].sha256, content->sha256) != 0) {
		if (manifest->blob_count == manifest->blob_cap) {
			manifest->blob_cap = manifest->blob_cap != 0 ? manifest->blob_cap * 2 : 16;
			manifest->blobs = xrealloc(manifest->blobs, manifest->blob_cap, sizeof(*manifest->blobs));
		}
		blob = manifest->blobs + at;
		memmove(blob + 1, blob, (manifest->blob_count - at) * sizeof(*blob));
		manifest->blob_count++;
		content->users++;
		*blob = (struct blob){ .data = content->data, .len = content->len, .content = content };
		memcpy(blob->sha256, content->sha256, sizeof(blob->sha256));
	}
	blob = &manifest->blobs[at];
	blob->secret |= secret;
	blob->content->secret |= secret != 0;
	return blob->sha256;
}

const char *
manifest_add_blob(struct manifest *manifest, const void *data, size_t len, int secret)
{
	struct content	*content = content_new(data, len);
	const char	*name;

	content->secret = secret != 0;
	name = manifest_add_content(manifest, content, secret);
	content_drop(content);
	return name;
}

const char *
resource_key(const char *type)
{
	for (size_t i = 0; type != NULL && i < ARRAY_LEN(type_keys); i++)
		if (strcmp(type_keys[i].type, type) == 0)
			return type_keys[i].key;
	return NULL;
}

char *
resource_id(const json_t *resource)
{
	const char	*type = json_str(resource, "type");
	const char	*key = resource_key(type);
	const char	*name = key != NULL ? json_str(resource, key) : NULL;

	return name != NULL ? xasprintf("%s:%s", type, name) : NULL;
}

struct err *
manifest_parse(struct manifest *manifest, const char *data, size_t len)
{
	json_error_t	 why;
	struct err	*e;

	*manifest = (struct manifest){ 0 };
	if (len > MANIFEST_MAX)
		return err_new(ERR_CONFIG, "the manifest is larger than %u bytes", MANIFEST_MAX);
	manifest->root = json_loadb(data, len, JSON_REJECT_DUPLICATES, &why);
	if (manifest->root == NULL)
		return err_new(ERR_CONFIG, "the manifest is no JSON: line %d: %s", why.line, why.text);
	e = manifest_check(manifest->root);
	if (e != NULL)
		manifest_fini(manifest);
	return e;
}

void
manifest_hash(const struct manifest *manifest, char out[SHA256_HEX_SIZE])
{
	struct buf	 text = { 0 };

	json_canonical(manifest->root, &text);
	sha256_hex(text.data, text.len, out);
	buf_fini(&text);
}
