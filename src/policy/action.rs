//! What can be asked for. Each action is a type, so that a permit for one cannot stand for another.

mod sealed {
    pub trait Sealed {}
}

/// An action as a type: `Permit<Share>` is not a `Permit<Delete>`. Implemented here only.
pub trait Action: sealed::Sealed {
    /// The same action as a value.
    const KIND: ActionKind;
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub struct $name;

            impl sealed::Sealed for $name {}

            impl Action for $name {
                const KIND: ActionKind = ActionKind::$name;
            }
        )*

        /// Every action the policies decide.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ActionKind {
            $($(#[$doc])* $name,)*
        }

        impl ActionKind {
            /// Every action, in the order of the matrix.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name policies and the audit use.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

actions! {
    /// Learn that a file exists, by name.
    Find = "find";
    /// Hear title, dates, size, summary.
    Describe = "describe";
    /// Hear passages of its text.
    Read = "read";
    /// Get its bytes.
    Download = "download";
    /// See what became of it.
    History = "history";
    /// Put a new file into the customer's store, or a new version in place of a file.
    Add = "add";
    /// Move, tag, rename.
    Organise = "organise";
    /// Remove it; holds and retention are checked by the use case.
    Delete = "delete";
    /// Give somebody a right to it.
    Share = "share";
    /// Take back anybody's share of it.
    Revoke = "revoke";
    /// Take back one's own share of it.
    TakeBack = "take_back";
    /// Make a spoken code for it.
    IssueCode = "issue_code";
    /// Let a quarantined file go.
    ReleaseQuarantine = "release_quarantine";
    /// Stop every removal of it, in whatever state it is, or no longer.
    Hold = "hold";
    /// See which files are held, and why.
    ListHolds = "list_holds";
    /// Take in objects where they lie, from locations that the operator lets the customer have.
    Adopt = "adopt";
    /// Read the customer's audit trail.
    ReadAudit = "read_audit";
    /// Add and change users, teams and contacts.
    ManagePeople = "manage_people";
    /// Add somebody outside to the directory, to share something with them.
    AddContact = "add_contact";
    /// Make and revoke API keys.
    ManageKeys = "manage_keys";
    /// Change the customer's own policies.
    ManagePolicies = "manage_policies";
    /// Open a call for a caller the platform has identified.
    OpenCall = "open_call";
}
