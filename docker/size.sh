#!/bin/sh
# size.sh IMAGE [BUDGET_MB]: an image's size by layer (uncompressed, MB = 10^6 bytes); fails when it is larger than the budget.
set -eu
image=${1:?usage: docker/size.sh IMAGE [BUDGET_MB]} budget=${2:-}
docker image inspect --format '{{.Os}}/{{.Architecture}}' "$image" >/dev/null
docker history --no-trunc --human=false --format '{{.Size}}\t{{.CreatedBy}}' "$image" | awk -F '\t' -v image="$image" -v budget="$budget" '
  { sub(/^(RUN )?\/bin\/sh -c /, "", $2); sub(/ # buildkit$/, "", $2); total += $1 }
  $1 > 0 { printf "%9.2f MB  %s\n", $1 / 1e6, substr($2, 1, 100) }
  END {
    printf "%9.2f MB  %s\n", total / 1e6, image
    if (budget != "" && total > budget * 1e6) { printf "%s is %.1f MB over its budget of %s MB\n", image, total / 1e6 - budget, budget; exit 1 }
  }'
