/* node: one conversation with leap. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/session.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "node/apply.h"
#include "node/confirm.h"
#include "node/place.h"
#include "node/run.h"
#include "node/state.h"
#include "node/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define REQUEST_SECONDS	60	/* leap sends it with its first write */
#define REQUEST_MAX	(64u << 10)
#define RELEASE_MAX	256

/* The hash of this very program; from the index when the file is the one that was read before. */
static struct err *
program_hash(struct index *index, char out[SHA256_HEX_SIZE])
{
	char		 path[PATH_MAX] = "";
	struct stat	 own, named;
	struct spot	 spot = { .dir = -1 };
	struct err	*e = NULL;
	bool		 same = false;
	ssize_t		 len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (len > 0 && path[0] == '/')
		e = spot_open(&spot, path, true);
	err_free(e);
	e = NULL;
	if (spot.dir >= 0 && stat("/proc/self/exe", &own) == 0 &&
	    fstatat(spot.dir, spot.name, &named, AT_SYMLINK_NOFOLLOW) == 0)
		same = own.st_ino == named.st_ino && own.st_dev == named.st_dev;
	if (same)
		e = index_sha256(index, path, spot.dir, spot.name, &named, out);
	else
		e = sha256_file("/proc/self/exe", out);
	spot_close(&spot);
	return e;
}

/* "13" of "13.1"; a testing release has a name instead. */
static json_t *
debian_release(void)
{
	struct buf	 text = { 0 };
	struct err	*e = file_read("/etc/debian_version", RELEASE_MAX, &text);
	json_t		*release;

	err_free(e);
	if (text.data != NULL)
		text.data[strcspn(text.data, ".\n")] = '\0';
	release = json_text(buf_text(&text));
	buf_fini(&text);
	return release;
}

static void
say_hello(struct channel *channel, struct index *index)
{
	char		 hash[SHA256_HEX_SIZE] = "";
	struct utsname	 name = { 0 };
	struct err	*e = program_hash(index, hash);

	err_free(e);	/* then the hash is empty, and leap will not trust this program */
	uname(&name);
	channel_add(channel, FRAME_HELLO, json_pack("{s:i, s:s, s:o, s:o, s:s}", "version", WIRE_VERSION,
	    "program", hash, "hostname", json_text(name.nodename), "debian", debian_release(), "arch", name.machine));
	channel_flush(channel);
}

static struct err *
expect(struct channel *channel, enum frame_type type, size_t max, struct frame *frame)
{
	struct err	*e = channel_read(channel, frame, max, REQUEST_SECONDS);

	if (e == NULL && frame->type != type)
		e = err_new(ERR_FAILED, "leap sent a frame of type '%c' instead of '%c'", frame->type, type);
	return e;
}

static struct err *
read_request(struct channel *channel, struct request *request, struct manifest *manifest)
{
	struct frame	 frame;
	struct buf	 text = { 0 };
	struct err	*e;

	e = expect(channel, FRAME_REQUEST, REQUEST_MAX, &frame);
	if (e == NULL)
		e = request_parse(request, frame.data, frame.len);
	if (e == NULL)
		e = expect(channel, FRAME_MANIFEST, MANIFEST_MAX, &frame);
	if (e == NULL)
		e = frame_inflate(frame.data, frame.len, MANIFEST_MAX, &text);
	if (e == NULL)
		e = manifest_parse(manifest, buf_text(&text), text.len);
	buf_fini(&text);
	return e;
}

static json_t *
refusal(const struct err *e)
{
	return json_pack("{s:s, s:i, s:i, s:i, s:i, s:i, s:o}", "result", "failed", "changed", 0, "restarted", 0,
	    "generation", 0, "checks", 0, "checks_failed", 0, "error", json_text(err_message(e)));
}

/* What sshd says of the connection (the addresses and ports of both ends), or sudo of the user; the caller's, free(). */
static char *
environment(const char *name, const char *otherwise)
{
	const char	*value = getenv(name);

	return xstrdup(value != NULL ? value : otherwise);
}

/* Alone on the machine: what both programs begin with. */
static void
settle_in(void)
{
	json_setup();
	mem_forbid_core();
	umask(022);	/* what apt, maintainer scripts and commands expect; every file of ours says its own mode */
	(void)!chdir("/");
	tool_environment();
}

int
node_guard(void)
{
	settle_in();
	return confirm_guard();
}

int
node_session(int in, int out)
{
	struct channel	 channel;
	struct request	 request = { 0 };
	struct manifest	 manifest = { 0 };
	struct run	 run = { .channel = &channel, .request = &request, .manifest = &manifest };
	char		*connection = environment("SSH_CONNECTION", ""), *from = xstrndup(connection, strcspn(connection, " "));
	char		*login = environment("SUDO_USER", "root");
	json_t		*result;
	struct err	*e;
	int		 status;

	settle_in();
	channel_open(&channel, in, out);
	index_load(&run.index, STATE_INDEX);
	say_hello(&channel, &run.index);
	e = read_request(&channel, &request, &manifest);
	if (e == NULL) {
		run.from = from;
		run.connection = connection;
		run.login = login;
		run.index.thorough = request.thorough;
		run_do(&run, &result);
	} else {
		result = refusal(e);
	}
	err_free(e);
	channel_add(&channel, FRAME_RESULT, result);
	status = channel_flush(&channel) ? 0 : 1;
	index_fini(&run.index);
	manifest_fini(&manifest);
	request_fini(&request);
	channel_close(&channel);
	free(from);
	free(connection);
	free(login);
	return status;
}
