/* cmd: leap new: a provider instance from the templates. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/cmd.h"

#include "base/file.h"
#include "base/json.h"
#include "local/local.h"
#include "pki/ca.h"
#include "repo/git.h"
#include "repo/repo.h"
#include "vault/signed.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMPLATE_MAX	(1u << 20)
#define NAME_MAX_CHARS	48	/* with " Client CA" behind it, it must fit a certificate's 64 */

/* What the templates are filled with, and where it goes. */
struct instance {
	char		*dir;		/* absolute */
	bool		 exists;	/* an empty directory, filled in place */
	char		*platform;	/* absolute, or NULL: the one that came with leap */
	char		*templates;
	struct buf	 domain, name, contacts, network;
};

static void
instance_fini(struct instance *instance)
{
	free(instance->dir);
	free(instance->platform);
	free(instance->templates);
	buf_fini(&instance->domain);
	buf_fini(&instance->name);
	buf_fini(&instance->contacts);
	buf_fini(&instance->network);
}

/* A domain name, but no address: its last label must not be a number. */
static bool
valid_domain(const char *domain)
{
	const char *last = strrchr(domain, '.');

	last = last != NULL ? last + 1 : domain;
	return cert_name_valid(domain) && strlen(domain) <= 189 && last[strspn(last, "0123456789")] != '\0';
}

/* Roughly: one "@", a domain behind it, nothing before it that would need quotes (RFC 5322, 3.4.1). */
static bool
valid_email(const char *address)
{
	const char	*at = strrchr(address, '@');
	size_t		 n;

	if (at == NULL || at == address || at - address > 64 || !cert_name_valid(at + 1))
		return false;
	for (n = 0; address + n < at; n++) {
		if (!isalnum((unsigned char)address[n]) && strchr(".!#$%&'*+-/=?^_`{|}~", address[n]) == NULL)
			return false;
	}
	return true;
}

static bool
valid_name(const char *name)
{
	size_t characters = 0;

	for (; *name != '\0'; name++) {
		if (iscntrl((unsigned char)*name))
			return false;
		characters += ((unsigned char)*name & 0xc0) != 0x80;
	}
	return characters >= 1 && characters <= NAME_MAX_CHARS;
}

/* An option's value, else the fallback with --yes, else the answer of whoever sits at the terminal. */
NODISCARD
static struct err *
get_value(struct buf *out, const struct context *context, const char *option, const char *fallback,
    const char *question)
{
	const char	*value = opt_get(context, option);
	char		*hint;
	struct err	*e = NULL;

	if (value == NULL && context->yes)
		value = fallback;
	if (value != NULL) {
		buf_adds(out, value);
		return NULL;
	}
	hint = xasprintf("say it with %s", option);
	e = ask_text(out, fallback, hint, question);
	free(hint);
	return e;
}

NODISCARD
static struct err *
check_contacts(const char *contacts)
{
	struct strs	 list = { 0 };
	struct err	*e = NULL;

	strs_split(&list, contacts, ',');
	for (size_t i = 0; e == NULL && i < list.count; i++) {
		if (!valid_email(list.items[i]))
			e = err_hint(err_new(ERR_USAGE, "\"%s\" is no e-mail address", list.items[i]),
			    "--contacts root@example.org,admin@example.org");
	}
	if (list.count == 0)
		e = err_hint(err_new(ERR_USAGE, "no contact given"), "--contacts root@example.org");
	strs_fini(&list);
	return e;
}

