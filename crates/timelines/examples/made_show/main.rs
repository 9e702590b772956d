//! Writes the made show into a folder: `made_show FOLDER`.

#![allow(clippy::print_stderr, clippy::unwrap_used, clippy::indexing_slicing, dead_code, missing_docs, unreachable_pub)]

#[path = "show.rs"]
mod show;

fn main() -> std::io::Result<()> {
    let Some(folder) = std::env::args().nth(1) else {
        eprintln!("usage: made_show FOLDER");
        return Ok(());
    };
    std::fs::create_dir_all(&folder)?;
    for reel in show::reels() {
        for format in show::FORMATS {
            let (name, bytes) = show::write(&reel, format);
            std::fs::write(std::path::Path::new(&folder).join(name), bytes)?;
        }
    }
    Ok(())
}
