#!/bin/sh
# place-ort.sh FROM TO: puts one build's core and CUDA provider beside the binding in TO, under the names that are looked
# for, after checking them: all there, of ORT_VERSION, and needing nothing but CUDA_MAJOR's libraries and the C library.
set -eu
from=$1 to=$2
: "${ORT_VERSION:?}" "${CUDA_MAJOR:?}"
fail() { echo "place-ort: $*" >&2; exit 1; }

core=$(find "$from" -name 'libonnxruntime.so*' -type f | sort | tail -n 1)
test -n "$core" || fail "no libonnxruntime.so in $from: core and CUDA provider must come from one build"
install -m 755 "$core" "$to/libonnxruntime.so.1"
for name in shared cuda; do
  file=libonnxruntime_providers_$name.so
  test -f "$from/$file" || fail "no $file in $from"
  install -m 755 "$from/$file" "$to/$file"
done

readelf-target -W --dyn-syms "$to/libonnxruntime.so.1" | grep -q "OrtGetApiBase@@VERS_$ORT_VERSION" || fail "$core is not ONNX Runtime $ORT_VERSION"
allowed="libcublasLt.so.$CUDA_MAJOR libcublas.so.$CUDA_MAJOR libcudart.so.$CUDA_MAJOR libcurand.so.10 libcuda.so.1
  ld-linux-x86-64.so.2 ld-linux-aarch64.so.1 libc.so.6 libm.so.6 libdl.so.2 librt.so.1 libpthread.so.0 libgcc_s.so.1 libstdc++.so.6"
allowed=$(echo "$allowed ${ALSO_NEEDED:-}" | tr -s '\n ' ' ')
for file in "$to"/libonnxruntime*.so*; do
  for needed in $(readelf-target -d "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p'); do
    case " $allowed " in
      *" $needed "*) ;;
      *) fail "$(basename "$file") needs $needed, which this image does not hold. It holds CUDA $CUDA_MAJOR: was the file built for another one?" ;;
    esac
  done
done
commit() { grep -ao 'git-commit-id=[0-9a-f]*' "$1" | head -n 1; }
echo "placed ONNX Runtime $ORT_VERSION, $(commit "$to/libonnxruntime.so.1"), for CUDA $CUDA_MAJOR:"
ls -l "$to"
