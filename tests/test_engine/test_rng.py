"""Saving and restoring every random generator."""

import random

import numpy as np
import torch

from mmwsss.engine.plain import from_plain, to_plain
from mmwsss.engine.rng import get_rng_state, set_rng_state


def draw():
    return random.random(), random.gauss(0, 1), np.random.randn(), torch.rand(3).tolist()


def test_draws_repeat_from_a_saved_state():
    draw()  # leaves half a pair of Gaussian numbers behind
    state, _ = to_plain(get_rng_state())
    expected = [draw() for _ in range(3)]
    set_rng_state(from_plain(state))
    assert [draw() for _ in range(3)] == expected
