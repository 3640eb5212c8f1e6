/* cmd: from nodes to what ssh needs to reach them. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"
#include "cert/host_keys.h"
#include "cmd/cmd.h"
#include "cmd/fleet.h"
#include "cmd/jump.h"
#include "config/config.h"
#include "repo/repo.h"
#include "ssh/pins.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static struct sigaction	saved[3];
static const int	signals[] = { SIGINT, SIGTERM, SIGHUP };

static void
on_signal(int number)
{
	(void)number;
	ssh_stop();
}

void
fleet_resume(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		sigaction(signals[i], NULL, &saved[i]);
		if (saved[i].sa_handler != SIG_IGN)	/* nohup and the like mean it */
			sigaction(signals[i], &action, NULL);
	}
}

void
fleet_pause(void)
{
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		sigaction(signals[i], &saved[i], NULL);
}

struct err *
fleet_connect(void)
{
	struct err	*e = ssh_setup();

	if (e == NULL)
		fleet_resume();
	return e;
}

void
fleet_disconnect(void)
{
	fleet_pause();
	ssh_fini();
}

struct err *
fleet_bad(struct node *node, const char *property, const char *format, ...)
{
	struct place	 place;
	struct err	*e;
	va_list		 args;
	char		*what;

	va_start(args, format);
	what = xvasprintf(format, args);
	va_end(args);
	if (node_place(node, property, &place))
		e = err_at(ERR_CONFIG, &place, "%s: %s %s", node->name, property, what);
	else
		e = err_new(ERR_CONFIG, "%s: %s %s", node->name, property, what);
	free(what);
	return e;
}

bool
fleet_is_address(const char *text)
{
	unsigned char	 space[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, text, space) == 1 || inet_pton(AF_INET6, text, space) == 1;
}

/* ssh takes it as an argument: nothing that it could read as an option or as more than a name. */
bool
fleet_is_user(const char *text)
{
	size_t	 len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

	return len > 0 && len <= 32 && text[len] == '\0' && text[0] != '-';
}

char *
fleet_private_key(const struct repo *repo)
{
	const char	*key = repo->leapfile.ssh_key;

	if (key == NULL)
		return NULL;
	return str_starts(key, "~/") ? xstrdup(key) : path_join(repo->root, key);
}

static struct err *
read_user_and_transport(struct ssh_target *ssh, const struct leapfile *leapfile, struct node *node)
{
	struct err	*e = node_text(node, "ssh.user", &ssh->user);

	if (e == NULL)
		e = node_text(node, "ssh.transport", &ssh->transport);
	if (e != NULL)
		return e;
	if (ssh->user == NULL)
		ssh->user = leapfile->ssh_user;
	if (ssh->transport == NULL)
		ssh->transport = leapfile->ssh_transport;
	if (!fleet_is_user(ssh->user))
		return fleet_bad(node, "ssh.user", "is no login name");
	if (strcmp(ssh->transport, "auto") != 0 && strcmp(ssh->transport, "libssh2") != 0 &&
	    strcmp(ssh->transport, "ssh") != 0)
		return fleet_bad(node, "ssh.transport", "must be \"auto\", \"libssh2\" or \"ssh\"");
	return NULL;
}

struct err *
fleet_address(struct fleet_target *out, const struct context *context, struct node *node)
{
	const struct leapfile	*leapfile = &context->repo->leapfile;
	struct ssh_target	*ssh = &out->ssh;
	long			 port = 22;
	struct err		*e;

	*out = (struct fleet_target){ .ssh = { .name = node->name, .timeout = leapfile->ssh_timeout } };
	e = node_text(node, "ip_address", &ssh->address);
	if (e == NULL && (ssh->address == NULL || !fleet_is_address(ssh->address)))
		e = fleet_bad(node, "ip_address", "is no IP address");
	if (e == NULL)
		e = node_number(node, "ssh.port", 22, &port);
	if (e == NULL && (port < 1 || port > 65535))
		e = fleet_bad(node, "ssh.port", "is no port from 1 to 65535");
	if (e == NULL)
		e = read_user_and_transport(ssh, leapfile, node);
	if (e != NULL)
		return e;
	ssh->port = (unsigned)port;
	ssh->key = out->key = fleet_private_key(context->repo);
	return jump_find(out, context, node);
}

struct err *
fleet_pin(struct fleet_target *out, const struct repo *repo, const char *path)
{
	struct buf	 keys = { 0 };
	struct pins	 pins = { 0 };
	struct err	*e = host_pins_read(&pins, repo, path);

	if (e == NULL) {
		pins_keys(&pins, &keys);
		out->ssh.host_key = out->host_key = buf_take(&keys);
	}
	pins_fini(&pins);
	return e;
}

struct err *
fleet_target(struct fleet_target *out, const struct context *context, struct node *node)
{
	char		*path = host_pins_path(node->name);
	struct err	*e = fleet_address(out, context, node);

	if (e == NULL && !repo_has(context->repo, path)) {
		e = err_hint(err_new(ERR_TRUST, "%s: its host key is not pinned", node->name),
		    "run: leap node init %s", node->name);
		goto out;
	}
	if (e == NULL)
		e = fleet_pin(out, context->repo, path);
out:
	free(path);
	return e;
}

void
fleet_target_fini(struct fleet_target *target)
{
	free(target->host_key);
	free(target->key);
	free(target->text);
	free(target->pin_file);
	if (target->jump != NULL)
		fleet_target_fini(target->jump);
	free(target->jump);
	*target = (struct fleet_target){ 0 };
}

void
failures_add(struct failures *failures, const char *name, struct err *take_e)
{
	strs_add(&failures->names, name);
	failures->trust += err_code(take_e) == ERR_TRUST;
	failures->errors = err_join(failures->errors, take_e);
}

struct err *
failures_end(struct failures *failures, size_t total)
{
	size_t		 count = failures->names.count;
	enum err_code	 code = failures->trust == count ? ERR_TRUST : ERR_NODES;
	struct buf	 text = { 0 };
	struct err	*e = NULL;

	if (count > failures->stopped)
		buf_addf(&text, "%zu of %zu nodes failed", count - failures->stopped, total);
	if (count > 0 && failures->stopped == count)
		buf_addf(&text, "%zu of %zu nodes interrupted or not begun", count, total);
	else if (failures->stopped > 0)
		buf_addf(&text, ", %zu interrupted or not begun", failures->stopped);
	if (count > 0) {
		buf_adds(&text, ": ");
		strs_join(&failures->names, ", ", &text);
		e = err_join(err_new(code, "%s", text.data), failures->errors);
	}
	buf_fini(&text);
	strs_fini(&failures->names);
	*failures = (struct failures){ 0 };
	return e;
}
