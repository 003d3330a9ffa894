"""Every format gives back the masks that it was given."""

import base64
import io
import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from mmwsss.exchange import (
    EXCHANGE_FORMATS,
    CocoFormat,
    LabelmeFormat,
    export_masks,
    import_corrections,
    import_new_store,
)
from mmwsss.exchange.reading import id_of_file_name
from mmwsss.stores import StoreError, StoreMeta, StoreMismatch, create_store, open_store
from mmwsss.stores.mask_store import MaskStore

CLASSES = ('cat', 'hot dog', 'Äffchen')
EVERY = list(EXCHANGE_FORMATS)


def rings(height=21, width=34):
    """Regions within holes of others, one pixel wide parts, and touching corners."""
    y, x = np.mgrid[:height, :width]
    far = np.maximum(abs(y - height // 2), abs(x - width // 2))
    mask = np.choose(np.minimum(far, 5), [0, 1, 0, 255, 2, 3]).astype(np.uint8)
    mask[far > 7], mask[0, 0], mask[1, 1], mask[2, 2:] = 0, 1, 1, 2
    return mask


def smooth(height=48, width=64, seed=0):
    from scipy.ndimage import gaussian_filter

    noise = gaussian_filter(np.random.default_rng(seed).random((5, height, width)), (0, 3, 3))
    return np.array([0, 1, 2, 3, 255], np.uint8)[noise.argmax(0)]


MASKS = {
    'rings': rings(),
    'holiday/my dog, 1': smooth(),
    'holiday/deep/Übung #2': np.full((3, 5), 255, np.uint8),
    'what? 100%:a': np.array([[2]], np.uint8),
    'row': np.array([[1, 0, 255, 3, 3, 0, 1]], np.uint8),
    'full': np.full((9, 4), 1, np.uint8),
}


def store_of(folder, masks, classes=CLASSES):
    store = create_store(folder, StoreMeta('masks', classes, 'list', producer={'config': 'x'}))
    for id, mask in masks.items():
        store.write(id, mask)
    store.close()
    return open_store(folder, 'masks')


@pytest.fixture
def store(tmp_path):
    return store_of(tmp_path / 'store', MASKS)


@pytest.mark.parametrize('name', EVERY)
def test_round_trip_is_equal(name, store, tmp_path):
    fmt = EXCHANGE_FORMATS[name]
    assert export_masks(store, fmt, tmp_path / 'out') == (len(MASKS), [])
    new, done = import_new_store(tmp_path / 'out', fmt, name, tmp_path / 'new', CLASSES)
    assert not done.problems and sorted(done.changed) == sorted(MASKS)
    for id, mask in MASKS.items():
        np.testing.assert_array_equal(new[id], mask, err_msg=id)
    done = import_corrections(tmp_path / 'out', fmt, name, store)
    assert sorted(done.same) == sorted(MASKS) and not done.changed and not done.problems
    assert not (tmp_path / 'store/corrected.json').exists()


@pytest.mark.parametrize('fmt', [CocoFormat(polygons=True), LabelmeFormat()], ids=['coco', 'me'])
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_polygons_give_back_every_pixel(fmt, data, tmp_path_factory):
    """Of masks that are noise: regions of one pixel, touching corners, holes in holes."""
    size = data.draw(st.tuples(st.integers(1, 20), st.integers(1, 20)))
    rng = np.random.default_rng(data.draw(st.integers(0, 1 << 30)))
    mask = rng.choice(np.array([0, 1, 2, 255], np.uint8), size, p=[0.4, 0.3, 0.2, 0.1])
    assert error(fmt, mask, tmp_path_factory.mktemp('m')) == 0


def error(fmt, mask, folder):
    """Share of pixels that a round trip changes."""
    export_masks(store_of(folder / 'store', {'a': mask}), fmt, folder / 'out')
    ((_, read),) = fmt.find(folder / 'out', CLASSES)
    return (read(None) != mask).mean()


@pytest.mark.parametrize('kind', [CocoFormat, LabelmeFormat])
def test_coarser_polygons_cost_pixels(kind, tmp_path):
    """The tolerance is what it says: pixels along outlines, no more."""
    options = {'polygons': True} if kind is CocoFormat else {}
    mask = smooth(96, 128)
    edge = np.zeros(mask.shape, bool)
    edge[1:] |= mask[1:] != mask[:-1]
    edge[:, 1:] |= mask[:, 1:] != mask[:, :-1]
    costs = []
    for tolerance in (0.2, 1.0, 2.0):
        (folder := tmp_path / str(tolerance)).mkdir()
        costs.append(error(kind(tolerance=tolerance, **options), mask, folder))
    assert costs[0] == 0 < costs[1] < costs[2] < 1.5 * edge.mean()


@pytest.mark.parametrize('name', EVERY)
def test_what_is_corrected_replaces_the_entry(name, store, tmp_path):
    fmt = EXCHANGE_FORMATS[name]
    changed = {id: mask.copy() for id, mask in MASKS.items()}
    changed['rings'][4:6, 3:9] = 3
    changed['holiday/my dog, 1'][:] = 255
    export_masks(store_of(tmp_path / 'other', changed), fmt, tmp_path / 'out')
    done = import_corrections(tmp_path / 'out', fmt, name, store)
    assert sorted(done.changed) == ['holiday/my dog, 1', 'rings'] and len(done.same) == 4
    for id, mask in changed.items():
        np.testing.assert_array_equal(store[id], mask)
    record = json.loads((store.folder / 'corrected.json').read_text())
    assert record['classes'] == list(CLASSES)
    assert {r['format'] for r in record['entries'].values()} == {name}
    assert sorted(store.corrections.read()) == sorted(done.changed)
    assert store.pending(list(MASKS)) == []


@pytest.mark.parametrize('name', EVERY)
def test_unknown_classes_cost_only_their_masks(name, store, tmp_path):
    fmt = EXCHANGE_FORMATS[name]
    masks = {'rings': np.full((21, 34), 4, np.uint8), 'full': np.full((9, 4), 2, np.uint8)}
    export_masks(store_of(tmp_path / 'o', masks, (*CLASSES, 'zebra')), fmt, tmp_path / 'out')
    done = import_corrections(tmp_path / 'out', fmt, name, store)
    assert done.changed == ['full'] and [p.id for p in done.problems] == ['rings']
    assert 'zebra' in done.problems[0].reason
    np.testing.assert_array_equal(store['rings'], MASKS['rings'])


@pytest.mark.parametrize('name', EVERY)
def test_classes_are_matched_by_name(name, store, tmp_path):
    fmt = EXCHANGE_FORMATS[name]
    masks = {'full': np.full((9, 4), 1, np.uint8)}
    export_masks(store_of(tmp_path / 'o', masks, CLASSES[::-1]), fmt, tmp_path / 'out')
    assert import_corrections(tmp_path / 'out', fmt, name, store).changed == ['full']
    assert (store['full'] == 3).all()


@pytest.mark.parametrize('name', EVERY)
def test_other_sizes_and_other_names(name, store, tmp_path):
    fmt = EXCHANGE_FORMATS[name]
    masks = {'full': np.full((4, 9), 1, np.uint8), 'nobody': MASKS['row'], 'row': 0 * MASKS['row']}
    export_masks(store_of(tmp_path / 'o', masks), fmt, tmp_path / 'out')
    done = import_corrections(tmp_path / 'out', fmt, name, store)
    reasons = dict(done.problems)
    assert not done.changed and set(reasons) == set(masks)
    assert '4x9' in reasons['full'] and '9x4' in reasons['full']
    assert 'no images of that name' in reasons['nobody']
    assert '--accept-empty' in reasons['row']
    done = import_corrections(tmp_path / 'out', fmt, name, store, accept_empty=True, ids=['row'])
    assert done.changed == ['row'] and not done.problems


@pytest.mark.parametrize('name', EVERY)
def test_tools_that_drop_folders(name, store, tmp_path):
    fmt = EXCHANGE_FORMATS[name]
    masks = {'my dog, 1': 0 * MASKS['holiday/my dog, 1'] + 1}
    export_masks(store_of(tmp_path / 'o', masks), fmt, tmp_path / 'out')
    assert import_corrections(tmp_path / 'out', fmt, name, store).changed == ['holiday/my dog, 1']


@pytest.mark.parametrize('name', ['cvat', 'labelme', 'colours', 'voc', 'png'])
def test_a_broken_file_costs_only_itself(name, store, tmp_path):
    fmt = EXCHANGE_FORMATS[name]
    export_masks(store, fmt, tmp_path / 'out')
    path = next(p for p in (tmp_path / 'out').rglob('row.*'))
    path.write_bytes(path.read_bytes()[:50])
    done = import_corrections(tmp_path / 'out', fmt, name, store)
    assert [p.id for p in done.problems] == ['row'] and len(done.same) == len(MASKS) - 1
    assert 'row' in done.problems[0].reason


@pytest.mark.parametrize('name', ['coco', 'coco-rle', 'label-studio'])
def test_a_broken_list(name, store, tmp_path):
    fmt = EXCHANGE_FORMATS[name]
    export_masks(store, fmt, tmp_path / 'out')
    (path,) = (tmp_path / 'out').glob('*.json')
    for text in ('{"images": [', '[[]]', '{}', '3', '{"images": 3, "annotations": 3}'):
        path.write_text(text)
        with pytest.raises(StoreError, match=path.name):
            import_corrections(tmp_path / 'out', fmt, name, store)
    path.unlink()
    with pytest.raises(StoreError, match='no .* found'):
        import_corrections(tmp_path / 'out', fmt, name, store)


def edited(fmt, store, tmp_path, edit):
    """Reason for which an edited file of one mask is refused."""
    export_masks(store, fmt, tmp_path / 'out', ids=['rings'])
    path = next((tmp_path / 'out').glob('*.json'))
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))
    ((_, reason),) = import_corrections(tmp_path / 'out', fmt, 'x', store).problems
    return reason


