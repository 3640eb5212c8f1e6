/* repo: the Leapfile, YAML read event by event so that every error has its place. */
/* May know base.  libyaml's home. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "repo/repo.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/strs.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define LEAPFILE_MAX	(64u << 10)	/* bytes; far beyond what a person writes */

enum kind { SECTION, TEXT, NUMBER };

struct setting {
	const char	*section;	/* NULL: at the top */
	const char	*key;
	enum kind	 kind;
	size_t		 offset;	/* in struct leapfile */
	bool		 (*valid)(const char *text);
	unsigned	 min, max;	/* of a number */
	const char	*want;		/* completes "must be" */
};

static bool	valid_text(const char *);
static bool	valid_name(const char *);
static bool	valid_user(const char *);
static bool	valid_transport(const char *);
static bool	valid_network(const char *);
static bool	valid_release(const char *);
static bool	valid_mirror(const char *);

#define AT(field)	offsetof(struct leapfile, field)

static const struct setting settings[] = {
	{ NULL, "platform", TEXT, AT(platform), valid_text, 0, 0, "a directory" },
	{ NULL, "environment", TEXT, AT(environment), valid_name, 0, 0, "a name of letters a-z, digits and hyphens" },
	{ NULL, "ssh", SECTION, 0, NULL, 0, 0, NULL },
	{ "ssh", "user", TEXT, AT(ssh_user), valid_user, 0, 0, "a login name" },
	{ "ssh", "key", TEXT, AT(ssh_key), valid_text, 0, 0, "a private key's file" },
	{ "ssh", "transport", TEXT, AT(ssh_transport), valid_transport, 0, 0, "auto, libssh2 or ssh" },
	{ "ssh", "timeout", NUMBER, AT(ssh_timeout), NULL, 1, 3600, "a number of seconds from 1 to 3600" },
	{ "ssh", "parallel", NUMBER, AT(ssh_parallel), NULL, 1, 1000, "a number of nodes from 1 to 1000" },
	{ NULL, "local", SECTION, 0, NULL, 0, 0, NULL },
	{ "local", "network", TEXT, AT(local_network), valid_network, 0, 0,
	  "an IPv4 network from /16 to /29 such as 10.5.5.0/24" },
	{ "local", "release", TEXT, AT(local_release), valid_release, 0, 0, "a code name of Debian such as trixie" },
	{ "local", "mirror", TEXT, AT(local_mirror), valid_mirror, 0, 0, "an http or https URL" },
};

struct reader {
	struct leapfile	*out;
	const char	*path;
	const char	*text;
	size_t		 len;
	yaml_parser_t	 parser;
	bool		 seen[ARRAY_LEN(settings)];
	struct err	*mistakes;	/* those after which reading goes on */
};

static struct err	*read_section(struct reader *, const char *);

static bool
valid_text(const char *text)
{
	return *text != '\0';
}

static bool
valid_name(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return n > 0 && n <= 63 && text[n] == '\0' && text[0] != '-';
}

static bool
valid_user(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");

	return n > 0 && n <= 32 && text[n] == '\0' && text[0] != '-' && text[0] != '.';
}

static bool
valid_transport(const char *text)
{
	return strcmp(text, "auto") == 0 || strcmp(text, "libssh2") == 0 || strcmp(text, "ssh") == 0;
}

static bool
valid_release(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz");

	return n > 0 && n <= 32 && text[n] == '\0';
}

static bool
valid_mirror(const char *text)
{
	const char *host;

	if (str_starts(text, "http://"))
		host = text + strlen("http://");
	else if (str_starts(text, "https://"))
		host = text + strlen("https://");
	else
		return false;
	return isalnum((unsigned char)*host) && strpbrk(host, " \"'`$\\<>|;&") == NULL;
}

/* Decimal digits only, at most `max`. */
static bool
parse_number(const char *text, unsigned max, unsigned *out)
{
	unsigned value = 0;

	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (unsigned)(*text - '0');
		if (value > max)
			return false;
	}
	*out = value;
	return true;
}

/* The host part must be zero: who writes 10.5.5.1/24 means something else than we do. */
static bool
valid_network(const char *text)
{
	const char	*slash = strchr(text, '/');
	char		 address[INET_ADDRSTRLEN];
	struct in_addr	 in;
	unsigned	 bits;

	if (slash == NULL || (size_t)(slash - text) >= sizeof(address))
		return false;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	if (inet_pton(AF_INET, address, &in) != 1 || !parse_number(slash + 1, 29, &bits) || bits < 16)
		return false;
	return (ntohl(in.s_addr) & (UINT32_MAX >> bits)) == 0;
}

