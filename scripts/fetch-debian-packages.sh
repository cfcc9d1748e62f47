#!/bin/sh
# Fetches packages of a Debian suite without touching the system: the package lists are temporary,
# nothing is installed, root is not needed. What is fetched is checked against the keys of the Debian
# archive, and may be of a mirror that stands still. Each goes into FOLDER/PACKAGE/usr; packages that
# are joined by commas are unpacked together, in the folder of the first.
# usage: fetch-debian-packages.sh SUITE FOLDER PACKAGE[,PACKAGE...]...
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
    -o Acquire::Check-Valid-Until=false -o APT::Sandbox::User=root -o APT::Update::Error-Mode=any "$@"
}

apt update
for bundle in "$@"; do
  first=${bundle%%,*}
  packages=$(echo "$bundle" | tr , ' ')
  mkdir "$work/$first"
  # shellcheck disable=SC2086 # several words
  (cd "$work" && apt download $packages)
  for package in $packages; do
    dpkg --fsys-tarfile "$work/${package}"_*.deb | tar -x -C "$work/$first" ./usr
  done
  rm -rf "${folder:?}/$first"
  mv "$work/$first" "$folder/$first"
done