NODISCARD
static struct err *
get_values(struct instance *instance, const struct context *context)
{
	char		*fallback = NULL;
	struct err	*e;

	if ((e = get_value(&instance->domain, context, "--domain", NULL, "Domain of the provider")) != NULL)
		return e;
	for (size_t i = 0; i < instance->domain.len; i++)
		instance->domain.data[i] = (char)tolower((unsigned char)instance->domain.data[i]);
	if (!valid_domain(buf_text(&instance->domain)))
		return err_hint(err_new(ERR_USAGE, "\"%s\" is no domain name", buf_text(&instance->domain)),
		    "letters, digits and hyphens between dots: example.org");
	if ((e = get_value(&instance->name, context, "--name", buf_text(&instance->domain),
	    "Name of the provider")) != NULL)
		return e;
	if (!valid_name(buf_text(&instance->name)))
		return err_hint(err_new(ERR_USAGE, "\"%s\" cannot be the provider's name", buf_text(&instance->name)),
		    "1 to %d characters", NAME_MAX_CHARS);
	fallback = xasprintf("root@%s", buf_text(&instance->domain));
	if ((e = get_value(&instance->contacts, context, "--contacts", fallback,
	    "E-mail addresses of its sysadmins, comma between")) == NULL)
		e = check_contacts(buf_text(&instance->contacts));
	free(fallback);
	return e;
}

/* The directory: missing, with a parent that is there, or empty. */
NODISCARD
static struct err *
find_directory(struct instance *instance, const char *dir)
{
	struct strs	 names = { 0 };
	struct stat	 st;
	char		*full, *slash, *parent;
	struct err	*e = NULL;

	full = xstrdup(dir);
	for (size_t n = strlen(full); n > 1 && full[n - 1] == '/'; n--)
		full[n - 1] = '\0';
	if ((instance->dir = realpath(full, NULL)) != NULL) {
		instance->exists = true;
		if (stat(full, &st) != 0 || !S_ISDIR(st.st_mode))
			e = err_new(ERR_USAGE, "%s: not a directory", dir);
		else if ((e = dir_list(full, &names)) == NULL && names.count > 0)
			e = err_hint(err_new(ERR_USAGE, "%s: not empty, it has \"%s\"", dir, names.items[0]),
			    "choose a new directory");
		goto out;
	}
	slash = strrchr(full, '/');
	if (slash != NULL)
		*slash = '\0';
	parent = realpath(slash == NULL ? "." : slash == full ? "/" : full, NULL);
	if (parent == NULL)
		e = err_errno(ERR_USAGE, "%s: the directory that it is to be in", dir);
	else
		instance->dir = path_join(parent, slash == NULL ? full : slash + 1);
	free(parent);
out:
	strs_fini(&names);
	free(full);
	return e;
}

/* The platform that was asked for, and the templates beside it, else those that came with leap. */
NODISCARD
static struct err *
find_platform(struct instance *instance, const char *platform)
{
	char		*found = NULL, *up;
	struct stat	 st;
	struct err	*e;

	if (platform != NULL) {
		instance->platform = realpath(platform, NULL);
		if (instance->platform == NULL)
			return err_errno(ERR_USAGE, "--platform %s", platform);
		if (stat(instance->platform, &st) != 0 || !S_ISDIR(st.st_mode))
			return err_new(ERR_USAGE, "--platform %s: not a directory", platform);
		up = path_join(instance->platform, "../templates");
		instance->templates = realpath(up, NULL);
		free(up);
		if (instance->templates != NULL)
			return NULL;
	}
	e = repo_find_platform(&found, &instance->templates);
	free(found);
	return e;
}

static void
add_json(struct buf *out, json_t *take_value)
{
	json_canonical(take_value, out);
	json_decref(take_value);
}

static void
add_contacts(struct buf *out, const char *contacts)
{
	struct strs	 list = { 0 };
	json_t		*array = json_array();

	strs_split(&list, contacts, ',');
	for (size_t i = 0; i < list.count; i++)
		json_array_append_new(array, json_string(list.items[i]));
	add_json(out, array);
	strs_fini(&list);
}