/* libyaml counts from 0 and in characters, places from 1 and in bytes. */
static struct place
place_at(const struct reader *reader, const yaml_mark_t *mark, struct buf *line)
{
	const char	*p = reader->text, *end = reader->text + reader->len, *start, *newline;
	size_t		 n, column;

	for (n = 0; n < mark->line; n++) {
		newline = memchr(p, '\n', (size_t)(end - p));
		if (newline == NULL)
			break;
		p = newline + 1;
	}
	start = p;
	newline = memchr(p, '\n', (size_t)(end - p));
	if (newline != NULL)
		end = newline;
	for (column = 0; column < mark->column && p < end; column++)
		for (p++; p < end && ((unsigned char)*p & 0xc0) == 0x80; p++)
			;
	if (end > start)
		buf_add(line, start, (size_t)(end - start));
	return (struct place){ reader->path, (unsigned)n + 1, (unsigned)(p - start) + 1, buf_text(line) };
}

PRINTF(3, 4) NODISCARD
static struct err *
mistake(const struct reader *reader, const yaml_mark_t *mark, const char *format, ...)
{
	struct buf	 line = { 0 };
	struct place	 place = place_at(reader, mark, &line);
	struct err	*e;
	va_list		 args;

	va_start(args, format);
	e = err_atv(ERR_CONFIG, &place, format, args);
	va_end(args);
	buf_fini(&line);
	return e;
}

static void
collect(struct reader *reader, struct err *take_e)
{
	reader->mistakes = err_join(reader->mistakes, take_e);
}

/* What libyaml could not read.  Its problems with bytes have an offset instead of a mark. */
static struct err *
syntax_error(const struct reader *reader)
{
	const yaml_parser_t	*parser = &reader->parser;
	const char		*problem = parser->problem != NULL ? parser->problem : "cannot be read";
	yaml_mark_t		 mark = parser->problem_mark;
	size_t			 i;

	if (parser->error == YAML_READER_ERROR) {
		memset(&mark, 0, sizeof(mark));
		for (i = 0; i < parser->problem_offset && i < reader->len; i++) {
			if (reader->text[i] == '\n')
				mark.line++;
		}
	}
	return err_hint(mistake(reader, &mark, "not valid YAML: %s", problem),
	    "a Leapfile has lines such as \"platform: ../platform\"; see Leapfile(5)");
}

/*
 * The next event, yaml_event_delete() by the caller.  Anchors, aliases and
 * tags are refused here: a Leapfile needs none, and they can blow up.
 */
NODISCARD
static struct err *
next_event(struct reader *reader, yaml_event_t *event)
{
	const yaml_char_t	*anchor = NULL, *tag = NULL;
	struct err		*e = NULL;

	memset(event, 0, sizeof(*event));
	if (!yaml_parser_parse(&reader->parser, event))
		return syntax_error(reader);
	if (event->type == YAML_SCALAR_EVENT) {
		anchor = event->data.scalar.anchor;
		tag = event->data.scalar.tag;
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		anchor = event->data.sequence_start.anchor;
		tag = event->data.sequence_start.tag;
	} else if (event->type == YAML_MAPPING_START_EVENT) {
		anchor = event->data.mapping_start.anchor;
		tag = event->data.mapping_start.tag;
	}
	if (anchor != NULL || event->type == YAML_ALIAS_EVENT)
		e = err_hint(mistake(reader, &event->start_mark, "anchors and aliases are not allowed"),
		    "write the value out; put it in quotes if it begins with & or *");
	else if (tag != NULL)
		e = err_hint(mistake(reader, &event->start_mark, "tags are not allowed"),
		    "put the value in quotes if it begins with !");
	if (e != NULL)
		yaml_event_delete(event);
	return e;
}

/* Read over a value whose first event was read already. */
NODISCARD
static struct err *
skip_value(struct reader *reader, yaml_event_type_t first)
{
	yaml_event_t	 event;
	struct err	*e;
	size_t		 depth = 0;

	for (;;) {
		if (first == YAML_MAPPING_START_EVENT || first == YAML_SEQUENCE_START_EVENT)
			depth++;
		else if (first == YAML_MAPPING_END_EVENT || first == YAML_SEQUENCE_END_EVENT)
			depth--;
		if (depth == 0)
			return NULL;
		if ((e = next_event(reader, &event)) != NULL)
			return e;
		first = event.type;
		yaml_event_delete(&event);
	}
}

