/* base: allocation that never fails, and memory that forgets. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdarg.h>
#include <stddef.h>

#define ARRAY_LEN(a)	(sizeof(a) / sizeof((a)[0]))
#define NODISCARD	__attribute__((warn_unused_result))
#define PRINTF(f, a)	__attribute__((format(printf, f, a)))

/* As their namesakes, but out of memory aborts the program, here and nowhere else. */
void	*xmalloc(size_t size);
void	*xcalloc(size_t count, size_t size);
void	*xrealloc(void *mem, size_t count, size_t size);
char	*xstrdup(const char *text);
char	*xstrndup(const char *text, size_t len);

/* A new string, the caller's, free(). */
PRINTF(1, 2)
char	*xasprintf(const char *format, ...);
PRINTF(1, 0)
char	*xvasprintf(const char *format, va_list args);

/* Overwrite `len` bytes in a way that the compiler may not drop. */
void	 mem_cleanse(void *mem, size_t len);

/* Keys pass through this process: nothing of its memory may end in a core file, nor of the programs that it starts. */
void	 mem_forbid_core(void);

#endif
