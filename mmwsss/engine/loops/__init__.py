"""Loops."""

from mmwsss.engine.loops.store_loop import StoreTestLoop

__all__ = ['StoreTestLoop']
