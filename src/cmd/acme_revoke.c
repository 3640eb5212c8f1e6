/* cmd: leap cert revoke, of a certificate that a CA has signed for us over ACME. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/acme.h"
#include "cert/wish.h"
#include "cmd/cmd.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

NODISCARD
static struct err *
revoke(struct context *context, const struct account *account, struct wish *wish)
{
	struct acme_settings	 settings = account_settings(account);
	struct acme		*acme = NULL;
	struct err		*e;

	if ((e = acme_open(&acme, &settings)) == NULL &&
	    (e = acme_revoke(acme, &wish->pem, ACME_UNSPECIFIED)) == NULL) {
		wish->revoked = true;
		e = wish_record(wish, context->repo, account->server);
	}
	acme_close(acme);
	return e;
}

/* The private key stays closed: the account's is what signs. */
NODISCARD
static struct err *
find(struct wish *wish, const struct context *context, const struct account *account, const char *name)
{
	struct err *e;

	if ((e = wish_parse(wish, name)) != NULL || (e = wish_recall(wish, context->repo)) != NULL)
		return e;
	if (wish->server == NULL || strcmp(wish->server, account->server) != 0)
		return err_hint(err_new(ERR_USAGE, "the certificate of %s is not from %s", name, account->server),
		    "its own CA can revoke it");
	return wish_read_cert(wish, context->repo);
}

struct err *
acme_revoke_cert(struct context *context, const char *name, bool yes)
{
	struct account	 account;
	struct wish	 wish = { 0 };
	char		*question = xasprintf("have the CA revoke the certificate of %s for good?", name);
	struct err	*e;

	if ((e = account_read(&account, context->repo)) != NULL ||
	    (e = find(&wish, context, &account, name)) != NULL)
		goto out;
	if ((!yes && (e = ask_yes(&yes, "say --yes to revoke it without a question", question)) != NULL) || !yes ||
	    (e = revoke(context, &account, &wish)) != NULL)
		goto out;
	note("%s: the certificate is revoked; get another, with a new key: leap cert renew %s\n", name, name);
out:
	free(question);
	wish_fini(&wish);
	account_fini(&account);
	return e;
}
