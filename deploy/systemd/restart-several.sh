#!/bin/sh
# Restarts the gateways of pushwarden@.service that run, one after the other, each once the one before
# takes pushes. Ends with 1 at the first that does not, and leaves the others as they are.
# usage: restart-several.sh [INSTANCE...]      INSTANCE: the last digit of its admin port
set -eu

running() {
  systemctl list-units --plain --no-legend --state=active 'pushwarden@*.service' |
    sed -n 's/^pushwarden@\([0-9]\)\.service .*/\1/p'
}
# shellcheck disable=SC2046 # several words
[ $# -gt 0 ] || set -- $(running)
[ $# -gt 0 ] || { echo 'no pushwarden@ runs here' >&2; exit 1; }

takes_pushes() {
  curl --silent --fail --output /dev/null "http://127.0.0.1:909$1/-/ready"
}

for instance; do
  systemctl restart "pushwarden@$instance"
  tries=0
  until takes_pushes "$instance"; do
    tries=$((tries + 1))
    [ "$tries" -lt "${TRIES:-60}" ] || { echo "pushwarden@$instance takes no pushes: see its journal" >&2; exit 1; }
    sleep 1
  done
  echo "pushwarden@$instance takes pushes"
done
