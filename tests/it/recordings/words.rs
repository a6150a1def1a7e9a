//! How far what was heard is from what was said, in words.

/// Words without case and punctuation; numbers as a model writes them.
fn words(text: &str) -> Vec<String> {
    let plain: String = text.to_lowercase().chars().map(|letter| if letter.is_alphanumeric() { letter } else { ' ' }).collect();
    let spelled = |word: &str| match word {
        "3rd" => "third".to_owned(),
        "1st" => "first".to_owned(),
        "4" => "four".to_owned(),
        "7" => "seven".to_owned(),
        "harbor" => "harbour".to_owned(),
        word => word.to_owned(),
    };
    plain.split_whitespace().map(spelled).collect()
}

/// Words that are wrong, missing or too many, and how many were said.
pub fn errors(said: &str, heard: &str) -> (usize, usize) {
    let (said, heard) = (words(said), words(heard));
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (at, word) in said.iter().enumerate() {
        let mut before = row[0];
        row[0] = at + 1;
        for (other, found) in heard.iter().enumerate() {
            let changed = before + usize::from(word != found);
            before = row[other + 1];
            row[other + 1] = changed.min(row[other] + 1).min(before + 1);
        }
    }
    (row[heard.len()], said.len())
}

#[test]
fn wrong_missing_and_added_words_count_one_each() {
    assert_eq!(errors("The rent is due.", "the rent is due"), (0, 4));
    assert_eq!(errors("the rent is due", "the tent is"), (2, 4));
    assert_eq!(errors("on the third of March", "on the 3rd of the March"), (1, 5));
    assert_eq!(errors("nothing", ""), (1, 1));
}
