/* node: risky changes go back by themselves unless leap comes in again. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/confirm.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/strs.h"
#include "node/apply.h"
#include "node/guard.h"
#include "node/lock.h"
#include "node/run.h"
#include "node/state.h"
#include "node/transaction.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define MARK_MAX	8192
#define NONCE_BYTES	16
#define OVERDUE		15	/* seconds that the guard may need to begin */
#define GUARD_TRIES	5
#define GUARD_PAUSE	10	/* seconds */
#define LOCK_SECONDS	20	/* that a confirmation waits for a guard that has the lock for a look */

/* Below these lies what decides who comes in. */
static const char *const risky_paths[] = { "/etc/ssh/", "/etc/network/", "/etc/systemd/network/", "/etc/netplan/",
    "/etc/NetworkManager/", "/etc/nftables", "/etc/iptables/", "/etc/ufw/", "/etc/fail2ban/", "/etc/pam.d/", "/etc/security/",
    "/etc/sudoers", "/etc/hosts.allow", "/etc/hosts.deny", "/etc/nsswitch.conf", "/etc/leap/firewall" };
static const char *const risky_units[] = { "ssh", "sshd", "ssh.socket", "networking", "systemd-networkd", "NetworkManager",
    "nftables", "netfilter-persistent", "ufw", "fail2ban", "leap-firewall" };

static bool
is_risky_path(const char *path)
{
	if (strcmp(path, "/etc/ssh/ssh_known_hosts") == 0)	/* whom the node trusts, not who comes in */
		return false;
	for (size_t i = 0; i < ARRAY_LEN(risky_paths); i++)
		if (str_starts(path, risky_paths[i]))
			return true;
	return strstr(path, "/.ssh") != NULL || strstr(path, "/authorized_keys") != NULL;
}

static bool
is_risky_unit(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(risky_units); i++) {
		size_t	 len = strlen(risky_units[i]);

		if (strncmp(name, risky_units[i], len) == 0 && (name[len] == '\0' || strcmp(name + len, ".service") == 0))
			return true;
	}
	return false;
}

/* The home itself, what is above it, and the dot files in it: keys, and what the shell reads at a login. */
static bool
is_of_home(const char *path, const char *home)
{
	size_t	 len = strlen(path);

	if (str_starts(path, home) && path[strlen(home)] == '/')
		return path[strlen(home) + 1] == '.';
	return str_starts(home, path) && (home[len] == '\0' || home[len] == '/' || len == 1);
}

/* Leaving a group, and what becomes of one, may be the end of sudo. */
static bool
is_group_of(struct run *run, const char *group, const struct account_user *user)
{
	const struct account_group	*found = accounts_group(&run->accounts, group);

	return found != NULL && (found->gid == user->gid || strs_has(&found->members, user->name));
}

bool
confirm_is_risky(struct run *run, const struct item *item)
{
	const struct account_user	*login = accounts_user(&run->accounts, run->login);
	const char			*type = item->type->name;

	if (strcmp(type, "firewall") == 0)
		return true;
	if (strcmp(type, "unit") == 0)
		return is_risky_unit(item->name);
	if (strcmp(type, "sysctl") == 0)
		return str_starts(item->name, "net.") || str_starts(item->name, "net/");
	if (strcmp(type, "user") == 0)
		return strcmp(item->name, "root") == 0 || strcmp(item->name, run->login) == 0;
	if (strcmp(type, "group") == 0)
		return login != NULL && is_group_of(run, item->name, login);
	return item->name[0] == '/' && (is_risky_path(item->name) || (login != NULL && is_of_home(item->name, login->home)));
}

static bool
any_risk(struct run *run)
{
	for (size_t i = 0; i < run->gone_count; i++)
		if (run->gone[i].step_count > 0 && confirm_is_risky(run, &run->gone[i]))
			return true;
	for (size_t i = 0; i < run->item_count; i++)
		if (run->items[i].step_count > 0 && confirm_is_risky(run, &run->items[i]))
			return true;
	return false;
}

/* What waits, a new reference; NULL when nothing does. */
static json_t *
read_mark(void)
{
	struct buf	 text = { 0 };
	struct err	*e = file_read(STATE_CONFIRM, MARK_MAX, &text);
	json_t		*mark = e == NULL ? json_loadb(buf_text(&text), text.len, 0, NULL) : NULL;

	err_free(e);
	buf_fini(&text);
	return mark;
}

static struct err *
write_mark(const json_t *mark)
{
	struct buf	 text = { 0 };
	struct err	*e;

	json_pretty(mark, &text);
	e = file_write(STATE_CONFIRM, text.data, text.len, 0600);
	buf_fini(&text);
	return e;
}

