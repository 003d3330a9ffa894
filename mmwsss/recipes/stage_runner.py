"""Running one stage of a recipe as a process of its own."""

import os
import re
import shutil
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from mmwsss.config import write_config
from mmwsss.recipes.edited_masks import carry_over_corrections
from mmwsss.recipes.errors import PipelineError
from mmwsss.recipes.launching import CONFIG, stage_command
from mmwsss.recipes.planning import Decision, Planner
from mmwsss.recipes.process import Started, run_process
from mmwsss.recipes.progress import PipelineProgress, parse_loss, parse_progress
from mmwsss.recipes.recipe import Stage
from mmwsss.recipes.stage_folder import LOG
from mmwsss.recipes.surroundings import note_stage
from mmwsss.stores import StoreError
from mmwsss.visualization.text import format_seconds

# How the tools and the launcher of several processes begin what explains itself.
_ERROR = re.compile(r'error(?: in process \d+ of \d+)?: ')


class StageRunner:
    """Runs stages as processes and keeps the records in their folders.

    Args:
        planner: Knows the stages' folders and configs.
        overwrite: Delete the older result of a stage that is redone instead of keeping it.
        launch: Arguments of :func:`~mmwsss.recipes.launching.stage_command`.
    """

    def __init__(self, planner: Planner, *, overwrite: bool, launch: Mapping[str, Any]) -> None:
        self.planner, self.overwrite, self.launch = planner, overwrite, launch
        self.folders, self.configs = planner.folders, planner.configs

    def command(self, stage: Stage, decision: Decision) -> list[str]:
        """Command line of a stage's process."""
        folder = self.folders[stage.name]
        resume = decision.verb == 'resume' and stage.action == 'train'
        return stage_command(stage, folder.folder, resume=resume, **self.launch)

    def run(
        self,
        stage: Stage,
        decision: Decision,
        progress: PipelineProgress,
        lock: int | None,
        start: Callable[..., Started],
    ) -> None:
        """Run a stage to its end, as a process whose output goes into a log.

        Args:
            stage: The stage.
            decision: Whether it begins, goes on or is redone.
            progress: Shows how far it is.
            lock: Open file of the pipeline's lock, which the process keeps open.
            start: Starts its process, see :func:`~mmwsss.recipes.process.run_process`.

        Raises:
            PipelineError: It failed, left no output, or was interrupted.
        """
        folder = self.folders[stage.name]
        old = folder.folder.with_name(f'{folder.folder.name}.old')
        if decision.verb == 'redo':
            # Only folders that a pipeline made come here. What is unfinished replaces no result.
            if old.exists() and folder.done is None:
                shutil.rmtree(folder.folder)
            else:
                shutil.rmtree(old, ignore_errors=True)
                folder.folder.rename(old)
        elif decision.verb == 'resume':
            for path, problem in folder.keep_unreadable().items():
                progress.say(f'  no mask of this stage ({problem}): kept in {path}, and made anew')
        identity = self.planner.identity(stage)
        earlier = float((folder.started or {}).get('seconds', 0)) if folder.done is None else 0.0
        command = self.command(stage, decision)
        folder.begin(identity, command, earlier)
        try:
            carry_over_corrections(old, folder.folder, resumed=decision.verb == 'resume')
        except StoreError as error:
            raise PipelineError(f'stage {stage.name}: {error}') from None
        if decision.verb == 'redo':
            if self.overwrite:
                shutil.rmtree(old)
            else:
                progress.say(f'  the older result is kept in {old}')
        write_config(folder.folder / CONFIG, self.planner.handed_config(stage))
        log = folder.folder / LOG
        progress.say(f'  log: {log}')
        from mmwsss.engine.auto_epochs import count_epochs  # torch, which plans do without

        epochs = count_epochs(self.configs[stage.name])

        def on_line(line: str) -> None:
            fraction = parse_progress(line, stage.action, epochs)
            if fraction is not None:
                progress.update(fraction, parse_loss(line))

        begun = time.monotonic()
        try:
            code, tail = run_process(
                command,
                log=log,
                env=_child_environment(),
                on_line=on_line,
                on_start=None if lock is None else partial(note_stage, lock, stage.name),
                keep_open=() if lock is None else (lock,),
                start=start,
            )
        except KeyboardInterrupt:
            folder.interrupt(earlier + time.monotonic() - begun)
            raise PipelineError(
                f'interrupted in stage {stage.name} (log: {log}). The same command continues there'
            ) from None
        seconds = earlier + time.monotonic() - begun
        if code:
            folder.interrupt(seconds)
            raise PipelineError(_failure(stage, code, log, tail))
        needed = self.planner.needed_output(stage)
        if needed and folder.output(needed) is None:
            folder.interrupt(seconds)
            raise PipelineError(
                f'stage {stage.name} ended without error but left no {needed} in {folder.folder}; '
                f'see {log}'
            )
        folder.finish(seconds)
        progress.say(f'{stage.name}: finished after {format_seconds(seconds)}')


def _child_environment() -> dict[str, str]:
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, os.environ.get('PYTHONPATH', '')]
    return {**os.environ, 'PYTHONPATH': os.pathsep.join(filter(None, paths))}


def _failure(stage: Stage, code: int, log: Path, tail: Sequence[str]) -> str:
    why = f'exit code {code}'
    if code < 0:
        why = f'killed by {signal.Signals(-code).name}'
        if -code == signal.SIGKILL:
            why += ', probably for want of memory'
    said = [i for i, line in enumerate(tail) if _ERROR.match(line)]
    lines = '\n'.join(f'  | {line}' for line in tail[said[-1] if said else 0 :])
    return (
        f'stage {stage.name} failed ({why}):\n{lines}\nlog: {log}\n'
        'Mend the cause and give the same command again: it continues with this stage '
        '(after a change of code, --ignore-code keeps what is finished)'
    )
