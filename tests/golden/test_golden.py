"""Every golden case against the package: ``pytest tests/golden --golden-root DIR``."""

import json
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from tests.golden.handlers import COMPLETE, find_handler


def load_case(path):
    """The case's JSON and arrays (none where it has no npz)."""
    arrays = path.with_suffix('.npz')
    if not arrays.exists():
        return json.loads(path.read_text()), {}
    with np.load(arrays, allow_pickle=False) as file:
        return json.loads(path.read_text()), dict(file)


def expected_outputs(spec, arrays):
    """Names of the outputs that the case holds as arrays."""
    prefixed = {name[4:] for name in arrays if name.startswith('out_')}
    return prefixed or set(spec.get('outputs', {})) & set(arrays)


@contextmanager
def case_threads():
    """The cases' two threads: how many there are decides in which order, and even how, torch adds.

    Of one thread, ``F.interpolate`` takes another kernel.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def test_golden(golden_case):
    method, case = golden_case.parent.name, golden_case.stem
    handler = find_handler(method, case)
    if handler is None:
        if method in COMPLETE:
            pytest.fail(f'{method} is marked complete, but {case} has no handler')
        pytest.skip(f'{case} has no handler: method {method} is not complete')
    spec, arrays = load_case(golden_case)
    with case_threads():
        results = handler(spec, arrays, golden_case.parent)
    assert results, 'the handler compared nothing'
    untested = expected_outputs(spec, arrays) - set(results)
    assert not untested, f'outputs without a comparison: {sorted(untested)}'
    problems = {
        name: problem
        for name, result in results.items()
        if result is not None and (problem := result[2].problem(result[0], result[1]))
    }
    assert not problems, '\n'.join(f'{name}: {text}' for name, text in problems.items())
