"""A toy recipe whose stages take milliseconds."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from mmwsss.recipes.pipeline import run_pipeline

TOOLS = Path(__file__).parent / 'toy_tools'

TRAIN = """
model = dict(type='Toy', width=4)
train_dataloader = dict(
    batch_size=2, num_workers=0, dataset=dict(ann_file='{root}/train.txt', store='')
)
train_cfg = dict(max_epochs=2)
trouble = '{root}'
test_cfg = dict()
test_dataloader = dict(dataset=dict(ann_file='{root}/train.txt'))
load_from = None
"""
MASKS = """
model = dict(type='Refine', value=1)
test_cfg = dict(kind='masks')
test_dataloader = dict(
    dataset=dict(
        ann_file='{root}/train.txt',
        pipeline=[dict(type='LoadImage'), dict(type='mmwsss.LoadThing', store='')],
    )
)
note = '{{$TOY_NOTE:none}}'
"""
RECIPE = """
recipe = [
    dict(name='first', config='train.py', action='train'),
    dict(name='masks', config='masks.py', action='test', inputs={'load_from': 'first.checkpoint'}),
    dict(
        name='second',
        config='train.py',
        action='train',
        inputs={'train_dataloader.dataset.store': 'masks.masks'},
        cfg_options={'model.width': 8},
    ),
    dict(name='train', config='train.py', action='test', inputs={'load_from': 'second.checkpoint'}),
    dict(
        name='val', like='train', cfg_options={'test_dataloader.dataset.ann_file': 'VAL'},
    ),
]
baselines = [dict(name='nothing', config='masks.py', action='test')]
variables = dict(TOY_NOTE='hello')
"""


class Toy:
    """A recipe in a folder of its own."""

    def __init__(self, root):
        self.root = root
        self.recipe, self.work_dir = root / 'toy_recipe.py', root / 'work'
        self.trouble = root / 'trouble'
        (root / 'train.txt').write_text('a\nb\n')
        (root / 'val.txt').write_text('c\n')
        (root / 'train.py').write_text(TRAIN.replace('{root}', str(root)))
        (root / 'masks.py').write_text(MASKS.replace('{root}', str(root)))
        self.recipe.write_text(RECIPE.replace('VAL', str(root / 'val.txt')))

    def run(self, **options):
        """Run it; returns (rows by stage, what was printed)."""
        text = io.StringIO()
        rows = run_pipeline(
            self.recipe,
            work_dir=self.work_dir,
            tools=TOOLS,
            console=Console(file=text, width=140),
            **options,
        )
        return {row['stage']: row for row in rows}, text.getvalue()

    def edit(self, name, old, new):
        """Replace text in a file, which must be there."""
        path = self.root / name
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    def log(self, stage):
        """Output of a stage."""
        return (self.work_dir / stage / 'stdout.log').read_text()


@pytest.fixture
def toy(tmp_path, monkeypatch):
    monkeypatch.setattr('os.fsync', lambda file: None)  # a busy disk would take most of the time
    # Its models are none that a registry has.
    monkeypatch.setattr('mmwsss.recipes.checks._problem_of_config', lambda cfg, stage: '')
    monkeypatch.setattr('mmwsss.recipes.warm.MODULES', ())  # its tools need none
    return Toy(tmp_path)
