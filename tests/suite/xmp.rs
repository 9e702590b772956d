//! XMP packets: every form a property takes, mislabelled and damaged packets, and hostile ones.

use countersign::model::{Extraction, Facts, ProblemKind};
use countersign::tags::{Place, xmp};
use proptest::prelude::*;

const DST: &str = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia";

fn read(packet: &[u8]) -> Facts {
    let mut out = Extraction::default();
    xmp::read(packet, &Place::new("JPEG APP1", 1_000), &mut out);
    out.facts
}

fn pairs(facts: &Facts) -> Vec<(&str, &str)> {
    facts.tags.iter().map(|t| (t.key.as_str(), t.value.as_str())).collect()
}

/// A packet around what stands inside `rdf:RDF`.
fn packet(inside: &str) -> String {
    format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\
         <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">{inside}</rdf:RDF></x:xmpmeta>\n\
         <?xpacket end=\"w\"?>"
    )
}

fn described(attributes: &str, properties: &str) -> String {
    packet(&format!(
        "<rdf:Description rdf:about=\"\" xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:xmpMM=\"http://ns.adobe.com/xap/1.0/mm/\" \
         xmlns:stEvt=\"http://ns.adobe.com/xap/1.0/sType/ResourceEvent#\" \
         xmlns:exif=\"http://ns.adobe.com/exif/1.0/\" {attributes}>{properties}</rdf:Description>"
    ))
}

#[test]
fn elements_and_attributes_say_the_same() {
    let element = described("", &format!("<Iptc4xmpExt:DigitalSourceType>{DST}</Iptc4xmpExt:DigitalSourceType>"));
    let attribute = described(&format!("Iptc4xmpExt:DigitalSourceType='{DST}'"), "");
    let resource = described("", &format!("<Iptc4xmpExt:DigitalSourceType rdf:resource=\"{DST}\"/>"));
    let value = described(
        "",
        &format!(
            "<Iptc4xmpExt:DigitalSourceType rdf:parseType=\"Resource\"><rdf:value>{DST}</rdf:value>\
             </Iptc4xmpExt:DigitalSourceType>"
        ),
    );
    for text in [element, attribute, resource, value] {
        let facts = read(text.as_bytes());
        assert_eq!(pairs(&facts), [("Iptc4xmpExt:DigitalSourceType", DST)], "{text}");
        let offset = text.find(DST).unwrap() as u64;
        assert_eq!(facts.tags[0].offset, Some(1_000 + offset), "{text}");
        assert_eq!(facts.tags[0].place, "JPEG APP1, XMP Iptc4xmpExt:DigitalSourceType");
        assert_eq!(facts.problems, []);
    }
}

#[test]
fn arrays_and_structures() {
    let text = described(
        "",
        "<dc:subject><rdf:Bag><rdf:li>one</rdf:li><rdf:li>two</rdf:li></rdf:Bag></dc:subject>
         <exif:UserComment><rdf:Alt><rdf:li xml:lang=\"x-default\"> {&quot;seed&quot;: 1}
         </rdf:li></rdf:Alt></exif:UserComment>
         <xmpMM:History><rdf:Seq>
           <rdf:li rdf:parseType=\"Resource\"><stEvt:action>saved</stEvt:action>
             <stEvt:softwareAgent>Tool A</stEvt:softwareAgent></rdf:li>
           <rdf:li stEvt:softwareAgent=\"Tool B\"/>
           <rdf:li><rdf:Description stEvt:softwareAgent=\"Tool C\"/></rdf:li>
         </rdf:Seq></xmpMM:History>
         <dc:empty/><dc:none><rdf:Bag/></dc:none>",
    );
    let facts = read(text.as_bytes());
    let expected = [
        ("dc:subject", "one"),
        ("dc:subject", "two"),
        ("exif:UserComment", "{\"seed\": 1}"),
        ("xmpMM:History/stEvt:action", "saved"),
        ("xmpMM:History/stEvt:softwareAgent", "Tool A"),
        ("xmpMM:History/stEvt:softwareAgent", "Tool B"),
        ("xmpMM:History/stEvt:softwareAgent", "Tool C"),
        ("dc:empty", ""),
    ];
    assert_eq!(pairs(&facts), expected);
    assert_eq!(facts.problems, []);
}

#[test]
fn prefixes_are_the_namespaces_own_or_as_written() {
    let tc260 = "http://www.tc260.org.cn/ns/AIGC/1.0/";
    for inside in [
        format!("<rdf:Description xmlns:a=\"{tc260}\"><a:AIGC>v</a:AIGC></rdf:Description>"),
        format!("<rdf:Description xmlns:C260=\"{tc260}\"><TC260:AIGC>v</TC260:AIGC></rdf:Description>"),
        format!("<rdf:Description xmlns:C260=\"{tc260}\" TC260:AIGC=\"v\"/>"),
        format!("<rdf:Description><AIGC xmlns=\"{tc260}\">v</AIGC></rdf:Description>"),
        "<TC260:AIGC>v</TC260:AIGC>".to_owned(),
    ] {
        assert_eq!(pairs(&read(packet(&inside).as_bytes())), [("TC260:AIGC", "v")], "{inside}");
    }
    let near = "<rdf:Description xmlns:TC261=\"urn:x\" TC261:AIGC=\"v\"/>";
    assert_eq!(pairs(&read(packet(near).as_bytes())), [("TC261:AIGC", "v")]);
}

