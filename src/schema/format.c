/* schema: the formats of texts. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "schema/format.h"

#include "base/err.h"
#include "base/strs.h"
#include "schema/regex.h"
#include "schema/schema.h"
#include "schema/uri.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define NAME_LONGEST	253
#define LABEL_LONGEST	63
#define LOCAL_LONGEST	64
#define PORT_LAST	65535

static bool
ipv4_good(const char *text)
{
	unsigned char bytes[sizeof(struct in_addr)];

	return inet_pton(AF_INET, text, bytes) == 1;
}

static bool
ipv6_good(const char *text)
{
	unsigned char bytes[sizeof(struct in6_addr)];

	return inet_pton(AF_INET6, text, bytes) == 1;
}

static bool
ip_good(const char *text)
{
	return ipv4_good(text) || ipv6_good(text);
}

/* An address, "/", the bits of the network without zeros before them (RFC 4632, RFC 4291). */
static bool
cidr_good(const char *text)
{
	const char	*slash = strchr(text, '/'), *bits;
	char		*address;
	bool		 good;
	long		 number;

	if (slash == NULL)
		return false;
	bits = slash + 1;
	if (!isdigit((unsigned char)*bits) || bits[strspn(bits, "0123456789")] != '\0' || strlen(bits) > 3 ||
	    (bits[0] == '0' && bits[1] != '\0'))
		return false;
	number = strtol(bits, NULL, 10);
	address = xstrndup(text, (size_t)(slash - text));
	good = (ipv4_good(address) && number <= 32) || (ipv6_good(address) && number <= 128);
	free(address);
	return good;
}

/* The number of a port at *at, which is moved behind it, without zeros before it; 0: there is none. */
static long
take_port(const char **at)
{
	char	*end;
	long	 port = isdigit((unsigned char)**at) && **at != '0' && strspn(*at, "0123456789") <= 5 ?
	    strtol(*at, &end, 10) : 0;

	if (port < 1 || port > PORT_LAST)
		return 0;
	*at = end;
	return port;
}

static bool
port_range_good(const char *text)
{
	long first = take_port(&text);

	return first != 0 && *text++ == '-' && take_port(&text) >= first && *text == '\0';
}

/* RFC 1035, 2.3.1, with digits at the start of a label (RFC 1123, 2.1). */
static bool
hostname_span(const char *name, size_t len)
{
	const char	*end = name + len;
	size_t		 n;

	if (len > NAME_LONGEST)
		return false;
	for (;; name += n + 1) {
		for (n = 0; name + n < end && (isalnum((unsigned char)name[n]) || name[n] == '-'); n++)
			;
		if (n == 0 || n > LABEL_LONGEST || name[0] == '-' || name[n - 1] == '-')
			return false;
		/* RFC 5891, 4.2.3.1: such labels are for encodings, of which there is one. */
		if (n >= 4 && name[2] == '-' && name[3] == '-' && strncasecmp(name, "xn", 2) != 0)
			return false;
		if (name + n == end)
			return true;
		if (name[n] != '.')
			return false;
	}
}

static bool
hostname_good(const char *text)
{
	return hostname_span(text, strlen(text));
}

/* What stands behind "@": a name, or an address in brackets (RFC 5321, 4.1.3). */
static bool
email_domain_good(const char *domain)
{
	size_t	 len = strlen(domain);
	char	*address;
	bool	 good;

	if (*domain != '[')
		return hostname_good(domain);
	if (len < 2 || domain[len - 1] != ']')
		return false;
	address = xstrndup(domain + 1, len - 2);
	good = strncasecmp(address, "IPv6:", 5) == 0 ? ipv6_good(address + 5) : ipv4_good(address);
	free(address);
	return good;
}

/* RFC 5321, 4.1.2: Quoted-string. */
static bool
quoted_good(const char *text, size_t len)
{
	size_t i;

	for (i = 1; i + 1 < len; i++) {
		if (text[i] == '\\' && i + 2 < len)
			i++;
		else if (text[i] == '"' || text[i] == '\\')
			return false;
		if (!isprint((unsigned char)text[i]))
			return false;
	}
	return len >= 2 && i + 1 == len && text[len - 1] == '"';
}

