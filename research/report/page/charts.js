/* The charts that zoom, the place in the contents. Without this script the pictures below stay. */
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("growth-data").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const dollars = value => value == null ? "–" : "$" + Math.round(value).toLocaleString("en-US");
  const percent = value => value == null ? "–" : (100 * value).toFixed(1).replace("-", "−").replace("−0.0", "0.0") + "%";
  const YEAR = 365.25 * 86400;
  const RANGES = [["1 year", 1], ["3 years", 3], ["5 years", 5], ["10 years", 10], ["All", null]];

  /* Growth from the first session of the span on, and the drawdown below its highest value so far. */
  function lines(span) {
    const shown = span === "since" ? data.series : data.series.slice(1);
    const first = shown[0].growth.findIndex(value => value !== null);
    const equity = [], drawdown = [];
    for (const { growth } of shown) {
      const base = growth[first - 1] ?? 1;
      let peak = data.start;
      const line = growth.slice(first).map(value => value === null ? null : data.start * value / base);
      equity.push(line);
      drawdown.push(line.map(value => {
        if (value === null) return null;
        peak = Math.max(peak, value);
        return value / peak - 1;
      }));
    }
    return { shown, seconds: data.seconds.slice(first), equity, drawdown };
  }

  /* Round amounts on a logarithmic axis, as many as can be read. */
  function amounts(low, high) {
    const steps = high < 4 * low ? [1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8] : high < 30 * low ? [1, 1.5, 2, 3, 5, 7] : [1, 2, 5];
    const found = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++)
      for (const step of steps) {
        const amount = step * 10 ** power;
        if (amount >= low && amount <= high) found.push(amount);
      }
    return found;
  }

  function draw(place) {
    const { shown, seconds, equity, drawdown } = lines(place.dataset.chart);
    const key = uPlot.sync(place.dataset.chart).key;
    let isLog = true, plots = [];
    const bar = document.createElement("p");
    bar.className = "ranges";
    const button = (text, act) => {
      const made = document.createElement("button");
      made.type = "button";
      made.textContent = text;
      made.addEventListener("click", () => act(made));
      bar.append(made);
      return made;
    };
    const last = seconds[seconds.length - 1];
    const show = min => plots.forEach(plot => plot.setScale("x", { min: Math.max(min, seconds[0]), max: last }));
    for (const [text, years] of RANGES)
      if (years === null || last - years * YEAR > seconds[0]) button(text, () => show(years === null ? seconds[0] : last - years * YEAR));
    const scale = button("Linear scale", () => {
      isLog = !isLog;
      scale.textContent = isLog ? "Linear scale" : "Logarithmic scale";
      build();
    });

    function plot(height, values, options) {
      const colour = each => each[dark.matches ? "dark" : "light"];
      const axis = { stroke: css("--muted"), grid: { stroke: css("--rule"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
      const box = document.createElement("div");
      place.append(box);
      return new uPlot({
        width: place.clientWidth, height,
        cursor: { sync: { key, setSeries: true }, drag: { x: true, y: false }, points: { size: 7 } },
        scales: { x: { time: true }, y: options.scale },
        legend: { show: options.legend },
        axes: [{ ...axis, size: 30 }, { ...axis, size: 62, ...options.axis }],
        series: [
          { label: "Session", value: (_, at) => at == null ? "–" : new Date(1000 * at).toISOString().slice(0, 10) },
          ...shown.map((each, at) => ({
            label: each.name, stroke: colour(each), width: at ? 1.25 : 2, value: (_, value) => options.write(value),
            fill: options.fill && at === 0 ? colour(each) + "33" : undefined,
          })),
        ],
      }, [seconds, ...values], box);
    }

    function build() {
      const zoom = plots.length ? { ...plots[0].scales.x } : null;
      plots.forEach(each => { each.root.parentNode.remove(); each.destroy(); });
      const narrow = place.clientWidth < 560;
      plots = [
        plot(narrow ? 260 : 340, equity, {
          legend: true, write: dollars,
          scale: isLog ? { distr: 3, range: (_, low, high) => [0.95 * low, 1.05 * high] } : {},
          axis: { values: (_, at) => at.map(dollars), ...(isLog ? { splits: (_, __, low, high) => amounts(low, high), filter: (_, at) => at } : {}) },
        }),
        plot(narrow ? 130 : 160, drawdown, {
          legend: false, write: percent, fill: true,
          scale: { range: (_, low) => [1.08 * Math.min(low, -0.001), 0] },
          axis: { values: (_, at) => at.map(value => percent(value).replace(".0", "")) },
        }),
      ];
      if (zoom) plots.forEach(each => each.setScale("x", { min: zoom.min, max: zoom.max }));
    }

    place.replaceChildren(bar);
    build();
    dark.addEventListener("change", build);
    new ResizeObserver(() => {
      if (place.clientWidth) plots.forEach(each => each.setSize({ width: place.clientWidth, height: each.height }));
    }).observe(place);
  }

  /* A chart inside folded details is drawn when they open. */
  for (const place of document.querySelectorAll("[data-chart]")) {
    const start = () => {
      if (place.dataset.drawn) return;
      place.dataset.drawn = "yes";
      place.hidden = false;
      place.nextElementSibling.hidden = true;
      draw(place);
    };
    const folded = place.closest("details");
    if (folded && !folded.open) folded.addEventListener("toggle", () => folded.open && start());
    else start();
  }

  /* The contents say where the reader is, and close on a phone once a place is chosen. */
  const contents = document.querySelector("details.contents");
  contents.addEventListener("click", event => { if (event.target.closest("a")) contents.open = false; });
  const links = new Map([...document.querySelectorAll("nav.side a")].map(link => [link.hash.slice(1), link]));
  const seen = new IntersectionObserver(entries => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      links.forEach(link => link.removeAttribute("aria-current"));
      links.get(entry.target.id)?.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-10% 0px -80% 0px" });
  document.querySelectorAll("main section").forEach(section => seen.observe(section));
})();
