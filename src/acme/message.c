/* acme: what an ACME server says, checked: nothing of it is trusted. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "acme/message.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define URL_MAX		2048u
#define TEXT_MAX	500u		/* of one text in an error */
#define NOTES_MAX	20u
#define PROFILES_MAX	50u
#define TOKEN_MIN	22u		/* 128 bits: RFC 8555, 8.3 */
#define TOKEN_MAX	128u
#define NAME_MAX_LEN	253u
#define ERROR_PREFIX	"urn:ietf:params:acme:error:"

void
message_clean(struct buf *out, const char *text, size_t max)
{
	size_t i;

	for (i = 0; i < max && text[i] != '\0'; i++)
		buf_addc(out, text[i] >= ' ' && text[i] <= '~' ? text[i] : '?');
	if (i == max && text[i] != '\0')
		buf_adds(out, "...");
}

const char *
acme_method_name(enum acme_method method)
{
	return method == ACME_HTTP ? "http-01" : "dns-01";
}

bool
token_valid(const char *text, size_t min, size_t max)
{
	size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

	return text[len] == '\0' && len >= min && len <= max;
}

bool
url_valid(const char *text)
{
	static const char	 scheme[] = "https://";
	size_t			 len = 0;

	while (text[len] > ' ' && text[len] <= '~' && strchr("\"<>\\^`{|}", text[len]) == NULL)
		len++;
	return len <= URL_MAX && text[len] == '\0' && str_starts(text, scheme) && len > strlen(scheme) &&
	    text[strlen(scheme)] != '/';
}

NODISCARD
static struct err *
wrong(const char *what, const char *member)
{
	return err_new(ERR_FAILED, "the ACME server sent %s without a good \"%s\"", what, member);
}

/* A member that is a URL.  One that may be missing is NULL then. */
NODISCARD
static struct err *
read_url(char **out, const json_t *object, const char *what, const char *member, bool needed)
{
	const char *text = json_str(object, member);

	if (text != NULL && url_valid(text))
		*out = xstrdup(text);
	return *out != NULL || (!needed && text == NULL) ? NULL : wrong(what, member);
}

/* The names of profiles, which the user chooses from. */
static void
read_profiles(struct strs *out, json_t *profiles)
{
	const char	*name;
	json_t		*value;

	json_object_foreach(profiles, name, value) {
		if (out->count < PROFILES_MAX && token_valid(name, 1, 64))
			strs_add(out, name);
	}
	strs_sort(out);
}

struct err *
directory_read(struct directory *out, const json_t *reply)
{
	static const char what[] = "a directory";
	json_t		*meta = json_object_get(reply, "meta");
	struct err	*e;

	if ((e = read_url(&out->new_nonce, reply, what, "newNonce", true)) != NULL ||
	    (e = read_url(&out->new_account, reply, what, "newAccount", true)) != NULL ||
	    (e = read_url(&out->new_order, reply, what, "newOrder", true)) != NULL ||
	    (e = read_url(&out->revoke, reply, what, "revokeCert", false)) != NULL ||
	    (e = read_url(&out->renewal, reply, what, "renewalInfo", false)) != NULL)
		return e;
	/* Only shown: some are of http. */
	if (json_str(meta, "termsOfService") != NULL) {
		struct buf terms = { 0 };

		message_clean(&terms, json_str(meta, "termsOfService"), URL_MAX);
		out->terms = buf_take(&terms);
	}
	out->binding = json_bool(meta, "externalAccountRequired");
	read_profiles(&out->profiles, json_object_get(meta, "profiles"));
	return NULL;
}

void
directory_fini(struct directory *directory)
{
	free(directory->new_nonce);
	free(directory->new_account);
	free(directory->new_order);
	free(directory->revoke);
	free(directory->renewal);
	free(directory->terms);
	strs_fini(&directory->profiles);
	*directory = (struct directory){ 0 };
}

