//! The one table of routes.

/// What a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    Upload,
    WipeBook,
    ReadBook,
    ReadRegisteredUsers,
    SignUp,
    ReadUser,
    ExportUser,
    UpdateUser,
    DeleteUser,
    Subscribe,
    ReadSubscriptions,
    Unsubscribe,
    BeginSession,
    SignIn,
    ReadSession,
    EndSession,
    SignOut,
    FindUsers,
    FindUserByPhone,
    FindUserByExternalId,
}

/// The function that serves a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    Upload,
    Get,
    RegisteredUsers,
    Users,
    Subscriptions,
    Session,
}

/// A route, and the function that serves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    pub method: &'static str,
    /// The path as API Gateway spells it, without `.json`. `{id}` stands for any one part.
    pub path: &'static str,
    pub endpoint: Endpoint,
    pub function: Function,
}

/// The part of a route's path that stands for an id.
const ID: &str = "{id}";

const fn route(
    method: &'static str,
    path: &'static str,
    endpoint: Endpoint,
    function: Function,
) -> Route {
    Route { method, path, endpoint, function }
}

/// All routes. Every path is also served with `.json` at its end.
pub const ROUTES: [Route; 23] = [
    route("POST", "/session", Endpoint::BeginSession, Function::Session),
    route("GET", "/session", Endpoint::ReadSession, Function::Session),
    route("DELETE", "/session", Endpoint::EndSession, Function::Session),
    route("DELETE", "/session/{id}", Endpoint::EndSession, Function::Session),
    route("POST", "/login", Endpoint::SignIn, Function::Session),
    route("DELETE", "/login", Endpoint::SignOut, Function::Session),
    route("POST", "/address_book", Endpoint::Upload, Function::Upload),
    route("DELETE", "/address_book", Endpoint::WipeBook, Function::Upload),
    route("GET", "/address_book", Endpoint::ReadBook, Function::Get),
    route(
        "GET",
        "/address_book/registered_users",
        Endpoint::ReadRegisteredUsers,
        Function::RegisteredUsers,
    ),
    route("POST", "/users", Endpoint::SignUp, Function::Session),
    // Before the route that any one part fits.
    route("GET", "/users/v2", Endpoint::FindUsers, Function::RegisteredUsers),
    route("GET", "/users/phone", Endpoint::FindUserByPhone, Function::RegisteredUsers),
    route("GET", "/users/external/{id}", Endpoint::FindUserByExternalId, Function::RegisteredUsers),
    route("GET", "/users/{id}", Endpoint::ReadUser, Function::RegisteredUsers),
    route("GET", "/users/{id}/export", Endpoint::ExportUser, Function::Users),
    route("PUT", "/users", Endpoint::UpdateUser, Function::Users),
    route("PUT", "/users/{id}", Endpoint::UpdateUser, Function::Users),
    route("DELETE", "/users", Endpoint::DeleteUser, Function::Users),
    route("DELETE", "/users/{id}", Endpoint::DeleteUser, Function::Users),
    route("POST", "/subscriptions", Endpoint::Subscribe, Function::Subscriptions),
    route("GET", "/subscriptions", Endpoint::ReadSubscriptions, Function::Subscriptions),
    route("DELETE", "/subscriptions/{id}", Endpoint::Unsubscribe, Function::Subscriptions),
];

/// Returns the route of a request, and the id in its path (empty if there is none).
///
/// A `.json` at the end of `path` is ignored.
#[must_use]
pub fn find<'a>(method: &str, path: &'a str) -> Option<(Route, &'a str)> {
    let path = path.strip_suffix(".json").unwrap_or(path);
    let of_method = ROUTES.into_iter().filter(|route| route.method == method);
    of_method.map(|route| Some((route, matched(route.path, path)?))).find_map(|found| found)
}

/// Returns the id in `path` (empty if `pattern` has none), or `None` if `path` doesn't fit
/// `pattern`.
fn matched<'a>(pattern: &str, path: &'a str) -> Option<&'a str> {
    let parts = |path: &'a str| path.split('/').filter(|part| !part.is_empty());
    let wanted: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
    let given: Vec<&str> = parts(path).collect();
    let same = |(wanted, given): (&&str, &&str)| *wanted == ID || wanted == given;
    if wanted.len() != given.len() || !wanted.iter().zip(&given).all(same) {
        return None;
    }
    let id = wanted.iter().position(|part| *part == ID);
    Some(id.map_or("", |place| given[place]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_routed_by_method_and_path() {
        for (method, path, expected) in [
            ("POST", "/address_book", Some((Endpoint::Upload, ""))),
            ("POST", "/address_book.json", Some((Endpoint::Upload, ""))),
            ("GET", "/address_book", Some((Endpoint::ReadBook, ""))),
            ("GET", "/address_book/registered_users.json", {
                Some((Endpoint::ReadRegisteredUsers, ""))
            }),
            ("GET", "/users/7", Some((Endpoint::ReadUser, "7"))),
            ("GET", "/users/7.json", Some((Endpoint::ReadUser, "7"))),
            ("PUT", "/users.json", Some((Endpoint::UpdateUser, ""))),
            ("DELETE", "/users", Some((Endpoint::DeleteUser, ""))),
            ("GET", "/users/7/export", Some((Endpoint::ExportUser, "7"))),
            ("GET", "/users/v2.json", Some((Endpoint::FindUsers, ""))),
            ("GET", "/users/external/7.json", Some((Endpoint::FindUserByExternalId, "7"))),
            ("DELETE", "/session.json", Some((Endpoint::EndSession, ""))),
            ("DELETE", "/session/7", Some((Endpoint::EndSession, "7"))),
            ("DELETE", "/subscriptions/50", Some((Endpoint::Unsubscribe, "50"))),
            ("PUT", "/address_book", None),
            ("GET", "/users", None),
            ("GET", "/users/7/friends", None),
            ("GET", "/", None),
        ] {
            let found = find(method, path).map(|(route, id)| (route.endpoint, id));
            assert_eq!(found, expected, "{method} {path}");
        }
    }
}
