import subprocess
import sys

import pytest

import mmwsss.apis


def test_exports():
    for name in mmwsss.apis.__all__:
        assert getattr(mmwsss.apis, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'run'"):
        _ = mmwsss.apis.run


def test_planning_needs_no_torch():
    code = 'import sys; from mmwsss.apis import run_pipeline; sys.exit("torch" in sys.modules)'
    assert subprocess.run([sys.executable, '-c', code]).returncode == 0
