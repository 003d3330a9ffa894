"""What has changed in a config since a checkpoint was saved with it."""

from __future__ import annotations

from mmengine.config import Config

from mmwsss.config.comparing import changes, flatten, is_cosmetic, read_dumped, shortened

# How a total batch is shared out, which follows the number of processes; another total is refused.
_SHARES = ('batch_size', 'at_once', 'accumulative_counts')
_OF_THE_RUN = ('load_from', 'experiment_name')


def changed_config(saved: object, cfg: Config) -> str:
    """Say in one line what a training that goes on finds changed, and what becomes of it.

    Args:
        saved: The checkpoint's ``meta.cfg``, which is only read, never run.
        cfg: Config of the run.

    Returns:
        The line; '' where nothing that matters to a training has changed, or where the checkpoint
        has no config.
    """
    if not isinstance(saved, str):
        return ''
    try:
        was, now = (_relevant(text) for text in (saved, cfg.pretty_text))
    except SyntaxError:
        return ''
    found = changes(was, now)
    if not found:
        return ''
    return (
        f'The config has changed since the checkpoint was saved ({shortened(found)}). The training '
        'goes on with the new values; learning rates and their schedules, other numbers of the '
        'optimizer and the seed stay those of the checkpoint. Without --resume it begins anew.'
    )


def _relevant(text: str) -> dict[str, object]:
    return {
        key: value
        for key, value in flatten(read_dumped(text))
        if not key.startswith(('test_', 'tta_'))
        and key not in _OF_THE_RUN
        and key.rpartition('.')[2] not in _SHARES
        and not is_cosmetic(key)
    }
