"""Fully connected conditional random field over one image, by mean-field iterations."""

from __future__ import annotations

import importlib
from dataclasses import asdict, dataclass, replace
from types import ModuleType
from typing import Any, Literal, get_args

import numpy as np
import torch

from mmwsss.ops.lattice_crf import LatticeCRF

Backend = Literal['lattice', 'pydensecrf']
ChannelOrder = Literal['rgb', 'bgr']
KernelImage = Literal['photo', 'wrapped']
#: Mean of R, G and B that DeepLab's Caffe models subtract.
_CAFFE_MEAN = np.array([122.675, 116.669, 104.008], np.float32)


class CRFNotInstalled(ImportError):
    """The optional library of the dense CRF is missing."""


def crf_library() -> ModuleType:
    """Import ``pydensecrf``.

    Raises:
        CRFNotInstalled: It is not installed; says how to install it and what does without it.
    """
    try:
        return importlib.import_module('pydensecrf.densecrf')
    except ImportError as error:
        raise CRFNotInstalled(
            "backend='pydensecrf' needs the extra [crf]: pip install 'mmwsss[crf]' (pydensecrf2, "
            "which is compiled: a C++ compiler and Python 3.10 to 3.12). backend='lattice' needs "
            'no library and gives the same labels, 1.6 to 1.8 times as slowly'
        ) from error


def check_backend(backend: str) -> None:
    """Raise an error if a backend is unknown or not installed.

    Raises:
        CRFNotInstalled: The library is missing.
        ValueError: The name is unknown.
    """
    if backend not in get_args(Backend):
        raise ValueError(f"backend must be 'lattice' or 'pydensecrf', found {backend!r}")
    if backend == 'pydensecrf':
        crf_library()


@dataclass(frozen=True)
class CRFProtocol:
    """Kernel widths, weights and iterations of a dense CRF.

    Args:
        gaussian_sxy: Width of the smoothness kernel in pixels.
        gaussian_compat: Its weight.
        bilateral_sxy: Width of the appearance kernel in pixels.
        bilateral_srgb: Its width in grey levels.
        bilateral_compat: Its weight.
        iterations: Mean-field iterations; 0 gives the unary's softmax.

    Raises:
        ValueError: A width is not positive, or the iterations are negative.
    """

    gaussian_sxy: float
    gaussian_compat: float
    bilateral_sxy: float
    bilateral_srgb: float
    bilateral_compat: float
    iterations: int = 10

    def __post_init__(self) -> None:
        if min(self.gaussian_sxy, self.bilateral_sxy, self.bilateral_srgb) <= 0:
            raise ValueError(f'widths of CRF kernels must be positive, found {asdict(self)}')
        if self.iterations < 0:
            raise ValueError(f'iterations must be at least 0, found {self.iterations}')

    def scaled(self, factor: float) -> CRFProtocol:
        """Adapt the protocol to an image ``factor`` times smaller (PSA's ``scale_factor``)."""
        return replace(
            self,
            gaussian_sxy=self.gaussian_sxy / factor,
            bilateral_sxy=self.bilateral_sxy / factor,
        )


# As published: PSA (also MCTformer, S2C, CTI, ICAM); PSA's with one iteration, after ICAM's random
# walk; IRN (RIB, LPCAM); DeepLab-v2 (CLIP-ES, tests of FMA-WSSS, MoRe and ExCEL); tests of ToCo,
# SeCo and DuPL; MCTformer's segmentor; ICAM's second stage.
PROTOCOLS: dict[str, CRFProtocol] = {
    'psa': CRFProtocol(3, 3, 80, 13, 10),
    'psa_rw': CRFProtocol(3, 3, 80, 13, 10, iterations=1),
    'irn': CRFProtocol(3, 3, 50, 5, 10),
    'deeplab': CRFProtocol(1, 3, 67, 3, 4),
    'toco': CRFProtocol(1, 1, 121, 5, 4),
    'mct_seg': CRFProtocol(4, 3, 83, 5, 3),
    'icam_final': CRFProtocol(3, 3, 32, 13, 10, iterations=1),
}


