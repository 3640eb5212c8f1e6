/* test/unit: what leap-node reads of a system: dpkg, systemd, sockets, URLs. */
/* May know node, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include "node/dbus.h"
#include "node/dpkg.h"
#include "node/http.h"
#include "node/sockets.h"
#include "node/systemd.h"
#include "node/tool.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static const char	status[] =
    "Package: nginx\n"
    "Status: install ok installed\n"
    "Architecture: amd64\n"
    "Description: a server\n"
    " Package: hidden\n"
    " Status: install ok installed\n"
    "\n"
    "Package: removed\n"
    "Status: deinstall ok config-files\n"
    "Architecture: amd64\n"
    "\n"
    "Package: libc6\n"
    "Status: install ok installed\n"
    "Architecture: amd64\n"
    "\n"
    "Package: libc6\n"
    "Status: install ok half-configured\n"
    "Architecture: i386\n"
    "\n"
    "Package: both\n"
    "Status: install ok unpacked\n"
    "Architecture: i386\n"
    "\n"
    "Package: both\n"
    "Status: hold ok installed\n"
    "Architecture: amd64\n"
    "\n"
    "Package: waits\n"
    "Priority: optional\n"
    "Status: install ok triggers-awaited\n"
    "Architecture: all\n";

TEST(dpkg_tells_installed_from_anything_less)
{
	static const struct {
		const char	*name;
		bool		 want;
	} cases[] = {
		{ "nginx", true },
		{ "nginx:amd64", true },
		{ "nginx:arm64", false },
		{ "ngin", false },
		{ "nginx-full", false },
		{ "hidden", false },
		{ "removed", false },
		{ "libc6", true },
		{ "libc6:i386", false },
		{ "both", true },
		{ "both:i386", false },
		{ "waits", true },
		{ "waits:amd64", true },
		{ "absent", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (dpkg_find(status, cases[i].name) != cases[i].want)
			test_wrong(__FILE__, __LINE__, "%s", cases[i].name);
	CHECK(!dpkg_find("", "nginx"));
}

TEST(systemd_answers_are_matched_to_names_by_order)
{
	struct systemd		 systemd = { 0 };
	const struct unit	*unit;

	systemd_announce(&systemd, "nginx");
	systemd_announce(&systemd, "nginx.service");
	systemd_announce(&systemd, "a.timer");
	systemd_announce(&systemd, "absent");
	systemd_announce(&systemd, "off");
	CHECK_INT(systemd.names.count, 4);
	CHECK_OK(systemd_parse(&systemd,
	    "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\n\n"
	    "LoadState=loaded\nActiveState=failed\nUnitFileState=static\n\n"
	    "LoadState=not-found\nActiveState=inactive\nUnitFileState=\n\n"
	    "LoadState=masked\nActiveState=inactive\nUnitFileState=masked\n"));
	CHECK_OK(systemd_unit(&systemd, "nginx", &unit));
	CHECK(unit->found && unit->active && unit->enabled && !unit->fixed && !unit->masked);
	CHECK_OK(systemd_unit(&systemd, "a.timer", &unit));
	CHECK(unit->found && !unit->active && !unit->enabled && unit->fixed);
	CHECK_STR(unit->state, "failed");
	CHECK_OK(systemd_unit(&systemd, "absent", &unit));
	CHECK(!unit->found && !unit->active && !unit->enabled);
	CHECK_OK(systemd_unit(&systemd, "off", &unit));
	CHECK(unit->masked && !unit->enabled && !unit->fixed);
	CHECK_ERR(systemd_parse(&systemd, "LoadState=loaded\n"), "systemctl answered for 1 units instead of 4\n");
	systemd_fini(&systemd);
}

/* As Linux prints them on a little-endian machine. */
static const char	tcp[] =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    "   0: 0100007F:0019 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0\n"
    "   1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1 0 100 0 0 10 0\n"
    "   2: 0100007F:01BB 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 3 1 0 100 0 0 10 0\n";
static const char	tcp6[] =
    "  sl  local_address                         remote_address                        st tx_queue\n"
    "   0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00:0 0 0 0\n"
    "   1: 00000000000000000000000001000000:0035 00000000000000000000000000000000:0000 0A 00000000:00000000 00:0 0 0 0\n";

TEST(sockets_listen_only_where_they_are_bound)
{
	static const uint8_t	 local[4] = { 127, 0, 0, 1 }, other[4] = { 10, 0, 0, 1 }, local6[16] = { [15] = 1 };

	CHECK(sockets_listen(tcp, 0x0a, 25, NULL, 0));
	CHECK(sockets_listen(tcp, 0x0a, 25, local, 4));
	CHECK(!sockets_listen(tcp, 0x0a, 25, other, 4));
	CHECK(sockets_listen(tcp, 0x0a, 80, other, 4));
	CHECK(!sockets_listen(tcp, 0x0a, 80, local6, 16));
	CHECK(!sockets_listen(tcp, 0x0a, 443, NULL, 0));
	CHECK(!sockets_listen(tcp, 0x0a, 8, NULL, 0));
	CHECK(sockets_listen(tcp6, 0x0a, 22, other, 4));
	CHECK(sockets_listen(tcp6, 0x0a, 22, local6, 16));
	CHECK(sockets_listen(tcp6, 0x0a, 53, local6, 16));
	CHECK(!sockets_listen(tcp6, 0x0a, 53, local, 4));
	CHECK(!sockets_listen("rubbish\n 0: x 0A\n1: 00:zz y 0A z\n", 0x0a, 22, NULL, 0));
}

