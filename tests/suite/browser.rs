//! The HTML report in a real browser: it filters, sorts, opens cards by mouse and keyboard, prints to PDF, complains
//! of nothing and asks nobody for anything, also with ten thousand flagged assets.
//!
//! Wants Chromium (Debian's package `chromium`); says so and passes where there is none.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may")]

use crate::shared::chromium;
use crate::shared::run;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use chromium::Page;
use countersign::report::{Picture, Preview, RenderOptions};
use run::{HOSTILE, assets, flagged, look, packages, render, shared, summary};

/// A page with the report, or nothing where no browser is installed.
fn open(html: &str, name: &str) -> Option<(Page, tempfile::TempDir)> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(name);
    std::fs::write(&file, html).unwrap();
    let page = Page::open(&format!("file://{}", file.display()), dir.path())?;
    Some((page, dir))
}

/// Where to keep screenshots, when asked to.
fn gallery() -> Option<PathBuf> {
    std::env::var_os("COUNTERSIGN_GALLERY").map(PathBuf::from)
}

fn rows(page: &mut Page) -> u64 {
    page.value("document.querySelectorAll('tr.row').length").as_u64().unwrap()
}

#[test]
fn the_page_works_in_a_browser() {
    let Some((mut page, _dir)) = open(&shared("html"), "report.html") else { return };
    // A row more for the package, and one for the run.
    let flagged = assets().iter().filter(|a| !a.findings.is_empty()).count() as u64 + 2;
    assert_eq!(page.value("document.title"), "Fail – Countersign report");
    assert_eq!(rows(&mut page), flagged);

    // Filter by rule, by text, and back.
    page.run("const s = document.getElementById('f-rule'); s.value = 'unreadable-asset'; s.dispatchEvent(new Event('change'))");
    assert_eq!(rows(&mut page), 1);
    assert!(page.value("document.getElementById('count').textContent").as_str().unwrap().starts_with("1 of"));
    page.run("document.getElementById('reset').click()");
    page.until(&format!("document.querySelectorAll('tr.row').length === {flagged}"));
    page.run("const q = document.getElementById('q'); q.value = 'comfyui'; q.dispatchEvent(new Event('input'))");
    page.until("document.querySelectorAll('tr.row').length === 1");
    page.run("document.getElementById('reset').click()");
    page.until(&format!("document.querySelectorAll('tr.row').length === {flagged}"));
    for filter in ["kind", "severity", "state", "role", "package", "system", "ai"] {
        let js = format!(
            "(() => {{ const s = document.getElementById('f-{filter}'); s.selectedIndex = 1; s.dispatchEvent(new Event('change')); \
             const n = document.querySelectorAll('tr.row').length; s.selectedIndex = 0; s.dispatchEvent(new Event('change')); return n }})()"
        );
        let n = page.value(&js).as_u64().unwrap();
        assert!(n > 0 && n <= flagged, "filter {filter} leaves {n}");
    }

    // Sort by path, both ways.
    let first = "document.querySelector('tr.row .path').textContent";
    page.run("document.querySelector('[data-sort=path]').click()");
    let lowest = page.value(first);
    assert_eq!(
        page.value("document.querySelector('[data-sort=path]').parentNode.getAttribute('aria-sort')"),
        "ascending"
    );
    page.run("document.querySelector('[data-sort=path]').click()");
    assert_ne!(page.value(first), lowest);

    // A card opens by mouse, closes by keyboard.
    let poster = "[...document.querySelectorAll('.path')].find(b => b.textContent.includes('poster_020'))";
    page.run(&format!("{poster}.click()"));
    let card = page.value("document.querySelector('tr.detail').innerText");
    let card = card.as_str().unwrap();
    for says in [
        "byte 1234",
        "Jane Doe (producer)",
        "urn:c2pa:parent",
        "as parent",
        "Adobe Firefly",
        "signingCredential.untrusted",
    ] {
        assert!(card.contains(says), "the card does not say {says}: {card}");
    }
    page.run(&format!("{poster}.focus()"));
    page.press("Enter", 13);
    page.until("document.querySelectorAll('tr.detail').length === 0");
    assert_eq!(page.value(&format!("{poster}.getAttribute('aria-expanded')")), "false");
    // Everything that can be used can be reached with Tab, and has a name.
    let nameless = "[...document.querySelectorAll('button,select,input')].filter(e => e.tabIndex < 0 || !(e.textContent || e.labels?.length)).length";
    assert_eq!(page.value(nameless), 0);

    // What files say is text.
    page.run("document.querySelectorAll('.path').forEach(b => b.click())");
    assert_eq!(
        page.value("document.querySelectorAll('tbody script, tbody img, tbody [onmouseover], tbody [onerror]').length"),
        0
    );
    assert!(
        page.value("document.querySelector('tbody').textContent")
            .as_str()
            .unwrap()
            .contains("<img src=x onerror=alert(2)>")
    );
    assert!(HOSTILE.len() > 5);

    let pdf = page.pdf();
    assert!(pdf.starts_with(b"%PDF") && pdf.len() > 20_000, "{} bytes", pdf.len());
    page.settle();
    assert_eq!(page.complaints, Vec::<String>::new());
    assert!(
        page.requests.iter().all(|url| url.starts_with("file://") || url.starts_with("data:")),
        "{:?}",
        page.requests
    );
}

