//! ICMP echo: its packets, both ways (RFC 792, RFC 4443).
//!
//! The kernel writes identifier and checksum, and gives us only what is for our socket. All targets of a family share
//! one: a sequence number says which ping an answer is for, and a cookie that it is not for an earlier one of that number,
//! nor made up by somebody who has not seen the question.

/// Octets of a packet: its head and the cookie.
pub const PACKET_OCTETS: usize = 16;

/// The question.
pub fn request(is_ipv6: bool, sequence: u16, cookie: u64) -> [u8; PACKET_OCTETS] {
    let kind = if is_ipv6 { 128 } else { 8 };
    let [high, low] = sequence.to_be_bytes();
    let [a, b, c, d, e, f, g, h] = cookie.to_be_bytes();
    [kind, 0, 0, 0, 0, 0, high, low, a, b, c, d, e, f, g, h]
}

/// Sequence number and cookie of an answer. None: the packet is none of ours.
pub fn answer(is_ipv6: bool, packet: &[u8]) -> Option<(u16, u64)> {
    let kind = if is_ipv6 { 129 } else { 0 };
    match packet.split_first_chunk::<8>()? {
        ([first, 0, _, _, _, _, high, low], payload) if *first == kind => {
            let cookie = payload.first_chunk::<8>().filter(|_| payload.len() == PACKET_OCTETS - 8)?;
            Some((u16::from_be_bytes([*high, *low]), u64::from_be_bytes(*cookie)))
        }
        _ => None,
    }
}

/// Sequence number, and cookie as far as it is there, of a question of ours that came back with an error: routers need
/// not send more than the head of it.
pub fn returned(is_ipv6: bool, packet: &[u8]) -> Option<(u16, Option<u64>)> {
    let kind = if is_ipv6 { 128 } else { 8 };
    match packet.split_first_chunk::<8>()? {
        ([first, 0, _, _, _, _, high, low], payload) if *first == kind => {
            let cookie = payload.first_chunk::<8>().map(|cookie| u64::from_be_bytes(*cookie));
            Some((u16::from_be_bytes([*high, *low]), cookie))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_answers_are_read() {
        let mut packet = request(false, 0x1234, 7);
        assert_eq!(packet[..8], [8, 0, 0, 0, 0, 0, 0x12, 0x34]);
        assert_eq!(answer(false, &packet), None, "it is the question");
        packet[0] = 0;
        assert_eq!(answer(false, &packet), Some((0x1234, 7)));
        assert_eq!(answer(true, &packet), None);
        assert_eq!(answer(false, &packet[..15]), None);
        assert_eq!(answer(false, &[0; 17]), None, "not as long as ours");
        assert_eq!(answer(false, &[]), None);
    }

    proptest! {
        #[test]
        fn a_packet_is_read_back(is_ipv6: bool, sequence: u16, cookie: u64, cut in 0usize..=PACKET_OCTETS) {
            let mut packet = request(is_ipv6, sequence, cookie);
            let whole = (cut == PACKET_OCTETS).then_some(cookie);
            let back = (cut >= 8).then_some((sequence, whole));
            prop_assert_eq!(returned(is_ipv6, &packet[..cut]), back);
            packet[0] = if is_ipv6 { 129 } else { 0 };
            prop_assert_eq!(answer(is_ipv6, &packet), Some((sequence, cookie)));
            prop_assert_eq!(answer(!is_ipv6, &packet), None);
        }

        #[test]
        fn any_octets_are_read_without_panic(octets in proptest::collection::vec(any::<u8>(), 0..40), is_ipv6: bool) {
            let _ = (answer(is_ipv6, &octets), returned(is_ipv6, &octets));
        }
    }
}