/* Seconds, those of sleep too. */
static double
boot_time(void)
{
	return (double)clock_ns(CLOCK_BOOTTIME) / 1e9;
}

static void
read_boot(struct buf *out)
{
	struct err	*e = file_read("/proc/sys/kernel/random/boot_id", 64, out);

	err_free(e);
	while (out->len > 0 && out->data[out->len - 1] == '\n')
		out->data[--out->len] = '\0';
}

static bool
is_of_this_boot(const json_t *mark)
{
	struct buf	 now = { 0 };
	bool		 same;

	read_boot(&now);
	same = json_str(mark, "boot") != NULL && strcmp(json_str(mark, "boot"), buf_text(&now)) == 0;
	buf_fini(&now);
	return same;
}

static char *
make_nonce(void)
{
	unsigned char	 bytes[NONCE_BYTES];
	struct buf	 text = { 0 };

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		abort();
	for (size_t i = 0; i < sizeof(bytes); i++)
		buf_addf(&text, "%02x", bytes[i]);
	return buf_take(&text);
}

struct err *
confirm_arm(struct run *run, unsigned generation)
{
	struct buf	 boot = { 0 };
	json_t		*mark;
	struct err	*e;

	if (run->request->confirm == 0 || !any_risk(run))
		return NULL;
	read_boot(&boot);
	run->confirm = run->request->confirm;
	run->nonce = make_nonce();
	mark = json_pack("{s:O, s:I, s:s, s:I, s:s, s:s, s:s}", "node",
	    json_object_get(run->manifest->root, "node"), "generation", (json_int_t)generation, "nonce", run->nonce,
	    "seconds", (json_int_t)run->confirm, "who", run->request->who, "connection",
	    run->connection != NULL ? run->connection : "", "boot", buf_text(&boot));
	e = write_mark(mark);
	if (e == NULL)
		e = guard_start();
	if (e != NULL) {
		e = err_hint(err_context(e, "cannot make sure that the node goes back should it shut you out"),
		    "--confirm 0 deploys without that");
		e = err_join(e, confirm_disarm(run));
	}
	json_decref(mark);
	buf_fini(&boot);
	return e;
}

struct err *
confirm_count(struct run *run)
{
	json_t		*mark;
	struct err	*e;

	if (run->nonce == NULL)
		return NULL;
	mark = read_mark();
	json_object_set_new(mark, "ends", json_real(boot_time() + run->confirm));
	e = mark != NULL ? write_mark(mark) : NULL;
	json_decref(mark);
	return e;
}

struct err *
confirm_disarm(struct run *run)
{
	free(run->nonce);
	run->nonce = NULL;
	run->confirm = 0;
	if (unlink(STATE_CONFIRM) != 0 && errno != ENOENT)
		return err_errno(ERR_FAILED, "%s", STATE_CONFIRM);
	guard_forget_boot();
	return NULL;
}

/* Seconds that are left; negative when they are over, or when the node was booted since. */
static double
seconds_left(const json_t *mark)
{
	const json_t	*ends = json_object_get(mark, "ends");

	if (!is_of_this_boot(mark))
		return -1000;
	return ends != NULL ? json_number_value(ends) - boot_time() : (double)json_int(mark, "seconds", 0);
}

static struct err *
go_back(struct run *run, const json_t *mark)
{
	json_int_t	 generation = json_int(mark, "generation", 0);
	struct err	*e;

	e = transaction_back(run, generation > 0 ? (unsigned)generation : 0,
	    "leap did not come in again to confirm the last deploy");
	run->touched = false;	/* by what the request is about */
	return e != NULL ? e : confirm_disarm(run);
}

struct err *
confirm_settle(struct run *run, char **holder)
{
	json_t		*mark = read_mark();
	const char	*who = json_str(mark, "who");
	double		 left;
	struct err	*e = NULL;

	if (mark == NULL)
		return NULL;
	left = seconds_left(mark);
	if (who == NULL || strcmp(who, run->request->who) == 0)
		e = confirm_disarm(run);
	else if (left < -OVERDUE)
		e = go_back(run, mark);
	else
		*holder = xasprintf("%s, whose last deploy is not confirmed yet; it goes back in %d s", who,
		    left > 0 ? (int)left : 0);
	json_decref(mark);
	return e;
}

static struct err *
check_claim(const struct run *run, const json_t *mark)
{
	const struct request	*request = run->request;
	const char		*nonce = json_str(mark, "nonce"), *connection = json_str(mark, "connection");

	if (nonce == NULL || request->nonce == NULL || strcmp(nonce, request->nonce) != 0)
		return err_new(ERR_FAILED, "there is nothing to confirm: the node has gone back already");
	if (connection != NULL && *connection != '\0' && run->connection != NULL &&
	    strcmp(connection, run->connection) == 0)
		return err_new(ERR_FAILED, "only a new connection can confirm");
	return NULL;
}

