#!/bin/sh
# fetch-npm.sh LIST FOLDER: downloads the npm packages of a list, `NAME@VERSION INTEGRITY` a line, and unpacks each into FOLDER/NAME,
# without its dependencies and its scripts. A package with another sum, or of another version than ORT_VERSION, is refused.
set -eu
list=$1 folder=$2
: "${ORT_VERSION:?}"
work=$(mktemp -d)
while read -r package integrity; do
  name=${package%@*}
  test "${package##*@}" = "$ORT_VERSION" || { echo "fetch-npm: the list pins $package, but ORT_VERSION is $ORT_VERSION" >&2; exit 1; }
  file=$work/$(cd "$work" && npm pack --silent "$package")
  found=sha512-$(node -p 'crypto.createHash("sha512").update(fs.readFileSync(process.argv[1])).digest("base64")' "$file")
  test "$found" = "$integrity" || { echo "fetch-npm: $package has $found, expected $integrity" >&2; exit 1; }
  mkdir -p "$folder/$name"
  tar -xzf "$file" -C "$folder/$name" --strip-components=1
done <"$list"
rm -rf "$work"
