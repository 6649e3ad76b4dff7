"""Application Insights and its Log Analytics workspace: ingestion, tables, KQL."""
