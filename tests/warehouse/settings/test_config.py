"""The configuration: defaults, overrides, refusals, hashes and the rows of strategies."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.errors import ConfigurationError
from warehouse.settings.portfolio import FILE_NAME, Portfolio, load_portfolio, strategy_rows, write_override_template
from warehouse.settings.strategy import AXES, NEUTRAL

if TYPE_CHECKING:
    from pathlib import Path

EMPTY_GRID_BUT_LIVE = "grid: {ema_fast: [20], ema_slow: [50], top_n: [2], corr_cap: [0.7]}"


def write(home: Path, text: str) -> Path:
    """Put an override into a home; its path is returned."""
    path = home / FILE_NAME
    path.write_text(text, encoding="utf-8")
    return path


def refusal(home: Path, text: str) -> list[str]:
    """The lines of the error that an override causes, without its heading."""
    write(home, text)
    with pytest.raises(ConfigurationError) as caught:
        load_portfolio(home)
    assert "pydantic" not in str(caught.value)
    return str(caught.value).splitlines()[1:]


def test_defaults_are_the_ones_of_the_strategy(tmp_path: Path) -> None:
    """Without an override the documented defaults hold."""
    portfolio = load_portfolio(tmp_path)
    assert portfolio.universe == ("SPY", "QQQ", "VTI", "TLT", "IEF", "GLD", "XLE", "BND", "BITO")
    assert portfolio.strategy.model_dump() == {
        "ema_fast": 20,
        "ema_slow": 50,
        "top_n": 2,
        "corr_cap": 0.7,
        "corr_window": 90,
        "corr_min_obs": 60,
        "atr_window": 20,
        "vol_window": 20,
        "max_weight": 0.5,
        "cash_buffer": 0.05,
    }
    assert portfolio.costs.model_dump() == {
        "slippage": 0.0001,
        "commission_per_share": 0.0035,
        "commission_minimum": 0,
        "commission_maximum": 0,
    }
    assert portfolio.capital.initial_equity == 10_000
    assert portfolio.walk_forward.model_dump(mode="json") == {
        "train_months": 36,
        "test_months": 3,
        "objective": "calmar",
    }
    assert portfolio.quality.stale_after_sessions == 5


def test_override_replaces_only_what_it_names(tmp_path: Path) -> None:
    """Sections merge key by key, lists replace, and an empty section changes nothing."""
    write(tmp_path, "universe: [SPY, ON]\nstrategy:\n  top_n: 3\ngrid:\n  top_n: [1, 4]\ncosts:\n")
    defaults, portfolio = load_portfolio(tmp_path / "elsewhere"), load_portfolio(tmp_path)
    assert portfolio.universe == ("SPY", "ON")
    assert portfolio.strategy == defaults.strategy.model_copy(update={"top_n": 3})
    assert portfolio.grid == defaults.grid.model_copy(update={"top_n": (1, 4)})
    assert portfolio.costs == defaults.costs


def test_numbers_are_read_as_a_reader_expects(tmp_path: Path) -> None:
    """Exponents without a point are numbers, and a whole number serves where a fraction may."""
    write(tmp_path, "costs: {slippage: 1e-4}\nstrategy: {max_weight: 1}\n")
    portfolio = load_portfolio(tmp_path)
    assert portfolio.costs.slippage == 0.0001
    assert portfolio.strategy.max_weight == 1.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "strategy: {top_n: true}",
            "strategy.top_n = true: allowed is a whole number from 1 to 50",
        ),
        ("strategy: {top_n: 2.0}", "strategy.top_n = 2.0: allowed is a whole number from 1 to 50"),
        ("strategy: {top_n: 0}", "strategy.top_n = 0: allowed is a whole number from 1 to 50"),
        ("strategy: {top_n: '2'}", 'strategy.top_n = "2": allowed is a whole number from 1 to 50'),
        (
            "strategy: {corr_cap: -1.1}",
            "strategy.corr_cap = -1.1: allowed is a number from -1 to 1",
        ),
        ("strategy: {max_weight: 0}", "a fraction above 0 and at most 1"),
        ("strategy: {max_weight: 1.01}", "a fraction above 0 and at most 1"),
        ("strategy: {max_weight: }", "strategy.max_weight = nothing: allowed is"),
        ("strategy: {cash_buffer: 1}", "a fraction from 0 to below 1"),
        ("strategy: {atr_window: 1}", "a whole number of sessions from 2 to 5000"),
        ("strategy: {corr_min_obs: 2}", "a whole number from 3 to corr_window"),
        ("strategy: {corr_min_obs: 91}", "strategy.corr_min_obs = 91, strategy.corr_window = 90:"),
        (
            "strategy: {ema_fast: 50}",
            "strategy.ema_fast = 50, strategy.ema_slow = 50: fast must be",
        ),
        ("strategy: 5", "strategy = 5: allowed is a section with the keys ema_fast, ema_slow,"),
        ("strategy: {ema_fst: 9}", "strategy.ema_fst = 9: unknown key. Did you mean ema_fast?"),
        ("ema_fast: 9", "ema_fast = 9: unknown key. Did you mean strategy.ema_fast?"),
        ("universes: [SPY]", "universes = [SPY]: unknown key. Did you mean universe?"),
        ("7: 8", "7 = 8: unknown key. Allowed here: universe, strategy, grid,"),
        ("universe: []", "universe = []: allowed is a list of at least one symbol"),
        ("universe: SPY", "universe = SPY: allowed is a list of at least one symbol"),
        ("universe: [SPY, ^SPY]", "universe[2] = ^SPY: allowed is a list of at least one symbol"),
        ("universe: [ABCDEFGHIJKLM]", "universe[1] = ABCDEFGHIJKLM: allowed is"),
        ("universe: [SPY, QQQ, SPY]", "SPY stands there 2 times; once is allowed"),
        ("universe: [SPY, CASH]", "CASH is the name of uninvested money"),
        ("grid: {top_n: []}", "grid.top_n = []: allowed is a list of at least one"),
        ("grid: {ema_fast: [20, 10]}", "grid.ema_fast = [20, 10]: must rise strictly"),
        ("grid: {corr_cap: [0.5, 0.5]}", "grid.corr_cap = [0.5, 0.5]: must rise strictly"),
        ("grid: {ema_fast: [10, 40]}", "every fast must be below every slow"),
        ("costs: {slippage: .inf}", "costs.slippage = .inf: allowed is a fraction from 0"),
        ("costs: {slippage: 1e999}", "costs.slippage = 1e999: allowed is a fraction from 0"),
        ("costs: {commission_per_share: -1}", "an amount of USD, 0 or more"),
        ("capital: {initial_equity: 0}", "an amount of USD above 0"),
        ("walk_forward: {train_months: 0}", "a whole number of months from 1 to 600"),
        ("walk_forward: {objective: luck}", "one of calmar, sharpe, cagr, profit_factor"),
        ("trading: {scheduled_mode: paper}", "trading.scheduled_mode = paper, trading.decide_on = provisional_bar"),
        ("quality: {stale_after_sessions: 0}", "a whole number of sessions from 1 to 5000"),
        ("- SPY", "the file = [SPY]: allowed is a section with the keys universe, strategy,"),
        ("strategy: &it {ema_fast: *it}", "strategy.ema_fast = {…}: allowed is"),
    ],
)
def test_refusal_says_key_value_and_what_is_allowed(tmp_path: Path, text: str, expected: str) -> None:
    """One wrong value is one line: the file and line, the key, what was found, what is allowed."""
    lines = refusal(tmp_path, text)
    assert len(lines) == 1
    assert lines[0].startswith(f"  {tmp_path / FILE_NAME}:1: ")
    assert expected in lines[0]


def test_a_symbol_has_one_form_however_it_is_written(tmp_path: Path) -> None:
    """Every writing of a share's class is the same symbol."""
    write(tmp_path, "universe: [spy, BRK-B, BF B]")
    assert load_portfolio(tmp_path).universe == ("SPY", "BRK.B", "BF.B")
    assert "BRK.B stands there 2 times" in refusal(tmp_path, "universe: [BRK-B, BRK.B]")[0]


