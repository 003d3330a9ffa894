import numpy as np

from mmwsss.datasets.coco_painting import paint_annotations


def test_later_annotations_overwrite_and_coordinates_are_cut():
    square = [[2.9, 2.9, 6.9, 2.9, 6.9, 5.9, 2.9, 5.9]]
    mask = paint_annotations((8, 10), [(3, square), (7, [[4, 4, 9, 4, 9, 7, 4, 7]])])
    assert mask.dtype == np.uint8
    assert mask[2, 2] == mask[2, 6] == 3, 'the border belongs to a polygon'
    assert mask[4, 4] == mask[5, 6] == 7
    assert mask[0, 0] == 0


def test_crowds_are_painted():
    runs = {'counts': [5, 3, 72], 'size': [8, 10]}
    mask = paint_annotations((8, 10), [(2, runs)])
    assert mask.T.flatten()[5:8].tolist() == [2, 2, 2] and mask.sum() == 6


def test_parts_of_an_object():
    parts = [[0, 0, 2, 0, 2, 2, 0, 2], [5, 5, 7, 5, 7, 7, 5, 7]]
    mask = paint_annotations((8, 10), [(1, parts)])
    assert mask[1, 1] == mask[6, 6] == 1 and mask.sum() == 18


def test_nothing_to_paint():
    assert paint_annotations((3, 4), []).tolist() == np.zeros((3, 4)).tolist()
