#!/bin/sh
# build-binding.sh cpu|cuda SOURCE CORE TO: compiles ONNX Runtime's Node.js binding from SOURCE/js/node against the core
# library in CORE, and puts both into TO. NODE_INCLUDE has Node.js's headers, ADDON_API those of node-addon-api.
set -eu
device=$1 source=$2 core=$3 to=$4
: "${NODE_INCLUDE:=/usr/local/include/node}" "${ADDON_API:?}"
library=$(find "$core" -name 'libonnxruntime.so*' -type f | sort | tail -n 1)
test -n "$library" || { echo "build-binding: no libonnxruntime.so in $core" >&2; exit 1; }
mkdir -p "$to"
install -m 755 "$library" "$to/libonnxruntime.so.1"

set --
if test "$device" = cuda; then set -- -DUSE_CUDA=1; fi
g++ -std=c++20 -O2 -fPIC -shared -s -o "$to/onnxruntime_binding.node" "$source"/js/node/src/*.cc \
  -DNAPI_VERSION=6 -DORT_API_MANUAL_INIT -DBUILDING_NODE_EXTENSION "$@" \
  -I "$NODE_INCLUDE" -I "$ADDON_API" -I "$source/include/onnxruntime" -I "$source/include/onnxruntime/core/session" -I "$source/onnxruntime" \
  -L "$to" -l:libonnxruntime.so.1 "-Wl,-rpath,\$ORIGIN/"
ls -l "$to"
