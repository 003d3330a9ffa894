"""What a child config or an option sets at the top either counts or is refused."""

import pytest

from mmwsss.config import ConfigError, read_config, write_config
from mmwsss.config.effects import check_option
from tests.configs import CONFIGS, read, stages

SHAPES = CONFIGS / 'cam/cam_r18_shapes.py'
BASE = """
size, length = 8, 3
crop = dict(type='Crop', size=size)
model = dict(type='Net', width=size)
train_dataloader = dict(dataset=dict(pipeline=[dict(type='Load'), crop]))
train_cfg = dict(max_epochs=length)
param_scheduler = [dict(type='LR', end=1), dict(type='LR', begin=1, end=length)]
note = 'of mine'
"""


@pytest.fixture
def child(tmp_path):
    """Read a child of a small base."""
    (tmp_path / 'base.py').write_text(BASE)

    def read_child(text):
        (tmp_path / 'mine.py').write_text(f"_base_ = ['base.py']\n{text}\n")
        return read_config(tmp_path / 'mine.py')

    return read_child


@pytest.mark.parametrize('path, data', list(dict(reversed(list(stages()))).items()))
def test_a_length_at_the_top_of_any_config_is_refused(path, data):
    cfg = read(path, data)
    for name in ('max_epochs', 'max_iters'):
        with pytest.raises(ConfigError, match=f'^{name} has no effect: ') as caught:
            check_option(cfg, name)
        trains = bool(cfg.get('train_cfg'))
        assert ('train_cfg.max_' in str(caught.value)) == trains
        assert ('trains nothing' in str(caught.value)) != trains


@pytest.mark.parametrize(
    'path',
    ['cam_r18_shapes.py', 'cam_r38_voc.py', 'cam_lite0_folder.py', 'deeplabv2_r101_cam_voc.py'],
)
@pytest.mark.parametrize('name', ['max_epochs', 'max_iters'])
def test_a_length_at_the_top_of_a_child_is_refused(path, name, tmp_path):
    mine = tmp_path / 'mine.py'
    mine.write_text(f'_base_ = [{str(CONFIGS / "cam" / path)!r}]\n{name} = 2\n')
    with pytest.raises(ConfigError) as caught:
        read(mine, FOLDER_ROOT='photos')
    message = str(caught.value)
    assert message.startswith(f'{mine}: {name} = 2 has no effect: ') and '\n' not in message
    assert 'train_cfg.max_' in message


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('length = 2', 'base.py has computed train_cfg.max_epochs and param_scheduler.1.end by'),
        ('size = 4', 'model.width and train_dataloader.dataset.pipeline.1.size by then'),
        ('crop = dict(size=4)', 'base.py has computed train_dataloader.dataset.pipeline.1 by then'),
        ('max_iters = 2', 'Set train_cfg.max_epochs and param_scheduler.1.end; this training coun'),
        ('width = 16', 'nothing reads it there. Its place is model.width'),
        ('train_dataloaders = dict(num_workers=0)', "Did you mean 'train_dataloader'?"),
        ('max_epoch = 2', "Did you mean 'max_epochs'?"),
    ],
)
def test_values_without_effect(child, text, message):
    with pytest.raises(ConfigError) as caught:
        child(text)
    assert message in str(caught.value) and f': {text.split(" ")[0]} = ' in str(caught.value)


@pytest.mark.parametrize(
    'text',
    [
        'train_cfg = dict(max_epochs=2)',
        'length = 2\ntrain_cfg = dict(max_epochs=length)',
        "note = 'of yours'",
        "something_of_my_hook = dict(api='x')",
        'import os\nload_from = os.sep',
    ],
)
def test_values_with_one_or_of_others(child, text):
    child(text)


def test_a_value_for_a_grandchild(child, tmp_path):
    child('train_cfg = dict(max_epochs=2)')
    (tmp_path / 'mine.py').write_text("_base_ = ['base.py']\nlength = 5\n")
    (tmp_path / 'third.py').write_text(
        "_base_ = ['mine.py']\ntrain_cfg = dict(max_epochs=_base_.length)\n"
    )
    assert read_config(tmp_path / 'third.py').train_cfg.max_epochs == 5


def test_files_without_bases_and_resolved_ones_are_taken_as_they_are(child, tmp_path):
    (tmp_path / 'one.py').write_text('max_epochs = 2\ntrain_cfg = dict(max_epochs=3)\n')
    assert read_config(tmp_path / 'one.py').max_epochs == 2
    write_config(tmp_path / 'two.py', read_config(SHAPES))
    assert read_config(tmp_path / 'two.py').max_epochs == 12


@pytest.mark.parametrize(
    ('key', 'message'),
    [
        ('max_epochs', 'has computed param_scheduler.end, train_cfg.max_epochs and train_cfg.val'),
        ('drawing.num_train', 'has computed train_dataloader.dataset.drawing, val_dataloader'),
        ('max_iters', 'Set train_cfg.max_epochs and param_scheduler.end; this training counts ep'),
        ('optim_wraper.optimizer.lr', "Did you mean 'optim_wrapper'?"),
        ('mode1.head.type', "Did you mean 'model'?"),
    ],
)
def test_options_without_effect(key, message):
    with pytest.raises(ConfigError, match=f'^{key} has no effect: ') as caught:
        check_option(read_config(SHAPES), key)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    'key', ['train_cfg.max_epochs', 'load_from', 'batch.total', 'my_hooks_key']
)
def test_options_with_one_or_of_others(key):
    check_option(read_config(SHAPES), key)
