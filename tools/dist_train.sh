#!/usr/bin/env bash
# Train on several processes: tools/dist_train.sh CONFIG PROCESSES [options of train.py]
# On several machines set NNODES, NODE_RANK, MASTER_ADDR and PORT (29500) on each. Without GPUs
# the processes share the CPU.
source "$(dirname "${BASH_SOURCE[0]}")/launch.sh"
if [ $# -lt 2 ]; then usage; fi
launch_processes train.py "$2" "$1" --launcher pytorch "${@:3}"
