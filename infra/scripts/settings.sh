# shellcheck shell=sh
# Settings of the smoke tests, under the original's names; sourced by test-api.sh and test-etl.sh.
# What the environment has wins over .env or .env.txt beside this file. On AWS the account's number is needed, too.
here="infra/scripts"
for file in "$here/.env" "$here/.env.txt"; do
    [ -f "$file" ] || continue
    while IFS='=' read -r name value || [ -n "$name" ]; do
        case "$name" in '' | \#* | *[!A-Za-z0-9_]*) continue ;; esac
        eval "[ -n \"\${$name:-}\" ]" || export "$name=$value"
    done < "$file"
    break
done
if [ -n "${REGION:-}" ]; then export AWS_REGION="$REGION"; fi
case "${API_ENDPOINT:-}" in
    '' | http://127.0.0.1* | http://localhost*) ;;
    *) export INSIGHTS_TARGET="${INSIGHTS_TARGET:-aws}" ;;
esac
# the tests find what is deployed by themselves; a setting that names something else is refused
check() {
    [ -z "$2" ] && return 0
    found="$(.venv/bin/insights outputs "$3" 2> /dev/null)" || found="nothing"
    [ "$2" = "$found" ] && return 0
    echo "$1 is $2, but $3 of the deployed stacks is $found" >&2
    exit 2
}
check API_ENDPOINT "${API_ENDPOINT:-}" ApiEndpoint
check USER_POOL_ID "${USER_POOL_ID:-}" UserPoolId
check CLIENT_ID "${CLIENT_ID:-}" UserPoolClientId
