#!/usr/bin/env bash
# What a container changes, without one: a user without a passwd entry or a home that can be written,
# an environment of its own, 64 MB of /dev/shm. Trains and writes seeds of photos that do not fit there.
#   docker/try_without_docker.sh [PYTHON]    as root; PYTHON has mmwsss and what it needs (.venv/bin/python)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
python=$(realpath --no-symlinks "${1:-$root/.venv/bin/python}")
[ "$(id -u)" = 0 ] || { echo 'error: only root may mount /dev/shm and change the user' >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/cam.py" <<'CONFIG'
_base_ = ['mmwsss::cam/cam_r18_shapes.py']
small = dict(data_root='small', drawing=dict(num_train=32, num_val=4, size=96))
large = dict(data_root='large', drawing=dict(num_train=4, num_val=1, size=1280))
batch = dict(published=8)
train_dataloader = dict(dataset=small)
val_dataloader = dict(dataset=small)
test_dataloader = dict(dataset=large, batch_size=2)
train_cfg = dict(max_epochs=1, val_interval=1)
param_scheduler = dict(end=1)
CONFIG
cat >"$work/recipe.py" <<'CONFIG'
recipe = [
    dict(name='cam', config='cam.py', action='train'),
    dict(name='seeds', config='cam.py', action='test', inputs={'load_from': 'cam.checkpoint'}),
]
CONFIG
chown -R 1234:1234 "$work"
export root python work
# The capability to read: Python and the clone may lie where only root may look.
timeout 1200 unshare --mount bash -euc '
  mount -t tmpfs -o size=64m,mode=1777 tmpfs /dev/shm
  cd "$work"
  exec setpriv --reuid=1234 --regid=1234 --clear-groups \
    --inh-caps=+dac_read_search --ambient-caps=+dac_read_search \
    env -i PATH=/usr/bin:/bin HOME=/nonexistent PYTHONPATH="$root" OMP_NUM_THREADS=1 \
    "$python" -W ignore -m mmwsss run recipe.py --work-dir out'
found=$(find "$work/out/seeds/scores" -name '*.npz' | wc -l)
[ "$found" = 4 ] || { echo "error: seeds of 4 photos were expected, $found are there" >&2; exit 1; }
echo 'as user 1234, with 64 MB of /dev/shm: trained, and wrote seeds of 4 photos of 1280 pixels'
