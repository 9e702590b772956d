//! GIF (GIF87a, GIF89a): comments, plain text, and the application extensions that carry XMP, C2PA, IIM and 8BIM.

use crate::formats::{Format, Info, Media, Probe, Score};
use crate::framing::gif_blocks::{Chain, Cursor};
use crate::framing::{appended, jumbf};
use crate::tags::{self, Place, charset, content, iptc, photoshop, push, xmp};
use countersign_io::source::Source;
use countersign_model::limits;
use countersign_model::{Embedded, Extraction, FormatId, Problem, Store};

/// The reader.
pub struct Gif;

static INFO: Info = Info {
    id: FormatId::new("gif"),
    name: "GIF",
    extensions: &["gif"],
    media: Media::Image,
    specification: "GIF89a; XMP part 3, section 1.1.2; C2PA 2.x, annex A.3",
    version: 1,
    ..Info::DEFAULT
};

/// Length of what follows an XMP packet so that readers of sub-blocks get past it: 0x01, then 0xFF down to 0x00.
const MAGIC_TRAILER: usize = 257;

impl Format for Gif {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn sniff(&self, probe: &Probe<'_>) -> Score {
        let signed = probe.head.starts_with(b"GIF87a") || probe.head.starts_with(b"GIF89a");
        if signed { Score::SURE } else { Score::NO }
    }

    fn read(&self, source: &mut Source, out: &mut Extraction) -> Result<(), Problem> {
        let at = Place::new("GIF header", source.absolute(0));
        let mut cursor = Cursor::new(source, 6);
        let [w0, w1, h0, h1, packed, _, _] = cursor.array()?;
        push(out, ("image", "Width"), u16::from_le_bytes([w0, w1]).to_string(), &at, 6);
        push(out, ("image", "Height"), u16::from_le_bytes([h0, h1]).to_string(), &at, 8);
        cursor.skip(color_table(packed));
        let mut frames = 0u64;
        loop {
            match cursor.byte()? {
                0x3B => break,
                0x21 => extension(&mut cursor, out)?,
                0x2C => {
                    frames += 1;
                    let [.., packed] = cursor.array::<9>()?;
                    cursor.skip(color_table(packed) + 1);
                    cursor.skip_chain()?;
                }
                // Some encoders leave terminators behind.
                0 => {}
                other => {
                    let what = format!("0x{other:02X} where a block is expected");
                    return Err(Problem::malformed("", cursor.absolute().saturating_sub(1), what));
                }
            }
        }
        push(out, ("gif", "Frames"), frames.to_string(), &at, 0);
        let end = cursor.at();
        out.coverage.add(0, end);
        after_end(source, end, out)
    }
}

/// Length in bytes of the color table that a packed field announces.
fn color_table(packed: u8) -> u64 {
    if packed & 0x80 == 0 { 0 } else { 3 << ((packed & 7) + 1) }
}

fn extension(cursor: &mut Cursor<'_>, out: &mut Extraction) -> Result<(), Problem> {
    let label = cursor.byte()?;
    let here = cursor.absolute();
    let mut chain = Chain::default();
    match label {
        0xFE => {
            let whole = cursor.chain(&mut chain);
            push(out, ("gif", "Comment"), charset::decode(&chain.data), &Place::new("GIF comment", here), 1);
            binary(&chain.data, "GIF comment", out);
            whole
        }
        0x01 => {
            let len = cursor.byte()?;
            cursor.skip(u64::from(len));
            let whole = cursor.chain(&mut chain);
            push(out, ("gif", "PlainText"), charset::decode(&chain.data), &Place::new("GIF plain text", here), 0);
            binary(&chain.data, "GIF plain text", out);
            whole
        }
        0xFF => {
            let len = cursor.byte()?;
            let mut name = Vec::with_capacity(usize::from(len));
            for _ in 0..len {
                name.push(cursor.byte()?);
            }
            let start = cursor.absolute();
            let whole = cursor.chain(&mut chain);
            application(&name, chain, start, whole.is_ok(), out);
            whole
        }
        // Says how the next image is shown, in four bytes.
        0xF9 => {
            let whole = cursor.chain(&mut chain);
            if chain.data.len() > 4 {
                binary(&chain.data, "GIF graphic control", out);
            }
            whole
        }
        _ => {
            let whole = cursor.chain(&mut chain);
            binary(&chain.data, &format!("GIF extension 0x{label:02X}"), out);
            whole
        }
    }
}

/// What is no text, where text is expected or nothing is known: another file may stand there, cut into sub-blocks.
fn binary(data: &[u8], place: &str, out: &mut Extraction) {
    if !charset::is_text(data) {
        content::unknown(data, "gif", &Place { container: place.into(), offset: None }, out);
    }
}

fn application(name: &[u8], chain: Chain, start: u64, whole: bool, out: &mut Extraction) {
    let shown: String = name.iter().take_while(|b| b.is_ascii_graphic() || **b == b' ').map(|b| *b as char).collect();
    let at = Place { container: format!("GIF application {shown}").into(), offset: None };
    match name {
        b"XMP DataXMP" => match packet(&chain.raw) {
            Some(packet) => xmp::read(packet, &Place { offset: Some(start), ..at }, out),
            None => xmp::read(&chain.data, &at, out),
        },
        [b'C', b'2', b'P', b'A', b'_', b'G', b'I', b'F', ..] => {
            let cut = || (!whole).then(|| "the file ends inside it".to_owned());
            let damage = jumbf::damage(&chain.data).or_else(cut);
            tags::push_store(out, Store { place: "GIF C2PA_GIF".into(), offset: start, bytes: chain.data, damage });
        }
        b"MGK8BIM0000" => photoshop::read(&chain.data, &at, out),
        b"MGKIPTC0000" if chain.data.starts_with(b"8BIM") => photoshop::read(&chain.data, &at, out),
        b"MGKIPTC0000" => iptc::read(&chain.data, &at, out),
        _ => {
            content::unknown(&chain.data, "gif", &at, out);
            push(out, ("gif", "Application"), shown, &Place { offset: Some(start), ..at }, 0);
        }
    }
}

/// The packet in an XMP extension, which is not cut into sub-blocks: all up to the magic trailer.
fn packet(raw: &[u8]) -> Option<&[u8]> {
    let (packet, trailer) = raw.split_at_checked(raw.len().checked_sub(MAGIC_TRAILER)?)?;
    let (first, falling) = trailer.split_first()?;
    let magic = *first == 1 && falling.iter().rev().copied().eq(0..=255);
    // A writer that did cut it into sub-blocks has a length byte first.
    (magic && packet.first() == Some(&b'<')).then_some(packet)
}

fn after_end(source: &mut Source, end: u64, out: &mut Extraction) -> Result<(), Problem> {
    let rest = source.len().saturating_sub(end);
    let here = source.absolute(end);
    let peek = source.up_to(end, 1024)?;
    if peek.iter().all(|b| *b == 0) {
        return Ok(());
    }
    if appended::is_media(peek) {
        let bytes = source.read_bounded(end, rest, limits::EMBEDDED_BYTES).map_err(|p| p.within("GIF trailer"))?;
        out.coverage.open_from(end);
        tags::push_embedded(out, Embedded { place: "GIF trailer".into(), offset: here, bytes, name: None });
    }
    let what = format!("{rest} bytes after the trailer");
    tags::push_problem(out, Problem::malformed("gif", here, what).harmless());
    Ok(())
}
