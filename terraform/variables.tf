# What you have to say: domain, region, allowed_cidrs, and either hosted_zone_id or create_hosted_zone.
# They have an empty default so that leaving one out ends in a sentence that says what to write.

variable "domain" {
  description = "The environments' domain: cool-feature is then at cool-feature.<domain>, the API and the pages at mirage.<domain>."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$", var.domain))
    error_message = "Set domain in terraform.tfvars to the environments' domain in lower case, without a leading dot, such as dev.example.net."
  }
}

variable "region" {
  description = "The AWS region that all of it is made in."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "Set region in terraform.tfvars to an AWS region such as ap-northeast-1."
  }
}

variable "allowed_cidrs" {
  description = "Networks that may reach the load balancer, in CIDR notation."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.allowed_cidrs) > 0
    error_message = "Set allowed_cidrs in terraform.tfvars to your team's networks, such as [\"203.0.113.0/24\"]; [\"0.0.0.0/0\"] lets everybody in."
  }

  validation {
    condition     = alltrue([for cidr in var.allowed_cidrs : can(cidrnetmask(cidr))])
    error_message = "Each of allowed_cidrs is an IPv4 network in CIDR notation, such as 203.0.113.0/24."
  }
}

variable "hosted_zone_id" {
  description = "The public Route 53 zone that the domain is in (its own, or a parent's), if there is one."
  type        = string
  default     = null

  validation {
    condition     = var.hosted_zone_id == null || can(regex("^Z[A-Z0-9]+$", var.hosted_zone_id))
    error_message = "hosted_zone_id is a Route 53 zone's ID such as Z0123456789ABCDEFGHIJ: see aws route53 list-hosted-zones."
  }
}

variable "create_hosted_zone" {
  description = "Make a Route 53 zone for the domain. Its name servers (an output) have to be entered at the parent domain."
  type        = bool
  default     = false

  validation {
    condition     = var.create_hosted_zone != (var.hosted_zone_id != null)
    error_message = "The domain needs one Route 53 zone: set hosted_zone_id to the one that it is in, or create_hosted_zone = true to have one made, not both."
  }
}

variable "name" {
  description = "What the resources are called."
  type        = string
  default     = "mirage-ecs"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,18}[a-z0-9]$", var.name))
    error_message = "name has 2 to 20 characters: lower-case letters, digits and hyphens; a letter is first, a hyphen not last."
  }
}

# --- network ------------------------------------------------------------------------------------

variable "vpc_cidr" {
  description = "The VPC's addresses: a network of 16 to 24 bits."
  type        = string
  default     = "10.77.0.0/16"

  validation {
    condition     = can(cidrsubnet(var.vpc_cidr, 4, 15)) && try(tonumber(split("/", var.vpc_cidr)[1]), 0) >= 16 && try(tonumber(split("/", var.vpc_cidr)[1]), 99) <= 24
    error_message = "vpc_cidr is an IPv4 network from /16 to /24, such as 10.77.0.0/16."
  }
}

variable "nat_gateway" {
  description = "Run the tasks in private subnets behind a NAT gateway, instead of in public ones with public addresses that nobody can connect to. A NAT gateway costs by the hour and by the gigabyte."
  type        = bool
  default     = false
}

# --- mirage-ecs ---------------------------------------------------------------------------------

variable "image_tag" {
  description = "The tag, in this deployment's ECR repository, of the image to run."
  type        = string
  default     = "latest"
}

variable "desired_count" {
  description = "Copies of mirage-ecs behind the load balancer."
  type        = number
  default     = 1

  validation {
    condition     = var.desired_count >= 0 && var.desired_count <= 10 && floor(var.desired_count) == var.desired_count
    error_message = "desired_count is a whole number from 0 to 10."
  }
}

variable "cpu" {
  description = "CPU units of a copy: 1024 are one processor."
  type        = number
  default     = 256

  validation {
    condition     = contains([256, 512, 1024, 2048, 4096], var.cpu)
    error_message = "cpu is one of Fargate's sizes: 256, 512, 1024, 2048, 4096."
  }
}

variable "memory" {
  description = "Memory of a copy in MiB; at least twice the cpu, at most eight times."
  type        = number
  default     = 512

  validation {
    condition     = var.memory >= 2 * var.cpu && var.memory <= 8 * var.cpu && (var.memory % 1024 == 0 || var.memory == 512)
    error_message = "memory is 512 or a multiple of 1024, from twice to eight times the cpu: Fargate has no other sizes."
  }
}

variable "extra_configuration" {
  description = "YAML that is put behind what Terraform writes into config.yaml: parameters, auth, network, purge as docs/CONFIG.md has them. Secrets as '{{ must_env \"NAME\" }}', see secrets."
  type        = string
  default     = ""

  validation {
    condition = var.extra_configuration == "" || can(yamldecode(var.extra_configuration)) && length(setintersection(
      keys(try({ for key, value in yamldecode(var.extra_configuration) : key => true }, {})), ["host", "listen", "htmldir", "state", "ecs", "link"]
    )) == 0
    error_message = "extra_configuration is YAML (with each {{ }} in quotes) without the sections that Terraform writes: host, listen, htmldir, ecs, link."
  }
}

