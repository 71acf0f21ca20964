//! Incidents as the control socket, and their command, tell them.

use jiff::tz::TimeZone;
use oco::logic::control::IncidentStatus;
use oco_fleet::journal::Incident;
use oco_fleet::time::Millis;
use oco_fleet::when::shown;

/// An incident, with times of `zone`; none: UTC.
pub fn status(incident: &Incident, zone: Option<&TimeZone>) -> IncidentStatus {
    let time = |at: Millis| shown(at, zone);
    let state = match (incident.closed, incident.acknowledged) {
        (Some(_), _) => "closed",
        (None, Some(_)) => "acknowledged",
        (None, None) => "open",
    };
    IncidentStatus {
        id: incident.id,
        name: incident.name.to_string(),
        state: state.to_owned(),
        opened: time(incident.opened),
        acknowledged: incident.acknowledged.map(time),
        closed: incident.closed.map(time),
        who: incident.who.clone(),
        members: incident.members.iter().map(ToString::to_string).collect(),
    }
}
