# Questions to the logs, ready in CloudWatch's console; they lie beside those of Azure.

locals {
  queries = "${path.module}/../../../queries"
}

resource "aws_cloudwatch_query_definition" "query" {
  for_each = fileset(local.queries, "*.insights")

  name            = "${var.name}/${trimsuffix(each.value, ".insights")}"
  query_string    = file("${local.queries}/${each.value}")
  log_group_names = [for group in aws_cloudwatch_log_group.function : group.name]
}
