/* schema: numbers: integers of 64 bits and doubles, compared by their values. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "schema/model.h"

#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define DIGITS_MAX	17	/* of a double that is read back as itself */

__extension__ typedef unsigned __int128 wide;

bool
number_integral(const json_t *number)
{
	return json_is_integer(number) || (json_is_real(number) && floor(json_real_value(number)) == json_real_value(number));
}

/* A long double holds both exactly, on every machine that Debian runs on with 64 bits. */
static long double
value_of(const json_t *number)
{
	return json_is_integer(number) ? (long double)json_integer_value(number) :
	    (long double)json_real_value(number);
}

int
number_compare(const json_t *a, const json_t *b)
{
	long double x = value_of(a), y = value_of(b);

	if (json_is_integer(a) && json_is_integer(b))
		return (json_integer_value(a) > json_integer_value(b)) - (json_integer_value(a) < json_integer_value(b));
	return (x > y) - (x < y);
}

/* digits × 10^exponent, without sign. */
struct decimal {
	uint64_t	digits;
	int		exponent;
};

/* The shortest decimal number that is this double: what the file had, if it had no more digits than a double holds. */
static struct decimal
decimal_of_real(double real)
{
	struct decimal	 decimal = { 0 };
	char		 text[40], *at;
	int		 precision;

	for (precision = 0; precision < DIGITS_MAX; precision++) {
		snprintf(text, sizeof(text), "%.*e", precision, real);
		if (strtod(text, NULL) == real)
			break;
	}
	for (at = text; *at != '\0' && *at != 'e'; at++) {
		if (isdigit((unsigned char)*at))
			decimal.digits = decimal.digits * 10 + (uint64_t)(*at - '0');
	}
	decimal.exponent = (*at == 'e' ? atoi(at + 1) : 0) - precision;
	return decimal;
}

static struct decimal
decimal_of(const json_t *number)
{
	json_int_t integer = json_integer_value(number);

	if (json_is_real(number))
		return decimal_of_real(json_real_value(number));
	return (struct decimal){ .digits = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer };
}

/* 10^exponent modulo `modulus`. */
static uint64_t
power_of_ten(int exponent, uint64_t modulus)
{
	wide power = 1 % modulus, square = 10 % modulus;

	for (; exponent > 0; exponent >>= 1) {
		if (exponent & 1)
			power = power * square % modulus;
		square = square * square % modulus;
	}
	return (uint64_t)power;
}

bool
number_multiple(const json_t *number, const json_t *of)
{
	struct decimal	a = decimal_of(number), b = decimal_of(of);
	wide		divisor = b.digits;

	if (b.digits == 0)
		return false;
	if (a.exponent >= b.exponent)
		return (wide)(a.digits % b.digits) * power_of_ten(a.exponent - b.exponent, b.digits) % b.digits == 0;
	for (int i = a.exponent; i < b.exponent && divisor <= a.digits; i++)
		divisor *= 10;
	return a.digits % divisor == 0;
}
