/* base: SHA-256 as the name of content. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/sha256.h"

#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <sha2.h>
#include <string.h>
#include <unistd.h>

static void
finish(SHA2_CTX *context, char out[SHA256_HEX_SIZE])
{
	static const char	 digits[] = "0123456789abcdef";
	unsigned char		 digest[SHA256_DIGEST_LENGTH];
	size_t			 i;

	SHA256Final(digest, context);
	for (i = 0; i < sizeof(digest); i++) {
		out[2 * i] = digits[digest[i] >> 4];
		out[2 * i + 1] = digits[digest[i] & 15];
	}
	out[2 * i] = '\0';
	mem_cleanse(context, sizeof(*context));
}

void
sha256_bytes(const void *data, size_t len, unsigned char out[SHA256_SIZE])
{
	SHA2_CTX	 context;

	SHA256Init(&context);
	SHA256Update(&context, data, len);
	SHA256Final(out, &context);
	mem_cleanse(&context, sizeof(context));
}

void
sha256_hex(const void *data, size_t len, char out[SHA256_HEX_SIZE])
{
	SHA2_CTX	 context;

	SHA256Init(&context);
	SHA256Update(&context, data, len);
	finish(&context, out);
}

struct err *
sha256_fd(int fd, char out[SHA256_HEX_SIZE])
{
	SHA2_CTX	 context;
	unsigned char	 block[65536];
	size_t		 used = 0;
	ssize_t		 got;
	struct err	*e = NULL;

	SHA256Init(&context);
	for (;;) {
		got = read(fd, block, sizeof(block));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			e = err_errno(ERR_FAILED, "cannot read");
		if (got <= 0)
			break;
		SHA256Update(&context, block, (size_t)got);
		used = (size_t)got > used ? (size_t)got : used;
	}
	finish(&context, out);
	mem_cleanse(block, used);	/* it may have been a key's file */
	return e;
}

struct err *
sha256_file(const char *path, char out[SHA256_HEX_SIZE])
{
	struct err	*e;
	int		 fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(ERR_FAILED, "%s", path);
	e = err_context(sha256_fd(fd, out), "%s", path);
	close(fd);
	return e;
}

bool
sha256_valid(const char *text)
{
	return strspn(text, "0123456789abcdef") == SHA256_HEX_SIZE - 1 && text[SHA256_HEX_SIZE - 1] == '\0';
}
