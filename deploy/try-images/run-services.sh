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
  [ "$status" = 0 ] || compose logs --tail 20 || tail -20 /run/engine.log
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
for address in pushwarden:9095 pushwarden-admin:9095 172.31.95.11:9095 pushgateway:9091 10.91.2.3:9091; do
  status=0
  within sample-job curl --silent --max-time 3 --output /dev/null "http://$address/metrics" || status=$?
  # 6: no such name; 7: cannot connect; 28: no answer in time.
  case $status in 6 | 7 | 28) ;; *) fail "the sample job gets to $address (curl: $status)" ;; esac
done
echo 'ok: neither the admin side nor Pushgateway answers the sample job'

began=$(date +%s%N)
compose stop pushwarden
status=$(podman inspect --format '{{.State.ExitCode}}' try-pushwarden-1)
[ "$status" = 0 ] || fail "the gateway stopped with $status"
echo "ok: the gateway stopped with 0, after $((($(date +%s%N) - began) / 1000000)) ms"

for service in $(compose --profile '*' config --services); do
  podman container exists "try-$service-1" || echo "not tried: $service, whose image is not to be had here"
done
