// The page of one test case: steps, findings, evidence. Data becomes text nodes and attributes that cannot run, never markup.
const details = JSON.parse(document.getElementById("details").textContent);

function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined && value !== null) element.setAttribute(key, value);
  element.append(...children.filter((child) => child || child === 0));
  return element;
}

function copyButton(text, what) {
  return el("button", { type: "button", class: "copy", "data-copy": text, "aria-label": `Copy ${what}` }, "Copy");
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

function mark(label) {
  return el("span", { class: `mark ${label.class}` }, el("span", { "aria-hidden": "true" }, label.sign), ` ${label.word}`);
}

const entry = (term, ...value) => el("div", {}, el("dt", {}, term), el("dd", {}, ...value));

function stepList(steps) {
  if (steps.length === 0) return null;
  const items = steps.map((step) =>
    el(
      "li",
      { class: step.class },
      el("span", { class: "keyword" }, step.keyword),
      el("span", { class: "words" }, step.text),
      el("span", { class: "outcome" }, [step.class === "done" ? "" : step.outcome, step.duration].filter(Boolean).join(" ")),
    ),
  );
  return el("ol", { class: "steps", "aria-label": "Steps" }, ...items);
}

function finding(found) {
  const frames = found.frames.map((frame) => el("button", { type: "button", class: "frame", "data-frame": frame }, `${frame}`));
  const word = found.frames.length === 1 ? "frame" : "frames";
  return el(
    "dl",
    { class: `finding ${found.label.class}` },
    entry(found.requirement, mark(found.label), " ", found.reason && el("code", {}, found.reason)),
    found.sentence && entry("sentence", found.sentence),
    entry("expected", found.expected),
    entry("observed", found.observed),
    frames.length > 0 && entry("evidence", `${word} `, ...frames),
  );
}

function evidence(detail) {
  const capture = detail.capture;
  const copied = (text, what) => [el("code", {}, text), " ", copyButton(text, what)];
  const path = capture && (capture.link ? el("a", { href: capture.link }, capture.path) : capture.path);
  return el(
    "dl",
    { class: "evidence" },
    detail.filter && entry("Wireshark", ...copied(detail.filter, "the display filter of the evidence")),
    entry("run alone", ...copied(detail.rerun, "the command that runs this test case alone")),
    capture && entry("capture", path, el("span", { class: "quiet" }, ` ${capture.frames} frames`), el("br"), el("code", { class: "digest" }, `sha256 ${capture.sha256}`)),
    detail.left && entry("closure", detail.left),
    entry("scenario", el("code", {}, detail.location), el("span", { class: "quiet" }, ` ${detail.started.replace(/(\.\d{3})\d*Z$/, "$1Z")}`)),
  );
}

function why(detail) {
  const parts = [];
  if (detail.cause) {
    const side = detail.side && el("span", { class: "side" }, el("strong", {}, `Look first at: ${detail.side}`), detail.side_why && ` (${detail.side_why})`);
    parts.push(el("p", { class: "why" }, el("code", {}, detail.kind), " ", !detail.told && detail.cause, " ", side));
  }
  if (detail.waived) parts.push(el("p", { class: "why" }, el("strong", {}, "Waived"), ` ${detail.waived}`));
  return parts;
}

function difference(text) {
  const line = (words) => {
    const kind = /^(\+\+\+|---|@@)/.test(words) ? "head" : words.startsWith("+") ? "added" : words.startsWith("-") ? "removed" : "same";
    return el("span", { class: kind }, `${words}\n`);
  };
  return el("pre", { class: "difference", tabindex: "0" }, ...text.split("\n").map(line));
}

// Fills a case in when it is opened for the first time; the ladder comes by itself.
function fill(element) {
  if (element.dataset.filled) return;
  element.dataset.filled = "true";
  const detail = details[element.dataset.index];
  const rule = el("p", { class: "rule" }, el("a", { href: `#requirement-${detail.requirement}` }, detail.requirement), ` ${detail.citation}`, detail.rule && `: ${detail.rule}`);
  const told = el("div", { class: "told" }, el("div", {}, rule, stepList(detail.steps)), el("div", { class: "judgement" }, ...why(detail), ...detail.findings.map(finding)), evidence(detail));
  const body = el("div", { class: "body" }, told);
  if (detail.difference) body.append(el("h5", {}, "Ladder ", el("span", { class: "quiet" }, detail.ladder_state)), difference(detail.difference));
  const slot = el("div", { class: "exchange" });
  body.append(slot);
  element.append(body);
  showExchange(slot, Number(element.dataset.index), detail);
}