NODISCARD
static struct err *
read_status(enum message_status *out, const json_t *object, const char *what)
{
	static const struct {
		const char		*name;
		enum message_status	 status;
	} known[] = {
		{ "pending", STATUS_PENDING }, { "ready", STATUS_READY }, { "processing", STATUS_PROCESSING },
		{ "valid", STATUS_VALID }, { "invalid", STATUS_INVALID }, { "expired", STATUS_INVALID },
		{ "revoked", STATUS_INVALID }, { "deactivated", STATUS_INVALID },
	};
	const char *text = json_str(object, "status");

	for (size_t i = 0; text != NULL && i < ARRAY_LEN(known); i++) {
		if (strcmp(known[i].name, text) == 0) {
			*out = known[i].status;
			return NULL;
		}
	}
	return wrong(what, "status");
}

struct err *
order_read(struct order *out, const json_t *reply)
{
	static const char what[] = "an order";
	const json_t	*list = json_object_get(reply, "authorizations"), *url;
	size_t		 i;
	struct err	*e;

	if ((e = read_status(&out->status, reply, what)) != NULL ||
	    (e = read_url(&out->finalize, reply, what, "finalize", true)) != NULL ||
	    (e = read_url(&out->certificate, reply, what, "certificate", out->status == STATUS_VALID)) != NULL)
		return e;
	json_array_foreach(list, i, url) {
		if (!json_is_string(url) || !url_valid(json_string_value(url)) || i >= MESSAGE_NAMES_MAX)
			return wrong(what, "authorizations");
		strs_add(&out->authorizations, json_string_value(url));
	}
	if (out->authorizations.count == 0)
		return wrong(what, "authorizations");
	if (json_object_get(reply, "error") != NULL)
		out->error = problem_error(json_object_get(reply, "error"), 0);
	return NULL;
}

void
order_fini(struct order *order)
{
	strs_fini(&order->authorizations);
	free(order->finalize);
	free(order->certificate);
	err_free(order->error);
	*order = (struct order){ 0 };
}

/* The token must be safe in a path and in a shell's word. */
NODISCARD
static struct err *
read_challenge(struct challenge *out, const json_t *challenge)
{
	static const char what[] = "a challenge";
	const char	*token = json_str(challenge, "token");

	if (out->url != NULL || token == NULL || !token_valid(token, TOKEN_MIN, TOKEN_MAX))
		return wrong(what, "token");
	out->token = xstrdup(token);
	if (json_object_get(challenge, "error") != NULL)
		out->error = problem_error(json_object_get(challenge, "error"), 0);
	return read_url(&out->url, challenge, what, "url", true);
}

/* Those of the types that we know. */
NODISCARD
static struct err *
read_challenges(struct authorization *out, const json_t *list)
{
	const json_t	*challenge;
	const char	*type;
	size_t		 i;
	struct err	*e = NULL;

	json_array_foreach(list, i, challenge) {
		type = json_str(challenge, "type");
		for (size_t method = 0; e == NULL && type != NULL && method < ARRAY_LEN(out->challenges); method++) {
			if (strcmp(type, acme_method_name((enum acme_method)method)) == 0)
				e = read_challenge(&out->challenges[method], challenge);
		}
	}
	return e;
}

struct err *
authorization_read(struct authorization *out, const json_t *reply)
{
	static const char what[] = "an authorization";
	const char	*name = json_str(json_object_get(reply, "identifier"), "value");
	struct err	*e;

	if ((e = read_status(&out->status, reply, what)) != NULL)
		return e;
	if (name == NULL || *name == '\0' || strlen(name) > NAME_MAX_LEN)
		return wrong(what, "identifier");
	out->name = xasprintf("%s%s", json_bool(reply, "wildcard") ? "*." : "", name);
	return read_challenges(out, json_object_get(reply, "challenges"));
}

void
authorization_fini(struct authorization *authorization)
{
	free(authorization->name);
	for (size_t i = 0; i < ARRAY_LEN(authorization->challenges); i++) {
		free(authorization->challenges[i].url);
		free(authorization->challenges[i].token);
		err_free(authorization->challenges[i].error);
	}
	*authorization = (struct authorization){ 0 };
}

