"""Mistakes planted in a copy of the infrastructure: each is caught by one of the checks."""

import pytest
from dashboard_facts import DASHBOARD
from deployed_facts import FACTS
from infrastructure import COMPLETE, MODULE, applied, checks, terraform
from planting import Mistake, planted


def is_valid(infra):
    found = terraform(infra / COMPLETE, "validate", "-no-color")
    assert found.returncode == 0, found.stderr


def facts_hold(infra):
    made = applied(infra / COMPLETE)
    for fact in FACTS + DASHBOARD:
        fact(made)


def wiring_passes(infra):
    found = terraform(infra / MODULE, "test", "-filter=tests/wiring.tftest.hcl", "-no-color")
    assert found.returncode == 0, found.stdout


def tables_are_fresh(infra):
    found = checks("docs", "--check", infra / MODULE)
    assert found.returncode == 0, found.stdout


INVALID = [
    Mistake("an argument is misspelt", "functions.tf", "memory_size  ", "memory_sise  "),
    Mistake("an argument is missing", "functions.tf", '  authorization_type = "AWS_IAM"\n', ""),
    Mistake("a block is misspelt", "functions.tf", "  logging_config {", "  log_config {"),
    Mistake("a block is written as an argument", "functions.tf", "  environment {", "  environment = {"),
    Mistake("a block stands where none may", "arrivals.tf", "  scaling_config {", "  destination_config {"),
    Mistake("an argument has another type", "iam.tf", 'actions = ["sts:AssumeRole"]', "actions = true"),
    Mistake("a reference names nothing", "functions.tf", "= aws_iam_role.function[", "= aws_iam_role.functions["),
    Mistake("a type is misspelt", "arrivals.tf", 'resource "aws_sqs_queue_policy"', 'resource "aws_sqs_queues_policy"'),
    Mistake("a value is none of those allowed", "alarms.tf", '"LessThanThreshold"', '"LowerThanThreshold"'),
    Mistake("a number is out of range", "alarms.tf", "period              = 60", "period              = 5"),
    Mistake(
        "a computed argument is set", "functions.tf", "  retention_in_days =", '  arn = "x"\n  retention_in_days ='
    ),
    Mistake("a variable is not declared", "functions.tf", "[var.architecture]", "[var.processor]"),
]
FALSE = [
    Mistake("places cannot be listed", "iam.tf", '"*" : "${place.folder}/*"...', '"*" : "${place.folder}"...'),
    Mistake(
        "folders of others can be listed",
        "iam.tf",
        'test     = "StringLikeIfExists"\n        variable',
        'test     = "StringNotLikeIfExists"\n        variable',
    ),
    Mistake(
        "a role is missing its policy",
        "iam.tf",
        "local.functions\n\n  name   = each.key",
        "{ ingest = {} }\n\n  name   = each.key",
    ),
    Mistake(
        "all functions have one role",
        "functions.tf",
        "aws_iam_role.function[each.key].arn",
        'aws_iam_role.function["evaluate"].arn',
    ),
    Mistake("an action is a wildcard", "iam.tf", '["s3:DeleteObject"]', '["s3:*"]'),
    Mistake("a resource is a wildcard", "iam.tf", "resources = [aws_sqs_queue.arrivals.arn]", 'resources = ["*"]'),
    Mistake("an action does not exist", "iam.tf", '"sqs:ReceiveMessage"', '"sqs:ReceiveMessages"'),
    Mistake(
        "metrics may go into any namespace",
        "iam.tf",
        'variable = "cloudwatch:namespace"',
        'variable = "aws:PrincipalAccount"',
    ),
    Mistake(
        "evaluate reads logs",
        "iam.tf",
        'name == "ingest" ? local.log_objects : []',
        'name != "status" ? local.log_objects : []',
    ),
    Mistake(
        "ingest writes reports",
        "iam.tf",
        '["baseline", "profiles", "rejects", "state"]\n    evaluate  = ["actions", "baseline", "renewals", "reports"',
        '["reports", "state"]\n    evaluate  = ["actions", "baseline", "renewals", "reports"',
    ),
    Mistake(
        "evaluate cannot write actions",
        "iam.tf",
        '["actions", "baseline", "renewals", "reports", "state"]',
        '["baseline", "renewals", "reports", "state"]',
    ),
    Mistake(
        "an ARN is of another service",
        "monitors.tf",
        ":sagemaker:${local.region}:${local.account}:pipeline/",
        ":events:${local.region}:${local.account}:pipeline/",
    ),
    Mistake(
        "any role may be passed",
        "iam.tf",
        "resources = distinct(local.trainings[*].role)",
        'resources = ["${local.arn}:iam::${local.account}:role/*"]',
    ),
    Mistake("any topic may be told", "iam.tf", "resources = local.topics", 'resources = ["${local.arn}:sns:*:*:*"]'),
    Mistake("an endpoint is not the named one", "monitors.tf", ":endpoint/${name}", ":endpoint/${name}*"),
    Mistake("a secret with a longer name may be read", "monitors.tf", '"-??????"', '"-*"'),
    Mistake("a secret is not of its name", "monitors.tf", '"^secretsmanager:([^#]+)"', '"^secretsmanager:(.+)"'),
    Mistake(
        "a function approves",
        "iam.tf",
        'evaluate  = ["actions", "baseline", "renewals", "reports"',
        'evaluate  = ["actions", "approvals", "baseline", "renewals", "reports"',
    ),
    Mistake(
        "who answers links reads reports",
        "iam.tf",
        '= ["actions", "approvals"]',
        '= ["actions", "approvals", "reports"]',
    ),
    Mistake(
        "who answers links reads all secrets",
        "approvals.tf",
        "[local.secrets[local.approval_key]]",
        "values(local.secrets)",
    ),
    Mistake(
        "links lead to another function", "approvals.tf", "url.approve[name].function_url", "url.status.function_url"
    ),
    Mistake(
        "who answers links can be called by name", "approvals.tf", '"AllowByAddress" ? true : null', '"" ? true : null'
    ),
    Mistake(
        "nobody may follow a link",
        "approvals.tf",
        'principal                = "*"',
        'principal = "events.amazonaws.com"',
    ),
    Mistake("jobs are written anywhere", "monitors.tf", "if try(policy.file, false) == true", "if true"),
    Mistake("anybody may take a role", "iam.tf", '["lambda.amazonaws.com"]', '["ec2.amazonaws.com"]'),
    Mistake(
        "the queue calls another function",
        "arrivals.tf",
        'aws_lambda_function.function["ingest"].arn',
        'aws_lambda_function.function["evaluate"].arn',
    ),
    Mistake(
        "a rule may not call its function",
        "events.tf",
        "= aws_cloudwatch_event_rule.function[each.key].arn",
        '= aws_cloudwatch_event_rule.function["evaluate"].arn',
    ),
    Mistake(
        "the bucket can be public", "storage.tf", "block_public_policy     = true", "block_public_policy     = false"
    ),
    Mistake(
        "silence raises no alarm",
        "alarms.tf",
        'treat_missing_data  = "breaching"',
        'treat_missing_data  = "notBreaching"',
    ),
    Mistake("an alarm tells nobody", "alarms.tf", "  alarm_actions       = [local.topic]\n", ""),
    Mistake(
        "logs go into one group",
        "functions.tf",
        "aws_cloudwatch_log_group.function[each.key].name\n",
        'aws_cloudwatch_log_group.function["ingest"].name\n',
    ),
    Mistake("a widget lies over another one", "dashboard.tf", "place] % 24", "place] % 12"),
    Mistake(
        "the dashboard draws a metric that nothing sends",
        "dashboard.tf",
        '"model", each.model]',
        '"model", each.model, "x", "y"]',
    ),
    Mistake(
        "the dashboard shows no monitor's alarm", "dashboard.tf", "aws_cloudwatch_composite_alarm.monitor :", "{} :"
    ),
    Mistake("a query lacks its logs", "dashboard.tf", '"${local.sources} | ${', '"${'),
    Mistake("the status page is open", "functions.tf", '"AWS_IAM"', '"NONE"'),
]
MISWIRED = [
    Mistake("functions have another size than tested", "functions.tf", "= each.value.memory_mb", "= 512"),
    Mistake(
        "metrics are watched under another name",
        "alarms.tf",
        'more = { metric = "of_limit" }',
        'more = { metric = "share" }',
    ),
    Mistake("answers are watched where no row has a label", "alarms.tf", "|| each.labelled", "|| true"),
    Mistake("labels are looked for under another role", "monitors.tf", '== "label"', '== "target"'),
    Mistake("the dashboard leaves a monitor out", "dashboard.tf", "if !can(panel.calls)", 'if name != "churn"'),
    Mistake(
        "prefixes of notifications overlap", "monitors.tf", "other != prefix && startswith(prefix, other)", "false"
    ),
]
UNDOCUMENTED = [
    Mistake(
        "an input is not in the README",
        "variables.tf",
        'variable "vpc" {',
        'variable "more" {\n  type = string\n}\n\nvariable "vpc" {',
    ),
    Mistake("a provider has no upper bound", "versions.tf", '">= 6.29, < 7.0"', '">= 6.29"'),
]
CAUGHT_BY = {is_valid: INVALID, facts_hold: FALSE, wiring_passes: MISWIRED, tables_are_fresh: UNDOCUMENTED}
CASES = [pytest.param(check, each, id=str(each)) for check, mistakes in CAUGHT_BY.items() for each in mistakes]


@pytest.mark.parametrize(("check", "mistake"), CASES)
def test_it_is_caught_when(infra, tmp_path, check, mistake):
    copy = planted(mistake, infra, MODULE, tmp_path)

    with pytest.raises((AssertionError, KeyError, ValueError)):
        check(copy)
