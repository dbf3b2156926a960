resource "aws_route53_zone" "main" {
  count = var.create_hosted_zone ? 1 : 0

  name          = var.domain
  force_destroy = true
}

data "aws_route53_zone" "existing" {
  count = var.hosted_zone_id == null ? 0 : 1

  zone_id = var.hosted_zone_id

  lifecycle {
    postcondition {
      condition     = endswith(".${var.domain}", ".${trimsuffix(self.name, ".")}") && !coalesce(self.private_zone, false)
      error_message = "The zone ${var.hosted_zone_id} is not for ${var.domain}: set hosted_zone_id to the public zone of that domain or of one above it, or create_hosted_zone = true instead."
    }
  }
}

locals {
  zone_id = var.create_hosted_zone ? aws_route53_zone.main[0].zone_id : data.aws_route53_zone.existing[0].zone_id
}

# --- certificate --------------------------------------------------------------------------------

resource "aws_acm_certificate" "main" {
  domain_name               = var.domain
  subject_alternative_names = ["*.${var.domain}"]
  validation_method         = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

# The domain and its wildcard are proven by one and the same record.
resource "aws_route53_record" "validation" {
  for_each = toset([var.domain])

  zone_id         = local.zone_id
  name            = one([for o in aws_acm_certificate.main.domain_validation_options : o.resource_record_name if o.domain_name == each.value])
  type            = one([for o in aws_acm_certificate.main.domain_validation_options : o.resource_record_type if o.domain_name == each.value])
  records         = [one([for o in aws_acm_certificate.main.domain_validation_options : o.resource_record_value if o.domain_name == each.value])]
  ttl             = 60
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "main" {
  certificate_arn         = aws_acm_certificate.main.arn
  validation_record_fqdns = [for record in aws_route53_record.validation : record.fqdn]

  timeouts {
    create = "20m" # a domain whose name servers are not entered yet would wait for longer in vain
  }
}

# --- names --------------------------------------------------------------------------------------

resource "aws_route53_record" "environments" {
  zone_id = local.zone_id
  name    = "*.${var.domain}" # the web API's host is one of them
  type    = "A"

  alias {
    name                   = aws_lb.main.dns_name
    zone_id                = aws_lb.main.zone_id
    evaluate_target_health = false
  }
}

resource "aws_route53_zone" "link" {
  count = var.link ? 1 : 0

  name          = "link.${var.domain}"
  force_destroy = true # the records in it are mirage-ecs's

  vpc {
    vpc_id = aws_vpc.main.id
  }
}
