//! Logins: a cookie that says who, until when, and proves it with a keyed hash over both and over the token. So it ends
//! with its time, and with the token. Nothing of it is kept here. Pure but for the keys.

use crate::keys::{Hash, Keys};
use crate::limits::LOGIN_TIME;

/// The name of the cookie.
pub const COOKIE: &str = "oco";

/// A cookie's value for the token `name`, from `now` on, in seconds since 1970.
pub fn value(keys: &Keys, name: &str, hash: Hash, now: u64) -> String {
    let ends = now.saturating_add(LOGIN_TIME.as_secs());
    format!("{ends}.{}.{name}", proof(keys, name, hash, ends))
}

/// The header that sets it, or with no value takes it away. With `is_https` no other way carries it.
pub fn set_cookie(value: Option<&str>, is_https: bool) -> String {
    let secure = if is_https { "; Secure" } else { "" };
    let age = if value.is_some() { LOGIN_TIME.as_secs() } else { 0 };
    let value = value.unwrap_or_default();
    format!("{COOKIE}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}")
}

/// The token's name that a cookie proves at `now`, among the headers of all cookies.
pub fn proved<'a>(keys: &Keys, mut headers: impl Iterator<Item = &'a str>, now: u64) -> Option<String> {
    headers.find_map(|header| {
        header.split(';').find_map(|cookie| {
            let value = cookie.trim().strip_prefix(COOKIE)?.strip_prefix('=')?;
            verify(keys, value, now)
        })
    })
}

fn verify(keys: &Keys, value: &str, now: u64) -> Option<String> {
    let mut parts = value.splitn(3, '.');
    let (ends, proved, name) = (parts.next()?, parts.next()?, parts.next()?);
    let ends: u64 = ends.parse().ok().filter(|ends| *ends > now)?;
    // A cookie of a clock that was far ahead must not outlive its time.
    if ends - now > LOGIN_TIME.as_secs() {
        return None;
    }
    let hash = keys.token_hash(name)?;
    let proved = blake3::Hash::from_hex(proved).ok()?;
    (proved == proof(keys, name, hash, ends)).then(|| name.to_owned())
}

fn proof(keys: &Keys, name: &str, hash: Hash, ends: u64) -> blake3::Hash {
    keys.mac("login", &[name.as_bytes(), &ends.to_le_bytes(), &hash])
}

/// What a form has to carry, so that no other site can have somebody's browser send it: of this person and day.
pub fn form_token(keys: &Keys, who: &str, now: u64) -> String {
    keys.mac("form", &[who.as_bytes(), &(now / DAY).to_le_bytes()]).to_hex().to_string()
}

const DAY: u64 = 86_400;

/// Whether a form carries it: of today or, for one that was opened before midnight, of yesterday.
pub fn is_form_token(keys: &Keys, who: &str, given: &str, now: u64) -> bool {
    let Ok(given) = blake3::Hash::from_hex(given) else { return false };
    [now, now.saturating_sub(DAY)]
        .into_iter()
        .any(|at| given == keys.mac("form", &[who.as_bytes(), &(at / DAY).to_le_bytes()]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Role;
    use proptest::prelude::*;

    fn keys() -> (tempfile::TempDir, Keys) {
        let directory = tempfile::tempdir().unwrap();
        let mut keys = Keys::open(directory.path()).unwrap();
        keys.make("ops", Some(Role::Act), 7).unwrap();
        keys.make("eyes", Some(Role::Read), 7).unwrap();
        (directory, keys)
    }

    fn cookie(keys: &Keys, name: &str, now: u64) -> String {
        value(keys, name, keys.token_hash(name).unwrap(), now)
    }

    fn proves(keys: &Keys, value: &str, now: u64) -> Option<String> {
        let header = format!("a=b; {COOKIE}={value}; c=d");
        proved(keys, [header.as_str()].into_iter(), now)
    }

    #[test]
    fn a_cookie_ends_with_its_time_and_with_its_token() {
        let (_directory, mut keys) = keys();
        let value = cookie(&keys, "ops", 1000);
        assert_eq!(proves(&keys, &value, 1000).as_deref(), Some("ops"));
        assert_eq!(proves(&keys, &value, 1000 + 12 * 3600 - 1).as_deref(), Some("ops"));
        assert_eq!(proves(&keys, &value, 1000 + 12 * 3600), None);
        assert_eq!(proves(&keys, &value, 0), None, "from a clock that was ahead");
        keys.revoke("ops", 8).unwrap();
        assert_eq!(proves(&keys, &value, 1000), None);
        keys.make("ops", Some(Role::Act), 8).unwrap();
        assert_eq!(proves(&keys, &value, 1000), None, "another token of the same name");
    }

    #[test]
    fn no_part_of_a_cookie_can_be_changed() {
        let (_directory, keys) = keys();
        let value = cookie(&keys, "ops", 1000);
        let (ends, rest) = value.split_once('.').unwrap();
        let (proof, _) = rest.split_once('.').unwrap();
        let later: u64 = ends.parse::<u64>().unwrap() - 1;
        for forged in [
            format!("{later}.{proof}.ops"),
            format!("{ends}.{proof}.eyes"),
            format!("{ends}.{}.ops", "0".repeat(64)),
            format!("{ends}..ops"),
            String::new(),
        ] {
            assert_eq!(proves(&keys, &forged, 1000), None, "{forged}");
        }
    }

    #[test]
    fn cookies_are_kept_from_scripts_and_other_sites() {
        assert_eq!(
            set_cookie(Some("x"), true),
            "oco=x; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(set_cookie(None, false), "oco=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
    }

    #[test]
    fn a_form_is_of_one_person_and_two_days() {
        let (_directory, keys) = keys();
        let token = form_token(&keys, "ops", 10 * DAY);
        assert!(is_form_token(&keys, "ops", &token, 10 * DAY));
        assert!(is_form_token(&keys, "ops", &token, 12 * DAY - 1));
        assert!(!is_form_token(&keys, "ops", &token, 12 * DAY));
        assert!(!is_form_token(&keys, "eyes", &token, 10 * DAY));
        assert!(!is_form_token(&keys, "ops", "", 10 * DAY));
    }

    proptest! {
        #[test]
        fn any_header_proves_nothing(header in "(oco=)?[0-9.a-f;= \\PC]{0,80}") {
            let (_directory, keys) = keys();
            prop_assert_eq!(proved(&keys, [header.as_str()].into_iter(), 1000), None);
        }
    }
}
