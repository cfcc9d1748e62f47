#!/bin/sh
# Fetches the programs of packages of a Debian suite, each into FOLDER/PACKAGE/usr/bin, without
# touching the system: the package lists are temporary, nothing is installed, root is not needed.
# What is fetched is checked against the keys of the Debian archive.
# usage: fetch-debian-packages.sh SUITE FOLDER PACKAGE...
set -eu

suite=$1
folder=$2
shift 2
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
if [ ! -r "$keyring" ]; then
  echo "$keyring is missing: apt-get install debian-archive-keyring" >&2
  exit 1
fi

mkdir -p "$folder"
work=$(cd "$folder" && mktemp -d "$PWD/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial"
echo "deb [arch=$(dpkg --print-architecture) signed-by=$keyring] http://deb.debian.org/debian $suite main" \
  >"$work/sources.list"

apt() {
  apt-get -qq -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=- \
    -o Dir::State="$work/state" -o Dir::State::status=/dev/null -o Dir::Cache="$work/cache" \
    -o Acquire::Languages=none -o Acquire::Retries=2 -o Acquire::http::Timeout=20 \
    -o APT::Sandbox::User=root -o APT::Update::Error-Mode=any "$@"
}

apt update
(cd "$work" && apt download "$@")
for package in "$@"; do
  mkdir "$work/$package"
  dpkg --fsys-tarfile "$work/${package}"_*.deb | tar -x -C "$work/$package" ./usr/bin
  rm -rf "${folder:?}/$package"
  mv "$work/$package" "$folder/$package"
done
