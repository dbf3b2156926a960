# mirage-purge on a schedule, as a task of its own from the same image.

resource "aws_ecs_task_definition" "purge" {
  family                   = "${var.name}-purge"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  task_role_arn            = aws_iam_role.task.arn
  execution_role_arn       = aws_iam_role.execution.arn

  container_definitions = jsonencode([{
    name       = "mirage-purge"
    image      = local.image
    essential  = true
    entryPoint = ["mirage-purge"]
    command = concat(
      ["-duration", tostring(var.purge_duration)], flatten([for name in var.purge_excludes : ["-exclude", name]])
    )
    environment      = local.environment
    logConfiguration = local.log_configuration
  }])
}

data "aws_iam_policy_document" "scheduler_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

data "aws_iam_policy_document" "scheduler" {
  statement {
    sid       = "StartThePurge"
    actions   = ["ecs:RunTask"]
    resources = ["${aws_ecs_task_definition.purge.arn_without_revision}:*"]

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = [aws_ecs_cluster.main.arn]
    }
  }

  statement {
    sid       = "PassItsRoles"
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.task.arn, aws_iam_role.execution.arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "scheduler" {
  name               = "${var.name}-scheduler"
  description        = "Starts the purge"
  assume_role_policy = data.aws_iam_policy_document.scheduler_trust.json
}

resource "aws_iam_role_policy" "scheduler" {
  name   = "purge"
  role   = aws_iam_role.scheduler.id
  policy = data.aws_iam_policy_document.scheduler.json
}

resource "aws_scheduler_schedule" "purge" {
  count = var.purge_schedule == null ? 0 : 1

  name                         = "${var.name}-purge"
  description                  = "Terminate environments that nobody used"
  schedule_expression          = var.purge_schedule
  schedule_expression_timezone = var.purge_timezone

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_ecs_cluster.main.arn
    role_arn = aws_iam_role.scheduler.arn

    ecs_parameters {
      task_definition_arn = aws_ecs_task_definition.purge.arn
      launch_type         = "FARGATE"

      network_configuration {
        subnets          = local.task_subnets
        security_groups  = [aws_security_group.proxy.id]
        assign_public_ip = local.assign_public_ip
      }
    }

    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 3
    }
  }
}
