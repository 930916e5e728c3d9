// The explorer: sliders over the stored grid; what is not on it is computed by the server when asked for.
"use strict";
(() => {
  const FIGURES = [["cagr", "CAGR", true], ["sharpe", "Sharpe", false], ["max_drawdown", "Max drawdown", true], ["calmar", "Calmar", false], ["volatility_annual", "Volatility", true], ["turnover_annual", "Turnover a year", false]];
  const computed = new Map();
  let known, plot;
  const write = (value, isPercent) => value == null ? "–" : isPercent ? `${(100 * value).toFixed(1).replace("-", "−")}%` : value.toFixed(2).replace("-", "−");

  const card = () => document.querySelector("[data-explorer]");
  const values = () => Object.fromEntries([...card().querySelectorAll("input[type=range]")].map((each) => [each.name, Number(each.value)]));
  const key = (wanted) => Object.keys(known.axes).map((name) => wanted[name]).join("/");
  const onGrid = (wanted) => known.strategies.find((each) => Object.keys(known.axes).every((name) => Math.abs(each[name] - wanted[name]) < 1e-9));

  function figures(metrics, live) {
    card().querySelector("[data-figures]").replaceChildren(...FIGURES.map(([name, label, isPercent]) => {
      const group = document.createElement("div"), term = document.createElement("dt"), value = document.createElement("dd"), beside = document.createElement("small");
      term.textContent = label;
      value.textContent = metrics ? write(metrics[name], isPercent) : "–";
      beside.textContent = `live ${write(live[name], isPercent)}`;
      beside.className = "muted";
      value.append(beside);
      group.append(term, value);
      return group;
    }));
  }
  function curve(found, live) {
    const element = card().querySelector("[data-plot]");
    if (plot) { plot.destroy(); plot = undefined; }
    element.replaceChildren();
    if (!known.months.length) return;
    const { x, y } = window.swingAxes();
    y.values = (_plot, ticks) => ticks.map((value) => value == null ? "" : `${value}×`);
    const times = known.months.map((day) => Date.parse(`${day}T00:00:00Z`) / 1000), css = window.swingFormats.css;
    const lines = [["Live", live, "--backtest"], ["This one", found, "--account"]].filter((each) => each[1] && each[1].growth);
    plot = new uPlot({
      width: element.clientWidth, height: 300, axes: [x, y], scales: { y: { distr: 3 } }, legend: { live: true }, cursor: { drag: { x: false, y: false } },
      tzDate: (ts) => uPlot.tzDate(new Date(ts * 1e3), "Etc/UTC"),
      series: [{ label: "Month", value: (_plot, value) => value == null ? "–" : new Date(value * 1000).toISOString().slice(0, 7) },
        ...lines.map(([label, , colour]) => ({ label, stroke: css(colour), width: 2, points: { show: false }, value: (_plot, value) => value == null ? "–" : `${value.toFixed(2)}×` }))],
    }, [times, ...lines.map((each) => each[1].growth)], element);
  }
  function show() {
    const wanted = values(), live = known.strategies.find((each) => each.is_live);
    card().querySelectorAll("label").forEach((each) => { each.querySelector("output").textContent = each.querySelector("input").value; });
    const found = onGrid(wanted), other = computed.get(key(wanted));
    const told = card().querySelector("[data-told]"), button = card().querySelector("[data-compute]");
    button.hidden = Boolean(found || other);
    const isAllowed = wanted.ema_fast < wanted.ema_slow;
    button.disabled = !isAllowed;
    told.textContent = found ? "From the stored grid." : other ? `Computed in memory, ${other.first_session} to ${other.last_session}.` : isAllowed ? "Not on the grid." : "The fast average must be shorter than the slow one.";
    figures(found || (other && other.metrics), other && !found ? other.live_metrics : live);
    curve(found, live);
  }
  async function compute() {
    const wanted = values(), told = card().querySelector("[data-told]"), button = card().querySelector("[data-compute]");
    button.disabled = true;
    told.textContent = "Computing…";
    const answer = await fetch(`/api/explorer/try?${new URLSearchParams(wanted)}`).then((response) => response.json()).catch(() => ({ message: "No answer." }));
    if (!card()) return;
    const failure = answer.failure || (answer.body ? null : answer);
    if (failure) { told.textContent = failure.message; button.disabled = false; return; }
    computed.set(key(wanted), answer.body);
    show();
  }
  async function arrive() {
    const found = card();
    if (!found || found.dataset.drawn) return;
    found.dataset.drawn = "yes";
    const answer = await fetch("/api/explorer").then((response) => response.json()).catch(() => null);
    if (answer && answer.code === "NOT_READY") { delete found.dataset.drawn; setTimeout(arrive, 2000); return; }
    if (!answer || !answer.body || !card()) return;
    known = answer.body;
    found.addEventListener("input", show);
    found.querySelector("[data-compute]").addEventListener("click", compute);
    found.querySelector("[data-live]").addEventListener("click", () => {
      for (const [name, value] of Object.entries(known.live)) found.querySelector(`input[name="${name}"]`).value = value;
      show();
    });
    show();
  }
  document.addEventListener("swing:view", arrive);
  document.addEventListener("swing:theme", () => { if (card() && known) show(); });
  addEventListener("load", arrive);
})();
