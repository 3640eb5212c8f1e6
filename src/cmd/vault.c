/* cmd: leap vault sign, leap vault verify: whether the vault is as its sysadmins signed it. */
/* May know everything. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/cmd.h"
#include "cmd/seal.h"

#include "base/json.h"
#include "repo/repo.h"
#include "vault/signed.h"

#include <stdint.h>

#define SHOWN_MAX	20u	/* files that a deploy names; leap vault verify names all */

/* "PATH: what is wrong", or "PATH:LINE: ...", on a line. */
static void
add_problem(const struct err *problem, struct buf *out)
{
	const struct place *place = err_place(problem);

	buf_adds(out, place->path);
	if (place->line > 0)
		buf_addf(out, ":%u", place->line);
	buf_addf(out, ": %s\n", err_message(problem));
}

/* The first so many, each behind `before`, and how many more there are. */
static void
add_problems(const struct err *problems, const char *before, size_t most, struct buf *out)
{
	size_t shown = 0;

	for (const struct err *at = problems; at != NULL && shown < most; at = err_next(at), shown++) {
		buf_adds(out, before);
		add_problem(at, out);
	}
	if (err_count(problems) > shown)
		buf_addf(out, "%sand %zu more: leap vault verify\n", before, err_count(problems) - shown);
}

static void
warn(const struct err *problems)
{
	struct buf text = { 0 };

	add_problems(problems, "warning: ", SHOWN_MAX, &text);
	buf_addf(&text, "hint: %s\n", err_hint_text(problems));
	note("%s", buf_text(&text));
	buf_fini(&text);
}

/* One error that names them all. */
NODISCARD
static struct err *
refusal(const struct err *problems)
{
	struct buf	 text = { 0 };
	struct err	*e;

	add_problems(problems, "    ", SHOWN_MAX, &text);
	e = err_new(ERR_TRUST, "the vault is not as a sysadmin signed it: nothing was deployed\n%.*s",
	    (int)(text.len - 1), buf_text(&text));
	buf_fini(&text);
	return err_hint(e, "\"git log -p PATH\" shows who did that; \"leap vault sign\" signs it as it is, --unsigned deploys it "
	    "for once");
}

struct err *
seal_check(const struct repo *repo, bool anyway)
{
	struct vault_signed	 state;
	struct err		*e = vault_signed(&state, repo);

	if (e != NULL)
		goto out;
	if (state.problems != NULL && (anyway || err_is_warning(state.problems))) {
		warn(state.problems);
	} else if (state.problems != NULL) {
		e = refusal(state.problems);
	} else {
		if (state.first && state.signer != NULL)
			note("trusting the vault as %s signed it with %s, which this machine sees for the first time\n", state.signer,
			    state.fingerprint);
		e = vault_accept(repo, true);
	}
out:
	vault_signed_fini(&state);
	return e;
}

struct err *
seal_warn(const struct repo *repo)
{
	struct vault_signed	 state;
	struct err		*e = vault_signed(&state, repo);

	if (e == NULL && state.problems != NULL)
		warn(state.problems);
	vault_signed_fini(&state);
	return e;
}

static void
print_json(const struct vault_signed *state)
{
	json_t		*problems = json_array(), *root;
	struct buf	 text = { 0 };

	for (const struct err *at = state->problems; at != NULL; at = err_next(at))
		json_array_append_new(problems, json_pack("{s:s, s:s, s:s, s:b}", "file", err_place(at)->path, "problem",
		    err_message(at), "rule", err_rule_name(at), "warning", (int)err_is_warning(at)));
	root = json_pack("{s:s?, s:s?, s:b, s:i, s:o}", "signer", state->signer, "fingerprint", state->fingerprint, "first",
	    (int)state->first, "own", (int)state->own, "problems", problems);
	json_pretty(root, &text);
	term_write(stdout, &text);
	json_decref(root);
	buf_fini(&text);
}

static void
print_text(const struct vault_signed *state)
{
	struct buf text = { 0 };

	if (state->signer != NULL)
		out("signed by %s with %s%s\n", state->signer, state->fingerprint,
		    state->first ? ", which this machine sees for the first time" : "");
	if (state->problems != NULL)
		add_problems(state->problems, err_is_warning(state->problems) ? "warning: " : "", SIZE_MAX, &text);
	out("%s", buf_text(&text));
	buf_fini(&text);
	if (state->own > 0)
		out("%zu file%s changed by leap here and not yet signed\n", state->own, state->own == 1 ? "" : "s");
	if (state->signer == NULL && state->problems == NULL)
		note("there is no vault yet: the first secret or key makes one\n");
}

static struct err *
vault_verify_run(struct context *context)
{
	struct vault_signed	 state;
	struct err		*e = vault_signed(&state, context->repo);
	size_t			 count;

	if (e != NULL)
		goto out;
	if (context->json)
		print_json(&state);
	else
		print_text(&state);
	count = err_count(state.problems);
	if (count > 0 && !err_is_warning(state.problems))
		e = err_hint(err_new(ERR_TRUST, "%zu thing%s not as a sysadmin signed it", count, count == 1 ? " is" : "s are"),
		    "git log -p shows who did that; if all of it is right, \"leap vault sign\"");
out:
	vault_signed_fini(&state);
	return e;
}

static struct err *
vault_sign_run(struct context *context)
{
	struct vault_signed	 state;
	struct err		*e = vault_signed(&state, context->repo);
	struct buf		 text = { 0 };
	bool			 go = true, changed = false;

	if (e == NULL && state.problems != NULL && !err_is_warning(state.problems)) {
		add_problems(state.problems, "", SIZE_MAX, &text);
		note("%s", buf_text(&text));
		if (!context->yes)
			e = ask_yes(&go, "say it with --yes", "sign all of this as it is?");
	}
	if (e == NULL && go && (e = vault_sign_all(context->repo, &changed)) == NULL)
		note(changed ? "signed the vault: " SUMS_FILE "\n" : "the vault is signed as it is\n");
	buf_fini(&text);
	vault_signed_fini(&state);
	return e;
}

const struct cmd cmd_vault_sign = {
	.name = "vault sign",
	.summary = "sign the vault and users/ as they are",
	.details = "Shows what others changed since the last signature that is trusted, asks, and signs with an SSH key of yours:\n"
	    "from ~/.ssh, an agent or a security key.  Commands that change the vault sign their own changes by\n"
	    "themselves; this is for what a merge, an editor or somebody whose key is new has changed.",
	.needs = CMD_INSTANCE,
	.run = vault_sign_run,
};

const struct cmd cmd_vault_verify = {
	.name = "vault verify",
	.summary = "say who signed the vault, and what was changed since",
	.details = "Needs no private key.  Exit status: 5 when something is not as a sysadmin signed it who is trusted here.",
	.needs = CMD_INSTANCE | CMD_READ_ONLY,
	.run = vault_verify_run,
};
