//! Every limit of ocowatch, with its unit and its reason. Nothing here is a setting.

/// Octets received in one call: a record of TLS fits, and most pages do. One such buffer serves all probes.
pub const RECEIVED_OCTETS: usize = 16 * 1024 + 512;
/// Octets that a target may send in one probe, on the wire: more than four times the page that is looked at, so that
/// chunks and records of one octet each end too.
pub const PROBE_OCTETS: usize = 288 * 1024;
/// Octets of a line of a greeting. SMTP allows 512, SSH 255; what is longer is judged by its beginning.
pub const GREETING_LINE_OCTETS: usize = 2048;
/// Octets of the head of an HTTP response, with those of interim ones: twice what most servers can be made to send.
pub const RESPONSE_HEAD_OCTETS: usize = 16 * 1024;
/// Fields in it.
pub const RESPONSE_FIELDS: usize = 96;
/// Octets of a page that are searched for what is expected; what follows is not read.
pub const PAGE_OCTETS: usize = 64 * 1024;
/// Characters of a strange answer, and of a pattern, that a reason shows.
pub const SHOWN_CHARACTERS: usize = 60;
/// Octets of all buffers that wait for the next probe: some hundred probes at once allocate nothing, and a burst is
/// given back.
pub const SPARE_OCTETS: usize = 1024 * 1024;
/// Pings at once of one family: each has a sequence number of 16 bits to itself.
pub const PINGS: usize = 65_536;
/// Answers taken from one ping socket in a turn; the rest is taken in the next one, so that a flood delays nobody else.
pub const PING_ANSWERS_PER_TURN: usize = 4096;
/// Octets of a file of authorities: a hundred times the system's.
pub const CA_FILE_OCTETS: u64 = 32 * 1024 * 1024;
/// Pings sent until the answers are looked at: a socket keeps some 250, and what comes then is lost.
pub const PINGS_BETWEEN_LOOKS: u32 = 64;
/// Octets of answers that a ping socket shall keep, as far as `net.core.rmem_max` allows: each takes a kilobyte there.
pub const PING_QUEUE_OCTETS: usize = 4 * 1024 * 1024;
