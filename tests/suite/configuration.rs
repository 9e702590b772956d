//! Defaults of options by the real program: command line over environment over `config.toml`, and where that is wrong.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const MARKED: &str = "fixtures/delivery/final/hero_010.png";

/// A folder with a delivery, an empty configuration folder and a place for reports.
struct Place(tempfile::TempDir);

impl Place {
    fn new(config: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["delivery", "config", "reports"] {
            std::fs::create_dir(dir.path().join(folder)).unwrap();
        }
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join(MARKED);
        std::fs::copy(sample, dir.path().join("delivery/a.png")).unwrap();
        std::fs::write(dir.path().join("config/config.toml"), config).unwrap();
        Self(dir)
    }

    fn program(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("COUNTERSIGN_") {
                command.env_remove(name);
            }
        }
        command.current_dir(self.0.path()).env("COUNTERSIGN_CONFIG", self.0.path().join("config"));
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.program().args(arguments).output().unwrap()
    }

    /// The options that a scan says it had, and its exit code.
    fn options(&self, arguments: &[&str], variables: &[(&str, &str)]) -> (i32, Value) {
        let mut command = self.program();
        command.args(["scan", "delivery", "--report", "json=reports/r.json"]).args(arguments);
        let output = command.envs(variables.iter().copied()).output().unwrap();
        let text = std::fs::read_to_string(self.0.path().join("reports/r.json"))
            .unwrap_or_else(|_| panic!("{}", err(&output)));
        let report: Value = serde_json::from_str(&text).unwrap();
        (output.status.code().unwrap(), report["run"].clone())
    }
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Text without what frames and line breaks do to it.
fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !"│╭╰─".contains(*c)).collect()
}

#[test]
fn the_command_line_beats_the_environment_beats_the_file() {
    let place = Place::new("role = 'temporary'\njobs = 3\nverify = \"off\"\n[scan]\njobs = 2\npixels = true\n");
    let (code, run) = place.options(&[], &[]);
    let options = &run["options"];
    assert_eq!(code, 0, "temporary material only warns");
    assert_eq!((&options["role"], &options["verify"]), (&"temporary".into(), &"off".into()));
    assert_eq!((&options["jobs"], &options["pixels"]), (&2.into(), &true.into()), "the command's table beats the top");
    assert!(options["config"].as_str().unwrap().ends_with("config.toml"), "{options}");

    let environment = [("COUNTERSIGN_ROLE", "archival"), ("COUNTERSIGN_PIXELS", "no"), ("COUNTERSIGN_VERIFY", "")];
    let (_, run) = place.options(&[], &environment);
    let options = &run["options"];
    assert_eq!((&options["role"], &options["pixels"]), (&"archival".into(), &false.into()));
    assert_eq!(options["verify"], "off", "an empty variable says nothing");

    let (code, run) = place.options(&["--role", "final", "--pixels", "--jobs", "1"], &environment);
    let options = &run["options"];
    assert_eq!((&options["role"], &options["pixels"], &options["jobs"]), (&"final".into(), &true.into(), &1.into()));
    assert_eq!(code, 1);
    let (_, run) = place.options(&["--pixels=no"], &[]);
    assert_eq!(run["options"]["pixels"], false, "what the file switches on can be switched off");
}

