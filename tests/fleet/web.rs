//! Pages of a real nginx.

use crate::scene::Scene;
use crate::server::{Running, free_port};
use crate::shown::of_service;
use std::process::Command;

/// nginx with this in its `http` section.
pub fn nginx(test: &str, scene: &Scene, http: &str, ports: &[u16]) -> Option<Running> {
    let folder = scene.path("nginx");
    let at = folder.display();
    std::fs::create_dir_all(&folder).unwrap();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {at}/{kind};\n"))
        .concat();
    let text = format!(
        "daemon off;\nmaster_process off;\nworker_processes 1;\npid {at}/pid;\nerror_log stderr;\n\
         events {{ }}\nhttp {{\naccess_log off;\n{temporary}\n{http}\n}}\n"
    );
    let file = scene.file("nginx.conf", &text);
    let mut command = Command::new("nginx");
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{path}:/usr/sbin")).arg("-p").arg(&folder).arg("-c").arg(file);
    command.args(["-e", "stderr"]);
    Running::start(test, &mut command, ports)
}

#[test]
fn pages_are_judged_by_status_and_by_what_is_on_them() {
    let port = free_port();
    let large = "x".repeat(100_000);
    let scene = Scene::new("");
    std::fs::create_dir_all(scene.path("nginx/pages")).unwrap();
    scene.file("nginx/pages/large", &(large.clone() + "end"));
    scene.file("nginx/pages/small", "a page that is ready");
    let pages = scene.path("nginx/pages");
    let http = format!(
        "server {{ listen 127.0.0.1:{port};\n\
         location = /health {{ return 200 \"all is ready\\n\"; }}\n\
         location = /moved {{ return 302 /health; }}\n\
         location = /gone {{ return 404 no; }}\n\
         location = /broken {{ return 500 no; }}\n\
         location = /asked {{ return 200 \"$request_method $host [$http_x_probe]\"; }}\n\
         location = /closed {{ return 444; }}\n\
         location / {{ root {}; chunked_transfer_encoding on; }} }}",
        pages.display()
    );
    let Some(_nginx) = nginx("pages of nginx", &scene, &http, &[port]) else { return };
    let probes = [
        ("ready", r#"{ http = "/health", expect = "ready" }"#, "ok"),
        ("unready", r#"{ http = "/health", expect = "^never" }"#, "ko expected ^never, not found"),
        ("moved", r#"{ http = "/moved" }"#, "ok"),
        ("stays", r#"{ http = "/moved", status = "200-299" }"#, "ko http 302"),
        ("one", r#"{ http = "/moved", status = 302 }"#, "ok"),
        ("gone", r#"{ http = "/gone" }"#, "ko http 404"),
        ("wanted", r#"{ http = "/gone", status = "404" }"#, "ok"),
        ("broken", r#"{ http = "/broken" }"#, "ko http 500"),
        ("file", r#"{ http = "/small", expect = "is ready$" }"#, "ok"),
        ("head", r#"{ http = "/small", method = "HEAD" }"#, "ok"),
        ("large", r#"{ http = "/large", expect = "xxx" }"#, "ok"),
        ("end", r#"{ http = "/large", expect = "end" }"#, "ko expected end, not found"),
        ("none", r#"{ http = "/large" }"#, "ok"),
        ("closes", r#"{ http = "/closed" }"#, "ko closed"),
        (
            "asks",
            r#"{ http = "/asked", method = "POST", host = "www.example.org", headers = { "X-Probe" = "oco" },
                 expect = "^POST www.example.org .oco.$" }"#,
            "ok",
        ),
    ];
    let mut text = format!("[hostgroup.web]\nhosts = [\"127.0.0.1:{port}\"]\n");
    for (name, probe, _) in probes {
        let probe = probe.replace('\n', " ");
        text.push_str(&format!("[hostgroup.web.service.{name}]\nprobe = {probe}\n"));
    }
    scene.configure(&text);
    let found = scene.once();
    for (name, _, expected) in probes {
        assert_eq!(of_service(&found, &format!("web/{name}")), expected, "{name}");
    }
}
