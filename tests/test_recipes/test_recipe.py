import pytest

from mmwsss.recipes.errors import RecipeError
from mmwsss.recipes.reading import load_recipe
from mmwsss.recipes.recipe import Reference

STAGES = "dict(name='cam', config='a.py', action='train')"


def load(tmp_path, text):
    (tmp_path / 'a.py').write_text('model = dict(type="A")\n')
    path = tmp_path / 'some_recipe.py'
    path.write_text(text)
    return load_recipe(path)


def test_reads_stages_with_paths_beside_the_recipe(tmp_path):
    recipe = load(
        tmp_path,
        f"""
recipe = [
    {STAGES},
    dict(name='seeds', config='a.py', action='test', inputs={{'load_from': 'cam.checkpoint'}},
         cfg_options={{'a.b': 1}}, list='train'),
    dict(name='seeds_val', like='seeds', cfg_options={{'a.c': 2}}),
]
baselines = [dict(name='nothing', config='a.py', action='test')]
_own = 1
variables = dict(ROOT='data', PHOTOS=None)
report = dict(scores='seeds.scores', limit=5)
""",
    )
    assert recipe.name == 'some_recipe'
    cam, seeds, val, nothing = recipe.stages
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


WRONG = {
    'recipe = []': 'recipe must be a list of stages',
    'x = 1': "unknown key 'x'",
    'recepi = [1]': "unknown key 'recepi', did you mean 'recipe'",
    'recipe = [1]': r'recipe\[0\]: a stage is a dict with a name, found 1',
    "recipe = [dict(name='a b', config='a.py', action='train')]": "the name 'a b' becomes a folder",
    f'recipe = [{STAGES}, {STAGES}]': r"recipe\[1\]: the name 'cam' is taken",
    "recipe = [dict(name='cam', config='a.py')]": r'recipe\[0\] \(cam\): action is missing',
    "recipe = [dict(name='cam', action='train')]": 'config is missing',
    "recipe = [dict(name='c', config='a.py', action='run')]": "action must be 'train' or 'test'",
    "recipe = [dict(name='c', config='b.py', action='train')]": "config 'b.py' not found at",
    "recipe = [dict(name='c', config='a.py', action='train', input={})]": "did you mean 'inputs'",
    f"recipe = [{STAGES}, dict(name='b', like='cma')]": "like='cma' is no earlier stage, did you",
    "recipe = [dict(name='b', config='a.py', action='test', inputs={'k': 'cam.scores'})]": (
        "input 'k': 'cam' is no earlier stage"
    ),
    f"recipe = [{STAGES}, dict(name='b', config='a.py', action='test', inputs={{'k': 'cam'}})]": (
        "expected 'stage.output', found 'cam'"
    ),
    f"recipe = [{STAGES}, dict(name='b', like='cam', inputs={{'k': 'cam.scores'}})]": (
        "'cam' is a train stage, its outputs are checkpoint; found 'scores'"
    ),
    f"recipe = [{STAGES}, dict(name='b', like='cam', inputs={{'k': 'cam.checkpoint'}}, "
    "cfg_options={'k': 1})]": r"\['k'\] stand in inputs and in cfg_options",
    f"recipe = [{STAGES}]\nvariables = {{'A B': ''}}": "variable 'A B' is no name",
    f'recipe = [{STAGES}]\nvariables = dict(A=1)': 'the default of variable A must be a text',
    f'recipe = [{STAGES}]\nreport = dict(limit=3)': 'report needs scores, masks or predictions',
    f'recipe = [{STAGES}]\nreport = 3': 'report must be a dict',
    f"recipe = [{STAGES}]\nreport = dict(masks='cam.masks')": "'cam' is a train stage",
    f"recipe = [{STAGES}]\nreport = dict(mask='cam.masks')": "unknown key 'mask'",
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
recipe = [
    dict(name='a', config='a.py', action='test'),
    dict(name='b', config='a.py', action='test', data='coco'),
    dict(name='c', like='b'),
    dict(name='d', like='c', data='voc'),
]
""",
    )
    assert [stage.data for stage in recipe.stages] == ['shapes', 'coco', 'coco', 'voc']
    for text in ('data = 3\n', "data = '../voc'\n"):
        with pytest.raises(RecipeError, match="data is the name of a data set, as 'voc'; found"):
            load(tmp_path, f'{text}recipe = [{STAGES}]')


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
    text = f"recipe = [dict(name='c', config='a.py', action='train', cfg_options={options})]"
    assert load(tmp_path, text).stages[0].cfg_options == eval(options)
