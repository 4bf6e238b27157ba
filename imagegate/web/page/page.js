// Sends each photo to /v1/inspect and shows what comes of it. Nothing is stored; no text becomes HTML.
"use strict";

const TEXTS = JSON.parse(document.getElementById("texts").textContent);
const LANG = document.documentElement.lang;
const SIGNS = { passed: "✓", warned: "!", poor: "×", unreadable: "×", failed: "?" };
const ROW_SIGNS = { pass: "✓", warn: "!", reject: "×", unknown: "?" };
const ROW_RANKS = { reject: 0, warn: 1, unknown: 2, pass: 3 };
const AT_ONCE = 2; // requests: the service judges one in the time the next takes to arrive
const TRIES = 4;
const PATIENCE = 10; // seconds that a busy service may ask for

const byId = (id) => document.getElementById(id);
const results = byId("results");
const cards = byId("cards");
const profile = byId("profile");

let photos = []; // { file, card, url, controller, verdict }
let waiting = [];
let running = 0;

// What comes in

function take(files) {
  const added = [...files].map(photoOf);
  if (!added.length) return;
  photos = [...added, ...photos];
  cards.prepend(...added.map((photo) => photo.card));
  results.hidden = false;
  // One photo shows all there is; of several, what is to be done comes before the numbers.
  for (const { card } of added) card.querySelector(".measured").open = photos.length === 1;
  enqueue(added);
  results.scrollIntoView({ behavior: stillness() ? "auto" : "smooth" });
}

function photoOf(file) {
  const card = byId("card").content.cloneNode(true).firstElementChild;
  const photo = { file, card, url: URL.createObjectURL(file) };
  const image = card.querySelector(".photo");
  image.addEventListener("error", () => showBare(card));
  image.src = photo.url;
  image.alt = file.name;
  card.querySelector(".name").textContent = file.name;
  card.querySelector(".switch input").addEventListener("change", (event) => {
    card.querySelector(".marks").hidden = !event.target.checked;
  });
  card.querySelector(".again").addEventListener("click", () => enqueue([photo]));
  for (const block of card.querySelectorAll(".block")) {
    block.querySelector(".copy").addEventListener("click", (event) => copy(block.querySelector("pre"), event.target));
  }
  return photo;
}

function showBare(card) {
  const frame = card.querySelector(".frame");
  frame.classList.add("bare");
  frame.replaceChildren(TEXTS.no_preview);
}

function clear() {
  for (const photo of photos) {
    photo.controller?.abort();
    URL.revokeObjectURL(photo.url);
  }
  photos = [];
  waiting = [];
  cards.replaceChildren();
  results.hidden = true;
  byId("files").focus();
}

// What goes out

function enqueue(some) {
  for (const photo of some) {
    photo.controller?.abort();
    showWaiting(photo);
  }
  waiting = [...waiting.filter((photo) => !some.includes(photo)), ...some];
  next();
}

function next() {
  while (running < AT_ONCE && waiting.length) {
    running += 1;
    inspect(waiting.shift()).finally(() => {
      running -= 1;
      next();
    });
  }
}

async function inspect(photo) {
  const controller = new AbortController();
  photo.controller = controller;
  const outcome = await outcomeOf(photo.file, controller.signal);
  if (!controller.signal.aborted) show(photo, outcome);
}

/** { inspection } or { detail, advice }; never rejects. */
async function outcomeOf(file, signal) {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    return { detail: TEXTS.no_file };
  }
  try {
    const response = await answerTo(file, signal);
    return response.ok ? { inspection: await response.json() } : await refusalIn(response);
  } catch {
    return { detail: TEXTS.gone };
  }
}

async function answerTo(file, signal) {
  for (let attempt = 1; ; attempt += 1) {
    const response = await fetch(`v1/inspect?${query()}`, {
      method: "POST",
      body: file,
      headers: headersOf(file),
      signal,
      cache: "no-store",
      credentials: "omit",
    });
    const seconds = Number(response.headers.get("Retry-After"));
    if (!seconds || seconds > PATIENCE || attempt === TRIES) return response;
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    signal.throwIfAborted();
  }
}

