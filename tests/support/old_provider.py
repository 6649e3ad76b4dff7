"""Applies an example for real: Terraform's core, HashiCorp's own provider for AWS, and the emulator as the cloud.

The provider is of May 2021, the last one in a package. A copy of the configuration is brought down to what it knows:
resources of later years are taken out, and arguments that it refuses. What is left is made over AWS's own protocols.
"""

import json
import os
import re
import subprocess

from infrastructure import PYTHON, ROOT, SECONDS

PLUGIN = ROOT / "build/infra/provider/terraform-provider-aws_v3.39.0_x5"
LATER = "aws_(s3_bucket_(versioning|server_side_encryption_configuration|lifecycle_configuration)|lambda_function_url)"
LATER += "|aws_sqs_queue_redrive_allow_policy|aws_cloudwatch_query_definition"  # the second, the emulator has not
BLOCKS = re.compile(rf'^(resource "({LATER})"|output "status_url").*?^\}}\n', re.MULTILINE | re.DOTALL)
PROVIDER = re.compile(r'^provider "aws" \{.*?\}\n', re.MULTILINE | re.DOTALL)
ENCRYPTED = """
  server_side_encryption_configuration {
    rule {
      apply_server_side_encryption_by_default {
        sse_algorithm = "AES256"
      }
    }
  }

"""  # what the later resource says; S3 tells of it in any case
WORDS = {
    "\n  depends_on = [aws_s3_bucket_versioning.own]": "",
    "aws_s3_object": "aws_s3_bucket_object",
    "data.aws_region.current.region": "data.aws_region.current.name",
    ">= 6.29, < 7.0": ">= 3.0",
    "\n  force_destroy = true": f"\n{ENCRYPTED}  force_destroy = true",
    "local.settings.runtime": '"python3.8"',
    "aws_lambda_function_url.approve[name].function_url": "name",
}
SERVICES = ["s3", "lambda", "iam", "sts", "cloudwatch", "cloudwatchlogs", "cloudwatchevents", "sns", "sqs"]
REFUSED = ("Unsupported argument", "Unsupported block type")


def made_ready(folder, modules, aws):
    """Change a configuration and the modules that it uses, copies both, for the provider and the emulator."""
    for path in (each for place in (folder, *modules) for each in place.glob("*.tf")):
        text = BLOCKS.sub("", path.read_text())
        for word, other in WORDS.items():
            text = text.replace(word, other)
        path.write_text(PROVIDER.sub("", text))
    (folder / "provider.tf").write_text(configured(aws))
    (folder / "plugins").mkdir()
    (folder / "plugins/terraform-provider-aws").symlink_to(PLUGIN)
    overrides = f'dev_overrides {{\n    "hashicorp/aws" = "{folder}/plugins"\n  }}\n  direct {{}}'
    (folder / "terraformrc").write_text(f"provider_installation {{\n  {overrides}\n}}\n")
    found = core(folder, "get")
    assert found.returncode == 0, found.stderr
    take_out_what_is_refused(folder)


def configured(aws):
    keys, url = aws.run["variables"], aws.run["endpoint"]
    endpoints = "".join(f'    {name} = "{url}"\n' for name in SERVICES)
    told = {
        "access_key": json.dumps(keys["AWS_ACCESS_KEY_ID"]),
        "secret_key": json.dumps(keys["AWS_SECRET_ACCESS_KEY"]),
    }
    told |= {"region": json.dumps(aws.run["region"]), "max_retries": "2"}
    skipped = ("credentials_validation", "metadata_api_check", "requesting_account_id")
    told |= dict.fromkeys((*(f"skip_{each}" for each in skipped), "s3_force_path_style"), "true")
    lines = "".join(f"  {name} = {value}\n" for name, value in told.items())
    return f'provider "aws" {{\n{lines}  endpoints {{\n{endpoints}  }}\n}}\n'


def core(folder, *arguments):
    """A command of Terraform's core, with the real provider."""
    more = {"TF_CLI_CONFIG_FILE": str(folder / "terraformrc"), "CHECKPOINT_DISABLE": "1"}
    environment = os.environ | more  # noqa: TID251 (the machine's)
    command = [PYTHON, ROOT / "infra/checks", "core", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS
    )


def take_out_what_is_refused(folder, tries=40):
    """Remove the arguments and blocks that the provider does not know."""
    for _ in range(tries):
        told = json.loads(core(folder, "validate", "-json").stdout)["diagnostics"]
        faults = [each for each in told if each["severity"] == "error"]
        if not faults:
            return
        assert {each["summary"] for each in faults} <= set(REFUSED), faults
        places = {(each["range"]["filename"], each["range"]["start"]["line"]) for each in faults}
        for name, line in sorted(places, reverse=True):  # from below, as what is above keeps its place
            remove(folder / name, line - 1)
    raise AssertionError(faults)


def remove(path, first):
    """Remove the argument or block that begins in a line."""
    lines, depth, last = path.read_text().splitlines(keepends=True), 0, first
    while True:
        depth += sum(map(lines[last].count, "{[(")) - sum(map(lines[last].count, "}])"))
        last += 1
        if depth <= 0:
            break
    path.write_text("".join(lines[:first] + lines[last:]))
