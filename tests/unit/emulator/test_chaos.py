import pytest

from emulated_aws.knobs import Knobs
from emulation.chaos import Chaos


def test_at_rest_nothing_strikes():
    chaos = Chaos(Knobs())

    assert not any(chaos.strikes("s3_unavailable") for _ in range(100))
    assert chaos.kill_delay_seconds("f") is None
    assert chaos.delay_seconds("s3_event_delay_seconds") == 0
    assert chaos.struck == {}


def test_a_share_strikes_about_as_often_and_is_counted():
    chaos = Chaos(Knobs())
    chaos.set({"s3_unavailable": 0.3, "seed": 5})

    struck = sum(chaos.strikes("s3_unavailable") for _ in range(1000))

    assert 250 < struck < 350
    assert chaos.struck == {"s3_unavailable": struck}


def test_the_same_seed_draws_the_same():
    chaos = Chaos(Knobs())
    chaos.set({"kill_share": 0.5, "kill_after_ms": [10, 90], "seed": 9})
    first = [chaos.kill_delay_seconds("f") for _ in range(20)]
    chaos.set({"seed": 9})

    again = [chaos.kill_delay_seconds("f") for _ in range(20)]

    assert again == first
    assert all(0.01 <= delay <= 0.09 for delay in first if delay is not None)


def test_only_the_named_function_is_killed():
    chaos = Chaos(Knobs())
    chaos.set({"kill_share": 1, "kill_function": "f"})

    assert chaos.kill_delay_seconds("g") is None
    assert chaos.kill_delay_seconds("f") == 0


@pytest.mark.parametrize(
    "settings", [{"nothing": 1}, {"kill_share": -1}, {"kill_share": True}, {"seed": "x"}, {"kill_after_ms": [1, 2, 3]}]
)
def test_a_wrong_setting_changes_nothing(settings):
    chaos = Chaos(Knobs())

    with pytest.raises(ValueError, match=next(iter(settings))):
        chaos.set({"s3_slow_down": 1, **settings})

    assert chaos.knobs.s3_slow_down == 0
