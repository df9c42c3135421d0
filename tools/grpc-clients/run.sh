#!/usr/bin/env bash
# Clients of others (tritonclient, grpcio's health and reflection, KServe's SDK) against a running server: run.sh HOST:GRPC_PORT
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
home=${XDG_CACHE_HOME:-$HOME/.cache}/slipway/grpc-clients
[[ -x $home/bin/python ]] || python3 -m venv "$home"
"$home/bin/pip" install --quiet 'tritonclient[grpc]==2.73.0' grpcio-health-checking==1.81.1 grpcio-reflection==1.81.1 kserve==0.21.0
"$home/bin/python" -W ignore "$here/triton.py" "$1"
# A process of its own: both packages declare the same messages.
"$home/bin/python" -W ignore "$here/kserve_sdk.py" "$1"
