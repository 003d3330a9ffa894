"""The table at the end of a pipeline: one row per stage."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config
from rich import box
from rich.console import Console
from rich.table import Table

from mmwsss.recipes.recipe import Stage
from mmwsss.recipes.stage_folder import StageFolder
from mmwsss.visualization.text import COLUMNS, format_seconds, outdated_text, protocol_text

#: Prefix of metrics that used the image-level labels of the photos they score.
ORACLE = 'oracle_tags'


def column_of(cfg: Config) -> str:
    """Column of the table that a stage's mIoU belongs to: 'seed', 'mask' or 'segmentor'."""
    loop, model = cfg.get('test_cfg') or {}, cfg.get('model') or {}
    if loop.get('kind') == 'scores':
        return 'seed'
    return 'segmentor' if 'decode_head' in model or 'kind' not in loop else 'mask'


def list_of(stage: Stage, cfg: Config) -> str:
    """Name of the image list that a stage works on."""
    if stage.list_name:
        return stage.list_name
    dataset = (cfg.get(f'{stage.action}_dataloader') or {}).get('dataset') or {}
    while inner := dataset.get('dataset') or dataset.get('images'):
        dataset = inner
    name = dataset.get('split') or Path(str(dataset.get('ann_file') or '')).stem
    return str(name) or 'all'


def find_miou(metrics: Mapping[str, Any]) -> float | None:
    """The mIoU among a stage's metrics, whatever its prefix, except that of oracle tags."""
    for key, value in metrics.items():
        prefix, _, name = key.rpartition('/')
        if name == 'mIoU' and prefix != ORACLE and isinstance(value, int | float):
            return float(value)
    return None


def find_background(metrics: Mapping[str, Any]) -> float | None:
    """The background score at which seeds were scored, if the metrics name one."""
    for key, value in metrics.items():
        if key.split('/')[-1] in ('threshold', 'best_threshold') and isinstance(value, int | float):
            return float(value)
    return None


def summarise(
    folders: Mapping[str, StageFolder], configs: Mapping[str, Config], states: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Rows of the table.

    Args:
        folders: The stages' folders.
        configs: The stages' configs.
        states: See :meth:`mmwsss.recipes.planning.Planner.states`.

    Returns:
        Dicts with 'stage', 'action', 'list', 'seconds', 'state', 'is_baseline', 'protocol'
        and, by column, the mIoU in percent or ``None``.
    """
    rows = []
    for name, folder in folders.items():
        stage, done = folder.stage, folder.done
        metrics = folder.metrics if done else {}
        row: dict[str, Any] = {
            'stage': name,
            'action': stage.action,
            'list': list_of(stage, configs[name]),
            'seconds': done.get('seconds') if done else None,
            'state': states[name],
            'is_baseline': stage.is_baseline,
            'protocol': metrics.get('protocol') or {},
            **dict.fromkeys(COLUMNS),
        }
        if stage.action == 'test':
            row[column_of(configs[name])] = find_miou(metrics)
        background = find_background(metrics)
        if background is not None:
            note = f'{background:g} (best on these masks)'
            row['protocol'] = {'background score': note, **row['protocol']}
        oracle = metrics.get(f'{ORACLE}/mIoU')
        if oracle is not None:  # in no column: it cannot be compared with what stands there
            note = f'{oracle:.2f} (knows the image-level labels of these photos)'
            row['protocol'] = {'mIoU with oracle tags': note, **row['protocol']}
        rows.append(row)
    return rows


def print_summary(rows: Sequence[Mapping[str, Any]], console: Console) -> None:
    """Print the rows, and below them the protocol of each number."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ('stage', 'action', 'list'):
        table.add_column(name, no_wrap=True)
    for name in ('time', *COLUMNS.values()):
        table.add_column(name, justify='right', no_wrap=True)
    for index, row in enumerate(rows):
        if row['is_baseline'] and not rows[index - 1]['is_baseline']:
            table.add_section()
        spent = format_seconds(row['seconds']) if row['state'] == 'done' else row['state']
        name = f'{row["stage"]} (baseline)' if row['is_baseline'] else row['stage']
        numbers = ('' if row[key] is None else f'{row[key]:.2f}' for key in COLUMNS)
        style = 'dim' if row['state'] == 'outdated' else None
        table.add_row(name, row['action'], row['list'], spent, *numbers, style=style)
    console.print(table)
    if outdated := outdated_text(rows):
        console.print(f'outdated: {outdated}', markup=False, highlight=False, soft_wrap=True)
    scored = [
        row
        for row in rows
        if any(row[key] is not None for key in COLUMNS)
        or 'mIoU with oracle tags' in row['protocol']
    ]
    common = _common([row['protocol'] for row in scored]) if len(scored) > 1 else {}
    lines = {'all numbers': common}
    for row in scored:
        own = {k: v for k, v in row['protocol'].items() if k not in common}
        lines[row['stage']] = own
    for name, protocol in lines.items():
        if text := protocol_text(protocol):
            console.print(
                f'{name}: {text}', markup=False, highlight=False, soft_wrap=True, style='dim'
            )


def _common(protocols: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Find the fields that are equal in all protocols."""
    first, *others = protocols
    return {
        key: value
        for key, value in first.items()
        if all(key in other and other[key] == value for other in others)
    }
