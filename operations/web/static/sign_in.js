// Signs in, and goes on to the page that was asked for.
"use strict";
(() => {
  const form = document.querySelector("[data-sign-in]"), answer = form.querySelector(".answer"), button = form.querySelector("button");
  const wanted = new URLSearchParams(location.search).get("to") || "";
  // A path of this server alone: neither another host's (//host, /\host) nor a script.
  const target = /^\/[a-z][a-z/-]*$/.test(wanted) ? wanted : "/overview";
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true; answer.hidden = true;
    let words = "No answer: swing serve does not run. In a terminal: swing halt.";
    try {
      const response = await fetch("/api/session", {
        method: "POST", headers: { "content-type": "application/json" },
        body: JSON.stringify({ name: form.elements.name.value, password: form.elements.password.value }),
      });
      if (response.ok) { location.replace(target); return; }
      words = (await response.json()).message || `Refused (${response.status}).`;
    } catch { /* the words say it */ }
    form.elements.password.value = ""; form.elements.password.focus();
    answer.textContent = words.replaceAll("`", ""); answer.hidden = false; button.disabled = false;
  });
})();
