/* node: just enough HTTP to see whether a server answers. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/http.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/strs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define BODY_MAX	(1u << 20)
#define HOSTS_MAX	(4u << 20)

int
http_split(const char *url, char **host, unsigned *port, char **path)
{
	const char	*from = url + strlen("http://"), *end, *colon;
	char		*rest;
	unsigned long	 number = 80;
	bool		 bracket;

	*host = *path = NULL;
	if (!str_starts(url, "http://"))
		return 0;
	bracket = *from == '[';
	from += bracket;
	end = from + strcspn(from, bracket ? "]" : ":/?#");
	colon = end + (bracket && *end == ']');
	if (end == from || (bracket && *end != ']'))
		return 0;
	rest = (char *)colon;
	if (*colon == ':')
		number = strtoul(colon + 1, &rest, 10);
	if (number < 1 || number > 65535 || (*rest != '\0' && *rest != '/' && *rest != '?' && *rest != '#'))
		return 0;
	*port = (unsigned)number;
	*host = xstrndup(from, (size_t)(end - from));
	*path = xasprintf("%s%.*s", *rest == '/' ? "" : "/", (int)strcspn(rest, "#"), rest);
	return 1;
}

/* The first address that /etc/hosts has for a name. */
static char *
look_up(const char *name)
{
	struct buf	 text = { 0 };
	struct err	*e = file_read("/etc/hosts", HOSTS_MAX, &text);
	char		*found = NULL, *line, *word, *lines = NULL, *words = NULL, *address;

	err_free(e);
	for (line = text.data != NULL ? strtok_r(text.data, "\n", &lines) : NULL; line != NULL && found == NULL;
	    line = strtok_r(NULL, "\n", &lines)) {
		line[strcspn(line, "#")] = '\0';
		address = strtok_r(line, " \t", &words);
		while (address != NULL && found == NULL && (word = strtok_r(NULL, " \t", &words)) != NULL)
			if (strcasecmp(word, name) == 0)
				found = xstrdup(address);
	}
	buf_fini(&text);
	return found;
}

static bool
fill_address(struct sockaddr_storage *out, socklen_t *len, const char *text, unsigned port)
{
	struct sockaddr_in	*in = (struct sockaddr_in *)out;
	struct sockaddr_in6	*in6 = (struct sockaddr_in6 *)out;

	*out = (struct sockaddr_storage){ 0 };
	if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons((uint16_t)port);
		*len = sizeof(*in);
		return true;
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons((uint16_t)port);
	*len = sizeof(*in6);
	return inet_pton(AF_INET6, text, &in6->sin6_addr) == 1;
}

static struct err *
dial(const char *host, unsigned port, unsigned seconds, int *fd)
{
	const struct timeval	 limit = { .tv_sec = (time_t)seconds };
	struct sockaddr_storage	 address;
	socklen_t		 len;
	char			*known = look_up(host);
	bool			 usable = fill_address(&address, &len, known != NULL ? known : host, port);

	free(known);
	if (!usable)
		return err_hint(err_new(ERR_FAILED, "\"%s\" is no IP address and not in /etc/hosts", host),
		    "use the address in url, and the name in host");
	*fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* The limits hold for connect(2) too, socket(7). */
	if (*fd < 0 || setsockopt(*fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) != 0 ||
	    setsockopt(*fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) != 0 ||
	    connect(*fd, (struct sockaddr *)&address, len) != 0)
		return err_errno(ERR_FAILED, "cannot connect to %s port %u", host, port);
	return NULL;
}

static struct err *
converse(int fd, const struct buf *question, struct buf *answer)
{
	char	 block[16384];
	ssize_t	 got;

	if (write_all(fd, question->data, question->len) != 0)
		return err_errno(ERR_FAILED, "cannot send the request");
	while (answer->len < BODY_MAX && (got = read(fd, block, sizeof(block))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(ERR_FAILED, "no answer");
		buf_add(answer, block, (size_t)got);
	}
	return NULL;
}

struct err *
http_get(const char *url, const char *host, unsigned seconds, int *status, struct buf *body)
{
	struct buf	 question = { 0 }, answer = { 0 };
	char		*name, *path;
	const char	*header_end;
	unsigned	 port;
	struct err	*e;
	int		 fd = -1;

	*status = 0;
	if (!http_split(url, &name, &port, &path))
		return err_new(ERR_FAILED, "\"%s\" is no http:// address", url);
	buf_addf(&question, "GET %s HTTP/1.0\r\nHost: %s\r\nUser-Agent: leap-node\r\nConnection: close\r\n\r\n", path,
	    host != NULL ? host : name);
	e = dial(name, port, seconds, &fd);
	if (e == NULL)
		e = converse(fd, &question, &answer);
	if (e == NULL && sscanf(buf_text(&answer), "HTTP/1.%*1d %3d", status) != 1)
		e = err_new(ERR_FAILED, "%s: what answers does not speak HTTP", url);
	header_end = strstr(buf_text(&answer), "\r\n\r\n");
	if (e == NULL && header_end != NULL)
		buf_adds(body, header_end + 4);
	if (fd >= 0)
		close(fd);
	free(name);
	free(path);
	buf_fini(&question);
	buf_fini(&answer);
	return e;
}
