//! Manual pages and completions: of every command, with what a page must have and the values that are known.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::path::Path;
use std::process::Output;

use crate::shared::document;

fn run(arguments: &[&str]) -> Output {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    document::program(here, env!("CARGO_BIN_EXE_countersign")).args(arguments).output().unwrap()
}

fn out(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_command_has_a_page_with_all_its_parts() {
    let outer = tempfile::tempdir().unwrap();
    // A home has no such folder at first.
    let folder = outer.path().join("share/man/man1");
    out(&["man", "--out", folder.to_str().unwrap()]);
    let mut names: Vec<_> =
        std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    for name in ["countersign.1", "countersign-scan.1", "countersign-approvals-import.1", "countersign-trust-remove.1"]
    {
        assert!(names.iter().any(|known| known == name), "{name} is not among {names:?}");
    }
    assert!(!names.iter().any(|name| name.contains("worker") || name.contains("help")), "{names:?}");
    for name in &names {
        let page = std::fs::read_to_string(folder.join(name)).unwrap();
        for part in ["NAME", "SYNOPSIS", "DESCRIPTION", "\"EXIT STATUS\"", "ENVIRONMENT", "FILES"] {
            let heading = format!(".SH {part}\n");
            assert!(page.contains(&heading), "{name} has no {part}:\n{page}");
        }
        let heading = page.lines().find(|line| line.starts_with(".TH ")).unwrap();
        let own = format!(".TH {} 1 \"\" \"countersign ", name.strip_suffix(".1").unwrap());
        assert!(heading.starts_with(&own) && heading.ends_with("\" Countersign"), "{name}: {heading}");
        assert!(page.contains("COUNTERSIGN_CONFIG"), "{name}");
    }
    let scan = std::fs::read_to_string(folder.join("countersign-scan.1")).unwrap();
    for says in ["130", "COUNTERSIGN_POLICY", "approvals.jsonl", "EXAMPLES", "countersign scan /mnt/drive"] {
        assert!(scan.contains(says), "the page of scan does not say {says}");
    }
    // A page by name is the page in the folder, and pages of commands below commands are there too.
    assert_eq!(out(&["man", "scan"]), scan);
    assert!(out(&["man", "approvals", "import"]).contains("skip"), "its own options");
    let output = run(&["man", "scam"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(3) && told.contains("did you mean 'scan'"), "{told}");
}

#[test]
fn the_exit_codes_of_the_pages_are_those_of_the_commands() {
    let scan = out(&["man", "scan"]);
    let listed: Vec<&str> = ["0", "1", "2", "3", "4", "130"]
        .into_iter()
        .filter(|code| scan.contains(&format!(".TP\n\\fB{code}\\fR\n")))
        .collect();
    assert_eq!(listed, ["0", "1", "2", "3", "4", "130"], "{scan}");
    let marks = out(&["man", "marks"]);
    assert!(!marks.contains("\\fB130\\fR") && marks.contains("\\fB3\\fR"), "{marks}");
}

#[test]
fn completions_know_values_and_nothing_hidden() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let text = out(&["completions", shell]);
        assert!(text.contains("convert") && text.contains("files-from"), "{shell}");
        assert!(!text.contains("worker"), "{shell} knows what people do not type");
    }
    // Values of options, of an option with a file behind it, and of arguments.
    let (zsh, fish) = (out(&["completions", "zsh"]), out(&["completions", "fish"]));
    for value in ["archival", "cue-sheet", "unapproved-ai-in-final", "iptc.digital-source-type"] {
        assert!(zsh.contains(value), "zsh does not know {value}");
    }
    assert!(fish.contains("cue-sheet") && out(&["completions", "bash"]).contains("cue-sheet"));
    assert!(!out(&["help"]).contains("worker"));
}

#[test]
fn bash_completes_the_commands_of_a_page_below_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("completions");
    std::fs::write(&script, out(&["completions", "bash"])).unwrap();
    let offered = |words: &[&str]| {
        let (last, before) = (words.last().unwrap(), words[words.len() - 2]);
        let line = format!(
            "source '{}'; COMP_WORDS=({} ''); COMP_CWORD={}; _countersign countersign '{last}' {before}; echo \"${{COMPREPLY[@]}}\"",
            script.display(),
            words[..words.len() - 1].join(" "),
            words.len() - 1
        );
        let output = std::process::Command::new("bash").args(["-c", &line]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    let has = |words: &[&str], name: &str| offered(words).iter().any(|word| word == name);
    assert!(has(&["countersign", "man", ""], "approvals"));
    assert!(
        has(&["countersign", "man", "approvals", ""], "import"),
        "{:?}",
        offered(&["countersign", "man", "approvals", ""])
    );
    assert!(!has(&["countersign", "man", "approvals", ""], "scan"));
    assert!(!has(&["countersign", "man", ""], "worker") && !has(&["countersign", "man", "approvals", ""], "help"));
    assert!(has(&["countersign", "approvals", ""], "import"));
}
