# Everything that one does in this repository has a recipe here; `just` lists them.
# `.ci/tools` installs `just` into .tools/just/bin, if your system has none.

[private]
default:
    @"{{ just_executable() }}" --list --unsorted

# Start the local server, for example `just run --port 9000`
[group('run')]
[positional-arguments]
run *args:
    cargo run --locked -- "$@"

# With an example, every crate gets the features that it has in the tests: what they compiled is used.
# Build the local server
[group('run')]
build:
    cargo build --locked --workspace --bin address-book --example form

# Format the code
[group('check')]
fmt:
    cargo fmt --all

# Check format, lints, rustdoc, licences and unused dependencies
[group('check')]
check: fmt-check clippy rustdoc deny machete

# Check the format
[group('check')]
fmt-check:
    cargo fmt --all --check

# Check the lints; a warning is an error
[group('check')]
clippy:
    cargo clippy --workspace --all-targets --locked -- -D warnings

# Check the documentation in the code; a warning is an error
[group('check')]
rustdoc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

# Check licences and sources; not advisories, whose database would have to be downloaded
[group('check')]
deny:
    cargo deny check bans licenses sources

# Ask for advisories on dependencies; says so and passes if their database can't be had
[group('check')]
[positional-arguments]
advisories *database:
    tests/advisories "$@"

# Look for dependencies that no code uses
[group('check')]
machete:
    cargo machete

# Run every crate's tests in a few minutes, for example `just test --package numbering`
[group('test')]
[positional-arguments]
test *args:
    cargo test --locked "$@"

# Run every crate's tests, and the long ones at full length
[group('test')]
test-exhaustive:
    EXHAUSTIVE=1 cargo test --workspace --locked

# Run all end-to-end tests
[group('test')]
e2e: sdk docs openapi sns forms tokens people deploy-proof

# Drive the local server with the real npm SDKs
[group('test')]
sdk: build
    tests/sdk/run

# Run the curl lines of README.md, docs/API.md and docs/LOCAL.md against the local server
[group('test')]
docs: build
    tests/docs/run

# Make the pictures of README.md and docs/LOCAL.md; `sdk` has to have run before
[group('run')]
screenshots: build
    cd tests/sdk && node screenshots.mjs

# Compare docs/openapi.json with the routes, the template and the traffic of `sdk` and `docs`
[group('test')]
openapi: build
    tests/openapi/run

# Compare how forms are read with Rack, for example `just forms 100000 7`
[group('test')]
[positional-arguments]
forms *args:
    tests/forms/run "$@"

# Sign in with tokens of other libraries and of moto's Cognito, good and forged
[group('test')]
tokens: build
    tests/tokens/run

# Move a random town in and out, and let DuckDB recompute who knows whom
[group('test')]
people: build
    tests/people/run

# Run the tests of endpoints and pushes against moto's SNS
[group('test')]
sns:
    tests/sns/run

# Fuzz one target, for example `just fuzz upload_body 600`; without a name, list the targets
[group('test')]
fuzz target="" seconds="60":
    @{{ if target == "" { "basename --suffix .rs fuzz/fuzz_targets/*.rs" } else { "fuzz/run " + target + " -max_total_time=" + seconds } }}

# Install sam, cargo-lambda, zig and the local AWS into .tools
[group('deploy')]
deploy-tools:
    tests/deploy/tools

# Check the template, without building anything
[group('deploy')]
deploy-check:
    tests/deploy/check

# Build the deployment packages into .aws-sam/build, and check their sizes
[group('deploy')]
package: deploy-tools
    tests/deploy/build

# Deploy the template into a local AWS and drive it
[group('deploy')]
deploy-proof: build
    tests/deploy/run

# Build a function for arm64 and look at its machine code
[group('deploy')]
[positional-arguments]
arm64 *functions: deploy-tools
    tests/deploy/arm64 "$@"

# Ask a deployment whether it works, for example `just smoke https://….execute-api.eu-west-1.amazonaws.com TOKEN`
[group('deploy')]
[positional-arguments]
smoke url token:
    tests/deploy/smoke "$@"

# Update dependencies and the numbering metadata, and say what changed
[group('run')]
[positional-arguments]
update *crates:
    scripts/update "$@"

# Keep updates of a stack away from its tables and its secret, and refuse to delete it
[group('deploy')]
[positional-arguments]
protect stack:
    scripts/protect "$@"

# Copy the keys of a stack, check a copy, or put it back: `just keys backup STACK FILE`
[group('deploy')]
[positional-arguments]
keys action stack file:
    scripts/keys "$@"

# Serve SQS and SNS on port 5000 for `sam local invoke`, for example `just queues-and-pushes 172.17.0.1`
[group('deploy')]
[positional-arguments]
queues-and-pushes *address:
    tests/deploy/queues-and-pushes "$@"

# Measure, and write the tables and the chart of docs/PERFORMANCE.md; parts: cost, load, profile
[group('measure')]
[positional-arguments]
bench *parts:
    cargo bench --locked --package address-book --bench measure -- "$@"

# Measure cold starts and growth, beside Python and Node
[group('measure')]
bench-cold:
    benches/measure/cold/prepare
    cargo bench --locked --package address-book --bench measure -- cold

# Measure how fast phones are read
[group('measure')]
bench-numbering:
    cargo bench --locked --package numbering

# Compare how phones are read with Google's library in Python, for example `just numbering-compare 2024 3`
[group('measure')]
[positional-arguments]
numbering-compare *args:
    shared/numbering/tests/compare "$@"

# Measure what sealing costs, for docs/SECURITY.md
[group('measure')]
bench-sealing:
    cargo test --locked --release --package store what_sealing_costs -- --ignored --nocapture

# Play the known attacks on contact discovery, for docs/SECURITY.md; takes some ten minutes
[group('measure')]
[positional-arguments]
enumerate *strategies:
    cargo run --locked --package address-book --example enumerate -- "$@"

# Play the attack on everybody's joins, for docs/SECURITY.md; takes about a minute
[group('measure')]
[positional-arguments]
toggle *joiners:
    cargo run --locked --package address-book --example toggle -- "$@"

# Run everything that a change has to pass; quick checks first
[group('check')]
ci: check advisories deploy-check test-exhaustive forms tokens people sns sdk docs openapi deploy-proof arm64