@pytest.mark.parametrize(
    ('edit', 'reason'),
    [
        (lambda c: c['images'][0].update(height=10**9), '1000000000x34 pixels are declared'),
        (lambda c: c['images'][0].update(height='9'), 'no height and width'),
        (lambda c: c['annotations'][0].update(category_id=77), 'None is no class'),
        (lambda c: c['annotations'][0].update(segmentation=[[0, 0, 9e8, 0, 9, 9]]), 'reaches from'),
        (
            lambda c: c['annotations'][0].update(
                segmentation={'size': [1 << 20, 1 << 20], 'counts': [0, 1 << 40]}
            ),
            'its code is for',
        ),
    ],
    ids=['size', 'text', 'category', 'far', 'code'],
)
def test_coco_is_not_trusted(edit, reason, store, tmp_path):
    assert reason in edited(EXCHANGE_FORMATS['coco'], store, tmp_path, edit)


def test_labelme_is_not_trusted(store, tmp_path):
    def circle(content):
        content['shapes'].append({'label': 'cat', 'shape_type': 'line', 'points': [[0, 0], [1, 1]]})

    reason = edited(EXCHANGE_FORMATS['labelme'], store, tmp_path, circle)
    assert 'rings.json: shape' in reason and "found 'line'" in reason


def base64_png(array):
    file = io.BytesIO()
    Image.fromarray(array).save(file, 'PNG')
    return base64.b64encode(file.getvalue()).decode()


