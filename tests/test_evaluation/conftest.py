import pytest


@pytest.fixture
def logged(monkeypatch):
    """Texts that metrics have logged."""
    texts = []
    monkeypatch.setattr('mmwsss.evaluation.base.print_log', lambda text, _: texts.append(text))
    return texts
