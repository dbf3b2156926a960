# mirage-ecs: see `make help`.
PREFIX  ?= /usr/local
DESTDIR ?=
bindir     ?= $(PREFIX)/bin
datadir    ?= $(PREFIX)/share
mandir     ?= $(datadir)/man
docdir     ?= $(datadir)/doc/mirage-ecs
sysconfdir ?= /etc
unitdir    ?= $(PREFIX)/lib/systemd/system
CC      ?= cc
CFLAGS  ?= -O2 -g
VERSION := $(shell cat VERSION)

# SANITIZE=address,undefined or SANITIZE=thread builds in a folder of its own.
SANITIZE ?=
comma := ,
BUILD ?= build$(if $(SANITIZE),/sanitize-$(subst $(comma),-,$(SANITIZE)))

WARNINGS := -Wall -Wextra -Werror -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
  -Wold-style-definition -Wvla -Wformat=2 -Wundef -Wcast-qual -Wwrite-strings -Wpointer-arith \
  -Wimplicit-fallthrough -Wnull-dereference
HARDENING := $(if $(SANITIZE),,-D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection) -fPIE
HARDENING_LD := -pie -Wl,-z,relro,-z,now -Wl,--as-needed
SANITIZE_FLAGS := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all \
  -fno-omit-frame-pointer)
ALL_CFLAGS = -std=c17 -D_GNU_SOURCE -DMIRAGE_VERSION='"$(VERSION)"' -Ilib $(WARNINGS) $(HARDENING) \
  $(SANITIZE_FLAGS) $(CFLAGS)
ALL_LDFLAGS = $(HARDENING_LD) $(SANITIZE_FLAGS) $(LDFLAGS)

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-6s %s\n' '$(1)' '$(2)')

