"""The benchmarks of ICAM run and compare what they time; no times are asserted."""

from multiprocessing import get_context

from benchmarks import feature_similarity, importance_sampling


def test_feature_similarity(capsys, monkeypatch):
    # Forked: they need not import everything again; peaks of memory are not its business.
    monkeypatch.setattr('multiprocessing.get_context', lambda method: get_context('fork'))
    small = ['--images', '1', '--classes', '3', '--size', '9', '--ways', 'rows of pairs']
    assert feature_similarity.main(small) == {'rows of pairs': 1}
    assert 'gradient by' in capsys.readouterr().out


def test_all_ways_of_feature_similarity_agree():
    probs, images = feature_similarity.batch(2, 4, 12)
    values = {name: float(way(probs, images)) for name, way in feature_similarity.WAYS.items()}
    exact = values.pop('all pairs')
    near = values.pop('loop over neighbours')
    assert all(abs(value - exact) < 1e-6 for value in values.values())
    assert abs(near - exact) < 0.02 * abs(exact)


def test_importance_sampling(capsys):
    small = ['--images', '2', '--classes', '3', '--size', '6', '--samples', '5']
    assert min(importance_sampling.main(small).values()) > 0
    assert 'expectation' in capsys.readouterr().out
