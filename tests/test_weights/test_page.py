from pathlib import Path

from mmwsss.weights.page import as_markdown


def test_the_page_of_the_documentation_is_this_list():
    page = Path(__file__).parents[2] / 'docs/weights.md'
    assert page.read_text() == as_markdown(), 'mmwsss weights --markdown > docs/weights.md'
