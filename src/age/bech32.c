/* age: Bech32, the form of native keys: BIP 173, without its limit of 90 characters. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "age/format.h"

#include <ctype.h>
#include <string.h>

#define CHECK_LEN	6

static const char digits[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

static uint32_t
checksum_add(uint32_t sum, unsigned value)
{
	static const uint32_t	generator[] = { 0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3 };
	uint32_t		top = sum >> 25;

	sum = (sum & 0x1ffffff) << 5 ^ value;
	for (unsigned i = 0; i < 5; i++)
		sum ^= top >> i & 1 ? generator[i] : 0;
	return sum;
}

static uint32_t
checksum_begin(const char *prefix)
{
	uint32_t sum = 1;

	for (const char *c = prefix; *c != '\0'; c++)
		sum = checksum_add(sum, (unsigned char)*c >> 5);
	sum = checksum_add(sum, 0);
	for (const char *c = prefix; *c != '\0'; c++)
		sum = checksum_add(sum, (unsigned char)*c & 31);
	return sum;
}

/* `prefix` is in lower case. */
void
bech32_encode(struct buf *out, const char *prefix, const unsigned char *data, size_t len, bool upper)
{
	size_t		 start = out->len;
	uint32_t	 sum = checksum_begin(prefix), bits = 0;
	unsigned	 held = 0;

	buf_adds(out, prefix);
	buf_addc(out, '1');
	for (size_t i = 0; i < len || held > 0;) {
		unsigned value;

		if (held < 5 && i < len) {
			bits = bits << 8 | data[i++];
			held += 8;
		} else if (held < 5) {
			bits <<= 5 - held;
			held = 5;
		}
		held -= 5;
		value = bits >> held & 31;
		sum = checksum_add(sum, value);
		buf_addc(out, digits[value]);
	}
	for (unsigned i = 0; i < CHECK_LEN; i++)
		sum = checksum_add(sum, 0);
	sum ^= 1;
	for (unsigned i = 0; i < CHECK_LEN; i++)
		buf_addc(out, digits[sum >> 5 * (CHECK_LEN - 1 - i) & 31]);
	for (size_t i = start; upper && i < out->len; i++)
		out->data[i] = (char)toupper((unsigned char)out->data[i]);
	mem_cleanse(&bits, sizeof(bits));
}

/* The value of a digit, or -1; *lower and *upper note the cases that were seen. */
static int
digit_value(char c, bool *lower, bool *upper)
{
	const char *found;

	*lower = *lower || islower((unsigned char)c);
	*upper = *upper || isupper((unsigned char)c);
	found = c == '\0' ? NULL : strchr(digits, tolower((unsigned char)c));
	return found == NULL ? -1 : (int)(found - digits);
}

bool
bech32_decode(const char *text, size_t len, const char *prefix, struct buf *out)
{
	size_t		 n = strlen(prefix);
	uint32_t	 sum = checksum_begin(prefix), bits = 0;
	unsigned	 held = 0;
	bool		 lower = false, upper = false;

	if (len < n + 1 + CHECK_LEN || text[n] != '1')
		return false;
	for (size_t i = 0; i < n; i++) {
		if (tolower((unsigned char)text[i]) != prefix[i])
			return false;
		(void)digit_value(text[i], &lower, &upper);
	}
	for (size_t i = n + 1; i < len; i++) {
		int value = digit_value(text[i], &lower, &upper);

		if (value < 0)
			return false;
		sum = checksum_add(sum, (unsigned)value);
		if (i >= len - CHECK_LEN)
			continue;
		bits = bits << 5 | (unsigned)value;
		if ((held += 5) >= 8) {
			held -= 8;
			buf_addc(out, (char)(bits >> held & 255));
		}
	}
	/* What is left over is padding: zero, and less than a digit. */
	return sum == 1 && !(lower && upper) && held < 5 && (bits & ((1u << held) - 1)) == 0;
}