/* The same: Dot-string. */
static bool
dotted_good(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '.' ? i == 0 || i + 1 == len || text[i + 1] == '.' :
		    !isalnum((unsigned char)text[i]) && strchr("!#$%&'*+-/=?^_`{|}~", text[i]) == NULL)
			return false;
	}
	return len > 0;
}

static bool
email_good(const char *text)
{
	const char	*at = strrchr(text, '@');
	size_t		 len = at == NULL ? 0 : (size_t)(at - text);

	if (len == 0 || len > LOCAL_LONGEST || !email_domain_good(at + 1))
		return false;
	return *text == '"' ? quoted_good(text, len) : dotted_good(text, len);
}

static bool
uri_whole(const char *text)
{
	return uri_good(text, false);
}

static bool
uri_any(const char *text)
{
	return uri_good(text, true);
}

/* Two digits, or as many as `count`, at *at, which is moved behind them; -1: they are not there. */
static int
digits(const char **at, unsigned count)
{
	int number = 0;

	for (; count > 0; count--, ++*at) {
		if (!isdigit((unsigned char)**at))
			return -1;
		number = number * 10 + (**at - '0');
	}
	return number;
}

static bool
sign(const char **at, char byte)
{
	return *(*at)++ == byte;
}

/* RFC 3339, 5.6: full-date; *at is moved behind it. */
static bool
take_date(const char **at)
{
	static const int	 days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int			 year, month, day;
	bool			 leap;

	if ((year = digits(at, 4)) < 0 || !sign(at, '-') || (month = digits(at, 2)) < 1 || month > 12 ||
	    !sign(at, '-') || (day = digits(at, 2)) < 1)
		return false;
	leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return day <= days[month - 1] + (month == 2 && leap);
}

/* RFC 3339, 5.6: full-time.  A leap second is the last one of a day in UTC. */
static bool
take_time(const char **at)
{
	int hour, minute, second, off_hour, off_minute, utc, direction;

	if ((hour = digits(at, 2)) < 0 || hour > 23 || !sign(at, ':') || (minute = digits(at, 2)) < 0 || minute > 59 ||
	    !sign(at, ':') || (second = digits(at, 2)) < 0 || second > 60)
		return false;
	if (**at == '.') {
		++*at;
		if (digits(at, 1) < 0)
			return false;
		while (isdigit((unsigned char)**at))
			++*at;
	}
	utc = hour * 60 + minute;
	if (**at == 'Z' || **at == 'z') {
		++*at;
	} else {
		direction = **at == '+' ? -1 : 1;
		if ((**at != '+' && **at != '-') || ++*at == NULL || (off_hour = digits(at, 2)) < 0 || off_hour > 23 ||
		    !sign(at, ':') || (off_minute = digits(at, 2)) < 0 || off_minute > 59)
			return false;
		utc = (utc + direction * (off_hour * 60 + off_minute) + 2 * 24 * 60) % (24 * 60);
	}
	return second < 60 || utc == 24 * 60 - 1;
}

static bool
date_good(const char *text)
{
	return take_date(&text) && *text == '\0';
}

static bool
time_good(const char *text)
{
	return take_time(&text) && *text == '\0';
}

static bool
date_time_good(const char *text)
{
	return take_date(&text) && (*text == 'T' || *text == 't') && text++ != NULL && take_time(&text) && *text == '\0';
}

/* One or more numbers with units, of those in `units`, in their order and without a gap. */
static bool
take_units(const char **at, const char *units)
{
	const char	*unit, *last = NULL;

	while (isdigit((unsigned char)**at)) {
		*at += strspn(*at, "0123456789");
		if (**at == '\0' || (unit = strchr(units, **at)) == NULL || (last != NULL && unit != last + 1))
			return false;
		last = unit;
		++*at;
	}
	return last != NULL;
}

