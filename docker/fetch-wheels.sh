#!/bin/sh
# fetch-wheels.sh FOLDER REQUIREMENT...: downloads wheels for Linux x64, each `name==version --hash=sha256:...`, and unpacks
# them into FOLDER. A file with another hash is refused. PIP_INDEX_URL names another index.
set -eu
folder=$1; shift
list=$(mktemp) wheels=$(mktemp -d)
for requirement in "$@"; do echo "$requirement"; done >"$list"
python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
  --implementation cp --python-version 3.11 --abi cp311 --abi abi3 --abi none \
  --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 \
  --dest "$wheels" --requirement "$list"
mkdir -p "$folder"
for wheel in "$wheels"/*.whl; do python3 -m zipfile -e "$wheel" "$folder"; done
rm -rf "$list" "$wheels"
