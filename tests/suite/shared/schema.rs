//! As much of JSON Schema 2020-12 as the checked-in schemas use; an unknown keyword is an error of the schema.

use serde_json::Value;

/// Where `value` does not fit the schema.
pub(crate) fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut out = Vec::new();
    check(schema, schema, value, "$", &mut out);
    out
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str, out: &mut Vec<String>) {
    let Some(schema) = schema.as_object() else {
        if schema == &Value::Bool(false) {
            out.push(format!("{at} is not allowed"));
        }
        return;
    };
    for (keyword, rule) in schema {
        match keyword.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" | "additionalProperties" | "$comment" => {}
            "$ref" => {
                let path = rule.as_str().unwrap().trim_start_matches('#');
                check(root, root.pointer(path).unwrap_or_else(|| panic!("no {path}")), value, at, out);
            }
            "type" => {
                let types: Vec<_> = match rule {
                    Value::Array(types) => types.iter().map(|t| t.as_str().unwrap()).collect(),
                    one => vec![one.as_str().unwrap()],
                };
                if !types.iter().any(|t| is(t, value)) {
                    out.push(format!("{at} is not {types:?}"));
                }
            }
            "enum" if !rule.as_array().unwrap().contains(value) => out.push(format!("{at}: {value} is none of {rule}")),
            "const" if rule != value => out.push(format!("{at}: {value} is not {rule}")),
            "enum" | "const" => {}
            "minimum" => {
                if value.as_f64().is_some_and(|v| v < rule.as_f64().unwrap()) {
                    out.push(format!("{at}: {value} is below {rule}"));
                }
            }
            "minItems" => {
                if value.as_array().is_some_and(|v| v.len() < rule.as_u64().unwrap() as usize) {
                    out.push(format!("{at} has too few items"));
                }
            }
            "pattern" => {
                let pattern = regex::Regex::new(rule.as_str().unwrap()).unwrap();
                if value.as_str().is_some_and(|v| !pattern.is_match(v)) {
                    out.push(format!("{at}: {value} does not match {rule}"));
                }
            }
            "items" => {
                for (i, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, rule, item, &format!("{at}[{i}]"), out);
                }
            }
            "required" => {
                if let Some(object) = value.as_object() {
                    let missing = rule.as_array().unwrap().iter().filter(|k| !object.contains_key(k.as_str().unwrap()));
                    out.extend(missing.map(|k| format!("{at} has no {k}")));
                }
            }
            "properties" => {
                for (key, member) in value.as_object().into_iter().flatten() {
                    match (rule.get(key), schema.get("additionalProperties")) {
                        (Some(rule), _) => check(root, rule, member, &format!("{at}.{key}"), out),
                        (None, Some(more)) => check(root, more, member, &format!("{at}.{key}"), out),
                        (None, None) => {}
                    }
                }
            }
            "anyOf" => {
                let fits = |rule: &Value| {
                    let mut faults = Vec::new();
                    check(root, rule, value, at, &mut faults);
                    faults.is_empty()
                };
                if !rule.as_array().unwrap().iter().any(fits) {
                    out.push(format!("{at} fits no alternative"));
                }
            }
            unknown => panic!("the schema uses {unknown}, which this test does not know"),
        }
    }
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("no type {other}"),
    }
}
