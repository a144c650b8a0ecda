#!/bin/sh
# The original's API test under its name and with its variables: the life of one user and one task, by `insights smoke api`.
set -eu
cd "$(dirname "$0")/../.."
. infra/scripts/settings.sh
exec .venv/bin/insights smoke api "$@"
