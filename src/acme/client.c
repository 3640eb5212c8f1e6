/* acme: signed requests to one server by one account: nonces, retries, errors. */
/* May know pki, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "acme/client.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "pki/jws.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NONCE_MAX	256u		/* characters */
#define REJECTED_MAX	16u		/* nonces of one request, */
#define BUDGET		64u		/* and of all together */
#define LATER_MAX	3u		/* how often a request is put off, */
#define LATER_SECONDS	30u		/* and for how long at most */
#define SLICE		0.1		/* seconds of sleep between two looks at stopped() */

void
answer_fini(struct answer *answer)
{
	reply_fini(&answer->reply);
	json_decref(answer->json);
	answer->json = NULL;
}

const char *
acme_server(const char *name)
{
	if (strcmp(name, "letsencrypt") == 0)
		return "https://acme-v02.api.letsencrypt.org/directory";
	if (strcmp(name, "letsencrypt-staging") == 0)
		return "https://acme-staging-v02.api.letsencrypt.org/directory";
	return url_valid(name) ? name : NULL;
}

void
acme_limit(struct acme *acme, double seconds)
{
	acme->deadline = seconds > 0 ? clock_now() + seconds : 0;
}

static bool
late(const struct acme *acme)
{
	return acme->deadline > 0 && clock_now() >= acme->deadline;
}

struct err *
acme_sleep(struct acme *acme, double seconds)
{
	double until = clock_now() + seconds, left;

	while ((left = until - clock_now()) > 0) {
		struct timespec slice = { .tv_nsec = (long)(1e9 * (left < SLICE ? left : SLICE)) };

		if (acme->settings->stopped != NULL && acme->settings->stopped())
			return err_new(ERR_FAILED, "interrupted");
		if (late(acme))
			return err_new(ERR_FAILED, "the ACME server takes too long");
		nanosleep(&slice, NULL);
	}
	return NULL;
}

double
acme_pause(const struct reply *reply, unsigned tries)
{
	unsigned asked = retry_after_read(reply->retry_after, (int64_t)time(NULL));

	if (asked > 0)
		return asked < LATER_SECONDS ? asked : LATER_SECONDS;
	return tries >= 5 ? 5 : 0.25 * (1u << tries);
}

/* The nonce of an answer is for the next request. */
static void
keep_nonce(struct acme *acme, const struct reply *reply)
{
	free(acme->nonce);
	acme->nonce = reply->nonce != NULL && token_valid(reply->nonce, 1, NONCE_MAX) ? xstrdup(reply->nonce) : NULL;
}

NODISCARD
static struct err *
exchange(struct acme *acme, struct answer *answer, const char *method, const char *url, const struct buf *body)
{
	struct err *e;

	answer_fini(answer);
	if (late(acme))
		return err_new(ERR_FAILED, "the ACME server takes too long");
	if ((e = http_exchange(acme->http, &answer->reply, method, url, body)) != NULL)
		return e;
	answer->json = json_loadb(buf_text(&answer->reply.body), answer->reply.body.len, JSON_REJECT_DUPLICATES, NULL);
	return NULL;
}

NODISCARD
static struct err *
fetch_nonce(struct acme *acme)
{
	struct answer	 answer = { 0 };
	struct err	*e;

	if ((e = exchange(acme, &answer, "HEAD", acme->directory.new_nonce, NULL)) == NULL) {
		keep_nonce(acme, &answer.reply);
		if (acme->nonce == NULL)
			e = err_new(ERR_FAILED, "the ACME server gives no nonce (status %ld)", answer.reply.status);
	}
	answer_fini(&answer);
	return e;
}

/* RFC 8555, 6.2: an account signs as its URL, who has none yet with the key itself. */
NODISCARD
static struct err *
make_body(struct acme *acme, struct buf *out, const char *url, const json_t *payload)
{
	json_t		*header = json_pack("{s:s, s:s}", "nonce", acme->nonce, "url", url), *public = NULL;
	struct err	*e = NULL;

	if (acme->account != NULL)
		json_object_set_new(header, "kid", json_string(acme->account));
	else if ((e = jws_public(&public, acme->settings->account_key)) == NULL)
		json_object_set_new(header, "jwk", public);
	buf_clear(out);
	if (e == NULL)
		e = jws_sign(out, header, payload, acme->settings->account_key);
	json_decref(header);
	return e;
}

