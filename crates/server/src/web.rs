//! The pages and the API: a table of addresses, each with who may ask for it and what answers.
//!
//! Every request passes the same guards in the same order ([`guard`]): the host that it names, the size of its body, the
//! session or token, the role, and for changes the origin and the CSRF token. What answers runs on a thread that may wait.

mod answer;
mod api;
mod assets;
mod attempts;
mod deliveries;
mod events;
mod formats;
mod guard;
mod pages;
mod people;
mod places;
mod provider;
mod reports;
mod requests;
mod signing_in;
mod statics;

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{RawPathParams, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{MethodFilter, on};
use tower_http::timeout::TimeoutLayer;

use crate::store::Role;
use crate::{Server, tls};
pub(crate) use answer::{Answer, Refusal};
pub use attempts::Attempts;
pub(crate) use guard::Asked;
pub use pages::Pages;

/// The longest body of a request.
const BODY: usize = 1 << 20;
/// How long an answer may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody.
    Open,
    /// Everybody, with the CSRF token of somebody who has no session yet.
    Early,
    /// Who is signed in and has this role, or one above it.
    Signed(Role),
    /// A client with a token of this role, or one above it.
    Client(Role),
}

/// One address.
#[derive(Clone, Copy)]
pub(crate) struct Route {
    /// Whether it changes something; else it is read.
    post: bool,
    /// As axum spells it.
    path: &'static str,
    access: Access,
    /// Whether who asks is a program: what is refused is told as JSON.
    json: bool,
    answer: fn(&Asked) -> Answer,
}

const fn get(path: &'static str, access: Access, answer: fn(&Asked) -> Answer) -> Route {
    Route { post: false, path, access, json: false, answer }
}

const fn post(path: &'static str, access: Access, answer: fn(&Asked) -> Answer) -> Route {
    Route { post: true, path, access, json: false, answer }
}

const fn json(route: Route) -> Route {
    Route { json: true, ..route }
}

const VIEWER: Access = Access::Signed(Role::Viewer);
const QC: Access = Access::Signed(Role::Qc);
const APPROVER: Access = Access::Signed(Role::Approver);
const ADMIN: Access = Access::Signed(Role::Admin);

/// All addresses.
const ROUTES: &[Route] = &[
    get("/", VIEWER, deliveries::list),
    get("/deliveries/{id}", VIEWER, deliveries::one),
    get("/deliveries/{id}/difference", VIEWER, deliveries::difference),
    get("/deliveries/{id}/report.json", VIEWER, reports::json_of),
    get("/deliveries/{id}/report.html", VIEWER, reports::html_of),
    get("/deliveries/{id}/reports/{format}", VIEWER, reports::one),
    post("/deliveries/{id}/rescan", QC, deliveries::rescan),
    get("/deliveries/{id}/assets/{number}", VIEWER, assets::one),
    get("/deliveries/{id}/assets/{number}/picture", VIEWER, assets::picture),
    post("/deliveries/{id}/assets/{number}/request", QC, requests::ask),
    get("/requests", VIEWER, requests::list),
    get("/requests/{id}", VIEWER, requests::one),
    get("/requests/{id}/file", VIEWER, requests::file),
    post("/requests/{id}/approve", APPROVER, requests::approve),
    post("/requests/{id}/deny", APPROVER, requests::deny),
    post("/requests/{id}/withdraw", QC, requests::withdraw),
    json(post("/requests/{id}/prepare", APPROVER, requests::prepare)),
    json(post("/requests/{id}/sign", APPROVER, requests::sign)),
    get("/approvals", VIEWER, places::approvals),
    get("/policy", VIEWER, places::policy),
    get("/audit", ADMIN, places::audit),
    get("/people", ADMIN, people::list),
    post("/people/invite", ADMIN, people::invite),
    post("/people/tokens", ADMIN, people::make_token),
    post("/people/tokens/revoke", ADMIN, people::revoke_token),
    post("/people/{id}", ADMIN, people::change),
    get("/account", VIEWER, people::account),
    post("/account/password", VIEWER, people::password),
    post("/account/sessions/end", VIEWER, people::end_sessions),
    json(post("/account/key", VIEWER, people::register_key)),
    post("/account/key/remove", VIEWER, people::remove_key),
    get("/login", Access::Early, signing_in::page),
    post("/login", Access::Early, signing_in::sign_in),
    get("/oidc/start", Access::Early, provider::leave),
    get("/oidc/callback", Access::Early, provider::back),
    post("/logout", VIEWER, signing_in::sign_out),
    get("/setup", Access::Early, signing_in::setup_page),
    post("/setup", Access::Early, signing_in::set_up),
    get("/events", VIEWER, events::stream),
    get("/static/style.css", Access::Open, statics::style),
    get("/static/app.js", Access::Open, statics::script),
    json(get("/api/v1/openapi.json", Access::Open, api::description)),
    json(get("/api/v1/deliveries", Access::Client(Role::Viewer), api::list)),
    json(post("/api/v1/deliveries", Access::Client(Role::Qc), api::add)),
    json(get("/api/v1/deliveries/{id}", Access::Client(Role::Viewer), api::one)),
    json(get("/api/v1/deliveries/{id}/report", Access::Client(Role::Viewer), reports::for_client)),
    json(get("/api/v1/events", Access::Client(Role::Viewer), events::stream)),
];

