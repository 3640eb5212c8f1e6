/* base: the terminal: colours, messages, questions. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/term.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/mask.h"
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#define ANSWER_MAX	1024

static struct {
	bool	 color_out, color_err;
	int	 verbosity;
} term;

static bool
wants_color(int fd)
{
	const char	*type = getenv("TERM");
	const char	*no = getenv("NO_COLOR");

	return isatty(fd) && (no == NULL || *no == '\0') && type != NULL && strcmp(type, "dumb") != 0;
}

void
term_setup(void)
{
	term.color_out = wants_color(STDOUT_FILENO);
	term.color_err = wants_color(STDERR_FILENO);
}

void
term_no_color(void)
{
	term.color_out = term.color_err = false;
}

void
term_set_verbosity(int level)
{
	term.verbosity = level;
}

bool
term_is_tty(FILE *stream)
{
	return isatty(fileno(stream)) != 0;
}

unsigned
term_width(void)
{
	struct winsize	 size;
	const char	*columns = getenv("COLUMNS");
	unsigned long	 width = 80;

	if ((ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 || ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0) &&
	    size.ws_col != 0)
		width = size.ws_col;
	else if (columns != NULL && *columns >= '1' && *columns <= '9')
		width = strtoul(columns, NULL, 10);
	return width < 20 ? 20 : width > 10000 ? 10000 : (unsigned)width;
}

void
term_color(struct buf *line, FILE *stream, enum term_color color, const char *text)
{
	static const char *const	 codes[] = {
		[TERM_BOLD] = "1", [TERM_DIM] = "2", [TERM_RED] = "31", [TERM_GREEN] = "32",
		[TERM_YELLOW] = "33", [TERM_CYAN] = "36",
	};
	bool	 on = stream == stdout ? term.color_out : term.color_err;

	if (!on || color == TERM_PLAIN)
		buf_adds(line, text);
	else
		buf_addf(line, "\033[%sm%s\033[0m", codes[color], text);
}

/* Only the sequences that term_color() makes may pass: what a node or a file says must not drive the terminal. */
static size_t
own_sequence(const char *text)
{
	size_t	 digits;

	if (text[1] != '[')
		return 0;
	digits = strspn(text + 2, "0123456789");
	return digits <= 2 && text[2 + digits] == 'm' ? digits + 3 : 0;
}

/*
 * The length of the UTF-8 character (RFC 3629) at `text`, of which `len` bytes are there; 0 when it is none, or one
 * that would drive a terminal: a control, or a change of direction that makes a text read as another.
 */
static size_t
plain_character(const unsigned char *text, size_t len)
{
	size_t		 want = text[0] < 0x80 ? 1 : text[0] < 0xc2 ? 0 : text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 :
	    text[0] < 0xf5 ? 4 : 0;
	unsigned long	 point = want < 2 ? text[0] : text[0] & (0x7fu >> want);
	size_t		 i;

	if (want == 0 || want > len)
		return 0;
	for (i = 1; i < want; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (text[i] & 0x3f);
	}
	if ((want == 3 && point < 0x800) || (want == 4 && point < 0x10000) || point > 0x10ffff ||
	    (point >= 0xd800 && point < 0xe000))
		return 0;
	if ((point < 32 && point != '\n' && point != '\t') || (point >= 127 && point < 160) ||
	    (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069))
		return 0;
	return want;
}

static void
add_visible(struct buf *text, const char *from, size_t len, bool colored)
{
	size_t	 i, used;

	for (i = 0; i < len; i += used) {
		used = plain_character((const unsigned char *)from + i, len - i);
		if (used == 0 && colored && from[i] == 033)
			used = own_sequence(from + i);
		if (used != 0) {
			buf_add(text, from + i, used);
		} else {
			buf_addf(text, "\\x%02x", (unsigned char)from[i]);
			used = 1;
		}
	}
}

void
term_visible(struct buf *out, const char *text)
{
	add_visible(out, text, strlen(text), false);
}

void
term_write(FILE *stream, struct buf *text)
{
	struct buf	 visible = { 0 };

	mask_apply(text);
	add_visible(&visible, buf_text(text), text->len, stream == stdout ? term.color_out : term.color_err);
	fwrite(buf_text(&visible), 1, visible.len, stream);
	buf_fini(&visible);
}

/* Where both streams go to one file, what was said first stands first. */
PRINTF(2, 0)
static void
print(FILE *stream, const char *format, va_list args)
{
	struct buf	 text = { 0 };

	if (stream == stderr)
		fflush(stdout);
	buf_addv(&text, format, args);
	term_write(stream, &text);
	buf_fini(&text);
}

void
out(const char *format, ...)
{
	va_list	 args;

	va_start(args, format);
	print(stdout, format, args);
	va_end(args);
}

void
note(const char *format, ...)
{
	va_list	 args;

	if (term.verbosity < 0)
		return;
	va_start(args, format);
	print(stderr, format, args);
	va_end(args);
}

void
verbose(const char *format, ...)
{
	va_list	 args;

	if (term.verbosity < 1)
		return;
	va_start(args, format);
	print(stderr, format, args);
	va_end(args);
}

/* One line from standard input without its newline; false at the end of input. */
static bool
read_line(struct buf *answer)
{
	char	 line[ANSWER_MAX];

	fflush(stdout);
	if (fgets(line, sizeof(line), stdin) == NULL)
		return false;
	line[strcspn(line, "\n")] = '\0';
	buf_clear(answer);
	buf_adds(answer, line);
	return true;
}

