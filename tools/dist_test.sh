#!/usr/bin/env bash
# Test on several processes: tools/dist_test.sh CONFIG [CHECKPOINT] PROCESSES [options of test.py]
# On several machines set NNODES, NODE_RANK, MASTER_ADDR and PORT (29500) on each. Without GPUs
# the processes share the CPU.
set -euo pipefail
if [ $# -lt 2 ]; then
    sed -n '2,4s/^# //p' "$0" >&2
    exit 2
fi
ARGUMENTS=("$1")
shift
if ! [[ $1 =~ ^[0-9]+$ ]]; then
    ARGUMENTS+=("$1")
    shift
fi
PROCESSES=${1:?number of processes missing}
TOOLS=$(cd "$(dirname "$0")" && pwd)
# Machines have to agree on a port; on one any free one does, so that two jobs do not meet.
if [ -z "${PORT:-}" ] && [ "${NNODES:-1}" = 1 ]; then
    PORT=$("${PYTHON:-python}" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
fi

PYTHONPATH="$TOOLS/..${PYTHONPATH:+:$PYTHONPATH}" exec "${PYTHON:-python}" -m mmwsss.torchrun \
    --nnodes "${NNODES:-1}" \
    --node_rank "${NODE_RANK:-0}" \
    --master_addr "${MASTER_ADDR:-127.0.0.1}" \
    --master_port "${PORT:-29500}" \
    --nproc_per_node "$PROCESSES" \
    "$TOOLS/test.py" "${ARGUMENTS[@]}" --launcher pytorch "${@:2}"
