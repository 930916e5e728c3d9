// What this browser remembers, set before the first paint: theme and hidden amounts.
"use strict";
const preferences = {
  read(name) { try { return localStorage.getItem(`swing.${name}`) || ""; } catch { return ""; } },
  keep(name, value) { try { localStorage.setItem(`swing.${name}`, value); } catch { /* a browser that keeps nothing */ } },
  apply() {
    for (const name of ["theme", "amounts"]) {
      const value = this.read(name);
      if (value) document.documentElement.dataset[name] = value; else delete document.documentElement.dataset[name];
    }
  },
};
preferences.apply();
