/* config: collects errors, each once. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/state.h"

void
problems_add(struct problems *problems, struct err *take_e)
{
	const struct place	*place;
	struct buf		 key = { 0 };

	if (take_e == NULL)
		return;
	problems->offered++;
	if ((place = err_place(take_e)) != NULL)
		buf_addf(&key, "%s:%u:%u ", place->path, place->line, place->column);
	buf_adds(&key, err_message(take_e));
	if (problems->seen == NULL)
		problems->seen = json_object();
	if (json_object_get(problems->seen, buf_text(&key)) != NULL) {
		err_free(take_e);
	} else {
		/* A message may quote a file: what is not UTF-8 is no key, and is then kept twice. */
		json_object_set_new(problems->seen, buf_text(&key), json_true());
		(void)!err_join(problems->last, take_e);
		if (problems->first == NULL)
			problems->first = take_e;
		problems->last = take_e;
	}
	buf_fini(&key);
}

struct err *
problems_take(struct problems *problems)
{
	struct err *e = problems->first;

	json_decref(problems->seen);
	*problems = (struct problems){ 0 };
	return e;
}
