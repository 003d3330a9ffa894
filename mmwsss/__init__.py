"""mmwsss: weakly-supervised semantic segmentation on OpenMMLab.

Importing the package is free: it defines the version and installs the lazy import finders of
:mod:`mmwsss.compat` and :mod:`mmwsss.import_hooks`, nothing else (no torch, no mm package).
"""

from mmwsss import compat, import_hooks
from mmwsss.version import __version__

compat.install()
import_hooks.install()

__all__ = ['__version__']
