//! A Python dictionary as `repr` prints it, made JSON: quotes of either kind, `None`, `True`, `False`, tuples.

/// The JSON text for a dictionary's text; what it was not is for the JSON parser to refuse.
pub(super) fn to_json(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c == '\'' || c == '"' {
            rest = quoted(rest, c, &mut out);
            continue;
        }
        if let Some((word, json)) = WORDS.iter().find(|(word, _)| rest.starts_with(word)) {
            out.push_str(json);
            rest = rest.get(word.len()..).unwrap_or_default();
            continue;
        }
        out.push(match c {
            '(' => '[',
            ')' => ']',
            other => other,
        });
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    out.replace(",]", "]").replace(", ]", "]").replace(",}", "}").replace(", }", "}")
}

const WORDS: &[(&str, &str)] = &[("None", "null"), ("True", "true"), ("False", "false"), ("nan", "null")];

/// Writes the string that `rest` starts with as JSON; returns what follows it.
fn quoted<'a>(rest: &'a str, quote: char, out: &mut String) -> &'a str {
    out.push('"');
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => {
                escaped = false;
                match c {
                    '\'' => out.push('\''),
                    'n' | 't' | 'r' | '"' | '\\' | '/' | 'b' | 'f' | 'u' => out.extend(['\\', c]),
                    _ => {}
                }
            }
            '\\' => escaped = true,
            _ if c == quote => {
                out.push('"');
                return rest.get(at + c.len_utf8()..).unwrap_or_default();
            }
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    // The end was cut: what is open is closed by the JSON reader.
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dictionaries_are_json() {
        assert_eq!(to_json("{'a': None, 'b': (1, 2), \"c\": True}"), r#"{"a": null, "b": [1, 2], "c": true}"#);
        assert_eq!(to_json("{'a': 'say \"hi\"'}"), r#"{"a": "say \"hi\""}"#);
        assert_eq!(to_json(r"{'a': 'it\'s'}"), r#"{"a": "it's"}"#);
        assert_eq!(to_json("{'a': [1, ], }"), r#"{"a": [1]}"#);
        let text = "{'a': 'b\\'\"', \"c\": (1, None)}";
        for end in 0..text.len() {
            let _ = to_json(&text[..end]);
        }
    }
}
