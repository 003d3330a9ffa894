import csv
import re
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

from mmwsss.datasets import TaggedFolder
from mmwsss.stores import StoreError, StoreMeta, create_store
from mmwsss.structures import Seeds
from mmwsss.visualization.report import make_report
from tests.conftest import photo

BAD = '<script>alert(1)</script>'
CLASSES = ('background', BAD, 'cat "&" dog')


@pytest.fixture
def collection(tmp_path):
    """Six photos whose names and classes would break a careless page; five have a mask."""
    root = tmp_path / 'photos'
    (root / 'images').mkdir(parents=True)
    (root / 'masks').mkdir()
    rows = [('image', 'tags')]
    for number in range(6):
        name = f'<b>{number}'
        Image.fromarray(photo(20, 30, number)).save(root / 'images' / f'{name}.png')
        if number:
            mask = np.zeros((20, 30), np.uint8)
            mask[5:15, 5 : 5 + 4 * number] = number % 2 + 1
            Image.fromarray(mask).save(root / 'masks' / f'{name}.png')
        rows.append((f'{name}.png', CLASSES[number % 2 + 1]))
    with open(root / 'tags.csv', 'w', newline='') as file:
        csv.writer(file).writerows(rows)
    dataset = TaggedFolder(
        data_root=str(root),
        classes=CLASSES[1:],
        data_prefix={'img_path': 'images', 'seg_map_path': 'masks'},
        test_mode=True,
    )
    scores = create_store(
        tmp_path / 'scores', StoreMeta('scores', CLASSES[1:], dataset.list_hash, stride=4)
    )
    masks = create_store(tmp_path / 'masks', StoreMeta('masks', CLASSES[1:], dataset.list_hash))
    for number, id in enumerate(dataset.ids):
        ramp = np.linspace(0, 1, 8, dtype=np.float32)[None, None].repeat(5, 1)
        scores.write(id, Seeds(np.array([number % 2]), ramp, size=(20, 30)))
        mask = np.zeros((20, 30), np.uint8)
        mask[5:15, 5:15] = number % 2 + 1
        if number < 5:
            masks.write(id, mask)
    return dataset, tmp_path


def order(text):
    return [float(value) if value else None for value in re.findall(r'data-iou="([^"]*)"', text)]


def test_report(collection):
    dataset, folder = collection
    path = make_report(
        folder / 'report.html',
        dataset=dataset,
        scores=folder / 'scores',
        masks=folder / 'masks',
        title=f'My {BAD}',
        background=0.4,
        stages=[
            {
                'stage': 'seeds',
                'action': 'test',
                'list': BAD,
                'seconds': 12.0,
                'state': 'done',
                'is_baseline': False,
                'protocol': {'note': BAD},
                'seed': 12.345,
                'mask': None,
                'segmentor': None,
            }
        ],
    )
    text = path.read_text()
    assert BAD not in text and text.count('<script>') == 1, 'all text is escaped'
    assert 'src="data:image/jpeg;base64,' in text
    assert not re.search(r'(?:src|href)\s*=\s*"(?!data:)', text) and 'http:' not in text
    assert '12.35' in text and '12 s' in text
    rated = order(text)
    assert len(rated) == 5, 'one photo is not in the mask store, by which they are ranked'
    numbers = [value for value in rated if value is not None]
    assert numbers == sorted(numbers) and rated[-1] is None, 'the worst come first'
    assert 'Ranked by the IoU of the pseudo mask' in text and 'background score of 0.4' in text
    panels = re.findall(r'<figcaption><span>([^<]*)', text)[:5]
    assert panels == ['photo', 'scores', 'seeds', 'pseudo mask', 'ground truth']


@pytest.mark.parametrize('choose', ['even', 'worst', 'random'])
def test_limit_and_choice_are_stated(collection, choose):
    dataset, folder = collection
    options = {'dataset': dataset, 'scores': folder / 'scores', 'choose': choose}
    whole = order(make_report(folder / 'a.html', **options).read_text())
    text = make_report(folder / 'b.html', limit=3, **options).read_text()
    part = order(text)
    assert '3 of 6 images, ' in text and len(part) == 3
    assert part == sorted(part, key=whole.index)
    if choose == 'worst':
        assert part == whole[:3]
    if choose == 'even':
        assert (part[0], part[-1]) == (whole[0], whole[-1])


def test_without_ground_truth(collection):
    dataset, folder = collection
    for info in dataset.data_list:
        info.pop('seg_map_path', None)
    dataset = TaggedFolder(data_root=dataset.data_root, classes=CLASSES[1:], test_mode=True)
    text = make_report(folder / 'a.html', dataset=dataset, scores=folder / 'scores').read_text()
    assert 'There is no ground truth' in text and order(text) == [None] * 6


def test_unreadable_photo_and_missing_entry_are_shown_as_such(collection):
    dataset, folder = collection
    dataset.get_data_info(0)
    (folder / 'photos' / 'images' / '<b>1.png').write_bytes(b'no image')
    path = make_report(
        folder / 'a.html', dataset=dataset, masks=folder / 'masks', scores=folder / 'scores'
    )
    assert 'is no image that Pillow knows' in path.read_text()
    (folder / 'scores' / '<b>2.npz').unlink()
    path = make_report(
        folder / 'a.html', dataset=dataset, masks=folder / 'masks', scores=folder / 'scores'
    )
    assert 'not in the store' in path.read_text()


def test_wrong_options(collection):
    dataset, folder = collection
    make = {'path': folder / 'a.html', 'dataset': dataset}
    with pytest.raises(StoreError, match='needs a store'):
        make_report(**make)
    with pytest.raises(ValueError, match='choose must be one of even, worst, random'):
        make_report(**make, scores=folder / 'scores', choose='best')
    with pytest.raises(ValueError, match='limit must be at least 1'):
        make_report(**make, scores=folder / 'scores', limit=0)
    with pytest.raises(StoreError, match='a store of masks is needed, this one holds scores'):
        make_report(**make, masks=folder / 'scores')
    empty = create_store(folder / 'empty', StoreMeta('masks', CLASSES[1:], 'x'))
    with pytest.raises(StoreError, match='holds none of the 6 images'):
        make_report(**make, masks=empty.folder)
    other = create_store(folder / 'other', StoreMeta('masks', ('a',), 'x'))
    with pytest.raises(StoreError, match='here the classes are'):
        make_report(**make, masks=other.folder)


def test_opens_in_a_browser(collection):
    browser = shutil.which('chromium') or shutil.which('chromium-browser')
    if browser is None:
        pytest.skip('no chromium is installed')
    dataset, folder = collection
    path = make_report(folder / 'report.html', dataset=dataset, scores=folder / 'scores')
    # A page with an error in its script would not say how many images it shows.
    found = subprocess.run(
        [
            *(browser, '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic'),
            *('--no-first-run', '--disable-background-networking', '--disable-component-update'),
            *('--disable-sync', f'--user-data-dir={folder / "browser"}', '--dump-dom'),
            path.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    if found.returncode:
        pytest.skip(f'chromium does not run here: {found.stderr[-200:]}')
    assert '6 of 6 shown' in found.stdout
    assert '<article class="box" data-id="&lt;b&gt;' in found.stdout