static bool
same_section(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static const struct setting *
find_setting(const char *section, const char *key)
{
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		if (same_section(settings[i].section, section) && strcmp(settings[i].key, key) == 0)
			return &settings[i];
	}
	return NULL;
}

/* A key that is right elsewhere, or nearly right here, or the list of what is right here. */
static struct err *
unknown_key(const struct reader *reader, const yaml_mark_t *mark, const char *section, const char *key)
{
	struct strs	 known = { 0 };
	struct buf	 all = { 0 };
	const char	*near;
	const struct setting *elsewhere = NULL;
	struct err	*e;

	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		if (same_section(settings[i].section, section))
			strs_add(&known, settings[i].key);
		else if (strcmp(settings[i].key, key) == 0)
			elsewhere = &settings[i];
	}
	if (section != NULL)
		e = mistake(reader, mark, "unknown key \"%s\" in \"%s\"", key, section);
	else
		e = mistake(reader, mark, "unknown key \"%s\"", key);
	near = strs_nearest(&known, key);
	strs_join(&known, ", ", &all);
	if (elsewhere != NULL && elsewhere->section != NULL)
		e = err_hint(e, "it belongs below \"%s:\", indented", elsewhere->section);
	else if (elsewhere != NULL)
		e = err_hint(e, "it belongs at the top, not indented");
	else if (near != NULL)
		e = err_hint(e, "did you mean \"%s\"?", near);
	else
		e = err_hint(e, "known are: %s", buf_text(&all));
	buf_fini(&all);
	strs_fini(&known);
	return e;
}

/* What YAML calls null: the setting's default stays. */
static bool
is_null(const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;

	return event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	    (*text == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}

static bool
is_clean(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (iscntrl((unsigned char)text[i]))
			return false;
	}
	return true;
}

static void
set_value(struct reader *reader, const struct setting *setting, const yaml_event_t *event)
{
	const char	*text = (const char *)event->data.scalar.value;
	void		*field = (char *)reader->out + setting->offset;
	unsigned	 number;
	bool		 good;

	if (is_null(event))
		return;
	good = is_clean(text, event->data.scalar.length);
	if (good && setting->kind == NUMBER) {
		good = parse_number(text, setting->max, &number) && number >= setting->min;
		if (good)
			*(unsigned *)field = number;
	} else if (good && (good = setting->valid(text))) {
		free(*(char **)field);
		*(char **)field = xstrdup(text);
		if (field == &reader->out->platform)
			reader->out->platform_line = (unsigned)event->start_mark.line + 1;
	}
	if (!good)
		collect(reader, mistake(reader, &event->start_mark, "%s%s%s must be %s",
		    setting->section != NULL ? setting->section : "", setting->section != NULL ? "." : "",
		    setting->key, setting->want));
}

static const char *
kind_name(const yaml_event_t *event)
{
	if (event->type == YAML_SEQUENCE_START_EVENT)
		return "a list";
	return event->type == YAML_MAPPING_START_EVENT ? "a mapping" : "one value";
}

/* The value that belongs to a known key. */
NODISCARD
static struct err *
read_value(struct reader *reader, const struct setting *setting)
{
	yaml_event_t	 event;
	struct err	*e;

	if ((e = next_event(reader, &event)) != NULL)
		return e;
	if (setting->kind == SECTION && event.type == YAML_MAPPING_START_EVENT)
		e = read_section(reader, setting->key);
	else if (setting->kind != SECTION && event.type == YAML_SCALAR_EVENT)
		set_value(reader, setting, &event);
	else if (event.type != YAML_SCALAR_EVENT || !is_null(&event)) {
		collect(reader, mistake(reader, &event.start_mark, "\"%s\" must be %s, not %s", setting->key,
		    setting->kind == SECTION ? "a mapping" : "one value", kind_name(&event)));
		e = skip_value(reader, event.type);
	}
	yaml_event_delete(&event);
	return e;
}

