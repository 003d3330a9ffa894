import subprocess

import pytest

MODULES = ('mmwsss.models.conversion', 'mmwsss.engine.checkpoint_io')


@pytest.mark.parametrize('module', MODULES)
@pytest.mark.slow
def test_whoever_loads_weights_knows_the_scheme(module, warm_python):
    code = (
        f'import {module}\n'
        'from mmengine.runner import CheckpointLoader\n'
        "assert 'package://' in CheckpointLoader._schemes"
    )
    assert subprocess.run([warm_python, '-c', code]).returncode == 0
