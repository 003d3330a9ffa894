"""Times of two ways of doing the same, taken in one run."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass
class Times:
    """CPU seconds of this process and wall seconds of a block."""

    cpu: float = 0.0
    wall: float = 0.0

    def __str__(self) -> str:
        return f'{self.cpu:8.2f} CPU s {self.wall:8.2f} s'


@contextmanager
def timed() -> Iterator[Times]:
    """Measure a block; the times are there when it ends."""
    times, cpu, wall = Times(), time.process_time(), time.perf_counter()
    yield times
    times.cpu, times.wall = time.process_time() - cpu, time.perf_counter() - wall


def call(function: Callable[..., Any], *args: Any) -> tuple[Any, Times]:
    """Result of a call, and its times."""
    with timed() as times:
        result = function(*args)
    return result, times


def load() -> str:
    """How busy the machine was, to be printed beside times."""
    return f'load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores'
