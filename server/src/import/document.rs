//! Parses a predecessor's JSON document into what is imported from it, with bounded memory.
//!
//! A tree of all JSON values could take seventy times the bytes of the file, as for `[[],[],…]`. So the document is parsed
//! by visitors: they skip values that are not imported, and copy the text of others.

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Most entries of one list. No predecessor has so many users or banned addresses.
const MOST_ENTRIES: usize = 100_000;

/// The content of a document.
#[derive(Debug)]
pub(super) enum Document {
    /// LanTalk's banned addresses: a list that is empty or has a string in it.
    LanTalk(Vec<AddressEntry>),
    /// Chat77's users, and the number of connections that it has recorded.
    Chat77 { users: Vec<ImportedUser>, connections: usize },
    /// A file of this server, by its name without `.json`.
    Own(&'static str),
    /// Any other document.
    Unknown,
}

/// One entry of a list of addresses.
#[derive(Debug)]
pub(super) enum AddressEntry {
    /// A string.
    Text(String),
    /// Another value, as it is shown.
    Other(String),
}

/// A user of Chat77, with its names of the fields. A field that is missing or not a string is empty.
#[derive(Debug, Default)]
pub(super) struct ImportedUser {
    pub aliase: String,
    pub password: String,
    pub created_at: String,
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Document, D::Error> {
        deserializer.deserialize_any(DocumentVisitor)
    }
}

/// Defines the visits of booleans, numbers and null. `$value` makes the result from the value as text.
macro_rules! visit_scalars {
    ($value:expr) => {
        fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
            Ok($value(value.to_string()))
        }
        fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
            Ok($value(value.to_string()))
        }
        fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
            Ok($value(value.to_string()))
        }
        fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
            Ok($value(value.to_string()))
        }
        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok($value("null".to_owned()))
        }
    };
}

/// Skips the rest of a list. Returns the number of its elements.
fn ignore_rest<'de, A: SeqAccess<'de>>(mut list: A) -> Result<usize, A::Error> {
    let mut count = 0;
    while list.next_element::<IgnoredAny>()?.is_some() {
        count += 1;
    }
    Ok(count)
}

fn ignore_fields<'de, A: MapAccess<'de>>(mut fields: A) -> Result<(), A::Error> {
    while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

struct DocumentVisitor;

impl<'de> Visitor<'de> for DocumentVisitor {
    type Value = Document;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a document")
    }

    visit_scalars!(|_| Document::Unknown);

    fn visit_str<E: Error>(self, _: &str) -> Result<Document, E> {
        Ok(Document::Unknown)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Document, A::Error> {
        let entries: Vec<AddressEntry> = bounded(list)?;
        let is_known = entries.is_empty() || entries.iter().any(|entry| matches!(entry, AddressEntry::Text(_)));
        Ok(if is_known { Document::LanTalk(entries) } else { Document::Unknown })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Document, A::Error> {
        let mut users = None;
        let mut connections = None;
        let mut own = None;
        let mut has_version = false;
        while let Some(name) = fields.next_key::<String>()? {
            match name.as_str() {
                "users" => users = fields.next_value::<List<Vec<ImportedUser>>>()?.0,
                "connections" => connections = fields.next_value::<List<Count>>()?.0,
                "version" => has_version = fields.next_value::<IgnoredAny>().is_ok(),
                "accounts" => own = fields.next_value::<IgnoredAny>().map(|_| Some("accounts"))?,
                "bans" => own = fields.next_value::<IgnoredAny>().map(|_| own.or(Some("bans")))?,
                _ => _ = fields.next_value::<IgnoredAny>()?,
            }
        }
        Ok(match (own.filter(|_| has_version), users, connections) {
            (Some(own), ..) => Document::Own(own),
            (None, None, None) => Document::Unknown,
            (None, users, connections) => {
                Document::Chat77 { users: users.unwrap_or_default(), connections: connections.map_or(0, |Count(n)| n) }
            }
        })
    }
}

/// Returns the elements of a list, or an error if there are too many.
fn bounded<'de, A: SeqAccess<'de>, T: Deserialize<'de>>(mut list: A) -> Result<Vec<T>, A::Error> {
    let mut elements = Vec::new();
    while let Some(element) = list.next_element()? {
        if elements.len() == MOST_ENTRIES {
            return Err(A::Error::custom(format_args!("a list has more than {MOST_ENTRIES} entries")));
        }
        elements.push(element);
    }
    Ok(elements)
}

/// The result of visiting a list; `None` if the value is not a list.
struct List<T>(Option<T>);

/// The number of elements of a list.
struct Count(usize);

/// A type that is made from a list.
trait FromList: Sized {
    fn read<'de, A: SeqAccess<'de>>(list: A) -> Result<Self, A::Error>;
}

impl FromList for Vec<ImportedUser> {
    fn read<'de, A: SeqAccess<'de>>(list: A) -> Result<Self, A::Error> {
        bounded(list)
    }
}

impl FromList for Count {
    fn read<'de, A: SeqAccess<'de>>(list: A) -> Result<Self, A::Error> {
        ignore_rest(list).map(Count)
    }
}

impl<'de, T: FromList> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<List<T>, D::Error> {
        struct ListVisitor<T>(std::marker::PhantomData<T>);
        impl<'de, T: FromList> Visitor<'de> for ListVisitor<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            visit_scalars!(|_| List(None));

            fn visit_str<E: Error>(self, _: &str) -> Result<List<T>, E> {
                Ok(List(None))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<List<T>, A::Error> {
                T::read(list).map(|list| List(Some(list)))
            }

            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<List<T>, A::Error> {
                ignore_fields(fields).map(|()| List(None))
            }
        }
        deserializer.deserialize_any(ListVisitor(std::marker::PhantomData))
    }
}

impl<'de> Deserialize<'de> for AddressEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<AddressEntry, D::Error> {
        struct EntryVisitor;
        impl<'de> Visitor<'de> for EntryVisitor {
            type Value = AddressEntry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an entry")
            }

            visit_scalars!(AddressEntry::Other);

            fn visit_str<E: Error>(self, text: &str) -> Result<AddressEntry, E> {
                Ok(AddressEntry::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<AddressEntry, A::Error> {
                ignore_rest(list).map(|_| AddressEntry::Other("a list".to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<AddressEntry, A::Error> {
                ignore_fields(fields).map(|()| AddressEntry::Other("an object".to_owned()))
            }
        }
        deserializer.deserialize_any(EntryVisitor)
    }
}

impl<'de> Deserialize<'de> for ImportedUser {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ImportedUser, D::Error> {
        struct UserVisitor;
        impl<'de> Visitor<'de> for UserVisitor {
            type Value = ImportedUser;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a user")
            }

            visit_scalars!(|_| ImportedUser::default());

            fn visit_str<E: Error>(self, _: &str) -> Result<ImportedUser, E> {
                Ok(ImportedUser::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<ImportedUser, A::Error> {
                ignore_rest(list).map(|_| ImportedUser::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<ImportedUser, A::Error> {
                let mut user = ImportedUser::default();
                while let Some(name) = fields.next_key::<String>()? {
                    let field = match name.as_str() {
                        "aliase" => &mut user.aliase,
                        "password" => &mut user.password,
                        "created_at" => &mut user.created_at,
                        _ => {
                            fields.next_value::<IgnoredAny>()?;
                            continue;
                        }
                    };
                    *field = match fields.next_value()? {
                        AddressEntry::Text(text) => text,
                        AddressEntry::Other(_) => String::new(),
                    };
                }
                Ok(user)
            }
        }
        deserializer.deserialize_any(UserVisitor)
    }
}
