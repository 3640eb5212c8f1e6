/* age: bcrypt_pbkdf, which makes a key of the passphrase of a key of OpenSSH's. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "age/format.h"

#include "base/err.h"

#include <openssl/bn.h>
#include <stdlib.h>
#include <string.h>

#define P_WORDS		18
#define S_WORDS		256
#define PI_WORDS	(P_WORDS + 4 * S_WORDS)
#define PI_GUARD	64		/* bits more than needed, for what rounding takes */
#define HASH_SIZE	64		/* of SHA-512 */
#define BLOCK_WORDS	8
#define BLOCK_SIZE	(4 * BLOCK_WORDS)
#define ROUNDS_MAX	10000u		/* minutes */
#define BLOCKS_MAX	32

struct blowfish {
	uint32_t	p[P_WORDS];
	uint32_t	s[4][S_WORDS];
};

/* sum += factor × 2^bits × atan(1/x): Euler's series, whose terms shrink by x² each. */
static bool
add_atan(BIGNUM *sum, int factor, unsigned x, int bits)
{
	BIGNUM	*power = BN_new(), *term = BN_new();
	bool	 good = power != NULL && term != NULL && BN_set_word(power, (BN_ULONG)abs(factor)) == 1 &&
	    BN_lshift(power, power, bits) == 1 && BN_div_word(power, x) != (BN_ULONG)-1;

	for (unsigned k = 0; good && !BN_is_zero(power); k++) {
		good = BN_copy(term, power) != NULL && BN_div_word(term, 2 * k + 1) != (BN_ULONG)-1 &&
		    ((k % 2 == 0) == (factor > 0) ? BN_add(sum, sum, term) : BN_sub(sum, sum, term)) == 1 &&
		    BN_div_word(power, x * x) != (BN_ULONG)-1;
	}
	BN_free(power);
	BN_free(term);
	return good;
}

/*
 * Blowfish begins with the digits of pi behind the point: computed (Machin: pi = 16 atan 1/5 - 4 atan 1/239), which
 * takes a few hundredths of a second, rather than a table of a thousand numbers that nobody can check.
 */
NODISCARD
static struct err *
pi_words(uint32_t words[PI_WORDS])
{
	const int	 bits = 32 * PI_WORDS;
	BIGNUM		*pi = BN_new();
	unsigned char	 bytes[4 * PI_WORDS];
	bool		 good;

	good = pi != NULL && add_atan(pi, 16, 5, bits + PI_GUARD) && add_atan(pi, -4, 239, bits + PI_GUARD) &&
	    BN_rshift(pi, pi, PI_GUARD) == 1 && BN_mask_bits(pi, bits) == 1 &&
	    BN_bn2binpad(pi, bytes, sizeof(bytes)) == (int)sizeof(bytes);
	BN_free(pi);
	if (!good)
		return err_new(ERR_FAILED, "OpenSSL refuses to compute with big numbers");
	for (size_t i = 0; i < PI_WORDS; i++)
		words[i] = (uint32_t)bytes[4 * i] << 24 | (uint32_t)bytes[4 * i + 1] << 16 |
		    (uint32_t)bytes[4 * i + 2] << 8 | bytes[4 * i + 3];
	return NULL;
}

static void
blowfish_begin(struct blowfish *state, const uint32_t words[PI_WORDS])
{
	memcpy(state->p, words, sizeof(state->p));
	memcpy(state->s, words + P_WORDS, sizeof(state->s));
}

static void
encipher(const struct blowfish *state, uint32_t *left, uint32_t *right)
{
	uint32_t l = *left, r = *right, swap;

	for (unsigned i = 0; i < P_WORDS - 2; i++) {
		l ^= state->p[i];
		r ^= ((state->s[0][l >> 24] + state->s[1][l >> 16 & 255]) ^ state->s[2][l >> 8 & 255]) +
		    state->s[3][l & 255];
		swap = l;
		l = r;
		r = swap;
	}
	*left = r ^ state->p[P_WORDS - 1];
	*right = l ^ state->p[P_WORDS - 2];
}

/* Four bytes of what repeats for ever. */
static uint32_t
next_word(const unsigned char hash[HASH_SIZE], size_t *at)
{
	uint32_t word = 0;

	for (unsigned i = 0; i < 4; i++) {
		word = word << 8 | hash[*at];
		*at = (*at + 1) % HASH_SIZE;
	}
	return word;
}

