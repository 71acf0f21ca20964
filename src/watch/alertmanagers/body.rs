//! Alerts as Alertmanager's API has them (version 2, `POST /api/v2/alerts`).

use crate::decide::alertmanager::{Alert, Post};
use oco_fleet::when::rfc3339;
use std::sync::Arc;

#[derive(Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct PostableAlert<'a> {
    labels: Labels<'a>,
    annotations: Annotations<'a>,
    starts_at: String,
    ends_at: String,
    #[serde(rename = "generatorURL", skip_serializing_if = "Option::is_none")]
    generator_url: Option<&'a str>,
}

/// What an alert is known by.
#[derive(Debug, serde::Serialize)]
struct Labels<'a> {
    alertname: &'a str,
    name: &'a str,
    group: &'a str,
    service: &'a str,
    severity: &'a str,
}

#[derive(Debug, serde::Serialize)]
struct Annotations<'a> {
    summary: &'a str,
    description: &'a str,
}

/// The body of a request with these posts.
pub(super) fn body(posts: &[Arc<Post>], source: Option<&str>) -> Vec<u8> {
    let alerts = posts.iter().flat_map(|post| post.alerts.iter().map(move |alert| (post, alert)));
    let alerts: Vec<PostableAlert<'_>> = alerts.map(|(post, alert)| postable(post, alert, source)).collect();
    // Texts and times can always be written as JSON.
    serde_json::to_vec(&alerts).unwrap_or_default()
}

fn postable<'a>(post: &'a Post, alert: &'a Alert, source: Option<&'a str>) -> PostableAlert<'a> {
    PostableAlert {
        labels: Labels {
            alertname: "oco",
            name: post.name.as_str(),
            group: post.name.group(),
            service: post.name.service_part(),
            severity: alert.severity.word(),
        },
        annotations: Annotations { summary: &alert.summary, description: &alert.description },
        starts_at: rfc3339(alert.starts),
        ends_at: rfc3339(alert.ends),
        generator_url: source,
    }
}
