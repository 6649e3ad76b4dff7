"""Application Insights and its Log Analytics workspace: ingestion, tables, KQL."""

from emulated_azure.insights.service import RESOURCE, Insights

__all__ = ["RESOURCE", "Insights"]
