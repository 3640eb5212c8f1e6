/* test/valgrind: what is done with keys of which memcheck is told that nobody knows them: each branch on one is an error. */
/* May know age, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "age/format.h"

#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/memcheck.h>

static unsigned char	 file_key[FILE_KEY_SIZE];

static void
must(struct err *e)
{
	if (e == NULL)
		return;
	fprintf(stderr, "%s\n", err_message(e));
	exit(1);
}

/* The header's code, of a key that nobody knows, against one that somebody sent: right, or wrong from a byte on. */
static void
check_header(const char *header, size_t wrong_from)
{
	unsigned char	 mac[KEY_SIZE], sent[KEY_SIZE];
	bool		 equal;

	VALGRIND_MAKE_MEM_DEFINED(file_key, sizeof(file_key));
	must(header_mac(file_key, header, strlen(header), sent));
	for (size_t i = wrong_from; i < sizeof(sent); i++)
		sent[i] ^= 0x55;
	VALGRIND_MAKE_MEM_UNDEFINED(file_key, sizeof(file_key));
	must(header_mac(file_key, header, strlen(header), mac));
	equal = tag_equal(mac, sent, sizeof(mac));
	if (equal != (wrong_from == sizeof(sent)))
		exit(1);
}

/* The same of a sealed text. */
static void
check_sealed(size_t wrong)
{
	static const unsigned char	 nonce[12];
	unsigned char			 key[KEY_SIZE] = "a key", sealed[7 + TAG_SIZE], clear[7];
	bool				 opened;

	must(seal(sealed, key, nonce, "content", 7));
	sealed[7 + wrong % TAG_SIZE] ^= wrong < TAG_SIZE;
	VALGRIND_MAKE_MEM_UNDEFINED(key, sizeof(key));
	must(unseal(clear, key, nonce, sealed, sizeof(sealed), &opened));
	if (opened != (wrong == TAG_SIZE))
		exit(1);
}

int
main(void)
{
	for (size_t i = 0; i <= KEY_SIZE; i++)
		check_header("age-encryption.org/v1\n---", i);
	for (size_t i = 0; i <= TAG_SIZE; i++)
		check_sealed(i);
	printf("%u\n", (unsigned)VALGRIND_COUNT_ERRORS);
	return 0;
}
