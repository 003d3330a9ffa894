from mmwsss.datasets.tag_counts import count_remarks


def test_rare_and_common_tags():
    assert count_remarks([10, 12], ['dog', 'cat'], 20) == []
    text, few = count_remarks([9, 20, 1, 0], ['dog', 'beach', 'cat', 'cow'], 20)
    assert "every photo has the tag 'beach'" in text
    assert 'the tag cat (1), dog (9):' in few and 'cow' not in few


def test_a_tag_is_remarked_on_once():
    assert len(count_remarks([3], ['dog'], 3)) == 1
