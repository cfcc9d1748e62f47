#!/bin/sh
# Builds the image of the Dockerfile and runs the services of docker-compose.yml with it, without a
# registry of images and without Docker: as root, on Debian. Takes some minutes the first time.
# usage: deploy/try-images.sh [FOLDER]      images are kept in FOLDER, by default .cache/images
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:-$here/.cache/images}
mkdir -p "$folder" && folder=$(cd "$folder" && pwd)

for package in podman buildah runc catatonit containernetworking-plugins iptables \
  golang-github-containernetworking-plugin-dnsname dnsmasq-base debootstrap iproute2 curl; do
  dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing="${missing:-} $package"
done
# shellcheck disable=SC2086 # several words
[ -z "${missing:-}" ] || "$here/scripts/install-debian-packages.sh" $missing

# Not installed: the programs that "npm test" fetches.
fetch() {
  [ -d "$here/.cache/debian/$1/$2" ] || "$here/scripts/fetch-debian-packages.sh" "$1" "$here/.cache/debian/$1" "$2"
}
fetch trixie docker-compose
fetch sid prometheus
fetch sid prometheus-pushgateway
export COMPOSE="$here/.cache/debian/trixie/docker-compose/usr/libexec/docker/cli-plugins/docker-compose"

# Layers on top of each other where the system can mount them, else copies, which take longer.
driver=vfs
try=$(mktemp -d "$folder/try.XXXXXX")
mkdir "$try/lower" "$try/upper" "$try/work" "$try/merged"
if mount -t overlay overlay -o "lowerdir=$try/lower,upperdir=$try/upper,workdir=$try/work" "$try/merged" 2>/dev/null; then
  umount "$try/merged"
  driver=overlay
fi
rm -rf "$try"

export CONTAINERS_STORAGE_CONF="$folder/storage.conf" CONTAINERS_CONF="$folder/containers.conf"
cat >"$CONTAINERS_STORAGE_CONF" <<TOML
[storage]
driver = "$driver"
graphroot = "$folder/$driver"
runroot = "$folder/run-$driver"
TOML
cat >"$CONTAINERS_CONF" <<TOML
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
[network]
network_backend = "cni"
network_config_dir = "/run/networks"
TOML

"$here/deploy/try-images/build.sh" "$folder"

# In namespaces of its own: processes, bridges, rules of the firewall, and what is in /run end with
# it, and no port is taken here.
exec unshare --net --mount --pid --fork --kill-child --mount-proc "$here/deploy/try-images/run-services.sh"