NODISCARD
static struct err *
ask(struct buf *answer, const char *hint, const char *prompt)
{
	if (!isatty(STDIN_FILENO))
		return err_hint(err_new(ERR_USAGE, "no terminal to ask on: %s", prompt), "%s", hint);
	fprintf(stderr, "%s ", prompt);
	fflush(stderr);
	if (!read_line(answer))
		return err_new(ERR_FAILED, "no answer");
	return NULL;
}

/* The program that SSH_ASKPASS names asks, as it does for ssh(1), where there is no terminal or the user wants that. */
NODISCARD
static struct err *
ask_program(struct buf *answer, const char *program, const char *prompt)
{
	const char	*argv[] = { program, prompt, NULL };
	int		 status = -1;
	struct err	*e = proc_run(&(struct proc){ .argv = argv, .output = answer }, &status);

	if (e == NULL && status != 0)
		e = err_new(ERR_FAILED, "%s gave no answer", program);
	answer->len = strcspn(buf_text(answer), "\r\n");
	return e;
}

/* Whether somebody has typed, rather than sent one of the signals that wait at `signals`. */
static bool
wait_for_input(int tty, int signals)
{
	struct pollfd	 both[] = { { .fd = signals, .events = POLLIN }, { .fd = tty, .events = POLLIN } };
	int		 n;

	while ((n = poll(both, ARRAY_LEN(both), -1)) < 0 && errno == EINTR)
		;
	return n > 0 && both[0].revents == 0;
}

/* A line from the terminal without an echo; the signals of `signals` wait until it has its echo again. */
NODISCARD
static struct err *
read_hidden(struct buf *answer, int tty, int signals, const char *prompt)
{
	struct termios	 before, silent;
	char		 c = '\0';

	if (tcgetattr(tty, &before) != 0)
		return err_errno(ERR_FAILED, "the terminal");
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	buf_clear(answer);
	tcsetattr(tty, TCSAFLUSH, &silent);
	(void)!write(tty, prompt, strlen(prompt));
	while (answer->len < ANSWER_MAX && wait_for_input(tty, signals) && read(tty, &c, 1) == 1 && c != '\n')
		buf_addc(answer, c);
	tcsetattr(tty, TCSAFLUSH, &before);
	(void)!write(tty, "\n", 1);
	return c == '\n' || answer->len == ANSWER_MAX ? NULL : err_new(ERR_FAILED, "no answer");
}

/*
 * From the terminal itself, whatever standard input is.  Signals do what they do anywhere, only after the terminal is as
 * it was: they are blocked meanwhile, and a descriptor says that one waits.  After Ctrl-Z and fg the question comes anew.
 */
NODISCARD
static struct err *
ask_hidden(struct buf *answer, int tty, const char *prompt)
{
	static const int	 numbers[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP };
	struct sigaction	 action;
	sigset_t		 wanted, before, pending;
	struct err		*e = NULL;
	int			 signals;

	sigemptyset(&wanted);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		if (sigaction(numbers[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
			sigaddset(&wanted, numbers[i]);
	if ((signals = signalfd(-1, &wanted, SFD_CLOEXEC)) < 0)
		return err_errno(ERR_FAILED, "cannot wait for signals");
	do {
		err_free(e);
		pthread_sigmask(SIG_BLOCK, &wanted, &before);
		e = read_hidden(answer, tty, signals, prompt);
		sigemptyset(&pending);
		sigpending(&pending);
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	} while (e != NULL && sigismember(&pending, SIGTSTP) == 1);
	close(signals);
	return e;
}

struct err *
ask_secret(struct buf *answer, const char *hint, const char *question)
{
	const char	*program = getenv("SSH_ASKPASS"), *require = getenv("SSH_ASKPASS_REQUIRE");
	bool		 forced = require != NULL && strcmp(require, "force") == 0;
	int		 tty = forced ? -1 : open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	char		*prompt = xasprintf("%s: ", question);
	struct err	*e;

	if (tty >= 0)
		e = ask_hidden(answer, tty, prompt);
	else if (program != NULL && *program != '\0')
		e = ask_program(answer, program, prompt);
	else
		e = err_hint(err_new(ERR_USAGE, "no terminal to ask on: %s", question), "%s", hint);
	if (tty >= 0)
		close(tty);
	free(prompt);
	return e;
}

struct err *
ask_yes(bool *yes, const char *hint, const char *question)
{
	struct buf	 answer = { 0 };
	char		*prompt = xasprintf("%s [y/n]", question);
	struct err	*e;
	bool		 understood = false;

	while ((e = ask(&answer, hint, prompt)) == NULL && !understood) {
		*yes = strcasecmp(buf_text(&answer), "y") == 0 || strcasecmp(buf_text(&answer), "yes") == 0;
		understood = *yes || strcasecmp(buf_text(&answer), "n") == 0 ||
		    strcasecmp(buf_text(&answer), "no") == 0;
		if (understood)
			break;
	}
	free(prompt);
	buf_fini(&answer);
	return e;
}

struct err *
ask_text(struct buf *answer, const char *fallback, const char *hint, const char *question)
{
	char		*prompt;
	struct err	*e;

	if (fallback != NULL)
		prompt = xasprintf("%s [%s]:", question, fallback);
	else
		prompt = xasprintf("%s:", question);
	while ((e = ask(answer, hint, prompt)) == NULL && answer->len == 0 && fallback == NULL)
		;
	if (e == NULL && answer->len == 0)
		buf_adds(answer, fallback);
	free(prompt);
	return e;
}
