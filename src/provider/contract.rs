//! What a provider wants to hear, and when.

use std::{borrow::Cow, time::Duration};

use super::{Provider, Retries, Thanks};

/// The same for every request of one provider.
#[derive(Clone, Debug)]
pub(crate) struct Contract {
    pub(crate) provider: Cow<'static, str>,
    pub(crate) success: u16,
    pub(crate) again: Option<u16>,
    pub(crate) thanks: Thanks,
    pub(crate) deadline: Duration,
    /// Whether it is sent again, and what it says identifies it: what a receiver was told may need that.
    pub(crate) retries: bool,
    pub(crate) identified: bool,
}

impl Contract {
    pub(crate) fn of(provider: &Provider) -> Self {
        Self {
            provider: Cow::Borrowed(provider.name),
            success: provider.success,
            again: provider.again,
            thanks: provider.thanks,
            deadline: provider.deadline,
            retries: provider.retries != Retries::Never,
            identified: !provider.envelope.identity.is_empty(),
        }
    }

    /// For what nobody waits for: whoever redrives it may do so again, and it bears its key.
    pub(crate) fn of_record(provider: Cow<'static, str>) -> Self {
        let deadline = Duration::from_secs(5);
        Self { provider, success: 200, again: None, thanks: Thanks::Nothing, deadline, retries: true, identified: true }
    }
}
