"use strict";
(() => {
  const $ = id => document.getElementById(id);
  const lines = id => JSON.parse("[" + $(id).textContent.trim().replace(/\n/g, ",") + "]");
  // Text from files only ever becomes a text node.
  const el = (name, attributes, ...children) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (key === "class") node.className = value; else node.setAttribute(key, value === true ? "" : value);
    }
    for (const child of children.flat()) if (child !== null && child !== undefined && child !== "") node.append(child);
    return node;
  };
  const number = n => String(n).replace(/\B(?=(\d{3})+$)/g, ",");
  const many = (n, one, more) => number(n) + " " + (n === 1 ? one : more);
  const RANK = { error: 3, warning: 2, note: 1 };
  const AI = { generated: 4, composite: 3, enhanced: 2, possible: 1, none: 0 };
  const PAGE = 100, PRINTED_ROWS = 2000, PRINTED_CARDS = 150;

  const summary = JSON.parse($("summary").textContent);
  const assets = lines("assets");
  const shown = lines("pictures");
  const pictures = new Map(shown.filter(p => !p.known).map(p => [p.row, p]));
  // Of the known asset that a row's is a copy of.
  const originals = new Map(shown.filter(p => p.known).map(p => [p.row, p]));
  const packages = new Map(summary.packages.map(p => [p.id, p]));
  const folder = p => (p.root || ".").split("/").pop();
  const packageName = p => p ? p.kind + " " + (p.title || p.root || ".") : "";
  // Packages and the run itself have rows of their own, so that they are filtered, counted and linked to like assets.
  const other = (kind, name, findings, more) => ({ kind, name, path: name, findings, ai: "none", role: "", systems: [], evidence: [], format: null, ...more });
  const rows = assets.map(row => ({ kind: "asset", ...row })).concat(
    summary.packages.filter(p => p.findings.length || p.remarks.length).map(p =>
      other("package", p.kind + " " + (p.root || ".") + (p.title && p.title !== folder(p) ? " “" + p.title + "”" : ""), p.findings, { package: p.id, remarks: p.remarks })),
    summary.run_findings.length ? [other("run", "This run", summary.run_findings, {})] : []);
  rows.forEach((row, index) => {
    row.index = index;
    const open = row.findings.filter(f => f.state === "open");
    row.lead = open[0] || row.findings[0] || null;
    row.severity = open.reduce((worst, f) => Math.max(worst, RANK[f.severity]), 0);
    row.state = open.length ? "open" : row.lead ? row.lead.state : "";
    row.rule = row.lead ? row.lead.rule : "";
    row.system = row.systems.join(", ");
    row.text = null;
  });
  const searched = row => row.text ??= [row.name, row.system, row.format || "", row.sha256 || "", ...row.findings.map(f => f.rule + " " + f.message), ...row.evidence.map(e => e.mark)].join("\n").toLowerCase();

  // The verdict, the numbers and a plain list of findings stand in the page already; the list gives way to the table.
  const n = summary.numbers;
  document.title = $("word").textContent + " – Countersign report";
  $("readable").remove();
  $("filters").hidden = false;

  // Commands stand between backticks.
  const coded = text => text.split("`").map((part, i) => i % 2 && part ? el("code", {}, part) : part);
  const tone = f => f.state === "open" ? f.severity : f.state === "approved" ? "approved" : "settled";
  const said = f => el("div", { class: "say", id: f.id },
    el("span", { class: "tag " + tone(f) }, f.state === "open" ? f.severity : f.state),
    " ", el("b", {}, f.rule), " ", el("a", { class: "link", href: "#" + f.id, "aria-label": "Link to this finding" }, "#"),
    el("p", {}, f.message), f.reason ? el("p", {}, "Because: " + f.reason) : null,
    f.help ? el("p", { class: "do" }, ...coded(f.help)) : null);
  // What one rule says of many files of a package: what to do stands there once.
  const LISTED = 400;
  const grouped = findings => {
    const rules = new Map();
    for (const f of findings) { const key = f.rule + "\n" + tone(f) + "\n" + f.help; if (!rules.has(key)) rules.set(key, []); rules.get(key).push(f); }
    return [...rules.values()].map(same => same.length === 1 ? said(same[0]) : el("div", { class: "say" },
      el("span", { class: "tag " + tone(same[0]) }, same[0].state === "open" ? same[0].severity : same[0].state), " ", el("b", {}, same[0].rule), " (" + number(same.length) + ")",
      same[0].help ? el("p", { class: "do" }, ...coded(same[0].help)) : null,
      el("ul", { class: "many" }, ...same.slice(0, LISTED).map(f => el("li", { id: f.id }, f.message, " ", el("a", { class: "link", href: "#" + f.id, "aria-label": "Link to this finding" }, "#"))),
        same.length > LISTED ? el("li", {}, "and " + number(same.length - LISTED) + " more, which the JSON report lists") : null)));
  };

  // Each cut as a bar, with the uses of what has an open finding.
  const CUTS = 40, SPANS = 400, LINES = 8;
  const cutName = c => c.timeline + "\n" + c.title;
  const cuts = new Map((summary.timelines || []).map(c => [cutName(c), { ...c, spans: [] }]));
  for (const row of rows) for (const use of row.uses || []) {
    if (!row.severity) continue;
    if (!cuts.has(cutName(use))) cuts.set(cutName(use), { timeline: use.timeline, title: use.title, from: use.from, to: use.to, spans: [] });
    const cut = cuts.get(cutName(use));
    if (cut.format === undefined) { cut.from = Math.min(cut.from, use.from); cut.to = Math.max(cut.to, use.to); }
    cut.spans.push([use, row]);
  }
  const shownCuts = [...cuts.values()].slice(0, CUTS);
  for (const cut of shownCuts) {
    const length = Math.max(cut.to - cut.from, 1e-6), strip = el("div", { class: "strip" }), lines = [];
    // As they are seen: in the order of the cut, not of the files.
    cut.spans.sort(([a], [b]) => a.from - b.from || a.to - b.to);
    for (const [use, row] of cut.spans.slice(0, SPANS)) {
      const tone = Object.keys(RANK).find(k => RANK[k] === row.severity), told = use.in + " to " + use.out + ", " + use.track + ": " + row.name;
      const mark = el("i", { class: tone, title: told });
      mark.style.left = Math.min(99.5, Math.max(0, 100 * (use.from - cut.from) / length)) + "%";
      mark.style.width = Math.max(.4, Math.min(100, 100 * (use.to - use.from) / length)) + "%";
      strip.append(mark);
      lines.push(el("li", {}, el("span", { class: "tag " + tone }, tone), " ", told));
    }
    if (cut.spans.length > SPANS) lines.push(el("li", {}, "and " + number(cut.spans.length - SPANS) + " more"));
    const list = [el("ul", { class: "plain uses" }, ...lines.slice(0, LINES))];
    if (lines.length > LINES) list.push(el("details", {}, el("summary", {}, "All " + number(cut.spans.length) + " uses with findings"), el("ul", { class: "plain uses" }, ...lines.slice(LINES))));
    const counts = cut.format === undefined ? "" : [many(cut.events, "event", "events"), cut.missing ? number(cut.missing) + " without media here" : "", cut.ambiguous ? number(cut.ambiguous) + " with several assets" : ""].filter(Boolean).join(", ");
    $("cuts-list").append(el("div", { class: "cut" }, el("b", {}, cut.title || cut.timeline), el("div", { class: "where" }, [cut.file || (cut.title ? cut.timeline : ""), cut.in ? cut.in + " to " + cut.out : "", counts].filter(Boolean).join("; ")), strip, ...list));
  }
  if (cuts.size > CUTS) $("cuts-list").append(el("p", { class: "none" }, "and " + number(cuts.size - CUTS) + " more timelines"));
  $("cuts").hidden = shownCuts.length === 0;

  // Filters: one select each, all must hold.
  const FILTERS = {
    rule: ["All", row => row.findings.map(f => f.rule)],
    kind: ["All", row => [row.kind]],
    severity: ["All", row => row.findings.filter(f => f.state === "open").map(f => f.severity)],
    state: ["All", row => row.findings.map(f => f.state)],
    ai: ["All", row => row.kind === "asset" ? [row.ai] : []],
    role: ["All", row => row.kind === "asset" ? [row.role] : []],
    package: ["All", row => row.kind === "run" ? [] : [packageName(packages.get(row.package)) || "no package"]],
    system: ["All", row => row.kind !== "asset" ? [] : row.systems.length ? row.systems : ["no system named"]],
  };
  const tally = of => {
    const counts = new Map();
    for (const row of rows) for (const value of new Set(of(row))) counts.set(value, (counts.get(value) || 0) + 1);
    return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  };
  for (const [name, [all, of]] of Object.entries(FILTERS)) {
    const select = $("f-" + name);
    select.append(el("option", { value: "" }, all), ...tally(of).map(([value, count]) => el("option", { value }, value + " (" + number(count) + ")")));
    select.addEventListener("change", () => { at = 0; show(); });
  }
  let at = 0, sort = { key: "severity", down: true }, opened = new Set(), found = [];
  let waiting = 0;
  $("q").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(() => { at = 0; show(); }, 120); });
  $("filters").addEventListener("submit", e => e.preventDefault());
  $("filters").addEventListener("reset", () => setTimeout(() => { at = 0; show(); }));

  // Charts are buttons that set a filter.
  const chart = (id, filter, entries, none) => {
    $(id).replaceChildren();
    const most = entries.reduce((m, e) => Math.max(m, e[1]), 1);
    if (!entries.length) { $(id).append(el("p", { class: "none" }, none)); return; }
    for (const [value, count] of entries.slice(0, 8)) {
      const fill = el("i", {});
      fill.style.width = 100 * count / most + "%";
      const bar = el("button", { type: "button", class: "bar", "aria-pressed": "false", "data-filter": filter, "data-value": value, title: value }, el("span", {}, value), el("b", {}, number(count)), fill);
      bar.addEventListener("click", () => { const s = $("f-" + filter); s.value = s.value === value ? "" : value; at = 0; show(); });
      $(id).append(bar);
    }
    if (entries.length > 8) $(id).append(el("p", { class: "none" }, "and " + number(entries.length - 8) + " more in the filter below"));
  };
  chart("chart-ai", "ai", ["generated", "composite", "enhanced", "possible"].map(w => [w, n.by_ai[w]]).filter(e => e[1]), "None found.");
  const open = new Map();
  for (const row of rows) for (const f of row.findings) if (f.state === "open") open.set(f.rule, (open.get(f.rule) || 0) + 1);
  chart("chart-rules", "rule", [...open].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)), "No open findings.");
  chart("chart-systems", "system", tally(row => row.systems), "None named.");

  // Sorting.
  const KEYS = { severity: r => r.severity, path: r => r.name, rule: r => r.rule, ai: r => AI[r.ai], system: r => r.system, role: r => r.role, state: r => r.state };
  for (const button of document.querySelectorAll("th button")) button.addEventListener("click", () => {
    const key = button.dataset.sort;
    sort = { key, down: sort.key === key ? !sort.down : key === "severity" || key === "ai" };
    at = 0; show();
  });

  // Rows of the same bytes.
  const places = new Map();
  for (const row of rows) if (row.sha256) { if (!places.has(row.sha256)) places.set(row.sha256, []); places.get(row.sha256).push(row); }

  // Cards.
  const place = (where, offset) => el("p", { class: "where" }, where + (offset === null || offset === undefined ? "" : ", byte " + offset));
  const fact = (list, name, value) => { if (value !== null && value !== undefined && value !== "") list.append(el("dt", {}, name), el("dd", {}, value)); };
  const STATES = { trusted: "signature holds, signer is trusted", valid: "signature holds, signer is on no trust list in force", invalid: "bytes or manifest do not match the signature", unverified: "not verified", unreadable: "cannot be read", remote: "kept elsewhere, not fetched" };
  const wave = peaks => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 " + peaks.length + " 100"); svg.setAttribute("preserveAspectRatio", "none"); svg.setAttribute("aria-hidden", "true");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", peaks.map((p, i) => { const h = Math.max(1, Number(p) / 2); return "M" + (i + .5) + " " + (50 - h) + "V" + (50 + h); }).join(""));
    path.setAttribute("stroke", "currentColor"); path.setAttribute("stroke-width", ".7");
    svg.append(path);
    return svg;
  };
  const drawn = (p, name) => p.jpeg ? el("img", { src: "data:image/jpeg;base64," + p.jpeg, alt: "Preview of " + name }) : wave(p.wave);
  const apart = of => of.distance !== null && of.distance !== undefined ? number(of.distance) + " of 256 bits differ" : of.votes ? number(of.votes) + " landmarks agree" : "";
  const picture = row => {
    const p = pictures.get(row.index), known = originals.get(row.index);
    if (!p) return null;
    const of = known && (row.evidence.find(e => e.of) || {}).of;
    if (!of) return el("figure", { class: "picture" }, drawn(p, row.name), p.jpeg ? row.frames ? el("figcaption", {}, "Frame " + row.frames.first) : null : el("figcaption", {}, "Waveform"));
    return el("figure", { class: "picture pair" },
      el("div", {}, drawn(p, row.name), el("figcaption", {}, "This file")),
      el("div", {}, drawn(known, of.asset), el("figcaption", {}, of.asset)),
      el("figcaption", {}, [of.relation, apart(of)].filter(Boolean).join(": ")));
  };
  const tree = chain => {
    const top = el("ul", { class: "tree" }), stack = [top];
    for (const m of chain) {
      const depth = Math.min(m.depth, stack.length - 1);
      stack.length = depth + 1;
      const below = el("ul", {});
      const done = m.actions.map(a => a.action + (a.agent ? " by " + a.agent : "") + (a.source ? ": " + a.source : "") + (a.when ? ", " + a.when : "") + (a.gathered ? " (gathered, not vouched for)" : ""));
      // The same thing done again and again is one line.
      const runs = [];
      for (const text of done) { const last = runs[runs.length - 1]; if (last && last.text === text) last.times++; else runs.push({ text, times: 1 }); }
      const actions = runs.map(run => el("div", { class: "where" }, run.text + (run.times > 1 ? ", " + run.times + " times" : "")));
      stack[depth].append(el("li", {}, el("b", {}, m.title || m.generator || m.label), m.via ? " as " + m.via : " (active manifest)",
        el("div", { class: "where" }, [m.generator, m.signer && "signed by " + m.signer, m.issuer && "issued by " + m.issuer, m.signed_at].filter(Boolean).join("; ")),
        actions, el("div", { class: "where hex" }, m.label), below));
      stack.push(below);
    }
    for (const empty of top.querySelectorAll("ul:empty")) empty.remove();
    return top;
  };
  const sheet = (row, ...content) => el("tr", { class: "detail", id: "card-" + row.index }, el("td", { class: "card", colspan: "7" }, el("div", { class: "sheet" }, ...content)));
  const card = row => {
    const body = el("div", {});
    if (row.kind !== "asset") {
      if (row.findings.length) body.append(el("h3", {}, "Findings"), ...grouped(row.findings));
      if (row.remarks && row.remarks.length) body.append(el("h3", {}, "Remarks"), el("ul", { class: "many" }, ...row.remarks.map(r => el("li", {}, r))));
      return sheet(row, body);
    }
    if (row.findings.length) body.append(el("h3", {}, "Findings"), ...row.findings.map(said));
    if (row.evidence.length) {
      body.append(el("h3", {}, "Evidence"));
      for (const e of row.evidence) body.append(el("div", { class: "mark" },
        el("div", {}, el("b", {}, e.claim + (e.system ? " by " + e.system : "")), " (" + e.strength + "; " + e.mark + (e.via === "self" ? "" : "; via " + e.via) + ")"),
        el("div", { class: "value", tabindex: e.value.length > 400 ? "0" : null }, e.value), place(e.where, e.offset)));
    }
    if (row.archive) {
      const GRADES = { authenticated: "Authenticated", supported: "Supported by its own fields; nobody vouches for them", unsupported: "Unsupported: too little speaks for it", contradicted: "Contradicted" };
      body.append(el("h3", {}, "As archival material"), el("p", {}, GRADES[row.archive.grade] || row.archive.grade));
      for (const [title, lines] of [["For it", row.archive.for], ["Against it", row.archive.against]])
        for (const [what, value, where, offset] of lines) body.append(el("div", { class: "mark" }, el("b", {}, title + ": "), what, value ? el("div", { class: "value" }, value) : null, place(where, offset)));
    }
    if (row.recipe) {
      const list = el("dl", { class: "facts" });
      for (const [name, value] of row.recipe) fact(list, name, value);
      body.append(el("h3", {}, "What was asked for"), list);
    }
    if (row.c2pa) {
      const c = row.c2pa, list = el("dl", { class: "facts" });
      fact(list, "State", STATES[c.state] || c.state); fact(list, "Signer", c.signer); fact(list, "Issuer", c.issuer); fact(list, "Signed", c.signed_at);
      fact(list, "Generator", c.generator); fact(list, "Trust list", c.trust_list); fact(list, "Damage", c.damage); fact(list, "Kept at", c.remote); fact(list, "Failures", c.failures.join(", "));
      body.append(el("h3", {}, "Content Credentials"), list);
      if (c.where) body.append(place(c.where, c.offset));
      if (c.chain.length) body.append(tree(c.chain));
    }
    if (row.records.length) {
      body.append(el("h3", {}, "Approvals"));
      for (const r of row.records) body.append(el("div", { class: "mark" }, el("b", {}, r.decision), " by " + r.approver + " on " + r.on + (r.until ? ", until " + r.until : "") + (r.by === "digest" ? "" : r.by === "path" ? " (by path only)" : " (for other bytes)"),
        el("div", {}, [r.scopes.join(", "), r.reference, r.tool, r.note].filter(Boolean).join("; ")), el("p", { class: "where hex" }, r.id)));
    }
    if (row.problems.length) {
      body.append(el("h3", {}, "Problems"));
      for (const p of row.problems) body.append(el("div", { class: "mark" }, p.what, place(p.where + " (" + p.kind + ")", p.offset)));
    }
    const list = el("dl", { class: "facts" });
    fact(list, "Path", el("span", { class: "hex" }, row.name));
    fact(list, "Format", row.format || "not recognized"); fact(list, "Size", row.size + (row.bytes >= 1000 ? " (" + row.bytes + " bytes)" : "")); fact(list, "Role", row.role + " (by " + row.basis + ")");
    if (row.frames) fact(list, "Frames", row.frames.first + " to " + row.frames.last + ": " + number(row.frames.count) + (row.frames.missing ? ", " + number(row.frames.missing) + " missing" : "") + (row.frames.apart ? ", " + number(row.frames.apart) + " in rows of their own" : ""));
    for (const play of row.plays) fact(list, "Played in", play);
    if (!row.plays.length) for (const use of row.uses || []) fact(list, "In the cut", use.timeline + " event " + use.event + ", " + use.track + ": " + use.in + " to " + use.out + " (source " + use.source_in + " to " + use.source_out + ")");
    if (row.in_cut === false) fact(list, "In the cut", "no");
    fact(list, "Package", packageName(packages.get(row.package))); fact(list, "SHA-256", row.sha256 ? el("span", { class: "hex" }, row.sha256) : null);
    body.append(el("h3", {}, "File"), list);
    if (row.sha256 && places.get(row.sha256).length > 1) fact(list, "Same bytes", el("span", {}, ...places.get(row.sha256).filter(r => r !== row).slice(0, 20).map(r => el("span", { class: "hex also" }, r.name))));
    return sheet(row, picture(row), body);
  };

  // The table: one page of rows at a time, so that a hundred thousand assets stay light.
  const line = row => {
    const open = opened.has(row.index);
    const name = el("button", { type: "button", class: "path", "aria-expanded": String(open), "aria-controls": "card-" + row.index, title: row.name }, el("span", {}, row.name));
    const severity = row.severity ? Object.keys(RANK).find(k => RANK[k] === row.severity) : "";
    const tr = el("tr", { class: "row" + (open ? " open" : "") },
      el("td", {}, severity ? el("span", { class: "tag " + severity }, severity) : null),
      el("td", {}, name),
      el("td", {}, row.rule, row.findings.length > 1 ? el("span", { class: "more" }, " +" + number(row.findings.length - 1)) : null),
      el("td", {}, row.ai === "none" ? "" : row.ai), el("td", {}, row.system ? el("div", { class: "clamp" }, row.system) : null), el("td", {}, row.role),
      el("td", {}, row.state ? el("span", { class: "tag " + (row.state === "approved" ? "approved" : "settled") }, row.state) : null));
    name.addEventListener("click", () => {
      if (opened.has(row.index)) { opened.delete(row.index); $("card-" + row.index).remove(); } else { opened.add(row.index); tr.after(card(row)); }
      tr.classList.toggle("open"); name.setAttribute("aria-expanded", String(opened.has(row.index)));
    });
    return open ? [tr, card(row)] : [tr];
  };
  const select = () => {
    const q = $("q").value.trim().toLowerCase();
    const wanted = Object.entries(FILTERS).map(([name, [, of]]) => [$("f-" + name).value, of]).filter(([value]) => value);
    found = rows.filter(row => (!q || searched(row).includes(q)) && wanted.every(([value, of]) => of(row).includes(value)));
    const key = KEYS[sort.key], way = sort.down ? -1 : 1;
    found.sort((a, b) => { const x = key(a), y = key(b); return x < y ? -way : x > y ? way : a.index - b.index; });
  };
  const counted = () => {
    const delivered = rows.filter(row => row.kind === "package").length;
    // The frames of a sequence share a row.
    const of = summary.rows === n.assets ? many(n.assets, "file", "files") : many(summary.rows, "row", "rows") + " (" + many(n.assets, "file", "files") + ")";
    const some = number(assets.length) + " of " + of + (assets.length === 1 ? " has" : " have") + " a finding or a mark of AI";
    return some + (delivered ? "; " + many(delivered, "package", "packages") + " with findings" : "");
  };
  const show = (kept) => {
    select();
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    at = Math.min(Math.max(at, 0), pages - 1);
    $("rows").replaceChildren(...found.slice(at * PAGE, (at + 1) * PAGE).flatMap(line));
    $("count").textContent = rows.length === 0 ? "No asset has a finding or a mark of AI."
      : found.length === rows.length ? counted() : number(found.length) + " of " + (rows.length === assets.length ? many(rows.length, "asset", "assets") : many(rows.length, "row", "rows")) + " shown";
    $("table").hidden = found.length === 0;
    $("pages").hidden = pages < 2;
    $("page").textContent = "Page " + number(at + 1) + " of " + number(pages);
    $("prev").disabled = at === 0; $("next").disabled = at === pages - 1;
    for (const th of document.querySelectorAll("th")) th.setAttribute("aria-sort", th.firstChild.dataset.sort !== sort.key ? "none" : sort.down ? "descending" : "ascending");
    for (const bar of document.querySelectorAll(".bar")) bar.setAttribute("aria-pressed", String($("f-" + bar.dataset.filter).value === bar.dataset.value));
    if (kept !== true) remember();
  };

  // The address holds what is shown, so that it can be sent: #rule=…&q=…&sort=path&page=2, or one finding: #finding-….
  const remember = () => {
    const state = new URLSearchParams();
    if ($("q").value.trim()) state.set("q", $("q").value.trim());
    for (const name of Object.keys(FILTERS)) if ($("f-" + name).value) state.set(name, $("f-" + name).value);
    if (sort.key !== "severity" || !sort.down) state.set("sort", (sort.down ? "-" : "") + sort.key);
    if (at) state.set("page", at + 1);
    const text = state.toString();
    // Some viewers forbid it; the page works all the same.
    try { history.replaceState(null, "", text ? "#" + text : location.href.split("#")[0]); } catch { }
  };
  const recall = () => {
    const hash = location.hash.slice(1);
    if (hash.startsWith("finding-")) return reveal(hash);
    const state = new URLSearchParams(hash), known = ["q", "sort", "page", ...Object.keys(FILTERS)];
    if (hash && !known.some(name => state.has(name))) return show(true);
    $("q").value = state.get("q") || "";
    for (const name of Object.keys(FILTERS)) { const s = $("f-" + name); s.value = state.get(name) || ""; if (s.selectedIndex < 0) s.value = ""; }
    const by = state.get("sort") || "-severity", key = by.replace(/^-/, "");
    sort = Object.hasOwn(KEYS, key) ? { key, down: by.startsWith("-") } : { key: "severity", down: true };
    at = Math.max(0, (parseInt(state.get("page"), 10) || 1) - 1);
    show(true);
  };
  const reveal = id => {
    const row = rows.find(row => row.findings.some(f => f.id === id));
    if (!row) return show(true);
    select();
    if (!found.includes(row)) { $("q").value = ""; for (const name of Object.keys(FILTERS)) $("f-" + name).value = ""; select(); }
    at = Math.floor(found.indexOf(row) / PAGE);
    opened.add(row.index);
    show(true);
    const place = document.getElementById(id) || $("card-" + row.index);
    for (const other of document.querySelectorAll(".meant")) other.classList.remove("meant");
    place.classList.add("meant");
    place.scrollIntoView({ block: "center" });
  };
  addEventListener("hashchange", recall);
  const turn = by => { at += by; show(); $("table-title").scrollIntoView(); };
  $("prev").addEventListener("click", () => turn(-1));
  $("next").addEventListener("click", () => turn(1));

  // On paper: every row that the filters leave, the first of them with their cards.
  addEventListener("beforeprint", () => {
    const kept = found.slice(0, PRINTED_ROWS);
    const before = opened;
    opened = new Set([...before, ...kept.slice(0, PRINTED_CARDS).map(r => r.index)]);
    $("rows").replaceChildren(...kept.flatMap(line));
    opened = before;
    if (found.length > PRINTED_CARDS) $("count").textContent = "Printed: " + many(kept.length, "asset", "assets") + " of " + number(found.length) + ", the first " + PRINTED_CARDS + " with their cards. Filter the page to print others.";
  });
  addEventListener("afterprint", () => show(true));
  recall();
})();
