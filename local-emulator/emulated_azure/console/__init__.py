"""The console: a page on loopback that asks in KQL, shows reports, and watches functions and queues."""
