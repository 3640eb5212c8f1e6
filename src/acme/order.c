/* acme: an order, from the names to the chain; RFC 8555, 7.4 and 7.5. */
/* May know pki, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "acme/client.h"

#include "base/err.h"
#include "base/json.h"
#include "base/strs.h"
#include "pki/jws.h"
#include "pki/public.h"

#include <stdlib.h>
#include <string.h>

#define ISSUE_SECONDS	300.0

/* One run of acme_issue(). */
struct issue {
	struct acme		*acme;
	const struct acme_wish	*wish;
	char			*url;		/* of the order */
	struct order		 order;
	struct acme_proof	*proofs;	/* what has to be proven; as many as urls and challenges */
	struct strs		 urls, challenges;	/* of authorizations, and of their challenges */
	size_t			 count;
	struct buf		 thumbprint;
};

NODISCARD
static struct err *
read_order(struct issue *issue, const struct answer *answer)
{
	order_fini(&issue->order);
	return order_read(&issue->order, answer->json);
}

NODISCARD
static struct err *
check_profile(const struct issue *issue)
{
	const struct strs	*known = &issue->acme->directory.profiles;
	struct buf		 list = { 0 };
	struct err		*e;

	if (issue->wish->profile == NULL || strs_has(known, issue->wish->profile))
		return NULL;
	e = err_new(ERR_USAGE, "the ACME server has no profile \"%s\"", issue->wish->profile);
	if (known->count == 0)
		return err_hint(e, "it has none at all");
	strs_join(known, ", ", &list);
	e = err_hint(e, "its profiles are %s", buf_text(&list));
	buf_fini(&list);
	return e;
}

NODISCARD
static struct err *
new_order(struct issue *issue)
{
	const struct acme_wish	*wish = issue->wish;
	json_t			*payload, *list = json_array();
	struct answer		 answer = { 0 };
	struct err		*e;

	for (size_t i = 0; i < wish->names->count; i++)
		json_array_append_new(list, json_pack("{s:s, s:s}", "type", "dns", "value", wish->names->items[i]));
	payload = json_pack("{s:o}", "identifiers", list);
	if (wish->profile != NULL)
		json_object_set_new(payload, "profile", json_string(wish->profile));
	if (wish->replaces != NULL && issue->acme->directory.renewal != NULL)
		json_object_set_new(payload, "replaces", json_string(wish->replaces));
	e = acme_post(issue->acme, &answer, issue->acme->directory.new_order, payload);
	/* A server that does not like what is replaced (RFC 9773, 5) may like the rest. */
	if (e != NULL && json_object_del(payload, "replaces") == 0 && answer.reply.status != 429) {
		err_free(e);
		e = acme_post(issue->acme, &answer, issue->acme->directory.new_order, payload);
	}
	if (e == NULL)
		e = read_order(issue, &answer);
	if (e == NULL && (answer.reply.location == NULL || !url_valid(answer.reply.location)))
		e = err_new(ERR_FAILED, "the ACME server does not say where the order is");
	if (e == NULL)
		issue->url = xstrdup(answer.reply.location);
	answer_fini(&answer);
	json_decref(payload);
	return e;
}

/* How the name of an authorization is to be proven; false: it was never asked for. */
static bool
find_method(const struct acme_wish *wish, const char *name, enum acme_method *method)
{
	for (size_t i = 0; i < wish->names->count; i++) {
		if (strcmp(wish->names->items[i], name) == 0) {
			*method = wish->methods[i];
			return true;
		}
	}
	return false;
}

/* Read an authorization; it must be for one of our names.  The reply says when to ask again. */
NODISCARD
static struct err *
fetch_authorization(struct issue *issue, const char *url, struct authorization *out, enum acme_method *method,
    struct answer *answer)
{
	struct buf	 name = { 0 };
	struct err	*e;

