# The configuration and the pages' templates, which mirage-ecs fetches at its start; and what sleeps.

resource "aws_s3_bucket" "config" {
  bucket_prefix = "${var.name}-"
  force_destroy = true # all that is in it is made from here, but for what sleeps
}

resource "aws_s3_bucket_public_access_block" "config" {
  bucket                  = aws_s3_bucket.config.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "config" {
  bucket = aws_s3_bucket.config.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "config" {
  bucket = aws_s3_bucket.config.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "config" {
  bucket = aws_s3_bucket.config.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

data "aws_iam_policy_document" "tls_only" {
  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.config.arn, "${aws_s3_bucket.config.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "config" {
  bucket = aws_s3_bucket.config.id
  policy = data.aws_iam_policy_document.tls_only.json

  depends_on = [aws_s3_bucket_public_access_block.config]
}

locals {
  html_dir = coalesce(var.html_dir, "${path.module}/../html")

  config = templatefile("${path.module}/config.yaml.tftpl", {
    webapi                  = local.webapi
    domain                  = var.domain
    proxy_port              = local.proxy_port
    target_port             = var.target_port
    html_bucket             = aws_s3_bucket.config.bucket
    region                  = var.region
    cluster                 = aws_ecs_cluster.main.name
    subnets                 = local.task_subnets
    security_group          = aws_security_group.tasks.id
    assign_public_ip        = local.assign_public_ip ? "ENABLED" : "DISABLED"
    default_task_definition = coalesce(var.default_task_definition, aws_ecs_task_definition.sample.family)
    require_auth_cookie     = var.require_auth_cookie
    extra                   = trimspace(var.extra_configuration)
    link_zone               = one(aws_route53_zone.link[*].zone_id)
  })
}

resource "aws_s3_object" "config" {
  bucket       = aws_s3_bucket.config.bucket
  key          = "config.yaml"
  content      = local.config
  content_type = "application/yaml"

  depends_on = [aws_s3_bucket_versioning.config]
}

resource "aws_s3_object" "html" {
  for_each = fileset(local.html_dir, "*.html")

  bucket       = aws_s3_bucket.config.bucket
  key          = "html/${each.value}"
  source       = "${local.html_dir}/${each.value}"
  source_hash  = filemd5("${local.html_dir}/${each.value}")
  content_type = "text/html; charset=utf-8"

  depends_on = [aws_s3_bucket_versioning.config]
}
