//! Images, audio, video and documents, which are in a message, elsewhere, or kept by the provider.

use serde_json::Value as Json;

use crate::json::{at, text, word};
use crate::message::Part;

/// Where a part holds its source, beside itself.
const SOURCES: &[&str] = &[
    "source",
    "file",
    "image_url",
    "input_audio",
    "audio_url",
    "video_url",
    "document_url",
    "image",
    "audio",
    "video",
    "document",
    "data",
    "url",
];

/// Reads a part of a kind such as `image_url`, `document` or `inlineData`.
pub(crate) fn read(value: &Json, kind: &str) -> Option<Part> {
    let mime_type = text(value, &["mime_type", "media_type", "content_type", "format"]);
    let stated = text(value, &["modality"]);
    let about = About { kind, stated, mime_type };
    about.source(value, 3).or_else(|| {
        let mut held = SOURCES.iter().filter_map(|key| at(value, key));
        held.find_map(|source| about.source(source, 3))
    })
}

/// Reads a picture that stands in a list of pictures: an address, base64, or a part.
pub(crate) fn of_picture(picture: &Json) -> Option<Part> {
    About { kind: "image", stated: None, mime_type: None }.source(picture, 3)
}

/// A source that is a text, or a list of texts.
fn written(source: &Json) -> Option<String> {
    if let Some(written) = text(source, &["text"]) {
        return Some(written.to_owned());
    }
    let texts: Vec<_> =
        at(source, "content")?.as_array()?.iter().filter_map(|item| text(item, &["text"])).collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

/// What is known of it before its source is read.
#[derive(Clone, Copy)]
struct About<'a> {
    kind: &'a str,
    stated: Option<&'a str>,
    mime_type: Option<&'a str>,
}

impl<'a> About<'a> {
    fn source(self, source: &'a Json, depth: u8) -> Option<Part> {
        let depth = depth.checked_sub(1)?;
        if let Json::String(address) = source {
            return Some(self.address(address));
        }
        if !source.is_object() {
            return None;
        }
        let mime_type =
            text(source, &["mime_type", "media_type", "content_type", "format"]).or(self.mime_type);
        let about = Self { mime_type, ..self };
        // A tagged source: Anthropic's, rig's.
        match at(source, "type").and_then(Json::as_str).map(word).as_deref() {
            Some("text") => return text(source, &["data", "text"]).map(Part::text),
            Some("url") => return text(source, &["url", "value"]).map(|url| about.link(url)),
            Some("base64") => return text(source, &["data", "value"]).map(|data| about.blob(data)),
            Some("fileid" | "file") if at(source, "value").is_some() => {
                return text(source, &["value"]).map(|id| about.file(id));
            }
            _ => {}
        }
        let address = text(
            source,
            &["uri", "url", "file_uri", "file_url", "image_url", "Url", "s3_location.uri", "image_url.url"],
        );
        if let Some(address) = address {
            return Some(about.link(address));
        }
        if let Some(id) = text(source, &["file_id", "image_file.file_id"]) {
            return Some(about.file(id));
        }
        let data = text(source, &["data", "bytes", "file_data", "base64", "content"]);
        if let Some(data) = data {
            return Some(about.address(data));
        }
        // Bedrock's documents that are text.
        if let Some(written) = written(source) {
            return Some(Part::text(written));
        }
        let nested = ["source", "image_url", "file"].iter().find_map(|key| at(source, key))?;
        about.source(nested, depth)
    }

    /// A text that is an address, or the thing itself.
    fn address(self, address: &str) -> Part {
        if address.starts_with("data:")
            || address.get(..64.min(address.len())).is_some_and(|head| head.contains("://"))
        {
            self.link(address)
        } else {
            self.blob(address)
        }
    }

    fn link(self, uri: &str) -> Part {
        // A picture written out in its own address.
        if let Some((head, data)) = uri.strip_prefix("data:").and_then(|rest| rest.split_once(',')) {
            let mime_type = head.split(';').next().filter(|mime_type| !mime_type.is_empty());
            let about = About { mime_type: mime_type.or(self.mime_type), ..self };
            return about.blob(data);
        }
        let (modality, mime_type) = self.named();
        Part::Uri { modality, mime_type, uri: uri.to_owned() }
    }

    fn blob(self, data: &str) -> Part {
        let (modality, mime_type) = self.named();
        Part::Blob { modality, mime_type, content: data.to_owned() }
    }

    fn file(self, id: &str) -> Part {
        let (modality, mime_type) = self.named();
        Part::File { modality, mime_type, file_id: id.to_owned() }
    }

    /// What it is, and its media type in full.
    fn named(self) -> (String, Option<String>) {
        const WHAT: [&str; 4] = ["image", "audio", "video", "document"];
        let kind = word(self.kind);
        let of_kind = WHAT.into_iter().find(|what| kind.contains(what));
        let of_type = self.mime_type.and_then(|mime_type| match mime_type.split('/').next() {
            Some("text" | "application") => Some("document"),
            what => WHAT.into_iter().find(|known| what == Some(*known)),
        });
        let modality = self.stated.or(of_kind).or(of_type).unwrap_or(match &*kind {
            "blob" | "uri" => "image",
            _ => "document",
        });
        let whole = |mime_type: &str| match mime_type.contains('/') {
            true => mime_type.to_owned(),
            // A format, such as `png`.
            false if modality == "document" => format!("application/{}", mime_type.to_ascii_lowercase()),
            false => format!("{modality}/{}", mime_type.to_ascii_lowercase()),
        };
        (modality.to_owned(), self.mime_type.map(whole))
    }
}
