"""The benchmark of CTI runs and compares what it times; no times are asserted."""

from benchmarks import cti_step


def test_training_step(capsys, monkeypatch):
    # In this process: the peaks of memory are not its business.
    class Here:
        def __enter__(self):
            return self

        def __exit__(self, *args):
            return None

        def apply(self, function, arguments):
            return function(*arguments)

    class Context:
        def Pool(self, number):
            return Here()

    monkeypatch.setattr(cti_step.multiprocessing, 'get_context', lambda kind: Context())
    ratios = cti_step.main(['--batch', '2', '--size', '32', '--blocks', '6'])
    assert set(ratios) == set(cti_step.WAYS)
    assert capsys.readouterr().out.count('gradients by') == 3
