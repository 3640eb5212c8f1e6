/* fuzz: private keys of ssh-keygen and of PEM, locked and not, and public keys as files in users/ have them. */
/* May know age, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "age/age.h"
#include "age/format.h"

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A key that was taken opens what is encrypted to it.  Locked ones stay so: their rounds may take minutes. */
static void
use(struct age_identity *identity)
{
	struct age_recipient	 recipient = { .type = identity->type, .wire = identity->wire };
	struct age_recipient	*list[] = { &recipient };
	struct buf		 file = { 0 }, clear = { .secret = true };
	struct err		*e;

	if (identity->type != KEY_SSH_ED25519 && identity->type != KEY_SSH_RSA)
		return;
	if ((e = ssh_public(&identity->wire, &recipient.type, recipient.point, &recipient.rsa)) == NULL)
		e = age_encrypt(&file, list, 1, "content", 7);
	if (e == NULL && (e = age_decrypt(&clear, &identity, 1, NULL, file.data, file.len)) == NULL &&
	    strcmp(buf_text(&clear), "content") != 0)
		abort();
	err_free(e);
	EVP_PKEY_free(recipient.rsa);
	buf_fini(&file);
	buf_fini(&clear);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct age_identity	*identity = NULL;
	struct age_recipient	*recipient = NULL;
	struct buf		 text = { .secret = true }, label = { 0 };
	struct err		*e;

	buf_add(&text, data, size);
	if ((e = age_identity_new(&identity, "key", buf_text(&text), text.len)) == NULL)
		use(identity);
	err_free(e);
	if ((e = age_recipient_new(&recipient, buf_text(&text))) == NULL)
		age_recipient_label(recipient, &label);
	err_free(e);
	age_identity_free(identity);
	age_recipient_free(recipient);
	buf_fini(&text);
	buf_fini(&label);
	return 0;
}