/* RFC 3339, 5.6, as a CA writes it: any offset, fractions dropped. */
static bool
read_time(int64_t *out, const char *text)
{
	struct tm	 tm = { 0 };
	const char	*rest = text == NULL ? NULL : strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	unsigned	 hours, minutes;

	if (rest == NULL)
		return false;
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	*out = (int64_t)timegm(&tm);
	if (strcmp(rest, "Z") == 0)
		return true;
	if ((*rest != '+' && *rest != '-') || strlen(rest) != strlen("+00:00") || rest[3] != ':' ||
	    sscanf(rest + 1, "%2u:%2u", &hours, &minutes) != 2)
		return false;
	*out += (*rest == '-' ? 1 : -1) * (int64_t)(hours * 3600 + minutes * 60);
	return true;
}

struct err *
renewal_read(int64_t *start, int64_t *end, const json_t *reply)
{
	const json_t *window = json_object_get(reply, "suggestedWindow");

	if (!read_time(start, json_str(window, "start")) || !read_time(end, json_str(window, "end")) || *start >= *end)
		return wrong("a time to renew", "suggestedWindow");
	return NULL;
}

static struct err *
add_subproblem(struct err *take_e, const json_t *problem)
{
	struct buf	 name = { 0 }, text = { 0 };
	const char	*value = json_str(json_object_get(problem, "identifier"), "value");

	message_clean(&name, value != NULL ? value : "also", NAME_MAX_LEN);
	message_clean(&text, json_str(problem, "detail") != NULL ? json_str(problem, "detail") : "no reason given", TEXT_MAX);
	take_e = err_note(take_e, NULL, "%s: %s", buf_text(&name), buf_text(&text));
	buf_fini(&name);
	buf_fini(&text);
	return take_e;
}

struct err *
problem_error(const json_t *reply, long status)
{
	const char	*type = json_str(reply, "type"), *detail = json_str(reply, "detail");
	const json_t	*list = json_object_get(reply, "subproblems"), *one;
	struct buf	 text = { 0 };
	size_t		 i;
	struct err	*e;

	message_clean(&text, detail != NULL ? detail : "no reason given", TEXT_MAX);
	if (type != NULL && str_starts(type, ERROR_PREFIX))
		type += strlen(ERROR_PREFIX);
	if (type != NULL) {
		buf_adds(&text, " (");
		message_clean(&text, type, 100);
		buf_addc(&text, ')');
	} else if (status != 0) {
		buf_addf(&text, " (status %ld)", status);
	}
	e = err_new(ERR_FAILED, "the ACME server says: %s", buf_text(&text));
	json_array_foreach(list, i, one) {
		if (i < NOTES_MAX)
			e = add_subproblem(e, one);
	}
	buf_fini(&text);
	return e;
}

bool
problem_is(const json_t *reply, const char *name)
{
	const char *type = json_str(reply, "type");

	return type != NULL && str_starts(type, ERROR_PREFIX) && strcmp(type + strlen(ERROR_PREFIX), name) == 0;
}

unsigned
retry_after_read(const char *text, int64_t now)
{
	struct tm	 tm = { 0 };
	const char	*rest;
	int64_t		 left;

	if (text == NULL || *text == '\0')
		return 0;
	if (text[strspn(text, "0123456789")] == '\0')
		return strlen(text) > 8 ? 99999999u : (unsigned)atoi(text);
	rest = strptime(text, "%a, %d %b %Y %H:%M:%S", &tm);	/* LC_TIME is C's: nobody calls setlocale(LC_ALL) */
	if (rest == NULL || strcmp(rest, " GMT") != 0)
		return 0;
	left = (int64_t)timegm(&tm) - now;
	return left <= 0 ? 0 : left > 99999999 ? 99999999u : (unsigned)left;
}
