//! Which proxy stands between us and a server, by Go's rules (`golang.org/x/net/http/httpproxy`), which kubectl follows.

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;

/// The variables about proxies, as they are in the environment.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// `HTTP_PROXY`, else `http_proxy`.
    pub http: String,
    /// `HTTPS_PROXY`, else `https_proxy`.
    pub https: String,
    /// `NO_PROXY`, else `no_proxy`.
    pub no: String,
}

impl Surroundings {
    /// The proxy for a server; none for this machine itself, and none for what `NO_PROXY` names.
    pub fn proxy(&self, server: &Uri) -> Result<Option<Uri>, String> {
        let is_http = server.scheme_str() == Some("http");
        let proxy = if is_http { &self.http } else { &self.https };
        if proxy.is_empty() || is_own(server) {
            return Ok(None);
        }
        let rules = Matcher::builder()
            .http(self.http.clone())
            .https(self.https.clone())
            .no(self.no.clone())
            .build();
        match rules.intercept(server) {
            Some(_) => parse(proxy).map(Some),
            None => Ok(None),
        }
    }
}

/// A proxy's address; without a scheme it speaks HTTP.
pub fn parse(proxy: &str) -> Result<Uri, String> {
    let with_scheme = if proxy.contains("://") {
        proxy.to_owned()
    } else {
        format!("http://{proxy}")
    };
    let wrong = |error| format!("the proxy `{proxy}` is not a URL: {error}");
    with_scheme.parse().map_err(wrong)
}

fn is_own(server: &Uri) -> bool {
    let host = server.host().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_taken_unless_the_server_is_excepted() {
        let https = "proxy.corp:3128";
        for (server, no, taken) in [
            ("https://k8s.corp:6443", "", true),
            ("https://k8s.corp:6443", "k8s.corp", false),
            ("https://k8s.corp:6443", "other,.corp", false),
            ("https://k8s.corp:6443", "a,,b,", true),
            ("https://k8s.corp:6443", "*", false),
            ("https://k8s.corp:6443", "proxy.corp", true),
            ("https://10.1.2.3", "10.0.0.0/8", false),
            ("https://11.1.2.3", "10.0.0.0/8", true),
            ("https://127.0.0.1:6443", "", false),
            ("https://[::1]:6443", "", false),
            ("https://localhost:6443", "", false),
            ("http://k8s.corp", "", false),
        ] {
            let surroundings = Surroundings {
                https: https.into(),
                no: no.into(),
                ..Surroundings::default()
            };
            let proxy = surroundings.proxy(&server.parse().expect("a URL"));
            let expected = taken.then(|| parse(https).expect("a URL"));
            assert_eq!(proxy, Ok(expected), "{server} {no}");
        }
    }
}
