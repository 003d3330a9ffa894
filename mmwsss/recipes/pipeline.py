"""Run a recipe: find out which stages have to run, and run them."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from mmwsss.installed import find_part
from mmwsss.recipes.checks import find_needs, print_needs
from mmwsss.recipes.errors import PipelineError, RecipeError
from mmwsss.recipes.launching import LAUNCHERS
from mmwsss.recipes.manifest import write_manifest
from mmwsss.recipes.planning import Planner
from mmwsss.recipes.process import start_process
from mmwsss.recipes.progress import PipelineProgress
from mmwsss.recipes.reading import load_recipe
from mmwsss.recipes.recipe import Reference, Stage
from mmwsss.recipes.reporting import report_hash, write_report
from mmwsss.recipes.stage_folder import read_json
from mmwsss.recipes.stage_runner import StageRunner
from mmwsss.recipes.summary import print_summary, summarise
from mmwsss.recipes.surroundings import (
    environment,
    find_holder,
    lock_folder,
    resolve_variables,
    stoppable,
)
from mmwsss.recipes.warm import WarmStarts
from mmwsss.stores import StoreError

_PLANNED = {'run': 'will run', 'resume': 'will continue', 'redo': 'will be redone'}
_SAID = {
    'run': 'starts',
    'resume': 'continues',
    'redo': 'is redone',
    'done': 'is done',
}


def run_pipeline(
    recipe: str | Path,
    *,
    work_dir: str | Path | None = None,
    variables: Mapping[str, str] | None = None,
    stage_options: Mapping[str, Any] | None = None,
    from_stage: str | None = None,
    until_stage: str | None = None,
    nproc: int = 1,
    launcher: str = 'none',
    seed: int | None = None,
    overwrite: bool = False,
    ignore_code: bool = False,
    dry_run: bool = False,
    skip_checks: bool = False,
    trust_checkpoint: bool = False,
    tools: str | Path | None = None,
    console: Console | None = None,
) -> list[dict[str, Any]]:
    """Run the stages of a recipe that are not done yet.

    A stage is done when its ``done.json`` agrees with its config, its inputs and the code. An
    interrupted stage goes on where it was; a stage whose config, inputs or code changed is
    redone, and its older result is kept beside it as ``<stage>.old``.

    Args:
        recipe: Path of the recipe.
        work_dir: Folder of the stages' folders. Defaults to ``work_dirs/<recipe>``.
        variables: Values of the recipe's variables.
        stage_options: Values over those of the stages' configs, by ``STAGE.key``.
        from_stage: First stage to look at; earlier ones are taken as they are.
        until_stage: Last stage to look at.
        nproc: Processes a stage, one a GPU where there are GPUs.
        launcher: 'none', 'pytorch' or 'slurm'.
        seed: Seed of all stages.
        overwrite: Delete older results instead of keeping them.
        ignore_code: Accept results of older code.
        dry_run: Only print what would be done, and what is missing for it.
        skip_checks: Begin without looking whether files, data and packages of all stages are there.
        trust_checkpoint: Unpickle checkpoints fully: they may then run any code.
        tools: Folder of ``train.py`` and ``test.py``.
        console: Where to print.

    Returns:
        Rows of the summary table, see :func:`mmwsss.recipes.summary.summarise`.

    Raises:
        RecipeError: The recipe is wrong.
        PipelineError: Something that a stage needs is missing, a stage failed, or the pipeline was
            interrupted.
    """
    if launcher not in LAUNCHERS:
        raise RecipeError(f'launcher must be one of {", ".join(LAUNCHERS)}, found {launcher!r}')
    if nproc < 1:
        raise RecipeError(f'the number of processes must be at least 1, found {nproc}')
    if console is None:
        console = Console(width=None if sys.stdout.isatty() else 140)
    given = dict(variables or {})
    with environment(given):
        parsed = load_recipe(recipe).with_options(stage_options or {})
    values = resolve_variables(parsed, given)
    folder = Path(work_dir or Path('work_dirs') / parsed.name).resolve()
    with environment(values):
        planner = Planner(parsed, folder, seed=seed, ignore_code=ignore_code)
        selected = planner.select(from_stage, until_stage)
        pipeline = _Pipeline(
            planner,
            folder,
            console=console,
            runner=StageRunner(
                planner,
                overwrite=overwrite,
                launch={
                    'tools': Path(tools) if tools else find_part('tools'),
                    'nproc': nproc,
                    'launcher': launcher,
                    'trust_checkpoint': trust_checkpoint,
                },
            ),
            settings={
                'variables': values,
                'stage_options': dict(stage_options or {}),
                'seed': seed,
                'nproc': nproc,
                'launcher': launcher,
            },
        )
        if dry_run:
            pipeline.print_plan(selected)
            if holder := find_holder(folder):
                console.print(holder, markup=False, highlight=False, soft_wrap=True)
            if not skip_checks:
                pipeline.check(selected, show=True)
            return pipeline.summarise(planner.states(selected[0].name))
        try:
            with lock_folder(folder) as lock, stoppable():
                if not skip_checks:
                    pipeline.check(selected)
                return pipeline.run(selected, lock)
        except KeyboardInterrupt:
            raise PipelineError('interrupted; the same command continues') from None


class _Pipeline:
    """Runs the stages that a planner selects."""

    def __init__(
        self,
        planner: Planner,
        work_dir: Path,
        *,
        console: Console,
        runner: StageRunner,
        settings: Mapping[str, Any],
    ) -> None:
        self.planner, self.work_dir, self.console = planner, work_dir, console
        self.runner, self.settings = runner, settings
        self.folders, self.configs = planner.folders, planner.configs

    def print_plan(self, selected: Sequence[Stage]) -> None:
        """Print what would be done."""
        width = max(map(len, self.folders))
        plan = self.planner.plan(selected)
        for name, folder in self.folders.items():
            if name not in plan:
                self._say(f'{name:{width}}  not selected')
                continue
            decision = plan[name]
            word = _PLANNED.get(decision.verb, decision.verb)
            self._say(f'{name:{width}}  {word:14}  {decision.reason}')
            if decision.runs:
                self._say(f'{"":{width}}  {self._origin(folder.stage)}')
                command = self.runner.command(folder.stage, decision)
                self._say(f'{"":{width}}  {shlex.join(command)}')
        to_run = [name for name, decision in plan.items() if decision.runs]
        self._say(f'{len(to_run)} of {len(self.folders)} stages will run in {self.work_dir}')

    def check(self, selected: Sequence[Stage], *, show: bool = False) -> None:
        """Check that everything that the stages to run need exists.

        Args:
            selected: The stages.
            show: Print the table of needs even if nothing is missing.

        Raises:
            PipelineError: Something is missing; the table names it.
        """
        plan = self.planner.plan(selected)
        stages = [stage for stage in selected if plan[stage.name].runs]
        needs = find_needs(self.planner, stages, self.work_dir)
        missing = [need for need in needs if need.problem]
        if show or missing:
            print_needs(needs, self.console)
        if missing:
            raise PipelineError(
                f'{len(missing)} things are missing or wrong (see the table), nothing was started: '
                f'{"; ".join(f"{need.what} {need.name}" for need in missing[:5])}'
                f'{" ..." if len(missing) > 5 else ""}. --skip-checks begins nevertheless'
            )

    def _origin(self, stage: Stage) -> str:
        """Say what a stage's config is made of."""
        seed = self.settings['seed']
        seeded = {} if seed is None else {'randomness.seed': seed}
        changes = {**seeded, **stage.cfg_options, **stage.inputs}
        shown = ', '.join(
            f'{key}={value if isinstance(value, Reference) else repr(value)}'
            for key, value in changes.items()
        )
        return f'{stage.config}{" with " if shown else ""}{shown}'

    # Running ------------------------------------------------------------------------

    def run(self, selected: Sequence[Stage], lock: int | None = None) -> list[dict[str, Any]]:
        """Run what has to run, then print the table and write the manifest and the report."""
        first = selected[0].name
        photos = self.planner.recipe.photos
        if photos is not None and self.folders[photos['tags']].stage in selected:
            from mmwsss.recipes.photos import show_tags

            show_tags(self.planner, self.console)
        with PipelineProgress(self.console, len(selected)) as progress, WarmStarts() as warm:
            start = warm.start if len(selected) > 1 else start_process
            for stage in selected:
                decision = self.planner.decide(stage)
                progress.begin(stage.name)
                progress.say(f'{stage.name} {_SAID[decision.verb]}: {decision.reason}')
                if decision.runs:
                    try:
                        self.runner.run(stage, decision, progress, lock, start)
                    finally:
                        self._write_manifest(self.planner.states(first))
                self._show_corrections(stage, progress)
                progress.end()
        states = self.planner.states(first)
        rows = self.summarise(states)
        report, shown = self.work_dir / 'report.html', report_hash(self.planner, rows)
        is_new = not report.exists() or shown != (read_json(self._manifest) or {}).get('report')
        self._write_manifest(states, None if is_new else shown)
        print_summary(rows, self.console)
        if photos is not None:
            from mmwsss.recipes.photos import show_signs

            show_signs(self.planner, self.console, self.work_dir / 'signs.json')
        if is_new and shown:
            write_report(self.planner, report, rows)
            self._say(f'report: {report}')
            self._write_manifest(states, shown)
        self._say(f'manifest: {self._manifest}')
        return rows

    def summarise(self, states: Mapping[str, str]) -> list[dict[str, Any]]:
        """Rows of the summary table."""
        return summarise(self.folders, self.configs, states)

    def _show_corrections(self, stage: Stage, progress: PipelineProgress) -> None:
        """Say which masks of a stage were corrected by hand; later stages see them as new input."""
        folder = self.folders[stage.name]
        try:
            ids = folder.corrected()
        except StoreError as error:
            raise PipelineError(f'stage {stage.name}: {error}') from None
        if ids:
            folder.accept_corrections()
            shown = ', '.join(ids[:5]) + (', ...' if len(ids) > 5 else '')
            progress.say(f'  {len(ids)} masks corrected by hand are kept and used ({shown})')

    @property
    def _manifest(self) -> Path:
        return self.work_dir / 'manifest.json'

    def _write_manifest(self, states: Mapping[str, str], report: str | None = None) -> None:
        write_manifest(
            self._manifest, self.planner.recipe, self.folders, self.settings, states, report
        )

    def _say(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)
