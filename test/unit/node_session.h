/* test/unit: leap's side of sessions with leap-node, on a root of their own. */
/* May know node, wire, base.  Needs root for a mount namespace and chroot(2). */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEST_UNIT_NODE_SESSION_H
#define TEST_UNIT_NODE_SESSION_H

#include "test.h"

#include "base/file.h"
#include "base/json.h"
#include "base/strs.h"
#include "node/session.h"
#include "node/state.h"
#include "wire/frame.h"
#include "wire/manifest.h"
#include "wire/request.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define SMALL_DISK	"/small"	/* 1 MiB */

/* leap's side of one session. */
struct talk {
	struct manifest	*manifest;
	const char	*op;
	const char	*who;		/* NULL: "me@test" */
	unsigned	 generation;
	bool		 keep, dirty, force;
	const char	*commit;	/* or NULL */
	const char	*path, *message;
	useconds_t	 kill_after;	/* microseconds, 0 is never */
	bool		 cancel;	/* send CANCEL instead of contents */
	bool		 hang_up;	/* close the channel instead of sending contents */
	json_t		*result;	/* of the RESULT frame, or NULL when there was none */
	struct buf	 events;	/* "file:/a create\n", ... */
	struct buf	 kept;		/* details of "keep" */
	unsigned	 needed;	/* contents that were asked for */
};

static inline pid_t
start(int *to, int *from)
{
	int	 up[2], down[2];
	pid_t	 child;

	if (pipe2(up, O_CLOEXEC) != 0 || pipe2(down, O_CLOEXEC) != 0)
		abort();
	fflush(stdout);
	child = fork();
	if (child == 0) {
		close(up[1]);
		close(down[0]);
		_exit(node_session(up[0], down[1]));
	}
	close(up[0]);
	close(down[1]);
	*to = up[1];
	*from = down[0];
	return child;
}

static inline void
send_contents(struct talk *talk, int to, const json_t *need)
{
	struct buf		 out = { 0 };
	const struct blob	*blob;
	const json_t		*name;
	size_t			 i;

	json_array_foreach(json_object_get(need, "blobs"), i, name) {
		talk->needed++;
		blob = manifest_blob(talk->manifest, json_string_value(name));
		if (CHECK(blob != NULL) && !talk->cancel && !talk->hang_up)
			frame_add_zstd(&out, FRAME_BLOB, blob->sha256, blob->data, blob->len);
	}
	if (talk->cancel)
		frame_add(&out, FRAME_CANCEL, NULL, 0);
	(void)!write_all(to, out.data, out.len);
	buf_fini(&out);
}

static inline void
take_frame(struct talk *talk, int *to, const struct frame *frame)
{
	json_t	*json = json_loadb(frame->data, frame->len, 0, NULL);

	CHECK(json != NULL);
	if (frame->type == FRAME_NEED) {
		send_contents(talk, *to, json);
		if (talk->hang_up) {
			close(*to);
			*to = -1;
		}
	} else if (frame->type == FRAME_EVENT) {
		buf_addf(&talk->events, "%s %s\n", json_str(json, "resource"), json_str(json, "action"));
		if (strcmp(json_str(json, "action"), "keep") == 0)
			buf_addf(&talk->kept, "%s\n", json_str(json, "detail"));
	} else if (frame->type == FRAME_RESULT) {
		talk->result = json_incref(json);
	}
	json_decref(json);
}

/* Read frames until the node closes its end. */
static inline void
listen_to(struct talk *talk, int *to, int from)
{
	struct buf	 in = { 0 };
	struct frame	 frame;
	size_t		 offset = 0;
	ssize_t		 got;
	int		 complete = 0;

	do {
		buf_reserve(&in, 65536);
		got = read(from, in.data + in.len, 65536);
		in.len += got > 0 ? (size_t)got : 0;
		while (CHECK_OK(frame_next(&frame, &in, &offset, FRAME_MAX_DOWN, &complete)) && complete)
			take_frame(talk, to, &frame);
	} while (got > 0);
	buf_fini(&in);
}

