//! What happens to recordings on their way: packets that are lost, that come twice, that change places. Classic pcap in, classic pcap out,
//! the same for the same seed.
#![allow(dead_code)] // Self-tests share it; none needs all of it.

/// Of one hundred packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mangling {
    pub dropped: u8,
    pub doubled: u8,
    /// Comes up to three packets later than it was.
    pub moved: u8,
}

/// The ways that are tried: each by itself, and all together.
pub const WAYS: [(&str, Mangling); 4] = [
    (
        "dropped",
        Mangling {
            dropped: 5,
            doubled: 0,
            moved: 0,
        },
    ),
    (
        "doubled",
        Mangling {
            dropped: 0,
            doubled: 5,
            moved: 0,
        },
    ),
    (
        "moved",
        Mangling {
            dropped: 0,
            doubled: 0,
            moved: 5,
        },
    ),
    (
        "all",
        Mangling {
            dropped: 5,
            doubled: 5,
            moved: 5,
        },
    ),
];

/// Octets of the header of a file, and of the header of a packet.
const FILE: usize = 24;
const PACKET: usize = 16;
/// Packets that one which is moved lets pass at most.
const FARTHEST: usize = 3;

/// Packets of a file in little-endian classic pcap, as `editcap -F pcap` writes it here.
pub fn packets(file: &[u8]) -> Vec<&[u8]> {
    let known = [[0xd4, 0xc3, 0xb2, 0xa1], [0x4d, 0x3c, 0xb2, 0xa1]];
    assert!(known.iter().any(|magic| file.starts_with(magic)), "pcap");
    let mut rest = &file[FILE..];
    let mut packets = Vec::new();
    while rest.len() >= PACKET {
        let length: [u8; 4] = rest[8..12].try_into().unwrap_or_default();
        let end = PACKET + u32::from_le_bytes(length) as usize;
        packets.push(&rest[..end]);
        rest = &rest[end..];
    }
    packets
}

/// The file as it comes out. Packets keep their own times, those that are moved as well.
pub fn mangled(file: &[u8], how: Mangling, seed: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut chance = |of_hundred: u8| random.u8(..100) < of_hundred;
    let mut order: Vec<(usize, &[u8])> = Vec::new();
    for (place, packet) in packets(file).into_iter().enumerate() {
        // Twice the place leaves room between two packets.
        let place = place * 2;
        if chance(how.dropped) {
            continue;
        }
        let place = match chance(how.moved) {
            true => place + 2 * FARTHEST + 1,
            false => place,
        };
        order.push((place, packet));
        if chance(how.doubled) {
            order.push((place, packet));
        }
    }
    order.sort_by_key(|(place, _)| *place);
    let mut out = file[..FILE].to_vec();
    for (_, packet) in order {
        out.extend_from_slice(packet);
    }
    out
}

/// Packets of a file that another, made of it, has no more.
pub fn lost<'a>(file: &'a [u8], mangled: &[u8]) -> Vec<&'a [u8]> {
    let kept: std::collections::HashSet<&[u8]> = packets(mangled).into_iter().collect();
    let mut all = packets(file);
    all.retain(|packet| !kept.contains(packet));
    all
}
