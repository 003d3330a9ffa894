"""Proposal stores round-trip."""

import numpy as np
import pytest

from mmwsss.stores import StoreError, StoreMeta, create_store
from mmwsss.structures import Proposals


@pytest.mark.parametrize('count', [0, 3])
def test_round_trip(tmp_path, count):
    store = create_store(tmp_path / 'p', StoreMeta('proposals', ('a',), ''))
    masks = np.random.default_rng(0).random((count, 6, 5)) > 0.5
    proposals = Proposals.from_masks(
        masks, iou=np.ones(count), stability=np.ones(count), level=np.arange(count)
    )
    store.write('a', proposals)
    found = store['a']
    assert (found.masks() == masks).all()
    assert found.level.tolist() == list(range(count))
    assert found.size == (6, 5)
    with pytest.raises(StoreError, match='Proposals expected'):
        store.write('b', masks)
