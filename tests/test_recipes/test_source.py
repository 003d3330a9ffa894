"""Files of code, as they are on disk."""

import os

from mmwsss.recipes.source import python_files, registers_types


def test_python_files_are_found_at_any_depth_in_the_order_of_paths(tmp_path):
    for name in ('b.py', 'a-b.py', 'a/c.py', 'a/d/e.py', 'a/f.pyc', 'g.txt', 'h.py/i.py'):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / 'link').symlink_to('a')
    (tmp_path / 'link.py').symlink_to('b.py')
    found = python_files(tmp_path)
    paths = sorted(path for path in tmp_path.rglob('*.py') if path.is_file())
    assert [file.path for file in found] == [str(path) for path in paths]
    assert len(found) == 6
    assert [file.size for file in found] == [path.stat().st_size for path in paths]


def test_a_changed_file_is_another(tmp_path):
    (tmp_path / 'a.py').write_text('pass')
    (before,) = python_files(tmp_path)
    assert not registers_types(before)
    (tmp_path / 'a.py').write_text('X.register_module()')
    os.utime(tmp_path / 'a.py', (1, 1))
    (after,) = python_files(tmp_path)
    assert after.changed == 10**9 and registers_types(after)
