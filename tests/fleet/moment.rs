//! Tests over which a day ends, or the five minutes of a figure.

/// Runs a test, and once more where it fails and what `read` makes of the time is another by then: what was begun on one
/// day was looked for on the next.
pub fn of_one_time<T: PartialEq>(read: impl Fn() -> T, test: fn()) {
    let before = read();
    if let Err(why) = std::panic::catch_unwind(test) {
        if read() == before {
            std::panic::resume_unwind(why);
        }
        test();
    }
}

/// The day of Greenwich.
pub fn day() -> String {
    jiff::Timestamp::now().to_string()[..10].to_owned()
}

/// Those of the five minutes that figures are put together by.
pub fn slot() -> i64 {
    oco_fleet::journal::slot_of(oco_fleet::time::Millis(jiff::Timestamp::now().as_millisecond()))
}
