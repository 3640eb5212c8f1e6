/* test/fuzz: feeds a corpus to a fuzz target without a fuzzer. */
/* May know LLVMFuzzerTestOneInput() and the C library. */
/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/*
 * The input is copied into an allocation of exactly its size, so that
 * AddressSanitizer sees a read past its end.
 */
static int
replay_file(const char *path)
{
	struct stat st;
	uint8_t *data = NULL;
	FILE *fp = NULL;
	int done = -1;

	fp = fopen(path, "rb");
	if (fp == NULL || fstat(fileno(fp), &st) == -1)
		goto out;
	data = malloc(st.st_size > 0 ? (size_t)st.st_size : 1);
	if (data == NULL || fread(data, 1, (size_t)st.st_size, fp) != (size_t)st.st_size)
		goto out;
	LLVMFuzzerTestOneInput(data, (size_t)st.st_size);
	done = 0;
out:
	if (done == -1)
		printf("not ok replay %s: %s\n", path, strerror(errno));
	free(data);
	if (fp != NULL)
		fclose(fp);
	return done;
}

/* A test that replays nothing tests nothing: an empty directory fails. */
static int
replay_directory(const char *path)
{
	struct dirent **names = NULL;
	char file[4096];
	int count, i, done = 0, replayed = 0;

	count = scandir(path, &names, NULL, alphasort);
	for (i = 0; i < count; i++) {
		if (names[i]->d_name[0] != '.') {
			snprintf(file, sizeof(file), "%s/%s", path, names[i]->d_name);
			if (replay_file(file) == -1)
				done = -1;
			replayed++;
		}
		free(names[i]);
	}
	free(names);
	if (replayed == 0) {
		printf("not ok replay %s: no inputs\n", path);
		return -1;
	}
	if (done == 0)
		printf("ok replay %s: %d inputs\n", path, replayed);
	return done;
}

int
main(int argc, char **argv)
{
	int i, done = 0;

	/* A crash must not take the lines of what went before with it. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2) {
		fprintf(stderr, "usage: %s DIRECTORY...\n", argv[0]);
		return 2;
	}
	for (i = 1; i < argc; i++)
		if (replay_directory(argv[i]) == -1)
			done = -1;
	return done == 0 ? 0 : 1;
}
