/* acme: one exchange over HTTPS, by libcurl, loaded when one is wanted: it would cost every start of leap a fifth. */
/* May know base.  libcurl's home. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "acme/http.h"

#include "base/err.h"
#include "base/strs.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LIBRARY		"libcurl.so.4"	/* of Debian 12 and 13 */
#define CONNECT_MAX	15L		/* seconds */
#define TOTAL_MAX	30L
#define PROBE_MAX	10L
#define HEADER_MAX	4096u

/* What is used of it. */
static struct {
	__typeof__(curl_global_init)	*global_init;
	__typeof__(curl_easy_init)	*init;
	__typeof__(curl_easy_setopt)	*set;
	__typeof__(curl_easy_perform)	*perform;
	__typeof__(curl_easy_getinfo)	*info;
	__typeof__(curl_easy_reset)	*reset;
	__typeof__(curl_easy_cleanup)	*cleanup;
	__typeof__(curl_easy_strerror)	*strerror;
	__typeof__(curl_slist_append)	*list_add;
	__typeof__(curl_slist_free_all)	*list_free;
} curl;

struct http {
	CURL			*easy;
	struct buf		 ca_pem;
	bool			 trusts_own;
	bool			(*stopped)(void);
	struct curl_slist	*headers;
	char			 why[CURL_ERROR_SIZE];
};

/* What the callbacks of one exchange fill. */
struct taking {
	struct reply	*reply;
	bool		 too_long;
};

