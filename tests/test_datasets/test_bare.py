from mmwsss.datasets.bare import build_bare_dataset


def test_needs_none_of_the_transforms(tiny_folder):
    config = {
        'type': 'TaggedFolder',
        'data_root': str(tiny_folder),
        'pipeline': [{'type': 'LoadSeeds', 'store': '/nowhere'}],
    }
    dataset = build_bare_dataset(config)
    assert len(dataset.ids) == 3 and dataset.test_mode
    assert config['pipeline'], 'the config stays as it was'
    wrapped = {'type': 'ConcatDataset', 'datasets': [{'type': 'RepeatDataset', 'dataset': config}]}
    assert build_bare_dataset(wrapped).ids == dataset.ids