def labelme_file(folder, mask, points):
    shapes = [
        {'label': 'cat', 'shape_type': 'rectangle', 'points': [[0, 0], [20, 1]]},
        {'label': 'cat', 'shape_type': 'mask', 'points': points, 'mask': mask},
    ]
    content = {'imageHeight': 10, 'imageWidth': 20, 'shapes': shapes}
    (folder / 'a.json').write_text(json.dumps(content))
    ((_, read),) = LabelmeFormat().find(folder, CLASSES)
    return read


@pytest.mark.parametrize('one', [True, np.uint8(255)])
def test_labelme_paints_masks(one, tmp_path):
    inside = np.array([[1, 0, 1], [0, 1, 0]], bool)
    read = labelme_file(tmp_path, base64_png(inside * one), [[17.0, 8.0], [19.0, 9.0]])
    expected = np.zeros((10, 20), np.uint8)
    expected[0], expected[8:, 17:] = 1, inside
    np.testing.assert_array_equal(read(None), expected)


@pytest.mark.parametrize(
    'mask, points, message',
    [
        ('iVBORw0KGgo=', [[0, 0], [2, 1]], 'no PNG in base64'),
        ('§', [[0, 0], [2, 1]], 'no PNG in base64'),
        (None, [[0, 0], [3, 1]], '3x2 pixels, its points make 4x2'),
        (None, [[18, 0], [20, 1]], 'reaches beyond the photo'),
        (None, [[-1, 0], [1, 1]], 'reaches beyond the photo'),
        (None, [[0, 0]], '2 points, found 1'),
    ],
)
def test_bad_masks_of_labelme(mask, points, message, tmp_path):
    read = labelme_file(tmp_path, mask or base64_png(np.ones((2, 3), bool)), points)
    with pytest.raises(ValueError, match=f'shape 1: .*{message}'):
        read(None)


