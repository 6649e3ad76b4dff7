# One page over all monitors: the alarms, then the rows of infra/dashboards/panels.json, as far as CloudWatch can answer them.

locals {
  # The lines of each query of Logs Insights; the first is its question.
  insights = { for file in fileset(local.queries, "*.insights") : trimsuffix(file, ".insights") => split("\n", file("${local.queries}/${file}")) }
  sources  = join(" | ", [for group in aws_cloudwatch_log_group.function : "SOURCE '${group.name}'"])

  # Queries that are only in KQL are left out, and charts of answers, which Logs Insights draws only of what it has binned itself.
  rows = [for row in jsondecode(file("${path.module}/../../../dashboards/panels.json")).rows : merge(row, {
    panels = [for panel in row.panels : panel if !can(panel.chart) && (!can(panel.query) || can(local.insights[panel.query]))]
  })]

  # A hundred alarms in a widget, as many widgets as that takes.
  states = chunklist(concat(
    [for alarm in aws_cloudwatch_composite_alarm.monitor : alarm.arn],
    [aws_cloudwatch_metric_alarm.heartbeat.arn],
    [for alarm in aws_cloudwatch_metric_alarm.function : alarm.arn],
  ), 100)

  # Rows lie below each other: a heading, then panels side by side in as many lines as 24 columns ask for.
  heights = [for row in local.rows : 1 + row.height * ceil(sum(row.panels[*].width) / 24)]
  tops    = [for number, row in local.rows : 4 * length(local.states) + sum(concat([0], slice(local.heights, 0, number)))]
  before  = [for row in local.rows : [for place, panel in row.panels : sum(concat([0], slice(row.panels, 0, place)[*].width))]]
  panels = flatten([for number, row in local.rows : [for place, panel in row.panels : merge(panel, {
    x      = local.before[number][place] % 24
    y      = local.tops[number] + 1 + row.height * floor(local.before[number][place] / 24)
    height = row.height
  })]])
}

resource "aws_cloudwatch_dashboard" "monitors" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    start = "-P7D"
    widgets = concat(
      [for number, states in local.states : {
        type       = "alarm", x = 0, y = 4 * number, width = 24, height = 4
        properties = { title = "Alarms: one for each monitor, and those of the functions", alarms = states, sortBy = "stateUpdatedTimestamp" }
      }],
      [for number, row in local.rows : {
        type       = "text", x = 0, y = local.tops[number], width = 24, height = 1
        properties = { markdown = "## ${row.title}", background = "transparent" }
      }],
      [for panel in local.panels : {
        type = "log", x = panel.x, y = panel.y, width = panel.width, height = panel.height
        properties = {
          title  = trimprefix(local.insights[panel.query][0], "# ")
          region = local.region
          view   = "table"
          query  = "${local.sources} | ${trimspace(join("\n", [for line in local.insights[panel.query] : line if !startswith(line, "#")]))}"
        }
      } if can(panel.query)],
      [for panel in local.panels : {
        type = "metric", x = panel.x, y = panel.y, width = panel.width, height = panel.height
        properties = {
          title  = panel.title
          region = local.region
          view   = "timeSeries"
          stat   = try(panel.statistic, "Maximum")
          period = 300
          metrics = concat(
            [for metric in [panel.metric] : [local.namespace, metric, { label = panel.title }] if can(panel.calls)],
            [for name, each in local.watched : concat(
              [local.namespace, panel.metric, "monitor", name, "model", each.model],
              flatten([for more, value in try(panel.dimensions, {}) : [more, value]]),
              [{ label = name }],
            ) if !can(panel.calls)],
          )
          yAxis       = { left = { for end, value in { min = 0, max = try(panel.most, null) } : end => value if value != null } }
          annotations = { horizontal = [for limit in [try(local.limits[panel.limit], null)] : { label = "Above, an alarm tells", value = limit } if limit != null] }
        }
      } if !can(panel.query)],
    )
  })
}
