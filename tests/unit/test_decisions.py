from atalaia.decisions import Decision, Outcome, Run, in_runs


def decided(outcome, policy="retrain", why="it cools down", found="drifted 0.5 > 0.3"):
    return Decision(policy, Outcome(outcome), why, found, "20260301T000000Z/r1", 0)


def test_windows_in_a_row_that_one_thing_holds_back_are_one_run_per_policy():
    held, spent = decided("held"), decided("spent", "ticket", "budget")
    told = [(place, each) for place in (3, 4, 5) for each in (held, spent)]

    assert in_runs(told) == [Run(3, 5, held), Run(3, 5, spent)]


def test_a_gap_or_another_reason_begins_a_new_run():
    held, late = decided("held"), decided("held", why="it comes too late")

    assert in_runs([(1, held), (3, held), (4, late)]) == [Run(1, 1, held), Run(3, 3, held), Run(4, 4, late)]


def test_what_is_done_or_waits_or_has_no_reason_stands_alone():
    for outcome in ("acted", "waiting", "no"):
        each = decided(outcome)

        assert in_runs([(1, each), (2, each)]) == [Run(1, 1, each), Run(2, 2, each)]


def test_what_was_found_is_left_out_where_it_changed():
    found = [decided("held", found=f"drifted 0.{tenth} > 0.3") for tenth in (5, 6, 5)]

    (run,) = in_runs(enumerate(found))

    assert run.decision.told == "retrain: held back, it cools down"
