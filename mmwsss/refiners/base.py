"""Interface of refiners."""

from __future__ import annotations

import inspect
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import torch

from mmwsss.registry import REFINERS, build
from mmwsss.structures import Proposals, Seeds


class Refiner(ABC):
    """Maps the seeds of an image to better seeds, or to a mask.

    Attributes:
        runs_in: 'worker' for plain CPU code, which runs in the DataLoader's processes; 'device'
            for refiners that compute with torch, which go to a GPU if there is one.
        output: 'seeds' or 'mask'.
        needs_proposals: Whether it needs proposals.
        needs_evidence: Whether its call takes seeds of a second store too, as ``evidence``. Call
            a refiner that may be one of these through :func:`apply`.
        device: Where a device refiner computes; set with :meth:`to`.
    """

    runs_in: Literal['worker', 'device']
    output: Literal['seeds', 'mask']
    needs_proposals: bool = False
    needs_evidence: bool = False
    device: torch.device = torch.device('cpu')

    def to(self, device: torch.device | str) -> Refiner:
        """Compute on this device from now on."""
        self.device = torch.device(device)
        return self

    def place(self, device: torch.device | str) -> Literal['worker', 'device']:
        """Where it runs if the models' device is this one.

        Without a GPU the DataLoader's processes are the only ones that can share the work, so
        every refiner runs there.
        """
        return 'worker' if torch.device(device).type == 'cpu' else self.runs_in

    @abstractmethod
    def __call__(
        self, image: np.ndarray, seeds: Seeds, proposals: Proposals | None = None
    ) -> Seeds | np.ndarray:
        """Refine one image's seeds.

        Args:
            image: RGB. Shape: (H, W, 3), uint8.
            seeds: Of any resolution, with ``seeds.size == (H, W)``.
            proposals: Of the same image, where ``needs_proposals``.

        Returns:
            Seeds, or labels of shape (H, W), uint8: 0 background, class id + 1, 255 undecided.
        """

    @abstractmethod
    def protocol(self) -> dict[str, Any]:
        """Settings as plain JSON, with ``type`` and ``threshold_tuned_on_masks``."""


def build_refiner(refiner: dict[str, Any] | Refiner) -> Refiner:
    """Build a refiner from its config, and check that it is one before any photo is loaded.

    Args:
        refiner: A config, or a refiner.

    Raises:
        TypeError: Its class is no :class:`Refiner`, or lacks a method.
        ValueError: It does not say what it returns and where it runs, or its record is not as
            :meth:`Refiner.protocol` has to give it.
    """
    kind: Any = refiner.get('type') if isinstance(refiner, Mapping) else type(refiner)
    kind = REFINERS.get(kind) if isinstance(kind, str) else kind
    if inspect.isclass(kind):
        if not issubclass(kind, Refiner):
            raise TypeError(
                f'{kind.__name__} is no refiner: derive it from mmwsss.refiners.Refiner'
            )
        if missing := sorted(kind.__abstractmethods__):
            raise TypeError(
                f'{kind.__name__} lacks {" and ".join(missing)}: a refiner has the methods '
                '__call__ and protocol (docs/add_a_method.md)'
            )
    built: Refiner = build(REFINERS, refiner)
    name = type(built).__name__
    for key, choices in (('output', ('seeds', 'mask')), ('runs_in', ('worker', 'device'))):
        if (found := getattr(built, key, None)) not in choices:
            raise ValueError(
                f'{name}.{key} must be {choices[0]!r} or {choices[1]!r}, found {found!r}: set it '
                'in the class'
            )
    record: Any = built.protocol()
    if (
        not isinstance(record, dict)
        or not isinstance(record.get('type'), str)
        or not isinstance(record.get('threshold_tuned_on_masks'), bool)
    ):
        raise ValueError(
            f"{name}.protocol() must return a dict with 'type' (a name) and "
            f"'threshold_tuned_on_masks' (True or False), found {record!r}"
        )
    try:
        json.dumps(record)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f'{name}.protocol() is kept as JSON: plain numbers, strings, lists and dicts ({error})'
        ) from error
    return built


def apply(
    refiner: Refiner,
    image: np.ndarray,
    seeds: Seeds,
    proposals: Proposals | None = None,
    evidence: Seeds | None = None,
) -> Seeds | np.ndarray:
    """Call a refiner with what it needs, and check what it returns.

    Args:
        refiner: Any; only those with ``needs_evidence`` have the argument ``evidence``.
        image: See :class:`Refiner`, as the seeds and proposals.
        seeds: What is refined.
        proposals: Of the same image, where ``needs_proposals``.
        evidence: Seeds of the same image from another source, where ``needs_evidence``.

    Returns:
        What the refiner returns.

    Raises:
        ValueError: The image is none, or of another size than the seeds; or what the refiner
            returns is not what its ``output`` says, of this size.
    """
    check_input(image, seeds)
    more: dict[str, Any] = {'evidence': evidence} if refiner.needs_evidence else {}
    result = refiner(image, seeds, proposals, **more)
    _check_result(refiner, result, seeds.size)
    return result


def _check_result(refiner: Refiner, result: Any, size: tuple[int, int]) -> None:
    name, kind = type(refiner).__name__, type(result).__name__
    if refiner.output == 'seeds':
        if not isinstance(result, Seeds):
            raise ValueError(
                f"{name}.output is 'seeds', and it returned a {kind} in place of Seeds"
            )
        if result.size != size:
            raise ValueError(f'{name} returned seeds of size {result.size} for a photo of {size}')
        return
    if not isinstance(result, np.ndarray):
        raise ValueError(f"{name}.output is 'mask', and it returned a {kind} in place of an array")
    if result.shape != size:
        raise ValueError(f'{name} returned a mask of {result.shape} for a photo of {size}')
    if result.dtype != np.uint8:
        raise ValueError(f'{name} returned a mask of {result.dtype}, uint8 is expected')


def check_input(image: Any, seeds: Seeds) -> None:
    """Refuse what is no RGB image, or one of another size than the seeds.

    Args:
        image: RGB. Shape: (H, W, 3), uint8.
        seeds: Of the same image.

    Raises:
        ValueError: It is anything else.
    """
    if not isinstance(image, np.ndarray):
        raise ValueError(
            f'an RGB image is expected, an array (H, W, 3) of uint8, found a {type(image).__name__}'
        )
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(
            f'an RGB image (H, W, 3) of uint8 is expected, found {image.dtype} {image.shape}'
        )
    if image.shape[:2] != seeds.size:
        raise ValueError(f'the seeds are of an image of {seeds.size}, this one is {image.shape}')


def proposals_of(refiner: Refiner, seeds: Seeds, proposals: Proposals | None) -> Proposals:
    """Return the proposals; raise an error if there are none, or of another size."""
    if proposals is None or proposals.size != seeds.size:
        found = None if proposals is None else proposals.size
        raise ValueError(
            f'{type(refiner).__name__} needs proposals of size {seeds.size}, found {found}'
        )
    return proposals
