// The ladder of a test case and the messages behind its lines. An exchange is inflated when its case is opened, drawn as SVG by hand.
const SVG = "http://www.w3.org/2000/svg";
const ROW = 34, STEP = 30, PAUSE = 24, HEAD = 34;
// A silence this long is shown, in milliseconds.
const SILENCE = 150;
const exchanges = new Map();

function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

async function exchangeOf(index) {
  if (exchanges.has(index)) return exchanges.get(index);
  const packed = document.getElementById(`exchange-${index}`);
  if (!packed) return null;
  const octets = Uint8Array.from(atob(packed.textContent), (character) => character.charCodeAt(0));
  const stream = new Blob([octets]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const exchange = JSON.parse(await new Response(stream).text());
  exchanges.set(index, exchange);
  return exchange;
}

const after = (milliseconds) =>
  milliseconds < 1000 ? `${milliseconds.toFixed(milliseconds < 10 ? 2 : 1)} ms` : `${(milliseconds / 1000).toFixed(milliseconds < 10000 ? 3 : 1)} s`;

const pen = document.createElement("canvas").getContext("2d");
const family = getComputedStyle(document.body).fontFamily;

function widthOf(text, weight) {
  pen.font = `${weight} 12px ${family}`;
  return pen.measureText(text).width;
}

function clipped(text, room, weight = 600) {
  const width = widthOf(text, weight);
  if (width <= room) return text;
  let keep = Math.max(1, Math.floor((text.length * room) / width));
  while (keep > 1 && widthOf(`${text.slice(0, keep)}…`, weight) > room) keep -= 1;
  return `${text.slice(0, keep)}…`;
}

function showExchange(slot, index, detail) {
  const known = exchanges.get(index);
  // Already inflated: drawn at once, which printing needs.
  if (known) return drawExchange(slot, known, detail);
  const failed = () => {
    if (detail.ladder) slot.append(el("h5", {}, "Ladder"), el("pre", { class: "plain-ladder", tabindex: "0" }, detail.ladder));
  };
  return exchangeOf(index)
    .then((exchange) => (exchange ? drawExchange(slot, exchange, detail) : failed()))
    .catch((error) => slot.append(el("p", { class: "warning" }, `The ladder cannot be drawn: ${error.message}`)));
}

function drawExchange(slot, exchange, detail) {
  const frame = el("div", { class: "ladder", role: "group", "aria-label": "Ladder: arrow keys move, Enter shows the message" });
  const panel = el("aside", { class: "message", "aria-label": "Message", tabindex: "-1" });
  const hint = exchange.whole ? `${exchange.lines.length} messages` : "without times and octets: the capture was not beside run.json";
  const about = detail.difference ? hint : `${detail.ladder_state}, ${hint}`;
  slot.append(el("h5", {}, "Ladder ", el("span", { class: "quiet" }, about)), el("div", { class: "pair" }, frame, panel));
  if (exchange.more > 0) slot.append(el("p", { class: "quiet" }, `${exchange.more} more lines are in the capture.`));
  const state = { exchange, detail, frame, panel, slot, chosen: -1, lines: [] };
  // Grows with the text around it.
  state.scale = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 15 || 1;
  const draw = () => {
    const width = Math.max((frame.clientWidth || 680) / state.scale, 320);
    if (width === state.width) return;
    state.width = width;
    frame.replaceChildren(...ladder(state, width));
    if (state.chosen >= 0) choose(state, state.chosen);
  };
  draw();
  new ResizeObserver(draw).observe(frame);
  slot.ladder = state;
  const first = exchange.lines.findIndex((line) => line.e);
  if (first >= 0 && matchMedia("(min-width: 64rem)").matches) show(state, first);
  else panel.append(el("p", { class: "quiet" }, "Choose a line of the ladder to read its message."));
}

function ladder(state, width) {
  const { exchange } = state;
  const small = width < 560;
  const gutter = exchange.whole ? (small ? 62 : 108) : 12;
  const pad = small ? 40 : 72;
  const gap = Math.max((width - gutter - 2 * pad) / Math.max(exchange.ends.length - 1, 1), 76);
  const x = (end) => gutter + pad + end * gap;
  const total = Math.max(width, x(exchange.ends.length - 1) + pad);
  const place = { x, total, gutter, small };
  const rows = [];
  let y = 8, step = null, before = null;
  exchange.lines.forEach((line, n) => {
    if (line.s !== step && line.s !== undefined) {
      rows.push(stepRow(exchange.steps[line.s], y, place));
      y += STEP;
      step = line.s;
    }
    if (exchange.whole && before !== null && line.t - before > SILENCE) {
      rows.push(pauseRow(line.t - before, y, place));
      y += PAUSE;
    }
    before = line.t;
    rows.push(lineRow(state, line, n, y, place));
    y += ROW;
  });
  state.lines = rows.filter((row) => row.dataset.n !== undefined);
  const lifelines = exchange.ends.map((_, end) => svg("line", { class: end === exchange.system ? "life system" : "life", x1: x(end), x2: x(end), y1: 0, y2: y + 8 }));
  const heads = exchange.ends.map((name, end) => {
    const box = Math.min(gap - 8, 132);
    const system = end === exchange.system;
    return svg(
      "g",
      { class: system ? "end system" : "end" },
      svg("rect", { x: x(end) - box / 2, y: 4, width: box, height: 24, rx: 4 }),
      svg("text", { x: x(end), y: 20, "text-anchor": "middle" }, clipped(name, box - 4), svg("title", {}, system ? `${name}, the system under test` : name)),
    );
  });
  const head = svg("svg", { class: "ends", width: total * state.scale, height: HEAD * state.scale, viewBox: `0 0 ${total} ${HEAD}`, "aria-hidden": "true" }, ...heads);
  const body = svg("svg", { class: "lines", width: total * state.scale, height: (y + 8) * state.scale, viewBox: `0 0 ${total} ${y + 8}` }, ...lifelines, ...rows);
  const current = state.lines[Math.max(state.chosen, 0)];
  if (current) current.setAttribute("tabindex", "0");
  return [head, body];
}

function stepRow(text, y, { total }) {
  return svg(
    "g",
    { class: "step" },
    svg("rect", { x: 0, y: y + 3, width: total, height: STEP - 8 }),
    svg("text", { x: 8, y: y + 18 }, clipped(text, total - 16), svg("title", {}, text)),
  );
}

function pauseRow(milliseconds, y, { total, gutter }) {
  const middle = y + PAUSE / 2;
  const text = `${after(milliseconds)} later`;
  return svg(
    "g",
    { class: "pause" },
    svg("line", { x1: gutter, x2: total - 8, y1: middle, y2: middle }),
    svg("text", { x: gutter - 8, y: middle + 4, "text-anchor": "end" }, text),
  );
}

function lineRow(state, line, n, y, { x, total, gutter, small }) {
  const { exchange } = state;
  const from = x(line.a), to = x(line.b), left = Math.min(from, to);
  const at = y + 25, tip = to > from ? -1 : 1;
  const said = [line.p && line.p !== "SIP" && line.p !== "TCP" ? `${line.p} ` : "", line.l].join("");
  const notes = [line.again ? `again (frame ${line.again})` : "", line.n].filter(Boolean).join(" ");
  // Only one text stands in a row: one that is too long for what is to its right begins further left.
  const room = total - gutter - 20;
  const head = clipped(said, room);
  const rest = room - widthOf(head, 600) - 5;
  const tail = notes && rest > 40 ? clipped(notes, rest, 400) : "";
  const begin = Math.max(gutter + 8, Math.min(left + 8, total - 12 - (room - rest) - (tail ? widthOf(tail, 400) : 0)));
  const number = line.f.length > 0 ? `${line.f[0]}` : "";
  const when = exchange.whole ? after(line.t) : "";
  const name = [`frame ${line.f.join(", ")}`, when, `${exchange.ends[line.a]} to ${exchange.ends[line.b]}`, said, notes, line.e ? "evidence" : ""].filter(Boolean).join(", ");
  const kind = ["line", line.e ? "evidence" : "", line.again ? "again" : "", line.p === "TCP" ? "link" : ""].filter(Boolean).join(" ");
  const row = svg("g", { class: kind, role: "button", tabindex: "-1", "aria-label": name, "data-n": n });
  row.append(svg("rect", { class: "hit", x: 0, y: y, width: total, height: ROW }));
  if (line.e) row.append(svg("rect", { class: "edge", x: 0, y: y, width: 4, height: ROW }));
  if (exchange.whole) {
    row.append(svg("text", { class: "number", x: small ? 30 : 34, y: small ? y + 15 : y + 21, "text-anchor": "end" }, (line.e ? "◆ " : "") + number));
    const time = small ? { x: 8, y: y + 28 } : { x: gutter - 6, y: y + 21, "text-anchor": "end" };
    row.append(svg("text", { class: "when", ...time }, when));
  }
  const text = svg("text", { class: "said", x: begin, y: y + 17 }, svg("tspan", { class: "what" }, head));
  if (tail) text.append(svg("tspan", { class: "note", dx: 5 }, tail));
  row.append(
    text,
    svg("line", { class: "arrow", x1: from, x2: to + tip * 6, y1: at, y2: at }),
    svg("path", { class: "tip", d: `M${to} ${at} l${tip * 9} -4.5 v9 z` }),
    svg("title", {}, `${said} ${notes}`),
  );
  return row;
}

function choose(state, n) {
  state.chosen = n;
  state.lines.forEach((row, index) => {
    row.classList.toggle("chosen", index === n);
    row.setAttribute("tabindex", index === n ? "0" : "-1");
    row.setAttribute("aria-pressed", String(index === n));
  });
}

// Octets are characters up to U+00FF; text in them is UTF-8.
const octetsOf = (characters) => Uint8Array.from(characters, (character) => character.charCodeAt(0));
const textOf = (characters) => new TextDecoder().decode(octetsOf(characters));

function messageText(line, whole) {
  if (line.m) return textOf(line.o.slice(line.m[0], line.m[1]));
  if (line.x === undefined) return null;
  return whole ? textOf(line.x) : line.x;
}

function hexDump(characters) {
  const octets = octetsOf(characters);
  const rows = [];
  for (let at = 0; at < octets.length; at += 16) {
    const part = [...octets.slice(at, at + 16)];
    const hex = part.map((octet) => octet.toString(16).padStart(2, "0"));
    const left = hex.slice(0, 8).join(" ").padEnd(23), right = hex.slice(8).join(" ").padEnd(23);
    const text = part.map((octet) => (octet >= 32 && octet < 127 ? String.fromCharCode(octet) : ".")).join("");
    rows.push(`${at.toString(16).padStart(4, "0")}  ${left}  ${right}  ${text}`);
  }
  return rows.join("\n");
}

function marked(lines, judged) {
  return lines.map((words, n) => {
    const line = el("span", { class: "row" }, `${words}\n`);
    return judged.includes(n) ? el("mark", { class: "judged", title: "What the finding is about" }, line) : line;
  });
}

function octetsView(line) {
  const more = line.cut ? `, ${line.cut} more are in the capture` : "";
  const view = el("details", { class: "octets" }, el("summary", {}, `Raw octets: ${line.o.length}${more}`));
  view.addEventListener("toggle", () => {
    if (view.open && view.children.length === 1) view.append(el("pre", { tabindex: "0" }, hexDump(line.o)));
  });
  return view;
}

function messageBody(line, exchange) {
  const parts = [];
  const text = messageText(line, exchange.whole);
  if (text !== null) {
    const lines = text.replace(/\n$/, "").split("\n").map((words) => words.replace(/\r$/, ""));
    parts.push(el("pre", { class: "text", tabindex: "0" }, ...marked(lines, line.h ?? [])));
  }
  if (line.d) {
    const field = ([depth, name, value], n) => {
      const judged = (line.hd ?? []).includes(n);
      const shown = judged ? el("mark", { class: "judged", title: "What the finding is about" }, value || name) : value;
      return el("div", { class: `depth-${Math.min(depth, 4)}` }, el("dt", {}, name), el("dd", {}, shown));
    };
    parts.push(el("dl", { class: "fields" }, ...line.d.map(field)));
  }
  if (line.o) parts.push(octetsView(line));
  if (parts.length === 0) parts.push(el("p", { class: "quiet" }, "Nothing more is recorded of this line."));
  return parts;
}

// Shows line n of the ladder beside it.
function show(state, n) {
  const { exchange, detail, panel } = state;
  const line = exchange.lines[n];
  if (!line) return;
  choose(state, n);
  const button = (words, label, to) => el("button", { type: "button", class: "plain", "aria-label": label, "data-show": to, ...(exchange.lines[to] || to === "close" ? {} : { disabled: "" }) }, words);
  const title = [line.f.length > 0 ? `Frame ${line.f.join(", ")}` : "", line.p, line.i === line.p?.toLowerCase() ? "" : line.i].filter(Boolean).join(" · ");
  const way = `${exchange.ends[line.a]} → ${exchange.ends[line.b]}`;
  const filter = line.f.length > 0 ? `frame.number in {${line.f.join(", ")}}` : "";
  const about = detail.findings.filter((found) => found.frames.some((frame) => line.f.includes(frame)));
  const findings = about.map((found) => el("p", { class: `about ${found.label.class}` }, mark(found.label), ` ${found.observed}`));
  panel.replaceChildren(
    el("div", { class: "bar-of-message" }, el("h6", {}, title), button("←", "Previous message", n - 1), button("→", "Next message", n + 1), button("✕", "Close the message", "close")),
    el("p", { class: "quiet" }, [way, line.from && `${line.from} → ${line.to}`, exchange.whole && after(line.t)].filter(Boolean).join(", ")),
    ...(filter ? [el("p", { class: "one-filter" }, el("code", {}, filter), " ", copyButton(filter, "the display filter of this message"))] : []),
    ...findings,
    ...messageBody(line, exchange),
  );
  panel.classList.add("shown");
  panel.scrollTop = 0;
  uncover(state, n);
  panel.dataset.n = n;
}

// On a small screen the message lies over the lower part of the page; the line it belongs to stays in sight.
function uncover({ lines, panel }, n) {
  if (getComputedStyle(panel).position !== "fixed") return;
  const below = lines[n].getBoundingClientRect().bottom + 12 - panel.getBoundingClientRect().top;
  if (below > 0) scrollBy(0, below);
}

function hide(state) {
  state.panel.classList.remove("shown");
  state.lines[state.chosen]?.focus();
}