NODISCARD
static struct err *
load(void)
{
	static const struct {
		const char	*name;
		void		*to;
	} symbols[] = {
		{ "curl_global_init", &curl.global_init }, { "curl_easy_init", &curl.init },
		{ "curl_easy_setopt", &curl.set }, { "curl_easy_perform", &curl.perform },
		{ "curl_easy_getinfo", &curl.info }, { "curl_easy_reset", &curl.reset },
		{ "curl_easy_cleanup", &curl.cleanup }, { "curl_easy_strerror", &curl.strerror },
		{ "curl_slist_append", &curl.list_add }, { "curl_slist_free_all", &curl.list_free },
	};
	void *handle;

	if (curl.cleanup != NULL)
		return NULL;
	handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	for (size_t i = 0; handle != NULL && i < ARRAY_LEN(symbols); i++) {
		if ((*(void **)symbols[i].to = dlsym(handle, symbols[i].name)) == NULL)
			handle = NULL;
	}
	if (handle == NULL || curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_hint(err_new(ERR_FAILED, "cannot load libcurl: %s", dlerror()), "apt-get install libcurl4");
	return NULL;
}

void
reply_fini(struct reply *reply)
{
	buf_fini(&reply->body);
	free(reply->type);
	free(reply->nonce);
	free(reply->location);
	free(reply->retry_after);
	*reply = (struct reply){ 0 };
}

struct err *
http_open(struct http **out, const struct buf *ca_pem, bool (*stopped)(void))
{
	struct http	*http;
	struct err	*e;

	*out = NULL;
	if ((e = load()) != NULL)
		return e;
	http = xcalloc(1, sizeof(*http));
	http->easy = curl.init();
	http->headers = curl.list_add(NULL, "Content-Type: application/jose+json");
	if (http->easy == NULL || http->headers == NULL)
		abort();	/* out of memory */
	http->stopped = stopped;
	http->trusts_own = ca_pem != NULL;
	if (ca_pem != NULL)
		buf_add(&http->ca_pem, ca_pem->data, ca_pem->len);
	*out = http;
	return NULL;
}

void
http_close(struct http *http)
{
	if (http == NULL)
		return;
	curl.cleanup(http->easy);
	curl.list_free(http->headers);
	buf_fini(&http->ca_pem);
	free(http);
}

static size_t
take_body(char *data, size_t size, size_t count, void *context)
{
	struct taking *taking = context;

	if (taking->reply->body.len + size * count > HTTP_BODY_MAX) {
		taking->too_long = true;
		return CURL_WRITEFUNC_ERROR;
	}
	buf_add(&taking->reply->body, data, size * count);
	return size * count;
}

/* The value without white space around, where the line is of this header; a later one of the same name counts. */
static void
take_value(char **to, const char *name, const char *line, size_t len)
{
	size_t skip = strlen(name);

	if (len <= skip || line[skip] != ':' || strncasecmp(line, name, skip) != 0)
		return;
	for (skip++; skip < len && (line[skip] == ' ' || line[skip] == '\t');)
		skip++;
	while (len > skip && strchr(" \t\r\n", line[len - 1]) != NULL)
		len--;
	free(*to);
	*to = xstrndup(line + skip, len - skip);
}

static size_t
take_header(char *line, size_t size, size_t count, void *context)
{
	struct reply	*reply = ((struct taking *)context)->reply;
	size_t		 len = size * count;

	if (len <= HEADER_MAX) {
		take_value(&reply->type, "Content-Type", line, len);
		take_value(&reply->nonce, "Replay-Nonce", line, len);
		take_value(&reply->location, "Location", line, len);
		take_value(&reply->retry_after, "Retry-After", line, len);
	}
	return len;
}

static int
on_progress(void *context, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
	const struct http *http = context;

	(void)total, (void)now, (void)up_total, (void)up_now;
	return http->stopped != NULL && http->stopped();
}

/* What every exchange has in common. */
static void
set_common(struct http *http, struct taking *taking, const char *url, long seconds)
{
	CURL *easy = http->easy;

	curl.reset(easy);
	http->why[0] = '\0';
	curl.set(easy, CURLOPT_ERRORBUFFER, http->why);
	curl.set(easy, CURLOPT_URL, url);
	curl.set(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl.set(easy, CURLOPT_NOSIGNAL, 1L);
	curl.set(easy, CURLOPT_CONNECTTIMEOUT, seconds < CONNECT_MAX ? seconds : CONNECT_MAX);
	curl.set(easy, CURLOPT_TIMEOUT, seconds);
	curl.set(easy, CURLOPT_USERAGENT, "leap/" LEAP_VERSION);
	curl.set(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl.set(easy, CURLOPT_WRITEDATA, taking);
	curl.set(easy, CURLOPT_HEADERFUNCTION, take_header);
	curl.set(easy, CURLOPT_HEADERDATA, taking);
	curl.set(easy, CURLOPT_NOPROGRESS, 0L);
	curl.set(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl.set(easy, CURLOPT_XFERINFODATA, http);
}

static void
set_tls(struct http *http)
{
	struct curl_blob blob = { http->ca_pem.data, http->ca_pem.len, CURL_BLOB_NOCOPY };

	curl.set(http->easy, CURLOPT_PROTOCOLS_STR, "https");
	curl.set(http->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (!http->trusts_own)
		return;
	curl.set(http->easy, CURLOPT_CAINFO, NULL);
	curl.set(http->easy, CURLOPT_CAPATH, NULL);
	curl.set(http->easy, CURLOPT_CAINFO_BLOB, &blob);
}

NODISCARD
static struct err *
perform(struct http *http, const struct taking *taking, const char *from)
{
	CURLcode	 code = curl.perform(http->easy);
	const char	*why = http->why[0] != '\0' ? http->why : curl.strerror(code);

	if (code == CURLE_OK) {
		curl.info(http->easy, CURLINFO_RESPONSE_CODE, &taking->reply->status);
		return NULL;
	}
	if (http->stopped != NULL && http->stopped())
		return err_new(ERR_FAILED, "interrupted");
	if (taking->too_long)
		return err_new(ERR_FAILED, "%s: the answer is longer than %u KiB", from, HTTP_BODY_MAX >> 10);
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		return err_hint(err_new(ERR_TRUST, "%s: its certificate is not trusted: %s", from, why),
		    "a private ACME server wants \"leap cert register --ca-file FILE\"");
	return err_new(ERR_FAILED, "%s: %s", from, why);
}

struct err *
http_exchange(struct http *http, struct reply *reply, const char *method, const char *url, const struct buf *body)
{
	struct taking taking = { .reply = reply };

	reply_fini(reply);
	set_common(http, &taking, url, TOTAL_MAX);
	set_tls(http);
	if (strcmp(method, "HEAD") == 0)
		curl.set(http->easy, CURLOPT_NOBODY, 1L);
	if (body != NULL) {
		curl.set(http->easy, CURLOPT_POST, 1L);
		curl.set(http->easy, CURLOPT_POSTFIELDS, body->data);
		curl.set(http->easy, CURLOPT_POSTFIELDSIZE, (long)body->len);
		curl.set(http->easy, CURLOPT_HTTPHEADER, http->headers);
	}
	return perform(http, &taking, url);
}

struct err *
http_probe(struct http *http, struct buf *out, const char *name, const char *address, const char *path)
{
	bool			 v6 = strchr(address, ':') != NULL;
	char			*url = xasprintf("http://%s%s", name, path);
	char			*to = xasprintf("%s:80:%s%s%s", name, v6 ? "[" : "", address, v6 ? "]" : "");
	struct reply		 reply = { 0 };
	struct taking		 taking = { .reply = &reply };
	struct curl_slist	*resolve = curl.list_add(NULL, to);
	struct err		*e;

	set_common(http, &taking, url, PROBE_MAX);
	curl.set(http->easy, CURLOPT_PROTOCOLS_STR, "http");
	curl.set(http->easy, CURLOPT_PROXY, "");
	curl.set(http->easy, CURLOPT_RESOLVE, resolve);
	/* Several nodes have one name: what is open to another is not it. */
	curl.set(http->easy, CURLOPT_FRESH_CONNECT, 1L);
	curl.set(http->easy, CURLOPT_FORBID_REUSE, 1L);
	if ((e = perform(http, &taking, url)) == NULL && reply.status != 200)
		e = err_new(ERR_FAILED, "%s: status %ld", url, reply.status);
	else if (e == NULL)
		buf_add(out, reply.body.data, reply.body.len);
	curl.set(http->easy, CURLOPT_RESOLVE, NULL);
	curl.list_free(resolve);
	reply_fini(&reply);
	free(to);
	free(url);
	return e;
}
