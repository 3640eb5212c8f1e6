/* acme: the account, RFC 8555, 7.3. */
/* May know pki, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "acme/client.h"

#include "base/err.h"
#include "base/strs.h"
#include "pki/jws.h"

#include <stdlib.h>

/* RFC 8555, 7.3.4: the account's key, signed by the key that the CA handed out. */
NODISCARD
static struct err *
bind(struct acme *acme, json_t *payload, const char *kid, const struct buf *mac_key)
{
	json_t		*header = json_pack("{s:s, s:s}", "kid", kid, "url", acme->directory.new_account);
	json_t		*public = NULL, *binding = NULL;
	struct err	*e;

	if ((e = jws_public(&public, acme->settings->account_key)) == NULL &&
	    (e = jws_mac(&binding, header, public, mac_key)) == NULL)
		json_object_set_new(payload, "externalAccountBinding", binding);
	json_decref(public);
	json_decref(header);
	return e;
}

struct err *
acme_register(struct acme *acme, const struct strs *contacts, const char *kid, const struct buf *mac_key,
    char **account)
{
	json_t		*payload = json_object(), *list = json_array();
	struct answer	 answer = { 0 };
	struct err	*e = NULL;

	for (size_t i = 0; i < contacts->count; i++)
		json_array_append_new(list, json_sprintf("mailto:%s", contacts->items[i]));
	json_object_set_new(payload, "contact", list);
	json_object_set_new(payload, "termsOfServiceAgreed", json_true());
	free(acme->account);
	acme->account = NULL;
	if (kid != NULL)
		e = bind(acme, payload, kid, mac_key);
	if (e == NULL && (e = acme_post(acme, &answer, acme->directory.new_account, payload)) == NULL &&
	    (answer.reply.location == NULL || !url_valid(answer.reply.location)))
		e = err_new(ERR_FAILED, "the ACME server does not say where the account is");
	if (e == NULL) {
		acme->account = xstrdup(answer.reply.location);
		*account = xstrdup(answer.reply.location);
	}
	answer_fini(&answer);
	json_decref(payload);
	return e;
}
