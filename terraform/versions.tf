terraform {
  required_version = ">= 1.9, < 2.0" # 1.9: a variable's validation may look at another variable

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      Application = var.name
    }
  }
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_availability_zones" "available" {
  state = "available"

  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  ecs_arn   = "arn:${local.partition}:ecs:${var.region}:${local.account}"
  webapi    = "mirage.${var.domain}"
}
