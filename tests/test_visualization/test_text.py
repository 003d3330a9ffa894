import pytest

from mmwsss.visualization.text import format_seconds, protocol_text


@pytest.mark.parametrize(
    ('seconds', 'text'),
    [
        (None, '-'),
        (0.04, '0.0 s'),
        (9.96, '10.0 s'),
        (59.4, '59 s'),
        (59.6, '1:00 min'),
        (185, '3:05 min'),
        (3723, '1:02:03 h'),
    ],
)
def test_format_seconds(seconds, text):
    assert format_seconds(seconds) == text


def test_protocol_text():
    protocol = {
        'list': 'abc',
        'tta': False,
        'flip': True,
        'scales': [0.5, 1.0],
        'empty': [],
        'untagged': 0,
        'tags': {'source': 'csv', 'path': 'a.csv'},
        'refiners': [{'type': 'PAR', 'iterations': 10}, {'type': 'Threshold'}],
        'window': {'size': 3},
    }
    assert protocol_text(protocol) == (
        'list abc, flip, scales 0.5 1, untagged 0, tags csv (path a.csv), '
        'refiners PAR (iterations 10) + Threshold, window (size 3)'
    )
