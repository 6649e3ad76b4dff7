variable "name" {
  description = "What the names of all resources begin with; another one for each deployment in a subscription."
  type        = string
  default     = "atalaia"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([a-z0-9]|-[a-z0-9]){1,14}$", var.name)) && length(var.name) <= 16
    error_message = "name must be 2 to 16 small letters, digits and single hyphens, beginning with a letter and not ending with a hyphen."
  }
}

variable "resource_group_name" {
  description = "The resource group that everything is put into; it must be there."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[-\\w().]{0,89}[-\\w()]$", var.resource_group_name))
    error_message = "resource_group_name must be a name of a resource group, not its ID."
  }
}

variable "location" {
  description = "The region of everything, such as `westeurope`; the account of logs must be in it, and so must workspaces of Azure ML whose topics `known_ids` does not have."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+[0-9]?$", var.location))
    error_message = "location must be a region's short name, such as westeurope."
  }
}

variable "storage_account_id" {
  description = "The storage account of the monitors' places: logs, reference data, outputs. Monitor files are put into a container there."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^/subscriptions/[0-9a-f-]{36}/resourceGroups/[^/]+/providers/Microsoft\\.Storage/storageAccounts/[a-z0-9]{3,24}$", var.storage_account_id))
    error_message = "storage_account_id must be the ID of a storage account, /subscriptions/.../providers/Microsoft.Storage/storageAccounts/NAME."
  }
}

variable "monitors" {
  description = "The folder with the monitor files, one `NAME.yaml` for each monitor."
  type        = string
  nullable    = false

  validation {
    condition     = length(fileset(var.monitors, "*.{yaml,yml}")) > 0
    error_message = "monitors must be a folder with at least one monitor file, NAME.yaml."
  }
}

variable "bundle" {
  description = "The functions' code, as `atalaia package azure` builds it: the `path` of the zip file, or the `uri` that it can be copied from, another one for each version."
  type = object({
    path = optional(string)
    uri  = optional(string)
  })
  nullable = false

  validation {
    condition     = (var.bundle.path != null) != (var.bundle.uri != null)
    error_message = "bundle needs either path or uri."
  }

  validation {
    condition     = var.bundle.uri == null || can(regex("^https://", var.bundle.uri))
    error_message = "bundle.uri must begin with https://."
  }
}

variable "environment" {
  description = "Settings of the function app, beside or instead of those that were tested; the README lists them. With `ATALAIA_APPROVAL_KEY`, there is a route for links that approve."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.environment) : startswith(name, "ATALAIA_") && !contains(["ATALAIA_MONITORS", "ATALAIA_QUEUE", "ATALAIA_CONTAINER"], name)])
    error_message = "environment may set variables that begin with ATALAIA_, but not ATALAIA_MONITORS, ATALAIA_QUEUE or ATALAIA_CONTAINER."
  }

  validation {
    condition     = contains(["application-insights", "azure-monitor", "otlp"], lookup(var.environment, "ATALAIA_METRICS", "application-insights"))
    error_message = "ATALAIA_METRICS must be application-insights, azure-monitor or otlp."
  }

  validation {
    condition = lookup(var.environment, "ATALAIA_METRICS", "") != "otlp" || try(var.alarms.lag_seconds, null) == null && alltrue([
      for name in ["drift", "drifted_share", "failed_share", "performance", "rejected_rows", "silent_hours"] : try(var.alarms[name], 0) == null
    ])
    error_message = "With ATALAIA_METRICS = otlp, Application Insights hears of no report, and alarms see none: set drift, drifted_share, failed_share, performance, rejected_rows and silent_hours of alarms to null, leave lag_seconds out, and watch reports where metrics go."
  }

  # Not by its name, or Terraform would show what was given, which may be the key.
  validation {
    condition     = alltrue([for name, given in var.environment : name != "ATALAIA_APPROVAL_KEY" || can(regex("^keyvault:https://[A-Za-z0-9-]{3,24}\\.vault\\.[a-z.]+/secrets/[A-Za-z0-9-]{1,127}(/[0-9a-f]{32})?$", given))])
    error_message = "ATALAIA_APPROVAL_KEY must say where the key is kept, keyvault:https://VAULT.vault.azure.net/secrets/NAME; the key itself does not belong here."
  }

  validation {
    condition     = contains(["summary", "columns"], lookup(var.environment, "ATALAIA_DETAIL", "summary"))
    error_message = "ATALAIA_DETAIL must be summary or columns."
  }
}

variable "size" {
  description = "What differs from the size that was tested: an instance's `memory_mb` (512, 2048 or 4096), and `most_instances` at once."
  type = object({
    memory_mb      = optional(number)
    most_instances = optional(number)
  })
  default  = {}
  nullable = false

  validation {
    condition     = try(contains([512, 2048, 4096], var.size.memory_mb), var.size.memory_mb == null)
    error_message = "size.memory_mb must be 512, 2048 or 4096."
  }

  validation {
    condition     = try(var.size.most_instances >= 1 && var.size.most_instances <= 1000, var.size.most_instances == null)
    error_message = "size.most_instances must be from 1 to 1000."
  }
}

