import copy
import pickle
import random

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.datasets.seeding import EpochCounter, seeded


def draws():
    return random.random(), np.random.rand(), float(torch.rand(1))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 1000), st.integers(0, 10**6))
def test_same_triple_same_draws_and_outside_nothing_changes(seed, epoch, index):
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    expected = draws()
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    with seeded(seed, epoch, index):
        first = draws()
    assert draws() == expected
    with seeded(seed, epoch, index):
        assert draws() == first
    for other in ((seed + 1, epoch, index), (seed, epoch + 1, index), (seed, epoch, index + 1)):
        with seeded(*other):
            assert draws() != first


def test_restores_after_an_error():
    state = torch.get_rng_state()
    try:
        with seeded(0, 0, 0):
            raise KeyError
    except KeyError:
        pass
    assert torch.equal(torch.get_rng_state(), state)


def _read(counter, queue, go):
    go.wait()
    queue.put(counter.value)


def test_counter_is_one_for_copies_and_processes():
    counter = EpochCounter()
    assert counter.value == EpochCounter.UNSEEDED == -1
    context = torch.multiprocessing.get_context('fork')
    queue, go = context.Queue(), context.Event()
    process = context.Process(target=_read, args=(counter, queue, go))
    process.start()
    counter.set(7)
    go.set()
    assert queue.get(timeout=30) == 7
    process.join()
    assert copy.deepcopy(counter) is counter and copy.copy(counter) is counter
    assert pickle.loads(pickle.dumps(counter)).value == 7
