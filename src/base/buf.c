/* base: a growing buffer of bytes. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
buf_fini(struct buf *buf)
{
	bool	 secret = buf->secret;

	if (secret)
		mem_cleanse(buf->data, buf->cap);
	free(buf->data);
	*buf = (struct buf){ .secret = secret };
}

void
buf_clear(struct buf *buf)
{
	if (buf->secret)
		mem_cleanse(buf->data, buf->cap);
	buf->len = 0;
	if (buf->data != NULL)
		buf->data[0] = '\0';
}

void
buf_reserve(struct buf *buf, size_t more)
{
	size_t	 need = buf->len + more + 1;
	size_t	 cap = buf->cap;
	char	*data;

	if (need <= cap)
		return;
	if (need <= buf->len)
		need = SIZE_MAX;	/* wrapped: no allocation can give that */
	while (cap < need)
		cap = cap < 64 ? 64 : cap > SIZE_MAX / 2 ? SIZE_MAX : cap * 2;
	if (!buf->secret) {
		buf->data = xrealloc(buf->data, cap, 1);
	} else {
		/* realloc() could leave a copy behind. */
		data = xmalloc(cap);
		if (buf->data != NULL)
			memcpy(data, buf->data, buf->len);
		mem_cleanse(buf->data, buf->cap);
		free(buf->data);
		buf->data = data;
	}
	buf->cap = cap;
	buf->data[buf->len] = '\0';
}

void
buf_add(struct buf *buf, const void *data, size_t len)
{
	buf_reserve(buf, len);
	if (len != 0)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void
buf_addc(struct buf *buf, char byte)
{
	buf_add(buf, &byte, 1);
}

void
buf_adds(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void
buf_addv(struct buf *buf, const char *format, va_list args)
{
	char	*text = xvasprintf(format, args);

	buf_adds(buf, text);
	if (buf->secret)
		mem_cleanse(text, strlen(text));
	free(text);
}

void
buf_addf(struct buf *buf, const char *format, ...)
{
	va_list	 args;

	va_start(args, format);
	buf_addv(buf, format, args);
	va_end(args);
}

void
buf_drop(struct buf *buf, size_t len)
{
	if (len == 0)
		return;
	if (len > buf->len)
		len = buf->len;
	memmove(buf->data, buf->data + len, buf->len - len);
	if (buf->secret)
		mem_cleanse(buf->data + buf->len - len, len);
	buf->len -= len;
	buf->data[buf->len] = '\0';
}

const char *
buf_text(const struct buf *buf)
{
	return buf->data != NULL ? buf->data : "";
}

char *
buf_take(struct buf *buf)
{
	char	*text = buf->data != NULL ? buf->data : xstrdup("");

	buf->data = NULL;
	buf->len = buf->cap = 0;
	return text;
}
