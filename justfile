# `just check` is what CI runs. The tests alone need no just: `cargo test --workspace`.

# Lists the recipes.
default:
    @just --list

# Everything CI runs, in its order.
check:
    bash .ci/run

# The tests.
test:
    cargo test --workspace

# Formats everything.
fmt:
    cargo fmt --all

# Clippy as strict as in CI.
lint:
    cargo clippy --workspace --all-targets --all-features -- -D warnings

# The programs of OTP, replayed against this supervisor.
conformance:
    cargo test --release -p supervisor-tests --test otp -- --nocapture

# Whole trees on the real driver with faults at any moment: `just simulation 1000000`.
simulation seeds="24000":
    SIM_SEEDS={{ seeds }} cargo test --release -p supervisor-tests --test simulation -- --nocapture

# Takes a rule out and shows which test goes red: `just plant open_window`, or all of them.
plant *names:
    scripts/plant {{ names }}

# Takes each line out of the overlay of the configuration and shows which test goes red.
overlay *lines:
    scripts/overlay {{ lines }}

# Ten thousand trees, eight at a time, started and ended in every way: nothing is left of any.
real-runs number="10000":
    REAL_RUNS={{ number }} cargo test --release -p supervisor-tests --test real_runs -- --nocapture

# A tree under load, ten minutes of it: each figure a line, and red when a goal is missed.
soak seconds="600" *options:
    cargo run --release -p supervisor-tests --bin soak -- {{ seconds }} {{ options }}

# Changes what decides in one place at a time, and sees whether a test goes red: all in one build (`--one-build`), or
# one build for each change of a file: `just mutants supervisor/src/policy/decision.rs`. Needs cargo-mutants.
mutants *arguments="--one-build":
    scripts/mutants {{ arguments }}

# The library's own tests under Miri: what is quick, as in CI; with `--all` the whole core, for hours; or those named
# here. Says how many ran. Needs a nightly toolchain with miri and rust-src.
miri *which:
    scripts/miri {{ which }}

# Every order in which a run, its helpers and whoever stops it can do things.
loom:
    RUSTFLAGS="--cfg supervisor_loom" cargo test --release --target-dir target/loom -p rust-tokio-supervisor --lib loom

# Gives a reader anything at all, for so many seconds: `just fuzz config 300`. Needs cargo-fuzz.
fuzz target seconds="60":
    cd fuzz && RUSTC_BOOTSTRAP=1 cargo fuzz run {{ target }} -- -max_total_time={{ seconds }} -max_len=8192

# What the attributes cost: `cargo check` of a tree of a thousand children with and without them.
cost *children:
    scripts/cost {{ children }}

# What it costs to check and build trees of 10, 100 and 1,000 children, crates by feature, binary size.
build-cost:
    scripts/cost --table

# Licences, bans and advisories. Needs cargo-deny and a network.
deny:
    cargo deny --all-features check

# Us beside hand-written Tokio and other libraries, as a table: `just bench`, or `just bench --full`.
bench *options="--quick":
    cargo run --release --manifest-path benches/Cargo.toml -- {{ options }}

# What the socket does in a second over 8 connections, and how long a command takes meanwhile.
bench-ipc *options:
    cargo run --release --manifest-path benches/Cargo.toml -p bench-ipc -- {{ options }}

# Builds the book into target/book/en. Needs mdbook.
book:
    mdbook build docs/en

# A thousand times: kills a process that writes its audit, edits an audit and looks for the edit.
audit-torture:
    AUDIT_KILLS=1000 cargo test --release -p supervisor-tests --test audit killed
    AUDIT_EDITS=1000 cargo test --release -p rust-tokio-supervisor --lib --features audit edit

# The socket, by a client in Python: every method, every code, hostile clients, other users.
e2e:
    cargo build -p supervisor-tests --bin ipc_target
    python3 tests/e2e/run.py target/debug/ipc_target
    cargo build -p supervisor-examples --example demo
    cargo build -p rust-tokio-supervisor-ctl
    python3 tests/e2e/demo.py target/debug/examples/demo target/debug/supctl examples/config/supervisor.yaml

# Ten thousand sockets bound while somebody swaps the folder, and while somebody looks at the mode.
ipc-torture:
    IPC_BINDINGS=10000 cargo test --release -p rust-tokio-supervisor --lib --features ipc,config binding -- --nocapture

# The template and the schema of the tree of `config_tree_supervisor`, as its own program writes them.
config-tree:
    cargo run --quiet --example config_tree_supervisor -- template > examples/config/config_tree/supervisor.template.yaml
    cargo run --quiet --example config_tree_supervisor -- schema > examples/config/config_tree/supervisor.schema.json

# The example that tells a whole story.
quickstart:
    cargo run --example supervisor_quickstart

# What the hot paths cost, in instructions and allocations, against the numbers written down. Needs
# valgrind, and once `cargo install gungraun-runner --version 0.20.0`.
bench-guard:
    cargo test --release --manifest-path benches/Cargo.toml -p bench-guard --test allocations
    cargo bench --manifest-path benches/Cargo.toml -p bench-guard --bench instructions

# What an exit, a command and a look at the state cost in trees of a hundred to a million children:
# docs/en/src/scaling.md and .svg.
bench-scaling:
    cargo run --release --manifest-path benches/Cargo.toml -p bench-scaling -- docs/en/src