/// Answers until the server is to end.
pub(crate) async fn run(server: Arc<Server>, listener: TcpListener) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let ended = {
        let server = Arc::clone(&server);
        async move {
            while !server.stopped() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    };
    let served = async {
        match server.settings.certificate.clone() {
            Some(files) => {
                let told = Arc::clone(&server);
                let tell = move |what: &str| told.tell("the certificate", what);
                axum::serve(tls::Listener::new(listener, files, tell)?, router(server)).await
            }
            None => axum::serve(listener, router(server)).await,
        }
    };
    // What is under way is given up: a page is asked for again, and a change is one transaction.
    tokio::select! {
        served = served => served,
        () = ended => Ok(()),
    }
}

fn router(server: Arc<Server>) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let filter = if route.post { MethodFilter::POST } else { MethodFilter::GET };
        let answer = move |State(server): State<Arc<Server>>, params: RawPathParams, request: Request| {
            let params = params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            dispatch(server, route, params, request)
        };
        router = router.route(route.path, on(filter, answer));
    }
    router
        .fallback(nothing)
        .method_not_allowed_fallback(nothing)
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST_TIMEOUT))
        .layer(middleware::from_fn_with_state(Arc::clone(&server), check_host_and_set_headers))
        .with_state(server)
}

/// What holds for every answer: the host that was asked for is this one, and the headers are set.
async fn check_host_and_set_headers(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    let answer = match guard::host(&server, request.headers()) {
        true => next.run(request).await,
        false => answer::plain(StatusCode::MISDIRECTED_REQUEST, "this server goes by another name: see --public\n"),
    };
    answer::guarded(answer)
}

async fn nothing(State(server): State<Arc<Server>>, request: Request) -> Response {
    let json = request.uri().path().starts_with("/api/");
    let refusal = match request.method() {
        &Method::GET | &Method::POST | &Method::HEAD => Refusal::nothing("there is no such page"),
        _ => Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "Not that way", "this address is not asked for so"),
    };
    refusal.answer(&server, None, json)
}

async fn dispatch(
    server: Arc<Server>,
    route: &'static Route,
    params: Vec<(String, String)>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY).await else {
        let what = "what was sent is longer than this server takes";
        return Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "Too long", what).answer(&server, None, route.json);
    };
    let kept = Arc::clone(&server);
    let answered = tokio::task::spawn_blocking(move || {
        let asked = match guard::admit(&server, route, (params, &parts, body)) {
            Ok(asked) => asked,
            Err(refusal) => return refusal.answer(&server, None, route.json),
        };
        (route.answer)(&asked).unwrap_or_else(|refusal| refusal.answer(&server, Some(&asked), route.json))
    });
    answered.await.unwrap_or_else(|_| {
        let what = "the server failed at this; what was asked for is in its log";
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "That went wrong", what).answer(&kept, None, route.json)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_of_the_description_is_served_and_each_path_of_the_api_described() {
        let described: serde_json::Value = serde_json::from_str(api::DESCRIPTION).unwrap();
        let mut told: Vec<String> = Vec::new();
        for (path, methods) in described["paths"].as_object().unwrap() {
            for method in methods.as_object().unwrap().keys() {
                told.push(format!("{method} /api/v1{path}"));
            }
        }
        let mut served: Vec<String> = ROUTES
            .iter()
            .filter(|route| route.path.starts_with("/api/v1"))
            .map(|route| format!("{} {}", if route.post { "post" } else { "get" }, route.path))
            .collect();
        told.sort();
        served.sort();
        assert_eq!(told, served);
    }

    #[test]
    fn nothing_is_changed_by_reading_and_nothing_read_without_a_role() {
        let open: Vec<&str> =
            ROUTES.iter().filter(|r| matches!(r.access, Access::Open | Access::Early)).map(|r| r.path).collect();
        let signing_in = ["/login", "/login", "/oidc/start", "/oidc/callback", "/setup", "/setup"];
        let same_for_all = ["/static/style.css", "/static/app.js", "/api/v1/openapi.json"];
        assert_eq!(open, [&signing_in[..], &same_for_all[..]].concat());
    }
}
