//! One JSON object as the server sent it, in the order of its fields, with every text clean.

use landline_common::clean::{clean, clean_message};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use std::fmt;

/// A JSON object whose fields stay in their order.
#[derive(Debug)]
pub(super) struct OrderedObject(Vec<(String, Value)>);

impl OrderedObject {
    /// Reads a line. `None` if it is no JSON object.
    pub(super) fn parse(line: &str) -> Option<OrderedObject> {
        let OrderedObject(mut fields) = serde_json::from_str(line).ok()?;
        for (name, value) in &mut fields {
            *name = clean(name).into_owned();
            match value {
                // A message may have several lines; in JSON they do not end the object's line.
                Value::String(text) if name == "text" => *text = clean_message(text).into_owned(),
                value => clean_all(value),
            }
        }
        Some(OrderedObject(fields))
    }
}

impl OrderedObject {
    /// The same without a label that no program gave, and without what only says that a command was done. `None` if
    /// nothing is left of it.
    pub(super) fn without_label(mut self, is_own: impl Fn(&str) -> bool) -> Option<OrderedObject> {
        let field = |name: &str| self.0.iter().find(|(field, _)| field == name).and_then(|(_, value)| value.as_str());
        if !field("label").is_some_and(is_own) {
            return Some(self);
        }
        if field("type") == Some("ok") {
            return None;
        }
        self.0.retain(|(field, _)| field != "label" && field != "done");
        Some(self)
    }
}

/// Nothing nests deeper than the reader of JSON allows.
fn clean_all(value: &mut Value) {
    match value {
        Value::String(text) => *text = clean(text).into_owned(),
        Value::Array(values) => values.iter_mut().for_each(clean_all),
        Value::Object(fields) => fields.values_mut().for_each(clean_all),
        _ => {}
    }
}

impl fmt::Display for OrderedObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl<'de> Deserialize<'de> for OrderedObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<OrderedObject, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = OrderedObject;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<OrderedObject, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(OrderedObject(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

impl Serialize for OrderedObject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stay_in_their_order_and_texts_are_clean() {
        let line = r#"{"type":"x","b":["a\u001b[2J",1],"a":{"n":"\u202ez"},"id":9007199254740991}"#;
        let clean = r#"{"type":"x","b":["a",1],"a":{"n":"z"},"id":9007199254740991}"#;
        assert_eq!(OrderedObject::parse(line).unwrap().to_string(), clean);
    }

    #[test]
    fn a9_only_a_text_has_lines() {
        let line = r#"{"type":"message","user":"a\nb","text":"if x:\r\n\treturn\u2028y"}"#;
        let clean = r#"{"type":"message","user":"a b","text":"if x:\n    return\ny"}"#;
        assert_eq!(OrderedObject::parse(line).unwrap().to_string(), clean);
    }

    #[test]
    fn what_is_no_object_is_nothing() {
        for line in ["", "[1]", "\"text\"", "{\"a\":1", "hello"] {
            assert!(OrderedObject::parse(line).is_none(), "{line}");
        }
    }
}
