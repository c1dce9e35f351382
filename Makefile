# Two commands do everything on a fresh Debian machine:
#   make demo   installs what is missing, builds, seals a demonstration district, says what to look at
#   make test   installs what is missing, runs the whole suite
# and more for developers: `make lint`, `make bench`, `make bench-verify` (against pyHanko and pdfsig), and `make fuzz HOURS=10`, which mutates good
# input for every parser of untrusted bytes for that long (`make fuzz-seeds` for the targets under fuzz/).

# Everything is built into and run from target/.
unexport CARGO_TARGET_DIR
export PATH := $(HOME)/.cargo/bin:$(PATH)

DEMO ?= demo
HOURS ?= 1

.PHONY: demo test lint bench bench-verify fuzz fuzz-seeds clean

demo:
	@scripts/setup.sh demo
	cargo build --release --locked --bin certseal
	target/release/certseal demo --out $(DEMO)

test:
	@scripts/setup.sh test
	cargo build --workspace --locked
	CERTSEAL_JUDGES=required cargo test --workspace --locked

lint:
	@scripts/setup.sh demo
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked --quiet
	@if command -v cargo-deny >/dev/null 2>&1; then \
		cargo deny --offline --locked check bans licenses sources; \
	else echo "lint: cargo-deny is not installed, licence and source check skipped"; fi

bench:
	@scripts/setup.sh demo
	cargo build --release --locked --bin certseal
	target/release/certseal bench

bench-verify:
	@scripts/setup.sh test
	cargo build --release --locked --bin certseal
	target/tools/pyhanko/bin/python benches/verifiers.py

fuzz:
	@scripts/setup.sh demo
	cargo build --release --locked --bin certseal --bin certseal-mutate
	target/release/certseal-mutate $$(( $(HOURS) * 3600 ))

fuzz-seeds:
	@scripts/setup.sh demo
	cargo build --release --locked --bin certseal --bin certseal-mutate
	target/release/certseal-mutate --seeds fuzz/corpus

clean:
	cargo clean
	rm -rf $(DEMO)