#[test]
fn every_unicode_form_is_read() {
    let text = described("dc:format=\"é 一 😀\"", "");
    let wide = |big: bool| -> Vec<u8> {
        text.encode_utf16().flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
    };
    let long = |big: bool| -> Vec<u8> {
        text.chars().map(u32::from).flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
    };
    let marked: Vec<u8> = [b"\xFF\xFE".to_vec(), wide(false), vec![0; 40]].concat();
    for bytes in [text.clone().into_bytes(), wide(true), wide(false), long(true), long(false), marked] {
        let facts = read(&bytes);
        assert_eq!(pairs(&facts), [("dc:format", "é 一 😀")]);
        assert_eq!(facts.problems, []);
    }
    let latin = text.replace(['一', '😀'], "").into_bytes();
    let latin: Vec<u8> =
        String::from_utf8(latin).unwrap().chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).collect();
    assert_eq!(pairs(&read(&latin)), [("dc:format", "é  ")]);
}

#[test]
fn entities_are_never_expanded() {
    let bomb = format!(
        "<!DOCTYPE x [<!ENTITY a \"{}\"><!ENTITY b \"&a;&a;\">]>{}",
        "z".repeat(100),
        described("dc:format=\"&b;&amp;&#65;&#x42;& c\"", "<dc:source>&b;&lt;&#65;</dc:source>")
    );
    let facts = read(bomb.as_bytes());
    assert_eq!(pairs(&facts), [("dc:format", "&b;&AB& c"), ("dc:source", "&b;<A")]);
}

#[test]
fn padding_is_fine_and_no_rdf_is_harmless() {
    let mut text = described("dc:format=\"v\"", "").into_bytes();
    text.extend([b' '; 100]);
    text.extend([0; 100]);
    assert_eq!(read(&text).problems, []);
    assert_eq!(read(&[0; 64]), Facts::default());
    assert_eq!(read(b""), Facts::default());
    assert!(!read(b"<svg/>").problems[0].blocking);
    assert!(read(b"{\"AIGC\": 1}").problems.iter().all(|p| !p.blocking));
}

#[test]
fn every_cut_is_told_and_keeps_what_was_read() {
    let text = described("dc:format=\"v\"", "<dc:source>text</dc:source><dc:title>cut here</dc:title>");
    let end = text.find("</x:xmpmeta>").unwrap() + "</x:xmpmeta>".len();
    let start = text.find("<x:xmpmeta").unwrap();
    for len in 0..text.len() {
        let Some(cut) = text.as_bytes().get(..len) else { continue };
        let facts = read(cut);
        let told = facts.problems.iter().any(|p| p.blocking);
        assert!(told || len <= start || len >= end, "{len}: {:?}", facts.problems);
        if len > text.find("cut here").unwrap() {
            assert!(pairs(&facts).contains(&("dc:source", "text")));
        }
    }
}

#[test]
fn mismatched_tags_do_not_end_the_reading() {
    let facts = read(described("", "<dc:a>1</dc:b></dc:a><dc:c>2</dc:c>").as_bytes());
    assert_eq!(pairs(&facts), [("dc:a", "1"), ("dc:c", "2")]);
    assert!(facts.problems.iter().any(|p| p.blocking && p.what.starts_with("xmp: ")));
}

#[test]
fn nesting_is_bounded() {
    let deep = "<dc:a>".repeat(10_000);
    let facts = read(described("", &deep).as_bytes());
    assert!(facts.problems.iter().any(|p| p.kind == ProblemKind::Limit && p.blocking));
}

#[test]
fn base64_labels_are_unwrapped() {
    let facts = read(described("xmlns:v=\"urn:v\" v:XmpKvBase64=\"eyJBSUdDIjp7fX0=\"", "").as_bytes());
    assert_eq!(pairs(&facts)[1], ("v:XmpKvBase64/decoded", "{\"AIGC\":{}}"));
}

#[test]
fn any_byte_may_change() {
    let text = described("dc:format=\"v&amp;\"", "<dc:source><rdf:Bag><rdf:li>t&#65;</rdf:li></rdf:Bag></dc:source>");
    for index in 0..text.len() {
        for value in [0, b'<', b'>', b'&', b';', b'"', b'\'', b'/', b'?', b'!', b'[', 0xFF, b' ', b':'] {
            let mut changed = text.clone().into_bytes();
            changed[index] = value;
            read(&changed);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_value_comes_back(value in "[a-zA-Z0-9&<>\"' {}:,\u{e9}\u{4e00}]{0,40}") {
        let escaped = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        let attribute = read(described(&format!("dc:format=\"{escaped}\""), "").as_bytes());
        prop_assert_eq!(pairs(&attribute), [("dc:format", value.as_str())]);
        let element = read(described("", &format!("<dc:format>{escaped}</dc:format>")).as_bytes());
        prop_assert_eq!(pairs(&element), [("dc:format", value.trim())]);
        prop_assert_eq!(element.problems, []);
    }

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        read(&bytes);
    }
}
