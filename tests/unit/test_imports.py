"""What is dear to import is imported only where it is needed: a function pays for it at each cold start."""

import subprocess
import sys

import pytest

INGEST = "import sys\nfrom atalaia.monitoring.ingesting import Ingester\nprint(*sys.modules)"


@pytest.mark.parametrize("module", ["pandas", "scipy", "boto3", "pyarrow.parquet", "atalaia.logs.blockreading"])
def test_importing_the_ingest_path_does_not_import(module):
    told = subprocess.run([sys.executable, "-c", INGEST], capture_output=True, text=True, check=True)

    assert module not in told.stdout.split()
