"""Grounding DINO of mmdet (on mmcv-lite) and of transformers, with thin layers."""

import numpy as np
import pytest
import torch

pytest.importorskip('transformers', reason='the extra [det] is not installed')

from mmwsss.models.detectors import HFGroundingDINO, LocalBert, MMDetGroundingDINO
from tests.test_models.test_detectors.tiny_grounding import hf_folder, mmdet_config, save_bert

OPTIONS = dict(short_side=64, long_side=96, box_threshold=0.0, text_threshold=0.0)
NAMES = [[['dog'], ['cat', 'hot dog']], [['bus']], [['person']]]


@pytest.fixture(scope='module')
def bert(tmp_path_factory):
    return save_bert(tmp_path_factory.mktemp('bert'))


@pytest.fixture(scope='module')
def detectors(bert, tmp_path_factory):
    torch.manual_seed(0)
    return {
        'mmdet': MMDetGroundingDINO(arch=mmdet_config(), bert=bert, max_tokens=24, options=OPTIONS),
        'transformers': HFGroundingDINO(hf_folder(tmp_path_factory.mktemp('hf')), options=OPTIONS),
    }


def pictures():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (*size, 3), np.uint8) for size in ((30, 40), (30, 40), (40, 30))]


@pytest.mark.parametrize('kind', ['mmdet', 'transformers'])
def test_boxes_are_equal_between_batch_sizes(detectors, kind):
    detector, results = detectors[kind], []
    for detector.rows_at_a_time in (1, 8):
        results.append(detector(pictures(), NAMES, [None] * 3))
    for one, many in zip(*results, strict=True):
        for first, second in zip(one, many, strict=True):
            assert len(first.boxes) == 12
            np.testing.assert_allclose(first.boxes, second.boxes, atol=1e-5)
            np.testing.assert_allclose(first.scores, second.scores, atol=1e-5)
            np.testing.assert_array_equal(first.names, second.names)


@pytest.mark.parametrize('kind', ['mmdet', 'transformers'])
def test_tokens(detectors, kind):
    detector = detectors[kind]
    tokens = detector.tokenize('dog. carrot.')
    assert tokens.offsets == [(0, 0), (0, 3), (3, 4), (5, 8), (8, 11), (11, 12), (0, 0)]
    assert detector.decode(tokens.ids[3:5]) == 'carrot' and detector.max_tokens == 24
    assert not any(p.requires_grad for p in detector.network.parameters())
    record = detector.protocol()
    assert record['detector'] == type(detector).__name__ and record['rule'] == 'spans'


def test_weights_of_mmdet_come_from_a_file(detectors, bert, tmp_path):
    source = detectors['mmdet']
    state = source.network.state_dict()
    state.pop('dn_query_generator.label_embedding.weight')
    torch.save(dict(state_dict=state), tmp_path / 'good.pth')
    config = dict(arch=mmdet_config(), bert=bert, max_tokens=24, options=OPTIONS)
    again = MMDetGroundingDINO(**config, checkpoint=tmp_path / 'good.pth')
    first, second = (d(pictures()[:1], [[['dog']]], [None])[0][0] for d in (source, again))
    np.testing.assert_allclose(first.boxes, second.boxes, atol=1e-6)
    torch.save({k: v for k, v in state.items() if 'neck' not in k}, tmp_path / 'bad.pth')
    with pytest.raises(ValueError, match=r'bad\.pth: no checkpoint .* 16 entries are missing'):
        MMDetGroundingDINO(**config, checkpoint=tmp_path / 'bad.pth')
    with pytest.raises(FileNotFoundError, match=r'none\.pth: no such checkpoint'):
        MMDetGroundingDINO(**config, checkpoint=tmp_path / 'none.pth')


def test_folders_are_looked_at_before_anything_is_downloaded(tmp_path):
    with pytest.raises(FileNotFoundError, match='no config.json.*nothing is downloaded'):
        LocalBert(tmp_path)
    with pytest.raises(FileNotFoundError, match='no config.json.*nothing is downloaded'):
        HFGroundingDINO(tmp_path)
    (tmp_path / 'config.json').write_text('{"model_type": "bert"}')
    with pytest.raises(FileNotFoundError, match=r'no tokenizer.json or vocab.txt'):
        LocalBert(tmp_path)
    with pytest.raises(ValueError, match='arch must be one of swin-t, swin-b or a config'):
        MMDetGroundingDINO(arch='xl', bert=tmp_path)


def test_a_caption_is_refused_instead_of_cut(bert):
    encoder = LocalBert(bert, max_tokens=5)
    with pytest.raises(ValueError, match='a caption has 7 tokens, the text encoder takes 5'):
        encoder(['dog. hot dog.'])
