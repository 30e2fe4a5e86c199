"use strict";
(() => {
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const entry = (element) => ({
    element,
    text: element.dataset.find.toLowerCase(),
    verdicts: (element.dataset.verdict ?? element.dataset.verdicts).split(" "),
  });
  const cases = all(".case").map(entry);
  const rows = all("tr[data-find]").map(entry);
  const groups = all(".group").map((group) => ({ group, cases: all(".case", group) }));
  const chips = all("[data-chip]");
  const filter = document.getElementById("filter");
  const found = document.getElementById("found");
  const nothing = document.getElementById("nothing");

  // No chip pressed shows every verdict; words are joined by "and".
  function apply() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = chips.filter((c) => c.getAttribute("aria-pressed") === "true").map((c) => c.dataset.chip);
    const shows = (e) =>
      (wanted.length === 0 || e.verdicts.some((v) => wanted.includes(v))) && words.every((w) => e.text.includes(w));
    let shown = 0;
    for (const e of cases) {
      const hide = !shows(e);
      if (e.element.hidden !== hide) e.element.hidden = hide;
      if (!hide) shown += 1;
    }
    for (const e of rows) e.element.hidden = !shows(e);
    for (const g of groups) g.group.hidden = g.cases.every((c) => c.hidden);
    nothing.hidden = shown > 0;
    found.textContent = shown === cases.length ? `${cases.length} shown` : `${shown} of ${cases.length} shown`;
  }
  function clear() {
    filter.value = "";
    chips.forEach((c) => c.setAttribute("aria-pressed", "false"));
    apply();
  }
  function follow() {
    const id = decodeURIComponent(location.hash.slice(1));
    const target = id && document.getElementById(id);
    if (!target) return;
    if (target.hidden || target.closest("[hidden]")) clear();
    for (let d = target.closest("details"); d; d = d.parentElement.closest("details")) d.open = true;
    target.scrollIntoView();
  }
  async function copy(button) {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(button.previousElementSibling);
      button.textContent = "Press Ctrl+C";
    }
    setTimeout(() => (button.textContent = "Copy"), 1500);
  }

  let pending = 0;
  filter.addEventListener("input", () => {
    cancelAnimationFrame(pending);
    pending = requestAnimationFrame(apply);
  });
  filter.form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("clear").addEventListener("click", clear);
  document.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-chip]");
    if (chip) {
      chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
      apply();
    }
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && event.target !== filter) {
      event.preventDefault();
      filter.focus();
    } else if (event.key === "Escape" && event.target === filter) {
      clear();
    }
  });
  // On paper whatever is not a pass is worth its evidence.
  addEventListener("beforeprint", () => {
    for (const e of cases) if (!["pass", "na"].includes(e.verdicts[0]) && !e.element.hidden) e.element.open = true;
  });
  addEventListener("hashchange", follow);
  apply();
  follow();
})();
