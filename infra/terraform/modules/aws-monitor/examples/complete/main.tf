# Every input, on x86_64, encrypted, in a VPC.

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.29, < 7.0"
    }
  }
}

provider "aws" {
  region = "eu-west-1"
}

module "monitor" {
  source = "../.."

  name           = "ml-watch"
  monitors       = "${path.module}/monitors"
  architecture   = "x86_64"
  schedule       = "rate(1 minute)"
  arrival_events = "eventbridge"

  bundle = {
    bucket = "releases"
    key    = "atalaia/0.1.0/atalaia-aws-python3.13-x86_64.zip"
    sha256 = "bmFtZSBvZiBhIGJ1bmRsZSB0aGF0IGlzIG5vdCB0aGVyZQ=="
  }

  environment = {
    ATALAIA_DETAIL       = "columns"
    ATALAIA_APPROVAL_KEY = "secretsmanager:ml-watch/approval#key"
  }

  sizes = {
    ingest = { memory_mb = 2048, timeout_seconds = 120, reserved_concurrency = 20 }
    status = { memory_mb = 512 }
  }

  alarms = {
    drifted_share = 0.2
    lag_seconds   = 7200
    silent_hours  = 6
  }

  notify = {
    emails = ["ml-team@example.com"]
  }

  log_retention_days = 365
  kms_key_arn        = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"

  vpc = {
    subnet_ids         = ["subnet-0a0a0a0a", "subnet-0b0b0b0b"]
    security_group_ids = ["sg-0c0c0c0c"]
  }
}

output "status_url" {
  description = "The address of the status page."
  value       = module.monitor.status_url
}