def crf_protocol(protocol: str | dict[str, Any] | CRFProtocol) -> CRFProtocol:
    """Get a protocol by name, or from the fields of :class:`CRFProtocol`.

    Raises:
        ValueError: The name is unknown.
    """
    if isinstance(protocol, str):
        if protocol not in PROTOCOLS:
            raise ValueError(f'protocol must be one of {sorted(PROTOCOLS)}, found {protocol!r}')
        return PROTOCOLS[protocol]
    return protocol if isinstance(protocol, CRFProtocol) else CRFProtocol(**protocol)


def softmax_unary(scores: np.ndarray) -> np.ndarray:
    """Convert scores to unary energies ``-log(clip(p, 1e-5, 1))``; they need not sum to 1.

    Args:
        scores: In [0, 1], float32, any shape.

    Raises:
        ValueError: A score is not finite.
    """
    if not np.isfinite(scores).all():
        raise ValueError('scores of a CRF must be finite, found NaN or infinity')
    return -np.log(np.clip(scores, 1e-5, 1))


def label_unary(labels: np.ndarray, number: int, confidence: float = 0.7) -> np.ndarray:
    """Convert labels that are right with a given probability to unary energies.

    Args:
        labels: 0..number-1; 0 is a label like the others. Shape: (H, W).
        number: Number of labels, at least 2.
        confidence: Probability of the label given; the others share the rest.

    Returns:
        Shape: (number, H, W), float32.

    Raises:
        ValueError: Fewer than two labels, or the confidence is no probability.
    """
    if number < 2 or not 0 < confidence < 1:
        raise ValueError(
            'at least two labels and a confidence between 0 and 1 are expected, found '
            f'{number} and {confidence}'
        )
    given = labels == np.arange(number)[:, None, None]
    other = (1 - confidence) / (number - 1)
    return np.where(given, -np.log(confidence), -np.log(other)).astype(np.float32)


def wrapped_image(image: np.ndarray) -> np.ndarray:
    """Image for CLIP-ES's kernels: the photo minus a mean colour, wrapped around to 0..255.

    Fractions are cut off and negative numbers go round, as the cast does on x86: 104 less 104.008
    is 0, 103 becomes 255. Grey levels around the mean are torn apart.

    Args:
        image: RGB. Shape: (H, W, 3), uint8.

    Returns:
        Shape: (H, W, 3), uint8.
    """
    # Through int32: casting a negative float to uint8 differs between processors.
    return (image.astype(np.float32) - _CAFFE_MEAN).astype(np.int32).astype(np.uint8)


