/* fuzz: files of age, their armor, and the private keys of ssh-keygen. */
/* May know age, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "age/age.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/strs.h"

#include <stdint.h>
#include <stdlib.h>

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A native identity, made for this. */
static const char secret[] = "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0";

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct age_identity	*identity;
	struct age_identity		*other = NULL;
	struct buf			 clear = { .secret = true }, armor = { 0 }, again = { 0 };
	struct strs			 labels = { 0 };

	if (identity == NULL && age_identity_new(&identity, "key", secret, sizeof(secret) - 1) != NULL)
		abort();
	err_free(age_decrypt(&clear, &identity, 1, NULL, data, size));
	err_free(age_labels(&labels, data, size));
	/* What is armored comes back as it was. */
	age_armor(&armor, data, size);
	if (age_unarmor(&again, armor.data, armor.len) != NULL || again.len != size)
		abort();
	err_free(age_identity_new(&other, "other", (const char *)data, size));
	age_identity_free(other);
	strs_fini(&labels);
	buf_fini(&clear);
	buf_fini(&armor);
	buf_fini(&again);
	return 0;
}
