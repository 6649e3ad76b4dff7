"""By what names Application Insights, its workspace and the subscription go, inside and outside of the emulator."""

INSTRUMENTATION_KEY = "00000000-0000-0000-0000-000000000001"
SUBSCRIPTION = "00000000-0000-0000-0000-000000000002"
WORKSPACE = "00000000-0000-0000-0000-000000000003"
