# Atalaia in one account and region. The module beside it does all the work; use that in a configuration of your own.

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.29, < 7.0"
    }
  }

  # Filled in by `terraform init -backend-config=bucket=... -backend-config=key=... -backend-config=region=...`.
  backend "s3" {}
}

provider "aws" {
  region = var.region

  default_tags {
    tags = merge({ project = "atalaia" }, var.tags)
  }
}

module "monitor" {
  source = "../modules/aws-monitor"

  name               = var.name
  monitors           = var.monitors
  bundle             = var.bundle
  architecture       = var.architecture
  environment        = var.environment
  sizes              = var.sizes
  schedule           = var.schedule
  arrival_events     = var.arrival_events
  alarms             = var.alarms
  notify             = var.notify
  log_retention_days = var.log_retention_days
  kms_key_arn        = var.kms_key_arn
  vpc                = var.vpc
}
