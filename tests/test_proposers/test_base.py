import pytest

from mmwsss.proposers import Proposer


def test_proposers_are_abstract():
    with pytest.raises(TypeError, match='abstract'):
        Proposer()
