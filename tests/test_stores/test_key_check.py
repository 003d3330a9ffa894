import numpy as np
import pytest

from mmwsss.stores import StoreMismatch
from mmwsss.stores.foreign_formats import Dump, ReadOptions
from mmwsss.stores.key_check import check_keys

TAGS = {'a': [11, 14], 'b': [7], 'c': [3]}


def dumps(shift=0, zero=False, maps=0):
    made = {}
    for id, tags in TAGS.items():
        keys = np.array([0] * zero + [k + shift for k in tags])
        made[id] = Dump(keys, np.zeros((len(keys) + maps, 2, 2)))
    return made


@pytest.mark.parametrize(
    ('found', 'options'),
    [
        (dumps(), {}),
        (dumps(maps=1), {}),
        (dumps(1), dict(offset=1)),
        (dumps(1, zero=True, maps=-1), {}),
        (dumps(1, zero=True), dict(background='first')),
    ],
)
def test_what_fits_passes(found, options):
    check_keys(found, TAGS, 20, ReadOptions(**options))


@pytest.mark.parametrize(
    ('found', 'options', 'message'),
    [
        (dumps(1), {}, '0 of 3 files fit .*With --offset 1, 3 of 3 would'),
        (dumps(1, maps=1), {}, 'With --offset 1, 3 of 3 would'),
        (dumps(), dict(offset=1), 'as they would be read with --offset 1, 0 of 3.*--offset 0'),
        (dumps(1, zero=True), {}, 'With --background first, 3 of 3 would'),
        (dumps(4), {}, 'No offset fits better.*--ignore-tags'),
    ],
)
def test_what_does_not_is_refused_with_the_option_that_fits(found, options, message):
    with pytest.raises(StoreMismatch, match=message):
        check_keys(found, TAGS, 20, ReadOptions(**options))


def test_a_few_wrong_tags_do_not_matter():
    check_keys(dumps(), {**TAGS, 'c': [9]}, 20, ReadOptions())


def test_without_tags_a_class_in_every_file_is_questioned():
    with pytest.raises(StoreMismatch, match='--background first .* or --background none'):
        check_keys(dumps(1, zero=True), None, 20, ReadOptions())
    check_keys(dumps(1, zero=True), None, 20, ReadOptions(background='none'))
    check_keys(dumps(1), None, 20, ReadOptions())
