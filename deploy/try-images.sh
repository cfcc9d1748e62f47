#!/bin/sh
# Builds the image of the Dockerfile and runs it in front of a Pushgateway, without a registry of
# images and without Docker: as root, on Debian. Takes some minutes the first time.
# usage: deploy/try-images.sh [FOLDER]      what is made is kept in FOLDER, by default .cache/images
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:-$here/.cache/images}
node_version=$(sed -n 's/^ARG NODE=//p' "$here/Dockerfile")
node_image=docker.io/library/node:$node_version-bookworm-slim
mkdir -p "$folder"

for package in podman buildah runc debootstrap prometheus-pushgateway curl; do
  dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing="${missing:-} $package"
done
# shellcheck disable=SC2086 # several words
[ -z "${missing:-}" ] || "$here/scripts/install-debian-packages.sh" $missing

# Layers on top of each other where the system can mount them, else copies, which take longer.
driver=vfs
try=$(mktemp -d "$folder/try.XXXXXX")
mkdir "$try/lower" "$try/upper" "$try/work" "$try/merged"
if mount -t overlay overlay -o "lowerdir=$try/lower,upperdir=$try/upper,workdir=$try/work" "$try/merged" 2>/dev/null; then
  umount "$try/merged"
  driver=overlay
fi
rm -rf "$try"

store="--root $folder/$driver --runroot $folder/run-$driver --storage-driver $driver"
# shellcheck disable=SC2086 # several words
pod() { podman $store --runtime runc --cgroup-manager cgroupfs "$@"; }
# shellcheck disable=SC2086 # several words
build() { buildah $store bud --layers --isolation chroot --network host "$@"; }

# The base image as Debian's packages make it, with the Node of package.json and the npm at hand.
if ! pod image exists "$node_image"; then
  [ -e "$folder/base/etc/debian_version" ] || debootstrap --variant=minbase --include=ca-certificates bookworm "$folder/base" >"$folder/debootstrap.log"
  tar -C "$folder/base" -c . | pod import --quiet - docker.io/library/debian:bookworm-slim
  rm -rf "$folder/node" && mkdir "$folder/node"
  cp "$here/node_modules/node/bin/node" "$folder/node/node"
  cp -RL "$(npm root --global)/npm" "$folder/node/npm"
  # A registry behind a certificate of its own is known to this stand-in, never to the image built on it.
  cp "${NODE_EXTRA_CA_CERTS:-/dev/null}" "$folder/node/extra-ca.pem"
  npm config get registry >"$folder/node/registry"
  cat >"$folder/node/Containerfile" <<'CONTAINERFILE'
FROM docker.io/library/debian:bookworm-slim
COPY node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
COPY extra-ca.pem /usr/local/share/extra-ca.pem
COPY registry /tmp/registry
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && useradd --uid 1000 --create-home node \
 && npm config --location=global set registry "$(cat /tmp/registry)"
ENV NODE_EXTRA_CA_CERTS=/usr/local/share/extra-ca.pem
CONTAINERFILE
  build --quiet -t "$node_image" "$folder/node" >"$folder/node.log"
fi

began=$(date +%s)
build --pull-never -t localhost/pushwarden "$here" >"$folder/build.log" 2>&1 || { tail -20 "$folder/build.log"; exit 1; }
size() { pod image inspect --format '{{.Size}}' "$1"; }
echo "built on $driver in $(($(date +%s) - began)) s, $((($(size localhost/pushwarden) - $(size "$node_image")) / 1000000)) MB on top of the base"

run=$(mktemp -d "$folder/run.XXXXXX")
stop() {
  pod rm --force --time 5 try-pushwarden >/dev/null 2>&1 || true
  [ -z "${pushgateway:-}" ] || kill "$pushgateway" 2>/dev/null || true
  pod volume rm --force try-audit >/dev/null 2>&1 || true
  rm -rf "$run"
}
trap stop EXIT

token='try-images'
hash=$(printf %s "$token" | sha256sum | cut -d ' ' -f 1)
cat >"$run/pushwarden.yaml" <<CONFIG
listen: 127.0.0.1:19091
admin: { listen: off }
upstream: { url: "http://127.0.0.1:19092" }
teams:
  samples:
    jobs: ["*"]
    allow: [push, read]
    credentials: [{ type: token, name: try, sha256: "$hash" }]
audit: { file: /var/lib/pushwarden/audit.jsonl }
CONFIG
chmod 755 "$run" && chmod 644 "$run/pushwarden.yaml"
prometheus-pushgateway --web.listen-address=127.0.0.1:19092 --persistence.file= >"$run/pushgateway.log" 2>&1 &
pushgateway=$!

began=$(date +%s%N)
pod run --detach --name try-pushwarden --network host --read-only --cap-drop ALL \
  --security-opt no-new-privileges --ulimit nofile=1000:1000 --ulimit nproc=1000:1000 \
  --env PUSHWARDEN_HEALTH_URL=http://127.0.0.1:19091/-/healthy \
  --volume "$run/pushwarden.yaml:/etc/pushwarden/pushwarden.yaml:ro" --volume try-audit:/var/lib/pushwarden \
  localhost/pushwarden >/dev/null
tries=0
until curl --silent --fail --output /dev/null http://127.0.0.1:19091/-/ready; do
  tries=$((tries + 1))
  [ "$tries" -lt 300 ] || { pod logs try-pushwarden; echo 'not ready within a minute' >&2; exit 1; }
  sleep 0.2
done
echo "ready after $((($(date +%s%N) - began) / 1000000)) ms"

echo 'batch_job_duration_seconds 42' | curl --silent --show-error --fail-with-body \
  --header "Authorization: Bearer $token" --data-binary @- http://127.0.0.1:19091/metrics/job/batch_job
curl --silent http://127.0.0.1:19092/metrics | grep '^batch_job_duration_seconds{'
pod exec try-pushwarden sh -c 'id -u; touch /written 2>/dev/null && echo "the root is writable" || echo "the root is read-only"'
# The command of HEALTHCHECK itself: an image in the OCI format has no place for it.
check=$(sed -n 's/^HEALTHCHECK .* CMD \["node", "-e", "\(.*\)"\]$/\1/p' "$here/Dockerfile")
pod exec try-pushwarden node -e "$check" && echo 'healthy, with the admin side off'
began=$(date +%s%N)
pod stop --time 30 try-pushwarden >/dev/null
echo "stopped after $((($(date +%s%N) - began) / 1000000)) ms with status $(pod inspect --format '{{.State.ExitCode}}' try-pushwarden)"
