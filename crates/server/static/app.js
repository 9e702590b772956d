"use strict";
// What pages do beyond HTML: they follow what changes, ask before what cannot be undone, and sign with a key of this browser.
// Without this file every page works all the same; signing is then done on the command line.
(() => {
  const { csrf = "", person = "" } = document.body.dataset;
  const say = text => { const said = document.getElementById("said"); if (said) said.textContent = text; };

  // ---- Pictures: not every file has one. ----
  const drop = image => {
    const figure = image.closest("figure"), sheet = image.closest(".with-picture");
    if (sheet) sheet.classList.remove("with-picture");
    (figure || image).remove();
  };
  document.addEventListener("error", event => { if (event.target instanceof HTMLImageElement) drop(event.target); }, true);
  for (const image of document.images) if (image.complete && !image.naturalWidth && image.getAttribute("loading") !== "lazy") drop(image);

  // ---- Times: "5 minutes ago" grows older while the page is open. ----
  const STEPS = [[86_400, "day"], [3_600, "hour"], [60, "minute"]];
  const ago = seconds => {
    for (const [length, name] of STEPS) {
      const n = Math.floor(seconds / length);
      if (n) return n + " " + name + (n === 1 ? "" : "s") + " ago";
    }
    return null;
  };
  const age = () => {
    for (const time of document.querySelectorAll("time[data-ago]")) {
      const text = ago((Date.now() - Date.parse(time.dateTime)) / 1000);
      if (text && time.textContent !== text) time.textContent = text;
    }
  };
  setInterval(age, 60_000);

  // ---- Changes: the server tells that a delivery changed; the page is fetched again, and its live parts are exchanged. ----
  const live = () => [...document.querySelectorAll("[data-live]")];
  const states = part => new Map([...part.querySelectorAll("[data-key]")].map(node => [node.dataset.key, node.dataset.say]));
  // The element that takes the place of a focused one: by its id, else by its address or name.
  const again = (part, node) => {
    if (node.id) return part.querySelector("#" + CSS.escape(node.id));
    const href = node.getAttribute("href");
    return href === null ? null : part.querySelector('a[href="' + CSS.escape(href) + '"]');
  };
  const exchange = fresh => {
    const news = [];
    for (const old of live()) {
      const part = fresh.getElementById(old.id);
      if (!part || part.innerHTML === old.innerHTML) continue;
      const before = states(old), focused = old.contains(document.activeElement) ? document.activeElement : null;
      for (const [key, text] of states(part)) if (before.get(key) !== text) news.push(text);
      old.replaceWith(document.adoptNode(part));
      const next = focused && again(part, focused);
      if (next) next.focus({ preventScroll: true });
    }
    if (news.length) say(news.slice(0, 3).join(". ") + (news.length > 3 ? ". And " + (news.length - 3) + " more." : "."));
  };
  let fetching = false, wanted = false;
  const refresh = async () => {
    wanted = live().length > 0;
    if (fetching || !wanted) return;
    fetching = true;
    while (wanted) {
      wanted = false;
      try {
        const answer = await fetch(location.href.split("#")[0], { headers: { "X-Live": "1" }, redirect: "error", cache: "no-store" });
        if (answer.ok) exchange(new DOMParser().parseFromString(await answer.text(), "text/html"));
      } catch { /* The server is away, or the session has ended: the page stays as it is. */ }
      // Many deliveries may change at once.
      await new Promise(done => setTimeout(done, 1500));
    }
    fetching = false;
  };
  let source = null;
  const follow = () => {
    if (!("EventSource" in window) || source || document.hidden || !live().length) return;
    const about = live().map(part => part.dataset.about).filter(Boolean);
    source = new EventSource("/events");
    source.addEventListener("changed", event => { if (!about.length || about.includes(event.data)) refresh(); });
    // What happened since the page was made, or while the connection was lost, was told to nobody.
    source.addEventListener("open", refresh);
  };
  // Browsers keep few connections to one server: a page that nobody looks at gives its own back.
  const rest = () => { if (source) source.close(); source = null; };
  if (live().length) {
    document.addEventListener("visibilitychange", () => { if (document.hidden) rest(); else { follow(); refresh(); } });
    addEventListener("pagehide", rest);
    follow();
  }

  // ---- Keys of this browser: Ed25519, made not to be taken out, kept in IndexedDB, one for each person. ----
  const opened = () => new Promise((done, failed) => {
    const request = indexedDB.open("countersign", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("keys");
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
  const stored = async (mode, act) => {
    const base = await opened();
    try {
      return await new Promise((done, failed) => {
        const transaction = base.transaction("keys", mode), request = act(transaction.objectStore("keys"));
        transaction.oncomplete = () => done(request.result);
        transaction.onabort = transaction.onerror = () => failed(transaction.error);
      });
    } finally { base.close(); }
  };
  const keys = {
    get: () => stored("readonly", store => store.get(person)),
    set: pair => stored("readwrite", store => pair ? store.put(pair, person) : store.delete(person)),
  };
  const base64 = buffer => btoa(String.fromCharCode(...new Uint8Array(buffer)));
  const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
  const publicHalf = async pair => base64(await crypto.subtle.exportKey("raw", pair.publicKey));
  // Null where this browser can sign; else why it cannot.
  const cannot = async () => {
    if (!window.isSecureContext || !window.crypto || !crypto.subtle) return "Signing needs HTTPS, or the address localhost.";
    try { await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]); } catch { return "This browser cannot sign with Ed25519. Use a current Chrome, Edge, Firefox or Safari, or sign on the command line."; }
    try { await keys.get(); } catch { return "This browser keeps no keys: private windows and strict settings forbid it. Use a normal window, or sign on the command line."; }
    return null;
  };
  const same = (registered, mine) => Boolean(registered) && registered.replace(/^ed25519:/, "") === mine;

  const send = async (address, body) => {
    const answer = await fetch(address, {
      method: "POST", redirect: "error", cache: "no-store",
      headers: { "Content-Type": "application/json", "X-Csrf-Token": csrf }, body: JSON.stringify(body),
    });
    let value = {};
    try { value = await answer.json(); } catch { /* Not every error is told in JSON. */ }
    return { ok: answer.ok, status: answer.status, value };
  };
  const refusal = answer => answer.value.why || (answer.status === 401 || answer.status === 403
    ? "You are not signed in any more, or may not do this. Sign in again." : "The server answered with status " + answer.status + ". Try again.");
  const trouble = error => error instanceof TypeError ? "The server cannot be reached. Try again." : error.message || String(error);
  // Only to pages of this server.
  const go = address => {
    const url = new URL(address || location.pathname, location.href);
    if (url.origin === location.origin) location.assign(url);
  };

  // ---- The account: making and registering a key. ----
  const keyPage = async page => {
    const status = page.querySelector("[data-key-status]"), make = page.querySelector("[data-make-key]");
    const registered = page.dataset.publicKey || "";
    const why = await cannot();
    make.hidden = false;
    if (why) { status.textContent = why; make.disabled = true; return; }
    const pair = await keys.get();
    const here = pair && same(registered, await publicHalf(pair));
    status.textContent = here ? "Holds your registered key. You can sign here."
      : registered ? "Does not hold your registered key: it is in another browser. A new key replaces it." : "Holds no key of yours yet.";
    if (registered) make.textContent = "Make a new key in this browser";
    make.addEventListener("click", async () => {
      if (registered && !confirm("Replace the registered key? You cannot sign with the old one here any more. What it has signed stays valid.")) return;
      make.disabled = true;
      status.textContent = "Making a key…";
      try {
        const fresh = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
        await keys.set(fresh);
        const answer = await send(page.dataset.register, { public_key: await publicHalf(fresh) });
        if (!answer.ok) { await keys.set(pair); throw new Error(refusal(answer)); }
        // Asks the browser not to drop the key when space is short; it may say no.
        if (navigator.storage && navigator.storage.persist) await navigator.storage.persist().catch(() => false);
        go(answer.value.url);
      } catch (error) {
        if (error instanceof TypeError) await keys.set(pair).catch(() => undefined);
        status.textContent = "No key was registered. " + trouble(error);
        make.disabled = false;
      }
    });
  };

  // ---- Deciding: what is signed is what the page shows. ----
  // The pre-authentication encoding of DSSE: "DSSEv1", length and type, length and body.
  const statement = pae => {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(pae), found = /^DSSEv1 \d+ application\/vnd\.in-toto\+json \d+ /.exec(text);
    if (!found) throw new Error("The server asked for a signature over something that is no approval. Nothing was signed.");
    return JSON.parse(text.slice(found[0].length));
  };
  const check = (pae, sha256, asked) => {
    const said = statement(pae), subjects = Array.isArray(said.subject) ? said.subject : [], record = said.predicate || {};
    const bound = subjects.length > 0 && subjects.every(s => s.digest && s.digest.sha256 === sha256);
    const decision = asked.decision === "approved" && asked.condition.trim() ? "conditional" : asked.decision;
    const covers = (record.scopes || []).every(scope => asked.scopes.includes(scope)), until = (record.expiresOn || "") === asked.expires;
    if (!bound || record.decision !== decision || asked.decision === "approved" && !(covers && until)) throw new Error("The server asked for a signature over something else than this page shows. Nothing was signed. Tell your administrator.");
  };
  const sign = async (form, decision) => {
    const pair = await keys.get();
    if (!pair) throw new Error("This browser holds no key of yours. Make one on the page of your account.");
    const data = new FormData(form), text = name => String(data.get(name) || "");
    const asked = { decision, reference: text("reference"), expires: text("expires"), condition: text("condition"), note: text("note"), scopes: data.getAll("scope").map(String) };
    for (let first = true; ; first = false) {
      const prepared = await send(form.dataset.prepare, asked);
      if (!prepared.ok) throw new Error(refusal(prepared));
      const pae = bytes(prepared.value.pae);
      check(pae, form.dataset.sha256, asked);
      const signature = base64(await crypto.subtle.sign("Ed25519", pair.privateKey, pae));
      const answer = await send(form.dataset.sign, { ticket: prepared.value.ticket, signature });
      // Somebody else wrote to the ledger in between: once more, on top of that.
      if (answer.status === 409 && first) continue;
      if (!answer.ok) throw new Error(refusal(answer));
      return answer.value.url;
    }
  };
  const decideForm = async form => {
    const choice = form.querySelector("input[value=browser]"), status = form.querySelector("[data-key-status]");
    const registered = form.dataset.publicKey || "", why = await cannot();
    if (why) { status.textContent = why; return; }
    const pair = await keys.get();
    const account = () => { const link = document.createElement("a"); link.href = "/account"; link.textContent = "Open your account"; return link; };
    if (form.dataset.hasKey !== "yes") { status.replaceChildren("You have no key yet. ", account(), " to make one."); return; }
    if (!pair || registered && !same(registered, await publicHalf(pair))) { status.replaceChildren("Your registered key is in another browser. Sign there, or make a new one here. ", account(), "."); return; }
    choice.disabled = false;
    choice.checked = true;
    status.textContent = "Your key is ready.";
  };
  const complain = (form, text) => {
    const problem = form.querySelector("[data-sign-problem]");
    problem.textContent = text;
    problem.hidden = !text;
  };
  const decide = async (form, button) => {
    const buttons = form.querySelectorAll("button");
    complain(form, "");
    for (const b of buttons) b.disabled = true;
    say("Signing.");
    try {
      go(await sign(form, button.dataset.decision));
    } catch (error) {
      complain(form, trouble(error));
      for (const b of buttons) b.disabled = false;
      button.focus();
    }
  };

  // ---- Forms: a question before what cannot be undone, nothing sent twice. ----
  let sent = new WeakSet();
  document.addEventListener("submit", event => {
    const form = event.target, button = event.submitter;
    if (sent.has(form)) { event.preventDefault(); return; }
    const question = button && button.dataset.confirm;
    if (question && !confirm(question)) { event.preventDefault(); return; }
    if (form.hasAttribute("data-decide") && (!button || button.dataset.decision === "approved") && !form.querySelector("input[name=scope]:checked")) {
      event.preventDefault();
      complain(form, "Tick what the approval covers.");
      form.querySelector("input[name=scope]").focus();
      return;
    }
    const mode = form.querySelector("input[name=mode]:checked");
    if (form.hasAttribute("data-decide") && mode && mode.value === "browser") {
      event.preventDefault();
      decide(form, button || form.querySelector("[data-decision]"));
      return;
    }
    if (form.hasAttribute("data-forget-key")) keys.set(null).catch(() => undefined);
    sent.add(form);
  });
  // A page that comes back from the browser's memory may be sent again.
  addEventListener("pageshow", event => { if (event.persisted) { sent = new WeakSet(); follow(); refresh(); } });

  for (const page of document.querySelectorAll("[data-key-page]")) keyPage(page).catch(error => { page.querySelector("[data-key-status]").textContent = trouble(error); });
  for (const form of document.querySelectorAll("form[data-decide]")) decideForm(form).catch(error => { form.querySelector("[data-key-status]").textContent = trouble(error); });
  for (const button of document.querySelectorAll("[data-copy]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      try { await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent); button.textContent = "Copied"; say("Copied."); } catch { button.textContent = "Select it and copy by hand"; }
    });
  }
})();
