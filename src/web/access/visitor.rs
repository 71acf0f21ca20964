//! Who asks in the end, and what that one may.

use super::login;
use super::networks::{self, Client, Peer};
use crate::config::{Role, Settings};
use crate::keys::Keys;
use hyper::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const REMOTE_USER: HeaderName = HeaderName::from_static("remote-user");

/// Characters of the name that a proxy gives somebody.
const NAME_CHARACTERS: usize = 64;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// From where.
    pub client: Client,
    /// Who it is; none: somebody.
    pub who: Option<Who>,
}

/// Somebody who is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// The name of the token, or of the proxy's user.
    pub name: String,
    /// What that one may.
    pub role: Role,
    /// How it was proved.
    pub by: By,
}

/// How somebody is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// By a token in the request itself. No browser sends that by itself.
    Token,
    /// By a cookie: other sites can have a browser send it.
    Cookie,
    /// By a proxy: the same.
    Proxy,
}

impl Visitor {
    /// Whether this one may see what is not for everybody.
    pub fn may_read(&self, settings: &Settings) -> bool {
        !settings.access.only_users || self.who.is_some()
    }

    /// Who acts, if this one may.
    pub fn actor(&self) -> Option<&Who> {
        self.who.as_ref().filter(|who| who.role >= Role::Act)
    }
}

/// A token that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrongToken;

/// From where a request comes.
pub fn client(peer: Peer, settings: &Settings, headers: &HeaderMap) -> Client {
    let texts = |name: HeaderName| headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    let proto = texts(FORWARDED_PROTO).next_back();
    networks::client(peer, &settings.access.proxies, texts(FORWARDED_FOR), proto)
}

/// Who asks. `now` in seconds since 1970.
///
/// # Errors
/// There is a token, and it is none of ours.
pub fn visitor(
    (peer, client): (Peer, Client),
    settings: &Settings,
    keys: &Keys,
    headers: &HeaderMap,
    now: u64,
) -> Result<Visitor, WrongToken> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let known = |name: &str, by: By| {
        let token = keys.token_of(name)?;
        Some(Who { name: name.to_owned(), role: token.role, by })
    };
    let bearer = text(AUTHORIZATION).and_then(|value| value.split_once(' '));
    if let Some((_, token)) = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) {
        let (name, _) = keys.token(token.trim()).ok_or(WrongToken)?;
        return Ok(Visitor { client, who: known(name, By::Token) });
    }
    // On a port any user of this host could send it.
    let remote_user = text(REMOTE_USER).filter(|name| peer.address.is_none() && !name.trim().is_empty());
    if let Some(name) = remote_user {
        let name = name.trim().chars().take(NAME_CHARACTERS).collect();
        return Ok(Visitor {
            client,
            who: Some(Who { name, role: settings.access.proxy_role, by: By::Proxy }),
        });
    }
    let cookies = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let who = login::proved(keys, cookies, now).and_then(|name| known(&name, By::Cookie));
    Ok(Visitor { client, who })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;
    use hyper::header::HeaderValue;

    fn asks(
        address: Option<&str>,
        name: HeaderName,
        value: &str,
        keys: &Keys,
    ) -> Result<Visitor, WrongToken> {
        let settings = config::parse("[access]\nproxy-role = \"act\"\n").unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_str(value).unwrap());
        let peer = Peer { address: address.map(|text| text.parse().unwrap()), is_tls: false };
        let client = client(peer, &settings, &headers);
        visitor((peer, client), &settings, keys, &headers, 1000)
    }

    #[test]
    fn tokens_cookies_and_users_of_proxies_are_known() {
        let directory = tempfile::tempdir().unwrap();
        let mut keys = Keys::open(directory.path()).unwrap();
        let act = keys.make("ops", Some(Role::Act), 7).unwrap();
        let read = keys.make("eyes", Some(Role::Read), 7).unwrap();
        let push = keys.make("web1", None, 7).unwrap();
        let local = Some("127.0.0.1");
        let bearer = |token: &str| asks(local, AUTHORIZATION, &format!("Bearer {token}"), &keys);
        let ops = bearer(&act).unwrap();
        assert_eq!(ops.actor().map(|who| who.name.as_str()), Some("ops"));
        let eyes = bearer(&read).unwrap();
        assert!(eyes.actor().is_none() && eyes.who.is_some());
        for wrong in ["", "x", push.as_str()] {
            assert_eq!(bearer(wrong), Err(WrongToken), "{wrong}");
        }
        assert_eq!(asks(local, AUTHORIZATION, "Basic dTpw", &keys).unwrap().who, None);
        assert_eq!(asks(local, REMOTE_USER, "root", &keys).unwrap().who, None, "on a port");
        let by_proxy = asks(None, REMOTE_USER, "alice", &keys).unwrap();
        assert_eq!(by_proxy.actor().map(|who| (who.name.as_str(), who.by)), Some(("alice", By::Proxy)));
        let cookie = login::value(&keys, "ops", keys.token_hash("ops").unwrap(), 1000);
        let by_cookie = asks(local, COOKIE, &format!("oco={cookie}"), &keys).unwrap();
        assert_eq!(by_cookie.actor().map(|who| who.by), Some(By::Cookie));
    }
}