/* Blowfish's key schedule, with `salt` (NULL: zeros) mixed into what is enciphered. */
static void
expand(struct blowfish *state, const unsigned char key[HASH_SIZE], const unsigned char *salt)
{
	static const unsigned char	 zeros[HASH_SIZE];
	uint32_t			 l = 0, r = 0;
	size_t				 at = 0;

	for (unsigned i = 0; i < P_WORDS; i++)
		state->p[i] ^= next_word(key, &at);
	at = 0;
	if (salt == NULL)
		salt = zeros;
	for (unsigned i = 0; i < P_WORDS + 4 * S_WORDS; i += 2) {
		uint32_t *to = i < P_WORDS ? &state->p[i] : &state->s[(i - P_WORDS) / S_WORDS][(i - P_WORDS) % S_WORDS];

		l ^= next_word(salt, &at);
		r ^= next_word(salt, &at);
		encipher(state, &l, &r);
		to[0] = l;
		to[1] = r;
	}
}

static void
bcrypt_block(const uint32_t words[PI_WORDS], const unsigned char pass[HASH_SIZE], const unsigned char salt[HASH_SIZE],
    unsigned char out[BLOCK_SIZE])
{
	static const unsigned char	 text[BLOCK_SIZE + 1] = "OxychromaticBlowfishSwatDynamite";
	struct blowfish			 state;
	uint32_t			 block[BLOCK_WORDS];

	blowfish_begin(&state, words);
	expand(&state, pass, salt);
	for (unsigned i = 0; i < 64; i++) {
		expand(&state, salt, NULL);
		expand(&state, pass, NULL);
	}
	for (unsigned i = 0; i < BLOCK_WORDS; i++)
		block[i] = (uint32_t)text[4 * i] << 24 | (uint32_t)text[4 * i + 1] << 16 |
		    (uint32_t)text[4 * i + 2] << 8 | text[4 * i + 3];
	for (unsigned i = 0; i < 64; i++)
		for (unsigned j = 0; j < BLOCK_WORDS; j += 2)
			encipher(&state, &block[j], &block[j + 1]);
	for (unsigned i = 0; i < BLOCK_SIZE; i++)
		out[i] = (unsigned char)(block[i / 4] >> 8 * (i % 4));
	mem_cleanse(&state, sizeof(state));
	mem_cleanse(block, sizeof(block));
}

static bool
sha512(const void *data, size_t len, unsigned char out[HASH_SIZE])
{
	return EVP_Digest(data, len, out, NULL, EVP_sha512(), NULL) == 1;
}

struct err *
bcrypt_pbkdf(unsigned char *out, size_t out_len, const struct buf *passphrase, const void *salt, size_t salt_len,
    uint32_t rounds)
{
	uint32_t	*words = xcalloc(PI_WORDS, sizeof(*words));
	size_t		 blocks = (out_len + BLOCK_SIZE - 1) / BLOCK_SIZE;
	unsigned char	 pass[HASH_SIZE], hash[HASH_SIZE], block[BLOCK_SIZE], sum[BLOCK_SIZE];
	struct buf	 input = { 0 };
	struct err	*e = NULL;
	bool		 good;

	if (rounds == 0 || rounds > ROUNDS_MAX || out_len == 0 || blocks > BLOCKS_MAX)
		e = err_new(ERR_CONFIG, "%u rounds of bcrypt are not possible", rounds);
	if (e != NULL || (e = pi_words(words)) != NULL)
		goto out;
	good = sha512(buf_text(passphrase), passphrase->len, pass);
	for (uint32_t number = 1; good && number <= blocks; number++) {
		const unsigned char big_endian[] = { (unsigned char)(number >> 24), (unsigned char)(number >> 16),
		    (unsigned char)(number >> 8), (unsigned char)number };

		buf_clear(&input);
		buf_add(&input, salt, salt_len);
		buf_add(&input, big_endian, sizeof(big_endian));
		good = sha512(input.data, input.len, hash);
		bcrypt_block(words, pass, hash, block);
		memcpy(sum, block, sizeof(sum));
		for (uint32_t round = 1; good && round < rounds; round++) {
			good = sha512(block, sizeof(block), hash);
			bcrypt_block(words, pass, hash, block);
			for (unsigned i = 0; i < BLOCK_SIZE; i++)
				sum[i] ^= block[i];
		}
		/* Each block's bytes are spread over the whole. */
		for (size_t i = 0; i < BLOCK_SIZE && i * blocks + number - 1 < out_len; i++)
			out[i * blocks + number - 1] = sum[i];
	}
	if (!good)
		e = err_new(ERR_FAILED, "OpenSSL refuses SHA-512");
out:
	mem_cleanse(pass, sizeof(pass));
	mem_cleanse(hash, sizeof(hash));
	mem_cleanse(block, sizeof(block));
	mem_cleanse(sum, sizeof(sum));
	buf_fini(&input);
	free(words);
	return e;
}
