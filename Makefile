# SPDX-License-Identifier: Apache-2.0
# Short names for the scripts; every rule is in Scripts/, so that nobody needs make.

.PHONY: help demo test check bench torture clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s  %s\n", $$1, $$2 }' Makefile

demo: ## Install what is missing, build, and watch a payment from opening to settlement
	@Scripts/bootstrap --build
	@Scripts/farthing demo

test: ## Install what is missing, then the quick checks and every test
	@Scripts/bootstrap --test
	@Scripts/check --quick
	@Scripts/test

check: ## Everything a change must pass: the quick checks, build, tests, documentation, counts
	@Scripts/bootstrap --check
	@Scripts/check

bench: ## Install what is missing, measure for some twelve minutes, and write Benchmarks/RESULTS.md
	@Scripts/bootstrap --bench
	@Scripts/bench --write

torture: ## Install what is missing, build, then kill, starve, flood and fuzz: a few hours
	@Scripts/bootstrap --build
	@swift build -c release --product farthing
	@Scripts/torture
	@Scripts/fuzz

clean: ## Remove what builds and tests left behind
	rm -rf .build .venv-interop .venv-bench .venv-devnet Benchmarks/.build Fuzz/.build Examples/*/.build
