//! Sessions of users whom an issuer of tokens has signed in: each is one call.

use super::{CallAccess, CallRequest, CallerHint, Files, FilesError, Subject};
use crate::domain::{AuditEntry, CallSettings, Caller, ErrorCode, Permission, Permissions, Phone, UserId, Verified};
use crate::policy::OpenCall;

/// A session of a user, as a token told it that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Who signed the user in.
    pub issuer: String,
    /// Who the user is there.
    pub subject: String,
    /// What tells one session of his from another; empty where nothing does.
    pub session: String,
    /// Who he is here.
    pub user: SessionUser,
    /// How sure the sign-in makes of that.
    pub verified: Verified,
}

/// By what a user of the directory is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionUser {
    /// The id.
    Id(UserId),
    /// The number.
    Number(Phone),
    /// The mail address, lower case.
    Mail(String),
}

impl SessionUser {
    /// Reads whichever of them a text is; `None` when it is none.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(user) = UserId::parse(text) {
            return Some(Self::Id(user));
        }
        if text.starts_with('+') {
            return Phone::parse(text).ok().map(Self::Number);
        }
        let (name, host) = text.split_once('@')?;
        (!name.is_empty() && !host.is_empty()).then(|| Self::Mail(text.to_lowercase()))
    }
}

impl CallAccess {
    /// The same call for whoever shows a token with these scopes: nothing that they do not hold may be done.
    #[must_use]
    pub fn within(mut self, scopes: &Permissions) -> Self {
        let permissions = self.record.permissions.within(scopes);
        self.without_scopes = Some(std::mem::replace(&mut self.record.permissions, permissions));
        self
    }

    /// Whether a token with this scope too would open more of the call.
    pub fn lacks_scope(&self, permission: Permission) -> bool {
        !self.record.permissions.has(permission) && self.without_scopes.as_ref().is_some_and(|all| all.has(permission))
    }
}

impl Files {
    /// The call of a session, opened on first contact and again when it is over; for the program in whose name its
    /// issuer acts.
    ///
    /// # Errors
    /// `Refused` when the user is not in the directory, or the program may not open calls; else when the catalog
    /// does not answer.
    pub async fn session_call(&self, subject: &Subject, session: &Session, is_test: bool) -> Result<CallAccess, FilesError> {
        let permit = self.permit_customer::<OpenCall>(subject).await?;
        let customer = subject.customer();
        let Some(caller) = self.session_caller(subject, &session.user).await? else {
            let reason = Some("a token of an issuer names nobody of the directory".to_owned());
            let entry = AuditEntry { reason, ..subject.allowed("open_call", "refused", &permit) };
            self.0.catalog.record(customer, &entry).await?;
            return Err(FilesError::Refused);
        };
        let id = self.0.secrets.session_name(customer, &[&session.issuer, &session.subject, &session.session]);
        let living = async || Ok::<_, FilesError>(self.0.catalog.call(customer, &id).await?.filter(|record| record.is_alive(self.now())));
        let hint = CallerHint::from(&caller);
        let record = match living().await? {
            Some(record) if record.caller == caller => Some(record),
            Some(_) => {
                self.change_call(subject, &id, Some(&hint), Some(session.verified), None).await?;
                living().await?
            }
            None => {
                let request = CallRequest {
                    caller: hint,
                    external_id: Some(id.clone()),
                    permissions: None,
                    verified: session.verified,
                    settings: CallSettings::default(),
                };
                match self.reopen_call(subject, &request).await {
                    // Another request of the same session was faster. Its call may not be committed yet; once the record
                    // of this one is, it can be read.
                    Err(error) if error.code() == ErrorCode::Conflict => {
                        self.0.catalog.record(customer, &subject.entry("open_call", "already")).await?;
                    }
                    opened => drop(opened?),
                }
                living().await?
            }
        };
        record.map(|record| CallAccess::of(record, is_test)).ok_or(FilesError::NotFound)
    }

    /// Who a user is here; a number that nobody or more than one has is a guest's.
    async fn session_caller(&self, subject: &Subject, user: &SessionUser) -> Result<Option<Caller>, FilesError> {
        let customer = subject.customer();
        match user {
            SessionUser::Id(user) => match self.caller_of(customer, &CallerHint::User(*user)).await {
                Ok(caller) => Ok(Some(caller)),
                Err(FilesError::Invalid { .. }) => Ok(None),
                Err(error) => Err(error),
            },
            SessionUser::Number(number) => self.caller_of(customer, &CallerHint::Number(number.clone())).await.map(Some),
            SessionUser::Mail(mail) => Ok(self.0.catalog.user_by_mail(customer, mail).await?.map(Caller::User)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_told_by_id_number_or_mail() {
        assert!(matches!(SessionUser::parse("user_01h455vb4pex5vsknk084sn02q"), Some(SessionUser::Id(_))));
        assert!(matches!(SessionUser::parse("+15550100100"), Some(SessionUser::Number(_))));
        assert_eq!(SessionUser::parse("Amira@Example.com"), Some(SessionUser::Mail("amira@example.com".to_owned())));
        for text in ["", "amira", "@example.com", "amira@", "+1", "contact_01h455vb4pex5vsknk084sn02q", "00491234567"] {
            assert_eq!(SessionUser::parse(text), None, "{text}");
        }
    }
}
