//! A JSON object of the server, printed with its fields in the same order and all text cleaned.

use landline_common::clean::{clean, clean_message};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use std::fmt;

/// A JSON object that keeps the order of its fields.
#[derive(Debug)]
pub(super) struct OrderedObject(Vec<(String, Value)>);

impl OrderedObject {
    /// Parses a line and cleans its text. Returns `None` if it is no JSON object.
    pub(super) fn parse(line: &str) -> Option<OrderedObject> {
        let OrderedObject(mut fields) = serde_json::from_str(line).ok()?;
        for (name, value) in &mut fields {
            *name = clean(name).into_owned();
            match value {
                // A message may have several lines. JSON escapes their ends, so the object stays on one line.
                Value::String(text) if name == "text" => *text = clean_message(text).into_owned(),
                value => clean_all(value),
            }
        }
        Some(OrderedObject(fields))
    }
}

impl OrderedObject {
    /// Sets a field of this program at the end. A field of that name is removed, since a server must not write it.
    pub(super) fn set(&mut self, name: &str, value: Value) {
        self.0.retain(|(field, _)| !field.eq_ignore_ascii_case(name));
        self.0.push((name.to_owned(), value));
    }

    /// Removes a label that this program created, since the reading program does not know it. Returns `None` for a mere
    /// confirmation (`ok`) with such a label.
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

/// Cleans all strings in a value. The JSON parser limits the depth of the recursion.
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
    fn a_field_of_this_program_replaces_those_of_the_server() {
        let mut object = OrderedObject::parse(r#"{"tls":true,"type":"auth_ok","TLS":1}"#).unwrap();
        object.set("tls", false.into());
        assert_eq!(object.to_string(), r#"{"type":"auth_ok","tls":false}"#);
    }

    #[test]
    fn fields_keep_their_order_and_text_is_cleaned() {
        let line = r#"{"type":"x","b":["a\u001b[2J",1],"a":{"n":"\u202ez"},"id":9007199254740991}"#;
        let clean = r#"{"type":"x","b":["a",1],"a":{"n":"z"},"id":9007199254740991}"#;
        assert_eq!(OrderedObject::parse(line).unwrap().to_string(), clean);
    }

    #[test]
    fn a9_only_the_field_text_keeps_line_ends() {
        let line = r#"{"type":"message","user":"a\nb","text":"if x:\r\n\treturn\u2028y"}"#;
        let clean = r#"{"type":"message","user":"a b","text":"if x:\n    return\ny"}"#;
        assert_eq!(OrderedObject::parse(line).unwrap().to_string(), clean);
    }

    #[test]
    fn other_text_is_no_object() {
        for line in ["", "[1]", "\"text\"", "{\"a\":1", "hello"] {
            assert!(OrderedObject::parse(line).is_none(), "{line}");
        }
    }
}
