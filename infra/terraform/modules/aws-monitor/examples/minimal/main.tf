# One monitor, with all the defaults. Run `atalaia package aws` in this folder first.

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

  monitors = "${path.module}/monitors"
  bundle   = { path = "${path.module}/atalaia-aws-python3.13-arm64.zip" }
}