@pytest.mark.parametrize(
    'name, id',
    [
        ('a_jpg.rf.0123456789abcdef0123456789abcdef.jpg', 'a'),
        ('train/my.photo_JPEG.rf.Ab3dEf6hIj9lMn2pQr5t.jpg', 'train/my.photo'),
        ('a.rf.jpg', 'a.rf'),
        ('a_jpg.rf.jpg', 'a_jpg.rf'),
    ],
)
def test_names_that_roboflow_has_changed(name, id):
    assert id_of_file_name(name) == id


def test_other_exports_of_the_same_tools_are_named(tmp_path):
    (tmp_path / 'min.json').write_text('[{"id": 1, "image": "/data/upload/1/a.jpg", "tag": []}]')
    with pytest.raises(StoreError, match='JSON-MIN.*Export it as "JSON"'):
        EXCHANGE_FORMATS['label-studio'].find(tmp_path / 'min.json', CLASSES)
    (tmp_path / 'annotations.xml').write_text('<annotations/>')
    for source in (tmp_path, tmp_path / 'annotations.xml'):
        with pytest.raises(StoreError, match=r'annotations.xml: CVAT.*Segmentation mask 1\.1'):
            EXCHANGE_FORMATS['cvat'].find(source, CLASSES)


def test_labelme_draws_rectangles_and_circles(tmp_path):
    shapes = [
        {'label': 'cat', 'shape_type': 'rectangle', 'points': [[8, 6], [2, 1]]},
        {'label': '__ignore__', 'shape_type': 'circle', 'points': [[15, 5], [15, 8]]},
        {'label': '_background_', 'points': [[4, 2], [6, 2], [6, 4], [4, 4]]},
    ]
    content = {'imageHeight': 10, 'imageWidth': 20, 'shapes': shapes}
    (tmp_path / 'a.json').write_text(json.dumps(content))
    ((_, read),) = LabelmeFormat().find(tmp_path, CLASSES)
    expected = np.zeros((10, 20), np.uint8)
    expected[1:6, 2:8], expected[2:4, 4:6] = 1, 0
    y, x = np.mgrid[:10, :20] + 0.5
    radius = np.hypot(y - 5, x - 15)
    expected[radius < 3] = 255
    clear = abs(radius - 3) > 0.3  # the mask API rounds corners to fifths of a pixel
    np.testing.assert_array_equal(read(None)[clear], expected[clear])


