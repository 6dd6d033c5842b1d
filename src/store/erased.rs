/// x
#[derive(Debug)]
pub struct BoxStore;
