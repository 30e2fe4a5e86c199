//! Decisions drawn from a seed and from the octets they are about: what is sent again under the same seed leaves the same way, as a
//! retransmission must.

/// One sequence of decisions.
#[derive(Debug)]
pub(super) struct Dice(fastrand::Rng);

impl Dice {
    pub(super) fn of(seed: u64, octets: &[u8]) -> Self {
        // FNV-1a: the same on every machine and in every version.
        let hash = octets.iter().fold(0xcbf2_9ce4_8422_2325, |hash, octet| {
            (hash ^ u64::from(*octet)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Self(fastrand::Rng::with_seed(
            hash ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15),
        ))
    }

    pub(super) fn chance(&mut self, of_hundred: u32) -> bool {
        self.0.u32(..100) < of_hundred
    }

    /// A number from 0 up to and without `end`; 0 where there is no room.
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0.usize(..end.max(1))
    }

    pub(super) fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of.get(self.below(of.len())).copied().unwrap_or_default()
    }

    /// Another order, in which those of the same name keep theirs.
    pub(super) fn shuffle<T>(&mut self, items: &mut Vec<T>, name: impl Fn(&T) -> String) {
        let mut order: Vec<usize> = (0..items.len()).collect();
        self.0.shuffle(&mut order);
        let mut places: std::collections::HashMap<String, Vec<usize>> =
            std::collections::HashMap::new();
        for place in &order {
            if let Some(item) = items.get(*place) {
                places.entry(name(item)).or_default().push(*place);
            }
        }
        for of_one_name in places.values_mut() {
            of_one_name.sort_unstable();
            of_one_name.reverse();
        }
        let next: Vec<usize> = order
            .iter()
            .filter_map(|place| places.get_mut(&name(items.get(*place)?))?.pop())
            .collect();
        let mut taken: Vec<Option<T>> = std::mem::take(items).into_iter().map(Some).collect();
        *items = next
            .into_iter()
            .filter_map(|place| taken.get_mut(place)?.take())
            .collect();
    }

    /// The letters of a text in another case.
    pub(super) fn case(&mut self, text: &str) -> String {
        match self.below(4) {
            0 => text.to_ascii_lowercase(),
            1 => text.to_ascii_uppercase(),
            2 => {
                let each = |c: char| match self.chance(50) {
                    true => c.to_ascii_uppercase(),
                    false => c.to_ascii_lowercase(),
                };
                text.chars().map(each).collect()
            }
            _ => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_octets_decide_the_same() {
        let draw = |seed, octets: &[u8]| {
            let mut dice = Dice::of(seed, octets);
            (0..8).map(|_| dice.below(100)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1, b"x"), draw(1, b"x"));
        assert_ne!(draw(1, b"x"), draw(2, b"x"));
        assert_ne!(draw(1, b"x"), draw(1, b"y"));
    }

    #[test]
    fn a_shuffle_keeps_the_order_of_one_name_and_loses_nothing() {
        for seed in 0..50 {
            let mut items = vec!["a1", "b1", "a2", "c1", "a3", "b2"];
            Dice::of(seed, b"").shuffle(&mut items, |item| item[..1].to_owned());
            assert_eq!(items.len(), 6);
            for name in ["a", "b", "c"] {
                let of_one: Vec<_> = items.iter().filter(|i| i.starts_with(name)).collect();
                assert!(of_one.is_sorted());
            }
        }
    }
}
