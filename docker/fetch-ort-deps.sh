#!/bin/sh
# fetch-ort-deps.sh SOURCE MIRROR: downloads what ONNX Runtime's own list, SOURCE/cmake/deps.txt (name;URL;SHA1), asks for
# into MIRROR/HOST/PATH, where the build looks instead of the network, and checks each. Ends with a list by sha256.
set -eu
source=$1 mirror=$2
# Of other systems, other providers, tests and training.
unneeded='coremltools cxxopts dawn directx_headers duktape extensions composable_kernel google_benchmark googletest kleidiai
  microsoft_wil mimalloc onnx_tensorrt protoc_win64 protoc_win32 protoc_linux_x86 protoc_mac_universal psimd tensorboard'
unneeded=$(echo "$unneeded" | tr -s '\n ' ' ')
mkdir -p "$mirror"
grep -v -e '^#' -e '^[[:space:]]*$' "$source/cmake/deps.txt" | tr -d '\r' | while IFS=';' read -r name url sha1; do
  case " $unneeded " in *" $name "*) continue ;; esac
  file=$mirror/${url#https://}
  if ! echo "$sha1  $file" | sha1sum --check --status 2>/dev/null; then
    mkdir -p "$(dirname "$file")"
    curl -fsSL --retry 3 -o "$file" "$url" || { echo "fetch-ort-deps: $name cannot be had from $url" >&2; exit 1; }
    echo "$sha1  $file" | sha1sum --check --status || { echo "fetch-ort-deps: $name from $url is not the file with SHA1 $sha1" >&2; exit 1; }
  fi
done
(cd "$mirror" && find . -type f ! -name SHA256SUMS | sort | xargs -r sha256sum | tee SHA256SUMS)
