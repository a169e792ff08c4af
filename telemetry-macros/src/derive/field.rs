//! The attribute of a field, for both derives: `rename = ".."`, `skip`, `debug`, `display`, and `measurement` where a
//! field may be one.

use syn::{Attribute, LitStr};

use crate::args::Format;
use crate::ctxt::{Ctxt, did_you_mean};

/// Whether a field may be a measurement.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Measurement {
    /// It may.
    Allowed,
    /// It may not; the text is the reason.
    Refused(&'static str),
    /// The derive knows no measurements.
    Unknown,
}

/// What the attributes of one field ask for.
pub(super) struct FieldOptions {
    pub(super) rename: Option<LitStr>,
    pub(super) format: Format,
    pub(super) skip: bool,
    pub(super) is_measurement: bool,
}

impl FieldOptions {
    /// Parses those of the attributes that have one of these names.
    pub(super) fn parse(
        attrs: &[Attribute],
        names: &[&str],
        measurement: Measurement,
        cx: &mut Ctxt,
    ) -> Self {
        let mut options =
            Self { rename: None, format: Format::Serialize, skip: false, is_measurement: false };
        for attr in attrs.iter().filter(|attr| names.iter().any(|name| attr.path().is_ident(name))) {
            options.attribute(attr, measurement, cx);
        }
        options
    }

    fn attribute(&mut self, attr: &Attribute, measurement: Measurement, cx: &mut Ctxt) {
        let mut seen: Vec<String> = Vec::new();
        let result = attr.parse_nested_meta(|meta| {
            let word = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            if seen.contains(&word) {
                return Err(meta.error(format_args!("`{word}` is given twice")));
            }
            seen.push(word.clone());
            match (&*word, measurement) {
                ("rename", _) => self.rename = Some(meta.value()?.parse()?),
                ("skip", _) => self.skip = true,
                ("debug", _) => self.format = Format::Debug,
                ("display", _) => self.format = Format::Display,
                ("measurement", Measurement::Allowed) => self.is_measurement = true,
                ("measurement", Measurement::Refused(why)) => return Err(meta.error(why)),
                _ => return Err(meta.error(unknown(&word, measurement))),
            }
            Ok(())
        });
        if let Err(error) = result {
            cx.push(error);
            // The field is as good as not there: what else is wrong with it is not known.
            self.skip = true;
        } else if self.skip && seen.len() > 1 {
            cx.error(attr, "a skipped field takes no other option");
        }
        if self.is_measurement && self.format != Format::Serialize {
            cx.error(attr, "a measurement is a number, which has no text to record");
        }
    }
}

fn unknown(word: &str, measurement: Measurement) -> String {
    let known = ["measurement", "rename", "skip", "debug", "display"];
    let known = if measurement == Measurement::Unknown { &known[1..] } else { &known[..] };
    let near = did_you_mean(word, known.iter().copied());
    if !near.is_empty() {
        return format!("unknown option `{word}`{near}");
    }
    let first = if measurement == Measurement::Unknown { "" } else { "`measurement`, " };
    format!("unknown option `{word}`; a field takes {first}`rename = \"..\"`, `debug`, `display` or `skip`")
}
