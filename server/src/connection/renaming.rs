//! The command `/nick` of a signed-in guest: claims the name as a sign-in does, and counts as one.

use super::authenticate::claim_name;
use super::dispatch::Dispatcher;
use crate::door::AuthResult;
use landline_common::{Cause, Report, UserName};
use std::time::Instant;

impl Dispatcher<'_> {
    /// Gives the guest another name. The holder of a name is not probed: this client has one, and need not wait.
    ///
    /// # Errors
    /// The name cannot be had, or the user may not take another one.
    pub(super) fn rename(&mut self, name: &str) -> Result<(), Report<'static>> {
        self.session.check_rename()?;
        let name = UserName::parse(name).map_err(|why| Report::from_user_name_error(why, name))?;
        if name.key() == self.user.name.key() {
            return Err(Cause::NameYours.with_user(self.user.name.to_string()));
        }
        let context = self.passwords.context;
        let attempt =
            self.passwords.start_throttled(&context.sign_ins, Cause::AddressSignIns).map_err(AuthResult::report)?;
        attempt.count(Instant::now());
        let reservation = claim_name(context, name, self.user.name_holder(), |name| context.hub.reserve(name))
            .map_err(AuthResult::report)?;
        self.session.rename(reservation)?;
        self.record.rename(&self.user, self.session.user());
        self.user = self.session.user().clone();
        Ok(())
    }
}
