//! Secrets among the arguments: everybody on the machine can read those of a running program, and shells
//! write them down.

use super::failure::Failure;

/// What is a secret whatever it is, and the variable that takes it instead.
const SECRETS: [(&str, &str); 2] = [("--key", "SATCHEL_KEY"), ("--token", "SATCHEL_TOKEN")];
/// What may hold a password.
const ADDRESSES: [(&str, &str); 4] = [
    ("--database", "SATCHEL__CATALOG__URL"),
    ("--database-owner", "SATCHEL__CATALOG__OWNER_URL"),
    ("--to", "SATCHEL__CATALOG__URL"),
    ("--owner", "SATCHEL__CATALOG__OWNER_URL"),
];

fn has_password(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let in_query = rest.split_once('?').is_some_and(|(_, query)| query.split('&').any(|pair| pair.starts_with("password=")));
    in_query || authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
}

/// Refuses a secret among the arguments, without saying it.
///
/// # Errors
/// `Usage` with the variable to be set instead.
pub fn refuse_secrets(arguments: impl IntoIterator<Item = String>) -> Result<(), Failure> {
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let (flag, given) = match argument.split_once('=') {
            Some((flag, value)) => (flag.to_owned(), Some(value.to_owned())),
            None => (argument, None),
        };
        let of = |list: &[(&str, &'static str)]| list.iter().find(|(name, _)| *name == flag).map(|(_, variable)| *variable);
        let (variable, is_secret) = match (of(&SECRETS), of(&ADDRESSES)) {
            (Some(variable), _) => (variable, true),
            (None, Some(variable)) => (variable, has_password(&given.or_else(|| arguments.next()).unwrap_or_default())),
            (None, None) => continue,
        };
        if is_secret {
            return Err(Failure::Usage(format!(
                "a secret after `{flag}` can be read by everybody on this machine; set the variable `{variable}` instead"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_taken_from_the_command_line_however_it_is_written() {
        for (typed, is_taken) in [
            (&["call", "--data", "x"][..], true),
            (&["call", "--key", "sk_1"], false),
            (&["call", "--key=sk_1"], false),
            (&["mcp", "--token", "sct_1"], false),
            (&["serve", "--database", "postgres://satchel@db/satchel"], true),
            (&["serve", "--database", "postgres://satchel:hush@db/satchel"], false),
            (&["serve", "--database=postgres://satchel:hush@db/satchel"], false),
            (&["serve", "--database", "postgres://satchel@db/satchel?password=hush"], false),
            (&["migrate", "--from", "x", "--to", "postgres://a:b@c/d"], false),
            (&["migrate", "--from", "x", "--to", "postgres://a@[::1]:5432/d", "--owner", "postgres://a:b@c/d"], false),
            (&["customer", "create", "key"], true),
        ] {
            let outcome = refuse_secrets(typed.iter().map(|text| (*text).to_owned()));
            assert_eq!(outcome.is_ok(), is_taken, "{typed:?}");
            if let Err(failure) = outcome {
                let sentence = failure.sentence().unwrap();
                assert!(sentence.contains("SATCHEL_") && !sentence.contains("hush") && !sentence.contains("sk_1"), "{sentence}");
            }
        }
    }
}
