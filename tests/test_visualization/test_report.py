import csv
import re

import numpy as np
import pytest
from PIL import Image

from mmwsss.datasets import TaggedFolder
from mmwsss.stores import StoreError, StoreMeta, create_store, open_store
from mmwsss.structures import Seeds
from mmwsss.visualization.image_iou import image_iou
from mmwsss.visualization.maps import rounded, small_mask
from mmwsss.visualization.report import make_report
from tests.conftest import photo
from tests.test_visualization.chromium import ask

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
                'stage': name,
                'action': 'test',
                'list': BAD,
                'seconds': 12.0,
                'state': state,
                'is_baseline': False,
                'protocol': {'note': BAD},
                'seed': 12.345,
                'mask': None,
                'segmentor': None,
            }
            for name, state in (('seeds', 'done'), ('older seeds', 'outdated'))
        ],
    )
    text = path.read_text()
    assert BAD not in text and text.count('<script>') == 1, 'all text is escaped'
    assert 'src="data:image/jpeg;base64,' in text
    assert not re.search(r'(?:src|href)\s*=\s*"(?!data:)', text) and 'http:' not in text
    assert '12.35' in text and text.count('>12 s<') == 1
    assert 'older seeds (of older config' in text and text.count('<tr class="outdated "') == 1
    assert '>seed mIoU<' in text and 'segmentor mIoU' not in text, 'no stage has one'
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
    options = {'scores': folder / 'scores', 'limit': 2, 'choose': 'worst'}
    text = make_report(folder / 'b.html', dataset=dataset, **options).read_text()
    assert '2 of 6 images, the first ones' in text and 'worst' not in text


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


def test_where_things_are_and_what_to_run_next(collection):
    dataset, folder = collection
    path = make_report(
        folder / 'a.html',
        dataset=dataset,
        masks=folder / 'masks',
        checkpoint='work/<best>.pth',
    )
    text = path.read_text()
    for name, value in {
        'pseudo masks': folder / 'masks',
        'checkpoint': 'work/&lt;best&gt;.pth',
        'to correct marked photos': f'mmwsss export label-studio {folder / "masks"} to_correct '
        '--ids to_correct.txt',
        'to segment new photos': 'mmwsss predict work new_photos out --overlay',
    }.items():
        assert f'<dt>{name}</dt><dd><code>{value}</code></dd>' in text


def test_opens_in_a_browser(collection):
    dataset, folder = collection
    path = make_report(folder / 'report.html', dataset=dataset, scores=folder / 'scores')
    found = ask(path, "return [control('count').textContent, cards.map(card => card.id)]")
    assert found[0] == '6 of 6 shown'
    assert sorted(found[1]) == sorted(dataset.ids)


SLIDE = """
const slider = document.querySelector('.slider');
const found = [];
for (const value of [0, .2, .4, .41, .99, 1]) {
  slider.value = value;
  slider.dispatchEvent(new Event('input'));
  slider.dispatchEvent(new Event('change'));
  for (const card of cards) {
    const {share, border, iou} = card.signs[0];
    found.push({id: card.id, value: Number(slider.value), size: [card.height, card.width],
      mask: [...card.mask(0)], share, border, iou});
  }
}
return found;
"""


@pytest.mark.parametrize('width', [1400, 390])
def test_slider_cuts_as_to_mask_does(collection, width):
    dataset, folder = collection
    options = {'scores': folder / 'scores', 'masks': folder / 'masks', 'limit': 9}
    path = make_report(folder / 'report.html', dataset=dataset, **options)
    found = ask(path, SLIDE, width=width, picture=folder / f'{width}.png')
    assert len(found) == 5 * 6
    store = open_store(folder / 'scores')
    truths = {
        info['img_id']: info.get('seg_map_path')
        for info in map(dataset.get_data_info, range(len(dataset)))
    }
    for one in found:
        size = tuple(one['size'])
        mask = np.reshape(one['mask'], size)
        expected = rounded(store[one['id']], size).to_mask(one['value'])
        np.testing.assert_array_equal(mask, expected)
        ring = np.ones(size, bool)
        ring[1:-1, 1:-1] = False
        assert one['share'] == pytest.approx(100 * (expected > 0).mean())
        assert one['border'] == pytest.approx(100 * (expected[ring] > 0).mean())
        if truths[one['id']] is None:
            assert one['iou'] is None
        else:
            truth = small_mask(np.array(Image.open(truths[one['id']])), size)
            assert one['iou'] == pytest.approx(image_iou(expected, truth, len(CLASSES)))
    assert len({tuple(one['mask']) for one in found}) > 6, 'the slider moves masks'


