locals {
  proxy_port = 8080 # not 80: the image runs as an ordinary user
  image      = "${aws_ecr_repository.main.repository_url}:${var.image_tag}"

  log_configuration = {
    logDriver = "awslogs"
    options = {
      awslogs-group         = aws_cloudwatch_log_group.main.name
      awslogs-region        = var.region
      awslogs-stream-prefix = "mirage"
    }
  }

  environment = [{
    name  = "MIRAGE_CONF"
    value = "s3://${aws_s3_bucket.config.bucket}/${aws_s3_object.config.key}"
  }]
}

resource "aws_ecs_cluster" "main" {
  name = var.name
}

resource "aws_ecs_task_definition" "main" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  task_role_arn            = aws_iam_role.task.arn
  execution_role_arn       = aws_iam_role.execution.arn

  # What is in it may be lost: a new one is filled from ECS.
  volume {
    name = "state"
  }

  container_definitions = jsonencode([{
    name      = "mirage-ecs"
    image     = local.image
    essential = true
    portMappings = [{
      containerPort = local.proxy_port
      protocol      = "tcp"
    }]
    environment = local.environment
    mountPoints = [{
      sourceVolume  = "state"
      containerPath = "/var/lib/mirage-ecs"
      readOnly      = false
    }]
    stopTimeout      = 60 # mirage-proxyd takes up to 30 s to finish what is in flight
    logConfiguration = local.log_configuration
    # A changed configuration or template makes a new revision, and so a new deployment: it is read at the start.
    dockerLabels = {
      configuration = sha256(join("", concat([local.config], [for o in aws_s3_object.html : o.source_hash])))
    }
  }])
}

resource "aws_ecs_service" "main" {
  name            = var.name
  cluster         = aws_ecs_cluster.main.id
  task_definition = aws_ecs_task_definition.main.arn
  launch_type     = "FARGATE"
  desired_count   = var.desired_count

  health_check_grace_period_seconds = 60

  network_configuration {
    subnets          = local.task_subnets
    security_groups  = [aws_security_group.proxy.id]
    assign_public_ip = local.assign_public_ip
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.proxy.arn
    container_name   = "mirage-ecs"
    container_port   = local.proxy_port
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  # The target group has to be the load balancer's, and the role's policy there, before the first task starts.
  depends_on = [
    aws_lb_listener_rule.environments, aws_iam_role_policy.task, aws_iam_role_policy.execution, aws_s3_object.html,
  ]
}

# --- something to launch first ------------------------------------------------------------------

resource "aws_cloudwatch_log_group" "sample" {
  name              = "/ecs/${var.name}-sample"
  retention_in_days = var.log_retention_days
}

resource "aws_ecs_task_definition" "sample" {
  family                   = "${var.name}-sample"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  task_role_arn            = aws_iam_role.sample.arn
  execution_role_arn       = aws_iam_role.execution.arn

  container_definitions = jsonencode([{
    name      = "web"
    image     = "public.ecr.aws/nginx/nginx:stable"
    essential = true
    portMappings = [{
      containerPort = 80
      protocol      = "tcp"
    }]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.sample.name
        awslogs-region        = var.region
        awslogs-stream-prefix = "sample"
      }
    }
  }])
}
