#!/bin/sh
# build-ort.sh cpu|cuda SOURCE MIRROR TO: compiles ONNX Runtime's core and, for cuda, its CUDA provider, without a network,
# and puts the stripped libraries into TO. CUDA_ARCHS names the GPU architectures, ATTENTION=0 leaves out the fused
# attention kernels (most of the time and memory), JOBS the parallel compilers: 0 is as many as memory allows.
set -eu
device=$1 source=$2 mirror=$3 to=$4
build=${BUILD_FOLDER:-/build}

# A compiler of CUDA attention kernels takes up to 5 GB, one of C++ up to 2.
count_jobs() {
  memory_kb=$(sed -n 's/^MemAvailable: *\([0-9]*\).*/\1/p' /proc/meminfo)
  limit=$(cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null | grep -E '^[0-9]{1,15}$' | head -n 1 || true)
  if test -n "$limit" && test $((limit / 1024)) -lt "$memory_kb"; then memory_kb=$((limit / 1024)); fi
  each_gb=$(test "$device" = cuda && echo 5 || echo 2)
  by_memory=$((memory_kb / 1048576 / each_gb))
  jobs=$(nproc)
  test "$by_memory" -ge "$jobs" || jobs=$by_memory
  echo $((jobs < 1 ? 1 : jobs))
}
jobs=${JOBS:-0}
test "$jobs" != 0 || jobs=$(count_jobs)
echo "build-ort: $device with $jobs parallel jobs"

fused=$(test "${ATTENTION:-1}" = 0 && echo OFF || echo ON)
set -- --build_dir "$build" --config Release --update --build --build_shared_lib --parallel "$jobs" --cmake_generator Ninja \
  --allow_running_as_root --skip_submodule_sync --skip_tests --compile_no_warning_as_error --cmake_deps_mirror_dir "$mirror"
defines='onnxruntime_BUILD_UNIT_TESTS=OFF'
if command -v ccache >/dev/null; then
  defines="$defines CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache CMAKE_CUDA_COMPILER_LAUNCHER=ccache"
fi
if test "$device" = cuda; then
  set -- "$@" --use_cuda --cuda_version "${CUDA_VERSION:?}" --cuda_home "${CUDA_HOME:?}" --cudnn_home /usr --nvcc_threads 1
  defines="$defines CMAKE_CUDA_ARCHITECTURES=${CUDA_ARCHS:?} onnxruntime_USE_FPA_INTB_GEMM=OFF onnxruntime_USE_INT4_KV_CACHE=OFF
    onnxruntime_USE_FP8_KV_CACHE=OFF onnxruntime_USE_FLASH_ATTENTION=$fused onnxruntime_USE_MEMORY_EFFICIENT_ATTENTION=$fused"
fi
# shellcheck disable=SC2086 # one word a definition
python3 "$source/tools/ci_build/build.py" "$@" --cmake_extra_defines $defines

mkdir -p "$to"
core=$(readlink -f "$build/Release/libonnxruntime.so")
install -s -m 755 "$core" "$to/$(basename "$core")"
if test "$device" = cuda; then
  for name in shared cuda; do install -s -m 755 "$build/Release/libonnxruntime_providers_$name.so" "$to/"; done
fi
