"""What can go wrong in the emulated AWS."""

from dataclasses import dataclass

from emulation.chaos import CommonKnobs


@dataclass(slots=True)
class Knobs(CommonKnobs):
    """All at rest by default. Shares are 0..1.

    Attributes:
        s3_unavailable: Share of S3 requests answered 503 ServiceUnavailable.
        s3_slow_down: Share of S3 requests answered 503 SlowDown.
        cloudwatch_throttled: Share of PutMetricData requests answered 400 Throttling.
        s3_event_duplicates: Share of S3 events delivered twice.
        s3_event_delay_seconds: S3 events wait up to so many real seconds, each by its own draw: so they are shuffled.
        sagemaker_duplicates: Share of SageMaker's state changes told twice.
        sagemaker_outcome: What executions and jobs end as: "Succeeded" or "Failed".
    """

    s3_unavailable: float = 0.0
    s3_slow_down: float = 0.0
    cloudwatch_throttled: float = 0.0
    s3_event_duplicates: float = 0.0
    s3_event_delay_seconds: float = 0.0
    sagemaker_duplicates: float = 0.0
    sagemaker_outcome: str = "Succeeded"