def test_sorting_filtering_and_the_list_to_correct(collection):
    dataset, folder = collection
    options = {'scores': folder / 'scores', 'masks': folder / 'masks'}
    path = make_report(folder / 'report.html', dataset=dataset, **options)
    found = ask(
        path,
        """
        const put = (name, value) => {
          control(name).value = value;
          control(name).dispatchEvent(new Event('input'));
        };
        const seen = () => [...section.children].filter(e => !e.hidden).map(e => e.dataset.id);
        const by = key => seen().map(id => cards.find(c => c.id === id).signs[judged()][key]);
        const found = {};
        put('by', 'share'); found.share = by('share');
        put('order', '-1'); found.falling = by('share');
        put('from', '20'); found.least = by('share'); put('from', '');
        put('by', 'iou'); put('to', '75'); found.poor = by('iou'); put('to', '');
        put('by', 'id'); put('order', '1'); found.id = seen();
        put('tag', control('tag').options[1].value); found.tag = seen(); put('tag', '');
        put('class', '2'); found.painted = seen(); put('class', '');
        put('layer', '0'); put('by', 'border'); found.border = by('border');
        cards[1].tick.click(); cards[3].tick.click();
        control('only').click(); found.marked = seen();
        found.expected = [cards[1].id, cards[3].id].sort();
        let saved;
        URL.createObjectURL = blob => { saved = blob; return 'data:,'; };
        HTMLAnchorElement.prototype.click = function () { found.name = this.download; };
        control('export').click();
        found.bytes = saved.size;
        return found;
        """,
    )
    assert len(found['share']) == 5
    assert found['share'] == sorted(found['share'])
    assert found['falling'] == found['share'][::-1]
    assert found['least'] == [value for value in found['falling'] if value >= 20]
    rated = [value for value in found['poor'] if value is not None]
    assert rated and all(value <= 75 for value in rated) and len(rated) == len(found['poor'])
    assert found['id'] == sorted(dataset.ids[:5])
    assert found['tag'] == [dataset.ids[k] for k in (0, 2, 4)], 'those tagged with the first class'
    assert found['painted'] == [dataset.ids[k] for k in (1, 3)]
    assert found['border'] == sorted(found['border'])
    assert sorted(found['marked']) == found['expected']
    assert found['name'] == 'to_correct.txt'
    assert found['bytes'] == sum(len(id) + 1 for id in found['expected'])


def test_nothing_of_ground_truth_where_there_is_none(collection):
    dataset, folder = collection
    dataset = TaggedFolder(data_root=dataset.data_root, classes=CLASSES[1:], test_mode=True)
    path = make_report(folder / 'a.html', dataset=dataset, scores=folder / 'scores')
    found = ask(path, 'return document.querySelector("main").innerText')
    assert 'IoU' not in found and 'painted' in found and 'at the border' in found


def test_stored_background_map_counts_until_the_slider_moves(collection):
    dataset, folder = collection
    scores = create_store(folder / 'crf', StoreMeta('scores', CLASSES[1:], dataset.list_hash))
    ramp = np.linspace(0, 1, 30, dtype=np.float32)[None].repeat(20, 0)
    for id in dataset.ids:
        scores.write(id, Seeds(np.array([1]), ramp[None], 1 - ramp, (20, 30)))
    path = make_report(folder / 'a.html', dataset=dataset, scores=folder / 'crf')
    found = ask(
        path,
        """
        const card = cards[0], slider = document.querySelector('.slider');
        const found = [[...card.mask(0)]];
        slider.value = .1;
        slider.dispatchEvent(new Event('input'));
        found.push([...card.mask(0)], document.querySelector('.own').checked);
        document.querySelector('.own').click();
        return [...found, [...card.mask(0)], card.height, card.width];
        """,
    )
    own, cut, ticked, again, *size = found
    seeds = rounded(scores[dataset.ids[0]], tuple(size))
    assert own == again == seeds.to_mask().ravel().tolist()
    assert cut == seeds.to_mask(0.1).ravel().tolist() != own
    assert ticked is False
