/* test/fuzz: all that a node may send. */
/* May know push, wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "push/answers.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PROGRAM	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* No text that reaches the report may drive a terminal. */
static void
check_text(const char *text)
{
	for (; text != NULL && *text != '\0'; text++)
		if (((unsigned char)*text < 0x20 && *text != '\n' && *text != '\t') || *text == 0x7f)
			abort();
}

static void
on_event(void *context, json_t *take_event)
{
	(void)context;
	if (json_str(take_event, "resource") == NULL || json_str(take_event, "action") == NULL)
		abort();
	check_text(json_str(take_event, "resource"));
	check_text(json_str(take_event, "action"));
	check_text(json_str(take_event, "detail"));
	check_text(json_str(take_event, "error"));
	json_decref(take_event);
}

/* The bytes come in two pieces, as from a network; the first byte says where the cut is. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct manifest	 manifest;
	struct strs	 programs = { 0 };
	struct buf	 in = { 0 };
	struct answers	 answers = { .manifest = &manifest, .programs = &programs, .event = on_event };
	size_t		 cut = len == 0 ? 0 : data[0] % len;
	struct err	*e;

	manifest_init(&manifest, "web1");
	manifest_add_blob(&manifest, "hello\n", 6, 0);
	strs_add(&programs, PROGRAM);
	buf_add(&in, data, cut);
	e = answers_read(&answers, &in);
	if (e == NULL) {
		buf_add(&in, data + cut, len - cut);
		e = answers_read(&answers, &in);
	}
	check_text(answers.error);
	check_text(answers.resource);
	check_text(answers.lock);
	if (answers.wanted.count > manifest.blob_count || (answers.done && !answers.hello))
		abort();
	err_free(e);
	answers_fini(&answers);
	buf_fini(&in);
	strs_fini(&programs);
	manifest_fini(&manifest);
	return 0;
}