variable "known_ids" {
  description = "What is there already, by its ID. Event Grid system topics, by the ID of their source (the account of logs, an Azure ML workspace): a source has only one, it must be in the source's region, and that of the account needs a system-assigned identity. Event Grid topics and Key Vaults that policies name (and `ATALAIA_APPROVAL_KEY`), by their addresses (`https://NAME.westeurope-1.eventgrid.azure.net/api/events`, `https://NAME.vault.azure.net`): the app may send to these topics, and read the secrets that are named."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([for key, id in var.known_ids :
      can(regex("^/subscriptions/[0-9a-f-]{36}/resourceGroups/[^/]+/providers/Microsoft\\.EventGrid/systemTopics/[A-Za-z0-9-]{3,128}$", id))
      if startswith(key, "/subscriptions/")
    ])
    error_message = "known_ids must hold IDs of system topics, /subscriptions/.../providers/Microsoft.EventGrid/systemTopics/NAME, by the IDs of their sources."
  }

  validation {
    condition     = alltrue([for key in keys(var.known_ids) : key == var.storage_account_id || can(regex("^(https://[^/]+(/api/events)?|/subscriptions/[0-9a-f-]{36}/resourceGroups/[^/]+/providers/Microsoft\\.MachineLearningServices/workspaces/[^/]+)$", key))])
    error_message = "known_ids is by the ID of the storage account or of an Azure ML workspace, or by the address of an Event Grid topic or a Key Vault."
  }

  validation {
    condition = alltrue([for key, id in var.known_ids :
      can(regex("^/subscriptions/[0-9a-f-]{36}/resourceGroups/[^/]+/providers/Microsoft\\.(EventGrid/topics|KeyVault/vaults)/[A-Za-z0-9-]{3,50}$", id))
      if startswith(key, "https://")
    ])
    error_message = "known_ids must hold IDs of topics and vaults, /subscriptions/.../providers/Microsoft.EventGrid/topics/NAME or Microsoft.KeyVault/vaults/NAME, by their addresses."
  }
}

variable "alarms" {
  description = "What differs from the default limits of alarms, null for no such alarm: `drift` (1, the multiple of its own limit), `drifted_share` (0.3) and `failed_share` (0) of columns and quality checks, `performance` (1, where rows have labels), `rejected_rows` (0), `lag_seconds` (none), `silent_hours` without a report (0, which stands for window, lateness and one more), `untold_reports` (0), `waiting_logs` (1000), `budget_share` (0.8) of `daily_gigabytes`."
  type        = map(number)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setsubtract(keys(var.alarms), ["budget_share", "drift", "drifted_share", "failed_share", "lag_seconds", "performance", "rejected_rows", "silent_hours", "untold_reports", "waiting_logs"])) == 0
    error_message = "alarms may have budget_share, drift, drifted_share, failed_share, lag_seconds, performance, rejected_rows, silent_hours, untold_reports and waiting_logs."
  }

  validation {
    condition     = alltrue([for limit in var.alarms : try(limit >= 0, true)])
    error_message = "The limits of alarms must not be negative; null is for no alarm."
  }

  validation {
    condition     = alltrue([for name in ["budget_share", "drifted_share", "failed_share"] : try(var.alarms[name] < 1, true)])
    error_message = "budget_share, drifted_share and failed_share must be from 0 up to 1."
  }

  validation {
    condition     = try(var.alarms.silent_hours <= 47, true)
    error_message = "silent_hours must be from 0 to 47, as Azure Monitor's alerts look back two days."
  }
}

variable "notify" {
  description = "Whom alarms tell: the action group `action_group_id`, or if there is none, one that is made, with the addresses in `emails`."
  type = object({
    action_group_id = optional(string)
    emails          = optional(set(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.notify.action_group_id == null || can(regex("^/subscriptions/[0-9a-f-]{36}/resourceGroups/[^/]+/providers/[Mm]icrosoft\\.[Ii]nsights/actionGroups/[^/]+$", var.notify.action_group_id))
    error_message = "notify.action_group_id must be the ID of an action group."
  }

  validation {
    condition     = alltrue([for address in var.notify.emails : can(regex("^[^@\\s]+@[^@\\s]+$", address))])
    error_message = "notify.emails must be addresses such as team@example.com."
  }

  validation {
    condition     = var.notify.action_group_id == null || length(var.notify.emails) == 0
    error_message = "Give notify.action_group_id or notify.emails, not both: add addresses to your own group yourself."
  }
}

variable "log_retention_days" {
  description = "For how many days Log Analytics keeps what the functions tell, in which every finding is."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.log_retention_days >= 30 && var.log_retention_days <= 730 && floor(var.log_retention_days) == var.log_retention_days
    error_message = "log_retention_days must be a whole number from 30 to 730."
  }
}

variable "daily_gigabytes" {
  description = "How much Log Analytics takes a day; the rest of that day is lost, and an alarm says so before."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.daily_gigabytes >= 0.03 && var.daily_gigabytes <= 1000
    error_message = "daily_gigabytes must be from 0.03 to 1000."
  }
}

variable "subnet_id" {
  description = "The subnet that the functions go out through, delegated to Microsoft.App/environments, null for none; they need a way to storage, to Azure Monitor, and to what policies name: Azure ML, Event Grid, Key Vault, others on the Internet."
  type        = string
  default     = null

  validation {
    condition     = var.subnet_id == null || can(regex("^/subscriptions/[0-9a-f-]{36}/resourceGroups/[^/]+/providers/Microsoft\\.Network/virtualNetworks/[^/]+/subnets/[^/]+$", var.subnet_id))
    error_message = "subnet_id must be the ID of a subnet."
  }
}

variable "tags" {
  description = "Tags of everything, beside `project`."
  type        = map(string)
  default     = {}
  nullable    = false
}
