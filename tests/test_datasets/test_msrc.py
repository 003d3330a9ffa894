import numpy as np

from mmwsss.datasets import MSRCDataset


def test_real_data(shared_root):
    dataset = MSRCDataset(
        data_root=str(shared_root / 'data/msrcv2'),
        ann_file='ImageSets/Segmentation/train.txt',
        data_prefix={'img_path': 'JPEGImages', 'seg_map_path': 'SegmentationClass'},
        pipeline=[{'type': 'LoadImage'}, {'type': 'LoadMask'}, {'type': 'PackTagged'}],
    )
    names = (shared_root / 'data/msrcv2/classes.txt').read_text().split()
    assert list(dataset.metainfo['classes']) == names and len(dataset) == 263
    sample = dataset[5]['data_samples']
    values = np.unique(sample.gt_sem_seg.data)
    tags = (sample.gt_label.numpy().nonzero()[0] + 1).tolist()
    assert [v for v in values.tolist() if 0 < v < 255] == tags


def test_landscapes_are_untagged(shared_root):
    dataset = MSRCDataset(
        data_root=str(shared_root / 'data/msrcv2'),
        ann_file='ImageSets/Segmentation/no_object.txt',
    )
    assert dataset.tag_protocol['untagged'] == len(dataset) == 87