	authorization_fini(out);
	if ((e = acme_post(issue->acme, answer, url, NULL)) != NULL ||
	    (e = authorization_read(out, answer->json)) != NULL || find_method(issue->wish, out->name, method))
		return e;
	message_clean(&name, out->name, 253);
	e = err_new(ERR_FAILED, "the ACME server asks for %s, which is not in the order", buf_text(&name));
	buf_fini(&name);
	return e;
}

/* RFC 8555, 8.1: the token and the account's thumbprint; what DNS has is a digest of that. */
NODISCARD
static struct err *
add_proof(struct issue *issue, const struct authorization *authorization, enum acme_method method, const char *url)
{
	const struct challenge	*challenge = &authorization->challenges[method];
	struct buf		 text = { 0 }, digest = { 0 };
	struct err		*e = NULL;

	if (challenge->url == NULL)
		return err_new(ERR_FAILED, "%s: the ACME server does not offer %s", authorization->name,
		    acme_method_name(method));
	buf_addf(&text, "%s.%s", challenge->token, buf_text(&issue->thumbprint));
	if (method == ACME_DNS)
		e = jws_digest(&digest, buf_text(&text));
	if (e == NULL) {
		issue->proofs[issue->count++] = (struct acme_proof){
			.name = xstrdup(authorization->name), .method = method, .token = xstrdup(challenge->token),
			.text = buf_take(method == ACME_DNS ? &digest : &text),
		};
		strs_add(&issue->urls, url);
		strs_add(&issue->challenges, challenge->url);
	}
	buf_fini(&text);
	buf_fini(&digest);
	return e;
}

/* What has to be proven; names that this account has proven lately are not among it. */
NODISCARD
static struct err *
collect(struct issue *issue)
{
	const struct strs	*urls = &issue->order.authorizations;
	struct authorization	 one = { 0 };
	struct answer		 answer = { 0 };
	enum acme_method	 method = ACME_HTTP;
	struct err		*e = NULL;

	issue->proofs = xcalloc(urls->count, sizeof(*issue->proofs));
	for (size_t i = 0; e == NULL && i < urls->count; i++) {
		if ((e = fetch_authorization(issue, urls->items[i], &one, &method, &answer)) != NULL)
			break;
		if (one.status == STATUS_INVALID)
			e = err_new(ERR_FAILED, "%s: its authorization is no longer good", one.name);
		else if (one.status != STATUS_VALID)
			e = add_proof(issue, &one, method, urls->items[i]);
	}
	authorization_fini(&one);
	answer_fini(&answer);
	return e;
}

/* Why the server found a proof wrong. */
static struct err *
proof_failed(struct authorization *authorization, enum acme_method method)
{
	struct err *e = authorization->challenges[method].error;

	authorization->challenges[method].error = NULL;
	if (e == NULL)
		e = err_new(ERR_FAILED, "the ACME server gives no reason");
	return err_context(e, "%s: %s failed", authorization->name, acme_method_name(method));
}

/* Until the server has looked. */
NODISCARD
static struct err *
await_proof(struct issue *issue, size_t index)
{
	struct authorization	 one = { 0 };
	struct answer		 answer = { 0 };
	enum acme_method	 method = ACME_HTTP;
	struct err		*e = NULL;

	for (unsigned tries = 0; e == NULL; tries++) {
		e = fetch_authorization(issue, issue->urls.items[index], &one, &method, &answer);
		if (e != NULL || one.status == STATUS_VALID)
			break;
		if (one.status == STATUS_INVALID)
			e = proof_failed(&one, method);
		else
			e = acme_sleep(issue->acme, acme_pause(&answer.reply, tries));
	}
	authorization_fini(&one);
	answer_fini(&answer);
	return e;
}

NODISCARD
static struct err *
prove(struct issue *issue)
{
	const struct acme_solver	*solver = issue->wish->solver;
	struct answer			 answer = { 0 };
	json_t				*empty = json_object();
	struct err			*e;

	e = solver->publish(solver->context, issue->proofs, issue->count);
	for (size_t i = 0; e == NULL && i < issue->count; i++)
		e = acme_post(issue->acme, &answer, issue->challenges.items[i], empty);
	for (size_t i = 0; e == NULL && i < issue->count; i++)
		e = await_proof(issue, i);
	solver->withdraw(solver->context, issue->proofs, issue->count);
	answer_fini(&answer);
	json_decref(empty);
	return e;
}