/// Two pictures without a drive.
#[derive(Debug)]
struct Drawn;

impl Preview for Drawn {
    fn pictures(&self, wanted: &[(usize, String)], tell: &mut dyn FnMut(usize, Picture)) {
        let mut bytes = Vec::new();
        let gray = image::RgbImage::from_fn(160, 90, |x, y| image::Rgb([x as u8, (y * 2) as u8, 120]));
        gray.write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Jpeg).unwrap();
        assert!(wanted.len() > 2);
        tell(0, Picture::Jpeg(bytes));
        tell(1, Picture::Waveform((0..160).map(|i| (i * 7 % 100) as u8).collect()));
    }
}

#[test]
fn cards_show_pictures() {
    let assets = assets();
    let look = RenderOptions { preview: Some(std::sync::Arc::new(Drawn)), ..look() };
    let html = render("html", &assets, &summary(&assets, packages()), look);
    let Some((mut page, _dir)) = open(&html, "pictures.html") else { return };
    page.run("[...document.querySelectorAll('.path')].slice(0, 12).forEach(b => b.click())");
    page.until("document.querySelector('.picture img')?.naturalWidth === 160");
    assert_eq!(page.value("document.querySelectorAll('.picture svg path').length"), 1);
    page.settle();
    assert_eq!(page.complaints, Vec::<String>::new());
}

#[test]
fn ten_thousand_flagged_assets_stay_usable() {
    let systems = ["Midjourney", "DALL-E", "Adobe Firefly", "ComfyUI", "Stable Diffusion"];
    let many: Vec<_> = (0..10_000)
        .map(|i| flagged(&format!("final/reel_{:02}/shot_{i:05}.png", i % 40), systems[i % 5], &"prompt ".repeat(60)))
        .collect();
    let html = render("html", &many, &summary(&many, vec![]), look());
    let started = Instant::now();
    let Some((mut page, _dir)) = open(&html, "many.html") else { return };
    page.until("document.querySelectorAll('tr.row').length === 100");
    let took = page
        .value("Math.round(performance.timing.loadEventEnd - performance.timing.navigationStart)")
        .as_u64()
        .unwrap();
    assert!(took < 3_000, "opened in {took} ms ({:?} with the browser)", started.elapsed());
    let filtered = page.value(
        "(() => { const t = performance.now(); const s = document.getElementById('f-system'); s.value = 'ComfyUI'; \
         s.dispatchEvent(new Event('change')); document.querySelector('[data-sort=path]').click(); return performance.now() - t })()",
    );
    assert!(filtered.as_f64().unwrap() < 1_000.0, "filter and sort took {filtered} ms");
    assert_eq!(page.value("document.getElementById('count').textContent"), "2,000 of 10,000 assets shown");
    page.run("document.getElementById('next').click()");
    assert_eq!(page.value("document.getElementById('page').textContent"), "Page 2 of 20");
    eprintln!(
        "10,000 assets, {} MB: opened in {took} ms, filtered and sorted in {filtered} ms",
        html.len() / 1_000_000
    );
    if let Some(gallery) = gallery() {
        std::fs::write(gallery.join("many.html"), &html).unwrap();
    }
}

