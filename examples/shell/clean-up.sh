#!/bin/sh
# Deletes what a task pushed, once Prometheus has scraped it: a run of a pipeline, a host that is gone.
# usage: clean-up.sh JOB [INSTANCE]
# It deletes that one group: without INSTANCE, the one that was pushed without. A group that does not
# exist is no error. The team needs "allow: [delete]".
# PUSH_URL is the gateway. The login stands in ~/.netrc, or in the file that PUSH_NETRC names:
#   machine push.example.com login programs password pwt_...
set -eu

curl --silent --show-error --fail-with-body --netrc-file "${PUSH_NETRC:-$HOME/.netrc}" \
  --retry 2 --max-time 30 --request DELETE "$PUSH_URL/metrics/job/$1${2:+/instance/$2}" >&2
