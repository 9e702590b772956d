//! The documentation by the real program: the first delivery from drive to report, what the README quotes, and the
//! recipes as far as they can be tried on one machine.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use crate::shared::document;

use std::path::Path;

use document::{program, run, squeezed, steps};

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page(name: &str) -> String {
    std::fs::read_to_string(project().join(name)).unwrap()
}

/// A folder with a copy of the demo delivery.
fn delivery() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let from = project().join("fixtures/delivery");
    for entry in walkdir::WalkDir::new(&from).into_iter().map(|e| e.unwrap()).filter(|e| e.file_type().is_file()) {
        let to = folder.path().join("delivery").join(entry.path().strip_prefix(&from).unwrap());
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(entry.path(), to).unwrap();
    }
    folder
}

#[test]
fn a_first_delivery_goes_as_it_is_told() {
    let folder = delivery();
    let steps = steps(&page("docs/first-delivery.md"));
    assert!(steps.len() > 12, "the page has lost its commands");
    run(folder.path(), &steps);
}

/// The command of the README's pictures, and what it prints.
fn demo() -> (String, String) {
    let arguments = ["scan", "fixtures/delivery", "--approvals", "fixtures/approvals.jsonl"];
    let output = program(project(), env!("CARGO_BIN_EXE_countersign")).args(arguments).output().unwrap();
    (arguments.join(" "), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_readme_quotes_what_is_printed() {
    let readme = page("README.md");
    let (command, printed) = demo();
    assert!(readme.contains(&command));
    let printed = squeezed(&printed);
    let quoted: Vec<_> = readme.split("```text\n").skip(1).map(|block| block.split("```").next().unwrap()).collect();
    let parts = quoted.iter().flat_map(|block| block.split('…')).map(squeezed).filter(|part| !part.is_empty());
    let parts: Vec<_> = parts.collect();
    assert!(parts.len() > 2, "the README quotes nothing");
    for part in parts {
        assert!(printed.contains(&part), "is not printed any more: {part}");
    }
}

#[test]
fn the_picture_of_the_terminal_shows_what_is_printed() {
    let picture = page("docs/pictures/terminal.svg");
    let (command, printed) = demo();
    let plain = |line: &str| {
        let mut text = String::new();
        for part in line.split('<').skip(1) {
            text.push_str(part.split_once('>').unwrap().1);
        }
        text.replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&#x27;", "'")
            .replace("&amp;", "&")
    };
    let shown: Vec<_> = picture.lines().filter(|line| line.starts_with("<text ")).map(plain).collect();
    assert_eq!(shown.first().unwrap(), &format!("$ countersign {command}"));
    let mut lines = printed.lines();
    for line in shown.iter().skip(1).filter(|line| line.trim() != "⋮") {
        assert!(lines.any(|own| own == line), "is not printed any more, make the picture anew: {line}");
    }
    assert!(shown.len() > 30 && shown.last().unwrap().starts_with("FAIL"), "{shown:?}");
    // The README shows both pictures, and they are light enough for a page.
    let readme = page("README.md");
    for name in ["docs/pictures/terminal.svg", "docs/pictures/page.png"] {
        assert!(readme.contains(&format!("]({name})")), "the README does not show {name}");
        let bytes = std::fs::read(project().join(name)).unwrap();
        assert!(bytes.len() < 200_000, "{name} has {} bytes", bytes.len());
    }
    assert!(std::fs::read(project().join("docs/pictures/page.png")).unwrap().starts_with(b"\x89PNG\r\n"));
}

#[test]
fn every_command_of_the_readme_is_one() {
    let readme = page("README.md");
    let block =
        readme.split("## Using it").nth(1).unwrap().split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    let commands: Vec<_> = block.lines().map(|line| line.split('#').next().unwrap().trim()).collect();
    assert!(commands.len() > 8, "{commands:?}");
    commands.into_iter().for_each(is_a_command);
}

/// That the program has this command, and the command these options.
fn is_a_command(command: &str) {
    let mut words = command.split_whitespace().skip(1);
    let name = words.next().unwrap();
    let help = |of: &[&str]| {
        let help = program(project(), env!("CARGO_BIN_EXE_countersign")).arg("help").args(of).output().unwrap();
        String::from_utf8(help.stdout).unwrap()
    };
    let mut text = help(&[name]);
    assert!(text.contains("Usage: countersign"), "{command}");
    if let Some(word) = words.clone().next().filter(|word| text.contains(&format!("\n  {word} "))) {
        text = help(&[name, word]);
    }
    // What follows a bare `--` is for another command.
    for option in words.take_while(|word| *word != "--").filter(|word| word.starts_with("--")) {
        let option = option.split(['=', '`', ',', ')', ']']).next().unwrap().trim_end_matches(['.', ';', ':']);
        assert!(text.contains(option), "{command}: no {option} in\n{text}");
    }
}

#[test]
fn every_command_of_the_pages_is_one() {
    let mut seen = 0;
    for entry in std::fs::read_dir(project().join("docs")).unwrap().map(|e| e.unwrap().path()) {
        if entry.extension().is_none_or(|e| e != "md") {
            continue;
        }
        let text = std::fs::read_to_string(&entry).unwrap().replace("\\\n", " ");
        let (mut code, mut kind) = (false, "");
        for line in text.lines() {
            if let Some(of) = line.strip_prefix("```") {
                (code, kind) = (!code, of);
                continue;
            }
            // In a block that is for a shell the whole line is a command; elsewhere what stands between backticks.
            let parts: Vec<&str> = match code {
                true if kind == "sh" || kind == "console" && line.starts_with("$ ") => {
                    line.split(['|', '&', ';']).collect()
                }
                true => Vec::new(),
                false => line.split('`').skip(1).step_by(2).collect(),
            };
            for part in parts {
                let part = part.trim().trim_start_matches("$ ").split(" # ").next().unwrap();
                let words: Vec<_> = part.split_whitespace().take(2).collect();
                if words.first() == Some(&"countersign") && words.len() > 1 && !words[1].starts_with(['-', '…']) {
                    is_a_command(part);
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 40, "the pages have lost their commands: {seen}");
}

/// The text of the code block that follows a sentence.
fn block<'a>(page: &'a str, after: &str, kind: &str) -> &'a str {
    let rest = page.split(after).nth(1).unwrap_or_else(|| panic!("no {after}"));
    rest.split(&format!("```{kind}\n")).nth(1).unwrap().split("```").next().unwrap()
}

/// Runs a shell script of the page with this program on its path.
fn script(folder: &Path, text: &str) -> std::process::Output {
    std::fs::write(folder.join("script"), text).unwrap();
    let bin = Path::new(env!("CARGO_BIN_EXE_countersign")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    program(folder, "sh").arg("script").env("PATH", path).output().unwrap()
}

#[test]
fn the_night_run_tells_only_what_is_new() {
    let folder = delivery();
    let here = folder.path().display().to_string();
    std::fs::write(folder.path().join("approvals.jsonl"), "").unwrap();
    std::fs::create_dir(folder.path().join("work")).unwrap();
    let text = block(&page("docs/ingest.md"), "15 2 * * *", "sh")
        .replace("/srv/countersign", &format!("{here}/work"))
        .replace("/etc/countersign/approvals.jsonl", &format!("{here}/approvals.jsonl"))
        .replace("/srv/media", &format!("{here}/delivery"));
    assert!(!text.contains("/srv") && !text.contains("/etc"), "{text}");
    let first = script(folder.path(), &text);
    assert!(first.status.code() == Some(1) && String::from_utf8_lossy(&first.stdout).contains("FAIL"), "{first:?}");
    let second = script(folder.path(), &text);
    assert!(second.status.code() == Some(0) && second.stdout.is_empty(), "{second:?}");
    std::fs::copy(folder.path().join("delivery/final/hero_010.png"), folder.path().join("delivery/final/new.png"))
        .unwrap();
    let third = script(folder.path(), &text);
    assert!(third.status.code() == Some(1) && String::from_utf8_lossy(&third.stdout).contains("new.png"), "{third:?}");
}

/// The script of the watch folder, for folders below this one.
fn watch_folder(folder: &Path) -> String {
    for name in ["incoming", "ready", "done", "reports"] {
        std::fs::create_dir(folder.join(name)).unwrap();
    }
    std::fs::write(folder.join("approvals.jsonl"), "").unwrap();
    let here = folder.display().to_string();
    block(&page("docs/ingest.md"), "`/usr/local/lib/countersign/ingest`:", "sh")
        .replace("/srv/ingest", &here)
        .replace("/etc/countersign", &here)
}

#[test]
fn the_watch_folder_leaves_a_report_and_a_code() {
    let folder = delivery();
    let text = watch_folder(folder.path());
    std::fs::rename(folder.path().join("delivery"), folder.path().join("incoming/reel 1")).unwrap();
    std::fs::write(folder.path().join("ready/reel 1.ready"), "").unwrap();
    let ran = script(folder.path(), &text);
    assert_eq!(ran.status.code(), Some(0), "{ran:?}");
    let reports = folder.path().join("reports/reel 1");
    assert_eq!(std::fs::read_to_string(reports.join("exit-code")).unwrap().trim(), "1");
    assert!(reports.join("report.json").is_file() && reports.join("report.html").is_file());
    assert!(!folder.path().join("ready/reel 1.ready").exists() && folder.path().join("done/reel 1.ready").exists());
}

#[test]
fn a_watch_folder_without_a_verdict_keeps_its_marker_and_fails() {
    let folder = delivery();
    let text = watch_folder(folder.path());
    std::fs::rename(folder.path().join("delivery"), folder.path().join("incoming/b")).unwrap();
    // The first names a folder that is not there: exit code 3. The second is judged all the same.
    for name in ["a", "b"] {
        std::fs::write(folder.path().join(format!("ready/{name}.ready")), "").unwrap();
    }
    let ran = script(folder.path(), &text);
    assert_eq!(ran.status.code(), Some(3), "{ran:?}");
    assert!(String::from_utf8_lossy(&ran.stderr).contains("a: no verdict (exit code 3)"), "{ran:?}");
    assert!(folder.path().join("ready/a.ready").exists() && folder.path().join("done/b.ready").exists());
    assert_eq!(std::fs::read_to_string(folder.path().join("reports/a/exit-code")).unwrap().trim(), "3");
    // The same where the scan is interrupted.
    let interrupted = text.replace("countersign scan", "sh -c 'exit 130' countersign scan");
    let ran = script(folder.path(), &interrupted);
    assert_eq!(ran.status.code(), Some(130), "{ran:?}");
    assert!(folder.path().join("ready/a.ready").exists());
    // Once it is there, the next start judges it.
    let (from, to) = (folder.path().join("incoming/b"), folder.path().join("incoming/a"));
    std::fs::rename(from, to).unwrap();
    let ran = script(folder.path(), &text);
    assert_eq!(ran.status.code(), Some(0), "{ran:?}");
    assert!(folder.path().join("done/a.ready").exists());
}

#[test]
fn the_recipe_of_the_baseline_fits_together() {
    let folder = delivery();
    let git = |arguments: &[&str]| {
        let mut git = program(folder.path(), "git");
        git.args(["-c", "user.name=a", "-c", "user.email=a@example.com"]).args(arguments);
        git.output().ok().filter(|o| o.status.success())
    };
    if git(&["init", "-q", "-b", "main", "."]).is_none() {
        return;
    }
    std::fs::rename(folder.path().join("delivery"), folder.path().join("media")).unwrap();
    std::fs::create_dir(folder.path().join("approvals")).unwrap();
    std::fs::write(folder.path().join("approvals/approvals.jsonl"), "").unwrap();
    git(&["add", "media"]).unwrap();
    git(&["commit", "-q", "-m", "a"]).unwrap();
    git(&["update-ref", "refs/remotes/origin/main", "HEAD"]).unwrap();
    let text = page("docs/ingest.md");
    let steps = [
        block(&text, "Only what a change touches", "sh"),
        text.split("# change\n").nth(1).unwrap().split("```").next().unwrap(),
    ];
    assert!(steps[0].starts_with("# baseline"), "{}", steps[0]);
    let baseline = script(folder.path(), steps[0]);
    assert_eq!(baseline.status.code(), Some(0), "{baseline:?}");
    // Nothing changed; then a new finding beside the old ones.
    assert_eq!(script(folder.path(), steps[1]).status.code(), Some(0));
    let touched = folder.path().join("media/final/hero_010.png");
    std::fs::copy(&touched, folder.path().join("media/final/new.png")).unwrap();
    git(&["add", "media"]).unwrap();
    git(&["commit", "-q", "-m", "b"]).unwrap();
    let changed = script(folder.path(), steps[1]);
    assert_eq!(changed.status.code(), Some(1), "{changed:?}");
    let told = String::from_utf8_lossy(&changed.stdout).into_owned();
    assert!(told.contains("media/final/new.png") && !told.contains("hero_010"), "{told}");
}

#[test]
fn the_hook_refuses_what_has_no_approval() {
    let folder = delivery();
    let git = |arguments: &[&str]| {
        let mut git = program(folder.path(), "git");
        git.args(["-c", "user.name=a", "-c", "user.email=a@example.com"]).args(arguments);
        git.output().ok().filter(|o| o.status.success())
    };
    if git(&["init", "-q", "."]).is_none() {
        return;
    }
    std::fs::create_dir(folder.path().join("approvals")).unwrap();
    std::fs::write(folder.path().join("approvals/approvals.jsonl"), "").unwrap();
    let text = page("docs/ingest.md");
    let hook = block(&text, "as `.git/hooks/pre-commit`:", "sh");
    git(&["add", "delivery/final/photo_030.jpg"]).unwrap();
    assert_eq!(script(folder.path(), hook).status.code(), Some(0));
    git(&["add", "delivery/final/hero_010.png"]).unwrap();
    assert_eq!(script(folder.path(), hook).status.code(), Some(1));
    git(&["rm", "-q", "-r", "--cached", "."]).unwrap();
    assert_eq!(script(folder.path(), hook).status.code(), Some(0), "nothing to commit is nothing to refuse");
}
