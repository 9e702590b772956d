//! The pages of `countersign serve` in a real browser: a delivery is dropped, an approval asked for, signed by a key that the
//! browser made and never gives away, and the delivery passes; by keyboard, narrow and wide, dark and light, without a complaint.
//!
//! Wants Chromium (Debian's package `chromium`); says so and passes where there is none.

#![cfg(all(unix, feature = "serve"))]
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may")]

use std::path::PathBuf;

use countersign::approvals::Ledger;
use serde_json::{Value, json};

use crate::shared::chromium::Page;
use crate::shared::serving::{PASSWORD, Serving};

/// A browser that is to open pages of the server, with a folder for its profile. Where there is one, that is in memory: a drive
/// that is busy keeps the browser's own database of keys from opening for a minute.
fn browser() -> Option<(Page, tempfile::TempDir)> {
    let memory = std::path::Path::new("/dev/shm");
    let scratch = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    let start = scratch.path().join("start.html");
    std::fs::write(&start, "<!doctype html><title>start</title>").unwrap();
    Some((Page::open(&format!("file://{}", start.display()), scratch.path())?, scratch))
}

fn open(page: &mut Page, address: &str) {
    page.run("window.before = true");
    page.call("Page.navigate", json!({ "url": address }));
    loaded(page);
}

/// Waits for the page that follows.
fn loaded(page: &mut Page) {
    page.until("document.readyState === 'complete' && !window.before && location.protocol === 'http:'");
}

/// Fills fields of the page's form that has them, and sends it with its button.
fn send(page: &mut Page, form: &str, fields: &[(&str, &str)]) {
    for (name, value) in fields {
        let value = serde_json::to_string(value).unwrap();
        page.run(&format!("document.querySelector({form:?}).elements[{name:?}].value = {value}"));
    }
    page.run("window.before = true");
    page.run(&format!("document.querySelector({form:?}).querySelector('button').click()"));
    loaded(page);
}

/// Keeps pictures of the page, when asked to, and checks that nothing is wider than a phone.
fn look(page: &mut Page, name: &str) {
    let gallery = std::env::var_os("COUNTERSIGN_GALLERY").map(PathBuf::from);
    for (width, dark) in [(390, false), (390, true), (1_366, false), (1_366, true)] {
        page.shape(width, dark);
        let wide = page.value("document.documentElement.scrollWidth").as_u64().unwrap();
        assert!(wide <= u64::from(width), "{name} is {wide} wide at {width}");
        if let Some(folder) = &gallery {
            let shot = page.call("Page.captureScreenshot", json!({ "format": "png" }));
            let bytes = data_encoding::BASE64.decode(shot["data"].as_str().unwrap().as_bytes()).unwrap();
            let file = folder.join(format!("serve-{name}-{width}-{}.png", if dark { "dark" } else { "light" }));
            std::fs::write(file, bytes).unwrap();
        }
    }
    page.shape(1_366, false);
}

/// The key lies in the browser's own database, and no script of the page gets it out of there, in no format.
fn stays(page: &mut Page) {
    page.run(
        "const opened = indexedDB.open('countersign', 1);
         opened.onsuccess = () => {
           const asked = opened.result.transaction('keys').objectStore('keys').getAll();
           asked.onsuccess = async () => {
             const said = [];
             for (const pair of asked.result) {
               said.push(pair.privateKey.algorithm.name, pair.privateKey.extractable, pair.privateKey.usages.join());
               for (const format of ['pkcs8', 'jwk', 'raw'])
                 said.push(await crypto.subtle.exportKey(format, pair.privateKey).then(() => 'out', error => error.name));
             }
             window.keysSaid = JSON.stringify(said);
           };
         };",
    );
    page.until("Boolean(window.keysSaid)");
    let said: Vec<Value> = serde_json::from_str(page.value("window.keysSaid").as_str().unwrap()).unwrap();
    assert_eq!(said[..3], [json!("Ed25519"), json!(false), json!("sign")], "one key, for signing only");
    assert_eq!(said[3..], ["InvalidAccessError"; 3].map(Value::from), "it does not leave the browser");
}

/// Presses a key as a person does.
fn key(page: &mut Page, name: &str) {
    let (code, text) = match name {
        "Tab" => (9, ""),
        "Enter" => (13, "\r"),
        _ => (32, " "),
    };
    for kind in ["keyDown", "keyUp"] {
        let text = if kind == "keyDown" { text } else { "" };
        let word = if name == "Space" { " " } else { name };
        let key = json!({ "type": kind, "key": word, "code": name, "windowsVirtualKeyCode": code, "text": text });
        page.call("Input.dispatchKeyEvent", key);
    }
}

/// Goes on with the Tab key until something like this is focused; where the focus is must always be seen.
fn tab_to(page: &mut Page, selector: &str) {
    for _ in 0..120 {
        if page.value(&format!("document.activeElement.matches({selector:?})")) == true {
            return;
        }
        key(page, "Tab");
        let seen = page.value(
            "(() => { const at = document.activeElement, style = getComputedStyle(at), box = at.getBoundingClientRect();
               return at === document.body || (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0 && box.width > 0); })()",
        );
        let at = page.value("document.activeElement.outerHTML.slice(0, 200)");
        assert!(seen == true, "the focus is not seen: {at}");
    }
    panic!("the Tab key does not lead to {selector}: {}", page.value("document.body.innerText"));
}

