# Development commands; `make help` lists them.
.PHONY: help build test stress gradients-check bench reports reports-check reports-training reports-training-long site-check doc fmt lint ci

help: ## list the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 24

build: ## build the program, optimised
	cargo build --release --locked

test: ## every test, as the README runs it
	cargo test

stress: gradients-check ## twenty times as many random worlds from another seed, the calibration of the verdicts, and gradients against burn
	STRESS=20 cargo test --release --test truth --test off_policy
	cargo run --release --locked --quiet --example calibrate -- reports/CALIBRATION.md

gradients-check: ## the gradients of every network that is trained, against those of another library (burn; minutes to compile)
	cargo test --locked --manifest-path tests/independent/Cargo.toml --target-dir $(or $(CARGO_TARGET_DIR),target)/independent

bench: ## time and memory of the oracle and the sampler, beside their limits
	cargo bench --bench sampling
	cargo bench --bench exact
	cargo bench --bench growth
	cargo bench --bench backward
	cargo bench --bench network

# The program that the tests build (an example beside it asks for the same features); the bits are those of any profile.
PROGRAMS := $(or $(CARGO_TARGET_DIR),target)/debug

reports: ## write the snapshots in reports/
	cargo build --locked --bin unbiased --example off_policy
	$(PROGRAMS)/unbiased exact problems/frozen-lake-4x4.json --output reports/frozen-lake-4x4.txt
	$(PROGRAMS)/unbiased exact problems/frozen-lake-8x8.json --output reports/frozen-lake-8x8.txt
	$(PROGRAMS)/unbiased exact problems/cliff-walking.json --output reports/cliff-walking.txt
	$(PROGRAMS)/unbiased exact problems/taxi.json --output reports/taxi.txt
	$(PROGRAMS)/examples/off_policy reports/OFF_POLICY.md
	$(PROGRAMS)/unbiased audit --matrix --format json --output $(PROGRAMS)/audit.json
	$(PROGRAMS)/unbiased report $(PROGRAMS)/audit.json --format markdown --output reports/AUDIT.md
	$(PROGRAMS)/unbiased verify --pages reports/ledger --format json --output $(PROGRAMS)/ledger.json
	for experiment in experiments/*.toml; do \
		$(PROGRAMS)/unbiased compare $$experiment --output reports/comparisons/$$(basename $$experiment .toml).json > /dev/null || exit 1; \
	done
	$(PROGRAMS)/unbiased report reports/comparisons/*.json --pages reports/comparisons --format csv > /dev/null
	$(PROGRAMS)/unbiased report $(PROGRAMS)/ledger.json $(PROGRAMS)/audit.json reports/comparisons/*.json reports/training/*.json \
		--site reports/site --format summary --output reports/SUMMARY.md; test $$? -le 1

reports-check: reports ## write them again and fail on any difference
	git diff --exit-code -- reports
	@test -z "$$(git ls-files --others --exclude-standard -- reports)" || { git ls-files --others --exclude-standard -- reports; echo "the reports above are not checked in"; exit 1; }

# Trains what is in a folder, and writes the pages of all records.
define train
	cargo build --release --locked --bin unbiased
	for experiment in $(1)/*.toml; do \
		target/release/unbiased train $$experiment --output reports/training/$$(basename $$experiment .toml).json > /dev/null; test $$? -le 1 || exit 1; \
	done
	target/release/unbiased report reports/training/*.json --pages reports/training --format json --output reports/training.json; test $$? -le 1
endef

reports-training: ## train everything in training/ again (some minutes), optimised, and write reports/training
	$(call train,training)

reports-training-long: ## train what takes an hour or more, in training/long/, and write reports/training
	$(call train,training/long)

site-check: ## open every page of the site in a headless Chromium (Debian's package), narrow and wide, light and dark
	python3 tools/site_check.py reports/site --screenshots $(PROGRAMS)/screenshots

doc: ## the documentation, warnings are errors
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --locked

fmt: ## format the sources
	cargo fmt

lint: ## formatting, clippy and documentation, warnings are errors
	cargo fmt --check
	cargo clippy --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --locked --quiet

ci: ## what continuous integration runs
	bash .ci/run
