"""Facts about what the complete example makes, with its monitors `churn` and `credit`: functions that assert them."""

import json

from infrastructure import ROOT, checks, listed, matches

ACCOUNT, REGION = "123456789012", "eu-west-1"
SETTINGS = json.loads((ROOT / "infra/settings/aws.json").read_text())
PLACES = {name: f"arn:aws:s3:::{name}-endpoint" for name in ("churn", "credit")}
PIPELINE = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:pipeline/retrain"
TRAINING = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/credit-refit-20260301T000000Z-0123456789abcdef"
GET, PUT, DELETE = "s3:GetObject", "s3:PutObject", "s3:DeleteObject"
DATED = "20260301T000000Z"

READS = {  # below the output of a monitor
    "ingest": ["baseline/v.profile", f"profiles/{DATED}/p.profile", f"rejects/{DATED}/r.jsonl", "state/baseline.json"],
    "evaluate": [
        f"profiles/{DATED}/p.profile",
        f"reports/{DATED}/r1.json",
        "state/changed/x",
        "actions/retrain/x.json",
        "approvals/retrain/x.json",
        "renewals/x.json",
    ],
    "lifecycle": ["actions/retrain/x.json", "renewals/x.json"],
    "status": [f"reports/{DATED}/r1.json", "actions/retrain/x.json"],
    "approve": ["actions/retrain/x.json", "approvals/retrain/x.json"],
}
WRITES = {
    "ingest": ["baseline/v.profile", f"profiles/{DATED}/p.profile", f"rejects/{DATED}/r.jsonl", "state/logs/l.json"],
    "evaluate": [
        "baseline/v.profile",
        f"reports/{DATED}/r1.json",
        "report.html",
        "state/merged/m",
        "actions/retrain/x.json",
        "renewals/x.json",
    ],
    "lifecycle": ["actions/retrain/x.json", "renewals/x.json"],
    "status": [],
    "approve": ["approvals/retrain/x.json"],
}
EVERYTHING = sorted({key for keys in (*READS.values(), *WRITES.values()) for key in keys})


def each_function_may_do_what_it_does(deployed):
    for name, place in PLACES.items():
        root = f"{place}/atalaia/{name}"
        for function, keys in READS.items():
            assert all(deployed.may(function, GET, f"{root}/{key}") for key in keys), function
            assert all(deployed.may(function, PUT, f"{root}/{key}") for key in WRITES[function]), function
            assert deployed.may(function, "s3:ListBucket", place), function
            assert deployed.may(function, GET, f"{own_bucket(deployed)}/monitors/{name}.yaml"), function
        assert deployed.may("ingest", GET, f"{place}/capture/AllTraffic/2026/03/01/12/00.jsonl")
        assert deployed.may("ingest", DELETE, f"{root}/profiles/{DATED}/p.profile")
        assert deployed.may("evaluate", DELETE, f"{root}/state/changed/x")
    for function in ("ingest", "evaluate"):
        assert deployed.may(function, GET, f"{PLACES['churn']}/reference/train.csv")
        assert deployed.may(function, GET, f"{PLACES['credit']}/reference/2026/rows.jsonl")
        assert deployed.may(function, GET, "arn:aws:s3:::credit-models/training/job-1/train.csv")
        assert deployed.may(function, "s3:ListBucket", "arn:aws:s3:::credit-models")
        assert deployed.may(function, GET, f"{PLACES['churn']}/trained/v8/rows.jsonl")


def each_function_may_list_the_folders_that_it_reads(deployed):
    asked = {
        "ingest": ["capture/", "atalaia/churn/state/", "reference/", "reference/train.csv/"],
        "evaluate": ["atalaia/churn/profiles/", "reference/", "reference/train.csv/", "trained/v8/"],
        "lifecycle": ["atalaia/churn/actions/", "atalaia/churn/renewals/"],
        "status": ["atalaia/churn/reports/", "atalaia/churn/actions/"],
        "approve": ["atalaia/churn/actions/", "atalaia/churn/approvals/"],
    }
    for function, prefixes in asked.items():
        (statement,) = (each for each in deployed.policies[function] if each["Resource"] == PLACES["churn"])
        allowed = listed(statement["Condition"]["StringLikeIfExists"]["s3:prefix"])
        assert statement["Action"] == "s3:ListBucket"
        assert all(any(matches(each, prefix) for each in allowed) for prefix in prefixes), (function, allowed)
        assert function == "ingest" or not any(matches(each, "capture/") for each in allowed), (function, allowed)


