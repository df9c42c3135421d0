#!/bin/sh
# fetch-ort-cuda.sh nuget|wheel FOLDER: puts ONNX Runtime's core and CUDA provider, of ORT_VERSION and with the sha256 of
# the package that holds them, into FOLDER. Both come from one package: they share a private C++ interface.
set -eu
source=$1 folder=$2
: "${ORT_VERSION:?}" "${ORT_CUDA_SHA256=}"
work=$(mktemp -d); mkdir -p "$folder"
case $source in
  wheel)
    : "${ORT_CUDA_SHA256:?the sha256 of the wheel onnxruntime-gpu $ORT_VERSION for CPython 3.11 is asked for: --build-arg ORT_CUDA_SHA256=...}"
    sh "$(dirname "$0")/fetch-wheels.sh" "$work" "onnxruntime-gpu==$ORT_VERSION --hash=sha256:$ORT_CUDA_SHA256"
    inside=$work/onnxruntime/capi
    cp "$work"/onnxruntime_gpu-*.dist-info/licenses/* "$work"/onnxruntime/LICENSE "$work"/onnxruntime/ThirdPartyNotices.txt "$folder/" 2>/dev/null || true
    ;;
  nuget)
    package=microsoft.ml.onnxruntime.gpu.linux
    curl -fsSL --retry 3 -o "$work/package.zip" "${NUGET_FEED:?the address of a feed (its flat container) is asked for: --build-arg NUGET_FEED=https://...}/$package/$ORT_VERSION/$package.$ORT_VERSION.nupkg"
    found=$(sha256sum "$work/package.zip" | cut -d ' ' -f 1)
    test "$found" = "$ORT_CUDA_SHA256" || {
      echo "the package $package $ORT_VERSION has the sha256 $found, but ORT_CUDA_SHA256 is '$ORT_CUDA_SHA256'." >&2
      echo "Compare it with a source that you trust, then build with --build-arg ORT_CUDA_SHA256=$found" >&2
      exit 1
    }
    python3 -m zipfile -e "$work/package.zip" "$work/x"
    inside=$work/x/runtimes/linux-x64/native
    cp "$work/x/LICENSE" "$work/x/ThirdPartyNotices.txt" "$folder/" 2>/dev/null || true
    ;;
  *) echo "ORT_CUDA_SOURCE is '$source': expected wheel, nuget or local" >&2; exit 1 ;;
esac
cp "$inside"/libonnxruntime.so* "$inside"/libonnxruntime_providers_shared.so "$inside"/libonnxruntime_providers_cuda.so "$folder/"
rm -rf "$work"
