# What AWS would answer with, where the provider checks the form of it, or the modules look at it.

mock_data "aws_caller_identity" {
  defaults = {
    account_id = "123456789012"
  }
}

mock_data "aws_partition" {
  defaults = {
    partition = "aws"
  }
}

mock_data "aws_availability_zones" {
  defaults = {
    names = ["ap-northeast-1a", "ap-northeast-1c"]
  }
}

mock_data "aws_iam_policy_document" {
  defaults = {
    json = "{}"
  }
}

mock_data "aws_route53_zone" {
  defaults = {
    name         = "example.net"
    zone_id      = "Z0123456789ABCDEFGHIJ"
    private_zone = false
  }
}

mock_resource "aws_acm_certificate" {
  defaults = {
    arn = "arn:aws:acm:ap-northeast-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
    domain_validation_options = [{
      domain_name           = "dev.example.net"
      resource_record_name  = "_a.dev.example.net."
      resource_record_type  = "CNAME"
      resource_record_value = "_b.acm-validations.aws."
    }]
  }
}

mock_resource "aws_acm_certificate_validation" {
  defaults = {
    certificate_arn = "arn:aws:acm:ap-northeast-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
  }
}

mock_resource "aws_iam_role" {
  defaults = {
    arn = "arn:aws:iam::123456789012:role/mocked"
  }
}

mock_resource "aws_lb" {
  defaults = {
    arn      = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:loadbalancer/app/mirage-ecs/0123456789abcdef"
    dns_name = "mirage-ecs-1.ap-northeast-1.elb.amazonaws.com"
    zone_id  = "Z14GRHDCWA56QT"
  }
}

mock_resource "aws_lb_target_group" {
  defaults = {
    arn = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:targetgroup/mirage-ecs/0123456789abcdef"
  }
}

mock_resource "aws_lb_listener" {
  defaults = {
    arn = "arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:listener/app/mirage-ecs/0123456789abcdef/0123456789abcdef"
  }
}

mock_resource "aws_ecs_cluster" {
  defaults = {
    arn = "arn:aws:ecs:ap-northeast-1:123456789012:cluster/mirage-ecs"
  }
}

mock_resource "aws_ecs_task_definition" {
  defaults = {
    arn                  = "arn:aws:ecs:ap-northeast-1:123456789012:task-definition/mocked:1"
    arn_without_revision = "arn:aws:ecs:ap-northeast-1:123456789012:task-definition/mocked"
  }
}

mock_resource "aws_ecr_repository" {
  defaults = {
    arn            = "arn:aws:ecr:ap-northeast-1:123456789012:repository/mirage-ecs"
    repository_url = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/mirage-ecs"
  }
}

mock_resource "aws_s3_bucket" {
  defaults = {
    arn    = "arn:aws:s3:::mirage-ecs-20260101000000000000000001"
    bucket = "mirage-ecs-20260101000000000000000001"
  }
}

mock_resource "aws_cloudwatch_log_group" {
  defaults = {
    arn = "arn:aws:logs:ap-northeast-1:123456789012:log-group:mocked"
  }
}

mock_resource "aws_route53_zone" {
  defaults = {
    arn          = "arn:aws:route53:::hostedzone/Z0123456789ABCDEFGHIJ"
    zone_id      = "Z0123456789ABCDEFGHIJ"
    name_servers = ["ns-1.awsdns-01.org", "ns-2.awsdns-02.com"]
  }
}
