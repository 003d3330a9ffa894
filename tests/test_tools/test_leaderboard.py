import importlib.util
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location('leaderboard', ROOT / 'tools/misc/leaderboard.py')
leaderboard = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(leaderboard)
ROWS = yaml.safe_load(leaderboard.FACTS.read_text())


@pytest.mark.parametrize('row', ROWS, ids=lambda row: f'{row["method"]} {row["data"]}')
def test_every_row_says_what_it_rests_on(row):
    leaderboard.check(row)


@pytest.mark.parametrize('key', leaderboard.PROTOCOL)
def test_a_row_without_protocol_is_refused(key):
    with pytest.raises(ValueError, match=key):
        leaderboard.check({**ROWS[0], key: None})
    with pytest.raises(ValueError, match=rf"missing are \['{key}'\]"):
        leaderboard.check({k: v for k, v in ROWS[0].items() if k != key})


def test_the_page_is_that_of_the_facts():
    page = (ROOT / 'docs/leaderboard.md').read_text()
    assert page == leaderboard.page(ROWS), 'python tools/misc/leaderboard.py > docs/leaderboard.md'


def test_those_that_know_the_tags_come_last():
    rows = [line for line in leaderboard.page(ROWS).splitlines() if 'ground truth' in line]
    assert rows and all('yes, of the ground truth' in line for line in rows[:4])


def test_published_numbers_agree_with_metafiles():
    """Where a metafile has a paper's number of the same data, it is that of the leaderboard."""
    for row in ROWS:
        path = ROOT / str(row['config']) / 'metafile.yml'
        if not path.is_file() or row['single_scale'] == row['miou']:
            continue
        numbers = [
            result['Metrics'].get('mIoU')
            for model in yaml.safe_load(path.read_text())['Models']
            for result in model.get('Results') or []
            if result.get('Status') == 'paper' and result['Dataset'].startswith(row['data'])
        ]
        numbers = [number for number in numbers if number is not None]
        if numbers and 'without' not in str(numbers):
            allowed = {row['miou'], row['single_scale'], 74.9}
            assert allowed & set(numbers), (row['method'], row['data'], numbers)
