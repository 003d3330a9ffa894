"""The pages of the documentation that are made from the repository."""

import re
import sys
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope='module')
def module():
    """The script, its pages collected instead of built."""
    pages = {}

    class Page:
        def __init__(self, name):
            self.name = name

        def __enter__(self):
            return self

        def __exit__(self, *error):
            return None

        def write(self, text):
            pages[self.name] = text

    stand_in = types.ModuleType('mkdocs_gen_files')
    stand_in.open = lambda name, mode: Page(name)
    found = types.ModuleType('docs_pages')
    found.__file__ = str(ROOT / 'tools/misc/docs_pages.py')
    sys.modules['mkdocs_gen_files'] = stand_in
    try:
        exec(compile(Path(found.__file__).read_text(), found.__file__, 'exec'), found.__dict__)
    finally:
        del sys.modules['mkdocs_gen_files']
    found.pages_written = pages
    return found


def test_every_page_is_in_the_navigation_once(module):
    listed = re.findall(r'\]\((.*?)\)', module.pages_written['SUMMARY.md'])
    assert sorted(listed) == sorted(set(module.pages_written) - {'SUMMARY.md'})


def test_links_of_pages_lead_to_pages(module):
    for page, text in module.pages_written.items():
        for target in re.findall(r'\]\(([^)\s#]+\.md)', text):
            there = (Path('/', page).parent / target).resolve().relative_to('/').as_posix()
            assert there in module.pages_written, f'{page} -> {target}'


def test_notebooks_are_pages(module):
    text = module.pages_written['tutorials/whole_day.md']
    assert text.startswith('# A whole day') and 'docs/tutorials/whole_day.ipynb' in text
    assert '```python\nimport shutil\n' in text and '](../how_to/own_photos.md)' in text
    assert 'tutorials/whole_day.md' in module.pages_written['SUMMARY.md']


def test_links_out_of_the_site_lose_their_target(module):
    text = '[a recipe](../configs/demo/demo_recipe.py), [CAM](../configs/cam/README.md#numbers)'
    got = module.relink(text, 'docs/x.md', 'how_to/x.md', module.pages())
    assert got == '`a recipe`, [CAM](../methods/cam.md#numbers)'


def test_model_zoo_has_every_number_with_its_status(module):
    zoo = module.pages_written['model_zoo.md']
    assert (
        '| `configs/cam/cam_r18_shapes.py` | built-in shapes | seed mIoU 50.4 | measured |' in zoo
    )
    assert '| `configs/cam/cam_r38_voc.py` | VOC 2012 | seed mIoU - | not yet run |' in zoo


def test_public_names_of_lazy_packages(module):
    assert ('WSSSInferencer', 'mmwsss.apis.inferencer') in module.public_names('apis')
    assert ('PAR', 'mmwsss.refiners.par') in module.public_names('refiners')
