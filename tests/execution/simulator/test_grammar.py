"""Scenarios as text: what each line means, and what is said about a line that means nothing."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

from execution.simulator.grammar import SHIPPED, read_scenario, scenario_text
from execution.simulator.scenario import (
    ACCEPT,
    EVERY,
    Action,
    ActionKind,
    Correction,
    Filling,
    Rule,
    Scenario,
)
from warehouse.errors import ConfigurationError

DROP = Action(ActionKind.DROP)


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("on placeOrder SPY 1: drop", Rule("placeOrder", "SPY", 1, 1, (DROP,))),
        ("on placeOrder 2: accept, drop", Rule("placeOrder", EVERY, 2, 2, (ACCEPT, DROP))),
        ("on openOrder 2+: delay 3", Rule("openOrder", EVERY, 2, math.inf, (Action(ActionKind.DELAY, 3), ACCEPT))),
        ("on orderStatus: repeat 2", Rule("orderStatus", EVERY, 1, math.inf, (Action(ActionKind.REPEAT, 2),))),
        ("on orderStatus: lose  # and why", Rule("orderStatus", EVERY, 1, math.inf, (Action(ActionKind.LOSE),))),
        ("on execDetails 1: truncate", Rule("execDetails", EVERY, 1, 1, (Action(ActionKind.TRUNCATE),))),
        (
            'on placeOrder TLT: error 10349 "Order TIF, # of a preset", accept',
            Rule(
                "placeOrder", "TLT", 1, math.inf, (Action(ActionKind.ERROR, 10349, "Order TIF, # of a preset"), ACCEPT)
            ),
        ),
        (
            'on placeOrder: reject 201 "no"',
            Rule("placeOrder", EVERY, 1, math.inf, (Action(ActionKind.REJECT, 201, "no"),)),
        ),
        (
            "on placeOrder 2: accept, restart after 1.5 with ids rolled back",
            Rule("placeOrder", EVERY, 2, 2, (ACCEPT, Action(ActionKind.RESTART, 1.5, ids_roll_back=True))),
        ),
    ],
)
def test_a_rule_says_where_and_what(line: str, rule: Rule) -> None:
    """Message, symbol, occurrence and actions of a rule."""
    assert read_scenario(line) == Scenario(rules=(rule,))


@pytest.mark.parametrize(
    ("line", "scenario"),
    [
        ("", Scenario()),
        ("# only a comment", Scenario()),
        ("fill in 3 parts every 0.2", Scenario(fillings={EVERY: Filling(3, 0.2, 3)})),
        ("fill XLE in 3 parts every 1 stop after 2", Scenario(fillings={"XLE": Filling(3, 1, 2)})),
        ("fill XLE never", Scenario(fillings={"XLE": Filling(count=0)})),
        ("fill status first", Scenario(is_status_first=True)),
        (
            "correct SPY 1: price 501.20",
            Scenario(corrections=(Correction("SPY", 1, Decimal("501.20"), is_shift=False),)),
        ),
        ("correct SPY 2: price -0.10", Scenario(corrections=(Correction("SPY", 2, Decimal("-0.10"), is_shift=True),))),
        ("execution time MET", Scenario(execution_time="MET")),
        ("latency 0.2", Scenario(latency=0.2)),
        ("accept fractions", Scenario(accepts_fractions=True)),
        ("accept unsettled", Scenario(accepts_unsettled=True)),
        ("live data", Scenario(has_live_data=True)),
        ("enforce pacing", Scenario(is_paced=True)),
    ],
)
def test_a_setting_changes_one_thing(line: str, scenario: Scenario) -> None:
    """Each kind of line that is no rule."""
    assert read_scenario(line) == scenario


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("on placeOrders: drop", "placeOrders is no message; requests: startApi, "),
        ("on placeOrder: explode", "'explode' is no action; allowed: accept; delay SECONDS; "),
        ("on placeOrder: delay", "'delay' is no action; allowed: "),
        ("on placeOrder: truncate", "placeOrder cannot truncate"),
        ('on orderStatus: reject 201 "no"', "orderStatus cannot reject"),
        ("on placeOrder 0: drop", "allowed: on MESSAGE [SYMBOL] [NTH]: ACTION, …; fill [SYMBOL] in N parts"),
        ("fill sometimes", "allowed: on MESSAGE"),
        ("drop everything", "allowed: on MESSAGE"),
    ],
)
def test_a_line_that_means_nothing_is_named(line: str, part: str) -> None:
    """The error has the file, the number of the line, its text and what is allowed."""
    with pytest.raises(ConfigurationError) as caught:
        read_scenario(f"# first\n\n{line}", "mine.txt")
    assert str(caught.value).startswith(f"mine.txt, line 3: {line!r} is not understood: ")
    assert part in str(caught.value)


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.txt")), ids=lambda path: path.stem)
def test_a_shipped_scenario_reads_and_says_what_it_is(path: object) -> None:
    """Each example changes something, starts with a comment, and is found by its name."""
    name = str(path).rpartition("/")[2].removesuffix(".txt")
    text = scenario_text(name)
    assert text.startswith("# ")
    assert read_scenario(text, name) != Scenario()


def test_a_missing_scenario_names_those_there_are() -> None:
    """A name that is neither a file nor an example is an error with the examples' names."""
    with pytest.raises(ConfigurationError, match=r"lost_acknowledgment cannot be read: .* lost_acknowledgement"):
        scenario_text("lost_acknowledgment")
