//! Objects of a server that programs could take for what this program tells of encrypted chats itself.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use std::collections::HashSet;
use std::fmt;

/// Events that only this program tells.
const OWN: [&str; 3] = ["direct_connected", "direct_ended", "direct"];

/// What matters of an object, with every field that has the same name: readers take one or the other.
#[derive(Debug, Default)]
struct Fields {
    events: Vec<String>,
    twice: bool,
}

/// Whether a line that is no event this version knows may be taken for one of these. Such an object also has no field
/// twice, since a reader that takes another one of the two than this program does would be deceived.
pub(super) fn is_forged(line: &str) -> bool {
    serde_json::from_str(line).is_ok_and(|Fields { events, twice }| {
        twice || events.iter().any(|event| OWN.iter().any(|own| event.trim().eq_ignore_ascii_case(own)))
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
                let (mut fields, mut names) = (Fields::default(), HashSet::new());
                while let Some(name) = map.next_key::<String>()? {
                    if name.eq_ignore_ascii_case("event") {
                        if let Value::String(event) = map.next_value()? {
                            fields.events.push(event);
                        }
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                    fields.twice |= !names.insert(name);
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
