/* base: allocation that never fails, and memory that forgets. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/mem.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static void *
checked(void *mem)
{
	if (mem == NULL) {
		static const char text[] = "leap: out of memory\n";

		fwrite(text, 1, sizeof(text) - 1, stderr);
		abort();
	}
	return mem;
}

void *
xmalloc(size_t size)
{
	return checked(malloc(size != 0 ? size : 1));
}

void *
xcalloc(size_t count, size_t size)
{
	return checked(calloc(count != 0 ? count : 1, size != 0 ? size : 1));
}

void *
xrealloc(void *mem, size_t count, size_t size)
{
	if (size != 0 && count > SIZE_MAX / size)
		checked(NULL);
	return checked(realloc(mem, count * size != 0 ? count * size : 1));
}

char *
xstrdup(const char *text)
{
	return checked(strdup(text));
}

char *
xstrndup(const char *text, size_t len)
{
	return checked(strndup(text, len));
}

char *
xvasprintf(const char *format, va_list args)
{
	char	*text = NULL;

	if (vasprintf(&text, format, args) < 0)
		checked(NULL);
	return text;
}

char *
xasprintf(const char *format, ...)
{
	va_list	 args;
	char	*text;

	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	return text;
}

void
mem_cleanse(void *mem, size_t len)
{
	if (len != 0)
		explicit_bzero(mem, len);
}

/*
 * The limit stops the kernel; what a debugger writes (gcore) heeds the filter, which takes no kind of memory; and
 * nobody but root may look at all.  The last comes last: what is in /proc/self is root's from then on.
 */
void
mem_forbid_core(void)
{
	int	 fd = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		(void)!write(fd, "0", 1);
		close(fd);
	}
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
#ifndef LEAP_SANITIZED	/* LeakSanitizer needs to look at itself */
	prctl(PR_SET_DUMPABLE, 0);
#endif
}
