#!/bin/sh
# Makes the tokens of docker-compose.yml and the configuration that knows their hashes, once.
# usage: make-secrets.sh [FOLDER]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$here/secrets}
if [ -e "$folder" ]; then
  echo "$folder is there already: remove it to make new secrets" >&2
  exit 1
fi

make_token() {
  printf 'pwt_%s' "$(head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n')"
}

hash_of() {
  if command -v sha256sum >/dev/null; then printf '%s' "$1" | sha256sum; else printf '%s' "$1" | shasum -a 256; fi |
    cut -d ' ' -f 1
}

# The files are for users of the containers, the folder keeps those of this machine out.
mkdir -p "$folder"
chmod 700 "$folder"
sample_job=$(make_token)
prometheus=$(make_token)
printf 'Authorization: Bearer %s\n' "$sample_job" >"$folder/sample-job.header"
printf '%s' "$prometheus" >"$folder/prometheus.token"
make_token >"$folder/grafana.password"
valkey=$(make_token)
printf '%s' "$valkey" >"$folder/valkey.password"
# What gateways do with it, and nothing else.
printf 'user default on #%s ~{pushwarden}:* &* +@all -@admin -@dangerous +info\n' "$(hash_of "$valkey")" \
  >"$folder/valkey.acl"
sed -e "s/@SAMPLE_JOB_SHA256@/$(hash_of "$sample_job")/" \
  -e "s/@PROMETHEUS_SHA256@/$(hash_of "$prometheus")/" \
  "$here/pushwarden.template.yaml" >"$folder/pushwarden.yaml"
cat "$folder/pushwarden.yaml" "$here/several.yaml" >"$folder/pushwarden.several.yaml"
chmod 644 "$folder"/*
echo "made $folder"
