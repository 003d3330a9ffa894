import csv

import numpy as np
import pytest

from mmwsss.apis.comparing import compare_stores
from mmwsss.stores import StoreError, StoreMeta, StoreMismatch, create_store
from mmwsss.structures import Seeds
from tools.analysis_tools import compare_stores as tool

CLASSES = ('cat', 'dog')


class Photos:
    """What is read of a tagged data set."""

    metainfo = {'classes': ('background', *CLASSES)}

    def __init__(self, folder, truths):
        masks = create_store(folder, StoreMeta('masks', CLASSES, 'x'))
        self.infos = []
        for id, truth in truths.items():
            info = {'img_id': id}
            if truth is not None:
                masks.write(id, truth)
                info['seg_map_path'] = str(masks.path(id))
            self.infos.append(info)

    def __len__(self):
        return len(self.infos)

    def get_data_info(self, index):
        return self.infos[index]


def rows(*values):
    """A label map of one pixel rows."""
    return np.repeat(np.array(values, np.uint8)[:, None], 4, 1)


def masks(folder, entries, classes=CLASSES):
    store = create_store(folder, StoreMeta('masks', classes, 'x'))
    for id, mask in entries.items():
        store.write(id, mask)
    return store.folder


@pytest.fixture
def stores(tmp_path):
    """A is right in the first image, B in the second; each has one of its own."""
    a = {'one': rows(0, 1, 2, 0), 'two': rows(0, 2, 2, 255), 'none': rows(0, 1), 'a': rows(0)}
    b = {'one': rows(0, 1, 1, 0), 'two': rows(0, 1, 1, 2), 'none': rows(0, 2), 'b': rows(0)}
    truths = {'one': rows(0, 1, 2, 255), 'two': rows(0, 1, 1, 2), 'none': None}
    return masks(tmp_path / 'a', a), masks(tmp_path / 'b', b), Photos(tmp_path / 'gt', truths)


def test_against_ground_truth(stores, tmp_path):
    a, b, dataset = stores
    found = compare_stores(a, b, dataset=dataset)
    assert [row['image'] for row in found.images] == ['one', 'none', 'two']
    first, without, last = found.images
    assert first['IoU A'] == 100 and first['gain'] == pytest.approx(100 - 50)
    assert (first['right in A only'], first['right in B only']) == (pytest.approx(100 / 3), 0)
    assert without['agreement'] == 50 and np.isnan(without['gain'])
    assert last['IoU B'] == 100 and last['right in B only'] == 75
    assert found.only == (0, 0)  # of the images of the data set
    # cat: A 4 of 12, B 12 of 16; dog: A 4 of 16, B 4 of 8
    cat, dog = found.by_class[1:]
    assert (cat['IoU A'], cat['IoU B']) == (pytest.approx(100 / 3), 75)
    assert (dog['IoU A'], dog['gain']) == (pytest.approx(100 * 4 / 16), pytest.approx(25 - 50))
    assert found.miou == pytest.approx((np.mean([100, 100 / 3, 25]), np.mean([100, 75, 50])))
    worst = found.confused(1)[0]
    assert worst == {'A': 'dog', 'B': 'cat', 'pixels': 12, 'A right': 4, 'B right': 8}
    found.write(tmp_path / 'out')
    read = list(csv.DictReader((tmp_path / 'out/images.csv').open()))
    assert [row['gain'] for row in read] == ['50.0', '', str(last['gain'])]
    assert sorted(path.name for path in (tmp_path / 'out').iterdir()) == [
        *('classes.csv', 'confused.csv', 'confusion.csv', 'confusion.png', 'images.csv')
    ]


def test_without_ground_truth(stores):
    a, b, _ = stores
    found = compare_stores(a, b)
    assert found.miou is None and not found.by_class
    assert found.only == (1, 1)
    assert found.between.sum() == (4 + 4 + 2) * 4
    assert found.between[2, 1] == 12 and found.between[3, 2] == 4  # A's undecided is B's dog
    assert set(found.images[0]) == {'image', 'agreement'}


def test_scores(stores, tmp_path):
    a, _, dataset = stores
    store = create_store(tmp_path / 'scores', StoreMeta('scores', CLASSES, 'x', stride=1))
    maps = np.stack([(rows(0, 1, 2, 0) == k) * 0.5 for k in (1, 2)])
    store.write('one', Seeds(np.arange(2), maps))
    store.write('two', Seeds(np.zeros(0, int), np.zeros((0, 4, 4))))
    found = compare_stores(store.folder, a, dataset=dataset, background_first=0.3)
    assert {row['image']: row['agreement'] for row in found.images} == {'one': 100, 'two': 25}
    with pytest.raises(StoreError, match='one holds scores without a background map: give the'):
        compare_stores(store.folder, a)


def test_stores_that_do_not_fit(stores, tmp_path):
    a, _, dataset = stores
    with pytest.raises(StoreMismatch, match='1 classes .cow.'):
        compare_stores(a, masks(tmp_path / 'c', {'one': rows(0)}, ('cow',)))
    with pytest.raises(StoreMismatch, match='no image in common: they hold 4 and 1'):
        compare_stores(a, masks(tmp_path / 'd', {'z': rows(0)}))
    with pytest.raises(StoreMismatch, match='among the 3 of the data set: they hold 3 and 0'):
        compare_stores(a, masks(tmp_path / 'e', {'z': rows(0)}), dataset=dataset)
    with pytest.raises(StoreMismatch, match=r'one: of size \(4, 4\) in .* and \(2, 4\) in'):
        compare_stores(a, masks(tmp_path / 'f', {'one': rows(0, 1)}))
    create_store(tmp_path / 'p', StoreMeta('proposals', CLASSES, 'x'))
    with pytest.raises(StoreError, match='holds proposals'):
        compare_stores(a, tmp_path / 'p')


def test_tool(stores, tmp_path, capsys):
    a, b, _ = stores
    tool.main([str(a), str(b), '--out', str(tmp_path / 'out')])
    printed = capsys.readouterr().out
    assert '3 images in both, 1 only in A, 1 only in B' in printed
    assert 'labels that they disagree on' in printed
    assert (tmp_path / 'out/confusion.png').exists()
    with pytest.raises(SystemExit):
        tool.main([str(a), str(tmp_path / 'nothing')])
    assert 'no meta.json found: the folder does not exist' in capsys.readouterr().err
