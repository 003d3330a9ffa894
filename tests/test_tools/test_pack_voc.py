"""From a segmentor's store to the archive, by one command."""

import tarfile

import numpy as np
import pytest

from mmwsss.datasets import VOCTaggedDataset
from mmwsss.stores import StoreMeta, create_store
from tools.misc.pack_voc import main


@pytest.fixture
def masks(tmp_path):
    classes = VOCTaggedDataset.METAINFO['classes'][1:]
    store = create_store(tmp_path / 'masks', StoreMeta('masks', classes, ''))
    for id in ('a', 'b'):
        store.write(id, np.full((4, 5), 3, np.uint8))
    store.close()
    return store.folder


def test_a_list_of_ones_own(masks, tmp_path, capsys):
    (tmp_path / 'list.txt').write_text('b\n')
    main([str(masks), str(tmp_path / 'x.tar.gz'), '--list', str(tmp_path / 'list.txt')])
    with tarfile.open(tmp_path / 'x.tar.gz') as archive:
        assert archive.getnames() == ['results/VOC2012/Segmentation/comp6_test_cls/b.png']
    out = capsys.readouterr().out
    assert '1 masks; sizes were not compared: give --images; 1 masks are not in the list' in out


def test_the_list_is_that_of_the_server(masks, tmp_path):
    with pytest.raises(SystemExit, match='no mask of 1456 of 1456 images'):
        main([str(masks), str(tmp_path / 'x.tar.gz')])
