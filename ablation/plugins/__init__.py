"""Plug-in points: designs, losses, readers, metrics, tests and more, each found in one registry."""

from ablation.plugins.registry import Registry

__all__ = ["Registry"]
