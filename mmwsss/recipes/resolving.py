"""Resolve the config of a stage, once for planning and running."""

from collections.abc import Mapping
from typing import Any

from mmengine.config import Config

from mmwsss.config import read_config
from mmwsss.config.effects import check_option
from mmwsss.config.keys import check_spelling, find_key, has_key
from mmwsss.recipes.errors import RecipeError
from mmwsss.recipes.recipe import Stage
from mmwsss.recipes.surroundings import environment


def resolve_config(stage: Stage, options: Mapping[str, Any]) -> Config:
    """Config of a stage with options merged in.

    Inputs stay ``'stage.output'`` in it, so that paths do not change what a result depends on.
    Environment variables that the config names must be set already; ``DATA`` is the stage's.

    Args:
        stage: The stage.
        options: Config keys and values beside those of the stage.

    Raises:
        RecipeError: The config cannot be read, or an input names a key that it lacks.
    """
    try:
        with environment({'DATA': stage.data} if stage.data else {}):
            cfg = read_config(stage.config, import_custom_modules=False, own=stage.folder)
        inputs = {key: str(reference) for key, reference in stage.inputs.items()}
        for key in inputs:
            if key != 'load_from' and not has_key(cfg, find_key(cfg, key)):
                check_spelling(cfg, find_key(cfg, key))
                raise RecipeError(f'input {key!r} is no key of this config')
        for key in stage.cfg_options:
            check_spelling(cfg, find_key(cfg, key))
            check_option(cfg, key)
        merge_options(cfg, {**options, **stage.cfg_options, **inputs})
    except Exception as error:
        text = error.args[0] if isinstance(error, KeyError) and error.args else error
        where = '' if str(text).startswith(str(stage.config)) else f'{stage.config}: '
        raise RecipeError(f'stage {stage.name}: {where}{text}') from error
    return cfg


def merge_options(cfg: Config, options: Mapping[str, Any]) -> None:
    """Set values by dotted keys, in which parts of lists may go by their type."""
    cfg.merge_from_dict({find_key(cfg, key): value for key, value in options.items()})