def test_grid_of_too_many_strategies_is_refused(tmp_path: Path) -> None:
    """A grid above 20,000 rows is refused with its size."""
    axis = [number / 10_000 for number in range(741)]
    assert "the lists make 20,007 strategies; at most 20,000 are" in refusal(tmp_path, f"grid: {{corr_cap: {axis}}}")[0]


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    """Refused values, unknown and repeated keys and contradictions stand in one error, by line."""
    lines = refusal(
        tmp_path,
        "universe: [SPY, ^SPY, SPY]\n"
        "strategy:\n"
        "  ema_fast: 60\n"
        "  max_weight: 2\n"
        "  top_m: 1\n"
        "  vol_window: 10\n"
        "  vol_window: 10\n"
        "grid: {top_n: [0], ema_fast: [10, 90, x]}\n",
    )
    keys = [line.removeprefix(f"  {tmp_path / FILE_NAME}:").split(" = ")[0] for line in lines]
    assert keys == [
        "1: universe",
        "1: universe[2]",
        "3: strategy.ema_fast",
        "4: strategy.max_weight",
        "5: strategy.top_m",
        "7: strategy.vol_window",
        "8: grid.ema_fast",
        "8: grid.ema_fast[3]",
        "8: grid.top_n[1]",
    ]
    assert "given twice, on lines 6 and 7" in lines[5]


