/* test/unit: files of pinned host keys. */
/* May know ssh, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include "ssh/pins.h"

#include <stdlib.h>

#define A	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB6BpEYBt7mHqrT9jXj8Y5UkC0VzYnl7hQb0JmQxkCfV"
#define B	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB6BpEYBt7mHqrT9jXj8Y5UkC0VzYnl7hQb0JmQxkCfX"
#define ONE	"/etc/ssh/leap_host_ed25519_key_1"
#define UNKNOWN	"no public key of a known type\nhint: a key is one line, \"ssh-ed25519 AAAA...\"; " \
		"ecdsa-sha2-nistp256, -384, -521 and ssh-rsa are known too\n"

static const struct {
	const char	*text, *again, *error;
} files[] = {
	{ A "\n", A "\n", NULL },
	{ "# web1\n\n  \r\n" A " root@web1\r\n", A "\n", NULL },
	{ A "\n" B " " ONE "\n", A "\n" B " " ONE "\n", NULL },
	{ B " " ONE " more", B " " ONE "\n", NULL },
	{ A " " ONE "x\n", A "\n", NULL },
	{ A " /etc/ssh/leap_host_ed25519_key_\n", A "\n", NULL },
	{ A " /etc/ssh/leap_host_ed25519_key_1234567\n", A "\n", NULL },
	{ A " /etc/ssh/ssh_host_ed25519_key\n", A "\n", NULL },
	{ "", NULL, UNKNOWN },
	{ "# nothing\n", NULL, UNKNOWN },
	{ A "\nssh-ed25519 AAAA\n", NULL, "the key's data is cut short\n" },
	{ A "\n" A "\n" A "\n" A "\n" A "\n" A "\n" A "\n" A "\n" A "\n", NULL, "more than 8 keys\n" },
};

TEST(a_file_reads_back_as_itself_or_is_an_error)
{
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		struct pins	 pins;
		struct buf	 text = { 0 };
		struct err	*e = pins_parse(&pins, files[i].text);

		if (files[i].error != NULL) {
			CHECK_ERR(e, files[i].error);
		} else if (CHECK_OK(e)) {
			pins_format(&pins, &text);
			CHECK_STR(buf_text(&text), files[i].again);
		}
		pins_fini(&pins);
		buf_fini(&text);
	}
}

TEST(keys_are_lines_and_each_of_them_counts)
{
	struct pins	 pins;
	struct buf	 keys = { 0 };

	CHECK_OK(pins_parse(&pins, A "\n" B " " ONE "\n"));
	pins_keys(&pins, &keys);
	CHECK_STR(buf_text(&keys), A "\n" B);
	CHECK(pins_have(buf_text(&keys), A));
	CHECK(pins_have(buf_text(&keys), B));
	CHECK(!pins_have(buf_text(&keys), "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB6BpEYBt7mHqrT9"));
	CHECK(!pins_have(A, B));
	pins_fini(&pins);
	buf_fini(&keys);
}

TEST(algorithms_are_those_of_the_types_in_their_order)
{
	struct buf	 names = { 0 };

	pins_algorithms("ssh-rsa AAAA\n" A "\n" B "\necdsa-sha2-nistp256 AAAA", &names);
	CHECK_STR(buf_text(&names), "rsa-sha2-512,rsa-sha2-256,ssh-ed25519,ecdsa-sha2-nistp256");
	buf_fini(&names);
}

int
main(void)
{
	RUN(a_file_reads_back_as_itself_or_is_an_error);
	RUN(keys_are_lines_and_each_of_them_counts);
	RUN(algorithms_are_those_of_the_types_in_their_order);
	return test_done();
}
