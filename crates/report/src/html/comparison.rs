//! The page of a comparison: two pictures side by side, what they have in common in words, and where they differ.
//!
//! One self-contained file without a script: the Content Security Policy (CSP level 3) allows its own style sheet by its
//! hash, pictures in the page itself, and no request at all. Text is escaped for HTML (WHATWG, §13.1.2).

use std::io::{self, Write};

use data_encoding::BASE64;

use super::hash;
use crate::escape::{shorten, xml};

/// Characters of a name or a fact.
const TEXT: usize = 1_200;
const STYLE: &str = include_str!("comparison.css");

/// Edges in shares of a picture's width and height: left, top, right, bottom.
pub type Area = [f32; 4];

/// One of the two files.
#[derive(Debug, Default)]
pub struct ComparisonSide {
    /// Its path or name.
    pub name: String,
    /// A small JPEG of it, where it is a picture.
    pub jpeg: Option<Vec<u8>>,
    /// The part of it that the other one shows.
    pub compared: Option<Area>,
    /// Where it differs from the other one, after both were laid over each other.
    pub altered: Vec<Area>,
}

/// Local differences of the compared parts, row by row.
#[derive(Debug)]
pub struct ComparisonMap {
    /// Cells in a row.
    pub columns: usize,
    /// 0 equal to 255 different; as many as whole rows take.
    pub values: Vec<u8>,
}

/// Everything that the page says.
#[derive(Debug, Default)]
pub struct ComparisonPage {
    /// What both have in common, in a few words.
    pub verdict: String,
    /// Titles and what is said under them.
    pub facts: Vec<(String, String)>,
    /// The first and the second file.
    pub sides: [ComparisonSide; 2],
    /// Where they differ.
    pub map: Option<ComparisonMap>,
}

impl ComparisonPage {
    /// Writes the page.
    ///
    /// # Errors
    /// What writing gives.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        write!(
            out,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '{}'; img-src data:; \
             base-uri 'none'; form-action 'none'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>Countersign comparison</title>\n\
             <style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{}</h1>\n",
            hash(STYLE),
            text(&self.verdict)
        )?;
        out.write_all(b"<div class=\"pair\">\n")?;
        for (side, letter) in self.sides.iter().zip(["A", "B"]) {
            side.write(out, letter)?;
        }
        out.write_all(b"</div>\n<dl>\n")?;
        for (title, what) in &self.facts {
            writeln!(out, "<dt>{}</dt><dd>{}</dd>", text(title), text(what))?;
        }
        out.write_all(b"</dl>\n")?;
        if let Some(map) = &self.map {
            map.write(out)?;
        }
        out.write_all(
            b"<p class=\"note\">That nothing in common was found does not prove that two files are unrelated.</p>\n\
              </main>\n</body>\n</html>\n",
        )?;
        out.flush()
    }
}

impl ComparisonSide {
    fn write(&self, out: &mut dyn Write, letter: &str) -> io::Result<()> {
        writeln!(out, "<figure>\n<figcaption><b>{letter}</b> {}</figcaption>", text(&self.name))?;
        let Some(jpeg) = &self.jpeg else {
            return out.write_all(b"<p class=\"none\">No picture of it can be shown.</p>\n</figure>\n");
        };
        write!(
            out,
            "<div class=\"picture\"><img alt=\"{letter}\" src=\"data:image/jpeg;base64,{}\">\
             <svg viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\" aria-hidden=\"true\">",
            BASE64.encode(jpeg)
        )?;
        for (class, area) in
            self.compared.iter().map(|area| ("part", area)).chain(self.altered.iter().map(|area| ("altered", area)))
        {
            rectangle(out, class, area)?;
        }
        out.write_all(b"</svg></div>\n</figure>\n")
    }
}

impl ComparisonMap {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let columns = self.columns.max(1);
        let rows = self.values.len() / columns;
        write!(
            out,
            "<figure class=\"map\">\n<figcaption>Difference map of the part that both show: black is equal after brightness \
             and contrast were evened out, white differs by 64 levels of 255 or more</figcaption>\n\
             <svg viewBox=\"0 0 {columns} {rows}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Difference map\">\
             <rect width=\"{columns}\" height=\"{rows}\" fill=\"#000\"/>"
        )?;
        for (cell, value) in self.values.iter().enumerate().filter(|(_, value)| **value >= 8) {
            let (x, y) = (cell % columns, cell / columns);
            write!(
                out,
                "<rect x=\"{x}\" y=\"{y}\" width=\"1\" height=\"1\" fill=\"#{value:02x}{value:02x}{value:02x}\"/>"
            )?;
        }
        out.write_all(b"</svg>\n</figure>\n")
    }
}

/// A rectangle over a picture that is a thousand units wide and high.
fn rectangle(out: &mut dyn Write, class: &str, area: &Area) -> io::Result<()> {
    let [left, top, right, bottom] = area.map(|edge| (edge.clamp(0.0, 1.0) * 1000.0).round() as i32);
    let (width, height) = ((right - left).max(1), (bottom - top).max(1));
    write!(out, "<rect class=\"{class}\" x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\"/>")
}

/// Untrusted text in the page.
fn text(what: &str) -> String {
    xml(&shorten(what, TEXT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_act_nowhere_in_the_page_and_areas_stay_inside() {
        let side = |name: &str| ComparisonSide {
            name: name.to_owned(),
            jpeg: Some(vec![0xFF, 0xD8]),
            compared: Some([0.0, 0.1, 1.0, 0.9]),
            altered: vec![[-1.0, 0.5, f32::NAN, 7.0]],
        };
        let page = ComparisonPage {
            verdict: "one is a copy of the other".to_owned(),
            facts: vec![("Variant".to_owned(), "</dd><script>alert(1)</script>".to_owned())],
            sides: [side("\"><img src=x onerror=alert(1)>.png"), side("b\u{202e}gnp.jpg")],
            map: Some(ComparisonMap { columns: 2, values: vec![0, 255, 9, 1] }),
        };
        let mut out = Vec::new();
        page.write(&mut out).unwrap();
        let html = String::from_utf8(out).unwrap();
        assert!(!html.contains("<script") && !html.contains("<img src=x") && !html.contains('\u{202e}'), "{html}");
        assert!(html.contains("data:image/jpeg;base64,/9g="));
        assert!(html.contains("x=\"0\" y=\"500\" width=\"1\" height=\"500\""), "{html}");
        assert!(html.contains("x=\"1\" y=\"0\" width=\"1\" height=\"1\" fill=\"#ffffff\""));
    }
}
