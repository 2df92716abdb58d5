//! Reads the label of an object that cannot be read as a whole, so that its refusal can carry the label.

use crate::limits::LABEL_BYTES;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// Reads only the label of a line that is no valid object, for the answer.
#[must_use]
pub(super) fn label_in(line: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct OnlyLabel {
        label: String,
    }
    let found: OnlyLabel = serde_json::from_str(line).ok()?;
    Some(found.label).filter(|label| label.len() <= LABEL_BYTES)
}

/// The label in the beginning of an object that is too long to be read: the only field of the object of that name.
#[must_use]
pub fn label_in_beginning(beginning: &[u8]) -> Option<String> {
    let mut labels = Vec::new();
    let read = serde_json::Deserializer::from_slice(beginning).deserialize_map(Labels(&mut labels));
    // Anything but an end that is missing makes it no object.
    let is_cut = read.is_err_and(|error| error.is_eof());
    let label = labels.pop().filter(|_| is_cut && labels.is_empty())?;
    (label.len() <= LABEL_BYTES).then_some(label)
}

/// Reads an object, and takes its labels out as far as it goes.
struct Labels<'l>(&'l mut Vec<String>);

impl<'de> Visitor<'de> for Labels<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(field) = map.next_key::<String>()? {
            if field == "label" {
                self.0.push(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}
