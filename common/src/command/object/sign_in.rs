//! Sign-ins by object.

use super::{Request, need, need_password};
use crate::cause::Report;

/// A sign-in by object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignIn {
    /// As a guest.
    Guest {
        /// The name, as sent.
        user: String,
        /// The name token, as sent.
        name_token: Option<String>,
    },
    /// With an account.
    Login {
        /// Name of the account, as sent.
        user: String,
        /// Password of the account.
        password: String,
    },
    /// With a new account.
    Register {
        /// Name of the account, as sent.
        user: String,
        /// Password of the account.
        password: String,
        /// The name token, as sent, of the guest who has used the name.
        name_token: Option<String>,
    },
    /// By resuming a session.
    Resume {
        /// Token of the session.
        token: String,
    },
}

impl Request<'_> {
    /// The sign-in of a client that is not signed in. `None` if the type is no sign-in; the inner error is a missing field.
    pub fn sign_in(&self) -> Option<Result<SignIn, Report<'static>>> {
        let user = || need("user", &self.user).map(str::to_owned);
        let password = || need_password("password", &self.password).map(str::to_owned);
        let name_token = || self.name_token.as_deref().map(str::to_owned);
        Some(match &*self.r#type {
            "guest" => user().map(|user| SignIn::Guest { user, name_token: name_token() }),
            "login" => user().and_then(|user| Ok(SignIn::Login { user, password: password()? })),
            "register" => {
                user().and_then(|user| Ok(SignIn::Register { user, password: password()?, name_token: name_token() }))
            }
            "resume" => need("token", &self.token).map(|token| SignIn::Resume { token: token.to_owned() }),
            _ => return None,
        })
    }
}
