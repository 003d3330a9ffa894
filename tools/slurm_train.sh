#!/usr/bin/env bash
# Train under Slurm: tools/slurm_train.sh PARTITION JOB_NAME CONFIG [options of train.py]
# GPUS (8) processes in all, GPUS_PER_NODE (8) on a node, CPUS_PER_TASK (5); GPUS=0 with
# PROCESSES=n and PROCESSES_PER_NODE=m runs on CPUs. SRUN_ARGS: further options of srun.
set -euo pipefail
if [ $# -lt 3 ]; then
    sed -n '2,4s/^# //p' "$0" >&2
    exit 2
fi
PARTITION=$1
JOB_NAME=$2
GPUS=${GPUS:-8}
TOOLS=$(cd "$(dirname "$0")" && pwd)

if [ "$GPUS" -gt 0 ]; then
    TASKS=$GPUS
    PER_NODE=${GPUS_PER_NODE:-8}
    if [ "$PER_NODE" -gt "$TASKS" ]; then PER_NODE=$TASKS; fi
    RESOURCES=(--gres "gpu:$PER_NODE")
else
    TASKS=${PROCESSES:-1}
    PER_NODE=${PROCESSES_PER_NODE:-$TASKS}
    RESOURCES=()
fi

# shellcheck disable=SC2086  # SRUN_ARGS is a list of options
PYTHONPATH="$TOOLS/..${PYTHONPATH:+:$PYTHONPATH}" exec srun \
    --partition "$PARTITION" \
    --job-name "$JOB_NAME" \
    --ntasks "$TASKS" \
    --ntasks-per-node "$PER_NODE" \
    --cpus-per-task "${CPUS_PER_TASK:-5}" \
    --kill-on-bad-exit=1 \
    "${RESOURCES[@]}" \
    ${SRUN_ARGS:-} \
    "${PYTHON:-python}" -u "$TOOLS/train.py" "${@:3}" --launcher slurm