/// Types into a field.
fn typed(page: &mut Page, selector: &str, text: &str) {
    tab_to(page, selector);
    page.call("Input.insertText", json!({ "text": text }));
}

/// Presses Enter on something that leads to another page.
fn enter(page: &mut Page, selector: &str) {
    tab_to(page, selector);
    page.run("window.before = true");
    key(page, "Enter");
    loaded(page);
}

#[test]
fn everything_is_done_by_the_keyboard_alone() {
    let serving = Serving::start(&["--settle", "1"]);
    let Some((mut page, _scratch)) = browser() else { return };
    open(&mut page, serving.link.as_ref().unwrap());
    for (name, text) in
        [("name", "ada"), ("display", "Ada Admin"), ("password", PASSWORD), ("password_again", PASSWORD)]
    {
        typed(&mut page, &format!("input[name={name}]"), text);
    }
    page.run("window.before = true");
    key(&mut page, "Enter");
    loaded(&mut page);
    serving.drop_in("Show_104", &["final/end_credits.mp3"]);
    page.until("/Held/.test(document.querySelector('main table')?.textContent)");
    enter(&mut page, "main a[href^='/deliveries/']");
    enter(&mut page, "main a[href*='/assets/']");
    page.until("document.querySelector('figure img')?.naturalWidth > 0");
    look(&mut page, "sound");
    typed(&mut page, "textarea[name=reason]", "the end credits need a song");
    enter(&mut page, "form[action$='/request'] button");
    assert!(page.value("location.pathname").as_str().unwrap().starts_with("/requests/"));
    // Without a scope nothing is sent: the page says so, and leads to the boxes.
    tab_to(&mut page, "input[name=scope]");
    while page.value("[...document.querySelectorAll('input[name=scope]')].some(box => box.checked)") == true {
        tab_to(&mut page, "input[name=scope]:checked");
        key(&mut page, "Space");
    }
    tab_to(&mut page, "button[data-decision=approved]");
    key(&mut page, "Enter");
    page.until("!document.querySelector('[data-sign-problem]').hidden && document.activeElement.name === 'scope'");
    key(&mut page, "Space");
    // What the server finds wrong comes back at its field, with what was typed. How days are typed is the browser's own matter.
    page.run("document.querySelector('input[name=expires]').value = '2001-01-01'");
    typed(&mut page, "textarea[name=note]", "heard it twice");
    enter(&mut page, "button[data-decision=approved]");
    let at =
        "(() => { const at = document.activeElement; return [at.name, at.getAttribute('aria-invalid')].join(); })()";
    assert_eq!(page.value(at), "expires,true", "{}", page.value("document.body.innerText"));
    assert_eq!(page.value("document.querySelector('textarea[name=note]').value"), "heard it twice");
    let told = page.value("document.getElementById('wrong-expires').textContent");
    assert!(told.as_str().unwrap().contains("This day has passed"), "{told}");
    look(&mut page, "request-again");
    page.run("document.querySelector('input[name=expires]').value = ''");
    enter(&mut page, "button[data-decision=approved]");
    assert!(page.value("document.querySelector('#standing').textContent").as_str().unwrap().contains("Approved"));
    let ledger = Ledger::read(&serving.ledger()).unwrap();
    assert_eq!(ledger.entries.len(), 1);
    enter(&mut page, "form[action='/logout'] button");
    assert_eq!(page.value("location.pathname"), "/login");
}

#[test]
fn ten_thousand_findings_are_read_page_by_page() {
    let serving = Serving::start(&[]);
    let Some((mut page, _scratch)) = browser() else { return };
    open(&mut page, serving.link.as_ref().unwrap());
    let fields = [("name", "ada"), ("display", "Ada Admin"), ("password", PASSWORD), ("password_again", PASSWORD)];
    send(&mut page, "main form", &fields);
    super::serve_crashes::filled(&serving.path("data/server.sqlite"));
    let mut slowest = 0.0_f64;
    let address = format!("http://{}/deliveries/delivery-1", serving.host);
    for number in [1, 2, 50, 100] {
        open(&mut page, &format!("{address}?page={number}"));
        let took = page.value("performance.getEntriesByType('navigation')[0].domComplete").as_f64().unwrap();
        slowest = slowest.max(took);
        assert_eq!(page.value("document.querySelectorAll('li.found').length"), 100, "page {number}");
        let text = page.value("document.querySelector('main').innerText");
        assert!(text.as_str().unwrap().contains("10,000"), "{text}");
    }
    assert_eq!(page.value("document.querySelector('a[rel=next]') === null"), true, "the hundredth page is the last");
    look(&mut page, "ten-thousand");
    // Back and forth by links.
    page.run("window.before = true; document.querySelector('a[rel=prev]').click()");
    loaded(&mut page);
    assert!(page.value("location.search").as_str().unwrap().contains("page=99"));
    eprintln!("10,000 findings: the slowest page is complete after {slowest:.0} ms");
    // Well under a second on a machine that does nothing else; what grows with the square of the findings takes minutes.
    assert!(slowest < 10_000.0, "a page takes {slowest} ms");
}

