import subprocess
import sys

import pytest

MODULES = ('mmwsss.models.conversion', 'mmwsss.engine.checkpoint_io')


@pytest.mark.parametrize('module', MODULES)
@pytest.mark.slow
def test_whoever_loads_weights_knows_the_scheme(module):
    code = (
        f'import {module}\n'
        'from mmengine.runner import CheckpointLoader\n'
        "assert 'package://' in CheckpointLoader._schemes"
    )
    assert subprocess.run([sys.executable, '-W', 'ignore', '-c', code]).returncode == 0
