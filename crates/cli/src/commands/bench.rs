use crate::output::{Failure, Outcome};
pub(super) fn run(_args: &crate::args::Bench) -> Result<Outcome, Failure> {
    Ok(Outcome::Done)
}
