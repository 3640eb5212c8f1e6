# make            build bin/leap and the programs it sends to nodes
# make demo       install what is needed, build, show the main job on local nodes
# make test       unit, command line and (as root) tests on real nodes
# SAN=1           with AddressSanitizer and UndefinedBehaviorSanitizer, into build-san/
# V=1             print the commands

PREFIX	?= /usr/local
DATADIR	 = $(PREFIX)/share/leap
LIBDIR	 = $(PREFIX)/lib/leap
VERSION	 = 0.1
CC	?= gcc
Q	 = $(if $(V),,@)
say	 = $(if $(V),,@printf '  %-5s %s\n' '$(1)' '$(2)')

B	:= $(if $(FUZZ),build-fuzz,$(if $(SAN),build-san,build))
ARCH	:= $(shell uname -m)
ROOMS	:= cmd push cert recipe config acme schema lua pki vault age ssh repo local wire base
LIBS	:= libgit2 libssh2 jansson openssl yaml-0.1 lua5.4 libmd libzstd libpcre2-8

WARN	:= -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Wwrite-strings
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer \
	$(if $(FUZZ),-fsanitize=fuzzer-no-link)
HARDEN	:= $(if $(SAN)$(FUZZ),$(SANITIZE) -DLEAP_SANITIZED -g -O1,-O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong)
ALL_CFLAGS = -std=c17 -D_GNU_SOURCE -Isrc $(WARN) $(HARDEN) -fPIE -pthread $(CFLAGS) -MMD -MP \
	-DLEAP_VERSION='"$(VERSION)"' -DLEAP_DATADIR='"$(DATADIR)"' -DLEAP_LIBDIR='"$(LIBDIR)"'
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now $(if $(SAN)$(FUZZ),$(SANITIZE)) -pthread $(LDFLAGS)
PC_CFLAGS := $(shell pkg-config --cflags $(LIBS) 2>/dev/null)
PC_LIBS	  := $(shell pkg-config --libs $(LIBS) 2>/dev/null) -lm

