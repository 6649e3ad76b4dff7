"""What can go wrong in the emulated Azure."""

from dataclasses import dataclass

from emulation.chaos import CommonKnobs


@dataclass(slots=True)
class Knobs(CommonKnobs):
    """All at rest by default. Shares are 0..1.

    Attributes:
        kill_host_share: Share of killed instances that go whole, host and worker: a queue message comes back only after
            its visibility time-out. The rest lose their worker alone: the host fails the invocation at once.
        storage_unavailable: Share of blob and queue requests answered 503 ServerBusy.
        storage_throttled: Share of blob and queue requests answered 429 TooManyRequests.
        event_duplicates: Share of events that each subscription gets twice.
        event_delay_seconds: Events wait up to so many real seconds, each by its own draw: so they are shuffled.
        insights_unavailable: Share of ingestion requests answered 503.
        insights_throttled: Share of ingestion requests answered 429 with Retry-After.
        insights_partial: Share of ingestion requests answered 206, some items refused.
        insights_hung: Share of ingestion requests never answered.
        ml_duplicates: Share of Azure ML's events told twice.
        ml_outcome: What jobs end as: "Completed" or "Failed".
    """

    kill_host_share: float = 1.0
    storage_unavailable: float = 0.0
    storage_throttled: float = 0.0
    event_duplicates: float = 0.0
    event_delay_seconds: float = 0.0
    insights_unavailable: float = 0.0
    insights_throttled: float = 0.0
    insights_partial: float = 0.0
    insights_hung: float = 0.0
    ml_duplicates: float = 0.0
    ml_outcome: str = "Completed"
