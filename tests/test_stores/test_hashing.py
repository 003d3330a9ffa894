"""Hashes name content."""

from mmwsss.stores.hashing import hash_file, hash_list, hash_text


def test_order_and_content_count(tmp_path):
    assert hash_list(['a', 'b']) != hash_list(['b', 'a'])
    assert hash_list(['a', 'b']) == hash_text('a\nb')
    path = tmp_path / 'file'
    path.write_text('a\nb')
    assert hash_file(path) == hash_list(['a', 'b'])
    assert len(hash_file(path)) == 16
