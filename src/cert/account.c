/* cert: the instance's account with an ACME server. */
/* May know recipe config acme pki vault ssh repo base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cert/account.h"

#include "base/err.h"
#include "base/json.h"
#include "config/config.h"
#include "repo/repo.h"
#include "ssh/ssh.h"
#include "vault/vault.h"

#include <stdlib.h>

struct err *
account_read(struct account *out, const struct repo *repo)
{
	struct place	 place = { .path = ACME_ACCOUNT_PATH };
	struct buf	 text = { 0 };
	json_t		*root = NULL;
	struct err	*e;

	*out = (struct account){ .key.secret = true };
	if (!repo_has(repo, ACME_ACCOUNT_PATH))
		return err_hint(err_new(ERR_USAGE, "there is no account with an ACME server yet"),
		    "make one with \"leap cert register\"");
	if ((e = repo_read(repo, ACME_ACCOUNT_PATH, &text)) != NULL ||
	    (e = json_parse_text(&root, ACME_ACCOUNT_PATH, buf_text(&text), text.len)) != NULL)
		goto out;
	if (json_str(root, "server") == NULL || acme_server(json_str(root, "server")) == NULL ||
	    json_str(root, "account") == NULL || acme_server(json_str(root, "account")) == NULL) {
		e = err_hint(err_at(ERR_CONFIG, &place, "\"server\" and \"account\" must be URLs"),
		    "make it anew with \"leap cert register\"");
		goto out;
	}
	out->server = xstrdup(json_str(root, "server"));
	out->url = xstrdup(json_str(root, "account"));
	if (json_str(root, "ca") != NULL)
		buf_adds(&out->ca_pem, json_str(root, "ca"));
	e = vault_read(repo, NULL, ACME_KEY_PATH, &out->key);
out:
	json_decref(root);
	buf_fini(&text);
	return e;
}

void
account_fini(struct account *account)
{
	free(account->server);
	free(account->url);
	buf_fini(&account->ca_pem);
	buf_fini(&account->key);
}

struct acme_settings
account_settings(const struct account *account)
{
	return (struct acme_settings){
		.server = account->server, .account = account->url, .account_key = &account->key,
		.ca_pem = account->ca_pem.len > 0 ? &account->ca_pem : NULL, .stopped = ssh_stopped,
	};
}
