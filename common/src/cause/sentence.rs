//! Makes the sentence of a report: the template of its cause, with the details filled in.

use super::{Details, Report};
use crate::event::Text;
use std::borrow::Cow;

impl Report<'_> {
    /// The sentence for users, with the details filled in.
    #[must_use]
    pub fn sentence(&self) -> Cow<'_, str> {
        match &self.text {
            Some(text) => Cow::Borrowed(text),
            None => self.fill_in(self.cause.row().sentence),
        }
    }

    /// The sentence for users of LanTalk's clients, with the details filled in.
    #[must_use]
    pub fn lantalk_sentence(&self) -> Cow<'_, str> {
        match self.cause.row().lantalk {
            "" => self.sentence(),
            own => self.fill_in(own),
        }
    }

    fn fill_in(&self, template: &'static str) -> Cow<'_, str> {
        if !template.contains('{') {
            return Cow::Borrowed(template);
        }
        let Details { user, by, room, seconds, count, retry_ms, word, hint, .. } = &*self.about;
        let mut out = String::with_capacity(template.len() + 32);
        let mut rest = template;
        while let Some((before, behind)) = rest.split_once('{') {
            let (field, after) = behind.split_once('}').unwrap_or((behind, ""));
            out.push_str(before);
            let text = |text: &Option<Text<'_>>| text.as_deref().unwrap_or_default().to_owned();
            let number = |number: &Option<u64>| number.map_or(String::new(), |number| number.to_string());
            out.push_str(&match field {
                "user" => text(user),
                "by" => text(by),
                "time" => seconds.map_or(String::new(), |seconds| format!(" for {}", time_span(seconds))),
                "room" => text(room),
                "word" => text(word),
                "hint" => super::names::hint(hint.as_deref()),
                "seconds" => number(seconds),
                "count" => number(count),
                "retry_ms" => number(retry_ms),
                _ => if *count == Some(1) { "" } else { "s" }.to_owned(),
            });
            rest = after;
        }
        out.push_str(rest);
        Cow::Owned(out)
    }
}

/// A time span for users: the largest unit of which it has a whole number.
pub(crate) fn time_span(seconds: u64) -> String {
    match seconds {
        s if s > 0 && s.is_multiple_of(86_400) => format!("{} d", s / 86_400),
        s if s > 0 && s.is_multiple_of(3_600) => format!("{} h", s / 3_600),
        s if s > 0 && s.is_multiple_of(60) => format!("{} min", s / 60),
        s => format!("{s} s"),
    }
}
