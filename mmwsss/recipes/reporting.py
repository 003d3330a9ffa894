"""``report.html`` of a recipe: what it shows, and making it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmwsss.config.custom_imports import import_custom
from mmwsss.recipes.errors import PipelineError
from mmwsss.recipes.identity import record_hash
from mmwsss.recipes.planning import Planner
from mmwsss.recipes.recipe import REPORT_PARTS
from mmwsss.recipes.summary import find_background


def report_hash(planner: Planner, rows: Sequence[Mapping[str, Any]]) -> str | None:
    """Hash of what the report would show now; ``None`` if there is nothing to show.

    Args:
        planner: The planner of the recipe.
        rows: Rows of the summary table.
    """
    options = planner.recipe.report or {}
    parts = _parts(options, rows)
    made = {}
    for name, output in parts.values():
        done = planner.folders[name].done
        if done is None:
            return None
        made[f'{name}.{output}'] = done['outputs'].get(output, {}).get('hash')
    return record_hash({'options': options, 'rows': rows, 'made': made}) if parts else None


def _parts(
    options: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]
) -> dict[str, tuple[str, str]]:
    """Stage and output of each part that is shown: what is outdated may be of other classes."""
    outdated = {row['stage'] for row in rows if row['state'] == 'outdated'}
    parts = {part: options[part] for part in REPORT_PARTS if options.get(part)}
    return {part: ref for part, ref in parts.items() if ref[0] not in outdated}


def write_report(planner: Planner, path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Make ``report.html`` on the images of the last store that it shows.

    Raises:
        PipelineError: It could not be made; an older one is gone then.
    """
    from mmwsss.datasets.bare import build_bare_dataset
    from mmwsss.visualization.report import make_report

    options = dict(planner.recipe.report or {})
    parts = _parts(options, rows)
    names = {part: name for part, (name, _) in parts.items()}
    options |= dict.fromkeys(REPORT_PARTS)
    options |= {part: planner.folders[name].output(kind) for part, (name, kind) in parts.items()}
    *_, last = names.values()
    cfg = planner.configs[last]
    if 'background' not in options and 'scores' in names:
        options['background'] = find_background(planner.folders[names['scores']].metrics)
    options.setdefault('title', planner.recipe.name)
    trained = [
        folder.output('checkpoint')
        for folder in planner.folders.values()
        if folder.stage.action == 'train'
    ]
    options['checkpoint'] = next(filter(None, reversed(trained)), None)
    path.unlink(missing_ok=True)  # nobody takes it for the one that could not be made
    try:
        import_custom(cfg, planner.folders[last].stage.config)
        dataset = build_bare_dataset(cfg.test_dataloader.dataset)
        make_report(path, dataset=dataset, stages=rows, **options)
    except Exception as error:
        raise PipelineError(
            f'all stages are done, but the report could not be made: {error}'
        ) from error
