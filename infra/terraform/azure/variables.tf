variable "name" {
  description = "What the names of all resources begin with; another one for each deployment in a subscription."
  type        = string
  default     = "atalaia"
  nullable    = false
}

variable "resource_group_name" {
  description = "The resource group that everything is put into; it must be there."
  type        = string
  nullable    = false
}

variable "location" {
  description = "The region of everything, such as `westeurope`; the account of logs must be in it, and so must workspaces of Azure ML whose topics `known_ids` does not have."
  type        = string
  nullable    = false
}

variable "storage_account_id" {
  description = "The storage account of the monitors' places: logs, reference data, outputs. Monitor files are put into a container there."
  type        = string
  nullable    = false
}

variable "monitors" {
  description = "The folder with the monitor files, one `NAME.yaml` for each monitor."
  type        = string
  nullable    = false
}

variable "bundle" {
  description = "The functions' code, as `atalaia package azure` builds it: the `path` of the zip file, or the `uri` that it can be copied from, another one for each version."
  type = object({
    path = optional(string)
    uri  = optional(string)
  })
  nullable = false
}

variable "environment" {
  description = "Settings of the function app, beside or instead of those that were tested; the README lists them. With `ATALAIA_APPROVAL_KEY`, there is a route for links that approve."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "size" {
  description = "What differs from the size that was tested: an instance's `memory_mb` (512, 2048 or 4096), and `most_instances` at once."
  type = object({
    memory_mb      = optional(number)
    most_instances = optional(number)
  })
  default  = {}
  nullable = false
}

variable "known_ids" {
  description = "What is there already, by its ID. Event Grid system topics, by the ID of their source (the account of logs, an Azure ML workspace): a source has only one, it must be in the source's region, and that of the account needs a system-assigned identity. Event Grid topics and Key Vaults that policies name (and `ATALAIA_APPROVAL_KEY`), by their addresses (`https://NAME.westeurope-1.eventgrid.azure.net/api/events`, `https://NAME.vault.azure.net`): the app may send to these topics, and read the secrets that are named."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "alarms" {
  description = "What differs from the default limits of alarms, null for no such alarm: `drift` (1, the multiple of its own limit), `drifted_share` (0.3) and `failed_share` (0) of columns and quality checks, `performance` (1, where rows have labels), `rejected_rows` (0), `lag_seconds` (none), `silent_hours` without a report (0, which stands for window, lateness and one more), `untold_reports` (0), `waiting_logs` (1000), `budget_share` (0.8) of `daily_gigabytes`."
  type        = map(number)
  default     = {}
  nullable    = false
}

variable "notify" {
  description = "Whom alarms tell: the action group `action_group_id`, or if there is none, one that is made, with the addresses in `emails`."
  type = object({
    action_group_id = optional(string)
    emails          = optional(set(string), [])
  })
  default  = {}
  nullable = false
}

variable "log_retention_days" {
  description = "For how many days Log Analytics keeps what the functions tell, in which every finding is."
  type        = number
  default     = 90
  nullable    = false
}

variable "daily_gigabytes" {
  description = "How much Log Analytics takes a day; the rest of that day is lost, and an alarm says so before."
  type        = number
  default     = 1
  nullable    = false
}

variable "subnet_id" {
  description = "The subnet that the functions go out through, delegated to Microsoft.App/environments, null for none; they need a way to storage, to Azure Monitor, and to what policies name: Azure ML, Event Grid, Key Vault, others on the Internet."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of everything, beside `project`."
  type        = map(string)
  default     = {}
  nullable    = false
}
