//! Which line of which file says what: for whoever asks why a policy is as it is.
//!
//! The name of a value is its path in the file, parts separated by dots: `roles.**/temp/**`, `approvals.scopes.final`,
//! `rules.possible-ai`. Rows of `[[require]]` and `[[suppress]]` are `require.0` and `suppress.0`, counted over all files.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Where a value was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The file, or `built-in policy NAME`.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, line {}", self.file, self.line)
    }
}

/// Where the values of a policy were said; what was never said has no entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins {
    of: BTreeMap<String, Origin>,
}

impl Origins {
    /// Where the value of this name was said.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Origin> {
        self.of.get(name)
    }

    /// Takes over what a file says itself, behind the `inherited` rows of `[[require]]` and `[[suppress]]`.
    pub(super) fn take(&mut self, own: BTreeMap<String, Origin>, inherited: (usize, usize)) {
        for (name, origin) in own {
            let (table, row) = name.split_once('.').unwrap_or((&name, ""));
            let before = match table {
                "require" => inherited.0,
                "suppress" => inherited.1,
                _ => 0,
            };
            let name = match row.parse::<usize>() {
                Ok(row) if ["require", "suppress"].contains(&table) => format!("{table}.{}", row + before),
                _ => name,
            };
            self.of.insert(name, origin);
        }
    }
}

/// Where each value of this text stands; of a text that is no TOML nothing is known.
pub(super) fn of(text: &str, file: &str) -> BTreeMap<String, Origin> {
    let mut out = BTreeMap::new();
    if let Ok(table) = DeTable::parse(text) {
        add("", table.get_ref(), &mut |name, start| {
            out.insert(name, Origin { file: file.to_owned(), line: line(text, start) });
        });
    }
    out
}

/// The line on which the byte stands.
pub(super) fn line(text: &str, start: usize) -> usize {
    let before = text.as_bytes().get(..start).unwrap_or(text.as_bytes());
    1 + memchr::memchr_iter(b'\n', before).count()
}

fn add(above: &str, table: &DeTable<'_>, out: &mut dyn FnMut(String, usize)) {
    for (key, value) in table {
        let name = match above {
            "" => key.get_ref().to_string(),
            above => format!("{above}.{}", key.get_ref()),
        };
        out(name.clone(), key.span().start);
        match value.get_ref() {
            DeValue::Table(inner) => add(&name, inner, out),
            DeValue::Array(rows) => {
                let tables = |row: &Spanned<DeValue<'_>>| matches!(row.get_ref(), DeValue::Table(_));
                for (number, row) in rows.iter().enumerate().filter(|(_, row)| tables(row)) {
                    out(format!("{name}.{number}"), row.span().start);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_its_line() {
        let text = "name = \"x\"\n\n[roles]\n\"a.b/**\" = \"final\"\n\n[approvals.scopes]\nfinal = []\n[[require]]\npattern = \"a\"\n";
        let found = of(text, "x.toml");
        for (name, line) in [("name", 1), ("roles.a.b/**", 4), ("approvals.scopes.final", 7), ("require.0", 8)] {
            assert_eq!(found.get(name).map(|o| o.line), Some(line), "{name} in {found:?}");
        }
    }

    #[test]
    fn rows_are_counted_over_all_files() {
        let mut all = Origins::default();
        all.take(of("[[require]]\npattern = \"a\"\n", "house"), (0, 0));
        all.take(of("\n[[require]]\npattern = \"b\"\n", "show"), (1, 0));
        assert_eq!(all.get("require.0").unwrap().to_string(), "house, line 1");
        assert_eq!(all.get("require.1").unwrap().to_string(), "show, line 2");
    }
}
