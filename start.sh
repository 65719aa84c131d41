#!/bin/sh
# Set everything up and start the gateway:
#
#     ./start.sh --demo      with a pretend Amazon Q: no account needed
#     ./start.sh             the real one: reads .env and account.json
#
# Other words go to `amq2api serve`: ./start.sh --port 8080. Needs Python 3.11 or newer.
set -eu
cd "$(dirname "$0")"
scripts/venv requirements.lock
for word in "$@"; do
    if [ "$word" = --demo ]; then
        set -- --say "Hello! What can you do?" "$@"
        break
    fi
done
# In this process's place, so that a signal to it reaches the gateway.
exec "${AMQ2API_VENV:-.venv}/bin/amq2api" serve "$@"
