//! x
use crate::Provider;
/// x
pub fn check_provider(_: &Provider) {}
