"""Event Grid: topics, subscriptions with filters, delivery with retries and dead letters."""
