"""Function bundles: everything that a cloud's function needs beside its runtime, in one zip file, without Docker."""

from atalaia_bundle.building import Bundle, build
from atalaia_bundle.clouds import AWS, CLOUDS, Cloud
from atalaia_bundle.targets import ARCHITECTURES, Target

__all__ = ["ARCHITECTURES", "AWS", "CLOUDS", "Bundle", "Cloud", "Target", "build"]
