"use strict";
// Draws the page from the JSON in its two script elements. Names of files are strangers' text: they are only ever set
// as text, and the page's policy (trusted-types) lets nothing be parsed as HTML.
(() => {
  const VERDICTS = {
    passed: { sign: "✓", word: "Passed", says: "nothing found" },
    warned: { sign: "!", word: "Warned", says: "passed, with warnings" },
    poor: { sign: "✗", word: "Too poor", says: "refused with 422" },
    unreadable: { sign: "✗", word: "Unreadable", says: "refused with 400" },
    unread: { sign: "?", word: "Not read", says: "the file could not be opened" },
  };
  const SEVERITIES = { reject: "rejects", warn: "warns" };
  const BOUNDS = { min: "at least", max: "at most" };
  const WORDS = {
    all: "All",
    pictures: (count) => (count === 1 ? "1 picture" : `${whole(count)} pictures`),
    records: (shown, all) => (shown === all ? `${whole(all)} records` : `${whole(shown)} of ${whole(all)} records`),
    unlisted: (listed) => `The counts are of every picture; the first ${whole(listed)} are listed and drawn below.`,
    interrupted: (count) => `The scan was interrupted: this page tells of the ${whole(count)} pictures until then.`,
    judged: (profile) => `Judged by the profile ${profile}`,
    in: "In ",
    made: (version, time) => `Made by imagegate ${version}, ${time} UTC.`,
    noPictures: "There were no pictures.",
    noCauses: "Nothing was found.",
    noWorst: "There is nothing to show: no cause was found.",
    noNumbers: "Nothing was measured.",
    noThumbnail: "no picture to show",
    causes: ["Cause", "Pictures", "Severity", "Status", "What helps"],
    heads: { verdict: "Verdict", source: "File", causes: "Causes", size: "Size" },
    numbers: ["Number", "Value", "Limit", "Meaning"],
    file: "Numbers of the file",
    unlimited: "Numbers without a limit",
    sortBy: (name) => `Sort by ${name}`,
    beyond: (count, limit) => `${whole(count)} beyond the limit of ${limit}`,
    within: (limit) => `None beyond the limit of ${limit}`,
    farther: (count, value) => `${whole(count)} farther out, up to ${value}`,
    nearer: (count, value) => `${whole(count)} farther out, down to ${value}`,
    notTold: (count) => `${whole(count)} without this number`,
    same: (value) => `All have the value ${value}.`,
    place: (at, all) => `${whole(at)} of ${whole(all)}`,
    printed: (shown, all) => `The first ${whole(shown)} of ${whole(all)} records are printed; filters choose others.`,
    worst: (shown, all) => (shown < all ? `${whole(shown)} of ${whole(all)}` : whole(all)),
    pictured: { plain: "The picture", marked: "The picture with what is blurred or clipped marked" },
  };
  const MOST_PRINTED = 500;
  const BINS = 36;
  const [WIDTH, HEIGHT, TOP, FOOT] = [300, 120, 18, 20];
  // What cannot be seen, or turns the direction of text, by which one name can be shown as another (UAX #9).
  const DECEIVING = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

  const byId = (id) => document.getElementById(id);
  const parsed = (id) => JSON.parse(byId(id).textContent);
  const records = parsed("records");
  const summary = parsed("summary");
  const metrics = summary.metrics;
  const total = Object.values(summary.verdicts).reduce((sum, count) => sum + count, 0);

  // Text

  const counted = new Intl.NumberFormat("en");
  const precise = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
  const tenths = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const compact = new Intl.NumberFormat("en", { maximumSignificantDigits: 2, notation: "compact" });
  const names = new Intl.Collator("en", { numeric: true });
  const whole = (number) => counted.format(number);
  const brief = (number) => (Math.abs(number) >= 1000 ? whole(Math.round(number)) : precise.format(number));
  const visible = (text) =>
    text.replace(DECEIVING, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const folded = (text) => text.normalize("NFKC").toLowerCase();

  function percent(count) {
    const share = (100 * count) / total;
    return share > 0 && share < 1 ? "<1 %" : share > 99 && share < 100 ? ">99 %" : `${Math.round(share)} %`;
  }

  function bytes(size) {
    const step = size < 1024 ? 0 : size < 1024 ** 2 ? 1 : size < 1024 ** 3 ? 2 : 3;
    return `${step ? tenths.format(size / 1024 ** step) : size} ${["B", "KiB", "MiB", "GiB"][step]}`;
  }

  function short({ unit }, value) {
    if (unit === "bytes") return bytes(value);
    return Math.abs(value) >= 1e5 ? compact.format(value) : brief(value);
  }

  function measured(metric, value, limit) {
    if (metric.unit === "bytes" && value >= 1024) return bytes(value);
    // As many digits as tell it from its limit: 2.004 is not 2.
    let text = brief(value);
    for (let digits = 4; limit !== undefined && value !== limit && text === brief(limit) && digits < 8; digits += 1) {
      text = new Intl.NumberFormat("en", { maximumSignificantDigits: digits }).format(value);
    }
    return `${text} ${metric.unit}`.trim();
  }

  // Elements

  const SVG = "http://www.w3.org/2000/svg";
  const SVG_TAGS = new Set(["svg", "rect", "line", "text"]);

  function make(tag, attributes = {}, ...children) {
    const element = SVG_TAGS.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value !== null && value !== undefined) element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child !== null));
    return element;
  }

  const option = (value, text) => make("option", { value }, text);

  // The folder that all of them are in: it is said once.
  const root = records.length ? records.reduce(shared, folderOf(records[0].source)) : "";

  function folderOf(source) {
    return source.slice(0, source.lastIndexOf("/") + 1);
  }

  function shared(folder, { source }) {
    while (!source.startsWith(folder)) folder = folderOf(folder.slice(0, -1));
    return folder;
  }

  function fileName(source, start = root.length) {
    const cut = source.lastIndexOf("/") + 1;
    return [
      make("bdi", { class: "folder" }, visible(source.slice(start, cut))),
      make("bdi", {}, visible(source.slice(cut))),
    ];
  }

  const link = (onclick, ...content) => make("button", { type: "button", class: "link", onclick }, ...content);

  const heads = (words, figures) =>
    make("tr", {}, ...words.map((word, at) => make("th", { scope: "col", class: figures[at] ?? null }, word)));

  const shortName = (source) =>
    make("bdi", { class: "name", title: visible(source) }, visible(source.split("/").pop()));

  // The numbers that are known of a record, each with its metric.
  const told = (record) =>
    metrics.map((metric, at) => [metric, record.numbers[at]]).filter(([, value]) => value !== null);

  const codes = (record) =>
    record.error !== null
      ? [make("span", { class: "unread" }, visible(record.error))]
      : record.findings.flatMap((finding, at) => [
          at ? ", " : "",
          make("span", { class: finding.severity }, finding.cause),
        ]);

  // Verdicts and causes

  function drawVerdicts() {
    const { profile } = summary;
    byId("headline").textContent = WORDS.pictures(total);
    byId("subject").append(WORDS.judged(profile.name), profile.title ? `: ${profile.title}` : "");
    if (root) byId("subject").append(make("br"), WORDS.in, make("bdi", {}, visible(root)));
    byId("made").textContent = WORDS.made(summary.version, summary.made.slice(0, 16).replace("T", " "));
    document.title = `${WORDS.pictures(total)}, imagegate`;
    if (!summary.complete) {
      byId("interrupted").textContent = WORDS.interrupted(total);
      byId("interrupted").hidden = false;
    }
    if (!total) {
      byId("verdicts").replaceWith(make("p", { class: "empty" }, WORDS.noPictures));
      byId("share").hidden = true;
      return;
    }
    for (const [key, { sign, word, says }] of Object.entries(VERDICTS)) {
      const count = summary.verdicts[key] ?? 0;
      if (!count && key === "unread") continue;
      byId("verdicts").append(
        make("div", {}, make("dt", { class: key }, `${sign} `,
          link(() => showOnly({ verdict: key }), word)),
          make("dd", { class: "many" }, whole(count)), make("dd", { class: "part" }, `${percent(count)}, ${says}`)),
      );
      if (!count) continue;
      const part = make("span", { class: key });
      part.style.flexGrow = count;
      byId("share").append(part);
    }
    if (summary.listed < total) byId("verdicts").after(make("p", { class: "lead" }, WORDS.unlisted(summary.listed)));
  }

  function drawCauses() {
    if (!summary.causes.length) {
      byId("causes").append(make("p", { class: "empty" }, WORDS.noCauses));
      return;
    }
    const head = heads(WORDS.causes, [null, "figure"]);
    const rows = summary.causes.map((entry) => make("tr", {},
      make("th", { scope: "row" },
        link(() => showOnly({ cause: entry.code }), entry.title),
        make("code", {}, entry.code)),
      make("td", { class: "figure" }, whole(entry.count)),
      make("td", { class: `severity ${entry.severity}` }, SEVERITIES[entry.severity]),
      make("td", { class: "status" }, entry.status),
      make("td", { class: "advice" }, entry.advice)));
    byId("causes").append(make("table", { class: "causes" }, make("thead", {}, head), make("tbody", {}, ...rows)));
  }

  // The worst of each cause

  function drawWorst() {
    const marks = byId("marks");
    if (!summary.causes.length) byId("worst").append(make("p", { class: "empty" }, WORDS.noWorst));
    byId("legend").hidden = !Object.values(summary.worst).some((record) => record.marked);
    const groups = summary.causes.map((cause) => drawGroup(cause, cause.worst.map((index) => summary.worst[index])));
    const isListed = (group) => group.classList.contains("listed");
    byId("worst").append(...groups.filter((group) => !isListed(group)), ...groups.filter(isListed));
    marks.addEventListener("change", () => {
      for (const image of document.querySelectorAll("img[data-index]")) {
        image.src = source(summary.worst[image.dataset.index], marks.checked);
      }
    });
  }

  // Tiles where some picture can be shown, else names.
  function drawGroup(cause, group) {
    const pictured = group.some((record) => record.plain);
    const items = group.map((record, at) => {
      const open = () => openDetail(group, at);
      return make("li", {}, pictured ? tile(record, cause, open) : line(record, cause, open));
    });
    const section = make("section", { class: pictured ? "group" : "group listed", "aria-label": cause.title },
      make("h3", {}, make("span", { class: cause.severity }, cause.title), " ",
        make("span", { class: "tally" }, WORDS.worst(group.length, cause.count))),
      make("ol", {}, ...items));
    section.style.setProperty("--tiles", group.length);
    return section;
  }

  const source = (record, marked) => (marked && record.marked) || record.plain;

  function tile(record, cause, open) {
    const index = Object.keys(summary.worst).find((key) => summary.worst[key] === record);
    const shown = record.plain
      ? make("img", { src: source(record, byId("marks").checked), alt: "", "data-index": index })
      : make("span", { class: "missing" }, WORDS.noThumbnail);
    return make("button", { type: "button", class: "tile", onclick: open }, shown, shortName(record.source),
      make("span", { class: "said" }, reason(record, cause)));
  }

  // The number that is beyond its limit, where the cause has one.
  function reason(record, cause) {
    const explains = ([{ limits }, number]) => limits.some((rule) => rule.cause === cause.code && fails(number, rule));
    const [metric, value] = told(record).find(explains) ?? [];
    return metric ? `${metric.name} ${measured(metric, value)}` : "";
  }

  function line(record, cause, open) {
    const said = record.findings.find((finding) => finding.cause === cause.code);
    return make("div", {}, link(open, ...fileName(record.source)),
      make("div", { class: "said" }, said.message));
  }

  // Measurements

  function drawNumbers() {
    const groups = { picture: [], file: [], none: [] };
    metrics.forEach((metric, at) => {
      if (!records.some((record) => record.numbers[at] !== null)) return;
      groups[metric.stage === "picture" ? "picture" : metric.stage === null ? "none" : "file"].push(at);
    });
    const plots = (group) => make("div", { class: "plots" }, ...group.map(plot));
    const parts = groups.picture.length ? [plots(groups.picture)] : [];
    for (const [name, group] of [[WORDS.file, groups.file], [WORDS.unlimited, groups.none]]) {
      if (!group.length) continue;
      const details = make("details", {}, make("summary", {}, name));
      details.draw = () => {
        details.draw = () => {};
        details.append(plots(group));
      };
      details.addEventListener("toggle", () => details.draw());
      parts.push(details);
    }
    byId("numbers").append(...(parts.length ? parts : [make("p", { class: "empty" }, WORDS.noNumbers)]));
  }

  const fails = (value, { bound, limit }) => (bound === "min" ? value < limit : value > limit);
  const worded = (metric, { bound, limit }) => `${BOUNDS[bound]} ${measured(metric, limit)}`;

  function plot(at) {
    const metric = metrics[at];
    const values = records.map((record) => record.numbers[at]).filter((value) => value !== null);
    const said = metric.limits.map((rule) => {
      const count = values.filter((value) => fails(value, rule)).length;
      return count ? WORDS.beyond(count, worded(metric, rule)) : WORDS.within(worded(metric, rule));
    });
    if (values.length < records.length) said.push(WORDS.notTold(records.length - values.length));
    const sorted = Float64Array.from(values).sort();
    const [low, high] = [sorted[0], sorted[sorted.length - 1]];
    const scale = scaleOf(metric, sorted);
    const under = values.filter((value) => value < scale.low).length;
    const over = values.filter((value) => value > scale.high).length;
    if (under) said.push(WORDS.nearer(under, measured(metric, low)));
    if (over) said.push(WORDS.farther(over, measured(metric, high)));
    if (low === high) said.unshift(WORDS.same(measured(metric, low)));
    const text = `${said.join(". ")}${said.length ? "." : ""}`;
    const svg = histogram(metric, sorted, scale);
    svg.setAttribute("aria-label", `${metric.name}: ${measured(metric, low)} to ${measured(metric, high)}. ${text}`);
    return make("figure", {},
      make("figcaption", {}, make("code", {}, metric.name),
        make("span", { class: "unit" }, metric.unit && `, ${metric.unit}`),
        make("div", { class: "meaning" }, metric.meaning)),
      svg,
      make("p", { class: "said" }, text),
      make("div", {}, link(() => showNumber(at), WORDS.sortBy(metric.name))));
  }

  function histogram(metric, sorted, scale) {
    const base = HEIGHT - FOOT;
    const counts = new Array(scale.bars).fill(0);
    for (const value of sorted) counts[scale.bar(value)] += 1;
    const tallest = Math.max(...counts);
    const width = WIDTH / counts.length;
    const svg = make("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
    counts.forEach((count, at) => {
      if (!count) return;
      const height = Math.max(1.5, ((base - TOP) * count) / tallest);
      const rule = metric.limits.find((bound) => fails(scale.middle(at), bound));
      const colour = rule ? severityOf(rule.cause) : "";
      const [x, y] = [at * width + 0.5, base - height];
      svg.append(make("rect", { class: `bin ${colour}`, x, y, width: width - 1, height }));
    });
    svg.append(make("line", { class: "axis", x1: 0, x2: WIDTH, y1: base + 0.5, y2: base + 0.5 }));
    for (const tick of scale.ticks) {
      const x = scale.place(tick);
      svg.append(make("line", { class: "axis", x1: x, x2: x, y1: base, y2: base + 4 }),
        make("text", { x, y: HEIGHT - 4, "text-anchor": anchor(x) }, compact.format(tick)));
    }
    for (const { limit } of metric.limits) {
      const x = scale.place(limit);
      svg.append(make("line", { class: "limit", x1: x, x2: x, y1: TOP - 3, y2: base }),
        make("text", { class: "limit-name", x, y: TOP - 7, "text-anchor": anchor(x) }, short(metric, limit)));
    }
    return svg;
  }

  const anchor = (x) => (x < WIDTH * 0.06 ? "start" : x > WIDTH * 0.94 ? "end" : "middle");

  // Linear, or logarithmic where numbers without an upper bound span more than two decades. Where a few at an end (one
  // in two hundred) are so far out that the rest would be one bar, the last bar holds them.
  function scaleOf(metric, sorted) {
    const limits = metric.limits.map((rule) => rule.limit);
    const at = (share) => sorted[Math.round(share * (sorted.length - 1))];
    const ends = (share) => [Math.min(at(share), ...limits), Math.max(at(1 - share), ...limits)];
    const few = ends(0.05)[0];
    const logarithmic = metric.high === null && few > 0 && ends(0)[1] / few > 100;
    const [to, from] = logarithmic ? [Math.log10, (x) => 10 ** x] : [(x) => x, (x) => x];
    const positive = sorted.find((value) => value > 0);
    let [start, end] = [to(logarithmic ? Math.min(positive, ...limits) : ends(0)[0]), to(ends(0)[1])];
    const [near, far] = ends(0.005).map(to);
    if (far > near && end - start > 3 * (far - near)) [start, end] = [near, far];
    if (start === end) [start, end] = [start - 0.5, end + 0.5];
    // The edge of a bar lies on the limit, so that no bar is half beyond it. A number that is its limit passes: with
    // "at most" it belongs to the bar below, with "at least" to the one above.
    const step = (end - start) / BINS;
    const edge = limits.length ? to(limits[0]) : start;
    const inBar = metric.limits[0]?.bound === "max" ? (x) => Math.ceil(x - 1e-9) - 1 : (x) => Math.floor(x + 1e-9);
    const bar = (value) => inBar((to(value) - edge) / step);
    const first = bar(from(start)) - (limits.includes(from(start)) && metric.low !== limits[0] ? 1 : 0);
    const last = bar(from(end)) + (limits.includes(from(end)) ? 1 : 0);
    const [left, right] = [edge + first * step, edge + (last + 1) * step];
    return {
      bar: (value) => Math.min(Math.max(bar(value), first), last) - first,
      bars: last - first + 1,
      low: from(left), high: from(right),
      ticks: logarithmic ? decades(left, right) : rounds(left, right),
      place: (value) => (WIDTH * (to(value) - left)) / (right - left),
      middle: (index) => from(left + (index + 0.5) * step),
    };
  }

  // Three to six round numbers.
  function rounds(start, end) {
    const rough = (end - start) / 5;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((digit) => digit * power).find((width) => width >= rough);
    const first = Math.ceil(start / step - 1e-6);
    const count = Math.floor(end / step + 1e-6) - first + 1;
    return Array.from({ length: count }, (_, at) => Number(((first + at) * step).toPrecision(12)));
  }

  // Of powers of ten as many as there is room for; 1, 2 and 5 of each where they are few. Ends are given as logarithms.
  function decades(start, end) {
    const every = Math.ceil((end - start) / 5);
    const digits = end - start < 2 ? [1, 2, 5] : [1];
    const powers = Array.from({ length: Math.ceil(end) - Math.floor(start) + 1 }, (_, at) => Math.floor(start) + at);
    return powers.filter((power) => power % every === 0)
      .flatMap((power) => digits.map((digit) => Number((digit * 10 ** power).toPrecision(1))))
      .filter((tick) => Math.log10(tick) >= start && Math.log10(tick) <= end);
  }

  const severities = new Map(summary.causes.map((cause) => [cause.code, cause.severity]));
  const severityOf = (code) => severities.get(code) ?? "warn";

  // Records: sorted and filtered here, of which only the rows in sight are elements

  // A column of numbers has one number of decimals, so that they stand below each other.
  function decimals(at) {
    const values = records.map((record) => record.numbers[at] ?? 0);
    const sizes = Float64Array.from([...metrics[at].limits.map((rule) => rule.limit), ...values], Math.abs).sort();
    const size = sizes[Math.floor(0.9 * (sizes.length - 1))];
    const digits = values.every(Number.isInteger) || size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
    return new Intl.NumberFormat("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  }

  const ORDER = Object.keys(VERDICTS).reverse();
  const view = { rows: records, at: 0, sort: null, falling: false, number: -1, decimals: counted };
  const COLUMNS = {
    verdict: (record) => ORDER.indexOf(record.verdict),
    source: (record) => record.source,
    causes: (record) => (record.error ?? record.findings.map((finding) => finding.cause).join(" ")) || null,
    size: (record) => record.size,
    number: (record) => (view.number < 0 ? null : record.numbers[view.number]),
  };
  const table = byId("table");
  const scroller = byId("scroller");
  const body = byId("rows");
  let rowHeight = 40;

  function drawFilters() {
    const verdicts = Object.entries(VERDICTS).map(([key, { word }]) => option(key, word));
    byId("verdict").append(option("", WORDS.all), ...verdicts);
    const found = summary.causes.map(({ code, title }) => [code, title]);
    byId("cause").append(option("", WORDS.all), ...[...new Map(found)].map(([code, title]) => option(code, title)));
    const known = metrics.map((_, at) => at).filter((at) => records.some((record) => record.numbers[at] !== null));
    byId("number").append(...known.map((at) => option(at, metrics[at].name)));
    chooseNumber(known.find((at) => metrics[at].stage === "picture") ?? known[0] ?? -1);
    const form = byId("filters");
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", choose);
    // The fields are reset after the event; the number shown is no filter.
    form.addEventListener("reset", () => setTimeout(() => {
      chooseNumber(view.number);
      choose();
    }));
  }

  function chooseNumber(at) {
    view.number = at;
    view.decimals = at < 0 ? counted : decimals(at);
    byId("number").value = at;
  }

  function searched(record) {
    record.text ??= folded([record.source, record.error ?? "", record.format ?? "",
      ...record.findings.flatMap(({ cause, message }) => [cause, message])].join("\n"));
    return record.text;
  }

  function choose() {
    const [verdict, cause, text] = [byId("verdict").value, byId("cause").value, folded(byId("text").value.trim())];
    const number = byId("number").value;
    if (number !== "" && Number(number) !== view.number) chooseNumber(Number(number));
    view.rows = records.filter((record) =>
      (!verdict || record.verdict === verdict)
      && (!cause || record.findings.some((finding) => finding.cause === cause))
      && (!text || searched(record).includes(text)));
    arrange();
  }

  // Records without the value come last, whichever way it is sorted; equals keep the order of the scan.
  function arrange() {
    if (view.sort) {
      const value = COLUMNS[view.sort];
      const turn = view.falling ? -1 : 1;
      const keyed = view.rows.map((record) => [value(record), record]);
      const compare = (a, b) => (typeof a === "string" ? names.compare(a, b) : a - b);
      keyed.sort(([a], [b]) => (a === null || b === null ? (a === null) - (b === null) : turn * compare(a, b)));
      view.rows = keyed.map(([, record]) => record);
    }
    view.at = 0;
    scroller.scrollTop = 0;
    drawHeads();
    drawRows();
    byId("count").textContent = WORDS.records(view.rows.length, records.length);
    byId("nothing").hidden = view.rows.length > 0 || !records.length;
    scroller.classList.toggle("short", view.rows.length * rowHeight < scroller.clientHeight || !view.rows.length);
    table.setAttribute("aria-rowcount", view.rows.length + 1);
  }

  function sortBy(key) {
    view.falling = view.sort === key ? !view.falling : key === "number" && highIsWorse();
    view.sort = key;
    choose();
  }

  const highIsWorse = () => view.number >= 0 && metrics[view.number].limits.every(({ bound }) => bound === "max");

  function drawHeads() {
    const { name, unit } = metrics[view.number] ?? { name: "" };
    const number = unit ? `${name}, ${unit}` : name;
    const focused = document.activeElement?.closest?.("th")?.dataset.key;
    const heads = Object.keys(COLUMNS).map((key) => {
      const sorted = view.sort === key;
      const text = `${key === "number" ? number : WORDS.heads[key]}${sorted ? (view.falling ? " ↓" : " ↑") : ""}`;
      return make("th", {
        role: "columnheader",
        scope: "col",
        class: ["size", "number"].includes(key) ? "figure" : null,
        "data-key": key,
        "aria-sort": sorted ? (view.falling ? "descending" : "ascending") : null,
      }, make("button", { type: "button", onclick: () => sortBy(key) }, text));
    });
    byId("heads").replaceChildren(...heads);
    if (focused) byId("heads").querySelector(`[data-key="${focused}"] button`)?.focus();
  }

  function row(record, at) {
    const { sign, word } = VERDICTS[record.verdict];
    const value = COLUMNS.number(record);
    const cell = (kind, ...content) => make("td", { role: "gridcell", class: kind }, ...content);
    const selected = String(at === view.at);
    const element = make("tr", { role: "row", id: `row-${at}`, "aria-rowindex": at + 2, "aria-selected": selected },
      cell(`verdict ${record.verdict}`, `${sign} ${word}`),
      cell("name", ...fileName(record.source)),
      cell("found", ...codes(record)),
      cell("size figure", record.size === null ? "" : bytes(record.size)),
      cell("number figure", value === null ? "" : view.decimals.format(value)));
    element.style.top = `${at * rowHeight}px`;
    element.addEventListener("click", () => {
      view.at = at;
      openDetail(view.rows, at);
    });
    return element;
  }

  function drawRows() {
    const first = Math.max(0, Math.floor(scroller.scrollTop / rowHeight) - 6);
    const last = Math.min(view.rows.length, first + Math.ceil(scroller.clientHeight / rowHeight) + 14);
    body.style.height = `${view.rows.length * rowHeight}px`;
    body.replaceChildren(...view.rows.slice(first, last).map((record, at) => row(record, first + at)));
    if (view.rows.length) table.setAttribute("aria-activedescendant", `row-${view.at}`);
    else table.removeAttribute("aria-activedescendant");
  }

  function fit() {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    rowHeight = rem * parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--row"));
    drawRows();
  }

  function select(at) {
    view.at = Math.max(0, Math.min(at, view.rows.length - 1));
    const head = table.tHead.offsetHeight;
    const top = view.at * rowHeight;
    const room = scroller.clientHeight - head;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (top + rowHeight > scroller.scrollTop + room) scroller.scrollTop = top + rowHeight - room;
    drawRows();
  }

  function onKey(event) {
    if (event.target !== table || event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor((scroller.clientHeight - table.tHead.offsetHeight) / rowHeight) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (event.key in steps) select(view.at + steps[event.key]);
    else if (event.key === "Enter" || event.key === " ") openDetail(view.rows, view.at);
    else return;
    event.preventDefault();
  }

  function showOnly({ verdict = "", cause = "" }) {
    byId("verdict").value = verdict;
    byId("cause").value = cause;
    byId("text").value = "";
    choose();
    goToRecords();
  }

  function showNumber(at) {
    chooseNumber(at);
    view.sort = "number";
    view.falling = highIsWorse();
    choose();
    goToRecords();
  }

  function goToRecords() {
    byId("records-heading").scrollIntoView();
    table.focus({ preventScroll: true });
  }

  // One record

  const detail = { list: [], at: 0 };
  const dialog = byId("detail");

  function openDetail(list, at) {
    if (!list[at]) return;
    Object.assign(detail, { list, at });
    drawDetail();
    if (!dialog.open) dialog.showModal();
  }

  function stepDetail(step) {
    const at = detail.at + step;
    if (!detail.list[at]) return;
    detail.at = at;
    if (detail.list === view.rows) select(at);
    drawDetail();
  }

  function drawDetail() {
    const record = detail.list[detail.at];
    const { sign, word } = VERDICTS[record.verdict];
    byId("previous").disabled = detail.at === 0;
    byId("next").disabled = detail.at === detail.list.length - 1;
    byId("place").textContent = WORDS.place(detail.at + 1, detail.list.length);
    const [size, error] = [record.size === null ? "" : bytes(record.size), visible(record.error ?? "")];
    const facts = [record.status, record.format?.toUpperCase(), size, error].filter((fact) => fact);
    byId("detail-body").replaceChildren(
      make("h2", { id: "detail-name" }, ...fileName(record.source, 0)),
      make("p", { class: "facts" }, make("strong", { class: record.verdict }, `${sign} ${word}`),
        ...facts.map((fact) => ` · ${fact}`)),
      ...pictures(record), ...found(record), ...numbersOf(record));
    dialog.scrollTop = 0;
  }

  function pictures(record) {
    const kept = pictured.get(record.source) ?? record;
    const shown = ["plain", "marked"].filter((kind) => kept[kind]);
    if (!shown.length) return [];
    const images = shown.map((kind) => make("img", { src: kept[kind], alt: WORDS.pictured[kind] }));
    return [make("div", { class: "pictures" }, ...images)];
  }

  function found(record) {
    if (!record.findings.length) return [];
    const items = record.findings.map(({ cause, severity, message, advice }) => make("li", { class: severity },
      make("p", { class: "kind" }, SEVERITIES[severity], " ", make("code", {}, cause)),
      make("p", {}, message), make("p", { class: "said" }, advice)));
    return [make("ul", {}, ...items)];
  }

  function numbersOf(record) {
    const known = told(record);
    if (!known.length) return [];
    // Those of the picture first, as people look for these.
    known.sort(([a], [b]) => Number(b.stage === "picture") - Number(a.stage === "picture"));
    const head = heads(WORDS.numbers, [null, "figure", "figure", "meaning"]);
    const rows = known.map(([metric, number]) => {
      const beyond = metric.limits.find((rule) => fails(number, rule));
      const colour = beyond ? `beyond ${severityOf(beyond.cause)}` : "";
      return make("tr", {}, make("th", { scope: "row" }, make("code", {}, metric.name)),
        make("td", { class: `figure ${colour}` }, measured(metric, number, metric.limits[0]?.limit)),
        make("td", { class: "figure" }, metric.limits.map((rule) => worded(metric, rule)).join(", ")),
        make("td", { class: "meaning" }, metric.meaning));
    });
    return [make("table", { class: "numbers" }, make("thead", {}, head), make("tbody", {}, ...rows))];
  }

  const pictured = new Map(Object.values(summary.worst).map((record) => [record.source, record]));

  function listen() {
    let waiting = false;
    scroller.addEventListener("scroll", () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        drawRows();
      });
    }, { passive: true });
    table.addEventListener("keydown", onKey);
    addEventListener("resize", fit);
    byId("previous").addEventListener("click", () => stepDetail(-1));
    byId("next").addEventListener("click", () => stepDetail(1));
    byId("close").addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    dialog.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (step) stepDetail(step);
    });
    addEventListener("beforeprint", print);
    addEventListener("afterprint", afterPrint);
  }

  const opened = [];

  function print() {
    for (const part of document.querySelectorAll("details:not([open])")) {
      part.draw();
      part.open = true;
      opened.push(part);
    }
    const shown = view.rows.slice(0, MOST_PRINTED);
    body.replaceChildren(...shown.map(row));
    byId("printed").textContent = WORDS.printed(shown.length, view.rows.length);
    byId("printed").hidden = shown.length === view.rows.length;
  }

  function afterPrint() {
    for (const part of opened.splice(0)) part.open = false;
    drawRows();
  }

  drawVerdicts();
  drawCauses();
  drawWorst();
  drawNumbers();
  drawFilters();
  listen();
  fit();
  arrange();
})();
