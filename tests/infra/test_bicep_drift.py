"""Bicep that is broken in one place is seen to deploy something else than Terraform does."""

import pytest
from bicep import SAME, broken, different, mistakes, told_by, worked_out
from infrastructure import AZURE_COMPLETE

# By file: what is broken, a text, what it is replaced with, and what is said if nothing is deployed at all.
DIFFERENT = {
    "main.bicep": [
        ("a setting is lost", "union(settings.environment, timers, links,", "union(timers, links,"),
        (
            "the functions write what they only read",
            "role: 'Storage Blob Data Reader'",
            "role: 'Storage Blob Data Contributor'",
        ),
        ("a role is missing", "    accountRoles: ['Storage Blob Data Owner']\n", ""),
        (
            "a role is for another identity",
            "principalId: logTopic!.outputs.principalId",
            "principalId: app.outputs.principalId",
        ),
        ("answers are watched where no row has a label", "?? '') == 'label')", "?? 'feature') != '')"),
        ("silence after another time", "(each.seconds + 3599) / 3600", "each.seconds / 3600"),
        (
            "all that is written is a log",
            "${join(concat([each.logs[1], 'blobs'], skip(each.logs, 2)), '/')}/",
            "${each.logs[1]}/blobs/",
        ),
        ("logs that grow are announced", "each => !each.grows", "each => true"),
        ("links lead to the status page", "net/api/approve'", "net/api/status/'"),
        ("the key of links cannot be read", "'), approvalSecrets)", "'))"),
        ("another queue", "queue: storage.outputs.queues[0]", "queue: storage.outputs.queues[1]"),
        ("a topic is made a second time", "isThere: contains(knownIds, workspace.id)", "isThere: false"),
        ("jobs are told to another function", "functions/${settings.jobs.function}", "functions/evaluate"),
        (
            "lost events of jobs raise no alarm",
            "for (workspace, i) in workspaces: { name",
            "for (workspace, i) in []: { name",
        ),
        ("another size", "size.?memory_mb ?? settings.size.memory_mb", "settings.size.memory_mb"),
    ],
    "storage-access": [
        ("a role is for the account", "  scope: queue[i]", "  scope: account"),
    ],
    "secret-access": [
        ("all of a vault can be read", "  scope: secret[i]", "  scope: vault"),
    ],
    "roles.json": [
        ("a role has another GUID", "974c5e8b-45b9-4653-ba55-5f855dd0fb88", "ba92f5b4-2d11-453d-a403-e96b0029c9fe"),
    ],
    "storage": [
        ("keys open the account", "allowSharedKeyAccess: false", "allowSharedKeyAccess: true"),
    ],
    "telemetry": [
        ("telemetry from anybody", "DisableLocalAuth: true", "DisableLocalAuth: false"),
        ("a saved query is forgotten", "  { name: 'health', text: loadTextContent('../../queries/health.kql') }\n", ""),
    ],
    "alarms": [
        ("a function that is not known", "take(name, 12)", "truncate(name, 12)", "truncate"),
        ("another limit", "most: limits.drift,", "most: limits.drifted_share,"),
        (
            "another severity",
            "query: 'lag', most: limits.lag_seconds, severity: 3",
            "query: 'lag', most: limits.lag_seconds, severity: 2",
        ),
        ("another query", "replace(queries[each.query]", "replace(queries.drift"),
        ("a monitor's name is not put in", "'MONITOR', each.monitor", "'monitor', each.monitor"),
        ("an alarm asks another resource", "? workspace.id : insights.id", "? insights.id : insights.id"),
        ("an alarm is missing", "concat(ofReports, ofSilence, ofAll)", "concat(ofReports, ofAll)"),
        ("another window", "windowSize: how.looks_back", "windowSize: how.every"),
        ("another share of the budget", "* hundredths / 100", "* hundredths / 10"),
    ],
    "examples/complete.bicepparam": [
        (
            "a monitor file is forgotten",
            "  loadYamlContent('../../terraform/modules/azure-monitor/examples/complete/monitors/fraud.yaml')\n",
            "",
        ),
        ("too many gigabytes", "dailyGigabytes = 5", "dailyGigabytes = 5000", "dailyGigabytes is too large"),
        (
            "a limit that there is not",
            "  lag_seconds: 7200",
            "  lag: 1\n  lag_seconds: 7200",
            "alarms has no limit lag.",
        ),
        (
            "alarms that would see nothing",
            "  ATALAIA_DETAIL: 'columns'\n",
            "  ATALAIA_METRICS: 'otlp'\n",
            "set drift, drifted_share, failed_share, lag_seconds, performance, rejected_rows, silent_hours of alarms",
        ),
    ],
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """By mistake, what is deployed with it, or why nothing is."""
    every = {
        each: broken(each, tmp_path_factory.mktemp("mistake")) / SAME[AZURE_COMPLETE] for each in mistakes(DIFFERENT)
    }
    found = worked_out(*every.values())
    return {each: found[file] for each, file in every.items()}


@pytest.mark.parametrize("mistake", mistakes(DIFFERENT), ids=str)
def test_it_is_seen(deployed_on_azure, made, mistake):
    if mistake.said:
        assert mistake.said in made[mistake]
    else:
        assert different(told_by(deployed_on_azure), made[mistake])