/* One "key: value"; `event` is the key. */
NODISCARD
static struct err *
read_pair(struct reader *reader, const char *section, const yaml_event_t *event)
{
	const struct setting	*setting;
	const char		*key;
	yaml_event_t		 value;
	struct err		*e;

	if (event->type != YAML_SCALAR_EVENT)
		return mistake(reader, &event->start_mark, "a key must be one word, not %s", kind_name(event));
	key = (const char *)event->data.scalar.value;
	if ((setting = find_setting(section, key)) == NULL) {
		collect(reader, unknown_key(reader, &event->start_mark, section, key));
		if ((e = next_event(reader, &value)) != NULL)
			return e;
		e = skip_value(reader, value.type);
		yaml_event_delete(&value);
		return e;
	}
	if (reader->seen[setting - settings])
		collect(reader, mistake(reader, &event->start_mark, "\"%s\" is there twice", key));
	reader->seen[setting - settings] = true;
	return read_value(reader, setting);
}

/* The pairs of a mapping whose start was read already. */
static struct err *
read_section(struct reader *reader, const char *section)
{
	yaml_event_t	 event;
	struct err	*e = NULL;

	while (e == NULL) {
		if ((e = next_event(reader, &event)) != NULL)
			break;
		if (event.type == YAML_MAPPING_END_EVENT) {
			yaml_event_delete(&event);
			break;
		}
		e = read_pair(reader, section, &event);
		yaml_event_delete(&event);
	}
	return e;
}

/* A document's content; `event` is its first. */
NODISCARD
static struct err *
read_content(struct reader *reader, const yaml_event_t *event)
{
	if (event->type == YAML_MAPPING_START_EVENT)
		return read_section(reader, NULL);
	if (event->type == YAML_SCALAR_EVENT && is_null(event))
		return NULL;
	return err_hint(mistake(reader, &event->start_mark, "a Leapfile must be a mapping, not %s", kind_name(event)),
	    "a Leapfile has lines such as \"platform: ../platform\"; see Leapfile(5)");
}

NODISCARD
static struct err *
read_stream(struct reader *reader)
{
	yaml_event_t	 event;
	struct err	*e = NULL;
	unsigned	 documents = 0;
	bool		 done = false;

	while (e == NULL && !done) {
		if ((e = next_event(reader, &event)) != NULL)
			break;
		if (event.type == YAML_STREAM_END_EVENT)
			done = true;
		else if (event.type == YAML_DOCUMENT_START_EVENT && documents++ > 0)
			e = err_hint(mistake(reader, &event.start_mark, "a second document"),
			    "a Leapfile is one document; remove this \"---\"");
		else if (event.type != YAML_STREAM_START_EVENT && event.type != YAML_DOCUMENT_START_EVENT &&
		    event.type != YAML_DOCUMENT_END_EVENT)
			e = read_content(reader, &event);
		yaml_event_delete(&event);
	}
	return e;
}

static void
leapfile_init(struct leapfile *leapfile)
{
	*leapfile = (struct leapfile){
		.ssh_user = xstrdup("root"),
		.ssh_transport = xstrdup("auto"),
		.ssh_timeout = 10,
		.ssh_parallel = 32,
		.local_network = xstrdup("10.5.5.0/24"),
		.local_release = xstrdup("trixie"),
		.local_mirror = xstrdup("http://deb.debian.org/debian"),
	};
}

void
leapfile_fini(struct leapfile *leapfile)
{
	free(leapfile->platform);
	free(leapfile->environment);
	free(leapfile->ssh_user);
	free(leapfile->ssh_key);
	free(leapfile->ssh_transport);
	free(leapfile->local_network);
	free(leapfile->local_release);
	free(leapfile->local_mirror);
	memset(leapfile, 0, sizeof(*leapfile));
}

struct err *
leapfile_parse(struct leapfile *out, const char *path, const char *text, size_t len)
{
	struct reader	 reader = { .out = out, .path = path, .text = text, .len = len };
	struct err	*e;

	memset(out, 0, sizeof(*out));
	if (len > LEAPFILE_MAX)
		return err_at(ERR_CONFIG, &(struct place){ .path = path }, "larger than %u KiB", LEAPFILE_MAX >> 10);
	leapfile_init(out);
	if (!yaml_parser_initialize(&reader.parser))
		abort();	/* out of memory is its only reason */
	yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, len);
	e = read_stream(&reader);
	e = err_join(reader.mistakes, e);
	yaml_parser_delete(&reader.parser);
	if (e != NULL)
		leapfile_fini(out);
	return e;
}