static bool
never(void *context)
{
	(void)context;
	return false;
}

struct err *
confirm_take(struct run *run, char **holder)
{
	json_t		*mark = NULL;
	struct lock	 lock;
	struct err	*e;

	e = lock_take(&lock, holder, STATE_LOCK, run->request->who, "a confirmation", LOCK_SECONDS, never, NULL);
	if (e != NULL || *holder != NULL)
		return e;
	mark = read_mark();
	e = check_claim(run, mark);
	if (e == NULL)
		e = confirm_disarm(run);
	json_decref(mark);
	lock_release(&lock);
	return e;
}

/* Go back without leap: under the lock, and nobody hears of it but whoever asks for the history. */
static struct err *
go_back_alone(const json_t *mark)
{
	struct request	 request = { .op = xstrdup("rollback"), .who = xstrdup(json_str(mark, "who")), .commit = xstrdup(""),
	    .message = xstrdup("nobody confirmed the deploy before") };
	json_int_t	 generation = json_int(mark, "generation", 0);
	struct channel	 channel = { .in = -1, .out = -1 };
	struct manifest	 manifest = { 0 };
	struct run	 run = { .channel = &channel, .request = &request, .manifest = &manifest, .from = "",
	    .login = "root" };
	struct err	*e;

	manifest_init(&manifest, json_str(mark, "node"));
	index_load(&run.index, STATE_INDEX);
	e = transaction_alone(&run, generation > 0 ? (unsigned)generation : 0);
	if (e == NULL)
		e = confirm_disarm(&run);
	apply_forget(&run);
	index_fini(&run.index);
	manifest_fini(&manifest);
	buf_fini(&channel.output);
	request_fini(&request);
	return e;
}

static bool
is_well_formed(const json_t *mark)
{
	return json_str(mark, "who") != NULL && json_str(mark, "nonce") != NULL && json_str(mark, "node") != NULL;
}

/* Whether the change with this nonce still waits. */
static bool
still_waits(const char *nonce, double *left)
{
	json_t	*mark = read_mark();
	bool	 waits = is_well_formed(mark) && strcmp(json_str(mark, "nonce"), nonce) == 0;

	*left = waits ? seconds_left(mark) : 0;
	json_decref(mark);
	return waits;
}

/* Take the lock, and go back if the change waits even now. */
static struct err *
go_back_if_waiting(const char *nonce)
{
	json_t		*mark;
	char		*holder = NULL;
	struct lock	 lock;
	struct err	*e;

	e = lock_take(&lock, &holder, STATE_LOCK, "leap's timer", "going back", CONFIRM_MAX, never, NULL);
	if (e != NULL || holder != NULL) {
		free(holder);
		return e;
	}
	mark = read_mark();
	if (is_well_formed(mark) && strcmp(json_str(mark, "nonce"), nonce) == 0)
		e = go_back_alone(mark);
	json_decref(mark);
	lock_release(&lock);
	return e;
}

/* Wait until the apply is over: it holds the lock, and dies with it. */
static void
wait_for_apply(void)
{
	int	 fd = open(STATE_LOCK, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0)
		flock(fd, LOCK_EX);
	if (fd >= 0)
		close(fd);
}

int
confirm_guard(void)
{
	const struct timespec	 pause = { .tv_nsec = 500000000 };
	json_t			*mark = read_mark();
	char			*nonce = is_well_formed(mark) ? xstrdup(json_str(mark, "nonce")) : NULL;
	double			 left = 0, until;
	struct err		*e = NULL;
	bool			 failed;

	json_decref(mark);
	wait_for_apply();
	if (nonce == NULL || !still_waits(nonce, &left)) {
		free(nonce);
		return 0;
	}
	/* When the apply died before it could say since when, it counts from now. */
	until = boot_time() + left;
	while (boot_time() < until && still_waits(nonce, &left))
		nanosleep(&pause, NULL);
	for (int i = 0; i < GUARD_TRIES && still_waits(nonce, &left); i++) {
		err_free(e);
		e = go_back_if_waiting(nonce);
		if (e != NULL)
			nanosleep(&(struct timespec){ .tv_sec = GUARD_PAUSE }, NULL);
	}
	if (e != NULL)
		fprintf(stderr, "leap-node: could not go back: %s\n", err_message(e));
	free(nonce);
	failed = e != NULL;
	err_free(e);
	return failed;
}
