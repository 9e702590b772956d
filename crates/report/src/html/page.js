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
  const rows = lines("assets");
  const shown = lines("pictures");
  const pictures = new Map(shown.filter(p => !p.known).map(p => [p.row, p]));
  // Of the known asset that a row's is a copy of.
  const originals = new Map(shown.filter(p => p.known).map(p => [p.row, p]));
  const packages = new Map(summary.packages.map(p => [p.id, p]));
  const packageName = p => p ? p.kind + " " + (p.title || p.root || ".") : "";
  rows.forEach((row, index) => {
    row.index = index;
    const open = row.findings.filter(f => f.state === "open");
    row.lead = open[0] || row.findings[0] || null;
    row.severity = open.reduce((worst, f) => Math.max(worst, RANK[f.severity]), 0);
    row.state = open.length ? "open" : row.lead ? row.lead.state : "";
    row.rule = row.lead ? row.lead.rule : "";
    row.system = row.systems.join(", ");
    row.name = summary.roots.length > 1 ? summary.roots[row.root] + "/" + row.path : row.path;
    row.text = null;
  });
  const searched = row => row.text ??= [row.name, row.system, row.format || "", row.sha256 || "", ...row.findings.map(f => f.rule + " " + f.message), ...row.evidence.map(e => e.mark)].join("\n").toLowerCase();

  // The verdict and what it rests on.
  const n = summary.numbers;
  const [kind, word, meaning] = n.interrupted ? ["interrupted", "Interrupted", "The scan was stopped: what follows is only a part."]
    : { pass: ["pass", "Pass", "No open finding blocks this delivery."], fail: ["fail", "Fail", "This delivery has findings that must be resolved."],
        incomplete: ["incomplete", "Incomplete", "Some files could not be judged."] }[n.outcome];
  $("verdict").classList.add(kind);
  $("word").textContent = word;
  $("meaning").textContent = meaning;
  $("version").textContent = summary.version;
  document.title = word + " – Countersign report";
  const input = (name, ...value) => $("inputs").append(el("div", {}, el("dt", {}, name), el("dd", {}, ...value)));
  const ROOTS = 4;
  input("Scanned", ...summary.roots.slice(0, ROOTS).map(root => el("div", {}, root)), summary.roots.length > ROOTS ? "and " + many(summary.roots.length - ROOTS, "other", "others") : null);
  input("Started", summary.started.replace("T", " ").replace("Z", " UTC"));
  input("Policy", summary.policy + (summary.as_of ? ", as of " + summary.as_of : ""));
  input("Approvals", summary.ledger ? summary.ledger.path + " (" + many(summary.ledger.records, "record", "records") + ")" : "No approvals ledger given");
  input("Trust lists", summary.trust.length ? summary.trust.map(t => t.name + (t.issued ? " (" + t.issued + ")" : "")).join(", ") : "None: signers cannot be recognized");
  if (summary.not_looked_at.length) input("Not looked at", ...summary.not_looked_at.map(what => el("div", {}, what)));
  $("fine").textContent = "Policy SHA-256 " + summary.policy_sha256 + (summary.ledger ? "; ledger head " + summary.ledger.head : "") + "; catalogue of " + summary.catalogue.marks + " marks " + summary.catalogue.sha256 + summary.catalogue.files.map((file) => "; marks of " + file).join("");

  const tile = (value, label, tone) => $("tiles").append(el("div", { class: "tile " + (value !== "0" && tone || "") }, el("b", {}, value), el("span", {}, label)));
  tile(number(n.assets), "files, " + summary.size);
  tile(number(n.findings.error), n.findings.error === 1 ? "error" : "errors", "bad");
  tile(number(n.findings.warning), n.findings.warning === 1 ? "warning" : "warnings", "warn");
  tile(number(n.findings.note), n.findings.note === 1 ? "note" : "notes");
  tile(number(n.approved), "approved");
  tile(number(n.not_judged), "not judged", "bad");

  // Commands stand between backticks.
  const coded = text => text.split("`").map((part, i) => i % 2 && part ? el("code", {}, part) : part);
  const said = f => el("div", { class: "say" },
    el("span", { class: "tag " + (f.state === "open" ? f.severity : f.state === "approved" ? "approved" : "settled") }, f.state === "open" ? f.severity : f.state),
    " ", el("b", {}, f.rule), el("p", {}, f.message), f.reason ? el("p", {}, "Because: " + f.reason) : null,
    f.help ? el("p", { class: "do" }, ...coded(f.help)) : null);
  const delivery = summary.packages.flatMap(p => p.findings.map(f => [packageName(p), f])).concat(summary.run_findings.map(f => ["This run", f]));
  const remarks = summary.packages.flatMap(p => p.remarks.map(r => el("li", {}, el("div", { class: "where" }, packageName(p)), r)));
  if (delivery.length || remarks.length) {
    $("delivery").hidden = false;
    $("delivery-list").append(...delivery.map(([about, f]) => el("li", {}, el("div", { class: "where" }, about), said(f))), ...remarks);
  }

  // Each cut as a bar, with the uses of what has an open finding.
  const CUTS = 40, SPANS = 400;
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
    const length = Math.max(cut.to - cut.from, 1e-6), strip = el("div", { class: "strip" }), list = el("ul", { class: "plain" });
    for (const [use, row] of cut.spans.slice(0, SPANS)) {
      const tone = Object.keys(RANK).find(k => RANK[k] === row.severity), told = use.in + " to " + use.out + ", " + use.track + ": " + row.name;
      const mark = el("i", { class: tone, title: told });
      mark.style.left = Math.min(99.5, Math.max(0, 100 * (use.from - cut.from) / length)) + "%";
      mark.style.width = Math.max(.4, Math.min(100, 100 * (use.to - use.from) / length)) + "%";
      strip.append(mark);
      list.append(el("li", {}, el("span", { class: "tag " + tone }, tone), " ", told));
    }
    if (cut.spans.length > SPANS) list.append(el("li", {}, "and " + number(cut.spans.length - SPANS) + " more"));
    const counts = cut.format === undefined ? "" : [many(cut.events, "event", "events"), cut.missing ? number(cut.missing) + " without media here" : "", cut.ambiguous ? number(cut.ambiguous) + " with several assets" : ""].filter(Boolean).join(", ");
    $("cuts-list").append(el("div", { class: "cut" }, el("b", {}, cut.title || cut.timeline), el("div", { class: "where" }, [cut.title ? cut.timeline : "", cut.in ? cut.in + " to " + cut.out : "", counts].filter(Boolean).join("; ")), strip, list));
  }
  if (cuts.size > CUTS) $("cuts-list").append(el("p", { class: "none" }, "and " + number(cuts.size - CUTS) + " more timelines"));
  $("cuts").hidden = shownCuts.length === 0;

  // Filters: one select each, all must hold.
  const FILTERS = {
    rule: ["All", row => row.findings.map(f => f.rule)],
    severity: ["All", row => row.findings.filter(f => f.state === "open").map(f => f.severity)],
    state: ["All", row => row.findings.map(f => f.state)],
    ai: ["All", row => [row.ai]],
    role: ["All", row => [row.role]],
    package: ["All", row => [packageName(packages.get(row.package)) || "no package"]],
    system: ["All", row => row.systems.length ? row.systems : ["no system named"]],
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
  chart("chart-rules", "rule", tally(row => row.findings.filter(f => f.state === "open").map(f => f.rule)), "No open findings.");
  chart("chart-systems", "system", tally(row => row.systems), "None named.");

  // Sorting.
  const KEYS = { severity: r => r.severity, path: r => r.name, rule: r => r.rule, ai: r => AI[r.ai], system: r => r.system, role: r => r.role, state: r => r.state };
  for (const button of document.querySelectorAll("th button")) button.addEventListener("click", () => {
    const key = button.dataset.sort;
    sort = { key, down: sort.key === key ? !sort.down : key === "severity" || key === "ai" };
    at = 0; show();
  });

  // Cards.
  const place = (where, offset) => el("p", { class: "where" }, where + (offset === null || offset === undefined ? "" : ", byte " + number(offset)));
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
    if (!of) return el("figure", { class: "picture" }, drawn(p, row.name), p.jpeg ? null : el("figcaption", {}, "Waveform"));
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
  const card = row => {
    const body = el("div", {});
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
    fact(list, "Format", row.format || "not recognized"); fact(list, "Size", row.size); fact(list, "Role", row.role + " (by " + row.basis + ")");
    if (row.frames) fact(list, "Frames", number(row.frames.first) + " to " + number(row.frames.last) + ": " + number(row.frames.count) + (row.frames.missing ? ", " + number(row.frames.missing) + " missing" : "") + (row.frames.apart ? ", " + number(row.frames.apart) + " in rows of their own" : ""));
    for (const play of row.plays) fact(list, "Played in", play);
    if (!row.plays.length) for (const use of row.uses || []) fact(list, "In the cut", use.timeline + " event " + use.event + ", " + use.track + ": " + use.in + " to " + use.out + " (source " + use.source_in + " to " + use.source_out + ")");
    if (row.in_cut === false) fact(list, "In the cut", "no");
    fact(list, "Package", packageName(packages.get(row.package))); fact(list, "SHA-256", row.sha256 ? el("span", { class: "hex" }, row.sha256) : null);
    body.append(el("h3", {}, "File"), list);
    return el("tr", { class: "detail", id: "card-" + row.index }, el("td", { class: "card", colspan: "7" }, el("div", { class: "sheet" }, picture(row), body)));
  };

  // The table: one page of rows at a time, so that a hundred thousand assets stay light.
  const line = row => {
    const open = opened.has(row.index);
    const name = el("button", { type: "button", class: "path", "aria-expanded": String(open), "aria-controls": "card-" + row.index, title: row.name }, el("span", {}, row.name));
    const severity = row.severity ? Object.keys(RANK).find(k => RANK[k] === row.severity) : "";
    const tr = el("tr", { class: "row" + (open ? " open" : "") },
      el("td", {}, severity ? el("span", { class: "tag " + severity }, severity) : null),
      el("td", {}, name),
      el("td", {}, row.rule, row.findings.length > 1 ? el("span", { class: "more" }, " +" + (row.findings.length - 1)) : null),
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
  const show = () => {
    select();
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    at = Math.min(Math.max(at, 0), pages - 1);
    $("rows").replaceChildren(...found.slice(at * PAGE, (at + 1) * PAGE).flatMap(line));
    $("count").textContent = rows.length === 0 ? "No asset has a finding or a mark of AI."
      : found.length === rows.length ? many(rows.length, "asset with a finding or a mark", "assets with a finding or a mark") + " of " + many(n.assets, "file", "files") : number(found.length) + " of " + many(rows.length, "asset", "assets") + " shown";
    $("table").hidden = found.length === 0;
    $("pages").hidden = pages < 2;
    $("page").textContent = "Page " + number(at + 1) + " of " + number(pages);
    $("prev").disabled = at === 0; $("next").disabled = at === pages - 1;
    for (const th of document.querySelectorAll("th")) th.setAttribute("aria-sort", th.firstChild.dataset.sort !== sort.key ? "none" : sort.down ? "descending" : "ascending");
    for (const bar of document.querySelectorAll(".bar")) bar.setAttribute("aria-pressed", String($("f-" + bar.dataset.filter).value === bar.dataset.value));
  };
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
  addEventListener("afterprint", show);
  show();
})();
