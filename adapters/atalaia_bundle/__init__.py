"""Function bundles: everything that a cloud's function needs beside its runtime, in one zip file, without Docker."""

from atalaia_bundle.building import Bundle, build
from atalaia_bundle.targets import ARCHITECTURES, Target
from atalaia_bundle.zipping import LIMIT

__all__ = ["ARCHITECTURES", "LIMIT", "Bundle", "Target", "build"]