async function refusalIn(response) {
  const problem = await response.json().catch(() => ({}));
  const { detail = TEXTS.no_answer, advice } = problem.errors?.[0] ?? {};
  return { detail, advice, status: response.status };
}

const query = () => new URLSearchParams({ profile: profile.value });

const headersOf = (file) => ({
  "Content-Type": file.type.startsWith("image/") ? file.type : "application/octet-stream",
  "Accept-Language": LANG,
});

// What is shown

function showWaiting({ card }) {
  card.className = "card";
  card.setAttribute("aria-busy", "true");
  fill(card, { sign: "", word: TEXTS.checking, status: "" });
  card.querySelector(".findings").replaceChildren();
  card.querySelector(".details").hidden = true;
  card.querySelector(".again").hidden = true;
  card.querySelector("figcaption").hidden = true;
  card.querySelector(".marks")?.removeAttribute("src");
  tally();
}

function show(photo, { inspection, detail, advice, status = "" }) {
  const { card, file } = photo;
  const report = inspection?.report;
  photo.verdict = report ? verdictOf(report) : "failed";
  card.className = `card ${photo.verdict}`;
  card.setAttribute("aria-busy", "false");
  fill(card, { sign: SIGNS[photo.verdict], word: TEXTS[photo.verdict], status: report?.status ?? status });
  const findings = report ? report.findings : [{ message: detail, advice, severity: "reject" }];
  card.querySelector(".findings").replaceChildren(...findings.map((one) => findingItem(one, inspection?.titles ?? {})));
  card.querySelector(".file").textContent = fileText(file, report?.header);
  card.querySelector(".again").hidden = Boolean(report);
  if (report) {
    showMarks(card, inspection.marks);
    showNumbers(card, inspection.numbers);
    showForDevelopers(card, file, inspection.error ?? report);
  }
  tally();
  say(`${file.name}: ${TEXTS[photo.verdict]}. ${findings[0]?.advice ?? findings[0]?.message ?? ""}`);
}

function verdictOf(report) {
  if (!report.ok) return report.status === 400 ? "unreadable" : "poor";
  return report.findings.length ? "warned" : "passed";
}

function fill(card, texts) {
  for (const [name, text] of Object.entries(texts)) card.querySelector(`.verdict .${name}`).textContent = text;
}

/** What to do stands out; what is wrong, and by how much, explains it. */
function findingItem({ cause, severity, message, advice }, titles) {
  const title = titles[cause];
  const item = element("li", { className: severity });
  if (title) item.append(element("p", { className: "title" }, severity === "warn" ? `${TEXTS.warning}: ${title}` : title));
  if (advice) item.append(element("p", { className: "advice" }, advice));
  item.append(element("p", { className: advice ? "message" : "advice" }, untitled(message, title)));
  return item;
}

/** Messages on numbers are "title (number; limit)."; the title is there already. */
function untitled(message, title) {
  return title && message.startsWith(`${title} (`) ? message.slice(title.length + 2, -2) : message;
}

function fileText(file, header) {
  const [unit, bytes] = file.size < 1e6 ? ["kilobyte", 1e3] : ["megabyte", 1e6];
  const size = new Intl.NumberFormat(LANG, { style: "unit", unit, maximumSignificantDigits: 3 });
  const parts = [size.format(file.size / bytes)];
  if (header) {
    const turned = header.orientation >= 5;
    const [width, height] = turned ? [header.height, header.width] : [header.width, header.height];
    parts.unshift(header.format.toUpperCase(), `${width} × ${height}`);
  }
  return parts.join(" · ");
}

function showMarks(card, marks) {
  const layer = card.querySelector(".marks");
  card.querySelector("figcaption").hidden = !marks || !layer;
  if (!marks || !layer) return;
  layer.src = `data:image/png;base64,${marks.png}`;
  layer.hidden = !card.querySelector(".switch input").checked;
  card.querySelector(".legend").replaceChildren(
    ...Object.entries(marks.shares).map(([name, share]) =>
      element("li", {}, element("span", { className: `swatch ${name}` }), `${TEXTS[name]} ${percent(share)}`),
    ),
  );
}

