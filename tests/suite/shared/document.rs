//! Pages of the documentation whose commands are run: in a `console` block a line that starts with `$` is a command, what
//! follows is part of what it prints, and `exits` is its exit code where that is not 0.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// One command, its exit code, what it must print.
pub(crate) type Step = (String, i32, Vec<String>);

/// A program in this folder, with no configuration of the user's.
pub(crate) fn program(folder: &Path, name: &str) -> Command {
    let mut command = Command::new(name);
    for (variable, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("COUNTERSIGN_")) {
        command.env_remove(variable);
    }
    command.current_dir(folder).env("COUNTERSIGN_CONFIG", folder.join("no-configuration"));
    command.env("COUNTERSIGN_CACHE_FOLDER", folder.join("no-configuration/cache")).stdin(Stdio::null());
    command
}

/// Text without what line breaks and frames do to it.
pub(crate) fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !"│╭╰─".contains(*c)).collect()
}

/// The commands of a page.
pub(crate) fn steps(page: &str) -> Vec<Step> {
    let mut out: Vec<Step> = Vec::new();
    for block in page.split("```console\n").skip(1) {
        for line in block.split("```").next().unwrap().lines() {
            match (line.strip_prefix("$ "), line.strip_prefix("exits "), out.last_mut()) {
                (Some(command), ..) => out.push((command.to_owned(), 0, vec![])),
                (None, Some(code), Some(step)) => step.1 = code.parse().unwrap(),
                (None, None, Some(step)) => step.2.push(line.to_owned()),
                _ => panic!("{line} belongs to no command"),
            }
        }
    }
    out
}

/// Runs the commands in one shell, for a command may use what an earlier one set, and compares what they print.
pub(crate) fn run(folder: &Path, steps: &[Step]) {
    let mut script = String::new();
    for (number, (command, ..)) in steps.iter().enumerate() {
        writeln!(script, "{{ {command}\n}} > {number}.out 2>&1; echo $? > {number}.code").unwrap();
    }
    let bin = Path::new(env!("CARGO_BIN_EXE_countersign")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let ran = program(folder, "sh").args(["-c", &script]).env("PATH", path).status().unwrap();
    assert!(ran.success());
    for (number, (command, code, parts)) in steps.iter().enumerate() {
        let read = |ending| std::fs::read_to_string(folder.join(format!("{number}.{ending}"))).unwrap();
        let out = read("out");
        assert_eq!(read("code").trim(), code.to_string(), "{command}\n{out}");
        // What is left out is marked.
        for part in parts.iter().filter(|part| part.trim() != "…") {
            assert!(squeezed(&out).contains(&squeezed(part)), "{command}\ndoes not say: {part}\n{out}");
        }
    }
}