def each_function_writes_only_what_is_its_own(deployed):
    for place in PLACES.values():
        for function, keys in WRITES.items():
            written = [key for key in EVERYTHING if deployed.may(function, PUT, f"{place}/atalaia/churn/{key}")]
            assert {key.partition("/")[0] for key in written} == {key.partition("/")[0] for key in keys}, function
            for key in ("capture/x.jsonl", "reference/x", "x", f"{DATED}/profiles.txt"):
                assert not deployed.may(function, PUT, f"{place}/{key}"), function
                assert not deployed.may(function, DELETE, f"{place}/{key}"), function
            assert not deployed.may(function, PUT, f"{own_bucket(deployed)}/monitors/churn.yaml")
            assert not deployed.may(function, DELETE, f"{place}/atalaia/churn/reports/{DATED}/r1.json")


def only_ingest_reads_logs(deployed):
    for place in PLACES.values():
        readers = [each for each in READS if deployed.may(each, GET, f"{place}/capture/AllTraffic/x.jsonl")]
        assert readers == ["ingest"]


def nobody_reads_other_buckets(deployed):
    for function in READS:
        assert not deployed.may(function, GET, "arn:aws:s3:::other/atalaia/churn/reports/x/r1.json")
        assert not deployed.may(function, "s3:ListBucket", "arn:aws:s3:::other")
        assert not deployed.may(function, GET, "arn:aws:s3:::credit-models/other/train.csv")


def only_evaluate_starts_jobs_and_only_those_of_policies(deployed):
    may = {
        name: [
            deployed.may(name, "sagemaker:StartPipelineExecution", PIPELINE),
            deployed.may(name, "sagemaker:CreateTrainingJob", TRAINING),
            deployed.may(name, "iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/training"),
        ]
        for name in READS
    }
    assert may == {name: [name == "evaluate"] * 3 for name in READS}
    assert not deployed.may("evaluate", "sagemaker:StartPipelineExecution", f"{PIPELINE}-other")
    assert not deployed.may("evaluate", "sagemaker:CreateTrainingJob", TRAINING.replace("credit-refit", "other"))
    assert not deployed.may("evaluate", "iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/admin")


def only_evaluate_tells_topics_shifts_traffic_and_reads_secrets_and_only_those_of_policies(deployed):
    secret = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:"
    endpoint = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/churn"
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:drift"
    named = {
        "sns:Publish": [topic],
        "sagemaker:DescribeEndpoint": [endpoint],
        "sagemaker:UpdateEndpointWeightsAndCapacities": [endpoint],
        "secretsmanager:GetSecretValue": [f"{secret}team/github-x1Y2z3", f"{secret}hooks-AbC123"],
    }
    others = {
        "sns:Publish": [f"{topic}-2", topic.replace(REGION, "us-east-1"), topic.replace(ACCOUNT, "210987654321")],
        "sagemaker:DescribeEndpoint": [f"{endpoint}-2"],
        "sagemaker:UpdateEndpointWeightsAndCapacities": [f"{endpoint}-2"],
        "secretsmanager:GetSecretValue": [f"{secret}team/github-app-x1Y2z3", f"{secret}hooks-AbC124", f"{secret}other"],
    }
    for action, resources in named.items():
        for resource in resources:
            assert [name for name in READS if deployed.may(name, action, resource)] == ["evaluate"], (action, resource)
        assert not any(deployed.may("evaluate", action, each) for each in others[action]), action


def jobs_are_written_only_where_a_policy_writes_files(deployed):
    writers = {name: [place for place in PLACES if deployed.may(name, PUT, f"{PLACES[place]}/atalaia/jobs/x.json")]
               for name in READS}  # fmt: skip

    assert writers == {name: ["churn"] if name == "evaluate" else [] for name in READS}


def only_who_answers_links_approves(deployed):
    key = f"{PLACES['credit']}/atalaia/credit/approvals/retrain/{DATED}.json"

    assert [name for name in READS if deployed.may(name, PUT, key)] == ["approve"]


