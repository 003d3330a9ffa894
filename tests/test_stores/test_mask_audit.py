import re

import numpy as np
import pytest

from mmwsss.stores.mask_audit import MaskAudit

CLASSES = ('background', 'cat', 'dog', 'owl')


def audit(*rows):
    made = MaskAudit(CLASSES)
    for number, (values, tags) in enumerate(rows):
        made.add(f'i{number}', np.array([values], np.uint8), tags)
    return made


def test_masks_that_fit():
    made = audit(([0, 1], [0]), ([0, 2, 255], [1]), ([0, 3], [2]), ([0, 0], []))
    assert made.error() is None and made.remarks() == []


@pytest.mark.parametrize(
    ('rows', 'message'),
    [
        ([([0, 255], [0])] * 3, '3 of 3 masks .*0 and 255 only'),
        ([([0, 0], [0])] * 3, 'background only'),
        ([([0, 2], [0]), ([0, 3], [1])], r'off by one: they fit the tags when -1'),
        ([([0, 1], [1]), ([0, 2], [2])], r'fit the tags when \+1'),
        ([([0, 3], [0]), ([0, 1], [2]), ([0, 2], [1])], 'i0: tagged cat, .*, owl'),
    ],
)  # fmt: skip
def test_masks_of_other_classes(rows, message):
    assert re.search(message, audit(*rows).error())


def test_remarks():
    rows = [([0, 1], [0]), ([0, 1], [0, 1]), ([0, 1], [0]), ([0, 3], [1])]
    made = audit(*rows)
    assert made.error() is None
    assert made.remarks() == [
        'no mask holds a pixel of dog, but 2 photos are tagged with it',
        '1 masks hold no class that is tagged (i3: tagged dog, in the mask background, owl)',
        '1 of 4 masks hold more than the tags (i3: tagged dog, in the mask background, owl)',
    ]


def test_without_masks_nothing_is_remarked():
    assert audit().remarks() == []


def test_without_tags_nothing_is_compared():
    made = audit(([0, 255], None), ([0, 3], None))
    assert made.error() is None
    assert made.remarks() == ['no mask holds a pixel of cat, dog']
