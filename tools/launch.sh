#!/usr/bin/env bash
# Parts of dist_train.sh, dist_test.sh, slurm_train.sh and slurm_test.sh, which read this file.
set -euo pipefail
TOOLS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PYTHONPATH="$TOOLS/..${PYTHONPATH:+:$PYTHONPATH}"

# Print the three lines below the first of the script that was called, and end.
usage() {
    sed -n '2,4s/^# //p' "$0" >&2
    exit 2
}

# launch_processes TOOL.py NUMBER [arguments of the tool]
launch_processes() {
    # Machines have to agree on a port; on one any free one does, so that two jobs do not meet.
    if [ -z "${PORT:-}" ] && [ "${NNODES:-1}" = 1 ]; then
        PORT=$("${PYTHON:-python}" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    fi
    exec "${PYTHON:-python}" -m mmwsss.torchrun \
        --nnodes "${NNODES:-1}" \
        --node_rank "${NODE_RANK:-0}" \
        --master_addr "${MASTER_ADDR:-127.0.0.1}" \
        --master_port "${PORT:-29500}" \
        --nproc_per_node "$2" \
        "$TOOLS/$1" "${@:3}"
}

# launch_slurm TOOL.py PARTITION JOB_NAME [arguments of the tool]
launch_slurm() {
    local tasks per_node resources=()
    if [ "${GPUS:-8}" -gt 0 ]; then
        tasks=${GPUS:-8}
        per_node=${GPUS_PER_NODE:-8}
        if [ "$per_node" -gt "$tasks" ]; then per_node=$tasks; fi
        resources=(--gres "gpu:$per_node")
    else
        tasks=${PROCESSES:-1}
        per_node=${PROCESSES_PER_NODE:-$tasks}
    fi
    # shellcheck disable=SC2086  # SRUN_ARGS is a list of options
    exec srun \
        --partition "$2" \
        --job-name "$3" \
        --ntasks "$tasks" \
        --ntasks-per-node "$per_node" \
        --cpus-per-task "${CPUS_PER_TASK:-5}" \
        --kill-on-bad-exit=1 \
        "${resources[@]}" \
        ${SRUN_ARGS:-} \
        "${PYTHON:-python}" -u "$TOOLS/$1" "${@:4}" --launcher slurm
}
