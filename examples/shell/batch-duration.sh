#!/bin/sh
# Runs a batch job and pushes how long it took, how it ended and when it last succeeded.
# usage: batch-duration.sh JOB COMMAND [ARGUMENT...]
#   PUSH_URL=https://push.example.com batch-duration.sh nightly_backup pg_dump --file=shop.sql shop
# The login stands in ~/.netrc, or in the file that PUSH_NETRC names, and so on no command line:
#   machine push.example.com login programs password pwt_...
set -eu

job=$1
shift

start=$(date +%s)
status=0
"$@" || status=$?
end=$(date +%s)

# POST leaves alone what it does not name: after a failure the time of the last success stays. The
# job runs once at a time, so it needs no instance; on several hosts, add /instance/<host>.
{
  echo '# TYPE batch_duration_seconds gauge'
  echo "batch_duration_seconds $((end - start))"
  echo '# TYPE batch_exit_status gauge'
  echo "batch_exit_status $status"
  if [ "$status" -eq 0 ]; then
    echo '# TYPE batch_last_success_timestamp_seconds gauge'
    echo "batch_last_success_timestamp_seconds $end"
  fi
} |
  curl --silent --show-error --fail-with-body --netrc-file "${PUSH_NETRC:-$HOME/.netrc}" \
    --retry 2 --max-time 30 --data-binary @- "$PUSH_URL/metrics/job/$job" >&2

exit "$status"
