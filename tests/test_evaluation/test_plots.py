import numpy as np
from PIL import Image

from mmwsss.evaluation.plots import plot_confusion, plot_curves


def test_curves(tmp_path):
    grid = np.arange(10) / 10
    plot_curves(tmp_path / 'a.png', grid, {'mIoU': 100 * grid}, 'title')
    plot_curves(tmp_path / 'b.png', grid, {'mIoU': 100 * grid}, 'title', marked=0.4)
    images = [np.asarray(Image.open(tmp_path / f'{name}.png')) for name in 'ab']
    assert images[0].shape == images[1].shape
    assert (images[0] != images[1]).any()


def test_confusion_of_few_and_many_classes(tmp_path):
    for number in (2, 30):
        names = [f'class {i}' for i in range(number)]
        counts = np.eye(number, dtype=int)
        counts[0] = 0  # a class without pixels
        plot_confusion(tmp_path / f'{number}.png', counts, 'truth', 'guess', names, names)
    few, many = (Image.open(tmp_path / f'{number}.png') for number in (2, 30))
    assert few.width < many.width