class DenseCRF:
    """Dense CRF of one image; the kernels are built once for any number of unary energies.

    `Efficient Inference in Fully Connected CRFs with Gaussian Edge Potentials
    <https://arxiv.org/abs/1210.5644>`_. The kernels depend on the image alone: they are built once
    (a third of the time of a call), and each call gives what a new object would, bit for bit.

    Give it the labels that are present: 21 instead of 3 take twice the time, and move the scores of
    smooth maps by less than 1e-4.

    Args:
        image: RGB. Shape: (H, W, 3), uint8.
        labels: Number of labels. With one label there is nothing to infer: its score is 1.
        protocol: Kernels and iterations: a name of :data:`PROTOCOLS`, or fields.
        channel_order: Order of the channels that the kernels see. The exact kernels are symmetric
            in them, their approximation is not: the other order changes up to 1 % of the labels.
            RGB in the PSA and IRN families, BGR in CLIP-ES and DeepLab.
        kernel_image: ``'photo'``, or ``'wrapped'``: :func:`wrapped_image` of it, as published by
            CLIP-ES.
        backend: ``'lattice'``: plain torch, see :class:`mmwsss.ops.lattice_crf.LatticeCRF`; or
            ``'pydensecrf'``: the compiled library that the published numbers were made with. On
            photos their scores differ by less than 1e-3 and hardly any label does.
        device: Where the lattice computes.

    Raises:
        CRFNotInstalled: The library is missing.
        ValueError: An argument is out of range.

    Example:
        >>> crf = DenseCRF(image, 3)
        >>> few, many = (crf(softmax_unary(scores)) for scores in (strict, loose))
    """

    _infer: _LatticeBackend | _CompiledBackend

    def __init__(
        self,
        image: np.ndarray,
        labels: int,
        protocol: str | dict[str, Any] | CRFProtocol = 'psa',
        channel_order: ChannelOrder = 'rgb',
        kernel_image: KernelImage = 'photo',
        *,
        backend: Backend = 'lattice',
        device: torch.device | str = 'cpu',
    ) -> None:
        check_backend(backend)
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ValueError(
                f'an RGB image (H, W, 3) of uint8 is expected, found {image.dtype} {image.shape}'
            )
        if labels < 1:
            raise ValueError(f'at least one label is expected, found {labels}')
        if channel_order not in get_args(ChannelOrder):
            raise ValueError(f"channel_order must be 'rgb' or 'bgr', found {channel_order!r}")
        if kernel_image not in get_args(KernelImage):
            raise ValueError(f"kernel_image must be 'photo' or 'wrapped', found {kernel_image!r}")
        if kernel_image == 'wrapped':
            image = wrapped_image(image)
        self.protocol = crf_protocol(protocol)
        self.shape = (labels, *image.shape[:2])
        if labels == 1:
            return
        seen = np.ascontiguousarray(image[..., ::-1] if channel_order == 'bgr' else image)
        if backend == 'lattice':
            batch = torch.from_numpy(seen).to(device).permute(2, 0, 1)[None]
            self._infer = _LatticeBackend(batch, self.protocol)
        else:
            self._infer = _CompiledBackend(seen, labels, self.protocol)

    def __call__(self, unary: np.ndarray) -> np.ndarray:
        """Infer the probabilities of all labels.

        Args:
            unary: Energies. Shape: (labels, H, W).

        Returns:
            Scores that sum to 1. Shape: (labels, H, W), float32.

        Raises:
            ValueError: The energies are of another image, or of other labels.
        """
        if unary.shape != self.shape:
            raise ValueError(
                f'energies of shape {self.shape} (labels, H, W) are expected for this image, '
                f'found {unary.shape}'
            )
        if self.shape[0] == 1:
            return np.ones(self.shape, np.float32)
        return self._infer(unary)


class _LatticeBackend:
    def __init__(self, images: torch.Tensor, protocol: CRFProtocol) -> None:
        self.crf, self.device = LatticeCRF(images, protocol), images.device

    def __call__(self, unary: np.ndarray) -> np.ndarray:
        energies = torch.from_numpy(np.ascontiguousarray(unary, np.float32)).to(self.device)
        return self.crf(energies[None])[0].cpu().numpy()


class _CompiledBackend:
    def __init__(self, image: np.ndarray, labels: int, protocol: CRFProtocol) -> None:
        height, width = image.shape[:2]
        self.shape, self.iterations = (labels, height, width), protocol.iterations
        self.crf = crf_library().DenseCRF2D(width, height, labels)
        self.crf.addPairwiseGaussian(sxy=protocol.gaussian_sxy, compat=protocol.gaussian_compat)
        self.crf.addPairwiseBilateral(
            sxy=protocol.bilateral_sxy,
            srgb=protocol.bilateral_srgb,
            rgbim=image,
            compat=protocol.bilateral_compat,
        )

    def __call__(self, unary: np.ndarray) -> np.ndarray:
        flat = np.ascontiguousarray(unary.reshape(self.shape[0], -1), np.float32)
        self.crf.setUnaryEnergy(flat)
        return np.array(self.crf.inference(self.iterations), np.float32).reshape(self.shape)
