"""A photo before loading, and a store of masks."""

import numpy as np
import pytest
from PIL import Image

from mmwsss.stores import StoreMeta, create_store
from tests.conftest import photo


@pytest.fixture
def results(tmp_path):
    Image.fromarray(photo()).save(tmp_path / 'a.png')
    Image.fromarray(np.full((24, 32), 2, np.uint8)).save(tmp_path / 'mask.png')
    return {
        'img_id': 'a',
        'img_path': str(tmp_path / 'a.png'),
        'seg_map_path': str(tmp_path / 'mask.png'),
        'gt_label': np.float32([0, 1]),
        'seg_fields': [],
    }


@pytest.fixture
def mask_store(tmp_path):
    store = create_store(tmp_path / 'masks', StoreMeta('masks', ('a', 'b', 'c'), 'list'))
    store.write('x', np.arange(16 * 24).reshape(16, 24) % 4)
    return store
