//! The last SIP datagrams that belonged to nothing: one that was captured before its request, or before what makes it count, is taken from
//! here.
use super::keys::Keys;
use std::net::SocketAddr;

const SLOTS: usize = 256;
const MOST_KEYS: usize = 6;
/// Packets are out of order by less than this.
const NANOSECONDS: u64 = 500_000_000;

#[derive(Debug, Clone)]
pub struct Slot {
    pub number: u32,
    pub at: u64,
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub octets: Vec<u8>,
    keys: [u64; MOST_KEYS],
}

#[derive(Debug, Default)]
pub struct Recent {
    slots: Vec<Slot>,
    next: usize,
}

impl Recent {
    pub fn push(
        &mut self,
        number: u32,
        at: u64,
        (from, to): (SocketAddr, SocketAddr),
        octets: &[u8],
        keys: &Keys<'_>,
    ) {
        let mut few = [0; MOST_KEYS];
        for (place, (key, _)) in few.iter_mut().zip(keys.iter()) {
            *place = key;
        }
        if self.slots.len() < SLOTS {
            self.slots.push(Slot {
                number,
                at,
                from,
                to,
                octets: octets.to_vec(),
                keys: few,
            });
            return;
        }
        if let Some(slot) = self.slots.get_mut(self.next) {
            (slot.number, slot.at, slot.from, slot.to, slot.keys) = (number, at, from, to, few);
            slot.octets.clear();
            slot.octets.extend_from_slice(octets);
        }
        self.next = (self.next + 1) % SLOTS;
    }

    /// Takes out what has one of the keys, in order.
    pub fn take(
        &mut self,
        keys: &Keys<'_>,
        now: u64,
        is_shared: impl Fn(u64) -> bool,
    ) -> Vec<Slot> {
        let mut taken = Vec::new();
        for slot in &mut self.slots {
            let is_near = slot.number != 0 && slot.at.abs_diff(now) < NANOSECONDS;
            let same = |key: u64| key != 0 && slot.keys.contains(&key) && !is_shared(key);
            if is_near && keys.iter().any(|(key, _)| same(key)) {
                taken.push(slot.clone());
                slot.number = 0;
            }
        }
        taken.sort_by_key(|slot| slot.number);
        taken
    }
}
