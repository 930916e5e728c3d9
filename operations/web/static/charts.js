// Equity and drawdown: what is shown begins at zero with the range, so that lines can be compared within it.
"use strict";
(() => {
  const NAMES = { account: "Account, lived", backtest: "Backtest", benchmark: "SPY" };
  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const charts = [];
  let known, shown, isLog = false;
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const percent = (value, digits = 1) => value == null ? "–" : `${value < 0 ? "−" : value > 0 ? "+" : ""}${Math.abs(100 * value).toFixed(digits)}%`;
  window.swingFormats = { percent, css };

  function axes() {
    const axis = { stroke: css("--muted"), grid: { stroke: css("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
    const days = (plot, ticks, index, space, step) => ticks.map((each) => {
      const [year, month, day] = new Date(each * 1000).toISOString().slice(0, 10).split("-");
      return step > 300 * 86400 ? year : step > 25 * 86400 ? `${MONTHS[month - 1]} ${year}` : `${Number(day)} ${MONTHS[month - 1]}`;
    });
    return { x: { ...axis, grid: { show: false }, size: 32, space: innerWidth < 820 ? 46 : 74, values: days }, y: { ...axis, size: 62 } };
  }
  window.swingAxes = axes;

  function shade(plot) {
    if (!known.lived_from) return;
    const left = Math.max(plot.bbox.left, plot.valToPos(seconds(known.lived_from), "x", true));
    const right = plot.bbox.left + plot.bbox.width;
    if (left >= right) return;
    plot.ctx.save();
    plot.ctx.fillStyle = css("--shade");
    plot.ctx.fillRect(left, plot.bbox.top, right - left, plot.bbox.height);
    plot.ctx.restore();
  }
  const seconds = (day) => Date.parse(`${day}T00:00:00Z`) / 1000;

  function rebased(values, from, anchor) {
    return values.map((value) => value == null ? null : value / anchor - 1);
  }
  function cut(from, to) {
    const names = ["backtest", "benchmark", "account"].filter((name) => known.growth[name]);
    const times = known.sessions.slice(from, to + 1).map(seconds);
    const anchors = { backtest: known.growth.backtest[from], account: known.growth.backtest[from], benchmark: (known.growth.benchmark || [])[from] };
    const growth = names.map((name) => rebased(known.growth[name].slice(from, to + 1), from, anchors[name]));
    const drawdown = names.map((name) => known.drawdown[name].slice(from, to + 1));
    return { names, growth: [times, ...growth], drawdown: [times, ...drawdown] };
  }
  function options(element, kind, names) {
    const { x, y } = axes(), isGrowth = kind === "growth";
    y.values = (plot, ticks, axis, space, step) => ticks.map((value) => value == null ? "" : isGrowth && isLog ? `${(value).toFixed(value < 10 ? 1 : 0)}×` : `${(100 * value).toFixed(step < 0.01 || step % 0.01 > 1e-9 && step < 0.1 ? 1 : 0).replace("-", "−")}%`);
    const form = (value) => isGrowth && isLog ? percent(value == null ? null : value - 1) : percent(value);
    return {
      width: element.clientWidth, height: isGrowth ? (innerWidth < 820 ? 250 : 320) : 150,
      tzDate: (ts) => uPlot.tzDate(new Date(ts * 1e3), "Etc/UTC"),
      scales: { x: { time: true }, y: isGrowth && isLog ? { distr: 3 } : { range: (plot, least, most) => [least - 0.04 * (most - least), most + (isGrowth ? 0.04 : 0.02) * (most - least)] } },
      axes: [x, y],
      cursor: { sync: { key: "equity" }, drag: { x: true, y: false, setScale: false }, points: { size: 6 } },
      legend: { live: true },
      series: [{ label: "Session", value: (plot, value) => value == null ? "–" : new Date(value * 1000).toISOString().slice(0, 10) },
        ...names.map((name) => ({
          label: name === "benchmark" ? known.benchmark : NAMES[name], stroke: css(`--${name}`), width: name === "account" ? 3 : 1.6,
          spanGaps: true, value: (plot, value) => form(value), points: { show: false }, dash: name === "benchmark" ? [5, 4] : undefined,
        }))],
      hooks: {
        drawClear: [shade],
        setSelect: [(plot) => {
          if (plot.select.width < 8) return;
          const from = plot.posToIdx(plot.select.left), to = plot.posToIdx(plot.select.left + plot.select.width);
          plot.setSelect({ width: 0, height: 0 }, false);
          if (to - from > 1) show(shown[0] + from, shown[0] + to, "");
        }],
      },
    };
  }
  function draw() {
    while (charts.length) charts.pop().destroy();
    const { names, growth, drawdown } = cut(...shown);
    const data = { growth: isLog ? [growth[0], ...growth.slice(1).map((line) => line.map((value) => value == null ? null : value + 1))] : growth, drawdown };
    for (const kind of ["growth", "drawdown"]) {
      const element = document.querySelector(`[data-plot=${kind}]`);
      element.replaceChildren();
      const plot = new uPlot(options(element, kind, names), data[kind], element);
      plot.over.addEventListener("dblclick", () => show(0, known.sessions.length - 1, "all"));
      charts.push(plot);
    }
  }
  function show(from, to, name) {
    shown = [from, to];
    document.querySelectorAll("[data-range]").forEach((each) => each.setAttribute("aria-pressed", String(each.dataset.range === name)));
    draw();
  }
  function range(name) {
    const last = known.sessions.length - 1;
    if (name === "all") return show(0, last, name);
    const first = name === "lived" ? known.lived_from : `${Number(known.sessions[last].slice(0, 4)) - Number(name)}${known.sessions[last].slice(4)}`;
    const at = known.sessions.findIndex((day) => day >= first);
    return show(Math.max(0, Math.min(at < 0 ? 0 : at, last - 2)), last, name);
  }
  function since() {
    const card = document.querySelector("[data-since-card]"), found = known.since;
    card.hidden = !found;
    if (!found) return;
    card.querySelector("[data-since-span]").textContent = `${found.first_session} to ${found.last_session}, ${found.sessions} sessions: too few to judge by, enough to see whether both go together.`;
    card.querySelector("[data-benchmark]").textContent = known.benchmark || "Benchmark";
    card.querySelectorAll("[data-return]").forEach((each) => {
      const value = found.returns[each.dataset.return];
      each.textContent = percent(value, 2);
      each.classList.add(value > 0 ? "up" : value < 0 ? "down" : "flat");
    });
  }
  async function arrive() {
    const card = document.querySelector("[data-chart=equity]");
    if (!card || card.dataset.drawn) return;
    card.dataset.drawn = "yes";
    const message = card.querySelector("[data-message]");
    let answer;
    try { answer = await (await fetch("/api/equity")).json(); } catch { message.textContent = "No answer."; return; }
    const failure = answer.failure || (answer.code ? answer : null);
    if (failure && failure.code === "NOT_READY") { delete card.dataset.drawn; setTimeout(arrive, 2000); return; }
    if (failure) { message.textContent = `${failure.message} (${failure.code})`; return; }
    known = answer.body;
    card.querySelectorAll("[data-range]").forEach((each) => {
      each.hidden = each.dataset.range === "lived" && !known.lived_from;
      each.addEventListener("click", () => range(each.dataset.range));
    });
    card.querySelector("[data-scale]").addEventListener("click", (event) => {
      isLog = !isLog;
      event.currentTarget.setAttribute("aria-pressed", String(isLog));
      draw();
    });
    since();
    range("all");
  }
  document.addEventListener("swing:view", arrive);
  document.addEventListener("swing:theme", () => { if (charts.length && document.querySelector("[data-chart=equity]")) draw(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (document.querySelector("[data-chart=equity]") && known) draw(); });
  addEventListener("resize", () => charts.forEach((plot) => {
    const element = plot.root.parentElement;
    if (element) plot.setSize({ width: element.clientWidth, height: plot.height });
  }));
  addEventListener("load", arrive);
})();