/* One try.  A nonce is used up whatever comes of it. */
NODISCARD
static struct err *
post_once(struct acme *acme, struct answer *answer, const char *url, const json_t *payload)
{
	struct buf	 body = { 0 };
	struct err	*e = NULL;

	if (acme->nonce == NULL)
		e = fetch_nonce(acme);
	if (e == NULL && (e = make_body(acme, &body, url, payload)) == NULL) {
		free(acme->nonce);
		acme->nonce = NULL;
		if ((e = exchange(acme, answer, "POST", url, &body)) == NULL)
			keep_nonce(acme, &answer->reply);
	}
	buf_fini(&body);
	return e;
}

/* What was refused, for a person. */
static struct err *
refused(const struct answer *answer)
{
	struct err	*e = problem_error(answer->json, answer->reply.status);
	unsigned	 later = retry_after_read(answer->reply.retry_after, (int64_t)time(NULL));

	if (problem_is(answer->json, "accountDoesNotExist"))
		return err_hint(e, "make an account with \"leap cert register\"");
	if (later > 0)
		return err_hint(e, "it can be tried again in %u minutes", (later + 59) / 60);
	return e;
}

/* Whether the answer says "not now": RFC 8555, 6.6; RFC 9110, 15.6.4. */
static bool
is_later(const struct answer *answer)
{
	unsigned later = retry_after_read(answer->reply.retry_after, (int64_t)time(NULL));

	return (answer->reply.status == 429 || answer->reply.status == 503) && later > 0 && later <= LATER_SECONDS;
}

struct err *
acme_post(struct acme *acme, struct answer *answer, const char *url, const json_t *payload)
{
	unsigned	 rejected = 0, put_off = 0;
	struct err	*e;

	for (;;) {
		if ((e = post_once(acme, answer, url, payload)) != NULL || answer->reply.status < 400)
			return e;
		if (problem_is(answer->json, "badNonce")) {
			if (++rejected >= REJECTED_MAX || ++acme->rejected >= BUDGET)
				return err_hint(err_new(ERR_FAILED, "the ACME server rejects one nonce after the other"),
				    "try again later: it may be overloaded, or a proxy may cache its answers");
		} else if (is_later(answer) && put_off++ < LATER_MAX) {
			if ((e = acme_sleep(acme, acme_pause(&answer->reply, 0))) != NULL)
				return e;
		} else {
			return refused(answer);
		}
	}
}

struct err *
acme_get(struct acme *acme, struct answer *answer, const char *url)
{
	struct err *e;

	if ((e = exchange(acme, answer, "GET", url, NULL)) != NULL)
		return e;
	if (answer->reply.status != 200 || !json_is_object(answer->json))
		return err_new(ERR_FAILED, "%s: no JSON object (status %ld)", url, answer->reply.status);
	return NULL;
}

struct err *
acme_open(struct acme **out, const struct acme_settings *settings)
{
	struct acme	*acme = xcalloc(1, sizeof(*acme));
	struct answer	 answer = { 0 };
	struct err	*e;

	acme->settings = settings;
	acme->account = settings->account == NULL ? NULL : xstrdup(settings->account);
	if ((e = http_open(&acme->http, settings->ca_pem, settings->stopped)) == NULL &&
	    (e = acme_get(acme, &answer, settings->server)) == NULL)
		e = directory_read(&acme->directory, answer.json);
	answer_fini(&answer);
	if (e != NULL) {
		acme_close(acme);
		acme = NULL;
	}
	*out = acme;
	return e;
}

void
acme_close(struct acme *acme)
{
	if (acme == NULL)
		return;
	http_close(acme->http);
	directory_fini(&acme->directory);
	free(acme->account);
	free(acme->nonce);
	free(acme);
}

const char *
acme_terms(const struct acme *acme)
{
	return acme->directory.terms;
}

bool
acme_needs_binding(const struct acme *acme)
{
	return acme->directory.binding;
}

const struct strs *
acme_profiles(const struct acme *acme)
{
	return &acme->directory.profiles;
}

struct err *
acme_probe(struct acme *acme, struct buf *out, const char *name, const char *address, const char *path)
{
	return http_probe(acme->http, out, name, address, path);
}