/* Append what stands for "@key@"; false when there is no such key. */
static bool
add_key(struct buf *out, const struct instance *instance, const char *key, size_t len)
{
	char	*name = xstrndup(key, len);
	bool	 known = true;

	if (strcmp(name, "domain") == 0)
		buf_adds(out, buf_text(&instance->domain));
	else if (strcmp(name, "domain_json") == 0)
		add_json(out, json_string(buf_text(&instance->domain)));
	else if (strcmp(name, "name") == 0)
		buf_adds(out, buf_text(&instance->name));
	else if (strcmp(name, "name_json") == 0)
		add_json(out, json_string(buf_text(&instance->name)));
	else if (strcmp(name, "contacts_json") == 0)
		add_contacts(out, buf_text(&instance->contacts));
	else if (strcmp(name, "network") == 0)
		buf_adds(out, buf_text(&instance->network));
	else if (strcmp(name, "platform") != 0)
		known = false;
	else if (instance->platform == NULL)
		buf_adds(out, "# The platform is the one that came with leap.\n# platform: ../platform");
	else {
		buf_adds(out, "platform: ");
		add_json(out, json_string(instance->platform));
	}
	free(name);
	return known;
}

/* Copy a template's text with its keys filled in. */
static void
fill(struct buf *out, const struct instance *instance, const char *text)
{
	size_t n;

	while (*text != '\0') {
		n = strcspn(text, "@");
		buf_add(out, text, n);
		text += n;
		if (*text == '\0')
			break;
		n = strspn(text + 1, "abcdefghijklmnopqrstuvwxyz_");
		if (text[1 + n] == '@' && add_key(out, instance, text + 1, n)) {
			text += n + 2;
		} else {
			buf_addc(out, '@');
			text++;
		}
	}
}

NODISCARD
static struct err *
write_file(const struct instance *instance, const char *from, const char *to)
{
	struct buf	 text = { 0 }, filled = { 0 };
	struct err	*e;

	if ((e = file_read(from, TEMPLATE_MAX, &text)) == NULL) {
		fill(&filled, instance, buf_text(&text));
		e = file_write(to, buf_text(&filled), filled.len, 0644);
	}
	buf_fini(&text);
	buf_fini(&filled);
	return e;
}

/* Directories one level deep are all that the templates have, so this ends. */
NODISCARD
static struct err *
write_directory(const struct instance *instance, const char *from, const char *to)
{
	struct strs	 names = { 0 };
	struct stat	 st;
	struct err	*e;

	if ((e = dir_make(to, 0755)) == NULL)
		e = dir_list(from, &names);
	for (size_t i = 0; e == NULL && i < names.count; i++) {
		char *source = path_join(from, names.items[i]), *target = path_join(to, names.items[i]);

		if (stat(source, &st) == 0 && S_ISDIR(st.st_mode))
			e = write_directory(instance, source, target);
		else
			e = write_file(instance, source, target);
		free(source);
		free(target);
	}
	strs_fini(&names);
	return e;
}

/* Put what is ready in `temp` where it belongs: all at once, or entry by entry into an empty directory. */
NODISCARD
static struct err *
move_into_place(const struct instance *instance, const char *temp)
{
	struct strs	 names = { 0 };
	struct err	*e = NULL;

	if (!instance->exists)
		return rename(temp, instance->dir) == 0 ? NULL : err_errno(ERR_FAILED, "%s", instance->dir);
	e = dir_list(temp, &names);
	for (size_t i = 0; e == NULL && i < names.count; i++) {
		char *from = path_join(temp, names.items[i]), *to = path_join(instance->dir, names.items[i]);

		if (rename(from, to) != 0)
			e = err_errno(ERR_FAILED, "%s", to);
		free(from);
		free(to);
	}
	for (size_t i = 0; e != NULL && i < names.count; i++) {
		char *to = path_join(instance->dir, names.items[i]);

		e = err_join(e, dir_remove(to));
		free(to);
	}
	if (e == NULL)
		e = dir_remove(temp);
	strs_fini(&names);
	return e;
}

