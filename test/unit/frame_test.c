/* test/unit: wire's frames. */
/* May know wire, base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include "wire/frame.h"
#include "wire/request.h"

#include <stdlib.h>

#define MAX	1000

TEST(frame_arrives_byte_by_byte)
{
	struct buf	 whole = { 0 }, in = { 0 };
	struct frame	 frame = { 0 };
	size_t		 offset = 0;
	int		 complete = 0;

	frame_add(&whole, FRAME_EVENT, "hello", 5);
	frame_add(&whole, FRAME_CANCEL, NULL, 0);
	for (size_t i = 0; i < FRAME_HEADER + 5; i++) {
		CHECK_OK(frame_next(&frame, &in, &offset, MAX, &complete));
		CHECK_INT(complete, 0);
		CHECK_INT(offset, 0);
		buf_addc(&in, whole.data[i]);
	}
	CHECK_OK(frame_next(&frame, &in, &offset, MAX, &complete));
	CHECK_INT(complete, 1);
	CHECK_INT(frame.type, FRAME_EVENT);
	CHECK_INT(frame.len, 5);
	CHECK(memcmp(frame.data, "hello", 5) == 0);
	buf_add(&in, whole.data + in.len, whole.len - in.len);
	CHECK_OK(frame_next(&frame, &in, &offset, MAX, &complete));
	CHECK_INT(complete, 1);
	CHECK_INT(frame.type, FRAME_CANCEL);
	CHECK_INT(frame.len, 0);
	CHECK_INT(offset, in.len);
	buf_fini(&whole);
	buf_fini(&in);
}

TEST(frame_of_unknown_type_is_refused_at_its_first_byte)
{
	struct buf	 in = { 0 };
	struct frame	 frame;
	size_t		 offset = 0;
	int		 complete;

	buf_adds(&in, "W");
	CHECK_ERR(frame_next(&frame, &in, &offset, MAX, &complete),
	    "the other side does not speak leap's protocol (frame type 0x57)\n");
	CHECK_INT(complete, 0);
	buf_fini(&in);
}

TEST(frame_that_is_too_long_is_refused_before_it_arrives)
{
	struct buf	 in = { 0 };
	struct frame	 frame;
	size_t		 offset = 0;
	int		 complete;

	buf_add(&in, "E\0\0\x03\xe8", 5);
	CHECK_OK(frame_next(&frame, &in, &offset, MAX, &complete));
	CHECK_INT(complete, 0);
	in.data[4] = (char)0xe9;
	CHECK_ERR(frame_next(&frame, &in, &offset, MAX, &complete),
	    "a frame of type 'E' with 1001 bytes is larger than the 1000 allowed\n");
	in.data[1] = (char)0xff;
	CHECK_ERR_HAS(frame_next(&frame, &in, &offset, MAX, &complete), "larger than the 1000 allowed");
	buf_fini(&in);
}

/* A packed text of `len` bytes, without the frame's header. */
static void
pack(struct buf *out, size_t len)
{
	struct buf	 text = { 0 };

	for (size_t i = 0; i < len; i++)
		buf_addc(&text, (char)('a' + i * i % 23));
	frame_add_zstd(out, FRAME_BLOB, NULL, text.data, text.len);
	buf_drop(out, FRAME_HEADER);
	buf_fini(&text);
}

TEST(frame_inflates_to_what_was_packed)
{
	static const size_t	 sizes[] = { 0, 1, 65535, 65536, 65537, 300000 };
	struct buf		 packed = { 0 }, out = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		buf_clear(&packed);
		buf_clear(&out);
		pack(&packed, sizes[i]);
		CHECK_OK(frame_inflate(packed.data, packed.len, sizes[i], &out));
		CHECK_INT(out.len, sizes[i]);
		for (size_t at = 0; at < out.len; at++)
			if (!CHECK_INT(out.data[at], 'a' + at * at % 23))
				break;
	}
	buf_fini(&packed);
	buf_fini(&out);
}

TEST(frame_prefix_stays_in_clear)
{
	struct buf	 frames = { 0 }, out = { 0 };
	struct frame	 frame;
	size_t		 offset = 0;
	int		 complete;

	frame_add_zstd(&frames, FRAME_BLOB, "0123", "content", 7);
	CHECK_OK(frame_next(&frame, &frames, &offset, MAX, &complete));
	CHECK(frame.len > 4 && memcmp(frame.data, "0123", 4) == 0);
	CHECK_OK(frame_inflate(frame.data + 4, frame.len - 4, MAX, &out));
	CHECK_STR(buf_text(&out), "content");
	buf_fini(&frames);
	buf_fini(&out);
}

