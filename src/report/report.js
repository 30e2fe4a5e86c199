// The page as a whole: search and filters, keys, links into it, light and dark, paper.
const all = (selector, from = document) => [...from.querySelectorAll(selector)];
const root = document.documentElement;
const filter = document.getElementById("filter");
const found = document.getElementById("found");
const nothing = document.getElementById("nothing");
const chips = all("[data-chip]");
const source = document.getElementById("source");
const side = document.getElementById("side");
const toolbar = document.querySelector(".tools");

const cases = all(".case").map((element) => {
  const detail = details[element.dataset.index];
  const demand = element.parentElement.querySelector(".demand").textContent;
  const words = [element.firstElementChild.textContent, detail.requirement, detail.citation, detail.kind, detail.side, detail.side_why, detail.rule, detail.location, detail.tags.join(" "), demand];
  return { element, detail, source: element.closest("[data-source]").dataset.source, text: words.join(" ").toLowerCase() };
});
const requirements = all(".requirement").map((element) => ({ element, cases: all(".case", element) }));
const documents = all(".document").map((element) => ({ element, requirements: all(".requirement", element) }));

function hideIf(element, hidden) {
  if (element.hidden !== hidden) element.hidden = hidden;
}

// No chip pressed shows every verdict; words are joined by "and".
function apply() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  const verdicts = chips.filter((chip) => chip.getAttribute("aria-pressed") === "true").map((chip) => chip.dataset.chip);
  let shown = 0;
  for (const one of cases) {
    const fits =
      (verdicts.length === 0 || verdicts.includes(one.detail.verdict)) &&
      (!source?.value || source.value === one.source) &&
      (!side?.value || side.value === one.detail.side) &&
      words.every((word) => one.text.includes(word));
    hideIf(one.element, !fits);
    if (fits) shown += 1;
  }
  for (const one of requirements) hideIf(one.element, one.cases.every((element) => element.hidden));
  for (const one of documents) hideIf(one.element, one.requirements.every((element) => element.hidden));
  hideIf(nothing, shown > 0);
  found.textContent = shown === cases.length ? `${cases.length} shown` : `${shown} of ${cases.length} shown`;
}

function clear() {
  filter.value = "";
  for (const chip of chips) chip.setAttribute("aria-pressed", "false");
  for (const select of [source, side]) if (select) select.value = "";
  apply();
}

// #TC-POL-01-01 opens a case, #TC-POL-01-01/9 also the message of frame 9, #requirement-POL-01 a requirement.
async function follow() {
  const [id, frame] = decodeURIComponent(location.hash.slice(1)).split("/");
  const target = id && document.getElementById(id);
  if (!target) return;
  if (target.closest("[hidden]")) clear();
  for (let around = target.closest("details"); around; around = around.parentElement.closest("details")) around.open = true;
  if (target.matches(".case")) {
    fill(target);
    target.querySelector("summary").focus({ preventScroll: true });
  }
  target.scrollIntoView();
  if (frame) await showFrame(target, Number(frame));
}

async function showFrame(element, frame) {
  await exchangeOf(Number(element.dataset.index));
  const slot = element.querySelector(".exchange");
  // What was inflated for this is drawn by whoever asked first.
  await new Promise((done) => requestAnimationFrame(done));
  const state = slot?.ladder;
  const n = state ? state.exchange.lines.findIndex((line) => line.f.includes(frame)) : -1;
  if (n < 0) return;
  show(state, n);
  state.lines[n].scrollIntoView({ block: "nearest" });
  state.lines[n].focus({ preventScroll: true });
}

const stateOf = (element) => element.closest(".exchange")?.ladder;

document.addEventListener("click", (event) => {
  const target = event.target;
  const chip = target.closest("[data-chip]");
  if (chip) {
    chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
    apply();
  }
  const copied = target.closest("[data-copy]");
  if (copied) copy(copied);
  const row = target.closest("g.line");
  if (row) show(stateOf(row), Number(row.dataset.n));
  const to = target.closest("[data-show]");
  if (to) {
    const state = stateOf(to);
    if (to.dataset.show === "close") hide(state);
    else {
      const label = to.getAttribute("aria-label");
      show(state, Number(to.dataset.show));
      state.panel.querySelector(`[aria-label="${label}"]:not([disabled])`)?.focus();
    }
  }
  const frame = target.closest("[data-frame]");
  if (frame) showFrame(frame.closest(".case"), Number(frame.dataset.frame));
});

