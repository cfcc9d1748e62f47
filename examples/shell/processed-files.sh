#!/bin/sh
# Processes the files of a folder, moves them to another, and pushes how many there have been.
# usage: processed-files.sh INBOX ARCHIVE
# PUSH_URL is the gateway. The login stands in ~/.netrc, or in the file that PUSH_NETRC names:
#   machine push.example.com login programs password pwt_...
set -eu

inbox=$1
archive=$2

# Pushgateway replaces values and never adds them up, so the total is kept here, over all runs.
counter=$archive/.processed_total
total=$(cat "$counter" 2>/dev/null || echo 0)
for file in "$inbox"/*; do
  [ -f "$file" ] || continue
  gzip --stdout "$file" >"$archive/${file##*/}.gz" # the work
  rm "$file"
  total=$((total + 1))
  echo "$total" >"$counter"
done

# Every host has an inbox and a total of its own.
curl --silent --show-error --fail-with-body --netrc-file "${PUSH_NETRC:-$HOME/.netrc}" \
  --retry 2 --max-time 30 --request PUT --data-binary @- \
  "$PUSH_URL/metrics/job/import_files/instance/$(hostname)" >&2 <<END
# TYPE files_processed_total counter
files_processed_total $total
END
