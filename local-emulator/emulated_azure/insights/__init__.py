"""Application Insights and its Log Analytics workspace: ingestion, tables, KQL."""

from emulated_azure.insights.service import INSTRUMENTATION_KEY, RESOURCE, Insights
from emulated_azure.insights.tables import SUBSCRIPTION, WORKSPACE

__all__ = ["INSTRUMENTATION_KEY", "RESOURCE", "SUBSCRIPTION", "WORKSPACE", "Insights"]
