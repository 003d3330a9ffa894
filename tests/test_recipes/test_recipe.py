import pytest

from mmwsss.recipes.errors import RecipeError
from mmwsss.recipes.reading import load_recipe
from mmwsss.recipes.recipe import Reference

STAGES = "cam=dict(config='a.py', action='train')"


def load(tmp_path, text, name='some_recipe'):
    (tmp_path / 'a.py').write_text('model = dict(type="A")\n')
    path = tmp_path / f'{name}.py'
    path.write_text(text)
    return load_recipe(path)


def test_reads_stages_with_paths_beside_the_recipe(tmp_path):
    recipe = load(
        tmp_path,
        f"""
recipe = dict(
    {STAGES},
    seeds=dict(config='a.py', action='test', inputs={{'load_from': 'cam.checkpoint'}},
               cfg_options={{'a.b': 1}}, list='train'),
    seeds_val=dict(like='seeds', cfg_options={{'a.c': 2}}),
)
baselines = dict(nothing=dict(config='a.py', action='test'))
_own = 1
variables = dict(ROOT='data', PHOTOS=None)
report = dict(scores='seeds.scores', limit=5)
""",
    )
    assert recipe.name == 'some_recipe'
    cam, seeds, val, nothing = recipe.stages
    assert [stage.name for stage in recipe.stages] == ['cam', 'seeds', 'seeds_val', 'nothing']
    assert cam.config == (tmp_path / 'a.py').resolve()
    assert seeds.parents() == ['cam'] and seeds.list_name == 'train'
    assert val.inputs == {'load_from': ('cam', 'checkpoint')} and val.action == 'test'
    assert val.cfg_options == {'a.b': 1, 'a.c': 2}
    assert val.list_name == '', 'a copy is made for another list'
    assert nothing.is_baseline and not cam.is_baseline
    assert recipe.variables == {'ROOT': 'data', 'PHOTOS': None}
    assert recipe.report == {'scores': ('seeds', 'scores'), 'limit': 5}
    assert recipe.stage('seeds') is seeds
    with pytest.raises(RecipeError, match="no stage 'seed', did you mean 'seeds'"):
        recipe.stage('seed')


def test_the_config_of_one_stage_is_trained_otherwise(tmp_path):
    (tmp_path / 'a.py').write_text('model = dict(type="A")\n')
    with pytest.raises(RecipeError, match=r'a\.py is the config of one stage.*: mmwsss train /'):
        load_recipe(tmp_path / 'a.py')


def test_a_list_of_stages_is_read_too(tmp_path):
    text = "recipe = [dict(name='b', config='a.py', action='train'), dict(name='a', like='b')]\n"
    listed = load(tmp_path, f"{text}baselines = [dict(name='c', like='a')]")
    assert [(s.name, s.is_baseline) for s in listed.stages] == [
        *(('b', False), ('a', False), ('c', True))
    ]
    text = "recipe = dict(b=dict(config='a.py', action='train'), a=dict(like='b'))\n"
    assert load(tmp_path, f"{text}baselines = dict(c=dict(like='a'))").stages == listed.stages


BASE = f"""
data = 'voc'
recipe = dict(
    {STAGES},
    seeds=dict(config='a.py', action='test', inputs={{'load_from': 'cam.checkpoint'}},
               cfg_options={{'a.b': 1}}),
    more=dict(like='seeds', cfg_options={{'a.c': 2}}),
    last=dict(config='a.py', action='test'),
)
"""


def test_stages_of_a_base_are_changed_by_name(tmp_path):
    load(tmp_path, BASE, 'base')
    child = load(
        tmp_path,
        """
_base_ = './base.py'
recipe = dict(
    seeds=dict(cfg_options={'a.b': 3, 'a.d': 4}),
    last=None,
    new=dict(like='more', data='coco'),
)
""",
    )
    cam, seeds, more, new = child.stages
    assert [stage.name for stage in child.stages] == ['cam', 'seeds', 'more', 'new']
    assert seeds.cfg_options == {'a.b': 3, 'a.d': 4} and seeds.parents() == ['cam']
    assert more.cfg_options == {'a.b': 3, 'a.d': 4, 'a.c': 2}, 'it is like the changed stage'
    assert (cam.data, new.data) == ('voc', 'coco')
    mistyped = "_base_ = './base.py'\nrecipe = dict(seds=dict(cfg_options={'a.b': 3}))"
    with pytest.raises(RecipeError, match="stage seds: config is missing, did you mean 'seeds'"):
        load(tmp_path, mistyped)


def test_configs_follow_data(tmp_path):
    for data in ('voc', 'coco'):
        (tmp_path / f'a_{data}.py').write_text('')
    text = "recipe = dict(cam=dict(config='a_{data}.py', action='train'), more=dict(like='cam'))\n"
    load(tmp_path, f"{text}data = 'voc'", 'base')
    child = load(
        tmp_path, "_base_ = './base.py'\ndata = 'coco'\nrecipe = dict(cam=dict(data='voc'))"
    )
    assert [stage.config.name for stage in child.stages] == ['a_voc.py', 'a_voc.py']
    child = load(tmp_path, "_base_ = './base.py'\ndata = 'coco'")
    assert [stage.config.name for stage in child.stages] == ['a_coco.py', 'a_coco.py']
    with pytest.raises(RecipeError, match="config 'a_msrc.py' not found"):
        load(tmp_path, "_base_ = './base.py'\ndata = 'msrc'")
    with pytest.raises(RecipeError, match=r"stage cam: config 'a_\{data\}.py' needs data"):
        load(tmp_path, text)