#[test]
fn options_that_are_only_called_alike_have_no_default() {
    let place = Place::new("role = \"archival\"\nreport = [\"html=reports/x.html\"]\n");
    let run = |arguments: &[&str]| {
        let mut command = place.program();
        command.args(arguments).env("COUNTERSIGN_ROLE", "archival").env("COUNTERSIGN_REPORT", "csv=reports/x.csv");
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    run(&["approve", "delivery/a.png", "--by", "Jane", "--approvals", "l.jsonl"]);
    let listed = run(&["approvals", "list", "--json", "--approvals", "l.jsonl"]);
    assert!(listed.contains("Jane") && !listed.contains("archival"), "{listed}");
    run(&["approvals", "verify", "--approvals", "l.jsonl"]);
}

#[test]
fn relative_paths_are_relative_to_the_file() {
    let place = Place::new(
        "policy = 'house.toml'\n[scan]\nreport = ['terminal', 'csv=../reports/all.csv']\nexclude = ['*.tmp']\n",
    );
    std::fs::write(place.0.path().join("config/house.toml"), "name = 'house'\nceiling = 'note'\n").unwrap();
    let output = place.run(&["scan", "delivery"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("policy house"));
    assert!(place.0.path().join("reports/all.csv").is_file());
    let shown = place.run(&["policy", "show"]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains("house"), "every command that has the option takes it");
    // A built-in policy is a name, not a path.
    let place = Place::new("policy = 'observe'\n");
    assert_eq!(place.options(&[], &[]).1["policy"]["name"], "observe");
}

#[test]
fn mistakes_are_pointed_at() {
    let cases = [
        ("jobs = 4\npolcy = 'observe'\n", "config.toml:2:1", "did you mean `policy`?"),
        ("[scan]\nfail-on = 'warnin'\n", "config.toml:2:11", "did you mean `warning`?"),
        ("[scam]\njobs = 1\n", "config.toml:1:2", "did you mean `scan`?"),
        ("[convert]\njobs = 1\n", "config.toml:2:1", "`convert` has no option `jobs`"),
        ("[scan]\npixels = 'yes'\n", "config.toml:2:10", "true or false"),
        ("[scan]\njobs = 'many'\n", "config.toml:2:8", "`many` is no value for `jobs`"),
        ("[scan]\nreport = ['csv=a', 'htm=b']\n", "config.toml:2:20", "did you mean 'html'?"),
        ("as-of = '2026-01-01'\n", "config.toml:1:1", "it is typed with each command"),
        ("[scan]\nfetch-remote = true\n", "config.toml:2:1", "it is typed with each command"),
        ("worker = 1\n", "config.toml:1:1", "no command has an option `worker`"),
        ("jobs = \n", "config.toml:1:8", "jobs = 4"),
        ("jobs = 1\njobs = 2\n", "config.toml:2:1", "duplicate key"),
    ];
    for (config, at, hint) in cases {
        let place = Place::new(config);
        let output = place.run(&["scan", "delivery"]);
        let said = squeezed(&err(&output));
        assert_eq!(output.status.code(), Some(3), "{config}");
        assert!(
            output.stdout.is_empty() && said.contains(at) && said.contains(&squeezed(hint)),
            "{config}{}",
            err(&output)
        );
    }
}

#[test]
fn a_wrong_file_stops_only_what_would_use_it() {
    let place = Place::new("polcy = 'observe'\n");
    assert_eq!(place.run(&["rules"]).status.code(), Some(0));
    assert_eq!(place.run(&["scan", "--help"]).status.code(), Some(0));
    let output = place.run(&["scan", "--nonsense"]);
    assert!(err(&output).contains("--nonsense") && !err(&output).contains("polcy"), "{}", err(&output));
}

#[test]
fn a_bad_variable_is_a_usage_error() {
    let place = Place::new("");
    for (name, value) in
        [("COUNTERSIGN_JOBS", "many"), ("COUNTERSIGN_PIXELS", "perhaps"), ("COUNTERSIGN_REPORT", "htm")]
    {
        let output = place.program().args(["scan", "delivery"]).env(name, value).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{name}");
        assert!(err(&output).contains(value), "{}", err(&output));
    }
}

#[test]
fn the_delivery_configures_nothing() {
    let place = Place::new("");
    let root = place.0.path().join("delivery");
    for folder in ["", "countersign", ".countersign", ".config/countersign"] {
        std::fs::create_dir_all(root.join(folder)).unwrap();
        std::fs::write(root.join(folder).join("config.toml"), "policy = 'observe'\nrole = 'temporary'\n").unwrap();
    }
    let mut command = place.program();
    command
        .current_dir(&root)
        .env_remove("COUNTERSIGN_CONFIG")
        .env("XDG_CONFIG_HOME", ".config")
        .env("HOME", place.0.path());
    let output = command.args(["scan", "."]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
}

#[test]
fn the_page_names_every_option_and_variable() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/config.md")).unwrap();
    let help = String::from_utf8(Place::new("").run(&["scan", "--help"]).stdout).unwrap();
    let rows: Vec<_> = page.lines().filter_map(|l| l.strip_prefix("| `")).collect();
    assert!(rows.len() > 12, "the page has lost its table");
    for row in &rows {
        let (key, rest) = row.split_once('`').unwrap();
        let variable = rest.split('`').nth(1).unwrap();
        assert_eq!(variable, format!("COUNTERSIGN_{}", key.to_uppercase().replace('-', "_")));
        assert!(help.contains(&format!("[env: {variable}=")), "{variable} is not in --help:\n{help}");
    }
    assert_eq!(help.matches("[env: ").count(), rows.len(), "the page lacks a variable:\n{help}");
    // The example of the page is taken as it stands.
    let example = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let place = Place::new(example);
    std::fs::write(place.0.path().join("config/house-policy.toml"), "name = 'house'\n").unwrap();
    for folder in ["trust", "ledger"] {
        std::fs::create_dir(place.0.path().join("config").join(folder)).unwrap();
    }
    let output = place.run(&["scan", "delivery", "--trust", "/dev/null"]);
    assert!(!err(&output).contains("config.toml"), "{}", err(&output));
}
