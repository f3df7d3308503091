#!/usr/bin/env bash
# Renews the hash-locked requirements. No registry address is written into any file.
set -euo pipefail
cd "$(dirname "$0")/.."
"${PYTHON:-python3}" -m venv build/lock
build/lock/bin/pip install --quiet uv
lock() { build/lock/bin/uv pip compile --quiet --universal --upgrade --generate-hashes --no-annotate --no-header --python-version 3.11 "$@"; }
lock pyproject.toml -o requirements/runtime.txt
lock pyproject.toml --group dev -o requirements/dev.txt
echo setuptools | lock - -o requirements/build.txt
