//! What somebody meant who wrote a word that nobody knows.

/// The known word that is likeliest to be meant: at most a third of its letters are otherwise.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let close = |other: &&str| distance(word, other) * 3 <= other.chars().count();
    known
        .into_iter()
        .filter(close)
        .min_by_key(|other| distance(word, other))
        .map(str::to_owned)
}

/// Levenshtein distance of two short words.
pub fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let change = row[j] + usize::from(x != *y);
            next.push(change.min(row[j + 1] + 1).min(next[j] + 1));
        }
        row = next;
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_the_word_that_is_meant() {
        let known = ["address", "transport", "local_ip"];
        assert_eq!(nearest("adress", known).as_deref(), Some("address"));
        assert_eq!(nearest("password", known), None);
    }
}
