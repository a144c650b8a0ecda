#!/bin/sh
# The original's ETL test under its name and with its variables: changes followed into gold, by `insights smoke etl`.
set -eu
cd "$(dirname "$0")/../.."
. infra/scripts/settings.sh
exec .venv/bin/insights smoke etl --users "${NUM_USERS:-3}" --tasks "${TASKS_PER_USER:-5}" \
    --updates "${UPDATES_PER_TASK:-3}" "$@"
