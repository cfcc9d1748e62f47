#!/bin/sh
# Pushes how long a CI pipeline took; its last step.
# usage: ci-duration.sh JOB RUN STARTED RESULT
#   GitLab: ci-duration.sh ci_shop "$CI_PIPELINE_ID" \
#             "$(date --date "$CI_PIPELINE_CREATED_AT" +%s)" "$CI_JOB_STATUS"
#   GitHub: ci-duration.sh ci_shop "$GITHUB_RUN_ID" "$STARTED" "${{ job.status }}"
# PUSH_URL is the gateway. The login stands in ~/.netrc, or in the file that PUSH_NETRC names:
#   machine push.example.com login programs password pwt_...
set -eu

job=$1
run=$2
started=$3 # Unix time
result=$4

# Pipelines run side by side: each is an instance of its own, or the last one wins. Their groups stay
# until they are deleted: see clean-up.sh.
curl --silent --show-error --fail-with-body --netrc-file "${PUSH_NETRC:-$HOME/.netrc}" \
  --retry 2 --max-time 30 --request PUT --data-binary @- \
  "$PUSH_URL/metrics/job/$job/instance/$run" >&2 <<END
# TYPE ci_pipeline_duration_seconds gauge
ci_pipeline_duration_seconds{result="$result"} $(($(date +%s) - started))
END
