import numpy as np
from PIL import Image

from mmwsss.apis.inferencer import Inference
from mmwsss.structures import Seeds
from tools.misc import readme_picture


class Network:
    """Marks the upper half of every photo, as the tag or as class 1."""

    def __call__(self, images, tags=None):
        results = []
        for index, image in enumerate(images):
            scores = np.zeros((1, *image.shape[:2]), np.float32)
            scores[:, : len(image) // 2] = 1
            seeds = Seeds(np.array([index]), scores) if tags else None
            results.append(Inference(image, scores[0].astype(np.uint8), ('background',), seeds))
        return results


def test_rows_are_laid_out():
    wide, tall = np.zeros((10, 20, 3), np.uint8), np.full((30, 15, 3), 7, np.uint8)
    got = readme_picture.draw([[wide, tall], [tall]], height=10)
    gap = readme_picture.GAP
    assert got.shape == (20 + gap, 25 + gap, 3)
    assert not got[:10, :20].any()
    assert (got[:10, 20 + gap :] == 7).all()
    assert (got[10 + gap :, :5] == 7).all()
    assert (got[10 : 10 + gap] == 255).all()
    assert (got[10 + gap :, 5:] == 255).all()


def test_picture(monkeypatch, tmp_path):
    stages = []

    def from_recipe(work_dir, stage=None):
        stages.append((work_dir, stage))
        return Network()

    monkeypatch.setattr(readme_picture.WSSSInferencer, 'from_recipe', from_recipe)
    readme_picture.main([str(tmp_path), str(tmp_path / 'docs/picture.png')])
    assert stages == [(tmp_path, 'cam'), (tmp_path, None)]
    picture = np.asarray(Image.open(tmp_path / 'docs/picture.png').convert('RGB'))
    assert len(picture) == 2 * readme_picture.HEIGHT + readme_picture.GAP
    assert (tmp_path / 'docs/picture.png').stat().st_size < 200_000