def test_label_studio_takes_the_last_annotation(store, tmp_path):
    fmt = EXCHANGE_FORMATS['label-studio']
    export_masks(store, fmt, tmp_path / 'out', ids=['full'])
    path = tmp_path / 'out/tasks.json'
    (task,) = json.loads(path.read_text())
    good = task['predictions'][0]['result']
    square = {
        'type': 'polygonlabels',
        'original_height': 9,
        'original_width': 4,
        'value': {
            'points': [[0, 0], [50, 0], [50, 100], [0, 100]],
            'polygonlabels': ['hot dog'],
        },
    }
    choice = {'type': 'choices', 'value': {'choices': ['good']}}
    task['annotations'] = [
        {'result': []},
        {'result': [*good, choice, square]},
        {'result': [], 'was_cancelled': True},
    ]
    task['data'] = {'image': '/data/upload/3/0123abcd-full.jpg'}
    path.write_text(json.dumps([task]))
    assert import_corrections(path, fmt, 'x', store).changed == ['full']
    np.testing.assert_array_equal(store['full'], np.repeat([[2, 2, 1, 1]], 9, 0))
    task['annotations'] = task['predictions'] = []
    path.write_text(json.dumps([task]))
    ((_, reason),) = import_corrections(path, fmt, 'x', store).problems
    assert 'nobody has annotated it' in reason


def test_photos_are_named_linked_and_compared(store, tmp_path):
    for id, (height, width) in {
        'rings': (21, 34),
        'row': (2, 7),
        'holiday/my dog, 1': (48, 64),
    }.items():
        (path := tmp_path / f'photos/{id}.jpeg').parent.mkdir(parents=True, exist_ok=True)
        Image.new('RGB', (width, height)).save(path)
    ids = ['rings', 'row', 'full', 'holiday/my dog, 1']
    for name in EVERY:
        fmt, out = EXCHANGE_FORMATS[name], tmp_path / name
        count, problems = export_masks(store, fmt, out, ids=ids, images=tmp_path / 'photos')
        assert count == 2 and [p.id for p in problems] == ['row', 'full']
    link = tmp_path / 'voc/JPEGImages/holiday/my dog, 1.jpeg'
    assert link.is_symlink() and Image.open(link).size == (64, 48)
    content = json.loads((tmp_path / 'labelme/holiday/my dog, 1.json').read_text())
    assert (tmp_path / 'labelme/holiday' / content['imagePath']).is_file()
    names = [
        i['file_name']
        for i in json.loads((tmp_path / 'coco/annotations.json').read_text())['images']
    ]
    assert names == ['rings.jpeg', 'holiday/my dog, 1.jpeg']
    _, done = import_new_store(
        tmp_path / 'coco', fmt=EXCHANGE_FORMATS['coco'], name='coco', target=tmp_path / 'new',
        classes=CLASSES, images=tmp_path / 'photos',
    )  # fmt: skip
    assert sorted(done.changed) == ['holiday/my dog, 1', 'rings'] and not done.problems


