//! Writes the made show into a folder, three reels in every format and the media that tell their timecode:
//! `made_show FOLDER`.

#![allow(clippy::print_stderr, clippy::unwrap_used, clippy::indexing_slicing, dead_code, missing_docs, unreachable_pub)]

#[path = "show.rs"]
mod show;

fn main() -> std::io::Result<()> {
    let Some(folder) = std::env::args().nth(1) else {
        eprintln!("usage: made_show FOLDER");
        return Ok(());
    };
    let folder = std::path::Path::new(&folder);
    for media in &show::MEDIA {
        let path = folder.join("media").join(media.delivered);
        if let (Some(bytes), Some(parent)) = (show::media::bytes(media), path.parent()) {
            std::fs::create_dir_all(parent)?;
            std::fs::write(path, bytes)?;
        }
    }
    for reel in show::reels() {
        for format in show::FORMATS {
            let (name, bytes) = show::write(&reel, format);
            std::fs::write(folder.join(name), bytes)?;
        }
    }
    Ok(())
}