static inline void
kill_later(pid_t child, useconds_t after)
{
	if (fork() != 0)
		return;
	usleep(after);
	kill(child, SIGKILL);
	_exit(0);
}

static inline void
talk_fini(struct talk *talk)
{
	json_decref(talk->result);
	talk->result = NULL;
	talk->needed = 0;
	buf_fini(&talk->events);
	buf_fini(&talk->kept);
}

/* A whole session; what an earlier one left in `talk` is forgotten. */
static inline void
run_session(struct talk *talk)
{
	struct request	 request = { .op = (char *)(talk->op != NULL ? talk->op : "apply"),
	    .who = (char *)(talk->who != NULL ? talk->who : "me@test"), .generation = talk->generation, .keep = talk->keep,
	    .dirty = talk->dirty, .force = talk->force, .commit = (char *)talk->commit,
	    .path = (char *)talk->path, .message = (char *)talk->message };
	json_t		*json = request_to_json(&request);
	struct buf	 out = { 0 }, text = { 0 };
	int		 to, from;
	pid_t		 child;

	talk_fini(talk);
	child = start(&to, &from);
	if (talk->kill_after != 0)
		kill_later(child, talk->kill_after);
	json_canonical(json, &text);
	frame_add(&out, FRAME_REQUEST, text.data, text.len);
	buf_clear(&text);
	json_canonical(talk->manifest->root, &text);
	frame_add_zstd(&out, FRAME_MANIFEST, NULL, text.data, text.len);
	(void)!write_all(to, out.data, out.len);
	listen_to(talk, &to, from);
	if (to >= 0)
		close(to);
	close(from);
	while (wait(NULL) > 0)
		;
	json_decref(json);
	buf_fini(&out);
	buf_fini(&text);
}

static inline const char *
result_of(const struct talk *talk)
{
	return talk->result != NULL ? json_str(talk->result, "result") : NULL;
}

static inline const char *
error_of(const struct talk *talk)
{
	const char	*error = talk->result != NULL ? json_str(talk->result, "error") : NULL;

	return error != NULL ? error : "";
}

static inline int
changed_by(const struct talk *talk)
{
	return (int)json_int(talk->result, "changed", -1);
}

static inline void
add_resource(struct manifest *manifest, json_t *take_resource)
{
	json_array_append_new(json_object_get(manifest->root, "resources"), take_resource);
}

static inline void
add_file(struct manifest *manifest, const char *path, const char *mode, const char *owner, const void *data, size_t len)
{
	const char	*sha256 = manifest_add_blob(manifest, data, len, 0);

	add_resource(manifest, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "type", "file", "path", path, "mode",
	    mode, "owner", owner, "group", "root", "sha256", sha256, "size", (json_int_t)len));
}

static inline void
add_text(struct manifest *manifest, const char *path, const char *text)
{
	add_file(manifest, path, "0644", "root", text, strlen(text));
}

static inline void
add_directory(struct manifest *manifest, const char *path)
{
	add_resource(manifest, json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", "directory", "path", path, "mode", "0755",
	    "owner", "root", "group", "root"));
}

static inline void
add_link(struct manifest *manifest, const char *path, const char *target)
{
	add_resource(manifest, json_pack("{s:s, s:s, s:s}", "type", "link", "path", path, "target", target));
}

static inline void
put(const char *path, const char *text)
{
	CHECK_OK(file_write(path, text, strlen(text), 0644));
}

static inline char *
get(const char *path)
{
	struct buf	 text = { 0 };
	struct err	*e = file_read(path, 1u << 20, &text);

	if (e != NULL)
		buf_adds(&text, "(none)");
	err_free(e);
	return buf_take(&text);
}

static inline void
check_text(int line, const char *path, const char *want)
{
	char	*have = get(path);

	test_check_str(__FILE__, line, path, have, want);
	free(have);
}
#define CHECK_TEXT(path, want)	check_text(__LINE__, path, want)