def who_answers_links_can_do_nothing_else(deployed):
    actions = {action for each in deployed.policies["approve"] for action in listed(each["Action"])}
    root = f"{PLACES['churn']}/atalaia/churn"

    assert {each for each in actions if not each.startswith(("kms:", "logs:"))} == {
        GET, PUT, "s3:AbortMultipartUpload", "s3:ListBucket", "secretsmanager:GetSecretValue",
    }  # fmt: skip
    assert {key for key in EVERYTHING if deployed.may("approve", GET, f"{root}/{key}")} == set(READS["approve"])


def only_who_makes_and_who_answers_links_reads_their_key(deployed):
    secret = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:"
    readers = lambda name: [each for each in READS if deployed.may(each, "secretsmanager:GetSecretValue", name)]  # noqa: E731

    assert readers(f"{secret}ml-watch/approval-x1Y2z3") == ["evaluate", "approve"]
    assert readers(f"{secret}ml-watch/approval-of-others-x1Y2z3") == []


def links_lead_to_who_answers_them_and_nothing_else_is_open(deployed):
    urls = {each["function_name"]: each for _, each in deployed.every("aws_lambda_function_url")}
    settings = {name: each["environment"][0]["variables"] for name, each in deployed.all("aws_lambda_function").items()}
    anybody = {
        (each["function_name"], each["action"], each["function_url_auth_type"], each["invoked_via_function_url"])
        for _, each in deployed.every("aws_lambda_permission")
        if each["principal"] == "*"
    }

    assert {name: each["authorization_type"] for name, each in urls.items()} == {
        "ml-watch-status": "AWS_IAM", "ml-watch-approve": "NONE",
    }  # fmt: skip
    assert settings["evaluate"]["ATALAIA_APPROVAL_URL"] == urls["ml-watch-approve"]["function_url"]
    assert {each["ATALAIA_APPROVAL_KEY"] for each in settings.values()} == {"secretsmanager:ml-watch/approval#key"}
    assert anybody == {
        ("ml-watch-approve", "lambda:InvokeFunctionUrl", "NONE", None),
        ("ml-watch-approve", "lambda:InvokeFunction", None, True),
    }


def only_evaluate_sends_metrics_and_only_of_its_namespace(deployed):
    senders = [name for name in READS if deployed.may(name, "cloudwatch:PutMetricData", "*")]
    (statement,) = (
        each for each in deployed.policies["evaluate"] if "cloudwatch:PutMetricData" in listed(each["Action"])
    )

    assert senders == ["evaluate"]
    assert statement["Condition"] == {"StringEquals": {"cloudwatch:namespace": "Atalaia"}}


def rights_are_named_and_bound_to_places(deployed):
    for function, statements in deployed.policies.items():
        for each in statements:
            assert not any("*" in action for action in listed(each["Action"])), (function, each)
            assert "*" not in listed(each["Resource"]) or each.get("Condition"), (function, each)
            assert each["Sid"], (function, each)


def passing_a_role_is_bound_to_sagemaker(deployed):
    (statement,) = (each for each in deployed.policies["evaluate"] if "iam:PassRole" in listed(each["Action"]))

    assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}


def a_linter_finds_nothing_in_the_policies(deployed):
    documents = {name: each["policy"] for name, each in deployed.all("aws_iam_role_policy").items()}
    documents["queue"] = deployed.one("aws_sqs_queue_policy")["policy"]
    documents["bucket"] = deployed.one("aws_s3_bucket_policy")["policy"]
    found = checks("policies", input=json.dumps(documents))

    assert found.returncode == 0, found.stdout + found.stderr


def only_lambda_takes_the_roles(deployed):
    for role in deployed.all("aws_iam_role").values():
        (statement,) = json.loads(role["assume_role_policy"])["Statement"]
        assert (statement["Principal"], statement["Action"]) == ({"Service": "lambda.amazonaws.com"}, "sts:AssumeRole")


