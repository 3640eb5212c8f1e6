/* pki: the types of key that certificates are for. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pki/key.h"

#include "base/buf.h"
#include "base/err.h"
#include "pki/pem.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>

#define RSA_BITS	3072

static const char *const type_names[] = {
	[KEY_ECDSA_P256] = "ecdsa-p256",
	[KEY_RSA_3072] = "rsa-3072",
};

bool
key_type_parse(enum key_type *out, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(type_names); i++) {
		if (strcmp(type_names[i], name) == 0) {
			*out = (enum key_type)i;
			return true;
		}
	}
	return false;
}

const char *
key_type_name(enum key_type type)
{
	return type_names[type];
}

EVP_PKEY *
key_generate(enum key_type type)
{
	return type == KEY_RSA_3072 ? EVP_RSA_gen(RSA_BITS) : EVP_EC_gen("P-256");
}

bool
key_type_of(const EVP_PKEY *key, enum key_type *out)
{
	char	group[32];

	if (EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) == RSA_BITS)
		*out = KEY_RSA_3072;
	else if (EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 &&
	    strcmp(group, "prime256v1") == 0)
		*out = KEY_ECDSA_P256;
	else
		return false;
	return true;
}

struct err *
key_create(struct buf *key_pem, enum key_type type)
{
	EVP_PKEY	*key = key_generate(type);
	struct err	*e = key != NULL ? pem_add_key(key_pem, key) : pem_error(ERR_FAILED, "make a key");

	EVP_PKEY_free(key);
	return e;
}

struct err *
dh_parameters(struct buf *pem)
{
	char		 group[] = "ffdhe3072";
	OSSL_PARAM	 params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0), OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX	*context = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
	EVP_PKEY	*dh = NULL;
	BIO		*bio = BIO_new(BIO_s_mem());
	struct err	*e = NULL;

	if (context != NULL && bio != NULL && EVP_PKEY_fromdata_init(context) > 0 &&
	    EVP_PKEY_fromdata(context, &dh, EVP_PKEY_KEY_PARAMETERS, params) > 0 && PEM_write_bio_Parameters(bio, dh))
		pem_add_all(pem, bio);
	else
		e = pem_error(ERR_FAILED, "write Diffie-Hellman parameters");
	BIO_free(bio);
	EVP_PKEY_free(dh);
	EVP_PKEY_CTX_free(context);
	return e;
}