variable "secrets" {
  description = "Variables for {{ must_env }} whose values are secret: name => ARN of an SSM parameter or a Secrets Manager secret."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for arn in values(var.secrets) : can(regex("^arn:[a-z-]+:(ssm|secretsmanager):[a-z0-9-]+:[0-9]{12}:(parameter/|secret:)", arn))])
    error_message = "Each value of secrets is the ARN of an SSM parameter or a Secrets Manager secret, not the secret itself."
  }
}

variable "html_dir" {
  description = "Folder of the pages' templates that go to S3; without it, those of this repository."
  type        = string
  default     = null

  validation {
    condition     = var.html_dir == null || try(fileexists("${var.html_dir}/layout.html"), false)
    error_message = "html_dir is a folder with layout.html, list.html and launcher.html in it."
  }
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.log_retention_days)
    error_message = "log_retention_days is one of CloudWatch's: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731."
  }
}

# --- environments -------------------------------------------------------------------------------

variable "target_port" {
  description = "The container port of the environments that requests go to."
  type        = number
  default     = 80

  validation {
    condition     = var.target_port >= 1 && var.target_port <= 65535
    error_message = "target_port is a port from 1 to 65535."
  }
}

variable "default_task_definition" {
  description = "The task definition that the launch form begins with; without it, the sample's."
  type        = string
  default     = null
}

variable "passable_role_arns" {
  description = "ARNs of the task and execution roles of your own task definitions: mirage-ecs may pass these, and the sample's, to the tasks that it launches."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.passable_role_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/", arn))])
    error_message = "Each of passable_role_arns is a role's ARN, such as arn:aws:iam::123456789012:role/myapp-task."
  }
}

variable "readable_log_groups" {
  description = "Names of the CloudWatch log groups of your own task definitions, which the logs page shows; the sample's is one already."
  type        = list(string)
  default     = []
}

variable "link" {
  description = "Give tasks names in a private zone link.<domain>, by which those of one environment find each other."
  type        = bool
  default     = false
}

# --- purge --------------------------------------------------------------------------------------

variable "purge_schedule" {
  description = "When unused environments end, as EventBridge Scheduler writes it; null: never."
  type        = string
  default     = "cron(0 3 * * ? *)"

  validation {
    condition     = var.purge_schedule == null || can(regex("^(cron|rate)\\(.+\\)$", var.purge_schedule))
    error_message = "purge_schedule is cron(…) or rate(…) as EventBridge Scheduler has it, such as cron(0 3 * * ? *), or null."
  }
}

variable "purge_timezone" {
  description = "The time zone of purge_schedule."
  type        = string
  default     = "UTC"
}

variable "purge_duration" {
  description = "Seconds without a request after which an environment ends."
  type        = number
  default     = 86400

  validation {
    condition     = var.purge_duration >= 300 && floor(var.purge_duration) == var.purge_duration
    error_message = "purge_duration is a whole number of seconds, at least 300."
  }
}

variable "purge_excludes" {
  description = "Subdomains, or patterns of them, that a purge keeps."
  type        = list(string)
  default     = []
}

# --- who may use the pages ----------------------------------------------------------------------

variable "oidc" {
  description = "The OpenID Connect provider that the load balancer asks who opens the pages; null: nobody is asked. The redirect URI to register there is an output."
  type = object({
    issuer                 = string
    authorization_endpoint = string
    token_endpoint         = string
    user_info_endpoint     = string
    client_id              = string
    scope                  = optional(string, "openid email")
  })
  default = null

  validation {
    condition = var.oidc == null || alltrue([
      for url in [
        try(var.oidc.issuer, ""), try(var.oidc.authorization_endpoint, ""), try(var.oidc.token_endpoint, ""),
        try(var.oidc.user_info_endpoint, ""),
      ] : startswith(url, "https://")
    ])
    error_message = "The issuer and the endpoints of oidc are https:// URLs: see the provider's /.well-known/openid-configuration."
  }
}

variable "oidc_client_secret" {
  description = "The client secret that goes with oidc. Give it as TF_VAR_oidc_client_secret; it is in Terraform's state."
  type        = string
  default     = ""
  sensitive   = true

  validation {
    condition     = (var.oidc != null) == (var.oidc_client_secret != "")
    error_message = "oidc and oidc_client_secret go together: set both (the secret as TF_VAR_oidc_client_secret in the environment), or none."
  }
}

variable "api_without_oidc" {
  description = "With oidc: let /api/ past it, for programs, which mirage-ecs then asks for its token."
  type        = bool
  default     = false

  validation {
    condition     = !var.api_without_oidc || can(yamldecode(var.extra_configuration).auth.token.token)
    error_message = "api_without_oidc needs auth.token in extra_configuration: without it everybody in allowed_cidrs may launch and terminate."
  }
}

variable "require_auth_cookie" {
  description = "Let only those open environments who were let in to the pages."
  type        = bool
  default     = false

  validation {
    condition     = !var.require_auth_cookie || can(yamldecode(var.extra_configuration).auth.cookie_secret)
    error_message = "require_auth_cookie needs auth.cookie_secret in extra_configuration: it signs the cookie."
  }
}
