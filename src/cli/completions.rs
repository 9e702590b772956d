//! `countersign completions SHELL` and `countersign man`: both generated from the arguments.

use clap_complete::Shell;

use crate::error::{Error, Result};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments, command: &mut clap::Command) -> Result<u8> {
    let mut out = Vec::new();
    clap_complete::generate(arguments.shell, command, "countersign", &mut out);
    super::print(&String::from_utf8_lossy(&out))?;
    Ok(0)
}

pub(super) fn man(command: clap::Command) -> Result<u8> {
    let mut out = Vec::new();
    clap_mangen::Man::new(command).render(&mut out).map_err(|e| Error::File {
        path: "standard output".into(),
        what: e.to_string(),
        hint: String::new(),
    })?;
    super::print(&String::from_utf8_lossy(&out))?;
    Ok(0)
}
