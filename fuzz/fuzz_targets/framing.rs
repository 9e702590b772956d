//! Every framing on the same bytes: what walks chunks, boxes, segments, elements, directories and members.
#![no_main]

use countersign_io::asset_budget::AssetBudget;
use countersign_io::source::Source;
use countersign_media::framing::{
    bmff, catalog_trailer, cbor, der, ebml, jpeg_scans, jpeg_segments, jumbf, jumbf_tree, klv, mpf, nal, ogg_page, pdf,
    pdf_filters, png_chunks, riff, sef, tar, tiff_ifd, wave64, zip,
};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let len = bytes.len() as u64;
    let _reading = AssetBudget::of(len, None).enter();
    let source = &mut Source::memory(bytes.to_vec(), 0);
    let _ = png_chunks::walk(source, 0);
    let _ = jpeg_segments::walk(source, 0);
    let _ = jpeg_scans::walk(source, 0);
    let _ = (bmff::child(source, 0, len, b"moov"), bmff::brands(bytes), bmff::first(bytes));
    if let Ok(header) = riff::header(source) {
        let _ = riff::top(source, &header);
    }
    let _ = wave64::top(source);
    let _ = (ebml::read(source, 0), ebml::children(bytes).count(), klv::read(source, 0), klv::locals(bytes, 0x53));
    let _ = (ogg_page::page(source, 0), sef::read(source, 0, len), catalog_trailer::blocks(source, len));
    if let Some(header) = tiff_ifd::Header::parse(bytes) {
        let _ = tiff_ifd::directory(source, header, 8);
    }
    let (mut zipped, mut taped) = (zip::Listing::default(), tar::Listing::default());
    let _ = zip::list(source, &mut zipped);
    for member in zipped.members.iter().take(16) {
        let _ = zip::bytes(source, member, 64 * 1024);
    }
    let _ = tar::list(source, &mut taped);
    let _ = (cbor::decode(bytes), der::names(bytes), der::time_stamp(bytes), mpf::images(bytes));
    let _ = (jumbf::damage(bytes), jumbf_tree::read(bytes), nal::of_byte_stream(bytes), nal::payloads(bytes));
    let _ = (pdf_filters::ascii85(bytes), pdf_filters::run_lengths(bytes), pdf_filters::lzw(bytes, true));
    if let Ok(mut document) = pdf::Document::open(source) {
        let _ = (0..32).filter_map(|number| document.get(number)).count();
    }
});
