/* test/fuzz: what an ACME server sends: documents, headers, chains; and a name server's answers. */
/* May know acme, pki, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "acme/dns.h"
#include "acme/message.h"
#include "base/buf.h"
#include "base/err.h"
#include "pki/public.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What ends up in a URL, a shell's word or a message must be harmless. */
static void
check_text(const char *text)
{
	for (; text != NULL && *text != '\0'; text++) {
		if (*text < ' ' || *text > '~')
			abort();
	}
}

static void
check_error(struct err *e)
{
	if (e != NULL)
		check_text(err_message(e));
	err_free(e);
}

static void
read_documents(const json_t *root)
{
	struct directory	 directory = { 0 };
	struct order		 order = { 0 };
	struct authorization	 one = { 0 };
	int64_t			 start, end;
	struct err		*e;

	check_error(directory_read(&directory, root));
	check_text(directory.new_order);
	check_text(directory.terms);
	check_error(order_read(&order, root));
	check_text(order.finalize);
	check_error(authorization_read(&one, root));
	for (size_t i = 0; i < ARRAY_LEN(one.challenges); i++) {
		if (one.challenges[i].token != NULL && !token_valid(one.challenges[i].token, 22, 128))
			abort();
	}
	if ((e = renewal_read(&start, &end, root)) == NULL && start >= end)
		abort();
	check_error(e);
	check_error(problem_error(root, 400));
	directory_fini(&directory);
	order_fini(&order);
	authorization_fini(&one);
}

static void
read_chain(const struct buf *pem)
{
	static const struct strs	 names = { 0 };
	struct public_cert		 cert;
	struct err			*e = public_read(&cert, pem);

	if (e == NULL)
		(void)public_covers(&cert, "www.example.org");
	err_free(e);
	err_free(public_check(pem, &names, pem, 0));
	public_fini(&cert);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf	 text = { 0 }, query = { 0 };
	json_t		*root = json_loadb((const char *)data, len, JSON_REJECT_DUPLICATES, NULL);

	if (root != NULL)
		read_documents(root);
	buf_add(&text, data, len);
	(void)retry_after_read(buf_text(&text), 1800000000);
	if (url_valid(buf_text(&text)))
		check_text(buf_text(&text));
	read_chain(&text);
	if (!dns_query(&query, "_acme-challenge.www.example.org", 258))
		abort();
	(void)dns_has_text(data, len, &query, "text");
	buf_fini(&query);
	buf_fini(&text);
	json_decref(root);
	return 0;
}