/* Ask after the order until it is in this state, or beyond. */
NODISCARD
static struct err *
await_order(struct issue *issue, enum message_status wanted)
{
	struct answer	 answer = { 0 };
	struct err	*e = NULL;

	for (unsigned tries = 0; e == NULL; tries++) {
		if (issue->order.status == STATUS_INVALID) {
			e = issue->order.error != NULL ? issue->order.error :
			    err_new(ERR_FAILED, "the ACME server gives no reason");
			issue->order.error = NULL;
			e = err_context(e, "the order failed");
			break;
		}
		if (issue->order.status == wanted || issue->order.status == STATUS_VALID)
			break;
		if (tries > 0 && (e = acme_sleep(issue->acme, acme_pause(&answer.reply, tries - 1))) != NULL)
			break;
		if ((e = acme_post(issue->acme, &answer, issue->url, NULL)) == NULL)
			e = read_order(issue, &answer);
	}
	answer_fini(&answer);
	return e;
}

NODISCARD
static struct err *
finalize(struct issue *issue)
{
	struct buf	 request = { 0 };
	struct answer	 answer = { 0 };
	json_t		*payload = NULL;
	struct err	*e;

	if ((e = public_request(&request, issue->wish->names, issue->wish->key_pem)) == NULL) {
		payload = json_pack("{s:s}", "csr", buf_text(&request));
		e = acme_post(issue->acme, &answer, issue->order.finalize, payload);
	}
	if (e == NULL)
		e = read_order(issue, &answer);
	json_decref(payload);
	answer_fini(&answer);
	buf_fini(&request);
	return e;
}

NODISCARD
static struct err *
download(struct issue *issue, int64_t now, struct buf *chain_pem)
{
	struct answer	 answer = { 0 };
	struct err	*e;

	if ((e = acme_post(issue->acme, &answer, issue->order.certificate, NULL)) == NULL &&
	    (e = public_check(&answer.reply.body, issue->wish->names, issue->wish->key_pem, now)) == NULL)
		buf_add(chain_pem, answer.reply.body.data, answer.reply.body.len);
	else if (e != NULL && err_code(e) == ERR_TRUST)
		e = err_context(e, "the certificate from the ACME server");
	answer_fini(&answer);
	return e;
}

static void
issue_fini(struct issue *issue)
{
	for (size_t i = 0; i < issue->count; i++) {
		free(issue->proofs[i].name);
		free(issue->proofs[i].token);
		free(issue->proofs[i].text);
	}
	free(issue->proofs);
	strs_fini(&issue->urls);
	strs_fini(&issue->challenges);
	order_fini(&issue->order);
	buf_fini(&issue->thumbprint);
	free(issue->url);
}

struct err *
acme_issue(struct acme *acme, const struct acme_wish *wish, int64_t now, struct buf *chain_pem)
{
	struct issue	 issue = { .acme = acme, .wish = wish };
	struct err	*e;

	acme_limit(acme, ISSUE_SECONDS);
	if ((e = check_profile(&issue)) == NULL &&
	    (e = jws_thumbprint(&issue.thumbprint, acme->settings->account_key)) == NULL &&
	    (e = new_order(&issue)) == NULL && (e = collect(&issue)) == NULL &&
	    (issue.count == 0 || (e = prove(&issue)) == NULL) && (e = await_order(&issue, STATUS_READY)) == NULL &&
	    (issue.order.status == STATUS_VALID || (e = finalize(&issue)) == NULL) &&
	    (e = await_order(&issue, STATUS_VALID)) == NULL)
		e = download(&issue, now, chain_pem);
	acme_limit(acme, 0);
	issue_fini(&issue);
	return e;
}
