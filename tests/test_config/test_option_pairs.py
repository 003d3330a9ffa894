"""Options that nothing would read beside others, in the tools."""

import sys

import pytest

from mmwsss import __main__ as cli


@pytest.mark.parametrize(
    ('line', 'said'),
    [
        ('judge c.py store out --stride 2', 'read --stride without --format'),
        (
            'judge c.py store out --key cam --nan-to-zero',
            'read --key, --nan-to-zero without --format',
        ),
        ('judge c.py store out --background first', 'read --background first without --format'),
        ('judge c.py store out --powers 0.2', 'read --powers without --proposals'),
        ('compare a b --cfg-options a.b=1', 'read --cfg-options without --config'),
        ('check config c.py --list a.txt', 'read --list of a config, which names its lists'),
        (
            'check folder photos --cfg-options a.b=1',
            'read --cfg-options of photos without a config',
        ),
        ('report c.py a.html --masks m --background 0.2', 'read --background without --scores'),
        (
            'import a irn out --dataset voc --tags t --ignore-tags',
            'read --tags beside --ignore-tags',
        ),
        (
            'import-masks coco a out --classes c --accept-empty',
            'read --accept-empty beside --classes',
        ),
        ('weights --markdown --download', '--markdown prints the whole list'),
    ],
)
def test_they_are_refused(line, said, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'path', [*sys.path])
    monkeypatch.setattr(sys, 'argv', ['before'])
    with pytest.raises(SystemExit) as stop:
        cli.main(line.split())
    found = capsys.readouterr().err
    assert stop.value.code == 2 and said in found, found
