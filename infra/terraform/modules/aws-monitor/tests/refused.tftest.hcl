mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_region" {
    defaults = { region = "eu-west-1" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mocked" }
  }

  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:mocked" }
  }

  mock_resource "aws_sqs_queue" {
    defaults = {
      arn = "arn:aws:sqs:eu-west-1:123456789012:mocked"
      id  = "https://sqs.eu-west-1.amazonaws.com/123456789012/mocked"
    }
  }

  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-1:123456789012:mocked" }
  }

  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:eu-west-1:123456789012:rule/mocked" }
  }

  mock_resource "aws_s3_bucket" {
    defaults = {
      arn = "arn:aws:s3:::mocked"
      id  = "mocked"
    }
  }
}

variables {
  monitors = "./tests/monitors"
  bundle   = { bucket = "releases", key = "atalaia.zip", sha256 = "aGFzaA==" }
}

run "refuses_name" {
  command = plan

  variables {
    name = "Atalaia"
  }

  expect_failures = [var.name]
}

run "refuses_long_name" {
  command = plan

  variables {
    name = "a-name-that-is-too-long"
  }

  expect_failures = [var.name]
}

run "refuses_no_monitors" {
  command = plan

  variables {
    monitors = "./tests/refused/none"
  }

  expect_failures = [var.monitors]
}

run "refuses_empty_bundle" {
  command = plan

  variables {
    bundle = {}
  }

  expect_failures = [var.bundle]
}

run "refuses_two_bundles" {
  command = plan

  variables {
    bundle = { path = "./versions.tf", bucket = "b", key = "k", sha256 = "h" }
  }

  expect_failures = [var.bundle]
}

run "refuses_bundle_without_hash" {
  command = plan

  variables {
    bundle = { bucket = "b", key = "k" }
  }

  expect_failures = [var.bundle]
}

run "refuses_absent_bundle" {
  command = plan

  variables {
    bundle = { path = "./absent.zip" }
  }

  expect_failures = [aws_s3_object.bundle["zip"]]
}

run "refuses_architecture" {
  command = plan

  variables {
    architecture = "arm"
  }

  expect_failures = [var.architecture]
}

run "refuses_foreign_variable" {
  command = plan

  variables {
    environment = { PATH = "/tmp" }
  }

  expect_failures = [var.environment]
}

run "refuses_monitors_by_variable" {
  command = plan

  variables {
    environment = { ATALAIA_MONITORS = "s3://other/monitors" }
  }

  expect_failures = [var.environment]
}

run "refuses_way_of_metrics" {
  command = plan

  variables {
    environment = { ATALAIA_METRICS = "statsd" }
  }

  expect_failures = [var.environment]
}

run "refuses_alarms_that_would_see_nothing" {
  command = plan

  variables {
    environment = { ATALAIA_METRICS = "cloudwatch-otlp" }
    alarms      = { drift = null, drifted_share = null, failed_share = null, performance = null, rejected_rows = null, silent_hours = null }
  }

  expect_failures = [var.environment]
}

run "refuses_default_alarms_with_another_collector" {
  command = plan

  variables {
    environment = { ATALAIA_METRICS = "otlp" }
  }

  expect_failures = [var.environment]
}

run "refuses_detail" {
  command = plan

  variables {
    environment = { ATALAIA_DETAIL = "rows" }
  }

  expect_failures = [var.environment]
}

run "refuses_unknown_function" {
  command = plan

  variables {
    sizes = { collect = {} }
  }

  expect_failures = [var.sizes]
}

run "refuses_memory" {
  command = plan

  variables {
    sizes = { ingest = { memory_mb = 128 } }
  }

  expect_failures = [var.sizes]
}

run "refuses_timeout" {
  command = plan

  variables {
    sizes = { ingest = { timeout_seconds = 901 } }
  }

  expect_failures = [var.sizes]
}

run "refuses_concurrency" {
  command = plan

  variables {
    sizes = { ingest = { reserved_concurrency = 0 } }
  }

  expect_failures = [var.sizes]
}

run "refuses_schedule" {
  command = plan

  variables {
    schedule = "rate(1 minutes)"
  }

  expect_failures = [var.schedule]
}

run "refuses_arrival_events" {
  command = plan

  variables {
    arrival_events = "sns"
  }

  expect_failures = [var.arrival_events]
}

run "refuses_unknown_alarm" {
  command = plan

  variables {
    alarms = { psi = 0.2 }
  }

  expect_failures = [var.alarms]
}

