#!/bin/sh
# A job that runs every 15 seconds and tells when it last succeeded. The secret is in a file: on a
# command line everybody on the machine could read it.
gateway=${GATEWAY:-http://pushwarden:9091}
header=${HEADER_FILE:-/run/secrets/sample_job_header}

while true; do
  curl --silent --show-error --fail-with-body --header "@$header" --data-binary @- \
    "$gateway/metrics/job/sample_job" <<METRICS
# TYPE sample_job_last_success_timestamp_seconds gauge
sample_job_last_success_timestamp_seconds $(date +%s)
METRICS
  sleep 15
done
