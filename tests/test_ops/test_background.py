import numpy as np

from mmwsss.ops.background import alpha_background


def test_what_no_class_claims():
    scores = np.float32([[[0, 0.5]], [[0.2, 0]]])
    np.testing.assert_allclose(alpha_background(scores, 2), [[0.64, 0.25]])


def test_without_classes():
    np.testing.assert_array_equal(alpha_background(np.zeros((0, 1, 2), np.float32), 2), [[1, 1]])
