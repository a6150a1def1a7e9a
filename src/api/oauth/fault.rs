//! Why a token of an issuer opens nothing. Whoever shows it is told none of this; the log is.

/// What is wrong with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum TokenFault {
    /// It is no signed token: three parts of base64url, of which the first two are objects.
    #[error("it is no signed token")]
    Shape,
    /// It is a token for something else, such as an identity.
    #[error("its type is not that of an access token")]
    Type,
    /// It says that something of it must be understood that is not.
    #[error("it has a critical extension")]
    Critical,
    /// Its algorithm is not one that its issuer signs with.
    #[error("its algorithm is not one of its issuer")]
    Algorithm,
    /// Nobody set its issuer.
    #[error("its issuer is not set")]
    Issuer,
    /// Its issuer has no such key.
    #[error("its issuer has no key of that name and kind")]
    Key,
    /// It is not what was signed.
    #[error("its signature does not hold")]
    Signature,
    /// Its time is over.
    #[error("it has expired")]
    Expired,
    /// Its time has not come.
    #[error("it is not valid yet")]
    Early,
    /// It is for another server.
    #[error("it is for another audience")]
    Audience,
    /// It may be shown only by whoever also proves to have a key, which is not asked for here.
    #[error("it is bound to a key of its client")]
    Bound,
    /// A claim that is needed is missing, or is not of the kind it must be.
    #[error("a claim is missing or cannot be read")]
    Claim,
    /// It is of nobody for whom a customer is set.
    #[error("no customer is set for it")]
    Customer,
}
