//! The reference model: what two customers have, and who may know of it. Small on purpose.

/// Who is on the line, or the customer's program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Who {
    Program,
    Owner,
    Member,
    Colleague,
    Guest,
}

impl Who {
    pub const CALLERS: [Self; 4] = [Self::Owner, Self::Member, Self::Colleague, Self::Guest];

    /// The name in the directory; another one with each customer.
    pub const fn name(self, customer: usize) -> &'static str {
        match (self, customer) {
            (Self::Program, _) => "",
            (Self::Owner, 0) => "Amira Haddad",
            (Self::Member, 0) => "Nora Lind",
            (Self::Colleague, 0) => "Pavel Dusek",
            (Self::Guest, 0) => "Tomas Berg",
            (Self::Owner, _) => "Ines Carvalho",
            (Self::Member, _) => "Hugo Falk",
            (Self::Colleague, _) => "Leila Osman",
            (Self::Guest, _) => "Viktor Ozols",
        }
    }

    pub const fn role(self) -> &'static str {
        match self {
            Self::Program | Self::Owner => "owner",
            Self::Member | Self::Colleague => "member",
            Self::Guest => "guest",
        }
    }
}

/// Somebody outside, with each customer.
pub const OUTSIDE: [&str; 2] = ["Jonas Weber", "Maren Quist"];

/// What files are called; no word is like another, and no customer's like another's.
pub const TITLES: [&[&str]; 2] = [&["Zephyr", "Lantern", "Orchid", "Gumbo", "Walnut"], &["Kestrel", "Bamboo", "Tundra", "Velvet", "Oxbow"]];

/// Bytes of one version.
#[derive(Debug, Clone)]
pub struct Version {
    /// All of its text.
    pub text: String,
    /// A word that stands in it and nowhere else.
    pub secret: String,
    pub harmful: bool,
    /// Whether the scanner has seen it.
    pub judged: bool,
}

impl Version {
    pub const fn is_clean(&self) -> bool {
        self.judged && !self.harmful
    }
}

/// A file.
#[derive(Debug, Clone)]
pub struct File {
    pub id: String,
    pub title: String,
    pub owner: Who,
    pub versions: Vec<Version>,
    pub removed: bool,
    /// Who inside has it by a share, beside its owner.
    pub shared_with: Vec<Who>,
}

impl File {
    pub fn newest(&self) -> &Version {
        self.versions.last().unwrap()
    }

    /// Whether it is ready: there, judged and clean.
    pub fn is_active(&self) -> bool {
        !self.removed && self.newest().is_clean()
    }

    /// Whether somebody may know that it exists.
    pub fn may_list(&self, who: Who) -> bool {
        let common = self.owner == Who::Program;
        !self.removed
            && match who {
                Who::Program | Who::Owner => true,
                Who::Member | Who::Colleague => common || self.owner == who || self.shared_with.contains(&who),
                Who::Guest => self.shared_with.contains(&who),
            }
    }

    /// Whether somebody may remove it.
    pub fn may_remove(&self, who: Who) -> bool {
        !self.removed && (matches!(who, Who::Program | Who::Owner) || (self.owner == who && who != Who::Guest))
    }
}

/// A question that waits for a yes.
#[derive(Debug, Clone)]
pub struct Question {
    pub file: usize,
    pub version: usize,
    /// `None` for somebody outside.
    pub to: Option<Who>,
    /// When it is void, in seconds of the model's time.
    pub until: i64,
    /// Whether the call has put another question since: a yes may then be one to that.
    pub is_passed_over: bool,
}

/// A link that was made.
#[derive(Debug, Clone)]
pub struct Link {
    /// The call that told its code.
    pub call: String,
    pub url: String,
    pub code: String,
    pub file: usize,
    pub version: usize,
    pub until: i64,
    pub tries: u32,
}

/// A call.
#[derive(Debug, Clone)]
pub struct Call {
    pub id: String,
    pub token: String,
    pub who: Who,
    pub until: i64,
    pub question: Option<Question>,
}

/// One customer.
#[derive(Debug, Default)]
pub struct Customer {
    pub files: Vec<File>,
    pub links: Vec<Link>,
    pub call: Option<Call>,
}

impl Customer {
    /// Words that no answer to somebody may hold: titles and ids of what may not be known, secrets of
    /// what was not judged clean.
    pub fn forbidden_to(&self, who: Who) -> Vec<String> {
        let mut words = Vec::new();
        for file in &self.files {
            if !file.may_list(who) {
                words.extend([file.id.clone(), file.title.clone()]);
            }
            words.extend(
                file.versions.iter().filter(|version| !version.is_clean() || !file.may_list(who)).map(|version| version.secret.clone()),
            );
        }
        words
    }

    /// Everything that is this customer's alone.
    pub fn everything(&self) -> Vec<String> {
        let files = self.files.iter();
        files
            .flat_map(|file| [file.id.clone(), file.title.clone()].into_iter().chain(file.versions.iter().map(|v| v.secret.clone())))
            .collect()
    }
}
