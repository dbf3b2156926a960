output "url" {
  description = "The pages and the API."
  value       = "https://${local.webapi}/"
}

output "name_servers" {
  description = "With create_hosted_zone: what to enter as NS records of the domain at its parent."
  value       = flatten(aws_route53_zone.main[*].name_servers)
}

output "ecr_repository_url" {
  description = "Where the image goes."
  value       = aws_ecr_repository.main.repository_url
}

output "push_commands" {
  description = "How the image gets there, once it is built as mirage-ecs:latest."
  value       = <<-EOT
    aws ecr get-login-password --region ${var.region} | docker login --username AWS --password-stdin ${split("/", aws_ecr_repository.main.repository_url)[0]}
    docker tag mirage-ecs:latest ${local.image}
    docker push ${local.image}
  EOT
}

output "first_launch" {
  description = "Launches the sample at https://hello.<domain>/."
  value       = "curl -d subdomain=hello -d branch=main -d taskdef=${aws_ecs_task_definition.sample.family} https://${local.webapi}/api/launch"
}

output "oidc_redirect_uri" {
  description = "With oidc: the redirect URI to register at the provider."
  value       = var.oidc == null ? null : "https://${local.webapi}/oauth2/idpresponse"
}

output "configuration" {
  description = "The configuration that mirage-ecs reads."
  value       = "s3://${aws_s3_bucket.config.bucket}/${aws_s3_object.config.key}"
}

output "cluster" {
  description = "The ECS cluster that the environments run in."
  value       = aws_ecs_cluster.main.name
}

output "log_group" {
  description = "The log of mirage-ecs: aws logs tail <log_group> --follow."
  value       = aws_cloudwatch_log_group.main.name
}

check "not_open_to_everybody" {
  assert {
    condition     = !contains(var.allowed_cidrs, "0.0.0.0/0") || var.oidc != null
    error_message = "Everybody may launch and terminate environments: narrow allowed_cidrs, or set oidc."
  }
}