#[test]
fn pages_are_kept_for_looking_at_when_asked() {
    let Some(gallery) = gallery() else { return };
    let assets = assets();
    let look = RenderOptions { preview: Some(std::sync::Arc::new(Drawn)), ..look() };
    let html = render("html", &assets, &summary(&assets, packages()), look);
    let extra = std::env::var_os("COUNTERSIGN_PAGE").map(|p| std::fs::read_to_string(p).unwrap());
    let html = extra.unwrap_or(html);
    for (name, width, dark) in [("phone", 390, false), ("laptop", 1280, false), ("dark", 1280, true)] {
        let Some((mut page, _dir)) = open(&html, "report.html") else { return };
        page.shape(width, dark);
        std::fs::write(gallery.join(format!("{name}-top.png")), page.screenshot(false)).unwrap();
        page.run("[...document.querySelectorAll('.path')].slice(0, 3).forEach(b => b.click())");
        std::thread::sleep(Duration::from_millis(200));
        std::fs::write(gallery.join(format!("{name}.png")), page.screenshot(true)).unwrap();
        let over = page.value("document.documentElement.scrollWidth - document.documentElement.clientWidth");
        assert_eq!(over, 0, "{name} scrolls sideways");
        if name == "laptop" {
            page.run("dispatchEvent(new Event('beforeprint'))");
            page.call("Emulation.setEmulatedMedia", serde_json::json!({ "media": "print" }));
            page.shape_print();
            std::fs::write(gallery.join("print.png"), page.screenshot(true)).unwrap();
            std::fs::write(gallery.join("report.pdf"), page.pdf()).unwrap();
        }
    }
}

/// What assistive technology is told: (role, name) of every node that is not passed over, in reading order.
fn told(page: &mut Page) -> Vec<(String, String)> {
    page.call("Accessibility.enable", serde_json::json!({}));
    let tree = page.call("Accessibility.getFullAXTree", serde_json::json!({}));
    let nodes = tree["nodes"].as_array().unwrap().iter().filter(|n| n["ignored"] == false);
    let text = |v: &serde_json::Value| v["value"].as_str().unwrap_or_default().to_owned();
    nodes.map(|n| (text(&n["role"]), text(&n["name"]))).collect()
}

/// Texts whose contrast with what is painted behind them is under 4.5 to 1 (WCAG 2.2, 1.4.3), as `text: ratio`.
const FAINT: &str = "(() => { const parse = c => c.match(/[\\d.]+/g).map(Number); \
    const light = ([r, g, b]) => { const f = v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; return .2126 * f(r) + .7152 * f(g) + .0722 * f(b) }; \
    const behind = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c } return [255, 255, 255] }; \
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), faint = new Set(); \
    while (walk.nextNode()) { const e = walk.currentNode.parentElement; if (!walk.currentNode.data.trim() || !e.checkVisibility() || e.closest('script,.sr,.skip,:disabled')) continue; \
      const a = light(parse(getComputedStyle(e).color)), b = light(behind(e)), ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05); \
      if (ratio < 4.5) faint.add(walk.currentNode.data.slice(0, 30) + ': ' + ratio.toFixed(2)) } \
    return [...faint].join('; ') })()";

#[test]
fn the_page_can_be_heard_and_seen() {
    let assets = assets();
    let look = RenderOptions { preview: Some(std::sync::Arc::new(Drawn)), ..look() };
    let html = render("html", &assets, &summary(&assets, packages()), look);
    let Some((mut page, _dir)) = open(&html, "told.html") else { return };
    page.run("[...document.querySelectorAll('.path')].forEach(b => b.click())");
    let told = told(&mut page);
    for landmark in ["banner", "main", "search", "contentinfo", "status", "table"] {
        assert_eq!(told.iter().filter(|(role, _)| role == landmark).count(), 1, "{landmark}");
    }
    assert_eq!(told.iter().find(|(role, _)| role == "heading").unwrap().1, "Fail", "the verdict comes first");
    let unnamed: Vec<_> = told
        .iter()
        .filter(|(role, name)| {
            ["button", "combobox", "searchbox", "link", "image", "columnheader", "heading"].contains(&role.as_str())
                && name.trim().is_empty()
        })
        .collect();
    assert!(unnamed.is_empty(), "{unnamed:?}");
    // Headings go down one level at a time.
    let levels = page
        .value("[...document.querySelectorAll('h1,h2,h3')].filter(h => h.checkVisibility()).map(h => +h.tagName[1])");
    let levels: Vec<u64> = levels.as_array().unwrap().iter().map(|l| l.as_u64().unwrap()).collect();
    assert!(levels[0] == 1 && levels.windows(2).all(|w| w[1] <= w[0] + 1), "{levels:?}");
    // The order of the keyboard is the order of the page, and nothing is pushed before the rest.
    assert_eq!(page.value("[...document.querySelectorAll('[tabindex]')].filter(e => e.tabIndex > 0).length"), 0);
    for _ in 0..3 {
        page.press("Tab", 9);
    }
    assert_eq!(page.value("document.activeElement.closest('.bar') !== null"), true, "skip link, then the first bar");
    for dark in [false, true] {
        page.shape(1280, dark);
        assert_eq!(page.value(FAINT), "", "dark: {dark}");
    }
}
