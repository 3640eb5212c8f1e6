/* test/unit: numbers and strings as SSH sends them, with the examples of RFC 4251, 5. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include "base/buf.h"
#include "base/sshwire.h"

#define WIRE(text)	{ (const unsigned char *)(text), sizeof(text) - 1 }

TEST(what_is_written_is_read_again)
{
	static const unsigned char	 want[] = "\x29\xb7\xf4\xaa\0\0\0\0\xff\xff\xff\xff\0\0\0\7testing\0\0\0\2a\0";
	struct buf			 wire = { 0 };
	struct sshwire			 from, text, bytes;
	uint32_t			 small = 0;
	uint64_t			 large = 0;

	sshwire_add_u32(&wire, 0x29b7f4aa);
	sshwire_add_u64(&wire, 0xffffffff);
	sshwire_add_text(&wire, "testing");
	sshwire_add_string(&wire, "a", 2);
	CHECK_INT(wire.len, sizeof(want) - 1);
	CHECK(memcmp(wire.data, want, wire.len) == 0);
	from = sshwire_of(&wire);
	CHECK(sshwire_magic(&from, "\x29\xb7", 2) && !sshwire_magic(&from, "\x29", 1));
	from = sshwire_of(&wire);
	CHECK(sshwire_u32(&from, &small) && sshwire_u64(&from, &large) && sshwire_string(&from, &text) &&
	    sshwire_string(&from, &bytes));
	CHECK_INT(small, 0x29b7f4aa);
	CHECK_INT(large, 0xffffffff);
	CHECK(sshwire_is(&text, "testing") && !sshwire_is(&text, "testin") && !sshwire_is(&text, "testings"));
	CHECK(bytes.len == 2 && !sshwire_is(&bytes, "a"));
	CHECK_INT(from.len, 0);
	CHECK(!sshwire_string(&from, &text) && !sshwire_magic(&from, "a", 1));
	buf_fini(&wire);
}

TEST(nothing_is_taken_of_what_is_cut_short)
{
	static const struct sshwire	 cut[] = {
		WIRE(""), WIRE("\0"), WIRE("\0\0\0"), WIRE("\0\0\0\1"), WIRE("\0\0\0\3ab"), WIRE("\xff\xff\xff\xff" "ab"),
		WIRE("\0\0\1\0abcdefgh"),
	};
	static const struct sshwire	 seven = WIRE("1234567");
	uint64_t			 number;

	for (size_t i = 0; i < ARRAY_LEN(cut); i++) {
		struct sshwire	 from = cut[i], out = { 0 };

		CHECK(!sshwire_string(&from, &out) && !sshwire_number(&from, &out));
		CHECK(from.data == cut[i].data && from.len == cut[i].len && out.data == NULL);
	}
	CHECK(!sshwire_u64(&(struct sshwire){ seven.data, seven.len }, &number));
}

TEST(a_number_is_positive_and_as_short_as_can_be)
{
	static const struct {
		struct sshwire	 wire;
		const char	*bytes;		/* NULL: refused */
	} numbers[] = {
		{ WIRE("\0\0\0\x08\x09\xa3\x78\xf9\xb2\xe3\x32\xa7"), "\x09\xa3\x78\xf9\xb2\xe3\x32\xa7" },
		{ WIRE("\0\0\0\2\0\x80"), "\x80" },
		{ WIRE("\0\0\0\1\x7f"), "\x7f" },
		{ WIRE("\0\0\0\0"), NULL },			/* zero */
		{ WIRE("\0\0\0\1\0"), NULL },
		{ WIRE("\0\0\0\2\xed\xcc"), NULL },		/* -1234 */
		{ WIRE("\0\0\0\2\0\x7f"), NULL },
		{ WIRE("\0\0\0\3\0\0\x80"), NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		struct sshwire	 from = numbers[i].wire, out = { 0 };
		struct buf	 again = { 0 };

		if (!sshwire_number(&from, &out)) {
			CHECK(numbers[i].bytes == NULL && from.data == numbers[i].wire.data);
			continue;
		}
		CHECK(from.len == 0 && numbers[i].bytes != NULL && sshwire_is(&out, numbers[i].bytes));
		sshwire_add_number(&again, out.data, out.len);
		CHECK_INT(again.len, numbers[i].wire.len);
		CHECK(memcmp(again.data, numbers[i].wire.data, again.len) == 0);
		buf_clear(&again);
		sshwire_add_number(&again, "\0\0\0", 3);
		CHECK_INT(again.len, 4);
		buf_fini(&again);
	}
}

int
main(void)
{
	RUN(what_is_written_is_read_again);
	RUN(nothing_is_taken_of_what_is_cut_short);
	RUN(a_number_is_positive_and_as_short_as_can_be);
	return test_done();
}
