// The frame around every view: preferences, keyboard, dialogs, controls, and the look whether something is new.
"use strict";
(() => {
  const LOOK_EVERY = 5000;
  const VIEWS = ["overview", "holdings", "decisions", "orders", "correlations", "quality", "runs", "evidence", "explorer"];
  const WORDS = {
    halt: ["Halt trading", "Nothing is traded until somebody resumes. Positions stay as they are; a rebalance that is at work cancels its open orders.", "Halt", "danger"],
    "reduce-only": ["Only sell", "The rebalance sells where the targets ask for it and buys nothing, until somebody resumes.", "Sell only", ""],
    resume: ["Resume trading", "The next rebalance trades as configured.", "Resume", ""],
    acknowledge: ["The bar is right", "You have compared it with another source. It holds the book no longer, from the next build on.", "Acknowledge", ""],
    "take-note": ["The alert was seen", "It goes to nobody else.", "Seen", ""],
    preflight: ["Look now", "Everything that the next rebalance needs is looked at: gateway, account, data, disk, schedules. Nothing is ordered. It takes up to a minute.", "Look", ""],
    flatten: ["Sell everything", "Everything of the strategy's is sold at once, without the limits of a rebalance; it takes some minutes, and Orders shows how it goes. Without this page: swing halt --flatten in a terminal.", "Halt and sell", "danger"],
  };
  const TYPED = { resume: "The last four characters of the account", flatten: "The whole account, to confirm" };
  const REASONED = ["halt", "reduce-only", "resume", "flatten"];
  const view = () => document.getElementById("view");
  const clock = () => new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  let answeredAt = clock();

  function showPreferences() {
    const theme = preferences.read("theme") || "auto", hidden = preferences.read("amounts") === "hidden";
    document.querySelectorAll("[data-theme-name]").forEach((each) => { each.textContent = theme; });
    document.querySelectorAll("[data-do=amounts]").forEach((each) => {
      each.setAttribute("aria-pressed", String(hidden));
      (each.querySelector("span") || each).textContent = hidden ? "Show amounts" : "Hide amounts";
    });
  }
  const actions = {
    theme() {
      const order = ["", "light", "dark"], at = order.indexOf(preferences.read("theme"));
      preferences.keep("theme", order[(at + 1) % order.length]);
      preferences.apply(); showPreferences();
      document.dispatchEvent(new Event("swing:theme"));
    },
    amounts() {
      preferences.keep("amounts", preferences.read("amounts") === "hidden" ? "" : "hidden");
      preferences.apply(); showPreferences();
    },
    async "sign-out"() {
      try { await fetch("/api/session/end", { method: "POST", body: "{}", headers: headers() }); } finally { location.assign("/sign-in"); }
    },
  };
  const headers = () => ({ "content-type": "application/json", "x-csrf-token": view().dataset.token });
  // A session that has ended asks for a new one.
  function isSignedOut(response) {
    if (response.status === 401) location.assign(`/sign-in?to=${encodeURIComponent(location.pathname)}`);
    return response.status === 401;
  }

  function openControl(button) {
    const kind = button.dataset.controlOpen, dialog = document.getElementById("control"), form = dialog.querySelector("form");
    const [title, words, label, tone] = WORDS[kind];
    form.reset();
    form.dataset.control = kind;
    for (const name of ["symbol", "session", "number"]) form.dataset[name] = button.dataset[name] || "";
    dialog.querySelector("h2").textContent = title;
    dialog.querySelector("[data-words]").textContent = kind === "acknowledge" ? `${button.dataset.symbol}, ${button.dataset.session}: ${words}` : words;
    const needsCode = kind in TYPED && view().dataset.needsCode === "true";
    dialog.querySelector("[data-confirm]").hidden = !(kind in TYPED);
    dialog.querySelector("[data-confirm] span").textContent = TYPED[kind] || "";
    form.elements.confirmation.required = kind in TYPED;
    dialog.querySelector("[data-code]").hidden = !needsCode;
    form.elements.code.required = needsCode;
    dialog.querySelector("[data-reason]").hidden = !REASONED.includes(kind);
    dialog.querySelector("[data-preview]").hidden = true;
    if (kind === "flatten") preview(dialog);
    dialog.querySelector(".answer").hidden = true;
    const submit = dialog.querySelector("[type=submit]");
    submit.textContent = label; submit.hidden = false; submit.disabled = false;
    submit.className = `primary ${tone}`;
    dialog.querySelector("[data-close]").textContent = "Cancel";
    dialog.showModal();
  }
  async function preview(dialog) {
    const list = dialog.querySelector("[data-preview]");
    let lines = ["What would be sold is not known: no answer."];
    try {
      const response = await fetch("/api/control/flatten", { headers: { accept: "application/json" } });
      if (isSignedOut(response)) return;
      const found = await response.json();
      lines = response.ok ? found.lines : [found.message];
    } catch { /* the line says it */ }
    list.replaceChildren(...lines.map((line) => Object.assign(document.createElement("li"), { textContent: line.replaceAll("`", "") })));
    list.hidden = false;
  }
  function wish(kind, form) {
    if (kind === "acknowledge") return { symbol: form.dataset.symbol, session: form.dataset.session };
    if (kind === "take-note") return { number: Number(form.dataset.number) };
    if (kind === "preflight") return {};
    const { reason, confirmation, code } = form.elements;
    return { reason: reason.value, confirmation: confirmation.value, code: code.value };
  }
  async function send(form) {
    const kind = form.dataset.control, dialog = form.closest("dialog"), answer = dialog.querySelector(".answer");
    const submit = dialog.querySelector("[type=submit]");
    submit.disabled = true;
    let told;
    try {
      const response = await fetch(`/api/control/${kind}`, {
        method: "POST", body: JSON.stringify(wish(kind, form)), headers: headers(),
      });
      if (isSignedOut(response)) return;
      const found = await response.json();
      told = { done: response.ok, words: response.ok ? found.lines.join(" ") : found.message || `Refused (${response.status}).` };
    } catch {
      told = { done: false, words: "No answer: swing serve does not run, so nothing is known to have changed. In a terminal: swing halt." };
    }
    answer.textContent = told.words.replaceAll("`", ""); answer.hidden = false; answer.classList.toggle("done", told.done);
    submit.disabled = false; submit.hidden = told.done;
    dialog.querySelector("[data-close]").textContent = told.done ? "Close" : "Cancel";
    if (told.done) look();
  }

  async function look() {
    const main = view();
    if (!main) return;
    let state;
    try {
      const response = await fetch("/api/state", { headers: { accept: "application/json" } });
      if (isSignedOut(response)) return;
      if (!response.ok) throw new Error(String(response.status));
      state = await response.json();
      answeredAt = clock();
    } catch {
      main.classList.add("is-offline");
      const told = main.querySelector(".offline");
      told.querySelector("[data-since]").textContent = answeredAt;
      told.hidden = false;
      return;
    }
    main.classList.remove("is-offline");
    main.querySelector(".offline").hidden = true;
    const name = main.dataset.view, updating = main.querySelector(".updating");
    if (updating) updating.hidden = !state.stale.includes(name);
    const newest = state.computed_at[name];
    const isDay = name === "decisions" && location.search;
    const isBusy = document.querySelector("dialog[open]") || name === "explorer" && main.dataset.computed;
    if (newest && !isDay && !isBusy && Date.parse(newest) !== Date.parse(main.dataset.computed || 0)) {
      const opened = [...main.querySelectorAll("details")].map((each) => each.open);
      await htmx.ajax("GET", location.pathname, { target: "#view", select: "#view", swap: "outerHTML" });
      if (main.dataset.computed) view().querySelectorAll("details").forEach((each, at) => { if (at in opened) each.open = opened[at]; });
    }
  }

  function countDown() {
    document.querySelectorAll("[data-until]").forEach((each) => {
      const seconds = (Date.parse(each.dataset.until) - Date.parse(each.dataset.now)) / 1000;
      const hours = Math.floor(seconds / 3600), days = Math.floor(hours / 24);
      if (seconds > 0) each.textContent = `in ${days ? `${days} d ${hours % 24} h` : hours ? `${hours} h ${Math.floor(seconds % 3600 / 60)} min` : `${Math.ceil(seconds / 60)} min`}`;
    });
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) { if (event.target.matches("dialog")) event.target.close(); return; }
    if (button.dataset.do) actions[button.dataset.do]();
    if (button.dataset.open) document.getElementById(button.dataset.open).showModal();
    if ("close" in button.dataset) button.closest("dialog").close();
    if (button.dataset.controlOpen) openControl(button);
  });
  document.addEventListener("submit", (event) => {
    if (event.target.matches("form[data-control]")) { event.preventDefault(); send(event.target); }
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches(".dates input") && event.target.value) event.target.form.requestSubmit();
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog")) return;
    const at = "123456789".indexOf(event.key);
    const follow = (found) => { if (found) { event.preventDefault(); found.click(); } };
    if (event.key && at >= 0) follow(document.querySelector(`.sidebar a[href="/${VIEWS[at]}"]`));
    else if (event.key === "h") actions.amounts();
    else if (event.key === "t") actions.theme();
    else if (event.key === "?") document.getElementById("keys").showModal();
    else if (event.key === "ArrowLeft") follow(document.querySelector("[data-before]"));
    else if (event.key === "ArrowRight") follow(document.querySelector("[data-after]"));
  });
  function arrived() { showPreferences(); countDown(); document.dispatchEvent(new Event("swing:view")); }
  document.addEventListener("htmx:afterSettle", arrived);
  // A refusal with a page of its own is shown like any other page.
  document.addEventListener("htmx:beforeSwap", (event) => { if (event.detail.xhr.status === 503) event.detail.shouldSwap = true; });
  arrived();
  setInterval(look, LOOK_EVERY);
})();
