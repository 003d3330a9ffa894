import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mmengine.config import Config

from mmwsss.config import ConfigError, read_config, write_config
from mmwsss.config.writing import format_config

TEXTS = st.text(max_size=12) | st.sampled_from(
    ["it's", '"', "'''", '\\', '\\{{', '{{$HOME:x}}', '{{ fileBasename }}', '{{_base_.x}}', '{{{{{',
     'a\nb', '\udc80', '\0', 'a, [b]', '{{$X', '}}', '#', 'é' * 60, "\\'{{$A:b}}"]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(TEXTS | st.integers(), inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(VALUES)
def test_what_is_written_is_read(tmp_path, value):
    path = tmp_path / 'config.py'
    write_config(path, Config({'model': {'value': value}, 'flat': value}, filename=None))
    found = read_config(path).to_dict()
    assert found == {'model': {'value': value}, 'flat': value}


def test_origin_is_kept(tmp_path):
    source = tmp_path / "it's {{$A:b}}.py"
    source.write_text('a = dict(b=(1,))\n')
    write_config(tmp_path / 'config.py', read_config(source))
    again = read_config(tmp_path / 'config.py')
    assert again.filename == str(source) and again.to_dict() == {'a': {'b': (1,)}}
    write_config(tmp_path / 'other.py', again)
    assert (tmp_path / 'other.py').read_text() == (tmp_path / 'config.py').read_text()


def test_values_that_are_no_text(tmp_path):
    text = format_config(Config({'a': float('nan'), 'b': [-math.inf], 'c': {'type': dict}}))
    assert "float('nan')" in text and "float('-inf')" in text and "'builtins.dict'" in text
    for value in (len, {1, 2}, object()):
        with pytest.raises(ConfigError, match=r'a\.0\.b: a .* cannot be written'):
            format_config(Config({'a': [{'b': value}]}))
