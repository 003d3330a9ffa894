#!/usr/bin/env bash
# Test on several processes: tools/dist_test.sh CONFIG [CHECKPOINT] PROCESSES [options of test.py]
# On several machines set NNODES, NODE_RANK, MASTER_ADDR and PORT (29500) on each. Without GPUs
# the processes share the CPU.
source "$(dirname "${BASH_SOURCE[0]}")/launch.sh"
if [ $# -lt 2 ]; then usage; fi
ARGUMENTS=("$1")
shift
if ! [[ $1 =~ ^[0-9]+$ ]]; then
    ARGUMENTS+=("$1")
    shift
fi
PROCESSES=${1:?number of processes missing}
launch_processes test.py "$PROCESSES" "${ARGUMENTS[@]}" --launcher pytorch "${@:2}"