room_objects = $(patsubst src/%.c,$(B)/%.o,$(wildcard src/$(1)/*.c))
ARCHIVES := $(ROOMS:%=$(B)/%.a)
# Tests link leap's rooms and the node's: both stand on wire and base.
TEST_ARCHIVES = $(filter-out $(B)/wire.a $(B)/base.a,$(ARCHIVES)) $(B)/node.a $(B)/wire.a $(B)/base.a
UNITS	 := $(patsubst test/unit/%.c,$(B)/test/unit/%,$(wildcard test/unit/*_test.c))
FUZZERS	 := $(filter-out replay,$(patsubst test/fuzz/%.c,%,$(wildcard test/fuzz/*.c)))
REPLAYS	 := $(FUZZERS:%=$(B)/test/fuzz/%)

# A sanitized build keeps its programs to itself; bin/ holds the ones that are installed.
OUT	:= $(if $(SAN),$(B)/bin,bin)
# The node's program is static and never sanitized: it runs on machines that have no runtime for that.
NODE_SRC := $(wildcard src/node/*.c src/wire/*.c src/base/*.c)
NODE_CFLAGS = -std=c17 -D_GNU_SOURCE -Isrc $(WARN) -Os -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE \
	-ffunction-sections -fdata-sections -DLEAP_VERSION='"$(VERSION)"' $(CFLAGS) -MMD -MP
NODE_LDFLAGS = -static-pie -Wl,--gc-sections,-z,relro,-z,now,-s
NODE_LIBS := -ljansson -lmd -lzstd
CROSS	 := $(if $(filter x86_64,$(ARCH)),aarch64)
CROSS_CC := $(CROSS)-linux-gnu-gcc
CROSS_OK := $(if $(CROSS),$(shell printf '#include <jansson.h>\n#include <sha2.h>\n#include <zstd.h>\nint main(void){return 0;}' | \
	$(CROSS_CC) -static-pie -xc - $(NODE_LIBS) -o /dev/null 2>/dev/null && echo yes))
NODES	 := $(OUT)/leap-node-$(ARCH) $(if $(CROSS_OK),$(OUT)/leap-node-$(CROSS))

all: $(OUT)/leap $(NODES)

$(OUT)/leap: $(B)/leap.o $(ARCHIVES)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PC_LIBS)

define node_program
$$(OUT)/leap-node-$(1): $$(NODE_SRC:src/%.c=$$(B)/node-$(1)/%.o)
	$$(call say,LINK,$$@)
	@mkdir -p $$(@D)
	$$(Q)$(2) $$(NODE_LDFLAGS) -o $$@ $$^ $$(NODE_LIBS)
$$(B)/node-$(1)/%.o: src/%.c
	$$(call say,CC,$$@)
	@mkdir -p $$(@D)
	$$(Q)$(2) $$(NODE_CFLAGS) -c -o $$@ $$<
endef
$(eval $(call node_program,$(ARCH),$(CC)))
$(if $(CROSS),$(eval $(call node_program,$(CROSS),$(CROSS_CC))))

$(B)/%.o: src/%.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(PC_CFLAGS) -c -o $@ $<

.SECONDEXPANSION:
$(ARCHIVES) $(B)/node.a: $(B)/%.a: $$(filter-out $(B)/node/leap-node.o,$$(call room_objects,$$*))
	$(call say,AR,$@)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/test/unit/%: test/unit/%.c $(B)/node.a $(ARCHIVES)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(PC_CFLAGS) -Itest/unit $(ALL_LDFLAGS) -o $@ $< \
	    $(TEST_ARCHIVES) $(PC_LIBS)

$(B)/test/fuzz/%: test/fuzz/%.c test/fuzz/replay.c $(B)/node.a $(ARCHIVES)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(PC_CFLAGS) -Itest/unit $(ALL_LDFLAGS) -o $@ $< test/fuzz/replay.c \
	    $(TEST_ARCHIVES) $(PC_LIBS)

# One libFuzzer program a target; what it finds that is new goes into a corpus of its own beside it.
$(B)/fuzz/%: test/fuzz/%.c $(B)/node.a $(ARCHIVES)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(PC_CFLAGS) -Itest/unit $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $< $(TEST_ARCHIVES) $(PC_LIBS)

# FUZZ_SECONDS for each target.
FUZZ_SECONDS ?= 60
fuzz:
	$(Q)$(MAKE) FUZZ=1 CC=clang $(FUZZERS:%=build-fuzz/fuzz/%)
	$(Q)for target in $(FUZZERS); do test/fuzz/run $$target $(FUZZ_SECONDS) || exit 1; done

check-programs: $(UNITS) $(REPLAYS) $(B)/test/unit/schema_suite $(B)/test/unit/wycheproof

test: all check-programs
	$(Q)BUILD=$(B) BIN=$(OUT) test/run

bench: all
	$(Q)for bench in $(filter-out %.c %/gen-instance %/ansible,$(wildcard test/bench/*)); do $$bench || exit 1; done

lint:
	$(Q)test/lint

# Break each rule in a copy, and see that a test notices.
mutation:
	$(Q)test/mutation/run

flags:
	@printf '%s\n' $(ALL_CFLAGS) $(PC_CFLAGS) -Itest/unit

libs:
	@printf '%s\n' $(TEST_ARCHIVES) $(PC_LIBS)

demo:
	$(Q)tools/install-dependencies
	$(Q)$(MAKE) all
	$(Q)test/demo.sh

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(LIBDIR) $(DESTDIR)$(DATADIR)
	install -m 0755 bin/leap $(DESTDIR)$(PREFIX)/bin/leap
	install -m 0755 $(NODES) $(DESTDIR)$(LIBDIR)
	cp -R platform templates $(DESTDIR)$(DATADIR)
	for page in man/*; do install -D -m 0644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; done
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	bin/leap completion > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/leap

clean:
	rm -rf build build-san build-fuzz bin

.PHONY: all test check-programs bench mutation lint flags libs demo fuzz install clean
.DELETE_ON_ERROR:
.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
