"""What Bicep deploys, by kind and ID, beside what Terraform does; and mistakes planted in it."""

import json
import shutil
from pathlib import Path

from azure_bodies import bodies, lowered
from infrastructure import AZURE_COMPLETE, AZURE_MINIMAL, INFRA, checks
from planting import Mistake, plant

FOLDER = Path("bicep")
ROLES = {  # Azure's own
    "f6c7c914-8db3-469d-8ca1-694a8f32e121": "AzureML Data Scientist",
    "d5a91429-5739-47e2-a06b-3470a27159e7": "EventGrid Data Sender",
    "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": "Storage Blob Data Reader",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
    "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a": "Storage Queue Data Message Sender",
}
SAME = {AZURE_MINIMAL: FOLDER / "main.bicepparam", AZURE_COMPLETE: FOLDER / "examples/complete.bicepparam"}


def mistakes(table):
    """The mistakes of a table, in which files of modules stand without folder and ending."""
    files = {
        file: file if file.startswith(("main", "roles", "examples")) else f"modules/{file}.bicep" for file in table
    }
    return [Mistake(what, files[file], *row) for file, rows in table.items() for what, *row in rows]


def linked(folder):
    """Make a copy of Bicep beside what it reads; return its folder."""
    copy = folder / "infra"
    copy.mkdir(parents=True)
    for shelf in ("dashboards", "queries", "settings", "terraform"):
        (copy / shelf).symlink_to(INFRA / shelf)
    shutil.copytree(INFRA / FOLDER, copy / FOLDER)
    return copy


def broken(mistake, folder):
    """Make a copy of the infrastructure with a mistake; return its folder."""
    copy = linked(folder)
    plant(mistake, copy / FOLDER)
    return copy


def tried(inputs, folder):
    """By name, what the file of parameters made of each text deploys, or why it deploys nothing."""
    copy = linked(folder)
    paths = {name: copy / FOLDER / f"tried-{index}.bicepparam" for index, name in enumerate(inputs)}
    for name, path in paths.items():
        path.write_text(f"using 'main.bicep'\n\n{inputs[name]}\n")
    found = worked_out(*paths.values())
    return {name: found[path] for name, path in paths.items()}


def files(infra):
    """Every file of Bicep."""
    return sorted(each for each in (infra / FOLDER).rglob("*.bicep*"))


def worked_out(*parameters):
    """By file of parameters, the bodies that it deploys, by kind and ID; or the text that says why it deploys none."""
    found = checks("bicep-values", *parameters)
    assert found.returncode == 0, found.stderr
    return {
        Path(file): made.get("error") or _by_key(map(_of_bicep, made["resources"]))
        for file, made in json.loads(found.stdout).items()
    }


def told_by(deployed):
    """The same of what Terraform made."""
    return _by_key(bodies(deployed))


def different(terraform, bicep):
    """What is not the same in both: kinds and keys, with both bodies."""
    keys = {(kind, key) for one in (terraform, bicep) for kind, found in one.items() for key in found}
    pairs = {(kind, key): (terraform.get(kind, {}).get(key), bicep.get(kind, {}).get(key)) for kind, key in keys}
    return [(each, *pairs[each]) for each in sorted(pairs) if pairs[each][0] != pairs[each][1]]


def _by_key(bodies):
    found = {}
    for kind, key, body in bodies:
        found.setdefault(kind, {}).setdefault(key, []).append(json.loads(json.dumps(body), parse_int=float))
    return found


def _of_bicep(resource):
    kind = resource["type"].partition("/")[2].lower()
    body = {
        name: resource[name]
        for name in ("identity", "kind", "location", "properties", "sku", "tags")
        if name in resource
    }
    body = lowered(body)
    properties = body.get("properties", {})
    if kind == "roleassignments":
        role = ROLES[properties["roleDefinitionId"].rpartition("/")[2]]
        who = (properties["principalId"], properties["principalType"])
        return kind, str((role, resource["scope"].lower(), *who)), {}
    if kind == "sites":
        properties["siteConfig"]["appSettings"].sort(key=lambda each: each["name"])
    if kind in ("querypacks/queries", "workbooks"):
        return kind, properties["displayName"], body
    if kind.endswith("services/containers") and resource["name"].endswith("-monitors"):
        kind = "containers of monitor files"
    return kind, resource["id"].lower(), body
