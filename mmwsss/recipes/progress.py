"""Progress of a pipeline: a bar on a terminal, plain lines elsewhere."""

import re
import time
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from mmwsss.visualization.text import format_seconds

_STEP = re.compile(r'(?:Epoch|Iter)\((\w+)\)\s*(?:\[\s*(\d+)\])?\s*\[\s*(\d+)/\s*(\d+)\]')
_LOSS = re.compile(r'\bloss: (\S+)')
_PLAIN_INTERVAL = 30.0


def parse_progress(line: str, action: str, epochs: int | None = None) -> float | None:
    """Fraction of a stage that mmengine's log line reports as done.

    Args:
        line: A line such as ``Epoch(train) [2][10/50] ...`` or ``Iter(train) [10/50] ...``.
        action: 'train' or 'test'; lines of other loops (validation) do not count.
        epochs: Number of epochs of an epoch-based training.

    Returns:
        A number in [0, 1], or ``None`` if the line says nothing.
    """
    found = _STEP.search(line)
    if found is None or found[1] != action:
        return None
    fraction = int(found[3]) / max(int(found[4]), 1)
    if action == 'train' and found[2]:
        fraction = (int(found[2]) - 1 + fraction) / max(epochs or int(found[2]), 1)
    return min(fraction, 1.0)


def parse_loss(line: str) -> str:
    """The loss in a log line, as text; empty if there is none."""
    found = _LOSS.search(line)
    return f'loss {found[1]}' if found else ''


class PipelineProgress:
    """Shows how far the stages to run have come.

    Args:
        console: Where to show it; bars are drawn if it is a terminal.
        stages: Number of stages to run.
    """

    def __init__(self, console: Console, stages: int) -> None:
        self.console = console
        self.stages, self.finished = stages, 0
        self._bar: Progress | None = None
        self._name, self._said, self._begun = '', 0.0, 0.0
        if console.is_terminal:
            self._bar = Progress(
                SpinnerColumn(),
                TextColumn('{task.description}'),
                BarColumn(bar_width=30),
                TextColumn('{task.percentage:>3.0f} %'),
                TimeElapsedColumn(),
                TextColumn('left'),
                TimeRemainingColumn(),
                TextColumn('{task.fields[note]}'),
                console=console,
                transient=True,
            )
            self._all = self._bar.add_task('all stages', total=max(stages, 1), note='')
            self._one = self._bar.add_task('', total=1.0, note='', visible=False)

    def __enter__(self) -> 'PipelineProgress':
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def say(self, text: str) -> None:
        """Print a line that stays."""
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def begin(self, name: str) -> None:
        """A stage begins."""
        self._name, self._begun = name, time.monotonic()
        self._said = self._begun
        if self._bar is not None:
            self._bar.reset(self._one, total=1.0, description=name, note='starting', visible=True)

    def update(self, fraction: float, note: str = '') -> None:
        """A stage has come this far."""
        if self._bar is not None:
            self._bar.update(self._one, completed=fraction, note=note)
            self._bar.update(self._all, completed=self.finished + fraction)
        elif time.monotonic() - self._said >= _PLAIN_INTERVAL:
            self._said = time.monotonic()
            spent = self._said - self._begun
            left = format_seconds(spent / fraction - spent) if fraction > 0 else 'unknown'
            self.say(f'  {self._name}: {fraction:.0%}, about {left} left {note}'.rstrip())

    def end(self) -> None:
        """The stage has finished."""
        self.finished += 1
        if self._bar is not None:
            self._bar.update(self._all, completed=self.finished)
            self._bar.update(self._one, visible=False)
