import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmwsss.datasets.errors import DataError
from mmwsss.datasets.tags import (
    TagTable,
    multi_hot,
    names_to_ids,
    read_tag_csv,
    read_tag_list,
    read_tag_xml,
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sets(st.integers(0, 6)), min_size=1, max_size=8))
def test_multi_hot(rows):
    table = {str(i): sorted(row) for i, row in enumerate(rows)}
    labels = multi_hot(table, list(table), 7)
    assert [set(row.nonzero()[0].tolist()) for row in labels] == rows


def write(tmp_path, text, encoding='utf-8'):
    path = tmp_path / 'tags.csv'
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize('header', ['', 'image,tags\n', 'Filename,labels\r\n'])
@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig'])
def test_csv(tmp_path, header, encoding):
    text = f'{header}a.jpg,cat; dog\n"b, 1.png","cat"\n\nsub\\c,\nd.jpg\ne.jpg,cat;cat;\n'
    table = read_tag_csv(write(tmp_path, text, encoding))
    assert table.tags == {
        'a': ['cat', 'dog'], 'b, 1': ['cat'], 'sub/c': [], 'd': [], 'e': ['cat']
    }  # fmt: skip
    assert table.lines['a'] == (2 if header else 1)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('a.jpg,cat,dog\n', r'tags\.csv: line 1 has 3 cells'),
        ('a.jpg,cat\na.png,dog\n', r"image 'a' occurs in lines 1 and 2\. Put all its tags"),
        ('a.jpg,"cat\n', r'no UTF-8 CSV file'),
        (',cat\n', r'line 1 has 2 cells'),
    ],
)
def test_bad_csv(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        read_tag_csv(write(tmp_path, text))


def test_csv_of_another_encoding_or_missing(tmp_path):
    with pytest.raises(DataError, match='Save it as "CSV UTF-8"'):
        read_tag_csv(write(tmp_path, 'Übung.jpg,cat\n', 'latin-1'))
    with pytest.raises(DataError, match='no such file of tags'):
        read_tag_csv(tmp_path / 'none.csv')


def test_unknown_tags_come_with_a_guess():
    table = TagTable({'a': ['Cat'], 'b': ['doge', 'xyz']}, {'a': 2, 'b': 3})
    with pytest.raises(DataError) as info:
        names_to_ids(table, ['cat', 'dog'], 'tags.csv')
    text = str(info.value)
    assert "tags.csv: 3 tags are not in the class list: 'Cat' (line 2), did you mean 'cat'?" in text
    assert "'doge' (line 3), did you mean 'dog'?" in text and "'xyz' (line 3)" in text


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('a 1\na 2\n', "image 'a' occurs twice"),
        ('a one\n', "entry 1 is no id and numbers: 'a one'"),
        ('a 1\nb 21\n', r"entry 2 \('b 21'\): class numbers 1\.\.20 are expected \(offset 1\)"),
        ('a 0\n', r'class numbers 1\.\.20'),
    ],
)
def test_bad_lists(tmp_path, text, message):
    path = tmp_path / 'labels.txt'
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_tag_list([path], 20, 1)


def test_damaged_and_missing_xml(tiny_voc):
    folder = tiny_voc / 'Annotations'
    with pytest.raises(DataError, match='1 of 2 images have no annotation file: 2008_000001'):
        read_tag_xml(folder, ['2007_000001', '2008_000001'], True)
    (folder / '2007_000001.xml').write_text('<annotation>')
    with pytest.raises(DataError, match=r'2007_000001\.xml: damaged'):
        read_tag_xml(folder, ['2007_000001'], True)