TEST(frame_inflate_refuses_what_is_damaged_or_too_large)
{
	struct buf	 packed = { 0 }, out = { 0 };

	pack(&packed, 100000);
	CHECK_ERR(frame_inflate(packed.data, packed.len, 99999, &out),
	    "compressed data is larger than the 99999 bytes allowed\n");
	CHECK_ERR(frame_inflate(packed.data, packed.len - 1, 100000, &out), "compressed data ends too early\n");
	CHECK_ERR(frame_inflate(packed.data, 0, 100000, &out), "compressed data ends too early\n");
	buf_addc(&packed, 'x');
	CHECK_ERR(frame_inflate(packed.data, packed.len, 100000, &out), "compressed data has bytes behind its end\n");
	CHECK_ERR_HAS(frame_inflate("no zstd at all", 14, 100, &out), "compressed data is damaged: ");
	buf_fini(&packed);
	buf_fini(&out);
}

TEST(request_survives_the_way_to_the_node)
{
	struct request	 sent = { .op = xstrdup("plan"), .who = xstrdup("me@here"), .commit = xstrdup("c0ffee"),
	    .thorough = 1, .lock_wait = 7, .nonce = xstrdup("beef"), .keep = 1, .confirm = 60, .generation = 3,
	    .dirty = 1 };
	struct request	 got;
	json_t		*json = request_to_json(&sent);
	char		*text = json_dumps(json, 0);

	CHECK_OK(request_parse(&got, text, strlen(text)));
	CHECK_STR(got.op, "plan");
	CHECK_STR(got.who, "me@here");
	CHECK_STR(got.commit, "c0ffee");
	CHECK_INT(got.thorough, 1);
	CHECK_INT(got.purge_packages, 0);
	CHECK_INT(got.lock_wait, 7);
	CHECK_STR(got.nonce, "beef");
	CHECK_STR(got.path, "");
	CHECK_INT(got.keep, 1);
	CHECK_INT(got.confirm, 60);
	CHECK_INT(got.generation, 3);
	CHECK_INT(got.dirty, 1);
	CHECK_INT(got.force, 0);
	request_fini(&got);
	request_fini(&sent);
	free(text);
	json_decref(json);
}

TEST(request_that_is_none_is_refused)
{
	static const struct {
		const char	*text;
		const char	*want;
	} cases[] = {
		{ "{", "the request is no JSON: " },
		{ "[]", "the request is no JSON object" },
		{ "{\"op\":\"apply\"}", "the request has version -1, this program speaks version 1" },
		{ "{\"version\":1,\"op\":\"destroy\"}", "the request's op is none that this program knows" },
		{ "{\"version\":1,\"op\":\"plan\",\"who\":\"a\\nb\",\"commit\":\"\"}", "\"who\" is missing or no short line" },
		{ "{\"version\":1,\"op\":\"plan\",\"who\":\"a\"}", "\"commit\" is missing or no short line" },
		{ "{\"version\":1,\"op\":\"plan\",\"who\":\"a\",\"commit\":\"\",\"lock_wait\":-1}",
		    "lock_wait is not between 0 and 3600 seconds" },
		{ "{\"version\":1,\"op\":\"apply\",\"who\":\"a\",\"commit\":\"\",\"confirm\":3601}",
		    "confirm is not between 0 and 3600 seconds" },
		{ "{\"version\":1,\"op\":\"rollback\",\"who\":\"a\",\"commit\":\"\",\"generation\":-1}",
		    "the request's generation is no number of one" },
		{ "{\"version\":1,\"op\":\"lock\",\"who\":\"a\",\"commit\":\"\",\"message\":\"a\\u001bb\"}",
		    "\"message\" is no short line" },
	};
	struct request	 request;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CHECK_ERR_HAS(request_parse(&request, cases[i].text, strlen(cases[i].text)), cases[i].want);
		request_fini(&request);
	}
}

int
main(void)
{
	RUN(frame_arrives_byte_by_byte);
	RUN(frame_of_unknown_type_is_refused_at_its_first_byte);
	RUN(frame_that_is_too_long_is_refused_before_it_arrives);
	RUN(frame_inflates_to_what_was_packed);
	RUN(frame_prefix_stays_in_clear);
	RUN(frame_inflate_refuses_what_is_damaged_or_too_large);
	RUN(request_survives_the_way_to_the_node);
	RUN(request_that_is_none_is_refused);
	return test_done();
}
