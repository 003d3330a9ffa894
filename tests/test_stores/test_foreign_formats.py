"""One truth in the layouts of many repositories: each gives the same seeds or says what to do."""

import numpy as np
import pytest
import torch

from mmwsss.stores.foreign_formats import FORMATS, ReadOptions
from mmwsss.stores.foreign_seeds import to_seeds

KEYS = np.array([3, 6])  # of 8 classes
MAPS = np.full((2, 6, 8), 0.1, np.float32)
MAPS[0, 1:3], MAPS[1, 3:5] = 1, 1
BACKGROUND = 1 - MAPS.max(0, keepdims=True)
BOTH = np.concatenate([BACKGROUND, MAPS])
PADDED = np.pad(KEYS + 1, (1, 0))
ALL = np.full((1, 9, 6, 8), -5, np.float32)
ALL[0, [0, 4, 7]] = BOTH
FIRST, SOFT = dict(background='first'), dict(normalise='softmax')


def read(tmp_path, content, fmt, **options):
    np.save(tmp_path / 'x.npy', content)
    given = ReadOptions(**options)
    dump = FORMATS[fmt].read(tmp_path / 'x.npy', given)
    return to_seeds(dump, fmt, 8, given, lambda: (6, 8))


@pytest.mark.parametrize(
    ('content', 'fmt', 'options'),
    [
        ({'keys': KEYS, 'cam': MAPS[:, ::2, ::2], 'high_res': MAPS}, 'irn', {}),
        ({'keys': torch.tensor(KEYS), 'high_res': torch.tensor(MAPS)}, 'irn', {}),
        ({'keys': KEYS, 'attn_highres': MAPS.astype('f2')}, 'irn', {}),
        ({'keys': KEYS, 'high_res': BOTH}, 'irn', {}),  # AMN
        ({'keys': PADDED, 'high_res': MAPS}, 'irn', {}),
        ({'keys': PADDED, 'cam': MAPS[:, ::2], 'hr_cam': MAPS}, 'irn', {}),  # Puzzle-CAM
        ({'keys': PADDED, 'rw': MAPS}, 'irn', {}),
        ({'keys': PADDED, 'IS_CAM': BOTH}, 'irn', {}),  # SIPE
        ({'keys': PADDED, 'prob': BOTH}, 'irn', {}),  # WeakTr
        ({'keys': PADDED, 'high_res': BOTH}, 'irn', FIRST),
        ({'keys': KEYS + 1, 'high_res': MAPS}, 'irn', dict(offset=1)),
        ({'keys': KEYS + 1, 'high_res': BOTH}, 'irn', dict(offset=1)),
        ({'keys': KEYS, 'keys_gt': KEYS, 'valid_lam': MAPS}, 'irn', {}),  # MoRe
        ({'keys': KEYS, 'mine': MAPS}, 'irn', dict(key='mine')),
        ({'keys': KEYS, 'high_res': MAPS[None]}, 'irn', {}),
        ({'keys': KEYS, 'high_res': (MAPS * 255).round().astype('u1')}, 'irn',
         dict(normalise='byte')),
        ({'keys': KEYS[::-1], 'high_res': MAPS[::-1]}, 'irn', {}),
        ({'msc_seg': ALL}, 'irn', SOFT),  # WeCLIP
        (ALL, 'array', SOFT),
        (ALL[0], 'array', SOFT),  # deeplab-pytorch
        ({3: MAPS[0], 6: MAPS[1]}, 'class_map', {}),
        ({'3': MAPS[0], '6': MAPS[1]}, 'class_map', {}),
        ({np.int64(6): MAPS[1].tolist(), np.int64(3): MAPS[0][None]}, 'class_map', {}),
        ({0: BACKGROUND[0], 4: MAPS[0], 7: MAPS[1]}, 'crf', {}),
        ({0: BACKGROUND[0], 4: MAPS[0], 7: MAPS[1]}, 'class_map', FIRST),
        ({4: MAPS[0], 7: MAPS[1]}, 'class_map', dict(offset=1)),
    ],
)  # fmt: skip
def test_same_truth(tmp_path, content, fmt, options):
    seeds = read(tmp_path, content, fmt, **options)
    assert seeds.classes.tolist() == [3, 6]
    np.testing.assert_array_equal(seeds.to_mask(0.3 if seeds.background is None else None) == 4,
                                  MAPS[0] == 1)  # fmt: skip
    if 'normalise' not in options:
        np.testing.assert_allclose(seeds.scores, MAPS, atol=1e-3)


@pytest.mark.parametrize(
    ('content', 'fmt', 'options', 'message'),
    [
        ({'keys': KEYS, 'high_res': MAPS[:1]}, 'irn', {}, r'2 keys \(3, 6\) and 1 maps'),
        ({'keys': KEYS, 'high_res': np.concatenate([BOTH, MAPS])}, 'irn', {}, '2 keys .* 5 maps'),
        ({'keys': KEYS + 2, 'high_res': MAPS}, 'irn', {}, 'class id 8 .*--offset 1'),
        ({'keys': PADDED, 'high_res': BOTH}, 'irn', dict(offset=1), '--background first'),
        ({'keys': [3, 3], 'high_res': MAPS}, 'irn', {}, 'a class occurs twice'),
        ({'keys': ['dog', 'cat'], 'high_res': MAPS}, 'irn', {}, 'keys must be class numbers'),
        ({'keys': KEYS, 'mine': MAPS}, 'irn', {}, r"'mine'\]: --key names the maps"),
        ({'keys': KEYS, 'high_res': MAPS * np.nan}, 'irn', {}, '--nan-to-zero'),
        ({'keys': KEYS, 'high_res': MAPS * 37}, 'irn', {}, 'found 3.7..37: .*--normalise max'),
        ({'keys': KEYS, 'high_res': np.ones((2, 8, 6))}, 'irn', {}, 'are 8x6 .* the photo 6x8'),
        ({3: MAPS[0]}, 'irn', {}, 'formats class_map and crf'),
        ({'keys': KEYS, 'cam': MAPS}, 'class_map', {}, 'format irn reads that'),
        ({3: MAPS[0], 6: MAPS[1, 1:]}, 'class_map', {}, 'differ in size'),
        (ALL, 'irn', {}, 'format array reads that'),
        (ALL, 'array', {}, '--normalise softmax'),
        (ALL[0, :5], 'array', {}, r'5 maps found; 8 \(the classes\) or 9'),
        (ALL[0, 0], 'array', {}, 'format npy'),
    ],
)
def test_what_is_wrong_and_what_to_give(tmp_path, content, fmt, options, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, content, fmt, **options)


def test_nan_and_raw_maps_can_be_mended(tmp_path):
    maps = MAPS * 37
    maps[1] = np.nan
    seeds = read(tmp_path, {'keys': KEYS, 'high_res': maps}, 'irn', normalise='max',
                 nan_to_zero=True)  # fmt: skip
    np.testing.assert_allclose(seeds.scores, [MAPS[0], np.zeros((6, 8))], atol=1e-6)
    low = read(tmp_path, {'keys': KEYS, 'high_res': MAPS - 5}, 'irn', normalise='minmax').scores
    assert (low.min(), low.max()) == pytest.approx((0, 1), abs=1e-5)
