#!/bin/sh
# Builds the image of the Dockerfile, and those it needs where there is no registry of images: the
# base from Debian's packages, and stand-ins for the services of docker-compose.yml.
# usage: build.sh FOLDER      for try-images.sh, which tells podman and buildah where images go
set -eu

here=$(cd "$(dirname "$0")/../.." && pwd)
folder=$1
debian=docker.io/library/debian:bookworm-slim
node_image=docker.io/library/node:$(sed -n 's/^ARG NODE=//p' "$here/Dockerfile")-bookworm-slim

# The OCI format has no place for HEALTHCHECK.
build() {
  log=$1
  shift
  buildah bud --format docker --layers --pull-never --isolation chroot --network host "$@" >"$folder/$log.log" 2>&1 ||
    { tail -20 "$folder/$log.log" >&2; exit 1; }
}

if ! podman image exists "$debian"; then
  [ -e "$folder/base/etc/debian_version" ] ||
    debootstrap --variant=minbase --include=ca-certificates bookworm "$folder/base" >"$folder/debootstrap.log"
  tar -C "$folder/base" -c . | podman import --quiet - "$debian"
fi

# The Node of package.json and the npm at hand.
if ! podman image exists "$node_image"; then
  rm -rf "$folder/node" && mkdir "$folder/node"
  cp "$here/node_modules/node/bin/node" "$folder/node/node"
  cp -RL "$(dirname "$(readlink -f "$(command -v npm)")")/.." "$folder/node/npm"
  # A registry behind a certificate of its own is known to this stand-in, never to the image built on it.
  cp "${NODE_EXTRA_CA_CERTS:-/dev/null}" "$folder/node/extra-ca.pem"
  npm config get registry >"$folder/node/registry"
  build node --tag "$node_image" --file "$here/deploy/try-images/node.Containerfile" "$folder/node"
fi

began=$(date +%s)
build pushwarden --tag localhost/pushwarden "$here"
size() { podman image inspect --format '{{.Size}}' "$1"; }
echo "built in $(($(date +%s) - began)) s, $((($(size localhost/pushwarden) - $(size "$node_image")) / 1000000)) MB on top of the base"

for service in prometheus pushgateway sample-job valkey balancer; do
  image=$(sed -n "/^  $service:/,/image:/s/^ *image: //p" "$here/docker-compose.yml")
  build "$service" --tag "docker.io/$image" --target "$service" \
    --file "$here/deploy/try-images/stand-ins.Containerfile" "$here/.cache/debian/sid"
  echo "$image is a program from Debian in its place"
done
