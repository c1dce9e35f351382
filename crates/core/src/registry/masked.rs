//! A record as it is shown to whoever has no right to the personal data in it.

use super::CertificateRecord;
use crate::codes::{CitizenId, CreditCode, mask_code, mask_name};

impl CertificateRecord {
    /// The record with the holder masked, and with the number where it is the holder's code. The name
    /// of an organisation is public; that of a person is not.
    #[must_use]
    pub fn masked(mut self) -> Self {
        let code = self.holder_code.as_deref();
        let organisation = code.is_some_and(|code| CreditCode::parse(code).is_ok());
        let number_is_personal =
            !organisation && (code == Some(&*self.number) || CitizenId::parse(&self.number).is_ok());
        if number_is_personal {
            self.number = mask_code(&self.number);
        }
        if !organisation {
            self.holder_name = mask_name(&self.holder_name);
        }
        self.holder_code = self.holder_code.as_deref().map(mask_code);
        self
    }
}
