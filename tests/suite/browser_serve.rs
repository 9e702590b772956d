//! The pages of `countersign serve` in a real browser: a delivery is dropped, an approval asked for, signed by a key that the
//! browser made and never gives away, and the delivery passes; by keyboard, narrow and wide, dark and light, without a complaint.
//!
//! Wants Chromium (Debian's package `chromium`); says so and passes where there is none.

#![cfg(all(unix, feature = "serve"))]
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may")]

use std::path::PathBuf;

use countersign::approvals::Ledger;
use serde_json::json;

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
