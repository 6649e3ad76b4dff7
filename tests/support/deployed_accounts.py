"""An account on the emulator in which everything is as Terraform rendered it: names, roles with policies, wiring."""

import json

from accounts import MONITOR, Account
from deployments import deploy
from infrastructure import MINIMAL, applied, copied, terraform

PERMITTED = {
    "action": "Action", "function_name": "FunctionName", "function_url_auth_type": "FunctionUrlAuthType",
    "invoked_via_function_url": "InvokedViaFunctionUrl", "principal": "Principal", "source_account": "SourceAccount",
    "source_arn": "SourceArn", "statement_id": "StatementId",
}  # fmt: skip


def rendered(folder, monitor=MONITOR, **environment):
    """What Terraform makes of the minimal example with one monitor file, and perhaps with an environment."""
    example = copied(folder) / MINIMAL
    text = (example / "main.tf").read_text()
    given = f"  environment = {json.dumps(environment)}\n  monitors"
    assert text.count("\n  monitors") == 1
    (example / "main.tf").write_text(text.replace("  monitors", given))
    for path in (example / "monitors").iterdir():
        path.unlink()
    (example / "monitors/credit.yaml").write_text(monitor)
    found = terraform(example, "init", "-no-color")
    assert found.returncode == 0, found.stdout + found.stderr
    return applied(example)


class DeployedAccount(Account):
    """The account, from what Terraform made.

    Args:
        made: As `rendered` gives it.
    """

    def __init__(self, aws, made, code=None, monitor=MONITOR):
        self.made = made
        super().__init__(aws, code=code, monitor=monitor)

    def allow(self, function, statements=None):
        """Give a function's role a policy of these statements, or again the one that was rendered."""
        role, rendered_policy = self.made.all("aws_iam_role")[function], self.made.policies[function]
        policy = {"Version": "2012-10-17", "Statement": rendered_policy if statements is None else statements}
        iam = self.aws.client("iam")
        iam.put_role_policy(RoleName=role["name"], PolicyName=function, PolicyDocument=json.dumps(policy))

    def forbid(self, function, action, resource=""):
        """Take an action on resources that end so out of the policy of a function's role."""
        statements = [without(each, action, resource) for each in self.made.policies[function]]
        assert statements != self.made.policies[function]
        self.allow(function, [each for each in statements if each])

    def _deploy(self, rate, code):
        self._make_bucket()
        self._make_roles()
        self.functions = {name: self._make(name, code) for name in self.made.all("aws_lambda_function")}
        self.arrivals = self._make_queues()
        self._call_on_events()
        self._tell_of_logs()

    def _make_bucket(self):
        self.own = self.aws.bucket(self.made.one("aws_s3_bucket")["bucket"])
        self.s3.put_bucket_policy(Bucket=self.own, Policy=self.made.one("aws_s3_bucket_policy")["policy"])
        for each in self.made.all("aws_s3_object", "monitor").values():
            self.s3.put_object(Bucket=self.own, Key=each["key"], Body=self.monitor.encode())

    def _make_roles(self):
        iam = self.aws.client("iam")
        for name, role in self.made.all("aws_iam_role").items():
            iam.create_role(RoleName=role["name"], AssumeRolePolicyDocument=role["assume_role_policy"])
            self.allow(name)

    def _make(self, name, code):
        shape, calls = self.made.all("aws_lambda_function")[name], self.aws.client("lambda")
        folder, packages = code
        made = deploy(
            self.aws, shape["function_name"], folder, shape["handler"], path=packages,
            variables=shape["environment"][0]["variables"], Role=shape["role"],
            Timeout=shape["timeout"], MemorySize=shape["memory_size"],
            LoggingConfig={"LogFormat": "JSON", "LogGroup": shape["logging_config"][0]["log_group"]},
        )  # fmt: skip
        self.aws.client("logs").create_log_group(logGroupName=shape["logging_config"][0]["log_group"])
        if (most := shape["reserved_concurrent_executions"]) > 0:
            calls.put_function_concurrency(FunctionName=made.name, ReservedConcurrentExecutions=most)
        for each in (self.made.all("aws_lambda_function_event_invoke_config").get(name),):
            if each:
                calls.put_function_event_invoke_config(
                    FunctionName=made.name, MaximumRetryAttempts=each["maximum_retry_attempts"],
                    MaximumEventAgeInSeconds=each["maximum_event_age_in_seconds"],
                )  # fmt: skip
        return made

    def _make_queues(self):
        for queue in self.made.all("aws_sqs_queue", "failed").values():
            self.aws.queue(queue["name"])
        queue, mapping = self.made.one("aws_sqs_queue", "arrivals"), self.made.one("aws_lambda_event_source_mapping")
        hidden, policy = str(queue["visibility_timeout_seconds"]), self.made.one("aws_sqs_queue_policy")["policy"]
        url, _ = self.aws.queue(
            queue["name"], RedrivePolicy=queue["redrive_policy"], VisibilityTimeout=hidden, Policy=policy
        )
        self.functions["ingest"].on_queue(
            mapping["event_source_arn"],
            BatchSize=mapping["batch_size"],
            MaximumBatchingWindowInSeconds=mapping["maximum_batching_window_in_seconds"],
            ScalingConfig={"MaximumConcurrency": mapping["scaling_config"][0]["maximum_concurrency"]},
        )
        return url

    def permit(self, permission):
        """Let who is named call a function."""
        given = {PERMITTED[name]: value for name, value in permission.items() if value and name in PERMITTED}
        self.aws.client("lambda").add_permission(**given)

    def _call_on_events(self):
        events = self.aws.client("events")
        for name, rule in self.made.all("aws_cloudwatch_event_rule", "function").items():
            permission, target = (
                self.made.all(kind)[name] for kind in ("aws_lambda_permission", "aws_cloudwatch_event_target")
            )
            when = {"ScheduleExpression": rule["schedule_expression"], "EventPattern": rule["event_pattern"]}
            events.put_rule(Name=rule["name"], **{key: each for key, each in when.items() if each})
            self.permit(permission)
            events.put_targets(Rule=target["rule"], Targets=[{"Id": "1", "Arn": target["arn"]}])

    def _tell_of_logs(self):
        (told,) = self.made.all("aws_s3_bucket_notification")[self.bucket]["queue"]
        rules = [{"Name": "prefix", "Value": told["filter_prefix"]}]
        queue = {"QueueArn": told["queue_arn"], "Events": told["events"], "Filter": {"Key": {"FilterRules": rules}}}
        self.s3.put_bucket_notification_configuration(
            Bucket=self.bucket, NotificationConfiguration={"QueueConfigurations": [queue]}
        )


def without(statement, action, ending):
    """A statement that allows an action on fewer resources; None if nothing is left of it."""
    actions, resources = (
        each if isinstance(each, list) else [each] for each in (statement["Action"], statement["Resource"])
    )
    if action not in actions:
        return statement
    left = [each for each in resources if not each.endswith(ending)]
    if not ending:
        others = [each for each in actions if each != action]
        return {**statement, "Action": others} if others else None
    return {**statement, "Resource": left} if left else None
