"""By what names Application Insights, its workspace and its owner go, inside and outside of the emulator."""

INSTRUMENTATION_KEY = "00000000-0000-0000-0000-000000000001"
SUBSCRIPTION = "00000000-0000-0000-0000-000000000002"
WORKSPACE = "00000000-0000-0000-0000-000000000003"
APP = "atalaia"
RESOURCE = f"/subscriptions/{SUBSCRIPTION}/resourcegroups/atalaia/providers/microsoft.insights/components/{APP}"
IDENTITY_HEADER = "nothing-real-is-behind-this"
"""What the platform gives to its own: who shows it gets a token."""
