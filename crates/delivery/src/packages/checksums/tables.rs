//! Lists of checksums that name their columns: hashdeep (`%%%% size,md5,sha256,filename`) and what PowerShell's
//! `Get-FileHash … | Export-Csv` writes (`"Algorithm","Hash","Path"`).

use super::lines::Entry;
use crate::packages::{Algorithm, Digest};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Size,
    Path,
    Digest(Algorithm),
    /// The name of the algorithm of [`Column::Hash`].
    Algorithm,
    Hash,
    /// Anything else, hashes of a kind that is not known among them.
    Other,
}

/// The columns of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    columns: Vec<Column>,
    /// Fields may stand in quotation marks.
    quoted: bool,
}

impl Table {
    /// The table of which this line is the head.
    pub(super) fn head(line: &str) -> Option<Self> {
        let (line, quoted) = match line.strip_prefix("%%%% ") {
            Some(line) => (line, false),
            None => (line, true),
        };
        let columns: Vec<_> = line.split(',').map(|name| column(name.trim().trim_matches('"'))).collect();
        let has = |wanted: fn(&Column) -> bool| columns.iter().filter(|column| wanted(column)).count();
        let paths = has(|c| *c == Column::Path);
        let hashes = has(|c| matches!(c, Column::Digest(_) | Column::Hash));
        // Of the last column commas may be a part, unless it is quoted.
        let fits = columns.len() > 1 && paths == 1 && hashes > 0 && (quoted || columns.last() == Some(&Column::Path));
        fits.then_some(Self { columns, quoted })
    }

    /// What a line of the table says.
    pub(super) fn entry(&self, line: &str) -> Option<Entry> {
        let fields = if self.quoted { quoted(line)? } else { split(line, self.columns.len()) };
        if fields.len() < self.columns.len() {
            return None;
        }
        let field = |wanted: Column| {
            let rows = self.columns.iter().zip(&fields);
            rows.into_iter().find(|(column, _)| **column == wanted).map(|(_, field)| field.as_str())
        };
        let named = field(Column::Algorithm).and_then(Algorithm::named);
        let mut out = Entry {
            path: field(Column::Path)?.to_owned(),
            size: field(Column::Size).and_then(|text| text.trim().parse().ok()),
            ..Entry::default()
        };
        for (column, text) in self.columns.iter().zip(&fields) {
            let algorithm = match column {
                Column::Digest(algorithm) => Some(*algorithm),
                Column::Hash => named.or_else(|| super::by_digits(text.trim())),
                _ => None,
            };
            out.digests.extend(algorithm.and_then(|algorithm| Digest::parse(algorithm, text.trim())));
        }
        (!out.digests.is_empty() && !out.path.is_empty()).then_some(out)
    }
}

fn column(name: &str) -> Column {
    match name.to_ascii_lowercase().as_str() {
        "size" | "length" => Column::Size,
        "filename" | "path" | "file" | "name" => Column::Path,
        "algorithm" => Column::Algorithm,
        "hash" | "checksum" => Column::Hash,
        other => Algorithm::named(other).map_or(Column::Other, Column::Digest),
    }
}

/// The fields of a line without quotation marks; commas in the last one are a part of it.
fn split(line: &str, columns: usize) -> Vec<String> {
    line.splitn(columns, ',').map(str::to_owned).collect()
}

/// The fields of a line of RFC 4180; `None` where a quotation mark has no end.
fn quoted(line: &str) -> Option<Vec<String>> {
    let (mut out, mut rest) = (Vec::new(), line);
    loop {
        let mut field = String::new();
        if let Some(mut inner) = rest.strip_prefix('"') {
            loop {
                let (text, after) = inner.split_once('"')?;
                field.push_str(text);
                inner = after;
                match inner.strip_prefix('"') {
                    Some(after) => {
                        field.push('"');
                        inner = after;
                    }
                    None => break,
                }
            }
            rest = inner;
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            field.push_str(rest.get(..end)?);
            rest = rest.get(end..)?;
        }
        out.push(field);
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None if rest.trim().is_empty() => return Some(out),
            None => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "900150983cd24fb0d6963f7d28e17f72";

    #[test]
    fn hashdeep_and_powershell_name_their_columns() {
        let table = Table::head("%%%% size,md5,tiger,filename").unwrap();
        let entry = table.entry(&format!("3,{ABC},00,/v/one, two.mov")).unwrap();
        assert_eq!((entry.path.as_str(), entry.size, entry.digests.len()), ("/v/one, two.mov", Some(3), 1));
        assert!(table.entry("3,00").is_none());
        let table = Table::head("\"Algorithm\",\"Hash\",\"Path\"").unwrap();
        let entry = table.entry(&format!("\"MD5\",\"{ABC}\",\"D:\\a \"\"b\"\", c.mov\"")).unwrap();
        assert_eq!((entry.path.as_str(), entry.digests[0].text().as_str()), ("D:\\a \"b\", c.mov", ABC));
        assert!(table.entry("\"MD5\",\"x").is_none());
        for line in [&format!("{ABC}  a.mov"), "%%%% HASHDEEP-1.0", "notes, and a file", "%%%% filename,md5"] {
            assert!(Table::head(line).is_none(), "{line}");
        }
    }
}
