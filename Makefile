# Two commands do everything on a fresh Debian machine:
#   make demo   installs what is missing, builds, seals a demonstration district, says what to look at
#   make test   installs what is missing, runs the whole suite
# and two more for developers: `make lint`, `make bench`.

# Everything is built into and run from target/.
unexport CARGO_TARGET_DIR
export PATH := $(HOME)/.cargo/bin:$(PATH)

DEMO ?= demo

.PHONY: demo test lint bench clean

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
	@if command -v cargo-deny >/dev/null 2>&1; then \
		cargo deny --offline --locked check bans licenses sources; \
	else echo "lint: cargo-deny is not installed, licence and source check skipped"; fi

bench:
	@scripts/setup.sh demo
	cargo build --release --locked --bin certseal
	target/release/certseal bench

clean:
	cargo clean
	rm -rf $(DEMO)
