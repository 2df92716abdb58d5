//! A predecessor's JSON document, read piece by piece: only what is imported is kept, and a bounded number of it.
//!
//! A tree of all values would take up to seventy times the bytes of the file: `[[],[],…]`. Here a value that is not
//! imported costs nothing, and one that is costs its own text.

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Entries of one list; no predecessor had so many users or banned addresses.
const MOST_ENTRIES: usize = 100_000;

/// What a document turned out to be.
#[derive(Debug)]
pub(super) enum Document {
    /// LanTalk's banned addresses: a list that is empty, or has a text in it.
    LanTalk(Vec<AddressEntry>),
    /// Chat77's users, and how many connections it has noted.
    Chat77(Vec<ImportedUser>, usize),
    /// A file of this server's own, by name.
    Own(&'static str),
    /// Nothing that is known.
    Unknown,
}

/// One entry of a list of addresses.
#[derive(Debug)]
pub(super) enum AddressEntry {
    /// A text.
    Text(String),
    /// Something else, as it is shown.
    Other(String),
}

/// A user as Chat77 had it. A field that is missing or no text is empty.
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

/// Visits what is of no interest: a number, a text, null.
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
        let (mut users, mut connections, mut own, mut has_version) = (None, None, None, false);
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
                Document::Chat77(users.unwrap_or_default(), connections.map_or(0, |Count(n)| n))
            }
        })
    }
}

/// The elements of a list, which are not too many.
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

/// What is made of a list's elements; `None` if it is no list.
struct List<T>(Option<T>);

/// How many elements a list has.
struct Count(usize);

trait OfList: Sized {
    fn read<'de, A: SeqAccess<'de>>(list: A) -> Result<Self, A::Error>;
}

impl OfList for Vec<ImportedUser> {
    fn read<'de, A: SeqAccess<'de>>(list: A) -> Result<Self, A::Error> {
        bounded(list)
    }
}

impl OfList for Count {
    fn read<'de, A: SeqAccess<'de>>(list: A) -> Result<Self, A::Error> {
        ignore_rest(list).map(Count)
    }
}

impl<'de, T: OfList> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<List<T>, D::Error> {
        struct ListVisitor<T>(std::marker::PhantomData<T>);
        impl<'de, T: OfList> Visitor<'de> for ListVisitor<T> {
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
