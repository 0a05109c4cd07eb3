# caloq: make | demo | test | test-quick | chaos | bench | mnist | style | asan | deps | install PREFIX=
MAKEFLAGS += --no-builtin-rules
Q := $(if $(V),,@)# make V=1 shows the compiler's lines
.SUFFIXES:
.DEFAULT_GOAL := all
SHELL := /bin/bash

# --- compiler and libraries; every one may be given on the command line ------------------
CC := mpicc
AR := ar
BUILD ?= build
PREFIX ?= /usr/local
OPT ?= -O3 -g
PKG := pkg-config
pick = $(firstword $(foreach p,$(1),$(shell $(PKG) --exists $(p) 2>/dev/null && echo $(p))))
HDF5 ?= $(call pick,hdf5-openmpi hdf5-mpich hdf5)
SCALAPACK ?= $(call pick,scalapack-openmpi scalapack-mpich scalapack)
LIBS := $(HDF5) $(SCALAPACK) openblas yaml-0.1 jansson libcurl zlib
# foreign headers are system headers: their warnings are not ours
SYSTEM := $(patsubst -I%,-isystem %,$(shell $(PKG) --cflags $(LIBS) 2>/dev/null))
LINK := $(shell $(PKG) --libs $(LIBS) 2>/dev/null) -ldnnl -lm
CMOCKA := $(shell $(PKG) --libs cmocka 2>/dev/null)
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wconversion -Werror
NUMERIC := -ffp-contract=off -fno-trapping-math -fno-math-errno
COMMIT := $(shell git describe --always --dirty 2>/dev/null || echo unknown)
CFLAGS = -std=c11 -D_POSIX_C_SOURCE=200809L $(OPT) $(NUMERIC) $(WARN) -Iinclude $(SYSTEM) $(EXTRA)

# --- sources: src/FOLDER/room.c, and num/kern_*.c once per instruction set ----------------
ISAS := base $(if $(filter x86_64,$(shell uname -m)),v3 v4 v4x)
ISA_base :=
ISA_v3 := -march=x86-64-v3
ISA_v4 := -march=x86-64-v4 -mprefer-vector-width=512
ISA_v4x := $(ISA_v4) -mavx512vpopcntdq -mavx512vbmi
KERN := $(wildcard src/num/kern_*.c)
SRC := $(filter-out $(KERN) src/cmd/main.c,$(wildcard src/*/*.c))
OBJ := $(SRC:src/%.c=$(BUILD)/%.o) $(foreach i,$(ISAS),$(KERN:src/%.c=$(BUILD)/%.$(i).o))
TESTS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/*/test_*.c tests/peers/*.c))
HELP := $(BUILD)/tests/test.o

all: $(BUILD)/caloq caloq

caloq: $(BUILD)/caloq
	@ln -sf $(BUILD)/caloq caloq

$(BUILD)/caloq: $(BUILD)/cmd/main.o $(BUILD)/libcaloq.a
	$(Q)$(CC) $(OPT) $(EXTRA) $^ $(LINK) -o $@

$(BUILD)/libcaloq.a: $(OBJ)
	@rm -f $@
	@$(AR) rcs $@ $^
	@echo "built $@"

$(BUILD)/cmd/version.o: EXTRA += -DCALOQ_COMMIT='"$(COMMIT)"'
$(BUILD)/%.o: src/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

define isa_rule
$(BUILD)/%.$(1).o: src/%.c
	@mkdir -p $$(@D)
	$(Q)$$(CC) $$(CFLAGS) $$(ISA_$(1)) -DKERN_ISA=$(1) -MMD -MP -c $$< -o $$@
endef
$(foreach i,$(ISAS),$(eval $(call isa_rule,$(i))))

$(HELP): tests/test.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -Itests -MMD -MP -c $< -o $@

$(BUILD)/tests/%: tests/%.c $(HELP) $(BUILD)/libcaloq.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -Itests -MMD -MP $< $(HELP) $(BUILD)/libcaloq.a $(LINK) $(CMOCKA) -o $@

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

# --- what a person types ------------------------------------------------------------------
.PHONY: all deps demo test test-quick chaos check check-quick tests bench mnist style asan install clean

deps:
	@jobs/deps.sh

demo: deps
	@$(MAKE) all && jobs/demo.sh

test: deps
	@$(MAKE) check

test-quick: deps
	@$(MAKE) check-quick

chaos: all
	@CHAOS=1 CALOQ_BUILD=$(BUILD) tests/cli/annealfaults.sh

tests: all $(TESTS)

check: tests
	@tests/run.sh $(BUILD) full

check-quick: tests
	@tests/run.sh $(BUILD) quick

bench: all
	@tests/peers/bench.sh $(BUILD)

mnist: all
	@tests/peers/mnist_500.sh $(BUILD)

style:
	@tests/arrows.sh
	@clang-format-14 --dry-run -Werror $$(git ls-files '*.c' '*.h')

ASAN := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
asan:
	@$(MAKE) BUILD=build-asan OPT='-O1 -g' EXTRA='$(ASAN)' tests
	@tests/run.sh build-asan asan

install: all
	install -D $(BUILD)/caloq $(DESTDIR)$(PREFIX)/bin/caloq

clean:
	rm -rf build build-asan caloq
