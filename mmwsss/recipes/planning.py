"""Which stages of a recipe are done, which have to run, and why."""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.config import Config

from mmwsss.config import ConfigError
from mmwsss.config.custom_imports import custom_modules, not_found
from mmwsss.recipes.code import ReachableCode
from mmwsss.recipes.edited_masks import import_advice
from mmwsss.recipes.errors import PipelineError, RecipeError
from mmwsss.recipes.identity import describe, differences
from mmwsss.recipes.recipe import Recipe, Stage
from mmwsss.recipes.resolving import merge_options, resolve_config
from mmwsss.recipes.stage_folder import StageFolder
from mmwsss.stores import StoreError


class Decision(NamedTuple):
    """Whether a stage has to run, and why.

    ``verb`` is 'done', 'run', 'resume' or 'redo' (the older result is put aside).
    """

    verb: str
    reason: str

    @property
    def runs(self) -> bool:
        """Whether the stage will run."""
        return self.verb in ('run', 'resume', 'redo')


class Planner:
    """Decides which stages have to run; it only reads the work directory.

    Args:
        recipe: The recipe. Its variables must be in the environment.
        work_dir: Folder of the stages' folders.
        seed: Seed of all stages. Defaults to that of their configs.
        ignore_code: Accept results of older code.

    Attributes:
        folders: Folder of each stage by name.
        configs: Resolved config of each stage; inputs stay 'stage.output' in it, so that paths do
            not matter.
    """

    def __init__(
        self, recipe: Recipe, work_dir: Path, *, seed: int | None, ignore_code: bool
    ) -> None:
        self.recipe, self.ignore_code = recipe, ignore_code
        self.folders = {s.name: StageFolder(s, work_dir / s.name) for s in recipe.stages}
        self.configs: dict[str, Config] = {}
        extra = {} if seed is None else {'randomness.seed': seed}
        for stage in recipe.stages:
            self.configs[stage.name] = resolve_config(stage, extra)
            self._check_imports(stage)
        for stage in recipe.stages:
            self._check_inputs(stage)

    def select(self, first: str | None, last: str | None) -> list[Stage]:
        """Stages from ``first`` to ``last``, whose other inputs must be there."""
        names = list(self.folders)
        for name in (first, last):
            if name is not None:
                self.recipe.stage(name)
        begin = names.index(first) if first else 0
        end = names.index(last) + 1 if last else len(names)
        selected = [self.recipe.stage(name) for name in names[begin:end]]
        if not selected:
            raise RecipeError(f'stage {last!r} comes before stage {first!r}: nothing to do')
        for stage in selected:
            for reference in stage.inputs.values():
                parent, output = reference
                if names.index(parent) < begin and self.folders[parent].output_hash(output) is None:
                    raise PipelineError(
                        f'--from {first}: stage {stage.name} takes {reference}, but stage {parent} '
                        f'is not finished in {self.folders[parent].folder}. Begin with it'
                    )
        return selected

    def decide(
        self, stage: Stage, to_run: Sequence[str] = (), code: ReachableCode | None = None
    ) -> Decision:
        """Say whether a stage has to run, and why.

        Args:
            stage: The stage.
            to_run: Earlier stages that will run, whose outputs are therefore not known.
            code: Finder of code, one for all stages that are decided on at once.
        """
        folder = self.folders[stage.name]
        if folder.is_foreign():
            raise PipelineError(
                f'{folder.folder} holds files that no pipeline left there; they are not touched. '
                'Move them away or choose another --work-dir'
            )
        waiting = [name for name in stage.parents() if name in to_run]
        if waiting:
            reason = f'takes what {" and ".join(waiting)} will make'
            return Decision('redo' if folder.done else 'run', reason)
        done, started = folder.done, folder.started
        if done is None and started is None:
            return Decision('run', 'it has not run before')
        reasons = differences(
            (done or started or {}).get('identity', {}),
            self.identity(stage, code),
            ignore_code=self.ignore_code,
        )
        if reasons:
            return Decision('redo', ', '.join(reasons))
        if done is None:
            return Decision('resume', 'was interrupted')
        try:
            if folder.intact():
                return Decision('done', f'finished {done["finished"]}')
            edited = folder.edited()
        except StoreError as error:
            raise PipelineError(f'stage {stage.name}: {error}') from None
        if edited:
            advice = import_advice(folder.folder / 'masks', edited)
            return Decision('resume', f'its output was changed: {advice}')
        # A store stage adds what is missing; a training without its checkpoint begins anew.
        verb = 'redo' if stage.action == 'train' else 'resume'
        return Decision(verb, 'its output is missing or was changed')

    def plan(self, selected: Sequence[Stage]) -> dict[str, Decision]:
        """Decision on each of some stages, before any of them runs."""
        plan: dict[str, Decision] = {}
        code = ReachableCode()
        for stage in selected:
            to_run = [name for name, decision in plan.items() if decision.runs]
            plan[stage.name] = self.decide(stage, to_run, code)
        return plan

    def states(self, first: str) -> dict[str, str]:
        """State of each stage's result.

        Args:
            first: First stage that a run looks at; earlier results are taken as they are.

        Returns:
            By stage 'done', 'outdated' (of older config, inputs or code: it would be redone),
            'unfinished' or 'not run'.
        """
        states: dict[str, str] = {}
        outdated: list[str] = []
        code = ReachableCode()
        for name, folder in self.folders.items():
            if name == first:
                outdated.clear()
            if folder.done is None:
                states[name] = 'unfinished' if folder.started else 'not run'
            elif self._is_outdated(folder.stage, outdated, code):
                states[name] = 'outdated'
                outdated.append(name)
            else:
                states[name] = 'done'
        return states

    def _is_outdated(self, stage: Stage, outdated: Sequence[str], code: ReachableCode) -> bool:
        try:
            return self.decide(stage, outdated, code).runs
        except PipelineError:  # its masks cannot be told from what it made
            return True

    def identity(self, stage: Stage, code: ReachableCode | None = None) -> dict[str, Any]:
        """Current record of what the stage's result depends on."""
        hashes = {}
        for reference in stage.inputs.values():
            parent, output = reference
            hashes[str(reference)] = self.folders[parent].output_hash(output) or '(missing)'
        try:
            return describe(stage, self.configs[stage.name], hashes, code)
        except SyntaxError as error:  # in code of others that it reaches
            raise PipelineError(
                f'stage {stage.name}: {error.filename}, line {error.lineno}: {error.msg}'
            ) from error

    def needed_output(self, stage: Stage) -> str | None:
        """Kind of output that a stage must produce: a checkpoint, a store, or only metrics."""
        if stage.action == 'train':
            return 'checkpoint'
        return (self.configs[stage.name].get('test_cfg') or {}).get('kind')

    def _check_imports(self, stage: Stage) -> None:
        code, where = ReachableCode(), f'stage {stage.name}: {stage.config}'
        try:
            missing = code.missing(custom_modules(self.configs[stage.name], required=True))
        except ConfigError as error:
            raise RecipeError(f'{where}: {error}') from None
        if missing:
            raise RecipeError(f'{where}: custom_imports: {not_found(missing, code.paths)}')

    def _check_inputs(self, stage: Stage) -> None:
        for reference in stage.inputs.values():
            parent, output = reference
            made = self.needed_output(self.recipe.stage(parent))
            if made != output:
                raise RecipeError(
                    f'stage {stage.name} takes {reference}, but {parent} makes '
                    f'{made or "numbers only"} (test_cfg of {self.recipe.stage(parent).config})'
                )

    def handed_config(self, stage: Stage) -> Config:
        """Config that a stage runs on, with the paths of its inputs."""
        cfg = copy.deepcopy(self.configs[stage.name])
        paths = {}
        for key, (parent, output) in stage.inputs.items():
            folder = self.folders[parent]
            paths[key] = str(folder.output(output) or folder.folder / output)
        merge_options(cfg, paths)
        return cfg
