"""Options that nothing would read beside others, in the tools."""

import sys

import pytest

from mmwsss import __main__ as cli


@pytest.mark.parametrize(
    ('line', 'said'),
    [
        ('judge c.py store out --stride 2', '--stride: they go with --format'),
        ('judge c.py store out --key cam --nan-to-zero', '--key, --nan-to-zero: they go with'),
        ('judge c.py store out --background first', '--background first: they go with --format'),
        ('judge c.py store out --powers 0.2', '--powers: it goes with --proposals'),
        ('compare a b --cfg-options a.b=1', '--cfg-options: they go with --config'),
        ('check config c.py --list a.txt', '--list: a config names its lists'),
        ('check folder photos --cfg-options a.b=1', '--cfg-options: they go with config'),
        ('report c.py a.html --masks m --background 0.2', '--background: it goes with --scores'),
        ('import a irn out --dataset voc --tags t --ignore-tags', '--tags: --ignore-tags compares'),
        ('import-masks coco a out --classes c --accept-empty', '--accept-empty: it goes with corr'),
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
