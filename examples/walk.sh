#!/usr/bin/env bash
# A walk through the API with curl and the bundled models: ./examples/walk.sh [URL], after `npm start`.
set -euo pipefail
url=${1:-http://127.0.0.1:8000}
cd "$(dirname "${BASH_SOURCE[0]}")/.."
ask() { echo; echo "$ curl $*" | sed "s|$url|URL|g"; curl --silent --show-error --fail "$@"; echo; }

# Is it there, and does it take work?
ask "$url/v2/health/ready"
# What does it serve, and what does a model want?
ask -X POST "$url/v2/repository/index"
ask "$url/v2/models/digits"

# An image, the simplest way: labels with probabilities.
ask --data-binary @models/digits/samples/7.png "$url/predictions/digits"
# The two most likely labels of several images in one form.
ask -F image=@models/digits/samples/7.png -F image=@models/digits/samples/3.png "$url/predictions/digits?top=2"

# Tensors by the Open Inference Protocol: a window of 64 samples, all of them 0.
window=$(printf '0,%.0s' {1..63})0
ask -d "{\"inputs\":[{\"name\":\"window\",\"datatype\":\"FP32\",\"shape\":[1,64],\"data\":[$window]}]}" "$url/v2/models/anomaly/infer"
# The same as TensorFlow Serving takes it.
ask -d "{\"instances\":[[$window]]}" "$url/v1/models/anomaly:predict"

# What an error looks like: which input, what was expected, what came.
ask --no-fail -d '{"inputs":[{"name":"window","datatype":"FP32","shape":[1,3],"data":[1,2,3]}]}' "$url/v2/models/anomaly/infer"
# What it counted of all this.
curl --silent --fail "$url/metrics" | grep '^slipway_requests_total'
