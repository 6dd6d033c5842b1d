#!/usr/bin/env bash
# Whether the vendors' own SDKs accept what `testing::signed` makes, and refuse it once it was changed; for standards that
# are nobody's in particular, whether others who have read them do.
# Installs them from npm and PyPI into target/sdks, so it needs a network, Node 20 and Python 3.11; it is no part of
# `cargo test`. Versions are pinned in package.json and requirements.txt. Nothing here calls a vendor.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
export SDKS=${SDKS:-$root/target/sdks}
mkdir -p "$SDKS"

cp package.json "$SDKS/package.json"
npm install --prefix "$SDKS" --ignore-scripts --no-audit --no-fund --no-save --loglevel=error
test -x "$SDKS/py/bin/pip" || python3 -m venv "$SDKS/py"
"$SDKS/py/bin/pip" install --quiet --disable-pip-version-check --requirement requirements.txt

cargo build --quiet --manifest-path "$root/Cargo.toml" --target-dir "$root/target" \
    --features testing,asymmetric,http-signatures --example signed
export SIGN=$root/target/debug/examples/signed
status=0
node check.mjs < requests.jsonl || status=1
"$SDKS/py/bin/python" -B check.py < requests.jsonl || status=1
exit $status
