"""What checkov says of the infrastructure: nothing but what is skipped, each for a reason that still stands."""

import json
import os
import re
import shutil
import subprocess

import pytest
from infrastructure import INFRA, ROOT, SECONDS

SKIP = re.compile(r"^  - (CKV2?_[A-Z]+_\d+)  # (.+)$", re.MULTILINE)
NOBODY = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")  # whatever it would ask, it cannot
OPEN = """
resource "aws_s3_bucket" "planted" {
  bucket = "planted"
}

resource "aws_s3_bucket_public_access_block" "planted" {
  bucket              = aws_s3_bucket.planted.id
  block_public_policy = false
}
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """By whether it was planted, the checks that failed, without regard to what is skipped."""
    folder = tmp_path_factory.mktemp("checkov")
    left_out = shutil.ignore_patterns(".checkov.yaml", ".terraform*", "checks", "*.tfstate*")
    shutil.copytree(INFRA, folder / "infra", ignore=left_out)
    (folder / "planted").mkdir()
    (folder / "planted/main.tf").write_text(OPEN)
    command = [ROOT / "build/checkov/bin/checkov", "--directory", folder, "--framework", "terraform", "bicep"]
    told = subprocess.run(
        [*command, "--skip-download", "--quiet", "--compact", "--output", "json"], cwd=folder, capture_output=True,
        check=False, env={**os.environ, **NOBODY}, text=True, timeout=SECONDS,  # noqa: TID251 (the machine's)
    )  # fmt: skip
    reports = json.loads(told.stdout)
    failed = [
        each
        for report in (reports if isinstance(reports, list) else [reports])
        for each in report["results"]["failed_checks"]
    ]
    return {
        planted: {each["check_id"] for each in failed if planted == each["file_path"].startswith("/planted/")}
        for planted in (True, False)
    }


def test_what_fails_is_what_is_skipped_and_no_more_is_skipped(found):
    assert found[False] == {check for check, _ in skipped()}


def test_each_skip_has_a_reason():
    listed = re.findall(r"^  - ", (INFRA / ".checkov.yaml").read_text(), re.MULTILINE)

    assert len(skipped()) == len(listed)
    assert all(len(reason.split()) > 5 for _, reason in skipped())


def test_a_planted_mistake_is_caught(found):
    assert found[True] >= {"CKV_AWS_54", "CKV_AWS_56", "CKV2_AWS_61"}


def skipped():
    return SKIP.findall((INFRA / ".checkov.yaml").read_text())