/* Everything below `path` as text: names, kinds, modes, owners, contents. */
static inline void
snapshot(const char *path, struct buf *out)
{
	struct strs	 names = { 0 };
	char		 target[256];
	struct stat	 st;
	ssize_t		 len;

	err_free(dir_list(path, &names));
	for (size_t i = 0; i < names.count; i++) {
		char	*child = path_join(path, names.items[i]), *text = NULL;

		CHECK_INT(lstat(child, &st), 0);
		buf_addf(out, "%s %o %u:%u", child, st.st_mode, st.st_uid, st.st_gid);
		if (S_ISLNK(st.st_mode)) {
			len = readlink(child, target, sizeof(target) - 1);
			target[len > 0 ? len : 0] = '\0';
			buf_addf(out, " -> %s", target);
		} else if (S_ISREG(st.st_mode)) {
			text = get(child);
			buf_addf(out, " %s", text);
		}
		buf_addc(out, '\n');
		if (S_ISDIR(st.st_mode))
			snapshot(child, out);
		free(text);
		free(child);
	}
	strs_fini(&names);
}

static inline char *
tree(void)
{
	struct buf	 out = { 0 };

	snapshot("/etc", &out);
	snapshot("/srv", &out);
	return buf_take(&out);
}

/* Where the newest that was kept of `path` is; the caller's, free(). */
static inline char *
kept_path(const char *path)
{
	struct strs	 names = { 0 };
	char		*kept = xstrdup(STATE_KEPT);

	CHECK_OK(dir_list(STATE_KEPT, &names));
	for (size_t i = 0; i < names.count; i++) {
		char	*one = xasprintf("%s/%s%s", STATE_KEPT, names.items[i], path);

		if (file_exists(one)) {
			free(kept);
			kept = xstrdup(one);
		}
		free(one);
	}
	strs_fini(&names);
	return kept;
}

/* A node as it was before leap: a few accounts, a file, a link. */
static inline void
fresh_node(void)
{
	err_free(dir_remove("/etc"));
	err_free(dir_remove("/srv"));
	err_free(dir_remove(NODE_STATE));
	CHECK_OK(dir_make("/etc", 0755));
	CHECK_OK(dir_make("/srv", 0755));
	put("/etc/passwd", "root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/srv:/bin/sh\n");
	put("/etc/group", "root:x:0:\napp:x:1000:\n");
	put("/etc/motd", "original\n");
	CHECK_INT(chown("/etc/motd", 1000, 1000), 0);
	CHECK_INT(chmod("/etc/motd", 0664), 0);
	CHECK_INT(symlink("old-target", "/etc/link"), 0);
}

/* A root of our own, gone when this process ends. */
static inline const char *
enter_root(void)
{
	static const char	 root[] = "/tmp";

	if (geteuid() != 0)
		return "not root";
	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return "no mount namespace of one's own here";
	if (mount("tmpfs", root, "tmpfs", 0, "mode=0755,size=64m") != 0 || chdir(root) != 0)
		return "cannot mount a tmpfs here";
	if (mkdir("proc", 0755) != 0 || mkdir("dev", 0755) != 0 || mkdir("var", 0755) != 0 || mkdir("var/lib", 0755) != 0 ||
	    mkdir("." SMALL_DISK, 0755) != 0 || mount("/proc", "proc", NULL, MS_BIND | MS_REC, NULL) != 0 ||
	    mount("tmpfs", "." SMALL_DISK, "tmpfs", 0, "mode=0755,size=1m") != 0 ||
	    mknod("dev/null", S_IFCHR | 0666, makedev(1, 3)) != 0 || mkdir("usr", 0755) != 0 ||
	    mount("/usr", "usr", NULL, MS_BIND | MS_REC, NULL) != 0 || symlink("usr/bin", "bin") != 0 ||
	    symlink("usr/lib", "lib") != 0 || symlink("usr/lib64", "lib64") != 0 || chroot(".") != 0)
		return "cannot make a root here";
	return NULL;
}

#endif