#[test]
fn from_a_dropped_folder_to_a_signed_approval_and_a_pass() {
    let serving = Serving::start(&["--settle", "1"]);
    let Some((mut page, _scratch)) = browser() else { return };
    let site = format!("http://{}", serving.host);
    open(&mut page, serving.link.as_ref().unwrap());
    look(&mut page, "setup");
    let fields = [("name", "ada"), ("display", "Ada Admin"), ("password", PASSWORD), ("password_again", PASSWORD)];
    send(&mut page, "main form", &fields);
    assert_eq!(page.value("location.pathname"), "/", "{}", page.value("document.body.innerText"));
    // The list changes by itself when something is dropped.
    serving.drop_in("Show_104", &["final/hero_010.png"]);
    page.until("document.querySelector('main').textContent.includes('Show_104')");
    page.until("/Held/.test(document.querySelector('main table').textContent)");
    look(&mut page, "deliveries");
    // The first Tab leads to the content.
    page.press("Tab", 9);
    assert_eq!(page.value("document.activeElement.getAttribute('href')"), "#main");
    let id = page.value("document.querySelector('main a[href^=\"/deliveries/\"]').getAttribute('href')");
    let delivery = format!("{site}{}", id.as_str().unwrap());
    open(&mut page, &delivery);
    page.until("[...document.images].every(image => image.loading === 'lazy' || image.naturalWidth > 0)");
    look(&mut page, "delivery");
    let asset = page.value("document.querySelector('main a[href*=\"/assets/\"]').getAttribute('href')");
    open(&mut page, &format!("{site}{}", asset.as_str().unwrap()));
    page.until("document.querySelector('figure img').naturalWidth > 0");
    look(&mut page, "asset");
    page.run("document.querySelector('input[name=scope][value=final-deliverable]').checked = true");
    send(&mut page, "form[action$='/request']", &[("reason", "the hero still of the campaign")]);
    let request = page.value("location.pathname").as_str().unwrap().to_owned();
    assert!(request.starts_with("/requests/"), "{request}");
    // A key is made in this browser, and cannot be taken out of it.
    open(&mut page, &format!("{site}/account"));
    page.until("!/JavaScript/.test(document.querySelector('[data-key-status]').textContent)");
    let status = page.value("document.querySelector('[data-key-status]').textContent");
    assert_eq!(status, "Holds no key of yours yet.", "{:?}", page.complaints);
    page.run("window.before = true; document.querySelector('[data-make-key]').click()");
    loaded(&mut page);
    assert!(page.value("document.body.innerText").as_str().unwrap().contains("ed25519:"));
    stays(&mut page);
    look(&mut page, "account");
    open(&mut page, &format!("{site}{request}"));
    page.until("document.querySelector('input[value=browser]').checked");
    look(&mut page, "request");
    page.run("window.before = true; document.querySelector('button[data-decision=approved]').click()");
    page.until("!window.before || !document.querySelector('[data-sign-problem]').hidden");
    let trouble = page.value("document.querySelector('[data-sign-problem]')?.textContent ?? ''");
    assert_eq!(trouble, "", "the browser does not sign");
    loaded(&mut page);
    let ledger = Ledger::read(&serving.ledger()).unwrap();
    assert_eq!((ledger.entries.len(), ledger.entries[0].keys.len()), (1, 1), "one record, signed");
    let (code, said) = serving.command(&["approvals", "verify", "--approvals", "data/approvals.jsonl"]);
    assert_eq!(code, 0, "{said}");
    open(&mut page, &delivery);
    page.until("/Passed/.test(document.querySelector('h1').parentElement.textContent)");
    for (path, name) in [
        ("/requests?state=approved", "requests"),
        ("/approvals", "approvals"),
        ("/policy", "policy"),
        ("/people", "people"),
        ("/audit", "audit"),
        (&format!("{}/difference", id.as_str().unwrap()), "difference"),
        ("/nothing", "error"),
    ] {
        open(&mut page, &format!("{site}{path}"));
        look(&mut page, name);
    }
    open(&mut page, &format!("{site}/"));
    page.run("window.before = true; document.querySelector('form[action=\"/logout\"] button').click()");
    loaded(&mut page);
    assert_eq!(page.value("location.pathname"), "/login");
    look(&mut page, "login");
    // One page that is not there was asked for on purpose; of nothing else does the browser complain.
    let complaints: Vec<_> = page.complaints.iter().filter(|said| !said.contains("404")).collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
    let elsewhere: Vec<_> = page
        .requests
        .iter()
        .filter(|url| !url.starts_with(&site) && !url.starts_with("file:") && !url.starts_with("data:"))
        .collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
}
