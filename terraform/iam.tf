# Who may do what. The task role has the actions of docs/AWS.md, each as narrow as the service lets it be. Where the
# resource is "*", the service knows none for the action, or, for ecs:ListTasks, only container instances.

data "aws_iam_policy_document" "ecs_tasks" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["${local.ecs_arn}:*"]
    }
  }
}

# --- mirage-ecs itself --------------------------------------------------------------------------

locals {
  environment_tasks = "${local.ecs_arn}:task/${aws_ecs_cluster.main.name}/*"
  log_groups        = concat([aws_cloudwatch_log_group.sample.name], var.readable_log_groups)
}

data "aws_iam_policy_document" "task" {
  statement {
    sid       = "SeeTheTasks"
    actions   = ["ecs:DescribeTasks"]
    resources = [local.environment_tasks]
  }

  statement {
    sid       = "ListTheTasks"
    actions   = ["ecs:ListTasks"]
    resources = ["*"]

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = [aws_ecs_cluster.main.arn]
    }
  }

  statement {
    sid       = "SeeTheService"
    actions   = ["ecs:DescribeServices"]
    resources = ["${local.ecs_arn}:service/${aws_ecs_cluster.main.name}/${var.name}"]
  }

  statement {
    sid       = "SeeTaskDefinitions"
    actions   = ["ecs:DescribeTaskDefinition"]
    resources = ["*"]
  }

  statement {
    sid       = "Launch"
    actions   = ["ecs:RunTask"]
    resources = ["${local.ecs_arn}:task-definition/*"]

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = [aws_ecs_cluster.main.arn]
    }

    # What is launched can be stopped: see below.
    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/ManagedBy"
      values   = ["mirage-ecs"]
    }
  }

  statement {
    sid       = "TagWhatIsLaunched"
    actions   = ["ecs:TagResource"]
    resources = [local.environment_tasks]

    condition {
      test     = "StringEquals"
      variable = "ecs:CreateAction"
      values   = ["RunTask"]
    }
  }

  statement {
    sid       = "PassRolesToTasks"
    actions   = ["iam:PassRole"]
    resources = concat([aws_iam_role.sample.arn, aws_iam_role.execution.arn], var.passable_role_arns)

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }

  # Those that mirage-ecs has tagged (Mirage: the Go one), and no service's.
  statement {
    sid       = "Terminate"
    actions   = ["ecs:StopTask"]
    resources = [local.environment_tasks]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/ManagedBy"
      values   = ["mirage-ecs", "Mirage"]
    }
  }

  statement {
    sid     = "ReadTheirLogs"
    actions = ["logs:GetLogEvents"]
    resources = [
      for group in local.log_groups :
      "arn:${local.partition}:logs:${var.region}:${local.account}:log-group:${group}:log-stream:*"
    ]
  }

  statement {
    sid       = "ReportCounts"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["mirage-ecs"]
    }
  }

  statement {
    sid       = "ReadCounts"
    actions   = ["cloudwatch:GetMetricData"]
    resources = ["*"]
  }

  dynamic "statement" {
    for_each = aws_route53_zone.link[*].arn

    content {
      sid       = "SeeTheZone"
      actions   = ["route53:GetHostedZone"]
      resources = [statement.value]
    }
  }

  dynamic "statement" {
    for_each = aws_route53_zone.link[*].arn

    content {
      sid       = "NameTasks"
      actions   = ["route53:ChangeResourceRecordSets"]
      resources = [statement.value]

      condition {
        test     = "ForAllValues:StringEquals"
        variable = "route53:ChangeResourceRecordSetsRecordTypes"
        values   = ["A"]
      }
    }
  }

  statement {
    sid       = "ReadTheConfiguration"
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.config.arn}/config.yaml", "${aws_s3_bucket.config.arn}/html/*"]
  }

  statement {
    sid       = "KeepWhatSleeps"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
    resources = ["${aws_s3_bucket.config.arn}/state/asleep/*"]
  }

  statement {
    sid       = "ListTheTemplatesAndWhatSleeps"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.config.arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["html/*", "state/asleep/*"]
    }
  }
}

resource "aws_iam_role" "task" {
  name               = "${var.name}-task"
  description        = "mirage-ecs itself"
  assume_role_policy = data.aws_iam_policy_document.ecs_tasks.json
}

resource "aws_iam_role_policy" "task" {
  name   = "mirage-ecs"
  role   = aws_iam_role.task.id
  policy = data.aws_iam_policy_document.task.json
}

# --- what starts its container, and the sample's ------------------------------------------------

data "aws_iam_policy_document" "execution" {
  statement {
    sid       = "LogInToEcr"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid       = "PullTheImage"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = [aws_ecr_repository.main.arn]
  }

  statement {
    sid     = "WriteLogs"
    actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [
      "${aws_cloudwatch_log_group.main.arn}:log-stream:*", "${aws_cloudwatch_log_group.sample.arn}:log-stream:*",
    ]
  }

  dynamic "statement" {
    for_each = length(local.ssm_parameters) > 0 ? [local.ssm_parameters] : []

    content {
      sid       = "ReadParameters"
      actions   = ["ssm:GetParameters"]
      resources = statement.value
    }
  }

  dynamic "statement" {
    for_each = length(local.manager_secrets) > 0 ? [local.manager_secrets] : []

    content {
      sid       = "ReadSecrets"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = statement.value
    }
  }
}

locals {
  ssm_parameters  = [for arn in values(var.secrets) : arn if strcontains(arn, ":ssm:")]
  manager_secrets = [for arn in values(var.secrets) : arn if strcontains(arn, ":secretsmanager:")]
}

resource "aws_iam_role" "execution" {
  name               = "${var.name}-execution"
  description        = "Pulls the image and writes the logs of mirage-ecs and the sample"
  assume_role_policy = data.aws_iam_policy_document.ecs_tasks.json
}

resource "aws_iam_role_policy" "execution" {
  name   = "execution"
  role   = aws_iam_role.execution.id
  policy = data.aws_iam_policy_document.execution.json
}

# --- the sample ---------------------------------------------------------------------------------

# ECS Exec, which mirage-ecs enables for every task, needs a task role with these.
data "aws_iam_policy_document" "sample" {
  statement {
    sid = "EcsExec"
    actions = [
      "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel",
      "ssmmessages:OpenDataChannel",
    ]
    resources = ["*"]
  }
}

resource "aws_iam_role" "sample" {
  name               = "${var.name}-sample"
  description        = "The sample environment"
  assume_role_policy = data.aws_iam_policy_document.ecs_tasks.json
}

resource "aws_iam_role_policy" "sample" {
  name   = "ecs-exec"
  role   = aws_iam_role.sample.id
  policy = data.aws_iam_policy_document.sample.json
}
