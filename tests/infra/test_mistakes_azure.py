"""Mistakes planted in a copy of the infrastructure for Azure: each is caught by one of the checks."""

import pytest
from azure_facts import FACTS
from infrastructure import AZURE_COMPLETE, AZURE_MODULE, applied, checks, terraform
from planting import Mistake, planted


def is_valid(infra):
    found = terraform(infra / AZURE_COMPLETE, "validate", "-no-color")
    assert found.returncode == 0, found.stderr


def facts_hold(infra):
    made = applied(infra / AZURE_COMPLETE)
    for fact in FACTS:
        fact(made)


def tables_are_fresh(infra):
    found = checks("docs", "--check", infra / AZURE_MODULE)
    assert found.returncode == 0, found.stdout


INVALID = [
    Mistake("an argument is misspelt", "storage.tf", "min_tls_version  ", "minimum_tls  "),
    Mistake("an argument is missing", "functions.tf", '  sku_name            = "FC1"\n', ""),
    Mistake("a block is misspelt", "arrivals.tf", "  storage_queue_endpoint {", "  queue_endpoint {"),
    Mistake("a block is written as an argument", "arrivals.tf", "  retry_policy {", "  retry_policy = {"),
    Mistake("a block stands where none may", "storage.tf", "  blob_properties {", "  queue_properties {"),
    Mistake(
        "an argument has another type", "arrivals.tf", "= local.settings.arrivals.event_types", "= { created = true }"
    ),
    Mistake("a reference names nothing", "functions.tf", "azurerm_service_plan.app.id", "azurerm_service_plan.own.id"),
    Mistake("a type is misspelt", "storage.tf", '"azurerm_storage_queue" "own"', '"azurerm_storage_queues" "own"'),
    Mistake("a value is none of those allowed", "alarms.tf", '= "Maximum"', '= "Max"'),
    Mistake("a number is out of range", "alarms.tf", "severity            = 2", "severity            = 5"),
    Mistake(
        "a computed argument is set", "storage.tf", "  name               =", '  url = "x"\n  name               ='
    ),
    Mistake("a variable is not declared", "functions.tf", "var.subnet_id", "var.subnet"),
    Mistake("a type of Azure has no version", "functions.tf", "Microsoft.Web/sites@2025-03-01", "Microsoft.Web/sites"),
]
FALSE = [
    Mistake("a role is misspelt", "access.tf", "Monitoring Metrics Publisher", "Monitoring Metric Publisher"),
    Mistake(
        "a role is missing",
        "access.tf",
        "{ for name, queue in azurerm_storage_queue.own :",
        "{ for name, queue in {} :",
    ),
    Mistake(
        "a right is for the whole account",
        "access.tf",
        'Reader", scope = "${local.containers}/${name}"',
        'Reader", scope = var.storage_account_id',
    ),
    Mistake("logs can be written", "access.tf", "Storage Blob Data Reader", "Storage Blob Data Contributor"),
    Mistake(
        "rights are another's",
        "access.tf",
        "azapi_resource.app.identity[0].principal_id",
        "local.topic_principal",
    ),
    Mistake(
        "the topic writes what it wants",
        "access.tf",
        'azurerm_storage_container.own["dead-letters"].id',
        "azurerm_storage_account.own.id",
    ),
    Mistake(
        "the account has keys",
        "storage.tf",
        "shared_access_key_enabled       = false",
        "shared_access_key_enabled = true",
    ),
    Mistake("the bundle is called otherwise", "storage.tf", '"released-package.zip"', '"bundle.zip"'),
    Mistake("a setting of the app is misspelt", "functions.tf", "httpsOnly  ", "httpOnly  "),
    Mistake(
        "the bundle is read with a key", "functions.tf", '"SystemAssignedIdentity"', '"StorageAccountConnectionString"'
    ),
    Mistake("the host looks for a key", "functions.tf", "AzureWebJobsStorage__accountName ", "AzureWebJobsStorage "),
    Mistake("all of a vault can be read", "access.tf", '}/secrets/${basename(secret)}"', '}"'),
    Mistake("the key of links cannot be read", "monitors.tf", '"^keyvault:(https', '"^keyvault(https'),
    Mistake("links lead to the status page", "functions.tf", "/api/approve", "/api/status/"),
    Mistake("events go into another queue", "arrivals.tf", 'own["arrivals"].name', 'own["poison"].name'),
    Mistake("all of the account is told of", "arrivals.tf", "values = each.value", 'values = ["/blobServices/"]'),
    Mistake("logs that grow are told of", "monitors.tf", " if !each.grows", ""),
    Mistake("jobs are another function's", "arrivals.tf", "${local.settings.jobs.function}", "evaluate"),
    Mistake(
        "anybody sends telemetry",
        "telemetry.tf",
        "local_authentication_enabled = false",
        "local_authentication_enabled = true",
    ),
    Mistake("telemetry has no limit", "telemetry.tf", "= var.daily_gigabytes", "= -1"),
    Mistake("silence raises no alarm", "alarms.tf", 'operator = "LessThan"', 'operator = "GreaterThan"'),
    Mistake("an alarm asks of all monitors", "alarms.tf", '"MONITOR", each.value.monitor)', '"MONITOR", "")'),
    Mistake("answers are watched where no row has a label", "alarms.tf", "|| each.labelled", "|| true"),
    Mistake("an alarm tells nobody", "alarms.tf", "\n  action {\n    action_groups = [local.told]\n  }\n", ""),
    Mistake("the budget is told of when it is spent", "alarms.tf", "local.limits.budget_share * var", "1.5 * var"),
    Mistake("a metric is misspelt", "alarms.tf", '"DeadLetteredCount"', '"DeadLetterCount"'),
    Mistake(
        "lost events of jobs raise no alarm",
        "alarms.tf",
        "name, workspace in local.workspaces :",
        "name, workspace in {} :",
    ),
]
UNDOCUMENTED = [
    Mistake(
        "an input is not in the README",
        "variables.tf",
        'variable "tags" {',
        'variable "more" {\n  type = string\n}\n\nvariable "tags" {',
    ),
    Mistake("a provider has no upper bound", "versions.tf", '">= 2.12, < 3.0"', '">= 2.12"'),
]
CAUGHT_BY = {is_valid: INVALID, facts_hold: FALSE, tables_are_fresh: UNDOCUMENTED}
CASES = [pytest.param(check, each, id=str(each)) for check, mistakes in CAUGHT_BY.items() for each in mistakes]


@pytest.mark.parametrize(("check", "mistake"), CASES)
def test_it_is_caught_when(infra, tmp_path, check, mistake):
    copy = planted(mistake, infra, AZURE_MODULE, tmp_path)

    with pytest.raises((AssertionError, KeyError, ValueError)):
        check(copy)
