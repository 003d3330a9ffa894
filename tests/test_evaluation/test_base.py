import pytest

from mmwsss.evaluation.base import ProtocolMetric


class Lengths(ProtocolMetric):
    default_prefix = 'toy'

    def count(self, sample):
        return len(sample['word'])

    def summarise(self, ids, counts):
        self.report('toy', {'length': counts}, ids, self.protocol(ids, rule='[letters]'))
        return {'total': sum(counts)}


def metric(**protocol):
    result = Lengths()
    result.dataset_meta = {'classes': ('background',), 'protocol': protocol}
    return result


def test_one_result_an_image_and_no_padding():
    toy = metric()
    toy.process(None, [{'img_id': 'a', 'word': 'xyz'}, {'img_id': 'b', 'word': 'x'}])
    toy.process(None, [{'img_id': 'a', 'word': 'xyz'}])  # what a sampler adds to even out
    assert toy.evaluate(2) == {'toy/total': 4}


def test_report_says_how_the_number_was_made(logged):
    toy = metric(scales=[0.5, 1], flip=True)
    toy.process(None, [{'img_id': '[a]', 'word': 'xyz'}])
    toy.evaluate(1)
    text = logged[-1]
    for part in ('[a]', '3.00', 'scales: [0.5, 1]', 'flip: True', 'scored: 1', 'rule: [letters]'):
        assert part in text
    assert '\x1b' not in text


def test_errors_name_the_image():
    with pytest.raises(ValueError, match="Lengths: b/c: the sample has no 'word'"):
        metric().process(None, [{'img_id': 'b/c'}])


def test_nothing_to_score():
    with pytest.raises(ValueError, match='Lengths: no image was scored'):
        metric().evaluate(0)
