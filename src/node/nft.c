/* node: the kernel's packet filter. */
/* May know base. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/nft.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "node/tool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define ANSWER_MAX	4096
#define BOOT_ID_MAX	64

/* The value of the 32-bit attribute `type` behind a netlink message's nfgenmsg. */
static bool
find_u32(const char *answer, size_t len, unsigned type, uint32_t *out)
{
	const struct nlmsghdr	*message = (const struct nlmsghdr *)(const void *)answer;
	size_t			 at = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct nfgenmsg)), end;
	struct nlattr		 attribute;

	if (len < sizeof(*message) || message->nlmsg_len > len)
		return false;
	end = message->nlmsg_len;
	while (at + sizeof(attribute) <= end) {
		memcpy(&attribute, answer + at, sizeof(attribute));
		if (attribute.nla_len < NLA_HDRLEN || attribute.nla_len > end - at)
			return false;
		if ((attribute.nla_type & NLA_TYPE_MASK) == type && attribute.nla_len >= NLA_HDRLEN + sizeof(*out)) {
			memcpy(out, answer + at + NLA_HDRLEN, sizeof(*out));
			*out = ntohl(*out);
			return true;
		}
		at += NLA_ALIGN(attribute.nla_len);
	}
	return false;
}

/* NFT_MSG_GETGEN, answered by NFT_MSG_NEWGEN with NFTA_GEN_ID. */
static struct err *
ask_generation(uint32_t *generation)
{
	struct {
		struct nlmsghdr	 header;
		struct nfgenmsg	 body;
	} question = {
		.header = { .nlmsg_len = sizeof(question), .nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN,
		    .nlmsg_flags = NLM_F_REQUEST, .nlmsg_seq = 1 },
		.body = { .nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0 },
	};
	_Alignas(struct nlmsghdr) char	 answer[ANSWER_MAX];
	int				 fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	ssize_t				 got = -1;
	struct err			*e = NULL;

	if (fd >= 0 && send(fd, &question, sizeof(question), 0) == (ssize_t)sizeof(question))
		got = recv(fd, answer, sizeof(answer), 0);
	if (got < 0)
		e = err_errno(ERR_FAILED, "cannot ask the kernel about its packet filter");
	else if (!find_u32(answer, (size_t)got, NFTA_GEN_ID, generation))
		*generation = 0;	/* nf_tables is not there (yet): no table is */
	if (fd >= 0)
		close(fd);
	return e;
}

struct err *
nft_generation(char **out)
{
	struct buf	 boot = { 0 };
	struct stat	 space = { 0 };
	uint32_t	 generation = 0;
	struct err	*e;

	*out = NULL;
	e = ask_generation(&generation);
	if (e == NULL)
		e = file_read("/proc/sys/kernel/random/boot_id", BOOT_ID_MAX, &boot);
	if (e == NULL && stat("/proc/self/ns/net", &space) != 0)
		e = err_errno(ERR_FAILED, "/proc/self/ns/net");
	if (e == NULL)
		*out = xasprintf("%u/%llu/%.36s", generation, (unsigned long long)space.st_ino, buf_text(&boot));
	buf_fini(&boot);
	return e;
}

struct err *
nft_table(const char *name, struct buf *out)
{
	const char	*argv[] = { "nft", "--stateless", "list", "table", "inet", name, NULL };
	struct buf	 said = { 0 };
	struct err	*e = tool_run(argv, NULL, TOOL_SECONDS, &said);

	if (e == NULL) {
		buf_add(out, buf_text(&said), said.len);
	} else if (strstr(buf_text(&said), "No such file or directory") != NULL) {
		err_free(e);
		e = NULL;
	}
	buf_fini(&said);
	return e;
}

struct err *
nft_table_hash(const char *name, char out[SHA256_HEX_SIZE])
{
	struct buf	 listing = { 0 };
	struct err	*e = nft_table(name, &listing);

	out[0] = '\0';
	if (e == NULL && listing.len > 0)
		sha256_hex(listing.data, listing.len, out);
	buf_fini(&listing);
	return e;
}

static struct err *
feed(const struct buf *script, bool dry)
{
	const char	*load[] = { "nft", "-f", "-", NULL };
	const char	*check[] = { "nft", "-c", "-f", "-", NULL };

	return tool_run(dry ? check : load, script, TOOL_SECONDS, NULL);
}

struct err *
nft_load(const char *name, const struct buf *rules, bool dry)
{
	struct buf	 script = { 0 };
	struct err	*e;

	/* Adding first makes the delete succeed whether the table is there or not; all of it is one transaction. */
	buf_addf(&script, "add table inet %s\ndelete table inet %s\n", name, name);
	buf_add(&script, buf_text(rules), rules->len);
	e = feed(&script, dry);
	buf_fini(&script);
	return e;
}

struct err *
nft_delete(const char *name)
{
	struct buf	 script = { 0 };
	struct err	*e;

	buf_addf(&script, "add table inet %s\ndelete table inet %s\n", name, name);
	e = feed(&script, false);
	buf_fini(&script);
	return e;
}