TEST(sockets_open_finds_those_of_this_machine)
{
	static const uint8_t	 local[4] = { 127, 0, 0, 1 }, other[4] = { 10, 0, 0, 1 };
	struct sockaddr_in	 address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t		 len = sizeof(address);

	for (int stream = 0; stream < 2; stream++) {
		int		 fd = socket(AF_INET, (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
		unsigned	 port;

		address.sin_port = 0;
		CHECK_INT(bind(fd, (struct sockaddr *)&address, len), 0);
		CHECK_INT(getsockname(fd, (struct sockaddr *)&address, &len), 0);
		port = ntohs(address.sin_port);
		if (stream) {
			CHECK(!sockets_open(true, port, NULL, 0));
			CHECK_INT(listen(fd, 1), 0);
		}
		CHECK(sockets_open(stream, port, NULL, 0));
		CHECK(sockets_open(stream, port, local, 4));
		CHECK(!sockets_open(stream, port, other, 4));
		close(fd);
		CHECK(!sockets_open(stream, port, NULL, 0));
	}
}

TEST(http_url_is_taken_apart)
{
	static const struct {
		const char	*url, *host;
		unsigned	 port;
		const char	*path;
	} cases[] = {
		{ "http://10.0.0.1", "10.0.0.1", 80, "/" },
		{ "http://10.0.0.1/a/b?c#d", "10.0.0.1", 80, "/a/b?c" },
		{ "http://web1:8080?x", "web1", 8080, "/?x" },
		{ "http://[::1]:81/", "::1", 81, "/" },
		{ "http://[::1]", "::1", 80, "/" },
		{ "https://web1/", NULL, 0, NULL },
		{ "http://", NULL, 0, NULL },
		{ "http://:80/", NULL, 0, NULL },
		{ "http://web1:0/", NULL, 0, NULL },
		{ "http://web1:99999/", NULL, 0, NULL },
		{ "http://web1:80x/", NULL, 0, NULL },
		{ "http://[::1", NULL, 0, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char		*host, *path;
		unsigned	 port = 0;

		CHECK_INT(http_split(cases[i].url, &host, &port, &path), cases[i].host != NULL);
		CHECK_STR(host, cases[i].host);
		CHECK_STR(path, cases[i].path);
		if (host != NULL)
			CHECK_INT(port, cases[i].port);
		free(host);
		free(path);
	}
}

/* "reply to 7" with a string and a number, as a peer would send it. */
static void
put_answer(struct buf *out)
{
	static const char	 header[] = "l\2\1\1\x0c\0\0\0\1\0\0\0\x0f\0\0\0"	/* body 12, fields 15 bytes */
	    "\5\1u\0\7\0\0\0"							/* reply serial 7 */
	    "\x08\1g\0\2su\0";								/* signature "su", padding */

	buf_add(out, header, sizeof(header) - 1);
	buf_add(out, "\3\0\0\0abc\0\x2a\0\0\0", 12);
}

TEST(dbus_message_arrives_byte_by_byte)
{
	struct buf		 whole = { 0 }, in = { 0 };
	struct dbus_message	 message;
	size_t			 offset = 0;
	bool			 complete = true;

	put_answer(&whole);
	for (size_t i = 0; i < whole.len; i++) {
		CHECK(dbus_next(&message, &in, &offset, &complete) && !complete);
		buf_addc(&in, whole.data[i]);
	}
	CHECK(dbus_next(&message, &in, &offset, &complete) && complete);
	CHECK_INT(offset, whole.len);
	CHECK(message.is_return);
	CHECK_INT(message.reply_to, 7);
	CHECK_STR(dbus_get_string(&message.body), "abc");
	CHECK_INT(dbus_get_u32(&message.body), 42);
	CHECK(!message.body.bad);
	dbus_get_u32(&message.body);
	CHECK(message.body.bad);
	buf_fini(&whole);
	buf_fini(&in);
}

TEST(dbus_string_that_reaches_beyond_the_message_is_bad)
{
	struct buf		 text = { 0 };
	struct dbus_reader	 reader;

	dbus_put_string(&text, "hello");
	for (size_t len = 0; len < text.len; len++) {
		reader = (struct dbus_reader){ .data = text.data, .len = len };
		CHECK_STR(dbus_get_string(&reader), "");
		CHECK(reader.bad);
	}
	text.data[3] = (char)0xff;
	reader = (struct dbus_reader){ .data = text.data, .len = text.len };
	CHECK_STR(dbus_get_string(&reader), "");
	buf_fini(&text);
}

TEST(tool_failure_quotes_the_end_of_the_output)
{
	const char	*argv[] = { "/bin/sh", "-c", "for i in $(seq 100); do echo line $i; done; exit 3", NULL };
	char		*tail = text_tail("a\nb\nc\n\n", 2);

	CHECK_STR(tail, "b\nc");
	free(tail);
	CHECK_ERR(tool_run(argv, NULL, 10, NULL), "the command failed with status 3:\n"
	    "line 89\nline 90\nline 91\nline 92\nline 93\nline 94\nline 95\nline 96\nline 97\nline 98\nline 99\nline 100\n");
}

int
main(void)
{
	RUN(dpkg_tells_installed_from_anything_less);
	RUN(systemd_answers_are_matched_to_names_by_order);
	RUN(sockets_listen_only_where_they_are_bound);
	RUN(sockets_open_finds_those_of_this_machine);
	RUN(http_url_is_taken_apart);
	RUN(dbus_message_arrives_byte_by_byte);
	RUN(dbus_string_that_reaches_beyond_the_message_is_bad);
	RUN(tool_failure_quotes_the_end_of_the_output);
	return test_done();
}