WRONG = {
    'recipe = {}': 'recipe must be a dict of stages by name, found {}',
    'recipe = 1': 'recipe must be a dict of stages by name, found 1',
    'recipe = dict(cam=None)': 'recipe must be a dict of stages by name',
    'x = 1': "unknown key 'x'",
    'recepi = dict(cam=1)': "unknown key 'recepi', did you mean 'recipe'",
    'recipe = dict(cam=1)': 'recipe.cam must be a dict without a name: 1',
    "recipe = dict(cam=dict(name='x'))": 'recipe.cam must be a dict without a name: {',
    'recipe = [1]': 'recipe.0 must be a dict with a name: 1',
    "recipe = [dict(config='a.py')]": 'recipe.0 must be a dict with a name: {',
    f'recipe = dict({STAGES})\nbaselines = 3': 'baselines must be a dict of stages by',
    "recipe = {'a b': dict(config='a.py', action='train')}": 'stage a b: the name becomes a folder',
    f'recipe = dict({STAGES})\nbaselines = dict({STAGES})': 'stage cam: the name is taken',
    "recipe = dict(cam=dict(config='a.py'))": 'stage cam: action is missing',
    "recipe = dict(cam=dict(action='train'))": 'config is missing',
    "recipe = dict(c=dict(config='a.py', action='run'))": "action must be 'train' or 'test'",
    "recipe = dict(c=dict(config='b.py', action='train'))": "config 'b.py' not found at",
    "recipe = dict(c=dict(config='a.py', action='train', input={}))": "did you mean 'inputs'",
    f"recipe = dict({STAGES}, b=dict(like='cma'))": "like='cma' is no earlier stage, did you",
    "recipe = dict(b=dict(config='a.py', action='test', inputs={'k': 'cam.scores'}))": (
        "input 'k': 'cam' is no earlier stage"
    ),
    f"recipe = dict({STAGES}, b=dict(config='a.py', action='test', inputs={{'k': 'cam'}}))": (
        "expected 'stage.output', found 'cam'"
    ),
    f"recipe = dict({STAGES}, b=dict(like='cam', inputs={{'k': 'cam.scores'}}))": (
        "'cam' is a train stage, its outputs are checkpoint; found 'scores'"
    ),
    f"recipe = dict({STAGES}, b=dict(like='cam', inputs={{'k': 'cam.checkpoint'}}, "
    "cfg_options={'k': 1}))": r"\['k'\] stand in inputs and in cfg_options",
    f"recipe = dict({STAGES})\nvariables = {{'A B': ''}}": "variable 'A B' is no name",
    f'recipe = dict({STAGES})\nvariables = dict(A=1)': 'the default of variable A must be a text',
    f'recipe = dict({STAGES})\nreport = dict(limit=3)': 'report needs scores, masks or predictions',
    f'recipe = dict({STAGES})\nreport = 3': 'report must be a dict',
    f"recipe = dict({STAGES})\nreport = dict(masks='cam.masks')": "'cam' is a train stage",
    f"recipe = dict({STAGES})\nreport = dict(mask='cam.masks')": "unknown key 'mask'",
    'recipe = [': 'cannot be read as a config',
}


@pytest.mark.parametrize(('text', 'message'), WRONG.items())
def test_every_mistake_is_named(tmp_path, text, message):
    with pytest.raises(RecipeError, match=message):
        load(tmp_path, text)


def test_data_set_of_configs_that_take_any(tmp_path):
    recipe = load(
        tmp_path,
        """
data = 'shapes'
recipe = dict(
    a=dict(config='a.py', action='test'),
    b=dict(config='a.py', action='test', data='coco'),
    c=dict(like='b'),
    d=dict(like='c', data='voc'),
)
""",
    )
    assert [stage.data for stage in recipe.stages] == ['shapes', 'coco', 'coco', 'voc']
    for text in ('data = 3\n', "data = '../voc'\n"):
        with pytest.raises(RecipeError, match="data is the name of a data set, as 'voc'; found"):
            load(tmp_path, f'{text}recipe = dict({STAGES})')


def test_missing_recipe(tmp_path):
    with pytest.raises(RecipeError, match='the recipe does not exist'):
        load_recipe(tmp_path / 'none.py')


def test_reference():
    reference = Reference.parse('seeds_val.scores')
    assert reference == ('seeds_val', 'scores') and str(reference) == 'seeds_val.scores'
    for text in ('seeds', 'seeds.', '.scores', '', 3, None):
        with pytest.raises(RecipeError, match="expected 'stage.output', found"):
            Reference.parse(text)


def test_options_of_any_kind(tmp_path):
    """They reach the stage as data: what no command line can say is no matter."""
    options = "{'k': [{}, {'a': 'b, c'}], 'l': 'None', 'm.n': (1, [2.5, None]), 'o': \"it's\"}"
    text = f"recipe = dict(c=dict(config='a.py', action='train', cfg_options={options}))"
    assert load(tmp_path, text).stages[0].cfg_options == eval(options)
