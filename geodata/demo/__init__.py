"""The demo city: a whole city made from public packages and a seed, for a machine without one."""

from geodata.demo.build import Manifest, build
from geodata.demo.recipe import Recipe
from geodata.demo.sources import SourceError

__all__ = ["Manifest", "Recipe", "SourceError", "build"]