def each_function_has_its_own_role_and_log(deployed):
    roles, groups = deployed.all("aws_iam_role"), deployed.all("aws_cloudwatch_log_group")
    for name, function in deployed.all("aws_lambda_function").items():
        (logging,) = function["logging_config"]
        assert function["role"] == roles[name]["arn"]
        assert deployed.all("aws_iam_role_policy")[name]["role"] == roles[name]["name"]
        assert logging["log_group"] == groups[name]["name"] == f"/aws/lambda/{function['function_name']}"
        assert deployed.may(name, "logs:PutLogEvents", f"{groups[name]['arn']}:log-stream:x")
        assert not deployed.may(name, "logs:PutLogEvents", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:other:*")


def functions_are_called_by_what_should(deployed):
    functions, rules = deployed.all("aws_lambda_function"), deployed.all("aws_cloudwatch_event_rule", "function")
    mapping, permissions = deployed.one("aws_lambda_event_source_mapping"), deployed.all("aws_lambda_permission")
    queue = deployed.one("aws_sqs_queue", "arrivals")

    assert mapping["function_name"] == functions["ingest"]["arn"]
    assert mapping["event_source_arn"] == queue["arn"]
    assert mapping["function_response_types"] == ["ReportBatchItemFailures"]
    assert deployed.may("ingest", "sqs:ReceiveMessage", queue["arn"])
    assert json.loads(queue["redrive_policy"])["deadLetterTargetArn"].endswith("-arrivals-failed")
    for name in ("evaluate", "lifecycle"):
        assert permissions[name]["function_name"] == functions[name]["function_name"]
        assert permissions[name]["source_arn"] == rules[name]["arn"]
        assert permissions[name]["source_account"] == ACCOUNT
    assert json.loads(rules["lifecycle"]["event_pattern"]) == SETTINGS["job_events"]


def what_is_stored_is_closed_and_encrypted(deployed):
    closed = deployed.one("aws_s3_bucket_public_access_block")
    denied = json.loads(deployed.one("aws_s3_bucket_policy")["policy"])["Statement"]

    assert all(closed[each] for each in closed if each.startswith(("block_", "ignore_", "restrict_")))
    assert denied[0]["Effect"] == "Deny"
    assert denied[0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert all(each["kms_master_key_id"] for _, each in deployed.every("aws_sqs_queue"))
    assert deployed.one("aws_lambda_function_url", "status")["authorization_type"] == "AWS_IAM"


def every_alarm_tells_the_topic(deployed):
    topic = deployed.one("aws_sns_topic")["arn"]
    for name, alarm in deployed.every("aws_cloudwatch_metric_alarm"):
        assert alarm["alarm_actions"] == [topic], name


def silence_is_an_alarm(deployed):
    alarms = deployed.every("aws_cloudwatch_metric_alarm")
    below = [each for _, each in alarms if each["comparison_operator"] == "LessThanThreshold"]

    assert {each["alarm_name"] for each in below} == {
        "ml-watch-churn-silent", "ml-watch-credit-silent", "ml-watch-evaluate-heartbeat",
    }  # fmt: skip
    assert {each["treat_missing_data"] for each in below} == {"breaching"}


def own_bucket(deployed):
    return f"arn:aws:s3:::{deployed.one('aws_s3_bucket')['bucket']}"


FACTS = [
    each_function_may_do_what_it_does,
    each_function_may_list_the_folders_that_it_reads,
    each_function_writes_only_what_is_its_own,
    only_ingest_reads_logs,
    nobody_reads_other_buckets,
    only_evaluate_starts_jobs_and_only_those_of_policies,
    only_evaluate_tells_topics_shifts_traffic_and_reads_secrets_and_only_those_of_policies,
    jobs_are_written_only_where_a_policy_writes_files,
    only_who_answers_links_approves,
    who_answers_links_can_do_nothing_else,
    only_who_makes_and_who_answers_links_reads_their_key,
    links_lead_to_who_answers_them_and_nothing_else_is_open,
    only_evaluate_sends_metrics_and_only_of_its_namespace,
    rights_are_named_and_bound_to_places,
    passing_a_role_is_bound_to_sagemaker,
    a_linter_finds_nothing_in_the_policies,
    only_lambda_takes_the_roles,
    each_function_has_its_own_role_and_log,
    functions_are_called_by_what_should,
    what_is_stored_is_closed_and_encrypted,
    every_alarm_tells_the_topic,
    silence_is_an_alarm,
]
