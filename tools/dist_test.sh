#!/usr/bin/env bash
# Test on several processes: tools/dist_test.sh CONFIG [CHECKPOINT] PROCESSES [options of test.py]
# On several machines set NNODES, NODE_RANK, MASTER_ADDR and PORT on each. Without GPUs the
# processes share the CPU.
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

PYTHONPATH="$TOOLS/..${PYTHONPATH:+:$PYTHONPATH}" exec "${PYTHON:-python}" -m torch.distributed.run \
    --nnodes "${NNODES:-1}" \
    --node_rank "${NODE_RANK:-0}" \
    --master_addr "${MASTER_ADDR:-127.0.0.1}" \
    --master_port "${PORT:-29500}" \
    --nproc_per_node "$PROCESSES" \
    "$TOOLS/test.py" "${ARGUMENTS[@]}" --launcher pytorch "${@:2}"
