"""mmwsss: weakly-supervised semantic segmentation on OpenMMLab.

Importing the package is free: it defines the version and installs the lazy
import finder of :mod:`mmwsss.compat`, nothing else (no torch, no mm package).
"""

from mmwsss import compat
from mmwsss.version import __version__

compat.install()

__all__ = ['__version__']
