import io
import time

import pytest
from rich.console import Console

from mmwsss.recipes import progress as module
from mmwsss.recipes.progress import PipelineProgress, parse_loss, parse_progress

LINES = [
    ('11/21 12:00:00 - mmengine - INFO - Epoch(train)   [3][10/20]  lr: 1e-2  loss: 0.7', 0.25),
    ('Epoch(train) [10][20/20]', 1.0),
    ('Iter(train) [  50/2000]  lr: 1.0e-2 eta: 0:01:00', 0.025),
    ('Epoch(val) [3][5/10]', None),
    ('Iter(val) [5/10]', None),
    ('Saving checkpoint at 3 epochs', None),
]


@pytest.mark.parametrize(('line', 'fraction'), LINES)
def test_progress_of_training(line, fraction):
    assert parse_progress(line, 'train', epochs=10) == fraction


def test_progress_of_testing():
    assert parse_progress('Epoch(test) [ 5/10]    eta: 0:00:01  time: 0.1', 'test') == 0.5
    assert parse_progress('Epoch(train) [1][5/10]', 'test') is None


def test_loss():
    assert parse_loss(LINES[0][0]) == 'loss 0.7'
    assert parse_loss('decode.loss_ce: 1.0  loss: 2.5') == 'loss 2.5'
    assert parse_loss('nothing') == ''


def show(console, pause=0.15):
    with PipelineProgress(console, 2) as progress:
        for name in ('one', 'two'):
            progress.begin(name)
            progress.update(0.5, 'loss 1')
            time.sleep(pause)
            progress.update(0.75, 'loss 0.5')
            progress.say(f'{name}: [finished]')
            progress.end()


def test_plain_lines_without_a_terminal(monkeypatch):
    monkeypatch.setattr(module, '_PLAIN_INTERVAL', 0.1)
    text = io.StringIO()
    show(Console(file=text))
    lines = text.getvalue().splitlines()
    assert '\x1b' not in text.getvalue() and 'one: [finished]' in lines
    assert lines[0].startswith('  one: 75%, about 0.') and lines[0].endswith('left loss 0.5')
    assert len(lines) == 4, 'not more than one line an interval'


def test_bars_on_a_terminal():
    text = io.StringIO()
    show(Console(file=text, force_terminal=True, width=120), pause=0.5)
    assert 'all stages' in text.getvalue() and 'loss 1' in text.getvalue()
    assert 'one: [finished]' in text.getvalue()