def test_refused_value_causes_no_second_complaint(tmp_path: Path) -> None:
    """A value that is refused already takes part in no contradiction."""
    lines = refusal(tmp_path, "strategy: {ema_fast: 9999}\ngrid: {ema_fast: [9999]}")
    assert [line.partition(": ")[2].split(" = ")[0] for line in lines] == [
        "strategy.ema_fast",
        "grid.ema_fast[1]",
    ]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("universe: [SPY\nstrategy: 1", "line 2, column 9: not valid YAML"),
        ("strategy:\n\ttop_n: 1", "line 2, column 1: not valid YAML"),
        ("a: !!python/object:os.system x", "line 1, column 4: not valid YAML"),
        ("a: \x01", "holds the control character U+0001 (character 4 of the file)"),
    ],
)
def test_malformed_yaml_says_where(tmp_path: Path, text: str, where: str) -> None:
    """What is not YAML is refused with file, line and column."""
    path = write(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        load_portfolio(tmp_path)
    assert str(caught.value).startswith(str(path))
    assert where in str(caught.value)


def test_unreadable_files_are_configuration_errors(tmp_path: Path) -> None:
    """A folder in the file's place, and bytes that are no text, are refused by name."""
    path = tmp_path / FILE_NAME
    path.write_bytes(b"universe: [\xff]")
    with pytest.raises(ConfigurationError, match=r"portfolio\.yaml is not UTF-8 text \(byte 12\)"):
        load_portfolio(tmp_path)
    path.unlink()
    path.mkdir()
    with pytest.raises(ConfigurationError, match=r"portfolio\.yaml cannot be read"):
        load_portfolio(tmp_path)


def test_parameters_hash_changes_exactly_with_what_can_change_a_number(tmp_path: Path) -> None:
    """Order of symbols, spelling and warnings keep the hash; any parameter changes it."""
    default = load_portfolio(tmp_path).parameters_hash
    assert len(default) == 64

    def hash_with(text: str) -> str:
        write(tmp_path, text)
        return load_portfolio(tmp_path).parameters_hash

    reordered = "universe: [BITO, BND, XLE, GLD, IEF, TLT, VTI, QQQ, SPY]"
    for text in (
        "",
        reordered,
        "capital: {initial_equity: 1e4}",
        "quality: {stale_after_sessions: 9, quarantine_policy: hold_book}",
        "correlation_depth: 41",  # a setting of earlier versions
    ):
        assert hash_with(text) == default
    changed = [
        "universe: [SPY]",
        "strategy: {vol_window: 21}",
        "grid: {top_n: [1, 2]}",
        "costs: {slippage: 0.0002}",
        "capital: {initial_equity: 10001}",
        "walk_forward: {objective: sharpe}",
    ]
    assert len({default, *map(hash_with, changed)}) == len(changed) + 1


def test_a_parameter_that_changes_no_number_changes_no_hash(tmp_path: Path) -> None:
    """A commission's minimum that is off leaves the identities of the strategies as they were without it."""
    assert load_portfolio(tmp_path).parameters_hash.startswith("68130fa4d357")
    ids = {row.strategy_id for row in strategy_rows(load_portfolio(tmp_path))}
    write(tmp_path, "costs: {commission_minimum: 0.35}")
    assert ids.isdisjoint(row.strategy_id for row in strategy_rows(load_portfolio(tmp_path)))


def test_strategy_rows_are_the_grid_in_grid_order(tmp_path: Path) -> None:
    """81 rows, the first axis slowest, numbered from 1, with the live one marked once."""
    rows = strategy_rows(load_portfolio(tmp_path))
    axes = [tuple(row.parameters[name] for name in AXES) for row in rows]
    assert len({row.strategy_id for row in rows}) == 81
    assert [row.grid_order for row in rows] == list(range(1, 82))
    assert axes[:4] == [(10, 40, 1, 0.6), (10, 40, 1, 0.7), (10, 40, 1, 0.8), (10, 40, 2, 0.6)]
    assert axes == sorted(axes)
    live = [row for row in rows if row.is_live]
    assert [tuple(row.parameters[name] for name in AXES) for row in live] == [(20, 50, 2, 0.7)]
    assert live[0].parameters["commission_per_share"] == 0.0035


def test_live_strategy_off_the_grid_is_appended(tmp_path: Path) -> None:
    """A live strategy that the grid does not hold is one more row, without a grid order."""
    write(tmp_path, "strategy: {ema_fast: 21}")
    rows = strategy_rows(load_portfolio(tmp_path))
    assert len(rows) == 82
    assert (rows[-1].grid_order, rows[-1].is_live, rows[-1].parameters["ema_fast"]) == (None, True, 21)
    assert sum(row.is_live for row in rows) == 1


def test_strategy_id_is_the_digest_of_its_own_parameters(tmp_path: Path) -> None:
    """The id depends on the strategy's parameters and not on what else the grid holds."""
    whole = next(row for row in strategy_rows(load_portfolio(tmp_path)) if row.is_live)
    write(tmp_path, EMPTY_GRID_BUT_LIVE)
    (alone,) = strategy_rows(load_portfolio(tmp_path))
    assert alone == dataclasses.replace(whole, grid_order=1)
    counted = {name: value for name, value in alone.parameters.items() if NEUTRAL.get(name) != value}
    text = json.dumps(counted, sort_keys=True, separators=(",", ":"))
    assert alone.strategy_id == hashlib.sha256(text.encode()).hexdigest()[:12]


def test_template_changes_nothing_until_a_setting_is_switched_on(tmp_path: Path) -> None:
    """The template is all comments; taking "# " away gives the defaults back, every one."""
    home = tmp_path / "new" / "home"
    path = write_override_template(home)
    default = load_portfolio(tmp_path)
    text = path.read_text(encoding="utf-8")
    assert load_portfolio(home) == default
    assert all(line.startswith("#") for line in text.splitlines() if line)
    switched_on = "\n".join(line.removeprefix("# ") for line in text.splitlines())
    write(home, switched_on)
    assert load_portfolio(home) == default
    write(home, switched_on.replace("top_n: 2 ", "top_n: 3 "))
    assert load_portfolio(home).strategy.top_n == 3
    assert "universe: [SPY, QQQ" in switched_on


def test_template_overwrites_nothing(tmp_path: Path) -> None:
    """A file that is there is refused and keeps its content."""
    path = write(tmp_path, "universe: [SPY]\n")
    with pytest.raises(ConfigurationError, match="is there already and was left as it is"):
        write_override_template(tmp_path)
    assert path.read_text(encoding="utf-8") == "universe: [SPY]\n"


def test_template_that_cannot_be_written_is_a_configuration_error(tmp_path: Path) -> None:
    """A home below a file is refused with the way out."""
    home = write(tmp_path, "") / "home"
    with pytest.raises(ConfigurationError, match="Point SWING_HOME at a folder of yours"):
        write_override_template(home)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
trees = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(scalars, inner, max_size=3))


@given(
    overrides=st.dictionaries(
        st.sampled_from(sorted(Portfolio.model_fields)),
        trees | st.dictionaries(st.sampled_from(["ema_fast", "top_n", "slippage", "x"]), trees),
        min_size=1,
    )
)
def test_any_yaml_loads_or_is_refused(tmp_path_factory: pytest.TempPathFactory, overrides: dict[str, object]) -> None:
    """Whatever the file holds, the outcome is a valid portfolio or a ConfigurationError."""
    home = tmp_path_factory.mktemp("home")
    write(home, json.dumps(overrides, skipkeys=True))
    outcome: object = None
    try:
        outcome = load_portfolio(home)
    except ConfigurationError as error:
        outcome = str(error)
    assert isinstance(outcome, Portfolio) or f"{home / FILE_NAME}:1: " in outcome
