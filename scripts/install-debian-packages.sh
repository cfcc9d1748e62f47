#!/bin/sh
# Installs Debian packages, as root, and neither starts nor enables the services they bring.
# usage: install-debian-packages.sh PACKAGE...
set -eu

policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  echo "+ $policy forbids services to start until the installation ends"
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi

export DEBIAN_FRONTEND=noninteractive
echo '+ apt-get update'
apt-get update -qq || echo 'apt-get update failed; going on with the package lists at hand'
echo "+ apt-get install --no-install-recommends $*"
apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 "$@"

if [ -d /run/systemd/system ]; then
  for package in "$@"; do
    systemctl disable --quiet "$package.service" 2>/dev/null || true
  done
fi