def test_photos_that_a_camera_held_sideways(tmp_path):
    """Masks are upright, as labelling tools show photos, or follow the stored pixels."""
    photo = Image.new('RGB', (20, 30))
    exif = photo.getexif()
    exif[0x0112] = 6
    (tmp_path / 'photos').mkdir()
    for id in ('upright', 'stored', 'other'):
        photo.save(tmp_path / f'photos/{id}.jpg', exif=exif)
    shapes = {'upright': (20, 30), 'stored': (30, 20), 'other': (21, 30)}
    masks = {id: np.pad(np.ones((5, 6), np.uint8), ((0, h - 5), (0, w - 6))) for id, (h, w) in
             shapes.items()}  # fmt: skip
    made = store_of(tmp_path / 'made', masks, CLASSES)
    count, problems = export_masks(
        made, EXCHANGE_FORMATS['png'], tmp_path / 'index', images=tmp_path / 'photos'
    )
    assert count == 2 and [p.id for p in problems] == ['other']
    new, done = import_new_store(
        tmp_path / 'index', EXCHANGE_FORMATS['png'], 'png', tmp_path / 'new', CLASSES,
        images=tmp_path / 'photos',
    )  # fmt: skip
    assert sorted(done.changed) == ['stored', 'upright'] and not done.problems
    assert {id: new[id].shape for id in new} == {k: shapes[k] for k in done.changed}


def test_numbers_without_names_are_those_of_the_store(store, tmp_path):
    export_masks(store, EXCHANGE_FORMATS['png'], tmp_path / 'out')
    (tmp_path / 'out/classes.txt').unlink()
    for number, reasons in ((3, []), (4, ['values 0..3 and 255 are expected, found [4]'])):
        Image.fromarray(np.full((9, 4), number, np.uint8)).save(tmp_path / 'out/full.png')
        done = import_corrections(tmp_path / 'out', EXCHANGE_FORMATS['png'], 'png', store)
        assert [problem.reason for problem in done.problems] == reasons
    assert (store['full'] == 3).all()


def test_a_full_disk_ends_an_import(store, tmp_path, monkeypatch):
    export_masks(store, EXCHANGE_FORMATS['png'], tmp_path / 'index')

    def full(self, id, value):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(MaskStore, 'write', full)
    with pytest.raises(OSError, match='No space left'):
        import_new_store(
            tmp_path / 'index', EXCHANGE_FORMATS['png'], 'png', tmp_path / 'new', CLASSES
        )


def test_export_refuses(store, tmp_path):
    fmt = EXCHANGE_FORMATS['cvat']
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out/thesis.txt').touch()
    with pytest.raises(StoreError, match='is not empty'):
        export_masks(store, fmt, tmp_path / 'out')
    with pytest.raises(StoreMismatch, match='1 of the 1 images'):
        export_masks(store, fmt, tmp_path / 'new', ids=['nobody'])
    other = store_of(tmp_path / 'other', {'a': MASKS['row']}, ('a:b', 'c', 'd'))
    with pytest.raises(StoreMismatch, match="class name 'a:b'"):
        export_masks(other, fmt, tmp_path / 'new')
    with pytest.raises(StoreError, match='nothing to export'):
        export_masks(store_of(tmp_path / 'empty', {}), fmt, tmp_path / 'new')
    assert not (tmp_path / 'new').exists()
    store.path('row').write_bytes(b'no png')
    count, ((id, reason),) = export_masks(store, fmt, tmp_path / 'new')
    assert count == len(MASKS) - 1 and id == 'row' and 'broken' in reason


def test_an_import_of_nothing_that_fits(store, tmp_path):
    fmt = EXCHANGE_FORMATS['png']
    export_masks(store_of(tmp_path / 'o', {'nobody': MASKS['row']}), fmt, tmp_path / 'out')
    with pytest.raises(StoreMismatch, match=r'none of its 1 masks \(nobody\)'):
        import_corrections(tmp_path / 'out', fmt, 'png', store)


def test_masks_edited_in_place(store):
    fmt = EXCHANGE_FORMATS['png']
    with pytest.raises(StoreError, match='--ids'):
        import_corrections(store.folder, fmt, 'png', store)
    Image.fromarray(np.full((9, 4), 3, np.uint8)).save(store.path('full'))
    done = import_corrections(store.folder, fmt, 'png', store, ids=['full'])
    assert done.changed == ['full'] and list(store.corrections.read()) == ['full']
    assert (store['full'] == 3).all() and store.is_entry(store.path('full').read_bytes())
