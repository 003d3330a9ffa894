#!/usr/bin/env bash
# Test under Slurm: tools/slurm_test.sh PARTITION JOB_NAME CONFIG [CHECKPOINT] [options of test.py]
# GPUS (8) processes in all, GPUS_PER_NODE (8) on a node, CPUS_PER_TASK (5); GPUS=0 with
# PROCESSES=n and PROCESSES_PER_NODE=m runs on CPUs. SRUN_ARGS: further options of srun.
source "$(dirname "${BASH_SOURCE[0]}")/launch.sh"
if [ $# -lt 3 ]; then usage; fi
launch_slurm test.py "$@"