run "refuses_negative_limit" {
  command = plan

  variables {
    alarms = { drift = -1 }
  }

  expect_failures = [var.alarms]
}

run "refuses_share_above_one" {
  command = plan

  variables {
    alarms = { drifted_share = 30 }
  }

  expect_failures = [var.alarms]
}

run "refuses_silence_of_a_month" {
  command = plan

  variables {
    alarms = { silent_hours = 720 }
  }

  expect_failures = [var.alarms]
}

run "refuses_topic" {
  command = plan

  variables {
    notify = { topic_arn = "on-call" }
  }

  expect_failures = [var.notify]
}

run "refuses_address" {
  command = plan

  variables {
    notify = { emails = ["team"] }
  }

  expect_failures = [var.notify]
}

run "refuses_topic_and_addresses" {
  command = plan

  variables {
    notify = { topic_arn = "arn:aws:sns:eu-west-1:123456789012:t", emails = ["a@example.com"] }
  }

  expect_failures = [var.notify]
}

run "refuses_retention" {
  command = plan

  variables {
    log_retention_days = 100
  }

  expect_failures = [var.log_retention_days]
}

run "refuses_alias_of_a_key" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:alias/key"
  }

  expect_failures = [var.kms_key_arn]
}

run "refuses_vpc_without_subnets" {
  command = plan

  variables {
    vpc = { subnet_ids = [], security_group_ids = ["sg-1"] }
  }

  expect_failures = [var.vpc]
}

run "refuses_unnamed_monitor" {
  command = plan

  variables {
    monitors = "./tests/refused/unnamed"
  }

  expect_failures = [aws_s3_object.monitor]
}

run "refuses_two_monitors_of_one_name" {
  command = plan

  variables {
    monitors = "./tests/refused/twice"
  }

  expect_failures = [aws_s3_object.monitor]
}

run "refuses_place_outside_of_s3" {
  command = plan

  variables {
    monitors = "./tests/refused/local-place"
  }

  expect_failures = [aws_s3_object.monitor]
}

run "refuses_output_below_logs" {
  command = plan

  variables {
    monitors = "./tests/refused/output-in-logs"
  }

  expect_failures = [aws_s3_object.monitor]
}

run "refuses_model_name_of_other_letters" {
  command = plan

  variables {
    monitors = "./tests/refused/model-name"
  }

  expect_failures = [aws_s3_object.monitor]
}

run "refuses_job_of_another_cloud" {
  command = plan

  variables {
    monitors = "./tests/refused/azureml"
  }

  expect_failures = [aws_s3_object.monitor]
}

run "refuses_topic_of_another_cloud" {
  command = plan

  variables {
    monitors = "./tests/refused/event-grid"
  }

  expect_failures = [aws_s3_object.monitor]
}

run "refuses_topic_of_another_region" {
  command = plan

  variables {
    monitors = "./tests/refused/foreign-topic"
  }

  expect_failures = [aws_s3_object.monitor]
}

run "refuses_secret_of_another_cloud" {
  command = plan

  variables {
    monitors = "./tests/refused/key-vault"
  }

  expect_failures = [aws_s3_object.monitor]
}

run "refuses_secret_of_another_region" {
  command = plan

  variables {
    monitors = "./tests/refused/foreign-secret"
  }

  expect_failures = [aws_s3_object.monitor]
}

run "refuses_the_key_of_links_itself" {
  command = plan

  variables {
    environment = { ATALAIA_APPROVAL_KEY = "correct horse battery staple" }
  }

  expect_failures = [var.environment]
}

run "refuses_a_key_of_links_in_the_environment" {
  command = plan

  variables {
    environment = { ATALAIA_APPROVAL_KEY = "env:ATALAIA_LINKS" }
  }

  expect_failures = [var.environment]
}

run "refuses_a_key_of_links_in_a_vault" {
  command = plan

  variables {
    environment = { ATALAIA_APPROVAL_KEY = "keyvault:https://models.vault.azure.net/secrets/links" }
  }

  expect_failures = [var.environment]
}

run "refuses_no_key_of_links" {
  command = plan

  variables {
    environment = { ATALAIA_APPROVAL_KEY = "" }
  }

  expect_failures = [var.environment]
}

run "refuses_a_key_of_links_in_another_region" {
  command = plan

  variables {
    environment = { ATALAIA_APPROVAL_KEY = "secretsmanager:arn:aws:secretsmanager:us-east-1:123456789012:secret:links" }
  }

  expect_failures = [var.environment]
}
