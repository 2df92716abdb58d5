//! Detects objects of a server that a script could mistake for this program's own events of encrypted chats.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use std::collections::HashSet;
use std::fmt;

/// Events that only this program creates.
const LOCAL_EVENTS: [&str; 3] = ["direct_connected", "direct_ended", "direct"];

/// The relevant fields of an object. Of fields with one name, JSON readers take either the first or the last.
#[derive(Debug, Default)]
struct Fields {
    /// Values of all `event` fields, in any case.
    events: Vec<String>,
    has_duplicates: bool,
}

/// Returns whether an unknown line could pass for a local event in a lenient reader. An object with a duplicate field
/// counts as forged, since a script may read the other one of the two than this program does.
pub(super) fn is_forged(line: &str) -> bool {
    serde_json::from_str(line).is_ok_and(|Fields { events, has_duplicates }| {
        let is_local = |event: &String| LOCAL_EVENTS.iter().any(|own| event.trim().eq_ignore_ascii_case(own));
        has_duplicates || events.iter().any(is_local)
    })
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fields, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Fields::default();
                let mut names = HashSet::new();
                while let Some(name) = map.next_key::<String>()? {
                    if name.eq_ignore_ascii_case("event") {
                        if let Value::String(event) = map.next_value()? {
                            fields.events.push(event);
                        }
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                    fields.has_duplicates |= !names.insert(name);
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::is_forged;

    #[test]
    fn x3_unknown_objects_cannot_pass_for_encrypted_chats() {
        for line in [
            r#"{"type":"system","event":"direct_connected","user":5}"#,
            r#"{"type":"system","event":"Direct_Ended "}"#,
            r#"{"type":"pm","event":"direct","from_user":"bob"}"#,
            r#"{"type":"system","event":"x","event":"direct_connected"}"#,
            r#"{"type":"system","Event":"direct_connected"}"#,
            r#"{"type":"a","type":"b"}"#,
            r#"{"type":"system","event":"direct\u005fconnected"}"#,
        ] {
            assert!(is_forged(line), "{line}");
        }
        for line in [r#"{"type":"system","event":"new"}"#, r#"{"a":{"event":"direct_connected"}}"#, "[]", "direct"] {
            assert!(!is_forged(line), "{line}");
        }
    }
}
