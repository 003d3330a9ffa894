import numpy as np

from mmwsss.ops.sparse_counts import SparseCounts


def test_there_and_back():
    histogram = np.zeros((3, 4), np.int64)
    histogram[1, 2], histogram[2, 0] = 7, 2**31
    sparse = SparseCounts.from_dense(histogram)
    assert sparse.cells.tolist() == [6, 8]
    total = histogram.copy()
    sparse.add_to(total)
    np.testing.assert_array_equal(total, 2 * histogram)
