//! OWASP ASVS 5.0.0, chapter V5 "File Handling": each of its items by its name, shown from outside on a server of the
//! binary. What an item says in full stands in the standard; the line above each test says what of it is held here.

mod documents;
mod downloads;
mod served;
mod uploads;
