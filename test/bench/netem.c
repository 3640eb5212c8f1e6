/* test/bench: a slow link that loses packets, for kernels without netem: two TUN devices and what lies between them. */
/* Knows nothing of leap. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define PACKET_MAX	1500
#define QUEUE_SIZE	1000	/* packets on their way; netem's own default limit */

struct packet {
	int64_t	 due;		/* microseconds of the clock that only goes forward */
	size_t	 len;
	char	 data[PACKET_MAX];
};

/* One direction. */
struct way {
	int		 from, to;
	int64_t		 delay;		/* microseconds */
	size_t		 head, used;
	unsigned long	 passed, lost;
	struct packet	*queue;		/* QUEUE_SIZE of them */
};

static volatile sig_atomic_t	ended;

static void
on_signal(int number)
{
	ended = number;
}

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static int64_t
now_us(void)
{
	struct timespec	 now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* A TUN device in the network namespace that the thread is in. */
static int
device(const char *name)
{
	struct ifreq	 request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int		 fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request) != 0)
		die(name);
	return fd;
}

static int
device_in(const char *space, const char *name)
{
	int	 here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), there = open(space, O_RDONLY | O_CLOEXEC), fd;

	if (here < 0 || there < 0 || setns(there, CLONE_NEWNET) != 0)
		die(space);
	fd = device(name);
	if (setns(here, CLONE_NEWNET) != 0)
		die("setns");
	close(here);
	close(there);
	return fd;
}

/* Take in what was sent; a full queue loses packets, too. */
static void
take(struct way *way, long permille)
{
	struct packet	*packet, spare;
	ssize_t		 got;

	for (;;) {
		packet = way->used < QUEUE_SIZE ? &way->queue[(way->head + way->used) % QUEUE_SIZE] : &spare;
		if ((got = read(way->from, packet->data, PACKET_MAX)) <= 0)
			return;
		if (packet == &spare || lrand48() % 1000 < permille) {
			way->lost++;
			continue;
		}
		packet->len = (size_t)got;
		packet->due = now_us() + way->delay;
		way->used++;
	}
}

/* Give out what is due. */
static void
give(struct way *way)
{
	for (; way->used > 0 && way->queue[way->head].due <= now_us(); way->used--) {
		const struct packet	*packet = &way->queue[way->head];

		if (write(way->to, packet->data, packet->len) == (ssize_t)packet->len)
			way->passed++;
		way->head = (way->head + 1) % QUEUE_SIZE;
	}
}

/* Until the next packet of either way is due; for ever when none is under way. */
static struct timespec *
until(const struct way *ways, struct timespec *wait)
{
	int64_t	 first = INT64_MAX, left;

	for (size_t i = 0; i < 2; i++)
		if (ways[i].used > 0 && ways[i].queue[ways[i].head].due < first)
			first = ways[i].queue[ways[i].head].due;
	if (first == INT64_MAX)
		return NULL;
	left = first - now_us();
	left = left > 0 ? left : 0;
	*wait = (struct timespec){ .tv_sec = left / 1000000, .tv_nsec = left % 1000000 * 1000 };
	return wait;
}

/*
 * netem NETNS DELAY LOSS SEED: "near0" in the network namespace at path NETNS and "far0" in this one are the ends of a
 * link.  What goes from near0 to far0 takes DELAY milliseconds more, as after `tc qdisc add dev near0 root netem delay`;
 * of what goes either way LOSS per mille are lost.  Says "ready" when both are there, for others to give
 * them addresses, and after SIGTERM how many packets it passed and lost.
 */
int
main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct way	 ways[2] = { 0 };
	struct timespec	 wait;
	sigset_t	 block, before;
	int		 near, far;

	if (argc != 5) {
		fputs("usage: netem NETNS DELAY LOSS SEED\n", stderr);
		return 2;
	}
	sigemptyset(&block);
	sigaddset(&block, SIGTERM);
	sigprocmask(SIG_BLOCK, &block, &before);
	sigaction(SIGTERM, &action, NULL);
	near = device_in(argv[1], "near0");
	far = device("far0");
	ways[0] = (struct way){ .from = near, .to = far, .delay = atol(argv[2]) * 1000 };
	ways[1] = (struct way){ .from = far, .to = near };
	for (size_t i = 0; i < 2; i++)
		if ((ways[i].queue = calloc(QUEUE_SIZE, sizeof(*ways[i].queue))) == NULL)
			die("calloc");
	srand48(atol(argv[4]));
	puts("ready");
	fflush(stdout);
	while (!ended) {
		struct pollfd	 fds[2] = { { .fd = near, .events = POLLIN }, { .fd = far, .events = POLLIN } };

		if (ppoll(fds, 2, until(ways, &wait), &before) < 0 && errno != EINTR)
			die("ppoll");
		for (size_t i = 0; i < 2; i++) {
			take(&ways[i], atol(argv[3]));
			give(&ways[i]);
		}
	}
	fprintf(stderr, "to the node %lu packets passed, %lu lost; from it %lu passed, %lu lost\n", ways[0].passed, ways[0].lost,
	    ways[1].passed, ways[1].lost);
	return 0;
}
