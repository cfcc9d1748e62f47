#!/bin/sh
# Runs the services of docker-compose.yml on podman and holds them to what deploy/README.md says.
# usage: run-services.sh      for try-images.sh, in namespaces that end with it
set -eu
cd "$(dirname "$0")/../.."

# Where podman and its networks keep what is running.
mkdir -p /var/lib/cni
for place in /run /dev/shm /var/lib/cni; do mount -t tmpfs tmpfs "$place"; done
ip link set lo up

fail() {
  echo "FAILED: $*" >&2
  exit 1
}
# eventually WHAT COMMAND...: within a minute and a half
eventually() {
  what=$1 tries=0
  shift
  until "$@" >/run/last 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 180 ] || { cat /run/last >&2; fail "$what"; }
    sleep 0.5
  done
  echo "ok: $what"
}

export DISABLE_HC_SYSTEMD=true DOCKER_HOST=unix:///run/podman.sock
podman system service --time=0 "$DOCKER_HOST" >/run/engine.log 2>&1 &
compose() {
  "$COMPOSE" --progress quiet --project-name try \
    --file docker-compose.yml --file deploy/try-images/compose.podman.yml "$@"
}
within() {
  container=try-$1-1
  shift
  podman exec "$container" "$@"
}
remove() {
  status=$?
  [ "$status" = 0 ] || compose --profile '*' logs --tail 20 || tail -20 /run/engine.log
  [ "$status" = 0 ] || [ ! -e /run/pushes ] || sort /run/pushes | uniq -c
  podman rm --all --force --time 5 >/dev/null 2>&1 || true
  podman volume prune --force >/dev/null
  exit "$status"
}
trap remove EXIT
# Of a run that was killed.
podman rm --all --force >/dev/null && podman volume prune --force >/dev/null

sh deploy/compose/make-secrets.sh /run/secrets-of-the-run >/dev/null
eventually 'podman answers Docker Compose' curl --silent --fail --unix-socket /run/podman.sock http://podman/_ping
compose up --detach --no-build pushgateway pushwarden prometheus
# Without systemd nobody calls the health check at its intervals.
eventually 'the gateway is healthy' podman healthcheck run try-pushwarden-1
started=$(podman inspect --format '{{.State.StartedAt.UnixMilli}}' try-pushwarden-1)
ready=$(podman logs try-pushwarden-1 2>&1 | sed -n '/"msg":"ready"/s/.*"time":"\([^"]*\)".*/\1/p')
echo "ready after $(($(date --date "$ready" +%s%3N) - started)) ms"
compose up --detach --no-build sample-job

[ "$(within pushwarden id -u)" = 1000 ] || fail 'the gateway runs as another user than node'
! within pushwarden touch /written 2>/dev/null || fail 'the root of the gateway is writable'
echo 'ok: the gateway is the user node, on a read-only root'

prometheus_says() {
  curl --silent --show-error --get --data-urlencode "query=$1" http://127.0.0.1:9090/api/v1/query >/run/answer
  cat /run/answer
  grep -q "$2" /run/answer
}
eventually 'what the sample job pushed is in Prometheus' prometheus_says \
  'sample_job_last_success_timestamp_seconds{job="sample_job"}' '"value":\[.*"[0-9]\{10\}"\]'
eventually 'both scrape targets are up' prometheus_says 'count(up == 1)' '"value":\[.*"2"\]'

within sample-job curl --silent --fail --output /dev/null http://pushwarden:9091/-/healthy ||
  fail 'the sample job does not reach the gateway'
# out_of_reach ADDRESS...: for the sample job
out_of_reach() {
  for address; do
    status=0
    within sample-job curl --silent --max-time 3 --output /dev/null "http://$address/metrics" || status=$?
    # 6: no such name; 7: cannot connect; 28: no answer in time.
    case $status in 6 | 7 | 28) ;; *) fail "the sample job gets to $address (curl: $status)" ;; esac
  done
}
out_of_reach pushwarden:9095 pushwarden-admin:9095 172.31.95.11:9095 pushgateway:9091 10.91.2.3:9091
echo 'ok: neither the admin side nor Pushgateway answers the sample job'

began=$(date +%s%N)
compose stop pushwarden
status=$(podman inspect --format '{{.State.ExitCode}}' try-pushwarden-1)
[ "$status" = 0 ] || fail "the gateway stopped with $status"
echo "ok: the gateway stopped with 0, after $((($(date +%s%N) - began) / 1000000)) ms"

# The three behind the balancer, in the place of the one.
several() {
  compose --env-file deploy/compose/several.env "$@"
}
several rm --stop --force sample-job prometheus pushwarden >/dev/null 2>&1
several up --detach --no-build valkey pushwarden pushwarden-2 pushwarden-3 balancer prometheus
for number in 1 2 3; do
  eventually "gateway $number takes pushes" \
    curl --silent --fail --output /dev/null "http://172.31.95.1$number:9095/-/ready"
done
eventually 'the first of them is healthy' podman healthcheck run try-pushwarden-1
since=$(date +%s)
several up --detach --no-build sample-job
# Prometheus shows the targets and the push from before for some minutes.
eventually 'what the sample job pushed through the balancer is in Prometheus, of all four scrapes' prometheus_says \
  "sample_job_last_success_timestamp_seconds >= $since and on() (count(up{instance!~'pushwarden-admin.*'} == 1) == 4)" '"value":'
out_of_reach valkey:6379 10.91.2.6:6379 172.31.95.12:9095 172.31.95.13:9095
echo 'ok: neither Valkey nor an admin side answers the sample job'

# One status a line, until the file /run/pushing is gone.
push_on() {
  while [ -e /run/pushing ]; do
    curl --silent --output /dev/null --write-out '%{http_code}\n' --header @/run/secrets-of-the-run/sample-job.header \
      --data-binary 'sample_job_tries 1
' http://127.0.0.1:9091/metrics/job/sample_job || echo broken
  done
}
# What gateway NUMBER has answered through the balancer.
taken() {
  within "pushwarden$([ "$1" = 1 ] || echo "-$1")" grep -c '"status":20[02]' "/var/lib/pushwarden/audit-$1.jsonl" || true
}
takes_more() {
  [ "$(taken "$1")" -gt "$2" ]
}
touch /run/pushing
push_on >/run/pushes &
for number in 1 2 3; do
  name=pushwarden$([ "$number" = 1 ] || echo "-$number")
  several stop "$name"
  several up --detach --no-deps --no-build "$name"
  # Ready is not enough: what podman starts anew has another hardware address, and the balancer sends
  # to the one before for most of a minute. With the next stopped meanwhile, it might reach none.
  eventually "gateway $number was stopped, and takes pushes again" takes_more "$number" "$(taken "$number")"
done
! grep -Evq '^20[02]$' /run/pushes || fail 'pushes failed while the gateways were replaced'
echo "ok: none of $(grep -c . /run/pushes) pushes failed while the gateways were replaced"
several kill valkey
eventually 'pushes are refused without Valkey' sh -c 'tail -n 1 /run/pushes | grep -q 503'
several up --detach --no-deps --no-build valkey
eventually 'pushes pass again when Valkey is back' sh -c 'tail -n 1 /run/pushes | grep -q 20[02]'
rm /run/pushing
wait $!
! grep -Evq '^(200|202|503)$' /run/pushes || fail 'pushes failed for another reason than that Valkey was away'

for service in $(compose --profile '*' config --services); do
  podman container exists "try-$service-1" || echo "not tried: $service, whose image is not to be had here"
done
