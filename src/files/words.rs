//! The words of spoken codes: common, two syllables or more, no two that sound alike. Five of them
//! carry 7.7 bits each, and open nothing without the link.

/// The list, sorted.
pub(super) const WORDS: &[&str] = &[
    "amber", "anchor", "apple", "april", "arrow", "autumn", "bacon", "badge", "bakery", "balloon", "banjo", "barrel", "basket", "beacon",
    "beaver", "bishop", "blanket", "blossom", "bottle", "branch", "bridge", "bronze", "bucket", "butter", "button", "cabin", "cactus",
    "camel", "candle", "canvas", "carbon", "carpet", "castle", "cedar", "cherry", "chimney", "cinema", "circle", "clover", "coconut",
    "coffee", "comet", "copper", "coral", "cotton", "cousin", "cricket", "crystal", "dancer", "desert", "diamond", "dinner", "doctor",
    "dolphin", "donkey", "dragon", "drummer", "eagle", "elbow", "ember", "engine", "evening", "falcon", "family", "feather", "fiddle",
    "finger", "flamingo", "forest", "fountain", "galaxy", "garden", "garlic", "ginger", "giraffe", "glacier", "goblin", "guitar", "hammer",
    "harbor", "harvest", "helmet", "hockey", "honey", "horizon", "hotel", "hunter", "icicle", "igloo", "indigo", "insect", "island",
    "ivory", "jacket", "jaguar", "jasmine", "jelly", "jungle", "kettle", "kingdom", "kitchen", "kitten", "ladder", "lagoon", "lantern",
    "lemon", "library", "lizard", "lobster", "magnet", "mango", "maple", "marble", "market", "meadow", "melon", "mirror", "monday",
    "monkey", "morning", "mountain", "muffin", "museum", "napkin", "needle", "nickel", "ninja", "noodle", "number", "oatmeal", "object",
    "ocean", "octopus", "olive", "onion", "orange", "orchard", "otter", "oyster", "paddle", "panda", "paper", "parrot", "peanut", "pebble",
    "pencil", "pepper", "piano", "picnic", "pigeon", "pillow", "pilot", "pocket", "pony", "potato", "puzzle", "quarter", "quilt", "rabbit",
    "radio", "railway", "rainbow", "raven", "ribbon", "river", "robin", "rocket", "saddle", "sailor", "salad", "salmon", "sandal",
    "school", "season", "shadow", "silver", "singer", "sister", "soldier", "spider", "spring", "squirrel", "stable", "summer", "sunset",
    "sweater", "table", "tailor", "teacher", "temple", "thunder", "tiger", "timber", "tomato", "tractor", "trumpet", "tulip", "turtle",
    "twilight", "umbrella", "uncle", "unicorn", "valley", "vanilla", "velvet", "village", "violin", "volcano", "waffle", "wagon", "walnut",
    "water", "whisper", "willow", "window", "winter", "wizard", "yellow", "yogurt", "zebra", "zipper",
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::WORDS;

    #[test]
    fn words_are_plain_sorted_and_apart() {
        assert!(WORDS.len() >= 200);
        assert!(WORDS.windows(2).all(|pair| pair[0] < pair[1]));
        let openings: HashSet<&str> = WORDS.iter().map(|word| &word[..4.min(word.len())]).collect();
        assert!(openings.len() * 10 > WORDS.len() * 9, "too many words begin alike");
        assert!(WORDS.iter().all(|word| word.bytes().all(|byte| byte.is_ascii_lowercase()) && (4..=9).contains(&word.len())));
    }
}
