"""``mmwsss COMMAND ...`` (also ``python -m mmwsss``): every tool under one name.

A command is a script of ``tools/``, started as if it had been called by its path.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from mmwsss.installed import find_part
from mmwsss.preflight import main as doctor
from mmwsss.version import __version__


class Command(NamedTuple):
    """A tool: its script below ``tools/``, what it does, and one call of it."""

    script: str
    help: str
    example: str


HELP = ('-h', '--help')
DOCTOR = 'what is installed, what is needed, and what mends it'
COMMANDS = {
    'run': Command('pipeline.py', 'run a recipe, from tags to a segmentor',
                   'mmwsss run mmwsss::demo/demo_recipe.py'),
    'train': Command('train.py', 'train one stage', 'mmwsss train mmwsss::cam/cam_r18_shapes.py'),
    'test': Command('test.py', 'test one stage, or write its store',
                    'mmwsss test mmwsss::cam/cam_r18_shapes.py work_dirs/cam/epoch_8.pth'),
    'check': Command('analysis_tools/check_dataset.py', 'look at a data set before training',
                     'mmwsss check folder my_photos'),
    'browse-dataset': Command('analysis_tools/browse_dataset.py',
                              'paint what a network is given, after augmentation',
                              'mmwsss browse-dataset mmwsss::cam/cam_r18_shapes.py pictures'),
    'predict': Command('misc/predict.py', 'segment photos with a trained network',
                       'mmwsss predict work_dirs/demo_recipe my_photos out --overlay'),
    'cams': Command('analysis_tools/cams.py', "look at a photo's CAMs through all scales",
                    'mmwsss cams work_dirs/demo_recipe photo.jpg cams.png'),
    'benchmark': Command('analysis_tools/benchmark.py', "measure a network's speed",
                         'mmwsss benchmark mmwsss::cam/cam_r18_shapes.py --photos 50'),
    'get-flops': Command('analysis_tools/get_flops.py', "count a network's operations",
                         'mmwsss get-flops mmwsss::cam/cam_r50_voc.py --shape 512 512'),
    'judge': Command('analysis_tools/judge.py', "score anybody's seeds or masks",
                     'mmwsss judge mmwsss::cam/cam_r50_voc.py SEEDS OUT --format irn'),
    'compare': Command('analysis_tools/compare_stores.py', 'compare two stores photo by photo',
                       'mmwsss compare work_dirs/par/masks work_dirs/cam/masks --config '
                       'mmwsss::cam/cam_r18_shapes.py'),
    'paint': Command('analysis_tools/paint_store.py', 'paint maps, masks, proposals, boxes',
                     'mmwsss paint work_dirs/seeds/scores pictures --images data/JPEGImages'),
    'report': Command('analysis_tools/make_report.py', 'make report.html of a run or of stores',
                      'mmwsss report mmwsss::cam/cam_r18_shapes.py seeds.html '
                      '--scores work_dirs/demo_recipe/seeds_train/scores'),
    'browse': Command('analysis_tools/browse.py', 'look through stores, with a threshold slider',
                      'mmwsss browse work_dirs/demo_recipe/seeds_train/scores --images my_photos '
                      'seeds.html'),
    'import': Command('dataset_converters/import_seeds.py',
                      "import other projects' seeds or masks into a store",
                      'mmwsss import pseudo_masks png work_dirs/pseudo --dataset voc'),
    'export': Command('dataset_converters/export_masks.py', 'take masks to a labelling tool',
                      'mmwsss export label-studio work_dirs/demo_recipe/masks_train/masks out'),
    'import-masks': Command('dataset_converters/import_masks.py',
                            'bring corrected masks back into a store',
                            'mmwsss import-masks label-studio corrected.json '
                            'work_dirs/demo_recipe/masks_train/masks'),
    'pack-voc': Command('misc/pack_voc.py', "pack predictions for VOC's evaluation server",
                        'mmwsss pack-voc work_dirs/predict_test/masks results.tar.gz'),
    'weights': Command(
        'misc/weights.py',
        'list, check and download published weights',
        'mmwsss weights mmwsss::s2c/s2c_voc_recipe.py',
    ),
    'config': Command('misc/print_config.py', 'print what a config becomes',
                      'mmwsss config mmwsss::cam/cam_r18_shapes.py'),
    'new': Command('misc/new_method.py', 'write the repository of a method of your own',
                   'mmwsss new edge_cam'),
    'convert': Command('model_converters/convert_checkpoint.py',
                       'convert a published checkpoint',
                       'mmwsss convert what mct.pth'),
}  # fmt: skip


def usage() -> str:
    """List of the commands, with an example of each."""
    lines = [f'mmwsss {__version__}: mmwsss COMMAND ... ; COMMAND --help has its options', '']
    for name, command in COMMANDS.items():
        lines += [f'  {name:14} {command.help}', f'  {"":14}   {command.example}']
    lines += [f'  {"doctor":14} {DOCTOR}', f'  {"":14}   mmwsss doctor']
    return '\n'.join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; without one, list them.

    Args:
        arguments: The command line. Defaults to that of the process.

    Returns:
        Exit status.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not arguments or arguments[0] in (*HELP, 'help'):
        print(usage())
        return 0
    name, *rest = arguments
    if name in ('-V', '--version'):
        print(__version__)
        return 0
    if name == 'doctor':
        if rest and rest[0] in HELP:
            print(f'mmwsss doctor: {DOCTOR}\n\n    mmwsss doctor\n\nIt takes no options.')
            return 0
        return doctor()
    if name not in COMMANDS:
        from difflib import get_close_matches

        near = get_close_matches(name, [*COMMANDS, 'doctor'], n=2)
        hint = f' Did you mean {" or ".join(near)}?' if near else ''
        print(f'mmwsss: no command {name!r}.{hint}\n\n{usage()}', file=sys.stderr)
        return 2
    command = COMMANDS[name]
    if rest and rest[0] in HELP:
        print(f'mmwsss {name}: {command.help}\n\n    {command.example}\n', flush=True)
    script = find_part('tools') / command.script
    sys.argv = [f'mmwsss {name}', *rest]  # whose first word usage texts begin with
    sys.path.insert(0, str(script.parent))  # as Python does for a script
    _run(script)
    return 0


def _run(script: Path) -> None:
    """Run a script as ``runpy`` does, which would name it by its path."""
    module, before = ModuleType('__main__'), sys.modules['__main__']
    module.__file__ = str(script)
    sys.modules['__main__'] = module
    try:
        exec(compile(script.read_bytes(), script, 'exec'), vars(module))
    finally:
        sys.modules['__main__'] = before


if __name__ == '__main__':
    sys.exit(main())
