import csv

import numpy as np

from mmwsss.evaluation.tables import write_csv, write_tables


def test_undefined_values_stay_empty(tmp_path):
    write_csv(tmp_path / 'new/a.csv', [{'name': 'x', 'value': float('nan')}])
    assert (tmp_path / 'new/a.csv').read_text() == 'name,value\nx,\n'


def test_tables_of_images_and_classes(tmp_path):
    tables = [np.array([[4, 0, 0], [0, 2, 2]]), np.array([[1, 3, 0], [0, 0, 0]])]
    write_tables(tmp_path, ('background', 'a "cat", red'), ['x', 'y/z'], iter(tables))
    images = list(csv.DictReader((tmp_path / 'images.csv').open()))
    assert [(row['image'], float(row['mIoU'])) for row in images] == [('x', 75), ('y/z', 12.5)]
    classes = list(csv.DictReader((tmp_path / 'classes.csv').open()))
    assert classes[1]['class'] == 'a "cat", red'
    assert [int(row['pixels']) for row in classes] == [8, 4]
    assert [int(row['predicted pixels']) for row in classes] == [5, 5]
    confusion = list(csv.reader((tmp_path / 'confusion.csv').open()))
    assert confusion[0] == ['ground truth \\ prediction', 'background', 'a "cat", red', 'undecided']
    assert confusion[1:] == [['background', '5', '3', '0'], ['a "cat", red', '0', '2', '2']]