function percent(share) {
  const format = new Intl.NumberFormat(LANG, { style: "percent" });
  return share > 0 && share < 0.01 ? `< ${format.format(0.01)}` : format.format(share);
}

function showNumbers(card, numbers) {
  const inSight = (one) => one.stage === "picture" || ["reject", "warn"].includes(one.verdict);
  const limited = numbers.filter(inSight).sort((one, other) => ROW_RANKS[one.verdict] - ROW_RANKS[other.verdict]);
  const others = numbers.filter((one) => !inSight(one));
  for (const [name, rows] of Object.entries({ limited, others })) {
    const table = card.querySelector(`.${name}`);
    table.tBodies[0].replaceChildren(...rows.map(numberRow));
    table.parentElement.hidden = !rows.length;
  }
  card.querySelector(".details").hidden = false;
}

function numberRow({ metric, meaning, value, limit, verdict }) {
  const name = element("th", { scope: "row" }, `${meaning} `, element("code", {}, metric));
  if (verdict) {
    const sign = element("span", { className: "sign" }, ROW_SIGNS[verdict]);
    sign.setAttribute("aria-hidden", "true");
    name.prepend(sign, element("span", { className: "unseen" }, `${TEXTS[verdict]}: `));
  }
  return element("tr", { className: verdict ?? "" }, name, element("td", {}, value), element("td", {}, limit ?? ""));
}

function showForDevelopers(card, file, body) {
  card.querySelector(".json pre").textContent = JSON.stringify(body, null, 2);
  const address = new URL(`v1/check?${query()}`, location.href).href;
  const headers = Object.entries(headersOf(file)).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`);
  const parts = ["curl", "-sS", `--data-binary ${quoted(`@${file.name}`)}`, ...headers, quoted(address)];
  card.querySelector(".curl pre").textContent = parts.join(" ");
}

/** For a POSIX shell. */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function tally() {
  const counts = {};
  for (const { verdict, card } of photos) {
    const now = card.getAttribute("aria-busy") === "true" ? "checking" : verdict;
    counts[now] = (counts[now] ?? 0) + 1;
  }
  const order = ["checking", ...Object.keys(SIGNS)].filter((name) => counts[name]);
  byId("tally").textContent = photos.length > 1 ? order.map((name) => `${TEXTS[name]}: ${counts[name]}`).join(" · ") : "";
}

function say(text) {
  const line = element("span", {}, `${text} `);
  byId("said").append(line);
  while (byId("said").childElementCount > 8) byId("said").firstElementChild.remove();
}

async function copy(source, button) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(source.textContent);
  } catch {
    // Without TLS there is no clipboard; what is selected can still be copied.
    getSelection().selectAllChildren(source);
    document.execCommand("copy");
  }
  button.textContent = TEXTS.copied;
  setTimeout(() => { button.textContent = label; }, 2000);
  say(TEXTS.copied);
}

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

const stillness = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// What a person does

for (const input of [byId("files"), byId("camera")]) {
  input.addEventListener("change", () => {
    take(input.files);
    input.value = ""; // so that the same photo can be chosen again
  });
}
byId("clear").addEventListener("click", clear);
profile.addEventListener("change", () => enqueue(photos));

document.addEventListener("paste", (event) => {
  if (event.clipboardData.files.length) take(event.clipboardData.files);
  else say(TEXTS.nothing);
});

const holdsFiles = (event) => event.dataTransfer.types.includes("Files");
const mark = (event, on) => document.body.classList.toggle("dragging", on && holdsFiles(event));
document.addEventListener("dragover", (event) => {
  mark(event, true);
  if (holdsFiles(event)) event.preventDefault();
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) mark(event, false);
});
document.addEventListener("drop", (event) => {
  mark(event, false);
  if (!holdsFiles(event)) return;
  event.preventDefault();
  take(event.dataTransfer.files);
});
