"""What a network is given, as pictures."""

import numpy as np
import pytest
import torch
from mmseg.structures import SegDataSample
from PIL import Image

from mmwsss.visualization.browsing import browse_dataset
from tests.test_tools.test_judge import options
from tools.analysis_tools.browse_dataset import main

CONFIG = 'configs/cam/cam_r18_shapes.py'


def shapes(tiny_shapes, phase='train'):
    return [o.replace('test_data', f'{phase}_data') for o in options(tiny_shapes)]


def test_a_training(tiny_shapes, tmp_path, capsys):
    given = [*shapes(tiny_shapes), 'train_dataloader.dataset.split=train']
    for name in ('a', 'b'):
        main([CONFIG, str(tmp_path / name), '--limit', '3', '--repeat', '2', *given])
    assert '6 pictures' in capsys.readouterr().out
    rows = [row.split('\t') for row in (tmp_path / 'a/samples.txt').read_text().splitlines()]
    assert len(rows) == 6 and all(tags for _, _, tags in rows)
    for name, size, _ in rows:
        with Image.open(tmp_path / 'a' / name) as image, Image.open(tmp_path / 'b' / name) as other:
            assert f'{image.width}x{image.height}' == size
            np.testing.assert_array_equal(image, other)  # of one seed
    first, second = (np.array(Image.open(tmp_path / 'a' / name)) for name, _, _ in rows[:2])
    assert (first != second).any()


def test_views_and_masks(tiny_shapes, tmp_path):
    main(
        [
            CONFIG,
            str(tmp_path / 'test'),
            '--phase',
            'test',
            '--limit',
            '1',
            *shapes(tiny_shapes, 'test'),
        ]
    )
    assert len(list((tmp_path / 'test').glob('*_0_?.png'))) > 1  # a picture a scale
    main(
        [
            CONFIG,
            str(tmp_path / 'val'),
            '--phase',
            'val',
            '--limit',
            '1',
            *shapes(tiny_shapes, 'val'),
        ]
    )
    assert len(list((tmp_path / 'val').glob('*_gt_sem_seg.png'))) == 1


def test_a_config_without_it(tmp_path, capsys):
    (tmp_path / 'config.py').write_text("default_scope = 'mmwsss'\n")
    with pytest.raises(SystemExit):
        main([str(tmp_path / 'config.py'), str(tmp_path / 'out')])
    assert 'has no train_dataloader' in capsys.readouterr().err


def test_photos_of_folders_keep_their_pictures(tmp_path):
    """'a/b' and 'a_b' are two photos."""

    class Two(list):
        metainfo = {}

    data = [SegDataSample(metainfo=dict(img_id=id)) for id in ('a/b', 'a_b')]
    samples = Two(dict(inputs=torch.zeros(3, 4, 4), data_samples=one) for one in data)
    assert browse_dataset(samples, tmp_path) == 2
    assert {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob('*.png')} == {
        'a/b_0.png',
        'a_b_0.png',
    }