/* Git asks before each commit: no private key and no secret goes in, in clear.  The hook finds the program again. */
NODISCARD
static struct err *
write_hook(const char *temp)
{
	char		*path = path_join(temp, ".git/hooks/pre-commit"), self[PATH_MAX];
	ssize_t		 n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	struct buf	 text = { 0 };
	struct err	*e;

	self[n > 0 ? n : 0] = '\0';
	if (strrchr(self, '/') != NULL)
		*strrchr(self, '/') = '\0';
	buf_adds(&text, "#!/bin/sh\n# From leap new: refuses private keys and secrets in clear.\n");
	if (*self != '\0' && strchr(self, '\'') == NULL)
		buf_addf(&text, "PATH=$PATH:'%s'\n", self);
	buf_adds(&text, "exec leap check --staged\n");
	if ((e = dir_make_parent(path, 0755)) == NULL)
		e = file_write(path, text.data, text.len, 0755);
	buf_fini(&text);
	free(path);
	return e;
}

NODISCARD
static struct err *
build_in(const struct instance *instance, const char *temp)
{
	char		*templates = path_join(instance->templates, "instance");
	mode_t		 mask = umask(0);
	struct err	*e = NULL;

	umask(mask);
	if (!file_exists(templates))
		e = err_hint(err_new(ERR_FAILED, "no templates for an instance: there is no %s", templates),
		    "the templates belong beside the platform's directory");
	else if (chmod(temp, 0777 & ~mask) != 0)	/* mkdtemp(3) makes it 0700 */
		e = err_errno(ERR_FAILED, "%s", temp);
	else if ((e = write_directory(instance, templates, temp)) == NULL &&
	    (e = git_create(temp, "leap new\n")) == NULL)
		e = write_hook(temp);
	free(templates);
	return e;
}

/*
 * All is made in a directory beside (or in the empty one), then moved: what fails or is
 * interrupted leaves nothing.  Signals wait; it takes a fraction of a second.
 */
NODISCARD
static struct err *
build(const struct instance *instance)
{
	const char	*slash = strrchr(instance->dir, '/');
	char		*temp;
	sigset_t	 block, old;
	struct err	*e;

	if (instance->exists)
		temp = xasprintf("%s/.leap-new-XXXXXX", instance->dir);
	else
		temp = xasprintf("%.*s/.leap-new-XXXXXX", (int)(slash - instance->dir), instance->dir);
	sigemptyset(&block);
	sigaddset(&block, SIGINT);
	sigaddset(&block, SIGTERM);
	sigaddset(&block, SIGHUP);
	sigprocmask(SIG_BLOCK, &block, &old);
	if (mkdtemp(temp) == NULL) {
		e = err_errno(ERR_FAILED, "cannot make %s", instance->dir);
	} else {
		if ((e = build_in(instance, temp)) == NULL)
			e = move_into_place(instance, temp);
		if (e != NULL)
			e = err_join(e, dir_remove(temp));
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	free(temp);
	return e;
}

static struct err *
new_run(struct context *context)
{
	struct instance	 instance = { 0 };
	struct err	*e;

	if ((e = find_directory(&instance, context->args[0])) != NULL ||
	    (e = find_platform(&instance, opt_get(context, "--platform"))) != NULL ||
	    (e = get_values(&instance, context)) != NULL)
		goto out;
	local_pick_network(instance.dir, &instance.network);
	if ((e = build(&instance)) != NULL)
		goto out;
	vault_forget(&(struct repo){ .root = instance.dir });
	note("made %s, a git repository with a first commit\n", instance.dir);
	note("next: cd %s, then leap user add --self, leap cert ca, leap node add\n", context->args[0]);
out:
	instance_fini(&instance);
	return e;
}

static const struct opt new_opts[] = {
	{ 0, "--domain", "DOMAIN", "domain of the provider, example.org" },
	{ 0, "--name", "NAME", "its name for people" },
	{ 0, "--contacts", "ADDRESS,...", "e-mail addresses of its sysadmins" },
	{ 0, "--platform", "DIR", "another platform than the one that came with leap" },
	{ 0 },
};

const struct cmd cmd_new = {
	.name = "new",
	.args = "DIR",
	.summary = "make a provider instance",
	.details = "Asks for what no option says.  DIR must not exist or be empty; it becomes a git repository, whose\n"
	    "pre-commit hook, \"leap check --staged\", refuses private keys and secrets in clear.",
	.opts = new_opts,
	.min_args = 1,
	.max_args = 1,
	.run = new_run,
};
