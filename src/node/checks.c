/* node: the checks of a manifest, tried on the node itself. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/checks.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "node/http.h"
#include "node/run.h"
#include "node/sockets.h"
#include "node/tool.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TIMEOUT_DEFAULT	10
#define PAUSE_NS	150000000

static struct err *
check_listen(const json_t *check)
{
	const char	*address = json_str(check, "address"), *protocol = json_str(check, "protocol");
	unsigned	 port = (unsigned)json_int(check, "port", 0);
	uint8_t		 bytes[16] = { 0 };
	size_t		 len = 0;

	if (address != NULL)
		len = inet_pton(AF_INET, address, bytes) == 1 ? 4 : inet_pton(AF_INET6, address, bytes) == 1 ? 16 : 0;
	if (sockets_open(strcmp(protocol, "tcp") == 0, port, len > 0 ? bytes : NULL, len))
		return NULL;
	return err_new(ERR_FAILED, "nothing listens on %s port %u%s%s", protocol, port, address != NULL ? " of " : "",
	    address != NULL ? address : "");
}

static struct err *
check_http(const json_t *check, unsigned seconds)
{
	const char	*url = json_str(check, "url"), *contains = json_str(check, "contains");
	struct buf	 body = { 0 };
	struct err	*e;
	int		 status;

	e = http_get(url, json_str(check, "host"), seconds, &status, &body);
	if (e == NULL && status != (int)json_int(check, "status", 200))
		e = err_new(ERR_FAILED, "%s answers with status %d instead of %d", url, status,
		    (int)json_int(check, "status", 200));
	else if (e == NULL && contains != NULL && strstr(buf_text(&body), contains) == NULL)
		e = err_new(ERR_FAILED, "%s answers without \"%s\"", url, contains);
	buf_fini(&body);
	return e;
}

static struct err *
check_unit(struct run *run, const json_t *check)
{
	const struct unit	*unit;
	struct err		*e;

	e = systemd_unit(&run->systemd, json_str(check, "name"), &unit);
	if (e == NULL && !unit->active)
		e = err_new(ERR_FAILED, "%s is %s", unit->name, unit->found ? unit->state : "not there");
	return e;
}

static struct err *
check_command(const json_t *check, unsigned seconds)
{
	struct buf	 output = { 0 };
	struct err	*e;
	char		*tail;
	bool		 ok;

	e = tool_test(json_str(check, "command"), seconds, &ok, &output);
	tail = text_tail(buf_text(&output), 5);
	if (e == NULL && !ok)
		e = err_new(ERR_FAILED, "the command failed%s%s", *tail != '\0' ? ":\n" : "", tail);
	free(tail);
	buf_fini(&output);
	return e;
}

static struct err *
try_check(struct run *run, const json_t *check, unsigned seconds)
{
	const char	*type = json_str(check, "type");

	if (strcmp(type, "listen") == 0)
		return check_listen(check);
	if (strcmp(type, "http") == 0)
		return check_http(check, seconds);
	if (strcmp(type, "unit") == 0)
		return check_unit(run, check);
	return check_command(check, seconds);
}

static char *
check_id(const json_t *check)
{
	const char	*type = json_str(check, "type");

	if (strcmp(type, "listen") == 0)
		return xasprintf("check:listen:%s/%lld", json_str(check, "protocol"),
		    (long long)json_int(check, "port", 0));
	if (strcmp(type, "http") == 0)
		return xasprintf("check:http:%s", json_str(check, "url"));
	return xasprintf("check:%s:%s", type, json_str(check, "name"));
}

/* One check on its way. */
struct trial {
	const json_t	*check;
	unsigned	 seconds;
	bool		 over;
};

/* Try once; tell leap when it passed or its time is up. */
static void
try_once(struct run *run, struct trial *trial, double since, bool patient)
{
	double		 left = since + trial->seconds - clock_now();
	struct err	*e = try_check(run, trial->check, patient && left >= 1 ? (unsigned)left : trial->seconds);
	char		*id;

	trial->over = e == NULL || !patient || since + trial->seconds <= clock_now();
	if (trial->over) {
		id = check_id(trial->check);
		run_event(run, id, "check", NULL, e != NULL ? err_message(e) : NULL);
		channel_flush(run->channel);
		run->checks++;
		run->checks_failed += e != NULL;
		free(id);
	}
	err_free(e);
}

struct err *
checks_run(struct run *run, bool patient)
{
	const struct timespec	 pause = { .tv_nsec = PAUSE_NS };
	const json_t		*list = json_object_get(run->manifest->root, "checks"), *check;
	struct trial		*trials = xcalloc(json_array_size(list) + 1, sizeof(*trials));
	size_t			 i, open = json_array_size(list);
	double			 since = clock_now();

	json_array_foreach(list, i, check)
		trials[i] = (struct trial){ .check = check,
		    .seconds = (unsigned)json_int(check, "timeout", TIMEOUT_DEFAULT) };
	while (open > 0) {
		open = 0;
		for (i = 0; i < json_array_size(list); i++) {
			if (!trials[i].over)
				try_once(run, &trials[i], since, patient);
			open += !trials[i].over;
		}
		run->cancelled = run->cancelled || channel_stopped(run->channel);
		if (open == 0 || run->cancelled)
			break;
		nanosleep(&pause, NULL);
		systemd_forget(&run->systemd);
	}
	free(trials);
	return NULL;
}