const STEPS = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1, Home: -Infinity, End: Infinity };

function moveIn(list, from, key) {
  const at = Math.min(Math.max(list.indexOf(from) + STEPS[key], 0), list.length - 1);
  list[at]?.focus();
}

function inLadder(event, row) {
  const state = stateOf(row);
  if (event.key === "Enter" || event.key === " ") {
    show(state, Number(row.dataset.n));
    if (getComputedStyle(state.panel).position === "fixed") state.panel.focus();
  } else if (event.key in STEPS) {
    moveIn(state.lines, row, event.key);
    const focused = Number(document.activeElement.dataset.n);
    if (state.panel.classList.contains("shown")) show(state, focused);
    else choose(state, focused);
  } else return;
  event.preventDefault();
}

document.addEventListener("keydown", (event) => {
  const target = event.target;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const row = target.closest("g.line");
  if (row) inLadder(event, row);
  const typing = target.matches("input, select, textarea");
  if (event.key === "/" && !typing) {
    event.preventDefault();
    filter.focus();
  } else if (event.key === "Escape") {
    const panel = target.closest(".message.shown") ?? target.closest(".exchange")?.querySelector(".message.shown");
    if (panel) hide(stateOf(panel));
    else if (target === filter) clear();
  } else if (!row && event.key in STEPS && !typing) {
    const summary = target.closest(".case > summary");
    const link = target.closest("[data-list] a");
    if (!summary && !link) return;
    event.preventDefault();
    if (summary) moveIn(cases.filter((one) => !one.element.hidden).map((one) => one.element.firstElementChild), summary, event.key);
    else moveIn(all("a", link.closest("[data-list]")), link, event.key);
  } else if (event.key === "ArrowDown" && target === filter) {
    cases.find((one) => !one.element.hidden)?.element.firstElementChild.focus();
  }
});

// `toggle` does not bubble; it is caught on its way down.
document.addEventListener("toggle", (event) => event.target.matches(".case") && event.target.open && fill(event.target), true);

let pending = 0;
filter.addEventListener("input", () => {
  cancelAnimationFrame(pending);
  pending = requestAnimationFrame(apply);
});
filter.form.addEventListener("submit", (event) => event.preventDefault());
for (const select of [source, side]) select?.addEventListener("change", apply);
document.getElementById("clear").addEventListener("click", clear);

const theme = document.getElementById("theme");
const system = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
function sayTheme() {
  theme.setAttribute("aria-pressed", String(isDark()));
}
theme.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  try {
    // The system's own choice needs no remembering, and is followed again.
    if (isDark() === system.matches) localStorage.removeItem("ims-conformance-theme");
    else localStorage.setItem("ims-conformance-theme", root.dataset.theme);
  } catch {
    // Without storage the choice holds as long as the page.
  }
  if (isDark() === system.matches) delete root.dataset.theme;
  sayTheme();
});
system.addEventListener("change", sayTheme);

// On paper whatever is not a pass is worth its evidence. Their exchanges are inflated beforehand, because printing does not wait.
const worse = cases.filter((one) => !["pass", "na"].includes(one.detail.verdict));
const PRINTED_LADDERS = 60;
async function prepare() {
  for (const one of worse.slice(0, PRINTED_LADDERS)) await exchangeOf(Number(one.element.dataset.index)).catch(() => null);
  root.dataset.prepared = "true";
}
let openedForPaper = [];
addEventListener("beforeprint", () => {
  openedForPaper = worse.map((one) => one.element).filter((element) => !element.hidden && !element.open);
  for (const element of openedForPaper) {
    element.open = true;
    fill(element);
  }
});
addEventListener("afterprint", () => {
  for (const element of openedForPaper) element.open = false;
});
addEventListener("hashchange", follow);

const height = new ResizeObserver(() => {
  const stays = getComputedStyle(toolbar).position === "sticky";
  root.style.setProperty("--tools", stays ? `${toolbar.offsetHeight}px` : "0px");
});
height.observe(toolbar);
sayTheme();
apply();
for (const one of cases) if (one.element.open) fill(one.element);
follow();
(window.requestIdleCallback ?? setTimeout)(prepare);
