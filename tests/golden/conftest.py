"""One test a golden case."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_generate_tests(metafunc):
    if 'golden_case' not in metafunc.fixturenames:
        return
    root = Path(metafunc.config.getoption('golden_root') or HERE)
    cases = sorted(root.glob('*/*.json'))
    if not cases:
        raise pytest.UsageError(f'--golden-root {root}: no <method>/<case>.json below it')
    # Cases of a method in one process: they share what is made of its formula's numbers.
    metafunc.parametrize(
        'golden_case',
        [pytest.param(case, marks=pytest.mark.xdist_group(case.parent.name)) for case in cases],
        ids=[f'{case.parent.name}/{case.stem}' for case in cases],
    )