# --- programs: each from the sources of its folder, and libmirage.a -----------------------------
PROGRAMS := mirage-ecs mirage-api mirage-proxyd mirage-sync mirage-purge mirage-local-task
SOURCES_mirage-ecs        := $(wildcard stack/*.c)
SOURCES_mirage-api        := $(wildcard fcgi-app/*.c)
SOURCES_mirage-proxyd     := $(wildcard proxyd/*.c)
SOURCES_mirage-sync       := $(wildcard cron/sync*.c) cron/job.c cron/link.c cron/purge_run.c
SOURCES_mirage-purge      := $(wildcard cron/purge*.c)
SOURCES_mirage-local-task := $(wildcard local-task/*.c)
LIBS_mirage-api := -lfcgi
LIBS_mirage-proxyd := -lseccomp
LIBS := -lyaml -lpcre2-8 -ljwt -ljansson -lsqlite3 -lcurl -lexpat -lcrypto -lpthread

LIB := $(BUILD)/lib/libmirage.a
LIB_OBJECTS := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard lib/*.c lib/config/*.c lib/store/*.c lib/aws/*.c)) $(BUILD)/obj/sql.o
BINARIES := $(PROGRAMS:%=$(BUILD)/bin/%)
SHARE := $(BUILD)/share/mirage-ecs
SHARE_FILES := $(patsubst %,$(SHARE)/%,$(wildcard html/*.html html/static/*) \
  $(patsubst deploy/%,%,$(wildcard deploy/lighttpd/*.conf deploy/apache/*.conf deploy/nginx/*.conf)) html/static/bootstrap.min.css)
# Debian's, wherever this release has it.
BOOTSTRAP := $(firstword $(wildcard $(patsubst %,/usr/share/%/bootstrap.min.css,javascript/bootstrap5/css \
  nodejs/bootstrap/dist/css bootstrap-html/css)))

.PHONY: all run undo-run test unit e2e e2e-apache e2e-ecs fakeaws terraform lint format bench screenshots install uninstall man deb \
  clean deps deps-test help all-tests test-all test-deploy test-waiting test-working
.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all

all: $(BINARIES) $(SHARE_FILES) ## build everything into build/

define PROGRAM_RULE
$(BUILD)/bin/$(1): $$(patsubst %.c,$(BUILD)/obj/%.o,$$(SOURCES_$(1))) $(LIB)
	@mkdir -p $$(@D)
	$$(call say,LINK,$$@)
	$(Q)$$(CC) $$(ALL_LDFLAGS) -o $$@ $$(filter %.o,$$^) $(LIB) $$(LIBS_$(1)) $$(LIBS)
endef
$(foreach program,$(PROGRAMS),$(eval $(call PROGRAM_RULE,$(program))))

$(LIB): $(LIB_OBJECTS)
	@mkdir -p $(@D)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/obj/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# The schema's steps as C text, in their order.
$(BUILD)/gen/sql.c: $(wildcard sql/*.sql) tools/sql-to-c
	@mkdir -p $(@D)
	$(call say,GEN,$@)
	$(Q)tools/sql-to-c $(sort $(wildcard sql/*.sql)) >$@
$(BUILD)/obj/sql.o: $(BUILD)/gen/sql.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -Wno-overlength-strings -c -o $@ $<

# Rewritten only when the compiler or its flags change, so that everything is built again then.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS)' | cmp -s - $@ || \
	  echo '$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS)' >$@
FORCE:

$(SHARE)/html/static/bootstrap.min.css: $(BOOTSTRAP)
	@mkdir -p $(@D)
	$(Q)if [ -z '$(BOOTSTRAP)' ]; then echo 'libjs-bootstrap5 is missing: try make deps' >&2; exit 1; fi
	$(Q)sed '/^\/\*# sourceMappingURL/d' $(BOOTSTRAP) >$@
$(SHARE)/html/%: html/%
	@mkdir -p $(@D)
	$(Q)cp $< $@
$(SHARE)/lighttpd/%: deploy/lighttpd/%
	@mkdir -p $(@D)
	$(Q)cp $< $@
$(SHARE)/apache/%: deploy/apache/%
	@mkdir -p $(@D)
	$(Q)cp $< $@
$(SHARE)/nginx/%: deploy/nginx/%
	@mkdir -p $(@D)
	$(Q)cp $< $@

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

# --- running ------------------------------------------------------------------------------------
RUN_FLAGS ?=
run: deps ## install what is missing, build, start the whole stack in local mode
	$(Q)$(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$$(nproc)) all
	$(Q)exec tools/run $(BUILD) $(RUN_FLAGS)
undo-run: ## remove what `make run` has made: its state, and root's user and copy of the programs
	$(Q)tools/undo-run $(BUILD)

# --- packages -----------------------------------------------------------------------------------
DEPS := gcc libc6-dev libfcgi-dev libyaml-dev libjansson-dev libjwt-dev libseccomp-dev libsqlite3-dev libpcre2-dev libssl-dev libcurl4-openssl-dev libexpat1-dev lighttpd lighttpd-mod-deflate \
  libjs-bootstrap5 curl
DEPS_TEST := libcmocka-dev python3-pytest python3-pytest-xdist python3-boto3 awscli jq util-linux python3-selenium python3-cryptography chromium chromium-driver apache2-bin tzdata \
  $(if $(shell command -v npm),,nodejs npm)
DEPS_DEB := build-essential debhelper fakeroot
DEPS_DEPLOY := $(DEPS_DEB) debootstrap lintian mandoc man-db systemd systemd-container buildah netavark \
  libcmocka-dev iproute2 binutils python3-pytest
DEPS_LINT := clang clang-format cppcheck binutils mandoc python3-minimal

deps: ## install the Debian packages that building and running need
	$(Q)tools/deps $(DEPS)
deps-test:
	$(Q)tools/deps $(DEPS) $(DEPS_TEST)
	$(Q)[ -x /usr/sbin/nginx ] || [ -x build/unpacked/usr/sbin/nginx ] || tools/unpack build/unpacked nginx nginx-common
	$(Q)[ -x /usr/bin/promtool ] || [ -x build/unpacked/usr/bin/promtool ] || tools/unpack build/unpacked prometheus

# --- tests --------------------------------------------------------------------------------------
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/test/%,$(wildcard tests/unit/test_*.c)) \
  $(patsubst tests/fuzz/%.c,$(BUILD)/test/%,$(wildcard tests/fuzz/fuzz_*.c))
BENCH_TOOLS := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(wildcard tests/bench/*.c))
E2E ?= tests/e2e
DEPLOY_TESTS ?= tests/deploy
PYTHON ?= /usr/bin/python3# Debian's, for which its packages are
# Folders of official test data; the tests that need them are skipped without.
ifdef MUSTACHE_SPEC
export MUSTACHE_SPEC
endif
ifdef PATH_MATCH_TSV
export PATH_MATCH_TSV
endif
PYTEST_FLAGS ?=
JOBS ?= 6# tests side by side: most of them wait most of the time

# Every run writes down what became of its tests, for the totals at the end.
export MIRAGE_TOTALS := $(MIRAGE_TOTALS)
TOTALS = MIRAGE_TOTALS_LABEL='$@$(if $(SANITIZE), $(SANITIZE))'
test: ## install what is missing, run all tests (also under ASan and UBSan); says at the start what it takes
	@echo 'make test takes about 50 minutes on two processors. It installs the Debian packages that are missing (up to 490 MB to'
	@echo 'download), makes machines and images of its own with debootstrap and buildah (500 MB more, from $(or $(DEBIAN_MIRROR),deb.debian.org)), and'
	@echo 'fetches axe-core and a parser from the npm registry (10 MB, once). It sends nothing to AWS. The last line has the totals.'
	$(Q)mkdir -p build && rm -f build/totals
	$(Q)begun=$$(date +%s); $(MAKE) --no-print-directory MIRAGE_TOTALS=$(abspath build/totals) test-all; failed=$$?; \
	  MIRAGE_TOTALS=build/totals $(PYTHON) tests/totals.py show $$(($$(date +%s) - begun)) && exit $$failed

# A part that fails does not keep the others from running, so the totals are those of all. Then two halves, side by side: the
# one mostly waits, for minutes to pass and packages to come, the other compiles. Both at once with all the browsers of `e2e`
# are too much for two processors.
test-all: deps-test
	$(Q)tools/deps $(DEPS_DEPLOY)
	$(Q)first=0; for part in unit fakeaws terraform e2e; do $(MAKE) --no-print-directory $$part || first=1; done; \
	  $(MAKE) --no-print-directory test-waiting JOBS=6 >build/test-waiting.log 2>&1 & waiting=$$!; \
	  $(MAKE) --no-print-directory test-working JOBS=4; working=$$?; \
	  wait $$waiting; waiting=$$?; cat build/test-waiting.log; exit $$((first || working || waiting))

# Pages are in test_pages.py, too: what a browser makes of them is no business of the sanitizers.
SANITIZED_TESTS := $(filter-out tests/e2e/test_browser_%,$(wildcard tests/e2e/test_*.py))
# What depends on where tasks run. `make e2e-ecs` alone runs all.
ECS_TESTS := $(wildcard tests/e2e/test_ecs_*.py tests/e2e/test_api_*.py tests/e2e/test_browser_[lpt]*.py) \
  $(patsubst %,tests/e2e/test_%.py,database pages patterns proxy_failures proxy_routing recover relaunch sleep supervision visitors waiting wake_rivals)

test-waiting:
	$(Q)failed=0; $(MAKE) --no-print-directory e2e-ecs E2E='$(ECS_TESTS)' || failed=1; \
	  $(MAKE) --no-print-directory test-deploy || failed=1; exit $$failed
test-working:
	$(Q)failed=0; $(MAKE) --no-print-directory SANITIZE=address,undefined unit || failed=1; \
	  $(MAKE) --no-print-directory SANITIZE=address,undefined e2e E2E='$(SANITIZED_TESTS)' || failed=1; \
	  $(MAKE) --no-print-directory SANITIZE=address,undefined e2e-ecs PYTEST_FLAGS='-m "not slow"' \
	    E2E='$(wildcard tests/e2e/test_ecs_*.py)' || failed=1; \
	  $(MAKE) --no-print-directory e2e-apache E2E='$(WEB_TESTS)' || failed=1; exit $$failed

unit: all $(UNIT_TESTS) ## the unit tests alone
	$(Q)failed=; for t in $(UNIT_TESTS); do $$t >$(BUILD)/test/said 2>&1 || failed="$$failed $$t"; \
	  cat $(BUILD)/test/said; cat $(BUILD)/test/said >&3; done 3>$(BUILD)/test/all-said; \
	  if [ -n "$$failed" ]; then echo "failed:$$failed" | tee -a $(BUILD)/test/all-said; fi; \
	  if [ -n "$$MIRAGE_TOTALS" ]; then $(PYTHON) tests/totals.py unit '$@$(if $(SANITIZE), $(SANITIZE))' <$(BUILD)/test/all-said; fi; \
	  [ -z "$$failed" ]

PLAIN_PYTEST = PYTHONPATH=tests $(TOTALS) $(PYTHON) -m pytest -q -p totals
PYTEST = $(PLAIN_PYTEST) -n $(JOBS)
e2e: all $(if $(SANITIZE),,$(BENCH_TOOLS)) ## the end-to-end tests alone (E2E=tests/e2e/test_x.py picks, PYTEST_FLAGS=-x adds)
	$(Q)MIRAGE_BUILD=$(abspath $(BUILD)) $(PYTEST) $(PYTEST_FLAGS) $(E2E)
# What comes by way of the web server.
WEB_TESTS := $(wildcard tests/e2e/test_api_*.py tests/e2e/test_auth*.py tests/e2e/test_browser_[lt]*.py) tests/e2e/test_pages.py \
  tests/e2e/test_hardening.py tests/e2e/test_supervision.py tests/e2e/test_web_server.py tests/e2e/test_waiting.py
e2e-apache: all ## the same behind Apache instead of lighttpd
	$(Q)MIRAGE_E2E_WEB=apache MIRAGE_BUILD=$(abspath $(BUILD)) $(PYTEST) $(PYTEST_FLAGS) $(E2E)
e2e-ecs: all ## the same with tasks on ECS, which tests/fakeaws plays
	$(Q)MIRAGE_E2E_RUNNER=ecs MIRAGE_BUILD=$(abspath $(BUILD)) $(PYTEST) $(PYTEST_FLAGS) $(E2E)
test-deploy: ## the units, manual pages, package and container, each for real (as root; a few minutes)
	$(Q)tools/deps $(DEPS) $(DEPS_DEPLOY)
	$(Q)$(MAKE) --no-print-directory all
	$(Q)PYTHONDONTWRITEBYTECODE=1 $(PLAIN_PYTEST) -p no:cacheprovider $(PYTEST_FLAGS) $(DEPLOY_TESTS)
fakeaws: ## the tests of tests/fakeaws itself
	$(Q)$(PYTEST) $(PYTEST_FLAGS) tests/fakeaws
terraform: all ## the tests of terraform/, which ask nothing of AWS
	$(Q)MIRAGE_BUILD=$(abspath $(BUILD)) $(PLAIN_PYTEST) $(PYTEST_FLAGS) tests/terraform

# A unit test may use any object of these programs but their main.o, and what is here of cron/.
TEST_OBJECTS := $(patsubst %.c,$(BUILD)/obj/%.o,$(filter-out %/main.c,$(SOURCES_mirage-api) \
  $(SOURCES_mirage-proxyd)) cron/link.c cron/sync_health.c)
$(BUILD)/lib/libtest.a: $(TEST_OBJECTS)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && ar rcs $@ $^
$(BUILD)/test/%: $(BUILD)/obj/tests/unit/%.o $(BUILD)/lib/libtest.a $(LIB)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $(BUILD)/lib/libtest.a $(LIB) $(LIBS_mirage-api) $(LIBS_mirage-proxyd) $(LIBS) -lcmocka
# The fuzz targets over their corpora; tests/fuzz/run fuzzes.
$(BUILD)/test/fuzz_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(BUILD)/obj/tests/fuzz/replay.o $(BUILD)/lib/libtest.a $(LIB)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(BUILD)/lib/libtest.a $(LIB) $(LIBS_mirage-proxyd) $(LIBS)
$(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.o $(BUILD)/lib/libtest.a $(LIB)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $(BUILD)/lib/libtest.a $(LIB) $(LIBS_mirage-api) $(LIBS_mirage-proxyd) $(LIBS)
$(BUILD)/obj/tests/unit/%.o $(BUILD)/obj/tests/fuzz/%.o $(BUILD)/obj/tests/bench/%.o: \
  ALL_CFLAGS += -I. -DMIRAGE_TESTS='"$(abspath tests)"'

# --- the rest -----------------------------------------------------------------------------------
# What lint has both compilers build.
all-tests: all $(UNIT_TESTS) $(BENCH_TOOLS)
lint: ## check format, warnings of gcc and clang, cppcheck, and the rules of the house
	$(Q)tools/deps $(DEPS) $(DEPS_TEST) $(DEPS_LINT)
	$(Q)tools/lint
format: ## apply .clang-format
	$(Q)clang-format -i $$(git ls-files -co --exclude-standard '*.c' '*.h')

bench: all $(BENCH_TOOLS) ## measure (see tests/README.md; BENCH="--only NAME" picks)
	$(Q)$(BUILD)/bench/bench_list
	$(Q)tests/bench/run $(BENCH)

screenshots: all ## take the pictures of docs/images anew
	$(Q)tools/deps $(DEPS) $(DEPS_TEST)
	$(Q)MIRAGE_BUILD=$(abspath $(BUILD)) $(PYTHON) tests/e2e/screenshots.py docs/images

# --- installing ---------------------------------------------------------------------------------
# Programs find their data beside them: datadir is bindir/../share.
MAN_PAGES := $(patsubst man/%,$(BUILD)/man/%,$(wildcard man/*.[58]))
UNITS := $(patsubst deploy/systemd/%.in,%,$(wildcard deploy/systemd/*.service.in)) mirage-purge.timer
DOCS := $(wildcard docs/*.md) README.md
SUBSTITUTE = sed -e 's,@bindir@,$(bindir),g' -e 's,@sysconfdir@,$(sysconfdir),g'
# The samples of the tree have the defaults' paths.
RELOCATE = sed -e 's,/usr/local/bin/,$(bindir)/,g' -e 's,/usr/local/share/,$(datadir)/,g' \
  -e 's,/etc/mirage-ecs/,$(sysconfdir)/mirage-ecs/,g'
INSTALLED_DIRS = $(datadir)/mirage-ecs $(docdir)
INSTALLED_FILES = $(PROGRAMS:%=$(bindir)/%) $(UNITS:%=$(unitdir)/%) $(PREFIX)/lib/sysusers.d/mirage-ecs.conf \
  $(PREFIX)/lib/tmpfiles.d/mirage-ecs.conf $(foreach page,$(notdir $(MAN_PAGES)),$(mandir)/man$(lastword $(subst ., ,$(page)))/$(page))
DATA = install -m 644

man: $(MAN_PAGES)
$(BUILD)/man/%: man/% $(wildcard man/*.mdoc) docs/CONFIG.md tools/man-page
	@mkdir -p $(@D)
	$(Q)tools/man-page $< bindir='$(bindir)' datadir='$(datadir)' docdir='$(docdir)' sysconfdir='$(sysconfdir)' >$@

install: all man ## install (DESTDIR PREFIX bindir datadir mandir docdir sysconfdir unitdir)
	$(Q)umask 022; install -d $(addprefix $(DESTDIR),$(sort $(dir $(INSTALLED_FILES)))) $(DESTDIR)$(docdir)/examples \
	  $(DESTDIR)$(sysconfdir)/mirage-ecs
	$(Q)install -m 755 $(BINARIES) $(DESTDIR)$(bindir)
	$(Q)umask 022; cd $(SHARE) && find . -type f -exec install -D -m 644 {} '$(abspath $(DESTDIR)$(datadir))/mirage-ecs/{}' \;
	$(Q)umask 022; for site in $(patsubst deploy/%,%,$(wildcard deploy/*/site*.conf)); do \
	  $(RELOCATE) deploy/$$site >$(DESTDIR)$(datadir)/mirage-ecs/$$site; done
	$(Q)for page in $(MAN_PAGES); do $(DATA) $$page $(DESTDIR)$(mandir)/man$${page##*.}/; done
	$(Q)umask 022; for unit in $(UNITS); do \
	  $(SUBSTITUTE) $$(ls deploy/systemd/$$unit.in deploy/systemd/$$unit 2>/dev/null) >$(DESTDIR)$(unitdir)/$$unit; done
	$(Q)$(DATA) deploy/systemd/mirage-ecs.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/mirage-ecs.conf
	$(Q)umask 022; $(SUBSTITUTE) deploy/systemd/mirage-ecs.tmpfiles.in >$(DESTDIR)$(PREFIX)/lib/tmpfiles.d/mirage-ecs.conf
	$(Q)$(DATA) $(wildcard $(DOCS)) $(DESTDIR)$(docdir)
	$(Q)$(DATA) docs/config.example.yaml $(DESTDIR)$(docdir)/examples
	$(Q)umask 022; $(RELOCATE) deploy/cron/mirage-purge >$(DESTDIR)$(docdir)/examples/mirage-purge.cron
	$(Q)$(DATA) deploy/prometheus/alerts.yml $(DESTDIR)$(docdir)/examples/prometheus-alerts.yml
	$(Q)$(DATA) deploy/grafana/dashboard.json $(DESTDIR)$(docdir)/examples/grafana-dashboard.json
	$(Q)umask 022; test -e $(DESTDIR)$(sysconfdir)/mirage-ecs/mirage.yaml || \
	  $(RELOCATE) deploy/mirage.yaml >$(DESTDIR)$(sysconfdir)/mirage-ecs/mirage.yaml

# Built in a copy, so that the tree stays as it is.
DEB_TREE := build/deb/tree
deb: ## build the Debian package into build/deb/ (and one with its debug symbols)
	$(Q)tools/deps $(DEPS) $(DEPS_DEB) libcmocka-dev
	$(Q)rm -rf build/deb && mkdir -p $(DEB_TREE)
	$(Q)tar -c --exclude=./build --exclude=./.git --exclude=node_modules --exclude=__pycache__ . | tar -x -C $(DEB_TREE)
	$(Q)cd $(DEB_TREE) && unset CFLAGS MAKEFLAGS MAKELEVEL && dpkg-buildpackage -b -uc -us $(DEB_FLAGS)
	$(Q)rm -r $(DEB_TREE) && ls -l build/deb/*.deb

uninstall: ## remove what install has put there, but neither configuration nor state
	$(Q)rm -f $(addprefix $(DESTDIR),$(INSTALLED_FILES))
	$(Q)rm -rf $(addprefix $(DESTDIR),$(INSTALLED_DIRS))

clean: ## remove what was built (not the state of `make run`)
	$(Q)find build -mindepth 1 -maxdepth 1 ! -name state ! -name installed -exec rm -rf {} + 2>/dev/null || true

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18
	@echo '  variables: CC CFLAGS SANITIZE=address,undefined|thread V=1 RUN_FLAGS=...'