/* RFC 3339, appendix A. */
static bool
duration_good(const char *text)
{
	if (*text++ != 'P')
		return false;
	if (*text != 'T') {
		const char *week = text;

		if (take_units(&week, "W"))
			return *week == '\0';
		if (!take_units(&text, "YMD"))
			return false;
	}
	if (*text == 'T') {
		text++;
		if (!take_units(&text, "HMS"))
			return false;
	}
	return *text == '\0';
}

/* RFC 4122, 3. */
static bool
uuid_good(const char *text)
{
	size_t i;

	for (i = 0; i < 36 && text[i] != '\0'; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
			return false;
	}
	return i == 36 && text[i] == '\0';
}

/* RFC 6901, 3. */
static bool
json_pointer_good(const char *text)
{
	if (*text != '/' && *text != '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (text[0] == '~' && text[1] != '0' && text[1] != '1')
			return false;
	}
	return true;
}

static bool
relative_pointer_good(const char *text)
{
	size_t n = strspn(text, "0123456789");

	if (n == 0 || (text[0] == '0' && n > 1))
		return false;
	return strcmp(text + n, "#") == 0 || json_pointer_good(text + n);
}

static bool
regex_good(const char *text)
{
	struct regex	*regex = NULL;
	struct err	*e = regex_new(&regex, text, strlen(text));

	regex_free(regex);
	err_free(e);
	return e == NULL;
}

struct format {
	const char	*name;
	bool		(*good)(const char *text);	/* NULL: an annotation, or of numbers */
	const char	*message;
};

static const struct format formats[] = {
	{ "cidr", cidr_good, "must be a network such as 192.0.2.0/24" },
	{ "date", date_good, "must be a date such as 2026-01-31" },
	{ "date-time", date_time_good, "must be a time such as 2026-01-31T12:00:00Z" },
	{ "duration", duration_good, "must be a duration such as P1DT12H" },
	{ "email", email_good, "must be an e-mail address" },
	{ "hostname", hostname_good, "must be the name of a host" },
	{ "idn-email", NULL, NULL },
	{ "idn-hostname", NULL, NULL },
	{ "ip", ip_good, "must be an IPv4 or IPv6 address" },
	{ "ipv4", ipv4_good, "must be an IPv4 address" },
	{ "ipv6", ipv6_good, "must be an IPv6 address" },
	{ "iri", NULL, NULL },
	{ "iri-reference", NULL, NULL },
	{ "json-pointer", json_pointer_good, "must be a JSON pointer such as /a/0" },
	{ "port", NULL, "must be a port, from 1 to 65535" },
	{ "port-range", port_range_good, "must be a range of ports such as 8000-8100" },
	{ "regex", regex_good, "must be a regular expression" },
	{ "relative-json-pointer", relative_pointer_good, "must be a relative JSON pointer such as 1/a" },
	{ "time", time_good, "must be a time such as 12:00:00Z" },
	{ "uri", uri_whole, "must be a URI" },
	{ "uri-reference", uri_any, "must be a URI, or a reference that is relative to one" },
	{ "uri-template", NULL, NULL },
	{ "uuid", uuid_good, "must be a UUID" },
};

const struct format *
format_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	}
	return NULL;
}

/* A text with a NUL inside is of no format. */
static bool
has_nul(const json_t *value)
{
	return strlen(json_string_value(value)) != json_string_length(value);
}

static bool
port_good(const json_t *value)
{
	return !json_is_integer(value) || (json_integer_value(value) >= 1 && json_integer_value(value) <= PORT_LAST);
}

bool
format_good(const struct format *format, const json_t *value)
{
	if (format->good == NULL)
		return format->message == NULL || port_good(value);
	return !json_is_string(value) || (!has_nul(value) && format->good(json_string_value(value)));
}

const char *
format_message(const struct format *format)
{
	return format->message;
}

void
schema_format_names(struct strs *names)
{
	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		strs_add(names, formats[i].name);
}

bool
schema_format_good(const char *format, const char *text)
{
	const struct format	*known = format_find(format);
	json_t			*value = json_string(text);
	bool			 good = known == NULL || (value != NULL && format_good(known, value));

	json_decref(value);
	return good;
}
